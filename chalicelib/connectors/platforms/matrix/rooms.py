"""Polling a homeserver: one look at all rooms tells which have news and who invites us, then those rooms are read back.

A look goes on from the one before by the homeserver's own token, and then brings what came since; without one it
brings the newest event of each room, and rooms are read down to the time asked for. The cursor carries the rooms that
are left, so that a poll which hits its bound goes on where it stopped. Source: spec.matrix.org v1.13, Client-Server
API > ``/sync``, ``/rooms/{roomId}/messages``, read 2026-11-22.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from chalicelib.connectors.platforms.matrix.payload import parse_invitation, parse_room
from chalicelib.connectors.toolkit.api import segment
from chalicelib.connectors.toolkit.asking import readable
from chalicelib.connectors.toolkit.payload import Collector, Reader, parse_time, read_json
from chalicelib.core.errors import NotFoundError, PayloadError, RateLimitedError, RejectedError, UnavailableError
from chalicelib.core.events import InboundMessage, MessageDeleted, MessageEdited, Parsed, PlatformEvent, event_key
from chalicelib.core.ids import AccountKey, Cursor
from chalicelib.ports.platform import Polled

V3 = "/_matrix/client/v3"
CALLS = 20
"""Most calls of one poll."""
PAGE_SIZE = 100
OVERLAP = timedelta(hours=1)
"""Events carry the time of the server they were written on; another's may come late."""
FIRST_LOOK = timedelta(hours=1)
"""How far back the first poll of all looks."""
_NEWEST, _NEWS = 1, 50
"""Events of a room that a look brings: without a token, and with one."""

Read = Callable[[str, Mapping[str, Any]], Reader]
"""GET as the brand's user: path and query to JSON. Raises leaves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The cursor. ``since``: the watermark; ``batch``: the homeserver's token of the last look, None: look by time.

    While rooms are left to read: ``began`` and ``following``, what these two become in the end; ``rooms``; and
    ``page``, where to go on in the first of them.
    """

    since: datetime
    batch: str | None = None
    began: datetime | None = None
    following: str | None = None
    rooms: tuple[str, ...] = ()
    page: str | None = None

    @property
    def floor(self) -> datetime:
        """What is older is known."""
        return self.since - OVERLAP

    def without_first(self) -> Place:
        """The first room is read."""
        return replace(self, rooms=self.rooms[1:], page=None)

    def finished(self) -> Place:
        """All rooms are read."""
        return Place(since=self.began or self.since, batch=self.following)

    def write(self) -> Cursor:
        """As `read_place` reads it."""
        data = {
            "since": self.since.isoformat(),
            "batch": self.batch,
            "began": self.began.isoformat() if self.began else None,
            "following": self.following,
            "rooms": list(self.rooms),
            "page": self.page,
        }
        return Cursor(json.dumps({name: value for name, value in data.items() if value}, separators=(",", ":")))


def read_place(cursor: Cursor | None, now: datetime) -> Place:
    """From a cursor; the last hour when there is none, or it can't be read."""
    try:
        data = read_json((cursor or "").encode())
        return Place(
            since=data.need_time("since"),
            batch=data.find_id("batch"),
            began=data.find_time("began"),
            following=data.find_id("following"),
            rooms=tuple(room.need_text() for room in data.items("rooms")),
            page=data.find_id("page"),
        )
    except PayloadError:
        return Place(since=now - FIRST_LOOK)


def cursor_at(moment: datetime) -> Cursor:
    """By time: all rooms are read down to `moment`."""
    return Place(since=moment).write()


