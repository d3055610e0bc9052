"""Places in lists (cursors), and rotating logins (sessions): small values that move by compare-and-set."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

from chalicelib.adapters.records import keys
from chalicelib.adapters.records.documents import writable
from chalicelib.core.errors import ConflictError
from chalicelib.core.ids import Cursor
from chalicelib.ports.services import Session
from chalicelib.ports.stores import SaveCursor
from chalicelib.ports.table import Change, Condition, ConditionFailed, Put, Table


class RecordCursors:
    """Implements ports.stores.CursorStore."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def find_cursor(self, name: str) -> Cursor | None:
        stored = self._table.get([keys.cursor(name)]).get(keys.cursor(name))
        return Cursor(json.loads(str(stored["doc"]))) if stored else None

    def moving(self, write: SaveCursor) -> Sequence[Change]:
        """The change that moves a cursor from where it is expected."""
        before = Condition(exists=False) if write.expected is None else Condition(equals={"doc": _text(write.expected)})
        return (Put(key=keys.cursor(write.name), item={"doc": _text(write.cursor)}, condition=before),)


class RecordSessions:
    """Implements ports.services.SessionStore."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def find_session(self, name: str) -> Session | None:
        stored = self._table.get([keys.session(name)]).get(keys.session(name))
        if stored is None:
            return None
        return Session(values=json.loads(str(stored["doc"])), version=int(stored["version"] or 0))

    def save_session(self, name: str, session: Session, *, expected_version: int | None) -> Session:
        saved = replace(session, values=dict(session.values), version=(expected_version or 0) + 1)
        before = (
            Condition(exists=False) if expected_version is None else Condition(equals={"version": expected_version})
        )
        doc = _text(saved.values)
        try:
            self._table.write(
                [Put(key=keys.session(name), item={"doc": doc, "version": saved.version}, condition=before)]
            )
        except ConditionFailed:
            raise ConflictError("another worker saved this session") from None
        return saved


def _text(value: object) -> str:
    return writable(json.dumps(value, ensure_ascii=False, separators=(",", ":")))
