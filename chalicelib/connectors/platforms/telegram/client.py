"""Calls to the Bot API. The token is part of each address: addresses never appear in errors or logs."""

from __future__ import annotations

from typing import Any

from chalicelib.connectors.platforms.telegram.places import number_of, permalink, place_of
from chalicelib.connectors.platforms.telegram.refusals import refuse
from chalicelib.connectors.toolkit.api import ApiClient, require_field
from chalicelib.connectors.toolkit.asking import readable
from chalicelib.connectors.toolkit.payload import Reader
from chalicelib.core.errors import ConfigurationError, UnsupportedError
from chalicelib.core.ids import MessageId
from chalicelib.core.reply import DeliveryReceipt, OutboundReply, ReceiptState
from chalicelib.ports.platform import PlatformContext

_HOST = "https://api.telegram.org"


class Client:
    """One bot. Needs the credential ``bot_token``."""

    def __init__(self, context: PlatformContext) -> None:
        token = context.credentials.get("bot_token", "")
        number, _, rest = token.partition(":")
        if (
            not number.isdigit()
            or not rest
            or not rest.isascii()
            or not rest.replace("-", "").replace("_", "").isalnum()
        ):
            raise ConfigurationError("telegram: the credential bot_token is missing or no token")
        self._account = str(context.account.key.account)
        self._clock = context.clock
        self._path = f"/bot{token}"
        base_url = context.account.options.get("base_url", _HOST)
        self._api = ApiClient(context.http, context.clock, base_url, refusal=refuse)

    def send(self, reply: OutboundReply) -> DeliveryReceipt:
        """One message to the chat, as an answer where there is a message to answer. Telegram knows no idempotency key:
        a lost answer is an OutcomeUnknownError."""
        if reply.attachments or reply.private_reply:
            raise UnsupportedError("only text into the same chat can be sent")
        place = place_of(reply.thread.thread)
        data: dict[str, Any] = {
            "chat_id": place.chat,
            "text": reply.text,
            "link_preview_options": {"is_disabled": True},
        }
        answered = number_of(reply.in_reply_to)
        if answered is not None:
            data["reply_parameters"] = {"message_id": answered, "allow_sending_without_reply": True}
        if place.topic:
            data["message_thread_id"] = int(place.topic) if place.topic.isdigit() else place.topic
        if place.connection:
            data["business_connection_id"] = place.connection
        answer = self._api.post(f"{self._path}/sendMessage", data)
        number = require_field(answer, "result", "message_id")
        return DeliveryReceipt(
            messages=(MessageId(place.message(number)),),
            state=ReceiptState.SENT,
            at=self._clock.now(),
            permalink=permalink(place.chat, None, number),
        )

    def probe(self) -> str:
        """Whose token it is, and how the webhook fares: undelivered updates are lost after 24 hours."""
        bot, hook = self._ask("getMe"), self._ask("getWebhookInfo")
        with readable():
            if bot.need_id("id") != self._account:
                raise ConfigurationError("telegram: the token belongs to another bot")
            if not hook.find_text("url"):
                raise ConfigurationError("telegram: no webhook is set")
            failed = hook.find_time("last_error_date")
            waiting = hook.find_id("pending_update_count") or "0"
            health = f"; last failed at {failed.isoformat()}" if failed else ""
            return f"@{bot.find_text('username') or self._account}, {waiting} updates waiting{health}"

    def _ask(self, method: str) -> Reader:
        answer = self._api.get(f"{self._path}/{method}")
        with readable():
            return answer.json.need("result")