class Sweep:
    """One poll under way. ``out.events`` are in no order."""

    def __init__(self, read: Read, account: AccountKey, base_url: str, now: datetime) -> None:
        self._read, self._account, self._base_url, self._now = read, account, base_url, now
        self.out = Collector()

    def poll(self, cursor: Cursor | None) -> Polled:
        """At most `CALLS` calls on from `cursor`. Raises leaves; then nothing is lost, as the cursor stays. A limit
        that is met after the first call ends the poll there."""
        place, calls, limited = read_place(cursor, self._now), 0, False
        if not place.rooms:
            place, calls = self._look(place), 1
        while place.rooms and calls < CALLS and not limited:
            try:
                place = self._page(place)
            except RateLimitedError:
                if calls == 0:
                    raise
                limited = True
            calls += 1
        more = bool(place.rooms)
        place = place if more else place.finished()
        return Polled(parsed=self._parsed(), cursor=place.write(), more=more and not limited, paused=more and limited)

    def _parsed(self) -> Parsed[PlatformEvent]:
        once = {event_key(event): event for event in self.out.events}
        events = tuple(sorted(once.values(), key=_time))
        return Parsed(
            events=events, malformed=tuple(self.out.malformed), ignored=dict(sorted(self.out.ignored.items()))
        )

    # -- the look ------------------------------------------------------------------------------------------------------

    def _look(self, place: Place) -> Place:
        try:
            place, body = self._news(place)
        except (UnavailableError, RejectedError, NotFoundError):
            return self._all_rooms(place)
        with readable():
            following = body.need_id("next_batch")
            joined, invited = _by_room(body, "join"), _by_room(body, "invite")
        rooms: list[str] = []
        for room, entry in joined.items():
            self.out.attempt(partial(self._room, place, room, rooms), entry)
        for room, entry in invited.items():
            self.out.attempt(partial(self._invitation, room), entry)
        return replace(place, began=self._now, following=following, rooms=tuple(rooms))

    def _news(self, place: Place) -> tuple[Place, Reader]:
        try:
            return place, self._read(f"{V3}/sync", _query(place.batch))
        except RejectedError:
            if place.batch is None:
                raise
            # The homeserver no longer knows its token (it was restored from a backup): by time then.
            place = replace(place, batch=None)
            return place, self._read(f"{V3}/sync", _query(None))

    def _all_rooms(self, place: Place) -> Place:
        """Where there is no look: every room is read back to the watermark, and open invitations are in no list.

        Synapse answers 500 to the user that an application service is registered with ("we no longer support AS users
        using /sync directly", handlers/sync.py of 1.163, seen on a real server).
        """
        body = self._read(f"{V3}/joined_rooms", {})
        with readable():
            rooms = tuple(room.need_text() for room in body.items("joined_rooms"))
        return replace(place, batch=None, began=self._now, following=None, rooms=rooms)

    def _room(self, place: Place, room: str, unfinished: list[str], entry: Reader) -> None:
        events = [_in_room(room, event) for event in entry.items("timeline", "events")]
        is_cut = entry.find_bool("timeline", "limited") or False
        self._take(events if place.batch else [event for event in events if _is_since(event, place.floor)])
        if is_cut and all(_is_since(event, place.floor) for event in events):
            unfinished.append(room)

    def _invitation(self, room: str, entry: Reader) -> None:
        """The homeserver gives the invitation as it pushed it (Synapse), or no more than who it is for and from."""
        states = [state for state in entry.items("invite_state", "events") if isinstance(state.value, dict)]
        for state in states:
            if state.find_text("type") == "m.room.member" and state.find_text("state_key") == self._account.account:
                known = {"event_id": "$invitation", "origin_server_ts": int(self._now.timestamp() * 1000)}
                rest = {"room_id": room, "invite_room_state": [other.value for other in states if other is not state]}
                invitation = Reader({**known, **state.value, **rest}, state.path)
                self._add(parse_invitation(invitation, self._account, self._base_url))

    # -- reading back --------------------------------------------------------------------------------------------------

    def _page(self, place: Place) -> Place:
        params = {"dir": "b", "limit": PAGE_SIZE, "from": place.page}
        try:
            page = self._read(f"{V3}/rooms/{segment(place.rooms[0])}/messages", params)
        except (NotFoundError, RejectedError):
            # A room that can't be read must not hide all others for good.
            self.out.ignore("poll/room refused")
            return place.without_first()
        with readable():
            events, end = list(page.items("chunk")), page.find_id("end")
        fresh = [event for event in events if _is_since(event, place.floor)]
        self._take(reversed(fresh))
        goes_on = end is not None and end != place.page and fresh and len(fresh) == len(events)
        return replace(place, page=end) if goes_on else place.without_first()

    def _take(self, events: Any) -> None:
        self._add(parse_room(events, self._account, self._base_url))

    def _add(self, parsed: Parsed[PlatformEvent]) -> None:
        self.out.events += parsed.events
        self.out.malformed += parsed.malformed
        for kind, count in parsed.ignored.items():
            self.out.ignored[kind] = self.out.ignored.get(kind, 0) + count


def _query(batch: str | None) -> dict[str, Any]:
    """Rooms and invitations alone: no state, receipts, presence, account data."""
    nothing = {"not_types": ["*"]}
    timeline = {"limit": _NEWS if batch else _NEWEST}
    room = {"timeline": timeline, "state": nothing, "ephemeral": nothing, "account_data": nothing}
    wanted = {"room": room, "presence": nothing, "account_data": nothing}
    return {"timeout": 0, "since": batch, "filter": json.dumps(wanted, separators=(",", ":"))}


def _by_room(body: Reader, part: str) -> dict[str, Reader]:
    found = body.find("rooms", part)
    return {room: found.need(room) for room in found.keys()} if found is not None else {}  # noqa: SIM118


def _in_room(room: str, event: Reader) -> Reader:
    """Events of a look do not name the room that they are listed under."""
    return Reader({**event.value, "room_id": room}, event.path) if isinstance(event.value, dict) else event


def _is_since(event: Reader, floor: datetime) -> bool:
    """One whose time can't be read may be new."""
    at = parse_time(event.value.get("origin_server_ts")) if isinstance(event.value, dict) else None
    return at is None or at >= floor


def _time(event: PlatformEvent) -> datetime:
    match event:
        case InboundMessage():
            return event.sent_at
        case MessageEdited():
            return event.edited_at
        case MessageDeleted():
            return event.deleted_at
        case _:
            return event.at
