"""Makes receivers and clients with their credentials: the `Connectors` of the runtime."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, cast

from chalicelib.connectors import registry
from chalicelib.connectors.receivers import Receivers
from chalicelib.connectors.toolkit.guarded import GuardedHttp, Remote
from chalicelib.core.account import Account, Connection, ConnectionKind, Endpoint
from chalicelib.core.errors import ConfigurationError
from chalicelib.core.webhook import WebhookRequest
from chalicelib.ports.crm import CrmClient, CrmContext
from chalicelib.ports.helpdesk import HelpdeskClient, HelpdeskContext
from chalicelib.ports.platform import PlatformClient, PlatformContext
from chalicelib.ports.services import Clock, Http, SecretStore, SessionStore
from chalicelib.ports.spec import CrmSpec, HelpdeskSpec, PlatformSpec, Spec
from chalicelib.ports.stores import Stores


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectorFactory:
    """Clients are kept while their account or connection and its secrets' version do not change."""

    stores: Stores
    secrets: SecretStore
    sessions: SessionStore
    http: Http
    clock: Clock
    _clients: dict[Any, Any] = field(default_factory=dict, repr=False)
    _remotes: dict[str, Remote] = field(default_factory=dict, repr=False)

    def receiver(self, kind: ConnectionKind, endpoint: Endpoint) -> Any:
        """A receiver with the endpoint's verification secrets."""
        return self._receivers.receiver(kind, endpoint)

    def newly_proven(self, kind: ConnectionKind, endpoint: Endpoint, request: WebhookRequest) -> tuple[str, ...]:
        """Verification fields of which `request` proves the newest value, and none of the older ones."""
        return self._receivers.newly_proven(kind, endpoint, request)

    @property
    def _receivers(self) -> Receivers:
        return Receivers(directory=self.stores.directory, secrets=self.secrets)

    def platform(self, account: Account, *, patient: bool = False) -> PlatformClient:
        """The client of an account."""
        kind = ConnectionKind.PLATFORM
        credentials = self.secrets.credentials(kind, account.key.platform, account.key.account)
        options = tuple(sorted(account.options.items()))
        marker = (kind, account.key, patient, options, tuple(sorted(credentials.items())))
        if marker not in self._clients:
            context = PlatformContext(
                account=account,
                credentials=credentials,
                http=self._guarded(registry.spec(kind, account.key.platform), str(account.key), patient=patient),
                clock=self.clock,
                sessions=self.sessions,
            )
            self._clients[marker] = registry.client(kind, account.key.platform, context)
        return cast(PlatformClient, self._clients[marker])

    def helpdesk(self, name: str, *, patient: bool = False) -> HelpdeskClient:
        """The client of a helpdesk connection."""
        return cast(HelpdeskClient, self._connected(ConnectionKind.HELPDESK, name, patient=patient))

    def crm(self, name: str, *, patient: bool = False) -> CrmClient:
        """The client of a CRM connection."""
        return cast(CrmClient, self._connected(ConnectionKind.CRM, name, patient=patient))

    def platform_spec(self, name: str) -> PlatformSpec:
        """A platform's data sheet."""
        return cast(PlatformSpec, registry.spec(ConnectionKind.PLATFORM, name))

    def helpdesk_spec(self, connection: str) -> HelpdeskSpec:
        """The data sheet of a helpdesk connection's connector."""
        connector = self.stores.directory.get_connection(ConnectionKind.HELPDESK, connection).connector
        return cast(HelpdeskSpec, registry.spec(ConnectionKind.HELPDESK, connector))

    def crm_spec(self, connection: str) -> CrmSpec:
        """The data sheet of a CRM connection's connector."""
        connector = self.stores.directory.get_connection(ConnectionKind.CRM, connection).connector
        return cast(CrmSpec, registry.spec(ConnectionKind.CRM, connector))

    def _guarded(self, spec: Spec, name: str, *, patient: bool) -> Http:
        """The way out to one account's or connection's remote. What is known of it is shared by all its clients."""
        key = f"{spec.kind}|{name}"
        if key not in self._remotes:
            self._remotes[key] = Remote(key, self.stores.remotes, self.clock)
        return GuardedHttp(self.http, self._remotes[key], self.clock, told=spec.budgets, patient=patient)

    def _connected(self, kind: ConnectionKind, name: str, *, patient: bool = False) -> Any:
        connection = self.stores.directory.get_connection(kind, name)
        credentials = self._credentials(connection)
        options = tuple(sorted(connection.options.items()))
        marker = (kind, name, patient, options, tuple(sorted(credentials.items())))
        if marker not in self._clients:
            http = self._guarded(registry.spec(kind, connection.connector), name, patient=patient)
            context = self._context(connection, credentials, http)
            self._clients[marker] = registry.client(kind, connection.connector, context)
        return self._clients[marker]

    def _credentials(self, connection: Connection) -> dict[str, str]:
        """What the connector needs; one that needs nothing (the built-in directory) has no secret to read."""
        if not registry.spec(connection.kind, connection.connector).credentials:
            return {}
        return dict(self.secrets.credentials(connection.kind, connection.connector, connection.name))

    def _context(self, connection: Connection, credentials: dict[str, str], http: Http) -> HelpdeskContext | CrmContext:
        if connection.kind is ConnectionKind.HELPDESK:
            return HelpdeskContext(
                connection=connection,
                credentials=credentials,
                http=http,
                clock=self.clock,
                sessions=self.sessions,
            )
        if connection.kind is ConnectionKind.CRM:
            return CrmContext(
                connection=connection,
                credentials=credentials,
                http=http,
                clock=self.clock,
                contacts=self.stores.contacts,
                sessions=self.sessions,
            )
        raise ConfigurationError(f"{connection.name} is no helpdesk and no CRM")
