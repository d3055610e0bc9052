"""The whole product in one thread, with a frozen clock: twins of Meta, X, Matrix, Bluesky and Zendesk in process, signed
webhooks through the deployed app, workers, schedules. A test decides which webhooks arrive."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

import app as chalice_app
from careloop.local.application import application_of
from careloop.local.gateway import Gateway
from careloop.local.runner import drain
from careloop.local.telemetry import LocalTelemetry
from careloop.sandbox.setup import BRAND_X, DESK, META_ENDPOINT, PAGE, X_ENDPOINT, Addresses, Keys, configure
from careloop.twins.base import TwinHttp
from careloop.twins.bluesky import BlueskyTwin
from careloop.twins.matrix import MatrixTwin
from careloop.twins.meta import MetaTwin
from careloop.twins.x import XTwin
from careloop.twins.zendesk import ZendeskTwin
from chalicelib import bootstrap
from chalicelib.core.account import Account, ConnectionKind, Endpoint
from chalicelib.core.ids import AccountId, AccountKey
from chalicelib.core.policy import CarePolicy
from chalicelib.entrypoints import poll, watch
from chalicelib.pipeline.poll import note_added
from tests.fakes.clock import FrozenClock
from tests.fakes.state import open_state

API = "https://care.example"
ADDRESSES = Addresses(meta="https://graph.example", x="https://api.x.example", zendesk="https://acme.zendesk.example")
FACEBOOK = AccountKey(platform="facebook", account=PAGE)
MESSENGER = AccountKey(platform="messenger", account=PAGE)
X = AccountKey(platform="x", account=BRAND_X)
MATRIX = AccountKey(platform="matrix", account=AccountId("@acme:chat.example"))
BLUESKY = AccountKey(platform="bluesky", account=AccountId("did:plc:acme"))
HOMESERVER, PDS = "https://chat.example", "https://pds.example"
Arrives = Callable[[str, bytes], bool]
"""(path, body) -> whether the webhook reaches us."""


class Brand:
    """``arrives``: which webhooks reach us; what does not is answered 200 by nobody and lost for good, as behind a
    gateway that lies. Used as a context, as the app is one per process."""

    def __init__(self, policy: CarePolicy | None = None) -> None:
        self.clock = FrozenClock()
        self.system = open_state(self.clock)
        self.telemetry = LocalTelemetry(most=5000)
        self.keys = Keys(**dict.fromkeys(Keys.__slots__, "not-a-secret-in-a-test"))
        self.meta = MetaTwin(
            self.clock, app_secret=self.keys.app_secret, page_token=self.keys.page_token, deliver=self._deliver
        )
        self.x = XTwin(
            self.clock,
            brand_id=BRAND_X,
            consumer_secret=self.keys.consumer_secret,
            client_secret=self.keys.x_client,
            base_url=ADDRESSES.x,
            strict_urls=False,
            deliver=self._deliver,
        )
        self.desk = ZendeskTwin(self.clock, api_token=self.keys.api_token, deliver=self._deliver)
        self.matrix = MatrixTwin(self.clock, url=f"{API}/webhooks/platform/matrix/chat", deliver=self._deliver)
        self.bluesky = BlueskyTwin(self.clock, pds=PDS)
        self.twins = (self.meta, self.x, self.matrix, self.desk)
        http = TwinHttp(
            {
                ADDRESSES.meta: self.meta,
                ADDRESSES.x: self.x,
                ADDRESSES.zendesk: self.desk,
                HOMESERVER: self.matrix,
                PDS: self.bluesky,
            }
        )
        self.app = application_of(self.system, http, self.clock, self.telemetry)
        self.runtime = self.app.runtime
        self.gateway = Gateway(chalice_app.app)
        self.arrives: Arrives = lambda path, body: True
        self.lost: list[bytes] = []
        directory = self.system.stores.directory
        directory.put_policy(policy or CarePolicy())
        configure(self.app, self.keys, ADDRESSES, self.x.authorise())
        self._configure_more()
        for account in directory.accounts():
            note_added(self.runtime, account.key)

    def _configure_more(self) -> None:
        directory, secrets, kind = self.system.stores.directory, self.app.secrets, ConnectionKind.PLATFORM
        for key, base, endpoint in ((MATRIX, HOMESERVER, "chat"), (BLUESKY, PDS, None)):
            options = {"base_url": base}
            made = Account(key=key, title="Acme", helpdesk=DESK, endpoint=endpoint, options=options)
            directory.put_account(made)
        directory.put_endpoint(Endpoint(kind=kind, connector="matrix", name="chat", accounts=(MATRIX.account,)))
        secrets.put_verification(kind, "matrix", "chat", {"hs_token": ("twin-hs-token",)})
        secrets.put_credentials(kind, "matrix", MATRIX.account, {"as_token": "twin-as-token"})
        secrets.put_credentials(kind, "bluesky", BLUESKY.account, {"app_password": "abcd-efgh-ijkl-mnop"})

    def __enter__(self) -> Brand:
        bootstrap.install(self.app)
        self.meta.subscribe(f"{API}/webhooks/platform/facebook/{META_ENDPOINT}", self.keys.verify_token)
        self.x.subscribe_brand(f"{API}/webhooks/platform/x/{X_ENDPOINT}")
        self.desk.add_webhook(f"{API}/webhooks/helpdesk/zendesk/zendesk", self.keys.signing_secret)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        bootstrap.install(None)
        self.system.close()

    def _deliver(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
        parts = urlsplit(url)
        if method != "GET" and not self.arrives(parts.path, body):
            self.lost.append(body)
            return 200, b"{}"
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        status, _, answer = self.gateway.call(method, target, headers, body)
        return status, answer

    # -- time ----------------------------------------------------------------------------------------------------------

    def work(self) -> None:
        """Webhooks arrive, or do not; work, until nothing more happens."""
        for _ in range(1000):
            for twin in self.twins:
                twin.flush()
            if not drain({**self.system.queues}) and not any(twin.pending for twin in self.twins):
                return
        raise AssertionError("it never ends: a webhook is pushed for ever")

    def minutes(self, count: int = 1) -> None:
        """Let minutes pass with their schedules and their work."""
        for _ in range(count):
            self.clock.advance(minutes=1)
            poll.fan_out()
            watch.fan_out()
            self.work()

    # -- what is there -------------------------------------------------------------------------------------------------

    def tickets(self) -> list[dict[str, Any]]:
        """As agents see them."""
        found: list[dict[str, Any]] = self.desk.snapshot()["tickets"]
        return found

    def said(self, ticket: Mapping[str, Any]) -> list[str]:
        """The customer's words on a ticket, in its order: first lines."""
        return [
            item["text"].splitlines()[0] for item in ticket["comments"] if item["public"] and item["role"] == "end-user"
        ]

    def posted(self) -> list[str]:
        """What stands on the platforms in the brand's name, sorted."""
        threads = self.meta.snapshot()["threads"]
        texts = [item["text"] for thread in threads for item in thread["messages"] if item["is_brand"]]
        shown = self.x.snapshot()
        for thread in (*shown["threads"], *shown["messages"]):
            texts += [item["text"] for item in thread.get("posts", thread.get("messages", ())) if item["brand"]]
        for room in self.matrix.snapshot()["rooms"]:
            texts += [item["text"] for item in room["messages"] if item["brand"]]
        return sorted(texts)


def names(body: bytes) -> str:
    """What a lost webhook was about, for messages of tests."""
    return json.dumps(json.loads(body))[:200]
