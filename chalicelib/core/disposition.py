"""Dispositions: what became of an event. Every event has exactly one, in the ledger."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from chalicelib.core.ids import AccountKey, CaseId, EventKey, TicketRef


class Outcome(StrEnum):
    """The kinds of disposition."""

    TICKETED = "ticketed"
    APPENDED = "appended"
    NOISE = "noise"
    ECHO = "echo"
    DUPLICATE = "duplicate"
    REMOVED_BY_AUTHOR = "removed_by_author"
    PARKED = "parked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Disposition:
    """What became of an event, why, and where to look. ``detail``: short facts for operators (match, route)."""

    outcome: Outcome
    reason: str = ""
    case: CaseId | None = None
    ticket: TicketRef | None = None
    detail: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEntry:
    """The ledger's record of one event. ``disposition`` None: claimed and not finished."""

    key: EventKey
    account: AccountKey
    first_seen_at: datetime
    attempts: int
    disposition: Disposition | None = None
    completed_at: datetime | None = None
    archived_at: str | None = None


class ClaimState(StrEnum):
    """FRESH: ours, first attempt. RESUMED: ours, an earlier attempt may have done part of the work. BUSY: somebody
    else holds it. DONE: it has its disposition."""

    FRESH = "fresh"
    RESUMED = "resumed"
    BUSY = "busy"
    DONE = "done"


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """The answer to a claim. ``entry`` is the ledger's record after the claim."""

    state: ClaimState
    entry: LedgerEntry
    owner: str


class ParkReason(StrEnum):
    """Why something waits for a person."""

    MALFORMED = "malformed"
    NEEDS_HUMAN = "needs_human"
    PERMANENT = "permanent"
    EXHAUSTED = "exhausted"
    """Retried until the queue gave up."""
    BUG = "bug"


@dataclass(frozen=True, slots=True, kw_only=True)
class ParkedItem:
    """Something kept for a person, with advice.

    ``queue`` and ``body`` are what is sent again on release ("inbound" and an envelope); a malformed payload has no
    body but ``archived_at``, from where it can be replayed after a fix.
    """

    id: str
    reason: ParkReason
    code: str
    advice: str
    parked_at: datetime
    account: str = ""
    queue: str | None = None
    group: str | None = None
    body: str | None = None
    archived_at: str | None = None
    path: str | None = None
    case: CaseId | None = None
