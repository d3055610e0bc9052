"""A stand-in for WhatsApp's Cloud API with one business number: people who write, files, templates, statuses.

It keeps to WhatsApp's own rules: free words reach somebody only within 24 hours of their last message, and what fails
fails later; a phone number may be withheld; webhooks come in any order, and again until they are taken.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from careloop.twins.base import Deliver
from careloop.twins.forms import FormFile
from careloop.twins.whatsapp_api import WhatsAppApi
from careloop.twins.whatsapp_world import DISPLAY, WABA, Data, WhatsAppWorld
from chalicelib.ports.services import Clock

FIELDS = ("messages", "smb_message_echoes", "user_id_update")
TOKEN = "EAAGtwinTokenForWhatsApp"


class WhatsAppTwin(WhatsAppApi):
    """People are named by their BSUID or number, messages by their id. Webhooks wait until `flush`."""

    def __init__(
        self,
        clock: Clock,
        *,
        app_secret: str = "twin-whatsapp-app-secret",
        token: str = TOKEN,
        deliver: Deliver | None = None,
        paced: bool = False,
    ) -> None:
        super().__init__(WhatsAppWorld(clock), token, paced=paced)
        self.app_secret = app_secret
        self.deliver = deliver

    # -- setting up ----------------------------------------------------------------------------------------------------

    def subscribe(self, url: str, verify_token: str, fields: tuple[str, ...] = FIELDS) -> int:
        """The handshake, and the business account's subscription; the callback's status."""
        assert self.deliver is not None
        challenge = "1158201444"
        query = {"hub.mode": "subscribe", "hub.challenge": challenge, "hub.verify_token": verify_token}
        status, body = self.deliver("GET", f"{url}?{urlencode(query)}", {}, b"")
        if status == 200 and body.decode() == challenge:
            self.world.data["callback"] = {"url": url, "fields": list(fields)}
            self.world.data["subscribed"] = True
        return status

    def add_template(self, name: str, language: str, body: str, *, variables: int = 0, state: str = "APPROVED") -> None:
        """A template; its body has "{1}" and so on."""
        known = {"body": body, "variables": variables, "state": state}
        self.world.data["templates"][f"{name}/{language}"] = known

    # -- people --------------------------------------------------------------------------------------------------------

    def add_user(
        self, name: str, phone: str, *, username: str | None = None, hides_phone: bool = False, fails: int | None = None
    ) -> str:
        """Somebody new; the BSUID. ``fails``: the code with which messages to them fail."""
        with self.lock:
            person = self.world.add_person(name, phone, username=username, hides_phone=hides_phone)
            person["fails"] = fails
            return str(person["id"])

    def write(self, user: str, text: str, *, answers: str | None = None) -> str:
        """Somebody writes; the message's id."""
        return self._say(user, "text", {"body": text}, answers)

    def send_file(self, user: str, kind: str, file: FormFile, caption: str | None = None) -> str:
        """Somebody sends an ``image``, ``document``, ``audio`` ...; the message's id."""
        with self.lock:
            identity = self.world.keep(file)
            stored = self.world.data["media"][identity]
            part: Data = {"id": identity, "mime_type": file.media_type, "sha256": stored["sha256"]}
            if caption:
                part["caption"] = caption
            if kind == "document":
                part["filename"] = file.name
            return self._say(user, kind, part, None)

    def edit(self, user: str, message: str, text: str) -> str:
        """Somebody changes a message of theirs; the edit's own id."""
        edited = {"original_message_id": message, "message": {"type": "text", "text": {"body": text}}}
        return self._say(user, "edit", edited, None)

    def revoke(self, user: str, message: str) -> str:
        """Somebody takes a message back."""
        return self._say(user, "revoke", {"original_message_id": message}, None)

    def read(self, user: str) -> None:
        """Somebody opens the chat."""
        with self.lock:
            person = self.world.data["people"][user]
            for wamid in person["inbox"]:
                self.world.status(wamid, "read")
            person["inbox"] = []

    def native_answer(self, user: str, text: str) -> str:
        """A colleague answers in the WhatsApp Business app; the message's id."""
        with self.lock:
            person, wamid = self.world.data["people"][user], self.world.next("wamid.HBgNapp")
            echo = {
                "from": DISPLAY,
                **self.world.told_of(person, "to"),
                "id": wamid,
                "timestamp": str(self.world.now()),
                "type": "text",
                "text": {"body": text},
            }
            self.world.tell("smb_message_echoes", message_echoes=[echo])
            return wamid

    def _say(self, user: str, kind: str, part: Data, answers: str | None) -> str:
        with self.lock:
            person, wamid = self.world.data["people"][user], self.world.next("wamid.HBgNfrom")
            person["heard_at"] = self.world.now()
            message: Data = {
                **self.world.told_of(person, "from"),
                "id": wamid,
                "timestamp": str(self.world.now()),
                "type": kind,
                kind: part,
            }
            if answers:
                message["context"] = {"from": DISPLAY, "id": answers}
            self.world.tell("messages", contacts=[self.world.contact(person)], messages=[message])
            return wamid

    # -- what stands there ---------------------------------------------------------------------------------------------

    def sent(self, user: str) -> list[str]:
        """What the business sent to somebody, whatever became of it."""
        with self.lock:
            phone = self.world.data["people"][user]["phone"]
            return [item["content"] for item in self.world.data["sent"].values() if item["to"] in (user, phone)]

    # -- webhooks ------------------------------------------------------------------------------------------------------

    def flush(self, *, backwards: bool = False, twice: bool = False) -> int:
        """Deliver what waits, each change in a body of its own; how many were taken. ``backwards``: in the other order;
        ``twice``: each a second time."""
        with self.lock:
            waiting = list(self.world.waiting())
        taken = 0
        for item in reversed(waiting) if backwards else waiting:
            if not self._attempt(item["change"]):
                continue
            if twice:
                self._attempt(item["change"])
            taken += 1
            with self.lock:
                self.world.data["pending"].remove(item)
        return taken

    def _attempt(self, change: Data) -> bool:
        callback = self.world.data["callback"]
        if self.deliver is None or callback is None:
            return False
        entry = {"id": WABA, "changes": [change]}
        body = json.dumps({"object": "whatsapp_business_account", "entry": [entry]}, ensure_ascii=False).encode()
        signature = hmac.new(self.app_secret.encode(), body, hashlib.sha256).hexdigest()
        headers = {"content-type": "application/json", "x-hub-signature-256": f"sha256={signature}"}
        status, _ = self.deliver("POST", callback["url"], headers, body)
        return status == 200

    @property
    def pending(self) -> int:
        """Webhooks that wait."""
        with self.lock:
            return len(self.world.waiting())

    def dump(self) -> dict[str, Any]:
        """The world as plain data."""
        with self.lock:
            copied: dict[str, Any] = json.loads(json.dumps(self.world.data))
            return copied

    def load(self, data: Mapping[str, Any]) -> None:
        """Restore what `dump` gave."""
        with self.lock:
            self.world.data.clear()
            self.world.data.update(json.loads(json.dumps(data)))
