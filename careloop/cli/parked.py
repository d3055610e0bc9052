"""`careloop parked`: what waits for a person."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from itertools import islice
from typing import Any, TypeVar

import click

from careloop.cli.backend import console, errors, table, with_application
from chalicelib.bootstrap import Application
from chalicelib.core.codec import to_data
from chalicelib.core.disposition import ParkedItem, ParkReason
from chalicelib.pipeline import parked as lot
from chalicelib.pipeline.parked import Wanted

F = TypeVar("F", bound=Callable[..., Any])


@click.group()
def parked() -> None:
    """List, show, release and discard what waits for a person."""


def filters(command: F) -> F:
    """Which items: options that narrow down together."""
    for option in (
        click.option("--code", help="Only with this error code."),
        click.option(
            "--reason",
            "reasons",
            multiple=True,
            type=click.Choice([item.value for item in ParkReason]),
            help="Only what was parked for this reason (repeatable).",
        ),
        click.option("--account", metavar="PLATFORM:ID", help="Only this account's."),
    ):
        command = option(command)
    return command


def wanted_of(account: str | None, reasons: Sequence[str], code: str | None, queue: str | None = None) -> Wanted:
    """The options as the pipeline takes them."""
    chosen = frozenset(ParkReason(item) for item in reasons) or None
    return Wanted(account=account, reasons=chosen, code=code, queue=queue)


@parked.command("list")
@filters
@click.option("--limit", default=100, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
@with_application
def list_items(
    app: Application, account: str | None, reasons: Sequence[str], code: str | None, limit: int, as_json: bool
) -> None:
    """What is parked, newest first."""
    items = list(islice(lot.find_items(app.runtime, wanted_of(account, reasons, code)), limit))
    if as_json:
        for item in items:
            click.echo(json.dumps(_shown(item), ensure_ascii=False))
        return
    if not items:
        console.print("Nothing is parked." if not (account or reasons or code) else "Nothing of that kind is parked.")
        return
    print_items(items)


def print_items(items: Sequence[ParkedItem]) -> None:
    """As a table, with advice."""
    if not items:
        return
    rows = table("id", "since", "account", "why", "advice")
    for item in items:
        rows.add_row(
            item.id, f"{item.parked_at:%Y-%m-%d %H:%M}", item.account, f"{item.reason}/{item.code}", item.advice
        )
    console.print(rows)


@parked.command()
@click.argument("item_id")
@with_application
def show(app: Application, item_id: str) -> None:
    """Everything about one item. Its event may hold a customer's words."""
    item = app.runtime.stores.parking.find_parked(item_id)
    if item is None:
        errors.print(f"Nothing is parked as {item_id}.")
        raise SystemExit(1)
    console.print_json(data=to_data(item))


@parked.command()
@click.argument("item_ids", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="All that can be sent, or all that the filters leave.")
@filters
@click.option("--yes", is_flag=True, help="Do not ask.")
@with_application
def release(
    app: Application,
    item_ids: tuple[str, ...],
    everything: bool,
    account: str | None,
    reasons: Sequence[str],
    code: str | None,
    yes: bool,
) -> None:
    """Send items on their way again, after the cause was mended: by id, or --all."""
    if everything is bool(item_ids):
        raise click.UsageError("name items, or say --all")
    if everything:
        found = lot.find_items(app.runtime, wanted_of(account, reasons, code))
        items = lot.in_order(item for item in found if item.body is not None)
        if not items:
            console.print("Nothing of that kind can be released.")
            return
        print_items(items)
        if not yes:
            click.confirm(f"Send these {len(items)} again?", abort=True)
        item_ids = tuple(item.id for item in items)
    for item_id in item_ids:
        item = lot.release(app.runtime, item_id)
        console.print(f"{item.id}: sent again to {item.queue}.", highlight=False)


@parked.command()
@click.argument("item_ids", nargs=-1, required=True)
@click.option("--yes", is_flag=True, help="Do not ask.")
@with_application
def discard(app: Application, item_ids: tuple[str, ...], yes: bool) -> None:
    """Decide that nothing is to be done about items."""
    for item_id in item_ids:
        if not yes:
            click.confirm(f"Discard {item_id}? It can't be released afterwards.", abort=True)
        lot.discard(app.runtime, item_id)
        console.print(f"{item_id}: discarded.")


def _shown(item: object) -> dict[str, object]:
    data: dict[str, object] = to_data(item)
    data.pop("body", None)
    return data
