"""Salesforce's contacts as a feed: by time of change and id, from the first to the last and on from there. Pure.

A contact that changes while the list is read moves to its end and is given again. Times are given before a transaction
is complete: for a while after the last change that was seen, a little before it is read again.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta

from chalicelib.connectors._salesforce import soql
from chalicelib.connectors.crms.salesforce.reading import PREFIX, contact_id
from chalicelib.connectors.toolkit.payload import Reader
from chalicelib.core.ids import Cursor

PAGE = 500
OVERLAP = timedelta(minutes=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the feed stands: the time and the id of the last contact that was given, and when by our clock it moved.
    ``is_walking``: the page was full, there are more."""

    at: datetime
    id: str
    moved: datetime
    is_walking: bool


def read_cursor(cursor: Cursor | None) -> Place | None:
    """What `write_cursor` wrote; None: from the beginning, also when it is none of ours."""
    try:
        data = json.loads(cursor or "")
        at, moved = (datetime.fromisoformat(data[name]) for name in ("at", "moved"))
        number = str(data["id"])
        if at.tzinfo is None or moved.tzinfo is None or not soql.is_record(number, PREFIX):
            return None
        return Place(at=at, id=number, moved=moved, is_walking=data["is_walking"] is True)
    except (ValueError, TypeError, KeyError):
        return None


def write_cursor(place: Place | None) -> Cursor:
    """For the store."""
    if place is None:
        return Cursor("")
    data = {**asdict(place), "at": place.at.isoformat(), "moved": place.moved.isoformat()}
    return Cursor(json.dumps(data, separators=(",", ":"), sort_keys=True))


def statement(names: Sequence[str], place: Place | None, now: datetime) -> str:
    """The SOQL of the next page."""
    where = f" WHERE {_behind(place, now)}" if place else ""
    return f"SELECT {', '.join(names)} FROM Contact{where} ORDER BY SystemModstamp, Id LIMIT {PAGE}"


def _behind(place: Place, now: datetime) -> str:
    if not place.is_walking and now - place.moved <= 2 * OVERLAP:
        return f"SystemModstamp >= {soql.moment(place.at - OVERLAP)}"
    at = soql.moment(place.at)
    return f"SystemModstamp > {at} OR (SystemModstamp = {at} AND Id > {soql.text(place.id)})"


def after(place: Place | None, rows: Sequence[Reader], now: datetime) -> Place | None:
    """After a page. Raises PayloadError."""
    is_full = len(rows) >= PAGE
    if not rows:
        return replace(place, is_walking=False) if place else None
    last = (rows[-1].need_time("SystemModstamp"), contact_id(rows[-1]))
    if place is not None and not is_full and last <= (place.at, place.id):
        return replace(place, is_walking=False)
    return Place(at=last[0], id=last[1], moved=now, is_walking=is_full)
