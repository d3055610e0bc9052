"""Tryton's contacts as a feed: first all parties by id, then whatever was changed, by date. Pure.

Parties, their contact mechanisms and their addresses are dated each by itself: a changed number leaves the party's date
as it was. A date is that of the beginning of the transaction, in the database's zone: so what was changed lately is
read again for a while, as far back as a long transaction, or a clock set back by an hour, may hide something.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from chalicelib.connectors.crms.tryton.domains import Domain
from chalicelib.connectors.toolkit.payload import Reader
from chalicelib.core.ids import Cursor

MODELS: Mapping[str, str] = {
    "party.party": "id",
    "party.contact_mechanism": "party",
    "party.address": "party",
}
"""What is followed, and the field that names the party."""
MODIFIED = "last_modified_at"
ANY: Domain = ["active", "in", [True, False]]
"""Without it, Tryton leaves out what is inactive."""
PAGE = 200
CHANGES = 60
"""Changed records of each model in one page: together no more parties than one page of them."""
OVERLAP = timedelta(minutes=65)
RECENT = 2 * OVERLAP
"""For so long after the last change that was seen, `OVERLAP` before it is read again."""
NEWEST = [[MODIFIED, "DESC"], ["id", "DESC"]]
OLDEST = [[MODIFIED, "ASC"], ["id", "ASC"]]
BY_ID = [["id", "ASC"]]

Place = tuple[str, int]
"""A record's date (ISO 8601, in the database's zone) and id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """Where the feed stands. ``after``: all parties up to this id were given; None: all were. ``known``: the newest
    change of each model that was seen; ``moved``: when by our clock; ``walk``: while changes are read, how far."""

    known: Mapping[str, Place] = field(default_factory=dict)
    moved: str = ""
    after: int | None = 0
    walk: Mapping[str, Place] | None = None


def read_cursor(cursor: Cursor | None) -> State | None:
    """What `write_cursor` wrote; None: from the beginning, also when it is none of ours."""
    try:
        data = json.loads(cursor or "")
        return State(
            known=_places(data["known"]),
            moved=datetime.fromisoformat(data["moved"]).isoformat(),
            after=None if data["after"] is None else int(data["after"]),
            walk=None if data["walk"] is None else _places(data["walk"]),
        )
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def write_cursor(state: State) -> Cursor:
    """For the store."""
    return Cursor(json.dumps(asdict(state), separators=(",", ":"), sort_keys=True))


def beginning(newest: Mapping[str, Place], now: datetime) -> State:
    """Before the first page: changes are followed from the newest on that there was then."""
    return State(known=newest, moved=now.isoformat())


def after_parties(state: State, last: int | None, now: datetime) -> State:
    """After a page of parties that ended with `last`; None: it was the last page."""
    return replace(state, after=last) if last is not None else replace(state, after=None, moved=now.isoformat())


def walking(state: State, now: datetime) -> State:
    """Where the changes are read from."""
    if state.walk is not None:
        return state
    if now - datetime.fromisoformat(state.moved) > RECENT:
        return replace(state, walk=state.known)
    return replace(state, walk={model: (_earlier(at), 0) for model, (at, _) in state.known.items()})


def after_changes(state: State, seen: Mapping[str, Place], now: datetime, *, more: bool) -> State:
    """After a page of changes whose last records are `seen`."""
    walk = {**(state.walk or {}), **seen}
    if more:
        return replace(state, walk=walk)
    known = {model: max(place, state.known.get(model, place)) for model, place in walk.items()}
    moved = state.moved if known == state.known else now.isoformat()
    return replace(state, known=known, moved=moved, walk=None)


def changed_since(place: Place | None) -> Domain:
    """The domain of all records after a place."""
    if place is None:
        return [ANY]
    at = _moment(place[0])
    return [ANY, ["OR", [[MODIFIED, ">", at]], [[MODIFIED, "=", at], ["id", ">", place[1]]]]]


def place_of(record: Reader) -> Place:
    """A record's date and id. Raises PayloadError."""
    here = record.need(MODIFIED)
    parts = [here.value.get(name) if isinstance(here.value, dict) else None for name in _PARTS]
    try:
        year, month, day, hour, minute, second, fraction = (int(part) for part in parts)  # type: ignore[arg-type]
        found = datetime(year, month, day, hour, minute, second, fraction, tzinfo=UTC).replace(tzinfo=None)
    except (TypeError, ValueError, OverflowError):
        raise here.wrong("a date and time expected") from None
    return found.isoformat(timespec="microseconds"), record_id(record)


def record_id(record: Reader) -> int:
    """A record's id. Raises PayloadError."""
    number = record.need_id("id")
    if not (number.isascii() and number.isdigit() and len(number) <= 18):
        raise record.wrong("a record's id expected")
    return int(number)


_PARTS = ("year", "month", "day", "hour", "minute", "second", "microsecond")


def _moment(at: str) -> dict[str, Any]:
    found = datetime.fromisoformat(at)
    return {"__class__": "datetime", **{name: getattr(found, name) for name in _PARTS}}


def _earlier(at: str) -> str:
    return (datetime.fromisoformat(at) - OVERLAP).isoformat(timespec="microseconds")


def _places(data: Mapping[str, Sequence[Any]]) -> dict[str, Place]:
    found = {model: (str(at), int(number)) for model, (at, number) in data.items() if model in MODELS}
    for at, _ in found.values():
        if datetime.fromisoformat(at).tzinfo is not None:
            raise ValueError("a date of the database has no zone")
    return found
