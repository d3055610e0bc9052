"""A stand-in for Instagram: one professional account by either flavour of login, Graph API, webhooks, and people.

Facts: developers.facebook.com, Instagram Platform (2026-11-22), see the README of the connector ``instagram``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from careloop.twins.base import Deliver
from careloop.twins.meta_hooks import sign, wire
from careloop.twins.meta_instagram_api import InstagramApi
from careloop.twins.meta_instagram_world import ACCOUNT, CDN, Data, InstagramWorld
from careloop.twins.meta_world import Refused
from chalicelib.ports.services import Clock

__all__ = ["ACCOUNT", "CDN", "InstagramTwin"]
PATIENCE, MESSAGING_PATIENCE = timedelta(hours=36), timedelta(hours=1)


class InstagramTwin(InstagramApi):
    """What people can't do raises `Refused`. Deliveries wait until `flush`, or with ``echo_first`` only until the call
    of Graph API that caused them. ``doubled``: both flavours are connected, so that everything is told twice."""

    def __init__(
        self,
        clock: Clock,
        *,
        login: str = "instagram",
        app_secret: str = "twin-instagram-app-secret",
        token: str = "IGAAtwinTokenOfTheOwner",
        deliver: Deliver | None = None,
        echo_first: bool = False,
    ) -> None:
        super().__init__(InstagramWorld(clock, token), login=login, echo_first=echo_first)
        self.app_secret, self.deliver = app_secret, deliver
        self.doubled = False
        self.flat = False
        """Comments stand flat in the entry, as documented for Instagram Login."""
        self.waiting: list[Data] = []
        self.dropped: list[Data] = []

    # -- webhooks ------------------------------------------------------------------------------------------------------

    def subscribe(self, url: str, verify_token: str) -> int:
        """The handshake; the callback's status."""
        assert self.deliver is not None
        query = {"hub.mode": "subscribe", "hub.challenge": "1158201445", "hub.verify_token": verify_token}
        status, body = self.deliver("GET", f"{url}?{urlencode(query)}", {}, b"")
        if status == 200 and body == b"1158201445":
            self.world.data["callback"] = url
        return status

    def _queue(self, entry: Data) -> None:
        waiting = {"entry": {"id": ACCOUNT, **entry}, "since": self.world.now()}
        self.waiting += [waiting] * (2 if self.doubled else 1)

    def _changed(self, field: str, value: Data) -> None:
        change: Data = {"field": field, "value": value}
        is_flat = self.flat and field == "comments"
        self._queue({"time": self.world.now() // 1000, **(change if is_flat else {"changes": [change]})})

    def _messaged(self, thread: Data, part: Data, *, by_account: bool = False) -> None:
        people = ({"id": thread["person"]}, {"id": ACCOUNT})
        sender, recipient = reversed(people) if by_account else people
        item = {"sender": sender, "recipient": recipient, "timestamp": self.world.now(), **part}
        self._queue({"time": self.world.now(), "standby" if thread["owner"] else "messaging": [item]})

    def tell_comment(self, comment: Data) -> None:
        media = self.world.data["media"][comment["media"]]
        if media["owner"] != ACCOUNT:
            return
        person = self.world.named(comment["author"])
        own = {"self_ig_scoped_id": "6418256000000001"} if comment["author"] == ACCOUNT else {}
        value = {"id": comment["id"], "text": comment["text"], "from": {**person, **own}}
        value |= {"parent_id": comment["parent"]} if comment["parent"] else {}
        value["media"] = {"id": media["id"], "media_product_type": media["kind"]}
        self._changed("live_comments" if media["kind"] == "IG_LIVE" else "comments", value)

    def tell_message(self, thread: Data, message: Data, **parts: Any) -> None:
        part = {"mid": message["id"], "is_echo": True}
        part |= {"text": message["text"]} if message["text"] else {}
        files = [{"type": _kind(one), "payload": {"url": _url(one)}} for one in message["files"]]
        part |= {"attachments": files} if files else {}
        part |= {name: value for name, value in parts.items() if value}
        self._messaged(thread, {"message": part}, by_account=True)

    def flush(self) -> int:
        """Try to deliver everything that waits, once; how many were accepted. What was not waits again, until 36 hours
        (private messages: one) are over."""
        url = self.world.data["callback"]
        if self.deliver is None or url is None:
            return 0
        waiting, self.waiting = self.waiting, []
        accepted = 0
        for item in waiting:
            body = wire({"object": "instagram", "entry": [item["entry"]]})
            headers = {"content-type": "application/json", **sign(self.app_secret, body)}
            status, _ = self.deliver("POST", url, headers, body)
            if status == 200:
                accepted += 1
            elif self.world.is_within(item["since"], MESSAGING_PATIENCE if _is_private(item) else PATIENCE):
                self.waiting.append(item)
            else:
                self.dropped.append(item)
        return accepted

    # -- the account's owner -------------------------------------------------------------------------------------------

    def post(self, caption: str, kind: str = "FEED") -> str:
        """Media of the account's own."""
        return str(self.world.add_media(ACCOUNT, caption, kind)["id"])

    def native_reply(self, target: str, text: str) -> str:
        """The owner answers in the app: a comment, or a person in private."""
        if target in self.world.data["people"]:
            thread = self.world.thread_with(target)
            made = self.world.add_message(thread, by_account=True, text=text)
            self.tell_message(thread, made)
        else:
            above = self.world.comment(target)
            made = self.world.add_comment(self.world.data["media"][above["media"]], ACCOUNT, text, above)
            self.tell_comment(made)
        return str(made["id"])

    # -- people in public ----------------------------------------------------------------------------------------------

    def add_user(self, name: str, username: str) -> str:
        """A person; their Instagram-scoped id."""
        return self.world.add_person(name, username)

    def comment(self, person: str, media: str, text: str, above: str | None = None) -> str:
        """Comment below media, or answer a comment there."""
        parent = self.world.comment(above) if above else None
        made = self.world.add_comment(self.world.media(media), self.world.person(person)["id"], text, parent)
        self.tell_comment(made)
        return str(made["id"])

    def mention(self, person: str, text: str, *, caption: bool = False) -> str:
        """Name the account below media of their own, or in its caption; the comment's or the media's id."""
        owner = self.world.person(person)["id"]
        media = self.world.add_media(owner, text if caption else "")
        comment = None if caption else self.world.add_comment(media, owner, text)
        value = {"media_id": media["id"], **({"comment_id": comment["id"]} if comment else {})}
        if self.login == "facebook":
            self._changed("mentions", value)
        return str(value.get("comment_id", media["id"]))

    def delete_comment(self, comment: str) -> None:
        """The author deletes a comment: nobody is told."""
        self.world.comment(comment)["deleted"] = True

    # -- people in private ---------------------------------------------------------------------------------------------

    def message(
        self, person: str, text: str = "", *, picture: bytes | None = None, reply_to_story: str | None = None
    ) -> str:
        """Write to the account; the message's id."""
        url = self.world.add_file(picture, "image/png") if picture is not None else None
        story = {"reply_to": {"link": self._story(reply_to_story), "id": reply_to_story}} if reply_to_story else None
        files = [{"image_data": {"url": url}, "mime_type": "image/png"}] if url else []
        thread = self.world.thread_with(person)
        made = self.world.add_message(thread, by_account=False, text=text, files=files, story=story)
        part: Data = {"mid": made["id"], **({"text": text} if text else {})}
        part |= {"attachments": [{"type": "image", "payload": {"url": url}}]} if url else {}
        if story:
            part["reply_to"] = {"story": {"id": reply_to_story, "url": story["reply_to"]["link"]}}
        self._messaged(thread, {"message": part})
        return str(made["id"])

    def story_mention(self, person: str) -> str:
        """Name the account in a story; the message's id. It opens the window."""
        number = str(self.world.count())
        thread = self.world.thread_with(person)
        link = self._story(number)
        made = self.world.add_message(thread, by_account=False, story={"mention": {"link": link, "id": number}})
        attachment = {"type": "story_mention", "payload": {"url": link}}
        self._messaged(thread, {"message": {"mid": made["id"], "attachments": [attachment]}})
        return str(made["id"])

    def _story(self, number: str) -> str:
        return f"{CDN}/ig_messaging_cdn/?asset_id=story-{number}&signature=Abc"

    def edit_message(self, message: str, text: str) -> None:
        """The person changes a message of theirs."""
        thread, found = self._theirs(message)
        found["text"], found["edits"] = text, found["edits"] + 1
        self._messaged(thread, {"message_edit": {"mid": message, "text": text, "num_edit": str(found["edits"])}})

    def unsend(self, message: str) -> None:
        """The person takes a message of theirs back."""
        thread, found = self._theirs(message)
        found["deleted"] = True
        self._messaged(thread, {"message": {"mid": message, "is_deleted": True}})

    def react(self, message: str) -> None:
        """The person puts a heart on a message."""
        thread, _ = self.world.message(message)
        reaction = {"mid": message, "action": "react", "reaction": "love", "emoji": "\u2764"}
        self._messaged(thread, {"reaction": reaction})

    def read(self, person: str) -> None:
        """The person sees the account's newest message."""
        thread = self.world.thread_with(person)
        own = [item["id"] for item in thread["messages"] if item["by_account"]]
        if own:
            self._messaged(thread, {"read": {"mid": own[-1]}})

    def _theirs(self, message: str) -> tuple[Data, Data]:
        thread, found = self.world.message(message)
        if found["by_account"]:
            raise Refused("that is the account's message")
        return thread, found

    # -- looking -------------------------------------------------------------------------------------------------------

    def answers(self, comment: str) -> list[str]:
        """What the account wrote below a comment, oldest first."""
        found = self.world.below(self.world.comment(comment)["media"], comment)[::-1]
        return [item["text"] for item in found if item["author"] == ACCOUNT]

    def sent(self, person: str) -> list[str]:
        """What the account wrote to a person, oldest first; files by their address."""
        own = [item for item in self.world.thread_with(person)["messages"] if item["by_account"]]
        return [item["text"] or _url(item["files"][0]) for item in own]

    def content(self, url: str) -> bytes:
        """What stands at an address of `sent`."""
        name = url.partition("asset_id=")[2].partition("&")[0]
        return bytes.fromhex(self.world.data["files"][name]["content"])

    def dump(self) -> dict[str, Any]:
        with self.lock:
            copied: dict[str, Any] = json.loads(json.dumps({"world": self.world.data, "waiting": self.waiting}))
            return copied

    def load(self, data: Mapping[str, Any]) -> None:
        with self.lock:
            copied = json.loads(json.dumps(dict(data)))
            self.world.data, self.waiting = copied["world"], copied["waiting"]


def _is_private(item: Data) -> bool:
    return "messaging" in item["entry"] or "standby" in item["entry"]


def _url(file: Data) -> str:
    data = file.get("image_data") or file.get("video_data") or {}
    return str(data.get("url") or file.get("file_url"))


def _kind(file: Data) -> str:
    for kind in ("image", "video"):
        if f"{kind}_data" in file:
            return kind
    return str(file.get("mime_type", "file/x")).partition("/")[0]
