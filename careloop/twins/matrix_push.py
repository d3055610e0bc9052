"""What the Matrix twin pushes to its application service: transactions in order, each until it is taken.

Facts: Synapse 1.163.2 (its scheduler). Events of a room are pushed while a user of the service is in it, and whatever
is about such a user; at most 100 in a transaction; after a failure the same one again in 2, 4, 8 ... 512 seconds, and
all others behind it. Events are written out anew at each attempt: what was redacted meanwhile is empty by then. An
answer that is no JSON counts as a failure.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from careloop.twins.base import Deliver
from careloop.twins.matrix_world import Data

MOST_EVENTS = 100
_LONGEST = 9


class MatrixPush:
    """The service's queue. Plain data too."""

    def __init__(self, now_ms: Callable[[], int], show: Callable[[str], Data]) -> None:
        self._now_ms = now_ms
        self._show = show
        self.data: Data = {"events": [], "transactions": [], "next": 1, "failures": 0, "retry_ms": 0}

    def add(self, event: str) -> None:
        """An event that concerns the service."""
        self.data["events"].append(event)

    @property
    def pending(self) -> int:
        """Events that wait."""
        return len(self.data["events"]) + sum(len(item["events"]) for item in self.data["transactions"])

    def take(self, *, patient: bool) -> Data | None:
        """The oldest transaction that is due. ``patient``: wait out the time after a failure."""
        while self.data["events"]:
            batch, self.data["events"] = self.data["events"][:MOST_EVENTS], self.data["events"][MOST_EVENTS:]
            self.data["transactions"].append({"id": str(self.data["next"]), "events": batch})
            self.data["next"] += 1
        if not self.data["transactions"] or (patient and self._now_ms() < self.data["retry_ms"]):
            return None
        oldest: Data = self.data["transactions"][0]
        return oldest

    def attempt(self, transaction: Data, url: str, token: str, deliver: Deliver) -> bool:
        """One attempt; whether it was taken."""
        body = {"events": [self._show(event) for event in transaction["events"]]}
        place = f"{url}/_matrix/app/v1/transactions/{transaction['id']}"
        status, answer = deliver("PUT", place, headers(token), json.dumps(body, ensure_ascii=False).encode())
        return 200 <= status < 300 and is_json(answer)

    def settle(self, transaction: Data, *, taken: bool) -> None:
        """After an attempt."""
        if taken:
            self.data["transactions"] = [item for item in self.data["transactions"] if item["id"] != transaction["id"]]
            self.data["failures"] = 0
            return
        self.data["failures"] = min(self.data["failures"] + 1, _LONGEST)
        self.data["retry_ms"] = self._now_ms() + 2 ** int(self.data["failures"]) * 1000


def headers(token: str) -> dict[str, str]:
    """How the homeserver comes."""
    return {
        "authorization": f"Bearer {token}",
        "content-type": "application/json",
        "user-agent": "Synapse/1.163.2",
    }


def is_json(answer: bytes) -> bool:
    """Whether an answer can be read."""
    try:
        found: Any = json.loads(answer)
    except ValueError:
        return False
    return isinstance(found, dict)
