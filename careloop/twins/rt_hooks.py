"""The RT twin's Scrip: tells Careloop of replies, comments and changes of status, by ids alone, signed; never twice."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

from careloop.twins.base import Deliver
from careloop.twins.rt_world import Data, RtWorld

EVENTS = {
    "Correspond": "ticket.correspond",
    "Comment": "ticket.comment",
    "Status": "ticket.status",
}


class RtHooks:
    """What is configured, and what waits. Plain data too."""

    def __init__(self, world: RtWorld) -> None:
        self.world = world
        self.data: Data = {"url": "", "secret": "", "told": 0, "pending": [], "failed": []}

    def look(self) -> None:
        """Queue every change since the last look, except what Careloop's own user did."""
        for item in self.world.data["transactions"]:
            if item["id"] <= self.data["told"]:
                continue
            self.data["told"] = item["id"]
            if self.data["url"] and item["type"] in EVENTS and item["creator"] != self.world.bridge:
                self.data["pending"].append({"event": EVENTS[item["type"]], "ticket": item["ticket"], "id": item["id"]})

    def take(self) -> list[Data]:
        """All that waits."""
        waiting: list[Data] = self.data["pending"]
        self.data["pending"] = []
        return waiting

    def attempt(self, item: Data, deliver: Deliver) -> int:
        """Deliver once; the answer's status, 0 for none."""
        ticket = self.world.ticket(item["ticket"])
        case = ticket["fields"].get("CareloopCase", [""])[0] if ticket else ""
        change: dict[str, Any] = {
            "case": case,
            "event": item["event"],
            "ticket": item["ticket"],
            "transaction": item["id"],
        }
        body = json.dumps(change, separators=(",", ":"), sort_keys=True).encode()
        stamp = str(int(self.world.clock.now().timestamp()))
        headers = {
            "content-type": "application/json",
            "x-rt-timestamp": stamp,
            "x-rt-signature": sign(self.data["secret"], stamp, body),
        }
        status, _ = deliver("POST", self.data["url"], headers, body)
        if not 200 <= status < 300:
            self.data["failed"].append({**item, "status": status})
        return status


def sign(secret: str, stamp: str, body: bytes) -> str:
    """``sha256=`` and the hex HMAC of timestamp, dot and body."""
    return "sha256=" + hmac.new(secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
