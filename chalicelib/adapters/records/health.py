"""What is remembered of accounts between two checks, and signs of life: small items that the latest writer decides."""

from __future__ import annotations

from datetime import datetime, timedelta

from chalicelib.adapters.records import keys
from chalicelib.adapters.records.documents import document, read, seconds
from chalicelib.core.health import Health
from chalicelib.ports.services import Clock
from chalicelib.ports.table import Put, Table

KEEP_MARKS = timedelta(days=7)


class RecordHealth:
    """Implements ports.stores.HealthStore."""

    def __init__(self, table: Table, clock: Clock) -> None:
        self._table = table
        self._clock = clock

    def find_health(self, name: str) -> Health | None:
        stored = self._table.get([keys.health(name)]).get(keys.health(name))
        return read(Health, stored) if stored else None

    def save_health(self, health: Health) -> None:
        self._table.write([Put(key=keys.health(health.name), item={"doc": document(health)})])

    def find_mark(self, name: str) -> datetime | None:
        stored = self._table.get([keys.mark(name)]).get(keys.mark(name))
        return datetime.fromisoformat(str(stored["at"])) if stored else None

    def set_mark(self, name: str, at: datetime) -> None:
        expires = seconds(self._clock.now() + KEEP_MARKS)
        self._table.write([Put(key=keys.mark(name), item={"at": keys.stamp(at)}, expires_at=expires)])
