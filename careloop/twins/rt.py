"""A stand-in for one Request Tracker: the part of REST2 that Careloop uses, Careloop's Scrip, and agents and customers
to play with. Behaviour as seen on RT 5.0.3 (2026-11)."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Any

from careloop.twins.base import Deliver
from careloop.twins.rt_api import RtApi
from careloop.twins.rt_world import Data, Refused
from chalicelib.ports.services import Clock

BRIDGE = "careloop"
AGENT = "ana"


class RtTwin(RtApi):
    """The helpdesk. ``bridge`` is the user whose token Careloop has, ``agent`` somebody who answers.

    Tickets are named by id, as number or text; entries by their transaction. The Scrip's calls wait until `flush`; as
    the real one it calls once, and what fails is lost to it.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        token: str = "1-30-0123456789abcdef0123456789abcdef",
        queues: Sequence[str] = ("Social",),
        deliver: Deliver | None = None,
    ) -> None:
        super().__init__(clock, token=token, queues=queues, bridge=BRIDGE)
        self.deliver = deliver
        self.agent = AGENT
        self.world.add_user(AGENT, "Ana Agent", email="ana@care.example", privileged=True)

    # -- agents and customers ------------------------------------------------------------------------------------------

    def add_agent(self, name: str, real_name: str = "") -> str:
        """One more agent; the user's name."""
        with self.lock:
            return str(self.world.add_user(name, real_name or name, privileged=True)["name"])

    def agent_reply(
        self,
        ticket: Any,
        text: str = "",
        *,
        html: str = "",
        agent: str | None = None,
        status: str | None = None,
        files: Mapping[str, bytes] | None = None,
    ) -> int:
        """A reply in RT's pages (that is correspondence); the transaction."""
        return self._say(ticket, "Correspond", text, html, agent or self.agent, status, files)

    def agent_note(self, ticket: Any, text: str, *, agent: str | None = None) -> int:
        """A comment; the transaction."""
        return self._say(ticket, "Comment", text, "", agent or self.agent, None, None)

    def customer_reply(self, ticket: Any, text: str) -> int:
        """A requestor answers by e-mail; the transaction."""
        return self._say(ticket, "Correspond", text, "", self._need(ticket)["requestors"][0], None, None)

    def set_status(self, ticket: Any, status: str, *, agent: str | None = None) -> str:
        """Change the status in RT's pages; RT's words on it."""
        with self.lock:
            said = self.world.set_status(self._need(ticket), status, agent or self.agent)
            self.hooks.look()
            return said

    def solve(self, ticket: Any) -> None:
        """Resolve."""
        self.set_status(ticket, "resolved")

    def delete(self, ticket: Any) -> None:
        """Delete, as RT does: a status."""
        self.set_status(ticket, "deleted")

    def merge(self, source: Any, target: Any) -> None:
        """Merge `source` into `target`."""
        with self.lock:
            self.world.merge(self._need(source), self._need(target), self.agent)
            self.hooks.look()

    def _need(self, ticket: Any) -> Data:
        found = self.world.ticket(ticket)
        if found is None:
            raise Refused(404, "Not Found")
        return found

    def _say(
        self,
        ticket: Any,
        kind: str,
        text: str,
        html: str,
        author: str,
        status: str | None,
        files: Mapping[str, bytes] | None,
    ) -> int:
        given: Data = {"Content": html or text, "ContentType": "text/html" if html else "text/plain", "Status": status}
        given["Attachments"] = [
            {"FileName": name, "FileType": "image/png", "FileContent": base64.b64encode(content).decode("ascii")}
            for name, content in (files or {}).items()
        ]
        with self.lock:
            transaction, _ = self.world.write(self._need(ticket), kind, given, author)
            self.hooks.look()
            return int(transaction["id"])

    # -- the Scrip -----------------------------------------------------------------------------------------------------

    def add_webhook(self, url: str, secret: str) -> None:
        """Set the Scrip's address and secret; changes from now on are told."""
        with self.lock:
            self.hooks.look()
            self.hooks.data.update(url=url, secret=secret)

    def flush(self) -> int:
        """Call for everything that waits, once; how much was accepted."""
        if self.deliver is None:
            return 0
        with self.lock:
            waiting = self.hooks.take()
        return sum(200 <= self.hooks.attempt(item, self.deliver) < 300 for item in waiting)

    @property
    def pending(self) -> int:
        """Calls that wait."""
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
        """Tickets with their entries, for a page: plain data. Merged tickets are shown by their survivor."""
        with self.lock:
            tickets = [item for item in self.world.data["tickets"].values() if item["effective"] == item["id"]]
            return {"tickets": [self._seen(item) for item in tickets]}

    def _seen(self, ticket: Data) -> Data:
        kept = ("id", "subject", "status", "queue", "fields", "created", "updated")
        requestors = [self.world.find_user(name) for name in ticket["requestors"]]
        return {
            **{name: ticket[name] for name in kept},
            "requestors": [{"name": item["name"], "real_name": item["real_name"]} for item in requestors if item],
            "comments": [self._entry(row) for row in self.world.history(ticket) if row["type"] in _ENTRIES],
        }

    def _entry(self, row: Data) -> Data:
        author = self.world.find_user(row["creator"])
        parts = self.world.attachments([row["id"]])
        words = next((part["content"] for part in parts if part["media_type"].startswith("text/")), "")
        return {
            "id": row["id"],
            "author": author["real_name"] if author else row["creator"],
            "role": "agent" if author and author["privileged"] else "customer",
            "public": row["type"] != "Comment",
            "text": words,
            "created_at": row["created"],
        }


_ENTRIES = ("Create", "Correspond", "Comment")
