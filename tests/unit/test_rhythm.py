"""An account's rhythm: what silence is unusual, and what is only the night.

``python -m bench rhythm`` plays half a year of simulated accounts and prints how often the alarm was wrong."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.rhythm import KINDS, LOOK, START, noticed_after, simulate, watched
from chalicelib.core.rhythm import (
    HOUR,
    HOURS,
    LEAST_WATCHED,
    LONGEST_GAP,
    Rhythm,
    full_hour,
    hour_of_week,
    judge,
    learn,
    new_rhythm,
)

OFFICE, EVENINGS, ALWAYS = KINDS


def every(minutes: float, begin: datetime, end: datetime) -> list[datetime]:
    number = int((end - begin) / timedelta(minutes=minutes))
    return [begin + timedelta(minutes=minutes * item) for item in range(number)]


def learned(moments: list[datetime], now: datetime) -> Rhythm:
    return learn(new_rhythm(START), moments, now)


WEEK5 = START + timedelta(weeks=5)


def test_a_busy_account_is_missed_after_an_hour_or_two_and_a_slower_one_later():
    spans = []
    for minutes in (2, 10, 60, 240):
        rhythm = learned(every(minutes, START, WEEK5), WEEK5)
        spans.append(next(hours for hours in range(1, 700) if judge(rhythm, WEEK5 + timedelta(hours=hours)).is_unusual))
    assert spans[0] == 2
    assert spans == sorted(spans)
    assert spans[-1] > 3 * 24


def test_a_silence_is_judged_by_the_hours_it_falls_into():
    """Nine to five on weekdays: the weekend says nothing, Monday morning does."""
    moments = [item for item in every(5, START, WEEK5) if item.weekday() < 5 and 9 <= item.hour < 17 and item < WEEK5]
    rhythm = learned(moments, WEEK5)
    assert rhythm.last_event_at is not None
    assert rhythm.last_event_at.weekday() == 4
    assert not judge(rhythm, WEEK5 + timedelta(hours=9, minutes=30)).is_unusual
    assert judge(rhythm, WEEK5 + timedelta(hours=12)).is_unusual


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
@pytest.mark.parametrize("a_week", [10, 300])
def test_ten_weeks_without_an_outage_raise_nothing(kind, a_week: int):
    found = watched(simulate(kind, a_week, 10, 11), START + timedelta(weeks=10), HOUR)
    assert found.alarms == ()


def test_an_outage_of_a_simulated_account_is_noticed():
    outage = START + timedelta(weeks=6, days=2, hours=10)
    busy = noticed_after(simulate(OFFICE, 3000, 7, 1), outage, timedelta(days=1))
    usual = noticed_after(simulate(OFFICE, 300, 7, 1), outage, timedelta(days=10))
    assert busy is not None
    assert usual is not None
    assert busy <= timedelta(hours=4)
    assert busy < usual <= timedelta(days=5)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 27 * 24 * 60), max_size=40), st.integers(0, 60 * 24 * 60))
def test_a_rare_account_is_never_judged(minutes: list[int], later: int):
    """Fewer than twenty signs of life in four weeks, however they fall: no silence of it means anything."""
    moments = sorted(START + timedelta(minutes=item) for item in minutes)[:19]
    now = START + timedelta(weeks=4)
    assert not judge(learned(moments, now), now + timedelta(minutes=later)).is_unusual


@settings(max_examples=30, deadline=None)
@given(st.integers(1, int(LEAST_WATCHED / LOOK) - 1), st.integers(1, 30))
def test_a_new_account_is_never_judged(looks: int, gap: int):
    now = START + LOOK * looks
    rhythm = learned(every(gap, START, now), now)
    assert not judge(rhythm, min(now + timedelta(days=5), START + LEAST_WATCHED - LOOK)).is_unusual


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 20 * 24 * 60), min_size=1, max_size=300), st.lists(st.integers(1, 5000), max_size=30))
def test_looking_often_learns_the_same_as_looking_once(minutes: list[int], pauses: list[int]):
    moments = sorted(START + timedelta(minutes=item) for item in minutes)
    end = START + timedelta(days=21)
    once = learned(moments, end)
    often, now = new_rhythm(START), START
    for pause in [*pauses, 10**6]:
        now = min(now + timedelta(minutes=pause), end)
        often = learn(often, [item for item in moments if often.until <= item <= now], now)
    assert often == once


@settings(max_examples=25, deadline=None)
@given(st.floats(5, 600), st.integers(0, 200), st.integers(0, 200))
def test_a_longer_silence_is_never_less_unusual(minutes: float, first: int, more: int):
    rhythm = learned(every(minutes, START, WEEK5), WEEK5)
    early, late = judge(rhythm, WEEK5 + HOUR * first), judge(rhythm, WEEK5 + HOUR * (first + more))
    assert late.expected >= early.expected
    assert late.is_unusual or not early.is_unusual
    assert 0.0 <= late.probability <= 1.0


def test_an_outage_does_not_become_the_rhythm():
    rhythm = learned(every(5, START, WEEK5), WEEK5)
    back = WEEK5 + timedelta(days=3)
    again = learn(rhythm, [back], back + HOUR)
    assert again.until == full_hour(back) + HOUR
    assert sum(again.hours) < sum(rhythm.hours) + 2
    assert judge(again, back + timedelta(hours=3)).is_unusual


def test_a_silence_that_is_not_unusual_is_learned_when_it_is_over():
    rhythm = learned(every(240, START, WEEK5), WEEK5)
    back = WEEK5 + timedelta(days=1)
    assert learn(rhythm, [back], back + HOUR).until == full_hour(back) + HOUR


def test_who_has_become_quieter_is_judged_as_such():
    now = WEEK5 + timedelta(days=6)
    quieter = learned([*every(5, START, WEEK5), *every(60, WEEK5, now)], now)
    before = learned(every(5, START, now), now)
    assert quieter.level < 0.25
    assert before.level == pytest.approx(1.0)
    late = now + timedelta(hours=4)
    assert judge(before, late).is_unusual
    assert not judge(quieter, late).is_unusual


def test_after_weeks_of_silence_everything_is_learned_anew():
    rhythm = learned(every(5, START, WEEK5), WEEK5)
    gone = learn(rhythm, [], WEEK5 + LONGEST_GAP + timedelta(hours=2))
    assert sum(gone.slots) == 0
    assert not judge(gone, WEEK5 + LONGEST_GAP + timedelta(days=60)).is_unusual


def test_a_burst_counts_as_its_five_minutes():
    burst = [START + timedelta(seconds=item) for item in range(290)]
    assert sum(learned(burst, START + timedelta(hours=2)).slots) == 1


def test_hours_of_the_week():
    assert hour_of_week(START) == 0
    assert hour_of_week(START - timedelta(seconds=1)) == HOURS - 1
    assert not judge(new_rhythm(START), START + timedelta(days=400)).is_unusual
