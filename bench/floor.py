"""The floor under the loop: the database transactions, signatures and JSON that its events can't do without, bare."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from careloop.local.database import Database

_LITERAL = re.compile(r"'((?:[^']|'')*)'")
_CHANGES = ("INSERT", "UPDATE", "DELETE", "REPLACE")


@dataclass
class Shape:
    """What some events wrote: transactions as the bytes that each of their statements stored; bodies of webhooks."""

    events: int = 0
    transactions: list[tuple[int, ...]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    _open: list[int] = field(default_factory=list)

    @property
    def statements(self) -> int:
        """Statements that change something."""
        return sum(len(item) for item in self.transactions)

    @property
    def stored(self) -> int:
        """Bytes of text."""
        return sum(sum(item) for item in self.transactions)

    def look(self, statement: str) -> None:
        """Note one statement, its parameters written out."""
        verb = statement.lstrip()[:8].upper()
        if verb.startswith("BEGIN"):
            self._open = []
        elif verb.startswith("COMMIT"):
            self.transactions.append(tuple(self._open))
        elif verb.startswith(_CHANGES):
            self._open.append(sum(len(text) for text in _LITERAL.findall(statement)))


@contextmanager
def recording(database: Database, shape: Shape) -> Iterator[None]:
    """Note in `shape` what is written meanwhile."""
    with database.transaction() as connection:
        connection.set_trace_callback(shape.look)
    try:
        yield
    finally:
        with database.transaction() as connection:
            connection.set_trace_callback(None)


class Floor:
    """Repeats a shape on a file of its own, with the pragmas of the product. ``processor`` (seconds), ``events``: so
    far."""

    def __init__(self, path: Path, shape: Shape) -> None:
        self._shape = shape
        self._connection = sqlite3.connect(path, isolation_level=None)
        for pragma in ("journal_mode = WAL", "synchronous = NORMAL", "cache_size = -32000", "temp_store = MEMORY"):
            self._connection.execute(f"PRAGMA {pragma}")
        self._connection.execute("CREATE TABLE bare (name TEXT PRIMARY KEY, text TEXT NOT NULL)")
        self._rows = 0
        self.processor = 0.0
        self.events = 0

    def run(self, events: int) -> None:
        """At least so many events' worth."""
        texts = {size: "x" * size for item in self._shape.transactions for size in item}
        processor = time.process_time()
        done = 0
        while done < events:
            self._once(texts)
            done += self._shape.events
        self.processor += time.process_time() - processor
        self.events += done

    def _once(self, texts: dict[int, str]) -> None:
        execute = self._connection.execute
        for body in self._shape.bodies:
            _sign_and_read(body)
        for sizes in self._shape.transactions:
            execute("BEGIN IMMEDIATE")
            for size in sizes:
                self._rows += 1
                execute("INSERT INTO bare VALUES (?, ?)", (f"a key of usual length {self._rows}", texts[size]))
            execute("COMMIT")

    def close(self) -> None:
        """Give the file back."""
        self._connection.close()


def _sign_and_read(body: bytes) -> Sequence[object]:
    return hmac.new(b"a secret of usual length", body, hashlib.sha256).digest(), json.loads(body)
