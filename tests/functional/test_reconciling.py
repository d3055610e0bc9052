"""Accounts that have a webhook are polled too: at their turn, from the beginning, past nothing that is not durable."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib import bootstrap
from chalicelib.core.errors import RateLimitedError, UnavailableError
from chalicelib.core.events import InboundMessage, Parsed
from chalicelib.core.ids import AccountId, AccountKey, Cursor
from chalicelib.core.jobs import PollAccount
from chalicelib.core.policy import CarePolicy
from chalicelib.core.spread import is_turn, slot_of
from chalicelib.entrypoints import poll as entry
from chalicelib.pipeline.poll import LATEST_THREADS, LOST_AFTER, TURN_THREADS, note_added, poll_account, take_in
from chalicelib.ports.helpdesk import TouchedTickets
from chalicelib.ports.spec import Level
from tests.fakes.clock import NOON, FrozenClock
from tests.fakes.helpdesk import FakeHelpdesk
from tests.fakes.listing import ListingPlatform
from tests.fakes.platform import spec
from tests.fakes.runtime import World

AGORA = AccountKey(platform="agora", account=AccountId("brand"))


class DeskFromNowOn(FakeHelpdesk):
    """Its list without a cursor begins now, as the real ones' do but for a short overlap."""

    def touched_since(self, cursor: Cursor | None) -> TouchedTickets:
        return super().touched_since(cursor or Cursor(str(self._entry)))


def world_of(page: int = 3) -> tuple[World, ListingPlatform]:
    clock = FrozenClock()
    platform = ListingPlatform(clock.now, page)
    world = World(platform=platform)
    platform._now = world.clock.now
    world.system.stores.directory.put_policy(CarePolicy(reconcile_every=timedelta(minutes=5)))
    return world, platform


def minutes(world: World, count: int) -> None:
    """Let minutes pass, each with its schedule and its work."""
    for _ in range(count):
        world.clock.advance(minutes=1)
        bootstrap.install(world.app)
        entry.fan_out()
        world.work()


def write(world: World, platform: ListingPlatform, number: str, **changes) -> InboundMessage:
    made = world.message(number, f"words of {number}", **changes)
    platform.written.append(made)
    world.clock.advance(seconds=1)
    return made


def test_what_the_webhook_lost_comes_in_at_the_accounts_turn_and_only_once():
    world, platform = world_of()
    lost = [write(world, platform, f"m{number}") for number in range(8)]
    minutes(world, 6)
    assert [body.splitlines()[0] for body in world.ticket.customer] == [item.text for item in lost]
    minutes(world, 11)
    assert len(world.ticket.customer) == 8
    assert world.telemetry.counts["found_by_polling"] == 8
    world.arrive(*lost)  # the webhooks come after all
    assert len(world.ticket.customer) == 8


def test_nobody_is_polled_who_does_not_want_it():
    world, platform = world_of()
    directory = world.system.stores.directory
    directory.put_policy(CarePolicy(reconcile_every=timedelta(0)))
    minutes(world, 6)
    assert platform.asked == []
    directory.put_policy(CarePolicy(reconcile_every=timedelta(minutes=1)))
    account = directory.get_account(AGORA)
    directory.put_account(replace(account, options={"poll": "false"}))
    minutes(world, 5)
    assert platform.asked == []
    directory.put_account(account)
    world.connectors.specs["agora"] = replace(spec(), level=Level.REPLIES)
    minutes(world, 5)
    assert platform.asked == []
    world.connectors.specs["agora"] = spec()
    minutes(world, 2)
    assert platform.asked


def test_an_outage_that_begins_with_the_account_is_covered():
    """The token does not work for hours after the account was added: the first poll that does goes back to then."""
    world, platform = world_of()
    note_added(world.runtime, AGORA)
    write(world, platform, "m1")
    platform.down = [UnavailableError("no token yet") for _ in range(200)]
    minutes(world, 1)
    world.clock.advance(hours=3)
    minutes(world, 5)
    platform.down = []
    minutes(world, 6)
    assert [body.splitlines()[0] for body in world.ticket.customer] == ["words of m1"]


def test_without_a_noted_beginning_the_first_try_is_noted():
    world, platform = world_of()
    write(world, platform, "m1")
    platform.down = [UnavailableError("down") for _ in range(40)]
    minutes(world, 5)
    world.clock.advance(hours=3)
    minutes(world, 5)
    platform.down = []
    minutes(world, 6)
    assert len(world.desk.tickets) == 1


def test_the_cursor_stays_where_the_platform_stopped_us():
    """Pages before the refusal are durable, what is left comes with the next turn."""
    world, platform = world_of(page=2)
    note_added(world.runtime, AGORA)
    for number in range(6):
        write(world, platform, f"m{number}")
    job = PollAccount(account=AGORA)
    platform.down = [None, RateLimitedError("only the reserve is left", retry_after=600)]
    with pytest.raises(RateLimitedError):
        poll_account(world.runtime, job)
    world.work()
    assert len(world.ticket.customer) == 2
    poll_account(world.runtime, job)
    world.work()
    assert len(world.ticket.customer) == 6


def test_a_queue_that_is_down_leaves_the_cursor_where_it_was():
    world, platform = world_of()
    note_added(world.runtime, AGORA)
    write(world, platform, "m1")

    class Down:
        def send(self, messages):
            raise UnavailableError("queue down")

    broken = replace(world.runtime, queues=replace(world.runtime.queues, inbound=Down()))
    with pytest.raises(UnavailableError):
        poll_account(broken, PollAccount(account=AGORA))
    assert world.system.stores.cursors.find_cursor(f"poll|{AGORA}") is None
    poll_account(world.runtime, PollAccount(account=AGORA))
    world.work()
    assert len(world.desk.tickets) == 1


