"""Jobs on their way: small and bounded; those of one account, helpdesk, thread or case never run side by side."""

from __future__ import annotations

from datetime import datetime

from chalicelib.core.codec import to_json
from chalicelib.core.ids import digest
from chalicelib.core.jobs import (
    AskCustomer,
    AuditAccount,
    CheckAccount,
    CheckConnection,
    DueItem,
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
from chalicelib.ports.services import QueueMessage


def job_message(job: Job, now: datetime) -> QueueMessage:
    """A queue message for `job`. The second of `now` makes a doubled schedule harmless."""
    group = group_of(job)
    return QueueMessage(
        body=to_json(JobEnvelope(job=job, made_at=now)),
        group=group,
        dedup=digest(type(job).__name__, group, now.isoformat(timespec="seconds"), length=40),
    )


def due_message(due: DueItem, now: datetime) -> QueueMessage:
    """A queue message for a job whose time has come; sent again each minute until the job has removed its item."""
    return QueueMessage(
        body=to_json(JobEnvelope(job=due.job, made_at=now, due=due)),
        group=group_of(due.job),
        dedup=digest("due", due.id, due.at.isoformat(), now.isoformat(timespec="minutes"), length=40),
    )


def group_of(job: Job) -> str:
    """The FIFO group."""
    match job:
        case PollAccount():
            return f"poll|{job.account}"
        case PollHelpdesk():
            return f"helpdesk|{job.helpdesk}"
        case RereadThread():
            return f"thread|{job.account}|{job.thread}"
        case ParkPayload():
            return f"park|{job.item.account}"
        case MergeEntries():
            return f"merge|{job.case}"
        case EraseAuthor():
            return f"erase|{job.author}"
        case StrikeOut():
            return f"strike|{job.case}"
        case RemovePayload():
            return f"payload|{job.archived_at}"
        case StoreMedia():
            return f"media|{job.case}"
        case CheckAccount():
            return f"check|{job.account}"
        case CheckConnection():
            return f"check|{job.kind}|{job.connection}"
        case AuditAccount():
            return f"audit|{job.account}"
        case MirrorContacts():
            return f"mirror|{job.connection}"
        case NoteProof():
            return f"proof|{job.source}|{job.field}"
        case TellCrm() | SpreadDecision():
            return f"crm|{job.case}"
        case AskCustomer():
            return f"ask|{job.case}"
