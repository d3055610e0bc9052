"""Places in X's lists: the cursor of a poll. Pure.

Mentions can be asked for between two ids; private messages only page by page from the newest. A list that is longer
than one poll is taken in several, and only when all of it is taken does ``since`` move.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib.core.ids import Cursor

LAG = timedelta(minutes=2)
"""X's lists may lag by some seconds: below the newest entry, others may still appear. Older ones are settled."""
FIRST_LOOK = timedelta(hours=1)
"""How far back the first poll of an account looks."""

SETTLED = timedelta(days=1)
"""What is older appears in no list any more: a quiet account's place moves on, so that an old one means an outage."""
MENTIONS_LISTED = 800
"""X lists so many of the newest mentions (docs.x.com, user mentions timeline, 2026-08)."""
MENTIONS_SLACK = 20
"""Of these, some may be left out: deleted, or not ours to see."""
MESSAGES_KEPT = timedelta(days=30)

_EPOCH_MS = 1288834974657  # what X's ids count from: milliseconds, then 22 bits that tell ids of the same one apart
_NAMES = ("mentions", "messages")


def id_at(at: datetime) -> int:
    """The smallest id that X could give at `at`; 0 for times before ids were made so (November 2010)."""
    return max(0, int(at.timestamp() * 1000) - _EPOCH_MS) << 22


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """``since``: all up to this id is known. While a long list is taken: ``goal``, what ``since`` becomes in the end,
    ``taken``, how many entries were read, and where to go on: below the id ``until``, or at the page ``token``."""

    since: int
    goal: int | None = None
    until: int | None = None
    token: str | None = None
    taken: int = 0

    @property
    def is_under_way(self) -> bool:
        """Whether more of the list waits to be taken."""
        return self.until is not None or self.token is not None

    def finished(self, ids: list[int], now: datetime) -> Place:
        """The place when these ids, read at `now`, were the last to take."""
        return Place(since=self._goal(ids, now))

    def below(self, ids: list[int], now: datetime) -> Place:
        """The place when there is more below these ids."""
        taken = self.taken + len(ids)
        return Place(since=self.since, goal=self._goal(ids, now), until=min(ids), taken=taken)

    def at_page(self, ids: list[int], now: datetime, token: str) -> Place:
        """The place when there is more from the page `token` on."""
        return Place(since=self.since, goal=self._goal(ids, now), token=token)

    def _goal(self, ids: list[int], now: datetime) -> int:
        """The newest id, but no later than what is settled when the top of the list is read; it never goes back."""
        if self.goal is not None:
            return self.goal
        return max(self.since, id_at(now - SETTLED), min(max(ids, default=0), id_at(now - LAG)))

    def is_cut_off(self, ids: list[int]) -> bool:
        """Whether mentions ended with these ids by X's bound, and not because nothing more is there."""
        return self.taken + len(ids) >= MENTIONS_LISTED - MENTIONS_SLACK

    def is_before(self, kept: timedelta, now: datetime) -> bool:
        """Whether it lies before what X still keeps."""
        return self.since < id_at(now - kept) - 1


def cursor_at(moment: datetime) -> Cursor:
    """Both lists from `moment` on."""
    start = Place(since=max(0, id_at(moment) - 1))
    return write_cursor(dict.fromkeys(_NAMES, start))


def read_cursor(cursor: Cursor | None, now: datetime) -> dict[str, Place]:
    """The places by list. What can't be read starts anew: repeats are harmless, a stuck poll is not."""
    start = Place(since=id_at(now - FIRST_LOOK))
    try:
        data = json.loads(cursor or "{}")
    except (ValueError, RecursionError):
        data = {}
    found = data if isinstance(data, dict) else {}
    return {name: _place(found.get(name)) or start for name in _NAMES}


def _place(values: object) -> Place | None:
    if not isinstance(values, dict) or not _is_id(values.get("since")):
        return None
    token = values.get("token")
    return Place(
        since=values["since"],
        goal=values["goal"] if _is_id(values.get("goal")) else None,
        until=values["until"] if _is_id(values.get("until")) else None,
        token=token if isinstance(token, str) and token else None,
        taken=values["taken"] if _is_id(values.get("taken")) else 0,
    )


def _is_id(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 63


def write_cursor(places: Mapping[str, Place]) -> Cursor:
    """As `read_cursor` reads it."""
    data = {}
    for name, place in sorted(places.items()):
        fields = {"goal": place.goal, "until": place.until, "token": place.token, "taken": place.taken or None}
        data[name] = {"since": place.since, **{key: value for key, value in fields.items() if value is not None}}
    return Cursor(json.dumps(data, separators=(",", ":")))
