"""What the pipeline runs on: stores, queues, connectors, telemetry. Made by the composition root."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from chalicelib.core.errors import ConfigurationError

if TYPE_CHECKING:  # the public function has no use for the most of it
    from chalicelib.core.account import Account, ConnectionKind, Endpoint
    from chalicelib.core.policy import CarePolicy
    from chalicelib.core.webhook import WebhookRequest
    from chalicelib.ports.crm import CrmClient
    from chalicelib.ports.helpdesk import HelpdeskClient
    from chalicelib.ports.platform import PlatformClient
    from chalicelib.ports.services import Clock, PayloadArchive, QueueSender
    from chalicelib.ports.spec import CrmSpec, HelpdeskSpec, PlatformSpec
    from chalicelib.ports.stores import Directory, Stores


class ReceiverMaker(Protocol):
    """Makes receivers."""

    def receiver(self, kind: ConnectionKind, endpoint: Endpoint) -> Any:
        """A WebhookReceiver with the endpoint's verification secrets."""
        ...


class Connectors(ReceiverMaker, Protocol):
    """Makes connectors with their credentials. Clients are cached by the implementation."""

    def platform(self, account: Account, *, patient: bool = False) -> PlatformClient:
        """The client of an account. ``patient``: for work that can wait (polls, audits, probes): it leaves a reserve of
        the remote's budget to replies."""
        ...

    def helpdesk(self, name: str, *, patient: bool = False) -> HelpdeskClient:
        """The client of a helpdesk connection; ``patient`` as for platforms."""
        ...

    def crm(self, name: str, *, patient: bool = False) -> CrmClient:
        """The client of a CRM connection; ``patient`` as for platforms."""
        ...

    def platform_spec(self, name: str) -> PlatformSpec:
        """A platform's data sheet."""
        ...

    def helpdesk_spec(self, connection: str) -> HelpdeskSpec:
        """The data sheet of a helpdesk connection's connector."""
        ...

    def crm_spec(self, connection: str) -> CrmSpec:
        """The data sheet of a CRM connection's connector."""
        ...


@runtime_checkable
class NoticesRotation(Protocol):
    """Connectors that can tell which of several current values a sender used."""

    def newly_proven(self, kind: ConnectionKind, endpoint: Endpoint, request: WebhookRequest) -> tuple[str, ...]:
        """Verification fields of which `request` proves the newest value, and none of the older ones."""
        ...


class Telemetry(Protocol):
    """Structured logs and counts. Fields are ids, codes and numbers: never text, names or tokens."""

    def log(self, stage: str, outcome: str, **fields: str | int | float | None) -> None:
        """One line."""
        ...

    def follow(self, correlation: str) -> None:
        """Lines from here to `flush` are about this one customer's message; empty: about none."""
        ...

    def count(self, metric: str, amount: int = 1, **dimensions: str) -> None:
        """Add to a counter."""
        ...

    def measure(self, metric: str, value: float, unit: str = "Seconds", **dimensions: str) -> None:
        """One value of a metric that is more than a count; ``unit`` as CloudWatch names it."""
        ...

    def flush(self) -> None:
        """One invocation ends: write what was counted."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Queues:
    """Where work goes: events, hints, jobs."""

    inbound: QueueSender
    outbound: QueueSender
    jobs: QueueSender

    def named(self, name: str) -> QueueSender:
        """By the name that a parked item remembers."""
        known: Mapping[str, QueueSender] = {"inbound": self.inbound, "outbound": self.outbound, "jobs": self.jobs}
        return known[name]


LinkKeys = Callable[[], tuple[str, ...]]
"""All values that may have signed a link which a customer was sent; none: links were not set up."""
LinkSigning = Callable[[], Mapping[str, str]]
"""What signs new links, and the address that they lead to: CALL fields. ConfigurationError: links were not set up."""


def no_keys() -> tuple[str, ...]:
    """No link is good."""
    return ()


def no_links() -> Mapping[str, str]:
    """Nobody set links up."""
    raise ConfigurationError("links are not set up")


class HoldsDirectory(Protocol):
    """Stores, as far as the public function knows them."""

    @property
    def directory(self) -> Directory: ...


class Reception(Protocol):
    """What the public function runs on. A `Runtime` is one; in Lambda it is made of no more than this."""

    @property
    def stores(self) -> HoldsDirectory: ...
    @property
    def queues(self) -> Queues: ...
    @property
    def archive(self) -> PayloadArchive: ...
    @property
    def connectors(self) -> ReceiverMaker: ...
    @property
    def clock(self) -> Clock: ...
    @property
    def telemetry(self) -> Telemetry: ...
    @property
    def link_keys(self) -> LinkKeys: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Runtime:
    """Everything that a stage may use."""

    stores: Stores
    queues: Queues
    archive: PayloadArchive
    connectors: Connectors
    clock: Clock
    telemetry: Telemetry
    link_keys: LinkKeys = no_keys
    link_signing: LinkSigning = no_links

    @property
    def policy(self) -> CarePolicy:
        """The company's care policy."""
        return self.stores.directory.policy()
