"""Doing a job: which function does which, and what a failure means."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from chalicelib.core.account import ConnectionKind
from chalicelib.core.alarms import Subject
from chalicelib.core.errors import CareloopError
from chalicelib.core.jobs import (
    AskCustomer,
    AuditAccount,
    CheckAccount,
    CheckConnection,
    EraseAuthor,
    Job,
    JobEnvelope,
    MergeEntries,
    MirrorContacts,
    NoteProof,
    ParkPayload,
    PollAccount,
    PollHelpdesk,
    RemovePayload,
    RereadThread,
    SpreadDecision,
    StoreMedia,
    StrikeOut,
    TellCrm,
)
from chalicelib.pipeline.alarms import notice, of_account, of_connection
from chalicelib.pipeline.asking import ask_unknown
from chalicelib.pipeline.audit_daily import run_audit
from chalicelib.pipeline.erase import erase_job, remove_payload
from chalicelib.pipeline.liveness import account_job, connection_job
from chalicelib.pipeline.media import store_media
from chalicelib.pipeline.merge_entries import merge_entries
from chalicelib.pipeline.mirror import mirror_contacts
from chalicelib.pipeline.poll import poll_account, poll_helpdesk, reread
from chalicelib.pipeline.rotation import keep_proof
from chalicelib.pipeline.spread import spread_decision
from chalicelib.pipeline.striking import strike_job
from chalicelib.pipeline.write_back import tell_crm
from chalicelib.ports.runtime import Runtime


def run_job(runtime: Runtime, envelope: JobEnvelope) -> None:
    """Do one job. Raises RetryableError when it should come again; scheduled and due jobs come again by themselves."""
    HANDLERS[type(envelope.job)](runtime, envelope)


def _park(runtime: Runtime, envelope: JobEnvelope) -> None:
    assert isinstance(envelope.job, ParkPayload)
    runtime.stores.parking.park(envelope.job.item)
    runtime.telemetry.count("parked", reason=envelope.job.item.reason.value)


def _simple(work: Callable[[Runtime, Any], None]) -> Callable[[Runtime, JobEnvelope], None]:
    """For work that needs nothing of the envelope but its job."""
    return lambda runtime, envelope: work(runtime, envelope.job)


HANDLERS: dict[type, Callable[[Runtime, JobEnvelope], None]] = {
    PollAccount: _simple(poll_account),
    PollHelpdesk: _simple(poll_helpdesk),
    RereadThread: _simple(reread),
    ParkPayload: _park,
    MergeEntries: merge_entries,
    StoreMedia: store_media,
    EraseAuthor: erase_job,
    RemovePayload: _simple(remove_payload),
    StrikeOut: strike_job,
    CheckAccount: _simple(account_job),
    CheckConnection: _simple(connection_job),
    AuditAccount: _simple(run_audit),
    NoteProof: _simple(keep_proof),
    MirrorContacts: _simple(mirror_contacts),
    AskCustomer: ask_unknown,
    TellCrm: tell_crm,
    SpreadDecision: spread_decision,
}


def job_failed(runtime: Runtime, envelope: JobEnvelope, error: CareloopError) -> bool:
    """Whether a failed job may be dropped: the next schedule makes a new one, but nothing makes a new parking job."""
    if isinstance(envelope.job, ParkPayload):
        return False
    subject = _subject(envelope.job)
    if subject is not None:
        notice(runtime, subject, error)
    runtime.telemetry.log("job", "failed", job=type(envelope.job).__name__, error_code=error.code)
    runtime.telemetry.count("job_failed", job=type(envelope.job).__name__)
    return True


def _subject(job: Job) -> Subject | None:
    """Whose access a refused job used."""
    match job:
        case PollAccount() | RereadThread() | AuditAccount() | CheckAccount():
            return of_account(job.account)
        case PollHelpdesk():
            return of_connection(ConnectionKind.HELPDESK, job.helpdesk)
        case CheckConnection():
            return of_connection(job.kind, job.connection)
        case MirrorContacts():
            return of_connection(ConnectionKind.CRM, job.connection)
        case _:
            return None
