"""Service Cloud's API: contacts, cases, comments, files, and what agents did."""

from __future__ import annotations

from contextlib import suppress

from chalicelib.connectors._salesforce import soql
from chalicelib.connectors._salesforce.access import Org
from chalicelib.connectors._salesforce.refusals import ids_of
from chalicelib.connectors.helpdesks.salesforce import bodies, reading, touched
from chalicelib.connectors.helpdesks.salesforce.activity import agents_entries
from chalicelib.connectors.helpdesks.salesforce.marks import file_mark, mark, name_of
from chalicelib.connectors.helpdesks.salesforce.people import People
from chalicelib.connectors.helpdesks.salesforce.reading import Entry, Shown
from chalicelib.connectors.helpdesks.salesforce.tickets import CaseReader
from chalicelib.connectors.helpdesks.salesforce.window import read_window
from chalicelib.connectors.toolkit.api import require_field, segment
from chalicelib.connectors.toolkit.asking import readable
from chalicelib.connectors.toolkit.media import media_type_of, safe_name
from chalicelib.core.errors import (
    ConfigurationError,
    NotFoundError,
    OutcomeUnknownError,
    PermanentError,
    TicketClosedError,
    TicketMovedError,
    UnsupportedError,
)
from chalicelib.core.events import Attachment
from chalicelib.core.ids import CaseId, CommentId, Cursor, PersonRef, TicketId, TicketRef
from chalicelib.core.media import MediaFile
from chalicelib.core.people import Author, Contact
from chalicelib.core.ticket import AgentReply, Comment, TicketActivity, TicketDraft, TicketStatus
from chalicelib.ports.helpdesk import HelpdeskContext, TouchedTickets

COMMENTS, VERSIONS = "/sobjects/CaseComment", "/sobjects/ContentVersion"


