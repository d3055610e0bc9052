"""Replies on their way out, and what became of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from chalicelib.core.events import Attachment, DeliveryState, Visibility
from chalicelib.core.ids import (
    AccountKey,
    AuthorId,
    CaseId,
    CommentId,
    ConversationKey,
    MessageId,
    ThreadKey,
    TicketId,
    TicketRef,
)
from chalicelib.core.media import MediaFile


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboundReply:
    """One message to be posted: one part of an agent's reply.

    A long reply is several of these, each with a delivery of its own, so that each part is sent at most once whatever
    dies in between. ``key`` is stable over retries: platforms that take an idempotency key get it.
    """

    key: str
    account: AccountKey
    thread: ThreadKey
    in_reply_to: MessageId
    """The message to answer: the customer's, or the part before where the platform chains."""
    recipient: AuthorId
    text: str
    visibility: Visibility
    began_at: datetime
    """When the first attempt began; byte-stable over retries (Bluesky's createdAt)."""
    part: int = 1
    of: int = 1
    attachments: tuple[Attachment, ...] = ()
    files: tuple[MediaFile, ...] = ()
    """The attachments' contents, fetched right before sending, in their order."""
    private_reply: bool = False
    """Answer a public message in private."""
    last_customer_message_at: datetime | None = None
    context: Mapping[str, str] = field(default_factory=dict)
    """The conversation's context as its connector stored it."""


class ReceiptState(StrEnum):
    """WIRED: handed over, to be confirmed by an update; SENT: it stands."""

    WIRED = "wired"
    SENT = "sent"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryReceipt:
    """What the platform said. ``opened``: the conversation that a private reply opened, to be joined to the case."""

    messages: tuple[MessageId, ...]
    state: ReceiptState
    at: datetime
    permalink: str | None = None
    opened: ConversationKey | None = None
    context: Mapping[str, str] = field(default_factory=dict)


class DeliveryStatus(StrEnum):
    """Where a delivery stands. An agent sees: waiting (WAITING, BEGUN), posted (SENT), refused, unknown."""

    BEGUN = "begun"
    WAITING = "waiting"
    """Certainly not sent yet: an attempt was turned away and will be repeated."""
    SENT = "sent"
    REFUSED = "refused"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """The record of one part's way out. Written before sending, so that no crash can make us send twice."""

    key: str
    case: CaseId
    ticket: TicketRef
    reply: CommentId
    part: int
    of: int
    status: DeliveryStatus
    began_at: datetime
    conversation: ConversationKey | None = None
    answered: MessageId | None = None
    """The message that it answers, and what the platform needs to know of that: where to look for it."""
    context: Mapping[str, str] = field(default_factory=dict)
    text_digest: str = ""
    receipt: DeliveryReceipt | None = None
    reason: str | None = None
    advice: str | None = None
    finished_at: datetime | None = None
    attempts: int = 1
    reached: DeliveryState | None = None
    """How far the platform says that it got, where it says so; it only moves forward."""


def delivery_key(ticket: TicketRef, reply: CommentId, part: int) -> str:
    """The stable name of one part of one reply."""
    return f"{ticket}|{reply}|{part}"


def ticket_of_delivery(key: str) -> TicketRef | None:
    """The ticket that a delivery's name begins with, or None when it is no such name."""
    helpdesk, _, ticket = key.partition("|")[0].partition(":")
    return TicketRef(helpdesk=helpdesk, ticket=TicketId(ticket)) if helpdesk and ticket else None
