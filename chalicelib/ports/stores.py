"""The state: reading ports by topic, and one atomic way to change it.

Reads are consistent (they see every completed commit). All changes that belong together are one `commit`: all take
effect or none does, guarded by the conditions that each write names. Both families of adapters (DynamoDB, SQLite) pass
the same contract suite.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from chalicelib.core.account import Account, Connection, Endpoint
from chalicelib.core.bursts import WaitingEntry
from chalicelib.core.case import Case, CaseSnapshot, MessageRecord
from chalicelib.core.disposition import Claim, LedgerEntry, ParkedItem
from chalicelib.core.ids import (
    AccountKey,
    AuthorKey,
    CaseId,
    ContactRef,
    ConversationKey,
    Cursor,
    EventKey,
    MessageKey,
    TicketRef,
)
from chalicelib.core.jobs import DueItem
from chalicelib.core.matching.weights import Weights
from chalicelib.core.policy import CarePolicy
from chalicelib.core.reply import Delivery
from chalicelib.core.report import AuditReport, SignOff
from chalicelib.ports.erasing import ErasureStore
from chalicelib.ports.identities import ContactIndex, ContactList, ExampleStore, IdentityStore, Pace
from chalicelib.ports.outside import AlarmStore, HealthStore, RemoteStore
from chalicelib.ports.writes import (
    CompleteEvent,
    DropEntries,
    KeepEntry,
    OpenCases,
    RememberIdentity,
    RememberMessage,
    RememberPerson,
    RemoveDue,
    ReopenEvent,
    SaveCase,
    SaveCursor,
    SaveDelivery,
    SaveDue,
    Write,
)

__all__ = [
    "AlarmStore",
    "CompleteEvent",
    "ContactIndex",
    "ContactList",
    "DropEntries",
    "ExampleStore",
    "HealthStore",
    "IdentityStore",
    "KeepEntry",
    "OpenCases",
    "Pace",
    "RememberIdentity",
    "RememberMessage",
    "RememberPerson",
    "RemoteStore",
    "RemoveDue",
    "ReopenEvent",
    "SaveCase",
    "SaveCursor",
    "SaveDelivery",
    "SaveDue",
    "Write",
]
# the writes, and the stores of outside.py, are imported from here too


class Transactions(Protocol):
    """The one way to change state that is guarded."""

    def commit(self, *writes: Write) -> None:
        """All of `writes`, or none and a ConflictError when a condition fails. At most 20 writes."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenPage:
    """A page of an account's open conversations. ``following``: where the next begins; None: this was the last."""

    conversations: tuple[ConversationKey, ...]
    following: Cursor | None = None


# ---- reads and unguarded changes -------------------------------------------------------------------------------------


class EventLedger(Protocol):
    """One record per event: claimed, then completed with exactly one disposition."""

    def claim(
        self,
        key: EventKey,
        *,
        account: AccountKey,
        owner: str,
        now: datetime,
        lease: timedelta,
        archived_at: str | None,
    ) -> Claim:
        """Take the event for `owner` until ``now + lease``, in one conditional write.

        FRESH on the first claim ever; RESUMED when an earlier claim was released or ran out, or is `owner`'s own;
        BUSY when another owner's lease is good; DONE when it has a disposition.
        """
        ...

    def release(self, key: EventKey, *, owner: str) -> None:
        """Give up a claim without a disposition (a retry follows). Not `owner`'s: nothing happens."""
        ...

    def find_entry(self, key: EventKey) -> LedgerEntry | None:
        """The record of one event."""
        ...

    def unseen(self, keys: Sequence[EventKey]) -> Sequence[EventKey]:
        """Those of `keys` that have no record yet, in order: what a poller need not send again. Batched reads."""
        ...

    def find_entries(self, keys: Sequence[EventKey]) -> Mapping[EventKey, LedgerEntry]:
        """The records of those of `keys` that have one. Batched reads."""
        ...

    def history(self, case: CaseId) -> Sequence[LedgerEntry]:
        """Completed events of one case, oldest first."""
        ...

    def recent(self, account: AccountKey, *, since: datetime, limit: int = 100) -> Sequence[LedgerEntry]:
        """Events of one account first seen at or after `since`, newest first."""
        ...


class CaseStore(Protocol):
    """Cases by every way in."""

    def snapshot(self, conversation: ConversationKey | None, message: MessageKey) -> CaseSnapshot:
        """The conversation's present case and what is known of the message, in one round trip where possible."""
        ...

    def get_case(self, case: CaseId) -> Case:
        """By id. Raises NotFoundError."""
        ...

    def find_by_ticket(self, ticket: TicketRef, *, guess: CaseId | None = None) -> Case | None:
        """By its ticket. ``guess``: the case id that a hint carried; it saves a round trip and is checked."""
        ...

    def find_open_by_contact(self, contact: ContactRef) -> OpenCases:
        """OPENING, OPEN cases of a contact, newest first. ConflictError: one is being stored this very moment."""
        ...

    def find_by_author(self, author: AuthorKey, *, limit: int = 100) -> Sequence[Case]:
        """Cases in which an author ever took part, whatever their state, at most `limit`, in no order that means
        anything."""
        ...

    def find_message(self, message: MessageKey) -> MessageRecord | None:
        """What is known of a message."""
        ...

    def waiting(self, case: CaseId, *, after: int = 0, limit: int = 80) -> Sequence[WaitingEntry]:
        """Messages that the case keeps to be written together, by number, those after ``after``."""
        ...

    def open_conversations(self, account: AccountKey, *, limit: int = 200) -> Sequence[ConversationKey]:
        """Conversations of open cases of an account, latest first: whose threads a poller re-reads."""
        ...

    def open_page(self, account: AccountKey, *, after: Cursor | None = None, limit: int = 200) -> OpenPage:
        """The same list in pages, so that none is always left out: from the place `after` on, or from the top."""
        ...


