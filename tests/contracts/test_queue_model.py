"""The local queue against a plain model of SQS FIFO's rules: whatever is done in whatever order, both tell the same."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, multiple, rule

from careloop.local.database import Database
from careloop.local.queue import SqliteQueue
from chalicelib.ports.services import QueueMessage, ReceivedMessage
from tests.fakes.clock import FrozenClock

VISIBILITY = 30.0
MOST = 3


@dataclass
class Waiting:
    """One message of the model, in the order of sending."""

    body: str
    group: str
    visible_at: float = 0.0
    receives: int = 0
    receipt: str = ""


@dataclass
class Model:
    """SQS's rules in lists and loops."""

    messages: list[Waiting] = field(default_factory=list)
    dead: list[str] = field(default_factory=list)
    ids: dict[str, float] = field(default_factory=dict)

    def send(self, body: str, group: str, dedup: str, now: float) -> None:
        if self.ids.get(dedup, 0.0) <= now:
            self.ids[dedup] = now + 300
            self.messages.append(Waiting(body, group))

    def receive(self, most: int, visibility: float, now: float) -> list[Waiting]:
        locked = {item.group for item in self.messages if item.visible_at > now}
        while True:
            found = [item for item in self.messages if item.visible_at <= now and item.group not in locked][:most]
            worn = [item for item in found if item.receives >= MOST]
            if not worn:
                break
            for item in worn:
                self.messages.remove(item)
                self.dead.append(item.body)
        for item in found:
            item.visible_at = now + visibility
            item.receives += 1
            item.receipt = ""
        return found

    def held(self, receipt: str, now: float) -> Waiting | None:
        return next((item for item in self.messages if item.receipt == receipt and item.visible_at > now), None)


class QueueMachine(RuleBasedStateMachine):
    """Two queues on one database; the second only proves that they do not disturb each other."""

    receipts: Bundle[str] = Bundle("receipts")

    @initialize()
    def begin(self) -> None:
        self.clock = FrozenClock()
        self.database = Database(":memory:")
        options = {"visibility": VISIBILITY, "max_receives": MOST}
        self.queue = SqliteQueue(self.database, "inbound", self.clock, dead_letters="dead", **options)  # type: ignore[arg-type]
        self.dead = SqliteQueue(self.database, "dead", self.clock)
        self.neighbour = SqliteQueue(self.database, "outbound", self.clock)
        self.neighbour.send([QueueMessage(body="neighbour", group="kim", dedup="0")])
        self.model = Model()
        self.sent = 0

    def teardown(self) -> None:
        if hasattr(self, "database"):
            [only] = self.neighbour.receive()
            assert only.body == "neighbour"
            dead: list[ReceivedMessage] = []
            while received := self.dead.receive():
                dead += received
                self.dead.delete([item.receipt for item in received])
            assert sorted(item.body for item in dead) == sorted(self.model.dead)
            self.database.close()

    @property
    def now(self) -> float:
        return self.clock.now().timestamp()

    @rule(sends=st.lists(st.tuples(st.sampled_from("kl"), st.integers(0, 9)), max_size=4))
    def send(self, sends: list[tuple[str, int]]) -> None:
        messages = []
        for group, dedup in sends:
            self.sent += 1
            messages.append(QueueMessage(body=str(self.sent), group=group, dedup=str(dedup)))
        self.queue.send(messages)
        for item in messages:
            self.model.send(item.body, item.group, item.dedup, self.now)

    @rule(target=receipts, most=st.integers(1, 11), visibility=st.none() | st.sampled_from((0.0, 5.0)))
    def receive(self, most: int, visibility: float | None) -> Any:
        received = self.queue.receive(most, visibility=visibility)
        expected = self.model.receive(min(most, 10), VISIBILITY if visibility is None else visibility, self.now)
        assert [(item.body, item.receive_count) for item in received] == [(i.body, i.receives) for i in expected]
        for item, waiting in zip(received, expected, strict=True):
            waiting.receipt = item.receipt
        return multiple(*(item.receipt for item in received))

    @rule(held=st.lists(consumes(receipts), max_size=3))
    def delete(self, held: list[str]) -> None:
        self.queue.delete(held)
        for receipt in held:
            if (waiting := self.model.held(receipt, self.now)) is not None:
                self.model.messages.remove(waiting)

    @rule(receipt=receipts, delay=st.sampled_from((0.0, 1.0, 40.0)))
    def release(self, receipt: str, delay: float) -> None:
        self.queue.release(receipt, delay=delay)
        if (waiting := self.model.held(receipt, self.now)) is not None:
            waiting.visible_at = self.now + delay

    @rule(seconds=st.sampled_from((0.5, 5.0, 30.0, 120.0)))
    def wait(self, seconds: float) -> None:
        self.clock.advance(seconds=seconds)

    @invariant()
    def as_deep_as_the_model(self) -> None:
        if hasattr(self, "database"):
            assert self.queue.depth() == len(self.model.messages)


TestQueue = QueueMachine.TestCase
TestQueue.settings = settings(max_examples=60, stateful_step_count=30)
