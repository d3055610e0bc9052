"""Job: what the CRM holds of a case is brought in line with it. Never in a message's way, repeated until it is done.

The job says which case, not what to write: whatever order jobs run in, the CRM ends with how things stand.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from chalicelib.core.account import ConnectionKind
from chalicelib.core.capabilities import CrmCapabilities
from chalicelib.core.case import Case, CaseState, Conversation
from chalicelib.core.compose import surface_words
from chalicelib.core.errors import CareloopError, ConfigurationError, NotFoundError, PermanentError
from chalicelib.core.ids import AuthorKey, ContactRef
from chalicelib.core.jobs import DueItem, JobEnvelope, SpreadDecision, TellCrm
from chalicelib.core.people import Author, Verdict
from chalicelib.pipeline.alarms import notice, of_connection
from chalicelib.ports.crm import CrmClient, HoldsMarketing, Interaction, LinksIdentities, LogsInteractions
from chalicelib.ports.helpdesk import TicketLinks
from chalicelib.ports.identities import LoggedInteraction
from chalicelib.ports.runtime import Runtime
from chalicelib.ports.stores import RemoveDue, SaveDue, Write

LIVE = (CaseState.OPENING, CaseState.OPEN)
MOST_ATTEMPTS = 12
LONGEST_WAIT = timedelta(hours=6)


# -- whether there is anything to write --------------------------------------------------------------------------------


def crm_due(runtime: Runtime, case: Case) -> tuple[Write, ...]:
    """The write that has the CRM told of `case`; none where there is nobody, or nothing that could be told."""
    contact = case.match.contact
    if case.match.verdict is not Verdict.LINKED or contact is None or writable(runtime, contact.ref.crm) is None:
        return ()
    due = DueItem(id=f"crm|{case.id}", at=runtime.clock.now(), job=TellCrm(case=case.id))
    return (SaveDue(due=due),)


def writable(runtime: Runtime, crm: str) -> CrmCapabilities | None:
    """What the CRM connection `crm` can be told; None: nothing, or it shall not be."""
    if not runtime.policy.crm_write_back:
        return None
    try:
        capabilities = runtime.connectors.crm_spec(crm).capabilities
        if not (capabilities.links_identities or capabilities.logs_interactions or capabilities.holds_marketing):
            return None
        options = runtime.stores.directory.get_connection(ConnectionKind.CRM, crm).options
    except ConfigurationError:
        return None  # the connection was removed
    return None if options.get("write_back") == "no" else capabilities


# -- the job -----------------------------------------------------------------------------------------------------------


def tell_crm(runtime: Runtime, envelope: JobEnvelope) -> None:
    """Do it, or put it off."""
    job = envelope.job
    assert isinstance(job, TellCrm)
    try:
        case = runtime.stores.cases.get_case(job.case)
        align(runtime, case)
    except NotFoundError as error:
        runtime.telemetry.log("write_back", "gone", case=job.case, error_code=error.code)
    except CareloopError as error:
        put_off(runtime, envelope, error)
        return
    done(runtime, envelope)


def done(runtime: Runtime, envelope: JobEnvelope) -> None:
    """The item that the job waited as is not needed any more."""
    if envelope.due is not None:
        runtime.stores.transactions.commit(RemoveDue(due=envelope.due))


def put_off(runtime: Runtime, envelope: JobEnvelope, error: CareloopError) -> None:
    """Try again later, each time twice as late; what is refused for good, or fails too often, is given up."""
    job = envelope.job
    assert isinstance(job, TellCrm | SpreadDecision)
    runtime.telemetry.log("write_back", "failed", case=job.case, error_code=error.code, attempt=job.attempt)
    if isinstance(error, PermanentError) or job.attempt + 1 >= MOST_ATTEMPTS:
        runtime.telemetry.log("write_back", "given_up", case=job.case, error_code=error.code)
        runtime.telemetry.count("write_back_given_up")
        done(runtime, envelope)
        return
    wait = min(LONGEST_WAIT, timedelta(minutes=2**job.attempt))
    at = runtime.clock.now() + wait
    later = DueItem(id=due_id(job), at=at, job=replace(job, attempt=job.attempt + 1))
    before = [RemoveDue(due=envelope.due)] if envelope.due is not None and envelope.due.at != at else []
    runtime.stores.transactions.commit(SaveDue(due=later), *before)


def due_id(job: TellCrm | SpreadDecision) -> str:
    """The due item's name: one for each case and each decision."""
    return f"crm|{job.case}" if isinstance(job, TellCrm) else f"decided|{job.case}|{job.at.isoformat()}"


