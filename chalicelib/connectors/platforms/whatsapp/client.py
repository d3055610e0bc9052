"""WhatsApp's calling part: answers within 24 hours, a template after them, files both ways, the number's health.

WhatsApp lists no messages, in or out: what was lost can't be read again, and what is unknown is settled by the statuses
of our messages, which hand our own key back.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from chalicelib.connectors.platforms._meta.graph import GraphApi
from chalicelib.connectors.platforms.whatsapp.calls import CloudApi
from chalicelib.connectors.platforms.whatsapp.outbound import (
    LONGEST_VARIABLE,
    Template,
    addressed,
    file_content,
    kind_of,
    marked,
    quoted,
    text_content,
)
from chalicelib.connectors.platforms.whatsapp.spec import SPEC, WINDOW
from chalicelib.connectors.platforms.whatsapp.subscription import Subscription, access_ends
from chalicelib.connectors.toolkit.api import ApiAnswer, segment
from chalicelib.connectors.toolkit.asking import readable
from chalicelib.connectors.toolkit.media import fetch_from
from chalicelib.core.capabilities import PlatformCapabilities
from chalicelib.core.errors import (
    CredentialsError,
    NotAnswerableError,
    NotFoundError,
    OutcomeUnknownError,
    PayloadError,
    ReplyWindowClosedError,
    UnavailableError,
    UnsupportedError,
)
from chalicelib.core.events import Attachment
from chalicelib.core.ids import MessageId
from chalicelib.core.media import MediaFile
from chalicelib.core.reply import DeliveryReceipt, OutboundReply, ReceiptState
from chalicelib.ports.platform import PlatformContext

_FIELDS = "id,quality_rating,status,health_status"
_SHUT = ("BANNED", "RESTRICTED", "DISCONNECTED")
"""States of a number that may not send."""


class Client:
    """``Client(context)``. No I/O in the constructor; a missing token is a ConfigurationError."""

    def __init__(self, context: PlatformContext) -> None:
        options = context.account.options
        self._clock, self._http = context.clock, context.http
        self._origin = options.get("base_url")
        self._api = CloudApi(context)
        self._template = Template.of(options)
        graph = self._graph = GraphApi(context, credential="access_token")
        waba, app = options.get("waba_id"), options.get("app_id")
        self._subscription = Subscription(api=self._api, graph=graph, waba=waba, app=app)

    @property
    def capabilities(self) -> PlatformCapabilities:
        """An account with a template has something to say after the window, too."""
        return SPEC.capabilities if self._template is None else replace(SPEC.capabilities, reply_window=None)

    # ---- sending -----------------------------------------------------------------------------------------------------

    def send(self, reply: OutboundReply) -> DeliveryReceipt:
        """One message to the person or group of the thread; after 24 hours the account's template. Accepted is not
        delivered: statuses tell. ReplyWindowClosedError: there is no template, or the customer was asked to write."""
        if reply.last_customer_message_at is not None and self._clock.now() - reply.last_customer_message_at >= WINDOW:
            return self._send_template(reply)
        content = self._content(reply)
        return self._receipt(self._api.send({**addressed(reply), **quoted(reply), **content, **marked(reply)}))

    def _content(self, reply: OutboundReply) -> dict[str, Any]:
        if not reply.files and not reply.attachments:
            return text_content(reply.text)
        if not reply.files:
            raise UnsupportedError("the file's content could not be fetched, so it can't be sent")
        if len(reply.files) > 1:
            raise UnsupportedError("one message takes one file")
        file = reply.files[0]
        kind = kind_of(file)
        file_content(kind, "", file, reply.text)  # refused before it is uploaded
        return file_content(kind, self._api.upload(file), file, reply.text)

    def _send_template(self, reply: OutboundReply) -> DeliveryReceipt:
        template = self._template
        if template is None:
            advice = (
                "WhatsApp takes an answer only within 24 hours of the customer's last message: wait until they write "
                "again. An administrator can name an approved template that is sent then (the option template)."
            )
            raise ReplyWindowClosedError("last customer message is older than 24 hours", advice=advice)
        if reply.files or reply.attachments:
            advice = (
                "24 hours have passed: until the customer writes again only words in a template can be sent, no file."
            )
            raise ReplyWindowClosedError("a file after 24 hours", advice=advice)
        if template.variable is None:
            self._receipt(self._api.send({**addressed(reply), **template.content("")}))
            advice = (
                f"24 hours have passed, so the customer was sent the template {template.name} instead, which asks them "
                "to write. When they have answered, write an internal note with /retry."
            )
            raise ReplyWindowClosedError("the customer was asked to write", advice=advice)
        if len(" ".join(reply.text.split())) > LONGEST_VARIABLE:
            advice = f"24 hours have passed: a template takes {LONGEST_VARIABLE} characters at most. Shorten it."
            raise ReplyWindowClosedError("too long for the template", advice=advice)
        return self._receipt(self._api.send({**addressed(reply), **template.content(reply.text), **marked(reply)}))

    def _receipt(self, answer: ApiAnswer) -> DeliveryReceipt:
        try:
            (message,) = answer.json.items("messages")
            wamid = message.need_id("id")
        except (PayloadError, ValueError):
            raise OutcomeUnknownError("2xx without a message") from None
        return DeliveryReceipt(messages=(MessageId(wamid),), state=ReceiptState.WIRED, at=self._clock.now())

    # ---- reading -----------------------------------------------------------------------------------------------------

    def fetch_media(self, attachment: Attachment, *, most_bytes: int) -> MediaFile:
        """The file of an attachment: its id gives an address for five minutes, which wants the token, too.
        NotFoundError: older than seven days; UnsupportedError: too large, or of a type that is not taken."""
        if not attachment.remote_id:
            raise NotFoundError("an attachment without an id")
        found = self._api.get(f"/{segment(attachment.remote_id)}", phone_number_id=self._api.number)
        with readable():
            url, told, size = found.need_text("url"), found.find_text("sha256"), found.find_id("file_size")
        if size and size.isdecimal() and len(size) < 16 and int(size) > most_bytes:
            raise UnsupportedError(f"larger than {most_bytes} bytes")
        file = fetch_from(
            self._http,
            url,
            hosts=SPEC.media_hosts,
            most_bytes=most_bytes,
            headers=self._api.bearer,
            name=attachment.title,
            origin=self._origin,
        )
        if told and not _is_hash_of(told, file.content):
            raise UnavailableError("the file is not what was announced")
        return replace(file, source=attachment.remote_id)

    # ---- health ------------------------------------------------------------------------------------------------------

    def probe(self) -> str:
        """Whether the token reaches this phone number and it may send; its quality. CredentialsError or
        NotAnswerableError when not."""
        number = self._api.get(f"/{segment(self._api.number)}", fields=_FIELDS)
        with readable():
            found = number.need_id("id")
            quality, status = number.find_text("quality_rating"), number.find_text("status")
            may_send = number.find_text("health_status", "can_send_message")
        if found != self._api.number:
            raise CredentialsError("another phone number", advice="Store the id of the number, not the number itself.")
        if status in _SHUT or may_send == "BLOCKED":
            advice = "WhatsApp does not let this number send: look into WhatsApp Manager for what it asks."
            raise NotAnswerableError("the number may not send", advice=advice, remote_code=status)
        limits = f", sending {may_send.lower()}" if may_send and may_send != "AVAILABLE" else ""
        return f"token good, quality {quality or 'not told'}, status {status or 'not told'}{limits}"

    def refresh(self) -> datetime | None:
        """When the token ends: Meta lets nobody but a person renew it. None: never, or nobody can tell (the app's id
        and secret are not stored). CredentialsError: dead, or a permission is missing."""
        return access_ends(self._graph)

    def access_ends(self) -> datetime | None:
        """The same: nothing is renewed."""
        return access_ends(self._graph)

    def missing_subscriptions(self) -> Sequence[str]:
        """What does not reach us; see `Subscription.missing`."""
        return self._subscription.missing()

    def subscribe(self) -> None:
        """Subscribe the token's app to the business account."""
        self._subscription.subscribe()


def _is_hash_of(told: str, content: bytes) -> bool:
    """SHA-256, in base64 by the webhook, in hex by the media's own answer; whatever else it is proves nothing."""
    digest = hashlib.sha256(content).digest()
    if len(told) == 64:
        return told.lower() == digest.hex()
    try:
        known = base64.b64decode(told, validate=True)
    except (binascii.Error, ValueError):
        return True
    return len(known) != len(digest) or known == digest
