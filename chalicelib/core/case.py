"""A case: a matter that a customer has with us. One ticket, one or more conversations."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from chalicelib.core.events import Surface, Visibility
from chalicelib.core.ids import (
    AuthorId,
    AuthorKey,
    CaseId,
    ContactRef,
    ConversationKey,
    Cursor,
    EventKey,
    MessageId,
    PersonRef,
    TicketRef,
)
from chalicelib.core.matching.types import Claim
from chalicelib.core.people import Author, ContactMatch, Verdict
from chalicelib.core.questions import Asked


class CaseState(StrEnum):
    """OPENING: the ticket is being created; the rest follows the ticket."""

    OPENING = "opening"
    OPEN = "open"
    SOLVED = "solved"
    CLOSED = "closed"


class Route(StrEnum):
    """Where an agent's next public reply goes."""

    LATEST = "latest"
    """To the conversation of the customer's latest message."""
    PRIVATE = "private"
    """In private, by the agent's command."""
    PUBLIC = "public"
    """Into the public thread, by the agent's command."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """One author's talk in one thread, as much of it as is needed to answer."""

    key: ConversationKey
    author: Author
    visibility: Visibility
    surface: Surface
    last_message: MessageId
    last_message_at: datetime
    permalink: str | None = None
    answerable: bool = True
    gone: bool = False
    """The message to answer was deleted."""
    context: dict[str, str] = field(default_factory=dict)
    told: tuple[Claim, ...] = ()
    """Identifiers that the author wrote here, for matching: what identifies, not the words around it."""
    same_as: AuthorKey | None = None
    """Who the author was where our private reply that opened this conversation was sent from."""


def unknown_match() -> ContactMatch:
    """The match of somebody whom we know nothing about."""
    return ContactMatch(verdict=Verdict.UNKNOWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """The state behind one ticket. ``version`` guards against lost updates: saving demands the version read."""

    id: CaseId
    helpdesk: str
    opened_by: EventKey
    opened_at: datetime
    conversations: tuple[Conversation, ...]
    ticket: TicketRef | None = None
    requester: PersonRef | None = None
    match: ContactMatch = field(default_factory=unknown_match)
    suggested: tuple[ContactRef, ...] = ()
    """Every contact that was ever suggested on the ticket: its place here is its number there, which never changes."""
    state: CaseState = CaseState.OPENING
    lease_until: datetime | None = None
    """While OPENING: until then nobody but the event that opened it goes on."""
    last_customer_message_at: datetime | None = None
    last_agent_reply_at: datetime | None = None
    state_changed_at: datetime | None = None
    route: Route = Route.LATEST
    cursor: Cursor | None = None
    """What of the ticket's activity has been dealt with."""
    follow_up_of: TicketRef | None = None
    merged_into: CaseId | None = None
    """The case that took over when the tickets were merged."""
    entered: tuple[datetime, ...] = ()
    """When its latest entries were written, where the helpdesk limits that."""
    kept: int = 0
    """The number of the last message that was kept to be written together with others."""
    written: int = 0
    """Those up to this number stand on the ticket (or went another way); beyond it they wait."""
    writing: int | None = None
    """Those beyond `written` up to this number are being written as one entry."""
    write_at: datetime | None = None
    """When the next of these entries is due."""
    asked: Asked | None = None
    """The last question to the customer who they are."""
    generation: int = 1
    version: int = 0

    def conversation(self, key: ConversationKey) -> Conversation | None:
        """The conversation with `key`, or None."""
        return next((item for item in self.conversations if item.key == key), None)

    @property
    def latest(self) -> Conversation:
        """The conversation of the customer's latest message."""
        return max(self.conversations, key=lambda item: item.last_message_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageRecord:
    """What we remember of a customer's or our own message: enough for edits, deletions and echoes.

    ``case`` None: known only by its deletion or edit so far (a tombstone).
    """

    message: MessageId
    case: CaseId | None = None
    conversation: ConversationKey | None = None
    deleted_at: datetime | None = None
    edited_at: datetime | None = None
    edited_text: str | None = None
    """The latest text, when the edit came before the message."""
    edited_by: AuthorId | None = None
    """Who sent that edit, where the platform says."""
    delivery: str | None = None
    """Our delivery key, when we sent it."""
    native: bool = False
    """The brand wrote it on the platform itself."""
    waiting: int | None = None
    """Its number among those that its case keeps to be written together."""
    version: int = field(default=0, compare=False)
    """Guards against lost updates, as a case's does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseSnapshot:
    """What one read tells before a message is dealt with."""

    case: Case | None
    message: MessageRecord | None
