"""What HubSpot is asked for the feed: a search gives at most 10,000 results, sorts by one property, and shows a change
some seconds late. Pure."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from chalicelib.connectors.crms.hubspot.reading import MODIFIED, record_id, values
from chalicelib.connectors.crms.hubspot.searching import PAGE
from chalicelib.connectors.toolkit.date_feed import DateFeed, State
from chalicelib.connectors.toolkit.payload import Reader, parse_time

FEED = DateFeed(unit=timedelta(milliseconds=1), overlap=timedelta(minutes=5), page=PAGE)


def filters(state: State) -> tuple[list[dict[str, Any]], str]:
    """The filters of the next page of changes, and the property to sort by."""
    at = str(state.at)
    if state.tie is None:
        return [_filter(MODIFIED, "GTE", at)], MODIFIED
    return [_filter(MODIFIED, "EQ", at), _filter("hs_object_id", "GT", str(state.tie))], "hs_object_id"


def place(record: Reader) -> tuple[int, int]:
    """A contact's date of change and id. Raises PayloadError."""
    found = parse_time(values(record).get(MODIFIED))
    if found is None:
        raise record.wrong("a date of change expected")
    return FEED.units(found), int(record_id(record))


def _filter(name: str, operator: str, value: str) -> dict[str, Any]:
    return {"propertyName": name, "operator": operator, "value": value}
