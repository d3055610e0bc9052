"""The parking lot's doors: what a person may do with what waits for them, and what the queues gave up on."""

from __future__ import annotations

from datetime import timedelta

from chalicelib.core.codec import from_json
from chalicelib.core.disposition import Disposition, Outcome, ParkedItem, ParkReason
from chalicelib.core.errors import CareloopError, ConflictError, NotFoundError
from chalicelib.core.events import Canary, Envelope, account_of
from chalicelib.core.ids import EventKey, digest
from chalicelib.core.jobs import HintEnvelope, JobEnvelope
from chalicelib.pipeline.disposition import parked_event
from chalicelib.ports.runtime import Runtime
from chalicelib.ports.services import QueueMessage
from chalicelib.ports.stores import CompleteEvent, ReopenEvent


def release(runtime: Runtime, item_id: str) -> ParkedItem:
    """Send a parked item on its way again. Raises NotFoundError, or ConflictError when it has nothing to send."""
    item = runtime.stores.parking.find_parked(item_id)
    if item is None:
        raise NotFoundError(f"nothing is parked as {item_id}")
    if item.queue is None or item.body is None:
        raise ConflictError("this item holds no event: replay its payload, or discard it")
    if item.queue == "inbound":
        envelope: Envelope = from_json(Envelope, item.body)
        _reopen(runtime, envelope.key)
    now = runtime.clock.now()
    message = QueueMessage(
        body=item.body, group=item.group or item.id, dedup=digest(item.id, now.isoformat(), length=40)
    )
    runtime.queues.named(item.queue).send([message])
    runtime.stores.parking.discard(item_id)
    return item


def _reopen(runtime: Runtime, key: EventKey) -> None:
    """Take the disposition PARKED back, so that the event may have its real one."""
    try:
        runtime.stores.transactions.commit(ReopenEvent(key=key))
    except ConflictError:
        return


def discard(runtime: Runtime, item_id: str) -> ParkedItem:
    """Decide that nothing is to be done. Raises NotFoundError."""
    item = runtime.stores.parking.find_parked(item_id)
    if item is None:
        raise NotFoundError(f"nothing is parked as {item_id}")
    runtime.stores.parking.discard(item_id)
    return item


def dead_letter(runtime: Runtime, queue: str, body: str, group: str, message_id: str) -> ParkedItem | None:
    """Park what a queue gave up on, with its disposition where it is an event. None: a canary, which nobody misses."""
    if queue == "inbound":
        try:
            envelope: Envelope = from_json(Envelope, body)
            if isinstance(envelope.event, Canary):
                return None
            return _dead_event(runtime, envelope, message_id)
        except CareloopError as error:
            code = error.code
    else:
        code = "exhausted"
    item = ParkedItem(
        id="p-" + digest(queue, message_id, length=16),
        reason=ParkReason.EXHAUSTED,
        code=code,
        advice="It was tried until the queue gave up. Mend the cause, then release it.",
        parked_at=runtime.clock.now(),
        queue=queue,
        group=group,
        body=body,
    )
    runtime.stores.parking.park(item)
    runtime.telemetry.count("parked", reason=item.reason.value)
    return item


def _dead_event(runtime: Runtime, envelope: Envelope, owner: str) -> ParkedItem:
    advice = "It was tried until the queue gave up. Mend the cause, then release it."
    item = parked_event(runtime, envelope, ParkReason.EXHAUSTED, "exhausted", advice)
    claim = runtime.stores.ledger.claim(
        envelope.key,
        account=account_of(envelope.event),
        owner=owner,
        now=runtime.clock.now(),
        lease=timedelta(minutes=1),
        archived_at=envelope.archived_at,
    )
    if claim.entry.disposition is not None:
        return item
    runtime.stores.parking.park(item)
    disposition = Disposition(outcome=Outcome.PARKED, reason="exhausted", detail={"parked": item.id})
    runtime.stores.transactions.commit(
        CompleteEvent(key=envelope.key, owner=owner, disposition=disposition, at=runtime.clock.now())
    )
    runtime.telemetry.count("parked", reason=item.reason.value)
    return item


def origin(body: str) -> str:
    """The queue that a dead letter came from, told by its form: all three share one dead-letter queue."""
    for queue, form in (("inbound", Envelope), ("outbound", HintEnvelope), ("jobs", JobEnvelope)):
        try:
            from_json(form, body)
        except CareloopError:
            continue
        return queue
    return "inbound"
