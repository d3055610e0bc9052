"""The parking lot's doors: what a person may do with what waits for them, and what the queues gave up on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

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

PAGE = 100
GIVEN_UP = "The queue gave up after half a day. Mend the cause (careloop alarms), then: {command}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which parked items: those that fit all that is said."""

    account: str | None = None
    reasons: frozenset[ParkReason] | None = None
    code: str | None = None
    queue: str | None = None

    def fits(self, item: ParkedItem) -> bool:
        """Whether `item` is one of them."""
        return (
            self.account in (None, item.account)
            and (self.reasons is None or item.reason in self.reasons)
            and self.code in (None, item.code)
            and self.queue in (None, item.queue)
        )


def find_items(runtime: Runtime, wanted: Wanted) -> Iterator[ParkedItem]:
    """All that fit, newest first, page by page."""
    last: ParkedItem | None = None
    while True:
        page = runtime.stores.parking.list_parked(limit=PAGE, before=last)
        yield from (item for item in page if wanted.fits(item))
        if len(page) < PAGE:
            return
        last = page[-1]


def in_order(items: Iterable[ParkedItem]) -> list[ParkedItem]:
    """As they came: what waits behind another in its group must not overtake it."""
    return sorted(items, key=lambda item: (_came_at(item), item.parked_at, item.id))


def _came_at(item: ParkedItem) -> datetime:
    if item.queue != "inbound" or item.body is None:
        return item.parked_at
    try:
        envelope: Envelope = from_json(Envelope, item.body)
    except CareloopError:
        return item.parked_at
    return envelope.received_at


def is_settled(runtime: Runtime, item: ParkedItem) -> bool:
    """Whether the event of an item has found its disposition meanwhile: the item is a leftover."""
    if item.queue != "inbound" or item.body is None:
        return False
    envelope: Envelope = from_json(Envelope, item.body)
    entry = runtime.stores.ledger.find_entry(envelope.key)
    return entry is not None and entry.disposition is not None and entry.disposition.outcome is not Outcome.PARKED


def release(runtime: Runtime, item_id: str) -> ParkedItem:
    """Send a parked item on its way again. Raises NotFoundError, or ConflictError when it has nothing to send or when
    somebody else has it in hand.

    May die anywhere, and be done twice at once: until it is sent it stays parked, and what is sent twice is done once.
    What was parked again meanwhile stays.
    """
    item = runtime.stores.parking.find_parked(item_id)
    if item is None:
        raise NotFoundError(f"nothing is parked as {item_id}")
    if item.queue is None or item.body is None:
        raise ConflictError("this item holds no event: replay its payload, or discard it")
    if item.queue == "inbound":
        envelope: Envelope = from_json(Envelope, item.body)
        reopen(runtime, envelope.key)
    now = runtime.clock.now()
    message = QueueMessage(
        body=item.body, group=item.group or item.id, dedup=digest(item.id, now.isoformat(), length=40)
    )
    runtime.queues.named(item.queue).send([message])
    runtime.stores.parking.discard(item_id, only=item)
    return item


def reopen(runtime: Runtime, key: EventKey) -> None:
    """Take the disposition PARKED back, so that the event may have its real one. Raises ConflictError when it still has
    it: a message sent then would be taken for a repetition, and the event lost."""
    try:
        runtime.stores.transactions.commit(ReopenEvent(key=key))
    except ConflictError:
        entry = runtime.stores.ledger.find_entry(key)
        if entry is not None and entry.disposition is not None and entry.disposition.outcome is Outcome.PARKED:
            raise


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
        advice=GIVEN_UP.format(command="careloop redrive"),
        parked_at=runtime.clock.now(),
        queue=queue,
        group=group,
        body=body,
    )
    runtime.stores.parking.park(item)
    runtime.telemetry.count("parked", reason=item.reason.value)
    return item


def _dead_event(runtime: Runtime, envelope: Envelope, owner: str) -> ParkedItem:
    advice = GIVEN_UP.format(command="careloop redrive")
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
