"""``make kill``, or ``python -m tests.kills [--times N] [--seed S]``: the local family is killed (SIGKILL) at random
moments and goes on on its file, while customers write and agents answer. In the end the vendors' records must show every
message once and in order, and every reply once. The exit code is 1 when they do not."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.progress import track

from tests.kills.run import Run


def main() -> int:
    """Kill, restart, judge."""
    options = argparse.ArgumentParser(prog="python -m tests.kills")
    options.add_argument("--times", type=int, default=300)
    options.add_argument("--seed", type=int, default=1)
    chosen = options.parse_args()
    console = Console()
    with tempfile.TemporaryDirectory(prefix="careloop-kills-") as folder, Run(Path(folder), chosen.seed) as run:
        for _ in track(range(chosen.times), description="Killing", console=console, transient=True):
            run.kill_once()
        found = run.end()
        console.print(run.summary())
    for problem in found:
        console.print(f"  {problem}", style="red", markup=False, highlight=False)
    console.print("All of it held." if not found else f"{len(found)} things did not hold.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
