"""Remotes that are down, slow us down or take only so much: everything arrives later, once, and in order."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import pytest

from careloop.local.application import application_of
from careloop.local.runner import work_once
from careloop.sandbox.setup import DESK
from careloop.twins.base import Fault, TwinHttp
from chalicelib import bootstrap
from chalicelib.core.disposition import ParkReason
from chalicelib.core.errors import RateLimitedError, UnavailableError
from chalicelib.core.patience import HALF_A_DAY
from chalicelib.core.remotes import OPENS_AFTER
from chalicelib.core.reply import DeliveryStatus
from chalicelib.entrypoints import watch
from chalicelib.pipeline.parked import release
from tests.fakes.runtime import World
from tests.functional.twin_world import FACEBOOK, META, ZENDESK, TwinWorld

ALWAYS = 10**9


class Busy(TwinWorld):
    """Customers who number what they write."""

    def __init__(self) -> None:
        super().__init__()
        self.people = {name: self.meta.add_user(name) for name in ("Ann Ash", "Ben Birch", "Cem Cedar")}
        self.written: Counter[str] = Counter()
        self.comments: dict[str, list[str]] = {name: [] for name in self.people}

    def write(self, name: str, times: int = 1) -> None:
        for _ in range(times):
            self.written[name] += 1
            words = f"{name.split()[0]}-{self.written[name]}."
            self.comments[name].append(self.meta.comment(self.people[name], self.post, words))

    def down(self, status: int = 503, *, times: int = ALWAYS, twin: Any = None, pattern: str = ".", **headers: str):
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        (twin or self.desk).faults = [Fault(pattern=pattern, status=status, times=times, headers=names)]

    def ticket(self, name: str) -> dict[str, Any]:
        [found] = [item for item in self.tickets() if item["requester"]["name"].startswith(name)]
        return found

    def said(self, name: str) -> list[int]:
        """What stands on a customer's ticket, in order."""
        short = name.split()[0]
        texts = [item["text"] for item in self.ticket(name)["comments"] if item["public"]]
        return [int(item) for text in texts for item in re.findall(rf"{short}-(\d+)\.", text)]

    def posted(self) -> Counter[str]:
        """Our answers under the post."""
        return Counter(
            item["message"]
            for item in self.meta.world.data["comments"].values()
            if "Answer" in item["message"] and not item.get("deleted")
        )

    def watch(self) -> None:
        """The minute's look at what is due."""
        bootstrap.install(self.app)
        try:
            watch.fan_out()
        finally:
            bootstrap.install(None)
        self.play()

    def parked(self) -> list[Any]:
        return list(self.system.stores.parking.list_parked())


def test_a_helpdesk_down_for_six_hours_delays_and_loses_nothing() -> None:
    world = Busy()
    for name in world.people:
        world.write(name)
    world.play()
    world.down()
    before = len(world.desk.calls)
    for hour in range(6):
        for place, name in enumerate(world.people):
            world.write(name, 1 + place)
        world.play()
        if hour == 2:
            world.meta.edit_comment(world.comments["Ben Birch"][2], "Ben-3. as I meant it")
            world.desk.agent_reply(world.ticket("Ann Ash")["id"], "Answer one")
        if hour == 4:
            world.meta.remove_comment(world.comments["Cem Cedar"][-1])
            world.desk.agent_reply(world.ticket("Ann Ash")["id"], "Answer two")
            world.desk.agent_reply(world.ticket("Ben Birch")["id"], "Answer three")
        world.minutes(60)
    asked = len(world.desk.calls) - before
    assert asked <= OPENS_AFTER + 6 * 60 / 2 + 6, "the breaker lets one call through in two minutes"
    world.desk.faults = []
    world.minutes(50)

    assert world.said("Ann Ash") == list(range(1, 8))
    assert list(dict.fromkeys(world.said("Ben Birch"))) == list(range(1, 14))
    assert world.said("Cem Cedar") == [number for number in range(1, 20) if number != 16], "16 was taken back"
    assert any("deleted a message" in note for note in world.notes(world.ticket("Cem Cedar")["id"]))
    assert any("as I meant it" in item["text"] for item in world.ticket("Ben Birch")["comments"])
    assert world.posted() == {"Answer one": 1, "Answer two": 1, "Answer three": 1}
    assert world.parked() == []
    assert not any(queue.depth() for queue in world.system.queues.values())
    entries = world.system.stores.ledger.recent(FACEBOOK, since=world.clock.now() - HALF_A_DAY, limit=1000)
    assert all(entry.disposition is not None for entry in entries)


