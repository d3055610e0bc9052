"""A scenario, played in one order after the other."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from tests.concurrency.players import Stage
from tests.concurrency.scenarios import Scenario
from tests.concurrency.scheduler import Plan, several, single


@dataclass
class Tally:
    """How many orders were tried, in how many a remote was told twice, and which did not hold."""

    played: int = 0
    doubled: int = 0
    failed: list[tuple[Plan, str]] = field(default_factory=list)


def play(scenario: Scenario, plan: Plan) -> Stage:
    """One order, to its end; raises AssertionError, or what a worker raised."""
    stage = scenario.begin()
    stage.play(plan)
    stage.settle(hinted=scenario.hinted)
    scenario.check(stage)
    return stage


def steps(scenario: Scenario) -> dict[str, int]:
    """For each worker who begins: how many steps it takes when nobody interrupts it."""
    found = {}
    for name in scenario.begin().names:
        stage = scenario.begin()
        stage.play(Plan(name))
        found[name] = sum(worker == name for worker, _ in stage.scheduler.trace)
    return found


def tried(scenario: Scenario, chance: random.Random, examples: int, most: int | None = None) -> Tally:
    """Each single interruption (or `most` of them, spread evenly), and `examples` orders at random."""
    tally = Tally()
    taken = steps(scenario)
    once = list(single(taken))
    if most is not None and len(once) > most:
        once = [once[index * len(once) // most] for index in range(most)]
    for plan in (*once, *several(taken, chance, examples)):
        tally.played += 1
        try:
            stage = play(scenario, plan)
        except Exception as error:
            tally.failed.append((plan, f"{type(error).__name__}: {error}"))
        else:
            tally.doubled += bool(scenario.doubled and scenario.doubled(stage))
    return tally
