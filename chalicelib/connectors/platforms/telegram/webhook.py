"""The receiving side: one update per request, proved by the secret token that setWebhook was given."""

from __future__ import annotations

from chalicelib.connectors.platforms.telegram.updates import parse_update
from chalicelib.connectors.toolkit.payload import read_json
from chalicelib.connectors.toolkit.signatures import require_match
from chalicelib.core.errors import ConfigurationError
from chalicelib.core.events import Parsed, PlatformEvent
from chalicelib.core.ids import AccountId, AccountKey
from chalicelib.core.webhook import VerifiedWebhook, WebhookRequest
from chalicelib.ports.receiver import ReceiverContext

_HEADER = "x-telegram-bot-api-secret-token"
UNNAMED = AccountId("unnamed")
"""The account of payloads from files when nobody says whose they are."""


class Receiver:
    """One bot. Needs ``secret_token``."""

    def __init__(self, context: ReceiverContext) -> None:
        self._tokens = context.secrets.get("secret_token", ())
        self._accounts = context.accounts

    def verify(self, request: WebhookRequest) -> None:
        """By the header; neither body nor time is signed. Raises SignatureError."""
        require_match(request.headers.get(_HEADER), self._tokens)

    def parse(self, webhook: VerifiedWebhook) -> Parsed[PlatformEvent]:
        """One update, or what one finds in files: a list of them, an answer of getUpdates. They do not name the bot: it
        is the endpoint's one account, or UNNAMED. Raises PayloadError; ConfigurationError for several accounts."""
        if len(self._accounts) > 1:
            raise ConfigurationError("a Telegram webhook serves one bot")
        account = AccountKey(platform="telegram", account=(self._accounts or (UNNAMED,))[0])
        return parse_update(read_json(webhook.request.body), account, webhook.request.received_at)
