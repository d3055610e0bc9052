"""Stage: a customer's message -> its case, its ticket."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from chalicelib.core import compose
from chalicelib.core.case import Case, CaseState
from chalicelib.core.disposition import Disposition, Outcome
from chalicelib.core.errors import ConflictError, NotFoundError, TicketClosedError
from chalicelib.core.events import InboundMessage
from chalicelib.core.ids import AuthorKey, PersonRef, TicketRef, case_id
from chalicelib.core.people import Author, ContactMatch, Verdict
from chalicelib.core.placing import Place, conversation_for, conversation_from, joinable, place
from chalicelib.core.who import with_suggested
from chalicelib.pipeline.alarms import notice, of_account
from chalicelib.pipeline.answering import with_answer
from chalicelib.pipeline.bursts import Entered, enter
from chalicelib.pipeline.match import claims_of, identity_of, match_author, match_detail, match_known, said_in
from chalicelib.pipeline.merging import follow_merge
from chalicelib.pipeline.opening import complete_opening
from chalicelib.pipeline.overtaken import find_standing, memory, taken_in, tell_change, was_deleted, was_edited
from chalicelib.pipeline.rematch import asked_for, rematch
from chalicelib.pipeline.striking import kept_until, shown
from chalicelib.pipeline.work import Work, customers_entry, entry_id, note, save_case, write_entry
from chalicelib.pipeline.write_back import crm_due
from chalicelib.ports.identities import KnownAuthor
from chalicelib.ports.platform import FetchesAuthors, FetchesMessages
from chalicelib.ports.stores import OpenCases, RememberIdentity, RememberPerson, SaveCase, Write

OPENING_LEASE = timedelta(seconds=90)
"""Longer than any worker may run on one event."""


def message(work: Work, event: InboundMessage) -> Disposition:
    """Place one message of a customer and write it into a ticket."""
    if event.author is None:
        event = _with_author(work, event)
    snapshot = work.runtime.stores.cases.snapshot(conversation_for(event), event.key)
    known = snapshot.message
    work = replace(work, known=known)
    event = _named(work, event, snapshot.case)
    if (was_deleted(work) or was_edited(work, event)) and not _told_of_change(work, event, snapshot.case):
        if was_deleted(work):
            return work.finish(Outcome.REMOVED_BY_AUTHOR, "deleted before it could be taken in")
        event = replace(event, text=known.edited_text if known and known.edited_text is not None else event.text)
    if known is not None and known.case is not None and known.delivery is None and not work.resumed:
        return work.finish(Outcome.DUPLICATE, "this message stands on the ticket already")
    where = place(snapshot.case, work.envelope.key, event, work.runtime.policy, work.runtime.clock.now())
    if where is Place.WAIT:
        raise ConflictError("the ticket is being created", retry_after=3.0)
    if snapshot.case is None or where is Place.NEW:
        return _new(work, event)
    if _was_left(snapshot.case, event):
        return _apart(work, event, snapshot.case)
    if where is Place.RESUME:
        return _resume(work, event, snapshot.case)
    if where is Place.FOLLOW_UP:
        return _follow_up(work, event, snapshot.case)
    return _append(work, event, snapshot.case)


def _was_left(case: Case, event: InboundMessage) -> bool:
    """The conversation is none of the case's any more: its author goes by another id, and who uses the old one now may
    be somebody else."""
    return case.state is not CaseState.OPENING and case.conversation(conversation_for(event)) is None


def _apart(work: Work, event: InboundMessage, left: Case) -> Disposition:
    """A case of its own, which has nothing to do with the one that was left."""
    author = _author(event)
    match, known = match_known(work.runtime, asked_for(work, event, author, None))
    return _open(work, event, author, match, known, generation=left.generation + 1, follow_up_of=None, among=None)


def _told_of_change(work: Work, event: InboundMessage, case: Case | None) -> bool:
    """Whether the message stands on a ticket, as an earlier attempt wrote it before the change. Its ticket is told."""
    author = _author(event)
    if case is None and work.resumed:
        among = _among(work, match_author(work.runtime, asked_for(work, event, author, None)))
        case = joinable(among.cases, work.account.helpdesk) if among is not None else None
    ticket = find_standing(work, case)
    if case is None or ticket is None:
        return False
    tell_change(work, event, case, author, ticket)
    return True


def _with_author(work: Work, event: InboundMessage) -> InboundMessage:
    """Ask the platform for the whole message when it withholds who wrote. Whatever goes wrong, it goes on without."""
    try:
        client = work.runtime.connectors.platform(work.account)
        if isinstance(client, FetchesMessages):
            for found in client.fetch_message(event.key.message).events:
                if isinstance(found, InboundMessage) and found.author is not None:
                    return replace(event, author=found.author, text=event.text or found.text)
    except Exception as error:
        _not_known(work, error)
    return event


def _named(work: Work, event: InboundMessage, case: Case | None) -> InboundMessage:
    """Somebody whose name the event does not tell: as we know them, else as the platform's profile does. Without a name
    nobody can be sure who it is, whatever else they tell."""
    author = event.author
    if author is None or author.display_name:
        return event
    known = case.conversation(conversation_for(event)) if case else None
    if known is not None:
        return replace(event, author=replace(known.author, handle=author.handle or known.author.handle))
    try:
        client = work.runtime.connectors.platform(work.account)
        if isinstance(client, FetchesAuthors):
            return replace(event, author=client.fetch_author(author))
    except Exception as error:
        _not_known(work, error)
    return event


def _not_known(work: Work, error: Exception) -> None:
    notice(work.runtime, of_account(work.account.key), error, soft=True)
    work.runtime.telemetry.log("profile", "failed", account=str(work.account.key), error_code=type(error).__name__)


def _author(event: InboundMessage) -> Author:
    if event.author is not None:
        return event.author
    key = conversation_for(event)
    return Author(key=AuthorKey(platform=event.key.account.platform, author=key.author), display_name="Unknown author")


def _new(work: Work, event: InboundMessage) -> Disposition:
    author = _author(event)
    match, known = match_known(work.runtime, asked_for(work, event, author, None))
    among = _among(work, match)
    if among is not None:
        home = joinable(among.cases, work.account.helpdesk)
        if home is not None:
            return _append(work, event, home, joined=match)
        if any(_is_being_opened(work, item) for item in among.cases):
            raise ConflictError("a ticket is being created for the same contact", retry_after=3.0)
    return _open(work, event, author, match, known, generation=1, follow_up_of=None, among=among)


def _among(work: Work, match: ContactMatch) -> OpenCases | None:
    """The contact's open cases, where channels are joined: of two openings at once one fails, and joins the other."""
    if not work.runtime.policy.join_channels or match.verdict is not Verdict.LINKED or match.contact is None:
        return None
    return work.runtime.stores.cases.find_open_by_contact(match.contact.ref)


