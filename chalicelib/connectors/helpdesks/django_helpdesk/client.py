"""django-helpdesk's API: tickets, follow-ups, and what agents did."""

from __future__ import annotations

from urllib.parse import urlsplit

from chalicelib.connectors.helpdesks.django_helpdesk import bodies, reading
from chalicelib.connectors.helpdesks.django_helpdesk.access import api_client, login_name, names, number, site
from chalicelib.connectors.helpdesks.django_helpdesk.bodies import Form
from chalicelib.connectors.helpdesks.django_helpdesk.media import fetch_attachment
from chalicelib.connectors.helpdesks.django_helpdesk.reading import Entry, Shown
from chalicelib.connectors.helpdesks.django_helpdesk.tickets import TicketReader
from chalicelib.connectors.helpdesks.django_helpdesk.touched import touched_tickets
from chalicelib.connectors.toolkit.api import ApiAnswer, require_field, segment
from chalicelib.connectors.toolkit.asking import readable
from chalicelib.connectors.toolkit.window import read_window
from chalicelib.core.errors import (
    ConfigurationError,
    ConflictError,
    CredentialsError,
    NotFoundError,
    RejectedError,
    TicketClosedError,
    TicketMovedError,
    UnsupportedError,
)
from chalicelib.core.events import Attachment
from chalicelib.core.ids import CaseId, CommentId, Cursor, PersonId, PersonRef, TicketId, TicketRef
from chalicelib.core.media import MediaFile
from chalicelib.core.people import Author, Contact
from chalicelib.core.ticket import Agent, AgentReply, Comment, TicketActivity, TicketDraft, TicketStatus
from chalicelib.ports.helpdesk import HelpdeskContext, TouchedTickets
from chalicelib.ports.services import Session


