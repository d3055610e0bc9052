"""A stand-in for Freshdesk: its API v2, agents and customers to play with, automation rules that call a webhook.

As strict as the vendor where the vendor is strict: ids are numbers, one requester, known custom fields, a search that
lags, replies that can't be changed, merges told only by a note (developer.freshdesk.com/api, 2026-11).
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from careloop.twins.base import Deliver, Handler, reply_json
from careloop.twins.base import TwinRequest as Request
from careloop.twins.base import TwinResponse as Response
from careloop.twins.freshdesk_api import FreshdeskApi
from careloop.twins.freshdesk_world import Data, plain
from chalicelib.ports.services import Clock

RETRIES = (timedelta(minutes=5), timedelta(minutes=30), timedelta(minutes=60))
"""Between attempts of a webhook (support.freshdesk.com 132589, 2026-01)."""


class FreshdeskTwin(FreshdeskApi):
    """One account. ``api_key`` is Careloop's; the agent ``ours`` writes with it, the agent ``agent`` answers."""

    name = "freshdesk"

    def __init__(self, clock: Clock, *, api_key: str = "twin-api-key-1", deliver: Deliver | None = None) -> None:
        super().__init__(clock, api_key)
        self._deliver = deliver

    # -- what agents and customers do ----------------------------------------------------------------------------------

    def agent_reply(self, ticket: str, text: str, *, files: Mapping[str, bytes] | None = None) -> str:
        """An answer by the Reply box, which quotes what was said before; the conversation's id."""
        with self.lock:
            found = self._ticket(ticket)
            quoted = f'<blockquote class="freshdesk_quote">{found["description"]}</blockquote>'
            body = f'<div>{self.escaped(text)}</div><div class="freshdesk_quote">{quoted}</div>'
            return self._by_agent(found, body, source=0, private=False, files=files)

    def agent_public_note(self, ticket: str, text: str) -> str:
        """An answer by a public note; the conversation's id."""
        with self.lock:
            return self._by_agent(self._ticket(ticket), f"<div>{self.escaped(text)}</div>", source=2, private=False)

    def agent_note(self, ticket: str, text: str) -> str:
        """A private note; the conversation's id."""
        with self.lock:
            return self._by_agent(self._ticket(ticket), f"<div>{self.escaped(text)}</div>", source=2, private=True)

    def customer_reply(self, ticket: str, text: str) -> str:
        """The requester answers by e-mail; the conversation's id."""
        with self.lock:
            found = self._ticket(ticket)
            entry = self._converse(found, self.escaped(text), user=found["requester_id"], source=0, incoming=True)
            return str(entry["id"])

    def solve(self, ticket: str) -> None:
        """Resolved."""
        self.set_status(ticket, 4)

    def set_status(self, ticket: str, status: int) -> None:
        """An agent sets it; 5 closes, 6 and more are the company's own."""
        with self.lock:
            self._update(self._ticket(ticket), status=status)
            self._rule(self._ticket(ticket))

    def delete(self, ticket: str) -> None:
        """Into the trash."""
        with self.lock:
            self._update(self._ticket(ticket), deleted=True)

    def mark_spam(self, ticket: str) -> None:
        """Into the spam folder."""
        with self.lock:
            self._update(self._ticket(ticket), spam=True)

    def archive(self, ticket: str) -> None:
        """What happens 120 days after closing."""
        with self.lock:
            self._update(self._ticket(ticket), status=5, archived=True)

    def delete_contact(self, contact: str) -> None:
        """An agent puts a contact into the trash, where it keeps its ids."""
        with self.lock:
            self._data["contacts"][contact]["deleted"] = True

    def merge(self, source: str, target: str) -> None:
        """`source` is closed with a private note that names `target`, which gets a note with what was said."""
        with self.lock:
            ticket, into = self._ticket(source), self._ticket(target)
            told = f"This ticket is closed and merged into ticket {into['id']}"
            self._converse(ticket, told, user=self.agent, source=2, private=True)
            words = f"Merged from ticket {ticket['id']}<br><br>Description:<br>{ticket['description']}"
            self._converse(into, words, user=self.agent, source=2, private=True)
            self._update(ticket, status=5)
            self._rule(ticket)

    # -- automation rules ----------------------------------------------------------------------------------------------

    def add_webhook(self, url: str, secret: str) -> None:
        """A rule "when an agent updates a ticket" that calls `url` with the secret in a header."""
        with self.lock:
            self._data["hooks"] = [{"url": url, "secret": secret}]

    @property
    def pending(self) -> bool:
        """Whether a webhook waits to be called now."""
        with self.lock:
            now = self._clock.now()
            return any(datetime.fromisoformat(item["due"]) <= now for item in self._data["queue"])

    def flush(self) -> int:
        """Call the webhooks that are due, and say how many; one that fails is due again later, three times at most."""
        with self.lock:
            now = self._clock.now()
            due = [item for item in self._data["queue"] if datetime.fromisoformat(item["due"]) <= now]
            self._data["queue"] = [item for item in self._data["queue"] if item not in due]
        for item in due:
            headers = {"content-type": "application/json", "x-webhook-secret": item["secret"]}
            body = json.dumps({"ticket_id": item["ticket"], "event": item["event"]}).encode()
            status = self._deliver("POST", item["url"], headers, body)[0] if self._deliver else 200
            if not 200 <= status < 300 and item["tries"] < len(RETRIES):
                later = (now + RETRIES[item["tries"]]).isoformat()
                with self.lock:
                    self._data["queue"].append({**item, "tries": item["tries"] + 1, "due": later})
        return len(due)

    # -- the whole world -----------------------------------------------------------------------------------------------

    def routes(self) -> dict[tuple[str, str], Handler]:
        return {
            (method, f"/api/v2{path}"): self._guarded(handler) for (method, path), handler in self.api().items()
        } | {("GET", "/files/([0-9]+)"): self._file}

    def dump(self) -> dict[str, Any]:
        with self.lock:
            copied: dict[str, Any] = json.loads(json.dumps(self._data))
            return copied

    def load(self, data: Mapping[str, Any]) -> None:
        with self.lock:
            self._data = json.loads(json.dumps(dict(data)))

    def snapshot(self) -> dict[str, Any]:
        """Tickets with their entries, for a page: plain data."""
        with self.lock:
            return {"tickets": [self._seen(ticket) for ticket in self._data["tickets"].values()]}

    def _seen(self, ticket: Data) -> Data:
        first = {
            "id": "description",
            "public": True,
            "text": plain(ticket["description"]),
            "files": ticket["attachments"],
        }
        entries = [item for item in self._data["conversations"] if item["ticket_id"] == ticket["id"]]
        comments = [
            {
                "id": item["id"],
                "author": self._user_name(item["user_id"]),
                "public": not item["private"],
                "incoming": item["incoming"],
                "text": plain(item["body"]),
                "files": item["attachments"],
            }
            for item in entries
        ]
        named = {
            name: ticket[name]
            for name in ("id", "subject", "status", "tags", "requester_id", "custom_fields", "deleted")
        }
        return {**named, "comments": [{**first, "author": self._user_name(ticket["requester_id"])}, *comments]}

    def _by_agent(
        self, ticket: Data, body: str, *, source: int, private: bool, files: Mapping[str, bytes] | None = None
    ) -> str:
        entry = self._converse(ticket, body, user=self.agent, source=source, private=private)
        for name, content in (files or {}).items():
            entry["attachments"].append(self._attach(name, "image/png", content))
        self._rule(ticket)
        return str(entry["id"])

    def _rule(self, ticket: Data) -> None:
        for hook in self._data["hooks"]:
            now = self._clock.now().isoformat()
            self._data["queue"].append(
                {**hook, "ticket": str(ticket["id"]), "event": "ticket updated", "tries": 0, "due": now}
            )

    def _file(self, request: Request) -> Response:
        found = self._data["files"].get(request.args[0])
        if found is None:
            return reply_json({"code": "not_found"}, 403)
        kind = {"content-type": found["content_type"]}
        return Response(body=base64.b64decode(found["content"]), headers=kind)
