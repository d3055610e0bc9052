"""Order and loss with the twins, which behave as the vendors do, on a bad day: webhooks doubled or refused, calls cut.

The order that counts is that of acceptance: a webhook that was refused is repeated later, behind younger ones. Nothing
is timed; time is a counter, so that back-offs and the vendors' limits cost nothing.
"""

from __future__ import annotations

import random
import re
import tempfile
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from rich.console import Console

import app as chalice_app
from bench.brand import META, PLATFORM_HOOK, ZENDESK, set_up
from careloop.local.gateway import Gateway
from careloop.local.runner import drain
from careloop.local.system import open_local
from careloop.local.telemetry import LocalTelemetry
from careloop.sandbox.setup import DESK, Keys
from careloop.twins.base import TwinHttp
from careloop.twins.meta import MetaTwin
from careloop.twins.zendesk import ZendeskTwin
from chalicelib import bootstrap
from chalicelib.core.errors import OutcomeUnknownError, UnavailableError
from chalicelib.ports.services import Http, HttpRequest, HttpResponse

AUTHORS = 25
ROUNDS = 6
SEED = 20261122
_SAID = re.compile(r"(user-\d+) says word (\d+)")


class SteppingClock:
    """Moves only when told."""

    def __init__(self) -> None:
        self._now = datetime(2026, 11, 22, 12, tzinfo=UTC)

    def now(self) -> datetime:
        return self._now

    def step(self, seconds: float) -> None:
        """Let time pass."""
        self._now += timedelta(seconds=seconds)


class BadLine:
    """An `Http` port that breaks one call in eight: half of them before anything arrived, half after."""

    def __init__(self, http: Http, dice: random.Random) -> None:
        self._http, self._dice = http, dice
        self.broken = 0

    def send(self, request: HttpRequest) -> HttpResponse:
        luck = self._dice.random()
        if luck < 1 / 16:
            self.broken += 1
            raise UnavailableError("nobody there")
        answer = self._http.send(request)
        if luck < 1 / 8:
            self.broken += 1
            raise UnavailableError("no answer") if request.idempotent else OutcomeUnknownError("no answer")
        return answer


