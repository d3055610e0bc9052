"""The breaker and the budgets as pure functions."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.core.budgets import Budget, target_of
from chalicelib.core.remotes import (
    BELONGS,
    LONGEST_REST,
    MOST_BUDGETS,
    OPENS_AFTER,
    Answered,
    RemoteState,
    Verdict,
    answered,
    decide,
    differs,
    learn,
    probing,
    refreshed,
)
from tests.fakes.clock import NOON

HERE = target_of("PUT", "https://desk.example/tickets/1")
THERE = target_of("GET", "https://desk.example/users/1")


def verdict(state: RemoteState, now: datetime = NOON, *, patient: bool = False, target=HERE) -> Verdict:
    return decide(state, now, target=target, patient=patient).verdict


def broken(times: int = OPENS_AFTER, state: RemoteState | None = None, at: datetime = NOON) -> RemoteState:
    state = state or RemoteState()
    for _ in range(times):
        state = learn(state, Answered.FAILED, at)
    return state


def budget(remaining: float, *, limit: float | None = 100, seconds: float = 60, holds_for: str = "") -> Budget:
    return Budget(
        name="left",
        remaining=remaining,
        limit=limit,
        reset_at=NOON + timedelta(seconds=seconds),
        holds_for=holds_for,
    )


@pytest.mark.parametrize(
    ("status", "means"),
    [
        (200, Answered.ALIVE),
        (401, Answered.ALIVE),
        (404, Answered.ALIVE),
        (422, Answered.ALIVE),
        (408, Answered.FAILED),
        (425, Answered.FAILED),
        (429, Answered.REFUSED),
        (500, Answered.FAILED),
        (503, Answered.FAILED),
        (530, Answered.FAILED),
    ],
)
def test_what_a_status_tells_of_a_remotes_health(status: int, means: Answered):
    assert answered(status) is means


def test_it_opens_after_failures_in_a_row_and_not_before():
    assert verdict(broken(OPENS_AFTER - 1)) is Verdict.GO
    assert verdict(broken()) is Verdict.RESTING


@pytest.mark.parametrize("outcome", [Answered.ALIVE, Answered.REFUSED])
def test_an_answer_between_begins_a_new_row(outcome: Answered):
    state = broken(OPENS_AFTER - 1)
    assert verdict(broken(1, learn(state, outcome, NOON))) is Verdict.GO


def test_failures_far_apart_are_no_row():
    state = RemoteState()
    for number in range(20):
        state = learn(state, Answered.FAILED, NOON + number * (BELONGS + timedelta(seconds=1)))
    assert state.open_until is None


def test_half_open_lets_one_through_and_an_answer_closes():
    state = broken()
    assert state.open_until is not None
    later = state.open_until
    assert verdict(state, later) is Verdict.PROBE
    taken = probing(state, later)
    assert verdict(taken, later) is Verdict.RESTING
    assert verdict(learn(taken, Answered.ALIVE, later), later) is Verdict.GO
    assert verdict(taken, later + timedelta(minutes=1)) is Verdict.PROBE  # whoever took it died


def test_each_failed_probe_opens_for_longer_up_to_a_limit():
    state, rests = broken(), []
    for _ in range(12):
        assert state.open_until is not None
        now = state.open_until
        state = learn(probing(state, now), Answered.FAILED, now)
        assert state.open_until is not None
        rests.append(state.open_until - now)
    assert rests == sorted(rests)
    assert rests[0] < rests[-1] == LONGEST_REST


def test_a_call_that_was_under_way_when_it_opened_changes_nothing():
    state = broken()
    assert learn(state, Answered.FAILED, NOON) == state


def test_a_remote_that_says_when_it_is_back_is_believed_within_reason():
    state = learn(broken(OPENS_AFTER - 1), Answered.FAILED, NOON, retry_after=90)
    assert decide(state, NOON, target=HERE, patient=False).wait == 90
    state = learn(broken(OPENS_AFTER - 1), Answered.FAILED, NOON, retry_after=1e9)
    assert decide(state, NOON, target=HERE, patient=False).wait == 600


def test_a_budget_that_is_used_up_is_waited_for_and_forgotten_when_its_window_ends():
    state = learn(RemoteState(), Answered.ALIVE, NOON, budgets=[budget(0)])
    decision = decide(state, NOON, target=HERE, patient=False)
    assert (decision.verdict, decision.wait) == (Verdict.LIMITED, 60)
    assert verdict(state, NOON + timedelta(seconds=60)) is Verdict.GO


def test_the_patient_stop_at_the_reserve_and_the_others_go_on():
    for remaining, patient in ((21, Verdict.GO), (20, Verdict.LIMITED), (1, Verdict.LIMITED)):
        state = learn(RemoteState(), Answered.ALIVE, NOON, budgets=[budget(remaining)])
        assert verdict(state, patient=True) is patient
        assert verdict(state) is Verdict.GO


def test_a_budget_of_one_endpoint_stops_no_other():
    state = learn(RemoteState(), Answered.ALIVE, NOON, budgets=[budget(0, holds_for=HERE.endpoint)])
    assert verdict(state) is Verdict.LIMITED
    assert verdict(state, target=THERE) is Verdict.GO


def test_a_newer_figure_replaces_an_older_one():
    state = learn(RemoteState(), Answered.ALIVE, NOON, budgets=[budget(0)])
    assert verdict(learn(state, Answered.ALIVE, NOON, budgets=[budget(99)])) is Verdict.GO


def test_one_refusal_stops_nobody_and_a_storm_of_them_everybody():
    state = RemoteState()
    for _ in range(2):
        state = learn(state, Answered.REFUSED, NOON, retry_after=600)
        assert verdict(state, target=THERE) is Verdict.GO
    state = learn(state, Answered.REFUSED, NOON, retry_after=600)
    decision = decide(state, NOON, target=THERE, patient=False)
    assert (decision.verdict, decision.wait) == (Verdict.LIMITED, 60)


def test_a_refusal_with_its_budget_stops_what_that_budget_holds_for():
    state = RemoteState()
    for _ in range(5):
        state = learn(
            state, Answered.REFUSED, NOON, budgets=[budget(0, holds_for=HERE.path, seconds=300)], retry_after=300
        )
    assert verdict(state) is Verdict.LIMITED
    assert verdict(state, target=THERE) is Verdict.GO


def test_what_others_should_know():
    now, fine = NOON, RemoteState()
    assert not differs(fine, learn(fine, Answered.FAILED, now), now)
    assert not differs(fine, learn(fine, Answered.ALIVE, now, budgets=[budget(50)]), now)
    tight = learn(fine, Answered.ALIVE, now, budgets=[budget(20)])
    assert differs(fine, tight, now)
    assert not differs(tight, learn(tight, Answered.ALIVE, now, budgets=[budget(19)]), now)
    assert differs(tight, learn(tight, Answered.ALIVE, now, budgets=[budget(0)]), now)
    assert differs(broken(OPENS_AFTER - 1), broken(), now)


def test_a_worker_whose_breaker_another_closed_begins_a_new_row():
    assert verdict(broken(1, refreshed(broken(), RemoteState(version=3), NOON))) is Verdict.GO


calls = st.tuples(
    st.sampled_from(Answered),
    st.floats(0, 300),
    st.lists(
        st.builds(
            Budget,
            name=st.sampled_from("abc"),
            remaining=st.floats(0, 100),
            limit=st.none() | st.floats(1, 100),
            reset_at=st.integers(-60, 7200).map(lambda seconds: NOON + timedelta(seconds=seconds)),
            holds_for=st.sampled_from(["", HERE.endpoint, HERE.path, "x"]),
        ),
        max_size=3,
    ),
    st.none() | st.floats(-1e9, 1e9),
)


@settings(max_examples=40)
@given(st.lists(calls, max_size=25), st.booleans())
def test_whatever_happened_a_call_may_be_made_again_in_time(history, patient: bool):
    """No history shuts a remote for longer than its last window or rest, and what is kept stays small."""
    state, now = RemoteState(), NOON
    for outcome, seconds, budgets, retry_after in history:
        now += timedelta(seconds=seconds)
        state = learn(state, outcome, now, budgets=budgets, retry_after=max(retry_after or 0, 0) or None)
        assert len(state.budgets) <= MOST_BUDGETS
        decision = decide(state, now, target=HERE, patient=patient)
        assert (decision.verdict is Verdict.GO) == (decision.wait == 0 and decision.verdict is not Verdict.PROBE)
        later = now + timedelta(seconds=decision.wait)
        assert decide(state, later, target=HERE, patient=patient).verdict in (Verdict.GO, Verdict.PROBE)
        assert decision.wait <= 7200
