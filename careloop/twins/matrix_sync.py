"""The Matrix twin's ``/sync``: news of the rooms that a user is in, and the invitations that wait.

As much of it as a poll needs: a filter's timeline limit, the place since which, no state, no waiting. Facts: the Matrix
specification v1.13; Synapse 1.163.2 gives the invitation itself among an invitation's states.
"""

from __future__ import annotations

import json

from careloop.twins.matrix_world import Data, MatrixWorld, Refused

_DEFAULT = 10
_LEFT_OUT = ("room_id", "user_id", "age", "invite_room_state", "redacts", "redacted_because")
"""What events of a room's own list carry beside; in a sync the list says it, or ``unsigned`` and the content do."""


def sync(world: MatrixWorld, user: str, since: str | None, chosen: str | None) -> Data:
    """The answer. ``since``: the token of an earlier one; ``chosen``: a filter as JSON. Refused: 400."""
    start, most = _place(since), _limit(chosen)
    joined: Data = {}
    invited: Data = {}
    for room in world.data["rooms"].values():
        member = room["members"].get(user)
        if member is None:
            continue
        if member["membership"] == "join":
            is_new = since is None or member["at"] >= start
            found = _timeline(world, room, user, 0 if is_new else start, most)
            if found["events"]:
                joined[room["id"]] = {"timeline": found, "state": {"events": []}}
        elif member["membership"] == "invite" and member["at"] >= start:
            invited[room["id"]] = {"invite_state": {"events": _invitation(world, room["id"], user)}}
    rooms = {name: part for name, part in (("join", joined), ("invite", invited)) if part}
    return {"next_batch": f"s{world.data['count'] + 1}", **({"rooms": rooms} if rooms else {})}


def _timeline(world: MatrixWorld, room: Data, user: str, start: int, most: int) -> Data:
    events = [world.data["events"][identity] for identity in room["timeline"]]
    fresh = [event for event in events if event["position"] >= start]
    shown = fresh[-most:]
    first = shown[0]["position"] if shown else start
    return {
        "events": [_bare(world.shown(event, user)) for event in shown],
        "limited": len(shown) < len(fresh),
        "prev_batch": f"t{first}",
    }


def _bare(event: Data) -> Data:
    return {name: value for name, value in event.items() if name not in _LEFT_OUT}


def _invitation(world: MatrixWorld, room: str, user: str) -> list[Data]:
    event = world.state(room, "m.room.member", user)
    if event is None:
        return []
    unsigned = {name: value for name, value in event["unsigned"].items() if name != "invite_room_state"}
    return [*event["unsigned"].get("invite_room_state", ()), {**_bare(world.shown(event)), "unsigned": unsigned}]


def _place(since: str | None) -> int:
    if since is None:
        return 0
    if not since.startswith("s") or not since[1:].isdigit():
        raise Refused(400, "M_UNKNOWN", "Invalid stream token")
    return int(since[1:])


def _limit(chosen: str | None) -> int:
    try:
        known = json.loads(chosen or "{}")
        limit = known.get("room", {}).get("timeline", {}).get("limit", _DEFAULT)
        return max(1, min(int(limit), 100))
    except (ValueError, TypeError, AttributeError):
        raise Refused(400, "M_INVALID_PARAM", "Invalid filter JSON") from None