class Client:
    """One org. No call is made before a method is called."""

    def __init__(self, context: HelpdeskContext) -> None:
        self._context = context
        self._name = context.connection.name
        self._options = context.connection.options
        self._org = Org(context)
        self._field = bodies.case_field(self._options)
        self._reader = CaseReader(self._org, self._options)
        self._people = People(self._org, self._name, self._options)

    # -- people --------------------------------------------------------------------------------------------------------

    def ensure_person(self, author: Author, contact: Contact | None) -> PersonRef:
        """At most two calls; see `People.ensure`."""
        return self._people.ensure(author, contact)

    def erase_person(self, person: PersonRef) -> str:
        """At most two calls; see `People.erase`."""
        return self._people.erase(person)

    def set_requester(self, ticket: TicketRef, person: PersonRef) -> None:
        """One call: another contact."""
        path = f"/sobjects/Case/{segment(ticket.ticket)}"
        try:
            self._org.call("PATCH", path, data={"ContactId": str(person.person)}, idempotent=True)
        except NotFoundError as gone:
            raise TicketClosedError("the case was deleted", remote_code=gone.remote_code) from gone

    # -- cases ---------------------------------------------------------------------------------------------------------

    def create_ticket(self, draft: TicketDraft) -> TicketRef:
        """One call, which repeated gives the same case; with files two, for these would be stored again. The first
        entry is the case's description."""
        data = bodies.case(draft, self._options)
        try:
            return self._upsert(draft, data)
        except NotFoundError:
            if data.pop("ParentId", None) is None:
                raise
            return self._upsert(draft, data)  # the case before was deleted: refused, so nothing was written

    def _upsert(self, draft: TicketDraft, data: bodies.Data) -> TicketRef:
        path = f"/sobjects/Case/{self._field}/{segment(draft.external_id)}"
        headers = {"sforce-auto-assign": "FALSE"} if "OwnerId" in data else {}
        stored = bodies.files(draft.comment)
        if not stored:
            answer = self._org.call("PATCH", path, data=data, headers=headers, idempotent=True)
            return self._ref(require_field(answer, "id"))
        known = self.find_ticket(draft.external_id)
        if known is not None:
            return known
        files = [bodies.file(item, "@{part1.id}", draft.comment.external_id) for item in stored]
        parts = [("PATCH", path, data), *(("POST", VERSIONS, item) for item in files)]
        return self._ref(_made(self._together(parts, headers)[0]))

    def find_ticket(self, external_id: CaseId) -> TicketRef | None:
        """One call; see `HelpdeskClient`."""
        found = self._reader.find_case(external_id)
        return self._ref(found) if found else None

    def ticket_url(self, ticket: TicketId) -> str:
        """The agents' page of a case."""
        return f"{self._org.site}/lightning/r/Case/{segment(ticket)}/view"

    def _ref(self, ticket: str) -> TicketRef:
        return TicketRef(helpdesk=self._name, ticket=TicketId(ticket))

    def _together(self, parts: list[tuple[str, str, bodies.Data]], headers: dict[str, str] | None = None) -> list[str]:
        """Changes in one transaction; the ids that their answers name, "" where there is none."""
        placed = [(method, self._org.root + path, data) for method, path, data in parts]
        answer = self._org.call("POST", "/composite", data=bodies.composite(placed), headers=headers)
        found = ids_of(answer)
        if len(found) != len(parts):
            raise OutcomeUnknownError("2xx without all its parts")
        return found

    # -- entries -------------------------------------------------------------------------------------------------------

    def add_comment(self, ticket: TicketRef, comment: Comment) -> CommentId:
        """Two calls; see `HelpdeskClient`. Status, all parts of a long text and files take effect together."""
        shown = self._open_ticket(ticket)
        texts = [{"ParentId": shown.id, **item} for item in bodies.comments(comment)]
        files = [bodies.file(item, shown.id, comment.external_id) for item in bodies.files(comment)]
        reopens = comment.reopen and shown.status is not TicketStatus.OPEN
        if len(texts) == 1 and not files and not reopens:
            return CommentId(require_field(self._org.call("POST", COMMENTS, data=texts[0]), "id"))
        status = {"Status": bodies.option(self._options, "open_status", "New")}
        first = [("PATCH", f"/sobjects/Case/{segment(shown.id)}", status)] if reopens else []
        parts = [
            *first,
            *(("POST", COMMENTS, item) for item in texts),
            *(("POST", VERSIONS, item) for item in files),
        ]
        return CommentId(_made(self._together(parts)[len(first)]))

    def _open_ticket(self, ticket: TicketRef) -> Shown:
        try:
            shown = self._reader.show(ticket.ticket)
            survivor = self._reader.path_from(shown)[-1]
        except NotFoundError as gone:
            raise TicketClosedError("there is no such case", remote_code=gone.remote_code) from gone
        if survivor.id != shown.id:
            raise TicketMovedError(self._ref(survivor.id))
        if shown.status is TicketStatus.CLOSED:
            raise TicketClosedError("the case is closed for good")
        return shown

    def find_comment(self, ticket: TicketRef, external_id: str) -> CommentId | None:
        """Two calls, one more for each merge, which moves what was written; see `HelpdeskClient`."""
        wanted = name_of(external_id)
        path = self._reader.path_from(self._reader.show(ticket.ticket))
        if path[0].mark == wanted:
            return CommentId(path[0].id)
        found = self._reader.comments(path[-1].id, wanted)
        return found[0].key if found else None

    def redact(self, ticket: TicketRef, comment: CommentId) -> None:
        """Two calls for a case's first entry, three for a comment, one more for each further part and each file."""
        if soql.is_record(comment, reading.CASE_PREFIX):
            shown = self._reader.show(comment)
            name, holder = shown.mark, shown.id
            parts = [(f"/sobjects/Case/{segment(shown.id)}", "Description")]
        else:
            found = self._reader.comment(comment)
            name, holder = (found.mark, found.parent) if found else (None, "")
            whole = self._reader.comments(holder, name) if name else []
            parts = [(f"{COMMENTS}/{segment(item.id)}", "CommentBody") for item in whole]
        if not name:
            raise UnsupportedError("not an entry of Careloop's")
        for path, field in parts:
            data = {field: f"{bodies.REMOVED}\n\n{mark(name)}"}
            self._org.call("PATCH", path, data=data, idempotent=True)
        for document in self._reader.files(holder, file_mark(name)):
            with suppress(NotFoundError):
                self._org.call("DELETE", f"/sobjects/ContentDocument/{segment(document)}", idempotent=True)

    def fetch_file(self, attachment: Attachment, *, most_bytes: int) -> MediaFile:
        """One call; see `FetchesFiles`."""
        version = attachment.remote_id or ""
        if not soql.is_record(version, reading.VERSION_PREFIX):
            raise UnsupportedError("not a file of this org")
        answer = self._org.get(f"{VERSIONS}/{segment(version)}/VersionData", most_bytes=most_bytes)
        if len(answer.body) > most_bytes:
            raise UnsupportedError(f"larger than {most_bytes} bytes")
        media_type = media_type_of(answer.body, answer.headers.get("content-type", ""), attachment.title or "")
        name = safe_name(attachment.title, "", media_type)
        return MediaFile(name=name, media_type=media_type, content=answer.body, source=version)

    # -- what agents did -----------------------------------------------------------------------------------------------

    def fetch_activity(self, ticket: TicketRef, after: Cursor | None) -> TicketActivity:
        """Two calls, one more where posts are read, two more for each merge; see `HelpdeskClient`."""
        window = read_window(after)
        path = self._reader.path_from(self._reader.show(ticket.ticket))
        asked, shown = path[0], path[-1]
        entries = self._reader.entries([item.id for item in path], window.after)
        own = self._org.own_user()
        fresh = [row for row in entries if not window.has(row) and row.is_agents and not row.mark and row.author != own]
        if shown.id != asked.id:
            self._take_over(asked, shown)
        return TicketActivity(
            ticket=self._ref(shown.id),
            status=shown.status,
            replies=tuple(self._reply(shown, row) for row in agents_entries(path, fresh, self._reader.merged_into)),
            cursor=window.moved(entries).cursor,
            status_changed_at=shown.closed_at,
            external_id=asked.case,
            url=self.ticket_url(TicketId(shown.id)),
        )

    def _take_over(self, asked: Shown, survivor: Shown) -> None:
        """Give a survivor without a case of ours a value, so that polling tells of it from now on."""
        if survivor.field:
            return
        path = f"/sobjects/Case/{segment(survivor.id)}"
        try:
            self._org.call("PATCH", path, data={self._field: f"merged-{asked.id}"}, idempotent=True)
        except PermanentError:
            return  # without it, its replies are noticed later, when the customer writes

    def _reply(self, shown: Shown, row: Entry) -> AgentReply:
        return AgentReply(
            key=row.key,
            ticket=self._ref(shown.id),
            agent=row.agent,
            visibility=row.visibility,
            written_at=row.at,
            text="" if row.is_html else row.body,
            html=row.body if row.is_html else "",
            attachments=row.attachments,
        )

    def touched_since(self, cursor: Cursor | None) -> TouchedTickets:
        """Two calls, three where posts are read; see `HelpdeskClient`. Only cases whose field holds something."""
        after, seen = touched.read(cursor, self._context.clock.now())
        posts = bodies.option(self._options, "feed_posts").lower() in ("internal", "public")
        streams = []
        for statement in touched.statements(self._field, after, self._org.own_user(), posts=posts):
            rows = self._org.query(statement, deleted=" FROM Case " in statement)
            with readable():
                streams.append([touched.touch(row, self._field) for row in rows])
        return touched.touched(streams, after, seen)

    # -- ourselves -----------------------------------------------------------------------------------------------------

    def probe(self) -> str:
        """Two calls: whether both fields are there, and ids by which a record can be upserted; see `ProbesHelpdesk`."""
        for entity, field in (("Case", self._field), ("Contact", bodies.author_field(self._options))):
            answer = self._org.get(f"/sobjects/{entity}/describe")
            with readable():
                fields = {item.find_text("name"): item for item in answer.json.need("fields").items()}
                found = fields.get(field)
                good = found is not None and bool(found.find_bool("externalId") and found.find_bool("unique"))
            if not good:
                raise ConfigurationError(
                    f"salesforce: {entity} has no field {field} that we can see, or it is no unique external id"
                )
        return f"signed in to {self._org.site} as {self._org.own_user() or 'an unnamed user'}"


def _made(record: str) -> str:
    if not record:
        raise OutcomeUnknownError("2xx without an id")
    return record
