"""What waits for its time: rows of one partition, ordered by that time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from chalicelib.adapters.records import keys
from chalicelib.adapters.records.documents import document, read
from chalicelib.core.jobs import DueItem
from chalicelib.ports.stores import RemoveDue, SaveDue
from chalicelib.ports.table import Change, Delete, Put, Table


class RecordDue:
    """Implements ports.stores.DueStore."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def list_due(self, now: datetime, *, limit: int = 100) -> Sequence[DueItem]:
        last = keys.stamp(now)
        rows = self._table.query(keys.DUE, limit=limit)
        return [read(DueItem, item) for (_, moment), item in rows if moment[: len(last)] <= last]

    def saving(self, write: SaveDue) -> Sequence[Change]:
        """The change that keeps an item."""
        return (Put(key=keys.due(write.due.at, write.due.id), item={"doc": document(write.due)}),)

    def removing(self, write: RemoveDue) -> Sequence[Change]:
        """The change that removes an item."""
        return (Delete(key=keys.due(write.due.at, write.due.id)),)
