"""Mastodon's errors to leaves of the error tree: ``{"error": "text"}``, so the status decides."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from chalicelib.connectors.toolkit.api import Refusal
from chalicelib.connectors.toolkit.payload import Reader, parse_time
from chalicelib.core.errors import CredentialsError, RateLimitedError
from chalicelib.ports.services import HttpResponse

_ADVICE = "In the account's preferences, under Development, make a new access token with all the scopes of the guide."


def refuse(now: Callable[[], datetime]) -> Refusal:
    """The table for `ApiClient`; the rest is left to the general rules."""

    def refusal(response: HttpResponse, body: Reader | None) -> None:
        if response.status in (401, 403):
            code = str(response.status)
            raise CredentialsError(f"HTTP {code}", advice=_ADVICE, remote_code=code, dead=response.status == 401)
        reset = response.headers.get("x-ratelimit-reset")
        if response.status == 429 and reset:
            at = parse_time(reset)  # a time, not seconds
            if at is not None:
                raise RateLimitedError("HTTP 429", retry_after=min(max((at - now()).total_seconds(), 1.0), 86400.0))

    return refusal
