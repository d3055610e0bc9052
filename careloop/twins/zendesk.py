"""A stand-in for one Zendesk account: the part of the Support API that Careloop uses, its limits and its webhooks, and
agents and customers to play with. Facts: developer.zendesk.com (2026-08)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from careloop.twins.base import Deliver
from careloop.twins.zendesk_api import ZendeskApi
from careloop.twins.zendesk_hooks import TEMPLATE
from careloop.twins.zendesk_people import Data
from careloop.twins.zendesk_world import VIA_WEB
from chalicelib.ports.services import Clock


class ZendeskTwin(ZendeskApi):
    """The account. ``integration`` is the user whose token Careloop has, ``agent`` somebody who answers.

    Tickets and comments are named by id, as number or text. What the vendor refuses raises
    `careloop.twins.zendesk_people.Refused`. Deliveries wait until `flush`.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        email: str = "careloop@acme.example",
        api_token: str = "twin-api-token-1",
        access_token: str = "",
        deliver: Deliver | None = None,
    ) -> None:
        super().__init__(clock, email=email, api_token=api_token, access_token=access_token)
        self.hooks = self.desk.hooks
        self.deliver = deliver
        self.agent = int(self.world.add_user("Ana Agent", "agent", email="ana@acme.example")["id"])

    # -- agents and customers ------------------------------------------------------------------------------------------

    def add_agent(self, name: str) -> int:
        """One more agent; the user id."""
        with self.lock:
            return int(self.world.add_user(name, "agent")["id"])

    def agent_reply(
        self, ticket: Any, text: str = "", *, html: str = "", agent: int | None = None, status: str | None = None
    ) -> int:
        """A public reply in the agents' interface; ``status`` is what the submit button sets. The comment's id."""
        return self._write(ticket, text, html, public=True, author=agent or self.agent, status=status)

    def agent_note(self, ticket: Any, text: str, *, agent: int | None = None) -> int:
        """An internal note; the comment's id."""
        return self._write(ticket, text, "", public=False, author=agent or self.agent, status=None)

    def customer_reply(self, ticket: Any, text: str) -> int:
        """The requester answers by e-mail: that reopens what is not closed. The comment's id."""
        found = self.world.ticket(ticket)
        status = None if found["status"] == "new" else "open"
        return self._write(ticket, text, "", public=True, author=int(found["requester_id"]), status=status)

    def set_status(self, ticket: Any, status: str, *, agent: int | None = None) -> None:
        """Change the status in the agents' interface."""
        self._change(ticket, {"status": status}, agent or self.agent)

    def solve(self, ticket: Any) -> None:
        """Done; can be reopened."""
        self.set_status(ticket, "solved")

    def close(self, ticket: Any) -> None:
        """Closed for good (an automation does so days after solving)."""
        self.set_status(ticket, "closed")

    def merge(self, source: Any, target: Any) -> None:
        """Merge `source` into `target` in the agents' interface."""
        with self.lock:
            self.desk.merge(source, target, self.agent, VIA_WEB)

    def make_private(self, ticket: Any, comment: Any) -> None:
        """Take a public comment back into the house."""
        with self.lock:
            self.desk.make_private(ticket, comment, self.agent)

    def redact(self, ticket: Any, comment: Any, text: str) -> None:
        """Black `text` out of a comment for good."""
        with self.lock:
            self.desk.redact(ticket, comment, text, self.agent)

    def delete(self, ticket: Any) -> None:
        """Delete a ticket softly: the API no longer knows it."""
        with self.lock:
            self.desk.delete(ticket, self.agent)

    def _write(self, ticket: Any, text: str, html: str, *, public: bool, author: int, status: str | None) -> int:
        body = {"html_body": html} if html else {"body": text}
        change: Data = {"comment": {**body, "public": public, "author_id": author}}
        if status is not None:
            change["status"] = status
        audit = self._change(ticket, change, author)
        return int(next(item["id"] for item in audit["events"] if item["type"] == "Comment"))

    def _change(self, ticket: Any, change: Data, actor: int) -> Data:
        with self.lock:
            _, audit = self.desk.update(ticket, change, actor, VIA_WEB)
            return audit

    # -- webhooks ------------------------------------------------------------------------------------------------------

    def add_webhook(
        self,
        url: str,
        secret: str,
        *,
        subscriptions: Sequence[str] = (),
        template: str = TEMPLATE,
        tag: str | None = "careloop",
    ) -> str:
        """See `ZendeskHooks.add`. A webhook is one or the other kind and stays so."""
        with self.lock:
            return self.hooks.add(url, secret, subscriptions=tuple(subscriptions), template=template, tag=tag)

    def flush(self) -> int:
        """Try to deliver everything that waits, once; how much was accepted. What is to be repeated waits again."""
        if self.deliver is None:
            return 0
        with self.lock:
            waiting = self.hooks.take()
        accepted = 0
        for webhook, delivery in waiting:
            status = self.hooks.attempt(webhook, delivery, self.deliver)
            accepted += 200 <= status < 300
            with self.lock:
                self.hooks.settle(delivery, status)
        return accepted

    @property
    def pending(self) -> int:
        """Deliveries that wait."""
        return len(self.hooks.data["pending"])

    # -- the whole -----------------------------------------------------------------------------------------------------

    def dump(self) -> dict[str, Any]:
        with self.lock:
            copied: dict[str, Any] = json.loads(json.dumps({"world": self.world.data, "hooks": self.hooks.data}))
            return {**copied, "integration": self.integration, "agent": self.agent}

    def load(self, data: Mapping[str, Any]) -> None:
        with self.lock:
            copied = json.loads(json.dumps(dict(data)))
            self.world.data, self.hooks.data = copied["world"], copied["hooks"]
            self.integration, self.agent = copied["integration"], copied["agent"]

    def snapshot(self) -> dict[str, Any]:
        """Tickets with their comments, for a page: plain data."""
        with self.lock:
            return {"tickets": [self._seen(item) for item in self.world.data["tickets"].values()]}

    def _seen(self, ticket: Data) -> Data:
        users = self.world.data["users"]
        requester = users[str(ticket["requester_id"])]
        kept = ("id", "subject", "status", "tags", "external_id", "followup_source_id", "created_at", "updated_at")
        return {
            **{name: ticket[name] for name in kept},
            "requester": {name: requester[name] for name in ("id", "name", "external_id")},
            "comments": [
                {
                    "id": item["id"],
                    "author": users[str(item["author_id"])]["name"],
                    "role": users[str(item["author_id"])]["role"],
                    "public": item["public"],
                    "text": item["plain_body"],
                    "created_at": item["created_at"],
                }
                for item in self.world.comments(ticket["id"])
            ],
        }
