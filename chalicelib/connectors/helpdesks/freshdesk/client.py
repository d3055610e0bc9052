"""Freshdesk's API: contacts, tickets, conversations, and what agents did. What each method promises stands in
``chalicelib/ports/helpdesk.py``; calls that several share are in ``access.py``."""

from __future__ import annotations

from datetime import timedelta

from chalicelib.connectors.helpdesks.freshdesk import bodies, people, reading, touched
from chalicelib.connectors.helpdesks.freshdesk.access import Access
from chalicelib.connectors.helpdesks.freshdesk.reading import Entry, Shown
from chalicelib.connectors.toolkit.api import require_field, segment
from chalicelib.connectors.toolkit.asking import readable
from chalicelib.connectors.toolkit.media import fetch_from
from chalicelib.connectors.toolkit.payload import Reader
from chalicelib.connectors.toolkit.window import Window, read_window
from chalicelib.core.errors import ConfigurationError, NotFoundError, RejectedError, UnsupportedError
from chalicelib.core.events import Attachment, HelpdeskHint, Visibility
from chalicelib.core.ids import CaseId, CommentId, Cursor, PersonRef, TicketId, TicketRef
from chalicelib.core.media import MediaFile
from chalicelib.core.people import Author, Contact
from chalicelib.core.ticket import Agent, AgentReply, Comment, TicketActivity, TicketDraft, TicketStatus
from chalicelib.ports.helpdesk import HelpdeskContext, TouchedTickets

FILE_HOSTS = ("*.freshdesk.com", "*.amazonaws.com")
"""Where files lie (``attachment_url``, signed for a while)."""
LAG = timedelta(minutes=30)
"""The search finds a ticket some minutes late, so what is as young as this is listed too."""
MOST_MERGES = 5
_MOST_PAGES = 5
_DESCRIPTION = "description-"
"""A ticket's first entry is its description, which has no id of its own."""


