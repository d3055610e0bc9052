"""Where a person can write in the sandbox: one class per network over its twin, all alike to the page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from careloop.twins.meta import MetaTwin
from careloop.twins.x import XTwin

PEOPLE = {"dana": "Dana Weber", "kim": "Kim Park", "lee": "Lee Chen"}
"""Dana and Kim stand in the directory of customers, Lee does not."""
HANDLES = {"dana": "dana_w", "kim": "kim_p", "lee": "lee_c"}
BRAND_POST = "Our new lamp is here: it remembers the evening you liked best."


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What a person does: ``thread`` and ``message`` name what they answer, change or delete."""

    who: str = ""
    text: str = ""
    thread: str = ""
    message: str = ""


class Place(Protocol):
    """One way to write to the brand."""

    id: str
    label: str

    def write(self, what: Written) -> None:
        """Say something."""
        ...

    def edit(self, what: Written) -> None:
        """Change a message."""
        ...

    def delete(self, what: Written) -> None:
        """Take a message back."""
        ...

    def threads(self) -> list[dict[str, Any]]:
        """Everything that stands there, for the page."""
        ...


def shown(message: Mapping[str, Any], *, can_edit: bool) -> dict[str, Any]:
    """One message for the page."""
    return {
        "id": str(message["id"]),
        "author": message["author"],
        "ours": bool(message["is_brand"]),
        "text": message["text"],
        "at": str(message["created_at"])[11:19],
        "deleted": bool(message.get("deleted")),
        "edited": bool(message.get("edited")),
        "can_edit": can_edit,
    }


class FacebookPlace:
    """Comments under the page's post."""

    id, label = "facebook", "Facebook, publicly"

    def __init__(self, twin: MetaTwin, users: Mapping[str, str], post: str) -> None:
        self._twin, self._users, self._post = twin, users, post

    def write(self, what: Written) -> None:
        parent = what.message if what.message and what.message != self._post else None
        self._twin.comment(self._users[what.who], self._post, what.text, parent)

    def edit(self, what: Written) -> None:
        self._twin.edit_comment(what.message, what.text)

    def delete(self, what: Written) -> None:
        self._twin.remove_comment(what.message)

    def threads(self) -> list[dict[str, Any]]:
        return [
            {
                "id": thread["id"],
                "place": self.id,
                "platform": "Facebook",
                "title": "Acme's post",
                "can_reply": True,
                "messages": [shown(item, can_edit=True) for item in thread["messages"]],
            }
            for thread in self._twin.snapshot()["threads"]
            if thread["platform"] == "facebook"
        ]


class MessengerPlace:
    """Private messages to the page."""

    id, label = "messenger", "Messenger, in private"

    def __init__(self, twin: MetaTwin, users: Mapping[str, str]) -> None:
        self._twin, self._users = twin, users

    def write(self, what: Written) -> None:
        self._twin.message(self._users[what.who], what.text)

    def edit(self, what: Written) -> None:
        self._twin.edit_message(what.message, what.text)

    def delete(self, what: Written) -> None:
        self._twin.unsend(what.message)

    def threads(self) -> list[dict[str, Any]]:
        return [
            {
                "id": thread["id"],
                "place": self.id,
                "platform": "Messenger",
                "title": "Private chat with "
                + next((item["author"] for item in thread["messages"] if not item["is_brand"]), "a customer"),
                "can_reply": False,
                "messages": [shown(item, can_edit=True) for item in thread["messages"]],
            }
            for thread in self._twin.snapshot()["threads"]
            if thread["platform"] == "messenger" and thread["messages"]
        ]


class XPlace:
    """Public posts that name the brand."""

    id, label = "x", "X, publicly"

    def __init__(self, twin: XTwin) -> None:
        self._twin = twin

    def write(self, what: Written) -> None:
        brand = self._twin.world.user(self._twin.brand)["username"]
        text = what.text if f"@{brand.lower()}" in what.text.lower() else f"@{brand} {what.text}"
        self._twin.post(HANDLES[what.who], text, what.message or None)

    def edit(self, what: Written) -> None:
        self._twin.edit(self._author(what.message), what.message, what.text)

    def delete(self, what: Written) -> None:
        self._twin.delete(self._author(what.message), what.message)

    def _author(self, message: str) -> str:
        post = self._twin.world.post(message)
        if post is None:
            raise ValueError("that post is not there")
        return str(post["author"])

    def threads(self) -> list[dict[str, Any]]:
        return [
            {
                "id": thread["id"],
                "place": self.id,
                "platform": "X",
                "title": "Thread on X",
                "can_reply": True,
                "messages": [
                    shown({**item, "is_brand": item["brand"], "created_at": item["at"]}, can_edit=False)
                    for item in thread["posts"]
                ],
            }
            for thread in self._twin.snapshot()["threads"]
        ]
