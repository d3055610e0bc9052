"""Secrets on SQLite, in a file that only its owner can read (`Database` sees to that)."""

from __future__ import annotations

from collections.abc import Mapping

from careloop.local.database import Database
from chalicelib.adapters import secret_documents as documents
from chalicelib.core.account import ConnectionKind

_SCHEMA = ("CREATE TABLE IF NOT EXISTS secrets (name TEXT PRIMARY KEY, value TEXT NOT NULL)",)
_PREFIX = "careloop/local"


class LocalSecrets:
    """Implements ports.services.SecretStore."""

    def __init__(self, database: Database) -> None:
        self._database = database
        database.create(_SCHEMA)

    def verification(self, kind: ConnectionKind, connector: str, endpoint: str) -> Mapping[str, tuple[str, ...]]:
        name = documents.verification_name(_PREFIX, kind, connector, endpoint)
        return documents.read_verification(name, self._read(name))

    def credentials(self, kind: ConnectionKind, connector: str, name: str) -> Mapping[str, str]:
        secret = documents.credentials_name(_PREFIX, kind, connector, name)
        return documents.read_credentials(secret, self._read(secret))

    def put_verification(
        self, kind: ConnectionKind, connector: str, endpoint: str, values: Mapping[str, tuple[str, ...]]
    ) -> None:
        name = documents.verification_name(_PREFIX, kind, connector, endpoint)
        self._write(name, documents.write_verification(values))

    def put_credentials(self, kind: ConnectionKind, connector: str, name: str, values: Mapping[str, str]) -> None:
        self._write(documents.credentials_name(_PREFIX, kind, connector, name), documents.write_credentials(values))

    def _read(self, name: str) -> str:
        rows = self._database.read("SELECT value FROM secrets WHERE name = ?", (name,))
        if not rows:
            raise documents.missing(name)
        return str(rows[0][0])

    def _write(self, name: str, value: str) -> None:
        with self._database.transaction() as connection:
            connection.execute("INSERT OR REPLACE INTO secrets (name, value) VALUES (?, ?)", (name, value))
