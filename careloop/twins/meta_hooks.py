"""The Meta twin's webhooks: handshake, subscriptions, payloads, signature, and a queue with Meta's patience.

Sources: Graph API > Webhooks > Getting started; Webhooks reference > page; Messenger Platform > Webhooks (2026-11-22).
"""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from careloop.twins.base import Deliver
from careloop.twins.meta_world import Data, MetaWorld, post_url

CHANGES = ("feed", "mention", "ratings")
MESSAGING = (
    "messages",
    "message_edits",
    "message_echoes",
    "message_deliveries",
    "message_reads",
    "message_reactions",
    "messaging_postbacks",
    "messaging_referrals",
    "messaging_handovers",
    "messaging_policy_enforcement",
    "standby",
)
ALL_FIELDS = (*CHANGES, *MESSAGING)
PATIENCE = timedelta(hours=36)
"""How long Meta repeats a webhook."""
MESSAGING_PATIENCE = timedelta(hours=1)
"""After an hour of failures Messenger ends the page's subscription."""


class MetaHooks:
    """The app's subscriptions and what waits to be delivered, in ``data``."""

    def __init__(self, world: MetaWorld, app_id: str, app_secret: str) -> None:
        self.world = world
        self.app_id = app_id
        self.app_secret = app_secret
        self.data: Data = {"callback": None, "pending": [], "dropped": [], "challenges": 0}

    # -- subscribing ---------------------------------------------------------------------------------------------------

    def subscribe(self, deliver: Deliver, url: str, verify_token: str, fields: list[str]) -> int:
        """The handshake; the subscription stands when the challenge came back. Returns the callback's status."""
        self.data["challenges"] += 1
        challenge = str(1158201443 + self.data["challenges"])
        query = {"hub.mode": "subscribe", "hub.challenge": challenge, "hub.verify_token": verify_token}
        joint = "&" if "?" in url else "?"
        status, body = deliver("GET", f"{url}{joint}{urlencode(query)}", {"user-agent": "facebookplatform/1.0"}, b"")
        if status == 200 and body.decode("utf-8", "replace") == challenge:
            self.data["callback"] = {"url": url, "fields": fields}
            return 200
        return status if status != 200 else 0

    def _wants(self, page: Data, field: str) -> bool:
        callback = self.data["callback"]
        return callback is not None and field in callback["fields"] and field in page["fields"]

    # -- what happens --------------------------------------------------------------------------------------------------

    def changed(self, page: str, field: str, value: Data) -> None:
        """A change of the page, its post, a review."""
        found = self.world.page(page)
        if self._wants(found, field):
            self._queue(
                page, {"id": page, "time": self.world.now() // 1000, "changes": [{"field": field, "value": value}]}
            )

    def messaged(self, thread: Data, field: str, part: Data, *, by_page: bool = False) -> None:
        """Something in a Messenger thread; in ``standby`` while another app holds it."""
        page, held = self.world.page(thread["page"]), thread["owner"] not in (None, self.app_id)
        if not self._wants(page, field) or (held and not self._wants(page, "standby")):
            return
        people = ({"id": thread["psid"]}, {"id": page["id"]})
        sender, recipient = reversed(people) if by_page else people
        item = {"sender": sender, "recipient": recipient, "timestamp": self.world.now(), **part}
        name = "standby" if held else "messaging"
        self._queue(page["id"], {"id": page["id"], "time": self.world.now(), name: [item]})

    def _queue(self, page: str, entry: Data) -> None:
        waiting = {"page": page, "entry": entry, "since": self.world.now(), "attempts": 0}
        self.data["pending"].append(waiting)

    # -- delivery ------------------------------------------------------------------------------------------------------

    def take(self, *, together: bool) -> list[list[Data]]:
        """Everything that waits, as bodies: one each, or all in one. The queue is empty afterwards."""
        waiting, self.data["pending"] = self.data["pending"], []
        if together:
            return [waiting] if waiting else []
        return [[item] for item in waiting]

    def attempt(self, waiting: list[Data], deliver: Deliver) -> bool:
        """Deliver one body once; whether it was accepted."""
        callback = self.data["callback"]
        if callback is None:
            return False
        body = wire({"object": "page", "entry": [item["entry"] for item in waiting]})
        headers = {
            "content-type": "application/json",
            "user-agent": "facebookexternalua",
            **sign(self.app_secret, body),
        }
        status, _ = deliver("POST", callback["url"], headers, body)
        return status == 200

    def settle(self, waiting: list[Data], *, accepted: bool) -> None:
        """What was not accepted waits again, until Meta's patience ends."""
        if accepted:
            return
        for item in waiting:
            item["attempts"] += 1
            is_messaging = "changes" not in item["entry"]
            if self.world.is_within(item["since"], MESSAGING_PATIENCE if is_messaging else PATIENCE):
                self.data["pending"].append(item)
                continue
            self.data["dropped"].append(item)
            if is_messaging:
                page = self.world.page(item["page"])
                page["fields"] = [field for field in page["fields"] if field not in MESSAGING]

    # -- payloads ------------------------------------------------------------------------------------------------------

    def comment_value(self, comment: Data, verb: str, **extra: Any) -> Data:
        """``value`` of a comment's change, of the kind that its root gives it."""
        page, root = comment["page"], comment["post"]
        value = {"item": "comment", "verb": verb, "comment_id": comment["id"], "post_id": root}
        value |= {"parent_id": comment["parent"] or root, "created_time": comment["created"] // 1000}
        value |= {} if verb == "remove" else {"message": comment["message"]}
        value |= {"photo": comment["photo"]} if comment.get("photo") and verb == "add" else {}
        if root in self.world.data["posts"]:
            value["post"] = {"id": root, "is_published": True, "permalink_url": post_url(root)}
        return {**value, **self._from(comment["author"], page), **extra}

    def post_value(self, post: Data, verb: str, **extra: Any) -> Data:
        """``value`` of a post's change: visitors' are ``post``, the page's own ``status``, photos ``photo``."""
        value = {"item": post["item"], "verb": verb, "post_id": post["id"], "created_time": post["created"] // 1000}
        value |= {} if verb == "remove" else {"message": post["message"]}
        value |= {name: post[name] for name in ("link", "photo_id", "video_id", "share_id") if name in post}
        return {**value, **self._from(post["author"], post["page"]), **extra}

    def rating_value(self, rating: Data, verb: str, **extra: Any) -> Data:
        """``value`` of a recommendation's change."""
        person = self.world.named(rating["author"], rating["page"])
        value = {"item": "rating", "verb": verb, "open_graph_story_id": rating["id"], "reviewer_id": person["id"]}
        value |= {"reviewer_name": person["name"], "recommendation_type": _recommended(rating)}
        value |= {} if verb == "remove" else {"review_text": rating["message"]}
        return {**value, "created_time": rating["created"] // 1000, **extra}

    def _from(self, author: Data, page: str) -> Data:
        """People are withheld without Advanced Access; the page itself is not."""
        if not self.world.page(page)["advanced_access"] and not self.world.is_brand(author, page):
            return {}
        return {"from": self.world.named(author, page)}


def _recommended(rating: Data) -> str:
    return "POSITIVE" if rating["positive"] else "NEGATIVE"


def wire(data: Any) -> bytes:
    """JSON as Meta puts it on the wire: non-ASCII as ``\\uXXXX`` with lower-case hex, ``/`` as ``\\/``, no blanks."""
    return json.dumps(data, ensure_ascii=True, separators=(",", ":")).replace("/", "\\/").encode("ascii")


def sign(secret: str, body: bytes) -> dict[str, str]:
    """Both signatures that Meta adds: the one that counts, and the old one."""
    key = secret.encode()
    return {
        "x-hub-signature-256": "sha256=" + hmac.new(key, body, hashlib.sha256).hexdigest(),
        "x-hub-signature": "sha1=" + hmac.new(key, body, hashlib.sha1).hexdigest(),
    }
