"""One commit: writes become changes of items, all in one write of the table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from chalicelib.adapters.records.cases import RecordCases
from chalicelib.adapters.records.deliveries import RecordDeliveries
from chalicelib.adapters.records.due import RecordDue
from chalicelib.adapters.records.ledger import RecordLedger
from chalicelib.adapters.records.people import RecordIdentities
from chalicelib.adapters.records.places import RecordCursors
from chalicelib.adapters.records.pointers import Pointers
from chalicelib.core.errors import ConflictError
from chalicelib.ports.stores import (
    CompleteEvent,
    DropEntries,
    KeepEntry,
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
from chalicelib.ports.table import Change, ConditionFailed, Delete, Key, Put, Table
from chalicelib.ports.writes import ForgetIdentity, ForgetPerson, ForgetRejection, RememberRejection, SaveAsking

MOST_WRITES = 20


class RecordTransactions:
    """Implements ports.stores.Transactions."""

    def __init__(
        self,
        table: Table,
        *,
        ledger: RecordLedger,
        cases: RecordCases,
        deliveries: RecordDeliveries,
        identities: RecordIdentities,
        cursors: RecordCursors,
        due: RecordDue,
    ) -> None:
        self._table = table
        self._cases = cases
        self._expand: dict[type, Callable[[Any], Sequence[Change]]] = {
            CompleteEvent: ledger.completion,
            ReopenEvent: ledger.reopening,
            RememberMessage: cases.remembering,
            KeepEntry: cases.keeping,
            DropEntries: cases.dropping,
            RememberIdentity: identities.linking,
            ForgetIdentity: identities.unlinking,
            RememberRejection: identities.rejecting,
            ForgetRejection: identities.reconsidering,
            ForgetPerson: identities.unnaming,
            RememberPerson: identities.naming,
            SaveAsking: identities.asking,
            SaveDelivery: deliveries.saving,
            SaveCursor: cursors.moving,
            SaveDue: due.saving,
            RemoveDue: due.removing,
        }

    def commit(self, *writes: Write) -> None:
        """As the port says. ValueError: more than 20 writes, or two that contradict each other about one item."""
        if len(writes) > MOST_WRITES:
            raise ValueError(f"{len(writes)} writes in one commit; at most {MOST_WRITES}")
        changes: dict[Key, Change] = {}
        wanted_by: list[str] = []
        saved: list[Pointers] = []
        for write in writes:
            name = type(write).__name__
            if isinstance(write, SaveCase):
                pointers, expanded = self._cases.saving(write)
                saved.append(pointers)
            else:
                expanded = self._expand[type(write)](write)
            for change in expanded:
                if change.key not in changes:
                    wanted_by.append(name)
                changes[change.key] = _merged(changes.get(change.key), change, name)
        try:
            self._table.write(list(changes.values()))
        except ConditionFailed as failed:
            raise ConflictError(f"{wanted_by[failed.index]}: somebody else was quicker") from None
        self._cases.saved(saved)


def _merged(first: Change | None, second: Change, name: str) -> Change:
    """The one change that stands for both: equal ones are one, and what is stored outweighs what is tidied away."""
    if first is None or first == second:
        return second
    unguarded = first.condition is None and second.condition is None
    if unguarded and isinstance(first, Put) and isinstance(second, Delete):
        return first
    if unguarded and isinstance(first, Delete) and isinstance(second, Put):
        return second
    raise ValueError(f"{name}: two writes of one commit change the same {second.key[0].partition('|')[0]}")
