"""What the stages share: one piece of work with its runtime, and guarded changes that survive a lost race."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from chalicelib.core import compose
from chalicelib.core.account import Account
from chalicelib.core.case import Case, Conversation, MessageRecord
from chalicelib.core.disposition import Claim, ClaimState, Disposition, Outcome
from chalicelib.core.errors import ConflictError, NotFoundError, TicketClosedError, TicketMovedError
from chalicelib.core.events import Envelope, InboundMessage, Surface, Visibility
from chalicelib.core.ids import (
    AuthorKey,
    CaseId,
    CommentId,
    ConversationKey,
    MessageId,
    PersonRef,
    TicketRef,
    digest,
)
from chalicelib.core.people import Author
from chalicelib.core.ticket import Comment
from chalicelib.ports.helpdesk import HelpdeskClient
from chalicelib.ports.runtime import Runtime
from chalicelib.ports.spec import PlatformSpec
from chalicelib.ports.stores import CompleteEvent, SaveCase, Write

RACES = 4
"""How often a guarded change is tried again on a fresh read before the event goes back to the queue."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """One claimed event."""

    runtime: Runtime
    envelope: Envelope
    account: Account
    spec: PlatformSpec
    claim: Claim
    known: MessageRecord | None = None
    """What was known of the message when the work began."""

    @property
    def resumed(self) -> bool:
        """An earlier attempt may have done part of the work: look before repeating."""
        return self.claim.state is ClaimState.RESUMED

    def complete(self, disposition: Disposition) -> CompleteEvent:
        """The write that gives the event its disposition."""
        return CompleteEvent(
            key=self.envelope.key, owner=self.claim.owner, disposition=disposition, at=self.runtime.clock.now()
        )

    def finish(self, outcome: Outcome, reason: str = "", *writes: Write, case: Case | None = None) -> Disposition:
        """Complete without a change of a case."""
        disposition = Disposition(
            outcome=outcome, reason=reason, case=case.id if case else None, ticket=case.ticket if case else None
        )
        self.runtime.stores.transactions.commit(self.complete(disposition), *writes)
        return disposition


def save_case(
    runtime: Runtime,
    case: Case,
    change: Callable[[Case], Case],
    more: Callable[[Case], tuple[Write, ...]],
    *,
    takes_over: bool = False,
) -> Case:
    """Commit ``change(case)`` with the writes ``more`` names; when somebody else changed the case meanwhile, the change
    is made again on what they left. Raises ConflictError after `RACES` lost races, when another condition fails, or
    when another case took over meanwhile."""
    for attempt in range(RACES):
        changed = change(case)
        try:
            runtime.stores.transactions.commit(SaveCase(case=changed, takes_over=takes_over), *more(changed))
        except ConflictError:
            fresh = _reload(runtime, case.id)
            if fresh is None or fresh.version == case.version or attempt == RACES - 1:
                raise
            if fresh.merged_into != case.merged_into:
                raise
            case = fresh
        else:
            return replace(changed, version=changed.version + 1)
    raise ConflictError("case changed too often")


def living_case(runtime: Runtime, case: CaseId) -> Case:
    """The case, or the one that took over when tickets were merged. Raises NotFoundError."""
    found = runtime.stores.cases.get_case(case)
    while found.merged_into is not None:
        found = runtime.stores.cases.get_case(found.merged_into)
    return found


def private_conversation(case: Case, opened: ConversationKey, message: MessageId) -> Conversation:
    """The conversation that a private reply of `case` opens, with the customer whom it answers. ``message``: the
    latest there that is known."""
    before = case.latest
    author = Author(
        key=AuthorKey(platform=opened.thread.account.platform, author=opened.author),
        handle=before.author.handle,
        display_name=before.author.display_name,
    )
    return Conversation(
        key=opened,
        author=author,
        visibility=Visibility.PRIVATE,
        surface=Surface.DM,
        last_message=message,
        last_message_at=before.last_message_at,
        same_as=before.author.key,
    )


def join_conversation(runtime: Runtime, case: Case, joined: Conversation, writes: tuple[Write, ...]) -> Case:
    """`case` with one more conversation, saved together with `writes`. Raises ConflictError when it belongs to another
    case, or one of the writes fails."""

    def change(fresh: Case) -> Case:
        if fresh.conversation(joined.key) is not None:
            return fresh
        return replace(fresh, conversations=(*fresh.conversations, joined))

    return save_case(runtime, case, change, lambda saved: writes)


def _reload(runtime: Runtime, case: CaseId) -> Case | None:
    try:
        return runtime.stores.cases.get_case(case)
    except NotFoundError:
        return None


def entry_id(*parts: str) -> str:
    """The external id of a ticket entry: short, stable over retries."""
    return digest(*parts, length=26)


def write_entry(
    client: HelpdeskClient,
    ticket: TicketRef,
    comment: Comment,
    *,
    look_first: bool,
    prepare: Callable[[Comment], Comment] | None = None,
) -> tuple[TicketRef, CommentId]:
    """Write `comment` once, at the survivor where the ticket was merged. Returns where it stands now. ``prepare``: what
    is done to it only when it is really to be written (its files are fetched)."""
    for _ in range(3):
        try:
            if look_first:
                found = client.find_comment(ticket, comment.external_id)
                if found is not None:
                    return ticket, found
            if prepare is not None:
                comment, prepare = prepare(comment), None
            return ticket, client.add_comment(ticket, comment)
        except TicketMovedError as moved:
            ticket = moved.survivor
            look_first = True
    raise ConflictError("ticket merged again and again")


def note(body: str, external_id: str) -> Comment:
    """An internal note by Careloop."""
    return Comment(body=body, visibility=Visibility.INTERNAL, external_id=external_id)


def tell_ticket(runtime: Runtime, case: Case, comment: Comment, *, look_first: bool) -> bool:
    """Write something that the ticket should know, if there is one that can still be written to. A closed or vanished
    ticket can't be told (False); the ledger and the case still know."""
    if case.ticket is None:
        return False
    try:
        write_entry(runtime.connectors.helpdesk(case.helpdesk), case.ticket, comment, look_first=look_first)
    except (TicketClosedError, NotFoundError):
        runtime.telemetry.log("ticket", "closed", case=case.id)
        return False
    return True


def customers_entry(
    work: Work, event: InboundMessage, author: Author, person: PersonRef | None, *, reopen: bool
) -> Comment:
    """A customer's message as an entry of the ticket."""
    return Comment(
        body=compose.message_body(event, received_at=work.envelope.received_at),
        visibility=Visibility.PUBLIC,
        external_id=entry_id(work.envelope.key),
        author=person,
        author_label=author.label,
        attachments=event.attachments,
        source_url=event.permalink,
        reopen=reopen,
    )
