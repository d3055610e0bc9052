"""Matrix's errors to leaves of the error tree, by table: ``{"errcode": "M_...", "error": "text"}``."""

from __future__ import annotations

from collections.abc import Callable

from chalicelib.connectors.toolkit.payload import Reader
from chalicelib.core.errors import (
    CareloopError,
    ConfigurationError,
    CredentialsError,
    NotFoundError,
    PayloadError,
    RateLimitedError,
    RejectedError,
    UnavailableError,
)
from chalicelib.ports.services import HttpResponse


class ForbiddenError(NotFoundError):
    """M_FORBIDDEN: what it means depends on what was asked. Never leaves the connector."""


def _forbidden(code: str) -> CareloopError:
    return ForbiddenError(code, remote_code=code)


def _credentials(code: str) -> CareloopError:
    advice = "The homeserver refuses the application service: compare as_token with its registration file."
    return CredentialsError(code, advice=advice, remote_code=code, dead=True)


def _suspended(code: str) -> CareloopError:
    advice = "The homeserver has locked or deactivated the brand's user: ask its administrator."
    return CredentialsError(code, advice=advice, remote_code=code, dead=True)


def _not_ours(code: str) -> CareloopError:
    return ConfigurationError(f"matrix: {code}: the user is not in the application service's namespace")


def _no_such_path(code: str) -> CareloopError:
    return ConfigurationError(f"matrix: {code}: base_url is no Matrix homeserver's client API")


def _gone(code: str) -> CareloopError:
    return NotFoundError(code, remote_code=code)


def _rejected(code: str) -> CareloopError:
    return RejectedError(code, remote_code=code)


def _later(code: str) -> CareloopError:
    return UnavailableError(code)


_LEAVES: dict[str, Callable[[str], CareloopError]] = {
    "M_FORBIDDEN": _forbidden,
    **dict.fromkeys(("M_UNKNOWN_TOKEN", "M_MISSING_TOKEN"), _credentials),
    **dict.fromkeys(("M_USER_DEACTIVATED", "M_USER_LOCKED", "M_USER_SUSPENDED", "M_CONSENT_NOT_GIVEN"), _suspended),
    "M_EXCLUSIVE": _not_ours,
    "M_UNRECOGNIZED": _no_such_path,
    "M_NOT_FOUND": _gone,
    **dict.fromkeys(("M_TOO_LARGE", "M_BAD_JSON", "M_NOT_JSON", "M_INVALID_PARAM"), _rejected),
    "M_RESOURCE_LIMIT_EXCEEDED": _later,
}


def refuse(response: HttpResponse, body: Reader | None) -> None:
    """The table for `ApiClient`; the rest is left to the general rules."""
    if response.status < 400 or body is None:
        return
    try:
        code = body.find_text("errcode") or ""
        wait = body.find("retry_after_ms")
    except PayloadError:
        return
    if response.status == 429 and code != "M_RESOURCE_LIMIT_EXCEEDED" and wait is not None:
        if type(wait.value) in (int, float) and 0 <= wait.value < 86_400_000:
            raise RateLimitedError(code, retry_after=max(wait.value / 1000, 1.0))
    elif response.status < 500 and code in _LEAVES:
        raise _LEAVES[code](code)
