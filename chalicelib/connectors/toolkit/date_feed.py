"""A CRM's contacts as a feed where all that it has is a date of change: first all of them, then what was changed. Pure.

Pages of changes begin at the last date that was seen, never at an offset: contacts that change while they are read move
behind the page, not out of sight. Contacts of one moment (a bulk change) that fill a page are read by their ids. What
was changed lately is read again for a while, for changes that show late.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta

from chalicelib.core.ids import Cursor


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """Where the feed stands. Times are whole units since 1970. ``known``: the newest change that was seen; ``moved``:
    when, by our clock. ``after``: while all contacts are listed, the place in the list ("" at its beginning); None:
    they were. ``at``: while changes are read, how far. ``tie``: while those of the moment ``at`` are read, the last
    id."""

    known: int
    moved: int
    after: str | None = ""
    at: int | None = None
    tie: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DateFeed:
    """``unit``: the smallest difference between two dates; ``overlap``: how late a change may show; ``page``: contacts
    of a full page of changes."""

    unit: timedelta
    overlap: timedelta
    page: int

    def units(self, at: datetime) -> int:
        """A date in whole units since 1970."""
        return int(at.timestamp()) * (timedelta(seconds=1) // self.unit) + at.microsecond // _microseconds(self.unit)

    def beginning(self, now: datetime) -> State:
        """Before the first page: changes are followed from a little before now on."""
        return State(known=self.units(now - self.overlap), moved=self.units(now))

    def walking(self, state: State, now: datetime) -> State:
        """Where the changes are read from."""
        if state.at is not None:
            return state
        overlap = self.overlap // self.unit
        is_recent = self.units(now) - state.moved <= 2 * overlap
        return replace(state, at=state.known - (overlap if is_recent else 0))

    def after_changes(self, state: State, seen: Sequence[tuple[int, int]], now: datetime) -> tuple[State, bool]:
        """After a page of changes, each a date and an id; and whether there are more."""
        at, is_full = state.at or 0, len(seen) >= self.page
        if state.tie is not None:
            if is_full:
                return replace(state, tie=max(number for _, number in seen)), True
            return replace(state, at=at + 1, tie=None), True
        last = max((at, *(date for date, _ in seen)))
        if is_full:
            return replace(state, at=last, tie=0 if last == at else None), True
        moved = state.moved if last <= state.known else self.units(now)
        return State(known=max(last, state.known), moved=moved, after=None), False


def read_cursor(cursor: Cursor | None) -> State | None:
    """What `write_cursor` wrote; None: from the beginning, also when it is none of ours."""
    try:
        data = json.loads(cursor or "")
        after = data["after"]
        at, tie = (None if data[name] is None else int(data[name]) for name in ("at", "tie"))
        listed = None if after is None else str(after)
        return State(known=int(data["known"]), moved=int(data["moved"]), after=listed, at=at, tie=tie)
    except (ValueError, TypeError, KeyError):
        return None


def write_cursor(state: State) -> Cursor:
    """For the store."""
    return Cursor(json.dumps(asdict(state), separators=(",", ":"), sort_keys=True))


def _microseconds(unit: timedelta) -> int:
    return unit // timedelta(microseconds=1)