def test_an_event_too_large_for_a_queue_is_parked_and_holds_nothing_up():
    world, platform = world_of()
    note_added(world.runtime, AGORA)
    platform.written += [world.message("big", "x" * 300_000), world.message("m1")]
    poll_account(world.runtime, PollAccount(account=AGORA))
    world.work()
    assert [body.splitlines()[0] for body in world.ticket.customer] == ["Where is my parcel?"]
    assert [item.reason.value for item in world.system.stores.parking.list_parked()] == ["malformed"]
    assert world.system.stores.cursors.find_cursor(f"poll|{AGORA}") is not None


def test_a_claimed_event_that_fell_out_of_its_queue_is_sent_again():
    world, platform = world_of()
    note_added(world.runtime, AGORA)
    write(world, platform, "m1")
    world.desk.faults = [("ensure_person", True, UnavailableError("down"))]
    poll_account(world.runtime, PollAccount(account=AGORA))
    world.work()
    queue = world.system.queues["inbound"]
    world.clock.advance(minutes=20)
    queue.delete([item.receipt for item in queue.receive(10)])  # purged by mistake, say
    assert list(world.dispositions().values()) == ["in hand"]
    world.clock.advance(seconds=LOST_AFTER.total_seconds())
    # listed once more: by its thread, or because a cursor was set back
    take_in(world.runtime, AGORA, Parsed(events=tuple(platform.written)))
    world.work()
    assert len(world.desk.tickets) == 1
    assert list(world.dispositions().values()) == ["ticketed"]


def test_an_older_message_goes_into_the_same_ticket_and_says_that_it_is_late():
    world, platform = world_of()
    note_added(world.runtime, AGORA)
    write(world, platform, "m1")
    world.clock.advance(minutes=30)
    newer = write(world, platform, "m2")
    world.arrive(newer)
    world.clock.advance(minutes=1)
    answered = world.desk.agent_writes("1", "It left today.")
    world.hint()
    assert answered
    poll_account(world.runtime, PollAccount(account=AGORA))
    world.work()
    assert world.ticket.customer[0] == "words of m2"
    assert world.ticket.customer[1].splitlines()[0] == "words of m1"
    assert "(Written 2026-11-20 12:00 UTC; it reached us late, 2026-11-20 12:31 UTC.)" in world.ticket.customer[1]
    case = world.system.stores.cases.find_by_ticket(world.ticket.ref)
    assert case is not None
    # an answer still goes to the customer's latest words, not to those that came last
    assert case.latest.last_message == "m2"


def test_an_account_that_nobody_polls_each_minute_is_polled_once_in_its_minute():
    world, platform = world_of()
    bootstrap.install(world.app)
    for _ in range(5 * 60 // 15):
        world.clock.advance(seconds=15)  # a schedule that runs more often than it should
        bootstrap.install(world.app)
        entry.fan_out()
        world.work()
    assert len(platform.asked) == 1


@pytest.mark.parametrize("hours", [0, 30])
def test_a_helpdesk_whose_list_could_not_be_read_for_long_is_looked_at_ticket_by_ticket(hours: int):
    """Its webhook is out too, and the right to read the list comes late: replies of the time before go out all the same."""
    world, _ = world_of()
    world.desk = DeskFromNowOn(now=world.clock.now)
    world.connectors.helpdesks = {"desk": world.desk}
    world.arrive(world.message("m1"), world.message("k1", person="lee", thread="t2"))
    world.desk.faults = [("touched_since", True, UnavailableError("no right")) for _ in range(3)]
    minutes(world, 3)
    world.desk.agent_writes("1", "Written while nobody listened.")
    world.clock.advance(hours=hours)
    minutes(world, 1)
    assert world.platform.texts == (["Written while nobody listened."] if hours else [])


def test_threads_of_open_cases_all_get_their_turn():
    world, platform = world_of()
    world.system.stores.directory.put_policy(CarePolicy(join_channels=False, reconcile_every=timedelta(minutes=5)))
    count = LATEST_THREADS + 3 * TURN_THREADS + 7
    for number in range(count):
        world.send(world.message(f"m{number}", person=f"p{number}", thread=f"t{number:03}"))
    world.work()
    assert len(world.desk.tickets) == count
    rounds: list[list[str]] = []
    for _ in range(5):
        platform.read.clear()
        poll_account(world.runtime, PollAccount(account=AGORA))
        world.work()
        world.clock.advance(minutes=5)
        rounds.append(list(platform.read))
    assert max(len(item) for item in rounds) <= LATEST_THREADS + TURN_THREADS
    assert len({thread for item in rounds[:4] for thread in item}) == count
    assert set(rounds[0]) & set(rounds[4]) == set(rounds[0])  # a new round begins


@settings(max_examples=30)
@given(name=st.text(min_size=1, max_size=20), every=st.integers(1, 60))
def test_everybody_has_one_minute_in_each_interval(name: str, every: int):
    moments = [NOON + timedelta(minutes=minute, seconds=7) for minute in range(2 * every)]
    turns = [number for number, at in enumerate(moments) if is_turn(name, timedelta(minutes=every), at)]
    assert len(turns) == 2
    assert turns[1] - turns[0] == every


def test_turns_are_spread():
    slots = [slot_of(f"facebook:{number}", 15) for number in range(1500)]
    assert max(slots.count(item) for item in range(15)) < 2 * 100
