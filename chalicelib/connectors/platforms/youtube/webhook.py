"""YouTube pushes nothing about comments, so nobody may come in. What its API answers can be read."""

from __future__ import annotations

from chalicelib.connectors.platforms.youtube.comments import Reading, read_document
from chalicelib.connectors.platforms.youtube.spec import HTML
from chalicelib.connectors.toolkit.payload import read_json
from chalicelib.core.errors import UnknownEndpointError
from chalicelib.core.events import Parsed, PlatformEvent
from chalicelib.core.webhook import VerifiedWebhook, WebhookRequest
from chalicelib.ports.receiver import ReceiverContext


class Receiver:
    """Reads saved answers of commentThreads.list and comments.list."""

    def __init__(self, context: ReceiverContext) -> None:
        self._accounts = context.accounts
        self._is_html = context.options.get("text_format") == HTML

    def verify(self, request: WebhookRequest) -> None:
        """Always raises UnknownEndpointError: there is nothing to verify."""
        raise UnknownEndpointError("YouTube sends no webhooks about comments")

    def parse(self, webhook: VerifiedWebhook) -> Parsed[PlatformEvent]:
        """The comments of one answer. What is missing from it was deleted or held: no event tells. Raises
        PayloadError."""
        return read_document(read_json(webhook.request.body), Reading(accounts=self._accounts, is_html=self._is_html))
