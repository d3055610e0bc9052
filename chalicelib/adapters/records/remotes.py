"""How remotes are doing: one small record each, changed by compare-and-set."""

from __future__ import annotations

from dataclasses import replace

from chalicelib.adapters.records import keys
from chalicelib.adapters.records.documents import document, read
from chalicelib.core.errors import ConflictError
from chalicelib.core.remotes import RemoteState
from chalicelib.ports.table import Condition, ConditionFailed, Item, Put, Table


class RecordRemotes:
    """Implements ports.stores.RemoteStore."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def find_remote(self, name: str) -> RemoteState | None:
        key = keys.remote(name)
        stored = self._table.get([key]).get(key)
        return read(RemoteState, stored) if stored else None

    def save_remote(self, name: str, state: RemoteState) -> RemoteState:
        saved = replace(state, version=state.version + 1)
        before = Condition(equals={"version": state.version}) if state.version else Condition(exists=False)
        item: Item = {"doc": document(saved), "version": saved.version}
        try:
            self._table.write([Put(key=keys.remote(name), item=item, condition=before)])
        except ConditionFailed:
            raise ConflictError("another worker saved this remote") from None
        return saved
