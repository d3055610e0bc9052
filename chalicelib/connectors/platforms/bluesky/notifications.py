"""Where polling stands in the list of notifications.

The list is newest first by the earlier of the claimed and the index's time, pages backwards, and has no "since". One
sweep reads from the top down to an overlap below the top of the sweep before, because the index may add late. What is
new is told by digests of what the sweep before had read, not by times: a post that claims an old time stands low, and
servers differ in which time they call ``indexedAt``. A sweep longer than one poll goes on from the cursor's page.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from chalicelib.connectors.platforms.bluesky.payload import parse_document
from chalicelib.connectors.toolkit.payload import Reader, parse_time
from chalicelib.core.events import InboundMessage, MessageEdited, Parsed, PlatformEvent
from chalicelib.core.ids import AccountKey, Cursor, digest

REASONS = ("mention", "reply", "quote")
"""The reasons of notifications that are about care."""
OVERLAP = timedelta(hours=1)
_LOST_PLACE = timedelta(days=1)
_MAX_KNOWN = 2000
"""Of the newest entries, so that a cursor stays small however long a sweep is; others may come twice."""
_ALWAYS = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Times are those that the list is sorted by; ``known`` and ``reading`` map a uri's digest to its cid's.

    Of the last sweep: ``last`` its top, ``floor`` its lowest entry, ``known`` what it read. Of this one, when it takes
    more than one poll: ``page`` where it goes on, ``top``, and ``reading`` what it read so far.
    """

    last: datetime
    floor: datetime
    known: Mapping[str, str] = field(default_factory=dict)
    top: datetime = _ALWAYS
    reading: Mapping[str, str] = field(default_factory=dict)
    page: str | None = None

    def write(self) -> Cursor:
        """The cursor to save."""
        data: dict[str, Any] = {"last": self.last.isoformat(), "floor": self.floor.isoformat(), "known": self.known}
        if self.page is not None:
            data |= {"top": self.top.isoformat(), "reading": self.reading, "page": self.page}
        return Cursor(json.dumps(data, separators=(",", ":")))

    def finished(self, lowest: datetime) -> Place:
        """The sweep reached its end, `lowest` being the last entry that it read."""
        return Place(last=max(self.last, self.top), floor=lowest, known=self.reading)


def cursor_at(moment: datetime) -> Cursor:
    """After a sweep that ended at `moment` and is forgotten: all that stands above is new."""
    return _from(moment).write()


def _from(moment: datetime) -> Place:
    return Place(last=moment, floor=moment - OVERLAP)


def read_place(cursor: Cursor | None, now: datetime) -> Place:
    """From a cursor; None: from now on. A cursor that can't be read costs a day's entries read again, no more."""
    if cursor is None:
        return _from(now)
    try:
        data = json.loads(cursor)
        return Place(
            last=datetime.fromisoformat(data["last"]),
            floor=datetime.fromisoformat(data["floor"]),
            known=dict(data["known"]),
            top=datetime.fromisoformat(data.get("top", _ALWAYS.isoformat())),
            reading=dict(data.get("reading", {})),
            page=data.get("page"),
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        return _from(now - _LOST_PLACE)


def read_page(
    page: Reader, place: Place, account: AccountKey, now: datetime
) -> tuple[Parsed[PlatformEvent], Place, bool]:
    """The new events of one page, the place after it, and whether the sweep goes on below. A post read before with
    another cid was edited; the list does not say when. Raises PayloadError when the page is none."""
    entries = [entry.value for entry in page.items("notifications")]
    below = page.find_id("cursor")
    fresh, changed, reading = _sift(entries, place)
    parsed = parse_document(Reader({"notifications": fresh}, ""), account, now)
    events = tuple(_told(event, changed, place, now) for event in parsed.events)
    ignored = dict(parsed.ignored)
    if len(entries) > len(fresh):
        ignored["read before"] = len(entries) - len(fresh)
    lowest = _sort_time(entries[-1]) if entries else place.last
    top = min(now, max([place.top, *map(_sort_time, entries)]))
    moved = replace(place, top=top, reading=reading, page=below)
    parsed = Parsed(events=events, malformed=parsed.malformed, ignored=ignored)
    if below is None or below == place.page:
        return parsed, moved.finished(_ALWAYS), False
    if lowest < place.last - OVERLAP:
        return parsed, moved.finished(lowest), False
    return parsed, moved, True


def _sift(entries: Sequence[Any], place: Place) -> tuple[list[Any], set[str], dict[str, str]]:
    """(new entries, digests of uris that were known by another cid, all that this sweep has read)."""
    fresh: list[Any] = []
    changed: set[str] = set()
    reading = dict(place.reading)
    for entry in entries:
        uri, cid = _digests(entry)
        is_known = cid in (place.known.get(uri), place.reading.get(uri))
        # Lower than the last sweep went, and not known: it moved up when something above was deleted.
        is_uncovered = uri not in place.known and _sort_time(entry) < place.floor
        if not is_known and not is_uncovered:
            fresh.append(entry)
            if uri in place.known:
                changed.add(uri)
        if uri in reading or len(reading) < _MAX_KNOWN:
            reading[uri] = cid
    return fresh, changed, reading


def _told(event: PlatformEvent, changed: set[str], place: Place, now: datetime) -> PlatformEvent:
    """An entry as what it is: an edit, or a message. One that was not there in the last sweep is newer than that sweep,
    whatever its author's client claims."""
    if not isinstance(event, InboundMessage):
        return event
    if digest(event.key.message, length=10) not in changed:
        return replace(event, sent_at=place.last) if event.sent_at < place.last - OVERLAP else event
    return MessageEdited(
        key=event.key,
        text=event.text,
        edited_at=now,
        thread=event.thread,
        author=event.author,
        version=event.context["cid"],
    )


def joined(parts: Sequence[Parsed[PlatformEvent]]) -> Parsed[PlatformEvent]:
    """Pages come newest first, events leave oldest first."""
    ignored: dict[str, int] = {}
    for kind, count in (item for part in parts for item in part.ignored.items()):
        ignored[kind] = ignored.get(kind, 0) + count
    return Parsed(
        events=tuple(event for part in reversed(parts) for event in part.events),
        malformed=tuple(item for part in reversed(parts) for item in part.malformed),
        ignored=ignored,
    )


def _digests(entry: Any) -> tuple[str, str]:
    """Short names of an entry's uri and version; of the whole entry where it has none."""
    uri = entry.get("uri") if isinstance(entry, dict) else None
    cid = entry.get("cid") if isinstance(entry, dict) else None
    if not isinstance(uri, str) or not isinstance(cid, str):
        uri = cid = json.dumps(entry, sort_keys=True)
    return digest(uri, length=10), digest(cid, length=5)


def _time(entry: Any, name: str) -> datetime | None:
    return parse_time(entry.get(name)) if isinstance(entry, dict) else None


def _sort_time(entry: Any) -> datetime:
    record = entry.get("record") if isinstance(entry, dict) else None
    times = [time for time in (_time(entry, "indexedAt"), _time(record, "createdAt")) if time is not None]
    return min(times, default=datetime.max.replace(tzinfo=UTC))
