"""Entries of ``object: instagram``: comments and mentions, and private messages, as events of ``instagram``.

What happened stands in ``changes``, in ``messaging`` or ``standby``, or flat in the entry itself: the keys decide, not
the flavour of login. Source: Instagram Platform > Webhooks, examples (2025-11-24).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from chalicelib.connectors.platforms._meta.entry import Entry
from chalicelib.connectors.platforms._meta.instagram_comments import PUBLIC_FIELDS
from chalicelib.connectors.platforms._meta.instagram_messages import MESSAGING_FIELDS, parse_item, parse_standby_item
from chalicelib.connectors.toolkit.payload import Collector, Reader, parse_time

_ITEMS: Mapping[str, Callable[[Entry, Collector, Reader], None]] = {
    "messaging": parse_item,
    "standby": parse_standby_item,
}


def parse_entry(out: Collector, entry: Reader) -> None:
    """All that happened at one account. A bad item blocks neither its neighbours nor the entry's other lists."""
    account = Entry(page=entry.need_id("id"), sent_at=parse_time(entry.value.get("time")))
    change = partial(_change, account, out)
    out.attempt(partial(_each, "changes", change, out), entry)
    for name, parse in _ITEMS.items():
        out.attempt(partial(_each, name, partial(parse, account, out), out), entry)
    if entry.has("field"):
        out.attempt(change, entry)
    elif not any(entry.has(name) for name in ("changes", *_ITEMS)):
        out.ignore("changed_fields" if entry.has("changed_fields") else "entry/unknown")


def _each(name: str, parse: Callable[[Reader], None], out: Collector, entry: Reader) -> None:
    for item in entry.items(name):
        out.attempt(parse, item)


def _change(entry: Entry, out: Collector, change: Reader) -> None:
    """``field`` and ``value``, wherever they stand."""
    field = change.need_text("field")
    make = PUBLIC_FIELDS.get(field)
    if make is not None:
        out.events.append(make(entry, change.need("value")))
    elif field in MESSAGING_FIELDS:
        parse_item(entry, out, change.need("value"))
    else:
        out.ignore(f"changes/{field}")
