"""Does an address of ours answer as the vendor needs it? By real requests: health, the challenge, a signed webhook."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import urlencode

from careloop.connecting.signing import CHALLENGES, SIGNED, challenge_text, newest
from chalicelib.core.account import ConnectionKind
from chalicelib.core.errors import CareloopError
from chalicelib.ports.services import Clock, Http, HttpRequest, HttpResponse

TIMEOUT = 10.0
"""Seconds: what X waits; a cold start is well below."""


class Reached(StrEnum):
    """What an attempt showed."""

    GOOD = "good"
    NOT_YET = "not yet"
    """Refused, as it is while the public function still remembers what was before: for up to five minutes."""
    BROKEN = "broken"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """``step``: health, challenge or webhook. ``told``: one plain sentence."""

    step: str
    reached: Reached
    told: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A webhook's address, and what proves its sender. ``secrets``: VERIFY fields, the newest first."""

    api: str
    path: str
    kind: ConnectionKind
    connector: str
    secrets: Mapping[str, tuple[str, ...]]

    @property
    def url(self) -> str:
        """What the vendor is told."""
        return f"{self.api}{self.path}"


_REMEMBERED = frozenset({401, 403, 404, 503})
_OTHER_SECRET = " (the secret is another one there)"
_WORDS = {401: _OTHER_SECRET, 403: _OTHER_SECRET, 404: " (no such endpoint)"}


def reach(address: Address, http: Http, clock: Clock) -> list[Attempt]:
    """Health, challenge and webhook in this order, until one of them is not good. Nothing comes of any of them."""
    found: list[Attempt] = []
    for step, ask in (("health", _health), ("challenge", _challenge), ("webhook", _webhook)):
        attempt = _try(step, lambda ask=ask: ask(address, http, clock))  # type: ignore[misc]
        if attempt is None:
            continue
        found.append(attempt)
        if attempt.reached is not Reached.GOOD:
            break
    return found


def reach_health(api: str, http: Http) -> Attempt:
    """Whether the API answers at all."""
    found = _try("health", lambda: _ask_health(api, http))
    assert found is not None
    return found


def _try(step: str, ask: Callable[[], Attempt | None]) -> Attempt | None:
    try:
        return ask()
    except CareloopError as error:
        return Attempt(step=step, reached=Reached.BROKEN, told=f"it can't be reached: {error.code}")


def _health(address: Address, http: Http, clock: Clock) -> Attempt:
    return _ask_health(address.api, http)


def _ask_health(api: str, http: Http) -> Attempt:
    answer = http.send(HttpRequest(method="GET", url=f"{api}/health", timeout=TIMEOUT, idempotent=True))
    if answer.status == 200 and _json(answer) == {"status": "ok"}:
        return Attempt(step="health", reached=Reached.GOOD, told="the API answers")
    told = f"{api}/health answers {answer.status}, not as ours does"
    return Attempt(step="health", reached=Reached.BROKEN, told=told)


def _challenge(address: Address, http: Http, clock: Clock) -> Attempt | None:
    challenge = CHALLENGES.get((address.kind, address.connector))
    values = newest(address.secrets)
    if challenge is None:
        return None
    text = challenge_text()
    try:
        query, expected = challenge.query(values, text), challenge.expected(values, text)
    except KeyError as error:
        return _lacking("challenge", error)
    url = f"{address.url}?{urlencode(query)}"
    answer = http.send(HttpRequest(method="GET", url=url, timeout=TIMEOUT, idempotent=True))
    if answer.status == 200 and _same(answer.body.decode("utf-8", "replace"), expected):
        return Attempt(step="challenge", reached=Reached.GOOD, told="the challenge is answered")
    return _refused("challenge", answer)


def _webhook(address: Address, http: Http, clock: Clock) -> Attempt | None:
    signed = SIGNED.get((address.kind, address.connector))
    if signed is None:
        return None
    try:
        headers = signed.sign(newest(address.secrets), signed.body, clock.now())
    except KeyError as error:
        return _lacking("webhook", error)
    answer = http.send(
        HttpRequest(
            method=signed.method,
            url=f"{address.url}{signed.suffix}",
            headers={"content-type": "application/json", **headers},
            body=signed.body,
            timeout=TIMEOUT,
            idempotent=True,
        )
    )
    if answer.status == 200:
        return Attempt(step="webhook", reached=Reached.GOOD, told="a signed webhook is accepted")
    return _refused("webhook", answer)


def _lacking(step: str, error: KeyError) -> Attempt:
    return Attempt(step=step, reached=Reached.BROKEN, told=f"the secret {error.args[0]} is not stored")


def _refused(step: str, answer: HttpResponse) -> Attempt:
    reached = Reached.NOT_YET if answer.status in _REMEMBERED else Reached.BROKEN
    what = "the challenge" if step == "challenge" else "a signed webhook"
    told = f"{what} is answered {answer.status}{_WORDS.get(answer.status, '')}"
    return Attempt(step=step, reached=reached, told=told)


def _json(answer: HttpResponse) -> Any:
    try:
        return json.loads(answer.body)
    except ValueError:
        return None


def _same(given: str, expected: str) -> bool:
    if given == expected:
        return True
    try:
        return bool(json.loads(given) == json.loads(expected))
    except ValueError:
        return False
