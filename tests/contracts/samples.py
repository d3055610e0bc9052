"""Small values for the contracts of state: two accounts, authors, cases."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from chalicelib.core.case import Case, CaseState, Conversation, MessageRecord
from chalicelib.core.disposition import Disposition, Outcome
from chalicelib.core.events import Surface, Visibility
from chalicelib.core.ids import (
    AccountId,
    AccountKey,
    AuthorId,
    AuthorKey,
    CaseId,
    CommentId,
    ContactId,
    ContactRef,
    ConversationKey,
    EventKey,
    MessageId,
    MessageKey,
    ThreadId,
    ThreadKey,
    TicketId,
    TicketRef,
    case_id,
)
from chalicelib.core.people import Author, Contact, ContactMatch, Verdict
from chalicelib.core.reply import Delivery, DeliveryStatus, delivery_key
from chalicelib.ports.stores import CompleteEvent
from tests.fakes.clock import NOON

PAGE = AccountKey(platform="facebook", account=AccountId("page-1"))
BLUESKY = AccountKey(platform="bluesky", account=AccountId("did:plc:brand"))


def conversation_key(author: str = "kim", thread: str = "post-1", account: AccountKey = PAGE) -> ConversationKey:
    return ConversationKey(thread=ThreadKey(account=account, thread=ThreadId(thread)), author=AuthorId(author))


def conversation(key: ConversationKey, at: datetime = NOON, text: str = "") -> Conversation:
    platform = key.thread.account.platform
    return Conversation(
        key=key,
        author=Author(key=AuthorKey(platform=platform, author=key.author), display_name="Kim Öz 😀"),
        visibility=Visibility.PUBLIC,
        surface=Surface.COMMENT,
        last_message=MessageId("m-1"),
        last_message_at=at,
        context={"note": text} if text else {},
    )


def case(
    *keys: ConversationKey,
    generation: int = 1,
    at: datetime = NOON,
    state: CaseState = CaseState.OPENING,
    **fields: Any,
) -> Case:
    """A new case in these conversations (without any: Kim's)."""
    found = keys or (conversation_key(),)
    return Case(
        id=case_id(found[0], generation),
        helpdesk="zendesk",
        opened_by=event_key("m-1"),
        opened_at=at,
        conversations=tuple(conversation(key, at) for key in found),
        generation=generation,
        state=state,
        **fields,
    )


def ticket(number: int | str = 1) -> TicketRef:
    return TicketRef(helpdesk="zendesk", ticket=TicketId(str(number)))


def linked(contact: str = "c-1") -> ContactMatch:
    found = Contact(ref=contact_ref(contact), name="Kim Öz")
    return ContactMatch(verdict=Verdict.LINKED, contact=found, confidence=1.0)


def contact_ref(contact: str = "c-1", crm: str = "salesforce") -> ContactRef:
    return ContactRef(crm=crm, contact=ContactId(contact))


def message_key(message: str = "m-1", account: AccountKey = PAGE) -> MessageKey:
    return MessageKey(account=account, message=MessageId(message))


def event_key(message: str = "m-1") -> EventKey:
    return EventKey(f"message|{message_key(message)}")


def record(message: str = "m-1", **fields: Any) -> MessageRecord:
    return MessageRecord(message=MessageId(message), **fields)


def completion(
    message: str = "m-1",
    *,
    owner: str = "w1",
    case: CaseId | None = None,
    at: datetime = NOON,
    outcome: Outcome = Outcome.TICKETED,
) -> CompleteEvent:
    disposition = Disposition(outcome=outcome, case=case, detail={"match": "linked"})
    return CompleteEvent(key=event_key(message), owner=owner, disposition=disposition, at=at)


def delivery(part: int = 1, *, case: CaseId | None = None, at: timedelta = timedelta(), **fields: Any) -> Delivery:
    reply = CommentId("r-1")
    values: dict[str, Any] = {"status": DeliveryStatus.BEGUN} | fields
    return Delivery(
        key=delivery_key(ticket(), reply, part),
        case=case or case_id(conversation_key()),
        ticket=ticket(),
        reply=reply,
        part=part,
        of=2,
        began_at=NOON + at,
        **values,
    )
