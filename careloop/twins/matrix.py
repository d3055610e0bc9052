"""A stand-in for a Matrix homeserver: rooms, people who write in them, and pushes to an application service.

Facts: the Matrix specification v1.13; Synapse 1.163.2, its code and what it did on 2026-11-22. Nothing that was written
before the brand joined a room is pushed: only reading the room tells of it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from careloop.twins.base import Deliver
from careloop.twins.matrix_api import MatrixApi
from careloop.twins.matrix_world import Data
from chalicelib.ports.services import Clock


class MatrixTwin(MatrixApi):
    """The homeserver. ``brand`` is the user that Careloop serves (its id). Pushes wait until `flush`.

    People are named by id or local part, rooms and events by id. ``url``: our endpoint, below which the homeserver puts
    its own paths. ``burst`` and ``per_second``: a limit of messages, as with a registration that says ``rate_limited``.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        server: str = "chat.example",
        brand: str = "acme",
        as_token: str = "twin-as-token",
        hs_token: str = "twin-hs-token",
        url: str = "https://care.example.com/webhooks/platform/matrix/chat",
        deliver: Deliver | None = None,
        burst: int | None = None,
        per_second: float = 0.2,
    ) -> None:
        super().__init__(clock, server, brand, as_token, hs_token, url.rstrip("/"))
        self.deliver = deliver
        if burst is not None:
            self.service |= {"burst": burst, "per_second": per_second, "tokens": float(burst)}

    # -- people --------------------------------------------------------------------------------------------------------

    def add_user(self, localpart: str, name: str | None = None) -> str:
        """Somebody new; the id."""
        with self.lock:
            return self.world.add_user(localpart, name or localpart.title())

    def open_room(self, user: str, *, public: bool = False) -> str:
        """Somebody opens a chat and invites the brand; the room's id."""
        with self.lock:
            who = self.world.user(user)["id"]
            room = self.world.create_room(who, public=public, direct=not public)
            self.world.set_member(room, who, self.brand, "invite")
            return room

    def invite(self, user: str, room: str, other: str | None = None) -> None:
        """Somebody invites the brand (again), or somebody else."""
        with self.lock:
            self.world.check_inside(room, self.world.user(user)["id"])
            self.world.set_member(
                room, self.world.user(user)["id"], self.world.user(other or self.brand)["id"], "invite"
            )

    def join(self, user: str, room: str) -> None:
        """Somebody accepts an invitation."""
        with self.lock:
            self.world.join(room, self.world.user(user)["id"])

    def leave(self, user: str, room: str) -> None:
        """Somebody leaves, or takes their invitation's answer back."""
        with self.lock:
            self.world.leave(room, self.world.user(user)["id"])

    def remove(self, user: str, room: str, other: str | None = None, *, ban: bool = False) -> None:
        """The room's creator puts the brand (or `other`) out."""
        with self.lock:
            by, whom = self.world.user(user)["id"], self.world.user(other or self.brand)["id"]
            self.world.leave(room, whom, by, ban=ban)

    def mute(self, room: str, user: str | None = None, *, muted: bool = True) -> None:
        """The brand (or `user`) may read and not write."""
        with self.lock:
            who = self.world.user(user or self.brand)["id"]
            others = [item for item in self.world.data["rooms"][room]["muted"] if item != who]
            self.world.data["rooms"][room]["muted"] = [*others, who] if muted else others

    # -- writing -------------------------------------------------------------------------------------------------------

    def send(self, user: str, room: str, text: str, *, thread: str | None = None, reply_to: str | None = None) -> str:
        """Somebody writes; the event's id."""
        content: Data = {"msgtype": "m.text", "body": text}
        quoted: Data = {"m.in_reply_to": {"event_id": reply_to}} if reply_to else {}
        if thread:
            falling_back = {"is_falling_back": True, "m.in_reply_to": {"event_id": thread}}
            content["m.relates_to"] = {"rel_type": "m.thread", "event_id": thread, **(quoted or falling_back)}
        elif quoted:
            content["m.relates_to"] = quoted
        return self.send_content(user, room, content)

    def send_content(self, user: str, room: str, content: Mapping[str, Any], kind: str = "m.room.message") -> str:
        """Any event by somebody: pictures, stickers, reactions, encrypted ones."""
        with self.lock:
            return str(self.world.send(room, self.world.user(user)["id"], kind, dict(content))["event_id"])

    def send_picture(self, user: str, room: str, name: str = "photo.jpg", caption: str | None = None) -> str:
        """A picture that was uploaded."""
        info = {"mimetype": "image/jpeg", "size": 90210}
        content = {
            "msgtype": "m.image",
            "body": caption or name,
            "url": f"mxc://{self.world.server}/{name}",
            "info": info,
        }
        return self.send_content(user, room, {**content, "filename": name} if caption else content)

    def native_send(self, room: str, text: str) -> str:
        """The brand writes in a chat app of its own."""
        return self.send(self.brand, room, text)

    def edit(self, user: str, room: str, event: str, text: str) -> str:
        """A new version of an own message; the id of the edit."""
        content = {
            "msgtype": "m.text",
            "body": f"* {text}",
            "m.new_content": {"msgtype": "m.text", "body": text},
            "m.relates_to": {"rel_type": "m.replace", "event_id": event},
        }
        return self.send_content(user, room, content)

    def redact(self, user: str, room: str, event: str, reason: str | None = None) -> str:
        """Delete an own message (the room's creator anybody's); the id of the redaction."""
        with self.lock:
            return str(self.world.redact(room, self.world.user(user)["id"], event, reason)["event_id"])

    def rename(self, user: str, name: str) -> None:
        """Another display name, told to all rooms where they are."""
        with self.lock:
            person = self.world.user(user)
            person["name"] = name
            for room in self.world.data["rooms"]:
                if self.world.membership(room, person["id"]) == "join":
                    self.world.set_member(room, person["id"], person["id"], "join")

    # -- the homeserver ------------------------------------------------------------------------------------------------

    def restart(self) -> None:
        """What is only in memory is gone: the transaction ids of what the brand sent."""
        with self.lock:
            self.service["transactions"] = {}

    def flush(self, *, patient: bool = False) -> int:
        """Push what waits, in order, until something is refused; how many transactions were taken. ``patient``: keep to
        the homeserver's pause after a failure."""
        taken = 0
        while self.deliver is not None:
            with self.lock:
                transaction = self.push.take(patient=patient)
            if transaction is None:
                break
            done = self.push.attempt(transaction, self.url, self.hs_token, self.deliver)
            with self.lock:
                self.push.settle(transaction, taken=done)
            if not done:
                break
            taken += 1
        return taken

    @property
    def pending(self) -> int:
        """Events that wait to be pushed."""
        return self.push.pending

    # -- the whole -----------------------------------------------------------------------------------------------------

    def messages(self, room: str, user: str | None = None) -> list[Data]:
        """Message events of a room with their words, oldest first; only of `user` when given. Redacted: no body."""
        with self.lock:
            events = [self.world.data["events"][identity] for identity in self.world.data["rooms"][room]["timeline"]]
            wanted = None if user is None else self.world.user(user)["id"]
            found = [
                event for event in events if event["type"] == "m.room.message" and wanted in (None, event["sender"])
            ]
            copied: list[Data] = json.loads(json.dumps([self.world.shown(event) for event in found]))
            return copied

    def dump(self) -> dict[str, Any]:
        """The world as plain data."""
        with self.lock:
            parts = {"world": self.world.data, "push": self.push.data, "service": self.service}
            copied: dict[str, Any] = json.loads(json.dumps(parts))
            return {**copied, "brand": self.brand}

    def load(self, data: Mapping[str, Any]) -> None:
        """Restore what `dump` gave."""
        with self.lock:
            copied = json.loads(json.dumps(dict(data)))
            self.world.data, self.push.data, self.service = copied["world"], copied["push"], copied["service"]
            self.brand = copied["brand"]

    def snapshot(self) -> dict[str, Any]:
        """Rooms with their messages as people see them, for a page: plain data, oldest first."""
        with self.lock:
            rooms = self.world.data["rooms"]
            return {
                "rooms": [
                    {"id": room, "members": self.world.joined(room), "messages": self._seen(room)} for room in rooms
                ]
            }

    def _seen(self, room: str) -> list[Data]:
        found: dict[str, Data] = {}
        for event in self.messages(room):
            relation = event["content"].get("m.relates_to", {})
            if relation.get("rel_type") == "m.replace":
                if relation["event_id"] in found:
                    found[relation["event_id"]] |= {"text": event["content"]["m.new_content"]["body"], "edited": True}
                continue
            found[event["event_id"]] = {
                "id": event["event_id"],
                "author": self.world.data["users"][event["sender"]]["name"],
                "handle": event["sender"],
                "brand": event["sender"] == self.brand,
                "text": event["content"].get("body", ""),
                "deleted": "redacted_because" in event["unsigned"],
                "edited": False,
                "at": event["origin_server_ts"],
            }
        return list(found.values())