class DeliveryStore(Protocol):
    """Deliveries."""

    def find_delivery(self, key: str, *, case: CaseId) -> Delivery | None:
        """One delivery."""
        ...

    def deliveries(self, case: CaseId) -> Sequence[Delivery]:
        """All deliveries of a case, oldest first."""
        ...


class CursorStore(Protocol):
    """Places in lists."""

    def find_cursor(self, name: str) -> Cursor | None:
        """Where we stand."""
        ...


class DueStore(Protocol):
    """What waits for its time."""

    def list_due(self, now: datetime, *, limit: int = 100) -> Sequence[DueItem]:
        """Items whose time has come, longest due first."""
        ...


class ParkingLot(Protocol):
    """What waits for a person."""

    def park(self, item: ParkedItem) -> None:
        """Keep. The same id again replaces (a retry parks once)."""
        ...

    def find_parked(self, item_id: str) -> ParkedItem | None:
        """One item."""
        ...

    def list_parked(self, *, limit: int = 100, before: ParkedItem | None = None) -> Sequence[ParkedItem]:
        """Newest first; ``before``: only those that come after it in the list."""
        ...

    def discard(self, item_id: str, *, only: ParkedItem | None = None) -> bool:
        """Remove. Unknown: nothing happens. ``only``: not when it was parked again since that was read. True: it is
        gone by this."""
        ...


class ReportStore(Protocol):
    """Reports of audits, each sealed behind its account's report before."""

    def put_report(self, report: AuditReport) -> AuditReport:
        """Seal and keep; returns it sealed. ConflictError: there is one of that id."""
        ...

    def find_report(self, report_id: str) -> AuditReport | None:
        """One report."""
        ...

    def last_report(self, account: AccountKey) -> AuditReport | None:
        """The latest report of an account."""
        ...

    def list_reports(self, *, limit: int = 100) -> Sequence[AuditReport]:
        """Newest first, of all accounts."""
        ...

    def sign_off(self, signed: SignOff) -> None:
        """Keep that somebody has looked at a report. NotFoundError: there is no such report."""
        ...

    def sign_offs(self, report_id: str) -> Sequence[SignOff]:
        """Who has signed a report off, oldest first."""
        ...


class Directory(Protocol):
    """Which accounts, endpoints, helpdesks and CRMs there are, and the policy. Small; may be cached for a minute."""

    def find_endpoint(self, kind: str, connector: str, name: str) -> Endpoint | None:
        """One webhook address."""
        ...

    def get_account(self, key: AccountKey) -> Account:
        """Raises ConfigurationError when there is none."""
        ...

    def get_connection(self, kind: str, name: str) -> Connection:
        """A helpdesk or CRM. Raises ConfigurationError when there is none."""
        ...

    def accounts(self) -> Sequence[Account]:
        """All accounts."""
        ...

    def connections(self) -> Sequence[Connection]:
        """All helpdesks and CRMs."""
        ...

    def endpoints(self) -> Sequence[Endpoint]:
        """All webhook addresses."""
        ...

    def put_account(self, account: Account) -> None:
        """Store or replace."""
        ...

    def put_connection(self, connection: Connection) -> None:
        """Store or replace."""
        ...

    def put_endpoint(self, endpoint: Endpoint) -> None:
        """Store or replace."""
        ...

    def policy(self) -> CarePolicy:
        """The stored policy, or the defaults."""
        ...

    def put_policy(self, policy: CarePolicy) -> None:
        """Store or replace."""
        ...

    def match_weights(self) -> Weights | None:
        """What was learned for ranking suggestions; None: nothing yet."""
        ...

    def put_match_weights(self, weights: Weights) -> None:
        """Store or replace."""
        ...


class Stores(Protocol):
    """All of the state."""

    @property
    def transactions(self) -> Transactions: ...
    @property
    def ledger(self) -> EventLedger: ...
    @property
    def cases(self) -> CaseStore: ...
    @property
    def deliveries(self) -> DeliveryStore: ...
    @property
    def identities(self) -> IdentityStore: ...
    @property
    def examples(self) -> ExampleStore: ...
    @property
    def contacts(self) -> ContactIndex: ...
    @property
    def cursors(self) -> CursorStore: ...
    @property
    def due(self) -> DueStore: ...
    @property
    def alarms(self) -> AlarmStore: ...
    @property
    def health(self) -> HealthStore: ...
    @property
    def remotes(self) -> RemoteStore: ...
    @property
    def parking(self) -> ParkingLot: ...
    @property
    def reports(self) -> ReportStore: ...
    @property
    def directory(self) -> Directory: ...
    @property
    def erasure(self) -> ErasureStore: ...
