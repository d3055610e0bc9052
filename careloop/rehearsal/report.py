"""What a rehearsal tells: one table, or the same as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from careloop.rehearsal.judge import Verdict
from careloop.rehearsal.play import Rehearsal

SHOWN = 20
"""Offenders that are named."""
KINDS = ("lost", "doubled", "out of order", "astray")


def result(rehearsal: Rehearsal, verdict: Verdict) -> dict[str, Any]:
    """Everything, as plain data."""
    book = rehearsal.stage.book
    messages = max(1, len(book.said))
    return {
        "good": verdict.is_good,
        "command": rehearsal.plan.command,
        "received": {
            "webhooks": book.counts["webhooks"],
            "events": rehearsal.courier.sent,
            "repeated": book.counts["repeated"],
            "never came": book.counts["lost"],
            "unreadable": len(book.poison),
        },
        "messages": len(book.said),
        "disposed": dict(sorted(verdict.dispositions.items())),
        "replies": dict(sorted(verdict.replies.items())),
        **{kind: verdict.count(kind) for kind in KINDS},
        "arrived late": verdict.late,
        "edits of closed tickets": verdict.untold,
        "parked": dict(sorted(verdict.parked.items())),
        "events behind": {"p50": percentile(book.behind, 50), "p99": percentile(book.behind, 99)},
        "calls per message": {name: round(number / messages, 2) for name, number in sorted(book.calls.items())},
        "faults": dict(sorted(rehearsal.stage.weather.struck.items())),
        "seconds": round(rehearsal.seconds, 1),
        "events per second": round(rehearsal.courier.sent / max(rehearsal.seconds, 1e-9)),
        "offenders": {kind: found[:SHOWN] for kind, found in verdict.offences.items() if found},
    }


def percentile(values: Sequence[int], percent: int) -> int:
    """The value that `percent` of `values` do not exceed; 0 for none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)] if ordered else 0


def show(found: dict[str, Any], console: Console) -> None:
    """Print the table, and what must not be."""
    table = Table(title="Flood rehearsal", title_justify="left", show_header=False)
    table.add_column()
    table.add_column(overflow="fold")
    for name in ("received", "messages", "disposed", "replies", *KINDS, "arrived late", "edits of closed tickets"):
        table.add_row(name, _line(found[name]))
    behind = found["events behind"]
    table.add_row("time to ticket", f"p50 {behind['p50']:,}, p99 {behind['p99']:,} events behind")
    for name in ("parked", "calls per message", "faults"):
        table.add_row(name, _line(found[name]))
    table.add_row("speed", f"{found['events per second']:,} events a second, {found['seconds']:,} s")
    console.print(table)
    for kind, offenders in found["offenders"].items():
        for offender in offenders:
            console.print(f"{kind.upper()}: {offender}", style="red", highlight=False, soft_wrap=True)
    if found["good"]:
        console.print("Nothing lost, nothing doubled, nothing out of order.", style="green")
    else:
        console.print(f"Play it again: {found['command']}", highlight=False, soft_wrap=True)


def _line(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {_line(item)}" for name, item in value.items()) or "none"
    return f"{value:,}"