class BadDay:
    """Customers and agents at work, with the twins of Facebook and Zendesk."""

    def __init__(self, folder: Path) -> None:
        self.clock = SteppingClock()
        self.dice = random.Random(SEED)
        self.keys = Keys.fresh()
        self.system = open_local(folder / "order.sqlite3", self.clock, visibility=30.0)
        self.meta = MetaTwin(
            self.clock, app_secret=self.keys.app_secret, page_token=self.keys.page_token, deliver=self._deliver
        )
        self.desk = ZendeskTwin(self.clock, api_token=self.keys.api_token, deliver=self._deliver)
        self.line = BadLine(TwinHttp({META: self.meta, ZENDESK: self.desk}), self.dice)
        self.app = bootstrap.build(
            stores=self.system.stores,
            sessions=self.system.sessions,
            secrets=self.system.secrets,
            queues=self.system.queues,
            archive=self.system.archive,
            http=self.line,
            clock=self.clock,
            telemetry=LocalTelemetry(),
        )
        self._gateway = Gateway(chalice_app.app)
        self.doubled = self.refused = 0
        self.people = [self.meta.add_user(f"Customer {number}") for number in range(AUTHORS)]
        self.said: dict[str, list[str]] = {person: [] for person in self.people}
        self.accepted: dict[str, list[str]] = {person: [] for person in self.people}
        self.answered: Counter[str] = Counter()

    def _deliver(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
        """A vendor's attempt: now and then the receiver is away, now and then the vendor sends twice."""
        luck = self.dice.random() if method == "POST" else 1.0
        if luck < 0.1:
            self.refused += 1
            return 503, b""
        parts = urlsplit(url)
        target = f"{parts.path}?{parts.query}" if parts.query else parts.path
        if luck < 0.3:
            self.doubled += 1
            self._gateway.call(method, target, headers, body)
        status, _, answer = self._gateway.call(method, target, headers, body)
        found = _SAID.search(body.decode())
        if status == 200 and found and found[2] not in self.accepted[found[1]]:
            self.accepted[found[1]].append(found[2])
        return status, answer

    def play(self) -> None:
        """Connect, then write and answer in turns until the last back-off is over."""
        bootstrap.install(self.app)
        try:
            set_up(self.app, self.keys, [])
            self.meta.subscribe(f"https://care.bench.example{PLATFORM_HOOK}", self.keys.verify_token)
            self.desk.add_webhook(
                f"https://care.bench.example/webhooks/helpdesk/zendesk/{DESK}", self.keys.signing_secret
            )
            post = self.meta.page_post("Our new lamp is here.")
            for turn in range(ROUNDS):
                for person in self.people:
                    for _ in range(1 + turn % 2):
                        self._write(person, post)
                self._settle()
                self._answer(turn)
                self._settle()
        finally:
            bootstrap.install(None)

    def _write(self, person: str, post: str) -> None:
        number = str(sum(len(words) for words in self.said.values()))
        self.meta.comment(person, post, f"{person} says word {number}")
        self.said[person].append(number)
        self.clock.step(1)

    def _answer(self, turn: int) -> None:
        for ticket in self.desk.snapshot()["tickets"]:
            words = f"Answer {turn} on ticket {ticket['id']}."
            self.answered[words] += 1
            self.desk.agent_reply(ticket["id"], words)

    def _settle(self) -> None:
        """Webhooks and workers, with time passing, until nothing is left to do."""
        while True:
            for _ in range(20):
                self.meta.flush()
                self.desk.flush()
                drain(self.system.queues)
                self.clock.step(61)
            left = sum(queue.depth() for queue in self.system.queues.values())
            if not (left or self.meta.pending or self.desk.pending):
                return

    def problems(self) -> list[str]:
        """What was lost, doubled, or came in another order than it was written."""
        found = []
        tickets = self.desk.snapshot()["tickets"]
        heard = sorted(
            [
                match[2]
                for item in ticket["comments"]
                if item["public"] and item["role"] == "end-user" and (match := _SAID.search(item["text"]))
            ]
            for ticket in tickets
        )
        if heard != sorted(self.accepted.values()):
            found.append("twins: the tickets do not hold every author's words in the order of acceptance")
        if sorted(map(sorted, heard)) != sorted(map(sorted, self.said.values())):
            found.append("twins: the tickets do not hold every author's words once")
        messages = [item for thread in self.meta.snapshot()["threads"] for item in thread["messages"]]
        posted = Counter(item["text"] for item in messages if item["is_brand"] and item["text"].startswith("Answer"))
        if posted != self.answered:
            found.append("twins: the thread does not hold every answer once")
        parked = self.system.stores.parking.list_parked()
        if parked:
            found.append(f"twins: {len(parked)} parked ({parked[0].code})")
        if any(queue.depth() for queue in self.system.dead_letters.values()):
            found.append("twins: dead letters")
        return found


def run(console: Console) -> bool:
    """Play the bad day; False when something was lost, doubled or out of order."""
    with tempfile.TemporaryDirectory(prefix="careloop-bench-") as folder:
        day = BadDay(Path(folder))
        try:
            day.play()
            problems = day.problems()
        finally:
            day.system.close()
    messages = sum(len(words) for words in day.said.values())
    console.print(
        f"With the twins: {messages} messages, {sum(day.answered.values())} replies; {day.doubled} webhooks doubled, "
        f"{day.refused} refused and repeated, {day.line.broken} calls broken before or after they took effect.",
        highlight=False,
    )
    for problem in problems:
        console.print(f"WRONG: {problem}", style="red", highlight=False)
    if not problems:
        console.print(
            "Checked: every word once and in order on its ticket, every reply once in the thread.", style="green"
        )
    return not problems


if __name__ == "__main__":
    raise SystemExit(0 if run(Console()) else 1)
