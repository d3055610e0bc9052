"""How far a ticket's notes are dealt with, as a cursor. Pure.

Nothing says that HubSpot's ids grow, so a cursor holds a time (milliseconds since 1970) up to which all notes are dealt
with, and the ids of those after it: ``1795176000000|37.41``. What is younger than some minutes is kept by id, for notes
that show late.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from chalicelib.connectors.helpdesks.hubspot.reading import Entry
from chalicelib.core.ids import Cursor

OVERLAP = timedelta(minutes=5)
MOST_SEEN = 200
_CURSOR = re.compile(r"([0-9]{1,14})(?:\|([0-9.]{0,4000}))?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Everything up to ``after`` is dealt with, and beyond it what is in ``seen``."""

    after: int = 0
    seen: frozenset[str] = field(default_factory=frozenset)

    def has(self, entry: Entry) -> bool:
        """Whether this is dealt with."""
        return milliseconds(entry.at) <= self.after or entry.id in self.seen

    def moved(self, entries: Iterable[Entry]) -> Place:
        """After all of a ticket's `entries`."""
        beyond = sorted((milliseconds(item.at), item.id) for item in entries if milliseconds(item.at) > self.after)
        if not beyond:
            return self
        after = max(self.after, beyond[-1][0] - OVERLAP // timedelta(milliseconds=1))
        if len(beyond) > MOST_SEEN:
            after = max(after, beyond[-MOST_SEEN - 1][0])
        return Place(after=after, seen=frozenset(number for at, number in beyond if at > after))

    @property
    def cursor(self) -> Cursor:
        """As text."""
        text = ".".join(sorted(self.seen, key=int))
        return Cursor(f"{self.after}|{text}" if text else str(self.after))


def read_place(cursor: Cursor | None) -> Place:
    """The place of a cursor; one that can't be read starts over."""
    found = _CURSOR.fullmatch(cursor or "")
    if found is None:
        return Place()
    return Place(after=int(found[1]), seen=frozenset(filter(None, (found[2] or "").split("."))))


def milliseconds(at: datetime) -> int:
    """Since 1970."""
    return int(at.timestamp() * 1000)
