"""Small bounded jobs and hints on their way through queues."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from chalicelib.core.account import ConnectionKind
from chalicelib.core.disposition import ParkedItem
from chalicelib.core.events import HelpdeskHint
from chalicelib.core.ids import AccountKey, CaseId, ThreadId


@dataclass(frozen=True, slots=True, kw_only=True)
class HintEnvelope:
    """A helpdesk's hint in the outbound queue. ``helpdesk`` is the connection's name."""

    helpdesk: str
    hint: HelpdeskHint
    received_at: datetime
    correlation: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PollAccount:
    """Poll one account once."""

    account: AccountKey


@dataclass(frozen=True, slots=True, kw_only=True)
class PollHelpdesk:
    """Ask one helpdesk once which tickets changed."""

    helpdesk: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RereadThread:
    """Read one thread of an open case again."""

    account: AccountKey
    thread: ThreadId


@dataclass(frozen=True, slots=True, kw_only=True)
class ParkPayload:
    """Put something into the parking lot: the public function may only write queues and the archive."""

    item: ParkedItem


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeEntries:
    """Write what waits for one ticket as one entry."""

    case: CaseId


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckAccount:
    """See whether one account is alive: token, subscription, rhythm."""

    account: AccountKey


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckConnection:
    """See whether one helpdesk or CRM answers and knows us."""

    connection: str
    kind: ConnectionKind


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditAccount:
    """Compare the platform's own list with the ledger, from ``since`` to ``until``."""

    account: AccountKey
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteProof:
    """Keep that a sender proved itself at ``at`` with the new value of a verification field that is being rotated."""

    source: str
    """The endpoint: ``kind/connector/name``."""
    field: str
    at: datetime


Job = (
    PollAccount
    | PollHelpdesk
    | RereadThread
    | ParkPayload
    | MergeEntries
    | CheckAccount
    | CheckConnection
    | AuditAccount
    | NoteProof
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DueItem:
    """A job that must wait: kept in the store, sent to the jobs queue when its time has come. Whoever does the job
    removes the item in the commit that makes it done; until then it is sent again."""

    id: str
    at: datetime
    job: Job


@dataclass(frozen=True, slots=True, kw_only=True)
class JobEnvelope:
    """A job in the jobs queue."""

    job: Job
    made_at: datetime
    due: DueItem | None = None
    """The item that this job removes when it is done, where it waited for its time."""
