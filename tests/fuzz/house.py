"""The public function on local state, with an endpoint for every receiver: what a stranger's request meets."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlencode

import app as chalice_app
from careloop.local.application import application_of
from careloop.local.gateway import Gateway
from careloop.local.system import open_local
from careloop.twins.base import TwinHttp
from chalicelib import bootstrap
from chalicelib.core.account import ConnectionKind
from chalicelib.core.webhook import WebhookRequest
from tests.fakes.clock import FrozenClock
from tests.fakes.runtime import SilentTelemetry
from tests.fuzz.targets import Harm, Target

ACCEPTED = (200, 201, 202, 204)


class House:
    """The app with local state, behind the gateway. Its clock stands at the time at which a request came."""

    def __init__(self, targets: Sequence[Target]) -> None:
        self.clock = FrozenClock()
        self.system = open_local(":memory:", self.clock)
        self.telemetry = SilentTelemetry()
        self.app = application_of(self.system, TwinHttp({}), self.clock, self.telemetry)
        self.gateway = Gateway(chalice_app.app)
        directory = self.system.stores.directory
        for target in targets:
            directory.put_endpoint(target.endpoint)
            self.system.secrets.put_verification(target.kind, target.name, "fuzz", target.subject.secrets)
            if target.kind is ConnectionKind.PLATFORM:
                directory.put_account(target.subject.account)

    def close(self) -> None:
        """Give the memory back."""
        self.system.close()

    def call(self, target: Target, request: WebhookRequest) -> int:
        """Send a request through the public function, signed as the vendor signs it; the status. Raises Harm for a 5xx,
        and for a signed body that is not accepted."""
        self.clock.advance(seconds=(request.received_at - self.clock.now()).total_seconds())
        path = f"/webhooks/{target.kind}/{target.name}/fuzz{request.path_suffix}"
        query = f"?{urlencode(request.query)}" if request.query else ""
        bootstrap.install(self.app)
        try:
            status, _, _ = self.gateway.call(request.method, path + query, target.signed(request), request.body)
        finally:
            bootstrap.install(None)
        if status >= 500:
            codes = [fields.get("error_code") for _, what, fields in self.telemetry.lines if what == "refused"]
            raise Harm(f"HTTP {status} ({codes[-1] if codes else None})")
        if target.subject.verifies and status not in ACCEPTED:
            raise Harm(f"HTTP {status} for a signed body")
        return status
