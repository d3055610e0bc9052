"""Workers as Lambda has them, several over one state: each with stores (and their caches) of its own, and a stop at every
boundary."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from careloop.local.runner import work_once
from chalicelib import bootstrap
from chalicelib.adapters.records.stores import RecordStores
from chalicelib.core.events import PlatformEvent
from chalicelib.core.reply import DeliveryReceipt, OutboundReply
from chalicelib.ports.runtime import Queues, Runtime
from chalicelib.ports.services import Queue, QueueMessage, ReceivedMessage
from chalicelib.ports.table import Change, Item, Key, Table
from tests.concurrency.scheduler import Plan, Scheduler
from tests.fakes.helpdesk import FakeHelpdesk
from tests.fakes.platform import FakePlatform, FindingPlatform
from tests.fakes.runtime import World

QUEUES = ("inbound", "outbound", "jobs")


class StoppingTable:
    """A table with a stop before each call."""

    def __init__(self, table: Table, stop: Callable[[str], None]) -> None:
        self._table, self._stop = table, stop

    def get(self, keys: Sequence[Key]) -> Mapping[Key, Item]:
        self._stop("get " + ",".join(key[0].partition("|")[0] for key in keys))
        return self._table.get(keys)

    def write(self, changes: Sequence[Change]) -> None:
        self._stop("write " + ",".join(change.key[0].partition("|")[0] for change in changes))
        self._table.write(changes)

    def query(self, pk: str, **options: Any) -> Sequence[tuple[Key, Item]]:
        self._stop("query " + pk.partition("|")[0])
        return self._table.query(pk, **options)


class StoppingQueue:
    """A queue with a stop before each call. ``visibility``: as `receive` has it."""

    def __init__(self, queue: Queue, name: str, stop: Callable[[str], None], visibility: float | None = None) -> None:
        self._queue, self._name, self._stop, self._visibility = queue, name, stop, visibility

    def send(self, messages: Sequence[QueueMessage]) -> None:
        self._stop(f"send {self._name}")
        self._queue.send(messages)

    def receive(self, maximum: int = 10, *, visibility: float | None = None) -> Sequence[ReceivedMessage]:
        self._stop(f"receive {self._name}")
        return self._queue.receive(maximum, visibility=self._visibility)

    def delete(self, receipts: Sequence[str]) -> None:
        self._stop(f"delete {self._name}")
        self._queue.delete(receipts)

    def release(self, receipt: str, *, delay: float = 0.0) -> None:
        self._stop(f"release {self._name}")
        self._queue.release(receipt, delay=delay)

    def depth(self) -> int:
        return self._queue.depth()


class StoppingDesk(FakeHelpdesk):
    """A helpdesk with a stop before each call."""

    stop: Callable[[str], None] = staticmethod(lambda boundary: None)

    def _call(self, method: str) -> BaseException | None:
        self.stop(method)
        return super()._call(method)


class StoppingPlatform(FakePlatform):
    """A platform with a stop before each sending, that can't be asked what was posted. ``echoes``: for each posted
    message, the events by which the platform tells of it before it answers the call."""

    stop: Callable[[str], None] = staticmethod(lambda boundary: None)
    echoes: Callable[[OutboundReply, str], Sequence[PlatformEvent]] | None = None
    tell: Callable[[Sequence[PlatformEvent]], None] | None = None

    def send(self, reply: OutboundReply) -> DeliveryReceipt:
        self.stop("send to the platform")
        receipt = super().send(reply)
        if self.echoes is not None and self.tell is not None:
            self.tell(self.echoes(reply, receipt.messages[0]))
        return receipt


class StoppingFinder(StoppingPlatform, FindingPlatform):
    """The same, and it can be asked."""

    def find_sent(self, reply: OutboundReply) -> DeliveryReceipt | None:
        self.stop("ask the platform")
        return super().find_sent(reply)


class Stage:
    """A world whose workers stop at every boundary."""

    def __init__(self, *, asks: bool = True, **options: Any) -> None:
        self.scheduler = Scheduler()
        self.world = World(**options)
        stop = self.scheduler.stop_here
        platform = (StoppingFinder if asks else StoppingPlatform)(self.world.clock.now)
        platform.stop = stop
        self.platform = self.world.platform = platform
        desk = StoppingDesk(now=self.world.clock.now)
        desk.stop = stop
        self.desk = self.world.desk = desk
        self.world.connectors.platforms["agora"] = platform
        self.world.connectors.helpdesks["desk"] = desk

    def worker(self, name: str, *queues: str, turns: int = 8, visibility: float | None = None) -> None:
        """A worker that takes messages one by one (as Lambda's functions do) until it finds none."""
        stop, runtime = self.scheduler.stop_here, self.world.runtime
        stores = RecordStores(StoppingTable(self.world.system.table, stop), self.world.clock)
        system = self.world.system.queues
        mine = {key: StoppingQueue(system[key], key, stop, visibility) for key in QUEUES}
        app = bootstrap.Application(
            runtime=Runtime(
                stores=stores,
                queues=Queues(**mine),
                archive=runtime.archive,
                connectors=runtime.connectors,
                clock=runtime.clock,
                telemetry=runtime.telemetry,
            ),
            queues=mine,
            secrets=self.world.system.secrets,
            sessions=self.world.system.sessions,
        )

        def act() -> None:
            for _ in range(turns):
                if not sum(work_once(key, mine[key], batch=1) for key in queues):
                    return

        self.scheduler.add(name, act, lambda: bootstrap.install(app))

    def somebody(self, name: str, *acts: Callable[[], object]) -> None:
        """Somebody outside (an agent, time itself) who does one thing after the other."""

        def act() -> None:
            for each in acts:
                self.scheduler.stop_here("acts")
                each()

        self.scheduler.add(name, act)

    @property
    def names(self) -> tuple[str, ...]:
        """Of all who take part."""
        return self.scheduler.names

    def play(self, plan: Plan) -> None:
        """Let all of it happen as `plan` says."""
        try:
            self.scheduler.run(plan)
        finally:
            bootstrap.install(None)

    def settle(self, hinted: bool = True) -> None:
        """Let time pass until nothing is left to do; then a hint for every ticket, as polling would bring it."""
        self._drain()
        if hinted:
            self.hints()
            self._drain()

    def _drain(self) -> None:
        for _ in range(60):
            self.world.work()
            if not any(queue.depth() for queue in self.world.system.queues.values()):
                return
            self.world.clock.advance(seconds=30)
        left = {name: queue.depth() for name, queue in self.world.system.queues.items()}
        raise AssertionError(f"still waiting: {left}")

    def hints(self) -> None:
        """A hint for every ticket."""
        for ticket in list(self.desk.tickets):
            self.world.hint(ticket)
