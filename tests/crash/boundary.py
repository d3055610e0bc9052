"""Boundaries: every call by which a worker touches what outlives it, found by wrapping the transport and the stores.

Nothing here knows what the product does: a call that is added to it tomorrow is a boundary of the next run.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeVar
from urllib.parse import urlsplit

from chalicelib.core.account import ConnectionKind
from chalicelib.core.errors import OutcomeUnknownError, UnavailableError
from chalicelib.ports.services import (
    Http,
    HttpRequest,
    HttpResponse,
    PayloadArchive,
    Queue,
    QueueMessage,
    ReceivedMessage,
    SecretStore,
)
from chalicelib.ports.table import Change, Check, Delete, Item, Key, Table

T = TypeVar("T")


class Stop(StrEnum):
    """What happens at a boundary."""

    BEFORE = "killed-before"
    """The process dies; the call was not made."""
    AFTER = "killed-after"
    """The call took effect; the process dies before it has the answer. To die with the answer in hand is the same: what
    a process knows dies with it."""
    LOST = "answer-lost"
    """The call took effect, the process lives, and sees a broken connection."""
    DOWN = "down"
    """The call could not be made; the process lives and sees that."""
    TWICE = "repeated"
    """The call took effect, the answer was lost, and the adapter made the call again by itself."""


class Killed(BaseException):
    """The end of a process: nothing that catches errors sees it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Boundary:
    """One crossing. ``changes``: something outlives the process; ``repeatable``: the adapter may repeat it by itself;
    ``invocation``: which run of which function."""

    number: int
    name: str
    changes: bool
    repeatable: bool
    invocation: int


def stops_at(boundary: Boundary) -> tuple[Stop, ...]:
    """What can happen there. Where nothing changes, "after" is "before"."""
    if not boundary.changes:
        return (Stop.BEFORE, Stop.DOWN)
    always = (Stop.BEFORE, Stop.AFTER, Stop.LOST, Stop.DOWN)
    return (*always, Stop.TWICE) if boundary.repeatable else always


def distinct_stops(crossed: Sequence[Boundary]) -> list[tuple[int, Stop]]:
    """Every stop at every boundary, those that are the same once: what a killed process knew is gone, so only what was
    written down counts. To be killed before a call is to be killed after the last change before it in the same
    invocation; only an invocation's first boundary has none before it."""
    found: list[tuple[int, Stop]] = []
    seen: set[int] = set()
    for boundary in crossed:
        for stop in stops_at(boundary):
            if stop is not Stop.BEFORE or boundary.invocation not in seen:
                found.append((boundary.number, stop))
        seen.add(boundary.invocation)
    return found


class Recorder:
    """Counts the boundaries of a run, and stops it at the planned ones."""

    def __init__(self) -> None:
        self.begin({})

    def begin(self, plan: Mapping[int, Stop]) -> None:
        """A new run. ``plan``: what happens at which boundary."""
        self.plan = dict(plan)
        self.invocations = 0
        self.crossed: list[Boundary] = []
        self.is_on = True

    def cross(
        self,
        name: str,
        call: Callable[[], T],
        *,
        changes: bool,
        repeatable: bool = False,
        lost: Callable[[str], Exception] = UnavailableError,
    ) -> T:
        """Make `call`, or what is planned instead."""
        if not self.is_on:
            return call()
        number = len(self.crossed)
        self.crossed.append(
            Boundary(number=number, name=name, changes=changes, repeatable=repeatable, invocation=self.invocations)
        )
        stop = self.plan.get(number)
        if stop is Stop.TWICE and not repeatable:
            stop = Stop.LOST  # what the adapter would make of it
        match stop:
            case None:
                return call()
            case Stop.BEFORE:
                raise Killed(name)
            case Stop.AFTER:
                call()
                raise Killed(name)
            case Stop.LOST:
                call()
                raise lost("the answer was lost")
            case Stop.DOWN:
                raise UnavailableError("not reached")
            case Stop.TWICE:
                call()
                return call()


class WatchedHttp:
    """The `Http` port. ``hosts``: base URL -> the name to show."""

    def __init__(self, inner: Http, recorder: Recorder, hosts: Mapping[str, str]) -> None:
        self._inner, self._recorder, self._hosts = inner, recorder, hosts

    def send(self, request: HttpRequest) -> HttpResponse:
        return self._recorder.cross(
            f"http {request.method} {self._shown(request.url)}",
            lambda: self._inner.send(request),
            changes=request.method not in ("GET", "HEAD"),
            repeatable=request.idempotent,
            lost=UnavailableError if request.idempotent else OutcomeUnknownError,
        )

    def _shown(self, url: str) -> str:
        for base, name in self._hosts.items():
            if url.startswith(base):
                return f"{name} {_without_ids(urlsplit(url[len(base) :]).path)}"
        return "elsewhere"


