"""`careloop redrive`: what the queues gave up on goes on its way again."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from careloop.cli.backend import console, errors, with_application
from careloop.cli.parked import print_items, wanted_of
from chalicelib.bootstrap import Application
from chalicelib.core.disposition import ParkedItem, ParkReason
from chalicelib.pipeline.parked import find_items, in_order
from chalicelib.pipeline.redrive import Redriven, collect
from chalicelib.pipeline.redrive import redrive as run


@click.command()
@click.option("--queue", type=click.Choice(["inbound", "outbound", "jobs"]), help="Only what came from this queue.")
@click.option("--code", help="Only with this error code.")
@click.option("--account", metavar="PLATFORM:ID", help="Only this account's.")
@click.option(
    "--reason",
    "reasons",
    multiple=True,
    type=click.Choice([item.value for item in ParkReason if item is not ParkReason.MALFORMED]),
    help="Also what was parked for this reason (repeatable). Without it: exhausted.",
)
@click.option("--dry-run", is_flag=True, help="Only list what would be sent.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
@with_application
def redrive(
    app: Application,
    queue: str | None,
    code: str | None,
    account: str | None,
    reasons: Sequence[str],
    dry_run: bool,
    as_json: bool,
) -> None:
    """Send again what the queues gave up on, oldest first, after the cause was mended.

    Safe to repeat, and to stop: what was not sent stays parked.
    """
    wanted = wanted_of(account, reasons or (ParkReason.EXHAUSTED.value,), code, queue)
    waiting = sum(item.depth() for item in app.dead_letters.values())
    if not dry_run and waiting:
        with _bar("dead-letter queues", waiting) as step:
            collect(app.runtime, app.dead_letters, step)
    items = in_order(item for item in find_items(app.runtime, wanted) if item.body is not None)
    if dry_run:
        _preview(items, waiting, as_json=as_json)
        return
    tally = _run(app, items)
    if as_json:
        click.echo(json.dumps({**asdict(tally), "collected": waiting}))
        return
    held = f" {tally.held} are in somebody else's hand: run it again." if tally.held else ""
    console.print(
        f"{tally.released} sent again, {tally.settled} had found their end already and were discarded.{held}",
        highlight=False,
    )


def _run(app: Application, items: Sequence[ParkedItem]) -> Redriven:
    tally = Redriven()
    with _bar("parked items", len(items)) as step:
        for item in items:
            run(app.runtime, item, tally)
            step(1)
    return tally


def _preview(items: Sequence[ParkedItem], waiting: int, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({"would_send": [item.id for item in items], "in_dead_letter_queues": waiting}))
        return
    print_items(items)
    more = f", and {waiting} messages still stand in dead-letter queues" if waiting else ""
    console.print(f"{len(items)} would be sent again{more}.", highlight=False)


@contextmanager
def _bar(what: str, total: int) -> Iterator[Callable[[int], None]]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=errors, transient=True, disable=not errors.is_terminal) as progress:
        task = progress.add_task(what, total=total)
        yield lambda number: progress.advance(task, number)
