"""`careloop parked`: what waits for a person."""

from __future__ import annotations

import click

from careloop.cli.backend import console, errors, table, with_application
from chalicelib.bootstrap import Application
from chalicelib.core.codec import to_data
from chalicelib.pipeline import parked as lot


@click.group()
def parked() -> None:
    """List, show, release and discard what waits for a person."""


@parked.command("list")
@click.option("--limit", default=100, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
@with_application
def list_items(app: Application, limit: int, as_json: bool) -> None:
    """What is parked, newest first."""
    items = app.runtime.stores.parking.list_parked(limit=limit)
    if as_json:
        for item in items:
            console.print_json(data=_shown(item), indent=None)
        return
    if not items:
        console.print("Nothing is parked.")
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
@click.argument("item_ids", nargs=-1, required=True)
@with_application
def release(app: Application, item_ids: tuple[str, ...]) -> None:
    """Send items on their way again, after the cause was mended."""
    for item_id in item_ids:
        item = lot.release(app.runtime, item_id)
        console.print(f"{item.id}: sent again to {item.queue}.")


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
