"""Meta's envelope: an object, entries, and in each entry what happened. A table by object finds their reader.

Threads alone has another one: no object, no entries, one event at the top level.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from chalicelib.connectors.toolkit.payload import Collector, Reader, read_json
from chalicelib.core.events import Parsed, PlatformEvent
from chalicelib.core.ids import AccountId

ParseEntry = Callable[[Collector, Reader], None]


def _page(out: Collector, entry: Reader) -> None:
    # Imported late: a body of one object does not pay for the readers of the others.
    from chalicelib.connectors.platforms._meta.page import parse_entry

    parse_entry(out, entry)


def _instagram(out: Collector, entry: Reader) -> None:
    from chalicelib.connectors.platforms._meta.instagram import parse_entry

    parse_entry(out, entry)


def _whatsapp(out: Collector, entry: Reader) -> None:
    from chalicelib.connectors.platforms._meta.whatsapp import parse_entry

    parse_entry(out, entry)


def _threads(out: Collector, entry: Reader) -> None:
    from chalicelib.connectors.platforms._meta.threads import parse_entry

    parse_entry(out, entry)


ENTRY_PARSERS: Mapping[str, ParseEntry] = {
    "page": _page,
    "instagram": _instagram,
    "whatsapp_business_account": _whatsapp,
    "threads": _threads,
}
"""``object`` -> reader of one entry. Another of Meta's objects is one line here."""

TEST_ENTRY = "0"
"""The entry id of the dashboard's "Test" button."""


def parse_body(
    body: bytes,
    parsers: Mapping[str, ParseEntry] = ENTRY_PARSERS,
    accounts: Sequence[AccountId] = (),
    unnamed: str | None = None,
) -> Parsed[PlatformEvent]:
    """The events of a webhook body. Objects without a reader are counted. Raises PayloadError.

    `accounts`: those of the endpoint, for Threads, which does not always name its own. `unnamed`: the object of a body
    that has entries, but names none.
    """
    out = Collector()
    document = read_json(body)
    if document.has("values") and not document.has("entry"):
        from chalicelib.connectors.platforms._meta.threads import parse_event

        parse_event(out, document, accounts)
        return _parsed(out)
    name = document.find_text("object") or unnamed or document.need_text("object")
    document.need("entry")
    parse = parsers.get(name)
    for entry in document.items("entry"):
        if parse is None:
            out.ignore(f"object/{name}")
        else:
            out.attempt(partial(_parse_entry, out, parse), entry)
    return _parsed(out)


def _parsed(out: Collector) -> Parsed[PlatformEvent]:
    return Parsed(events=tuple(out.events), malformed=tuple(out.malformed), ignored=dict(out.ignored))


def _parse_entry(out: Collector, parse: ParseEntry, entry: Reader) -> None:
    if entry.need_id("id") == TEST_ENTRY:
        out.ignore("test")
    else:
        parse(out, entry)
