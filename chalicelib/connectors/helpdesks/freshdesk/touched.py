"""The cursor over tickets by their change. Pure.

``2026-11-20T11:55:00Z`` is a time from which on to ask; ``2026-11-20T11:55:00Z|3`` the third page from there, for when
more tickets changed in one second than a page holds.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from chalicelib.core.ids import Cursor

OVERLAP = timedelta(minutes=5)
"""What is asked for again, so that what became visible late is not lost."""
PAGE = 100
"""Most rows of a page (developer.freshdesk.com/api, pagination, 2026-11)."""
MOST_PAGES = 300
"""The last page that is answered (developer.freshdesk.com/api, list all tickets, 2026-11)."""
_CURSOR = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z)(?:\|([0-9]{1,3}))?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where to go on."""

    since: str
    page: int = 1

    @property
    def cursor(self) -> Cursor:
        """As text."""
        return Cursor(self.since if self.page == 1 else f"{self.since}|{self.page}")


def stamp(moment: datetime) -> str:
    """A time as Freshdesk takes it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def place_of(cursor: Cursor | None, now: datetime) -> Place:
    """Where a cursor points to; from now on for one that can't be read."""
    found = _CURSOR.fullmatch(cursor or "")
    if found is None:
        return Place(since=stamp(now - OVERLAP))
    return Place(since=found[1], page=min(max(int(found[2] or 1), 1), MOST_PAGES))


def after(place: Place, changed: Sequence[datetime | None], now: datetime) -> tuple[Place, bool]:
    """Where to go on after a page with tickets `changed` at these times, and whether at once. Going on from the last
    one's time keeps the pages shallow; deep ones are slow, and there is an end to them."""
    if len(changed) < PAGE:
        return Place(since=stamp(now - OVERLAP)), False
    last = max((stamp(moment) for moment in changed if moment is not None), default=place.since)
    if last > place.since:
        return Place(since=last), True
    return Place(since=place.since, page=min(place.page + 1, MOST_PAGES)), place.page < MOST_PAGES
