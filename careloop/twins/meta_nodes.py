"""What Graph API tells of the Meta twin's world, seen by one page."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import overload

from careloop.twins.meta_errors import GraphError, chosen, gone, parse_fields
from careloop.twins.meta_send import PRIVATE_REPLY
from careloop.twins.meta_world import Data, MetaWorld, Refused, comment_url, iso, post_url

READABLE = 20
"""Messages of a thread that can be read."""
LISTED = 600
"""Posts that a feed lists (of a year, about; Graph API reference > Page feed, limitations)."""


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


_COMMENT = _names(
    "id message from created_time parent object permalink_url attachment is_hidden can_hide can_remove can_comment "
    "can_reply_privately is_private like_count comment_count message_tags private_reply_conversation"
)
_POST = _names(
    "id message from created_time updated_time permalink_url can_reply_privately is_published is_hidden status_type"
)
_RATING = _names(
    "id created_time has_rating has_review rating recommendation_type review_text reviewer open_graph_story"
)
_CONVERSATION = _names("id updated_time participants messages link")
_MESSAGE = _names("id created_time from to message attachments tags")
_PERSON = _names("id first_name last_name profile_pic name")


class Shown(Sequence[Data]):
    """Nodes as Graph writes them, made only when a page of them is asked for."""

    def __init__(self, items: Sequence[Data], show: Callable[[Data], Data]) -> None:
        self._items, self._show = items, show

    def __len__(self) -> int:
        return len(self._items)

    @overload
    def __getitem__(self, place: int) -> Data: ...
    @overload
    def __getitem__(self, place: slice) -> Shown: ...
    def __getitem__(self, place: int | slice) -> Data | Shown:
        if isinstance(place, slice):
            return Shown(self._items[place], self._show)
        return self._show(self._items[place])


class MetaNodes:
    """Reads of one page."""

    def __init__(self, world: MetaWorld) -> None:
        self.world = world

    def read(self, name: str, page: Data, fields: str | None) -> Data:
        """``GET /{name}``: a comment, a post, a conversation, a message, a person, the page. Raises GraphError."""
        kinds: tuple[Callable[[str, Data], tuple[str, Data, frozenset[str]] | None], ...]
        kinds = (self._as_comment, self._as_post, self._as_conversation, self._as_message, self._as_person)
        for kind in kinds:
            found = kind(name, page)
            if found is not None:
                return chosen(found[0], self._opened(found, fields), fields, found[2])
        if name == page["id"]:
            return chosen("Page", {"id": name, "name": page["name"]}, fields, frozenset({"id", "name"}))
        raise gone(name)

    def feed(self, page: Data, fields: str | None) -> Shown:
        """Own and visitors' posts, newest first, at most `LISTED`."""
        posts = self.world.data["posts"].values()
        found = [item for item in posts if item["page"] == page["id"] and self._is_seen(item)]
        return Shown(found[::-1][:LISTED], lambda item: chosen("Post", self._post(item), fields, _POST))

    def ratings(self, page: Data, fields: str | None) -> list[Data]:
        """Recommendations, newest first."""
        found = [item for item in self.world.data["ratings"].values() if item["page"] == page["id"]]
        return [
            chosen("Recommendation", self._rating(item), fields, _RATING) for item in found[::-1] if not item["deleted"]
        ]

    def comments(self, name: str, page: Data, fields: str | None, *, stream: bool) -> Shown:
        """Comments below a post, a review or a comment, oldest first; ``stream``: replies too. Raises GraphError."""
        self.place(name, page["id"])
        found = self.world.replies(name)
        if name not in self.world.data["comments"] and not stream:
            found = [item for item in found if item["parent"] is None]
        return Shown(found, lambda item: chosen("Comment", self._comment(item), fields, _COMMENT))

    def conversations(self, page: Data, person: str | None, fields: str | None) -> Shown:
        """The inbox, latest first."""
        threads = self.world.data["threads"]
        asked = threads.values() if person is None else filter(None, [threads.get(person)])
        found = [item for item in asked if item["page"] == page["id"] and item["messages"]]
        found.sort(key=lambda item: item["updated"], reverse=True)
        return Shown(found, lambda item: chosen("Conversation", self._conversation(item, ""), fields, _CONVERSATION))

    def place(self, name: str, page: str) -> tuple[str, str | None]:
        """(root, parent comment) of an answer to `name`. Raises GraphError for what is gone or another's."""
        data = self.world.data
        if name in data["comments"]:
            found = data["comments"][name]
            root, parent = found["post"], name
        else:
            found = data["posts"].get(name) or data["ratings"].get(name)
            root, parent = name, None
        if found is None or found["deleted"] or found["page"] != page or found.get("invisible"):
            raise gone(name)
        return root, parent

    # -- kinds ---------------------------------------------------------------------------------------------------------

    def _as_comment(self, name: str, page: Data) -> tuple[str, Data, frozenset[str]] | None:
        found = self.world.data["comments"].get(name)
        return ("Comment", self._comment(found), _COMMENT) if found and self._is_of(found, page) else None

    def _as_post(self, name: str, page: Data) -> tuple[str, Data, frozenset[str]] | None:
        found = self.world.data["posts"].get(name)
        return ("Post", self._post(found), _POST) if found and self._is_of(found, page) else None

    def _as_conversation(self, name: str, page: Data) -> tuple[str, Data, frozenset[str]] | None:
        found = self.world.thread(name)
        is_ours = found is not None and found["page"] == page["id"]
        return ("Conversation", {"thread": found}, _CONVERSATION) if is_ours else None

    def _as_message(self, name: str, page: Data) -> tuple[str, Data, frozenset[str]] | None:
        try:
            thread, message = self.world.message(name)
        except Refused:
            return None
        return ("Message", self._message(thread, message), _MESSAGE) if thread["page"] == page["id"] else None

    def _as_person(self, name: str, page: Data) -> tuple[str, Data, frozenset[str]] | None:
        thread = self.world.data["threads"].get(name)
        if thread is None or thread["page"] != page["id"]:
            return None
        if thread["spoke_at"] is None:
            raise GraphError(100, "(#100) No profile available for this user.", subcode=2018218)
        full = self.world.user(thread["user"])["name"]
        first, _, last = full.partition(" ")
        picture = f"https://platform-lookaside.fbsbx.com/platform/profilepic/?psid={name}"
        node = {"id": name, "first_name": first, "last_name": last or None, "profile_pic": picture, "name": full}
        return "User", node, _PERSON

    def _opened(self, found: tuple[str, Data, frozenset[str]], fields: str | None) -> Data:
        """A conversation's messages are made of the fields that are asked inside the braces."""
        if found[0] != "Conversation":
            return found[1]
        asked = parse_fields(fields or "")
        inner = next((inner for name, inner in asked.items() if name.partition(".")[0] == "messages"), "")
        return self._conversation(found[1]["thread"], inner)

    # -- as Graph writes them ------------------------------------------------------------------------------------------

    def _comment(self, item: Data) -> Data:
        page = item["page"]
        theirs = not self.world.is_brand(item["author"], page)
        replied = item["private_reply"]
        node = {"id": item["id"], "message": item["message"], "created_time": iso(item["created"])}
        photo = {"type": "photo", "media": {"image": {"src": item.get("photo")}}, "url": item.get("photo")}
        return {
            **node,
            **self._from(item),
            "parent": {"id": item["parent"]} if item["parent"] else None,
            "object": {"id": item["post"]},
            "permalink_url": comment_url(item["post"], item["id"]) if "_" in item["post"] else None,
            "attachment": photo if item.get("photo") else None,
            "is_hidden": item["hidden"],
            "can_reply_privately": theirs and not replied and self.world.is_within(item["created"], PRIVATE_REPLY),
            "private_reply_conversation": {"id": replied} if replied else None,
        }

    def _post(self, item: Data) -> Data:
        theirs = not self.world.is_brand(item["author"], item["page"])
        return {
            "id": item["id"],
            "message": item["message"],
            **self._from(item),
            "created_time": iso(item["created"]),
            "updated_time": iso(item["updated"]),
            "permalink_url": post_url(item["id"]),
            "can_reply_privately": theirs
            and not item["private_reply"]
            and self.world.is_within(item["created"], PRIVATE_REPLY),
        }

    def _rating(self, item: Data) -> Data:
        return {
            "id": item["id"],
            "created_time": iso(item["created"]),
            "has_review": bool(item["message"]),
            "recommendation_type": "positive" if item["positive"] else "negative",
            "review_text": item["message"] or None,
            "reviewer": self.world.named(item["author"], item["page"]),
            "open_graph_story": {"id": item["id"]},
        }

    def _conversation(self, thread: Data, inner: str) -> Data:
        shown = [item for item in thread["messages"] if not item["deleted"]][::-1][:READABLE]
        nodes = [chosen("Message", self._message(thread, item), inner or None, _MESSAGE) for item in shown]
        people = list(self._people(thread))
        return {
            "id": thread["id"],
            "updated_time": iso(thread["updated"]),
            "participants": {"data": people},
            "messages": {"data": nodes},
            "link": f"/{thread['page']}/inbox/{thread['id']}/",
        }

    def _message(self, thread: Data, item: Data) -> Data:
        person, brand = self._people(thread)
        sender, receiver = (brand, person) if item["by_page"] else (person, brand)
        node = {"id": item["id"], "created_time": iso(item["created"]), "from": sender, "to": {"data": [receiver]}}
        files = [
            {"id": f"{item['id']}-{number}", **_file_node(str(one["type"]), one["payload"]["url"])}
            for number, one in enumerate(item["attachments"])
        ]
        return {**node, "message": item["text"], "attachments": {"data": files} if files else None}

    def _people(self, thread: Data) -> Iterator[Data]:
        names = (
            (thread["psid"], self.world.user(thread["user"])["name"]),
            (thread["page"], self.world.page(thread["page"])["name"]),
        )
        for name, title in names:
            yield {"id": name, "name": title, "email": f"{name}@facebook.com"}

    def _from(self, item: Data) -> Data:
        withheld = not self.world.page(item["page"])["advanced_access"]
        if withheld and not self.world.is_brand(item["author"], item["page"]):
            return {}
        return {"from": self.world.named(item["author"], item["page"])}

    def _is_of(self, item: Data, page: Data) -> bool:
        return item["page"] == page["id"] and not item["deleted"] and not item.get("invisible")

    def _is_seen(self, item: Data) -> bool:
        """The feed shows what stands on the page's own wall."""
        return not item["deleted"] and item["id"].startswith(f"{item['page']}_")


def _file_node(kind: str, url: str) -> Data:
    """A file of a message: pictures and films have a part of their own."""
    if kind in ("image", "video"):
        return {"mime_type": {"image": "image/jpeg", "video": "video/mp4"}[kind], f"{kind}_data": {"url": url}}
    return {"mime_type": "audio/mp4" if kind == "audio" else "application/pdf", "file_url": url}
