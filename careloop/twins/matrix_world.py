"""The Matrix twin's world: users, rooms, events, and the rules about who may do what. No HTTP in here.

Rooms are of version 12. Facts: the Matrix specification v1.13; Synapse 1.163.2, its code and what it did on 2026-11-22.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from typing import Any

from chalicelib.ports.services import Clock

Data = dict[str, Any]

LARGEST = 65_536
"""Bytes of an event as a whole."""
_ENVELOPE = 700
"""What hashes, signatures and references add to an event, about."""


class Refused(Exception):
    """The homeserver says no: ``{"errcode": "M_...", "error": words}``."""

    def __init__(self, status: int, code: str, words: str, /, **more: Any) -> None:
        super().__init__(f"{status} {code}")
        self.status = status
        self.body = {"errcode": code, "error": words, **more}


def forbidden(words: str) -> Refused:
    """403."""
    return Refused(403, "M_FORBIDDEN", words)


def _identity(*parts: object) -> str:
    found = hashlib.sha256("|".join(map(str, parts)).encode()).digest()
    return base64.urlsafe_b64encode(found).decode().rstrip("=")


class MatrixWorld:
    """Everything on the homeserver. ``told`` is called with each new event, in order."""

    def __init__(self, clock: Clock, server: str, told: Callable[[Data], None]) -> None:
        self.clock = clock
        self.server = server
        self._told = told
        self.data: Data = {"users": {}, "rooms": {}, "events": {}, "count": 0}

    def now_ms(self) -> int:
        """Milliseconds since 1970."""
        return int(self.clock.now().timestamp() * 1000)

    def _next(self) -> int:
        self.data["count"] += 1
        return int(self.data["count"])

    # -- users ---------------------------------------------------------------------------------------------------------

    def add_user(self, localpart: str, name: str | None) -> str:
        """A user of this homeserver; the id."""
        identity = localpart if localpart.startswith("@") else f"@{localpart}:{self.server}"
        self.data["users"][identity] = {"id": identity, "name": name}
        return identity

    def user(self, who: str) -> Data:
        """By id or local part. Raises KeyError."""
        found: Data | None = self.data["users"].get(who) or self.data["users"].get(f"@{who}:{self.server}")
        if found is None:
            raise KeyError(f"no such user: {who}")
        return found

    # -- rooms ---------------------------------------------------------------------------------------------------------

    def create_room(self, creator: str, *, public: bool = False, direct: bool = False) -> str:
        """A room with its first events; the id."""
        identity = "!" + _identity("room", self._next(), self.now_ms())
        self.data["rooms"][identity] = {
            "id": identity,
            "timeline": [],
            "members": {},
            "public": public,
            "direct": direct,
            "muted": [],
            "state": {},
        }
        self._state(identity, creator, "m.room.create", "", {"room_version": "12"})
        self.set_member(identity, creator, creator, "join")
        levels = {"users_default": 0, "events_default": 0, "redact": 50, "kick": 50}
        self._state(identity, creator, "m.room.power_levels", "", levels)
        self._state(identity, creator, "m.room.join_rules", "", {"join_rule": "public" if public else "invite"})
        self._state(identity, creator, "m.room.history_visibility", "", {"history_visibility": "shared"})
        self.data["rooms"][identity]["creator"] = creator
        return identity

    def room(self, room: str) -> Data | None:
        """A room that is there."""
        found: Data | None = self.data["rooms"].get(room)
        return found

    def membership(self, room: str, user: str) -> str | None:
        """join, invite, leave, ban; None: the room never heard of them."""
        known = self.data["rooms"][room]["members"].get(user)
        return None if known is None else str(known["membership"])

    def joined(self, room: str) -> list[str]:
        """Who is in."""
        members = self.data["rooms"][room]["members"]
        return [user for user, known in members.items() if known["membership"] == "join"]

    def check_inside(self, room: str, user: str, *, or_left: bool = False) -> Data:
        """The room. Refused: 403 for one that somebody is not in (``or_left``: and never was), or that is unknown."""
        found = self.room(room)
        membership = found["members"].get(user, {}).get("membership") if found else None
        if found is None or membership not in (("join", "leave") if or_left else ("join",)):
            raise forbidden(f"User {user} not in room {room}")
        return found

    def set_member(self, room: str, sender: str, user: str, membership: str, **more: Any) -> Data:
        """A member event. Who may do that is the callers' to know."""
        name = self.data["users"].get(user, {}).get("name")
        content: Data = {"membership": membership, **more}
        if name is not None and membership in ("join", "invite"):
            content["displayname"] = name
        if membership == "invite" and self.data["rooms"][room]["direct"]:
            content["is_direct"] = True
        unsigned = {"invite_room_state": self._stripped(room, sender)} if membership == "invite" else {}
        return self._state(room, sender, "m.room.member", user, content, unsigned)

    def _stripped(self, room: str, inviter: str) -> list[Data]:
        """What somebody who is invited may know of a room."""
        wanted = (("m.room.create", ""), ("m.room.join_rules", ""), ("m.room.member", inviter))
        found = (self.state(room, kind, key) for kind, key in wanted)
        return [{name: event[name] for name in ("content", "sender", "state_key", "type")} for event in found if event]

    def state(self, room: str, kind: str, key: str) -> Data | None:
        """The latest state event of a kind."""
        identity = self.data["rooms"][room]["state"].get(f"{kind}|{key}")
        found: Data | None = self.data["events"].get(identity)
        return found

    # -- joining and leaving -------------------------------------------------------------------------------------------

    def join(self, room: str, user: str) -> None:
        """Accept an invitation, or walk into a public room. Joining twice is one join."""
        found = self.room(room)
        if found is None:
            words = "Can't join remote room because no servers that are in the room have been provided."
            raise Refused(404, "M_UNKNOWN", words)
        membership = self.membership(room, user)
        if membership == "join":
            return
        if membership == "ban":
            raise forbidden(f"User {user} is banned from this room")
        if membership != "invite" and not found["public"]:
            raise forbidden("You are not invited to this room.")
        self.set_member(room, user, user, "join")

    def leave(self, room: str, user: str, by: str | None = None, *, ban: bool = False) -> None:
        """Leave, refuse an invitation, or be removed by somebody (the room's creator)."""
        sender = by or user
        if sender != user and sender != self.data["rooms"][room].get("creator"):
            raise forbidden(f"You cannot {'ban' if ban else 'kick'} user {user}.")
        self.set_member(room, sender, user, "ban" if ban else "leave")

    # -- events --------------------------------------------------------------------------------------------------------

    def send(self, room: str, sender: str, kind: str, content: Data, transaction: str | None = None) -> Data:
        """An event by a member. Refused: 403 for who may not, 413 for what is too large."""
        found = self.check_inside(room, sender)
        if sender in found["muted"]:
            words = "You don't have permission to post that to the room. user_level (0) < send_level (50)"
            raise forbidden(words)
        return self._add(room, sender, kind, content, transaction=transaction)

    def redact(self, room: str, sender: str, target: str, reason: str | None = None) -> Data:
        """Take an event's content away: one's own, or the creator anybody's."""
        found, event = self.check_inside(room, sender), self.event(room, target)
        if event is None:
            raise Refused(404, "M_NOT_FOUND", "Could not find event")
        if sender not in (event["sender"], found["creator"]):
            raise forbidden("You don't have permission to redact events")
        content = {"redacts": target, **({"reason": reason} if reason else {})}
        made = self._add(room, sender, "m.room.redaction", content, redacts=target)
        event["content"] = {"membership": event["content"]["membership"]} if "state_key" in event else {}
        event["redacted_by"] = made["event_id"]
        return made

    def event(self, room: str, identity: str) -> Data | None:
        """An event of a room."""
        found: Data | None = self.data["events"].get(identity)
        return found if found is not None and found["room_id"] == room else None

    def _state(self, room: str, sender: str, kind: str, key: str, content: Data, unsigned: Data | None = None) -> Data:
        event = self._add(room, sender, kind, content, state_key=key, unsigned=unsigned)
        self.data["rooms"][room]["state"][f"{kind}|{key}"] = event["event_id"]
        if kind == "m.room.member":
            known = self.data["rooms"][room]["members"].get(key)
            was_inside = known is not None and (known["membership"] == "join" or known["was_inside"])
            mine = {"membership": content["membership"], "was_inside": was_inside, "at": event["position"]}
            self.data["rooms"][room]["members"][key] = mine
        self._told(event)
        return event

    def _add(
        self,
        room: str,
        sender: str,
        kind: str,
        content: Data,
        *,
        state_key: str | None = None,
        redacts: str | None = None,
        unsigned: Data | None = None,
        transaction: str | None = None,
    ) -> Data:
        size = len(json.dumps(content, ensure_ascii=False).encode("utf-8", "surrogatepass"))
        if size + _ENVELOPE > LARGEST:
            raise Refused(413, "M_TOO_LARGE", "event too large")
        number = self._next()
        event: Data = {
            "event_id": "$" + _identity(room, number, json.dumps(content, sort_keys=True)),
            "room_id": room,
            "sender": sender,
            "type": kind,
            "content": json.loads(json.dumps(content)),
            "origin_server_ts": self.now_ms(),
            "position": number,
            "unsigned": unsigned or {},
        }
        optional = {"state_key": state_key, "redacts": redacts, "transaction": transaction}
        event.update({name: value for name, value in optional.items() if value is not None})
        self.data["events"][event["event_id"]] = event
        self.data["rooms"][room]["timeline"].append(event["event_id"])
        if state_key is None:
            self._told(event)
        return event

    # -- how clients see it --------------------------------------------------------------------------------------------

    def shown(self, event: Data, viewer: str | None = None) -> Data:
        """An event as clients get it. ``viewer`` None: as it is pushed, without transaction and membership."""
        names = ("content", "event_id", "origin_server_ts", "room_id", "sender", "type")
        view: Data = {"age": self.now_ms() - event["origin_server_ts"], **{name: event[name] for name in names}}
        view["unsigned"] = {"age": view["age"], **event["unsigned"]}
        view["user_id"] = event["sender"]
        view.update({name: event[name] for name in ("state_key", "redacts") if name in event})
        if "invite_room_state" in event["unsigned"]:
            view["invite_room_state"] = event["unsigned"]["invite_room_state"]
        if "redacted_by" in event:
            because = self.shown(self.data["events"][event["redacted_by"]])
            view["unsigned"] |= {"redacted_by": event["redacted_by"], "redacted_because": because}
            view["redacted_because"] = because
        if viewer is not None:
            view["unsigned"]["membership"] = "join"
            if event["sender"] == viewer and "transaction" in event:
                view["unsigned"]["transaction_id"] = event["transaction"]
        return view

    def page(self, room: str, viewer: str, start: str | None, limit: int, *, backwards: bool) -> Data:
        """``/messages``: who left sees what was said until then. ``end`` is missing only where nothing is left, which
        an empty page tells."""
        self.check_inside(room, viewer, or_left=True)
        member = self.data["rooms"][room]["members"][viewer]
        if member["membership"] == "leave" and not member["was_inside"]:
            raise forbidden(f"User {viewer} not in room {room}, and room previews are disabled")
        events = [self.data["events"][identity] for identity in self.data["rooms"][room]["timeline"]]
        if member["membership"] == "leave":
            events = [event for event in events if event["position"] <= member["at"]]
        place = _place(start, self.data["count"] + 1 if backwards else 0)
        if backwards:
            found = [event for event in reversed(events) if event["position"] < place][:limit]
        else:
            found = [event for event in events if event["position"] >= place][:limit]
        page: Data = {"chunk": [self.shown(event, viewer) for event in found], "start": f"t{place}"}
        if found:
            page["end"] = f"t{found[-1]['position'] + (0 if backwards else 1)}"
        return page


def _place(token: str | None, default: int) -> int:
    if token is None:
        return default
    if not token.startswith("t") or not token[1:].isdigit():
        raise Refused(400, "M_INVALID_PARAM", "'from' parameter is invalid")
    return int(token[1:])
