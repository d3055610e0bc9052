"""A place in a case's entries. Ids do not grow reliably, and what was written together becomes visible bit by bit, so a
cursor holds a time, and what after it has been dealt with: ``1795000000000|00aKi000001AbCdIAK``. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from chalicelib.connectors.helpdesks.salesforce.reading import Entry
from chalicelib.core.ids import Cursor

OVERLAP = timedelta(minutes=5)
"""Times are given before a transaction is complete."""
MOST_SEEN = 200
_CURSOR = re.compile(r"([0-9]{1,13})(?:\|([A-Za-z0-9,]{0,8000}))?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Everything up to ``after`` is dealt with, and beyond it those in ``seen``."""

    after: datetime | None = None
    seen: frozenset[str] = field(default_factory=frozenset)

    def has(self, entry: Entry) -> bool:
        """Whether this one is dealt with."""
        return entry.id in self.seen or (self.after is not None and entry.at <= self.after)

    def moved(self, entries: Iterable[Entry]) -> Window:
        """After `entries`, all that a look beyond ``after`` listed, old and new."""
        known = sorted((item.at, item.id) for item in entries if self.after is None or item.at > self.after)
        if not known:
            return self
        edge = known[-1][0] - OVERLAP
        if len(known) > MOST_SEEN:
            edge = max(edge, known[-MOST_SEEN - 1][0])
        after = edge if self.after is None else max(edge, self.after)
        return Window(after=after, seen=frozenset(name for at, name in known if at > after))

    @property
    def cursor(self) -> Cursor:
        """As text."""
        if self.after is None:
            return Cursor("0")
        return Cursor("|".join(filter(None, (str(milliseconds(self.after)), ",".join(sorted(self.seen))))))


def read_window(cursor: Cursor | None) -> Window:
    """The window of a cursor; one that can't be read counts as none."""
    found = _CURSOR.fullmatch(cursor or "")
    if found is None or int(found[1]) == 0:
        return Window()
    return Window(after=moment(int(found[1])), seen=frozenset(filter(None, (found[2] or "").split(","))))


def milliseconds(at: datetime) -> int:
    """Since 1970; never less than one."""
    return max(1, round(at.timestamp() * 1000))


def moment(number: int) -> datetime:
    """The time of so many milliseconds since 1970."""
    return datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=number)
