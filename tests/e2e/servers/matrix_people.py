"""People on a Matrix homeserver: what a customer does in a chat app, for tests."""

import secrets
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from tests.e2e.servers.web import Api, wait_until

_CLIENT = "/_matrix/client/v3"


@dataclass(frozen=True, slots=True, kw_only=True)
class MatrixUser:
    """One user with an access token. Every method raises ``UnexpectedAnswer`` when the server refuses."""

    user_id: str
    password: str
    api: Api

    def create_direct_room(self, other: str) -> str:
        """A private room with ``other`` (a user id) invited. Returns the room's id."""
        body = {"preset": "trusted_private_chat", "is_direct": True, "invite": [other]}
        return str(self._call("POST", "/createRoom", body)["room_id"])

    def set_name(self, name: str) -> None:
        """What others see as the name."""
        self._call("PUT", f"/profile/{quote(self.user_id)}/displayname", {"displayname": name})

    def join(self, room: str) -> None:
        """Accept the invitation to a room."""
        self._call("POST", f"/join/{quote(room)}", {})

    def send(self, room: str, text: str, *, thread: str | None = None, transaction: str | None = None) -> str:
        """Send a text, in the thread of an event if given. Returns the event's id; the same ``transaction`` gives the same."""
        content: dict[str, Any] = {"msgtype": "m.text", "body": text}
        if thread:
            content["m.relates_to"] = {"rel_type": "m.thread", "event_id": thread}
        return self._send(room, content, transaction)

    def edit(self, room: str, event: str, text: str) -> str:
        """Replace the text of an own event (m.replace). Returns the id of the edit."""
        content = {
            "msgtype": "m.text",
            "body": f"* {text}",
            "m.new_content": {"msgtype": "m.text", "body": text},
            "m.relates_to": {"rel_type": "m.replace", "event_id": event},
        }
        return self._send(room, content, None)

    def redact(self, room: str, event: str) -> str:
        """Delete an event. Returns the id of the redaction."""
        path = f"/rooms/{quote(room)}/redact/{quote(event)}/{secrets.token_hex(8)}"
        return str(self._call("PUT", path, {})["event_id"])

    def send_file(self, room: str, data: bytes, name: str, media_type: str = "image/png") -> str:
        """Upload a file and send it as a picture. Returns the event's id."""
        headers = {"Content-Type": media_type}
        answer = self.api.call(
            "POST", "/_matrix/media/v3/upload", body=data, query={"filename": name}, headers=headers, expect=[200]
        )
        info = {"mimetype": media_type, "size": len(data)}
        return self._send(
            room, {"msgtype": "m.image", "body": name, "url": answer.json()["content_uri"], "info": info}, None
        )

    def messages(self, room: str) -> list[dict[str, Any]]:
        """The room's message events, oldest first (100 at most); redacted ones have no content."""
        chunk = self._call("GET", f"/rooms/{quote(room)}/messages?dir=b&limit=100")["chunk"]
        return [event for event in reversed(chunk) if event["type"] == "m.room.message"]

    def thread(self, room: str, event: str) -> list[dict[str, Any]]:
        """The events in the thread below an event, oldest first."""
        path = f"/_matrix/client/v1/rooms/{quote(room)}/relations/{quote(event)}/m.thread?limit=100"
        return list(reversed(self.api.call("GET", path, expect=[200]).json()["chunk"]))

    def wait_message(self, room: str, *, by: str, text: str | None = None, timeout: float = 60.0) -> dict[str, Any]:
        """The first message of a user (id) in the room, containing ``text`` if given; ``TimeoutError`` otherwise. Seconds."""

        def look() -> dict[str, Any] | None:
            found = (event for event in self.messages(room) if event["sender"] == by)
            return next((event for event in found if text is None or text in event["content"].get("body", "")), None)

        return wait_until(look, f"a message of {by}", timeout=timeout)

    def _send(self, room: str, content: dict[str, Any], transaction: str | None) -> str:
        path = f"/rooms/{quote(room)}/send/m.room.message/{quote(transaction or secrets.token_hex(8))}"
        return str(self._call("PUT", path, content)["event_id"])

    def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        return self.api.call(method, _CLIENT + path, json=body, expect=[200]).json()
