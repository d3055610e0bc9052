"""The receiving side of an application service: the homeserver pushes transactions and proves itself by a token."""

from __future__ import annotations

from chalicelib.connectors.platforms.matrix.payload import parse_transaction
from chalicelib.connectors.toolkit.payload import read_json
from chalicelib.connectors.toolkit.signatures import require_match
from chalicelib.core.errors import ConfigurationError
from chalicelib.core.events import Parsed, PlatformEvent
from chalicelib.core.ids import AccountId, AccountKey
from chalicelib.core.webhook import VerifiedWebhook, WebhookRequest, WebhookResponse
from chalicelib.ports.receiver import ReceiverContext

_BEARER = "bearer "
UNNAMED = AccountId("unnamed")
"""The account of payloads from files when nobody says whose they are; echoes can't be told then."""


class Receiver:
    """One application service with one brand user. Needs ``hs_token``; uses the option ``base_url`` for media links."""

    def __init__(self, context: ReceiverContext) -> None:
        self._tokens = context.secrets.get("hs_token", ())
        self._accounts = context.accounts
        self._base_url = context.options.get("base_url")

    def verify(self, request: WebhookRequest) -> None:
        """By the Authorization header, or as before v1.4 by the query's access_token. Raises SignatureError."""
        header = request.headers.get("authorization")
        if header is None:
            require_match(request.query.get("access_token"), self._tokens)
            return
        is_bearer = header[: len(_BEARER)].lower() == _BEARER
        require_match(header[len(_BEARER) :] if is_bearer else None, self._tokens)

    def parse(self, webhook: VerifiedWebhook) -> Parsed[PlatformEvent]:
        """A transaction's events. They do not say for which of the service's users they come: it is the endpoint's one
        account, or UNNAMED. Raises PayloadError; ConfigurationError when the endpoint has several."""
        if len(self._accounts) > 1:
            raise ConfigurationError("a Matrix endpoint serves one account")
        account = AccountKey(platform="matrix", account=(self._accounts or (UNNAMED,))[0])
        return parse_transaction(read_json(webhook.request.body), account, self._base_url)

    def acknowledgement(self, request: WebhookRequest) -> WebhookResponse:
        """A JSON object: homeservers take less for a failure, repeat, and hold back all that follows."""
        return WebhookResponse(status=200, body="{}")
