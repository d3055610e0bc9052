"""The rehearsal's stage: the product on local state, the vendors as twins, the line between them, a clock that stands
still until it is told."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from careloop.local.application import application_of
from careloop.local.gateway import Gateway
from careloop.local.system import open_local
from careloop.local.telemetry import LocalTelemetry
from careloop.rehearsal.book import Book
from careloop.rehearsal.line import Line
from careloop.rehearsal.plan import Plan
from careloop.rehearsal.weather import Weather
from careloop.sandbox.setup import BRAND_X, DESK, META_ENDPOINT, PAGE, X_ENDPOINT, Addresses, Keys, configure
from careloop.twins.meta import MetaTwin
from careloop.twins.x import XTwin
from careloop.twins.zendesk import ZendeskTwin
from chalicelib import bootstrap
from chalicelib.adapters.records.stores import RecordStores
from chalicelib.bootstrap import Application
from chalicelib.core.account import ConnectionKind
from chalicelib.core.ids import AccountKey, digest
from chalicelib.ports.services import Queue, QueueMessage, ReceivedMessage

BASES = {
    "meta": "https://graph.rehearsal.example",
    "x": "https://x.rehearsal.example",
    "zendesk": "https://acme.zendesk.rehearsal.example",
}
CARE = "https://care.rehearsal.example"
ACCOUNTS = (
    AccountKey(platform="facebook", account=PAGE),
    AccountKey(platform="messenger", account=PAGE),
    AccountKey(platform="x", account=BRAND_X),
)
PROBES = "canary|"
"""Events by which the product tests itself; they have no entry in the ledger."""
VISIBILITY = 60.0
"""Seconds until the messages of a dead worker come again."""
Alter = Callable[[Application], Application]


class SteppingClock:
    """Moves only when told."""

    def __init__(self) -> None:
        self._now = datetime(2026, 11, 2, 8, tzinfo=UTC)

    def now(self) -> datetime:
        """Implements ports.services.Clock."""
        return self._now

    def step(self, seconds: float) -> None:
        """Let time pass."""
        self._now += timedelta(seconds=seconds)


class Counts(LocalTelemetry):
    """Telemetry that tells which jobs failed, and which errors were bugs."""

    def __init__(self) -> None:
        super().__init__()
        self.failed: Counter[str] = Counter()
        self.bugs: Counter[str] = Counter()

    def log(self, stage: str, outcome: str, **fields: str | int | float | None) -> None:
        super().log(stage, outcome, **fields)
        if outcome == "bug":
            self.bugs[str(fields.get("error_code"))] += 1

    def count(self, metric: str, amount: int = 1, **dimensions: str) -> None:
        super().count(metric, amount, **dimensions)
        if metric == "job_failed":
            self.failed[dimensions.get("job", "")] += amount


class LoggedQueue:
    """The inbound queue, with the keys of everything that was ever sent to it."""

    def __init__(self, queue: Queue, keys: set[str]) -> None:
        self._queue, self._keys = queue, keys

    def send(self, messages: Sequence[QueueMessage]) -> None:
        self._queue.send(messages)
        self._keys.update(item.dedup for item in messages if not item.dedup.startswith(PROBES))

    def receive(self, maximum: int = 10, *, visibility: float | None = None) -> Sequence[ReceivedMessage]:
        return self._queue.receive(maximum, visibility=visibility)

    def delete(self, receipts: Sequence[str]) -> None:
        self._queue.delete(receipts)

    def release(self, receipt: str, *, delay: float = 0.0) -> None:
        self._queue.release(receipt, delay=delay)

    def depth(self) -> int:
        return self._queue.depth()


class Stage:
    """Everything that plays. ``alter`` changes the product before it is used, and after each death of a worker."""

    def __init__(self, plan: Plan, folder: Path, alter: Alter = lambda app: app) -> None:
        self.plan = plan
        self.clock = SteppingClock()
        self.started_at = self.clock.now()
        self.weather = Weather(plan.seed, plan.faults, plan.severity)
        self.book = Book()
        self.keys = Keys(**{name: digest(name, str(plan.seed), length=32) for name in Keys.__slots__})
        self.system = open_local(folder / "rehearsal.sqlite3", self.clock, visibility=VISIBILITY)
        self._make_twins()
        twins = {"meta": self.meta, "x": self.x, "zendesk": self.desk}
        self.line = Line(twins, BASES, self.weather, self.book)
        self._alter = alter
        self._chance = random.Random(f"{plan.seed}|chance")
        self.telemetry = Counts()
        self.start_worker()
        self._connect()

    def _make_twins(self) -> None:
        keys, clock = self.keys, self.clock
        self.meta = MetaTwin(clock, app_secret=keys.app_secret, page_token=keys.page_token, deliver=self.deliver)
        self.x = XTwin(
            clock,
            brand_id=BRAND_X,
            consumer_secret=keys.consumer_secret,
            client_secret=keys.x_client,
            base_url=BASES["x"],
            deliver=self.deliver,
        )
        self.desk = ZendeskTwin(clock, api_token=keys.api_token, deliver=self.deliver)

    def start_worker(self) -> None:
        """A worker in a new process: it remembers nothing."""
        stores = RecordStores(self.system.table, self.clock)
        queues: dict[str, Any] = dict(self.system.queues)
        queues["inbound"] = LoggedQueue(self.system.queues["inbound"], self.book.keys)
        system = replace(self.system, stores=stores, queues=queues)
        app = application_of(system, self.line, self.clock, self.telemetry)
        self.app = self._alter(replace(app, chance=self._chance.random))
        bootstrap.install(self.app)

    def _connect(self) -> None:
        import app as chalice_app

        self._gateway = Gateway(chalice_app.app)
        self.line.calm = True
        configure(self.app, self.keys, Addresses(**BASES), self.x.authorise())
        directory = self.app.runtime.stores.directory
        # the judge reads every customer's words on the tickets, those that they deleted too
        directory.put_policy(replace(directory.policy(), redact_deleted=False))
        for account in directory.accounts():
            directory.put_account(replace(account, options={**account.options, "poll": "true"}))
        self.meta.subscribe(f"{CARE}/webhooks/platform/facebook/{META_ENDPOINT}", self.keys.verify_token)
        self.x.subscribe_brand(f"{CARE}/webhooks/platform/x/{X_ENDPOINT}")
        self.desk.add_webhook(f"{CARE}/webhooks/helpdesk/zendesk/{DESK}", self.keys.signing_secret)
        self.line.calm = False

    def deliver(self, method: str, url: str, headers: Any, body: bytes) -> tuple[int, bytes]:
        """A vendor calls one of our addresses."""
        parts = urlsplit(url)
        target = f"{parts.path}?{parts.query}" if parts.query else parts.path
        status, _, answer = self._gateway.call(method, target, headers, body)
        return status, answer

    # -- access --------------------------------------------------------------------------------------------------------

    def withdraw_access(self, platform: str) -> None:
        """The account's token is dead from now on."""
        if platform == "x":
            self.x.revoke()
        else:
            self._page["token"] = "withdrawn"

    def grant_access(self, platform: str) -> None:
        """An operator renews it."""
        if platform == "x":
            login = self.x.authorise()
            self.app.secrets.put_credentials(ConnectionKind.PLATFORM, "x", BRAND_X, login)
        else:
            self._page["token"] = self.keys.page_token

    @property
    def _page(self) -> dict[str, Any]:
        found: dict[str, Any] = self.meta.world.data["pages"][PAGE]
        return found

    def close(self) -> None:
        """Give everything back."""
        bootstrap.install(None)
        self.system.close()
