"""Where agents answer in the matrix: a twin of each helpdesk, and what agents do there and see there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from careloop.twins.base import Deliver, Twin
from careloop.twins.django_helpdesk import DjangoHelpdeskTwin
from careloop.twins.freshdesk import FreshdeskTwin
from careloop.twins.hubspot_desk import HubspotDeskTwin
from careloop.twins.rt import RtTwin
from careloop.twins.salesforce import SalesforceTwin
from careloop.twins.zammad import ZammadTwin
from careloop.twins.zendesk import ZendeskTwin
from chalicelib.bootstrap import Application
from chalicelib.core.account import Connection, ConnectionKind, Endpoint
from chalicelib.ports.services import Clock
from tests.crash.places import BASE

DESK = "desk"
AGENT = "Ana Agent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry of a ticket that no agent wrote: a customer's words (``public``), or a note of Careloop's."""

    ticket: str
    public: bool
    text: str


class Desk(Protocol):
    """One helpdesk."""

    name: str
    strikes: bool
    """Whether what a customer deleted is struck out of the ticket."""

    def make(self, clock: Clock, deliver: Deliver) -> Mapping[str, Twin]:
        """The twins by base URL."""
        ...

    def connect(self, app: Application) -> None:
        """Connection, endpoint, secrets."""
        ...

    def begin(self) -> None:
        """The webhook: once everything can be delivered."""
        ...

    def tickets(self) -> Sequence[str]:
        """All tickets ever made, oldest first; merged ones too."""
        ...

    def is_open(self, ticket: str) -> bool: ...

    def entries(self) -> Sequence[Entry]:
        """In order."""
        ...

    def answer(self, ticket: str, text: str, *, solve: bool = False) -> None:
        """A public reply."""
        ...

    def note(self, ticket: str, text: str) -> None: ...

    def close(self, ticket: str) -> None:
        """For good."""
        ...

    def merge(self, source: str, target: str) -> None: ...


class TwinDesk:
    """What all stand-ins of helpdesks have alike: a webhook at the desk's endpoint, notes, merges, a snapshot of entries."""

    name: str
    twin: Any
    _secret = "9f2c51d07be84c0fb6ad35b0a4f1e6d2"
    _mark = "\n\n[careloop"
    """Where Careloop's own line begins at the end of an entry."""

    def begin(self) -> None:
        self.twin.add_webhook(f"{BASE}/webhooks/helpdesk/{self.name}/{DESK}", self._secret)

    def tickets(self) -> Sequence[str]:
        return [str(number) for number in self.twin.world.data["tickets"]]

    def entries(self) -> Sequence[Entry]:
        return [
            Entry(ticket=str(ticket["id"]), public=item["public"], text=item["text"].partition(self._mark)[0])
            for ticket in self.twin.snapshot()["tickets"]
            for item in ticket["comments"]
            if item["author"] != AGENT
        ]

    def note(self, ticket: str, text: str) -> None:
        self.twin.agent_note(ticket, text)

    def merge(self, source: str, target: str) -> None:
        self.twin.merge(source, target)


class ZendeskDesk(TwinDesk):
    """Zendesk, told of by its trigger."""

    name = "zendesk"
    strikes = True
    _url = "https://acme.zendesk.example"
    _secret = "dGhlLXNlY3JldA=="

    def make(self, clock: Clock, deliver: Deliver) -> Mapping[str, Twin]:
        self.twin = ZendeskTwin(clock, deliver=deliver)
        return {self._url: self.twin}

    def connect(self, app: Application) -> None:
        kind = ConnectionKind.HELPDESK
        options = {"base_url": self._url, "subdomain": "acme"}
        directory = app.runtime.stores.directory
        directory.put_connection(
            Connection(kind=kind, name=DESK, connector="zendesk", title="Zendesk", endpoint=DESK, options=options)
        )
        directory.put_endpoint(Endpoint(kind=kind, connector="zendesk", name=DESK))
        app.secrets.put_verification(kind, "zendesk", DESK, {"signing_secret": (self._secret,)})
        login = {"email": "careloop@acme.example", "api_token": "twin-api-token-1"}
        app.secrets.put_credentials(kind, "zendesk", DESK, login)

    def is_open(self, ticket: str) -> bool:
        return self.twin.world.ticket(ticket)["status"] in ("new", "open")

    def answer(self, ticket: str, text: str, *, solve: bool = False) -> None:
        self.twin.agent_reply(ticket, text, status="solved" if solve else None)

    def close(self, ticket: str) -> None:
        self.twin.close(ticket)


