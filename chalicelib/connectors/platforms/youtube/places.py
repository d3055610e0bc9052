"""How far polling came, and what it may still spend today."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from chalicelib.connectors.toolkit.payload import parse_time
from chalicelib.core.ids import Cursor

FIRST = timedelta(hours=1)
"""How far back the first poll of all looks."""
MOST_COUNTS = 300
"""Threads whose replies are counted, the newest, so that a cursor stays small."""
_DAY_BEGINS = timedelta(hours=8)
"""UTC, of midnight Pacific in winter; in summer the quota comes back an hour earlier."""
BURST = 60
"""Units that may be spent ahead of the day's even pace: a sweep after an outage."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """The cursor. ``newest``: the newest comment's time; ``replies``: how many each of the newest threads had, the
    newest first; ``turn``: where the next look at those that left the list begins; ``day``, ``spent``: units that
    polling has used of a quota day.

    Of a sweep that takes several polls: ``goal`` becomes the newest time in the end, ``counts`` what was counted so
    far, ``page`` where the list goes on (None: it is read), ``grown`` the threads whose replies are still to be read.
    """

    newest: datetime
    replies: Mapping[str, int] = field(default_factory=dict)
    turn: int = 0
    day: str = ""
    spent: int = 0
    goal: datetime | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    page: str | None = None
    grown: tuple[str, ...] = ()

    def write(self) -> Cursor:
        """As a cursor."""
        data: dict[str, Any] = {"newest": self.newest.isoformat(), "replies": dict(self.replies)}
        data |= {"turn": self.turn} if self.turn else {}
        data |= {"day": self.day, "spent": self.spent} if self.spent else {}
        if self.goal is not None:
            rest = {"counts": dict(self.counts), "page": self.page, "grown": list(self.grown)}
            data |= {"goal": self.goal.isoformat(), **rest}
        return Cursor(json.dumps(data))

    def used(self, now: datetime, units: int = 1) -> Mark:
        """After a call."""
        today = quota_day(now)
        return replace(self, day=today, spent=(self.spent if self.day == today else 0) + units)

    def is_over(self, now: datetime, daily: int) -> bool:
        """Whether polling has used more than its even share of the day up to now."""
        if self.day != quota_day(now):
            return False
        passed = (now - _DAY_BEGINS - _midnight(now - _DAY_BEGINS)) / timedelta(days=1)
        return self.spent >= min(daily * passed + BURST, daily)

    def finished(self, newest: datetime) -> Mark:
        """The sweep is done."""
        merged = {**self.counts, **{name: count for name, count in self.replies.items() if name not in self.counts}}
        known = dict(list(merged.items())[:MOST_COUNTS])
        return Mark(newest=newest, replies=known, turn=self.turn, day=self.day, spent=self.spent)


def quota_day(now: datetime) -> str:
    """The day of the quota, which begins at midnight Pacific."""
    return (now - _DAY_BEGINS).astimezone(UTC).date().isoformat()


def _midnight(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


def read_mark(cursor: Cursor | None, now: datetime) -> Mark:
    """The place that `cursor` names; the last hour when there is none or it can't be read."""
    try:
        data = json.loads(cursor or "")
        newest, goal = parse_time(data["newest"]), parse_time(data.get("goal"))
        if newest is None:
            raise ValueError
        mark = Mark(
            newest=newest,
            replies=_numbers(data["replies"]),
            turn=int(data.get("turn", 0)),
            day=str(data.get("day", "")),
            spent=int(data.get("spent", 0)),
        )
        if goal is None:
            return mark
        grown = tuple(str(name) for name in data["grown"])
        page = str(data["page"]) if data["page"] else None
        return replace(mark, goal=goal, counts=_numbers(data["counts"]), page=page, grown=grown)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, OverflowError):
        return Mark(newest=now - FIRST)


def _numbers(data: Any) -> dict[str, int]:
    return {str(name): int(count) for name, count in data.items()}
