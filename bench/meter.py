"""Where the time of one thread goes: processor seconds by stage, each second counted once."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from chalicelib.ports.services import Http, HttpRequest, HttpResponse, Queue, QueueMessage, ReceivedMessage


class Meter:
    """Stages may be nested: while an inner one runs, the outer one stands still. ``seconds`` has the sums."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._open: list[str] = []
        self._since = 0.0

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Count what happens inside as `name`."""
        self._turn()
        self._open.append(name)
        try:
            yield
        finally:
            self._turn()
            self._open.pop()

    def _turn(self) -> None:
        now = time.perf_counter()
        if self._open:
            name = self._open[-1]
            self.seconds[name] = self.seconds.get(name, 0.0) + now - self._since
        self._since = now

    @property
    def total(self) -> float:
        """Seconds of all stages."""
        return sum(self.seconds.values())


class MeteredHttp:
    """An `Http` port whose time is a stage of its own."""

    def __init__(self, http: Http, meter: Meter, stage: str) -> None:
        self._http, self._meter, self._stage = http, meter, stage

    def send(self, request: HttpRequest) -> HttpResponse:
        with self._meter.stage(self._stage):
            return self._http.send(request)


class MeteredQueue:
    """A queue whose receiving side is a stage of its own; what sends pays for sending."""

    def __init__(self, queue: Queue, meter: Meter, stage: str) -> None:
        self._queue, self._meter, self._stage = queue, meter, stage

    def send(self, messages: Sequence[QueueMessage]) -> None:
        self._queue.send(messages)

    def receive(self, maximum: int = 10, *, visibility: float | None = None) -> Sequence[ReceivedMessage]:
        with self._meter.stage(self._stage):
            return self._queue.receive(maximum, visibility=visibility)

    def delete(self, receipts: Sequence[str]) -> None:
        with self._meter.stage(self._stage):
            self._queue.delete(receipts)

    def release(self, receipt: str, *, delay: float = 0.0) -> None:
        with self._meter.stage(self._stage):
            self._queue.release(receipt, delay=delay)

    def depth(self) -> int:
        return self._queue.depth()
