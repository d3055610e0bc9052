"""Stage: the brand's own messages come back. Ours are known by their delivery; others were answered natively."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from chalicelib.core import compose
from chalicelib.core.case import Case, Conversation, MessageRecord
from chalicelib.core.disposition import Disposition, Outcome
from chalicelib.core.errors import ConflictError, NotFoundError
from chalicelib.core.events import InboundMessage, conversation_of
from chalicelib.core.ids import MessageKey
from chalicelib.core.reply import Delivery, DeliveryReceipt, DeliveryStatus, ReceiptState, ticket_of_delivery
from chalicelib.pipeline.work import (
    Work,
    entry_id,
    join_conversation,
    note,
    private_conversation,
    save_case,
    tell_ticket,
)
from chalicelib.ports.stores import RememberMessage, SaveDelivery, Write

IN_FLIGHT = (DeliveryStatus.BEGUN, DeliveryStatus.UNKNOWN)
PATIENCE = timedelta(minutes=1)
"""How long after its beginning a delivery may still be under way in another worker."""


def echo(work: Work, event: InboundMessage) -> Disposition:
    """Drop our own; note a native answer on the ticket; the rest is the brand talking."""
    if event.delivery is not None:
        return _marked(work, event, event.delivery)
    case, record = _find_case(work, event)
    if record is not None and record.delivery is not None:
        return work.finish(Outcome.ECHO, "posted by Careloop", case=case)
    if case is None:
        return work.finish(Outcome.ECHO, "the brand's own message")
    delivery = _our_delivery(work, event, case)
    return _settled(work, event, case, delivery) if delivery else _native_answer(work, event, case)


def _find_case(work: Work, event: InboundMessage) -> tuple[Case | None, MessageRecord | None]:
    cases = work.runtime.stores.cases
    snapshot = cases.snapshot(conversation_of(event), event.key)
    if snapshot.case is not None or snapshot.message is not None or event.in_reply_to is None:
        return snapshot.case, snapshot.message
    parent = cases.find_message(MessageKey(account=event.key.account, message=event.in_reply_to))
    if parent is None or parent.case is None:
        return None, None
    try:
        return cases.get_case(parent.case), None
    except NotFoundError:
        return None, None


def _marked(work: Work, event: InboundMessage, mark: str) -> Disposition:
    """Our own by its mark, which on some platforms names the delivery: then it is a proof, too."""
    stores, ticket = work.runtime.stores, ticket_of_delivery(mark)
    case = stores.cases.find_by_ticket(ticket) if ticket else None
    delivery = stores.deliveries.find_delivery(mark, case=case.id) if case else None
    if case is None or delivery is None or not is_open(work, delivery):
        return work.finish(Outcome.ECHO, "posted by Careloop", case=case)
    return _settled(work, event, case, delivery)


def _our_delivery(work: Work, event: InboundMessage, case: Case) -> Delivery | None:
    """The unfinished delivery that `event` proves by its words."""
    words = compose.text_digest(event.text)
    for delivery in work.runtime.stores.deliveries.deliveries(case.id):
        if delivery.text_digest == words and is_open(work, delivery):
            return delivery
    return None


def is_open(work: Work, delivery: Delivery) -> bool:
    """Whether nobody knows yet what became of it. An echo may overtake the answer to our own call: while it has only
    just begun, come later (ConflictError)."""
    if delivery.status is DeliveryStatus.BEGUN and work.runtime.clock.now() - delivery.began_at < PATIENCE:
        raise ConflictError("our own delivery is in flight", retry_after=5.0)
    return delivery.status in IN_FLIGHT


def _settled(work: Work, event: InboundMessage, case: Case, delivery: Delivery) -> Disposition:
    """The echo is the proof that a delivery of unknown outcome was posted."""
    now = work.runtime.clock.now()
    stands = conversation_of(event)
    opened = stands if stands is not None and case.conversation(stands) is None else None
    receipt = DeliveryReceipt(
        messages=(event.key.message,),
        state=ReceiptState.SENT,
        at=event.sent_at,
        permalink=event.permalink,
        opened=opened,
    )
    sent = replace(delivery, status=DeliveryStatus.SENT, receipt=receipt, finished_at=now, reason=None, advice=None)
    record = MessageRecord(
        message=event.key.message, case=case.id, conversation=delivery.conversation, delivery=delivery.key
    )
    # without an end the reply's own worker is still to look, will find this, and tells it then
    if delivery.status is DeliveryStatus.UNKNOWN and delivery.finished_at is not None:
        body = compose.settled_note(work.spec.title, [receipt])
        tell_ticket(work.runtime, case, note(body, entry_id(work.envelope.key)), look_first=work.resumed)
    writes = (SaveDelivery(delivery=sent, expected=IN_FLIGHT), RememberMessage(key=event.key, record=record))
    if opened is None:
        return work.finish(Outcome.ECHO, "posted by Careloop", *writes, case=case)
    return _settled_with(work, case, private_conversation(case, opened, event.key.message), writes)


def _settled_with(work: Work, case: Case, opened: Conversation, writes: tuple[Write, ...]) -> Disposition:
    """A private reply's echo tells which conversation it opened: the customer's answer there belongs to this case."""
    outcome = Disposition(outcome=Outcome.ECHO, reason="posted by Careloop", case=case.id, ticket=case.ticket)
    try:
        join_conversation(work.runtime, case, opened, (work.complete(outcome), *writes))
    except ConflictError:
        # it belongs to another case already, and stays there
        return work.finish(outcome.outcome, outcome.reason, *writes, case=case)
    return outcome


def _native_answer(work: Work, event: InboundMessage, case: Case) -> Disposition:
    comment = note(compose.native_note(work.spec.title, event), entry_id(work.envelope.key))
    tell_ticket(work.runtime, case, comment, look_first=work.resumed)
    outcome = Disposition(outcome=Outcome.ECHO, reason="answered natively", case=case.id, ticket=case.ticket)
    record = MessageRecord(message=event.key.message, case=case.id, conversation=conversation_of(event), native=True)

    def change(fresh: Case) -> Case:
        latest = max(filter(None, (fresh.last_agent_reply_at, event.sent_at)))
        return replace(fresh, last_agent_reply_at=latest)

    def more(saved: Case) -> tuple[Write, ...]:
        return (work.complete(outcome), RememberMessage(key=event.key, record=record))

    save_case(work.runtime, case, change, more)
    return outcome
