"""Stage: the platform reports how far a message of ours got. States only move forward, in whatever order they come.

A report that hands back our own delivery key is also the proof that a delivery of unknown outcome was posted.
"""

from __future__ import annotations

from dataclasses import replace

from chalicelib.core import compose
from chalicelib.core.case import Case, MessageRecord
from chalicelib.core.disposition import Disposition, Outcome
from chalicelib.core.events import DeliveryState, DeliveryUpdated, furthest
from chalicelib.core.ids import MessageKey
from chalicelib.core.reply import Delivery, DeliveryReceipt, DeliveryStatus, ReceiptState, ticket_of_delivery
from chalicelib.pipeline.echoes import IN_FLIGHT, is_open
from chalicelib.pipeline.work import Work, entry_id, living_case, note, tell_ticket
from chalicelib.ports.stores import RememberMessage, SaveDelivery, Write

RETRY = "To send it once more, write an internal note with /retry."


def delivery_updated(work: Work, event: DeliveryUpdated) -> Disposition:
    """Note how far a message got; a failure after the fact is told on the ticket, and so is one that was none."""
    if event.message is None:
        return work.finish(Outcome.NOISE, f"delivery {event.state.value}")
    record = work.runtime.stores.cases.find_message(event.message)
    delivery = _find_delivery(work, event, record)
    if delivery is not None:
        return _known(work, event, event.message, delivery)
    if event.state is not DeliveryState.FAILED:
        return work.finish(Outcome.NOISE, f"delivery {event.state.value}")
    if record is None or record.case is None:
        return work.finish(Outcome.NOISE, "delivery failed of a message that is not ours")
    return _tell(work, living_case(work.runtime, record.case), _failed(work, event), "delivery failed")


def _find_delivery(work: Work, event: DeliveryUpdated, record: MessageRecord | None) -> Delivery | None:
    """By the message, else by the key that came back; one whose sending is still under way: ConflictError."""
    stores = work.runtime.stores
    if record is not None and record.delivery is not None and record.case is not None:
        return stores.deliveries.find_delivery(record.delivery, case=record.case)
    ticket = ticket_of_delivery(event.delivery) if event.delivery else None
    case = stores.cases.find_by_ticket(ticket) if ticket else None
    if case is None or event.delivery is None:
        return None
    delivery = stores.deliveries.find_delivery(event.delivery, case=case.id)
    return delivery if delivery is not None and is_open(work, delivery) else None


def _known(work: Work, event: DeliveryUpdated, message: MessageKey, delivery: Delivery) -> Disposition:
    reached, reason = furthest(delivery.reached, event.state), f"delivery {event.state.value}"
    case = living_case(work.runtime, delivery.case)
    if delivery.status in IN_FLIGHT:
        return _settled(work, event, message, case, delivery)
    was_failed = delivery.reached is DeliveryState.FAILED
    # "sent" tells nothing of what is known to be sent; what was refused at once was never under way
    is_news = reached is not (delivery.reached or DeliveryState.SENT)
    if not is_news or not (was_failed or delivery.status is DeliveryStatus.SENT):
        return work.finish(Outcome.NOISE, reason, case=case)
    if reached is DeliveryState.FAILED:
        failed = replace(
            delivery, status=DeliveryStatus.REFUSED, reached=reached, reason=_reason(work, event), advice=RETRY
        )
        save = SaveDelivery(delivery=failed, expected=(DeliveryStatus.SENT,))
        return _tell(work, case, f"{_failed(work, event)}\n{RETRY}", "delivery failed", save)
    sent = replace(delivery, status=DeliveryStatus.SENT, reached=reached, reason=None, advice=None)
    save = SaveDelivery(delivery=sent, expected=(delivery.status,))
    if was_failed:
        return _tell(work, case, f"{work.spec.title} reports that it was delivered after all.", reason, save)
    return work.finish(Outcome.NOISE, reason, save, case=case)


def _settled(work: Work, event: DeliveryUpdated, message: MessageKey, case: Case, delivery: Delivery) -> Disposition:
    """Nobody knew whether it was posted: now it is known, and under which id."""
    failed = event.state is DeliveryState.FAILED
    receipt = DeliveryReceipt(messages=(message.message,), state=ReceiptState.SENT, at=event.at)
    settled = replace(
        delivery,
        status=DeliveryStatus.REFUSED if failed else DeliveryStatus.SENT,
        receipt=receipt,
        finished_at=work.runtime.clock.now(),
        reached=event.state,
        reason=_reason(work, event) if failed else None,
        advice=RETRY if failed else None,
    )
    record = MessageRecord(
        message=message.message, case=delivery.case, conversation=delivery.conversation, delivery=delivery.key
    )
    writes = (SaveDelivery(delivery=settled, expected=IN_FLIGHT), RememberMessage(key=message, record=record))
    if delivery.status is not DeliveryStatus.UNKNOWN or delivery.finished_at is None:
        # the reply's own worker is still to look, will find this, and tells it then
        return work.finish(Outcome.ECHO, "posted by Careloop", *writes, case=case)
    body = f"{_failed(work, event)}\n{RETRY}" if failed else compose.settled_note(work.spec.title, [receipt])
    return _tell(work, case, body, f"delivery {event.state.value}", *writes)


def _tell(work: Work, case: Case, body: str, reason: str, *writes: Write) -> Disposition:
    tell_ticket(work.runtime, case, note(body, entry_id(work.envelope.key)), look_first=work.resumed)
    return work.finish(Outcome.APPENDED, reason, *writes, case=case)


def _failed(work: Work, event: DeliveryUpdated) -> str:
    return f"{work.spec.title} reports that our message was NOT delivered. {event.reason or ''}".rstrip()


def _reason(work: Work, event: DeliveryUpdated) -> str:
    return event.reason or f"{work.spec.title} reports that it was not delivered"
