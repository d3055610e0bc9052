"""One combination: a platform, a helpdesk, and the product between them, on state that outlives its processes."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import app as chalice_app
from careloop.local.gateway import Gateway
from careloop.local.runner import work_once
from careloop.local.system import QUEUES, LocalSystem, open_local
from careloop.local.telemetry import LocalTelemetry
from careloop.twins.base import Twin, TwinHttp
from chalicelib import bootstrap
from chalicelib.adapters.records.stores import RecordStores
from chalicelib.bootstrap import Application
from chalicelib.core.account import Account, Connection, ConnectionKind
from chalicelib.core.ids import ContactId, ContactRef
from chalicelib.core.people import Contact, SocialHandle
from chalicelib.core.reply import DeliveryReceipt, OutboundReply
from chalicelib.entrypoints import poll, watch
from chalicelib.ports.platform import PlatformClient
from chalicelib.ports.services import Queue, QueueMessage
from tests.crash.boundary import (
    Killed,
    Recorder,
    Stop,
    WatchedArchive,
    WatchedHttp,
    WatchedQueue,
    WatchedSecrets,
    WatchedTable,
)
from tests.crash.desks import DESKS, Desk
from tests.crash.places import PLACES, Place
from tests.crash.story import Story
from tests.fakes.clock import FrozenClock

PATIENT_ROUNDS = 5
"""As many while people wait for something: a poll may have failed."""
PATIENCE = timedelta(hours=6)
"""Simulated time within which everything must have come to rest."""
POLLS_EVERY = timedelta(minutes=2)
"""Longer than in production, where it is a minute: a run is the same, and quicker."""
ROUNDS = 1
"""Polls in a row that find nothing new: then nothing more will happen; `matrix` waits longer where that looks wrong."""
MARK = re.compile(r"\[(\w+)\]")
_PROGRESS = re.compile(r"table (write|delete) .*\b(event|case|delivery|message|due)\b")
"""What polls that find nothing new do not write."""


class RunClock(FrozenClock):
    """Can be set back to where a run begins."""

    def set(self, moment: datetime) -> None:
        """Any time."""
        self._now = moment


class Telemetry(LocalTelemetry):
    """Knows by name what went wrong that is no error of the product's own tree: a bug."""

    def __init__(self) -> None:
        super().__init__()
        self.bugs: list[str] = []

    def log(self, stage: str, outcome: str, **fields: str | int | float | None) -> None:
        if outcome == "bug":
            self.bugs.append(f"{stage}: {fields.get('error_code')}")
        super().log(stage, outcome, **fields)


