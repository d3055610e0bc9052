"""The calling part of a helpdesk connector: ``Client(context)``; constructors do no I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from chalicelib.core.account import Connection
from chalicelib.core.events import Attachment, HelpdeskHint
from chalicelib.core.ids import CaseId, CommentId, Cursor, PersonRef, TicketId, TicketRef
from chalicelib.core.media import MediaFile
from chalicelib.core.people import Author, Contact
from chalicelib.core.ticket import Comment, TicketActivity, TicketDraft
from chalicelib.ports.services import Clock, Http, SessionStore


@dataclass(frozen=True, slots=True, kw_only=True)
class HelpdeskContext:
    """What a client is made of. ``credentials``: CALL fields by name."""

    connection: Connection
    credentials: Mapping[str, str] = field(repr=False)
    http: Http
    clock: Clock
    sessions: SessionStore


@dataclass(frozen=True, slots=True, kw_only=True)
class TouchedTickets:
    """Tickets that changed, and the cursor to save once hints for them are durable. ``more``: call again at once."""

    hints: tuple[HelpdeskHint, ...]
    cursor: Cursor
    more: bool = False


class HelpdeskClient(Protocol):
    """What every helpdesk can do. All tickets are of this connection."""

    def ensure_person(self, author: Author, contact: Contact | None) -> PersonRef:
        """The helpdesk's person for `author`, created when missing; safe to repeat and to race. The person's key is the
        platform and the immutable id; a matched contact's e-mail is copied only where the options say so."""
        ...

    def create_ticket(self, draft: TicketDraft) -> TicketRef:
        """Create once: the same ``external_id`` again gives the same ticket where the helpdesk can promise that."""
        ...

    def find_ticket(self, external_id: CaseId) -> TicketRef | None:
        """The ticket that an earlier attempt made, asked before repeating. Several: the oldest."""
        ...

    def add_comment(self, ticket: TicketRef, comment: Comment) -> CommentId:
        """Write an entry. TicketClosedError: open a follow-up. TicketMovedError: go on at the survivor."""
        ...

    def find_comment(self, ticket: TicketRef, external_id: str) -> CommentId | None:
        """The entry that an earlier attempt wrote, asked before repeating; also the ticket's first one
        (`TicketDraft.comment`), under an id of the connector's making where the helpdesk has none for it."""
        ...

    def fetch_activity(self, ticket: TicketRef, after: Cursor | None) -> TicketActivity:
        """Status and agents' entries after the cursor. The entries that this integration wrote, and the customers', are
        left out; an entry whose visibility is not certainly public is INTERNAL. Merged: on to the survivor, without
        what stood there before; the cursor then covers both. A cursor that can't be read starts over. Gone:
        NotFoundError."""
        ...

    def touched_since(self, cursor: Cursor | None) -> TouchedTickets:
        """Tickets changed since the cursor, with an overlap; None: from now on (a short overlap)."""
        ...


@runtime_checkable
class TicketLinks(Protocol):
    """Can say where an agent opens a ticket."""

    def ticket_url(self, ticket: TicketId) -> str:
        """The ticket's page."""
        ...


@runtime_checkable
class ProbesHelpdesk(Protocol):
    """Can check its rights."""

    def probe(self) -> str:
        """One line on how the connection is, raising a leaf when it is not well."""
        ...


@runtime_checkable
class FetchesFiles(Protocol):
    """Can download what an agent attached."""

    def fetch_file(self, attachment: Attachment, *, most_bytes: int) -> MediaFile:
        """The file. NotFoundError: gone; UnsupportedError: too large."""
        ...


@runtime_checkable
class RedactsComments(Protocol):
    """Can strike an entry's words out for good."""

    def redact(self, ticket: TicketRef, comment: CommentId) -> None:
        """Replace the entry's text and drop its files; done already is fine. UnsupportedError: not this entry."""
        ...


@runtime_checkable
class ChangesRequester(Protocol):
    """Can give a ticket another requester: an agent linked the author to a contact, or undid that."""

    def set_requester(self, ticket: TicketRef, person: PersonRef) -> None:
        """Change it; the same again is fine. TicketClosedError: too late."""
        ...


@runtime_checkable
class ErasesPeople(Protocol):
    """Can say and remove what the helpdesk holds of an author."""

    def erase_person(self, person: PersonRef) -> str:
        """Remove the person as far as the API can; one line on what was done and what the helpdesk still holds."""
        ...
