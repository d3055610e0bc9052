"""The Freshdesk twin's small world: contacts, agents, tickets, conversations, files. See `careloop.twins.freshdesk`."""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from careloop.twins.base import Twin
from careloop.twins.forms import FormFile
from chalicelib.ports.services import Clock

Data = dict[str, Any]
INDEX_LAG = timedelta(minutes=3)
"""So late does the search find a ticket ("up to a few minutes")."""
MOST_FILES = 20_000_000
_TAG = re.compile(r"<[^>]*>")


class Refused(Exception):
    """The API says no: status, code, and the fields that are wrong."""

    def __init__(self, status: int, code: str, field: str = "", **more: Any) -> None:
        super().__init__(code)
        self.status = status
        known = {"field": field, "message": f"It should be valid: {field}", "code": code, **more}
        errors = {"description": "Validation failed", "errors": [known]}
        self.body = errors if field else {"code": code, "message": "You are not allowed to do this"}


def plain(text: str) -> str:
    """HTML as a page shows it: breaks and blocks begin lines."""
    broken = re.sub(r"</div><div>|<br ?/?>", "\n", text)
    return html.unescape(_TAG.sub("", broken))


class World(Twin):
    """The state, and what changes it. All ids are numbers, given out in order over the account."""

    def __init__(self, clock: Clock, api_key: str) -> None:
        super().__init__()
        self.api_key = api_key
        self._clock = clock
        self._data: Data = {
            "last": 1000,
            "contacts": {},
            "agents": {},
            "tickets": {},
            "conversations": [],
            "files": {},
            "hooks": [],
            "queue": [],
            "fields": ["cf_careloop_case"],
            "minute": "",
            "used": 0,
        }
        self.ours = self._add_agent("Careloop")
        self.agent = self._add_agent("Ana Agent")

    def add_field(self, name: str) -> None:
        """An administrator adds a custom field to tickets."""
        with self.lock:
            self._data["fields"].append(name)

    @staticmethod
    def escaped(text: str) -> str:
        """What people type, as HTML."""
        return html.escape(text, quote=False).replace("\n", "<br>")

    def _now(self) -> str:
        return self._clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")

    def _next(self) -> int:
        self._data["last"] += 1
        return int(self._data["last"])

    def _add_agent(self, name: str) -> int:
        number = self._next()
        self._data["agents"][str(number)] = {
            "id": number,
            "contact": {"name": name, "email": f"a{number}@acme.example"},
        }
        return number

    def _user_name(self, user: int) -> str:
        agent = self._data["agents"].get(str(user))
        if agent:
            return str(agent["contact"]["name"])
        return str(self._data["contacts"].get(str(user), {}).get("name", ""))

    def _ticket(self, number: str) -> Data:
        found: Data | None = self._data["tickets"].get(number)
        if found is None:
            raise Refused(404, "not_found")
        return found

    def _update(self, ticket: Data, **changes: Any) -> None:
        ticket.update(changes, updated_at=self._now())

    def _converse(
        self, ticket: Data, body: str, *, user: int, source: int, incoming: bool = False, private: bool = False
    ) -> Data:
        entry: Data = {
            "id": self._next(),
            "ticket_id": ticket["id"],
            "body": f"<div>{body}</div>",
            "incoming": incoming,
            "private": private,
            "user_id": user,
            "source": source,
            "attachments": [],
            "created_at": self._now(),
            "updated_at": self._now(),
        }
        self._data["conversations"].append(entry)
        self._update(ticket)
        return entry

    def _attach(self, name: str, content_type: str, content: bytes) -> Data:
        number = self._next()
        stored = {"content": base64.b64encode(content).decode(), "content_type": content_type}
        self._data["files"][str(number)] = stored
        return {
            "id": number,
            "name": name,
            "content_type": content_type,
            "size": len(content),
            "attachment_url": f"https://freshdesk.example.com/files/{number}",
        }

    def _take(self, ticket: Data, files: Iterable[FormFile]) -> list[Data]:
        """Files of a call; all of a ticket's together have a limit."""
        there = list(ticket.get("attachments", []))
        for entry in self._data["conversations"]:
            there += entry["attachments"] if entry["ticket_id"] == ticket.get("id") else []
        new = list(files)
        if sum(item["size"] for item in there) + sum(len(item.content) for item in new) > MOST_FILES:
            raise Refused(400, "invalid_size", "attachments")
        return [self._attach(item.name, item.media_type, item.content) for item in new]
