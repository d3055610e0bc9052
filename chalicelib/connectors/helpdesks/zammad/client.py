"""Zammad's API: people, tickets, articles, and what agents did."""

from __future__ import annotations

from collections.abc import Sequence

from chalicelib.connectors.helpdesks.zammad import bodies, touched
from chalicelib.connectors.helpdesks.zammad.access import API, OwnUser, api_client, group, site
from chalicelib.connectors.helpdesks.zammad.people import People
from chalicelib.connectors.helpdesks.zammad.reading import Article, Merge, Shown, article
from chalicelib.connectors.helpdesks.zammad.tickets import TicketReader
from chalicelib.connectors.toolkit.api import require_field, segment
from chalicelib.connectors.toolkit.asking import readable
from chalicelib.connectors.toolkit.media import safe_name
from chalicelib.connectors.toolkit.window import read_window
from chalicelib.core.errors import (
    ConfigurationError,
    NotFoundError,
    PermanentError,
    RejectedError,
    TicketClosedError,
    TicketMovedError,
    UnavailableError,
    UnsupportedError,
)
from chalicelib.core.events import Attachment
from chalicelib.core.ids import CaseId, CommentId, Cursor, PersonRef, TicketId, TicketRef
from chalicelib.core.media import MediaFile
from chalicelib.core.people import Author, Contact
from chalicelib.core.ticket import AgentReply, Comment, TicketActivity, TicketDraft, TicketStatus
from chalicelib.ports.helpdesk import HelpdeskContext, TouchedTickets

REDACTED = "(removed)"
_NO_CASE = "case-nobodyhasthisone00"


