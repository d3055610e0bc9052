"""What the pipeline runs on: stores, queues, connectors, telemetry. Made by the composition root."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from chalicelib.core.account import Account, ConnectionKind, Endpoint
from chalicelib.core.policy import CarePolicy
from chalicelib.ports.crm import CrmClient
from chalicelib.ports.helpdesk import HelpdeskClient
from chalicelib.ports.platform import PlatformClient
from chalicelib.ports.services import Clock, PayloadArchive, QueueSender
from chalicelib.ports.spec import HelpdeskSpec, PlatformSpec
from chalicelib.ports.stores import Stores


class Connectors(Protocol):
    """Makes connectors with their credentials. Clients are cached by the implementation."""

    def receiver(self, kind: ConnectionKind, endpoint: Endpoint) -> Any:
        """A WebhookReceiver with the endpoint's verification secrets."""
        ...

    def platform(self, account: Account, *, patient: bool = False) -> PlatformClient:
        """The client of an account. ``patient``: for work that can wait (polls, audits, probes): it leaves a reserve of
        the remote's budget to replies."""
        ...

    def helpdesk(self, name: str, *, patient: bool = False) -> HelpdeskClient:
        """The client of a helpdesk connection; ``patient`` as for platforms."""
        ...

    def crm(self, name: str) -> CrmClient:
        """The client of a CRM connection."""
        ...

    def platform_spec(self, name: str) -> PlatformSpec:
        """A platform's data sheet."""
        ...

    def helpdesk_spec(self, connection: str) -> HelpdeskSpec:
        """The data sheet of a helpdesk connection's connector."""
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Runtime:
    """Everything that a stage may use."""

    stores: Stores
    queues: Queues
    archive: PayloadArchive
    connectors: Connectors
    clock: Clock
    telemetry: Telemetry

    @property
    def policy(self) -> CarePolicy:
        """The company's care policy."""
        return self.stores.directory.policy()
