"""Batches from SQS: one record after the other, a group stops at its first failure, failures are reported."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from chalicelib.bootstrap import Application
from chalicelib.core.errors import CareloopError, RetryableError
from chalicelib.core.patience import delay


class Record:
    """One SQS record as Lambda hands it over."""

    __slots__ = ("body", "group", "id", "receipt", "receive_count")

    def __init__(self, data: Mapping[str, Any]) -> None:
        attributes = data.get("attributes", {})
        self.id: str = data["messageId"]
        self.body: str = data["body"]
        self.receipt: str = data.get("receiptHandle", "")
        self.group: str = attributes.get("MessageGroupId", "")
        self.receive_count = int(attributes.get("ApproximateReceiveCount", "1"))


def run_batch(
    app: Application, queue: str, event: Mapping[str, Any], handle: Callable[[Record], None]
) -> dict[str, Any]:
    """Run `handle` on each record. A batch of one raises what it failed with: correct with and without partial batch
    responses. A larger batch exists only where `careloop bind` switched those on: failures are reported."""
    try:
        return _run_records(app, queue, [Record(item) for item in event.get("Records", ())], handle)
    finally:
        app.runtime.telemetry.flush()


def _run_records(
    app: Application, queue: str, records: Sequence[Record], handle: Callable[[Record], None]
) -> dict[str, Any]:
    failed: list[str] = []
    blocked: dict[str, float] = {}
    for record in records:
        if record.group in blocked:
            # still in flight it would lock its group, the failed record included, until the visibility time-out ends
            _release(app, queue, record, blocked[record.group])
            failed.append(record.id)
            continue
        try:
            with app.trace(queue, message=record.id):
                handle(record)
        except Exception as error:
            blocked[record.group] = _delay(app, queue, record, error)
            if len(records) == 1:
                raise
            failed.append(record.id)
    return {"batchItemFailures": [{"itemIdentifier": item} for item in failed]}


def _delay(app: Application, queue: str, record: Record, error: Exception) -> float:
    """Say when the record comes again, in seconds. Best effort: else the queue's own visibility time-out decides."""
    wait = delay_for(record.receive_count, error, app.chance())
    known = isinstance(error, CareloopError)
    app.runtime.telemetry.log(
        "worker",
        "retry" if known else "bug",
        queue=queue,
        receives=record.receive_count,
        retry_after=wait,
        error_code=error.code if isinstance(error, CareloopError) else type(error).__name__,
    )
    if not known:
        app.runtime.telemetry.count("bugs", queue=queue)
    _release(app, queue, record, wait)
    return wait


def _release(app: Application, queue: str, record: Record, wait: float) -> None:
    if queue not in app.queues:
        return  # a dead letter: it comes again when its visibility ends
    try:
        app.queues[queue].release(record.receipt, delay=wait)
    except Exception as failure:
        app.runtime.telemetry.log("worker", "release_failed", queue=queue, error_code=type(failure).__name__)


def delay_for(receive_count: int, error: Exception, chance: float = 0.0) -> float:
    """Seconds: what the remote asked for, else doubling; see `core.patience`."""
    return delay(receive_count, error.retry_after if isinstance(error, RetryableError) else None, chance)