class Client:
    """One django-helpdesk. No call is made before a method is called."""

    def __init__(self, context: HelpdeskContext) -> None:
        self._context = context
        self._name = context.connection.name
        self._options = context.connection.options
        self._api = api_client(context)
        self._reader = TicketReader(self._api, self._options)
        self._own: str | None = self._options.get("user_id", "").strip() or None

    # -- people --------------------------------------------------------------------------------------------------------

    def ensure_person(self, author: Author, contact: Contact | None) -> PersonRef:
        """No call: django-helpdesk knows no customers, only an e-mail address on each ticket."""
        return PersonRef(helpdesk=self._name, person=PersonId(bodies.person(author, contact, self._options)))

    def set_requester(self, ticket: TicketRef, person: PersonRef) -> None:
        """One call: another submitter's address. UnsupportedError: the options keep addresses out."""
        address = bodies.address(person)
        if not address:
            raise UnsupportedError("tickets name nobody but by an e-mail address, and the options keep addresses out")
        path = f"/tickets/{segment(ticket.ticket)}/"
        try:
            self._api.call("PATCH", path, data={"submitter_email": address}, idempotent=True)
        except NotFoundError as gone:
            raise TicketClosedError("the ticket was deleted", remote_code=gone.remote_code) from gone

    def erase_person(self, person: PersonRef) -> str:
        """No call: nothing of a person is kept outside their tickets."""
        return (
            "django-helpdesk keeps no customers, so nobody was to be removed; it still holds their tickets with words, "
            "files and, where the options put one there, an e-mail address: delete these tickets in django-helpdesk."
        )

    # -- tickets -------------------------------------------------------------------------------------------------------

    def create_ticket(self, draft: TicketDraft) -> TicketRef:
        """One call; see `HelpdeskClient`. No idempotency key: after an unknown outcome `find_ticket` tells."""
        try:
            return self._ref(require_field(self._send("/tickets/", bodies.ticket(draft, self._options)), "id"))
        except RejectedError as refused:
            if refused.remote_code != "queue":
                raise
            raise CredentialsError(
                "HTTP 400",
                advice="django-helpdesk has no such queue, or its user for Careloop may not see it.",
                remote_code="queue",
            ) from refused

    def find_ticket(self, external_id: CaseId) -> TicketRef | None:
        """One call for each 100 follow-ups that were written since; see `HelpdeskClient`."""
        found = self._reader.find_case(external_id)
        return self._ref(found) if found else None

    def ticket_url(self, ticket: TicketId) -> str:
        """The agents' page of a ticket."""
        return f"{site(self._options)}/tickets/{segment(ticket)}/"

    def _ref(self, ticket: str) -> TicketRef:
        return TicketRef(helpdesk=self._name, ticket=TicketId(ticket))

    def _send(self, path: str, form: Form) -> ApiAnswer:
        if not form.files:
            return self._api.post(path, form.fields)
        kind, body = form.multipart
        return self._api.call("POST", path, body=body, headers={"content-type": kind})

    # -- entries -------------------------------------------------------------------------------------------------------

    def add_comment(self, ticket: TicketRef, comment: Comment) -> CommentId:
        """Two calls; see `HelpdeskClient`. The ticket is looked at first: django-helpdesk itself would write to a
        merged one, where nobody looks any more."""
        shown = self._open_ticket(ticket)
        reopening = comment.reopen and shown.status is not TicketStatus.OPEN
        form = bodies.entry(shown.id, comment, self._options, reopening=reopening)
        try:
            return CommentId(require_field(self._send("/followups/", form), "id"))
        except RejectedError as refused:
            if refused.remote_code != "ticket":
                raise
            raise TicketClosedError("the ticket was deleted", remote_code="ticket") from refused

    def _open_ticket(self, ticket: TicketRef) -> Shown:
        try:
            shown = self._reader.show(ticket.ticket)
            survivor = self._reader.survivor(shown)
        except NotFoundError as gone:
            raise TicketClosedError("there is no such ticket", remote_code=gone.remote_code) from gone
        if survivor.id != shown.id:
            raise TicketMovedError(self._ref(survivor.id))
        if shown.status is TicketStatus.CLOSED:
            raise TicketClosedError("the ticket is closed for good")
        return shown

    def find_comment(self, ticket: TicketRef, external_id: str) -> CommentId | None:
        """One call, one more for each merge: a merge moves what was written; see `HelpdeskClient`."""
        wanted = bodies.mark(external_id)
        shown = self._reader.survivor(self._reader.show(ticket.ticket))
        return next((item.key for item in shown.entries if item.mark == wanted), None)

    def redact(self, ticket: TicketRef, comment: CommentId) -> None:
        """Two calls, one more for each file and for a ticket's first entry, whose words are its description too."""
        data = self._reader.followup(comment)
        found, text = reading.entry(data), data.find_text("comment") or ""
        if found.mark is None:
            raise UnsupportedError("not an entry of Careloop's")
        struck = {"comment": bodies.redacted(text)}
        self._api.call("PATCH", f"/followups/{segment(comment)}/", data=struck, idempotent=True)
        for item in found.attachments:
            if item.remote_id:
                path = f"/followups-attachments/{segment(item.remote_id)}/"
                self._api.call("DELETE", path, idempotent=True, expect=(404,))
        if found.case is not None and found.moved_from is None:
            again = {"description": bodies.redacted(text)}
            self._api.call("PATCH", f"/tickets/{segment(found.ticket)}/", data=again, idempotent=True)

    def fetch_file(self, attachment: Attachment, *, most_bytes: int) -> MediaFile:
        """One call, without our login; see `FetchesFiles`. UnsupportedError also for a host that no option names."""
        return fetch_attachment(self._context, attachment, most_bytes)

    # -- what agents did -----------------------------------------------------------------------------------------------

    def fetch_activity(self, ticket: TicketRef, after: Cursor | None) -> TicketActivity:
        """One call (two for a ticket that is solved), one more for each merge; see `HelpdeskClient`.

        When a ticket was merged is told nowhere. So when we first see it, only what the merge moved belongs to it: the
        survivor's own entries up to then may have been for somebody else. From then on all do, but what later merges
        bring along.
        """
        window = read_window(after)
        asked = self._reader.show(ticket.ticket)
        shown = self._reader.survivor(asked)
        fresh = [item for item in shown.entries if not window.has(item.number)]
        own_places = (asked.id,) if shown.id != asked.id else (None, asked.id)
        fresh = [item for item in fresh if item.moved_from in own_places]
        return TicketActivity(
            ticket=self._ref(shown.id),
            status=shown.status,
            replies=tuple(self._reply(shown, item) for item in self._agents(shown, fresh)),
            cursor=window.moved((item.number, item.at) for item in shown.entries).cursor,
            status_changed_at=shown.status_changed_at,
            external_id=asked.case,
            url=self.ticket_url(TicketId(shown.id)),
        )

    def _agents(self, shown: Shown, entries: list[Entry]) -> list[Entry]:
        """Entries of agents: with words or files, by a user, not marked as ours, not by our user, not come by mail."""
        written = [item for item in entries if item.says_something and item.user and item.mark is None]
        theirs = [item for item in written if not item.came_by_mail]
        if not theirs:
            return []
        own = self._own_user(shown)
        return [item for item in theirs if item.user != own]

    def _reply(self, shown: Shown, entry: Entry) -> AgentReply:
        user = entry.user or ""
        return AgentReply(
            key=entry.key,
            ticket=self._ref(shown.id),
            agent=Agent(id=user, name=names(self._options).get(user)),
            visibility=entry.visibility,
            written_at=entry.at,
            text=entry.text,
            attachments=entry.attachments,
        )

    def touched_since(self, cursor: Cursor | None) -> TouchedTickets:
        """Two calls, more after a pause or a merge; see `HelpdeskClient`. The list is of all tickets that our user may
        see, also of those that are none of ours."""
        return touched_tickets(self._reader, self._context.clock.now(), cursor)

    # -- ourselves -----------------------------------------------------------------------------------------------------

    def _own_user(self, shown: Shown) -> str | None:
        """The user that we are: by the option, else remembered, else whoever wrote the ticket's first marked entry."""
        if self._own is None:
            place = login_name(self._context)
            session = self._context.sessions.find_session(place)
            self._own = session.values.get("user") if session else None
            if self._own is None:
                self._own = next((item.user for item in shown.entries if item.mark and item.user), None)
                self._remember(place)
        return self._own

    def _remember(self, place: str) -> None:
        if self._own is None:
            return
        try:
            self._context.sessions.save_session(place, Session(values={"user": self._own}), expected_version=None)
        except ConflictError:
            return  # another worker asked at the same time and stored the same

    def probe(self) -> str:
        """Two calls; see `ProbesHelpdesk`."""
        queue = number(self._options, "queue")
        described = self._api.call("OPTIONS", "/tickets/", idempotent=True)
        count = self._reader.count_merged()
        with readable():
            fields = described.json.need("actions", "POST").keys()
        missing = [name for name in bodies.wanted_fields(self._options) if f"custom_{name}" not in fields]
        if missing:
            raise ConfigurationError(f"django_helpdesk: there is no custom field {', '.join(missing)}")
        return f"django-helpdesk at {urlsplit(site(self._options)).netloc}, queue {queue}, {count} merged tickets"