class RtDesk(TwinDesk):
    """Request Tracker with Careloop's Scrip, which calls once."""

    name = "rt"
    strikes = False
    _url = "https://rt.acme.example"

    def make(self, clock: Clock, deliver: Deliver) -> Mapping[str, Twin]:
        self.twin = RtTwin(clock, deliver=deliver)
        return {self._url: self.twin}

    def connect(self, app: Application) -> None:
        kind = ConnectionKind.HELPDESK
        options = {"base_url": self._url, "queue": "Social"}
        directory = app.runtime.stores.directory
        directory.put_connection(
            Connection(kind=kind, name=DESK, connector="rt", title="RT", endpoint=DESK, options=options)
        )
        directory.put_endpoint(Endpoint(kind=kind, connector="rt", name=DESK))
        app.secrets.put_verification(kind, "rt", DESK, {"hook_secret": (self._secret,)})
        app.secrets.put_credentials(kind, "rt", DESK, {"token": self.twin.token})

    def is_open(self, ticket: str) -> bool:
        found = self.twin.world.ticket(ticket)
        return found is not None and found["status"] in ("new", "open")

    def answer(self, ticket: str, text: str, *, solve: bool = False) -> None:
        self.twin.agent_reply(ticket, text, status="resolved" if solve else None)

    def close(self, ticket: str) -> None:
        self.twin.delete(ticket)


class ZammadDesk(TwinDesk):
    """Zammad with a trigger on agents' articles, which is tried five times."""

    name = "zammad"
    strikes = True
    _url = "https://zammad.acme.example"

    def make(self, clock: Clock, deliver: Deliver) -> Mapping[str, Twin]:
        self.twin = ZammadTwin(clock, deliver=deliver)
        return {self._url: self.twin}

    def connect(self, app: Application) -> None:
        _connect(app, "zammad", {"base_url": self._url, "group": "Social"}, {"signature_token": (self._secret,)})
        app.secrets.put_credentials(ConnectionKind.HELPDESK, "zammad", DESK, {"token": self.twin.token})

    def is_open(self, ticket: str) -> bool:
        return self.twin.world.ticket(ticket)["state"] in ("new", "open")

    def answer(self, ticket: str, text: str, *, solve: bool = False) -> None:
        self.twin.agent_reply(ticket, text, state="closed" if solve else None)

    def close(self, ticket: str) -> None:
        self.twin.remove(ticket)


class DjangoHelpdeskDesk(TwinDesk):
    """django-helpdesk with its webhook, which calls once."""

    name = "django_helpdesk"
    strikes = True
    _url = "https://django.acme.example"

    def make(self, clock: Clock, deliver: Deliver) -> Mapping[str, Twin]:
        self.twin = DjangoHelpdeskTwin(clock, deliver=deliver)
        return {self._url: self.twin}

    def connect(self, app: Application) -> None:
        _connect(app, "django_helpdesk", {"base_url": self._url, "queue": "1"}, {"hook_secret": (self._secret,)})
        app.secrets.put_credentials(ConnectionKind.HELPDESK, "django_helpdesk", DESK, {"token": self.twin.token})

    def is_open(self, ticket: str) -> bool:
        return self.twin.world.need_ticket(ticket)["status"] in (1, 2)

    def answer(self, ticket: str, text: str, *, solve: bool = False) -> None:
        self.twin.agent_reply(ticket, text, status=3 if solve else None)

    def close(self, ticket: str) -> None:
        self.twin.mark_duplicate(ticket)


class FreshdeskDesk(TwinDesk):
    """Freshdesk with an automation rule, which calls four times at most."""

    name = "freshdesk"
    strikes = True
    _mark = "\ncareloop:"
    _url = "https://freshdesk.example.com"

    def make(self, clock: Clock, deliver: Deliver) -> Mapping[str, Twin]:
        self.twin = FreshdeskTwin(clock, deliver=deliver)
        return {self._url: self.twin}

    def connect(self, app: Application) -> None:
        _connect(app, "freshdesk", {"base_url": self._url}, {"hook_secret": (self._secret,)})
        app.secrets.put_credentials(ConnectionKind.HELPDESK, "freshdesk", DESK, {"api_key": self.twin.api_key})

    def tickets(self) -> Sequence[str]:
        return [str(item["id"]) for item in self.twin.snapshot()["tickets"]]

    def is_open(self, ticket: str) -> bool:
        shown = next(item for item in self.twin.snapshot()["tickets"] if str(item["id"]) == ticket)
        return shown["status"] == 2 and not shown["deleted"]

    def answer(self, ticket: str, text: str, *, solve: bool = False) -> None:
        self.twin.agent_reply(ticket, text)
        if solve:
            self.twin.solve(ticket)

    def close(self, ticket: str) -> None:
        self.twin.delete(ticket)


