"""Polling: a search for tickets of ours, and those that others were merged into, by the date of their last change. A
search gives at most 10,000 results and shows a change some seconds late. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from chalicelib.connectors.helpdesks.hubspot.reading import MERGED, MODIFIED, Shown
from chalicelib.connectors.toolkit.date_feed import DateFeed, State
from chalicelib.core.events import HelpdeskHint
from chalicelib.core.ids import TicketId

PAGE = 100
FEED = DateFeed(unit=timedelta(milliseconds=1), overlap=timedelta(minutes=4), page=PAGE)


def beginning(now: datetime) -> State:
    """From now on, with the overlap."""
    return State(known=FEED.units(now - FEED.overlap), moved=FEED.units(now), after=None)


def search(state: State, case_property: str) -> dict[str, Any]:
    """The body that asks for the next page of changes."""
    at = str(state.at)
    if state.tie is None:
        wanted, sort = [_filter(MODIFIED, "GTE", at)], MODIFIED
    else:
        wanted, sort = [_filter(MODIFIED, "EQ", at), _filter("hs_object_id", "GT", str(state.tie))], "hs_object_id"
    ours = ({"propertyName": name, "operator": "HAS_PROPERTY"} for name in (case_property, MERGED))
    return {
        "filterGroups": [{"filters": [*wanted, item]} for item in ours],
        "properties": [case_property, MERGED, MODIFIED],
        "sorts": [{"propertyName": sort, "direction": "ASCENDING"}],
        "limit": PAGE,
    }


def untold(rows: Iterable[Shown], asked: State) -> list[Shown]:
    """Without those of the newest moment that was seen: once the overlap is over, a search from there gives only them
    again."""
    return [
        row for row in rows if row.modified is None or asked.at != asked.known or FEED.units(row.modified) != asked.at
    ]


def hints(rows: Iterable[Shown]) -> tuple[HelpdeskHint, ...]:
    """For each ticket, and for those that were merged into it: whoever knows only them has to look too."""
    found: dict[str, HelpdeskHint] = {}
    for row in rows:
        found[row.id] = HelpdeskHint(ticket=TicketId(row.id), reason="poll", case=row.case)
        for item in row.merged:
            found.setdefault(item, HelpdeskHint(ticket=TicketId(item), reason="poll"))
    return tuple(found.values())


def _filter(name: str, operator: str, value: str) -> dict[str, Any]:
    return {"propertyName": name, "operator": operator, "value": value}
