"""The typed writes of one commit (``Transactions.commit`` in stores.py): what each changes, and its condition."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from chalicelib.core.bursts import WaitingEntry
from chalicelib.core.case import Case, MessageRecord
from chalicelib.core.disposition import Disposition, Outcome
from chalicelib.core.ids import AuthorKey, CaseId, ContactRef, Cursor, EventKey, MessageKey, PersonRef
from chalicelib.core.jobs import DueItem
from chalicelib.core.people import Identity, Rejection
from chalicelib.core.questions import Asking
from chalicelib.core.reply import Delivery, DeliveryStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class CompleteEvent:
    """Give a claimed event its disposition. Fails when `owner` no longer holds the claim."""

    key: EventKey
    owner: str
    disposition: Disposition
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ReopenEvent:
    """Take back the disposition ``outcome``, so that the event may have its real one: of what was parked and is
    released, or of what waited for a ticket that was closed meanwhile. Fails when it has another, or another
    ``reason`` where that is given."""

    key: EventKey
    outcome: Outcome = Outcome.PARKED
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenCases:
    """A contact's OPENING and OPEN cases, newest first. ``latest``: the case opened last, whatever became of it (None:
    none lately); each opening that names `OpenCases` changes it, so that of two at once one fails."""

    contact: ContactRef
    cases: tuple[Case, ...] = ()
    latest: CaseId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SaveCase:
    """Store `case` as version ``case.version + 1``; fails unless the stored version is ``case.version`` (0: new).

    Keeps the ways to find it: by each conversation, by its ticket (older tickets of the case keep pointing to it), and
    by the contact when the match is LINKED. Fails when a conversation or a ticket that is new to the case belongs to
    another case, unless ``takes_over`` (a follow-up, or the survivor of a merge, takes them over). ``among``: for a new
    case; fails when another one was opened for that contact after those were read.
    """

    case: Case
    takes_over: bool = False
    among: OpenCases | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RememberMessage:
    """Store what we know of a message. ``only_new``: fails when there is a record already; ``unchanged``: fails when
    the record is not of the version that was read (0: there was none)."""

    key: MessageKey
    record: MessageRecord
    only_new: bool = False
    unchanged: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RememberIdentity:
    """Link an author to a contact."""

    identity: Identity


@dataclass(frozen=True, slots=True, kw_only=True)
class ForgetIdentity:
    """Undo the link of an author; none is fine. ``only``: fails when another contact is remembered."""

    author: AuthorKey
    only: ContactRef | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RememberRejection:
    """Keep what an agent ruled out; the same again replaces."""

    rejection: Rejection


@dataclass(frozen=True, slots=True, kw_only=True)
class ForgetRejection:
    """Take back what was ruled out (``contact`` None: that it is no customer); none is fine."""

    author: AuthorKey
    contact: ContactRef | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ForgetPerson:
    """A helpdesk's person stands for an author no more; none is fine."""

    author: AuthorKey
    helpdesk: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SaveAsking:
    """Store what is remembered of asking an author, as version ``asking.version + 1``; fails unless the stored version
    is ``asking.version`` (0: none yet)."""

    asking: Asking


@dataclass(frozen=True, slots=True, kw_only=True)
class RememberPerson:
    """Which person in the helpdesk stands for an author."""

    author: AuthorKey
    person: PersonRef


@dataclass(frozen=True, slots=True, kw_only=True)
class SaveDelivery:
    """Store a delivery. ``begin``: fails when there is one with this key already (somebody began). Otherwise fails
    unless the stored one's status is among ``expected`` (a finished delivery never changes back)."""

    delivery: Delivery
    begin: bool = False
    expected: tuple[DeliveryStatus, ...] = (DeliveryStatus.BEGUN, DeliveryStatus.WAITING, DeliveryStatus.UNKNOWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class SaveCursor:
    """Move a cursor. Fails when it stands elsewhere than ``expected`` (None: not yet set)."""

    name: str
    cursor: Cursor
    expected: Cursor | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SaveDue:
    """Let a job wait until its time. The same id and time again replaces."""

    due: DueItem


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveDue:
    """The job is done (or stands elsewhere now). Absent is fine."""

    due: DueItem


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepEntry:
    """Keep a customer's message that will be written together with others, or replace one that is kept. To be committed
    together with its case, whose version guards it."""

    entry: WaitingEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class DropEntries:
    """Forget kept messages by their numbers (at most 80). Absent ones are fine."""

    case: CaseId
    numbers: tuple[int, ...]


Write = (
    CompleteEvent
    | ReopenEvent
    | SaveCase
    | RememberMessage
    | RememberIdentity
    | ForgetIdentity
    | RememberRejection
    | ForgetRejection
    | ForgetPerson
    | SaveAsking
    | RememberPerson
    | SaveDelivery
    | SaveCursor
    | SaveDue
    | RemoveDue
    | KeepEntry
    | DropEntries
)
