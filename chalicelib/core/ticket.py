"""Tickets, comments, and what agents do with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from chalicelib.core.events import Attachment, Visibility
from chalicelib.core.ids import CaseId, CommentId, Cursor, PersonRef, TicketRef
from chalicelib.core.media import MediaFile


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """An entry to be written into a ticket.

    ``external_id`` marks the entry in the helpdesk (a transaction field, audit metadata, a hidden marker) so that
    `find_comment` can tell whether an earlier attempt wrote it. ``author`` set: in the customer's name where the
    helpdesk can; None: by Careloop. ``visibility`` is PUBLIC for a customer's message, INTERNAL for notes; there is no
    default. Bodies are plain text and byte-stable over retries. Where the helpdesk keeps no id of ours with an entry,
    the mark goes to the end of the text: further up it may be a quotation, or a customer's own words.
    """

    body: str
    visibility: Visibility
    external_id: str
    author: PersonRef | None = None
    author_label: str | None = None
    """The customer's name for helpdesks where every entry is the integration's (RT): put before the text."""
    attachments: tuple[Attachment, ...] = ()
    files: tuple[MediaFile, ...] = ()
    """Contents of those attachments that are stored with the entry; never kept with a waiting entry."""
    source_url: str | None = None
    reopen: bool = False
    """True: the ticket must be open after this entry."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketDraft:
    """A ticket to be created. ``external_id`` is the case id and the idempotency key."""

    external_id: CaseId
    requester: PersonRef
    subject: str
    comment: Comment
    tags: tuple[str, ...] = ()
    priority: str | None = None
    group: str | None = None
    due_at: datetime | None = None
    follow_up_of: TicketRef | None = None
    fields: Mapping[str, str] = field(default_factory=dict)
    """Helpdesk-neutral names to values: platform, account, handle, thread, message, permalink, contact; those without a
    value are left out. A helpdesk maps what its connection has an option ``field.<name>`` for."""


class TicketStatus(StrEnum):
    """A ticket's state, reduced to what decides where a message goes."""

    OPEN = "open"
    PENDING = "pending"
    SOLVED = "solved"
    """Done, can be reopened."""
    CLOSED = "closed"
    """Done for good."""
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """Who wrote in the helpdesk."""

    id: str
    name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentReply:
    """An entry that an agent wrote. Only ``visibility`` PUBLIC may ever leave; unknown means internal.

    ``key`` is the helpdesk's own id of the entry. Give ``html`` where there is one, ``text`` else, or both: what goes
    out is made from ``html`` where it says anything, because it marks quotations and signatures surely.
    """

    key: CommentId
    ticket: TicketRef
    agent: Agent
    visibility: Visibility
    written_at: datetime
    text: str = ""
    html: str = ""
    attachments: tuple[Attachment, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketActivity:
    """What happened on a ticket after a cursor.

    ``ticket`` is the survivor when the ticket asked for was merged. ``replies`` are agents' entries only, public and
    internal, oldest first; customers' and our own entries are left out. ``cursor`` covers everything listed.
    """

    ticket: TicketRef
    status: TicketStatus
    replies: tuple[AgentReply, ...]
    cursor: Cursor
    status_changed_at: datetime | None = None
    external_id: CaseId | None = None
    url: str | None = None
