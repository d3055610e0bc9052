"""A stand-in for Bluesky: a PDS with its app view, people who write in their apps, and the network's own habits.

Facts: the lexicons of 2026-08-20, the servers' code (@atproto/pds, @atproto/bsky of 2026-08) and what a real network
(dev-env 0.6.7) did on 2026-11-22. There are no webhooks: whoever wants to know must ask.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from careloop.twins.bluesky_api import BlueskyApi
from careloop.twins.bluesky_world import BLOCKS, GATES, LIKES, POSTS, Data, iso, owner_of
from chalicelib.ports.services import Clock


class BlueskyTwin(BlueskyApi):
    """The network. ``brand`` is the account that Careloop serves (its DID).

    People are named by DID or handle, posts by address (``at://...``). ``lag``: seconds until the index knows what is
    written from now on; 0 is at once. ``limits``: points other than Bluesky's own, by name (`bluesky_access.LIMITS`).
    ``pds``: where the PDS seems to be, which the login names.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        brand: str = "acme.com",
        brand_did: str = "did:plc:acme",
        app_password: str = "abcd-efgh-ijkl-mnop",
        pds: str = "https://morel.us-east.host.bsky.network",
        lag: float = 0.0,
        limits: Mapping[str, int] | None = None,
    ) -> None:
        super().__init__(clock, pds, limits)
        self.brand = self.world.add_user(brand, "Acme", did=brand_did)
        self.access.make_password(self.brand, "careloop", app_password)
        self.lag = lag

    # -- the network ---------------------------------------------------------------------------------------------------

    @property
    def lag(self) -> float:
        """Seconds from a write to its being indexed. Changing it lets a later write overtake an earlier one."""
        return float(self.world.data["lag_ms"] / 1000)

    @lag.setter
    def lag(self, seconds: float) -> None:
        with self.lock:
            self.world.data["lag_ms"] = int(seconds * 1000)

    # -- people --------------------------------------------------------------------------------------------------------

    def add_user(self, handle: str, name: str = "") -> str:
        """Somebody new; the DID."""
        with self.lock:
            return self.world.add_user(handle, name)

    def post(
        self,
        user: str,
        text: str,
        reply_to: str | None = None,
        quote: str | None = None,
        pictures: Sequence[str] = (),
        claims: datetime | None = None,
    ) -> str:
        """Somebody writes in an app; the post's address. ``pictures``: alternative texts. ``claims``: the time that the
        app claims, when it is not now. Raises KeyError for a post that is not there, `Refused` for one that is too
        long."""
        with self.lock:
            others = {uri: self.world.record(uri) for uri in (reply_to, quote) if uri is not None}
            for uri, found in others.items():
                if found is None:
                    raise KeyError(f"no such post: {uri}")
            claimed = None if claims is None else int(claims.timestamp() * 1000)
            parent, quoted = others.get(reply_to or ""), others.get(quote or "")
            record = self.world.post_record(text, parent, quoted, pictures, claimed)
            return self._write(user, POSTS, record)

    def mention(self, user: str, text: str) -> str:
        """Somebody names the brand: ``@handle`` and the text; the post's address."""
        return self.post(user, f"@{self.world.user(self.brand)['handle']} {text}")

    def native_reply(self, post: str, text: str) -> str:
        """The brand answers in the Bluesky app; the answer's address."""
        return self.post(self.brand, text, reply_to=post)

    def edit(self, user: str, post: str, text: str) -> str:
        """Another text under the same address; its new cid. Bluesky's own app can't, others can."""
        with self.lock:
            record = self._owned(user, post)["value"]
            changed = {**record, "text": text}
            changed.pop("facets", None)
            facets = self.world.facets(text)
            value = {**changed, "facets": facets} if facets else changed
            made, _ = self.world.put(owner_of(post), POSTS, post.rpartition("/")[2], value)
            return str(made["cid"])

    def delete(self, user: str, post: str) -> None:
        """An own post. It vanishes from lists and threads; nobody is told."""
        with self.lock:
            self.world.remove(self._owned(user, post)["uri"])

    def like(self, user: str, post: str) -> str:
        """Somebody likes a post."""
        with self.lock:
            found = self.world.data["records"][post]
            subject = {"uri": post, "cid": found["cid"]}
            return self._write(user, LIKES, {"$type": LIKES, "subject": subject, "createdAt": self._now()})

    def block(self, user: str, other: str) -> str:
        """Somebody blocks somebody: neither sees the other's posts any more. The block's address, for `unblock`."""
        with self.lock:
            subject = self.world.user(other)["did"]
            return self._write(user, BLOCKS, {"$type": BLOCKS, "subject": subject, "createdAt": self._now()})

    def unblock(self, block: str) -> None:
        """The reverse."""
        with self.lock:
            self.world.remove(block)

    def close_thread(self, user: str, post: str, *, but_for_mentioned: bool = False) -> None:
        """The author of a thread's first post lets nobody answer, or only those whom it mentions."""
        with self.lock:
            record = self._owned(user, post)
            rules = [{"$type": f"{GATES}#mentionRule"}] if but_for_mentioned else []
            value = {"$type": GATES, "post": record["uri"], "allow": rules, "createdAt": self._now()}
            self.world.put(owner_of(post), GATES, post.rpartition("/")[2], value)

    def open_thread(self, user: str, post: str) -> None:
        """The reverse."""
        with self.lock:
            self.world.remove(f"at://{self.world.user(user)['did']}/{GATES}/{post.rpartition('/')[2]}")

    def rename(self, user: str, handle: str) -> None:
        """Another handle; the DID stays."""
        with self.lock:
            self.world.user(user)["handle"] = handle

    def look(self, user: str | None = None) -> None:
        """Somebody opens the notifications in the app: they count as read."""
        with self.lock:
            self.world.user(user or self.brand)["seen_ms"] = self.world.now_ms()

    def _write(self, user: str, collection: str, value: Data) -> str:
        made, _ = self.world.put(self.world.user(user)["did"], collection, self.world.new_key(), value)
        return str(made["uri"])

    def _owned(self, user: str, post: str) -> Data:
        found = self.world.record(post)
        if found is None or owner_of(post) != self.world.user(user)["did"]:
            raise KeyError(f"no such post of {user}: {post}")
        return found

    def _now(self) -> str:
        return iso(self.world.now_ms())

    # -- the account's access ------------------------------------------------------------------------------------------

    def new_app_password(self, name: str = "careloop-2") -> str:
        """The brand's owner makes another app password."""
        with self.lock:
            return self.access.make_password(self.brand, name)

    def revoke_app_password(self, name: str = "careloop") -> None:
        """The owner takes one back: no login and no refresh with it from now on."""
        with self.lock:
            self.access.revoke_password(self.brand, name)

    def expire_tokens(self) -> None:
        """Every access token is over; refresh tokens stay."""
        with self.lock:
            self.access.expire_access()

    def take_down(self, user: str | None = None, *, down: bool = True) -> None:
        """Bluesky takes an account down, or lets it up again."""
        with self.lock:
            self.world.user(user or self.brand)["taken_down"] = down

    # -- the whole -----------------------------------------------------------------------------------------------------

    def posts(self, user: str | None = None) -> list[Data]:
        """Records of somebody's posts as their repository keeps them (the brand's when not said), oldest first."""
        with self.lock:
            start = f"at://{self.world.user(user or self.brand)['did']}/{POSTS}/"
            found = [record for uri, record in self.world.data["records"].items() if uri.startswith(start)]
            copied: list[Data] = json.loads(json.dumps(sorted(found, key=lambda record: str(record["uri"]))))
            return copied

    def dump(self) -> dict[str, Any]:
        """The world as plain data."""
        with self.lock:
            parts = {"world": self.world.data, "index": self.index.data, "access": self.access.data}
            copied: dict[str, Any] = json.loads(json.dumps(parts))
            return {**copied, "brand": self.brand}

    def load(self, data: Mapping[str, Any]) -> None:
        """Restore what `dump` gave."""
        with self.lock:
            copied = json.loads(json.dumps(dict(data)))
            self.world.data, self.index.data, self.access.data = copied["world"], copied["index"], copied["access"]
            self.brand = copied["brand"]

    def snapshot(self) -> dict[str, Any]:
        """Threads with their posts as repositories keep them, for a page: plain data, oldest first."""
        with self.lock:
            threads: dict[str, list[Data]] = {}
            posts = [item for uri, item in self.world.data["records"].items() if uri.split("/")[3] == POSTS]
            for record in sorted(posts, key=lambda item: str(item["uri"].rpartition("/")[2])):
                root = record["value"].get("reply", {}).get("root", {}).get("uri", record["uri"])
                threads.setdefault(root, []).append(self._seen(record))
            return {"threads": [{"id": identity, "posts": found} for identity, found in threads.items()]}

    def _seen(self, record: Data) -> Data:
        person = self.world.data["users"][owner_of(record["uri"])]
        value = record["value"]
        return {
            "id": record["uri"],
            "author": person["name"],
            "handle": person["handle"],
            "brand": person["did"] == self.brand,
            "text": value["text"],
            "reply_to": value.get("reply", {}).get("parent", {}).get("uri"),
            "at": value["createdAt"],
        }
