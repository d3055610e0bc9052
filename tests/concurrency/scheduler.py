"""Runs workers as threads of which only one moves at a time, from one boundary (store, queue, remote) to the next, in an
order that the test chooses: every interleaving can be had again."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

PATIENCE = 30.0
"""Seconds that a worker may take from one boundary to the next before the run is given up as hung."""


class Abandoned(BaseException):
    """Ends the threads of a run that was given up."""


@dataclass(slots=True)
class _Worker:
    name: str
    act: Callable[[], None]
    on_turn: Callable[[], None]
    go: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    done: bool = False
    error: BaseException | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """Who begins, and at which step whom the turn goes to; otherwise whoever moves goes on, until it ends."""

    first: str
    switches: tuple[tuple[int, str], ...] = ()

    def choose(self, step: int, current: str | None, able: Sequence[str]) -> str:
        wanted = dict(self.switches).get(step) or current or self.first
        if wanted in able:
            return wanted
        return current if current is not None and current in able else able[0]


class Scheduler:
    """``trace``: what happened, as (worker, boundary)."""

    def __init__(self) -> None:
        self.trace: list[tuple[str, str]] = []
        self._workers: dict[str, _Worker] = {}
        self._here = threading.local()
        self._back = threading.Semaphore(0)
        self._abandoned = False

    def add(self, name: str, act: Callable[[], None], on_turn: Callable[[], None] = lambda: None) -> None:
        """A worker. ``on_turn`` is done each time before it moves."""
        self._workers[name] = _Worker(name, act, on_turn)

    @property
    def names(self) -> tuple[str, ...]:
        """Of all workers."""
        return tuple(self._workers)

    def stop_here(self, boundary: str) -> None:
        """Called at each boundary by whoever passes it. Who is no worker passes freely."""
        worker: _Worker | None = getattr(self._here, "worker", None)
        if worker is None:
            return
        self.trace.append((worker.name, boundary))
        self._back.release()
        worker.go.acquire()
        if self._abandoned:
            raise Abandoned

    def run(self, plan: Plan) -> None:
        """Let the workers move as `plan` says until all have ended. Raises what one of them raised."""
        threads = [threading.Thread(target=self._live, args=(item,), daemon=True) for item in self._workers.values()]
        for thread in threads:
            thread.start()
        current: str | None = None
        try:
            step = 0
            while able := [item.name for item in self._workers.values() if not item.done]:
                current = plan.choose(step, current, able)
                self._move(self._workers[current])
                step += 1
        finally:
            self._abandoned = True
            for worker in self._workers.values():
                worker.go.release()
            for thread in threads:
                thread.join(PATIENCE)
        for worker in self._workers.values():
            if worker.error is not None:
                raise worker.error

    def _move(self, worker: _Worker) -> None:
        worker.on_turn()
        worker.go.release()
        if not self._back.acquire(timeout=PATIENCE):
            raise RuntimeError(f"{worker.name} hangs after {self.trace[-3:]}")

    def _live(self, worker: _Worker) -> None:
        self._here.worker = worker
        worker.go.acquire()
        try:
            if not self._abandoned:
                worker.act()
        except Abandoned:
            pass
        except BaseException as error:
            worker.error = error
        worker.done = True
        self._back.release()


def single(steps: Mapping[str, int]) -> Iterator[Plan]:
    """Every way in which one worker is interrupted once by another. ``steps``: for each worker who begins, how many
    steps it takes without interruption."""
    for first, number in steps.items():
        yield Plan(first)
        for step in range(1, number + 1):
            yield from (Plan(first, ((step, other),)) for other in steps if other != first)


def several(steps: Mapping[str, int], chance: random.Random, number: int) -> Iterator[Plan]:
    """`number` ways in which they interrupt each other two to five times."""
    names = list(steps)
    longest = sum(steps.values())
    for _ in range(number):
        at = sorted(chance.sample(range(1, longest + 1), min(chance.randint(2, 5), longest)))
        yield Plan(chance.choice(names), tuple((step, chance.choice(names)) for step in at))