def align(runtime: Runtime, case: Case) -> None:
    """Tell the CRM of `case` as it stands. Raises leaves."""
    contact = case.match.contact
    if case.match.verdict is not Verdict.LINKED or contact is None or case.merged_into is not None:
        return
    if writable(runtime, contact.ref.crm) is None:
        return
    talks = [item for item in case.conversations if _may_tell(runtime, item, contact.ref)]
    if not talks:
        return
    try:
        client = runtime.connectors.crm(contact.ref.crm)
        for talk in talks:
            if isinstance(client, LinksIdentities):
                client.link_identity(contact.ref, talk.author)
        _log(runtime, client, case, contact.ref, talks)
        hold(runtime, client, contact.ref)
    except CareloopError as error:
        notice(runtime, of_connection(ConnectionKind.CRM, contact.ref.crm), error)
        raise


def _may_tell(runtime: Runtime, talk: Conversation, contact: ContactRef) -> bool:
    """Whose link is remembered, on platforms whose terms let us write it down elsewhere."""
    if not runtime.connectors.platform_spec(talk.author.key.platform).capabilities.terms.may_match_crm:
        return False
    known = runtime.stores.identities.find_identity(talk.author.key)
    return known is not None and known.contact == contact


def _log(runtime: Runtime, client: CrmClient, case: Case, contact: ContactRef, talks: list[Conversation]) -> None:
    if not isinstance(client, LogsInteractions) or case.ticket is None:
        return
    # noted before it is written: what may stand there can be taken back
    for author in {talk.author.key for talk in talks}:
        runtime.stores.identities.note_logged(author, LoggedInteraction(contact=contact, key=case.id))
    client.log_interaction(_interaction(runtime, case, contact, talks[0]))


def _interaction(runtime: Runtime, case: Case, contact: ContactRef, talk: Conversation) -> Interaction:
    platform = talk.key.thread.account.platform
    title = runtime.connectors.platform_spec(platform).title
    desk = runtime.connectors.helpdesk(case.helpdesk)
    assert case.ticket is not None
    url = desk.ticket_url(case.ticket.ticket) if isinstance(desk, TicketLinks) else None
    return Interaction(
        key=case.id,
        contact=contact,
        platform=platform,
        at=case.opened_at,
        summary=f"{surface_words(talk.surface, talk.visibility)} on {title}, ticket {case.ticket}",
        ticket_url=url,
        permalink=talk.permalink,
        is_open=case.state in LIVE,
    )


def hold(runtime: Runtime, client: CrmClient, contact: ContactRef) -> None:
    """Hold marketing back while a ticket of the contact is open."""
    if runtime.policy.marketing_hold and isinstance(client, HoldsMarketing):
        is_open = bool(runtime.stores.cases.find_open_by_contact(contact).cases)
        client.hold_marketing(contact, held=is_open)


def take_back(runtime: Runtime, author: AuthorKey, client: CrmClient, contact: ContactRef) -> None:
    """Take back from the CRM what was written there because `author` was held for `contact`. Raises leaves."""
    if isinstance(client, LinksIdentities):
        client.unlink_identity(contact, Author(key=author))
    for logged in runtime.stores.identities.logged(author):
        if logged.contact == contact:
            if isinstance(client, LogsInteractions):
                client.remove_interaction(contact, logged.key)
            runtime.stores.identities.forget_logged(author, logged)


def spread_due(job: SpreadDecision, now: datetime) -> SaveDue:
    """The write that has a decision carried on."""
    return SaveDue(due=DueItem(id=due_id(job), at=now, job=job))
