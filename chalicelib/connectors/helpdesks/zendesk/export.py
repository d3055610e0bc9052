"""Polling: the incremental export of tickets that changed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from chalicelib.connectors.helpdesks.zendesk.loose import case_of, look
from chalicelib.connectors.helpdesks.zendesk.reading import ticket_tags
from chalicelib.connectors.toolkit.api import ApiAnswer, ApiClient
from chalicelib.connectors.toolkit.asking import readable
from chalicelib.connectors.toolkit.payload import Reader
from chalicelib.core.errors import CredentialsError, NotFoundError, RejectedError, RetryableError
from chalicelib.core.events import HelpdeskHint
from chalicelib.core.ids import Cursor, TicketId
from chalicelib.core.text.normalise import clean_text
from chalicelib.ports.helpdesk import TouchedTickets

OVERLAP = 360
"""Seconds. The export leaves out the last minute and refuses to start in it."""
PAGE = 500
"""Tickets on a page, of 1000 that are possible: a ticket comes with all its fields and its description."""
MOST_PAGES = 3
"""Of the ten requests that are allowed in a minute."""
_PATH = "/incremental/tickets/cursor"


def touched_tickets(api: ApiClient, now: datetime, cursor: Cursor | None, tag: str) -> TouchedTickets:
    """Our tickets among those that changed. The cursor is ``<unix time>|<Zendesk's cursor>``: should Zendesk no longer
    know its cursor, the export starts over at the time, a little earlier."""
    at, after = _read(cursor, now)
    hints: dict[str, HelpdeskHint] = {}
    for number in range(MOST_PAGES):
        try:
            page = _page(api, at, after)
        except RetryableError:
            if number == 0:
                raise
            return _touched(hints.values(), at, after, more=True)
        with readable():
            for item in page.items("tickets"):
                at = max(at, _changed(item.value))
                hint = _hint(item, tag)
                if hint is not None:
                    hints.setdefault(hint.ticket, hint)
        following = look(page.value, "after_cursor")
        if isinstance(following, str) and following:
            after = clean_text(following)
        if look(page.value, "end_of_stream") is not False:
            return _touched(hints.values(), at, after, more=False)
    return _touched(hints.values(), at, after, more=True)


def _page(api: ApiClient, at: int, after: str) -> Reader:
    try:
        answer = _ask(api, at, after)
    except CredentialsError as error:
        if error.remote_code != "403":
            raise
        raise CredentialsError(
            "HTTP 403", advice="Polling needs the rights of an admin: make Careloop's agent one.", remote_code="403"
        ) from error
    with readable():
        page = answer.json
        page.need("tickets")
        return page


def _ask(api: ApiClient, at: int, after: str) -> ApiAnswer:
    start = {"start_time": max(0, at - OVERLAP), "per_page": PAGE}
    if not after:
        return api.get(_PATH, start)
    try:
        return api.get(_PATH, {"cursor": after, "per_page": PAGE})
    except (RejectedError, NotFoundError):
        return api.get(_PATH, start)


def _touched(hints: Iterable[HelpdeskHint], at: int, after: str, *, more: bool) -> TouchedTickets:
    return TouchedTickets(hints=tuple(hints), cursor=Cursor(f"{at}|{after}"), more=more)


def _read(cursor: Cursor | None, now: datetime) -> tuple[int, str]:
    time, _, after = (cursor or "").partition("|")
    latest = int(now.timestamp())
    if time.isascii() and time.isdigit() and len(time) <= 12:
        return min(int(time), latest), after
    return latest, ""


def _changed(ticket: Any) -> int:
    found = look(ticket, "generated_timestamp")
    return found if isinstance(found, int) and not isinstance(found, bool) and 0 <= found < 10**11 else 0


def _hint(ticket: Reader, tag: str) -> HelpdeskHint | None:
    case = case_of(look(ticket.value, "external_id"))
    if case is None and tag not in ticket_tags(ticket.value):
        return None
    return HelpdeskHint(ticket=TicketId(ticket.need_id("id")), reason="poll", case=case)
