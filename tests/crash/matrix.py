"""The matrix itself: a run without a fault finds the boundaries, then one run for each stop at each of them, then pairs."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field, replace
from functools import cache

from chalicelib import bootstrap
from tests.crash.boundary import Boundary, Stop, distinct_stops, stops_at
from tests.crash.flows import FLOWS
from tests.crash.judge import Verdict, judge
from tests.crash.world import Saved, World

Plan = tuple[tuple[int, Stop], ...]
"""Which boundary, and what happens there."""
CHUNK = 100
"""Runs of one task."""
LATER_ROUNDS = 3
NEAR = 60
"""The second stop of a pair comes at most so many boundaries after the first: while the first is being mended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One play of a flow with stops, and what came of it."""

    combination: str
    flow: str
    plan: Plan
    verdict: Verdict
    crossed: tuple[Boundary, ...] = field(repr=False, default=())

    @property
    def command(self) -> str:
        """How to see it again."""
        stops = " ".join(f"--stop {number}:{stop}" for number, stop in self.plan)
        return f'python -m tests.crash --combination {self.combination} --flow "{self.flow}" {stops}'


@dataclass(slots=True)
class Tally:
    """What came of one flow in one combination."""

    combination: str
    flow: str
    boundaries: int = 0
    stops: int = 0
    """Boundaries x what can happen there."""
    singles: int = 0
    pairs: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    failures: list[Run] = field(default_factory=list)

    def add(self, run: Run) -> None:
        """Count a run."""
        self.singles += len(run.plan) == 1
        self.pairs += len(run.plan) > 1
        self.outcomes[run.verdict.outcome] += 1
        if run.verdict.problems:
            self.failures.append(run)


class Rehearsal:
    """A combination with each flow's beginning prepared. One to a process."""

    def __init__(self, combination: str) -> None:
        self.world = World(combination)
        self._empty = self.world.save()
        self._given: dict[str, Saved] = {}

    def plays(self, flow: str) -> bool:
        """Whether the platform has what the flow needs."""
        needs = FLOWS[flow].needs
        return not needs or needs in self.world.place.abilities

    def play(self, flow: str, plan: Plan = ()) -> Run:
        """One run, judged."""
        world = self.world
        world.restore(self._beginning(flow), dict(plan))
        disturbed = _disturbed(lambda: FLOWS[flow].then(world))
        verdict = _judged(world, disturbed)
        for _ in range(LATER_ROUNDS if verdict.problems and not disturbed else 0):
            # a later poll may mend what looks wrong now
            disturbed = disturbed or _disturbed(world.settle)
            verdict = _judged(world, disturbed)
        crossed = tuple(world.recorder.crossed)
        return Run(combination=world.combination, flow=flow, plan=plan, verdict=verdict, crossed=crossed)

    def _beginning(self, flow: str) -> Saved:
        if flow not in self._given:
            self.world.restore(self._empty, {})
            self.world.recorder.is_on = False
            FLOWS[flow].given(self.world)
            self._given[flow] = self.world.save()
        return self._given[flow]

    def boundaries(self, flow: str, *, quiet: bool) -> Sequence[Boundary]:
        """Those of a run without a fault, which must end well. ``quiet``: with the polls after everything is done,
        which are the same whatever the flow was."""
        run = self.play(flow)
        if run.verdict.problems or run.verdict.unknown:
            raise AssertionError(f"{run.combination}, {flow}, without any fault: {run.verdict}")
        return run.crossed if quiet else run.crossed[: self.world.active]


def _disturbed(work: Callable[[], None]) -> str:
    """Why it could not be played to its end, or nothing."""
    try:
        work()
    except TimeoutError as error:
        return f"restless: {error}"
    except Exception as error:  # a person could not do what they would do: the ticket or message is not there
        return f"stuck: {type(error).__name__}: {error}"[:200]
    return ""


def _judged(world: World, disturbed: str) -> Verdict:
    """The judge's own questions are no boundaries."""
    world.recorder.is_on = False
    try:
        verdict = judge(world)
    finally:
        world.recorder.is_on = True
    return replace(verdict, problems=(disturbed, *verdict.problems)) if disturbed else verdict


@cache
def rehearsal(combination: str) -> Rehearsal:
    """This process's."""
    return Rehearsal(combination)


def single_plans(crossed: Sequence[Boundary], *, every: bool = False) -> list[Plan]:
    """One stop each. ``every``: also those that are the same as another one."""
    if every:
        return [((item.number, stop),) for item in crossed for stop in stops_at(item)]
    return [(stop,) for stop in distinct_stops(crossed)]


def paired_plans(singles: Sequence[Plan], most: int, seed: str) -> list[Plan]:
    """Two stops each, the second while the first is being mended; a sample that depends on `seed` alone."""
    chance = random.Random(seed)
    found: dict[Plan, None] = {}
    for _ in range(most * 4 if singles else 0):
        if len(found) == most:
            break
        first = chance.choice(singles)[0]
        second = (first[0] + chance.randint(1, NEAR), chance.choice(list(Stop)))
        found[(first, second)] = None
    return list(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """Some runs of one flow in one combination."""

    combination: str
    flow: str
    plans: tuple[Plan, ...]


def survey(
    combinations: Sequence[str], flows: Sequence[str], *, every: bool, pairs: int
) -> Iterator[tuple[Tally, list[Task]]]:
    """What there is to do. The quiet polls are stopped in the first flow of each combination."""
    for combination in combinations:
        played = [flow for flow in flows if rehearsal(combination).plays(flow)]
        for flow in played:
            crossed = rehearsal(combination).boundaries(flow, quiet=every or flow == played[0])
            singles = single_plans(crossed, every=every)
            plans = [*singles, *paired_plans(singles, pairs, f"{combination}|{flow}")]
            tally = Tally(combination=combination, flow=flow, boundaries=len(crossed))
            tally.stops = sum(len(stops_at(item)) for item in crossed)
            yield (
                tally,
                [
                    Task(combination=combination, flow=flow, plans=tuple(plans[start : start + CHUNK]))
                    for start in range(0, len(plans), CHUNK)
                ],
            )


def do(task: Task) -> list[Run]:
    """All runs of a task; of those that ended well without what they crossed."""
    here = rehearsal(task.combination)
    try:
        runs = [here.play(task.flow, plan) for plan in task.plans]
    finally:
        bootstrap.install(None)
    return [Run(combination=run.combination, flow=run.flow, plan=run.plan, verdict=run.verdict) for run in runs]


def run_all(tasks: Sequence[Task], jobs: int) -> Iterator[list[Run]]:
    """As they end."""
    if jobs == 1:
        yield from map(do, tasks)
        return
    with ProcessPoolExecutor(jobs) as pool:
        for done in as_completed([pool.submit(do, task) for task in tasks]):
            yield done.result()


def tallied(tallies: Sequence[Tally]) -> Mapping[tuple[str, str], Tally]:
    """By combination and flow."""
    return {(item.combination, item.flow): item for item in tallies}