class Client:
    """One Zammad. No call is made before a method is called."""

    def __init__(self, context: HelpdeskContext) -> None:
        self._context = context
        self._name = context.connection.name
        self._options = context.connection.options
        self._api = api_client(context)
        self._reader = TicketReader(self._api, self._options)
        self._own = OwnUser(context, self._api)
        self._people = People(self._api, self._name, self._options)

    # -- people --------------------------------------------------------------------------------------------------------

    def ensure_person(self, author: Author, contact: Contact | None) -> PersonRef:
        """One call for somebody new, two or three for somebody known; see `People.ensure`."""
        return self._people.ensure(author, contact)

    def erase_person(self, person: PersonRef) -> str:
        """One call; see `People.erase`."""
        return self._people.erase(person)

    def set_requester(self, ticket: TicketRef, person: PersonRef) -> None:
        """One call: another customer."""
        data = {"customer_id": bodies.numeric(person.person)}
        try:
            self._api.call("PUT", f"/tickets/{segment(ticket.ticket)}", data=data, idempotent=True)
        except NotFoundError as gone:
            raise TicketClosedError("the ticket was deleted", remote_code=gone.remote_code) from gone

    # -- tickets -------------------------------------------------------------------------------------------------------

    def create_ticket(self, draft: TicketDraft) -> TicketRef:
        """One call; see `HelpdeskClient`. No idempotency key: after an unknown outcome `find_ticket` tells."""
        author = draft.comment.author or draft.requester
        answer = self._api.post("/tickets", bodies.ticket(draft, self._options), headers=self._acting(author))
        return self._ref(require_field(answer, "id"))

    def _acting(self, author: PersonRef | None) -> dict[str, str] | None:
        header = bodies.acting_header(self._options)
        return {header: author.person} if header and author else None

    def find_ticket(self, external_id: CaseId) -> TicketRef | None:
        """One call; see `HelpdeskClient`."""
        found = self._reader.find_case(external_id)
        return self._ref(found) if found else None

    def ticket_url(self, ticket: TicketId) -> str:
        """The agents' page of a ticket."""
        return f"{site(self._options)}/#ticket/zoom/{segment(ticket)}"

    def _ref(self, ticket: str) -> TicketRef:
        return TicketRef(helpdesk=self._name, ticket=TicketId(ticket))

    # -- articles ------------------------------------------------------------------------------------------------------

    def add_comment(self, ticket: TicketRef, comment: Comment) -> CommentId:
        """Two calls, three where the ticket is reopened; see `HelpdeskClient`. State and article go in one call, or an
        agent's trigger would see a customer's message on a closed ticket."""
        shown = self._open_ticket(ticket)
        data = bodies.article(comment, comment.author, self._options)
        headers = self._acting(comment.author if bodies.is_public(comment.visibility) else None)
        if not comment.reopen or shown.status is TicketStatus.OPEN:
            written = {"ticket_id": bodies.numeric(shown.id), **data}
            return CommentId(require_field(self._api.post("/ticket_articles", written, headers=headers), "id"))
        state = self._options.get("open_state", "").strip() or "open"
        path = f"/tickets/{segment(shown.id)}"
        self._api.call("PUT", path, data={"state": state, "article": data}, headers=headers)
        found = self._find_mark(shown.id, comment.external_id)
        if found is None:
            raise UnavailableError("2xx, but there is no such article")
        return found

    def _open_ticket(self, ticket: TicketRef) -> Shown:
        try:
            shown = self._reader.show(ticket.ticket)
            survivor = self._reader.path_from(shown)[-1][0]
        except NotFoundError as gone:
            raise TicketClosedError("there is no such ticket", remote_code=gone.remote_code) from gone
        if survivor.id != shown.id:
            raise TicketMovedError(self._ref(survivor.id))
        if shown.status is TicketStatus.CLOSED:
            raise TicketClosedError("the ticket is closed for good")
        return shown

    def find_comment(self, ticket: TicketRef, external_id: str) -> CommentId | None:
        """Two calls, two more for each merge: a merge moves what was written; see `HelpdeskClient`."""
        survivor = self._reader.path_from(self._reader.show(ticket.ticket))[-1][0]
        return self._find_mark(survivor.id, external_id)

    def _find_mark(self, ticket: str, external_id: str) -> CommentId | None:
        wanted = bodies.mark(external_id)
        return next((item.key for item in self._reader.articles(ticket) if item.subject == wanted), None)

    def redact(self, ticket: TicketRef, comment: CommentId) -> None:
        """Two calls. UnsupportedError: not an article of ours; or its words are struck out, but it has files, which no
        call removes."""
        path = f"/ticket_articles/{segment(comment)}"
        answer = self._api.get(path, {"expand": "true"})
        with readable():
            found = article(answer.json, "")
        if not found.is_ours:
            raise UnsupportedError("not an article of Careloop's")
        self._api.call("PUT", path, data={"body": REDACTED, "content_type": "text/plain"}, idempotent=True)
        if found.attachments:
            raise UnsupportedError("the words are struck out, the files can only be removed by deleting the article")

    def fetch_file(self, attachment: Attachment, *, most_bytes: int) -> MediaFile:
        """One call; see `FetchesFiles`."""
        place = site(self._options) + API
        url = attachment.url or ""
        if not url.startswith(f"{place}/ticket_attachment/") or ".." in url:
            raise UnsupportedError("not an attachment of this Zammad")
        answer = self._api.get(url.removeprefix(place), most_bytes=most_bytes)
        if len(answer.body) > most_bytes:
            raise UnsupportedError(f"larger than {most_bytes} bytes")
        told = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
        media_type = attachment.media_type or told or "application/octet-stream"
        name = safe_name(attachment.title, "", media_type)
        return MediaFile(name=name, media_type=media_type, content=answer.body, source=attachment.remote_id or url)

    # -- what agents did -----------------------------------------------------------------------------------------------

    def fetch_activity(self, ticket: TicketRef, after: Cursor | None) -> TicketActivity:
        """Two calls, one more where an agent wrote, three more for each merge; see `HelpdeskClient`."""
        window = read_window(after)
        asked = self._reader.show(ticket.ticket)
        path = self._reader.path_from(asked)
        shown = path[-1][0]
        rows = self._reader.articles(shown.id)
        fresh = [] if shown.is_merged else self._agents([row for row in rows if not window.has(row.number)])
        if fresh:
            fresh = self._of_story(path, fresh)
        if shown.id != asked.id:
            self._take_over(shown)
        return TicketActivity(
            ticket=self._ref(shown.id),
            status=shown.status,
            replies=tuple(self._reply(shown, row) for row in fresh),
            cursor=window.moved((row.number, row.at) for row in rows).cursor,
            status_changed_at=shown.changed_at,
            external_id=asked.case,
            url=self.ticket_url(TicketId(shown.id)),
        )

    def _agents(self, rows: Sequence[Article]) -> list[Article]:
        """Articles of agents: not marked as ours, not by our user, not the customer's or Zammad's own."""
        theirs = [row for row in rows if row.sender == "Agent" and row.author and not row.is_ours]
        return [row for row in theirs if row.author != self._own.id()] if theirs else []

    def _of_story(self, path: Sequence[tuple[Shown, Merge | None]], rows: Sequence[Article]) -> list[Article]:
        """Those that were written on the ticket that was asked for, and on a survivor after the merge. What a merge
        brought along from elsewhere, and what stood on a survivor before, was said to somebody else. By histories; one
        that tells of no articles leaves the times."""
        found: dict[int, Article] = {}
        since = None
        for shown, merge in path:
            here = merge.articles if merge else self._reader.written_on(shown.id)
            for row in rows:
                is_here = row.number in here or (not here and merge is None)
                if is_here and (since is None or row.at > since):
                    found[row.number] = row
            since = merge.at if merge else since
        return [found[number] for number in sorted(found)]

    def _take_over(self, survivor: Shown) -> None:
        """Tag the survivor, so that polling tells of it from now on."""
        data = {"item": bodies.own_tag(self._options), "object": "Ticket", "o_id": bodies.numeric(survivor.id)}
        try:
            self._api.post("/tags/add", data, idempotent=True)
        except PermanentError:
            return  # without the tag, its replies are noticed later, when the customer writes

    def _reply(self, shown: Shown, row: Article) -> AgentReply:
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
        """One call; see `HelpdeskClient`. Only tickets that bear our tag."""
        after, seen, _ = touched.read(cursor, self._context.clock.now())
        tag = bodies.own_tag(self._options)
        rows = self._reader.search(touched.condition(after, tag), limit=touched.PAGE)
        return touched.touched(rows, after, seen, more=len(rows) >= touched.PAGE)

    # -- ourselves -----------------------------------------------------------------------------------------------------

    def probe(self) -> str:
        """Two calls; see `ProbesHelpdesk`."""
        wanted = group(self._options)
        number, login = self._own.ask()
        try:
            self._reader.find_case(CaseId(_NO_CASE))
        except RejectedError as refused:
            name = bodies.case_field(self._options)
            raise ConfigurationError(f"zammad: tickets have no attribute {name} that can be searched") from refused
        return f"signed in to {site(self._options)} as {login or number}, group {wanted}"
