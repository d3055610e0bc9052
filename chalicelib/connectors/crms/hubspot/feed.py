"""HubSpot's contacts as a feed: first all of them, then whatever was changed, by date. Pure.

A search gives at most 10,000 results, sorts by one property, and shows a change some seconds late. So each page begins
at the last date that was seen, never at an offset; contacts of one millisecond (a bulk change) are read by their ids;
and what was changed lately is read again for a while.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from chalicelib.connectors.crms.hubspot.reading import MODIFIED, record_id, values
from chalicelib.connectors.crms.hubspot.searching import PAGE
from chalicelib.connectors.toolkit.payload import Reader, parse_time
from chalicelib.core.ids import Cursor

OVERLAP = timedelta(minutes=5)
RECENT = 2 * OVERLAP
"""For so long after the last change that was seen, `OVERLAP` before it is read again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """Where the feed stands. Times are milliseconds since 1970. ``known``: the newest change that was seen; ``moved``:
    when, by our clock. ``after``: while all contacts are listed, HubSpot's place in the list ("" at its beginning);
    None: they were. ``at``: while changes are read, how far. ``tie``: while those of the millisecond ``at`` are read,
    the last id."""

    known: int
    moved: int
    after: str | None = ""
    at: int | None = None
    tie: int | None = None


def read_cursor(cursor: Cursor | None) -> State | None:
    """What `write_cursor` wrote; None: from the beginning, also when it is none of ours."""
    try:
        data = json.loads(cursor or "")
        after = data["after"]
        numbers = {name: None if data[name] is None else int(data[name]) for name in ("at", "tie")}
        return State(
            known=int(data["known"]),
            moved=int(data["moved"]),
            after=None if after is None else str(after),
            **numbers,
        )
    except (ValueError, TypeError, KeyError):
        return None


def write_cursor(state: State) -> Cursor:
    """For the store."""
    return Cursor(json.dumps(asdict(state), separators=(",", ":"), sort_keys=True))


def beginning(now: datetime) -> State:
    """Before the first page: changes are followed from a little before now on."""
    return State(known=_milliseconds(now - OVERLAP), moved=_milliseconds(now))


def walking(state: State, now: datetime) -> State:
    """Where the changes are read from."""
    if state.at is not None:
        return state
    is_recent = _milliseconds(now) - state.moved <= RECENT // timedelta(milliseconds=1)
    return replace(state, at=state.known - (OVERLAP // timedelta(milliseconds=1) if is_recent else 0))


def filters(state: State) -> tuple[list[dict[str, Any]], str]:
    """The filters of the next page of changes, and the property to sort by."""
    at = str(state.at)
    if state.tie is None:
        return [_filter(MODIFIED, "GTE", at)], MODIFIED
    return [_filter(MODIFIED, "EQ", at), _filter("hs_object_id", "GT", str(state.tie))], "hs_object_id"


def after_changes(state: State, records: Sequence[Reader], now: datetime) -> tuple[State, bool]:
    """After a page of changes; and whether there are more. Raises PayloadError."""
    at = state.at or 0
    is_full = len(records) >= PAGE
    if state.tie is not None:
        if is_full:
            return replace(state, tie=max(int(record_id(item)) for item in records)), True
        return replace(state, at=at + 1, tie=None), True
    last = max((at, *map(_changed, records)))
    if is_full:
        # a page of one millisecond alone: a further one would be the same
        return replace(state, at=last, tie=0 if last == at else None), True
    moved = state.moved if last <= state.known else _milliseconds(now)
    return State(known=max(last, state.known), moved=moved, after=None), False


def _changed(record: Reader) -> int:
    found = parse_time(values(record).get(MODIFIED))
    if found is None:
        raise record.wrong("a date of change expected")
    return _milliseconds(found)


def _milliseconds(at: datetime) -> int:
    return int(at.timestamp()) * 1000 + at.microsecond // 1000


def _filter(name: str, operator: str, value: str) -> dict[str, Any]:
    return {"propertyName": name, "operator": operator, "value": value}
