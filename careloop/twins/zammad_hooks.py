"""The Zammad twin's trigger with its webhook: each article of an agent, to our address, signed; tried five times, then
lost."""

from __future__ import annotations

import hashlib
import hmac
import json
import uuid
from datetime import datetime, timedelta

from careloop.twins.base import Deliver
from careloop.twins.zammad_world import Data, ZammadWorld

WAITS = (10, 20, 30, 40)
"""Seconds between attempts (trigger_webhook_job)."""


class ZammadHooks:
    """What is configured, and what waits. Plain data too."""

    def __init__(self, world: ZammadWorld) -> None:
        self.world = world
        self.data: Data = {"url": "", "token": "", "told": 0, "pending": [], "lost": 0}

    def look(self) -> None:
        """Queue every agent's article since the last look, our own user's included: the trigger is on the sender."""
        for item in self.world.data["articles"]:
            if item["id"] <= self.data["told"]:
                continue
            self.data["told"] = item["id"]
            if self.data["url"] and item["sender"] == "Agent":
                job = str(uuid.uuid5(uuid.NAMESPACE_URL, f"zammad-twin-{item['id']}"))
                self.data["pending"].append({"article": item["id"], "job": job, "tries": 0, "at": self.world.now()})

    def flush(self, deliver: Deliver) -> int:
        """Try what is due, once; how much was accepted."""
        now = self.world.now()
        due = [item for item in self.data["pending"] if item["at"] <= now]
        self.data["pending"] = [item for item in self.data["pending"] if item["at"] > now]
        accepted = 0
        for item in due:
            status = self._attempt(item, deliver)
            accepted += 200 <= status < 300
            if not 200 <= status < 300:
                self._again(item)
        return accepted

    def _again(self, item: Data) -> None:
        tries = item["tries"] + 1
        if tries > len(WAITS):
            self.data["lost"] += 1
            return
        at = datetime.fromisoformat(self.world.now()) + timedelta(seconds=WAITS[tries - 1])
        stamp = at.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
        self.data["pending"].append({**item, "tries": tries, "at": stamp})

    def _attempt(self, item: Data, deliver: Deliver) -> int:
        article = self.world.article(item["article"])
        ticket = self.world.ticket(article["ticket_id"])
        shown = {name: value for name, value in ticket.items() if name != "tags"}
        files = [
            {name: file[name] for name in ("id", "filename", "size", "preferences")} for file in article["attachments"]
        ]
        body = json.dumps({"ticket": shown, "article": {**article, "attachments": files}}).encode()
        signature = hmac.new(self.data["token"].encode(), body, hashlib.sha1).hexdigest()
        headers = {
            "content-type": "application/json; charset=utf-8",
            "user-agent": "Zammad User Agent",
            "x-zammad-trigger": "Careloop",
            "x-zammad-delivery": item["job"],
            "x-hub-signature": f"sha1={signature}",
        }
        return deliver("POST", self.data["url"], headers, body)[0]
