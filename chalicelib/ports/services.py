"""Services that clients and pipeline use: clock, HTTP, secrets, sessions, queues, archive."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from chalicelib.core.account import ConnectionKind


class Clock(Protocol):
    """Time. Aware, UTC."""

    def now(self) -> datetime:
        """The present."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest:
    """One call out. ``timeout`` in seconds. ``idempotent``: repeating it does no harm, so the adapter may retry a
    connection that broke, and an unknown outcome is an `UnavailableError`; otherwise it is an `OutcomeUnknownError`."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    timeout: float = 10.0
    idempotent: bool = False
    most_bytes: int | None = None
    """Of the answer's body; a larger one is an UnsupportedError. None: the adapter's own bound."""
    public_only: bool = False
    """Refuse (UnsupportedError) addresses of this machine and of private networks: for what a stranger names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpResponse:
    """The answer. ``headers`` have lower-case names."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Http(Protocol):
    """The only way out to the network.

    Raises UnavailableError when nothing can have happened (no connection, DNS, TLS), and for idempotent requests
    also when the answer did not come; OutcomeUnknownError when a request that is not idempotent was sent and no
    readable answer came. Any HTTP status is an answer, not an error. Redirects are not followed.
    """

    def send(self, request: HttpRequest) -> HttpResponse:
        """Make the call."""
        ...


class SecretStore(Protocol):
    """Secrets by connector and name. Values never appear in errors, logs or reprs."""

    def verification(self, kind: ConnectionKind, connector: str, endpoint: str) -> Mapping[str, tuple[str, ...]]:
        """VERIFY fields of an endpoint; each with all its current values (rotation). Missing: ConfigurationError."""
        ...

    def credentials(self, kind: ConnectionKind, connector: str, name: str) -> Mapping[str, str]:
        """CALL fields of an account (name: its id) or a connection. Missing: ConfigurationError."""
        ...

    def put_verification(
        self, kind: ConnectionKind, connector: str, endpoint: str, values: Mapping[str, tuple[str, ...]]
    ) -> None:
        """Store VERIFY fields."""
        ...

    def put_credentials(self, kind: ConnectionKind, connector: str, name: str, values: Mapping[str, str]) -> None:
        """Store CALL fields."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A rotating login shared by all workers (Bluesky's tokens). ``values`` are secrets; ``version`` guards them."""

    values: Mapping[str, str]
    version: int = 0

    def __repr__(self) -> str:
        return f"Session(version={self.version}, fields={sorted(self.values)})"


class SessionStore(Protocol):
    """Where rotating logins live."""

    def find_session(self, name: str) -> Session | None:
        """The session of that name."""
        ...

    def save_session(self, name: str, session: Session, *, expected_version: int | None) -> Session:
        """Store `session` with the next version. ``expected_version`` None: there must be none yet. Raises
        ConflictError when another worker was quicker (read again: its session is good)."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueMessage:
    """One message for a FIFO queue. ``dedup``: the same id within five minutes is sent once."""

    body: str
    group: str
    dedup: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedMessage:
    """One message taken from a queue; its group is locked until it is deleted or becomes visible again."""

    id: str
    receipt: str
    body: str
    group: str
    receive_count: int
    sent_at: datetime


class QueueSender(Protocol):
    """The sending side. Group and dedup ids of any length and characters are accepted (adapters shorten by hashing)."""

    def send(self, messages: Sequence[QueueMessage]) -> None:
        """Durable when it returns; all or an error (UnavailableError): after an error the caller repeats all."""
        ...


class Queue(QueueSender, Protocol):
    """Both sides, with SQS FIFO's rules: order and exclusiveness within a group, visibility, dead letters."""

    def receive(self, maximum: int = 10, *, visibility: float | None = None) -> Sequence[ReceivedMessage]:
        """Up to `maximum` visible messages; ``visibility`` in seconds."""
        ...

    def delete(self, receipts: Sequence[str]) -> None:
        """Done with these. A receipt whose visibility ran out is ignored, as SQS FIFO does."""
        ...

    def release(self, receipt: str, *, delay: float = 0.0) -> None:
        """Make a message visible again after `delay` seconds."""
        ...

    def depth(self) -> int:
        """Messages waiting or in flight, approximately."""
        ...


class PayloadArchive(Protocol):
    """Raw payloads, byte-exact, with expiry."""

    def keep(self, *, source: str, body: bytes, received_at: datetime, headers: Mapping[str, str]) -> str:
        """Store and return the key ("archived_at"). ``source``: connector and endpoint. Only headers that matter for
        replay; never Authorization or signatures."""
        ...

    def fetch(self, key: str) -> tuple[bytes, Mapping[str, str]]:
        """Body and headers. Missing or expired: NotFoundError."""
        ...

    def remove(self, key: str) -> None:
        """Delete a payload before its time; absent is fine."""
        ...

    def list(self, *, source: str, since: datetime, until: datetime) -> Iterator[str]:
        """Keys of what `source` sent from `since` on and before `until`, in order of arrival. Page by page; what has
        expired is left out. For operators: the functions have no right to it."""
        ...
