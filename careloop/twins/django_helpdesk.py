"""A stand-in for one django-helpdesk: its REST API with its faults, its webhook, and agents and customers to play with.
Behaviour as seen on django-helpdesk 2.6.1 (2026-11-22)."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

from careloop.twins.base import Deliver
from careloop.twins.django_helpdesk_api import DjangoHelpdeskApi
from careloop.twins.django_helpdesk_world import CLOSED, OPEN, RESOLVED, Data
from chalicelib.ports.services import Clock

HOOK_USER = "careloop"


class DjangoHelpdeskTwin(DjangoHelpdeskApi):
    """The helpdesk. User 1 is Careloop's, user 2 an agent. Tickets and follow-ups are named by number, also as text.

    Unlike the real one, which calls in the middle of the agent's request, webhooks wait until `flush`; like the real
    one it calls once.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        token: str = "3fc9ea9c1fdf2f4360f882b945d3afb3ac8c6dd7",
        deliver: Deliver | None = None,
    ) -> None:
        super().__init__(clock, token=token)
        self.deliver = deliver
        self.agent = 2

    # -- agents and customers ------------------------------------------------------------------------------------------

    def add_agent(self, name: str) -> int:
        """One more agent; the user's number."""
        with self.lock:
            return self.world.add_user(name)

    def agent_reply(
        self,
        ticket: Any,
        text: str = "",
        *,
        agent: int | None = None,
        status: int | None = None,
        files: Mapping[str, bytes] | None = None,
    ) -> int:
        """A public follow-up in the pages; its number."""
        return self._say(ticket, text, agent or self.agent, public=True, status=status, files=files)

    def agent_note(self, ticket: Any, text: str, *, agent: int | None = None) -> int:
        """A private follow-up; its number."""
        return self._say(ticket, text, agent or self.agent, public=False)

    def customer_reply(self, ticket: Any, text: str) -> int:
        """The submitter writes on the public page: a follow-up by nobody."""
        return self._say(ticket, text, None, public=True)

    def set_status(self, ticket: Any, status: int, *, agent: int | None = None) -> None:
        """Change the status in the pages: a follow-up without words."""
        self._say(ticket, "", agent or self.agent, public=False, status=status)

    def solve(self, ticket: Any) -> None:
        """Resolve."""
        self.set_status(ticket, RESOLVED)

    def close(self, ticket: Any) -> None:
        """Close, which can be taken back."""
        self.set_status(ticket, CLOSED)

    def reopen(self, ticket: Any) -> None:
        """Open again."""
        self.set_status(ticket, OPEN)

    def mark_duplicate(self, ticket: Any) -> None:
        """Call it a duplicate of nothing in particular: the end of it."""
        with self.lock:
            self.world.need_ticket(ticket)["status"] = 5

    def merge(self, source: Any, target: Any) -> None:
        """Merge `source` into `target`: its follow-ups move, no new one tells of it."""
        with self.lock:
            self.world.merge(self.world.need_ticket(source), self.world.need_ticket(target))

    def delete(self, ticket: Any) -> None:
        """Delete for good."""
        with self.lock:
            self.world.delete(self.world.need_ticket(ticket))

    def _say(
        self,
        ticket: Any,
        text: str,
        user: int | None,
        *,
        public: bool,
        status: int | None = None,
        files: Mapping[str, bytes] | None = None,
    ) -> int:
        with self.lock:
            found = self.world.need_ticket(ticket)
            made = self.world.write(found, text, user, public=public, status=status)
            for name, content in (files or {}).items():
                self.world.attach(made, name, "image/png", content)
            self.tell(made)
            return int(made["id"])

    # -- webhooks ------------------------------------------------------------------------------------------------------

    def add_webhook(self, url: str, secret: str) -> None:
        """Set HELPDESK_FOLLOWUP_WEBHOOK_URLS to `url` with user and password in it."""
        with self.lock:
            self.hook.update(url=url, secret=secret)

    def flush(self) -> int:
        """Call for everything that waits, once; how much was accepted."""
        if self.deliver is None:
            return 0
        with self.lock:
            waiting, self.hook["pending"] = self.hook["pending"], []
        login = base64.b64encode(f"{HOOK_USER}:{self.hook['secret']}".encode()).decode("ascii")
        headers = {"content-type": "application/json", "authorization": f"Basic {login}"}
        answers = [self.deliver("POST", self.hook["url"], headers, body.encode()) for body in waiting]
        return sum(200 <= status < 300 for status, _ in answers)

    @property
    def pending(self) -> int:
        """Calls that wait."""
        return len(self.hook["pending"])

    # -- the whole -----------------------------------------------------------------------------------------------------

    def dump(self) -> dict[str, Any]:
        with self.lock:
            copied: dict[str, Any] = json.loads(json.dumps({"world": self.world.data, "hook": self.hook}))
            return {**copied, "token": self.token}

    def load(self, data: Mapping[str, Any]) -> None:
        with self.lock:
            copied = json.loads(json.dumps(dict(data)))
            self.world.data, self.hook, self.token = copied["world"], copied["hook"], copied["token"]

    def snapshot(self) -> dict[str, Any]:
        """Tickets with their follow-ups, for a page: plain data."""
        with self.lock:
            return {"tickets": [self._seen(item) for item in self.world.data["tickets"].values()]}

    def _seen(self, ticket: Data) -> Data:
        kept = ("id", "title", "status", "queue", "merged_to", "submitter_email", "fields")
        return {
            **{name: ticket[name] for name in kept},
            "comments": [
                {
                    "id": item["id"],
                    "author": self.world.data["users"].get(str(item["user"]), "somebody"),
                    "role": "customer" if item["user"] is None else "agent",
                    "public": item["public"],
                    "text": item["comment"],
                    "created_at": item["date"],
                }
                for item in self.world.of_ticket(ticket["id"])
            ],
        }
