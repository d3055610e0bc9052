"""HubSpot's API: contacts, tickets, notes, and what agents did. What each method promises stands in
``chalicelib/ports/helpdesk.py``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chalicelib.connectors._hubspot.api import HubSpotApi
from chalicelib.connectors.helpdesks.hubspot import bodies, reading, touched
from chalicelib.connectors.helpdesks.hubspot.files import Files
from chalicelib.connectors.helpdesks.hubspot.marks import mark, marked, name_of
from chalicelib.connectors.helpdesks.hubspot.people import People
from chalicelib.connectors.helpdesks.hubspot.place import read_place
from chalicelib.connectors.helpdesks.hubspot.reading import Entry, Shown
from chalicelib.connectors.toolkit.api import ApiAnswer, require_field, segment
from chalicelib.connectors.toolkit.asking import readable
from chalicelib.connectors.toolkit.date_feed import read_cursor, write_cursor
from chalicelib.core.errors import (
    ConfigurationError,
    NotFoundError,
    RejectedError,
    TicketClosedError,
    TicketMovedError,
    UnsupportedError,
)
from chalicelib.core.events import Attachment, Visibility
from chalicelib.core.ids import CaseId, CommentId, Cursor, PersonRef, TicketId, TicketRef
from chalicelib.core.media import MediaFile
from chalicelib.core.people import Author, Contact
from chalicelib.core.ticket import Agent, AgentReply, Comment, TicketActivity, TicketDraft, TicketStatus
from chalicelib.ports.helpdesk import HelpdeskContext, TouchedTickets

RIGHTS = "Give the app the scopes that the connector's page names: tickets, contacts, owners, schemas, files."
TICKETS = "/crm/v3/objects/tickets"
NOTES = "/crm/v3/objects/notes"
MOST_READ = 100
MOST_NOTE_PAGES = 10
_CONTENT = CommentId("content")
"""A ticket's first entry is its description, which has no id of its own."""
_HISTORY = f"{reading.STAGE},{reading.MERGED}"


