"""An operator before anything is connected: an empty state, twins of the vendors, our own API as they reach it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from urllib.parse import parse_qsl, urlencode, urlsplit

from click.testing import CliRunner, Result

from careloop.cli.main import main
from careloop.local.application import application_of
from careloop.local.gateway import Gateway
from careloop.local.runner import drain
from careloop.local.system import open_local
from careloop.twins.base import Twin, TwinHttp, TwinRequest, TwinResponse
from careloop.twins.bluesky import BlueskyTwin
from careloop.twins.meta import PAGE_ID, MetaTwin
from careloop.twins.x import XTwin
from careloop.twins.zendesk import ZendeskTwin
from chalicelib import bootstrap
from tests.fakes.clock import FrozenClock
from tests.fakes.runtime import SilentTelemetry

API = "https://api.care.example"
META, X, ZENDESK, BLUESKY = (
    "https://graph.facebook.com",
    "https://api.x.com",
    "https://acme.zendesk.com",
    "https://bsky.social",
)
PDS = "https://morel.us-east.host.bsky.network"
APP_SECRET, PAGE_TOKEN, SIGNING, API_TOKEN = (
    "app-secret-of-ours",
    "page-token-of-ours",
    "c2lnbmluZy1vZi1vdXJz",
    "desk-api-token",
)
GIVEN = (APP_SECRET, PAGE_TOKEN, SIGNING, API_TOKEN)
PAGE = PAGE_ID
DESK_SECRETS = {"signing_secret": SIGNING, "email": "careloop@acme.example", "api_token": API_TOKEN}
PAGE_SECRETS = {"app_secret": APP_SECRET, "page_token": PAGE_TOKEN}


class OwnApi(Twin):
    """Our Chalice app behind its gateway; ``asleep``: nothing is deployed."""

    name = "api"

    def __init__(self) -> None:
        super().__init__()
        import app as chalice_app

        self._gateway = Gateway(chalice_app.app)
        self.asleep = False

    def handle(self, request: TwinRequest) -> TwinResponse:
        self.calls.append(f"{request.method} {request.path}")
        if self.asleep:
            return TwinResponse(status=502)
        target = request.path + (f"?{urlencode(request.query)}" if request.query else "")
        status, headers, body = self._gateway.call(request.method, target, request.headers, request.body)
        return TwinResponse(status=status, headers=headers, body=body)


class ConnectingWorld:
    """Runs commands, delivers webhooks, lets the workers work."""

    def __init__(self) -> None:
        self.clock = FrozenClock()
        self.system = open_local(":memory:", self.clock)
        self.telemetry = SilentTelemetry()
        self.api = OwnApi()
        self.meta = MetaTwin(self.clock, app_secret=APP_SECRET, page_token=PAGE_TOKEN, deliver=self.deliver)
        self.x = XTwin(self.clock, consumer_secret="consumer-secret-1", client_secret="client-1", deliver=self.deliver)
        self.desk = ZendeskTwin(self.clock, api_token=API_TOKEN, deliver=self.deliver)
        self.bluesky = BlueskyTwin(self.clock)
        twins: Mapping[str, Twin] = {
            META: self.meta, X: self.x, ZENDESK: self.desk, BLUESKY: self.bluesky, PDS: self.bluesky, API: self.api,
        }  # fmt: skip
        self.http = TwinHttp(twins)
        self.app = application_of(self.system, self.http, self.clock, self.telemetry)
        self.outputs: list[str] = []
        self._depth = 0

    def deliver(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
        parts = urlsplit(url)
        query = dict(parse_qsl(parts.query))
        request = TwinRequest(method=method, path=parts.path, query=query, headers=headers, body=body)
        with self:
            answer = self.api.handle(request)
        return answer.status, answer.body

    def __enter__(self) -> ConnectingWorld:
        self._depth += 1
        bootstrap.install(self.app)
        return self

    def __exit__(self, *error: object) -> None:
        self._depth -= 1
        if not self._depth:
            bootstrap.install(None)

    def run(self, *arguments: str, secrets: Mapping[str, str] | None = None) -> Result:
        """One command; secrets by standard input."""
        more = ("--secrets", "-") if secrets is not None else ()
        with self:
            result = CliRunner().invoke(
                main,
                [*arguments, *more],
                obj=self.app,
                input=json.dumps(dict(secrets)) if secrets is not None else None,
            )
        assert not isinstance(result.exception, AssertionError), result.exception
        self.outputs.append(result.output)
        return result

    def connect_desk(self, *more: str) -> Result:
        return self.run(
            "connect", "zendesk", "--option", "subdomain=acme", "--url", API, *more, secrets=DESK_SECRETS
        )  # fmt: skip

    def connect_page(self, *more: str, secrets: Mapping[str, str] = PAGE_SECRETS) -> Result:
        return self.run("connect", "facebook", PAGE, "--url", API, "--wait", "0", *more, secrets=secrets)

    def work(self) -> None:
        """Webhooks arrive and are worked on, until nothing more happens."""
        for _ in range(20):
            moved = sum(bool(twin.flush()) for twin in (self.meta, self.desk))
            with self:
                taken = drain({**self.system.queues})
            if not moved and not taken:
                return
        raise AssertionError("it does not come to rest")
