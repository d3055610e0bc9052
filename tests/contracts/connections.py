"""A helpdesk or CRM connector as the contract suites handle it: its data sheet, cases, receivers and clients."""

from __future__ import annotations

import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from chalicelib.connectors import registry
from chalicelib.core import codec
from chalicelib.core.account import Connection, ConnectionKind
from chalicelib.ports.crm import (
    CrmClient,
    CrmContext,
    FindsGone,
    HoldsMarketing,
    LinksIdentities,
    ListsContacts,
    LogsInteractions,
)
from chalicelib.ports.helpdesk import (
    ChangesRequester,
    ErasesPeople,
    FetchesFiles,
    HelpdeskClient,
    HelpdeskContext,
    ProbesHelpdesk,
    RedactsComments,
    TicketLinks,
)
from chalicelib.ports.platform import ManagesSubscription
from chalicelib.ports.receiver import ReceiverContext
from chalicelib.ports.services import Clock, Http
from chalicelib.ports.spec import CrmSpec, HelpdeskSpec, UsedFor
from tests.contracts.cases import ExchangeCase, InboundCase, exchange_cases, folder, inbound_cases, load
from tests.contracts.signers import find_signer
from tests.fakes.clock import FrozenClock
from tests.fakes.contacts import MemoryContacts
from tests.fakes.sessions import MemorySessions

REQUIRED: Mapping[ConnectionKind, type] = {ConnectionKind.HELPDESK: HelpdeskClient, ConnectionKind.CRM: CrmClient}
ABILITIES: Mapping[ConnectionKind, Mapping[str, type]] = {
    ConnectionKind.HELPDESK: {
        "ticket_url": TicketLinks,
        "probe": ProbesHelpdesk,
        "fetch_file": FetchesFiles,
        "redact": RedactsComments,
        "set_requester": ChangesRequester,
        "erase_person": ErasesPeople,
        "missing_subscriptions": ManagesSubscription,
        "subscribe": ManagesSubscription,
    },
    ConnectionKind.CRM: {
        "probe": ProbesHelpdesk,
        "list_contacts": ListsContacts,
        "find_gone": FindsGone,
        "link_identity": LinksIdentities,
        "unlink_identity": LinksIdentities,
        "log_interaction": LogsInteractions,
        "remove_interaction": LogsInteractions,
        "hold_marketing": HoldsMarketing,
    },
}
"""Optional method -> a protocol that has it."""
SPECS: Mapping[ConnectionKind, type] = {ConnectionKind.HELPDESK: HelpdeskSpec, ConnectionKind.CRM: CrmSpec}


def required_methods(kind: ConnectionKind) -> tuple[str, ...]:
    """What every connector of a kind can do."""
    return tuple(name for name in vars(REQUIRED[kind]) if not name.startswith("_"))


def is_present(kind: ConnectionKind, name: str) -> bool:
    """Whether the connector's package has been written."""
    package = Path(*registry.CONNECTORS[kind, name].split("."))
    return (Path(registry.__file__).parents[2] / package / "spec.py").is_file()


