"""Receivers as the fuzzer drives them: the parser alone, and the whole public function on local state."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from chalicelib.core import codec
from chalicelib.core.account import ConnectionKind, Endpoint
from chalicelib.core.errors import PayloadError
from chalicelib.core.events import (
    HelpdeskHint,
    InboundMessage,
    Parsed,
    PlatformEvent,
    account_of,
    conversation_of,
    event_key,
    order_group,
)
from chalicelib.core.webhook import VerifiedWebhook, WebhookRequest
from tests.contracts import connections, platforms
from tests.contracts.cases import InboundCase, inbound_cases
from tests.fuzz.mutate import LONGEST, mutate

CASES = Path(__file__).resolve().parents[1] / "cases"
_LONGEST_REASON = 300
_LONGEST_KINDS = 51 * 80
OUT = Path("out/fuzz")


class Harm(AssertionError):
    """A body did what no body may do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of a body: events, entries that can't be read, or the whole refused."""

    events: int = 0
    malformed: int = 0
    refused: bool = False


@dataclass(frozen=True, kw_only=True)
class Target:
    """One connector's receiver. ``folder``: where inputs of earlier runs are kept."""

    kind: ConnectionKind
    name: str
    folder: Path = field(default=OUT)

    @property
    def title(self) -> str:
        """``platform/facebook``."""
        return f"{self.kind}/{self.name}"

    @cached_property
    def subject(self) -> Any:
        """The connector as the contract suites handle it."""
        if self.kind is ConnectionKind.PLATFORM:
            return platforms.platform(self.name)
        return connections.connector(self.kind, self.name)

    @cached_property
    def cases(self) -> list[InboundCase]:
        """Its captured bodies."""
        return [case for case in inbound_cases(self.kind, self.name) if not case.is_challenge]

    @cached_property
    def requests(self) -> list[WebhookRequest]:
        """Its captured requests, in the order of `seeds`."""
        return [case.request() for case in self.cases]

    @cached_property
    def seeds(self) -> list[bytes]:
        """Bodies to start from: the captured ones, and what coverage-guided runs kept."""
        kept = sorted((self.folder / f"{self.kind}-{self.name}" / "corpus").glob("*"))
        return [*(request.body for request in self.requests), *(path.read_bytes() for path in kept if path.is_file())]

    def request(self, body: bytes, number: int = 0) -> WebhookRequest:
        """A captured request with another body."""
        return replace(self.requests[number % len(self.requests)], body=body)

    @cached_property
    def receiver(self) -> Any:
        """Its receiver."""
        return self.subject.receiver()

    def parse(self, request: WebhookRequest) -> Outcome:
        """Parse, and look at all that came of it. Raises Harm."""
        parsed = self.parsed(request)
        if parsed is None:
            return Outcome(refused=True)
        self.check(parsed)
        return Outcome(events=len(parsed.events), malformed=len(parsed.malformed))

    def parsed(self, request: WebhookRequest) -> Parsed[Any] | None:
        """What the parser gives; None: the body as a whole was refused. Raises Harm."""
        try:
            found: Parsed[Any] = self.receiver.parse(VerifiedWebhook(request=request))
        except PayloadError as error:
            if len(str(error)) > _LONGEST_REASON:
                raise Harm("a PayloadError that repeats the value") from None
            return None
        except Exception as error:
            raise Harm(f"{type(error).__name__}: {error}"[:300]) from error
        return found

    def check(self, parsed: Parsed[Any]) -> None:
        """Every event is sound, nothing repeats what the stranger wrote. Raises Harm."""
        if any(len(item.reason) > _LONGEST_REASON for item in parsed.malformed):
            raise Harm("a reason that repeats the value")
        if sum(map(len, parsed.ignored)) > _LONGEST_KINDS:
            raise Harm("ignored kinds that repeat the value")
        for event in parsed.events:
            try:
                complaint = _hint(event) if isinstance(event, HelpdeskHint) else _event(event)
            except Exception as error:
                raise Harm(f"an event that can't be used: {type(error).__name__}: {error}"[:300]) from error
            if complaint:
                raise Harm(complaint)

    @property
    def endpoint(self) -> Endpoint:
        """Where it comes in."""
        accounts = self.subject.accounts if self.kind is ConnectionKind.PLATFORM else ()
        return Endpoint(kind=self.kind, connector=self.name, name="fuzz", accounts=tuple(accounts))

    def signed(self, request: WebhookRequest) -> Mapping[str, str]:
        """The request's headers with the vendor's signature, where the vendor signs."""
        verifies = self.subject.verifies
        added = self.subject.sign(request.body, request.received_at) if verifies else {}
        return {**request.headers, **{name.lower(): item for name, item in added.items()}}


def _event(event: PlatformEvent) -> str | None:
    data = codec.to_data(event, tagged=True)
    if codec.from_data(PlatformEvent, json.loads(json.dumps(data, ensure_ascii=False).encode())) != event:
        return f"{data['type']} comes back different from the codec"
    for text in (event_key(event), order_group(event), account_of(event).account):
        if not text or "\x00" in text:
            return "a key, group or account that no queue takes"
    if isinstance(event, InboundMessage):
        conversation_of(event)
        if not event.key.message or not event.thread.thread or (event.author and not event.author.key.author):
            return "a message without id, thread or author's id"
    return None


def _hint(hint: HelpdeskHint) -> str | None:
    json.dumps(codec.to_data(hint), ensure_ascii=False).encode()
    return None if hint.ticket and len(hint.ticket) <= 1024 else "a hint without a ticket's id"


def targets(wanted: list[str] | None = None, folder: Path = OUT) -> list[Target]:
    """All receivers, or those whose title or name is wanted. Raises ValueError for an unknown one."""
    found = [
        Target(kind=kind, name=name, folder=folder)
        for kind, names in (
            (ConnectionKind.PLATFORM, platforms.PRESENT),
            (ConnectionKind.HELPDESK, _helpdesks()),
        )
        for name in names
    ]
    if not wanted:
        return found
    chosen = [target for target in found if target.name in wanted or target.title in wanted]
    unknown = [item for item in wanted if not any(item in (target.name, target.title) for target in found)]
    if unknown:
        raise ValueError(f"no such receiver: {', '.join(unknown)}")
    return chosen


def _helpdesks() -> tuple[str, ...]:
    names = sorted(path.name for path in (CASES / "helpdesks").iterdir() if (path / "inbound").is_dir())
    return tuple(name for name in names if connections.is_present(ConnectionKind.HELPDESK, name))


def stream(target: Target, seed: int, most: int = LONGEST) -> Iterator[tuple[int, bytes]]:
    """(number of the request, mutated body of about `most` bytes at most), without end, the same for the same seed."""
    dice = random.Random(f"{target.title}|{seed}")
    while True:
        number = dice.randrange(len(target.seeds))
        yield number, mutate(dice, target.seeds[number], target.seeds, most)