class HubspotDesk(TwinDesk):
    """HubSpot with a private app's webhooks, which are told again until they are taken."""

    name = "hubspot"
    strikes = True
    _mark = "\n\n[careloop "
    _url = "https://api.hubapi.com"
    _hook = f"{BASE}/webhooks/helpdesk/hubspot/{DESK}"

    def make(self, clock: Clock, deliver: Deliver) -> Mapping[str, Twin]:
        self.twin = HubspotDeskTwin(clock, deliver=deliver)
        return {self._url: self.twin}

    def connect(self, app: Application) -> None:
        options = {"portal_id": "12345678", "closed_stages": "5"}
        _connect(app, "hubspot", options, {"app_secret": (self._secret,), "webhook_url": (self._hook,)})
        app.secrets.put_credentials(ConnectionKind.HELPDESK, "hubspot", DESK, {"access_token": self.twin.token})

    def begin(self) -> None:
        self.twin.add_webhook(self._hook, self._secret)

    def tickets(self) -> Sequence[str]:
        return [str(item["id"]) for item in self.twin.snapshot()["tickets"]]

    def is_open(self, ticket: str) -> bool:
        shown = next(item for item in self.twin.snapshot()["tickets"] if item["id"] == ticket)
        return shown["status"] in ("1", "3") and not shown["gone"]

    def answer(self, ticket: str, text: str, *, solve: bool = False) -> None:
        self.twin.agent_reply(ticket, text)
        if solve:
            self.twin.solve(ticket)

    def close(self, ticket: str) -> None:
        self.twin.close(ticket)


class SalesforceDesk(TwinDesk):
    """Service Cloud with a flow, which calls once."""

    name = "salesforce"
    strikes = True
    _url = "https://acme.my.salesforce.com"

    def make(self, clock: Clock, deliver: Deliver) -> Mapping[str, Twin]:
        self.twin = SalesforceTwin(clock, deliver=deliver)
        return {self._url: self.twin}

    def connect(self, app: Application) -> None:
        _connect(app, "salesforce", {"base_url": self._url}, {"hook_secret": (self._secret,)})
        credentials = {"client_id": self.twin.client_id, "client_secret": self.twin.client_secret}
        app.secrets.put_credentials(ConnectionKind.HELPDESK, "salesforce", DESK, credentials)

    def tickets(self) -> Sequence[str]:
        return list(self.twin.world.table("Case"))

    def is_open(self, ticket: str) -> bool:
        case = self.twin.world.table("Case")[ticket]
        return not case["IsClosed"] and not case["IsDeleted"]

    def answer(self, ticket: str, text: str, *, solve: bool = False) -> None:
        self.twin.agent_reply(ticket, text)
        if solve:
            self.twin.solve(ticket)

    def close(self, ticket: str) -> None:
        self.twin.remove(ticket)


def _connect(
    app: Application, connector: str, options: Mapping[str, str], secrets: Mapping[str, tuple[str, ...]]
) -> None:
    kind = ConnectionKind.HELPDESK
    connection = Connection(kind=kind, name=DESK, connector=connector, title="Desk", endpoint=DESK, options=options)
    app.runtime.stores.directory.put_connection(connection)
    app.runtime.stores.directory.put_endpoint(Endpoint(kind=kind, connector=connector, name=DESK))
    app.secrets.put_verification(kind, connector, DESK, secrets)


DESKS: Mapping[str, type[Desk]] = {
    "zendesk": ZendeskDesk,
    "rt": RtDesk,
    "zammad": ZammadDesk,
    "django_helpdesk": DjangoHelpdeskDesk,
    "freshdesk": FreshdeskDesk,
    "hubspot": HubspotDesk,
    "salesforce": SalesforceDesk,
}
EVERYWHERE = ("zendesk", "rt")
"""Tried with each platform; the others with one, because their ways with platforms are no others."""
