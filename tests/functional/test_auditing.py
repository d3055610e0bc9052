"""The audit names exactly what was met with silence, and nothing else."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st

from chalicelib import bootstrap
from chalicelib.core.alarms import AlarmCode
from chalicelib.core.audit import ReplyStanding, Standing
from chalicelib.core.errors import RateLimitedError, RejectedError, UnavailableError
from chalicelib.core.events import MessageDeleted
from chalicelib.core.ids import AccountId, AccountKey, EventKey
from chalicelib.core.jobs import AuditAccount
from chalicelib.core.policy import CarePolicy
from chalicelib.core.report import AuditReport, SignOff, is_intact
from chalicelib.core.ticket import TicketStatus
from chalicelib.entrypoints import watch as entry
from chalicelib.pipeline.audit import Bounds, audit
from chalicelib.pipeline.audit_daily import run_audit, sign
from chalicelib.pipeline.parked import discard
from chalicelib.pipeline.poll import note_added, take_in
from tests.fakes.brand import BLUESKY, FACEBOOK, MATRIX, MESSENGER, Brand, X
from tests.fakes.clock import NOON, FrozenClock
from tests.fakes.listing import ListingPlatform
from tests.fakes.runtime import World

EXAMPLES = int(os.environ.get("CARELOOP_EXAMPLES", "1"))
UNRECONCILED = CarePolicy(reconcile_every=timedelta(0), audit_at_hour=-1)
AGORA = AccountKey(platform="agora", account=AccountId("brand"))
EVENTS = 18


def told(brand: Brand, number: int, people: dict[str, str], post: str, rooms: dict[str, str]) -> EventKey:
    """Somebody writes somewhere; the key of the event that should come of it."""
    who, words = ("amy", "bob", "cal")[number % 3], f"[{number:03}]"
    match number % 7:
        case 6:
            return EventKey(f"message|{MATRIX}:{brand.matrix.send(who, rooms[who], words)}")
        case 0 | 1:
            return EventKey(f"message|{FACEBOOK}:{brand.meta.comment(people[who], post, words)}")
        case 2 | 3:
            return EventKey(f"message|{MESSENGER}:{brand.meta.message(people[who], words)}")
        case 4:
            return EventKey(f"message|{X}:{brand.x.post(who, f'@AcmeCare {words}')}")
        case _:
            return EventKey(f"message|{X}:{brand.x.dm(who, words)}")


def share(percent: int) -> list[bool]:
    """Which events are dropped when so many are, drawn once."""
    return [number in Random(percent).sample(range(EVENTS), EVENTS * percent // 100) for number in range(EVENTS)]


@settings(max_examples=EXAMPLES, phases=[Phase.explicit, Phase.generate])
@example(drops=share(10), replies={0, 2})
@example(drops=share(50), replies={1})
@example(drops=share(100), replies=set())
@given(drops=st.lists(st.booleans(), min_size=EVENTS, max_size=EVENTS), replies=st.sets(st.integers(0, 5)))
def test_the_audit_names_exactly_what_was_dropped(drops: list[bool], replies: set[int]) -> None:
    with Brand(UNRECONCILED) as brand:
        people = {who: brand.meta.add_user(who.title()) for who in ("amy", "bob", "cal")}
        for who in people:
            brand.x.add_user(who, who.title())
            brand.matrix.add_user(who)
        rooms = {who: brand.matrix.open_room(who) for who in people}
        post = brand.meta.page_post("Our new lamp is here.")
        brand.work()
        brand.arrives = lambda path, body: not any(f"[{n:03}]".encode() in body for n, drop in enumerate(drops) if drop)
        dropped = set()
        for number, drop in enumerate(drops):
            key = told(brand, number, people, post, rooms)
            dropped |= {key} if drop else set()
            brand.work()
            brand.clock.advance(minutes=3)
        answered = [item["id"] for place, item in enumerate(brand.tickets()) if place in replies]
        for ticket in answered:
            brand.desk.agent_reply(ticket, f"To {ticket}: it left today.")
        brand.work()
        brand.clock.advance(minutes=30)
        reports = [audit(brand.runtime, key, NOON, brand.clock.now()) for key in (FACEBOOK, MESSENGER, X, MATRIX)]
    missing = {item.key for report in reports for item in report.findings}
    assert missing == dropped
    assert all(item.standing is Standing.MISSING for report in reports for item in report.findings)
    assert not any(report.gaps or report.no_list for report in reports)
    # an invitation that was accepted is listed no more
    assert [report.unlisted for report in reports] == [0, 0, 0, len(people)]
    counts = sum((Counter(report.counts) for report in reports), Counter())
    # besides what customers wrote, the lists hold the page's post and our own answers
    assert sum(counts.values()) == EVENTS + 1 + len(answered) + len(people)
    assert set(counts) <= {"missing", "own", "answered", "waiting", "noise"}
    assert counts["own"] == 1 + len(answered)
    posted = sum((Counter(report.replies) for report in reports), Counter())
    assert posted == Counter({"posted": len(answered)})


def test_what_nobody_polled_is_named_where_there_is_no_webhook() -> None:
    """Bluesky is only ever polled: silence there is that the polls stopped."""
    with Brand(UNRECONCILED) as brand:
        brand.bluesky.add_user("amy.example")
        for number in range(4):
            brand.bluesky.mention("amy.example", f"[{number:03}]")
        brand.minutes(2)
        assert len(brand.tickets()) == 4
        brand.clock.advance(minutes=10)
        unheard = {f"message|{BLUESKY}:{brand.bluesky.mention('amy.example', f'[{n:03}]')}" for n in range(5)}
        brand.clock.advance(minutes=30)
        report = audit(brand.runtime, BLUESKY, NOON, brand.clock.now())
    assert {item.key for item in report.findings} == unheard
    assert report.counts == {"missing": 5, "waiting": 4}


def test_echoes_that_were_dropped_are_known_by_their_delivery_and_native_answers_are_missed() -> None:
    with Brand(UNRECONCILED) as brand:
        amy = brand.meta.add_user("Amy")
        post = brand.meta.page_post("Our new lamp is here.")
        comment = brand.meta.comment(amy, post, "Where is it?")
        brand.work()
        brand.clock.advance(minutes=3)
        brand.arrives = lambda path, body: "platform" not in path
        brand.desk.agent_reply(brand.tickets()[0]["id"], "On its way.")
        brand.work()
        native = brand.meta.native_reply(comment, "And thank you!")
        brand.work()
        brand.clock.advance(minutes=30)
        report = audit(brand.runtime, FACEBOOK, NOON, brand.clock.now())
    assert report.counts == {"answered": 1, "missing": 1, "own": 2}
    assert [item.key for item in report.findings] == [f"message|{FACEBOOK}:{native}"]


# ---- with fakes --------------------------------------------------------------------------------------------------------


def world_of() -> tuple[World, ListingPlatform]:
    clock = FrozenClock()
    platform = ListingPlatform(clock.now)
    world = World(platform=platform)
    platform._now = world.clock.now
    world.system.stores.directory.put_policy(UNRECONCILED)
    return world, platform


def write(world: World, platform: ListingPlatform, number: str, *, arrives: bool = True, **changes):
    made = world.message(number, f"words of {number}", **changes)
    platform.written.append(made)
    if arrives:
        world.arrive(made)
    world.clock.advance(minutes=1)
    return made


def look(world: World, **changes) -> AuditReport:
    world.clock.advance(minutes=20)
    values = {"since": NOON - timedelta(hours=1), "until": world.clock.now()} | changes
    return audit(world.runtime, AGORA, **values)


def test_every_class_has_its_members() -> None:
    world, platform = world_of()
    write(world, platform, "answered", person="p1", thread="t1")
    world.desk.agent_writes("1", "It left today.")
    world.hint("1")
    write(world, platform, "waiting", person="p2", thread="t2")
    write(world, platform, "settled", person="p3", thread="t3")
    world.clock.advance(seconds=5)
    world.desk.set_status("3", TicketStatus.SOLVED)
    world.hint("3")
    gone = write(world, platform, "removed", arrives=False, person="p4", thread="t4")
    world.arrive(MessageDeleted(key=gone.key, deleted_at=world.clock.now()))
    world.arrive(gone)
    write(world, platform, "own", is_echo=True, thread="t5", arrives=False)
    write(world, platform, "missing", arrives=False, person="p6", thread="t6")
    stuck = write(world, platform, "stuck", arrives=False, person="p7", thread="t7")
    world.desk.faults = [("ensure_person", True, UnavailableError("down"))]
    world.arrive(stuck)
    world.clock.advance(minutes=20)
    young = world.message("in hand", person="p8", thread="t8")
    platform.written.append(young)
    report = audit(world.runtime, AGORA, NOON - timedelta(hours=1), world.clock.now() + timedelta(minutes=1))
    assert report.counts == {
        "answered": 1,
        "in_hand": 1,
        "missing": 1,
        "own": 1,
        "removed": 2,
        "settled": 1,
        "stuck": 1,
        "waiting": 1,
    }
    assert [item.key.rpartition(":")[2] for item in report.findings] == ["missing", "stuck"]
    assert report.exceptions == report.unaccounted == 2
    assert (report.listed, report.unlisted) == (8, 1)
    assert report.replies == {"posted": 1}
    assert is_intact(world.system.stores.reports.put_report(report))


def test_what_was_parked_is_an_exception_until_a_person_decides() -> None:
    world, platform = world_of()
    world.desk.faults = [("ensure_person", True, RejectedError("no"))]
    write(world, platform, "m1")
    report = look(world)
    assert report.counts == {"parked": 1}
    assert (report.exceptions, report.unaccounted) == (1, 0)
    [item] = world.system.stores.parking.list_parked()
    discard(world.runtime, item.id)
    report = look(world)
    assert (report.counts, report.exceptions) == ({"settled": 1}, 0)


def test_a_late_message_is_not_answered_by_an_earlier_reply() -> None:
    world, platform = world_of()
    write(world, platform, "m1", arrives=False)
    write(world, platform, "m2")
    world.desk.agent_writes("1", "It left today.")
    world.hint()
    world.clock.advance(minutes=30)
    take_in(world.runtime, AGORA, platform.list_thread(platform.written[0].thread.thread))
    world.work()
    report = look(world)
    assert report.counts == {"answered": 1, "waiting": 1}
    assert [item.key for item in report.waiting] == [f"message|{AGORA}:m1"]


def test_a_merged_tickets_messages_are_followed_to_the_survivor() -> None:
    world, platform = world_of()
    write(world, platform, "m1", person="p1", thread="t1")
    write(world, platform, "m2", person="p2", thread="t2")
    world.desk.merge("1", "2")
    world.hint("1")
    assert look(world).counts == {"waiting": 2}
    world.desk.agent_writes("2", "It left today.")
    world.hint("2")
    report = look(world)
    assert report.counts == {"answered": 2}
    assert report.replies == {"posted": 1}


def test_replies_are_held_against_their_deliveries() -> None:
    world, platform = world_of()
    for number in range(4):
        write(world, platform, f"m{number}", person=f"p{number}", thread=f"t{number}")
    world.desk.agent_writes("1", "Posted.")
    world.hint("1")
    world.desk.agent_writes("2", "Call me: 4111 1111 1111 1111")  # held: a card number
    world.hint("2")
    unheard = world.desk.agent_writes("3", "Nobody heard of this one.")
    world.desk.note("4", "A note is no reply.")
    report = look(world)
    assert report.replies == {"never_seen": 1, "posted": 1, "refused": 1}
    assert [(item.reply, item.standing) for item in report.reply_findings] == [(unheard, ReplyStanding.NEVER_SEEN)]
    assert (report.exceptions, report.unaccounted) == (1, 1)


def test_what_only_a_threads_own_list_shows_is_found() -> None:
    """A list of mentions does not show an answer that mentions nobody."""
    world, platform = world_of()
    write(world, platform, "m1")
    hidden = world.message("hidden", "no mention")
    platform.only_in_threads.append(hidden)
    world.clock.advance(minutes=20)
    report = look(world)
    assert [item.key for item in report.findings] == [f"message|{AGORA}:hidden"]


def test_a_platform_without_a_list_is_named_and_its_ledger_audited() -> None:
    world = World()
    world.arrive(world.message("m1"))
    report = look(world)
    assert "no list" in report.no_list
    assert (report.counts, report.unlisted) == ({"waiting": 1}, 1)


@pytest.mark.parametrize("error", [RateLimitedError("reserve"), UnavailableError("down")])
def test_a_list_that_can_not_be_read_makes_the_audit_not_whole(error: Exception) -> None:
    world, platform = world_of()
    write(world, platform, "m1")
    platform.down = [error]
    report = look(world)
    assert len(report.gaps) == 1
    assert report.counts == {"waiting": 1}


def test_bounds_are_told() -> None:
    world, platform = world_of()
    for number in range(8):
        write(world, platform, f"m{number}", person=f"p{number}", thread=f"t{number}")
    report = look(world, bounds=Bounds(pages=1, threads=2, entries=5, tickets=3))
    assert len(report.gaps) == 4
    assert report.total == report.listed + report.unlisted
    assert look(world).gaps == ()


def test_nothing_from_before_the_account_was_added_is_missed() -> None:
    world, platform = world_of()
    write(world, platform, "before", arrives=False)
    note_added(world.runtime, AGORA)
    write(world, platform, "after", arrives=False)
    report = look(world)
    assert [item.key for item in report.findings] == [f"message|{AGORA}:after"]
    assert report.since == NOON + timedelta(minutes=1)


def test_the_daily_audit_comes_once_in_its_hour_and_catches_up() -> None:
    world, platform = world_of()
    world.system.stores.directory.put_policy(replace(UNRECONCILED, audit_at_hour=3))
    write(world, platform, "m1", arrives=False)
    world.clock.advance(hours=14, minutes=59 - world.clock.now().minute)
    platform.down = [UnavailableError("down")]
    for _ in range(62):
        world.clock.advance(minutes=1)
        bootstrap.install(world.app)
        entry.fan_out()
        world.work()
    reports = [item for item in world.system.stores.reports.list_reports() if item.account == AGORA]
    assert [len(item.gaps) for item in reports] == [1]
    assert world.telemetry.counts["audit_exceptions"] == 0
    until = reports[0].until + timedelta(days=1)
    world.clock.advance(days=1)
    run_audit(world.runtime, AuditAccount(account=AGORA, since=reports[0].until, until=until))
    run_audit(world.runtime, AuditAccount(account=AGORA, since=reports[0].until, until=until))
    later, earlier = [item for item in world.system.stores.reports.list_reports() if item.account == AGORA]
    assert (later.since, later.gaps) == (earlier.since, ())  # what could not be read the day before
    assert later.counts == {"missing": 1}
    assert later.previous == earlier.seal
    assert world.telemetry.counts["audit_exceptions"] == 1
    [alarm] = world.system.stores.alarms.standing().values()
    assert (alarm.code, later.id in alarm.what) == (AlarmCode.AUDIT, True)
    sign(world.runtime, SignOff(report=later.id, seal=later.seal, by="Ada", at=world.clock.now()))
    assert not world.system.stores.alarms.standing()
