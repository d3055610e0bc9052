"""Entries of ``object: page``: ``changes`` are Facebook's, ``messaging`` and ``standby`` Messenger's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from chalicelib.connectors.platforms._meta.changes import parse_change
from chalicelib.connectors.platforms._meta.entry import Entry
from chalicelib.connectors.platforms._meta.messaging import parse_item, parse_standby_item
from chalicelib.connectors.toolkit.payload import Collector, Reader, parse_time

_LISTS: Mapping[str, Callable[[Entry, Collector, Reader], None]] = {
    "changes": parse_change,
    "messaging": parse_item,
    "standby": parse_standby_item,
}


def parse_entry(out: Collector, entry: Reader) -> None:
    """All that happened at one page. A bad item blocks neither its neighbours nor the entry's other lists."""
    page = Entry(page=entry.need_id("id"), sent_at=parse_time(entry.value.get("time")))
    for name, parse in _LISTS.items():
        out.attempt(partial(_each, name, partial(parse, page, out), out), entry)
    if not any(entry.has(name) for name in _LISTS):
        # "Include values" is off in the app's settings: Meta says that something changed, not what.
        out.ignore("changed_fields" if entry.has("changed_fields") else "entry/unknown")


def _each(name: str, parse: Callable[[Reader], None], out: Collector, entry: Reader) -> None:
    for item in entry.items(name):
        out.attempt(parse, item)