@dataclass(frozen=True, slots=True, kw_only=True)
class Connector:
    """One connector with the content of its connection.json."""

    kind: ConnectionKind
    name: str
    data: Mapping[str, Any]

    @property
    def spec(self) -> Any:
        found = registry.spec(self.kind, self.name)
        assert isinstance(found, SPECS[self.kind]), f"{self.name}: SPEC must be a {SPECS[self.kind].__name__}"
        return found

    @property
    def package(self) -> Path:
        return Path(import_module(registry.CONNECTORS[self.kind, self.name]).__path__[0])

    @property
    def page(self) -> str:
        return (self.package / "README.md").read_text(encoding="utf-8")

    @property
    def connection(self) -> Connection:
        found: Connection = codec.from_data(Connection, self.data["connection"])
        return found

    @property
    def secrets(self) -> dict[str, tuple[str, ...]]:
        return {name: tuple(values) for name, values in self.data.get("secrets", {}).items()}

    @property
    def credentials(self) -> dict[str, str]:
        return dict(self.data.get("credentials", {}))

    @property
    def verifies(self) -> bool:
        return any(item.used_for is UsedFor.VERIFY for item in self.spec.credentials)

    def receiver(self, secrets: Mapping[str, Sequence[str]] | None = None) -> Any:
        chosen = self.secrets if secrets is None else {name: tuple(values) for name, values in secrets.items()}
        context = ReceiverContext(secrets=chosen, options=self.connection.options)
        return registry.receiver(self.kind, self.name, context)

    def sign(self, body: bytes, at: datetime, secrets: Mapping[str, Sequence[str]] | None = None) -> dict[str, str]:
        signer = find_signer(self.kind, self.name)
        assert signer is not None, f"{self.name}: SPEC has VERIFY credentials, so tests/cases needs a signer.py"
        return {k.lower(): v for k, v in signer(self.secrets if secrets is None else secrets, body, at).items()}

    @property
    def exemptions(self) -> Mapping[str, str]:
        """Rule -> the reason why it does not hold here (``exempt`` of connection.json)."""
        found: Mapping[str, str] = self.data.get("exempt", {})
        return found

    def sessions(self, case: Mapping[str, Any]) -> MemorySessions:
        return MemorySessions(case.get("sessions", self.data.get("sessions")))

    def context(
        self,
        http: Http,
        case: Mapping[str, Any],
        sessions: MemorySessions | None = None,
        *,
        clock: Clock | None = None,
        credentials: Mapping[str, str] | None = None,
    ) -> HelpdeskContext | CrmContext:
        connection = self.connection
        connection = replace(connection, options={**connection.options, **case.get("options", {})})
        if clock is None:
            clock = FrozenClock(datetime.fromisoformat(case["now"])) if "now" in case else FrozenClock()
        chosen = self.credentials if credentials is None else credentials
        sessions = self.sessions(case) if sessions is None else sessions
        if self.kind is ConnectionKind.CRM:
            return CrmContext(
                connection=connection,
                credentials=chosen,
                http=http,
                clock=clock,
                contacts=MemoryContacts.of(case.get("contacts", ())),
                sessions=sessions,
            )
        return HelpdeskContext(connection=connection, credentials=chosen, http=http, clock=clock, sessions=sessions)

    def client(self, http: Http, case: Mapping[str, Any], sessions: MemorySessions | None = None) -> Any:
        return registry.client(self.kind, self.name, self.context(http, case, sessions))

    @property
    def client_class(self) -> Any:
        return import_module(f"{registry.CONNECTORS[self.kind, self.name]}.client").Client

    @property
    def inbound(self) -> list[InboundCase]:
        return inbound_cases(self.kind, self.name)

    @property
    def calls(self) -> list[ExchangeCase]:
        return exchange_cases(self.kind, self.name, "calls")

    def call(self, client: Any, method: str, arguments: Mapping[str, Any]) -> Any:
        """Call `method` of `client` with arguments read by the types that the ports declare."""
        owner = REQUIRED[self.kind] if method in required_methods(self.kind) else ABILITIES[self.kind][method]
        hints = typing.get_type_hints(getattr(owner, method))
        unknown = set(arguments) - set(hints)
        assert not unknown, f"{method} has no parameters {sorted(unknown)}"
        values = {name: codec.from_data(hints[name], value) for name, value in arguments.items()}
        return getattr(client, method)(**values)


@cache
def connector(kind: ConnectionKind, name: str) -> Connector:
    """The connector `name`, with its connection.json."""
    path = folder(kind, name) / "connection.json"
    assert path.is_file(), f"tests/cases/{kind}s/{name}/connection.json is missing"
    return Connector(kind=kind, name=name, data=load(path))


def result_data(value: Any) -> Any:
    """What a client's method returned, as the cases have it."""
    if isinstance(value, list | tuple):
        return [codec.to_data(item) for item in value]
    return None if value is None else codec.to_data(value)
