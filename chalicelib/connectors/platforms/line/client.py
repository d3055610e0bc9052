"""Calls to the Messaging API: answers by push, since a reply token lives for a minute."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import timedelta

from chalicelib.connectors.platforms.line.refusals import refuse
from chalicelib.connectors.toolkit.api import ApiAnswer, ApiClient, segment
from chalicelib.connectors.toolkit.asking import readable
from chalicelib.core.errors import ConfigurationError, NotFoundError, OutcomeUnknownError, UnsupportedError
from chalicelib.core.ids import MessageId
from chalicelib.core.people import Author
from chalicelib.core.reply import DeliveryReceipt, OutboundReply, ReceiptState
from chalicelib.ports.platform import PlatformContext

_HOST = "https://api.line.me"
_KEY_LIVES = timedelta(hours=23)
"""LINE remembers retry keys for 24 hours."""
_KEYS = uuid.UUID("6c1f7a52-5d0e-4a3b-9c44-1f0f6f7b2a10")
_CONFLICT = 409


class Client:
    """One channel. Needs the credential ``channel_access_token``."""

    def __init__(self, context: PlatformContext) -> None:
        token = context.credentials.get("channel_access_token")
        if not token:
            raise ConfigurationError("line: the credential channel_access_token is needed")
        self._account = str(context.account.key.account)
        self._clock = context.clock
        self._api = ApiClient(
            context.http,
            context.clock,
            context.account.options.get("base_url", _HOST),
            headers={"authorization": f"Bearer {token}"},
            refusal=refuse,
        )

    def send(self, reply: OutboundReply) -> DeliveryReceipt:
        """Push one text under a retry key made of the delivery's key: within a day LINE sends the same one once. A
        first attempt older than that is an OutcomeUnknownError."""
        if reply.attachments or reply.private_reply:
            raise UnsupportedError("only text into the same chat can be sent")
        if self._clock.now() - reply.began_at > _KEY_LIVES:
            raise OutcomeUnknownError("the retry key is older than a day")
        message = {"type": "text", "text": reply.text}
        token = reply.context.get("quote_token")
        if token and reply.context.get("quote_message") == reply.in_reply_to:
            message["quoteToken"] = token
        answer = self._api.call(
            "POST",
            "/v2/bot/message/push",
            data={"to": reply.thread.thread, "messages": [message]},
            headers={"x-line-retry-key": str(uuid.uuid5(_KEYS, reply.key))},
            idempotent=True,
            expect=(_CONFLICT,),
        )
        return DeliveryReceipt(messages=_sent(answer), state=ReceiptState.SENT, at=self._clock.now())

    def fetch_author(self, author: Author) -> Author:
        """The profile of a friend of the account; NotFoundError for others, and for those who block it."""
        with_profile = self._api.get(f"/v2/bot/profile/{segment(author.key.author)}")
        with readable():
            profile = with_profile.json
            name = profile.find_text("displayName")
            locale = profile.find_text("language")
        if not name:
            raise NotFoundError("profile without a name")
        return replace(author, display_name=name, locale=locale or author.locale)

    def probe(self) -> str:
        """Whose token it is."""
        answer = self._api.get("/v2/bot/info")
        with readable():
            info = answer.json
            if info.need_id("userId") != self._account:
                raise ConfigurationError("line: the token belongs to another channel")
            return f"signed in as {info.find_text('basicId') or self._account}"


def _sent(answer: ApiAnswer) -> tuple[MessageId, ...]:
    """409: an earlier attempt was accepted. It names the messages, or at least the request that sent them."""
    with readable():
        messages = tuple(MessageId(item.need_id("id")) for item in answer.json.items("sentMessages"))
        request = answer.headers.get("x-line-accepted-request-id")
        if not messages and answer.status == _CONFLICT and request:
            return (MessageId(f"request-{request}"),)
        if not messages:
            raise answer.json.wrong("no sent messages")
        return messages
