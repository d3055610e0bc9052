"""``python -m bench.matching``: a labelled world, `careloop match` on it, and the figures beside the goals."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from bench.matching.generate import Files, generate, read_truth
from bench.matching.goals import goals
from bench.matching.measure import Figures, bins, measure
from bench.matching.table import SCENARIOS

ROOT = Path(__file__).parents[2]
TUNING, REPORTING = "tuning-1", "reporting-2"
"""Seeds: what the matcher's numbers were set by, and what is reported, are never the same people."""
AUTHORS = 30_000


@click.command(context_settings={"help_option_names": ["-h", "--help"], "show_default": True})
@click.option("--size", default=100_000, help="Contacts.")
@click.option("--authors", default=None, type=int, help=f"Authors; without it {AUTHORS:,}, or four for ten contacts.")
@click.option("--seed", default=REPORTING, help=f"{TUNING!r} and the like for tuning.")
@click.option("--keep", type=click.Path(path_type=Path), help="Write the world and the results into this folder.")
@click.option("--workers", default=None, type=int, help="Processes of careloop match.")
@click.option("--weights", type=click.Path(path_type=Path), help="Instead of the built-in ones.")
@click.option("--faults", default=0, help="Show so many wrong links, misses and false suggestions of each scenario.")
def main(
    size: int, authors: int | None, seed: str, keep: Path | None, workers: int | None, weights: Path | None, faults: int
) -> None:
    """Measure who is matched to whom. Exit code 1 when a goal is missed."""
    console = Console(width=None if sys.stdout.isatty() else 140)
    count = authors or min(AUTHORS, size * 4 // 10)
    with tempfile.TemporaryDirectory() as folder:
        place = keep or Path(folder)
        console.print(f"{size:,} contacts, {count:,} authors, seed {seed}", highlight=False)
        begun = time.monotonic()
        files = generate(place, contacts=size, authors=count, seed=seed)
        console.print(f"made in {time.monotonic() - begun:.0f} s; matching ...", highlight=False)
        out = run_match(files, workers=workers, weights=weights)
        found = measure(out, read_truth(files.truth))
        good = print_figures(console, found, size)
        if faults:
            from bench.matching.faults import print_faults

            print_faults(console, files, out, faults)
    raise SystemExit(0 if good else 1)


def run_match(files: Files, *, workers: int | None = None, weights: Path | None = None) -> Path:
    """Results of `careloop match` in a process of its own."""
    out = files.folder / "results.jsonl"
    command = ["-c", "from careloop.cli.main import main; main()", "match", "--brand-region", "DE"]
    command += ["--own", "@thebrand.example", "--own", "+498001234567"]
    command += ["--contacts", str(files.contacts), "--authors", str(files.authors), "--out", str(out)]
    command += ["--workers", str(workers)] if workers else []
    command += ["--weights", str(weights)] if weights else []
    subprocess.run([sys.executable, *command], check=True, cwd=ROOT)
    return out


def print_figures(console: Console, found: Figures, contacts: int) -> bool:
    """All measures and the table of scenarios. True: every goal was reached."""
    made = Table("scenario", title="By scenario", title_justify="left")
    for name in ("allows", "authors", "links", "wrong", "suggested", "to be found", "found", "impostor flag"):
        made.add_column(name, justify="right")
    for scenario in SCENARIOS:
        row = found.rows.get(scenario.name)
        if row is None:
            continue
        hit = f"{row.hits / row.findable:.1%}" if row.findable else ""
        made.add_row(
            scenario.name,
            scenario.allows.value,
            *(f"{value:,}" if value else "" for value in (row.authors, row.links)),
            f"[red]{row.wrong_links}[/red]" if row.wrong_links else "",
            *(f"{value:,}" if value else "" for value in (row.suggested, row.findable)),
            hit,
            f"{row.flagged:,}" if row.flagged else "",
        )
    console.print(made)
    curve = Table(
        "confidence", "candidates", "claimed", "right", title="Calibration, first candidates", title_justify="left"
    )
    for number, size, claimed, right in bins(found.first):
        curve.add_row(f"{number / 10:.1f} to {(number + 1) / 10:.1f}", f"{size:,}", f"{claimed:.3f}", f"{right:.3f}")
    console.print(curve)
    marks = {True: "[green]met[/green]", False: "[red]missed[/red]", None: ""}
    summary = Table("measure", "figure", "asked", "", title=f"{contacts:,} contacts", title_justify="left")
    all_goals = list(goals(found, contacts))
    for goal in all_goals:
        summary.add_row(goal.measure, goal.figure, goal.asked, marks[goal.is_met])
    console.print(summary)
    return all(goal.is_met is not False for goal in all_goals)