@pytest.mark.parametrize("error", [UnavailableError("down"), RateLimitedError("busy", retry_after=1.0)])
def test_after_twelve_hours_nothing_is_parked_and_after_longer_a_person_can_bring_it_back(error: Exception) -> None:
    world = World()
    world.desk.faults = [("ensure_person", True, error) for _ in range(1000)]
    world.send(world.message("m1", "one"), world.message("m2", "two"), world.message("m3", "three"))
    for _ in range(12 * 60):
        world.later(minutes=1)
    dead = world.system.dead_letters["inbound"]
    assert dead.depth() == 0
    faults, world.desk.faults = world.desk.faults, []
    tries = 1000 - len(faults)
    assert tries <= 60, "a message is tried rarely"
    world.desk.faults = faults
    for _ in range(8 * 60):
        world.later(minutes=1)
    assert dead.depth() >= 1
    bootstrap.install(world.app)
    try:
        while work_once("dead_letters", dead):
            pass
    finally:
        bootstrap.install(None)
    parked = sorted(world.system.stores.parking.list_parked(), key=lambda item: item.body or "")
    assert {item.reason for item in parked} == {ParkReason.EXHAUSTED}
    assert all(item.advice for item in parked)
    world.desk.faults = []
    for item in parked:
        release(world.runtime, item.id)
    for _ in range(3):
        world.later(minutes=30)
    assert sorted(world.ticket.customer) == ["one", "three", "two"]


def test_a_storm_of_refusals_keeps_everybodys_order() -> None:
    world = Busy()
    for name in world.people:
        world.write(name)
    world.play()
    world.down(429, times=60, retry_after="20")
    for _ in range(5):
        for name in world.people:
            world.write(name, 2)
        world.minutes(1)
    world.minutes(60)
    for name in world.people:
        assert world.said(name) == list(range(1, 12))
    assert world.parked() == []


@pytest.mark.parametrize("status", [503, 0], ids=["refused", "broken connections"])
def test_a_platform_that_is_down_gets_each_reply_once_and_in_order(status: int) -> None:
    world = Busy()
    world.write("Ann Ash")
    world.write("Ben Birch")
    world.play()
    world.down(status, twin=world.meta)
    for number in range(4):
        world.desk.agent_reply(world.ticket("Ann Ash")["id"], f"Answer {number}")
        world.desk.agent_reply(world.ticket("Ben Birch")["id"], f"Answer {number} for Ben")
        world.minutes(30)
    calls = len(world.meta.calls)
    world.minutes(30)
    assert len(world.meta.calls) - calls <= 20
    statuses = {
        item.status
        for name in ("Ann Ash", "Ben Birch")
        for item in world.system.stores.deliveries.deliveries(world.ticket(name)["external_id"])
    }
    assert statuses == {DeliveryStatus.WAITING if status else DeliveryStatus.UNKNOWN}
    world.meta.faults = []
    world.minutes(60)
    ours = [item["message"] for item in world.meta.world.data["comments"].values() if "Answer" in item["message"]]
    for whose in ("", " for Ben"):
        mine = [text for text in ours if text.endswith("for Ben") == bool(whose)]
        assert [text[: len("Answer 0") + len(whose)] for text in mine] == [
            f"Answer {number}{whose}" for number in range(4)
        ]
    assert world.parked() == []


def test_a_reply_that_meets_an_open_breaker_waits_and_is_certainly_unsent() -> None:
    world = Busy()
    world.write("Ann Ash")
    world.play()
    world.down(503, twin=world.meta)
    world.desk.agent_reply(world.ticket("Ann Ash")["id"], "Answer one")
    world.minutes(10)
    calls = len(world.meta.calls)
    world.desk.agent_reply(world.ticket("Ann Ash")["id"], "Answer two")
    world.play()
    [delivery] = world.system.stores.deliveries.deliveries(world.ticket("Ann Ash")["external_id"])
    assert delivery.status is DeliveryStatus.WAITING
    assert len(world.meta.calls) == calls


