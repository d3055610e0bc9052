"""Polling: tickets with our tag by the time of their last change.

Times of one change become visible late and several share a millisecond, so a cursor holds a time, and which tickets at
what time after it have been told: ``1795000000000|42.1795000000123``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from chalicelib.connectors.helpdesks.zammad.reading import Shown
from chalicelib.core.events import HelpdeskHint
from chalicelib.core.ids import Cursor, TicketId
from chalicelib.ports.helpdesk import TouchedTickets

OVERLAP = timedelta(minutes=2)
PAGE = 100
MOST_SEEN = 300
_CURSOR = re.compile(r"([0-9]{1,14})(?:\|([0-9.,]{0,12000}))?")
_SEEN = re.compile(r"([0-9]{1,18})\.([0-9]{1,14})")

Seen = frozenset[tuple[str, int]]


def read(cursor: Cursor | None, now: datetime) -> tuple[int, Seen, bool]:
    """Milliseconds since 1970, what was told after them, and whether this is a beginning."""
    found = _CURSOR.fullmatch(cursor or "")
    if found is None:
        return _milliseconds(now - OVERLAP), frozenset(), True
    pairs = (_SEEN.fullmatch(item) for item in (found[2] or "").split(","))
    return int(found[1]), frozenset((item[1], int(item[2])) for item in pairs if item), False


def condition(after: int, tag: str) -> dict[str, Any]:
    """What to search for: the database's own condition, no index."""
    at = datetime.fromtimestamp(after / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return {
        "ticket.tags": {"operator": "contains one", "value": tag},
        "ticket.updated_at": {"operator": "after (absolute)", "value": at},
    }


def touched(rows: Iterable[Shown], after: int, seen: Seen, *, more: bool) -> TouchedTickets:
    """Hints for what was not told, and the next cursor."""
    told = [(row, _milliseconds(row.updated_at)) for row in rows if row.updated_at is not None]
    hints: dict[str, HelpdeskHint] = {}
    for row, at in told:
        if (row.id, at) not in seen:
            hints.setdefault(row.id, HelpdeskHint(ticket=TicketId(row.id), reason="poll", case=row.case))
    known = {*seen, *((row.id, at) for row, at in told)}
    newest = max((at for _, at in known), default=after)
    # a full page moves on to its end, or the overlap alone would fill the next one
    edge = max(after, newest - 1 if more else newest - int(OVERLAP.total_seconds() * 1000))
    ordered = sorted((item for item in known if item[1] > edge), key=lambda item: (item[1], item[0]))
    if len(ordered) > MOST_SEEN:
        edge = ordered[-MOST_SEEN - 1][1]
        ordered = [item for item in ordered if item[1] > edge]
    text = ",".join(f"{ticket}.{at}" for ticket, at in ordered)
    return TouchedTickets(
        hints=tuple(hints.values()), cursor=Cursor(f"{edge}|{text}" if text else str(edge)), more=more
    )


def _milliseconds(at: datetime | None) -> int:
    return int(at.timestamp() * 1000) if at else 0
