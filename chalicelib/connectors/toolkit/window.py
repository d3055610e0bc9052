"""A place in a helpdesk's list of entries with growing ids (transactions, follow-ups), as a cursor.

Ids grow, but they become visible out of order: a transaction that takes long to commit appears after younger ones, and
clusters hand out ids in blocks. So a cursor holds an id up to which everything is dealt with for good, and the ids
above it that have been dealt with already: ``1200|1207.1211``. What is in between is looked for again each time.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from chalicelib.core.ids import Cursor

OVERLAP = timedelta(minutes=5)
"""No transaction takes longer to commit (a web server gives up on the agent's request sooner). Measured on the remote's
clock alone: against the youngest transaction of the list."""
MOST_SEEN = 200
"""Fewer than are read at once, so that each look brings something new. With more than this in five minutes, the overlap
is shorter."""
_CURSOR = re.compile(r"([0-9]{1,18})(?:\|([0-9.]{0,4000}))?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Everything up to ``after`` is dealt with, and beyond it those in ``seen``."""

    after: int = 0
    seen: frozenset[int] = field(default_factory=frozenset)

    def has(self, number: int) -> bool:
        """Whether this id is dealt with."""
        return number <= self.after or number in self.seen

    def moved(self, rows: Iterable[tuple[int, datetime]]) -> Window:
        """After `rows` (id, creation), everything that a look beyond ``after`` listed, old and new."""
        known = {number: at for number, at in rows if number > self.after}
        if not known:
            return self
        youngest = max(known.values())
        ids = sorted(known)
        after = max(self.after, *ids[:-MOST_SEEN], 0)
        for number in ids:
            if youngest - known[number] <= OVERLAP:
                break
            after = max(after, number)
        return Window(after=after, seen=frozenset(number for number in ids if number > after))

    @property
    def cursor(self) -> Cursor:
        """As text."""
        ids = ".".join(str(number) for number in sorted(self.seen))
        return Cursor(f"{self.after}|{ids}" if ids else str(self.after))


def read_window(cursor: Cursor | None) -> Window:
    """The window of a cursor; one that can't be read counts as none."""
    found = _CURSOR.fullmatch(cursor or "")
    if found is None:
        return Window()
    ids = (int(text) for text in (found[2] or "").split(".") if text)
    after = int(found[1])
    return Window(after=after, seen=frozenset(number for number in ids if number > after))
