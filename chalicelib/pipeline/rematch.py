"""Stage: a later message may tell who somebody is, or that what a case says of it no longer holds."""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.core.case import Case, CaseState
from chalicelib.core.events import InboundMessage
from chalicelib.core.ids import ContactRef, TicketRef
from chalicelib.core.matching.types import Claim
from chalicelib.core.people import Author, ContactMatch, Verdict
from chalicelib.core.placing import told_by
from chalicelib.core.who import rematch_note, with_suggested
from chalicelib.pipeline.answering import Answer, answer_of, by_answer, question_of
from chalicelib.pipeline.match import Asked, claims_of, identity_of, is_incomplete, match_author, said_in
from chalicelib.pipeline.work import Work, entry_id, note, write_entry
from chalicelib.ports.stores import RememberIdentity, Write


@dataclass(frozen=True, slots=True, kw_only=True)
class Rematch:
    """What a message changes. ``match`` None: nothing."""

    told: tuple[Claim, ...] = ()
    match: ContactMatch | None = None
    suggested: tuple[ContactRef, ...] = ()
    writes: tuple[Write, ...] = ()
    answer: Answer | None = None


def asked_for(work: Work, event: InboundMessage, author: Author, case: Case | None) -> Asked:
    """Whom to find, with what their conversation told before."""
    told = told_by(case, author.key) if case is not None else ()
    said = said_in(event, is_answer=question_of(event, case) is not None)
    return Asked(account=work.account, spec=work.spec, author=author, said=(said,), told=told)


def rematch(work: Work, event: InboundMessage, author: Author, case: Case, ticket: TicketRef) -> Rematch:
    """Match again when the message brings identifiers, when a CRM was down, and when a ticket is reopened: by then an
    agent may have decided elsewhere. The ticket is told what is new."""
    reopens = case.state is not CaseState.OPEN
    is_linked = case.match.verdict is Verdict.LINKED
    if is_linked and not reopens:
        return Rematch()
    question = question_of(event, case)
    told = () if is_linked else claims_of(work.runtime, (said_in(event, is_answer=question is not None),))
    if not (told or reopens or is_incomplete(case.match)):
        return Rematch()
    match = match_author(work.runtime, asked_for(work, event, author, case))
    answer = answer_of(work, question if told else None, match)
    if answer is not None and answer.note is not None:
        client = work.runtime.connectors.helpdesk(ticket.helpdesk)
        write_entry(client, ticket, answer.note, look_first=work.resumed)
    answered = answer.writes if answer is not None else ()
    if _is_same(case.match, match):
        return Rematch(told=told, answer=answer, writes=answered)
    suggested = with_suggested(case.suggested, match)
    if match.verdict is Verdict.LINKED or suggested != case.suggested:
        client = work.runtime.connectors.helpdesk(ticket.helpdesk)
        comment = note(rematch_note(match, suggested), entry_id(work.envelope.key, "match"))
        write_entry(client, ticket, comment, look_first=work.resumed)
    identity = by_answer(identity_of(author, match, work.runtime), answer)
    writes = (*answered, *((RememberIdentity(identity=identity),) if identity else ()))
    return Rematch(told=told, match=match, suggested=suggested, writes=writes, answer=answer)


def _is_same(before: ContactMatch, after: ContactMatch) -> bool:
    """Whether the ticket would learn nothing new."""
    if before.verdict is not after.verdict or before.note != after.note:
        return False
    if before.contact is not None or after.contact is not None:
        return before.contact is not None and after.contact is not None and before.contact.ref == after.contact.ref
    return [item.contact.ref for item in before.candidates] == [item.contact.ref for item in after.candidates]
