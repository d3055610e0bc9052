"""A stand-in for X: the app's API, posts and private messages, X's rules about answers, and people who write.

Facts: docs.x.com as of 2026-08-22. X promises no second delivery: what a webhook does not accept is lost until a replay
is asked for, and customers' edits and deletions are told to nobody.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from careloop.twins.base import Deliver
from careloop.twins.x_api import XApi
from careloop.twins.x_shapes import conversation, stamp
from careloop.twins.x_world import Data
from chalicelib.ports.services import Clock

SUBSCRIBED = (
    "post.mention.create",
    "post.reply.create",
    "post.quote.create",
    "post.repost.create",
    "post.create",
    "post.delete",
    "dm.received",
    "dm.sent",
    "chat.received",
    "chat.sent",
    "profile.update.handle",
    "block.block",
    "like.create",
)
"""What `subscribe_brand` asks for."""


class XTwin(XApi):
    """The network. ``brand`` is the account that Careloop serves. Deliveries wait until `flush`.

    People are named by id or username; posts by id. ``strict_urls`` False lets webhooks be registered that X would not
    take (http, a port), for a sandbox on one machine. ``base_url``: where the API seems to be, which OAuth 1.0a signs.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        brand: str = "AcmeCare",
        brand_id: str = "100",
        consumer_key: str = "twin-consumer-key",
        consumer_secret: str = "twin-consumer-secret",
        bearer_token: str = "twin-bearer-token",
        client_id: str = "twin-client-id",
        client_secret: str = "twin-client-secret",
        base_url: str = "https://api.x.com",
        strict_urls: bool = True,
        deliver: Deliver | None = None,
    ) -> None:
        app = {
            "consumer_key": consumer_key,
            "consumer_secret": consumer_secret,
            "bearer_token": bearer_token,
            "client_id": client_id,
            "client_secret": client_secret,
        }
        super().__init__(clock, app, base_url, strict_urls=strict_urls)
        self.deliver = deliver
        self.brand = self.world.add_user(brand, "Acme Care", user_id=brand_id)

    # -- people --------------------------------------------------------------------------------------------------------

    def add_user(self, username: str, name: str = "", **more: bool) -> str:
        """Somebody new; the id. See `XWorld.add_user` for ``protected``, ``receives_dm``, ``premium``."""
        with self.lock:
            return self.world.add_user(username, name, user_id=None, **more)

    def post(
        self,
        user: str,
        text: str,
        reply_to: str | None = None,
        quote: str | None = None,
        pictures: Sequence[str] = (),
        excluded: Sequence[str] = (),
    ) -> str:
        """Somebody writes in the X app; the post's id. ``excluded``: ids of whom an answer would address, but was told
        not to. Raises KeyError for a post that is not there."""
        with self.lock:
            for other in (reply_to, quote):
                if other is not None and self.world.post(other) is None:
                    raise KeyError(f"no such post: {other}")
            author = self.world.user(user)["id"]
            post = self.world.write(author, text, reply_to=reply_to, quote=quote, pictures=pictures, excluded=excluded)
            self.tell_of(post)
            return str(post["id"])

    def native_reply(self, post: str, text: str) -> str:
        """The brand answers in the X app, where no summons is needed; the answer's id."""
        return self.post(self.brand, text, reply_to=post)

    def edit(self, user: str, post: str, text: str) -> str:
        """A new version; its id. Nobody is told of a customer's; for the brand it is a post again. Raises ValueError
        for what X does not let be edited."""
        with self.lock:
            author = self.world.user(user)["id"]
            new = self.world.edit(author, post, text)
            self.hooks.happened("post.create", author, self.shapes.post(new), self.shapes.event_includes(new))
            return str(new["id"])

    def delete(self, user: str, post: str) -> None:
        """All versions of an own post. Nobody is told of a customer's."""
        with self.lock:
            found = self.world.post(post)
            if found is None or found["author"] != self.world.user(user)["id"]:
                raise KeyError(f"no such post of {user}: {post}")
            self.erase(found)

    def repost(self, user: str, post: str) -> str:
        """Somebody reposts; the repost's id."""
        with self.lock:
            found = self.world.data["posts"][post]
            author = self.world.user(user)["id"]
            text = f"RT @{self.world.user(found['author'])['username']}: {found['text']}"
            repost = self.world.write(author, text, repost_of=post)
            self.tell_of(repost)
            return str(repost["id"])

    def like(self, user: str, post: str) -> None:
        """Somebody likes a post."""
        with self.lock:
            found = self.world.data["posts"][post]
            payload = {
                "id": f"{self.world.number('like'):032x}",
                "timestamp_ms": str(self.world.now_ms()),
                "liked_tweet_id": post,
                "liked_tweet_author_id": found["author"],
            }
            for who in dict.fromkeys((found["author"], self.world.user(user)["id"])):
                self.hooks.happened("like.create", who, payload, {"users": [self.shapes.user(found["author"])]})

    def block(self, user: str, other: str) -> None:
        """Somebody blocks somebody; X tells only the one who blocks."""
        with self.lock:
            who, whom = self.world.user(user), self.world.user(other)
            who["blocks"] = [*who["blocks"], whom["id"]]
            people = {"source": {"data": self.shapes.user(who["id"])}, "target": {"data": self.shapes.user(whom["id"])}}
            self.hooks.happened("block.block", who["id"], people)

    def rename(self, user: str, username: str) -> None:
        """Somebody takes another handle."""
        with self.lock:
            person = self.world.user(user)
            change = {"before": person["username"], "after": username}
            person["username"] = username
            self.hooks.happened("profile.update.handle", person["id"], change)

    # -- private messages ----------------------------------------------------------------------------------------------

    def dm(self, user: str, text: str, to: str | None = None, pictures: Sequence[str] = ()) -> str:
        """Somebody writes in private, to the brand unless said otherwise; the message's id."""
        with self.lock:
            sender, recipient = self.world.user(user)["id"], self.world.user(to or self.brand)["id"]
            message = self.world.send(sender, recipient, text, pictures)
            self.tell_of_message(message)
            return str(message["id"])

    def native_dm(self, user: str, text: str) -> str:
        """The brand writes in private in the X app."""
        return self.dm(self.brand, text, to=user)

    def chat(self, user: str, to: str | None = None) -> str:
        """Somebody writes in an encrypted chat; the message's id. What it says, X itself does not know."""
        with self.lock:
            sender, recipient = self.world.user(user)["id"], self.world.user(to or self.brand)["id"]
            identity = f"00000000-0000-4000-8000-{self.world.number('chat'):012d}"
            payload = {
                "id": identity,
                "sender_id": sender,
                "conversation_id": f"{sender}:{recipient}",
                "created_at_msec": str(self.world.now_ms()),
                "conversation_key_version": "1768236281331",
                "encoded_event": "CwABAAAAEzIwODA0MDA4MjUyMjcxMDAxNjALAAIA",
            }
            self.hooks.happened("chat.sent", sender, payload)
            self.hooks.happened("chat.received", recipient, payload)
            return identity

    # -- the account's access ------------------------------------------------------------------------------------------

    def authorise(self, user: str | None = None) -> dict[str, str]:
        """OAuth 2.0 credentials of the brand, or of `user`, as Careloop stores them."""
        with self.lock:
            return self.access.authorise(self.world.user(user or self.brand)["id"])

    def authorise_oauth1(self, user: str | None = None) -> dict[str, str]:
        """The same for OAuth 1.0a."""
        with self.lock:
            return self.access.authorise_oauth1(self.world.user(user or self.brand)["id"])

    def revoke(self, user: str | None = None) -> None:
        """The account's owner withdraws access in X's settings."""
        with self.lock:
            who = self.world.user(user or self.brand)["id"]
            self.access.revoke(who)
            moment = self.world.clock.now().isoformat(timespec="seconds")
            self.hooks.revoked(who, {"date_time": moment, "user_id": who, "app_id": "29820954"})

    def subscribe_brand(self, url: str) -> str:
        """Register a webhook for the brand with all subscriptions, as an operator would do by API; its id."""
        with self.lock:
            webhook = self.hooks.add(url, self.deliver)
            for kind in SUBSCRIBED:
                wanted = {"event_type": kind, "filter": {"user_id": self.brand}, "webhook_id": webhook["id"]}
                self.hooks.subscribe(wanted, self.brand)
            return str(webhook["id"])

    # -- deliveries ----------------------------------------------------------------------------------------------------

    def flush(self) -> int:
        """Deliver everything that waits, once; how much was accepted. The rest is lost."""
        if self.deliver is None:
            return 0
        with self.lock:
            waiting = list(self.hooks.take())
        accepted = 0
        for webhook, delivery in waiting:
            status = self.hooks.attempt(webhook, delivery, self.deliver)
            accepted += status == 200
            with self.lock:
                self.hooks.settle(delivery, status)
        return accepted

    @property
    def pending(self) -> int:
        """Deliveries that wait."""
        return len(self.hooks.data["pending"])

    def check_webhooks(self) -> None:
        """X's own check of every webhook, which it makes at intervals."""
        self.hooks.check_all(self.deliver)

    # -- the whole -----------------------------------------------------------------------------------------------------

    def dump(self) -> dict[str, Any]:
        """The world as plain data."""
        with self.lock:
            parts = {"world": self.world.data, "hooks": self.hooks.data, "access": self.access.data}
            copied: dict[str, Any] = json.loads(json.dumps(parts))
            return {**copied, "brand": self.brand}

    def load(self, data: Mapping[str, Any]) -> None:
        """Restore what `dump` gave."""
        with self.lock:
            copied = json.loads(json.dumps(dict(data)))
            self.world.data, self.hooks.data, self.access.data = copied["world"], copied["hooks"], copied["access"]
            self.brand = copied["brand"]

    def snapshot(self) -> dict[str, Any]:
        """Public threads and private ones with their messages, for a page: plain data, oldest first."""
        with self.lock:
            threads: dict[str, list[Data]] = {}
            for post in reversed(list(self.world.posts())):
                threads.setdefault(post["conversation"], []).append(self._seen(post["author"], post))
            private: dict[str, list[Data]] = {}
            for message in self.world.data["messages"]:
                private.setdefault(conversation(message), []).append(self._seen(message["sender"], message))
            return {
                "threads": [{"id": identity, "posts": posts} for identity, posts in threads.items()],
                "messages": [{"id": identity, "messages": found} for identity, found in private.items()],
            }

    def _seen(self, author: str, item: Data) -> Data:
        person = self.world.data["users"][author]
        return {
            "id": item["id"],
            "author": person["name"],
            "handle": person["username"],
            "brand": author == self.brand,
            "text": item["text"],
            "pictures": [picture["url"] for picture in item["pictures"]],
            "reply_to": item.get("parent"),
            "edited": len(item.get("versions", ())) > 1,
            "at": stamp(item["ms"]),
        }
