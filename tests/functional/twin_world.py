"""The whole product over twins in process: webhooks signed and verified, APIs called as in production, a clock that
stands still."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from careloop.local.application import application_of
from careloop.local.runner import drain
from careloop.sandbox.setup import BRAND_X, META_ENDPOINT, PAGE, X_ENDPOINT, Addresses, Keys, configure
from careloop.twins.base import TwinHttp
from careloop.twins.meta import MetaTwin
from careloop.twins.x import XTwin
from careloop.twins.zendesk import ZendeskTwin
from chalicelib import bootstrap
from chalicelib.core.account import ConnectionKind
from chalicelib.core.errors import WebhookError
from chalicelib.core.ids import AccountId, AccountKey
from chalicelib.core.webhook import WebhookRequest
from chalicelib.entrypoints import watch
from chalicelib.pipeline.receive import receive
from chalicelib.ports.runtime import Telemetry
from tests.fakes.clock import FrozenClock
from tests.fakes.runtime import SilentTelemetry
from tests.fakes.state import open_state

SITE = "https://care.example.com"
META, X, ZENDESK = "https://graph.facebook.com", "https://api.x.com", "https://sandbox.zendesk.com"
FACEBOOK = AccountKey(platform="facebook", account=PAGE)
MESSENGER = AccountKey(platform="messenger", account=PAGE)
ON_X = AccountKey(platform="x", account=AccountId(BRAND_X))
KEYS = Keys(
    app_secret="app-secret-1",
    verify_token="verify-token-1",
    page_token="page-token-1",
    consumer_secret="consumer-secret-1",
    x_client="x-client-secret-1",
    signing_secret="c2lnbmluZw==",
    api_token="api-token-1",
)


class TwinWorld:
    """Acme on Facebook, in Messenger and on X, with a Zendesk."""

    def __init__(self, telemetry: Telemetry | None = None) -> None:
        self.clock = FrozenClock()
        self.system = open_state(self.clock)
        self.telemetry = SilentTelemetry()
        self.meta = MetaTwin(self.clock, app_secret=KEYS.app_secret, page_token=KEYS.page_token, deliver=self._webhook)
        self.x = XTwin(
            self.clock,
            brand_id=BRAND_X,
            consumer_secret=KEYS.consumer_secret,
            client_secret=KEYS.x_client,
            deliver=self._webhook,
        )
        self.desk = ZendeskTwin(self.clock, api_token=KEYS.api_token, deliver=self._webhook)
        http = TwinHttp({META: self.meta, X: self.x, ZENDESK: self.desk})
        self.app = application_of(self.system, http, self.clock, telemetry or self.telemetry)
        configure(self.app, KEYS, Addresses(meta=META, x=X, zendesk=ZENDESK), self.x.authorise())
        self.meta.subscribe(f"{SITE}/webhooks/platform/facebook/{META_ENDPOINT}", KEYS.verify_token)
        self.x.subscribe_brand(f"{SITE}/webhooks/platform/x/{X_ENDPOINT}")
        self.desk.add_webhook(f"{SITE}/webhooks/helpdesk/zendesk/zendesk", KEYS.signing_secret)
        self.post = self.meta.page_post("Our new lamp is here.")
        self.dana = self.meta.add_user("Dana Weber")
        self.x.add_user("dana_w", "Dana Weber")
        self.play()

    @property
    def runtime(self) -> Any:
        return self.app.runtime

    def _webhook(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
        parts = urlsplit(url)
        kind, connector, name = parts.path.strip("/").split("/")[1:4]
        request = WebhookRequest(
            method=method,
            url=url,
            headers={key.lower(): value for key, value in headers.items()},
            query=dict(parse_qsl(parts.query)),
            body=body,
            received_at=self.clock.now(),
        )
        try:
            answer = receive(self.app.runtime, ConnectionKind(kind), connector, name, request)
        except WebhookError as error:
            return error.status, b""
        return answer.status, answer.body.encode()

    def play(self) -> None:
        """Webhooks arrive and are worked on, until nothing more happens. It takes a second."""
        self.clock.advance(seconds=1)
        bootstrap.install(self.app)
        try:
            for _ in range(20):
                moved = sum(bool(twin.flush()) for twin in (self.meta, self.x, self.desk))
                if not drain({**self.system.queues}) and not moved:
                    return
        finally:
            bootstrap.install(None)
        raise AssertionError("it does not come to rest")

    def minutes(self, number: int, *, work: bool = True) -> None:
        """So many minutes of the watch."""
        for _ in range(number):
            self.clock.advance(minutes=1)
            bootstrap.install(self.app)
            try:
                watch.fan_out()
            finally:
                bootstrap.install(None)
            if work:
                self.play()

    def tickets(self) -> list[dict[str, Any]]:
        """As agents see them."""
        found: list[dict[str, Any]] = self.desk.snapshot()["tickets"]
        return found

    def notes(self, ticket: str) -> list[str]:
        [found] = [item for item in self.tickets() if item["id"] == ticket]
        return [item["text"] for item in found["comments"] if not item["public"]]

    def alarms(self) -> dict[str, str]:
        """Code and subject of what stands -> the command."""
        return {f"{item.code} {item.subject}": item.command for item in self.system.stores.alarms.list_alarms()}
