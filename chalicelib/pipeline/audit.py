"""The silence audit: the platform's own list against the ledger, and the ledger against itself, for one account.

Nothing is changed by it but the list of reports: what it finds missing, reconciliation takes in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from chalicelib.core.account import Account
from chalicelib.core.audit import Facts, Finding, Sighting, judge, moment_of, sighting_of
from chalicelib.core.disposition import LedgerEntry, Outcome
from chalicelib.core.errors import CareloopError, NotFoundError, RejectedError, UnsupportedError
from chalicelib.core.events import Parsed, PlatformEvent
from chalicelib.core.ids import AccountKey, CaseId, EventKey, ThreadId, digest
from chalicelib.core.report import AuditReport, filled
from chalicelib.pipeline.audit_cases import CaseBook, audit_replies, open_cases
from chalicelib.pipeline.poll import added_name
from chalicelib.ports.platform import HISTORY_ENDS, ListsThread, PlatformClient, PollsEvents, SeeksTime
from chalicelib.ports.runtime import Runtime

NATIVELY = "answered natively"
"""The ledger's reason for the brand's answer on the platform itself."""
STOPPED = "the platform's list could not be read to its end"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What one audit may take. ``longest``: None where nobody waits for it to end (a command)."""

    pages: int = 200
    threads: int = 200
    entries: int = 20_000
    tickets: int = 300
    longest: timedelta | None = timedelta(seconds=75)


FOR_A_JOB = Bounds()
FOR_A_COMMAND = Bounds(pages=100_000, threads=100_000, entries=5_000_000, tickets=100_000, longest=None)
Progress = Callable[[str, int], None]


def _quiet(what: str, count: int) -> None:
    """Nobody watches."""


@dataclass(slots=True)
class Gathering:
    """What one audit collects. ``wanted``: the period."""

    since: datetime
    until: datetime
    deadline: datetime | None
    now: Callable[[], datetime]
    progress: Progress
    sightings: dict[EventKey, Sighting] = field(default_factory=dict)
    entries: dict[EventKey, LedgerEntry] = field(default_factory=dict)
    unreadable: int = 0
    gaps: list[str] = field(default_factory=list)

    def take(self, parsed: Parsed[PlatformEvent]) -> None:
        """Note the events of the period, each once."""
        for event in parsed.events:
            if self.since <= moment_of(event) < self.until:
                sighting = sighting_of(event)
                self.sightings.setdefault(sighting.key, sighting)
        self.unreadable += len(parsed.malformed)
        if parsed.ignored.get(HISTORY_ENDS):
            self.gap("the platform's own history ends within the period")

    def gap(self, text: str) -> None:
        """Note what keeps the audit from being whole, once."""
        if text not in self.gaps:
            self.gaps.append(text)

    @property
    def is_late(self) -> bool:
        """Whether the time allowed is over."""
        return self.deadline is not None and self.now() >= self.deadline


def audit(
    runtime: Runtime,
    account_key: AccountKey,
    since: datetime,
    until: datetime,
    *,
    bounds: Bounds = FOR_A_JOB,
    progress: Progress = _quiet,
) -> AuditReport:
    """Compare, judge, count; the report is not stored yet. What can't be asked is named in it, never passed over.
    Raises ConfigurationError when there is no such account."""
    now = runtime.clock.now()
    account = runtime.stores.directory.get_account(account_key)
    added = runtime.stores.cursors.find_cursor(added_name(account_key))
    begin = max(since, datetime.fromisoformat(added)) if added else since
    deadline = now + bounds.longest if bounds.longest else None
    found = Gathering(since=begin, until=until, deadline=deadline, now=runtime.clock.now, progress=progress)
    cases = CaseBook(runtime)
    _read_ledger(runtime, account_key, found, bounds)
    no_list = _read_platform(runtime, account, found, cases, bounds)
    _look_up(runtime, found)
    findings = _judged(runtime, found, cases, now)
    concerned = {item.case for item in findings if item.case}
    concerned |= {item.id for item in open_cases(runtime, account_key, bounds.tickets)}
    replies = audit_replies(runtime, cases, sorted(concerned), found, bounds.tickets, now)
    blank = AuditReport(
        id=f"{now:%Y%m%dT%H%M%S}-{digest(str(account_key), begin.isoformat(), until.isoformat(), length=6)}",
        account=account_key,
        since=begin,
        until=until,
        made_at=now,
        unreadable=found.unreadable,
        no_list=no_list,
        gaps=tuple(found.gaps),
    )
    return filled(blank, findings, replies, listed=len(found.sightings))


# ---- both sides ------------------------------------------------------------------------------------------------------


def _read_ledger(runtime: Runtime, account: AccountKey, found: Gathering, bounds: Bounds) -> None:
    """What the ledger first saw in the period, listed by the platform or not."""
    entries = runtime.stores.ledger.recent(account, since=found.since, limit=bounds.entries)
    found.entries |= {item.key: item for item in entries if item.first_seen_at < found.until}
    found.progress("ledger", len(found.entries))
    if len(entries) >= bounds.entries:
        found.gap(f"more than {bounds.entries} events in the ledger: audit a shorter period")


