"""A helpdesk in a few dicts: keeps the contract of `HelpdeskClient`, and can fail on demand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from chalicelib.core.capabilities import HelpdeskCapabilities, UpdateLimit
from chalicelib.core.errors import NotFoundError, TicketClosedError, TicketMovedError
from chalicelib.core.events import Attachment, HelpdeskHint, Visibility
from chalicelib.core.ids import CaseId, CommentId, Cursor, PersonId, PersonRef, TicketId, TicketRef
from chalicelib.core.media import MediaFile
from chalicelib.core.people import Author, Contact
from chalicelib.core.ticket import (
    Agent,
    AgentReply,
    Comment,
    TicketActivity,
    TicketDraft,
    TicketStatus,
)
from chalicelib.ports.helpdesk import TouchedTickets
from chalicelib.ports.spec import HelpdeskSpec, ShownBy
from tests.fakes.files import handed_out


def sheet(update_limit: UpdateLimit | None = None, most_file_bytes: int = 0) -> HelpdeskSpec:
    """A data sheet for tests."""
    return HelpdeskSpec(
        name="fake",
        title="Fake",
        capabilities=HelpdeskCapabilities(
            acts_as_customer=True,
            idempotent_create=False,
            closed_is_final=True,
            reopens_by_itself=False,
            update_limit=update_limit,
            most_file_bytes=most_file_bytes,
        ),
        credentials=(),
        shown_by=ShownBy.DOCUMENTATION,
    )


@dataclass
class Entry:
    id: int
    comment: Comment | None
    reply: AgentReply | None = None


@dataclass
class Ticket:
    ref: TicketRef
    draft: TicketDraft
    status: TicketStatus = TicketStatus.OPEN
    entries: list[Entry] = field(default_factory=list)
    merged_into: TicketRef | None = None

    @property
    def comments(self) -> list[Comment]:
        return [item.comment for item in self.entries if item.comment]

    @property
    def customer(self) -> list[str]:
        return [item.body for item in self.comments if item.visibility is Visibility.PUBLIC]

    @property
    def notes(self) -> list[str]:
        return [item.body for item in self.comments if item.visibility is Visibility.INTERNAL]


class FakeHelpdesk:
    """``faults``: (method name, before) -> exception to raise once, before or after the call took effect."""

    def __init__(self, name: str = "desk", now: Callable[[], datetime] | None = None) -> None:
        self.name = name
        self.tickets: dict[str, Ticket] = {}
        self.people: dict[str, Author] = {}
        self.calls: list[str] = []
        self.faults: list[tuple[str, bool, BaseException]] = []
        self.files: dict[str, MediaFile | Exception] = {}
        """What agents attached, by the attachment's id."""
        self._entry = 0
        self._now = now

    def _call(self, method: str) -> BaseException | None:
        self.calls.append(method)
        for fault in self.faults:
            if fault[0] == method:
                self.faults.remove(fault)
                if fault[1]:
                    raise fault[2]
                return fault[2]
        return None

    def _next(self) -> int:
        self._entry += 1
        return self._entry

    # -- the port ------------------------------------------------------------------------------------------------------

    def ensure_person(self, author: Author, contact: Contact | None) -> PersonRef:
        after = self._call("ensure_person")
        self.people[str(author.key)] = author
        if after:
            raise after
        return PersonRef(helpdesk=self.name, person=PersonId(str(author.key)))

    def create_ticket(self, draft: TicketDraft) -> TicketRef:
        after = self._call("create_ticket")
        ref = TicketRef(helpdesk=self.name, ticket=TicketId(str(len(self.tickets) + 1)))
        self.tickets[ref.ticket] = Ticket(ref=ref, draft=draft, entries=[Entry(self._next(), draft.comment)])
        if after:
            raise after
        return ref

    def find_ticket(self, external_id: CaseId) -> TicketRef | None:
        self._call("find_ticket")
        return next((item.ref for item in self.tickets.values() if item.draft.external_id == external_id), None)

    def add_comment(self, ticket: TicketRef, comment: Comment) -> CommentId:
        after = self._call("add_comment")
        found = self._ticket(ticket)
        if found.merged_into:
            raise TicketMovedError(found.merged_into)
        if found.status is TicketStatus.CLOSED:
            raise TicketClosedError("closed")
        entry = Entry(self._next(), comment)
        found.entries.append(entry)
        if comment.reopen:
            found.status = TicketStatus.OPEN
        if after:
            raise after
        return CommentId(str(entry.id))

    def find_comment(self, ticket: TicketRef, external_id: str) -> CommentId | None:
        self._call("find_comment")
        entries = self._ticket(ticket).entries
        return next((CommentId(str(i.id)) for i in entries if i.comment and i.comment.external_id == external_id), None)

    def fetch_activity(self, ticket: TicketRef, after: Cursor | None) -> TicketActivity:
        fault = self._call("fetch_activity")
        if fault:
            raise fault
        found = self._ticket(ticket)
        if found.merged_into:
            found = self._ticket(found.merged_into)
        start = int(after or 0)
        replies = tuple(item.reply for item in found.entries if item.reply and item.id > start)
        last = max([start, *(item.id for item in found.entries)])
        return TicketActivity(
            ticket=found.ref,
            status=found.status,
            replies=replies,
            cursor=Cursor(str(last)),
            external_id=found.draft.external_id,
        )

    def touched_since(self, cursor: Cursor | None) -> TouchedTickets:
        self._call("touched_since")
        start = int(cursor or 0)
        hints = [
            HelpdeskHint(ticket=item.ref.ticket, reason="poll", case=item.draft.external_id)
            for item in self.tickets.values()
            if item.entries and item.entries[-1].id > start
        ]
        return TouchedTickets(hints=tuple(hints), cursor=Cursor(str(self._entry)))

    def fetch_file(self, attachment: Attachment, *, most_bytes: int) -> MediaFile:
        self._call("fetch_file")
        return handed_out(self.files, attachment, most_bytes)

    # -- agents --------------------------------------------------------------------------------------------------------

    def agent_writes(
        self,
        ticket: str,
        text: str,
        visibility: Visibility = Visibility.PUBLIC,
        html: str = "",
        attachments: tuple[Attachment, ...] = (),
    ) -> CommentId:
        assert self._now is not None
        found = self.tickets[ticket]
        number = self._next()
        reply = AgentReply(
            key=CommentId(str(number)),
            ticket=found.ref,
            agent=Agent(id="7", name="Ada"),
            visibility=visibility,
            written_at=self._now(),
            text=text,
            html=html,
            attachments=attachments,
        )
        found.entries.append(Entry(number, None, reply))
        return reply.key

    def note(self, ticket: str, text: str) -> CommentId:
        return self.agent_writes(ticket, text, Visibility.INTERNAL)

    def set_status(self, ticket: str, status: TicketStatus) -> None:
        self.tickets[ticket].status = status

    def merge(self, source: str, target: str) -> None:
        self.tickets[source].merged_into = self.tickets[target].ref

    def _ticket(self, ref: TicketRef) -> Ticket:
        try:
            return self.tickets[ref.ticket]
        except KeyError:
            raise NotFoundError("no such ticket") from None
