"""LinkedIn's errors to leaves: ``{"status", "code", "serviceErrorCode", "message"}``, fields optional."""

from __future__ import annotations

from chalicelib.connectors.toolkit.payload import Reader
from chalicelib.core.errors import CredentialsError, PayloadError, RateLimitedError, RejectedError
from chalicelib.ports.services import HttpResponse

ADVICE = "Have an administrator of the page make a new access token, and look at the app's products and scopes."
_THROTTLED = 90.0
"""Creating comments has a throttle of about a minute of its own."""


def refusal(response: HttpResponse, body: Reader | None) -> None:
    """The table for `ApiClient`; the rest is left to the general rules."""
    code = _code(body)
    if response.status == 401:
        raise CredentialsError("HTTP 401", advice=ADVICE, remote_code="401", dead=True)
    if response.status == 403:
        raise CredentialsError(code or "HTTP 403", advice=ADVICE, remote_code=code or "403")
    if response.status == 422:
        raise RejectedError(code or "HTTP 422", remote_code=code or "422")
    if response.status == 429 and "retry-after" not in response.headers:
        raise RateLimitedError("HTTP 429", retry_after=_THROTTLED)


def _code(body: Reader | None) -> str | None:
    try:
        found = body.find_text("code") if body is not None else None
    except PayloadError:
        return None
    return found if found and found.isascii() and found.replace("_", "").isalnum() and len(found) <= 40 else None
