"""Mastodon is polled, so nobody may come in. What its API answers and its stream sends can be read."""

from __future__ import annotations

from chalicelib.connectors.platforms.mastodon.payload import parse_document
from chalicelib.connectors.platforms.mastodon.statuses import UNNAMED
from chalicelib.connectors.toolkit.payload import read_json
from chalicelib.core.errors import ConfigurationError, UnknownEndpointError
from chalicelib.core.events import Parsed, PlatformEvent
from chalicelib.core.ids import AccountKey
from chalicelib.core.webhook import VerifiedWebhook, WebhookRequest
from chalicelib.ports.receiver import ReceiverContext


class Receiver:
    """Reads saved payloads (``careloop parse``); see `payload` for the shapes."""

    def __init__(self, context: ReceiverContext) -> None:
        self._accounts = context.accounts

    def verify(self, request: WebhookRequest) -> None:
        """Always raises UnknownEndpointError: there is nothing to verify."""
        raise UnknownEndpointError("Mastodon is polled")

    def parse(self, webhook: VerifiedWebhook) -> Parsed[PlatformEvent]:
        """Answers of the API, stream frames, push hints. They do not name the account: it is the one that is known, or
        UNNAMED. Raises PayloadError; ConfigurationError when several are known."""
        if len(self._accounts) > 1:
            raise ConfigurationError("Mastodon payloads do not name the account: which of several is it?")
        account = AccountKey(platform="mastodon", account=(self._accounts or (UNNAMED,))[0])
        return parse_document(read_json(webhook.request.body), account, webhook.request.received_at)
