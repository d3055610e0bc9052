"""What is not killed: the vendors (twins behind real HTTP), customers who write and agents who answer."""

from __future__ import annotations

import random
import socket
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from careloop.local.gateway import Server
from careloop.sandbox.setup import CRM, DESK, META_ENDPOINT, PAGE, Keys
from careloop.twins.meta import MetaTwin
from careloop.twins.meta_errors import GraphError
from careloop.twins.server import deliver, serve_twin
from careloop.twins.zendesk import ZendeskTwin
from chalicelib.bootstrap import Application
from chalicelib.core.account import Account, Connection, ConnectionKind, Endpoint
from chalicelib.core.ids import AccountKey
from chalicelib.ports.services import Clock

CUSTOMERS = 12
FACEBOOK = AccountKey(platform="facebook", account=PAGE)
MESSENGER = AccountKey(platform="messenger", account=PAGE)


def free_port() -> int:
    """A port of this machine that nobody has."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@dataclass
class Written:
    """What people wrote, in order: by conversation ("facebook kim"), and by ticket."""

    messages: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    replies: dict[int, list[str]] = field(default_factory=lambda: defaultdict(list))


class Town:
    """``deliver`` keeps the order: what comes behind a failed delivery waits for the next pass, as in a vendor's queue."""

    def __init__(self, clock: Clock, seed: int) -> None:
        self.keys = Keys.fresh()
        self.meta = MetaTwin(
            clock, app_secret=self.keys.app_secret, page_token=self.keys.page_token, deliver=self._deliver
        )
        self.desk = ZendeskTwin(clock, api_token=self.keys.api_token, deliver=self._deliver)
        self.written = Written()
        self.api = f"http://127.0.0.1:{free_port()}"
        self._chance = random.Random(seed)
        self._servers: list[Server] = [serve_twin(self.meta), serve_twin(self.desk)]
        self._users = {f"customer-{number}": self.meta.add_user(f"Customer {number}") for number in range(CUSTOMERS)}
        self._post = self.meta.page_post("Our new lamp is here.")
        self._comments: dict[str, str] = {}
        self._down = False
        self._count = 0

    @property
    def port(self) -> int:
        """Where the product is to listen."""
        return int(self.api.rpartition(":")[2])

    def close(self) -> None:
        """Stop serving."""
        for server in self._servers:
            server.shutdown()
            server.server_close()

    # -- the brand -----------------------------------------------------------------------------------------------------

    def configure(self, app: Application) -> None:
        """One page, with Messenger, and one helpdesk."""
        meta, desk = (f"http://127.0.0.1:{server.server_port}" for server in self._servers)
        directory, secrets, kind = app.runtime.stores.directory, app.secrets, ConnectionKind
        directory.put_connection(
            Connection(
                kind=kind.HELPDESK,
                name=DESK,
                connector="zendesk",
                endpoint=DESK,
                options={"base_url": desk, "subdomain": "kills"},
            )
        )
        directory.put_connection(Connection(kind=kind.CRM, name=CRM, connector="directory"))
        for key in (FACEBOOK, MESSENGER):
            directory.put_account(
                Account(
                    key=key,
                    title="Acme",
                    helpdesk=DESK,
                    crms=(CRM,),
                    endpoint=META_ENDPOINT,
                    options={"base_url": meta},
                )
            )
            secrets.put_credentials(kind.PLATFORM, key.platform, PAGE, {"page_token": self.keys.page_token})
        directory.put_endpoint(Endpoint(kind=kind.PLATFORM, connector="facebook", name=META_ENDPOINT, accounts=(PAGE,)))
        directory.put_endpoint(Endpoint(kind=kind.HELPDESK, connector="zendesk", name=DESK))
        verification = {"app_secret": (self.keys.app_secret,), "verify_token": (self.keys.verify_token,)}
        secrets.put_verification(kind.PLATFORM, "facebook", META_ENDPOINT, verification)
        secrets.put_verification(kind.HELPDESK, "zendesk", DESK, {"signing_secret": (self.keys.signing_secret,)})
        login = {"email": "careloop@acme.example", "api_token": self.keys.api_token}
        secrets.put_credentials(kind.HELPDESK, "zendesk", DESK, login)

    def subscribe(self) -> bool:
        """Tell the vendors our addresses; False while nobody answers there."""
        try:
            self._down = False
            self.meta.subscribe(f"{self.api}/webhooks/platform/facebook/{META_ENDPOINT}", self.keys.verify_token)
        except GraphError:
            return False
        self.desk.add_webhook(f"{self.api}/webhooks/helpdesk/zendesk/{DESK}", self.keys.signing_secret)
        return True

    def _deliver(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
        if self._down:
            return 0, b""
        status, answer = deliver(method, url, headers, body)
        self._down = status == 0
        return status, answer

    def flush(self) -> None:
        """Each vendor tries once to deliver what waits."""
        for twin in (self.meta, self.desk):
            self._down = False
            twin.flush()

    @property
    def pending(self) -> int:
        """Webhooks that wait."""
        return self.meta.pending + self.desk.pending

    # -- people --------------------------------------------------------------------------------------------------------

    def act(self) -> None:
        """Somebody does something: a comment, a private message, or an agent's answer."""
        self._count += 1
        name = self._chance.choice(list(self._users))
        kind = self._chance.random()
        if kind < 0.3:
            text = f"message {self._count} by {name}"
            parent = self._comments.get(name)
            comment = self.meta.comment(self._users[name], self._post, text, parent)
            self._comments.setdefault(name, comment)
            self.written.messages[f"facebook {name}"].append(text)
        elif kind < 0.6:
            text = f"private message {self._count} by {name}"
            self.meta.message(self._users[name], text)
            self.written.messages[f"messenger {name}"].append(text)
        else:
            self._answer()

    def _answer(self) -> None:
        tickets: list[int] = [ticket["id"] for ticket in self.tickets()]
        if tickets:
            number = self._chance.choice(tickets)
            text = f"answer {self._count} on ticket {number}"
            self.desk.agent_reply(number, text)
            self.written.replies[number].append(text)

    # -- records -------------------------------------------------------------------------------------------------------

    def tickets(self) -> list[dict[str, Any]]:
        """The helpdesk's."""
        return list(self.desk.snapshot()["tickets"])

    def posted(self) -> list[str]:
        """What the brand said on the platform, in order of place and time."""
        threads = self.meta.snapshot()["threads"]
        return [item["text"] for thread in threads for item in thread["messages"] if item["is_brand"]]
