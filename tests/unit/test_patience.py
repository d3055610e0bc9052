"""Receives are spent slowly enough for half a day, whatever the remote asks for and whatever chance has it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from careloop.local.system import MAX_RECEIVES
from chalicelib.core.patience import HALF_A_DAY, LONGEST_DELAY, RECEIVES, SPREAD, delay


def lasts(told: float | None, chance: float = 0.0) -> float:
    return sum(delay(receives, told, chance) for receives in range(1, RECEIVES + 1))


@pytest.mark.parametrize("told", [None, 0.0, 1.0, 3.0, 30.0, 120.0, 1e6])
def test_half_a_day_passes_before_a_queue_gives_up(told: float | None):
    assert lasts(told) >= HALF_A_DAY.total_seconds()
    assert MAX_RECEIVES == RECEIVES


@given(st.integers(1, 200), st.none() | st.floats(-1e9, 1e9), st.floats(0, 1))
def test_chance_only_adds_and_never_much(receives: int, told: float | None, chance: float):
    wait = delay(receives, told)
    assert 1 <= wait <= LONGEST_DELAY
    assert wait <= delay(receives, told, chance) <= wait * (1 + SPREAD)


def test_what_failed_together_does_not_come_again_together():
    waits = {delay(6, None, chance / 20) for chance in range(20)}
    assert len(waits) == 20


def test_a_remote_is_taken_at_its_word_at_first():
    assert [delay(receives, 7.0) for receives in range(1, 10)] == [7, 7, 7, 7, 7, 7, 7, 8, 16]
