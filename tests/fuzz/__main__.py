"""``python -m tests.fuzz [RECEIVER ...]``: throw mutated bodies at every receiver and print what came of it.

Exit code 1: some body made another exception than `PayloadError`, a 5xx, or went over the time or the memory bound; the
bodies are kept in out/fuzz.
"""

from __future__ import annotations

import argparse
import importlib.util
import subprocess
import sys
import time
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from tests.fuzz.running import MEMORY_BOUND, TIME_BOUND, Report, Run
from tests.fuzz.targets import OUT, Target, targets

MEGABYTE = 1024 * 1024


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__.split("\n\n")[0])
    parser.add_argument("receivers", nargs="*", help="names (facebook) or titles (helpdesk/rt); all when left out")
    parser.add_argument("--executions", type=int, default=300, help="for each receiver (default: 300)")
    parser.add_argument("--seconds", type=float, help="for each receiver, instead of executions")
    parser.add_argument("--seed", type=int, default=1, help="another one gives other bodies")
    parser.add_argument("--time-bound", type=float, default=TIME_BOUND, help="CPU seconds for one request")
    parser.add_argument("--memory-bound", type=float, default=MEMORY_BOUND / MEGABYTE, help="MB for one request")
    parser.add_argument("--folder", type=Path, default=OUT, help="where inputs are kept (default: out/fuzz)")
    parser.add_argument("--no-large", action="store_true", help="leave the bodies of a megabyte out")
    parser.add_argument("--atheris", action="store_true", help="coverage-guided, --seconds for each receiver")
    return parser


def main() -> int:
    """The exit code."""
    options = _options().parse_args()
    console = Console()
    try:
        chosen = targets(options.receivers, options.folder)
    except ValueError as error:
        console.print(str(error), markup=False)
        return 2
    return _guided(options, chosen, console) if options.atheris else _mutated(options, chosen, console)


def _mutated(options: argparse.Namespace, chosen: list[Target], console: Console) -> int:
    reports: list[Report] = []
    steps = 1000 if options.seconds else options.executions
    columns = (TextColumn("{task.description:<20}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as progress:
        whole = progress.add_task("all receivers", total=len(chosen) * steps)
        for target in chosen:
            task = progress.add_task(target.title, total=steps)
            memory = int(options.memory_bound * MEGABYTE)
            run = Run(target, options.folder, most_seconds=options.time_bound, most_memory=memory)
            started = time.monotonic()

            def go_on(report: Report, started: float = started, task: object = task) -> bool:
                share = (time.monotonic() - started) / options.seconds if options.seconds else 0.0
                done = min(steps, int(share * steps) if options.seconds else report.executions)
                progress.update(task, completed=done)  # type: ignore[arg-type]
                progress.update(whole, completed=len(reports) * steps + done)
                return done < steps

            run.mutations(options.seed, go_on)
            if not options.no_large:
                for _ in run.large_ones():
                    pass
            reports.append(run.report)
            progress.remove_task(task)
    return _print(reports, console)


def _print(reports: list[Report], console: Console) -> int:
    table = Table("receiver", "executions", "events", "refusals", "worst ms", "peak memory", "harm")
    table.columns[0].no_wrap = True
    for column in table.columns[1:]:
        column.justify = "right"
    for report in reports:
        figures = (report.executions, report.events, report.refusals, f"{report.worst_ms:.0f}")
        peak = f"{report.peak / MEGABYTE:.1f} MB"
        table.add_row(report.title, *map(str, figures), peak, str(len(report.harms)) if report.harms else "none")
    console.print(table)
    for report in reports:
        for what, path in report.harms[:20]:
            console.print(f"{report.title}: {what}\n  {path}", markup=False, soft_wrap=True)
    return 1 if any(report.harms for report in reports) else 0


def _guided(options: argparse.Namespace, chosen: list[Target], console: Console) -> int:
    if importlib.util.find_spec("atheris") is None:
        console.print("atheris is not installed: .venv/bin/python -m pip install -r requirements-fuzz.txt")
        return 2
    seconds = options.seconds or 60.0
    table = Table("receiver", "seconds", "executions", "inputs kept", "harm")
    failed = 0
    for target in chosen:
        place = options.folder / f"{target.kind}-{target.name}"
        known = set(place.glob("harm-*"))
        command = [sys.executable, "-m", "tests.fuzz.guided", target.title, str(options.folder), str(seconds)]
        with console.status(f"{target.title}, {seconds:.0f} s"):
            done = subprocess.run(command, capture_output=True, text=True, check=False)
        harms = sorted(set(place.glob("harm-*")) - known)
        lines = [line for line in done.stderr.splitlines() if line.startswith("stat::number_of_executed_units")]
        executed = lines[-1].rpartition(":")[2].strip() if lines else "?"
        kept = len([path for path in (place / "corpus").glob("*") if not path.name.startswith("case-")])
        table.add_row(target.title, f"{seconds:.0f}", executed, str(kept), str(len(harms)) if harms else "none")
        if done.returncode:
            failed += 1
            tail = "\n".join((done.stdout + done.stderr).splitlines()[-25:])
            console.print(f"{target.title}: exit {done.returncode}\n{tail}", markup=False, soft_wrap=True)
    console.print(table)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
