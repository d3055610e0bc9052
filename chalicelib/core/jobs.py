"""Small bounded jobs and hints on their way through queues."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from chalicelib.core.account import ConnectionKind
from chalicelib.core.disposition import ParkedItem
from chalicelib.core.events import Attachment, HelpdeskHint
from chalicelib.core.ids import AccountKey, AuthorKey, CaseId, ContactRef, EventKey, MessageKey, ThreadId


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
class StoreMedia:
    """Copy files of a customer's message into its ticket that could not be had when the message was written; until
    ``give_up_at``."""

    case: CaseId
    message: MessageKey
    attachments: tuple[Attachment, ...]
    sent_at: datetime
    give_up_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class EraseAuthor:
    """Forget a person who asked for it."""

    author: AuthorKey


@dataclass(frozen=True, slots=True, kw_only=True)
class StrikeOut:
    """Strike the words of an event out of its ticket, and delete its raw payload: the terms' time is over."""

    case: CaseId
    event: EventKey


@dataclass(frozen=True, slots=True, kw_only=True)
class RemovePayload:
    """Delete a raw payload whose message its author has taken back."""

    archived_at: str


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


@dataclass(frozen=True, slots=True, kw_only=True)
class TellCrm:
    """Bring what the CRM holds of a case in line with the case: identity, interaction, marketing hold. ``attempt``: how
    many failed."""

    case: CaseId
    attempt: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """Whether an author is a contact, as an agent decided."""

    contact: ContactRef
    is_same: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SpreadDecision:
    """Carry who somebody is, as it stands now, to everything beside the case where that was decided: their other open
    cases, the tickets' requesters, the CRM. ``gone``: contacts that they are not, or not any more."""

    case: CaseId
    authors: tuple[AuthorKey, ...]
    at: datetime
    linked: ContactRef | None = None
    gone: tuple[ContactRef, ...] = ()
    lessons: tuple[Lesson, ...] = ()
    attempt: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class AskCustomer:
    """Ask the customer of a case in private who they are, where that is still to be asked. ``language``: that of their
    message, where the platform tells."""

    case: CaseId
    language: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MirrorContacts:
    """Bring the mirror of one CRM's contacts up to date. ``place``: only from there on (pipeline/mirror.py)."""

    connection: str
    place: str = ""


Job = (
    PollAccount
    | PollHelpdesk
    | RereadThread
    | ParkPayload
    | MergeEntries
    | StoreMedia
    | EraseAuthor
    | RemovePayload
    | StrikeOut
    | CheckAccount
    | CheckConnection
    | AuditAccount
    | NoteProof
    | MirrorContacts
    | AskCustomer
    | TellCrm
    | SpreadDecision
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
