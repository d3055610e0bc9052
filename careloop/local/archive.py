"""Raw payloads on SQLite."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from careloop.local.database import Database
from chalicelib.adapters.payloads import archive_key, beginning, is_of, pack, unpack
from chalicelib.core.errors import NotFoundError
from chalicelib.ports.services import Clock

_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS payloads (key TEXT PRIMARY KEY, data BLOB NOT NULL, expires_at REAL NOT NULL)",
    "CREATE INDEX IF NOT EXISTS payloads_expiry ON payloads (expires_at)",
)
_PAGE_OF_KEYS = "SELECT key FROM payloads WHERE key > ? AND key < ? AND expires_at > ? ORDER BY key LIMIT ?"
_PAGE = 500
_TIDY_SECONDS = 60.0
"""How often payloads whose time is over are looked for; none is given out meanwhile."""


class SqliteArchive:
    """Implements ports.services.PayloadArchive. ``keep_for``: how long after its arrival a payload is kept; ``page``:
    keys that are listed at a time."""

    def __init__(
        self, database: Database, clock: Clock, *, keep_for: timedelta = timedelta(days=30), page: int = 500
    ) -> None:
        self._page = page
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

    def remove(self, key: str) -> None:
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM payloads WHERE key = ?", (key,))

    def list(self, *, source: str, since: datetime, until: datetime) -> Iterator[str]:
        after, end = beginning(source, since), beginning(source, until)
        while True:
            now = self._clock.now().timestamp()
            rows = self._database.read(_PAGE_OF_KEYS, (after, end, now, self._page))
            yield from (key for (key,) in rows if is_of(key, source))
            if len(rows) < self._page:
                return
            after = rows[-1][0]
