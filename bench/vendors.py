"""The least that Facebook and Zendesk must do in a loop, in a few dicts: so that what is measured is Careloop.

The twins of ``careloop/twins`` check tokens, limits, races and shapes as the vendors do, and cost more than the
product; the benchmark uses them where faults and order are checked, and these where time is.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from bench.brand import META, ZENDESK
from chalicelib.core.errors import UnavailableError
from chalicelib.ports.services import HttpRequest, HttpResponse

AGENT, OURSELVES = 7, 8
WHEN = "2026-11-22T12:00:00Z"
_JSON = {"content-type": "application/json"}


@dataclass
class Ticket:
    """A ticket with its comments, oldest first."""

    id: int
    case: str
    requester: int
    comments: list[dict[str, Any]] = field(default_factory=list)

    def said(self) -> list[str]:
        """Public entries of the customer."""
        return [item["html_body"] for item in self.comments if item["author_id"] == self.requester]


class Vendors:
    """The `Http` port over both. ``posted``: what was written on Facebook, as (answered comment, text)."""

    def __init__(self) -> None:
        self.people: dict[str, int] = {}
        self.tickets: dict[int, Ticket] = {}
        self.posted: list[tuple[str, str, str]] = []
        """(the answered comment, the new comment, its text)."""
        self._next = 1000

    def agent_writes(self, ticket: int, text: str) -> None:
        """A public reply by an agent."""
        self._add(self.tickets[ticket], {"html_body": f"<p>{text}</p>", "public": True, "author_id": AGENT}, {})

    # -- HTTP ----------------------------------------------------------------------------------------------------------

    def send(self, request: HttpRequest) -> HttpResponse:
        for base, answer in ((META, self._facebook), (ZENDESK, self._zendesk)):
            if request.url.startswith(base):
                path, _, _ = request.url.removeprefix(base).partition("?")
                data = json.loads(request.body) if request.body else {}
                made = answer(request.method, path.split("/")[1:], data)
                return HttpResponse(status=200, headers=_JSON, body=json.dumps(made).encode())
        raise UnavailableError("no such host")

    def _facebook(self, method: str, path: list[str], data: dict[str, Any]) -> dict[str, Any]:
        _, answered, _ = path  # version, comment, "comments"
        made = f"122101234567890_{self._number()}"
        self.posted.append((answered, made, data["message"]))
        return {"id": made}

    def _zendesk(self, method: str, path: list[str], data: dict[str, Any]) -> dict[str, Any]:
        routes: dict[tuple[str, ...], Callable[..., dict[str, Any]]] = {
            ("POST", "users", "create_or_update"): self._put_user,
            ("POST", "tickets"): self._create,
            ("GET", "users", "me"): lambda _: {"user": {"id": OURSELVES, "role": "admin"}},
        }
        known = routes.get((method, *path[2:]))  # below /api/v2
        if known is not None:
            return known(data)
        ticket = self.tickets[int(path[3])]
        if method == "PUT":
            return self._add(ticket, data["ticket"]["comment"], data["ticket"]["metadata"])
        return self._comments(ticket) if path[4:] == ["comments"] else {"ticket": _shown(ticket)}

    def _put_user(self, data: dict[str, Any]) -> dict[str, Any]:
        external = data["user"]["external_id"]
        found = self.people.setdefault(external, len(self.people) + 100)
        return {"user": {"id": found, "external_id": external, "role": "end-user"}}

    def _create(self, data: dict[str, Any]) -> dict[str, Any]:
        given = data["ticket"]
        ticket = Ticket(id=len(self.tickets) + 1, case=given["external_id"], requester=given["requester_id"])
        self.tickets[ticket.id] = ticket
        self._add(ticket, given["comment"], given["metadata"])
        return {"ticket": _shown(ticket)}

    def _add(self, ticket: Ticket, comment: dict[str, Any], metadata: dict[str, Any]) -> dict[str, Any]:
        made = {
            "id": self._number(),
            "type": "Comment",
            "author_id": comment.get("author_id", OURSELVES),
            "public": comment["public"],
            "html_body": comment["html_body"],
            "plain_body": comment["html_body"],
            "created_at": WHEN,
            "metadata": {"custom": metadata},
        }
        ticket.comments.append(made)
        return {"audit": {"events": [{"type": "Comment", "id": made["id"]}]}}

    def _comments(self, ticket: Ticket) -> dict[str, Any]:
        users = [
            {"id": AGENT, "name": "Ana Agent", "role": "agent"},
            {"id": OURSELVES, "name": "Care", "role": "admin"},
        ]
        return {
            "comments": ticket.comments[::-1],
            "users": [*users, {"id": ticket.requester, "name": "Customer", "role": "end-user"}],
            "meta": {"has_more": False},
        }

    def _number(self) -> int:
        self._next += 1
        return self._next


def _shown(ticket: Ticket) -> dict[str, Any]:
    return {
        "id": ticket.id,
        "external_id": ticket.case,
        "requester_id": ticket.requester,
        "status": "open",
        "tags": ["careloop", "facebook"],
        "metric_set": {"status_updated_at": WHEN},
    }