class Client:
    """One Freshdesk account. No call is made before a method is called."""

    def __init__(self, context: HelpdeskContext) -> None:
        self._access = Access(context)
        self._field = self._access.options["case_field"]

    # -- people --------------------------------------------------------------------------------------------------------

    def ensure_person(self, author: Author, contact: Contact | None) -> PersonRef:
        """One call, two for somebody new."""
        return people.ensure_person(self._access, author)

    def erase_person(self, person: PersonRef) -> str:
        """Two calls. See `people.erase_person`."""
        return people.erase_person(self._access, person)

    def set_requester(self, ticket: TicketRef, person: PersonRef) -> None:
        """Two calls. TicketClosedError, TicketMovedError: too late."""
        self._access.writable(ticket)
        self._access.change(f"/tickets/{segment(ticket.ticket)}", {"requester_id": bodies.number(person)})

    # -- tickets -------------------------------------------------------------------------------------------------------

    def create_ticket(self, draft: TicketDraft) -> TicketRef:
        """One call, not to be repeated: after an unknown outcome `find_ticket` tells."""
        fields = bodies.ticket(draft, self._access.options)
        return self._access.ref(require_field(self._access.send("/tickets", fields, draft.comment.files), "id"))

    def find_ticket(self, external_id: CaseId) -> TicketRef | None:
        """Two calls: the search, which lags, and the list of what is young. Of several the oldest."""
        found = self._access.ask("/search/tickets", {"query": f"\"{self._field}:'{external_id}'\""})
        with readable():
            rows = list(found.items("results"))
        numbers = self._numbers(rows, external_id)
        for page in range(1, _MOST_PAGES + 1):
            rows = self._young(page)
            numbers += self._numbers(rows, external_id)
            if len(rows) < touched.PAGE:
                break
        return self._access.ref(str(min(numbers))) if numbers else None

    def ticket_url(self, ticket: TicketId) -> str:
        """The agents' page of a ticket."""
        return f"{self._access.site}/a/tickets/{segment(ticket)}"

    # -- entries -------------------------------------------------------------------------------------------------------

    def add_comment(self, ticket: TicketRef, comment: Comment) -> CommentId:
        """Two calls, three to reopen; one more for a closed ticket, which may have been merged. Only the last is not to
        be repeated. Freshdesk does not reopen by itself, so the ticket is opened first: what fails then is done again.
        """
        here = self._access.writable(ticket)
        path = f"/tickets/{segment(ticket.ticket)}"
        if comment.reopen and here.status is not TicketStatus.OPEN:
            self._access.change(path, {"status": bodies.OPEN})
        answer = self._access.send(f"{path}/notes", bodies.note(comment), comment.files)
        return CommentId(require_field(answer, "id"))

    def find_comment(self, ticket: TicketRef, external_id: str) -> CommentId | None:
        """Two calls. The first entry is the ticket's description."""
        here = self._access.show(ticket.ticket)
        if here.mark == external_id:
            return CommentId(_DESCRIPTION + here.id)
        found = (item for item in self._access.entries(here) if item.mark == external_id)
        return next((CommentId(str(item.id)) for item in found), None)

    def redact(self, ticket: TicketRef, comment: CommentId) -> None:
        """One call, one more for each file. UnsupportedError: an agent's reply, which Freshdesk does not change."""
        if comment.startswith(_DESCRIPTION):
            path, fields = f"/tickets/{segment(ticket.ticket)}", {"description": bodies.REMOVED}
        else:
            path, fields = f"/conversations/{segment(comment)}", {"body": bodies.REMOVED}
        try:
            answer = self._access.change(path, fields)
        except RejectedError as error:
            raise UnsupportedError("only notes can be changed", remote_code=error.remote_code) from error
        with readable():
            files = [item.need_id("id") for item in answer.json.items("attachments")]
        for file in files:
            self._access.drop(f"/attachments/{segment(file)}")

    def fetch_file(self, attachment: Attachment, *, most_bytes: int) -> MediaFile:
        """One call, without our key: the address is signed."""
        if not attachment.url:
            raise NotFoundError("a file without an address")
        return fetch_from(
            self._access.http,
            attachment.url,
            hosts=FILE_HOSTS,
            most_bytes=most_bytes,
            name=attachment.title,
            origin=self._access.site,
        )

    # -- what agents did -----------------------------------------------------------------------------------------------

    def fetch_activity(self, ticket: TicketRef, after: Cursor | None) -> TicketActivity:
        """Two calls, two more for each merge, one for each agent whose name is not known yet. The cursor holds the
        conversations' ids, which grow over the whole account but may show late."""
        window = read_window(after)
        here = self._access.show(ticket.ticket)
        listed = self._access.entries(here)
        said, rows = list(listed), listed
        for _ in range(MOST_MERGES):
            merge = reading.merge_of(here, rows)
            survivor = self._survivor(merge)
            if merge is None or survivor is None:
                break
            here, rows = survivor, self._access.entries(survivor)
            listed = [*listed, *rows]
            # What stood there before the merge was said to somebody else.
            said += [item for item in rows if item.at > merge.at]
        fresh = sorted((item for item in said if item.is_agents and not window.has(item.id)), key=_order)
        return TicketActivity(
            ticket=self._access.ref(here.id),
            status=here.status,
            replies=tuple(self._reply(item) for item in fresh),
            cursor=self._moved(window, listed).cursor,
            external_id=here.case,
            url=self.ticket_url(TicketId(here.id)),
        )

    def touched_since(self, cursor: Cursor | None) -> TouchedTickets:
        """One call; without a cursor none: from now on. Tickets in the trash or marked as spam are not listed."""
        now = self._access.clock.now()
        place = touched.place_of(cursor, now)
        if cursor is None:
            return TouchedTickets(hints=(), cursor=place.cursor)
        order = {"order_by": "updated_at", "order_type": "asc", "per_page": touched.PAGE, "page": place.page}
        rows = self._access.rows("/tickets", {"updated_since": place.since, **order})
        with readable():
            hints = tuple(self._hint(row) for row in rows)
            changed = [row.find_time("updated_at") for row in rows]
        there, more = touched.after(place, changed, now)
        return TouchedTickets(hints=hints, cursor=there.cursor, more=more)

    # -- ourselves -----------------------------------------------------------------------------------------------------

    def probe(self) -> str:
        """Two calls: whose key this is, and whether tickets have the field for the case. ConfigurationError: it is
        missing. An agent who may not see the fields is told so."""
        me = self._access.ask("/agents/me")
        answer = self._access.api.get("/ticket_fields", expect=(403,))
        with readable():
            name = me.need_text("contact", "name")
            if answer.status == 403:
                return f"signed in as {name}; may not see the ticket fields, so {self._field} was not looked for"
            fields = list(answer.json.items())
            names = {item.find_text("name") for item in fields}
            wanted = [item.need_text("name") for item in fields if _is_demanded(item)]
        if self._field not in names:
            raise ConfigurationError(f"freshdesk: tickets have no field {self._field}: make it, a single-line text")
        given = bodies.given(self._access.options)
        open_ends = [item for item in wanted if item not in given]
        told = f"; mandatory fields without a value: {', '.join(sorted(open_ends))}" if open_ends else ""
        return f"signed in as {name}{told}"

    # -- parts ---------------------------------------------------------------------------------------------------------

    def _young(self, page: int) -> list[Reader]:
        since = touched.stamp(self._access.clock.now() - LAG)
        order = {"order_by": "created_at", "order_type": "desc", "per_page": touched.PAGE, "page": page}
        return self._access.rows("/tickets", {"updated_since": since, **order})

    def _numbers(self, rows: list[Reader], case: CaseId) -> list[int]:
        """The tickets of `case` among `rows`; a search finds what is like it too."""
        with readable():
            found = [row.need_id("id") for row in rows if reading.case_in(row, self._field) == case]
        return [int(item) for item in found if item.isascii() and item.isdigit() and len(item) <= 18]

    def _hint(self, row: Reader) -> HelpdeskHint:
        case = reading.case_in(row, self._field)
        return HelpdeskHint(ticket=TicketId(row.need_id("id")), reason="poll", case=case)

    def _survivor(self, merge: Entry | None) -> Shown | None:
        if merge is None or merge.merged_into is None:
            return None
        try:
            return self._access.show(merge.merged_into)
        except NotFoundError:
            return None

    def _moved(self, window: Window, listed: list[Entry]) -> Window:
        return window.moved((item.id, item.at) for item in listed)

    def _reply(self, entry: Entry) -> AgentReply:
        name, visibility = None, entry.visibility
        try:
            name = self._access.agent_name(entry.user) if entry.user else None
        except NotFoundError:
            visibility = Visibility.INTERNAL  # whoever this is, it is no agent
        return AgentReply(
            key=CommentId(str(entry.id)),
            ticket=self._access.ref(entry.ticket),
            agent=Agent(id=entry.user, name=name),
            visibility=visibility if entry.user else Visibility.INTERNAL,
            written_at=entry.at,
            text=entry.text,
            html=entry.html,
            attachments=entry.attachments,
        )


def _order(entry: Entry) -> tuple[object, int]:
    return entry.at, entry.id


def _is_demanded(field: Reader) -> bool:
    return field.find_bool("required_for_agents") is True and field.find_bool("default") is False
