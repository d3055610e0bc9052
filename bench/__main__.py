"""``python -m bench [NAME...]``: all benchmarks, or those named; exit code 1 when a check among them failed."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module

from rich.console import Console
from rich.rule import Rule

BENCHES: Mapping[str, str] = {
    "loop": "The whole loop: events a second, order, loss",
    "calls": "Calls to AWS and to vendors",
    "state": "The local state alone",
    "rhythm": "The silence alarm: how often wrong, how soon right",
    "size": "Package, imports, memory",
}


def main(arguments: Sequence[str]) -> int:
    """Run the named benchmarks, or all."""
    unknown = [name for name in arguments if name not in BENCHES]
    if unknown:
        print(f"unknown: {', '.join(unknown)}; there are {', '.join(BENCHES)}", file=sys.stderr)
        return 2
    console = Console()
    begin = time.perf_counter()
    good = []
    for name in arguments or BENCHES:
        console.print(Rule(f"[bold]{name}[/bold]: {BENCHES[name]}", align="left"))
        run: Callable[[Console], bool] = import_module(f"bench.{name}").run
        good.append(run(console))
        console.print()
    console.print(f"{time.perf_counter() - begin:.0f} s in all.", style="dim", highlight=False)
    return 0 if all(good) else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
