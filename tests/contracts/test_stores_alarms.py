"""The contract of alarms, of what checks remember, and of signs of life."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.core.alarms import Alarm, AlarmCode, Subject, SubjectKind
from chalicelib.core.health import Health
from chalicelib.core.rhythm import learn, new_rhythm
from chalicelib.ports.stores import Stores
from tests.contracts.families import CountingTable
from tests.fakes.clock import NOON, FrozenClock

PAGE = Subject(kind=SubjectKind.ACCOUNT, name="facebook:123")
DEAD = Alarm(code=AlarmCode.CREDENTIALS, subject=PAGE, what="It is over.", since=NOON, last_seen=NOON)


def test_an_alarm_that_stands_keeps_its_beginning_and_counts_on(stores: Stores, other: Stores) -> None:
    assert stores.alarms.raise_alarm(DEAD)
    later = NOON + timedelta(minutes=15)
    assert not other.alarms.raise_alarm(replace(DEAD, what="Still over.", since=later, last_seen=later))
    [kept] = stores.alarms.list_alarms()
    assert kept == replace(DEAD, what="Still over.", last_seen=later, times=2)


def test_alarms_are_one_per_code_and_subject_oldest_first(stores: Stores) -> None:
    desk = Subject(kind=SubjectKind.HELPDESK, name="facebook:123")
    second = replace(DEAD, code=AlarmCode.SILENCE, since=NOON + timedelta(minutes=1))
    third = replace(DEAD, subject=desk, since=NOON + timedelta(minutes=2))
    for alarm in (third, second, DEAD):
        stores.alarms.raise_alarm(alarm)
    assert list(stores.alarms.list_alarms()) == [DEAD, second, third]


def test_clearing_says_whether_it_stood(stores: Stores, other: Stores) -> None:
    assert not stores.alarms.clear_alarm(DEAD.id)
    stores.alarms.raise_alarm(DEAD)
    assert other.alarms.clear_alarm(DEAD.id)
    assert not stores.alarms.clear_alarm(DEAD.id)
    assert list(stores.alarms.list_alarms()) == []
    assert stores.alarms.raise_alarm(DEAD), "it is new again"


def test_what_stands_is_known_without_asking_for_a_minute(
    stores: Stores, other: Stores, clock: FrozenClock, calls: CountingTable
) -> None:
    assert stores.alarms.standing() == {}
    stores.alarms.raise_alarm(DEAD)
    calls.taken()
    assert set(stores.alarms.standing()) == {DEAD.id}, "one's own change is seen at once"
    assert calls.taken() == []
    other.alarms.clear_alarm(DEAD.id)
    assert set(stores.alarms.standing()) == {DEAD.id}
    clock.advance(minutes=1)
    assert stores.alarms.standing() == {}
    assert calls.taken()[-1:] == ["query"]


def test_alarms_raised_at_the_same_time_are_both_counted(stores: Stores, other: Stores, calls: CountingTable) -> None:
    calls.before_writes.append(lambda: other.alarms.raise_alarm(DEAD))
    assert not stores.alarms.raise_alarm(DEAD)
    [kept] = stores.alarms.list_alarms()
    assert kept.times == 2


@pytest.mark.parametrize("name", ["account|facebook:123", "crm|a|b", "x" * 500, "ü"])
def test_what_a_check_remembers_comes_back(stores: Stores, name: str) -> None:
    assert stores.health.find_health(name) is None
    rhythm = learn(new_rhythm(NOON), [NOON + timedelta(minutes=3)], NOON + timedelta(hours=2))
    health = Health(name=name, checked_at=NOON, rhythm=rhythm, canary_at=NOON)
    stores.health.save_health(health)
    assert stores.health.find_health(name) == health
    again = replace(health, rhythm=None, failing_since=NOON)
    stores.health.save_health(again)
    assert stores.health.find_health(name) == again


def test_a_mark_is_moved_and_forgotten_after_a_week(stores: Stores, clock: FrozenClock) -> None:
    assert stores.health.find_mark("canary|facebook:123") is None
    stores.health.set_mark("canary|facebook:123", NOON)
    stores.health.set_mark("canary|facebook:123", NOON + timedelta(seconds=1))
    assert stores.health.find_mark("canary|facebook:123") == NOON + timedelta(seconds=1)
    assert stores.health.find_mark("checks") is None
    clock.advance(days=8)
    assert stores.health.find_mark("canary|facebook:123") is None
