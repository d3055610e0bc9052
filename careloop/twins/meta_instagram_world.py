"""The Instagram twin's small world: an account, people, media, comments and private threads, as plain data.

People have one Instagram-scoped id. Deleted things stay, invisible. Times are milliseconds since 1970.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from careloop.twins.meta_world import Refused, iso
from chalicelib.ports.services import Clock

Data = dict[str, Any]
ACCOUNT = "17841405726653026"
USERNAME = "acme"
CDN = "https://lookaside.fbsbx.com"
WWW = "https://www.instagram.com"


class InstagramWorld:
    """Everything that is, in ``data``; ids are counted, so that the same story has the same ids."""

    def __init__(self, clock: Clock, token: str) -> None:
        self.clock = clock
        self.data: Data = {
            "next": 1,
            "account": {
                "id": ACCOUNT,
                "username": USERNAME,
                "token": token,
                "token_made": self.now(),
                "token_ends": None,
                "installed": [],
                "human_agent": False,
                "messages_open": True,
                "restricted": False,
            },
            "callback": None,
            "people": {},
            "media": {},
            "comments": {},
            "threads": {},
            "files": {},
            "uploads": {},
        }

    @property
    def account(self) -> Data:
        """The professional account."""
        found: Data = self.data["account"]
        return found

    def now(self) -> int:
        """Milliseconds."""
        return int(self.clock.now().timestamp() * 1000)

    def count(self) -> int:
        """The next number."""
        self.data["next"] += 1
        return int(self.data["next"] - 1)

    def is_within(self, at: int | None, window: timedelta) -> bool:
        """Whether `at` is known and less than `window` ago."""
        return at is not None and self.now() - at < window.total_seconds() * 1000

    # -- making --------------------------------------------------------------------------------------------------------

    def add_person(self, name: str, username: str) -> str:
        """A person; their Instagram-scoped id."""
        made = str(6418256890000000 + self.count())
        self.data["people"][made] = {"id": made, "name": name, "username": username, "has_consented": False}
        return made

    def add_media(self, owner: str, caption: str, kind: str = "FEED") -> Data:
        """Media of the account's or of a person's."""
        number = self.count()
        made: Data = {"id": str(18172143290000000 + number), "owner": owner, "caption": caption, "kind": kind}
        made |= {"created": self.now(), "permalink": f"{WWW}/p/C{number}/", "deleted": False}
        self.data["media"][made["id"]] = made
        return made

    def add_comment(self, media: Data, author: str, text: str, above: Data | None = None) -> Data:
        """A comment; an answer to a reply hangs below the same first comment."""
        top = (above["parent"] or above["id"]) if above is not None else None
        made = {"id": str(17919697620000000 + self.count()), "media": media["id"], "parent": top, "author": author}
        made |= {"text": text, "created": self.now(), "deleted": False, "hidden": False, "private_reply": None}
        self.data["comments"][made["id"]] = made
        return made

    def thread_with(self, person: str) -> Data:
        """The private thread with a person, made when missing."""
        if person not in self.data["threads"]:
            made = {"id": f"aWdfThread{self.count():06d}", "person": self.person(person)["id"], "messages": []}
            self.data["threads"][person] = {**made, "updated": self.now(), "spoke_at": None, "owner": None}
        found: Data = self.data["threads"][person]
        return found

    def add_message(self, thread: Data, *, by_account: bool, **parts: Any) -> Data:
        """A message in a thread; a person's opens the window to answer, and lets the account see their profile."""
        now = self.now()
        made = {"id": f"aWdfZAG1{self.count():06d}", "by_account": by_account, "text": "", "files": [], "story": None}
        made |= {"created": now, "deleted": False, "edits": 0, **parts}
        thread["messages"].append(made)
        thread["updated"] = now
        if not by_account:
            thread["spoke_at"] = now
            self.person(thread["person"])["has_consented"] = True
        return made

    def add_file(self, content: bytes, media_type: str) -> str:
        """A file on Meta's servers; its address, which needs no token."""
        name = str(self.count())
        self.data["files"][name] = {"content": content.hex(), "media_type": media_type}
        return f"{CDN}/ig_messaging_cdn/?asset_id={name}&signature=Abc"

    # -- finding -------------------------------------------------------------------------------------------------------

    def person(self, name: str) -> Data:
        """Raises Refused."""
        return self._find("people", name)

    def media(self, name: str) -> Data:
        """Visible media. Raises Refused."""
        return self._visible("media", name)

    def comment(self, name: str) -> Data:
        """A visible comment. Raises Refused."""
        return self._visible("comments", name)

    def message(self, name: str) -> tuple[Data, Data]:
        """(thread, message). Raises Refused."""
        for thread in self.data["threads"].values():
            for message in thread["messages"]:
                if message["id"] == name and not message["deleted"]:
                    return thread, message
        raise Refused(f"no message {name}")

    def below(self, media: str, parent: str | None) -> list[Data]:
        """Visible comments of media, newest first: first ones, or those below a comment."""
        found = [item for item in self.data["comments"].values() if item["media"] == media]
        return [item for item in found[::-1] if item["parent"] == parent and not item["deleted"]]

    def _find(self, kind: str, name: str) -> Data:
        try:
            found: Data = self.data[kind][name]
        except KeyError:
            raise Refused(f"no {name} among the {kind}") from None
        return found

    def _visible(self, kind: str, name: str) -> Data:
        found = self._find(kind, name)
        if found["deleted"]:
            raise Refused(f"{name} is deleted")
        return found

    # -- as Graph writes them ------------------------------------------------------------------------------------------

    def named(self, author: str) -> Data:
        """``{"id", "username"}``."""
        if author == self.account["id"]:
            return {"id": author, "username": self.account["username"]}
        return {"id": author, "username": self.person(author)["username"]}

    def comment_node(self, item: Data, *, replies: bool = True) -> Data:
        """A comment with what stands below it."""
        media = self.data["media"][item["media"]]
        node = {"id": item["id"], "text": item["text"], "timestamp": iso(item["created"])}
        node |= {"from": self.named(item["author"]), "hidden": item["hidden"], "like_count": 0}
        node["username"] = node["from"]["username"]
        node["media"] = {"id": media["id"], "permalink": media["permalink"], "media_product_type": media["kind"]}
        node |= {"parent_id": item["parent"]} if item["parent"] else {}
        below = self.below(item["media"], item["id"]) if replies else []
        return node | ({"replies": {"data": [self.comment_node(one, replies=False) for one in below]}} if below else {})

    def media_node(self, item: Data) -> Data:
        """Media of the account's."""
        visible = [one for one in self.data["comments"].values() if one["media"] == item["id"] and not one["deleted"]]
        node = {"id": item["id"], "timestamp": iso(item["created"]), "permalink": item["permalink"]}
        return {**node, "comments_count": len(visible), "media_product_type": item["kind"], "caption": item["caption"]}

    def message_node(self, thread: Data, item: Data) -> Data:
        """A private message."""
        person, account = self.named(thread["person"]), self.named(self.account["id"])
        sender, receiver = (account, person) if item["by_account"] else (person, account)
        node = {"id": item["id"], "created_time": iso(item["created"]), "from": sender, "to": {"data": [receiver]}}
        files = [{"id": f"{item['id']}-{place}", **one} for place, one in enumerate(item["files"])]
        node |= {"attachments": {"data": files}} if files else {}
        return {**node, "message": item["text"], **({"story": item["story"]} if item["story"] else {})}

    def thread_node(self, thread: Data) -> Data:
        """A thread, its newest messages first."""
        shown = [item for item in thread["messages"][::-1] if not item["deleted"]][:20]
        people = [self.named(self.account["id"]), self.named(thread["person"])]
        node = {"id": thread["id"], "updated_time": iso(thread["updated"]), "participants": {"data": people}}
        return {**node, "messages": {"data": [self.message_node(thread, item) for item in shown]}}
