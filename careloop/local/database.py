"""One SQLite file (or memory) for all that a machine keeps: opened once, shared by threads, safe among processes."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from chalicelib.core.errors import ConfigurationError, UnavailableError

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

    A file is made readable and writable by its owner alone, because it also holds secrets. Raises ConfigurationError
    for a path that can't be opened or holds something else.
    """

    def __init__(self, path: str | Path, *, busy_seconds: float = 30.0) -> None:
        self.path = str(path)
        self._lock = threading.RLock()
        try:
            if self.path != MEMORY:
                os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))
            # isolation_level None: transactions begin and end where this module says, nowhere else.
            self._connection = sqlite3.connect(
                self.path, timeout=busy_seconds, isolation_level=None, check_same_thread=False, cached_statements=256
            )
        except (OSError, sqlite3.Error) as error:
            raise ConfigurationError(f"{self.path} can't be opened: {error}") from error
        try:
            self.create(_PRAGMAS)
        except sqlite3.DatabaseError as error:
            self._connection.close()
            raise ConfigurationError(f"{self.path} is no database of Careloop: {error}") from error

    def create(self, schema: Sequence[str]) -> None:
        """Run statements that make what is not there yet."""
        for statement in schema:
            self.read(statement)

    def read(self, statement: str, parameters: Sequence[Any] = ()) -> list[Any]:
        """All rows of one statement: of one moment."""
        with self._lock:
            try:
                return self._connection.execute(statement, parameters).fetchall()
            except sqlite3.OperationalError as error:
                raise _unavailable(error) from error

    def transaction(self) -> Transaction:
        """All that is done inside ``with`` takes effect at its end, or nothing when an exception leaves it."""
        return Transaction(self._connection, self._lock)

    def close(self) -> None:
        """Give the file back. Safe to repeat."""
        with self._lock:
            self._connection.close()


class Transaction:
    """One transaction; gives the connection. Others wait until it ends."""

    __slots__ = ("_connection", "_lock")

    def __init__(self, connection: sqlite3.Connection, lock: threading.RLock) -> None:
        self._connection = connection
        self._lock = lock

    def __enter__(self) -> sqlite3.Connection:
        self._lock.acquire()
        try:
            self._connection.execute("BEGIN IMMEDIATE")
        except BaseException as error:
            self._lock.release()
            if isinstance(error, sqlite3.OperationalError):
                raise _unavailable(error) from error
            raise
        return self._connection

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        try:
            if error is None:
                self._connection.execute("COMMIT")
        except sqlite3.OperationalError as failure:
            error = failure
        finally:
            try:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
            finally:
                self._lock.release()
        if isinstance(error, sqlite3.OperationalError):
            raise _unavailable(error) from error


def _unavailable(error: sqlite3.OperationalError) -> UnavailableError:
    """Locked for too long, disk full, file unreadable: nothing was committed."""
    return UnavailableError(f"the local database: {error}")
