"""What webhooks and polls tell us, normalised: platform events and helpdesk hints."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Generic, TypeVar

from chalicelib.core.ids import (
    AccountKey,
    AuthorId,
    AuthorKey,
    CaseId,
    ConversationKey,
    EventKey,
    MessageId,
    MessageKey,
    ThreadKey,
    TicketId,
    digest,
)
from chalicelib.core.people import Author


class Visibility(StrEnum):
    """Who can see a message. UNKNOWN is always treated as not public; in a helpdesk as INTERNAL."""

    PUBLIC = "public"
    PRIVATE = "private"
    INTERNAL = "internal"
    UNKNOWN = "unknown"


class Surface(StrEnum):
    """Where on the platform a message was written."""

    COMMENT = "comment"
    POST = "post"
    MENTION = "mention"
    DM = "dm"
    REVIEW = "review"
    STORY = "story"
    UNKNOWN = "unknown"


class AttachmentKind(StrEnum):
    """What an attachment is, as far as the platform says."""

    IMAGE = "image"
    VIDEO = "video"
    AUDIO = "audio"
    FILE = "file"
    LINK = "link"
    LOCATION = "location"
    STICKER = "sticker"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """Something sent along. ``url`` may expire; ``title`` is a caption, a file name or a place's coordinates."""

    kind: AttachmentKind
    url: str | None = None
    title: str | None = None
    media_type: str | None = None
    size: int | None = None
    """Bytes, where known."""
    remote_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundMessage:
    """A message on a platform: by a customer, or by the brand itself (``is_echo``)."""

    key: MessageKey
    thread: ThreadKey
    author: Author | None
    """None where the platform withholds it."""
    text: str
    surface: Surface
    visibility: Visibility
    sent_at: datetime
    attachments: tuple[Attachment, ...] = ()
    in_reply_to: MessageId | None = None
    """The message it answers; None when it begins a thread."""
    permalink: str | None = None
    language: str | None = None
    is_echo: bool = False
    """Written by the account itself, by our API call or natively."""
    recipient: AuthorId | None = None
    """For an echo in a private chat: the customer it went to."""
    delivery: str | None = None
    """For an echo: our own delivery key, where the platform hands back what we sent along."""
    answerable: bool = True
    """False where the platform's rules forbid an answer by API."""
    context: Mapping[str, str] = field(default_factory=dict)
    """Small facts for the brief and for the connector's own `send` (cids, ad titles): text to text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageEdited:
    """The author changed a message."""

    key: MessageKey
    text: str
    edited_at: datetime
    thread: ThreadKey | None = None
    author: Author | None = None
    version: str = ""
    """What tells one edit from the next, where the platform gives it (a count, a cid, a hash)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageDeleted:
    """A message was deleted, unsent, or removed by a moderator."""

    key: MessageKey
    deleted_at: datetime
    thread: ThreadKey | None = None
    author: Author | None = None


class DeliveryState(StrEnum):
    """How far our message got; it only moves forward."""

    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    FAILED = "failed"


_LADDER = (DeliveryState.SENT, DeliveryState.FAILED, DeliveryState.DELIVERED, DeliveryState.READ)
"""What was delivered did not fail, whatever comes late: a failure is the end only where nothing better is known."""


def furthest(known: DeliveryState | None, told: DeliveryState) -> DeliveryState:
    """Of two reports the one that counts, in whatever order they came."""
    return told if known is None or _LADDER.index(told) > _LADDER.index(known) else known


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryUpdated:
    """The platform reports on something that we sent. ``message`` None: everything up to ``at`` in ``thread``."""

    account: AccountKey
    state: DeliveryState
    at: datetime
    message: MessageKey | None = None
    thread: ThreadKey | None = None
    reason: str | None = None
    """Why it failed, in words for the agent."""
    delivery: str | None = None
    """Our own delivery key, where the platform hands back what we sent along."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadInvitation:
    """Somebody opened a private thread and waits for the account to join (Matrix)."""

    thread: ThreadKey
    inviter: Author
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorOptedOut:
    """The person withdrew consent, or asked for their data to be deleted."""

    author: AuthorKey
    account: AccountKey
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorIdChanged:
    """The same person has another id (or handle) from now on."""

    account: AccountKey
    old: AuthorKey
    new: AuthorKey
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountRevoked:
    """The account's owner withdrew our access."""

    account: AccountKey
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityClaimed:
    """A customer filled in the form behind a link that we gave them in private. ``values``: what they wrote, by field
    ("number", "email", "phone", "name"); on the event's way to its worker only, kept nowhere else."""

    account: AccountKey
    case: CaseId
    token: str
    """What the link is known by."""
    at: datetime
    values: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Canary:
    """Our own, sent by a check: shows that the inbound queue is worked. No platform sends one, no ledger keeps one."""

    account: AccountKey
    at: datetime


