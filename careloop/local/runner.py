"""Runs the workers where there is no Lambda: takes batches from the queues and hands them to the entry points as
SQS-shaped events, deletes what succeeded, and lets the rest come again."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from careloop.local.warm import import_all
from chalicelib.bootstrap import Application
from chalicelib.core.errors import CareloopError
from chalicelib.entrypoints import dead_letters, inbound, jobs, outbound, poll, watch
from chalicelib.ports.services import Queue, ReceivedMessage

BATCH = 10
HANDLERS: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "inbound": inbound.handle_batch,
    "outbound": outbound.handle_batch,
    "jobs": jobs.handle_batch,
    "dead_letters": dead_letters.handle_batch,
}


def sqs_event(queue: str, messages: Sequence[ReceivedMessage]) -> dict[str, Any]:
    """The event that Lambda's event source mapping would make of `messages`."""
    return {
        "Records": [
            {
                "messageId": item.id,
                "receiptHandle": item.receipt,
                "body": item.body,
                "attributes": {
                    "ApproximateReceiveCount": str(item.receive_count),
                    "SentTimestamp": str(int(item.sent_at.timestamp() * 1000)),
                    "MessageGroupId": item.group,
                },
                "messageAttributes": {},
                "eventSource": "aws:sqs",
                "eventSourceARN": f"arn:aws:sqs:local:000000000000:{queue}.fifo",
                "awsRegion": "local",
            }
            for item in messages
        ]
    }


def work_once(name: str, queue: Queue, batch: int = BATCH) -> int:
    """One batch of one queue, as Lambda's poller treats it; returns how many messages were taken."""
    messages = queue.receive(batch)
    if not messages:
        return 0
    failed: set[str] = set()
    try:
        answer = HANDLERS[name](sqs_event(name, messages))
        failed = {item["itemIdentifier"] for item in answer["batchItemFailures"]}
    except Exception:  # a raised error is the whole batch's: the entry point has logged it
        failed = {item.id for item in messages}
    done = [item.receipt for item in messages if item.id not in failed]
    if done:
        queue.delete(done)
    return len(messages)


def drain(queues: Mapping[str, Queue], *, most: int = 10_000) -> int:
    """Work on all queues until nothing is visible any more (what waits for its time stays); returns messages taken."""
    taken = 0
    while taken < most:
        step = sum(work_once(name, queue) for name, queue in queues.items())
        if not step:
            return taken
        taken += step
    return taken


class Runner:
    """Workers in threads: one per queue, and the schedule of polls. ``application`` must be installed in bootstrap."""

    def __init__(
        self, app: Application, dead: Mapping[str, Queue], *, poll_seconds: float = 60.0, idle_seconds: float = 0.05
    ) -> None:
        self._queues: dict[str, Queue] = {**app.queues}
        self._dead = dict(dead)
        self._poll_seconds = poll_seconds
        self._idle = idle_seconds
        self._stop = threading.Event()
        self._app = app
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Start all workers, once nothing is left for them to import."""
        import_all(self._app)
        for name, queue in self._queues.items():
            self._spawn(self._work, name, queue)
        for queue in self._dead.values():
            self._spawn(self._work, "dead_letters", queue)
        self._spawn(self._schedule)

    def stop(self) -> None:
        """Let every worker finish its batch, then end."""
        self._stop.set()
        for thread in self._threads:
            thread.join(timeout=20)

    def _spawn(self, target: Callable[..., None], *args: Any) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        thread.start()
        self._threads.append(thread)

    def _work(self, name: str, queue: Queue) -> None:
        while not self._stop.is_set():
            try:
                # one by one: a batch that took longer than the visibility time-out would come again for ever
                taken = work_once(name, queue, batch=1)
            except Exception as error:  # the queue itself: a locked file, a missing endpoint
                self._app.runtime.telemetry.log("runner", "failed", queue=name, error_code=type(error).__name__)
                taken = 0
            if not taken:
                self._stop.wait(self._idle)

    def _schedule(self) -> None:
        while not self._stop.is_set():
            for schedule in (poll, watch):
                try:
                    schedule.fan_out()
                except CareloopError as error:
                    self._app.runtime.telemetry.log("runner", "failed", queue="schedule", error_code=error.code)
            self._stop.wait(self._poll_seconds)
