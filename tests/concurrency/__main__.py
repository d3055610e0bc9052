"""``python -m tests.concurrency [--examples N] [--seed S] [--only WORDS]``: every single interruption of every scenario, and
N interleavings at random of each. Prints what was tried; the exit code is 1 when something did not hold."""

from __future__ import annotations

import argparse
import random
import sys

from tests.concurrency.playing import Tally, tried
from tests.concurrency.scenarios import SCENARIOS


def main() -> int:
    """All of it."""
    options = argparse.ArgumentParser(prog="python -m tests.concurrency")
    options.add_argument("--examples", type=int, default=200)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--only", default="")
    chosen = options.parse_args()
    failures = 0
    for scenario in SCENARIOS:
        if chosen.only not in scenario.name:
            continue
        tally: Tally = tried(scenario, random.Random(chosen.seed), chosen.examples)
        doubled = f", told a remote twice in {tally.doubled}" if scenario.doubled else ""
        print(f"{scenario.name:42} {tally.played:5} interleavings{doubled}", flush=True)
        for plan, words in tally.failed[:3]:
            print(f"    {plan}: {words}")
        if tally.failed:
            print(f"    {len(tally.failed)} failed")
        failures += len(tally.failed)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
