"""What is broken: one item per alarm in one partition. Each delivery asks, so answers are remembered for a minute."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from chalicelib.adapters.records import keys
from chalicelib.adapters.records.documents import document, read
from chalicelib.core.alarms import Alarm
from chalicelib.core.errors import ConflictError
from chalicelib.ports.services import Clock
from chalicelib.ports.table import Condition, ConditionFailed, Delete, Put, Table

FRESH = timedelta(minutes=1)
_PAGE = 200
_RACES = 4


class RecordAlarms:
    """Implements ports.stores.AlarmStore."""

    def __init__(self, table: Table, clock: Clock) -> None:
        self._table = table
        self._clock = clock
        self._lock = threading.Lock()
        self._known: dict[str, Alarm] = {}
        self._known_at: datetime | None = None

    def raise_alarm(self, alarm: Alarm) -> bool:
        key = keys.alarm(alarm.id)
        for _ in range(_RACES):
            stored = self._table.get([key]).get(key)
            before = read(Alarm, stored) if stored else None
            kept = alarm if before is None else replace(alarm, since=before.since, times=before.times + 1)
            unchanged = Condition(equals={"doc": stored["doc"]}) if stored else Condition(exists=False)
            try:
                self._table.write([Put(key=key, item={"doc": document(kept)}, condition=unchanged)])
            except ConditionFailed:
                continue
            with self._lock:
                self._known = {**self._known, alarm.id: kept}
            return before is None
        raise ConflictError("this alarm is being raised by others")

    def clear_alarm(self, alarm_id: str) -> bool:
        try:
            self._table.write([Delete(key=keys.alarm(alarm_id), condition=Condition(exists=True))])
        except ConditionFailed:
            return False
        finally:
            with self._lock:
                self._known = {name: item for name, item in self._known.items() if name != alarm_id}
        return True

    def list_alarms(self) -> Sequence[Alarm]:
        found: list[Alarm] = []
        after: str | None = None
        while True:
            page = self._table.query(keys.ALARMS, after=after, limit=_PAGE)
            found += [read(Alarm, item) for _, item in page]
            if len(page) < _PAGE:
                break
            after = page[-1][0][1]
        with self._lock:
            self._known, self._known_at = {item.id: item for item in found}, self._clock.now()
        return sorted(found, key=lambda item: (item.since, item.id))

    def standing(self) -> Mapping[str, Alarm]:
        now = self._clock.now()
        if self._known_at is None or not self._known_at <= now < self._known_at + FRESH:
            self.list_alarms()
        with self._lock:
            return self._known
