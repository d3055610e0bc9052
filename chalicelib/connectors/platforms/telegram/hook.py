"""The bot's webhook, or the list of updates where it has none: looked at and mended.

A bot has one of the two: while a webhook is set, getUpdates is refused. Source: Bot API 10.1, Getting updates,
setWebhook, WebhookInfo (2026-06-11).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from chalicelib.connectors.platforms.telegram.calls import BotApi
from chalicelib.connectors.platforms.telegram.updates import parse_update
from chalicelib.connectors.toolkit.asking import readable
from chalicelib.connectors.toolkit.payload import Reader
from chalicelib.core.errors import ConfigurationError, PayloadError, UnsupportedError
from chalicelib.core.events import Parsed, PlatformEvent
from chalicelib.core.ids import AccountKey, Cursor
from chalicelib.ports.platform import HISTORY_ENDS, Polled

UPDATES = (
    "message",
    "edited_message",
    "channel_post",
    "edited_channel_post",
    "callback_query",
    "my_chat_member",
    "business_connection",
    "business_message",
    "edited_business_message",
    "deleted_business_messages",
)
"""Kinds of update that are read. The list stays as it was set until somebody sets another."""
_PAGE = 100
_SINCE = "since:"
_LONGEST_REASON = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Hook:
    """Of one bot. ``polls``: it has no webhook, its updates are asked for; ``url``, ``secret``: what the webhook is set
    with, where they are stored."""

    api: BotApi
    polls: bool
    url: str | None = None
    secret: str | None = None

    def state(self) -> str:
        """How it fares; undelivered updates are lost after 24 hours. ConfigurationError: there is no webhook, or one
        where there must be none."""
        hook = self.api.ask("getWebhookInfo")
        with readable():
            url, failed = hook.find_text("url"), hook.find_time("last_error_date")
            reason = hook.find_text("last_error_message")
            waiting = hook.find_id("pending_update_count") or "0"
        if bool(url) is self.polls:
            raise ConfigurationError(
                "telegram: a webhook is set, so updates can't be asked for" if url else "telegram: no webhook is set"
            )
        why = f" ({reason[:_LONGEST_REASON]})" if reason else ""
        return f"{waiting} updates waiting" + (f"; last failed at {failed.isoformat()}{why}" if failed else "")

    def missing(self) -> Sequence[str]:
        """The webhook, its address, kinds of update; for a bot that is polled, that it has none."""
        hook = self.api.ask("getWebhookInfo")
        with readable():
            url = hook.find_text("url")
            allowed = {kind.find_text() for kind in hook.items("allowed_updates")}
        if self.polls:
            return ("a bot without a webhook",) if url else ()
        if not url:
            return ("the webhook",)
        if self.url and url != self.url:
            return ("the webhook at our address",)
        # without a list Telegram sends all but three kinds, none of which is read
        return tuple(kind for kind in UPDATES if kind not in allowed) if allowed else ()

    def mend(self) -> None:
        """Set the webhook, or take it off a bot that is polled; waiting updates stay. UnsupportedError: the secret, or
        the address of a webhook that is not there, is not stored."""
        if self.polls:
            self.api.put("deleteWebhook", {"drop_pending_updates": False})
            return
        url = self.url or self._url()
        if not url or not self.secret:
            raise UnsupportedError("setting the webhook takes the option webhook_url and the credential webhook_secret")
        self.api.put("setWebhook", {"url": url, "secret_token": self.secret, "allowed_updates": list(UPDATES)})

    def _url(self) -> str | None:
        hook = self.api.ask("getWebhookInfo")
        with readable():
            return hook.find_text("url")

    # ---- without a webhook -------------------------------------------------------------------------------------------

    def poll(self, cursor: Cursor | None, account: AccountKey, now: Callable[[], datetime]) -> Polled:
        """The oldest updates that nobody took yet. Asking from the cursor on takes what is before it off Telegram's
        list: so the cursor is moved only when that is durable. A bot with a webhook has no list."""
        is_seeking = cursor is not None and cursor.startswith(_SINCE)
        ignored = {HISTORY_ENDS: 1} if is_seeking else {}
        if not self.polls:
            return Polled(parsed=Parsed(ignored=ignored), cursor=Cursor("webhook"))
        offset = cursor if cursor is not None and cursor.isdecimal() else None
        kinds = json.dumps(UPDATES, separators=(",", ":"))
        result = self.api.ask("getUpdates", offset=offset, limit=_PAGE, timeout=0, allowed_updates=kinds)
        with readable():
            parsed: Parsed[PlatformEvent] = parse_update(result, account, now())
            numbers = [number for number in map(_number, result.items()) if number is not None]
        following = Cursor(str(max(numbers) + 1)) if numbers else Cursor(offset or "0")
        told = {**parsed.ignored, **ignored}
        more = len(numbers) >= _PAGE and not is_seeking
        found = Parsed(events=parsed.events, malformed=parsed.malformed, ignored=told)
        return Polled(parsed=found, cursor=following, more=more)


def cursor_at(moment: datetime) -> Cursor:
    """Read whatever Telegram still lists: what was taken before is gone, whenever it was."""
    return Cursor(f"{_SINCE}{moment.isoformat()}")


def _number(update: Reader) -> int | None:
    """``update_id``; one that can't be read is not counted."""
    try:
        number = update.find_id("update_id") or ""
    except PayloadError:
        return None
    return int(number) if number.isascii() and number.isdigit() and len(number) < 19 else None
