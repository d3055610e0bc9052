"""Meta's envelope: an object, entries, and in each entry what happened. A table by object finds their reader."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from chalicelib.connectors.toolkit.payload import Collector, Reader, read_json
from chalicelib.core.events import Parsed, PlatformEvent

ParseEntry = Callable[[Collector, Reader], None]


def _page(out: Collector, entry: Reader) -> None:
    # Imported late: a body of one object does not pay for the readers of the others.
    from chalicelib.connectors.platforms._meta.page import parse_entry

    parse_entry(out, entry)


ENTRY_PARSERS: Mapping[str, ParseEntry] = {"page": _page}
"""``object`` -> reader of one entry. Another of Meta's objects (instagram ...) is one line here."""

TEST_ENTRY = "0"
"""The entry id of the dashboard's "Test" button."""


def parse_body(body: bytes, parsers: Mapping[str, ParseEntry] = ENTRY_PARSERS) -> Parsed[PlatformEvent]:
    """The events of a webhook body. Objects without a reader are counted. Raises PayloadError."""
    out = Collector()
    document = read_json(body)
    name = document.need_text("object")
    document.need("entry")
    parse = parsers.get(name)
    for entry in document.items("entry"):
        if parse is None:
            out.ignore(f"object/{name}")
        else:
            out.attempt(partial(_parse_entry, out, parse), entry)
    return Parsed(events=tuple(out.events), malformed=tuple(out.malformed), ignored=dict(out.ignored))


def _parse_entry(out: Collector, parse: ParseEntry, entry: Reader) -> None:
    if entry.need_id("id") == TEST_ENTRY:
        out.ignore("test")
    else:
        parse(out, entry)
