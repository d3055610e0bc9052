"""Secrets in AWS Secrets Manager: one per endpoint (VERIFY fields), one per account or connection (CALL fields)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, TypeVar

from chalicelib.adapters import secret_documents as documents
from chalicelib.adapters.aws.failures import code_of, refusals, reporting
from chalicelib.adapters.records.documents import Remembered
from chalicelib.core.account import ConnectionKind
from chalicelib.ports.services import Clock

T = TypeVar("T")
FRESH = timedelta(minutes=5)
_REMEMBERED = 500
_MISSING = ("ResourceNotFoundException",)


class SecretsManagerStore:
    """Implements ports.services.SecretStore. ``fresh``: for how long a value read is good; a rotated one is seen that
    much later, so both the old and the new must be accepted for so long. ``key``: encrypts the secrets that are made;
    "": AWS's own key."""

    def __init__(self, client: Any, prefix: str, clock: Clock, *, fresh: timedelta = FRESH, key: str = "") -> None:
        self._client = client
        self._prefix = prefix.rstrip("/")
        self._clock = clock
        self._fresh = fresh
        self._key = key
        self._values: Remembered[str, tuple[datetime, Any]] = Remembered(_REMEMBERED)

    def __repr__(self) -> str:
        return f"SecretsManagerStore({self._prefix})"

    def verification(self, kind: ConnectionKind, connector: str, endpoint: str) -> Mapping[str, tuple[str, ...]]:
        name = documents.verification_name(self._prefix, kind, connector, endpoint)
        return self._find(name, documents.read_verification)

    def credentials(self, kind: ConnectionKind, connector: str, name: str) -> Mapping[str, str]:
        secret = documents.credentials_name(self._prefix, kind, connector, name)
        return self._find(secret, documents.read_credentials)

    def put_verification(
        self, kind: ConnectionKind, connector: str, endpoint: str, values: Mapping[str, tuple[str, ...]]
    ) -> None:
        name = documents.verification_name(self._prefix, kind, connector, endpoint)
        self._store(name, documents.write_verification(values))

    def put_credentials(self, kind: ConnectionKind, connector: str, name: str, values: Mapping[str, str]) -> None:
        secret = documents.credentials_name(self._prefix, kind, connector, name)
        self._store(secret, documents.write_credentials(values))

    def _find(self, name: str, read: Callable[[str, str], T]) -> T:
        now = self._clock.now()
        known = self._values.find(name)
        if known is None or not known[0] <= now < known[0] + self._fresh:
            known = (now, read(name, self._fetch(name)))
            self._values.keep(name, known)
        found: T = known[1]
        return found

    def _fetch(self, name: str) -> str:
        try:
            with reporting("GetSecretValue", leaving=_MISSING):
                return str(self._client.get_secret_value(SecretId=name).get("SecretString", ""))
        except refusals() as error:
            if code_of(error) not in _MISSING:
                raise
            raise documents.missing(name) from None

    def _store(self, name: str, text: str) -> None:
        """A new value of the secret; a secret that is not there is made, which workers may not do."""
        try:
            with reporting("PutSecretValue", leaving=_MISSING):
                self._client.put_secret_value(SecretId=name, SecretString=text)
        except refusals() as error:
            if code_of(error) not in _MISSING:
                raise
            key = {"KmsKeyId": self._key} if self._key else {}
            with reporting("CreateSecret"):
                self._client.create_secret(Name=name, SecretString=text, **key)
        self._values.forget(name)
