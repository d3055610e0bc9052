"""Makes receivers with their verification secrets: all of the connectors that the public function knows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from chalicelib.connectors import registry
from chalicelib.core.account import ConnectionKind
from chalicelib.core.errors import CareloopError, ConfigurationError
from chalicelib.core.ids import AccountKey
from chalicelib.ports.receiver import AnswersChallenge, ReceiverContext

if TYPE_CHECKING:
    from chalicelib.core.account import Endpoint
    from chalicelib.core.webhook import WebhookRequest
    from chalicelib.ports.services import SecretStore
    from chalicelib.ports.stores import Directory


class Receivers:
    """Receivers are made for each request: their secrets may have been rotated."""

    def __init__(self, *, directory: Directory, secrets: SecretStore) -> None:
        self._directory = directory
        self._secrets = secrets

    def receiver(self, kind: ConnectionKind, endpoint: Endpoint) -> Any:
        """A receiver with the endpoint's verification secrets."""
        return self._receiver(kind, endpoint, self._values(kind, endpoint))

    def newly_proven(self, kind: ConnectionKind, endpoint: Endpoint, request: WebhookRequest) -> tuple[str, ...]:
        """Verification fields of which `request` proves the newest value, and none of the older ones."""
        secrets = self._values(kind, endpoint)
        return tuple(
            field
            for field, values in secrets.items()
            if len(values) > 1
            and _proves(self._receiver(kind, endpoint, {**secrets, field: values[:1]}), request)
            and not _proves(self._receiver(kind, endpoint, {**secrets, field: values[1:]}), request)
        )

    def _values(self, kind: ConnectionKind, endpoint: Endpoint) -> Mapping[str, tuple[str, ...]]:
        return self._secrets.verification(kind, endpoint.connector, endpoint.name)

    def _receiver(self, kind: ConnectionKind, endpoint: Endpoint, secrets: Mapping[str, tuple[str, ...]]) -> Any:
        context = ReceiverContext(secrets=secrets, accounts=endpoint.accounts, options=self._options(kind, endpoint))
        return registry.receiver(kind, endpoint.connector, context)

    def _options(self, kind: ConnectionKind, endpoint: Endpoint) -> Mapping[str, str]:
        """The settings of what the endpoint serves, where it serves one thing: they may change what a payload means."""
        try:
            if kind is ConnectionKind.HELPDESK:
                name = endpoint.accounts[0] if endpoint.accounts else endpoint.name
                return self._directory.get_connection(kind, name).options
            if len(endpoint.accounts) != 1:
                return {}
            key = AccountKey(platform=endpoint.connector, account=endpoint.accounts[0])
            return self._directory.get_account(key).options
        except ConfigurationError:
            return {}


def _proves(receiver: Any, request: WebhookRequest) -> bool:
    """Whether the sender is who it says by this receiver's secrets: by the challenge, else by the signature."""
    try:
        challenge = receiver.answer_challenge(request) if isinstance(receiver, AnswersChallenge) else None
        if challenge is None:
            receiver.verify(request)
    except CareloopError:
        return False
    return challenge is None or challenge.status == 200
