"""``python -m tests.crash``: play the matrix, print what came of it, and how to see each failure again."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections import Counter
from collections.abc import Sequence

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from tests.crash.boundary import Stop
from tests.crash.desks import EVERYWHERE
from tests.crash.flows import FLOWS
from tests.crash.matrix import Plan, Run, Tally, rehearsal, run_all, survey, tallied
from tests.crash.places import PLACES

COMBINATIONS = (
    *(f"{place}+{desk}" for place in PLACES for desk in EVERYWHERE),
    "matrix+zammad",
    "x+django_helpdesk",
    "facebook+freshdesk",
    "x+salesforce",
    "facebook+hubspot",
)
QUICK = ("facebook+zendesk", "x+rt")
QUICK_FLOWS = ("first message", "follow-up", "reply", "long reply in parts")
PAIRS, QUICK_PAIRS = 10, 10
SHOWN = 25
"""Failures that are printed."""


def main(arguments: Sequence[str] | None = None) -> int:
    """0: nothing lost, nothing doubled."""
    given = _parser().parse_args(arguments)
    console = Console(width=None if sys.stdout.isatty() else 140)
    combinations = given.combination or (QUICK if given.quick else COMBINATIONS)
    flows = given.flow or (QUICK_FLOWS if given.quick else tuple(FLOWS))
    if given.stop:
        return _show(console, combinations[0], flows[0], tuple(given.stop))
    pairs = given.pairs if given.pairs is not None else QUICK_PAIRS if given.quick else PAIRS
    return _play(console, combinations, flows, every=given.every, pairs=pairs, jobs=given.jobs)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.crash", description=__doc__)
    parser.add_argument("--combination", action="append", choices=COMBINATIONS, help="platform+helpdesk; repeatable")
    parser.add_argument("--flow", action="append", choices=tuple(FLOWS), help="repeatable")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes")
    parser.add_argument("--pairs", type=int, help=f"runs with two stops for each flow and combination ({PAIRS})")
    parser.add_argument("--quick", action="store_true", help="the main flows of two combinations")
    parser.add_argument("--every", action="store_true", help="also the stops that are the same as others")
    parser.add_argument("--stop", action="append", type=_stop, metavar="NUMBER:WHAT", help="one run with these stops")
    return parser


def _stop(text: str) -> tuple[int, Stop]:
    number, _, what = text.partition(":")
    return int(number), Stop(what)


def _play(
    console: Console, combinations: Sequence[str], flows: Sequence[str], *, every: bool, pairs: int, jobs: int
) -> int:
    began = time.perf_counter()
    surveyed = list(survey(combinations, flows, every=every, pairs=pairs))
    tallies = tallied([tally for tally, _ in surveyed])
    tasks = [task for _, some in surveyed for task in some]
    with Progress(console=console, transient=True) as progress:
        bar = progress.add_task("Stopping everywhere", total=sum(len(task.plans) for task in tasks))
        for runs in run_all(tasks, jobs):
            for run in runs:
                tallies[run.combination, run.flow].add(run)
            progress.advance(bar, len(runs))
    console.print(_table(list(tallies.values()), flows))
    return _conclude(console, list(tallies.values()), time.perf_counter() - began)


def _table(tallies: Sequence[Tally], flows: Sequence[str]) -> Table:
    table = Table(title="Every flow, stopped at every boundary", title_justify="left")
    table.add_column("flow")
    for name in ("combi-\nnations", "bound-\naries", "stops", "runs,\none stop", "runs,\ntwo stops"):
        table.add_column(name, justify="right")
    for name in ("as if nothing\nhad happened", "unknown,\nagent told", "lost", "doubled", "other\nfailures"):
        table.add_column(name, justify="right")
    for flow in flows:
        rows = [item for item in tallies if item.flow == flow]
        if rows:
            table.add_row(flow, *_figures(rows))
    table.add_section()
    table.add_row("all", *_figures(tallies), style="bold")
    return table


def _figures(rows: Sequence[Tally]) -> list[str]:
    outcomes: Counter[str] = sum((item.outcomes for item in rows), Counter())
    well, unknown = outcomes.pop("as if nothing had happened", 0), outcomes.pop("unknown, told", 0)
    lost, doubled = outcomes.pop("lost", 0), outcomes.pop("doubled", 0)
    combinations = len({item.combination for item in rows})
    counts = [sum(getattr(item, name) for item in rows) for name in ("boundaries", "stops", "singles", "pairs")]
    return [f"{number:,}" for number in (combinations, *counts, well, unknown, lost, doubled, outcomes.total())]


def _conclude(console: Console, tallies: Sequence[Tally], seconds: float) -> int:
    failures = [run for item in tallies for run in item.failures]
    for run in failures[:SHOWN]:
        console.print(f"{run.command}\n    {'; '.join(run.verdict.problems[:3])}", style="red", highlight=False)
    if len(failures) > SHOWN:
        console.print(f"... and {len(failures) - SHOWN:,} more", style="red")
    runs = sum(item.singles + item.pairs for item in tallies)
    boundaries = sum(item.boundaries for item in tallies)
    words = f"{len(tallies)} flows in combinations, {boundaries:,} boundaries, {runs:,} runs, {seconds:.0f} s"
    if failures:
        console.print(f"{words}: {len(failures):,} went wrong.", style="bold red", highlight=False)
        return 1
    console.print(f"{words}: nothing lost, nothing doubled.", style="bold green", highlight=False)
    return 0


def _show(console: Console, combination: str, flow: str, plan: Plan) -> int:
    run: Run = rehearsal(combination).play(flow, plan)
    planned = dict(plan)
    for boundary in run.crossed:
        what = planned.get(boundary.number)
        style = "bold red" if what else "dim" if not boundary.changes else ""
        words = f"{boundary.number:5} {boundary.invocation:4}  {boundary.name}"
        console.print(f"{words}  <- {what}" if what else words, style=style, highlight=False, markup=False)
    for entry in rehearsal(combination).world.desk.entries():
        kind = "said" if entry.public else "note"
        console.print(f"ticket {entry.ticket} {kind}: {entry.text[:150]!r}", highlight=False, markup=False)
    for post in rehearsal(combination).world.place.posts():
        console.print(f"posted in {post.where}: {post.text[:100]!r}", highlight=False, markup=False)
    for problem in run.verdict.problems:
        console.print(problem, style="red", highlight=False, markup=False)
    console.print(run.verdict.outcome, style="bold")
    return 1 if run.verdict.problems else 0


if __name__ == "__main__":
    raise SystemExit(main())
