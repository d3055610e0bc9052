"""A stand-in for one Zammad: the part of its API that Careloop uses, a trigger with its webhook, and agents and
customers to play with. By Zammad's source and documentation (2021 to 2026)."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

from careloop.twins.base import Deliver
from careloop.twins.zammad_api import ZammadApi
from careloop.twins.zammad_world import Data
from chalicelib.ports.services import Clock


class ZammadTwin(ZammadApi):
    """The helpdesk. Tickets and articles are named by number, also as text. Deliveries wait until `flush`."""

    def __init__(
        self, clock: Clock, *, token: str = "Yp1RrX0EmMXCBCfVzNl4Vb4Yp1RrX0Em", deliver: Deliver | None = None
    ) -> None:
        super().__init__(clock, token=token)
        self.deliver = deliver

    # -- agents and customers ------------------------------------------------------------------------------------------

    def add_agent(self, login: str, firstname: str) -> int:
        """One more agent; the user's number."""
        with self.lock:
            return self.world.add_user(login, firstname, role="Agent")

    def agent_reply(
        self,
        ticket: Any,
        text: str = "",
        *,
        html: str = "",
        agent: int | None = None,
        state: str | None = None,
        files: Mapping[str, bytes] | None = None,
    ) -> int:
        """A public note in the pages; the article."""
        return self._say(ticket, text, html, agent, internal=False, state=state, files=files)

    def agent_note(self, ticket: Any, text: str, *, agent: int | None = None) -> int:
        """An internal note; the article."""
        return self._say(ticket, text, "", agent, internal=True)

    def customer_reply(self, ticket: Any, text: str) -> int:
        """The customer answers by e-mail; the article."""
        with self.lock:
            found = self.world.ticket(ticket)
            given = {"body": text, "type": "email", "sender": "Customer"}
            article = self.world.write(found, given, int(found["customer_id"]))
            self.hooks.look()
            return int(article["id"])

    def set_state(self, ticket: Any, state: str) -> None:
        """Change the state in the pages."""
        with self.lock:
            self.world.set_state(self.world.ticket(ticket), state)

    def solve(self, ticket: Any) -> None:
        """Close, which can be taken back."""
        self.set_state(ticket, "closed")

    def remove(self, ticket: Any) -> None:
        """Beyond reopening."""
        self.set_state(ticket, "removed")

    def merge(self, source: Any, target: Any) -> None:
        """Merge `source` into `target`."""
        with self.lock:
            self.world.merge(self.world.ticket(source), self.world.ticket(target), self.world.agent)
            self.hooks.look()

    def _say(
        self,
        ticket: Any,
        text: str,
        html: str,
        agent: int | None,
        *,
        internal: bool,
        state: str | None = None,
        files: Mapping[str, bytes] | None = None,
    ) -> int:
        kind = "text/html" if html else "text/plain"
        given: Data = {"body": html or text, "content_type": kind, "type": "note", "internal": internal}
        given["attachments"] = [
            {"filename": name, "mime-type": "image/png", "data": base64.b64encode(content).decode("ascii")}
            for name, content in (files or {}).items()
        ]
        with self.lock:
            found = self.world.ticket(ticket)
            article = self.world.write(found, given, agent or self.world.agent)
            if state is not None:
                self.world.set_state(found, state)
            self.hooks.look()
            return int(article["id"])

    # -- webhooks ------------------------------------------------------------------------------------------------------

    def add_webhook(self, url: str, token: str) -> None:
        """Set the webhook's endpoint and signature token; articles from now on are told."""
        with self.lock:
            self.hooks.look()
            self.hooks.data.update(url=url, token=token)

    def flush(self) -> int:
        """Try to deliver what is due, once; how much was accepted. What failed waits again, four times."""
        return self.hooks.flush(self.deliver) if self.deliver is not None else 0

    @property
    def pending(self) -> int:
        """Deliveries that wait."""
        return len(self.hooks.data["pending"])

    # -- the whole -----------------------------------------------------------------------------------------------------

    def dump(self) -> dict[str, Any]:
        with self.lock:
            copied: dict[str, Any] = json.loads(json.dumps({"world": self.world.data, "hooks": self.hooks.data}))
            return {**copied, "token": self.token}

    def load(self, data: Mapping[str, Any]) -> None:
        with self.lock:
            copied = json.loads(json.dumps(dict(data)))
            self.world.data, self.hooks.data, self.token = copied["world"], copied["hooks"], copied["token"]

    def snapshot(self) -> dict[str, Any]:
        """Tickets with their articles, for a page: plain data."""
        with self.lock:
            return {"tickets": [self._seen(item) for item in self.world.data["tickets"].values()]}

    def _seen(self, ticket: Data) -> Data:
        kept = ("id", "number", "title", "state", "group", "tags", "customer_id", "careloop_case")
        return {
            **{name: ticket.get(name) for name in kept},
            "comments": [
                {
                    "id": item["id"],
                    "author": item["from"],
                    "role": item["sender"].lower(),
                    "public": not item["internal"],
                    "text": item["body"],
                    "created_at": item["created_at"],
                }
                for item in self.world.of_ticket(ticket["id"])
            ],
        }