def test_two_containers_share_one_breaker() -> None:
    world = Busy()
    for name in world.people:
        world.write(name)
    http = TwinHttp({META: world.meta, ZENDESK: world.desk})
    other = application_of(world.system, http, world.clock, world.telemetry)
    world.play()
    world.down()
    ours, theirs = (app.runtime.connectors.helpdesk(DESK) for app in (world.app, other))
    ticket = world.ticket("Ann Ash")
    case = ticket["external_id"]
    theirs_before = len(world.desk.calls)
    for _ in range(OPENS_AFTER + 3):
        with pytest.raises(UnavailableError):
            ours.find_ticket(case)
    assert len(world.desk.calls) - theirs_before == OPENS_AFTER
    world.clock.advance(seconds=11)
    with pytest.raises(UnavailableError, match="not asked"):
        theirs.find_ticket(case)
    assert len(world.desk.calls) - theirs_before == OPENS_AFTER
    world.clock.advance(seconds=5)
    for client in (theirs, ours, theirs, ours):
        with pytest.raises(UnavailableError):
            client.find_ticket(case)
    assert len(world.desk.calls) - theirs_before == OPENS_AFTER + 1, "half open lets one through"
    world.desk.faults = []
    world.clock.advance(seconds=31)
    assert ours.find_ticket(case) == theirs.find_ticket(case)


def test_polls_leave_the_reserve_of_a_budget_to_replies() -> None:
    world = Busy()
    world.write("Ann Ash")
    world.play()
    for _ in range(600):  # of 700 in a minute
        world.desk.world.limit("account", most=700, seconds=60)
    hurried = world.app.runtime.connectors.helpdesk(DESK)
    patient = world.app.runtime.connectors.helpdesk(DESK, patient=True)
    hurried.find_ticket(world.ticket("Ann Ash")["external_id"])
    with pytest.raises(RateLimitedError, match="not asked"):
        patient.touched_since(None)
    world.desk.agent_reply(world.ticket("Ann Ash")["id"], "Answer one")
    world.play()
    assert world.posted() == {"Answer one": 1}
    world.clock.advance(seconds=61)
    patient.touched_since(None)


# ---- bursts over the vendor's own limit ------------------------------------------------------------------------------


def updates(world: Busy) -> Counter[str]:
    return Counter(line for line in world.desk.calls if line.startswith("PUT"))


def test_a_hundred_messages_in_five_minutes_reach_zendesk_within_its_limit() -> None:
    world = Busy()
    for _ in range(100):
        world.write("Ann Ash")
        world.play()
        world.clock.advance(seconds=2)
        if world.written["Ann Ash"] % 20 == 0:
            world.watch()
    assert updates(world).most_common(1)[0][1] <= 30
    world.minutes(3)
    assert world.said("Ann Ash") == list(range(1, 101))
    assert not [item for item in world.telemetry.lines if item[2].get("error_code") == "ticket_busy"]
    world.desk.agent_reply(world.ticket("Ann Ash")["id"], "Answer one")
    world.minutes(1)
    assert world.posted() == {"Answer one": 1}
    world.minutes(10)
    world.write("Ann Ash")
    world.play()
    assert world.ticket("Ann Ash")["comments"][-1]["text"].startswith("Ann-101.")


def test_where_somebody_else_uses_the_same_user_zendesks_own_refusal_leads_the_same_way() -> None:
    world = Busy()
    world.write("Ann Ash")
    world.play()
    number = world.ticket("Ann Ash")["id"]
    for _ in range(27):
        world.desk.world.limit(f"update:{world.desk.integration}:{number}", most=30, seconds=600)
    world.write("Ann Ash", 10)
    world.play()
    assert len(world.said("Ann Ash")) < 11
    assert world.system.queues["inbound"].depth() == 0, "nothing is tried again and again"
    world.minutes(12)
    assert world.said("Ann Ash") == list(range(1, 12))
    assert world.parked() == []
