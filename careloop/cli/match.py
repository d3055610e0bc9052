"""`careloop match`: authors from a file matched with contacts from a file."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from careloop.cli.backend import console, errors, open_application, table
from chalicelib.core.errors import CareloopError
from chalicelib.core.matching.weights import DEFAULT_WEIGHTS, Weights, to_mapping, weights_from_mapping

if TYPE_CHECKING:
    from careloop.matching.learning import Learned, Quality
    from careloop.matching.running import BadLine
    from chalicelib.bootstrap import Application
    from chalicelib.core.matching.types import Example

SHOWN = 20
SMALLEST = 0.005
"""Smaller changes of a weight are not shown."""
_file = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group(invoke_without_command=True)
@click.option("--contacts", type=_file, help="The CRM's contacts: CSV or JSON lines.")
@click.option("--authors", type=_file, help="Authors with their profile and messages: JSON lines or CSV.")
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), help="Where one JSON line for each author goes."
)
@click.option("--brand-region", default="", help="Country of phone numbers in national notation, such as DE.")
@click.option("--own", multiple=True, help="The company's own mailbox, @domain or phone; again for each.")
@click.option("--weights", type=_file, help="What `careloop match learn` has written.")
@click.option("--workers", type=click.IntRange(1), default=None, help="Processes; without it one for each processor.")
@click.pass_context
def match(
    ctx: click.Context,
    contacts: Path | None,
    authors: Path | None,
    out: Path | None,
    brand_region: str,
    own: tuple[str, ...],
    weights: Path | None,
    workers: int | None,
) -> None:
    """Match authors with contacts, by the rules of the pipeline. Platforms' terms are not looked at: match only those
    whom you may. Lines that can't be read are told by number, and left out."""
    if ctx.invoked_subcommand is not None:
        return
    if contacts is None or authors is None or out is None:
        raise click.UsageError("--contacts, --authors and --out are needed")
    learned = read_weights(weights) if weights else None
    _run(contacts, authors, out, brand_region.strip().upper(), own, learned, workers or os.cpu_count() or 1)


def read_weights(path: Path) -> Weights:
    """From a file that `careloop match learn` wrote."""
    try:
        return weights_from_mapping(json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, CareloopError) as error:
        raise click.BadParameter(f"{path} holds no weights: {error}", param_hint="--weights") from error


def _run(
    contacts: Path, authors: Path, out: Path, region: str, own: tuple[str, ...], weights: Weights | None, workers: int
) -> None:
    from careloop.matching.running import load_contacts, match_authors, peak_megabytes

    begun = time.monotonic()
    with _bar() as bar, out.open("w", encoding="utf-8") as lines:
        task = bar.add_task("Contacts", total=contacts.stat().st_size)
        loaded = load_contacts(
            contacts, brand_region=region, workers=workers, progress=lambda at: bar.update(task, completed=at)
        )
        bar.update(task, completed=contacts.stat().st_size)
        _tell(contacts, loaded.bad)
        between = time.monotonic()
        following = bar.add_task("Authors", total=authors.stat().st_size)
        outcome = match_authors(
            authors,
            lines,
            loaded,
            weights=weights,
            own_addresses=own,
            workers=workers,
            progress=lambda at: bar.update(following, completed=at),
        )
    _tell(authors, outcome.bad)
    own_peak, child_peak = peak_megabytes()
    counts = outcome.decisions
    errors.print(
        f"{loaded.index.contacts:,} contacts in {between - begun:.0f} s, {counts.total():,} authors in "
        f"{time.monotonic() - between:.0f} s: {counts['linked']:,} linked, {counts['suggested']:,} with suggestions, "
        f"{counts['unknown'] + counts['none']:,} unknown. Most memory: {own_peak:,.0f} MB, "
        f"of a helping process {child_peak:,.0f} MB.",
        highlight=False,
    )
    loaded.index.close()


def _bar() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    return Progress(*columns, console=errors, transient=True)


def _tell(path: Path, bad: list[BadLine]) -> None:
    for item in bad[:SHOWN]:
        errors.print(f"{path.name}, line {item.line}: {item.reason}", highlight=False, markup=False)
    if len(bad) > SHOWN:
        errors.print(f"... and {len(bad) - SHOWN} more lines of {path.name}.", highlight=False)


# -- learning ----------------------------------------------------------------------------------------------------------


@match.command()
@click.option("--examples", type=_file, help="JSON lines instead of what agents decided in the stage.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Write the weights into this file.")
@click.option("--apply", "is_applied", is_flag=True, help="Store them: suggestions are ranked by them from now on.")
@click.option("--local", type=click.Path(path_type=Path), help="Work on a sandbox's state file.")
@click.option("--stage", default="dev", show_default=True, help="Work on a deployed stage (needs AWS credentials).")
def learn(examples: Path | None, out: Path | None, is_applied: bool, local: Path | None, stage: str) -> None:
    """Learn from agents' decisions how much each kind of agreement says. Shows what changes, and how good the new
    weights are on decisions that they were not learned from. Links are never decided by weights."""
    try:
        app = open_application(local, stage) if examples is None or is_applied else None
        _learn(app, examples, out, is_applied=is_applied)
    except CareloopError as error:
        errors.print(f"[red]{error.code}[/red]: {error}", highlight=False)
        raise SystemExit(1) from error


def _learn(app: Application | None, examples: Path | None, out: Path | None, *, is_applied: bool) -> None:
    from careloop.matching.examples import stored_examples
    from careloop.matching.learning import TooFewExamplesError
    from careloop.matching.learning import learn as learn_from

    stores = app.runtime.stores if app else None
    present = (stores.directory.match_weights() if stores else None) or DEFAULT_WEIGHTS
    found = _examples_in(examples) if examples else list(stored_examples(stores.examples)) if stores else []
    try:
        learned = learn_from(found, present)
    except TooFewExamplesError as error:
        errors.print(f"Nothing learned: {error}.", highlight=False)
        raise SystemExit(1) from error
    _show(present, learned)
    if out is not None:
        out.write_text(json.dumps(to_mapping(learned.weights), indent=2, sort_keys=True) + "\n", encoding="utf-8")
    if is_applied and stores:
        stores.directory.put_match_weights(learned.weights)
        console.print("Stored. What runs takes them up within a minute.")


def _examples_in(path: Path) -> list[Example]:
    from careloop.matching.examples import read_examples
    from careloop.matching.running import BadLine

    found: list[Example] = []
    bad: list[BadLine] = []
    for item in read_examples(path):
        if isinstance(item, tuple):
            bad.append(BadLine(line=item[0], reason=item[1]))
        else:
            found.append(item)
    _tell(path, bad)
    return found


def _show(present: Weights, learned: Learned) -> None:
    from careloop.matching.learning import changes

    shown = table("feature", "before", "now")
    for name, before, after in changes(present, learned.weights):
        if abs(after - before) >= SMALLEST:
            shown.add_row(name, f"{before:+.2f}", f"{after:+.2f}")
    console.print(shown)
    judged = table("", "before", "now, on decisions left out")
    rows: tuple[tuple[str, Callable[[Quality], float]], ...] = (
        ("log-loss (less is better)", lambda quality: quality.loss),
        ("right pairs above wrong ones", lambda quality: quality.order),
        ("calibration error, ten bins", lambda quality: quality.error),
    )
    for words, figure in rows:
        judged.add_row(words, f"{figure(learned.before):.3f}", f"{figure(learned.after):.3f}")
    console.print(judged)
    console.print(f"{learned.examples:,} decisions, {learned.same:,} of them confirmations.", highlight=False)
