"""XRPC's errors to leaves of the error tree, by table: ``{"error": "Name", "message": "..."}``, 400 for most."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from chalicelib.connectors.toolkit.api import Refusal, reset_after
from chalicelib.connectors.toolkit.payload import Reader
from chalicelib.core.errors import (
    CareloopError,
    ConflictError,
    CredentialsError,
    NotFoundError,
    PayloadError,
    RateLimitedError,
    RecipientUnreachableError,
    RejectedError,
    UnavailableError,
)
from chalicelib.ports.services import HttpResponse


class TokenOverError(CredentialsError):
    """The access or refresh token is over: renew and ask again. Never leaves the connector."""


def _token_over(name: str) -> CareloopError:
    return TokenOverError(name, advice="The session is over.", remote_code=name)


def _credentials(name: str) -> CareloopError:
    return CredentialsError(name, advice=_CREDENTIAL_ADVICE[name], remote_code=name, dead=True)


def _gone(name: str) -> CareloopError:
    return NotFoundError(name, remote_code=name)


def _later(name: str) -> CareloopError:
    return UnavailableError(name)


def _conflict(name: str) -> CareloopError:
    return ConflictError(name)


def _rejected(name: str) -> CareloopError:
    return RejectedError(name, remote_code=name)


def _blocked(name: str) -> CareloopError:
    advice = "One of the two accounts blocks the other, so nothing can be sent."
    return RecipientUnreachableError(name, advice=advice, remote_code=name)


_NEW_PASSWORD = "Make a new app password for the Bluesky account."
_CREDENTIAL_ADVICE = {
    "AuthMissing": _NEW_PASSWORD,
    "AuthenticationRequired": _NEW_PASSWORD,
    "AuthFactorTokenRequired": "Use an app password, not the account's own password.",
    "AccountTakedown": "Bluesky has taken the account down; only its owner can appeal.",
    "AccountDeactivated": "The Bluesky account is deactivated; its owner must activate it.",
}
_LEAVES: dict[str, Callable[[str], CareloopError]] = {
    **dict.fromkeys(("ExpiredToken", "InvalidToken"), _token_over),
    **dict.fromkeys(_CREDENTIAL_ADVICE, _credentials),
    **dict.fromkeys(("NotFound", "RecordNotFound", "RepoNotFound", "HandleNotFound"), _gone),
    **dict.fromkeys(("BlockedActor", "BlockedByActor"), _blocked),
    **dict.fromkeys(("UpstreamFailure", "UpstreamTimeout", "NotEnoughResources"), _later),
    "InvalidSwap": _conflict,
    "InvalidRequest": _rejected,
}


def refuse(now: Callable[[], datetime]) -> Refusal:
    """The table for `ApiClient`; the rest is left to the general rules."""

    def refusal(response: HttpResponse, body: Reader | None) -> None:
        if response.status < 400:
            return
        name = _name(body)
        if response.status == 429 or name == "RateLimitExceeded":
            wait = reset_after(response.headers.get("ratelimit-reset"), now())
            if wait is not None or response.status != 429:
                raise RateLimitedError("rate limited", retry_after=min(wait or 1.0, 86400.0) or 1.0)
        if response.status == 403 and body is None:
            raise UnavailableError("403 with a page: something in between refused")
        if name in _LEAVES:
            raise _LEAVES[name](name)

    return refusal


def _name(body: Reader | None) -> str:
    try:
        return (body.find_text("error") or "") if body is not None else ""
    except PayloadError:
        return ""
