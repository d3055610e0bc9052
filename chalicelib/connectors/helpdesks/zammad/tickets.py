"""Reading tickets: what stands on them, where a merged one went on, and what was looked for by its case."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chalicelib.connectors.helpdesks.zammad import bodies, reading
from chalicelib.connectors.helpdesks.zammad.access import API, site
from chalicelib.connectors.helpdesks.zammad.reading import Article, Merge, Shown
from chalicelib.connectors.toolkit.api import ApiClient, segment
from chalicelib.connectors.toolkit.asking import readable
from chalicelib.core.ids import CaseId

MOST_MERGES = 5
_NAMES = {"expand": "true"}


class TicketReader:
    """The questions to Zammad. Raises leaves of the error tree."""

    def __init__(self, api: ApiClient, options: Mapping[str, str]) -> None:
        self._api = api
        self._case_field = bodies.case_field(options)
        self._states = reading.meanings(options)
        self._files = f"{site(options)}{API}/ticket_attachment"

    def show(self, ticket: str) -> Shown:
        """A ticket. NotFoundError when there is none."""
        answer = self._api.get(f"/tickets/{segment(ticket)}", _NAMES)
        with readable():
            return reading.shown_ticket(answer.json, self._case_field, self._states)

    def articles(self, ticket: str) -> list[Article]:
        """All articles of a ticket, in the order of their numbers."""
        answer = self._api.get(f"/ticket_articles/by_ticket/{segment(ticket)}", _NAMES)
        with readable():
            found = [reading.article(item, self._files) for item in answer.json.items()]
        return sorted(found, key=lambda item: item.number)

    def written_on(self, ticket: str) -> frozenset[int]:
        """The articles that were written on this ticket, and not moved there by a merge, by its history."""
        answer = self._api.get(f"/ticket_history/{segment(ticket)}")
        with readable():
            return reading.written(answer.json)

    def merge(self, ticket: str) -> Merge | None:
        """Where a merged ticket went on, by its history."""
        answer = self._api.get(f"/ticket_history/{segment(ticket)}")
        with readable():
            return reading.merge_of(answer.json)

    def path_from(self, shown: Shown) -> list[tuple[Shown, Merge | None]]:
        """`shown` and the tickets in which it went on, each with its merge; the last one has none."""
        found: list[tuple[Shown, Merge | None]] = []
        seen = set[str]()
        for _ in range(MOST_MERGES):
            merge = self.merge(shown.id) if shown.is_merged else None
            seen.add(shown.id)
            if merge is None or merge.survivor in seen:
                break
            found.append((shown, merge))
            shown = self.show(merge.survivor)
        return [*found, (shown, None)]

    def search(self, condition: Mapping[str, Any], *, limit: int) -> list[Shown]:
        """Tickets by a condition, those that changed first in front."""
        wanted = {"condition": condition, "limit": limit, "sort_by": "updated_at", "order_by": "asc"}
        answer = self._api.call("POST", "/tickets/search", params=_NAMES, data=wanted, idempotent=True)
        with readable():
            return [reading.shown_ticket(item, self._case_field, self._states) for item in answer.json.items()]

    def find_case(self, case: CaseId) -> str | None:
        """The oldest ticket of a case."""
        found = self.search({f"ticket.{self._case_field}": {"operator": "is", "value": [case]}}, limit=10)
        return min((item.id for item in found if item.case == case), key=int, default=None)
