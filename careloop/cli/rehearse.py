"""`careloop rehearse`: a flood of events with everything that goes wrong, against stand-ins, on this machine."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from careloop.rehearsal.plan import Plan, with_shares
from careloop.rehearsal.weather import chosen
from chalicelib.core.errors import ConfigurationError


@click.command()
@click.option("--events", default=10_000, show_default=True, type=click.IntRange(min=1), help="Events of platforms.")
@click.option("--faults", default="all", show_default=True, help="all, none, or names separated by commas.")
@click.option("--seed", default=1, show_default=True, help="The same seed plays the same rehearsal.")
@click.option(
    "--severity", default=1.0, show_default=True, type=click.FloatRange(min=0), help="Times the faults' chances."
)
@click.option("--share", "shares", multiple=True, metavar="NAME=WEIGHT", help="How often something happens.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def rehearse(events: int, faults: str, seed: int, severity: float, shares: tuple[str, ...], as_json: bool) -> None:
    """Play a flood of events with faults, and check that nothing is lost, doubled or out of order.

    Everything runs in this process, on simulated time: the product's own code on a temporary file, and stand-ins for
    Facebook, Messenger, X and Zendesk. Exit code 1: something was lost, doubled, out of order, or on a wrong ticket.
    """
    from careloop.rehearsal.play import Rehearsal
    from careloop.rehearsal.report import result, show

    try:
        weights = with_shares(_weights(shares))
        plan = Plan(events=events, seed=seed, faults=chosen(faults), severity=severity, shares=weights)
    except ConfigurationError as error:
        raise click.UsageError(str(error)) from error
    with tempfile.TemporaryDirectory(prefix="careloop-rehearsal-") as folder:
        rehearsal = Rehearsal(plan, Path(folder))
        try:
            with _bar() as bar:
                task = bar.add_task("events", total=events, rate="")
                verdict = rehearsal.play(lambda done: bar.update(task, completed=done, rate=_rate(bar, done)))
                found = result(rehearsal, verdict)
        finally:
            rehearsal.stage.close()
    if as_json:
        click.echo(json.dumps(found, indent=2))
    else:
        show(found, Console())
    raise SystemExit(0 if verdict.is_good else 1)


def _bar() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[rate]}"))
    return Progress(*columns, TimeElapsedColumn(), console=Console(stderr=True), transient=True)


def _rate(bar: Progress, done: int) -> str:
    elapsed = bar.tasks[0].elapsed or 0.0
    return f"{done / elapsed:,.0f}/s" if elapsed else ""


def _weights(given: tuple[str, ...]) -> dict[str, float]:
    weights: dict[str, float] = {}
    for item in given:
        name, _, value = item.partition("=")
        try:
            weights[name.strip()] = float(value)
        except ValueError as error:
            raise ConfigurationError(f"--share {item}: a name, =, and a number") from error
    return weights
