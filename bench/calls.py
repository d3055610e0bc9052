"""Calls per event: to AWS through the adapters that Lambda uses, and to the vendors' APIs; counted, not timed.

AWS is moto in process, the vendors are twins; each worker gets its messages one by one, as Lambda's event source
mapping hands them over. What the mapping's poller itself calls (receive, delete) is not counted.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from rich.console import Console
from rich.table import Table

import app as chalice_app
from bench.brand import META, PLATFORM_HOOK, ZENDESK, contact, set_up
from bench.units import Units
from careloop.local.gateway import Gateway
from careloop.local.runner import HANDLERS, sqs_event
from careloop.sandbox.setup import DESK, PAGE, Keys
from careloop.twins.base import TwinHttp
from careloop.twins.meta import MetaTwin
from careloop.twins.zendesk import ZendeskTwin
from chalicelib import bootstrap
from chalicelib.adapters.aws.clients import AwsClients
from chalicelib.adapters.aws.system import AwsSystem, open_aws
from chalicelib.adapters.aws.telemetry import LoggedTelemetry
from chalicelib.entrypoints import poll
from chalicelib.ports.services import Http, HttpRequest, HttpResponse
from chalicelib.settings import Settings

REGION = "eu-central-1"
SERVICES = ("dynamodb", "sqs", "s3", "secretsmanager")
FIRST, FURTHER, REPLY, ECHO, MINUTE = "first message", "further message", "reply", "echo of our reply", "idle minute"
AIMS: Mapping[str, int] = {FIRST: 14, FURTHER: 6, REPLY: 8}
_ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": REGION,
    "AWS_EC2_METADATA_DISABLED": "true",
    # moto in process does not know the addresses that botocore routes by account.
    "AWS_ACCOUNT_ID_ENDPOINT_MODE": "disabled",
}
_SETTINGS = Settings(
    stage="bench",
    table="careloop-bench",
    inbound_queue="careloop-bench-inbound.fifo",
    outbound_queue="careloop-bench-outbound.fifo",
    jobs_queue="careloop-bench-jobs.fifo",
    archive_bucket="careloop-bench-archive",
    secrets_prefix="careloop/bench",
)
VENDORS = ("Zendesk", "Facebook")
_VERSION = re.compile(r"^/(api/v2|v[0-9.]+)")
_ID = re.compile(r"(?<=/)[0-9_]+(?=/|$)")


class StillClock:
    """Noon, and later only by `step`: what is cached stays fresh while flows are counted."""

    def __init__(self) -> None:
        self._now = datetime(2026, 11, 22, 12, tzinfo=UTC)

    def now(self) -> datetime:
        return self._now

    def step(self, seconds: float) -> None:
        """Let time pass."""
        self._now += timedelta(seconds=seconds)


@dataclass
class Counts:
    """Calls by (flow, stage, call). ``messages``: how many came through queues, by flow."""

    flow: str = ""
    stage: str = ""
    made: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    messages: Counter[str] = field(default_factory=Counter)

    def add(self, call: str) -> None:
        """One call; outside a stage nothing is counted."""
        if self.flow and self.stage:
            self.made[self.flow, self.stage, call] += 1

    @property
    def place(self) -> tuple[str, str] | None:
        """Where we are, as flow and stage."""
        return (self.flow, self.stage) if self.flow and self.stage else None

    @contextmanager
    def during(self, stage: str) -> Iterator[None]:
        """Count what happens inside for `stage`."""
        self.stage = stage
        yield
        self.stage = ""

    def total(self, flow: str) -> int:
        """Calls of one flow."""
        return sum(number for (name, _, _), number in self.made.items() if name == flow)

    def calls(self, flow: str) -> dict[str, int]:
        """Call -> how often, of one flow."""
        found: Counter[str] = Counter()
        for (name, _, call), number in self.made.items():
            found[call] += number if name == flow else 0
        return {call: number for call, number in sorted(found.items()) if number}


class CountingHttp:
    """An `Http` port that counts calls by vendor, method and path without ids, and the bytes that go out."""

    def __init__(self, http: Http, counts: Counts, units: Units) -> None:
        self._http, self._counts, self._units = http, counts, units

    def send(self, request: HttpRequest) -> HttpResponse:
        parts = urlsplit(request.url)
        vendor = VENDORS[not request.url.startswith(ZENDESK)]
        self._counts.add(f"{vendor}: {request.method} {_ID.sub('{id}', _VERSION.sub('', parts.path))}")
        self._units.add("http_calls", 1)
        head = sum(len(name) + len(value) + 4 for name, value in request.headers.items())
        self._units.add("sent_bytes", len(request.url) + head + len(request.body or b""))
        return self._http.send(request)


class Counted:
    """The product on AWS's adapters, with everything that it calls counted. Use inside `in_moto`."""

    def __init__(self) -> None:
        self.counts = Counts()
        self.clock = StillClock()
        self.units = Units(lambda: self.counts.place, self.clock.now)
        self.keys = Keys.fresh()
        self.clients = AwsClients(region=REGION)
        for service in SERVICES:
            events = self.clients.client(service).meta.events
            events.register("before-call", lambda model, **_: self._count_aws(model))
            self.units.watch(events)
        self._provision()
        self.meta = MetaTwin(
            self.clock, app_secret=self.keys.app_secret, page_token=self.keys.page_token, deliver=self._deliver
        )
        self.desk = ZendeskTwin(self.clock, api_token=self.keys.api_token, deliver=self._deliver)
        self.http = CountingHttp(TwinHttp({META: self.meta, ZENDESK: self.desk}), self.counts, self.units)
        self._gateway = Gateway(chalice_app.app)
        self.system: AwsSystem
        self.begin_anew()
        set_up(self.app, self.keys, [])
        self.begin_anew()
        self.meta.subscribe(f"https://care.bench.example{PLATFORM_HOOK}", self.keys.verify_token)
        self.desk.add_webhook(f"https://care.bench.example/webhooks/helpdesk/zendesk/{DESK}", self.keys.signing_secret)
        self.post = self.meta.page_post("Our new lamp is here.")
        self.settle()

    def _count_aws(self, model: object) -> None:
        service = model.service_model.service_id  # type: ignore[attr-defined]
        self.counts.add(f"{service}: {model.name}")  # type: ignore[attr-defined]

    def begin_anew(self) -> None:
        """A fresh container: nothing is cached."""
        self.system = open_aws(_SETTINGS, self.clock, self.clients)
        self.app = bootstrap.build(
            stores=self.system.stores,
            sessions=self.system.sessions,
            secrets=self.system.secrets,
            queues=self.system.queues,
            archive=self.system.archive,
            http=self.http,
            clock=self.clock,
            telemetry=LoggedTelemetry("bench", self.clock, self.units),  # type: ignore[arg-type]
        )
        bootstrap.install(self.app)

    def _provision(self) -> None:
        self.clients.client("dynamodb").create_table(
            TableName=_SETTINGS.table,
            AttributeDefinitions=[{"AttributeName": part, "AttributeType": "S"} for part in ("pk", "sk")],
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
            BillingMode="PAY_PER_REQUEST",
        )
        for name in (_SETTINGS.inbound_queue, _SETTINGS.outbound_queue, _SETTINGS.jobs_queue):
            self.clients.client("sqs").create_queue(QueueName=name, Attributes={"FifoQueue": "true"})
        self.clients.client("s3").create_bucket(
            Bucket=_SETTINGS.archive_bucket, CreateBucketConfiguration={"LocationConstraint": REGION}
        )

    # -- the world moves -----------------------------------------------------------------------------------------------

    def _deliver(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
        parts = urlsplit(url)
        with self.counts.during("webhook"):
            self.units.add("invocations", 1)
            target = f"{parts.path}?{parts.query}" if parts.query else parts.path
            status, _, answer = self._gateway.call(method, target, headers, body)
        return status, answer

    def work(self) -> None:
        """Hand every message to its worker, one by one."""
        for name, queue in self.system.queues.items():
            while True:
                messages = queue.receive(1)
                if not messages:
                    break
                self.counts.messages[self.counts.flow] += 1
                with self.counts.during(f"{name} worker"):
                    self.units.add("invocations", 1)
                    HANDLERS[name](sqs_event(name, messages))
                queue.delete([messages[0].receipt])

    def settle(self) -> None:
        """Deliver and work until nothing is left, uncounted."""
        self.counts.flow = ""
        while self.meta.flush() + self.desk.flush():
            self.work()

    def one(self, flow: str) -> None:
        """Deliver what waits once, work it off, and count it as `flow`."""
        self.counts.flow = flow
        self.meta.flush()
        self.desk.flush()
        self.work()
        self.counts.flow = ""

    # -- flows ---------------------------------------------------------------------------------------------------------

    def customer(self, name: str) -> str:
        """A new customer, who stands in the directory by the id that Facebook gives."""
        person = self.meta.add_user(name)
        seen = self.meta.world.named(self.meta.world.person(person), PAGE)
        self.app.runtime.stores.contacts.put_contacts([contact(seen["id"])])
        return person

    def play(self, person: str, names: Mapping[str, str]) -> None:
        """One customer's story; ``names``: what its flows are counted as."""
        self.meta.comment(person, self.post, "Where is my parcel?")
        self.one(names.get(FIRST, ""))
        self.meta.comment(person, self.post, "It was due on Monday.")
        self.one(names.get(FURTHER, ""))
        ticket = self.desk.snapshot()["tickets"][-1]["id"]
        self.desk.agent_reply(ticket, "It left today.")
        self.one(names.get(REPLY, ""))
        self.one(names.get(ECHO, ""))
        self.settle()

    def idle(self, flow: str) -> None:
        """The schedule's minute, when nothing happened."""
        self.counts.flow = flow
        with self.counts.during("poll"):
            poll.fan_out()
        self.work()
        self.counts.flow = ""


@contextmanager
def in_moto() -> Iterator[None]:
    """AWS in this process, with credentials that are none."""
    import moto

    before = {name: os.environ.get(name) for name in _ENVIRONMENT}
    os.environ.update(_ENVIRONMENT)
    try:
        with moto.mock_aws():
            yield
    finally:
        bootstrap.install(None)
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


COLD = f"{FIRST}, cold containers"


def count() -> Counts:
    """Play a story in fresh containers and one in warm ones; the calls of each flow."""
    with in_moto():
        world = Counted()
        first, second = world.customer("Dana Weber"), world.customer("Kim Park")
        world.begin_anew()
        world.play(first, {FIRST: COLD})
        world.play(second, {name: name for name in (FIRST, FURTHER, REPLY, ECHO)})
        # the first poll begins a cursor, the second sees the end of the story
        for flow, seconds in (("", 600), ("", 600), (MINUTE, 60)):
            world.clock.step(seconds)
            world.idle(flow)
        return world.counts


def run(console: Console) -> bool:
    """Count and print. True: a call too many is for tests/functional/test_call_counts.py to tell."""
    counts = count()
    table = Table(title="Calls per event (AWS in moto, vendors as twins)", title_justify="left", expand=True)
    table.add_column("flow", width=13)
    table.add_column("calls by stage", ratio=1, overflow="fold")
    for name in ("AWS", "HTTP", "all", "aim"):
        table.add_column(name, justify="right", no_wrap=True)
    for flow in (FIRST, FURTHER, REPLY, ECHO, MINUTE, COLD):
        _add_flow(table, counts, flow)
    console.print(table)
    console.print(
        "Matched in the directory by the id that Facebook gives: it tells no handle, and the look-up is the same call. "
        "Receiving and deleting are the calls of Lambda's poller, one each per message and stage, and are not counted. "
        "Directory and policy are read once a minute and secrets every five minutes by each container: the cold row "
        "has all of that.",
        highlight=False,
    )
    if counts.total(REPLY) > AIMS[REPLY]:
        console.print(MISSED, highlight=False)
    return True


MISSED = (
    "A reply misses its aim: Zendesk tells a ticket's status and its comments by two calls, a delivery is written down "
    "before and after it is sent, and the note that tells the agent must stand before the ticket's cursor moves."
)


def _add_flow(table: Table, counts: Counts, flow: str) -> None:
    made = {(stage, call): number for (name, stage, call), number in counts.made.items() if name == flow}
    lines = []
    for stage in dict.fromkeys(stage for stage, _ in made):
        services: dict[str, list[str]] = {}
        for (at, call), number in made.items():
            service, _, what = call.partition(": ")
            if at == stage:
                services.setdefault(service, []).append(f"{number} x {what}" if number > 1 else what)
        told = "; ".join(f"{service} {', '.join(calls)}" for service, calls in services.items())
        lines.append(f"[bold]{stage}:[/bold] {told}")
    http = sum(number for (_, call), number in made.items() if call.startswith(VENDORS))
    every = counts.total(flow)
    table.add_row(
        flow, "\n".join(lines), str(every - http), str(http), str(every), str(AIMS.get(flow, "")), end_section=True
    )


if __name__ == "__main__":
    raise SystemExit(0 if run(Console()) else 1)
