"""One SQLite file (or memory) for all that a machine keeps: opened once, shared by threads, safe among processes."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from chalicelib.core.errors import UnavailableError

MEMORY = ":memory:"

_PRAGMAS = (
    # In WAL mode a commit is in the kernel's hands when it returns: it outlives a killed process, if not a power cut.
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = NORMAL",
    "PRAGMA cache_size = -32000",
    "PRAGMA temp_store = MEMORY",
)


class Database:
    """One connection behind one lock. Other processes wait up to `busy_seconds`, then get UnavailableError.

    A file is made readable and writable by its owner alone, because it also holds secrets.
    """

    def __init__(self, path: str | Path, schema: Sequence[str] = (), *, busy_seconds: float = 30.0) -> None:
        self.path = str(path)
        self._lock = threading.RLock()
        if self.path != MEMORY:
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))
        # isolation_level None: transactions begin and end where this module says, nowhere else.
        self._connection = sqlite3.connect(
            self.path, timeout=busy_seconds, isolation_level=None, check_same_thread=False, cached_statements=256
        )
        with self._reporting():
            for statement in (*_PRAGMAS, *schema):
                self._connection.execute(statement)

    def create(self, schema: Sequence[str]) -> None:
        """Run statements that make what is not there yet."""
        with self._lock, self._reporting():
            for statement in schema:
                self._connection.execute(statement)

    def read(self, statement: str, parameters: Sequence[Any] = ()) -> list[Any]:
        """All rows of one query: one statement, so one moment."""
        with self._lock, self._reporting():
            return self._connection.execute(statement, parameters).fetchall()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All that is done inside takes effect at the end, or nothing when an exception leaves it."""
        with self._lock, self._reporting():
            connection = self._connection
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    def close(self) -> None:
        """Give the file back. Safe to repeat."""
        with self._lock:
            self._connection.close()

    @contextmanager
    def _reporting(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:
            # Locked for too long, disk full, file unreadable: nothing was committed.
            raise UnavailableError(f"the local database: {error}") from error
