"""A stand-in for Meta: one app, Facebook Pages and their Messenger, Graph API and webhooks, and people to play with.

Facts: developers.facebook.com (2026-11-22), see the README of the connectors ``facebook`` and ``messenger``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from careloop.twins.base import Deliver
from careloop.twins.meta_files import keep
from careloop.twins.meta_graph import MetaGraph
from careloop.twins.meta_hooks import ALL_FIELDS
from careloop.twins.meta_send import write
from careloop.twins.meta_world import APP_ID, INBOX_APP_ID, PAGE_ID, Data, Refused, iso
from chalicelib.ports.services import Clock

__all__ = ["APP_ID", "INBOX_APP_ID", "PAGE_ID", "MetaTwin", "Refused"]


class MetaTwin(MetaGraph):
    """Meta with one page (more by `add_page`), installed with all webhook fields once `subscribe` made the handshake.

    ``page`` may be left out while there is one. What people can't do raises `Refused`. Deliveries wait until `flush`,
    or with ``echo_first`` only until the call of Graph API that caused them, before it returns.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        app_id: str = APP_ID,
        app_secret: str = "twin-meta-app-secret",
        page_name: str = "Acme",
        page_token: str | None = None,
        deliver: Deliver | None = None,
        echo_first: bool = False,
    ) -> None:
        super().__init__(clock, app_id=app_id, app_secret=app_secret, deliver=deliver, echo_first=echo_first)
        self.together = False
        """Several events in one body."""
        self.add_page(page_name, token=page_token)

    # -- the business --------------------------------------------------------------------------------------------------

    def add_page(self, name: str, page: str | None = None, token: str | None = None) -> str:
        """One more page with the app installed; its id."""
        with self.lock:
            made = self.world.add_page(name, page, token)
            self.install(made, ALL_FIELDS)
            return made

    def install(self, page: str, fields: Sequence[str]) -> None:
        """Which webhook fields of the page the app gets."""
        self.world.page(page)["fields"] = list(fields)

    def limit_token(self, page: str | None = None, **limits: Any) -> None:
        """What the page's token is: ``expires_at``, ``data_access_expires_at`` (unix times; 0: never), ``scopes``."""
        with self.lock:
            self.world.page(page).update(limits)

    def page_post(self, text: str, page: str | None = None) -> str:
        """A post of the page's own; its id."""
        with self.lock:
            name = self.world.page(page)["id"]
            return self._posted(
                self.world.add_post(name, name, self.world.brand(name), text, item="status"), published=1
            )

    def native_reply(self, target: str, text: str, page: str | None = None) -> str:
        """The page answers in Meta's own tools: a comment, post or review, or a person in Messenger. The new id."""
        with self.lock:
            if target in self.world.data["users"]:
                thread = self.world.thread_with(target, self.world.page(page)["id"])
                return str(write(self.world, self.hooks, thread, text, INBOX_APP_ID)["id"])
            owner = self._anything(target)["page"]
            root, parent = self.nodes.place(target, owner)
            return str(self.post_comment(owner, root, parent, text)["id"])

    def hand_over(self, user: str, app: str | None, page: str | None = None) -> None:
        """Let another app hold a Messenger thread, or (None) nobody in particular."""
        with self.lock:
            self.world.thread_with(user, self.world.page(page)["id"])["owner"] = app

    # -- people in public ----------------------------------------------------------------------------------------------

    def add_user(self, name: str) -> str:
        """A person; their name in this twin (their ids at each page: `world.commenter`, `world.psid`)."""
        with self.lock:
            return self.world.add_user(name)

    def comment(self, user: str, post: str, text: str, parent: str | None = None, *, photo: str | None = None) -> str:
        """Comment on a post or a review, or answer the comment `parent`; the comment's id."""
        with self.lock:
            root = self._anything(post)
            if parent is not None and self.world.comment(parent)["post"] != post:
                raise Refused("that comment stands elsewhere")
            made = self.world.add_comment(post, root["page"], self.world.person(user), text, parent, photo=photo)
            self.tell_comment(made, "add")
            return str(made["id"])

    def visitor_post(self, user: str, text: str, page: str | None = None, *, photo: str | None = None) -> str:
        """Post on the page's wall; the post's id."""
        with self.lock:
            name = self.world.page(page)["id"]
            extra = {"item": "photo", "photo_id": str(self.world.count() + 122200000000000), "link": photo}
            return self._posted(
                self.world.add_post(name, name, self.world.person(user), text, **(extra if photo else {"item": "post"}))
            )

    def mention(self, user: str, text: str, page: str | None = None, *, visible: bool = True) -> str:
        """Name the page in a comment on somebody else's post; the comment's id. Not ``visible``: not to the page."""
        with self.lock:
            name = self.world.page(page)["id"]
            elsewhere = str(555000111000000 + self.world.count())
            post = self.world.add_post(elsewhere, name, self.world.person(user), "", item="post", invisible=not visible)
            person = self.world.person(user)
            made = self.world.add_comment(post["id"], name, person, text, None, mention=True, invisible=not visible)
            self.tell_comment(made, "add")
            return str(made["id"])

    def rate(self, user: str, text: str, *, positive: bool = False, page: str | None = None) -> str:
        """Recommend the page, or advise against it; the story's id."""
        with self.lock:
            made = self.world.add_rating(self.world.page(page)["id"], user, text, positive)
            self.hooks.changed(made["page"], "ratings", self.hooks.rating_value(made, "add"))
            return str(made["id"])

    def edit_comment(self, comment: str, text: str) -> None:
        """The author changes a comment."""
        with self.lock:
            found = self.world.comment(comment)
            found["message"] = text
            self.tell_comment(found, "edited", edited_time=self.world.now() // 1000)

    def remove_comment(self, comment: str, *, by_page: bool = False) -> None:
        """The author, or (``by_page``) a moderator, deletes a comment; answers below it go with it."""
        with self.lock:
            found = self.world.comment(comment)
            for below in (found, *self.world.replies(comment)):
                below["deleted"] = True
            moderator = {"from": self.world.named(self.world.brand(found["page"]), found["page"])} if by_page else {}
            self.tell_comment(found, "remove", **moderator, created_time=self.world.now() // 1000)

    def hide_comment(self, comment: str, *, hidden: bool = True) -> None:
        """A moderator hides a comment, or shows it again."""
        with self.lock:
            found = self.world.comment(comment)
            found["hidden"] = hidden
            self.tell_comment(found, "hide" if hidden else "unhide")

    def remove_post(self, post: str) -> None:
        """The author deletes a post, with all below it."""
        with self.lock:
            found = self.world.post(post)
            for item in (found, *self.world.replies(post)):
                item["deleted"] = True
            self.hooks.changed(found["page"], "feed", self.hooks.post_value(found, "remove"))

    def react(self, user: str, post: str, reaction: str = "like") -> None:
        """A person reacts to a post."""
        with self.lock:
            found = self.world.post(post)
            value: Data = {
                "item": "reaction",
                "verb": "add",
                "reaction_type": reaction,
                "post_id": post,
                "parent_id": post,
            }
            value |= {"from": self.world.named(self.world.person(user), found["page"])}
            value["created_time"] = self.world.now() // 1000
            self.hooks.changed(found["page"], "feed", value)

    # -- people in private ---------------------------------------------------------------------------------------------

    def message(
        self,
        user: str,
        text: str,
        page: str | None = None,
        *,
        image: str | None = None,
        picture: bytes | None = None,
        reply_to: str | None = None,
    ) -> str:
        """Write to the page in Messenger, with the address of an image or (``picture``) a PNG; the message's id."""
        with self.lock:
            thread = self.world.thread_with(user, self.world.page(page)["id"])
            image = keep(self.world, picture, "image/png") if picture is not None else image
            files = [{"type": "image", "payload": {"url": image}}] if image else []
            made = self.world.add_message(thread, by_page=False, text=text, attachments=files)
            part: Data = {
                "mid": made["id"],
                **({"text": text} if text else {}),
                **({"attachments": files} if files else {}),
            }
            part |= {"reply_to": {"mid": reply_to, "is_self_reply": False}} if reply_to else {}
            self.hooks.messaged(thread, "messages", {"message": part})
            return str(made["id"])

    def edit_message(self, message: str, text: str) -> None:
        """The person changes a message of theirs."""
        with self.lock:
            thread, found = self._own(message)
            found["text"], found["edits"] = text, found["edits"] + 1
            part = {"mid": message, "text": text, "num_edit": found["edits"]}
            self.hooks.messaged(thread, "message_edits", {"message_edit": part})

    def unsend(self, message: str) -> None:
        """The person takes a message of theirs back."""
        with self.lock:
            thread, found = self._own(message)
            found["deleted"] = True
            self.hooks.messaged(thread, "messages", {"message": {"mid": message, "is_deleted": True}})

    def press(self, user: str, title: str, payload: str, page: str | None = None) -> str:
        """The person presses a button; the message's id."""
        with self.lock:
            thread = self.world.thread_with(user, self.world.page(page)["id"])
            made = self.world.add_message(thread, by_page=False, text=title)
            part = {"mid": made["id"], "title": title, "payload": payload}
            self.hooks.messaged(thread, "messaging_postbacks", {"postback": part})
            return str(made["id"])

    def read(self, user: str, page: str | None = None) -> None:
        """The page's messages reach the person, and are read."""
        with self.lock:
            thread = self.world.thread_with(user, self.world.page(page)["id"])
            now = self.world.now()
            sent = [item["id"] for item in thread["messages"] if item["by_page"]]
            self.hooks.messaged(thread, "message_deliveries", {"delivery": {"mids": sent[-1:], "watermark": now}})
            self.hooks.messaged(thread, "message_reads", {"read": {"watermark": now}})

    def block(self, user: str, page: str | None = None, *, blocked: bool = True) -> None:
        """The person does not want messages from the page."""
        with self.lock:
            self.world.thread_with(user, self.world.page(page)["id"])["blocked"] = blocked

    def _own(self, message: str) -> tuple[Data, Data]:
        thread, found = self.world.message(message)
        if found["by_page"]:
            raise Refused("that is the page's message")
        return thread, found

    def _posted(self, post: Data, **extra: Any) -> str:
        self.hooks.changed(post["page"], "feed", self.hooks.post_value(post, "add", **extra))
        return str(post["id"])

    def _anything(self, name: str) -> Data:
        """A visible post, review or comment. Raises Refused."""
        for kind in ("posts", "ratings", "comments"):
            found: Data | None = self.world.data[kind].get(name)
            if found is not None and not found["deleted"]:
                return found
        raise Refused(f"there is no {name} to answer")

    # -- webhooks ------------------------------------------------------------------------------------------------------

    def flush(self) -> int:
        """Try to deliver everything that waits, once; how many events were accepted. What was not waits again, until
        36 hours (in Messenger one) are over."""
        if self.deliver is None:
            return 0
        with self.lock:
            bodies = self.hooks.take(together=self.together)
        accepted = 0
        for waiting in bodies:
            good = self.hooks.attempt(waiting, self.deliver)
            accepted += len(waiting) if good else 0
            with self.lock:
                self.hooks.settle(waiting, accepted=good)
        return accepted

    @property
    def pending(self) -> int:
        """Events that wait."""
        return len(self.hooks.data["pending"])

    # -- the whole -----------------------------------------------------------------------------------------------------

    def dump(self) -> dict[str, Any]:
        with self.lock:
            copied: dict[str, Any] = json.loads(json.dumps({"world": self.world.data, "hooks": self.hooks.data}))
            return copied

    def load(self, data: Mapping[str, Any]) -> None:
        with self.lock:
            copied = json.loads(json.dumps(dict(data)))
            self.world.data, self.hooks.data = copied["world"], copied["hooks"]

    def snapshot(self) -> dict[str, Any]:
        """Posts and reviews with their comments, and Messenger threads, for a page: plain data."""
        with self.lock:
            data = self.world.data
            roots = [*data["posts"].values(), *data["ratings"].values()]
            pages = [{"id": item["id"], "name": item["name"]} for item in data["pages"].values()]
            public = [self._seen_root(item) for item in roots]
            return {"pages": pages, "threads": public + [self._seen_thread(item) for item in data["threads"].values()]}

    def _seen_root(self, root: Data) -> Data:
        below = [item for item in self.world.data["comments"].values() if item["post"] == root["id"]]
        messages = [self._seen(item, root["page"]) for item in (root, *below)]
        return {"id": root["id"], "platform": "facebook", "page": root["page"], "messages": messages}

    def _seen(self, item: Data, page: str) -> Data:
        return {
            "id": item["id"],
            "author": self.world.named(item["author"], page)["name"],
            "is_brand": self.world.is_brand(item["author"], page),
            "text": item["message"],
            "created_at": iso(item["created"]),
            "parent": item.get("parent"),
            "deleted": item["deleted"],
            "hidden": item.get("hidden", False),
        }

    def _seen_thread(self, thread: Data) -> Data:
        person, brand = self.world.user(thread["user"])["name"], self.world.page(thread["page"])["name"]
        messages = [
            {
                "id": item["id"],
                "author": brand if item["by_page"] else person,
                "is_brand": item["by_page"],
                "text": item["text"],
                "created_at": iso(item["created"]),
                "parent": None,
                "deleted": item["deleted"],
                "hidden": False,
            }
            for item in thread["messages"]
        ]
        return {"id": thread["psid"], "platform": "messenger", "page": thread["page"], "messages": messages}
