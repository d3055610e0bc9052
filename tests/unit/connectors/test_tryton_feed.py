"""Tryton's feed: where it goes on, how far back it reads again, and that no cursor stops it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.connectors.crms.tryton import feed
from chalicelib.core.ids import Cursor

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
AT = "2026-11-20T11:00:00.000000"
places = st.dictionaries(
    st.sampled_from(sorted(feed.MODELS)),
    st.tuples(st.datetimes().map(datetime.isoformat), st.integers(0, 10**9)),
)
states = st.builds(
    feed.State,
    known=places,
    moved=st.just(NOW.isoformat()),
    after=st.none() | st.integers(0, 10**9),
    walk=st.none() | places,
)


@given(states)
def test_a_cursor_is_read_as_it_was_written(state: feed.State) -> None:
    assert feed.read_cursor(feed.write_cursor(state)) == state


@given(st.text() | st.sampled_from(["[]", "{}", "null", '{"known":1,"moved":2,"after":3,"walk":4}', '{"known":{}}']))
def test_a_cursor_of_somebody_else_begins_again(text: str) -> None:
    assert feed.read_cursor(Cursor(text)) is None
    assert feed.read_cursor(None) is None


def test_what_changed_lately_is_read_again_and_after_two_hours_no_more() -> None:
    state = feed.after_parties(feed.beginning({"party.party": (AT, 7)}, NOW - timedelta(days=2)), None, NOW)
    soon = feed.walking(state, NOW + timedelta(minutes=130))
    assert soon.walk == {"party.party": ("2026-11-20T09:55:00.000000", 0)}
    late = feed.walking(state, NOW + timedelta(minutes=131))
    assert late.walk == {"party.party": (AT, 7)}
    assert feed.walking(late, NOW) == late, "a walk that has begun goes on"


def test_a_walk_moves_only_forward_and_notes_when() -> None:
    state = replace(feed.beginning({"party.party": (AT, 7)}, NOW), after=None)
    walk = feed.walking(state, NOW)
    later = NOW + timedelta(minutes=15)
    assert feed.after_changes(walk, {"party.party": ("2026-11-20T10:00:00.000000", 9)}, later, more=False) == state
    moved = feed.after_changes(walk, {"party.party": (AT, 8)}, later, more=False)
    assert (moved.known, moved.moved) == ({"party.party": (AT, 8)}, later.isoformat())
    going = feed.after_changes(walk, {"party.address": (AT, 1)}, later, more=True)
    assert going.known == state.known
    assert going.walk is not None
    assert going.walk["party.address"] == (AT, 1)


@pytest.mark.parametrize("place", [None, (AT, 7)])
def test_what_is_inactive_is_asked_for(place: feed.Place | None) -> None:
    assert feed.ANY in feed.changed_since(place)