class Client:
    """One account. No call is made before a method is called."""

    def __init__(self, context: HelpdeskContext) -> None:
        options = context.connection.options
        self._api = HubSpotApi(context, rights=RIGHTS)
        self._options = options
        self._name = context.connection.name
        self._clock = context.clock
        self._rules = reading.rules(options)
        self._people = People(self._api, self._name, options)
        self._files = Files(self._api, context)
        self._agents: dict[str, str | None] = {}
        portal = options.get("portal_id", "").strip()
        if not portal:
            raise ConfigurationError("hubspot: option portal_id is missing")
        site = bodies.option(options, "web_url").rstrip("/")
        self._page = f"{site}/contacts/{segment(portal)}/record/0-5/"

    # -- people --------------------------------------------------------------------------------------------------------

    def ensure_person(self, author: Author, contact: Contact | None) -> PersonRef:
        """Up to three calls; see `People.ensure`."""
        return self._people.ensure(author, contact)

    def erase_person(self, person: PersonRef) -> str:
        """Two calls; see `People.erase`."""
        return self._people.erase(person)

    # -- tickets -------------------------------------------------------------------------------------------------------

    def create_ticket(self, draft: TicketDraft) -> TicketRef:
        """One call, two where the case has a ticket already: its property is unique, so there is never a second."""
        answer = self._api.call(
            "POST", TICKETS, data=bodies.ticket(draft, self._options), expect=(400,), idempotent=False
        )
        if answer.status != 400:
            return self._ref(require_field(answer, "id"))
        found = self.find_ticket(draft.external_id)
        if found is None:
            raise RejectedError("HTTP 400", remote_code="400")
        return found

    def find_ticket(self, external_id: CaseId) -> TicketRef | None:
        """One call, to the store itself and not the search, which lags."""
        params = {"idProperty": self._rules.case_property, "properties": self._rules.case_property}
        answer = self._api.call("GET", f"{TICKETS}/{segment(external_id)}", params=params, expect=(404,))
        if answer.status == 404:
            return None
        with readable():
            return self._ref(reading.record_id(answer.json))

    def ticket_url(self, ticket: TicketId) -> str:
        """The agents' page of a ticket."""
        return self._page + segment(ticket)

    # -- entries -------------------------------------------------------------------------------------------------------

    def add_comment(self, ticket: TicketRef, comment: Comment) -> CommentId:
        """Two calls, three to reopen; only the last is not to be repeated. The ticket is looked at first: HubSpot takes
        notes on any."""
        here = self._writable(ticket)
        if comment.reopen and here.status is not TicketStatus.OPEN:
            self._change(here.id, {reading.STAGE: bodies.option(self._options, "open_stage")})
        data = bodies.note(comment, here.id, self._clock.now())
        return CommentId(require_field(self._api.call("POST", NOTES, data=data, idempotent=False), "id"))

    def find_comment(self, ticket: TicketRef, external_id: str) -> CommentId | None:
        """Three calls, one more for each hundred notes: not by search, which lags."""
        here, wanted = self._show(ticket.ticket), name_of(external_id)
        if here.content_mark == wanted:
            return _CONTENT
        return next((CommentId(item.id) for item in self._entries(here.id) if item.mark == wanted), None)

    def redact(self, ticket: TicketRef, comment: CommentId) -> None:
        """Two calls. UnsupportedError: not an entry of ours."""
        if comment == _CONTENT:
            text, path, name = self._show(ticket.ticket).content_mark, f"{TICKETS}/{segment(ticket.ticket)}", "content"
        else:
            path, name = f"{NOTES}/{segment(comment)}", bodies.BODY
            answer = self._api.get(path, {"properties": name})
            with readable():
                text = marked(answer.json.find_text("properties", name) or "")
        if text is None:
            raise UnsupportedError("only entries of ours can be struck out")
        words = f"{bodies.REMOVED} {mark(text, public=True)}"
        self._api.call("PATCH", path, data={"properties": {name: words}})

    def fetch_file(self, attachment: Attachment, *, most_bytes: int) -> MediaFile:
        """Two calls; see `Files.fetch`."""
        return self._files.fetch(attachment, most_bytes=most_bytes)

    # -- what agents did -----------------------------------------------------------------------------------------------

    def fetch_activity(self, ticket: TicketRef, after: Cursor | None) -> TicketActivity:
        """Two calls and one for each hundred notes; one for each agent whose name is not known yet, one for each file.
        HubSpot answers for a merged ticket with the one that it was merged into."""
        place, here = read_place(after), self._show(ticket.ticket)
        listed = self._entries(here.id)
        fresh = [item for item in reading.agents_entries(listed, here, ticket.ticket) if not place.has(item)]
        return TicketActivity(
            ticket=self._ref(here.id),
            status=here.status,
            replies=tuple(self._reply(item, here.id) for item in fresh),
            cursor=place.moved(listed).cursor,
            status_changed_at=here.status_changed_at,
            external_id=here.case,
            url=self.ticket_url(TicketId(here.id)),
        )

    def touched_since(self, cursor: Cursor | None) -> TouchedTickets:
        """One call for a page of a hundred; without a cursor none: from now on."""
        now = self._clock.now()
        state = read_cursor(cursor)
        if state is None:
            return TouchedTickets(hints=(), cursor=write_cursor(touched.beginning(now)))
        is_first, state = state.at is None, touched.FEED.walking(state, now)
        answer = self._api.post(f"{TICKETS}/search", touched.search(state, self._rules.case_property))
        with readable():
            rows = [self._rules.shown(item) for item in answer.json.need("results").items()]
        places = [(touched.FEED.units(row.modified), int(row.id)) for row in rows if row.modified is not None]
        following, more = touched.FEED.after_changes(state, places, now)
        told = touched.hints(touched.untold(rows, state) if is_first else rows)
        return TouchedTickets(hints=told, cursor=write_cursor(following), more=more)

    # -- ourselves -----------------------------------------------------------------------------------------------------

    def probe(self) -> str:
        """Three calls: whether the properties are there and unique, and whether notes can be read. ConfigurationError:
        one is missing."""
        for kind, option in (("tickets", "case_property"), ("contacts", "author_property")):
            name = bodies.option(self._options, option)
            answer = self._api.call("GET", f"/crm/v3/properties/{kind}/{segment(name)}", expect=(404,))
            with readable():
                unique = answer.status != 404 and answer.json.find_bool("hasUniqueValue") is True
            if not unique:
                raise ConfigurationError(f"hubspot: {kind} have no property {name} with unique values: make it")
        answer = self._api.get(NOTES, {"limit": 1})
        with readable():
            list(answer.json.need("results").items())
        return "HubSpot: tickets, contacts and notes can be read"

    # -- parts ---------------------------------------------------------------------------------------------------------

    def _ref(self, ticket: str) -> TicketRef:
        return TicketRef(helpdesk=self._name, ticket=TicketId(ticket))

    def _show(self, ticket: str) -> Shown:
        params = {"properties": self._rules.properties, "propertiesWithHistory": _HISTORY}
        answer = self._api.get(f"{TICKETS}/{segment(ticket)}", params)
        with readable():
            return self._rules.shown(answer.json)

    def _writable(self, ticket: TicketRef) -> Shown:
        """The ticket. TicketMovedError, TicketClosedError (also: deleted)."""
        try:
            here = self._show(ticket.ticket)
        except NotFoundError as gone:
            raise TicketClosedError("the ticket was deleted", remote_code=gone.remote_code) from gone
        if here.id != ticket.ticket:
            raise TicketMovedError(self._ref(here.id))
        if here.status is TicketStatus.CLOSED:
            raise TicketClosedError("the ticket is in a stage that is never left", remote_code="closed")
        return here

    def _change(self, ticket: str, properties: Mapping[str, Any]) -> ApiAnswer:
        return self._api.call("PATCH", f"{TICKETS}/{segment(ticket)}", data={"properties": dict(properties)})

    def _entries(self, ticket: str) -> list[Entry]:
        """A ticket's notes, in no order."""
        ids, found = self._note_ids(ticket), list[Entry]()
        for at in range(0, len(ids), MOST_READ):
            wanted = [{"id": item} for item in ids[at : at + MOST_READ]]
            body = {"inputs": wanted, "properties": list(reading.NOTE_PROPERTIES), "propertiesWithHistory": []}
            answer = self._api.post(f"{NOTES}/batch/read", body)
            with readable():
                found += [self._rules.entry(item) for item in answer.json.need("results").items()]
        return found

    def _note_ids(self, ticket: str) -> list[str]:
        ids, following = dict[str, None](), None
        for _ in range(MOST_NOTE_PAGES):
            params = {"limit": 500, "after": following}
            answer = self._api.get(f"/crm/v4/objects/tickets/{segment(ticket)}/associations/notes", params)
            with readable():
                ids |= dict.fromkeys(reading.associated(answer.json))
                following = answer.json.find_text("paging", "next", "after")
            if not following:
                break
        return list(ids)

    def _reply(self, entry: Entry, ticket: str) -> AgentReply:
        public = entry.visibility is Visibility.PUBLIC
        return AgentReply(
            key=CommentId(entry.id),
            ticket=self._ref(ticket),
            agent=Agent(id=entry.user, name=self._agent(entry.user) if entry.user else None),
            visibility=entry.visibility,
            written_at=entry.at,
            html=entry.words,
            attachments=tuple(map(self._files.shown, entry.files)) if public else (),
        )

    def _agent(self, user: str) -> str | None:
        if user not in self._agents:
            answer = self._api.call(
                "GET", f"/crm/v3/owners/{segment(user)}", params={"idProperty": "userId"}, expect=(404,)
            )
            with readable():
                names = () if answer.status == 404 else map(answer.json.find_text, ("firstName", "lastName"))
                self._agents[user] = " ".join(filter(None, names)) or None
        return self._agents[user]
