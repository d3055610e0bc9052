"""LinkedIn's webhook: the challenge, the signature, notifications; and saved answers of the API."""

from __future__ import annotations

import json
import re

from chalicelib.connectors.platforms.linkedin.comments import read_comment
from chalicelib.connectors.platforms.linkedin.notifications import TYPE, read_notification
from chalicelib.connectors.toolkit.payload import Collector, Reader, read_json
from chalicelib.connectors.toolkit.signatures import hex_sha256, require_match
from chalicelib.core.errors import ConfigurationError
from chalicelib.core.events import InboundMessage, MessageDeleted, MessageEdited, Parsed, PlatformEvent
from chalicelib.core.ids import AccountId, AccountKey
from chalicelib.core.webhook import VerifiedWebhook, WebhookRequest, WebhookResponse
from chalicelib.ports.receiver import ReceiverContext

UNNAMED = AccountId("unnamed")
"""The account of API answers when nobody says whose they are; echoes can't be told then."""
_SIGNATURE = "x-li-signature"
_PREFIX = b"hmacsha256="
_CODE = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")


class Receiver:
    """One app. Needs ``client_secret``."""

    def __init__(self, context: ReceiverContext) -> None:
        self._secrets = tuple(secret for secret in context.secrets.get("client_secret", ()) if secret)
        self._accounts = context.accounts

    def answer_challenge(self, request: WebhookRequest) -> WebhookResponse | None:
        """The code and its HMAC by the first secret. None for everything but a GET with ``challengeCode``; 400 for a
        code that is no UUID: the same key signs the notifications, so whoever could have any text signed could forge
        them. Raises ConfigurationError when no secret is stored."""
        code = request.query.get("challengeCode")
        if request.method.upper() != "GET" or code is None:
            return None
        if not self._secrets:
            raise ConfigurationError("no client_secret is stored for this endpoint")
        if not _CODE.fullmatch(code):
            return WebhookResponse(status=400)
        answer = {"challengeCode": code, "challengeResponse": hex_sha256(self._secrets[0], code.encode("ascii"))}
        return WebhookResponse(status=200, body=json.dumps(answer, separators=(",", ":")))

    def verify(self, request: WebhookRequest) -> None:
        """``X-LI-Signature``: hex HMAC over ``hmacsha256=`` and the bytes received. LinkedIn signs no time; the ledger
        makes a replay harmless. Raises SignatureError."""
        candidates = [hex_sha256(secret, _PREFIX + request.body) for secret in self._secrets]
        require_match(request.headers.get(_SIGNATURE), candidates)

    def parse(self, webhook: VerifiedWebhook) -> Parsed[PlatformEvent]:
        """Notifications, backfilled notifications, a page of comments, or one comment. Raises PayloadError."""
        document, found = read_json(webhook.request.body), Collector()
        if document.has("type"):
            self._notifications(document, found)
        elif document.has("elements"):
            for entry in document.items("elements"):
                found.attempt(lambda item: self._element(item, found), entry)
        elif document.has("message"):
            found.attempt(lambda item: self._element(item, found), document)
        else:
            raise document.wrong("neither notifications nor comments")
        return Parsed(
            events=tuple(_in_order(found.events)),
            malformed=tuple(found.malformed),
            ignored=dict(sorted(found.ignored.items())),
        )

    def _notifications(self, document: Reader, found: Collector) -> None:
        kind = document.need_text("type")
        if kind != TYPE:
            found.ignore(kind)
            return
        for entry in document.items("notifications"):
            found.attempt(lambda item: read_notification(item, found), entry)

    def _element(self, entry: Reader, found: Collector) -> None:
        if entry.has("action"):
            read_notification(entry, found)
        elif len(self._accounts) > 1:
            raise entry.wrong("does not name which of several accounts it is for")
        else:
            account = (self._accounts or (UNNAMED,))[0]
            read_comment(entry, AccountKey(platform="linkedin", account=account), found)


def _in_order(events: list[PlatformEvent]) -> list[PlatformEvent]:
    """Oldest first; an edit that came with its message stays before it: the message already has the new words."""
    sent = {event.key: event.sent_at for event in events if isinstance(event, InboundMessage)}

    def at(event: PlatformEvent) -> object:
        match event:
            case InboundMessage():
                return event.sent_at
            case MessageEdited():
                return sent.get(event.key, event.edited_at)
            case MessageDeleted():
                return event.deleted_at
        raise AssertionError(event)

    return sorted(events, key=at)  # type: ignore[arg-type]