PlatformEvent = (
    InboundMessage
    | MessageEdited
    | MessageDeleted
    | DeliveryUpdated
    | ThreadInvitation
    | AuthorOptedOut
    | AuthorIdChanged
    | AccountRevoked
    | IdentityClaimed
    | Canary
)


@dataclass(frozen=True, slots=True, kw_only=True)
class HelpdeskHint:
    """ "Look at this ticket". ``case`` is the ticket's external id where the hint carries it: it saves a read."""

    ticket: TicketId
    reason: str = "webhook"
    case: CaseId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Malformed:
    """A part of a verified payload that can't be read, and why; never with the value itself."""

    path: str
    reason: str


EventT = TypeVar("EventT")


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed(Generic[EventT]):
    """All that a payload holds: events in order, the parts that can't be read, and the known-unneeded or unknown
    kinds with their counts."""

    events: tuple[EventT, ...] = ()
    malformed: tuple[Malformed, ...] = ()
    ignored: Mapping[str, int] = field(default_factory=dict)


def event_key(event: PlatformEvent) -> EventKey:
    """The natural key of `event`: equal for every delivery of the same event, in whatever envelope it comes."""
    match event:
        case InboundMessage():
            return message_event_key(event.key)
        case MessageEdited():
            version = event.version or digest(event.text, length=12)
            return EventKey(f"edit|{event.key}|{version}")
        case MessageDeleted():
            return EventKey(f"delete|{event.key}")
        case DeliveryUpdated():
            target = str(event.message or event.thread or event.account)
            return EventKey(f"delivery|{target}|{event.state}|{event.at.isoformat()}")
        case ThreadInvitation():
            return EventKey(f"invitation|{event.thread}|{event.at.isoformat()}")
        case AuthorOptedOut():
            return EventKey(f"opt-out|{event.author}|{event.at.isoformat()}")
        case AuthorIdChanged():
            return EventKey(f"id-change|{event.old}|{event.new}")
        case AccountRevoked():
            return EventKey(f"revoked|{event.account}|{event.at.isoformat()}")
        case IdentityClaimed():
            return EventKey(f"identity|{event.case}|{event.token}")
        case Canary():
            return EventKey(f"canary|{event.account}|{event.at.isoformat()}")


def correlation_of(key: EventKey) -> str:
    """What ties the log lines about one event together, from the webhook to the posted reply: made of its key, so that
    whoever knows the message can tell it."""
    return digest(key, length=12)


def message_event_key(message: MessageKey) -> EventKey:
    """The key of the event that tells of a new message."""
    return EventKey(f"message|{message}")


def account_of(event: PlatformEvent) -> AccountKey:
    """The account that `event` came to."""
    match event:
        case InboundMessage() | MessageEdited() | MessageDeleted():
            return event.key.account
        case ThreadInvitation():
            return event.thread.account
        case _:
            return event.account


def order_group(event: PlatformEvent) -> str:
    """The FIFO group of `event`: account and author where known, else the thread, else the account.

    Edits and deletions often lack the author; the tombstone makes their order harmless.
    """
    account = account_of(event)
    match event:
        case InboundMessage(is_echo=True, recipient=str(recipient)):
            return f"{account}|{recipient}"
        case InboundMessage(author=Author() as author) | MessageEdited(author=Author() as author):
            return f"{account}|{author.key.author}"
        case MessageDeleted(author=Author() as author):
            return f"{account}|{author.key.author}"
        case ThreadInvitation():
            return f"{account}|{event.inviter.key.author}"
        case IdentityClaimed():
            return f"{account}|{event.case}"
        case Canary():
            return f"{account}|canary"
        case InboundMessage() | MessageEdited() | MessageDeleted() if event.thread is not None:
            return f"{account}|thread|{event.thread.thread}"
        case _:
            return str(account)


def conversation_of(message: InboundMessage) -> ConversationKey | None:
    """Whose conversation `message` belongs to: its author's, or for a private echo its recipient's."""
    if message.is_echo:
        return ConversationKey(thread=message.thread, author=message.recipient) if message.recipient else None
    if message.author is None:
        return None
    return ConversationKey(thread=message.thread, author=message.author.key.author)


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """An event on its way through the queue. ``archived_at`` names the raw payload in the archive."""

    key: EventKey
    event: PlatformEvent
    received_at: datetime
    archived_at: str | None = None
    correlation: str = ""
    version: int = 1
