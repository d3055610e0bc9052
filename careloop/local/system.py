"""All that Careloop keeps, in one SQLite file: what the sandbox, the demo and the tests run on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from careloop.local.archive import SqliteArchive
from careloop.local.database import Database
from careloop.local.queue import SqliteQueue
from careloop.local.secrets import LocalSecrets
from careloop.local.table import SqliteTable
from chalicelib.adapters.records.documents import Retention
from chalicelib.adapters.records.places import RecordSessions
from chalicelib.adapters.records.stores import RecordStores
from chalicelib.core.patience import RECEIVES
from chalicelib.ports.services import Clock

QUEUES = ("inbound", "outbound", "jobs")
MAX_RECEIVES = RECEIVES
"""With the waits of core/patience.py: a helpdesk may be down for half a day before anything is parked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalSystem:
    """State on this machine. ``queues`` are "inbound", "outbound" and "jobs"; ``dead_letters`` has one for each."""

    database: Database = field(repr=False)
    table: SqliteTable = field(repr=False)
    stores: RecordStores
    queues: Mapping[str, SqliteQueue]
    dead_letters: Mapping[str, SqliteQueue]
    archive: SqliteArchive
    secrets: LocalSecrets

    @property
    def sessions(self) -> RecordSessions:
        """Rotating logins."""
        return self.stores.sessions

    def close(self) -> None:
        """Give the file back."""
        self.database.close()


def open_local(
    path: str | Path, clock: Clock, *, visibility: float = 60.0, retention: Retention | None = None
) -> LocalSystem:
    """The state in the file at `path` (made when missing), or in ":memory:".

    ``visibility``: seconds after which an unfinished message comes again. Several threads may use one system, several
    processes may open one file. Raises ConfigurationError when the file can't be opened.
    """
    database = Database(path)
    table = SqliteTable(database, clock)
    dead_letters = {
        name: SqliteQueue(database, f"{name}-dead-letters", clock, visibility=visibility) for name in QUEUES
    }
    queues = {
        name: SqliteQueue(
            database,
            name,
            clock,
            visibility=visibility,
            dead_letters=f"{name}-dead-letters",
            max_receives=MAX_RECEIVES,
        )
        for name in QUEUES
    }
    return LocalSystem(
        database=database,
        table=table,
        stores=RecordStores(table, clock, retention),
        queues=queues,
        dead_letters=dead_letters,
        archive=SqliteArchive(database, clock),
        secrets=LocalSecrets(database),
    )
