"""Polling: the list of all follow-ups, and the tickets that were merged, which leaves no follow-up."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from chalicelib.connectors.helpdesks.django_helpdesk.reading import Entry
from chalicelib.connectors.helpdesks.django_helpdesk.tickets import LAST, PAGE, Page, TicketReader
from chalicelib.connectors.toolkit.window import OVERLAP, Window, read_window
from chalicelib.core.errors import NotFoundError
from chalicelib.core.events import HelpdeskHint
from chalicelib.core.ids import Cursor, TicketId
from chalicelib.ports.helpdesk import TouchedTickets

MOST_PAGES = 10
MOST_MERGED = 400
_CURSOR = re.compile(r"([0-9|.]{1,4100});([0-9]{1,12});([0-9]{1,12});([0-9.]{0,8000})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where we stand: the window of follow-ups' ids, how many stand before its end, how many tickets were merged, and
    which of these we know."""

    window: Window
    offset: int
    merged_count: int
    merged: frozenset[int]

    @property
    def cursor(self) -> Cursor:
        """As text."""
        known = ".".join(str(item) for item in sorted(self.merged)[-MOST_MERGED:])
        return Cursor(f"{self.window.cursor};{self.offset};{self.merged_count};{known}")


def read_place(cursor: Cursor | None) -> Place | None:
    """The place of a cursor; None for none, or one that is not ours."""
    found = _CURSOR.fullmatch(cursor or "")
    if found is None:
        return None
    known = frozenset(int(item) for item in found[4].split(".") if item)
    window = read_window(Cursor(found[1]))
    return Place(window=window, offset=int(found[2]), merged_count=int(found[3]), merged=known)


def touched_tickets(reader: TicketReader, now: datetime, cursor: Cursor | None) -> TouchedTickets:
    """Tickets on which somebody else than Careloop wrote or changed something, and ours that were merged."""
    place = read_place(cursor)
    if place is None:
        return _from_now_on(reader, now)
    pages = _pages(reader, place)
    entries = [item for page in pages for item in page.entries]
    fresh = [item for item in entries if not place.window.has(item.number)]
    window = place.window.moved((item.number, item.at) for item in entries)
    settled = sum(1 for item in entries if item.number <= window.after)
    offset = max(0, pages[0].start + settled)
    moved, hints = _merges(reader, replace(place, window=window, offset=offset))
    return TouchedTickets(hints=_hints(fresh, hints), cursor=moved.cursor, more=not pages[-1].is_last)


def _from_now_on(reader: TicketReader, now: datetime) -> TouchedTickets:
    page = reader.page(LAST)
    count = reader.count_merged()
    known = frozenset(int(ticket) for ticket, _ in reader.merged()) if count else frozenset()
    window = Window().moved((item.number, item.at) for item in page.entries)
    place = Place(window=window, offset=page.start, merged_count=count, merged=known)
    recent = [item for item in page.entries if item.at >= now - OVERLAP]
    return TouchedTickets(hints=_hints(recent, ()), cursor=place.cursor)


def _pages(reader: TicketReader, place: Place) -> list[Page]:
    """From a page that begins with what is settled for good, on to the last one. What was deleted since moves the rest
    forward, so the place is only a guess."""
    page = _at(reader, place.offset)
    while page.number > 1 and not (page.entries and page.entries[0].number <= place.window.after):
        page = reader.page(page.number - 1)
    pages = [page]
    while not pages[-1].is_last and len(pages) < MOST_PAGES:
        pages.append(reader.page(pages[-1].number + 1))
    return pages


def _at(reader: TicketReader, offset: int) -> Page:
    number = max(0, offset - 1) // PAGE + 1
    try:
        return reader.page(number)
    except NotFoundError:
        return reader.page(LAST)


def _merges(reader: TicketReader, place: Place) -> tuple[Place, tuple[str, ...]]:
    count = reader.count_merged()
    if count == place.merged_count:
        return place, ()
    found = reader.merged()
    fresh = tuple(ticket for ticket, is_ours in found if is_ours and int(ticket) not in place.merged)
    known = place.merged | {int(ticket) for ticket, _ in found}
    return replace(place, merged_count=count, merged=known), fresh


def _hints(entries: Iterable[Entry], merged: Iterable[str]) -> tuple[HelpdeskHint, ...]:
    tickets = [item.ticket for item in sorted(entries, key=lambda item: item.number) if item.mark is None]
    return tuple(HelpdeskHint(ticket=TicketId(ticket), reason="poll") for ticket in dict.fromkeys((*tickets, *merged)))
