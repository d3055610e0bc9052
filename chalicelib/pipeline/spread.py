"""Job: who somebody is, as it stands now, is carried to their other open cases, their tickets' requesters and the CRM.

It reads what is remembered instead of trusting what the job says, so that jobs of two decisions may run in any order.
"""

from __future__ import annotations

from dataclasses import replace

from chalicelib.core.account import ConnectionKind
from chalicelib.core.case import Case, CaseState
from chalicelib.core.errors import CareloopError, ConfigurationError, NotFoundError, PermanentError, TicketClosedError
from chalicelib.core.ids import AuthorKey, CaseId, ContactRef, digest
from chalicelib.core.jobs import JobEnvelope, SpreadDecision
from chalicelib.core.matching.types import Example, Subject
from chalicelib.core.people import Contact, ContactMatch, Verdict
from chalicelib.core.placing import told_by
from chalicelib.core.who import with_suggested
from chalicelib.pipeline.alarms import notice, of_connection
from chalicelib.pipeline.contact_reads import CrmSilent, find_contact, reads_of
from chalicelib.pipeline.match import settings_of, settled
from chalicelib.pipeline.work import save_case
from chalicelib.pipeline.write_back import align, done, hold, put_off, take_back, writable
from chalicelib.ports.helpdesk import ChangesRequester
from chalicelib.ports.identities import KnownAuthor
from chalicelib.ports.runtime import Runtime
from chalicelib.ports.stores import RememberPerson


def spread_decision(runtime: Runtime, envelope: JobEnvelope) -> None:
    """Do it, or put it off: every part may be done again."""
    job = envelope.job
    assert isinstance(job, SpreadDecision)
    try:
        _spread(runtime, job)
    except CareloopError as error:
        put_off(runtime, envelope, error)
    else:
        done(runtime, envelope)


def _spread(runtime: Runtime, job: SpreadDecision) -> None:
    known = {author: runtime.stores.identities.know(author) for author in job.authors}
    decided = _find(runtime, job.case)
    cases = [*([decided] if decided is not None else []), *_other_cases(runtime, job)]
    contacts = {ref: _contact(runtime, ref) for ref in _linked(known)}
    _learn(runtime, job, decided)
    cases = [_with_match(runtime, case, known, contacts) for case in cases]
    for case in cases:
        _with_requester(runtime, case, known, contacts)
    _take_back(runtime, job, known)
    for case in cases:
        align(runtime, runtime.stores.cases.get_case(case.id))
    runtime.telemetry.log("decision", "spread", case=job.case, cases=len(cases))


def _linked(known: dict[AuthorKey, KnownAuthor]) -> set[ContactRef]:
    return {item.identity.contact for item in known.values() if item.identity is not None}


def _contact(runtime: Runtime, ref: ContactRef) -> Contact | None:
    try:
        return find_contact(runtime, ref)
    except ConfigurationError:
        return None  # the connection is gone: the contact's name is remembered
    except CrmSilent as silent:
        if isinstance(silent.error, PermanentError):
            return None
        raise silent.error from None


# -- the other cases ---------------------------------------------------------------------------------------------------


def _other_cases(runtime: Runtime, job: SpreadDecision) -> list[Case]:
    """The other cases of these authors that are open, or may be opened again."""
    found = {
        case.id: case
        for author in job.authors
        for case in runtime.stores.cases.find_by_author(author)
        if case.id != job.case and case.state is not CaseState.CLOSED
    }
    return list(found.values())


def _find(runtime: Runtime, case: CaseId) -> Case | None:
    try:
        return runtime.stores.cases.get_case(case)
    except NotFoundError:
        return None


def _with_match(
    runtime: Runtime, case: Case, known: dict[AuthorKey, KnownAuthor], contacts: dict[ContactRef, Contact | None]
) -> Case:
    """`case` with what stands: the link of whoever writes in it, or none where its link was ruled out."""
    mine = _of_case(case, known)
    if mine is None:
        return case
    match = settled(mine)
    if match is None:
        contact = case.match.contact
        if contact is None or not any(item.contact == contact.ref for item in mine.rejections):
            return case
        match = ContactMatch(verdict=Verdict.UNKNOWN, note=f"An agent ruled out {contact.name}, {contact.ref}.")
    if match.contact is not None and (full := contacts.get(match.contact.ref)) is not None:
        match = replace(match, contact=full)
    if _says(case.match) == _says(match):
        return case

    def change(fresh: Case) -> Case:
        return replace(fresh, match=match, suggested=with_suggested(fresh.suggested, match))

    return save_case(runtime, case, change, lambda saved: ())


