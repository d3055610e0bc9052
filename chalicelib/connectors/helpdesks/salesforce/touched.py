"""Polling: cases of ours, and the comments on them, by the time of their last change.

A comment does not move its case's time, so both are asked for. Times become visible late and many share a second: a
cursor holds a time, and which cases at what time after it have been told:
``1795000000000|500Ki000001AbCdIAK.1795000000123``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib.connectors._salesforce import soql
from chalicelib.connectors.helpdesks.salesforce.reading import case_of, record_id
from chalicelib.connectors.helpdesks.salesforce.window import milliseconds, moment
from chalicelib.connectors.toolkit.payload import Reader
from chalicelib.core.events import HelpdeskHint
from chalicelib.core.ids import CaseId, Cursor, TicketId
from chalicelib.ports.helpdesk import TouchedTickets

OVERLAP = timedelta(minutes=5)
PAGE = 2000
"""Rows of one answer of Salesforce's."""
MOST_SEEN = 300
_CURSOR = re.compile(r"([0-9]{1,13})(?:\|([A-Za-z0-9.,]{0,16000}))?")
_SEEN = re.compile(r"([A-Za-z0-9]{15,18})\.([0-9]{1,13})")

Seen = frozenset[tuple[str, int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Touch:
    """A case that something happened to, in milliseconds since 1970."""

    ticket: str
    case: CaseId | None
    at: int


def read(cursor: Cursor | None, now: datetime) -> tuple[int, Seen]:
    """Milliseconds since 1970, and what was told after them."""
    found = _CURSOR.fullmatch(cursor or "")
    if found is None:
        return milliseconds(now - OVERLAP), frozenset()
    pairs = (_SEEN.fullmatch(item) for item in (found[2] or "").split(","))
    return max(1, int(found[1])), frozenset((item[1], int(item[2])) for item in pairs if item)


def statements(field: str, after: int, own: str, *, posts: bool) -> list[str]:
    """What is asked. ``own``: the user whose comments are ours, "" where it is not known."""
    order = f"SystemModstamp > {soql.moment(moment(after))} ORDER BY SystemModstamp, Id LIMIT {PAGE}"
    since = f"CreatedById != {soql.text(own)} AND {order}" if own else order
    found = [
        f"SELECT Id, {field}, SystemModstamp FROM Case WHERE {field} != null AND {order}",
        f"SELECT ParentId, Parent.{field}, SystemModstamp FROM CaseComment WHERE Parent.{field} != null AND {since}",
    ]
    if posts:
        kinds = soql.among(("TextPost", "ContentPost"))
        found.append(f"SELECT ParentId, SystemModstamp FROM FeedItem WHERE Type IN {kinds} AND {since}")
    return found


def touch(row: Reader, field: str) -> Touch:
    """One row; a post's may be on something else than a case. Raises PayloadError."""
    ticket = record_id(row, "ParentId" if row.has("ParentId") else "Id")
    below = row.value.get("Parent")
    held = below.get(field) if isinstance(below, dict) else row.value.get(field)
    return Touch(ticket=ticket, case=case_of(held), at=milliseconds(row.need_time("SystemModstamp")))


def touched(streams: Sequence[Sequence[Touch]], after: int, seen: Seen) -> TouchedTickets:
    """Hints for what was not told, and the next cursor."""
    full = [max(item.at for item in rows) for rows in streams if len(rows) >= PAGE]
    bound = min(full) if full else None
    rows = [item for stream in streams for item in stream if bound is None or item.at <= bound]
    hints: dict[str, HelpdeskHint] = {}
    for item in rows:
        if (item.ticket, item.at) not in seen:
            hints.setdefault(item.ticket, HelpdeskHint(ticket=TicketId(item.ticket), reason="poll", case=item.case))
    known = {*seen, *((item.ticket, item.at) for item in rows)}
    newest = max((at for _, at in known), default=after)
    overlap = int(OVERLAP.total_seconds() * 1000)
    # a full page moves on to its end, or the overlap alone would fill the next one
    edge = max(after, newest - overlap) if bound is None else max(after + 1, bound - 1)
    ordered = sorted((item for item in known if item[1] > edge), key=lambda item: (item[1], item[0]))
    if len(ordered) > MOST_SEEN:
        edge = ordered[-MOST_SEEN - 1][1]
        ordered = [item for item in ordered if item[1] > edge]
    text = ",".join(f"{ticket}.{at}" for ticket, at in ordered)
    return TouchedTickets(
        hints=tuple(hints.values()), cursor=Cursor(f"{edge}|{text}" if text else str(edge)), more=bound is not None
    )
