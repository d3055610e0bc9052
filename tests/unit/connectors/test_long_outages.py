"""After an outage of weeks: polled on from where we were, every list gives all that the platform still has, in bounded
polls; and where the platform's own list ends, that is told."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Protocol

import pytest

from careloop.twins.base import Fault, TwinHttp
from careloop.twins.bluesky import BlueskyTwin
from careloop.twins.meta import PAGE_ID
from chalicelib.connectors.platforms.bluesky.client import Client as Bluesky
from chalicelib.core.account import Account
from chalicelib.core.errors import RateLimitedError
from chalicelib.core.events import InboundMessage, PlatformEvent, ThreadInvitation
from chalicelib.core.ids import AccountId, AccountKey, Cursor
from chalicelib.ports.platform import HISTORY_ENDS, PlatformContext, Polled
from tests.fakes.clock import FrozenClock
from tests.fakes.sessions import MemorySessions
from tests.unit.connectors.meta_desk import Desk
from tests.unit.connectors.x_network import Network, network
from tests.unit.twins.test_matrix_twin import World

WEEKS = timedelta(weeks=4)
MOST_CALLS = 25
"""Of one poll: what a small job may take."""


class Polls(Protocol):
    """What is tested."""

    def poll(self, cursor: Cursor | None) -> Polled: ...

    def cursor_at(self, moment: datetime) -> Cursor: ...


class Reader:
    """Polls on and on, as the pipeline does, and counts."""

    def __init__(
        self, client: Polls, calls: list[str], cursor: Cursor | None, clock: FrozenClock | None = None
    ) -> None:
        self.client, self.calls, self.cursor, self.clock = client, calls, cursor, clock
        self.polls = self.limited = 0
        self.ignored: dict[str, int] = {}

    def read(self) -> list[PlatformEvent]:
        """All until there is no more; each poll bounded, each cursor small."""
        events: list[PlatformEvent] = []
        while True:
            before = len(self.calls)
            try:
                polled = self.client.poll(self.cursor)
            except RateLimitedError as error:
                assert self.clock is not None
                self.limited += 1
                self.clock.advance(seconds=error.retry_after or 60)
                continue
            self.polls += 1
            assert len(self.calls) - before <= MOST_CALLS
            assert len(polled.cursor) < 100_000
            assert self.polls < 500, "it does not come to an end"
            events += polled.parsed.events
            for kind, count in polled.parsed.ignored.items():
                self.ignored[kind] = self.ignored.get(kind, 0) + count
            self.cursor = polled.cursor
            if not (polled.more or polled.paused):
                return events


def texts(events: list[PlatformEvent]) -> set[str]:
    return {event.text for event in events if isinstance(event, InboundMessage)}


# -- Facebook ----------------------------------------------------------------------------------------------------------


def test_facebook_four_weeks_and_hundreds_of_posts() -> None:
    desk = Desk()
    dana = desk.twin.add_user("Dana Weber")
    old = desk.twin.page_post("an old post, long at rest")
    desk.clock.advance(days=30)
    for number in range(60):
        desk.twin.visitor_post(dana, f"before {number}")
    client = desk.facebook()
    known = Reader(client, desk.twin.calls, client.poll(None).cursor)
    known.read()
    began = desk.clock.now()
    expected = set()
    for number in range(300):
        desk.clock.advance(hours=2)
        post = desk.twin.visitor_post(dana, f"post {number}")
        desk.twin.comment(dana, post, f"comment {number}")
        expected |= {f"post {number}", f"comment {number}"}
        if number < 40:
            desk.twin.rate(dana, f"review {number}")
            expected.add(f"review {number}")
    for number in range(250):
        desk.twin.comment(dana, old, f"on the old one {number}")
        expected.add(f"on the old one {number}")
    desk.clock.advance(hours=1)
    seeking = Reader(client, desk.twin.calls, client.cursor_at(began))
    for reader in (known, seeking):
        found = texts(reader.read())
        assert found >= expected
        assert len(found - expected) <= 60, "what is older is repeated only within the overlap"
        assert HISTORY_ENDS not in reader.ignored
    desk.twin.visitor_post(dana, "and on to the present")
    assert texts(known.read()) == {"and on to the present"}


def test_facebook_tells_that_its_feed_ends() -> None:
    desk = Desk()
    dana, began = desk.twin.add_user("Dana Weber"), desk.clock.now()
    for number in range(620):
        desk.clock.advance(hours=1)
        desk.twin.visitor_post(dana, f"post {number}")
    reader = Reader(desk.facebook(), desk.twin.calls, desk.facebook().cursor_at(began))
    assert len(texts(reader.read())) == 600
    assert reader.ignored[HISTORY_ENDS] == 1


def test_facebook_begins_a_list_again_whose_cursor_is_no_longer_good() -> None:
    desk = Desk()
    dana, began = desk.twin.add_user("Dana Weber"), desk.clock.now()
    for number in range(60):
        desk.clock.advance(hours=1)
        desk.twin.visitor_post(dana, f"post {number}")
    refused = b'{"error":{"message":"(#100) Invalid cursors values","type":"OAuthException","code":100}}'
    client = desk.facebook()
    first = client.poll(client.cursor_at(began))
    assert first.more
    desk.twin.faults.append(Fault(f"GET .*/{PAGE_ID}/feed", status=400, body=refused))
    reader = Reader(client, desk.twin.calls, first.cursor)
    assert len(texts(reader.read()) | texts(list(first.parsed.events))) == 60


# -- Messenger ---------------------------------------------------------------------------------------------------------


def test_messenger_four_weeks_and_hundreds_of_people() -> None:
    desk = Desk()
    client = desk.messenger()
    known = Reader(client, desk.twin.calls, client.poll(None).cursor)
    began = desk.clock.now()
    for number in range(150):
        desk.clock.advance(hours=4)
        person = desk.twin.add_user(f"Person {number}")
        desk.twin.message(person, f"first {number}")
        desk.twin.message(person, f"second {number}")
    expected = {f"{which} {number}" for number in range(150) for which in ("first", "second")}
    for reader in (known, Reader(client, desk.twin.calls, client.cursor_at(began))):
        assert texts(reader.read()) == expected
        assert HISTORY_ENDS not in reader.ignored
    desk.clock.advance(hours=1)
    desk.twin.message(person, "and on to the present")
    assert "and on to the present" in texts(known.read())


def test_messenger_tells_that_a_thread_is_longer_than_can_be_read() -> None:
    desk = Desk()
    dana, began = desk.twin.add_user("Dana Weber"), desk.clock.now()
    for number in range(25):
        desk.clock.advance(hours=1)
        desk.twin.message(dana, f"{number}")
    client = desk.messenger()
    reader = Reader(client, desk.twin.calls, client.cursor_at(began))
    assert texts(reader.read()) == {str(number) for number in range(5, 25)}
    assert reader.ignored == {HISTORY_ENDS: 1}


class Limits(list[Fault]):
    """Every so many calls the platform says that it is enough for now."""

    def __init__(self, every: int, body: bytes, status: int) -> None:
        super().__init__()
        self.every, self.asked, self.body, self.status = every, 0, body, status

    def __iter__(self) -> Iterator[Fault]:
        self.asked += 1
        yield from [Fault(".", status=self.status, body=self.body)] if self.asked % self.every == 0 else []


@pytest.mark.parametrize(("which", "wanted"), [("facebook", {"post", "comment"}), ("messenger", {"message"})])
def test_meta_goes_on_however_small_the_allowance_is(which: str, wanted: set[str]) -> None:
    desk = Desk()
    began = desk.clock.now()
    for number in range(30):
        desk.clock.advance(hours=1)
        person = desk.twin.add_user(f"Person {number}")
        desk.twin.message(person, f"message {number}")
        desk.twin.comment(person, desk.twin.visitor_post(person, f"post {number}"), f"comment {number}")
    client: Polls = desk.facebook() if which == "facebook" else desk.messenger()
    limit = b'{"error":{"message":"(#32) Page request limit reached","type":"OAuthException","code":32}}'
    desk.twin.faults = Limits(4, limit, 403)
    reader = Reader(client, desk.twin.calls, client.cursor_at(began), desk.clock)
    assert texts(reader.read()) == {f"{kind} {number}" for number in range(30) for kind in wanted}
    assert reader.polls > 8


# -- X -----------------------------------------------------------------------------------------------------------------


def _many(net: Network, mentions: int, messages: int, step: timedelta) -> set[str]:
    expected = set()
    for number in range(max(mentions, messages)):
        net.clock.advance(seconds=step.total_seconds())
        if number < mentions:
            net.twin.post(net.kim, f"@AcmeCare mention {number}")
            expected.add(f"@AcmeCare mention {number}")
        if number < messages:
            net.twin.dm(net.lee, f"message {number}")
            expected.add(f"message {number}")
    return expected


def test_x_four_weeks_and_hundreds_of_posts() -> None:
    net = network()
    _many(net, 3, 3, timedelta(hours=1))
    client = net.client()
    net.clock.advance(minutes=5)
    known = Reader(client, net.twin.calls, client.poll(None).cursor, net.clock)
    net.clock.advance(minutes=55)
    began = net.clock.now()
    expected = _many(net, 720, 720, WEEKS / 720)
    net.clock.advance(minutes=5)
    readers = (known, Reader(client, net.twin.calls, client.cursor_at(began), net.clock))
    for reader in readers:
        assert texts(reader.read()) == expected
        assert HISTORY_ENDS not in reader.ignored
    assert any(reader.limited for reader in readers), "fifteen reads of messages are allowed in fifteen minutes"
    net.twin.dm(net.lee, "and on to the present")
    assert "and on to the present" in texts(known.read())


def test_x_tells_that_its_lists_end() -> None:
    net = network()
    client, began = net.client(), net.clock.now()
    _many(net, 850, 0, timedelta(minutes=10))
    mentions = Reader(client, net.twin.calls, client.cursor_at(began))
    assert len(texts(mentions.read())) == 800
    assert mentions.ignored[HISTORY_ENDS] == 1
    net.clock.advance(days=31)
    net.twin.dm(net.lee, "late")
    messages = Reader(client, net.twin.calls, client.cursor_at(net.clock.now() - timedelta(days=31)))
    messages.read()
    assert messages.ignored[HISTORY_ENDS] == 1
    messages.ignored.clear()
    net.clock.advance(days=31)
    quiet = Reader(client, net.twin.calls, client.poll(messages.cursor).cursor)
    net.clock.advance(days=1)
    quiet.read()
    assert HISTORY_ENDS not in quiet.ignored, "an account that nobody writes to has no outage"


# -- Bluesky -----------------------------------------------------------------------------------------------------------


def bluesky_client(twin: BlueskyTwin, clock: FrozenClock) -> Bluesky:
    key = AccountKey(platform="bluesky", account=AccountId(twin.brand))
    return Bluesky(
        PlatformContext(
            account=Account(key=key, title="Acme", helpdesk="zendesk"),
            credentials={"app_password": "abcd-efgh-ijkl-mnop"},
            http=TwinHttp({"https://bsky.social": twin, twin.pds: twin}),
            clock=clock,
            sessions=MemorySessions(),
        )
    )


def test_bluesky_four_weeks_and_hundreds_of_posts() -> None:
    clock = FrozenClock()
    twin = BlueskyTwin(clock)
    kim, client = twin.add_user("kim.example", "Kim"), bluesky_client(twin, clock)
    for number in range(30):
        clock.advance(minutes=30)
        twin.mention(kim, f"before {number}")
    known = Reader(client, twin.calls, client.poll(None).cursor)
    known.read()
    began = clock.now()
    clock.advance(minutes=30)
    expected = set()
    for number in range(700):
        clock.advance(seconds=WEEKS.total_seconds() / 700)
        twin.mention(kim, f"after {number}")
        expected.add(f"after {number}")
    for reader in (known, Reader(client, twin.calls, client.cursor_at(began))):
        found = {text.removeprefix("@acme.com ") for text in texts(reader.read())}
        assert found >= expected
        assert len(found - expected) <= 3, "what is older is repeated only within the overlap"
        assert reader.polls > 1
    twin.mention(kim, "and on to the present")
    assert {text.removeprefix("@acme.com ") for text in texts(known.read())} == {"and on to the present"}


# -- Matrix ------------------------------------------------------------------------------------------------------------


def test_matrix_four_weeks_and_many_rooms() -> None:
    world = World()
    quiet = [world.chat() for _ in range(30)]
    busy = [world.chat() for _ in range(30)]
    world.clock.advance(hours=3)
    known = Reader(world.client, world.twin.calls, world.client.poll(None).cursor)
    began = world.clock.now()
    world.clock.advance(hours=3)
    expected = set()
    for number in range(150):
        world.clock.advance(seconds=WEEKS.total_seconds() / 150)
        for room in (busy[number % 30], busy[0], busy[1]):
            world.twin.send(world.kim, room, f"{room[:5]} {number}")
            expected.add(f"{room[:5]} {number}")
    invited = world.twin.open_room(world.kim)
    for reader in (known, Reader(world.client, world.twin.calls, world.client.cursor_at(began))):
        events = reader.read()
        assert texts(events) == expected
        assert [event.thread.thread for event in events if isinstance(event, ThreadInvitation)] == [invited]
        assert reader.polls > 1 or reader is known
    world.twin.send(world.kim, quiet[0], "and on to the present")
    before = len(world.twin.calls)
    assert texts(known.read()) == {"and on to the present"}
    assert len(world.twin.calls) - before == 1, "quiet rooms cost nothing"


def test_matrix_goes_on_however_small_the_allowance_is() -> None:
    world = World()
    rooms, began = [world.chat() for _ in range(10)], world.clock.now()
    for number, room in enumerate(rooms):
        world.clock.advance(hours=1)
        world.twin.send(world.kim, room, f"{number}")
    world.twin.faults = Limits(4, b'{"errcode":"M_LIMIT_EXCEEDED","error":"words","retry_after_ms":2000}', 429)
    reader = Reader(world.client, world.twin.calls, world.client.cursor_at(began), world.clock)
    assert texts(reader.read()) == {str(number) for number in range(10)}
    assert reader.polls > 2
