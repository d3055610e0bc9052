"""``python -m bench``: one table of ratios. ``python -m bench NAME...``: those benchmarks in detail; exit code 1 when a
check among them failed."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module

from rich.console import Console
from rich.rule import Rule

SUMMARY = "summary"
BENCHES: Mapping[str, tuple[str, str]] = {
    SUMMARY: ("bench.summary", "Careloop beside its floor and its peers"),
    "ack": ("bench.peers.race", "The webhook's answer, cold and warm"),
    "loop": ("bench.loop", "The whole loop: events a second, order, loss"),
    "calls": ("bench.calls", "Calls to AWS and to vendors"),
    "state": ("bench.state", "The local state alone"),
    "rhythm": ("bench.rhythm", "The silence alarm: how often wrong, how soon right (minutes)"),
    "match": ("bench.match", "Matching authors as contacts grow; SIZE=1000000 for a million (minutes)"),
    "size": ("bench.size", "Package, imports, memory"),
}


def main(arguments: Sequence[str]) -> int:
    """Run the named benchmarks, or the summary."""
    unknown = [name for name in arguments if name not in BENCHES]
    if unknown:
        print(f"unknown: {', '.join(unknown)}; there are {', '.join(BENCHES)}", file=sys.stderr)
        return 2
    console = Console()
    begin = time.perf_counter()
    good = []
    for name in arguments or (SUMMARY,):
        module, title = BENCHES[name]
        console.print(Rule(f"[bold]{name}[/bold]: {title}", align="left"))
        run: Callable[[Console], bool] = import_module(module).run
        good.append(run(console))
        console.print()
    console.print(f"{time.perf_counter() - begin:.0f} s in all.", style="dim", highlight=False)
    return 0 if all(good) else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
