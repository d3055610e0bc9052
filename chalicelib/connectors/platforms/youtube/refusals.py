"""The Data API's errors to leaves of the error tree, by ``error.errors[0].reason``."""

from __future__ import annotations

from chalicelib.connectors.toolkit.payload import Reader
from chalicelib.core.errors import CredentialsError, NotFoundError, PayloadError, RateLimitedError, RejectedError
from chalicelib.ports.services import HttpResponse

_MINUTE, _HOUR = 60.0, 3600.0
_WAITS = {
    # Until midnight Pacific; asking costs units too.
    "quotaExceeded": _HOUR,
    "dailyLimitExceeded": _HOUR,
    "rateLimitExceeded": _MINUTE,
    "userRateLimitExceeded": _MINUTE,
}
_GONE = frozenset({"commentNotFound", "commentThreadNotFound", "channelNotFound", "videoNotFound"})
_KEY = frozenset({"keyInvalid", "API_KEY_INVALID", "accessNotConfigured", "insufficientPermissions", "forbidden"})
_REJECTED = frozenset({"commentsDisabled", "operationNotSupported", "processingFailure"})


def refusal(response: HttpResponse, body: Reader | None) -> None:
    """The table for `ApiClient`; the rest is left to the general rules."""
    reasons = _reasons(body) if response.status >= 400 and body is not None else ()
    for reason in reasons:
        if reason in _WAITS:
            raise RateLimitedError(reason, retry_after=_WAITS[reason])
        if reason in _GONE:
            raise NotFoundError(reason, remote_code=reason)
        if reason in _KEY:
            advice = "Look at the API key: is it valid, and is the YouTube Data API enabled for its project?"
            raise CredentialsError(reason, advice=advice, remote_code=reason)
        if reason in _REJECTED:
            raise RejectedError(reason, remote_code=reason)


def _reasons(body: Reader) -> tuple[str, ...]:
    try:
        listed = [*body.items("error", "errors"), *body.items("error", "details")]
        return tuple(reason for item in listed if (reason := item.find_text("reason")))
    except PayloadError:
        return ()
