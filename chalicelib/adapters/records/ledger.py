"""The ledger: one item per event, and a row per account and month for what came lately."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from chalicelib.adapters.records import keys
from chalicelib.adapters.records.documents import Remembered, Retention, document, read, seconds
from chalicelib.core.disposition import Claim, ClaimState, LedgerEntry
from chalicelib.core.errors import ConflictError
from chalicelib.core.ids import AccountKey, CaseId, EventKey
from chalicelib.ports.services import Clock
from chalicelib.ports.stores import CompleteEvent, ReopenEvent
from chalicelib.ports.table import Change, Check, Condition, ConditionFailed, Delete, Item, Key, Put, Table

_NEW = Condition(exists=False)
_BATCH = 100
_CLAIMS = 2000
"""Claims whose entries are remembered until they are completed, so that completing needs no read."""
_RACES = 4


class RecordLedger:
    """Implements ports.stores.EventLedger."""

    def __init__(self, table: Table, clock: Clock, retention: Retention) -> None:
        self._table = table
        self._clock = clock
        self._keep = retention.ledger
        self._claimed: Remembered[tuple[EventKey, str], LedgerEntry] = Remembered(_CLAIMS)

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
        entry = LedgerEntry(key=key, account=account, first_seen_at=now, attempts=1, archived_at=archived_at)
        row = Put(
            key=keys.recent(account, now, key), item={"event": keys.event(key)[0]}, expires_at=seconds(now + self._keep)
        )
        try:
            self._table.write([self._put(entry, now, _NEW, owner=owner, until=now + lease), row])
        except ConditionFailed as failed:
            return self._claim_again(key, failed.item, owner=owner, now=now, lease=lease)
        except ConflictError:
            stored = self._table.get([keys.event(key)]).get(keys.event(key))
            return self._claim_again(key, stored, owner=owner, now=now, lease=lease)
        return self._claimed_by(owner, entry, ClaimState.FRESH)

    def _claim_again(self, key: EventKey, stored: Item | None, *, owner: str, now: datetime, lease: timedelta) -> Claim:
        for _ in range(_RACES):
            if stored is None:
                break
            entry = read(LedgerEntry, stored)
            if entry.disposition is not None:
                return Claim(state=ClaimState.DONE, entry=entry, owner=owner)
            holder, until = stored.get("owner"), stored.get("lease_until")
            if holder not in (None, owner) and isinstance(until, int) and until > _milliseconds(now):
                return Claim(state=ClaimState.BUSY, entry=entry, owner=owner)
            resumed = replace(entry, attempts=entry.attempts + 1)
            unchanged = Condition(equals={"owner": holder, "attempts": entry.attempts, "outcome": None}, exists=True)
            try:
                self._table.write([self._put(resumed, now, unchanged, owner=owner, until=now + lease)])
            except ConditionFailed as failed:
                stored = failed.item
                continue
            return self._claimed_by(owner, resumed, ClaimState.RESUMED)
        raise ConflictError("the event is being claimed by others")

    def _claimed_by(self, owner: str, entry: LedgerEntry, state: ClaimState) -> Claim:
        self._claimed.keep((entry.key, owner), entry)
        return Claim(state=state, entry=entry, owner=owner)

    def release(self, key: EventKey, *, owner: str) -> None:
        entry = self._held(key, owner)
        self._claimed.forget((key, owner))
        if entry is None:
            return
        try:
            self._table.write([self._put(entry, self._clock.now(), _held_by(owner))])
        except ConditionFailed:
            return

    def completion(self, write: CompleteEvent) -> Sequence[Change]:
        """The changes that give an event its disposition: its entry, and its line in the case's history.

        Raises ConflictError when there is no such entry.
        """
        held = self._held(write.key, write.owner)
        if held is None:
            raise ConflictError("the event is not claimed")
        done = replace(held, disposition=write.disposition, completed_at=write.at)
        put = self._put(done, write.at, _held_by(write.owner), owner=write.owner)
        case = write.disposition.case
        if case is None:
            return (put,)
        line = keys.history(case, write.at, write.key)
        return put, Put(key=line, item={"doc": put.item["doc"]}, expires_at=put.expires_at)

    def reopening(self, write: ReopenEvent) -> Sequence[Change]:
        """The changes that take a disposition back. An event without any is left as it is."""
        key = keys.event(write.key)
        stored = self._table.get([key]).get(key)
        entry = read(LedgerEntry, stored) if stored else None
        if entry is None or entry.disposition is None or entry.completed_at is None:
            return (Check(key=key, condition=Condition(equals={"outcome": None})),)
        if entry.disposition.outcome is not write.outcome or write.reason not in (None, entry.disposition.reason):
            raise ConflictError("ReopenEvent: the event has another disposition")
        had = Condition(equals={"outcome": write.outcome.value, "attempts": entry.attempts})
        open_again = replace(entry, disposition=None, completed_at=None)
        put = self._put(open_again, self._clock.now(), had)
        if entry.disposition.case is None:
            return (put,)
        return put, Delete(key=keys.history(entry.disposition.case, entry.completed_at, entry.key))

    def find_entry(self, key: EventKey) -> LedgerEntry | None:
        stored = self._table.get([keys.event(key)]).get(keys.event(key))
        return read(LedgerEntry, stored) if stored else None

    def unseen(self, keys_asked: Sequence[EventKey]) -> Sequence[EventKey]:
        wanted = list(dict.fromkeys(keys_asked))
        stored = self._stored([keys.event(key) for key in wanted])
        return [key for key in wanted if keys.event(key) not in stored]

    def find_entries(self, keys_asked: Sequence[EventKey]) -> Mapping[EventKey, LedgerEntry]:
        stored = self._stored([keys.event(key) for key in dict.fromkeys(keys_asked)])
        return {key: read(LedgerEntry, stored[keys.event(key)]) for key in keys_asked if keys.event(key) in stored}

    def history(self, case: CaseId) -> Sequence[LedgerEntry]:
        found: list[LedgerEntry] = []
        after: str | None = None
        while True:
            page = self._table.query(keys.case(case)[0], prefix=keys.HISTORY, after=after, limit=_BATCH)
            found += [read(LedgerEntry, item) for _, item in page]
            if len(page) < _BATCH:
                return found
            after = page[-1][0][1]

    def recent(self, account: AccountKey, *, since: datetime, limit: int = 100) -> Sequence[LedgerEntry]:
        oldest = keys.stamp(since)
        found: list[Key] = []
        now = self._clock.now()
        for month in _months(now, max(since, now - self._keep)):
            partition = keys.recent_month(account, month)
            rows = self._table.query(partition, newest_first=True, limit=limit - len(found))
            found += [(str(item["event"]), "event") for (_, moment), item in rows if moment >= oldest]
            if len(found) >= limit:
                break
        stored = self._stored(found)
        return [read(LedgerEntry, stored[key]) for key in found if key in stored]

    def _stored(self, wanted: Sequence[Key]) -> dict[Key, Item]:
        stored: dict[Key, Item] = {}
        for start in range(0, len(wanted), _BATCH):
            stored.update(self._table.get(wanted[start : start + _BATCH]))
        return stored

    def _held(self, key: EventKey, owner: str) -> LedgerEntry | None:
        """The entry as `owner` claimed it, remembered or read. Whether the claim still holds, the write tells."""
        return self._claimed.find((key, owner)) or self.find_entry(key)

    def _put(
        self,
        entry: LedgerEntry,
        now: datetime,
        condition: Condition,
        *,
        owner: str | None = None,
        until: datetime | None = None,
    ) -> Put:
        return Put(
            key=keys.event(entry.key),
            item={
                "doc": document(entry),
                "owner": owner,
                "lease_until": _milliseconds(until) if until else None,
                "attempts": entry.attempts,
                "outcome": entry.disposition.outcome.value if entry.disposition else None,
            },
            condition=condition,
            expires_at=seconds(now + self._keep),
        )


def _held_by(owner: str) -> Condition:
    return Condition(equals={"owner": owner, "outcome": None})


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _months(now: datetime, since: datetime) -> Sequence[str]:
    """The months from `now` (and a day: clocks differ) back to `since`, as "2026-11"."""
    last, first = keys.stamp(now + timedelta(days=1))[:7], keys.stamp(since)[:7]
    months: list[str] = []
    while last >= first:
        months.append(last)
        year, month = int(last[:4]), int(last[5:])
        last = f"{year - (month == 1):04}-{month - 1 or 12:02}"
    return months
