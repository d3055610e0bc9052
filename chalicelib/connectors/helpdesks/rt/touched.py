"""Polling: RT's list of transactions, read from where we stand."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from chalicelib.connectors.helpdesks.rt import queries
from chalicelib.connectors.helpdesks.rt.reading import Row
from chalicelib.connectors.helpdesks.rt.tickets import PAGE, TicketReader
from chalicelib.connectors.toolkit.window import MOST_SEEN, OVERLAP, Window, read_window
from chalicelib.core.events import HelpdeskHint
from chalicelib.core.ids import Cursor, TicketId
from chalicelib.ports.helpdesk import TouchedTickets

PAGES = MOST_SEEN // PAGE + 2
"""Pages of one look: what was seen before, and at least one page of what is new."""


def touched_tickets(
    reader: TicketReader, queues: Iterable[str], own: Callable[[], str], now: datetime, cursor: Cursor | None
) -> TouchedTickets:
    """Tickets in `queues` that somebody else than `own` replied to, commented on, merged, or whose status changed."""
    if cursor is None:
        rows = reader.changes(queries.changes(queues, None), newest_first=True)
        recent = [row for row in rows if row.at >= now - OVERLAP]
        return _touched(recent, Window().moved((row.id, row.at) for row in rows), own)
    window = read_window(cursor)
    query = queries.changes(queues, window.after)
    rows, more = [], True
    for page in range(1, PAGES + 1):
        found = reader.changes(query, page=page)
        rows += found
        more = len(found) >= PAGE
        if not more:
            break
    fresh = [row for row in rows if not window.has(row.id)]
    return _touched(fresh, window.moved((row.id, row.at) for row in rows), own, more=more)


def _touched(rows: Iterable[Row], window: Window, own: Callable[[], str], *, more: bool = False) -> TouchedTickets:
    hints: dict[str, HelpdeskHint] = {}
    for row in sorted(rows, key=lambda item: item.id):
        if row.ticket and row.creator != own():
            hints.setdefault(row.ticket, HelpdeskHint(ticket=TicketId(row.ticket), reason="poll"))
    return TouchedTickets(hints=tuple(hints.values()), cursor=window.cursor, more=more)
