"""The WhatsApp twin's world: one business number, the people who write to it, files, templates, and what is to be told.

Facts: Cloud API > Webhooks (2026-04-29), Business-scoped user ids (2026-05-28), Messages > send messages (2026-11-22),
Support > error codes (2026-06-18). Webhooks are repeated for 7 days, in no order; what fails mostly fails later.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from careloop.twins.forms import FormFile
from chalicelib.ports.services import Clock

Data = dict[str, Any]

NUMBER, WABA, APP = "106540352242922", "102290129340398", "1517776481860111"
DISPLAY = "15550783881"
WINDOW = timedelta(hours=24)
KEPT = timedelta(days=7)
LINK_LASTS = timedelta(minutes=5)
TITLES = {
    131026: "Message undeliverable",
    131047: "Re-engagement message",
    131049: "This message was not delivered to maintain healthy ecosystem engagement.",
    131053: "Media upload error",
}


class Refused(Exception):
    """Graph's refusal of a call."""

    def __init__(self, status: int, code: int, message: str, *, subcode: int | None = None) -> None:
        super().__init__(message)
        self.status = status
        error: Data = {"message": f"(#{code}) {message}", "type": "OAuthException", "code": code, "fbtrace_id": "Atwin"}
        if subcode is not None:
            error["error_subcode"] = subcode
        self.body = {"error": error}


class WhatsAppWorld:
    """Everything about one business number, as plain data."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.data: Data = {
            "number": {"quality_rating": "GREEN", "status": "CONNECTED", "can_send": "AVAILABLE"},
            "people": {},
            "media": {},
            "templates": {},
            "sent": {},
            "pending": [],
            "subscribed": False,
            "callback": None,
            "count": 0,
        }

    def now(self) -> int:
        """Seconds since 1970."""
        return int(self.clock.now().timestamp())

    def next(self, prefix: str) -> str:
        """A new id."""
        self.data["count"] += 1
        return f"{prefix}{self.data['count']:06d}"

    # -- people --------------------------------------------------------------------------------------------------------

    def add_person(self, name: str, phone: str, *, username: str | None, hides_phone: bool) -> Data:
        """Somebody with WhatsApp; ``hides_phone``: webhooks hold no number of theirs."""
        identity = f"DE.{self.next('13491208655302')}"
        person: Data = {
            "id": identity,
            "name": name,
            "phone": phone,
            "username": username,
            "hides_phone": hides_phone,
            "heard_at": None,
            "fails": None,
            "inbox": [],
        }
        self.data["people"][identity] = person
        return person

    def find_person(self, identity: str) -> Data | None:
        """By BSUID or number."""
        people = self.data["people"]
        found: Data | None = people.get(identity) or next(
            (item for item in people.values() if item["phone"] == identity.lstrip("+")), None
        )
        return found

    def is_open(self, person: Mapping[str, Any]) -> bool:
        """Whether free words may reach them."""
        heard = person["heard_at"]
        return heard is not None and self.now() - heard < WINDOW.total_seconds()

    # -- files ---------------------------------------------------------------------------------------------------------

    def keep(self, file: FormFile) -> str:
        """Store a file; its id."""
        identity = self.next("2754859441")
        self.data["media"][identity] = {
            "id": identity,
            "content": base64.b64encode(file.content).decode(),
            "mime_type": file.media_type,
            "sha256": hashlib.sha256(file.content).hexdigest(),
            "file_size": len(file.content),
            "name": file.name,
            "at": self.now(),
        }
        return identity

    def media(self, identity: str) -> Data:
        """A file that is there still. Refused: it is not."""
        found: Data | None = self.data["media"].get(identity)
        if found is None or self.now() - found["at"] > KEPT.total_seconds():
            raise Refused(400, 100, "Unsupported get request.", subcode=33)
        return found

    # -- what is told --------------------------------------------------------------------------------------------------

    def tell(self, field: str, **value: Any) -> None:
        """Something for the webhook, if its field is ticked."""
        callback = self.data["callback"]
        if callback is None or not self.data["subscribed"] or field not in callback["fields"]:
            return
        metadata = {"display_phone_number": DISPLAY, "phone_number_id": NUMBER}
        change = {"field": field, "value": {"messaging_product": "whatsapp", "metadata": metadata, **value}}
        self.data["pending"].append({"change": change, "at": self.now()})

    def waiting(self) -> list[Data]:
        """What was not taken; older than a week it is lost."""
        oldest = self.now() - KEPT.total_seconds()
        self.data["pending"] = [item for item in self.data["pending"] if item["at"] >= oldest]
        found: list[Data] = self.data["pending"]
        return found

    def told_of(self, person: Data, prefix: str) -> Data:
        """Somebody's ids beside a message (``from``) or a status (``recipient``)."""
        names = {"from": ("from", "from_user_id"), "to": ("to", "to_user_id")}.get(
            prefix, ("recipient_id", "recipient_user_id")
        )
        phone = {} if person["hides_phone"] else {names[0]: person["phone"]}
        return {**phone, names[1]: person["id"]}

    def contact(self, person: Data) -> Data:
        """An item of ``contacts``."""
        profile = {"name": person["name"], **({"username": f"@{person['username']}"} if person["username"] else {})}
        phone = {} if person["hides_phone"] else {"wa_id": person["phone"]}
        return {"profile": profile, **phone, "user_id": person["id"]}

    def status(self, wamid: str, state: str, code: int | None = None) -> None:
        """How far a message of the business got."""
        sent = self.data["sent"][wamid]
        item: Data = {"id": wamid, "status": state, "timestamp": str(self.now())}
        person = self.find_person(sent["to"])
        item |= self.told_of(person, "recipient") if person else {"recipient_id": sent["to"]}
        if sent["mark"]:
            item["biz_opaque_callback_data"] = sent["mark"]
        if code is not None:
            title = TITLES.get(code, "Something went wrong")
            item["errors"] = [{"code": code, "title": title, "message": title, "error_data": {"details": title}}]
        self.tell("messages", statuses=[item])