def _is_being_opened(work: Work, case: Case) -> bool:
    """By another event, and not by one that died or was parked: nobody waits for those for ever."""
    alive = case.lease_until is not None and case.lease_until > work.runtime.clock.now()
    return case.state is CaseState.OPENING and alive and case.opened_by != work.envelope.key


def _follow_up(work: Work, event: InboundMessage, earlier: Case) -> Disposition:
    author = _author(event)
    match, known = match_known(work.runtime, asked_for(work, event, author, earlier))
    generation = earlier.generation + 1
    among = _among(work, match)
    return _open(work, event, author, match, known, generation=generation, follow_up_of=earlier.ticket, among=among)


def _open(
    work: Work,
    event: InboundMessage,
    author: Author,
    match: ContactMatch,
    known: KnownAuthor,
    *,
    generation: int,
    follow_up_of: TicketRef | None,
    among: OpenCases | None,
) -> Disposition:
    """Put the case before the ticket: whoever comes second waits, whoever takes over finds the same name.
    ``among``: the contact's open cases, read a moment ago."""
    now = work.runtime.clock.now()
    told = () if match.verdict is Verdict.LINKED else claims_of(work.runtime, (said_in(event),))
    conversation = conversation_from(event, author, None, told)
    case = Case(
        id=case_id(conversation.key, generation),
        helpdesk=work.account.helpdesk,
        opened_by=work.envelope.key,
        opened_at=now,
        conversations=(conversation,),
        match=match,
        suggested=with_suggested((), match),
        lease_until=now + OPENING_LEASE,
        last_customer_message_at=event.sent_at,
        follow_up_of=follow_up_of,
        generation=generation,
    )
    work.runtime.stores.transactions.commit(SaveCase(case=case, takes_over=generation > 1, among=among))
    case = replace(case, version=1)
    open_cases = among.cases if among is not None else None
    return complete_opening(work, event, author, case, look_first=work.resumed, open_cases=open_cases, known=known)