class Speechless:
    """Connectors whose platforms can send, and nothing else."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def platform(self, account: Account, *, patient: bool = False) -> PlatformClient:
        """Without abilities."""
        client: PlatformClient = self._inner.platform(account, patient=patient)
        return SendsOnly(client)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


class SendsOnly:
    """A client with the one thing that every platform can do."""

    def __init__(self, inner: PlatformClient) -> None:
        self._inner = inner

    def send(self, reply: OutboundReply) -> DeliveryReceipt:
        return self._inner.send(reply)


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """Everything that outlives a process, at one moment."""

    database: bytes
    twins: Mapping[str, Any]
    now: datetime
    story: Story


class World:
    """A brand on one platform and one helpdesk. ``combination``: "facebook+zendesk"."""

    def __init__(self, combination: str) -> None:
        platform, helpdesk = combination.split("+")
        self.combination = combination
        self.clock = RunClock()
        self.recorder = Recorder()
        self.recorder.is_on = False
        self.place: Place = PLACES[platform]()
        self.desk: Desk = DESKS[helpdesk]()
        places = dict(self.place.make(self.clock, self._deliver))
        desks = dict(self.desk.make(self.clock, self._deliver))
        self._twins: dict[str, Twin] = {**places, **desks}
        self._hosts = {**dict.fromkeys(places, platform), **dict.fromkeys(desks, helpdesk)}
        self.system: LocalSystem = open_local(":memory:", self.clock)
        self._gateway = Gateway(chalice_app.app)
        self.story = Story()
        self.arrived: list[str] = []
        """Marks in the order in which our own queue took them."""
        self.killed = 0
        self.active = 0
        """Boundaries crossed until the last step in which something came about; after it, polls found nothing new."""
        self._schedule_at = self.clock.now()
        self._set_up()

    def _set_up(self) -> None:
        self.telemetry = Telemetry()
        self.live()
        directory = self.app.runtime.stores.directory
        directory.put_connection(
            Connection(kind=ConnectionKind.CRM, name="directory", connector="directory", title="Directory")
        )
        self.desk.connect(self.app)
        self.place.connect(self.app, "desk")
        self.place.begin()
        self.desk.begin()
        platform, author = self.place.author("kim")
        contact = Contact(
            ref=ContactRef(crm="directory", contact=ContactId("KD-1")),
            name="Kim Park",
            social=(SocialHandle(platform=platform, user_id=author),),
        )
        self.app.runtime.stores.contacts.put_contacts([contact])
        self.live()
        self.settle()

    # -- processes -----------------------------------------------------------------------------------------------------

    def live(self) -> None:
        """A new process: it knows what was written down, and nothing else."""
        recorder, system = self.recorder, self.system
        stores = RecordStores(WatchedTable(system.table, recorder), self.clock)
        self.queues: dict[str, Queue] = {
            name: WatchedQueue(queue, recorder, name, self._sent) for name, queue in system.queues.items()
        }
        self.app: Application = bootstrap.build(
            stores=stores,
            sessions=stores.sessions,
            secrets=WatchedSecrets(system.secrets, recorder),
            queues=self.queues,
            archive=WatchedArchive(system.archive, recorder),
            http=WatchedHttp(TwinHttp(self._twins), recorder, self._hosts),
            clock=self.clock,
            telemetry=self.telemetry,
        )
        if not self.place.can_be_asked:
            speechless: Any = Speechless(self.app.runtime.connectors)
            self.app = replace(self.app, runtime=replace(self.app.runtime, connectors=speechless))
        bootstrap.install(self.app)

    def _die(self) -> None:
        self.killed += 1
        self.live()

    def _sent(self, queue: str, message: QueueMessage) -> None:
        if queue == "inbound":
            self.arrived += MARK.findall(message.body)

    def _deliver(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
        """A vendor calls us. A process that dies gives no answer."""
        self.recorder.invocations += 1
        parts = urlsplit(url)
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        try:
            status, _, data = self._gateway.call(method, target, headers, body)
        except Killed:
            self._die()
            return 0, b""
        return status, data

    # -- time ----------------------------------------------------------------------------------------------------------

    def settle(self, until: Callable[[], bool] | None = None) -> None:
        """Let everything happen that will happen, or what must before people go on (``until``). Raises TimeoutError
        when it never ends."""
        limit = self.clock.now() + PATIENCE
        quiet = 0
        while quiet < (ROUNDS if until is None else PATIENT_ROUNDS):
            if self.clock.now() > limit:
                raise TimeoutError(f"no rest within {PATIENCE}")
            is_round = self.clock.now() >= self._schedule_at
            if is_round:
                self._schedule()
            if self._spin():
                self.active = len(self.recorder.crossed)
                quiet = 0
            elif is_round and not self._waits():
                quiet += 1
            if until is not None and until():
                return
            waits = self._waits()
            self.clock.advance(seconds=10.0 if waits else max(0.0, self._until_round()))

    def catch_up(self) -> None:
        """Until all that was written stands where its reader sees it; tidying up may still be under way."""
        self.settle(self._is_caught_up)

    def _is_caught_up(self) -> bool:
        heard = {mark for entry in self.desk.entries() if entry.public for mark in MARK.findall(entry.text)}
        said = {mark for marks in self.story.said.values() for mark in marks}
        posted = {mark for post in self.place.posts() for mark in MARK.findall(post.text)}
        answered = {mark for answer in self.story.answers for mark in answer.marks}
        return said <= heard and answered <= posted

    def _until_round(self) -> float:
        return (self._schedule_at - self.clock.now()).total_seconds()

    def _waits(self) -> bool:
        """Whether something is under way."""
        pending = any(getattr(twin, "pending", 0) for twin in self._twins.values())
        return pending or any(queue.depth() for queue in self.system.queues.values())

    def _schedule(self) -> None:
        """What EventBridge starts each minute."""
        self._schedule_at = self.clock.now() + POLLS_EVERY
        for fan_out in (poll.fan_out, watch.fan_out):
            self._run(fan_out)

    def _spin(self) -> bool:
        """Deliver and work until nothing is to be done at this moment; whether anything new came of it."""
        before = len(self.recorder.crossed)
        while True:
            taken = sum(self._run(getattr(twin, "flush", int)) for twin in self._twins.values())
            for name in QUEUES:
                taken += self._run(work_once, name, self.queues[name], 1)
            if not taken:
                break
        return any(_PROGRESS.match(item.name) for item in self.recorder.crossed[before:])

    def _run(self, work: Any, *arguments: Any) -> int:
        """One invocation of one function; what Lambda, or the vendor, makes of its end."""
        self.recorder.invocations += 1
        try:
            return int(work(*arguments) or 0)
        except Killed:
            self._die()
            return 1
        except Exception as error:  # Lambda logs it; what was asked for comes again
            self.telemetry.log("lambda", "failed", error_code=type(error).__name__)
            return 0

    # -- state ---------------------------------------------------------------------------------------------------------

    def save(self) -> Saved:
        """All that outlives a process."""
        data = self.system.database._connection.serialize()
        twins = {base: twin.dump() for base, twin in self._twins.items()}
        return Saved(database=data, twins=twins, now=self.clock.now(), story=self.story.copy())

    def restore(self, saved: Saved, plan: Mapping[int, Stop]) -> None:
        """Begin a run from there, with a new process."""
        # a copy of pages: a hundred times quicker than to write the rows again
        self.system.database._connection.deserialize(saved.database)
        self.clock.set(saved.now)
        for base, twin in self._twins.items():
            twin.load(saved.twins[base])
            twin.calls.clear()
        self.story = saved.story.copy()
        self._schedule_at = saved.now + POLLS_EVERY
        self.arrived = []
        self.killed = self.active = 0
        self.telemetry = Telemetry()
        self.recorder.begin(plan)
        self.live()
