"""Captured shapes on disk: what came in, what goes out, and what is called, for every connector.

Files are found when the tests are collected and read when a test runs, so that one broken file fails its own test only.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from chalicelib.core import errors
from chalicelib.core.account import ConnectionKind
from chalicelib.core.webhook import WebhookRequest

CASES = Path(__file__).resolve().parent.parent / "cases"
NOON = "2026-11-20T12:00:00+00:00"


@cache
def load(path: Path) -> Any:
    """The JSON in `path`, not to be changed; a mistake names the file."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise AssertionError(f"{path.relative_to(CASES)} is not JSON: {error}") from error


def folder(kind: ConnectionKind, name: str) -> Path:
    """Where a connector's cases are."""
    return CASES / f"{kind}s" / name


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundCase:
    """``inbound/<case>/``: request.json, body.* (byte-exact) and expected.json."""

    path: Path

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def is_challenge(self) -> bool:
        return self.name.startswith("challenge")

    @property
    def expected(self) -> dict[str, Any]:
        found: dict[str, Any] = load(self.path / "expected.json")
        return found

    @property
    def body(self) -> bytes:
        bodies = sorted(self.path.glob("body.*"))
        assert len(bodies) <= 1, f"{self.path.name}: more than one body"
        return bodies[0].read_bytes() if bodies else b""

    def request(self) -> WebhookRequest:
        """As it came, without what the signer adds."""
        data = load(self.path / "request.json")
        return WebhookRequest(
            method=data.get("method", "POST"),
            url=data.get("url", "https://care.example.com/webhooks/" + self.path.parent.parent.name),
            headers={name.lower(): value for name, value in data.get("headers", {}).items()},
            query=data.get("query", {}),
            body=self.body,
            received_at=datetime.fromisoformat(data.get("received_at", NOON)).astimezone(UTC),
            path_suffix=data.get("path_suffix", ""),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeCase:
    """``outbound/<case>.json`` or ``calls/<case>.json``: what is asked of a client, the calls it must make, the outcome.

    Beside the keys that name the outcome: ``now`` (ISO time, default 2026-11-20 12:00 UTC), ``sessions`` (name -> values,
    instead of those of account.json), ``options`` (over the account's), and with ``error``: ``retry_after``,
    ``remote_code`` and ``advice`` (a part of it). A response ``{"raises": "<leaf>"}`` is the HTTP port's own error.
    """

    path: Path

    @property
    def name(self) -> str:
        return self.path.stem

    @property
    def data(self) -> dict[str, Any]:
        found: dict[str, Any] = load(self.path)
        return found

    def exchange(self) -> list[dict[str, Any]]:
        """The script, with named errors made real."""
        return [with_error(step) for step in self.data.get("exchange", [])]


def with_error(step: Mapping[str, Any]) -> dict[str, Any]:
    """`step` with ``{"raises": "UnavailableError"}`` as an instance."""
    response = step["response"]
    name = response.get("raises")
    return {**step, "response": {"raises": getattr(errors, name)("scripted")}} if isinstance(name, str) else dict(step)


def inbound_cases(kind: ConnectionKind, name: str) -> list[InboundCase]:
    """Every inbound case of a connector, sorted."""
    return [InboundCase(path=path.parent) for path in sorted(folder(kind, name).glob("inbound/*/request.json"))]


def exchange_cases(kind: ConnectionKind, name: str, what: str) -> list[ExchangeCase]:
    """Every case in ``outbound`` or ``calls`` of a connector, sorted."""
    return [ExchangeCase(path=path) for path in sorted((folder(kind, name) / what).glob("*.json"))]


def stray_files(kind: ConnectionKind, name: str) -> Iterator[str]:
    """Folders and files that no suite would ever read."""
    for path in sorted(folder(kind, name).glob("inbound/*")):
        for needed in ("request.json", "expected.json"):
            if not (path / needed).is_file():
                yield f"inbound/{path.name} has no {needed}"
    for what in ("outbound", "calls"):
        for path in sorted((folder(kind, name) / what).glob("*")):
            if path.suffix != ".json":
                yield f"{what}/{path.name} is not a .json file"
