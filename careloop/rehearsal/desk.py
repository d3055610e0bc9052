"""The helpdesk's side of a rehearsal: what agents find on tickets and do there, and what the judge reads on them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from careloop.twins.zendesk import ZendeskTwin
from careloop.twins.zendesk_people import Refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """``by``: customer, agent or careloop."""

    by: str
    public: bool
    text: str


class Desk:
    """Agents and judges at a Zendesk twin. Tickets are named by number, as text."""

    def __init__(self, twin: ZendeskTwin) -> None:
        self._twin = twin
        self._world = twin.world
        self._seen = int(self._world.data["next"]["ticket"])

    def new_tickets(self) -> Iterator[str]:
        """Those that nobody has looked at yet."""
        end = int(self._world.data["next"]["ticket"])
        for number in range(self._seen, end):
            if str(number) in self._world.data["tickets"]:
                yield str(number)
        self._seen = end

    def status(self, ticket: str) -> str:
        """As the helpdesk calls it."""
        return str(self._world.data["tickets"][ticket]["status"])

    def reply(self, ticket: str, text: str, *, status: str | None = None) -> bool:
        """A public reply; False when the ticket takes none any more."""
        try:
            self._twin.agent_reply(ticket, text, status=status)
        except Refused:
            return False
        return True

    def note(self, ticket: str, text: str) -> None:
        """An internal note, if the ticket takes one."""
        if self.status(ticket) != "closed":
            self._twin.agent_note(ticket, text)

    def solve(self, ticket: str) -> None:
        """Done; can be reopened."""
        if self.status(ticket) != "closed":
            self._twin.solve(ticket)

    def close(self, ticket: str) -> None:
        """For good."""
        if self.status(ticket) == "solved":
            self._twin.close(ticket)

    def tidy(self) -> None:
        """Forget audits, which nobody reads here and which hold every entry once more."""
        self._world.data["audits"].clear()

    # -- for the judge -------------------------------------------------------------------------------------------------

    def tickets(self) -> Iterator[tuple[str, str, str]]:
        """(number, external id, status) of all."""
        for number, ticket in self._world.data["tickets"].items():
            yield number, str(ticket["external_id"] or ""), str(ticket["status"])

    def entries(self, ticket: str) -> Iterator[Entry]:
        """Oldest first."""
        for item in self._world.comments(ticket):
            yield Entry(by=self._by(item), public=bool(item["public"]), text=str(item["plain_body"]))

    def _by(self, item: dict[str, Any]) -> str:
        if item["author_id"] == self._twin.integration:
            return "careloop"
        return "agent" if self._world.data["users"][str(item["author_id"])]["role"] == "agent" else "customer"
