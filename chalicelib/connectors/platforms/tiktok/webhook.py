"""TikTok's webhook: a signature over time and body, and events whose content is JSON inside a string."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from chalicelib.connectors.platforms.tiktok import comments, messages
from chalicelib.connectors.platforms.tiktok.spec import TOLERANCE
from chalicelib.connectors.toolkit.payload import Collector, Reader, parse_time, read_json
from chalicelib.connectors.toolkit.signatures import hex_sha256, require_fresh, require_match
from chalicelib.core.errors import PayloadError, SignatureError
from chalicelib.core.events import InboundMessage, MessageDeleted, Parsed, PlatformEvent
from chalicelib.core.ids import AccountId, AccountKey
from chalicelib.core.webhook import VerifiedWebhook, WebhookRequest
from chalicelib.ports.receiver import ReceiverContext

UNNAMED = AccountId("unnamed")
"""The account of lists of comments when nobody says whose they are."""
_SIGNATURE = "tiktok-signature"


class Receiver:
    """One app, any number of business accounts. Needs ``app_secret``."""

    def __init__(self, context: ReceiverContext) -> None:
        self._secrets = tuple(secret for secret in context.secrets.get("app_secret", ()) if secret)
        self._accounts = context.accounts
        seconds = context.options.get("signature_tolerance", "")
        usable = seconds.isascii() and seconds.isdigit() and len(seconds) <= 6
        self._tolerance = timedelta(seconds=int(seconds) if usable else TOLERANCE)

    def verify(self, request: WebhookRequest) -> None:
        """``Tiktok-Signature: t=<unix seconds>,s=<hex>``: HMAC over the time, a dot and the bytes received. Raises
        SignatureError, StaleWebhookError."""
        listed = [part.strip().partition("=") for part in request.headers.get(_SIGNATURE, "").split(",")]
        parts = {name: value for name, _, value in listed}
        if len(parts) < len(listed):
            raise SignatureError("a part of the signature is repeated")
        stamp = parts.get("t", "")
        is_time = stamp.isascii() and stamp.isdigit() and len(stamp) <= 12
        signed = (stamp if is_time else "").encode("ascii") + b"." + request.body
        require_match(parts.get("s"), [hex_sha256(secret, signed) for secret in self._secrets])
        at = parse_time(int(stamp)) if is_time else None
        if at is None:
            raise SignatureError("no time is signed")
        require_fresh(at, request.received_at, self._tolerance)

    def parse(self, webhook: VerifiedWebhook) -> Parsed[PlatformEvent]:
        """One event, or a saved list of comments. Raises PayloadError."""
        document, found = read_json(webhook.request.body), Collector()
        if document.has("event"):
            found.attempt(lambda entry: _event(entry, found), document)
        elif document.has("data"):
            for entry in document.items("data", "comments"):
                found.attempt(lambda item: self._listed(item, found), entry)
        else:
            raise document.wrong("neither an event nor a list of comments")
        return Parsed(
            events=tuple(_in_order(found.events)),
            malformed=tuple(found.malformed),
            ignored=dict(sorted(found.ignored.items())),
        )

    def _listed(self, entry: Reader, found: Collector) -> None:
        if len(self._accounts) > 1:
            raise entry.wrong("does not name which of several accounts it is for")
        account = AccountKey(platform="tiktok", account=(self._accounts or (UNNAMED,))[0])
        comments.listed(entry, account, found)


def _event(document: Reader, found: Collector) -> None:
    name = document.need_text("event")
    handler = _EVENTS.get(name)
    if handler is None:
        found.ignore(name)
        return
    account = AccountKey(platform="tiktok", account=AccountId(document.need_id("user_openid")))
    handler(_content(document), account, found)


def _content(document: Reader) -> Reader:
    """Decoded a second time; an object is taken as it is."""
    here = document.need("content")
    if not isinstance(here.value, str):
        return here
    try:
        return Reader(read_json(here.value.encode("utf-8", "replace")).value, here.path)
    except PayloadError as error:
        raise here.wrong(error.reason) from None


def _in_order(events: list[PlatformEvent]) -> list[PlatformEvent]:
    """Lists are in the order that was asked for; events come oldest first."""

    def at(event: PlatformEvent) -> float:
        match event:
            case InboundMessage():
                return event.sent_at.timestamp()
            case MessageDeleted():
                return event.deleted_at.timestamp()
        return 0.0

    return sorted(events, key=at)


_EVENTS: dict[str, Callable[[Reader, AccountKey, Collector], None]] = {
    "im_receive_msg": messages.received,
    "im_receive_msg_eu": messages.received_in_europe,
    "im_send_msg": messages.sent,
    "im_mark_read_msg": messages.read,
    "comment.update": comments.updated,
}
"""Not here, so counted: im_referral_msg and brand.mention.event, whose fields nobody documents, and videos."""
