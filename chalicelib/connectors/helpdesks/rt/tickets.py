"""Reading tickets: who said what since when, what became of an attempt, and who is an agent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

from chalicelib.connectors.helpdesks.rt import bodies, queries, reading
from chalicelib.connectors.helpdesks.rt.access import option_list
from chalicelib.connectors.helpdesks.rt.reading import Part, Row, Shown
from chalicelib.connectors.toolkit.api import ApiClient, segment
from chalicelib.connectors.toolkit.asking import readable
from chalicelib.connectors.toolkit.payload import Reader
from chalicelib.core.errors import NotFoundError
from chalicelib.core.ticket import Agent, TicketStatus

PAGE = 100
MOST_PAGES = 50
_FORM = {"content-type": "application/x-www-form-urlencoded"}
_MEANINGS = {
    "pending_statuses": TicketStatus.PENDING,
    "solved_statuses": TicketStatus.SOLVED,
    "closed_statuses": TicketStatus.CLOSED,
}


class TicketReader:
    """The questions to RT. Raises leaves of the error tree."""

    def __init__(self, api: ApiClient, options: Mapping[str, str]) -> None:
        self._api = api
        self._case_field = bodies.case_field(options)
        self._message_field = bodies.message_field(options)
        self._agents: dict[str, Agent] = {}
        named = {
            name.lower(): meaning for option, meaning in _MEANINGS.items() for name in option_list(options, option)
        }
        self._statuses = {**reading.STATUSES, **named}

    def show(self, ticket: str) -> Shown:
        """A ticket, or the one that it was merged into. NotFoundError when there is none."""
        answer = self._api.get(f"/ticket/{segment(ticket)}")
        with readable():
            return reading.shown_ticket(answer.json, self._case_field, self._statuses)

    def find_case(self, case: str) -> list[str]:
        """Ids of the tickets whose field holds exactly `case`, oldest first. RT compares without regard to case."""
        query = queries.by_case(self._case_field, case)
        page = self.search("tickets", query, "CustomFields")
        with readable():
            found = [
                item.need_id("id")
                for item in page.items("items")
                if case in reading.custom_values(item.value, self._case_field)
            ]
        return sorted(found, key=lambda item: (len(item), item))

    def history(self, ticket: str, after: int) -> list[Row]:
        """Entries and changes of status beyond the transaction `after`, oldest first; of a survivor also those of the
        tickets that were merged into it."""
        return self._rows(f"/ticket/{segment(ticket)}/history", queries.history(after))

    def merges(self, ticket: str) -> list[Row]:
        """Where tickets were merged, on a survivor's history."""
        return self._rows(f"/ticket/{segment(ticket)}/history", queries.merges())

    def changes(self, query: str, *, newest_first: bool = False, page: int = 1) -> list[Row]:
        """One page of transactions by TransactionSQL."""
        found = self.search("transactions", query, queries.ROW_FIELDS, newest_first=newest_first, page=page)
        return self._read_rows(found)

    def search(self, what: str, query: str, fields: str, *, newest_first: bool = False, page: int = 1) -> Reader:
        """One page of a search by RT's SQL, which goes as a form: ids and names stay out of web servers' logs."""
        form = {
            "query": query,
            "fields": fields,
            "orderby": "id",
            "order": "DESC" if newest_first else "ASC",
            "per_page": str(PAGE),
            "page": str(page),
        }
        answer = self._api.call(
            "POST", f"/{what}", body=urlencode(form).encode("ascii"), headers=_FORM, idempotent=True
        )
        with readable():
            found = answer.json
            found.need("items")
            return found

    # -- entries -------------------------------------------------------------------------------------------------------

    def find_mark(self, ticket: str, mark: str) -> str | None:
        """The transaction that carries `mark` on this ticket: by the custom field, else by the headers of its message,
        which hold the mark even where the field is missing or was not filled in any more."""
        if self._message_field:
            for row in self.changes(queries.by_mark(self._message_field, mark)):
                if row.ticket == ticket and row.is_marked:
                    return str(row.id)
        fields = {"fields": "ContentType,Filename,Headers,TransactionId"}
        for page in self._pages(f"/ticket/{segment(ticket)}/attachments", fields, newest_first=True):
            with readable():
                parts = [reading.part(item) for item in page.items("items")]
            for part in parts:
                if part.mark == mark and part.transaction:
                    return part.transaction
        return None

    def parts(self, transaction: int) -> list[Part]:
        """The parts of an entry's message."""
        path = f"/transaction/{transaction}/attachments"
        found: list[Part] = []
        for page in self._pages(path, {"fields": "ContentType,Filename,ContentLength"}):
            with readable():
                found += [reading.part(item) for item in page.items("items")]
        return found

    def text(self, part: Part) -> str:
        """The words of a part; none when it was purged meanwhile."""
        try:
            answer = self._api.get(f"/attachment/{segment(part.id)}")
        except NotFoundError:
            return ""
        with readable():
            return reading.content(answer.json)

    def find_agent(self, name: str) -> Agent | None:
        """The user as an agent, or None: RT calls those privileged who work in it. Somebody who is no agent may become
        one, so only agents are remembered."""
        if name not in self._agents:
            try:
                answer = self._api.get(f"/user/{segment(name)}")
            except NotFoundError:
                return None
            with readable():
                user = answer.json
                if user.find_bool("Privileged") is not True:
                    return None
                self._agents[name] = Agent(id=name, name=user.find_text("RealName") or user.find_text("Name"))
        return self._agents[name]

    # -- pages ---------------------------------------------------------------------------------------------------------

    def _rows(self, path: str, conditions: str) -> list[Row]:
        found: list[Row] = []
        for page in self._pages(path, {"query": conditions, "fields": queries.ROW_FIELDS}):
            found += self._read_rows(page)
        return sorted(found, key=lambda item: item.id)

    def _read_rows(self, page: Reader) -> list[Row]:
        with readable():
            return [reading.row(item, self._message_field) for item in page.items("items")]

    def _pages(self, path: str, params: Mapping[str, Any], *, newest_first: bool = False) -> Iterator[Reader]:
        """All pages of a list. RT often does not say whether there is a next one: a full page makes us look."""
        order = "DESC" if newest_first else "ASC"
        for number in range(1, MOST_PAGES + 1):
            answer = self._api.get(path, {**params, "orderby": "id", "order": order, "per_page": PAGE, "page": number})
            with readable():
                page = answer.json
                page.need("items")
                is_full = sum(1 for _ in page.items("items")) >= PAGE
            yield page
            if not (is_full or page.has("next_page")):
                return