def _resume(work: Work, event: InboundMessage, case: Case) -> Disposition:
    """Go on with a case whose ticket may or may not exist."""
    return complete_opening(work, event, _author(event), case, look_first=True)


def _append(work: Work, event: InboundMessage, case: Case, *, joined: ContactMatch | None = None) -> Disposition:
    """``joined``: the certain match by which a message from another channel comes here."""
    if case.ticket is None:
        raise ConflictError("the case has no ticket yet", retry_after=3.0)
    author = _author(event)
    client = work.runtime.connectors.helpdesk(case.helpdesk)
    person, remember = _person(work, case, author)
    comment = customers_entry(work, shown(work, event, case.helpdesk), author, person, reopen=True)
    try:
        entered = enter(work, client, case, case.ticket, comment)
    except (TicketClosedError, NotFoundError):
        return _follow_up(work, event, case)
    ticket = entered.ticket
    if ticket != case.ticket:
        case = follow_merge(work.runtime, case, ticket)
    if joined is not None:
        _announce_channel(work, event, ticket)
    again = rematch(work, event, author, case, ticket)
    identity = identity_of(author, joined, work.runtime) if joined is not None else None

    def change(fresh: Case) -> Case:
        updated = with_answer(entered.counted(taken_in(work, fresh, event, author, again.told)), again.answer)
        if again.match is None:
            return updated
        return replace(updated, match=again.match, suggested=again.suggested)

    def more(saved: Case) -> tuple[Write, ...]:
        return (
            work.complete(_appended(case, saved, joined is not None, entered)),
            entered.remembered(memory(work, event, saved), saved),
            *entered.writes(work, event, author, person, saved),
            *remember,
            *kept_until(work, saved, event.sent_at),
            *again.writes,
            *([RememberIdentity(identity=identity)] if identity else []),
            *(crm_due(work.runtime, saved) if _is_news(case, saved) or identity else ()),
        )

    saved = save_case(work.runtime, case, change, more)
    return _appended(case, saved, joined is not None, entered)


def _is_news(before: Case, saved: Case) -> bool:
    """Whether the CRM should hear of it: another match, or the ticket is open again."""
    return saved.match != before.match or saved.state is not before.state


def _appended(before: Case, saved: Case, joined: bool, entered: Entered) -> Disposition:
    reason = "joined from another channel" if joined else ""
    if before.state is not CaseState.OPEN:
        reason = "reopened"
    detail = match_detail(saved.match) if saved.match != before.match else {}
    reason = entered.reason(reason)
    return Disposition(outcome=Outcome.APPENDED, reason=reason, case=saved.id, ticket=saved.ticket, detail=detail)


def _person(work: Work, case: Case, author: Author) -> tuple[PersonRef | None, tuple[Write, ...]]:
    """Who writes in the helpdesk: the requester, or for a joined channel that channel's person."""
    first = case.conversations[0].author.key
    if author.key == first and case.requester is not None:
        return case.requester, ()
    known = work.runtime.stores.identities.find_person(author.key, case.helpdesk)
    if known is not None:
        return known, ()
    person = work.runtime.connectors.helpdesk(case.helpdesk).ensure_person(author, case.match.contact)
    return person, (RememberPerson(author=author.key, person=person),)


def _announce_channel(work: Work, event: InboundMessage, ticket: TicketRef) -> None:
    body = f"The customer now also writes here: {compose.where_line(event, work.spec.title)}"
    client = work.runtime.connectors.helpdesk(ticket.helpdesk)
    write_entry(client, ticket, note(body, entry_id(work.envelope.key, "channel")), look_first=work.resumed)
