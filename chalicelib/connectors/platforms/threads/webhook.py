"""Threads' receiving part: its own envelope, and Meta's usual one with whichever of the family's events it holds."""

from __future__ import annotations

from chalicelib.connectors.platforms._meta.envelope import parse_body
from chalicelib.connectors.platforms._meta.receiver import MetaReceiver
from chalicelib.core.events import Parsed, PlatformEvent
from chalicelib.core.webhook import VerifiedWebhook
from chalicelib.ports.receiver import ReceiverContext


class Receiver(MetaReceiver):
    """``Receiver(context)``. Secrets: ``app_secret``, ``verify_token``."""

    def __init__(self, context: ReceiverContext) -> None:
        super().__init__(context)
        self._accounts = context.accounts

    def parse(self, webhook: VerifiedWebhook) -> Parsed[PlatformEvent]:
        """As the family does. Threads' bodies do not always name their account: an address with one account does."""
        return parse_body(webhook.request.body, accounts=self._accounts, unnamed="threads")