def _of_case(case: Case, known: dict[AuthorKey, KnownAuthor]) -> KnownAuthor | None:
    """What is known of whoever the case is about: the one who wrote last, else any of those decided on."""
    writers = [case.latest.author.key, *(item.author.key for item in case.conversations)]
    return next((known[item] for item in writers if item in known), None)


def _says(match: ContactMatch) -> tuple[object, ...]:
    return match.verdict, match.contact.ref if match.contact else None, bool(match.candidates)


# -- the helpdesk ------------------------------------------------------------------------------------------------------


def _with_requester(
    runtime: Runtime, case: Case, known: dict[AuthorKey, KnownAuthor], contacts: dict[ContactRef, Contact | None]
) -> None:
    """Give the ticket the person who now stands for its first author, where that is another one than before."""
    author = case.conversations[0].author
    if author.key not in known or case.ticket is None or case.state is CaseState.OPENING:
        return
    client = runtime.connectors.helpdesk(case.helpdesk)
    if not isinstance(client, ChangesRequester):
        return
    identity = known[author.key].identity
    contact = contacts.get(identity.contact) if identity is not None else None
    person = client.ensure_person(author, contact)
    if person == case.requester:
        return
    try:
        client.set_requester(case.ticket, person)
    except (TicketClosedError, NotFoundError):
        runtime.telemetry.log("decision", "ticket_closed", case=case.id)
    except PermanentError as error:
        runtime.telemetry.log("decision", "requester_refused", case=case.id, error_code=error.code)
        return
    remember = RememberPerson(author=author.key, person=person)
    save_case(runtime, case, lambda fresh: replace(fresh, requester=person), lambda saved: (remember,))


# -- the CRM -----------------------------------------------------------------------------------------------------------


def _take_back(runtime: Runtime, job: SpreadDecision, known: dict[AuthorKey, KnownAuthor]) -> None:
    for contact in job.gone:
        if writable(runtime, contact.crm) is None:
            continue
        try:
            client = runtime.connectors.crm(contact.crm)
            for author, item in known.items():
                if item.identity is None or item.identity.contact != contact:
                    take_back(runtime, author, client, contact)
            hold(runtime, client, contact)
        except NotFoundError:
            continue  # the contact is gone, and all that stood with it
        except CareloopError as error:
            notice(runtime, of_connection(ConnectionKind.CRM, contact.crm), error)
            raise


# -- what it teaches ---------------------------------------------------------------------------------------------------


def _learn(runtime: Runtime, job: SpreadDecision, case: Case | None) -> None:
    """Keep how far author and contact agreed, feature by feature. It may fail: it is no part of the decision."""
    talk = next((item for item in case.conversations if item.author.key in job.authors), None) if case else None
    if talk is None or case is None:
        return
    subject = Subject(author=talk.author, claims=told_by(case, talk.author.key))
    for lesson in job.lessons:
        try:
            example = _example(runtime, job, subject, lesson.contact, is_same=lesson.is_same)
        except Exception as error:
            runtime.telemetry.log("decision", "not_learned", case=job.case, error_code=type(error).__name__)
            continue
        if example is not None:
            name = digest(job.case, str(lesson.contact), str(lesson.is_same))
            runtime.stores.examples.put_example(name, example)


def _example(
    runtime: Runtime, job: SpreadDecision, subject: Subject, ref: ContactRef, *, is_same: bool
) -> Example | None:
    from chalicelib.core.matching import features, index_keys

    contact = find_contact(runtime, ref)
    if contact is None:
        return None
    rows = reads_of(runtime, ref.crm).read_keys(sorted(index_keys(contact)))
    found = features(subject, contact, rows, settings_of(runtime.policy))
    return Example(features=dict(found), is_same=is_same, at=job.at)
