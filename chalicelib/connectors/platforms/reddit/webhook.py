"""Reddit pushes nothing, so nobody may come in. What its API answers can be read."""

from __future__ import annotations

from chalicelib.connectors.platforms.reddit.things import UNNAMED, Reading, read_document
from chalicelib.connectors.toolkit.payload import read_json
from chalicelib.core.errors import ConfigurationError, UnknownEndpointError
from chalicelib.core.events import Parsed, PlatformEvent
from chalicelib.core.ids import AccountKey
from chalicelib.core.webhook import VerifiedWebhook, WebhookRequest
from chalicelib.ports.receiver import ReceiverContext


class Receiver:
    """Reads saved payloads (``careloop parse``)."""

    def __init__(self, context: ReceiverContext) -> None:
        self._accounts = context.accounts

    def verify(self, request: WebhookRequest) -> None:
        """Always raises UnknownEndpointError: there is nothing to verify."""
        raise UnknownEndpointError("Reddit sends no webhooks")

    def parse(self, webhook: VerifiedWebhook) -> Parsed[PlatformEvent]:
        """A page of the inbox, a thread, things by id, or the answer to a post. They do not name the account: it is the
        one that is known, or UNNAMED. Raises PayloadError; ConfigurationError when several are known."""
        if len(self._accounts) > 1:
            raise ConfigurationError("Reddit payloads do not name the account: which of several is it?")
        account = AccountKey(platform="reddit", account=(self._accounts or (UNNAMED,))[0])
        reading = Reading(account=account, seen_at=webhook.request.received_at)
        return read_document(read_json(webhook.request.body), reading)
