"""The Bot API's errors to leaves of the error tree: ``{"ok": false, "error_code": 403, "description": "..."}``.

There are no finer codes, so status and words of the description decide. Sources: Bot API 10.1, ResponseParameters; the
words: telegraf, grammY and aiogram issues (grammyjs/grammY#846, aiogram/aiogram#1742), read 2026-11-22.
"""

from __future__ import annotations

from collections.abc import Callable

from chalicelib.connectors.toolkit.payload import Reader
from chalicelib.core.errors import (
    CareloopError,
    ConfigurationError,
    CredentialsError,
    NotAnswerableError,
    NotFoundError,
    PayloadError,
    RateLimitedError,
    RecipientUnreachableError,
    RejectedError,
    ReplyWindowClosedError,
    UnsupportedError,
)
from chalicelib.ports.services import HttpResponse

_Make = Callable[[str], CareloopError]


class GroupUpgradedError(NotAnswerableError):
    """The group became a supergroup: nothing was done, and ``chat`` is where it goes on."""

    def __init__(self, chat: str) -> None:
        super().__init__(_MOVED, advice=_UPGRADED, remote_code=_MOVED)
        self.chat = chat


def _unreachable(advice: str) -> _Make:
    return lambda code: RecipientUnreachableError(code, advice=advice, remote_code=code)


def _closed(advice: str) -> _Make:
    return lambda code: NotAnswerableError(code, advice=advice, remote_code=code)


def _window(advice: str) -> _Make:
    return lambda code: ReplyWindowClosedError(code, advice=advice, remote_code=code)


def _gone(code: str) -> CareloopError:
    return NotFoundError(code, remote_code=code)


def _rejected(code: str) -> CareloopError:
    return RejectedError(code, remote_code=code)


def _unsupported(code: str) -> CareloopError:
    return UnsupportedError(code, remote_code=code)


_MOVED = "group chat was upgraded"
_UPGRADED = "The group became a supergroup: answer what is written there from now on."
_RIGHTS = _closed("The bot may not write there: give it the right in the group or channel, or answer in the app.")
_DISCONNECTED = _closed(
    "The bot is no longer connected to the business account, or may not answer for it: connect it again in Telegram's "
    "settings (Telegram Business > Chatbots), or answer in the app."
)
_IDLE = _window(
    "Telegram lets a bot answer for a business account only where the customer wrote within the last 24 hours: wait "
    "until they write again, or answer in the app."
)
_FILE_OVER = _closed("The file is larger than Telegram takes from bots: send a link to it.")
_PICTURE = _closed("Telegram does not take this picture (its form or its size in pixels): attach it as a file.")
_VOICE = _closed("The customer takes no voice or video messages: write, or attach it as a file.")

_CONTAINED: tuple[tuple[int, str, _Make], ...] = (
    (400, "chat not found", _unreachable("Telegram knows no such chat: the customer must write to the bot first.")),
    (400, "peer_id_invalid", _unreachable("Telegram knows no such chat: the customer must write to the bot first.")),
    (400, "message to be replied not found", _gone),
    (400, "message to delete not found", _gone),
    (400, "message can't be deleted", _closed("Telegram lets a bot delete only what it wrote in the last 48 hours.")),
    (400, "message thread not found", _closed("The topic is gone: answer in the group's app.")),
    (400, "topic_closed", _closed("The topic is closed: open it in the app, then /retry.")),
    (400, "message is too long", _rejected),
    (400, "message caption is too long", _rejected),
    (400, "message text is empty", _rejected),
    (400, "message is not modified", _rejected),
    (400, "can't parse entities", _rejected),
    (400, _MOVED, _closed(_UPGRADED)),
    (400, "business_peer_usage_missing", _IDLE),
    (403, "business_peer_usage_missing", _IDLE),
    (400, "business_peer_invalid", _DISCONNECTED),
    (400, "business connection not found", _DISCONNECTED),
    (400, "business_connection_invalid", _DISCONNECTED),
    (403, "business_connection_not_allowed", _DISCONNECTED),
    (400, "not enough rights", _RIGHTS),
    (400, "have no rights", _RIGHTS),
    (400, "chat_write_forbidden", _RIGHTS),
    (400, "need administrator rights", _RIGHTS),
    (400, "voice_messages_forbidden", _VOICE),
    (400, "photo_invalid_dimensions", _PICTURE),
    (400, "image_process_failed", _PICTURE),
    (400, "file is too big", _unsupported),
    (400, "wrong file", _gone),
    (400, "invalid file_id", _gone),
    (403, "bot was blocked by the user", _unreachable("The customer has blocked the bot.")),
    (403, "user is deactivated", _unreachable("The customer's Telegram account no longer exists.")),
    (403, "bot was kicked", _unreachable("The bot was removed from this group.")),
    (403, "bot is not a member", _unreachable("The bot is not in this group or channel: add it again.")),
    (403, "bot can't initiate conversation", _unreachable("The customer must write to the bot first.")),
    (403, "bots can't send messages to bots", _unreachable("This is another bot: Telegram lets bots not talk.")),
    (413, "", _FILE_OVER),
)


def refuse(response: HttpResponse, body: Reader | None) -> None:
    """The table for `ApiClient`; the rest is left to the general rules."""
    status = response.status
    if status < 400:
        return
    if status in (401, 404):
        advice = "Telegram does not know the bot's token: get the current one from BotFather."
        raise CredentialsError(f"HTTP {status}", advice=advice, remote_code=str(status), dead=True)
    if status == 409:
        raise ConfigurationError("telegram: a webhook is set, or somebody else asks for this bot's updates")
    try:
        description = (body.find_text("description") or "").lower() if body is not None else ""
        wait = body.find("parameters", "retry_after") if body is not None else None
        moved = body.find_id("parameters", "migrate_to_chat_id") if body is not None else None
    except PayloadError:
        return
    if status == 429 and wait is not None and type(wait.value) in (int, float) and 0 <= wait.value <= 86400:
        raise RateLimitedError("HTTP 429", retry_after=max(float(wait.value), 1.0))
    if status == 400 and moved is not None and _MOVED in description:
        raise GroupUpgradedError(moved)
    for code, words, make in _CONTAINED:
        if code == status and words in description:
            raise make(words or str(code))
