"""The calls below Freshdesk's API that several of the client's methods share, and the table of refusals."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any

from chalicelib.connectors.helpdesks.freshdesk import bodies, reading
from chalicelib.connectors.helpdesks.freshdesk.reading import Entry, Shown
from chalicelib.connectors.helpdesks.freshdesk.spec import DEFAULTS
from chalicelib.connectors.toolkit.api import ApiAnswer, ApiClient, segment
from chalicelib.connectors.toolkit.asking import readable
from chalicelib.connectors.toolkit.payload import Reader
from chalicelib.core.errors import (
    ConfigurationError,
    ConflictError,
    CredentialsError,
    NotFoundError,
    TicketClosedError,
    TicketMovedError,
)
from chalicelib.core.ids import TicketId, TicketRef
from chalicelib.core.media import MediaFile
from chalicelib.core.ticket import TicketStatus
from chalicelib.ports.helpdesk import HelpdeskContext
from chalicelib.ports.services import HttpResponse

API = "/api/v2"
PAGE = 100
MOST_ENTRY_PAGES = 50
"""Five thousand entries on one ticket."""
_SETTINGS = frozenset({"missing_field", "invalid_field"})
"""Codes of a field that the company's ticket form demands, or that it does not have."""


class Access:
    """One Freshdesk account. No call is made before a method is called."""

    def __init__(self, context: HelpdeskContext) -> None:
        base, key = context.connection.options.get("base_url"), context.credentials.get("api_key")
        if not base or not key:
            raise ConfigurationError("freshdesk: base_url and api_key are needed")
        self.name = context.connection.name
        self.options: Mapping[str, str] = {**DEFAULTS, **context.connection.options}
        if not self.options["source"].isdecimal():
            raise ConfigurationError("freshdesk: the option source is a number")
        self.site = base.rstrip("/")
        self.http = context.http
        self.clock = context.clock
        login = base64.b64encode(f"{key}:X".encode()).decode("ascii")
        self.api = ApiClient(
            context.http,
            context.clock,
            self.site + API,
            headers={"authorization": f"Basic {login}"},
            refusal=_refuse,
        )
        self._agents: dict[str, str | None] = {}

    def ref(self, ticket: str) -> TicketRef:
        """A ticket of this connection."""
        return TicketRef(helpdesk=self.name, ticket=TicketId(ticket))

    # -- questions -----------------------------------------------------------------------------------------------------

    def ask(self, path: str, params: Mapping[str, Any] | None = None) -> Reader:
        """One GET; an unreadable answer is an UnavailableError."""
        answer = self.api.get(path, params)
        with readable():
            return answer.json

    def rows(self, path: str, params: Mapping[str, Any]) -> list[Reader]:
        """One page of a list."""
        data = self.ask(path, params)
        with readable():
            if not isinstance(data.value, list):
                raise data.wrong("list expected")
            return list(data.items())

    def show(self, ticket: str) -> Shown:
        """A ticket; one that was archived (120 days after it was closed) is looked for there. NotFoundError: gone."""
        answer = self.api.get(f"/tickets/{segment(ticket)}", expect=(404,))
        if archived := answer.status == 404:
            answer = self.api.get(f"/tickets/archived/{segment(ticket)}")
        with readable():
            return reading.shown(answer.json, self.options, archived=archived)

    def entries(self, ticket: Shown) -> list[Entry]:
        """All conversations of a ticket. Those of a ticket in the trash may be refused: then there are none."""
        below = "tickets/archived" if ticket.is_archived else "tickets"
        found: list[Entry] = []
        for page in range(1, MOST_ENTRY_PAGES + 1):
            try:
                rows = self.rows(f"/{below}/{segment(ticket.id)}/conversations", {"page": page, "per_page": PAGE})
            except NotFoundError:
                if ticket.is_gone:
                    return found
                raise
            with readable():
                found += [reading.entry(row, ticket.id, self.options["merge_words"]) for row in rows]
            if len(rows) < PAGE:
                break
        return found

    def agent_name(self, agent: str) -> str | None:
        """An agent's name, asked once. NotFoundError: this is no agent. A key without the right to look gives None."""
        if agent not in self._agents:
            answer = self.api.get(f"/agents/{segment(agent)}", expect=(403,))
            with readable():
                self._agents[agent] = answer.json.find_text("contact", "name") if answer.status == 200 else None
        return self._agents[agent]

    def writable(self, ticket: TicketRef) -> Shown:
        """The ticket before it is written to. TicketClosedError: in the trash, spam, archived, gone; TicketMovedError:
        merged. Freshdesk would take the entry, and nobody would see it."""
        try:
            here = self.show(ticket.ticket)
        except NotFoundError as error:
            raise TicketClosedError("the ticket is gone", remote_code="404") from error
        if here.is_gone:
            raise TicketClosedError("in the trash, marked as spam or archived")
        if here.status is TicketStatus.CLOSED:
            merge = reading.merge_of(here, self.entries(here))
            if merge is not None and merge.merged_into:
                raise TicketMovedError(self.ref(merge.merged_into))
        return here

    # -- writing -------------------------------------------------------------------------------------------------------

    def send(self, path: str, fields: Mapping[str, Any], files: Sequence[MediaFile]) -> ApiAnswer:
        """One POST, not to be repeated."""
        kind, body = bodies.encoded(fields, files)
        return self.api.call("POST", path, body=body, headers={"content-type": kind})

    def change(self, path: str, fields: Mapping[str, Any]) -> ApiAnswer:
        """One PUT, which may be repeated."""
        return self.api.call("PUT", path, data=fields, idempotent=True)

    def drop(self, path: str, params: Mapping[str, Any] | None = None) -> bool:
        """One DELETE, which may be repeated; False: it was gone already."""
        return self.api.call("DELETE", path, params=params, idempotent=True, expect=(404,)).status != 404


def _refuse(response: HttpResponse, body: Reader | None) -> None:
    """Raises the leaf of a refusal that we know; returns to leave it to the general rules, which have 401, 404, 429 and
    5xx right. Freshdesk's own words stay out of errors: they repeat values."""
    if not 400 <= response.status < 500:
        return
    code, field = reading.refusal(body)
    if response.status == 400 and code in _SETTINGS:
        raise ConfigurationError(f"freshdesk: {code} {field or '(unnamed)'}: see the ticket form and the options")
    if response.status == 403:
        advice = (
            "Freshdesk refuses this to the agent whose API key is used: give that agent the right, or another plan."
        )
        raise CredentialsError("HTTP 403", advice=advice, remote_code=code or "403")
    if response.status == 409:
        raise ConflictError("HTTP 409")
