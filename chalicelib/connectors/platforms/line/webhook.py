"""The receiving side of a LINE channel."""

from __future__ import annotations

from chalicelib.connectors.platforms.line.payload import parse_body
from chalicelib.connectors.toolkit.payload import read_json
from chalicelib.connectors.toolkit.signatures import base64_sha256, require_match
from chalicelib.core.events import Parsed, PlatformEvent
from chalicelib.core.webhook import VerifiedWebhook, WebhookRequest
from chalicelib.ports.receiver import ReceiverContext

_HEADER = "x-line-signature"


class Receiver:
    """One channel. Needs ``channel_secret``."""

    def __init__(self, context: ReceiverContext) -> None:
        self._secrets = context.secrets.get("channel_secret", ())

    def verify(self, request: WebhookRequest) -> None:
        """Base64 of the HMAC-SHA256 over the bytes received; no time is signed. Raises SignatureError."""
        candidates = [base64_sha256(secret, request.body) for secret in self._secrets if secret]
        require_match(request.headers.get(_HEADER), candidates)

    def parse(self, webhook: VerifiedWebhook) -> Parsed[PlatformEvent]:
        """All events of the body, which names its account (``destination``). Raises PayloadError."""
        return parse_body(read_json(webhook.request.body))
