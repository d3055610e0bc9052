"""Telegram's calling part: answers, files both ways, taking answers back, profiles, and the webhook's health.

Telegram lists no past messages and takes no idempotency key: what is unknown stays unknown, and what its webhook did
not bring within 24 hours is lost.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from chalicelib.connectors.platforms.telegram.calls import BotApi
from chalicelib.connectors.platforms.telegram.hook import Hook, cursor_at
from chalicelib.connectors.platforms.telegram.outbound import Outgoing, outgoing
from chalicelib.connectors.platforms.telegram.places import number_of, permalink, place_of
from chalicelib.connectors.platforms.telegram.refusals import GroupUpgradedError
from chalicelib.connectors.platforms.telegram.spec import SPEC
from chalicelib.connectors.toolkit.api import require_field
from chalicelib.connectors.toolkit.asking import readable
from chalicelib.connectors.toolkit.media import fetch_from
from chalicelib.core.errors import (
    ConfigurationError,
    NotAnswerableError,
    NotFoundError,
    RecipientUnreachableError,
    UnsupportedError,
)
from chalicelib.core.events import Attachment, AttachmentKind
from chalicelib.core.ids import Cursor, MessageId
from chalicelib.core.media import MediaFile
from chalicelib.core.people import Author, Profile
from chalicelib.core.reply import DeliveryReceipt, OutboundReply, ReceiptState
from chalicelib.ports.platform import PlatformContext, Polled

MOST_DOWNLOAD = 20_000_000
"""Bytes of a file that getFile hands out (Bot API 10.1, 2026-06-11)."""
_FILES = frozenset({AttachmentKind.IMAGE, AttachmentKind.VIDEO, AttachmentKind.AUDIO, AttachmentKind.FILE})


class Client:
    """``Client(context)``. No I/O in the constructor; a missing token is a ConfigurationError."""

    def __init__(self, context: PlatformContext) -> None:
        options = context.account.options
        self._account = context.account.key
        self._clock, self._http = context.clock, context.http
        self._origin = options.get("base_url")
        self._api = BotApi(context)
        self._hook = Hook(
            api=self._api,
            polls=options.get("poll") == "true",
            url=options.get("webhook_url"),
            secret=context.credentials.get("webhook_secret"),
        )

    # ---- sending -----------------------------------------------------------------------------------------------------

    def send(self, reply: OutboundReply) -> DeliveryReceipt:
        """One message to the chat, as an answer where there is a message to answer; in the supergroup that a group
        became. Telegram knows no idempotency key: a lost answer is an OutcomeUnknownError."""
        out = outgoing(reply, place_of(reply.thread.thread))
        try:
            return self._post(out)
        except GroupUpgradedError as moved:
            chat = moved.chat
        try:
            return self._post(out.at(chat))
        except GroupUpgradedError as again:
            raise NotAnswerableError(str(again), advice=again.advice, remote_code=again.remote_code) from None

    def _post(self, out: Outgoing) -> DeliveryReceipt:
        number = require_field(self._api.send(out), "result", "message_id")
        return DeliveryReceipt(
            messages=(MessageId(out.place.message(number)),),
            state=ReceiptState.SENT,
            at=self._clock.now(),
            permalink=permalink(out.place.chat, None, number),
        )

    def remove(self, message: MessageId) -> None:
        """Delete our own message, of the last 48 hours; gone already is fine."""
        number, place = number_of(message), place_of(message.rpartition(":")[0])
        if number is None:
            raise UnsupportedError("this is no message that could be deleted")
        try:
            if place.connection:
                data = {"business_connection_id": place.connection, "message_ids": [number]}
                self._api.put("deleteBusinessMessages", data)
            else:
                self._api.put("deleteMessage", {"chat_id": place.chat, "message_id": number})
        except NotFoundError:
            return

    # ---- reading -----------------------------------------------------------------------------------------------------

    def fetch_author(self, author: Author) -> Author:
        """Name and profile of somebody who wrote to the bot. NotFoundError: Telegram does not tell."""
        try:
            chat = self._api.ask("getChat", chat_id=author.key.author)
        except RecipientUnreachableError:
            raise NotFoundError("no chat with this person") from None
        with readable():
            names = (chat.find_text("first_name"), chat.find_text("last_name"))
            handle = chat.find_text("username")
            bio = chat.find_text("bio")
            title = chat.find_text("title")
        name = " ".join(filter(None, names)).strip() or title
        if not name and not handle:
            raise NotFoundError("a profile without a name")
        return replace(
            author,
            display_name=name or author.display_name,
            handle=handle or author.handle,
            profile_url=f"https://t.me/{handle}" if handle else author.profile_url,
            profile=Profile(bio=bio) if bio else author.profile,
        )

    def fetch_media(self, attachment: Attachment, *, most_bytes: int) -> MediaFile:
        """The file of an attachment, of up to 20 MB. UnsupportedError: too large, no file, or of a type that is not
        taken; NotFoundError: Telegram no longer has it."""
        most = min(most_bytes, MOST_DOWNLOAD)
        if attachment.kind not in _FILES or not attachment.remote_id:
            raise UnsupportedError("this is no file")
        if attachment.size is not None and attachment.size > most:
            raise UnsupportedError(f"larger than {most} bytes")
        found = self._api.ask("getFile", file_id=attachment.remote_id)
        with readable():
            path = found.find_text("file_path")
        if not path:
            raise NotFoundError("a file without an address")
        if path.startswith("/") or ".." in path.split("/"):
            raise UnsupportedError("a file on the Bot API server's own disk")  # a server of one's own, run with --local
        title = attachment.title if attachment.title and "." in attachment.title else path.rpartition("/")[2]
        file = fetch_from(
            self._http,
            self._api.file_address(path),
            hosts=SPEC.media_hosts,
            most_bytes=most,
            name=title,
            origin=self._origin,
        )
        return replace(file, source=attachment.remote_id)  # never the address: it holds the token

    def poll(self, cursor: Cursor | None) -> Polled:
        """Updates that nobody took yet, for a bot without a webhook (the option ``poll``); of others there is no
        list."""
        return self._hook.poll(cursor, self._account, self._clock.now)

    def cursor_at(self, moment: datetime) -> Cursor:
        """Telegram lists what was not taken yet, whatever its time; the rest is counted as history that ended."""
        return cursor_at(moment)

    # ---- health ------------------------------------------------------------------------------------------------------

    def probe(self) -> str:
        """Whose token it is, and how the webhook fares: undelivered updates are lost after 24 hours."""
        bot = self._api.ask("getMe")
        with readable():
            number, name = bot.need_id("id"), bot.find_text("username")
        if number != self._account.account:
            raise ConfigurationError("telegram: the token belongs to another bot")
        return f"@{name or number}, {self._hook.state()}"

    def missing_subscriptions(self) -> Sequence[str]:
        """What of the webhook is not as it should be."""
        return self._hook.missing()

    def subscribe(self) -> None:
        """Set the webhook again; see `Hook.mend`."""
        self._hook.mend()