def _look_up(runtime: Runtime, found: Gathering) -> None:
    """The ledger's entries of listed events that it first saw at another time."""
    others = [key for key in found.sightings if key not in found.entries]
    found.entries |= runtime.stores.ledger.find_entries(others) if others else {}


def _read_platform(runtime: Runtime, account: Account, found: Gathering, cases: CaseBook, bounds: Bounds) -> str:
    """The platform's own list, and the threads that cases of the period stand in. Returns why there is no list."""
    title = runtime.connectors.platform_spec(account.key.platform).title
    try:
        client = runtime.connectors.platform(account, patient=True)
        if not isinstance(client, PollsEvents) or not isinstance(client, SeeksTime):
            return f"{title} has no list that can be read from a moment on: what its webhook lost can't be told"
        _list(client, client, found, bounds.pages)
        _list_threads(client, account.key, found, cases, bounds.threads)
    except CareloopError as error:
        found.gap(f"{STOPPED}: {error.code}")
    return ""


def _list(client: PollsEvents, seeking: SeeksTime, found: Gathering, most: int) -> None:
    cursor = seeking.cursor_at(found.since)
    for _ in range(most):
        page = client.poll(cursor)
        found.take(page.parsed)
        found.progress("list", len(found.sightings))
        if page.paused:
            found.gap(f"{STOPPED}: its allowance is nearly used up")
        if not page.more or page.cursor == cursor:
            return
        cursor = page.cursor
        if found.is_late:
            break
    found.gap(f"{STOPPED}: too long for one audit; run `careloop audit` for it")


def _list_threads(client: PlatformClient, account: AccountKey, found: Gathering, cases: CaseBook, most: int) -> None:
    """A list of notifications does not show every answer in a thread; the thread itself does."""
    if not isinstance(client, ListsThread):
        return
    threads = _threads(account, found, cases)
    unread = 0
    for number, thread in enumerate(threads[:most]):
        if found.is_late:
            most = number
            break
        try:
            found.take(client.list_thread(thread))
        except NotFoundError:
            continue
        except (RejectedError, UnsupportedError):
            unread += 1
        found.progress("threads", number + 1)
    if len(threads) > most:
        found.gap(f"{len(threads) - most} of {len(threads)} threads were not read")
    if unread:
        found.gap(f"{unread} threads can't be read any more")


def _threads(account: AccountKey, found: Gathering, cases: CaseBook) -> list[ThreadId]:
    ids = {_case_of(entry) for entry in found.entries.values()}
    known = (cases.find(item) for item in sorted(item for item in ids if item))
    return list(
        dict.fromkeys(
            talk.key.thread.thread
            for case in known
            if case is not None
            for talk in case.conversations
            if talk.key.thread.account == account
        )
    )


def _case_of(entry: LedgerEntry) -> CaseId | None:
    return entry.disposition.case if entry.disposition else None


# ---- standing --------------------------------------------------------------------------------------------------------


def _judged(runtime: Runtime, found: Gathering, cases: CaseBook, now: datetime) -> list[Finding]:
    """Every event once: those listed, and those that only the ledger has."""
    natively = _native_answers(found)
    findings = []
    for key in {**dict.fromkeys(found.sightings), **dict.fromkeys(found.entries)}:
        sighting, entry = found.sightings.get(key), found.entries.get(key)
        facts = _facts(runtime, cases, sighting, entry, natively)
        findings.append(judge(key, sighting, facts, now))
        found.progress("judged", len(findings))
    return findings


def _native_answers(found: Gathering) -> dict[CaseId, datetime]:
    latest: dict[CaseId, datetime] = {}
    for key, sighting in found.sightings.items():
        entry = found.entries.get(key)
        case = _case_of(entry) if entry else None
        if entry and case and entry.disposition and entry.disposition.reason == NATIVELY:
            latest[case] = max(sighting.at, latest.get(case, sighting.at))
    return latest


def _facts(
    runtime: Runtime,
    cases: CaseBook,
    sighting: Sighting | None,
    entry: LedgerEntry | None,
    natively: Mapping[CaseId, datetime],
) -> Facts:
    message = sighting.message if sighting else None
    if entry is None:
        record = runtime.stores.cases.find_message(message) if sighting and sighting.is_echo and message else None
        return Facts(posted_by_us=record is not None and record.delivery is not None)
    disposition = entry.disposition
    if disposition is None:
        return Facts(entry=entry)
    if disposition.outcome is Outcome.PARKED:
        item = disposition.detail.get("parked")
        gone = item is not None and runtime.stores.parking.find_parked(item) is None
        return Facts(entry=entry, discarded=gone)
    case = cases.present(disposition.case, message, entry.account)
    if case is None and disposition.outcome is Outcome.DUPLICATE and message is not None:
        case = cases.of_message(message)
    return Facts(entry=entry, case=case, natively=natively.get(disposition.case) if disposition.case else None)
