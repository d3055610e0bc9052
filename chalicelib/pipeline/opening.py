"""Stage: a case becomes a ticket: person first, then the ticket, then the brief, then all is recorded at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from chalicelib.core import compose
from chalicelib.core.case import Case, CaseState
from chalicelib.core.disposition import Disposition, Outcome
from chalicelib.core.errors import NotFoundError, TicketClosedError
from chalicelib.core.events import HelpdeskHint, InboundMessage
from chalicelib.core.ids import PersonRef, TicketRef
from chalicelib.core.people import Author
from chalicelib.core.ticket import Comment, TicketDraft
from chalicelib.pipeline.asking import ask_later
from chalicelib.pipeline.match import identity_of, match_detail
from chalicelib.pipeline.media import filed
from chalicelib.pipeline.overtaken import memory, taken_in
from chalicelib.pipeline.receive import hint_message
from chalicelib.pipeline.striking import kept_until, shown
from chalicelib.pipeline.work import Work, customers_entry, entry_id, note, save_case, write_entry
from chalicelib.pipeline.write_back import crm_due
from chalicelib.ports.helpdesk import HelpdeskClient, TicketLinks
from chalicelib.ports.identities import KnownAuthor
from chalicelib.ports.stores import RememberIdentity, RememberPerson, Write


def complete_opening(
    work: Work,
    event: InboundMessage,
    author: Author,
    case: Case,
    *,
    look_first: bool,
    open_cases: Sequence[Case] | None = None,
    known: KnownAuthor | None = None,
) -> Disposition:
    """Create the ticket of an OPENING case (or find the one that an earlier attempt created). ``open_cases``: the
    contact's, and ``known``: what is remembered of the author, where the caller has just read them."""
    client = work.runtime.connectors.helpdesk(case.helpdesk)
    if known is None:
        known = work.runtime.stores.identities.know(author.key)
    person = next((item for item in known.persons if item.helpdesk == case.helpdesk), None)
    known_person = person is not None
    if person is None:
        person = client.ensure_person(author, case.match.contact)
    ticket = _ticket(work, event, author, case, client, person, look_first=look_first)
    if open_cases is None:
        contact = case.match.contact
        open_cases = work.runtime.stores.cases.find_open_by_contact(contact.ref).cases if contact else ()
    _write_brief(work, event, author, case, client, ticket, open_cases, look_first=look_first)
    if look_first:
        _have_it_read(work, case, ticket)

    def change(fresh: Case) -> Case:
        return replace(taken_in(work, fresh, event, author), ticket=ticket, requester=person, state=CaseState.OPEN)

    def more(saved: Case) -> tuple[Write, ...]:
        identity = identity_of(author, saved.match, work.runtime)
        return (
            work.complete(_ticketed(saved)),
            memory(work, event, saved),
            *([] if known_person else [RememberPerson(author=author.key, person=person)]),
            *([RememberIdentity(identity=identity)] if identity else []),
            *crm_due(work.runtime, saved),
            *ask_later(work, event, saved),
            *kept_until(work, saved, event.sent_at),
        )

    return _ticketed(save_case(work.runtime, case, change, more))


def _have_it_read(work: Work, case: Case, ticket: TicketRef) -> None:
    """The ticket may have stood for a while, and hints for it led nowhere: an agent may have answered. The hint waits
    until the case is recorded."""
    hint = HelpdeskHint(ticket=ticket.ticket, reason="opened late", case=case.id)
    message = hint_message(case.helpdesk, hint, work.runtime.clock.now(), work.envelope.key)
    work.runtime.queues.outbound.send([message])


def _ticketed(case: Case) -> Disposition:
    detail = match_detail(case.match)
    reason = "follow-up" if case.follow_up_of else ""
    return Disposition(outcome=Outcome.TICKETED, reason=reason, case=case.id, ticket=case.ticket, detail=detail)


def _ticket(
    work: Work,
    event: InboundMessage,
    author: Author,
    case: Case,
    client: HelpdeskClient,
    person: PersonRef,
    *,
    look_first: bool,
) -> TicketRef:
    comment = customers_entry(work, shown(work, event, case.helpdesk), author, person, reopen=False)
    if look_first:
        found = client.find_ticket(case.id)
        if found is not None:
            return _with_own_message(case, work, event, client, found, comment)
    comment = filed(work.runtime, case.helpdesk, case.id, [event])(comment)
    draft = _draft(work, event, author, case, person, comment)
    try:
        return client.create_ticket(draft)
    except TicketClosedError:
        # the ticket to follow up is in no state to be followed: a plain ticket loses nothing
        return client.create_ticket(replace(draft, follow_up_of=None))


def _with_own_message(
    case: Case, work: Work, event: InboundMessage, client: HelpdeskClient, ticket: TicketRef, comment: Comment
) -> TicketRef:
    """When another event's attempt made the ticket, its first entry is that event's message: add ours."""
    if case.opened_by == work.envelope.key:
        return ticket
    prepare = filed(work.runtime, case.helpdesk, case.id, [event])
    ticket, _ = write_entry(client, ticket, comment, look_first=True, prepare=prepare)
    return ticket


def _draft(
    work: Work, event: InboundMessage, author: Author, case: Case, person: PersonRef, comment: Comment
) -> TicketDraft:
    fields = {
        "platform": work.account.key.platform,
        "account": work.account.key.account,
        "handle": author.handle or "",
        "thread": event.thread.thread,
        "message": event.key.message,
        "permalink": event.permalink or "",
        "contact": str(case.match.contact.ref) if case.match.contact else "",
    }
    terms = work.spec.capabilities.terms
    with_words = terms.may_store_text and terms.retention is None
    return TicketDraft(
        external_id=case.id,
        requester=person,
        subject=compose.subject(author, work.spec.title, event, with_words=with_words),
        comment=comment,
        tags=("careloop", work.account.key.platform),
        follow_up_of=case.follow_up_of,
        fields={name: value for name, value in fields.items() if value},
    )


def _write_brief(
    work: Work,
    event: InboundMessage,
    author: Author,
    case: Case,
    client: HelpdeskClient,
    ticket: TicketRef,
    open_cases: Sequence[Case],
    *,
    look_first: bool,
) -> None:
    also_open = [item.ticket for item in open_cases if item.ticket is not None and item.id != case.id]
    terms = work.spec.capabilities.terms
    earlier = [case.follow_up_of] if case.follow_up_of else []
    links = {}
    if isinstance(client, TicketLinks):
        links = {str(item): client.ticket_url(item.ticket) for item in (*also_open, *earlier)}
    body = compose.brief(
        author=author,
        title=work.spec.title,
        message=event,
        match=case.match,
        also_open=also_open,
        earlier=case.follow_up_of,
        private_reply=work.spec.capabilities.private_reply,
        link_hint=work.spec.capabilities.link_hint,
        terms_note="" if terms.may_match_crm else terms.note,
        links=links,
        numbers=case.suggested,
    )
    try:
        write_entry(client, ticket, note(body, entry_id(case.id, "brief")), look_first=look_first)
    except (TicketClosedError, NotFoundError):
        # done with before the brief could be written: the message stands on it all the same
        work.runtime.telemetry.log("ticket", "closed", case=case.id)
