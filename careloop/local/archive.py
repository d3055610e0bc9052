"""Raw payloads on SQLite."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from careloop.local.database import Database
from chalicelib.adapters.payloads import archive_key, pack, unpack
from chalicelib.core.errors import NotFoundError
from chalicelib.ports.services import Clock

_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS payloads (key TEXT PRIMARY KEY, data BLOB NOT NULL, expires_at REAL NOT NULL)",
    "CREATE INDEX IF NOT EXISTS payloads_expiry ON payloads (expires_at)",
)
_TIDY_SECONDS = 60.0
"""How often payloads whose time is over are looked for; none is given out meanwhile."""


class SqliteArchive:
    """Implements ports.services.PayloadArchive. ``keep_for``: how long after its arrival a payload is kept."""

    def __init__(self, database: Database, clock: Clock, *, keep_for: timedelta = timedelta(days=30)) -> None:
        self._database = database
        self._clock = clock
        self._keep_for = keep_for
        self._tidy_at = 0.0
        database.create(_SCHEMA)

    def keep(self, *, source: str, body: bytes, received_at: datetime, headers: Mapping[str, str]) -> str:
        key = archive_key(source, received_at, body)
        expires_at = received_at + self._keep_for
        row = (key, pack(body, headers, expires_at), expires_at.timestamp())
        now = self._clock.now().timestamp()
        with self._database.transaction() as connection:
            if now >= self._tidy_at:
                connection.execute("DELETE FROM payloads WHERE expires_at <= ?", (now,))
                self._tidy_at = now + _TIDY_SECONDS
            connection.execute("INSERT OR REPLACE INTO payloads (key, data, expires_at) VALUES (?, ?, ?)", row)
        return key

    def fetch(self, key: str) -> tuple[bytes, Mapping[str, str]]:
        rows = self._database.read("SELECT data FROM payloads WHERE key = ?", (key,))
        if not rows:
            raise NotFoundError("no such payload")
        return unpack(rows[0][0], self._clock.now())
