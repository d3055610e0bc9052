"""The receiving part that all of Meta's platforms share. Pure."""

from __future__ import annotations

from chalicelib.connectors.platforms._meta.envelope import parse_body
from chalicelib.connectors.toolkit.signatures import hex_sha256, require_match
from chalicelib.core.errors import SignatureError
from chalicelib.core.events import Parsed, PlatformEvent
from chalicelib.core.webhook import VerifiedWebhook, WebhookRequest, WebhookResponse
from chalicelib.ports.receiver import ReceiverContext

_SIGNATURE = "x-hub-signature-256"
_PLAIN = "text/plain; charset=utf-8"


class MetaReceiver:
    """Handshake, signature and envelope of a Meta app. Secrets: ``app_secret``, ``verify_token``.

    Source: Graph API > Webhooks > Getting started (read 2026-11-22).
    """

    def __init__(self, context: ReceiverContext) -> None:
        self._secrets = context.secrets

    def answer_challenge(self, request: WebhookRequest) -> WebhookResponse | None:
        """``hub.challenge`` as it came when mode and token are right, else 403, as Meta documents the handshake.

        None for everything but a GET with ``hub.mode``. No stored token: ConfigurationError.
        """
        if request.method.upper() != "GET" or "hub.mode" not in request.query:
            return None
        try:
            require_match(request.query.get("hub.verify_token"), self._secrets.get("verify_token", ()))
        except SignatureError:
            return WebhookResponse(status=403, content_type=_PLAIN)
        challenge = request.query.get("hub.challenge")
        if request.query["hub.mode"] != "subscribe" or not challenge or not _is_sane(challenge):
            return WebhookResponse(status=403, content_type=_PLAIN)
        return WebhookResponse(
            status=200, body=challenge, content_type=_PLAIN, headers={"x-content-type-options": "nosniff"}
        )

    def verify(self, request: WebhookRequest) -> None:
        """``X-Hub-Signature-256: sha256=<hex>`` over the bytes received, by any current app secret.

        Meta signs no time, so an old body can't be told from a new one; the ledger makes a replay harmless.
        Raises SignatureError.
        """
        secrets = [secret for secret in self._secrets.get("app_secret", ()) if secret]
        candidates = [f"sha256={hex_sha256(secret, request.body)}" for secret in secrets]
        require_match(request.headers.get(_SIGNATURE), candidates)

    def parse(self, webhook: VerifiedWebhook) -> Parsed[PlatformEvent]:
        """All events of the body, whatever platforms of the family they belong to. Raises PayloadError."""
        return parse_body(webhook.request.body)


def _is_sane(challenge: str) -> bool:
    """Meta's are digits; whatever else a later Meta sends must survive being written back."""
    return len(challenge) <= 1000 and challenge.isascii() and challenge.isprintable()
