"""The table of documents on SQLite."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from careloop.local.database import Database
from chalicelib.adapters.records.rules import MAX_CHANGES, check_changes, check_keys, end_of_prefix, holds, present
from chalicelib.ports.services import Clock
from chalicelib.ports.table import Change, ConditionFailed, Delete, Item, Key, Put, Value

_SCHEMA = (
    # A plain rowid table: documents of a few kilobytes stay in one page, which those of WITHOUT ROWID tables do not.
    """CREATE TABLE IF NOT EXISTS items (
        pk TEXT NOT NULL, sk TEXT NOT NULL, doc TEXT, attributes TEXT, expires_at INTEGER, UNIQUE (pk, sk)
    )""",
)
_PUT = """INSERT INTO items (pk, sk, doc, attributes, expires_at) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (pk, sk) DO UPDATE
    SET doc = excluded.doc, attributes = excluded.attributes, expires_at = excluded.expires_at"""
_DELETE = "DELETE FROM items WHERE pk = ? AND sk = ?"
_LIVE = "(expires_at IS NULL OR expires_at > ?)"
_GET = f"SELECT doc, attributes FROM items WHERE pk = ? AND sk = ? AND {_LIVE}"
_GET_MANY = f"""SELECT pk, sk, doc, attributes FROM json_each(?) AS wanted CROSS JOIN items
    ON pk = json_extract(wanted.value, '$[0]') AND sk = json_extract(wanted.value, '$[1]') WHERE {_LIVE}"""
_PORTION = 5000
"""Keys of one such statement."""
_SWEEP = 2000
"""After so many writes, so many rows are looked over for expired ones: an index would cost each write more."""


class SqliteTable:
    """Implements ports.table.Table on a file, ":memory:", or a `Database` shared with queues and archive."""

    def __init__(self, database: Database | str | Path, clock: Clock) -> None:
        self._database = database if isinstance(database, Database) else Database(database)
        self._clock = clock
        self._writes = 0
        self._swept = 0
        self._database.create(_SCHEMA)

    def get(self, keys: Sequence[Key]) -> Mapping[Key, Item]:
        wanted = list(dict.fromkeys(keys))
        if len(wanted) > MAX_CHANGES:
            raise ValueError(f"{len(wanted)} keys in one read; at most {MAX_CHANGES}")
        check_keys(wanted)
        now = self._now()
        if not wanted:
            return {}
        # The order of this join makes it one look-up per key; (pk, sk) IN (...) would read the whole table.
        statement = f"""WITH wanted (pk, sk) AS (VALUES {", ".join(["(?, ?)"] * len(wanted))})
            SELECT pk, sk, doc, attributes FROM wanted CROSS JOIN items USING (pk, sk) WHERE {_LIVE}"""
        rows = self._database.read(statement, [*(part for key in wanted for part in key), now])
        return {(pk, sk): _item(doc, attributes) for pk, sk, doc, attributes in rows}

    def write(self, changes: Sequence[Change]) -> None:
        check_changes(changes)
        if not changes:
            return
        now = self._now()
        with self._database.transaction() as connection:
            # Conditions speak of the items before the write, so all are tried before the first change.
            for index, change in enumerate(changes):
                if change.condition is not None:
                    stored = _read(connection, change.key, now)
                    if not holds(change.condition, stored):
                        raise ConditionFailed(index, stored)
            for change in changes:
                _apply(connection, change)
        self._writes += 1
        if self._writes % _SWEEP == 0:
            self._sweep(_SWEEP)

    def query(
        self, pk: str, *, prefix: str = "", limit: int = 100, newest_first: bool = False, after: str | None = None
    ) -> Sequence[tuple[Key, Item]]:
        where = ["pk = ?", _LIVE]
        parameters: list[str | int] = [pk, self._now()]
        end = end_of_prefix(prefix)
        for clause, bound in (("sk >= ?", prefix), ("sk < ?", end), ("sk < ?" if newest_first else "sk > ?", after)):
            if bound:
                where.append(clause)
                parameters.append(bound)
        statement = f"""SELECT pk, sk, doc, attributes FROM items WHERE {" AND ".join(where)}
            ORDER BY sk {"DESC" if newest_first else "ASC"} LIMIT ?"""
        rows = self._database.read(statement, [*parameters, limit])
        return [((pk, sk), _item(doc, attributes)) for pk, sk, doc, attributes in rows]

    @contextmanager
    def bulk(self) -> Iterator[SqliteBulk]:
        """See ports.table.TakesBulk."""
        with self._database.transaction() as connection:
            yield SqliteBulk(connection, self._now())

    def purge(self) -> int:
        """Remove all expired items, for instance before a backup. Returns how many."""
        with self._database.transaction() as connection:
            return connection.execute("DELETE FROM items WHERE expires_at <= ?", (self._now(),)).rowcount

    def close(self) -> None:
        """Close the database below."""
        self._database.close()

    def _sweep(self, rows: int) -> None:
        """Remove the expired items among the next `rows`, beginning again after the last."""
        with self._database.transaction() as connection:
            begin, self._swept = self._swept, self._swept + rows
            connection.execute(
                "DELETE FROM items WHERE rowid > ? AND rowid <= ? AND expires_at <= ?",
                (begin, self._swept, self._now()),
            )
            if self._swept >= (connection.execute("SELECT max(rowid) FROM items").fetchone()[0] or 0):
                self._swept = 0

    def _now(self) -> int:
        return int(self._clock.now().timestamp())


class SqliteBulk:
    """Implements ports.table.BulkTable inside a transaction. In the order of the keys, which is that of the index: each
    of its pages is changed once."""

    def __init__(self, connection: sqlite3.Connection, now: int) -> None:
        self._connection = connection
        self._now = now

    def get(self, keys: Sequence[Key]) -> Mapping[Key, Item]:
        check_keys(keys)
        found: dict[Key, Item] = {}
        wanted = sorted(set(keys))
        for start in range(0, len(wanted), _PORTION):
            rows = self._connection.execute(_GET_MANY, (json.dumps(wanted[start : start + _PORTION]), self._now))
            found.update({(pk, sk): _item(doc, attributes) for pk, sk, doc, attributes in rows})
        return found

    def write(self, changes: Sequence[Put | Delete]) -> None:
        for start in range(0, len(changes), MAX_CHANGES):
            check_changes(changes[start : start + MAX_CHANGES])
        ordered = sorted(changes, key=lambda change: change.key)
        puts = (_row(change) for change in ordered if isinstance(change, Put))
        self._connection.executemany(_PUT, puts)
        self._connection.executemany(_DELETE, (change.key for change in ordered if isinstance(change, Delete)))


def _row(change: Put) -> tuple[str, str, Value, str | None, int | None]:
    attributes = present(change.item)
    doc = attributes.pop("doc", None)
    if doc is not None and not isinstance(doc, str):
        attributes["doc"], doc = doc, None
    return (*change.key, doc, json.dumps(attributes) if attributes else None, change.expires_at)


def _read(connection: sqlite3.Connection, key: Key, now: int) -> Item | None:
    row = connection.execute(_GET, (*key, now)).fetchone()
    return None if row is None else _item(*row)


def _apply(connection: sqlite3.Connection, change: Change) -> None:
    if isinstance(change, Put):
        connection.execute(_PUT, _row(change))
    elif isinstance(change, Delete):
        connection.execute(_DELETE, change.key)


def _item(doc: str | None, attributes: str | None) -> Item:
    item = json.loads(attributes) if attributes else {}
    if doc is not None:
        item["doc"] = doc
    return item
