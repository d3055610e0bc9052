"""RT's REST2: people, tickets, entries, and what agents did."""

from __future__ import annotations

import re

from chalicelib.connectors.helpdesks.rt import bodies, reading
from chalicelib.connectors.helpdesks.rt.access import OwnUser, api_client, option_list, queue, site
from chalicelib.connectors.helpdesks.rt.reading import Row, Shown
from chalicelib.connectors.helpdesks.rt.tickets import TicketReader
from chalicelib.connectors.helpdesks.rt.touched import touched_tickets
from chalicelib.connectors.toolkit.api import require_field, segment
from chalicelib.connectors.toolkit.asking import readable
from chalicelib.connectors.toolkit.media import safe_name
from chalicelib.connectors.toolkit.window import read_window
from chalicelib.core.errors import (
    ConfigurationError,
    CredentialsError,
    NotFoundError,
    OutcomeUnknownError,
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

_TRANSACTION = re.compile(r"/transaction/([0-9]{1,18})/?\Z")
_NEVER = 10**18
_RIGHTS = {"correspond": "ReplyToTicket", "comment": "CommentOnTicket"}


class Client:
    """One RT. No call is made before a method is called; calls go one after the other, which is kind to RT."""

    def __init__(self, context: HelpdeskContext) -> None:
        self._context = context
        self._name = context.connection.name
        self._options = context.connection.options
        self._api = api_client(context)
        self._reader = TicketReader(self._api, self._options)
        self._own = OwnUser(context, self._api)

    # -- people --------------------------------------------------------------------------------------------------------

    def ensure_person(self, author: Author, contact: Contact | None) -> PersonRef:
        """One call for somebody new, two for somebody known, with a contact's address up to four; see `HelpdeskClient`.
        The person's id is RT's user name, which is unique: whoever comes second is refused and finds what the first
        made. The person with a contact's address is another one than the person without, so that a link can be
        undone; an address that somebody else has stays theirs, and the person is the one without."""
        if contact and contact.emails and self._options.get("copy_email") == "true":
            name = bodies.user_name(author.key, contact)
            try:
                return self._create_person(author, name, contact.emails[0])
            except RejectedError:
                if self._is_user(name):
                    return self._person(name)
        return self._plain_person(author)

    def _plain_person(self, author: Author) -> PersonRef:
        name = bodies.user_name(author.key)
        try:
            return self._create_person(author, name, self._made_up(name))
        except RejectedError as refused:
            if self._is_user(name):
                return self._person(name)
            raise CredentialsError(
                "HTTP 400",
                advice="RT refused to create a requestor: its user for Careloop needs the right AdminUsers.",
                remote_code=refused.remote_code,
            ) from refused

    def _create_person(self, author: Author, name: str, email: str | None) -> PersonRef:
        answer = self._api.post("/user", bodies.person(author, name, email), idempotent=True)
        with readable():
            return self._person(answer.json.need_id("id"))

    def _is_user(self, name: str) -> bool:
        try:
            answer = self._api.get(f"/user/{segment(name)}")
        except NotFoundError:
            return False
        with readable():
            return answer.json.need_id("Name").lower() == name

    def erase_person(self, person: PersonRef) -> str:
        """At most three calls; see `ErasesPeople`. RT answers 200 whatever came of it, so the user is looked at
        again."""
        held = (
            "RT still holds the tickets with names, words and files, and the user's history: rt-shredder removes them."
        )
        path = f"/user/{segment(person.person)}"
        try:
            with readable():
                number = self._api.get(path).json.need_id("id")
        except NotFoundError:
            return f"RT has no user {person.person} any more. {held}"
        path = f"/user/{segment(number)}"
        data = bodies.nobody(number)
        self._api.call("PUT", path, data=data, idempotent=True)
        with readable():
            name = self._api.get(path).json.find_text("Name")
        if name != data["Name"]:
            raise CredentialsError(
                "the user did not change",
                advice="RT's user for Careloop lacks the right AdminUsers.",
                remote_code="200",
            )
        return f"User {number} was made anonymous and disabled. {held}"

    def _made_up(self, name: str) -> str | None:
        domain = self._options.get("email_domain", "").strip().lstrip("@")
        return f"{name}@{domain}" if domain else None

    def _person(self, name: str) -> PersonRef:
        return PersonRef(helpdesk=self._name, person=PersonId(name))

    # -- tickets -------------------------------------------------------------------------------------------------------

    def create_ticket(self, draft: TicketDraft) -> TicketRef:
        """One call; see `HelpdeskClient`. RT has no idempotency key: after an unknown outcome `find_ticket` tells."""
        try:
            answer = self._api.post("/ticket", bodies.ticket(draft, self._options))
        except CredentialsError as error:
            if error.remote_code != "403":
                raise
            raise CredentialsError(
                "HTTP 403",
                advice="RT has no such queue, or its user for Careloop lacks the right CreateTicket there.",
                remote_code="403",
            ) from error
        return self._ref(require_field(answer, "id"))

    def find_ticket(self, external_id: CaseId) -> TicketRef | None:
        """One call; see `HelpdeskClient`."""
        found = self._reader.find_case(external_id)
        return self._ref(found[0]) if found else None

    def ticket_url(self, ticket: TicketId) -> str:
        """The agents' page of a ticket."""
        return f"{site(self._options)}/Ticket/Display.html?id={segment(ticket)}"

    def set_requester(self, ticket: TicketRef, person: PersonRef) -> None:
        """One call when nothing has to change, else three; see `ChangesRequester`. RT answers 200 whatever came of it,
        so the ticket is looked at again."""
        shown = self._open_ticket(ticket)
        wanted = frozenset({person.person.lower()})
        if shown.requestors == wanted:
            return
        self._api.call("PUT", f"/ticket/{segment(shown.id)}", data=bodies.requestor(person), idempotent=True)
        if self._reader.show(shown.id).requestors != wanted:
            raise CredentialsError(
                "the requestor did not change",
                advice="RT's user for Careloop lacks the right ModifyTicket, or the person is gone.",
            )

    def _ref(self, ticket: str) -> TicketRef:
        return TicketRef(helpdesk=self._name, ticket=TicketId(ticket))

    # -- entries -------------------------------------------------------------------------------------------------------

    def add_comment(self, ticket: TicketRef, comment: Comment) -> CommentId:
        """Two calls; see `HelpdeskClient`. The ticket is looked at first: RT itself would write to a deleted one, and
        to the survivor of a merge without a word."""
        shown = self._open_ticket(ticket)
        kind = "correspond" if bodies.is_public(comment.visibility) else "comment"
        reopening = comment.reopen and shown.status is not TicketStatus.OPEN
        body = bodies.entry(comment, self._options, reopening=reopening)
        try:
            answer = self._api.post(f"/ticket/{segment(shown.id)}/{kind}", body)
        except RejectedError as refused:
            if kind in shown.allows:
                raise
            raise CredentialsError(
                "HTTP 400", advice=f"RT's user for Careloop lacks the right {_RIGHTS[kind]}.", remote_code="400"
            ) from refused
        found = _TRANSACTION.search(answer.headers.get("location", ""))
        if found is None:
            raise OutcomeUnknownError("2xx without a transaction", advice="Look at the ticket before writing again.")
        return CommentId(found[1])

    def _open_ticket(self, ticket: TicketRef) -> Shown:
        try:
            shown = self._reader.show(ticket.ticket)
        except NotFoundError as gone:
            raise TicketClosedError("there is no such ticket", remote_code=gone.remote_code) from gone
        if shown.id != ticket.ticket:
            raise TicketMovedError(self._ref(shown.id))
        if shown.status is TicketStatus.CLOSED:
            raise TicketClosedError("the ticket is deleted or closed for good")
        return shown

    def find_comment(self, ticket: TicketRef, external_id: str) -> CommentId | None:
        """One call when the entry is there; else one more for each 100 parts of the ticket's messages; see
        `HelpdeskClient`."""
        found = self._reader.find_mark(ticket.ticket, bodies.mark(external_id))
        return CommentId(found) if found else None

    def fetch_file(self, attachment: Attachment, *, most_bytes: int) -> MediaFile:
        """One call; see `FetchesFiles`. RT's answer is a third larger than the file."""
        if not attachment.remote_id:
            raise UnsupportedError("not an attachment of RT")
        path = f"/attachment/{segment(attachment.remote_id)}"
        answer = self._api.get(path, most_bytes=most_bytes * 3 // 2 + 100_000)
        with readable():
            content = reading.file_content(answer.json)
        if len(content) > most_bytes:
            raise UnsupportedError(f"larger than {most_bytes} bytes")
        media_type = attachment.media_type or "application/octet-stream"
        name = safe_name(attachment.title, "", media_type)
        return MediaFile(name=name, media_type=media_type, content=content, source=attachment.remote_id)

    # -- what agents did -----------------------------------------------------------------------------------------------

    def fetch_activity(self, ticket: TicketRef, after: Cursor | None) -> TicketActivity:
        """Two calls, one more after a merge, and two for each entry of an agent; see `HelpdeskClient`."""
        window = read_window(after)
        shown = self._reader.show(ticket.ticket)
        rows = self._reader.history(shown.id, window.after)
        since = {shown.id: 0}
        if shown.id != ticket.ticket:
            since = reading.story(ticket.ticket, shown.id, self._reader.merges(shown.id))
        ours = [row for row in rows if row.id > since.get(row.ticket, _NEVER)]
        fresh = [row for row in ours if not window.has(row.id)]
        changed = [row.at for row in fresh if row.type == "Status"]
        return TicketActivity(
            ticket=self._ref(shown.id),
            status=shown.status,
            replies=tuple(self._replies(shown, fresh)),
            cursor=window.moved((row.id, row.at) for row in rows).cursor,
            status_changed_at=max(changed, default=None),
            external_id=shown.case,
            url=self.ticket_url(TicketId(shown.id)),
        )

    def _replies(self, shown: Shown, rows: list[Row]) -> list[AgentReply]:
        """Entries of agents: not marked as ours, not by our user, not by a requestor, but by a privileged user."""
        found = []
        for row in rows:
            if not row.is_entry or row.is_marked or not row.creator:
                continue
            if row.creator == self._own.name() or row.creator in shown.requestors:
                continue
            agent = self._reader.find_agent(row.creator)
            if agent is not None:
                found.append(self._reply(row, agent))
        return found

    def _reply(self, row: Row, agent: Agent) -> AgentReply:
        parts = self._reader.parts(row.id)
        chosen = reading.text_part(parts)
        words = self._reader.text(chosen) if chosen else ""
        is_html = chosen is not None and chosen.media_type == "text/html"
        return AgentReply(
            key=CommentId(str(row.id)),
            ticket=self._ref(row.ticket),
            agent=agent,
            visibility=row.visibility,
            written_at=row.at,
            text="" if is_html else words,
            html=words if is_html else "",
            attachments=reading.files(parts, f"{site(self._options)}/Ticket/Attachment/{row.id}"),
        )

    def touched_since(self, cursor: Cursor | None) -> TouchedTickets:
        """One call; see `HelpdeskClient`."""
        queues = option_list(self._options, "queues") or (queue(self._options),)
        return touched_tickets(self._reader, queues, self._own.name, self._context.clock.now(), cursor)

    # -- ourselves -----------------------------------------------------------------------------------------------------

    def probe(self) -> str:
        """Three calls; see `ProbesHelpdesk`."""
        name = queue(self._options)
        version = self._api.get("/rt")
        shown = self._api.get(f"/queue/{segment(name)}")
        with readable():
            data = shown.json
            fields = {
                item.find_text("name")
                for kind in ("Ticket", "TicketTransaction")
                for item in data.items(f"{kind}CustomFields")
            }
            can_create = any(item.find_text("ref") == "create" for item in data.items("_hyperlinks"))
            release = version.json.find_text("Version") or "of unknown version"
        if not can_create:
            raise CredentialsError(
                "no right to create", advice=f"RT's user for Careloop lacks the right CreateTicket in queue {name}."
            )
        wanted = filter(None, (bodies.case_field(self._options), bodies.message_field(self._options)))
        missing = [item for item in wanted if item not in fields]
        if missing:
            raise ConfigurationError(f"rt: queue {name} has no custom field {', '.join(missing)} that we may see")
        return f"RT {release}, queue {name}, as user {self._own.name()}"
