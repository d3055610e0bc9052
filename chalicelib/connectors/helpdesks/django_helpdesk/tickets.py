"""Reading tickets and the list of all follow-ups."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from chalicelib.connectors.helpdesks.django_helpdesk import reading
from chalicelib.connectors.helpdesks.django_helpdesk.access import numbers
from chalicelib.connectors.helpdesks.django_helpdesk.marks import marked, number_of
from chalicelib.connectors.helpdesks.django_helpdesk.reading import DUPLICATE, Entry, Shown
from chalicelib.connectors.toolkit.api import ApiClient, segment
from chalicelib.connectors.toolkit.asking import readable
from chalicelib.connectors.toolkit.payload import Reader
from chalicelib.core.ids import CaseId

PAGE = 100
MOST_PAGES = 50
"""Of follow-ups, when a ticket is looked for by its case."""
MOST_MERGES = 5
LAST = "last"


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page of all follow-ups, oldest first; ``number`` counts from 1."""

    number: int
    count: int
    entries: tuple[Entry, ...]
    is_last: bool

    @property
    def start(self) -> int:
        """How many follow-ups stand before this page."""
        return (self.number - 1) * PAGE


class TicketReader:
    """The questions to django-helpdesk. Raises leaves of the error tree."""

    def __init__(self, api: ApiClient, options: Mapping[str, str]) -> None:
        self._api = api
        self._meanings = reading.meanings(options)
        self._likely = ",".join(str(item) for item in (*numbers(options, "open_statuses", "1, 2"), DUPLICATE))

    def show(self, ticket: str) -> Shown:
        """A ticket. NotFoundError when there is none.

        Asked among the open and the merged ones first: without statuses django-helpdesk reads all tickets that it ever
        had to answer for one (views/api.py of 2.6.1, get_queryset).
        """
        path = f"/tickets/{segment(ticket)}/"
        answer = self._api.get(path, {"status": self._likely}, expect=(404,))
        if answer.status == 404:
            answer = self._api.get(path)
        with readable():
            return reading.shown(answer.json, self._meanings)

    def survivor(self, shown: Shown) -> Shown:
        """The ticket in which `shown` goes on: itself, or where it was merged into at last."""
        seen = {shown.id}
        for _ in range(MOST_MERGES):
            if shown.merged_into is None or shown.merged_into in seen:
                break
            seen.add(shown.merged_into)
            shown = self.show(shown.merged_into)
        return shown

    def find_case(self, case: CaseId) -> str | None:
        """The oldest ticket whose first entry names `case`. Looked for in the list of all follow-ups, from its end: the
        API finds tickets by status alone. One page more than needed, for what was made twice within a short time."""
        found: str | None = None
        page = self.page(LAST)
        for _ in range(MOST_PAGES):
            here = [item.ticket for item in page.entries if item.case == case]
            is_done = found is not None
            found = min([*here, *([found] if found else [])], key=int, default=None)
            if is_done or page.number <= 1:
                break
            page = self.page(page.number - 1)
        return found

    def page(self, number: int | str) -> Page:
        """A page of all follow-ups, or the last one. NotFoundError when there are fewer."""
        answer = self._api.get("/followups/", {"page_size": PAGE, "page": number})
        with readable():
            data = answer.json
            count = _count(data)
            entries = tuple(reading.entry(item) for item in data.items("results"))
            here = max(1, -(-count // PAGE)) if number == LAST else int(number)
            return Page(number=here, count=count, entries=entries, is_last=not data.has("next"))

    def count_merged(self) -> int:
        """How many tickets are duplicates."""
        answer = self._api.get("/tickets/", {"status": DUPLICATE, "page_size": 1})
        with readable():
            return _count(answer.json)

    def merged(self) -> list[tuple[str, bool]]:
        """The youngest duplicates: id, and whether it is one of ours."""
        answer = self._api.get("/tickets/", {"status": DUPLICATE, "page_size": PAGE, "page": LAST})
        with readable():
            found = _merged(answer.json)
            pages = -(-_count(answer.json) // PAGE)
        for number in range(pages - 1, max(0, pages - 4), -1):
            answer = self._api.get("/tickets/", {"status": DUPLICATE, "page_size": PAGE, "page": number}, expect=(404,))
            with readable():
                found += _merged(answer.json)
        return found

    def followup(self, number: str) -> Reader:
        """One follow-up as it is. NotFoundError when there is none."""
        answer = self._api.get(f"/followups/{segment(number)}/")
        with readable():
            reading.entry(answer.json)
            return answer.json


def _count(data: Reader) -> int:
    found = data.need("count")
    if not isinstance(found.value, int) or isinstance(found.value, bool) or not 0 <= found.value < 10**12:
        raise found.wrong("a count expected")
    return found.value


def _merged(data: Reader) -> list[tuple[str, bool]]:
    return [
        (number_of(item), marked(item.find_text("description") or "").case is not None)
        for item in data.items("results")
        if item.has("merged_to")
    ]