class WatchedTable:
    """The `Table` port."""

    def __init__(self, inner: Table, recorder: Recorder) -> None:
        self._inner, self._recorder = inner, recorder

    def get(self, keys: Sequence[Key]) -> Mapping[Key, Item]:
        return self._recorder.cross(f"table get {_topics(keys)}", lambda: self._inner.get(keys), changes=False)

    def write(self, changes: Sequence[Change]) -> None:
        name = f"table write {_topics([item.key for item in changes])}"
        if all(isinstance(item, Delete) for item in changes):
            name = f"table delete {_topics([item.key for item in changes])}"
        # DynamoDB takes a transaction's repetition for the same one; a single put or delete has no such token
        alone = len(changes) == 1 and not isinstance(changes[0], Check)
        self._recorder.cross(name, lambda: self._inner.write(changes), changes=True, repeatable=alone)

    def query(
        self, pk: str, *, prefix: str = "", limit: int = 100, newest_first: bool = False, after: str | None = None
    ) -> Sequence[tuple[Key, Item]]:
        return self._recorder.cross(
            f"table query {_topics([(pk, prefix)])}",
            lambda: self._inner.query(pk, prefix=prefix, limit=limit, newest_first=newest_first, after=after),
            changes=False,
        )


class WatchedQueue:
    """The `Queue` port. Taking and giving back by the platform (Lambda's poller) is no boundary of the worker's; the
    deletion of what was done is: the poller dies, too."""

    def __init__(self, inner: Queue, recorder: Recorder, name: str, sent: Callable[[str, QueueMessage], None]) -> None:
        self._inner, self._recorder, self._name, self._sent = inner, recorder, name, sent

    def send(self, messages: Sequence[QueueMessage]) -> None:
        def call() -> None:
            self._inner.send(messages)
            for item in messages:
                self._sent(self._name, item)

        self._recorder.cross(f"queue send {self._name}", call, changes=True, repeatable=True)

    def receive(self, maximum: int = 10, *, visibility: float | None = None) -> Sequence[ReceivedMessage]:
        return self._inner.receive(maximum, visibility=visibility)

    def delete(self, receipts: Sequence[str]) -> None:
        self._recorder.cross(f"queue delete {self._name}", lambda: self._inner.delete(receipts), changes=True)

    def release(self, receipt: str, *, delay: float = 0.0) -> None:
        self._recorder.cross(
            f"queue release {self._name}", lambda: self._inner.release(receipt, delay=delay), changes=True
        )

    def depth(self) -> int:
        return self._inner.depth()


class WatchedArchive:
    """The `PayloadArchive` port."""

    def __init__(self, inner: PayloadArchive, recorder: Recorder) -> None:
        self._inner, self._recorder = inner, recorder

    def keep(self, *, source: str, body: bytes, received_at: datetime, headers: Mapping[str, str]) -> str:
        return self._recorder.cross(
            "archive keep",
            lambda: self._inner.keep(source=source, body=body, received_at=received_at, headers=headers),
            changes=True,
            repeatable=True,
        )

    def fetch(self, key: str) -> tuple[bytes, Mapping[str, str]]:
        return self._recorder.cross("archive fetch", lambda: self._inner.fetch(key), changes=False)

    def remove(self, key: str) -> None:
        self._recorder.cross("archive remove", lambda: self._inner.remove(key), changes=True, repeatable=True)

    def list(self, *, source: str, since: datetime, until: datetime) -> Iterator[str]:
        def call() -> Iterator[str]:
            return self._inner.list(source=source, since=since, until=until)

        return self._recorder.cross("archive list", call, changes=False)


class WatchedSecrets:
    """The `SecretStore` port."""

    def __init__(self, inner: SecretStore, recorder: Recorder) -> None:
        self._inner, self._recorder = inner, recorder

    def verification(self, kind: ConnectionKind, connector: str, endpoint: str) -> Mapping[str, tuple[str, ...]]:
        return self._recorder.cross(
            f"secret verify {connector}", lambda: self._inner.verification(kind, connector, endpoint), changes=False
        )

    def credentials(self, kind: ConnectionKind, connector: str, name: str) -> Mapping[str, str]:
        return self._recorder.cross(
            f"secret call {connector}", lambda: self._inner.credentials(kind, connector, name), changes=False
        )

    def put_verification(self, kind: ConnectionKind, connector: str, endpoint: str, values: Any) -> None:
        self._recorder.cross(
            f"secret put {connector}",
            lambda: self._inner.put_verification(kind, connector, endpoint, values),
            changes=True,
        )

    def put_credentials(self, kind: ConnectionKind, connector: str, name: str, values: Mapping[str, str]) -> None:
        self._recorder.cross(
            f"secret put {connector}",
            lambda: self._inner.put_credentials(kind, connector, name, values),
            changes=True,
        )


def _topics(keys: Sequence[Key]) -> str:
    return "+".join(dict.fromkeys(_topic(key) for key in keys)) or "nothing"


def _topic(key: Key) -> str:
    """``case``, ``history``, ``delivery`` ... : the kind of an item, without its ids."""
    first, second = (part.partition("|")[0] for part in key)
    if first in ("case", "author", "contact", "directory", "parked") and second:
        return second if second not in (first, "open") else f"{first}{'-open' if second == 'open' else ''}"
    return first


_SHORT = re.compile(r"[A-Za-z_.]{1,60}|v?[0-9]{1,2}\.[0-9]{1,2}")


def _without_ids(path: str) -> str:
    first, *rest = [part for part in path.split("/") if part] or [""]
    return "/" + "/".join([first, *(part if _SHORT.fullmatch(part) else "*" for part in rest)])
