"""Runs of one receiver: executes, measures, keeps what did harm."""

from __future__ import annotations

import gc
import hashlib
import time
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from chalicelib.core.webhook import WebhookRequest
from chalicelib.pipeline.receive import MAX_VALUES
from tests.fuzz.house import House
from tests.fuzz.mutate import hostile
from tests.fuzz.targets import Harm, Outcome, Target, stream

TIME_BOUND = 2.0
"""CPU seconds for one request through the whole public function, best of three: what a platform waits, on a machine
that does nothing else."""
MEMORY_BOUND = 96 * 1024 * 1024
"""Bytes that one request may take at its worst; the function has 512 MB."""
_MEASURED = 25
"""Memory is measured at every so many-th execution: measuring slows it down several times."""
_FRESH = 400
"""Executions between two fresh states."""
_LARGE = (int(2.8 * MAX_VALUES), 1024 * 1024)
"""Bytes: as many values as are still read, and what is refused unread."""


@dataclass(slots=True, kw_only=True)
class Report:
    """What came of a run. ``harms``: (what, the file that keeps the body)."""

    title: str
    executions: int = 0
    events: int = 0
    refusals: int = 0
    worst_ms: float = 0.0
    peak: int = 0
    harms: list[tuple[str, Path]] = field(default_factory=list)


class Run:
    """One receiver's run. ``folder``: where bodies that did harm are kept."""

    def __init__(self, target: Target, folder: Path, *, most_seconds: float, most_memory: int) -> None:
        self._target = target
        self._folder = folder / f"{target.kind}-{target.name}"
        self._most_seconds, self._most_memory = most_seconds, most_memory
        self._house = House([target])
        self.report = Report(title=target.title)

    def mutations(self, seed: int, go_on: Callable[[Report], bool]) -> Report:
        """Mutated bodies as long as `go_on` says so."""
        for number, body in stream(self._target, seed):
            if not go_on(self.report):
                break
            self.execute(self._target.request(body, number))
        return self.report

    def large_ones(self) -> Iterator[Report]:
        """Large bodies that are made to annoy, from one of the captured bodies."""
        longest = max(range(len(self._target.requests)), key=lambda index: len(self._target.requests[index].body))
        for size in _LARGE:
            for body in hostile(self._target.requests[longest].body, size).values():
                self.execute(self._target.request(body, longest), measured=True)
                yield self.report

    def execute(self, request: WebhookRequest, *, measured: bool = False) -> None:
        """One body: through the parser alone, and signed through the public function."""
        report = self.report
        report.executions += 1
        if report.executions % _FRESH == 0:
            self._house.close()
            self._house = House([self._target])
        try:
            outcome = self._timed(request)
            if measured or report.executions % _MEASURED == 0:
                self._measured(request)
        except Harm as harm:
            self._keep(str(harm), request.body)
            return
        report.events += outcome.events
        report.refusals += outcome.refused

    def _timed(self, request: WebhookRequest) -> Outcome:
        outcome = Outcome(refused=True)
        if request.body.count(b",") <= MAX_VALUES:
            outcome = self._target.parse(request)
        best = self._seconds(request)
        for _ in range(2):
            if best > self._most_seconds:
                best = min(best, self._seconds(request))
        self.report.worst_ms = max(self.report.worst_ms, best * 1000)
        if best > self._most_seconds:
            raise Harm(f"{best:.1f} s for {len(request.body)} bytes")
        return outcome

    def _seconds(self, request: WebhookRequest) -> float:
        """Of the public function; where nothing comes in by it, of the parser that reads the answers of the platform."""
        start = time.process_time()
        self._work(request)
        return time.process_time() - start

    def _work(self, request: WebhookRequest) -> None:
        self._house.call(self._target, request)
        if not self._target.subject.verifies and request.body.count(b",") <= MAX_VALUES:
            self._target.parsed(request)

    def _measured(self, request: WebhookRequest) -> None:
        gc.collect()
        tracemalloc.start()
        try:
            self._work(request)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        self.report.peak = max(self.report.peak, peak)
        if peak > self._most_memory:
            raise Harm(f"{peak // 1024 // 1024} MB of memory for {len(request.body)} bytes")

    def _keep(self, what: str, body: bytes) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / f"harm-{hashlib.sha256(body).hexdigest()[:12]}"
        path.write_bytes(body)
        self.report.harms.append((what, path))
