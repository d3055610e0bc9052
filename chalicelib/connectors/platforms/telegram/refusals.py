"""The Bot API's errors to leaves of the error tree: ``{"ok": false, "error_code": 403, "description": "..."}``.

There are no finer codes, so status and the beginning of the description decide (after the "Forbidden: " in front).
"""

from __future__ import annotations

from collections.abc import Callable

from chalicelib.connectors.toolkit.payload import Reader
from chalicelib.core.errors import (
    CareloopError,
    CredentialsError,
    NotAnswerableError,
    NotFoundError,
    PayloadError,
    RateLimitedError,
    RecipientUnreachableError,
    RejectedError,
)
from chalicelib.ports.services import HttpResponse

_Make = Callable[[str], CareloopError]


def _unreachable(advice: str) -> _Make:
    return lambda code: RecipientUnreachableError(code, advice=advice, remote_code=code)


def _closed(advice: str) -> _Make:
    return lambda code: NotAnswerableError(code, advice=advice, remote_code=code)


def _gone(code: str) -> CareloopError:
    return NotFoundError(code, remote_code=code)


def _rejected(code: str) -> CareloopError:
    return RejectedError(code, remote_code=code)


_CONTAINED: tuple[tuple[int, str, _Make], ...] = (
    (400, "chat not found", _unreachable("Telegram knows no such chat: the customer must write to the bot first.")),
    (400, "message to be replied not found", _gone),
    (400, "message is too long", _rejected),
    (400, "message text is empty", _rejected),
    (400, "message is not modified", _rejected),
    (400, "can't parse entities", _rejected),
    (
        400,
        "group chat was upgraded",
        _closed("The group became a supergroup: answer what is written there from now on."),
    ),
    (403, "bot was blocked by the user", _unreachable("The customer has blocked the bot.")),
    (403, "user is deactivated", _unreachable("The customer's Telegram account no longer exists.")),
    (403, "bot was kicked", _unreachable("The bot was removed from this group.")),
    (403, "bot can't initiate conversation", _unreachable("The customer must write to the bot first.")),
)


def refuse(response: HttpResponse, body: Reader | None) -> None:
    """The table for `ApiClient`; the rest is left to the general rules."""
    status = response.status
    if status < 400:
        return
    if status in (401, 404):
        advice = "Telegram does not know the bot's token: get the current one from BotFather."
        raise CredentialsError(f"HTTP {status}", advice=advice, remote_code=str(status), dead=True)
    if body is None:
        return
    try:
        description = body.find_text("description") or ""
        wait = body.find("parameters", "retry_after")
    except PayloadError:
        return
    if status == 429 and wait is not None and type(wait.value) in (int, float) and 0 <= wait.value <= 86400:
        raise RateLimitedError("HTTP 429", retry_after=max(float(wait.value), 1.0))
    for code, words, make in _CONTAINED:
        if code == status and words in description.lower():
            raise make(words)
