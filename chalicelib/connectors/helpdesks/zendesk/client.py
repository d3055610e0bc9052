"""Zendesk's API: people, tickets, comments, and what agents did."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from chalicelib.connectors.helpdesks.zendesk import bodies, files, reading, removal
from chalicelib.connectors.helpdesks.zendesk.access import api_client, login_name, site, too_many
from chalicelib.connectors.helpdesks.zendesk.export import touched_tickets
from chalicelib.connectors.helpdesks.zendesk.notices import Notices
from chalicelib.connectors.helpdesks.zendesk.reading import Entry, Shown, Talk
from chalicelib.connectors.helpdesks.zendesk.tickets import TicketReader
from chalicelib.connectors.toolkit.api import ApiAnswer, segment
from chalicelib.connectors.toolkit.asking import readable
from chalicelib.core.errors import (
    ConflictError,
    CredentialsError,
    NotFoundError,
    OutcomeUnknownError,
    PayloadError,
    PermanentError,
    RateLimitedError,
    RejectedError,
    TicketClosedError,
    TicketMovedError,
)
from chalicelib.core.events import Attachment
from chalicelib.core.ids import CaseId, CommentId, Cursor, PersonId, PersonRef, TicketId, TicketRef
from chalicelib.core.media import MediaFile
from chalicelib.core.people import Author, Contact
from chalicelib.core.ticket import AgentReply, Comment, TicketActivity, TicketDraft, TicketStatus
from chalicelib.ports.helpdesk import HelpdeskContext, TouchedTickets
from chalicelib.ports.services import Session

MOST_MERGES = 5
"""How often a ticket may have been merged onwards before we stop following."""


class Client:
    """One Zendesk account. No call is made before a method is called."""

    def __init__(self, context: HelpdeskContext) -> None:
        self._context = context
        self._name = context.connection.name
        self._options = context.connection.options
        self._api = api_client(context)
        self._reader = TicketReader(self._api)
        self._notices = Notices(self._api, self._options)
        self._own_id: str | None = self._options.get("integration_user_id", "").strip() or None

    # -- people --------------------------------------------------------------------------------------------------------

    def ensure_person(self, author: Author, contact: Contact | None) -> PersonRef:
        """One call; see `HelpdeskClient`. With the option ``copy_email``, one more for somebody without an address: the
        person with a contact's address is another one than the person without, so that a link can be undone."""
        email = contact.emails[0] if contact and contact.emails and self._copies_email else None
        key = bodies.person_key(author.key, contact if email else None)
        try:
            answer = self._api.post("/users/create_or_update", bodies.person(author, key), idempotent=True)
        except (RejectedError, RateLimitedError):
            # lost a race, or changed more than five times in a minute: then the person is there
            found = self._find_person(key)
            if found is None:
                raise
            return found
        with readable():
            user = answer.json.need("user")
            person = self._person(user.need_id("id"))
            has_email = user.has("email")
        if email is not None and not has_email:
            self._add_email(person, email)
        return person

    @property
    def _copies_email(self) -> bool:
        return _is_true(self._options.get("copy_email"))

    def _find_person(self, key: str) -> PersonRef | None:
        answer = self._api.get("/users/search", {"external_id": key})
        with readable():
            for user in answer.json.items("users"):
                if (user.find_text("external_id") or "").lower() == key:
                    return self._person(user.need_id("id"))
        return None

    def _add_email(self, person: PersonRef, email: str) -> None:
        """Somebody else may have the address: then it stays theirs, and agents may merge the two people."""
        identity = {"identity": {"type": "email", "value": email, "skip_verify_email": True}}
        try:
            self._api.post(f"/users/{segment(person.person)}/identities", identity, idempotent=True)
        except RejectedError:
            return

    def erase_person(self, person: PersonRef) -> str:
        """Three calls, one for each ticket of theirs, and some more for somebody with open tickets; see
        `removal.erase_person`."""
        return removal.erase_person(self._api, person)

    def _person(self, user: str) -> PersonRef:
        return PersonRef(helpdesk=self._name, person=PersonId(user))

    # -- tickets -------------------------------------------------------------------------------------------------------

    def create_ticket(self, draft: TicketDraft) -> TicketRef:
        """One call, one more for each file; see `HelpdeskClient`. TicketClosedError: ``follow_up_of`` can't be followed
        up."""
        headers = {"idempotency-key": bodies.creation_key(draft)}
        data = bodies.ticket(draft, self._options, files.upload(self._api, draft.comment))
        try:
            answer = self._api.post("/tickets", data, idempotent=True, headers=headers)
        except RejectedError as refused:
            return self._already_created(draft, refused)
        with readable():
            return self._ref(answer.json.need_id("ticket", "id"))

    def _already_created(self, draft: TicketDraft, refused: RejectedError) -> TicketRef:
        if refused.remote_code == "IdempotentRequestError":
            found = self.find_ticket(draft.external_id)
            if found is None:
                raise ConflictError("another creation with this key is under way") from refused
            return found
        if draft.follow_up_of is not None and "via_followup" in (refused.remote_code or ""):
            raise TicketClosedError("can't be followed up", remote_code=refused.remote_code) from refused
        raise refused

    def find_ticket(self, external_id: CaseId) -> TicketRef | None:
        """One call; see `HelpdeskClient`."""
        answer = self._api.get("/tickets", {"external_id": external_id})
        with readable():
            tickets = [reading.shown_ticket(item) for item in answer.json.items("tickets")]
        ids = [item.id for item in tickets if item.external_id == external_id]
        return self._ref(min(ids, key=lambda item: (len(item), item))) if ids else None

    def ticket_url(self, ticket: TicketId) -> str:
        """The agents' page of a ticket."""
        return f"{site(self._options)}/agent/tickets/{segment(ticket)}"

    def set_requester(self, ticket: TicketRef, person: PersonRef) -> None:
        """One call, one more for a ticket that takes no more changes; see `ChangesRequester`."""
        path = f"/tickets/{segment(ticket.ticket)}"
        try:
            self._api.call("PUT", path, data=bodies.requester(person), idempotent=True)
        except NotFoundError as gone:
            raise TicketClosedError("the ticket was deleted", remote_code=gone.remote_code) from gone
        except RejectedError as refused:
            if self._reader.show(ticket.ticket).status is TicketStatus.CLOSED:
                raise TicketClosedError("the ticket is closed", remote_code=refused.remote_code) from refused
            raise

    def _ref(self, ticket: str) -> TicketRef:
        return TicketRef(helpdesk=self._name, ticket=TicketId(ticket))

    # -- comments ------------------------------------------------------------------------------------------------------

    def add_comment(self, ticket: TicketRef, comment: Comment) -> CommentId:
        """One call, one more for each file, two or three more for a ticket that takes no more comments; see
        `HelpdeskClient`."""
        try:
            return self._update(ticket, comment)
        except NotFoundError as gone:
            raise TicketClosedError("the ticket was deleted", remote_code=gone.remote_code) from gone
        except RejectedError as refused:
            return self._after_refusal(ticket, comment, refused)

    def _update(self, ticket: TicketRef, comment: Comment) -> CommentId:
        path = f"/tickets/{segment(ticket.ticket)}"
        data = bodies.update(comment, comment.author, files.upload(self._api, comment))
        answer = self._api.call("PUT", path, data=data, expect=(429,))
        if answer.status == 429:
            raise too_many(answer, self._context.clock)
        return _written(answer) or self._look_for(ticket, comment)

    def _look_for(self, ticket: TicketRef, comment: Comment) -> CommentId:
        found = self.find_comment(ticket, comment.external_id)
        if found is None:
            raise OutcomeUnknownError("the answer names no comment", advice="Look at the ticket before writing again.")
        return found

    def _after_refusal(self, ticket: TicketRef, comment: Comment, refused: RejectedError) -> CommentId:
        """Why was it refused? The description is localised, so the ticket is asked."""
        shown = self._reader.show(ticket.ticket)
        if shown.is_merged or shown.status is TicketStatus.CLOSED:
            self._raise_closed(shown, refused)
        requester = self._person(shown.requester) if shown.requester else None
        if comment.author is None or requester is None or requester == comment.author:
            raise refused
        # agents merge people: the author whom we remember may be gone, and live on as the requester
        return self._update(ticket, replace(comment, author=requester))

    def _raise_closed(self, shown: Shown, refused: RejectedError) -> None:
        if shown.is_merged:
            talk = self._reader.talk(shown.id, after=0, pages=1)
            survivor = self._reader.survivor(shown.id, talk)
            if survivor is not None:
                raise TicketMovedError(self._ref(survivor)) from refused
        raise TicketClosedError("the ticket is closed", remote_code=refused.remote_code) from refused

    def find_comment(self, ticket: TicketRef, external_id: str) -> CommentId | None:
        """One call for each 100 comments; see `HelpdeskClient`."""
        return self._reader.find_mark(ticket.ticket, bodies.mark(external_id))

    def redact(self, ticket: TicketRef, comment: CommentId) -> None:
        """Two calls and more; see `removal.redact`."""
        removal.redact(self._api, self._reader, ticket.ticket, comment)

    def fetch_file(self, attachment: Attachment, *, most_bytes: int) -> MediaFile:
        """One call, one more where Zendesk sends us on to its file host; see `FetchesFiles`."""
        return files.fetch(self._context, attachment, most_bytes)

    # -- what agents did -----------------------------------------------------------------------------------------------

    def fetch_activity(self, ticket: TicketRef, after: Cursor | None) -> TicketActivity:
        """Two calls; two more for each merge that the ticket went through; see `HelpdeskClient`.

        Of a merged ticket: its own entries, then the survivor's that are younger than the merge, with the survivor's
        status. ``external_id`` is the one of the ticket that was asked for.
        """
        newest = reading.number_after(after)
        asked = shown = self._reader.show(ticket.ticket)
        replies: list[AgentReply] = []
        for _ in range(MOST_MERGES):
            talk = self._reader.talk(shown.id, newest)
            replies += self._replies(shown, talk, newest)
            newest = max(newest, talk.newest)
            survivor = self._reader.survivor(shown.id, talk) if shown.is_merged else None
            if survivor is None or survivor == asked.id:
                break
            shown = self._reader.show(survivor)
            self._take_over(shown)
        return TicketActivity(
            ticket=self._ref(shown.id),
            status=shown.status,
            replies=tuple(replies),
            cursor=Cursor(str(newest)),
            status_changed_at=shown.status_changed_at,
            external_id=asked.case,
            url=self.ticket_url(TicketId(shown.id)),
        )

    def _replies(self, shown: Shown, talk: Talk, after: int) -> list[AgentReply]:
        """Agents' entries that are neither Careloop's nor the requester's, oldest first."""
        fresh = [entry for entry in talk.entries if entry.number > after and not entry.mark]
        by_staff = [entry for entry in fresh if entry.author in talk.staff and entry.author != shown.requester]
        if not by_staff:
            return []
        own = self._own_user()
        kept = sorted((entry for entry in by_staff if entry.author != own), key=lambda entry: entry.number)
        return [self._reply(shown, talk, entry) for entry in kept]

    def _reply(self, shown: Shown, talk: Talk, entry: Entry) -> AgentReply:
        return AgentReply(
            key=entry.key,
            ticket=self._ref(shown.id),
            agent=talk.staff[entry.author or ""],
            visibility=entry.visibility,
            written_at=entry.written_at,
            text=entry.text,
            html=entry.html,
            attachments=entry.attachments,
        )

    def _take_over(self, survivor: Shown) -> None:
        """Tag a survivor that is not one of ours, so that trigger and polling tell us of it from now on."""
        tag = bodies.own_tag(self._options)
        if tag in survivor.tags or survivor.is_merged or survivor.status is TicketStatus.CLOSED:
            return
        path = f"/tickets/{segment(survivor.id)}/tags"
        try:
            self._api.call("PUT", path, data={"tags": [tag]}, idempotent=True)
        except PermanentError:
            return  # without the tag, its replies are noticed later, when the customer writes

    def touched_since(self, cursor: Cursor | None) -> TouchedTickets:
        """One call for each 500 tickets that changed; see `HelpdeskClient`. Only tickets that bear our tag or a case's
        external id."""
        return touched_tickets(self._api, self._context.clock.now(), cursor, bodies.own_tag(self._options))

    # -- ourselves -----------------------------------------------------------------------------------------------------

    def _own_user(self) -> str:
        """The user that these credentials belong to: from the option, else remembered, else asked for once."""
        if self._own_id is None:
            name = login_name(self._context)
            session = self._context.sessions.find_session(name)
            self._own_id = session.values.get("user_id") if session else None
            if not self._own_id:
                self._own_id, _ = self._me()
                self._remember(name, Session(values={"user_id": self._own_id}), session)
        return self._own_id

    def _remember(self, name: str, session: Session, before: Session | None) -> None:
        try:
            self._context.sessions.save_session(name, session, expected_version=before.version if before else None)
        except ConflictError:
            return  # another worker asked at the same time and stored the same

    def _me(self) -> tuple[str, str]:
        answer = self._api.get("/users/me")
        with readable():
            user = answer.json.need("user")
            found, role = user.find_id("id"), user.find_text("role") or ""
        if found is None or role not in reading.STAFF:
            raise CredentialsError(
                "these credentials are no agent's",
                advice="Store the e-mail address and API token of a Zendesk agent, best one of its own for Careloop.",
            )
        return found, role

    def missing_subscriptions(self) -> Sequence[str]:
        """Webhook and trigger that the options name; see `Notices.missing`."""
        return self._notices.missing()

    def subscribe(self) -> None:
        """Switch webhook and trigger on again."""
        self._notices.mend()

    def probe(self) -> str:
        """One call; see `ProbesHelpdesk`."""
        user, role = self._me()
        polling = "" if role == "admin" else "; not an admin: polling (incremental export) will be refused"
        return f"signed in to {site(self._options)} as {role} {user}{polling}"


def _is_true(option: str | None) -> bool:
    return (option or "").strip().lower() == "true"


def _written(answer: ApiAnswer) -> CommentId | None:
    try:
        return reading.comment_of_audit(answer.json.need("audit").value)
    except PayloadError:
        return None
