"""The Matrix twin's HTTP side: the client API v3 as an application service calls it.

Facts: the Matrix specification v1.13, Synapse 1.163.2.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from typing import Any

from careloop.twins.base import Deliver, Handler, Twin, TwinRequest, TwinResponse, reply_json
from careloop.twins.matrix_push import MatrixPush, headers, is_json
from careloop.twins.matrix_sync import sync
from careloop.twins.matrix_world import Data, MatrixWorld, Refused, forbidden
from chalicelib.ports.services import Clock

_V3 = "/_matrix/client/v3"
REMEMBERED_MS = 30 * 60_000
"""For so long at least Synapse knows a transaction id of a user without a device: in memory, gone after a restart."""


class MatrixApi(Twin):
    """The protocol. The application service has one user, the brand, and its registration names no other."""

    name = "matrix"

    def __init__(self, clock: Clock, server: str, brand: str, as_token: str, hs_token: str, url: str) -> None:
        self.world = MatrixWorld(clock, server, self._happened)
        self.push = MatrixPush(self.world.now_ms, lambda event: self.world.shown(self.world.data["events"][event]))
        self.brand = self.world.add_user(brand, "Acme")
        self.as_token, self.hs_token, self.url = as_token, hs_token, url
        self.deliver: Deliver | None = None
        self.service: Data = {"transactions": {}, "burst": None, "per_second": 1.0, "tokens": 0.0, "at_ms": 0}
        super().__init__()

    def _happened(self, event: Data) -> None:
        """Is the service to be told? Of everything while the brand is in the room, and of what is about the brand."""
        about_brand = self.brand in (event["sender"], event.get("state_key"))
        if about_brand or self.brand in self.world.joined(event["room_id"]):
            self.push.add(event["event_id"])

    def routes(self) -> dict[tuple[str, str], Handler]:
        """What is served."""
        room = f"{_V3}/rooms/([^/]+)"
        table: dict[tuple[str, str], Callable[[str, TwinRequest], Any]] = {
            ("GET", f"{_V3}/account/whoami"): self._whoami,
            ("GET", f"{_V3}/joined_rooms"): self._joined_rooms,
            ("GET", f"{_V3}/sync"): self._sync,
            ("POST", f"{_V3}/createRoom"): self._create_room,
            ("POST", f"{room}/join"): self._join,
            ("POST", f"{_V3}/join/([^/]+)"): self._join,
            ("POST", f"{room}/leave"): self._leave,
            ("PUT", f"{room}/send/([^/]+)/([^/]+)"): self._send,
            ("PUT", f"{room}/redact/([^/]+)/([^/]+)"): self._redact,
            ("GET", f"{room}/messages"): self._messages,
            ("GET", f"{room}/event/([^/]+)"): self._event,
            ("GET", f"{room}/state/m\\.room\\.member/([^/]+)"): self._member,
            ("GET", f"{room}/joined_members"): self._joined_members,
            ("GET", f"{_V3}/profile/([^/]+)"): self._profile,
            ("POST", "/_matrix/client/v1/appservice/([^/]+)/ping"): self._ping,
        }
        return {place: self._method(method) for place, method in table.items()}

    def not_found(self, request: TwinRequest) -> TwinResponse:
        """A path that the homeserver has not."""
        return reply_json({"errcode": "M_UNRECOGNIZED", "error": "Unrecognized request"}, 404)

    def _method(self, method: Callable[[str, TwinRequest], Any]) -> Handler:
        def handle(request: TwinRequest) -> TwinResponse:
            try:
                return reply_json(method(self._caller(request), request))
            except Refused as refused:
                wait = refused.body.get("retry_after_ms")
                more = {} if wait is None else {"Retry_After": str(math.ceil(wait / 1000))}
                return reply_json(refused.body, refused.status, **more)

        return handle

    def _caller(self, request: TwinRequest) -> str:
        """The token is the service's; ``user_id`` says as whom it acts."""
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        token = token if kind.lower() == "bearer" else request.query.get("access_token", "")
        if not token:
            raise Refused(401, "M_MISSING_TOKEN", "Missing access token")
        if token != self.as_token:
            raise Refused(401, "M_UNKNOWN_TOKEN", "Invalid access token passed.", soft_logout=False)
        user = request.query.get("user_id", self.brand)
        if user != self.brand:
            raise forbidden(f"Application service cannot masquerade as this user ({user}).")
        return user

    # -- reading -------------------------------------------------------------------------------------------------------

    def _whoami(self, user: str, request: TwinRequest) -> Data:
        return {"user_id": user, "is_guest": False}

    def _joined_rooms(self, user: str, request: TwinRequest) -> Data:
        return {
            "joined_rooms": [room for room in self.world.data["rooms"] if self.world.membership(room, user) == "join"]
        }

    def _sync(self, user: str, request: TwinRequest) -> Data:
        return sync(self.world, user, request.query.get("since"), request.query.get("filter"))

    def _messages(self, user: str, request: TwinRequest) -> Data:
        direction, limit = request.query.get("dir", "b"), request.query.get("limit", "10")
        if direction not in ("b", "f") or not limit.isdigit():
            raise Refused(400, "M_INVALID_PARAM", "Query parameter 'dir' must be one of ['b', 'f']")
        most, start = min(int(limit), 1000), request.query.get("from")
        return self.world.page(request.args[0], user, start, most, backwards=direction == "b")

    def _event(self, user: str, request: TwinRequest) -> Data:
        room = self.world.check_inside(request.args[0], user, or_left=True)
        event = self.world.event(room["id"], request.args[1])
        if event is None:
            raise Refused(404, "M_NOT_FOUND", "Event not found.")
        return self.world.shown(event, user)

    def _member(self, user: str, request: TwinRequest) -> Data:
        room = self.world.check_inside(request.args[0], user, or_left=True)
        event = self.world.state(room["id"], "m.room.member", request.args[1])
        if event is None:
            raise Refused(404, "M_NOT_FOUND", "Event not found.")
        content: Data = event["content"]
        return content

    def _joined_members(self, user: str, request: TwinRequest) -> Data:
        room = self.world.check_inside(request.args[0], user)
        people = {who: self.world.data["users"].get(who, {}) for who in self.world.joined(room["id"])}
        return {"joined": {who: {"display_name": known.get("name")} for who, known in people.items()}}

    def _profile(self, user: str, request: TwinRequest) -> Data:
        known = self.world.data["users"].get(request.args[0])
        if known is None or known["name"] is None:
            raise Refused(404, "M_NOT_FOUND", "Profile was not found")
        return {"displayname": known["name"]}

    # -- doing ---------------------------------------------------------------------------------------------------------

    def _create_room(self, user: str, request: TwinRequest) -> Data:
        wanted = _body(request)
        room = self.world.create_room(
            user, public=wanted.get("preset") == "public_chat", direct=bool(wanted.get("is_direct"))
        )
        for other in wanted.get("invite", ()):
            self.world.set_member(room, user, other, "invite")
        return {"room_id": room}

    def _join(self, user: str, request: TwinRequest) -> Data:
        self.world.join(request.args[0], user)
        return {"room_id": request.args[0]}

    def _leave(self, user: str, request: TwinRequest) -> Data:
        room = self.world.room(request.args[0])
        if room is None or self.world.membership(room["id"], user) not in ("join", "invite"):
            raise forbidden(f"User {user} not in room {request.args[0]}")
        self.world.leave(room["id"], user)
        return {}

    def _send(self, user: str, request: TwinRequest) -> Data:
        room, kind, transaction = request.args

        def send() -> Data:
            return {"event_id": self.world.send(room, user, kind, _body(request), transaction)["event_id"]}

        return self._once(request, send)

    def _redact(self, user: str, request: TwinRequest) -> Data:
        room, target, _ = request.args

        def redact() -> Data:
            return {"event_id": self.world.redact(room, user, target, _body(request).get("reason"))["event_id"]}

        return self._once(request, redact)

    def _once(self, request: TwinRequest, act: Callable[[], Data]) -> Data:
        """The same transaction id at the same path gives the same answer, as long as it is remembered. Refusals are
        not."""
        now, known = self.world.now_ms(), self.service["transactions"]
        self.service["transactions"] = {path: item for path, item in known.items() if now - item["at"] < REMEMBERED_MS}
        found = self.service["transactions"].get(request.path)
        if found is None:
            self._spend()
            found = {"at": now, "answer": act()}
            self.service["transactions"][request.path] = found
        answer: Data = found["answer"]
        return answer

    def _spend(self) -> None:
        """The message limit, where the registration does not lift it: a bucket that fills again."""
        service, now = self.service, self.world.now_ms()
        if service["burst"] is None:
            return
        filled = service["tokens"] + (now - service["at_ms"]) / 1000 * service["per_second"]
        service["tokens"], service["at_ms"] = min(float(service["burst"]), filled), now
        if service["tokens"] < 1:
            wait = math.ceil((1 - service["tokens"]) / service["per_second"] * 1000)
            raise Refused(429, "M_LIMIT_EXCEEDED", "Too Many Requests", retry_after_ms=wait)
        service["tokens"] -= 1

    def _ping(self, user: str, request: TwinRequest) -> Data:
        """The service asks whether it can be reached."""
        if self.deliver is None:
            raise Refused(400, "M_URL_NOT_SET", "The application service does not have a URL set")
        given = _body(request).get("transaction_id")
        body = json.dumps({} if given is None else {"transaction_id": given}).encode()
        status, answer = self.deliver("POST", f"{self.url}/_matrix/app/v1/ping", headers(self.hs_token), body)
        if status == 0:
            raise Refused(502, "M_CONNECTION_FAILED", "Failed to connect to the application service")
        if status != 200 or not is_json(answer):
            words = answer.decode("utf-8", "replace")
            raise Refused(502, "M_BAD_STATUS", "Bad status", status=status, body=words)
        return {"duration_ms": 1}


def _body(request: TwinRequest) -> Data:
    try:
        body = request.json
    except ValueError:
        raise Refused(400, "M_NOT_JSON", "Content not JSON.") from None
    if not isinstance(body, dict):
        raise Refused(400, "M_BAD_JSON", "Content must be a JSON object.")
    if re.search(rb"\\ud[89ab][0-9a-f]{2}(?!\\ud[c-f])", request.body, re.IGNORECASE):
        raise Refused(400, "M_BAD_JSON", "Content must be valid unicode")
    return body
