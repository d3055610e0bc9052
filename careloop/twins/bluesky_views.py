"""How the Bluesky twin shows people, posts, threads and notifications. Shapes: lexicons of 2026-08-20."""

from __future__ import annotations

from itertools import pairwise

from careloop.twins.bluesky_index import BlueskyIndex, parent_of, root_of
from careloop.twins.bluesky_world import Data, iso, owner_of

_DEFS = "app.bsky.feed.defs#"
_CDN = "https://cdn.bsky.app/img"


class BlueskyViews:
    """Everything as one account sees it."""

    def __init__(self, index: BlueskyIndex) -> None:
        self.index = index
        self.world = index.world

    def person(self, did: str, viewer: str) -> Data:
        """``profileViewBasic``."""
        user = self.world.user(did)
        blocking = self.index.block(viewer, did)
        seen: Data = {"muted": False, "blockedBy": self.index.block(did, viewer) is not None}
        return {
            "did": did,
            "handle": "handle.invalid" if user["broken_domain"] else user["handle"],
            "displayName": user["name"],
            "avatar": f"{_CDN}/avatar/plain/{did}/bafkreiavatar",
            "viewer": {**seen, "blocking": blocking} if blocking else seen,
            "labels": [],
            "createdAt": iso(user["made_ms"]),
        }

    def profile(self, did: str, viewer: str) -> Data:
        """``profileView``."""
        return {**self.person(did, viewer), "indexedAt": iso(self.world.user(did)["made_ms"])}

    def post(self, post: Data, viewer: str) -> Data:
        """``postView``."""
        seen: Data = {"threadMuted": False, "embeddingDisabled": False}
        disabled = self.index.reply_disabled(viewer, post)
        view: Data = {
            "uri": post["uri"],
            "cid": post["cid"],
            "author": self.person(post["author"], viewer),
            "record": post["value"],
            "replyCount": len([reply for reply in self.index.replies(post["uri"]) if not reply["outside_gate"]]),
            "repostCount": 0,
            "likeCount": self.index.likes(post["uri"]),
            "quoteCount": 0,
            "indexedAt": iso(post["indexed_ms"]),
            "viewer": seen if disabled is None else {**seen, "replyDisabled": disabled},
            "labels": [],
        }
        images = post["value"].get("embed", {}).get("images")
        if images:
            view["embed"] = {"$type": "app.bsky.embed.images#view", "images": [_image(post, item) for item in images]}
        return view

    def thread(self, uri: str, viewer: str, depth: int, height: int) -> Data | None:
        """A node with what is below and above it; None when the post is not indexed."""
        post = self.index.post(uri)
        if post is None:
            return None
        if self.index.are_apart(viewer, post["author"]):
            return self._hidden(post, viewer)
        view = self._node(post, viewer)
        if not post["outside_gate"]:
            above = self._above(post, viewer, height)
            if above is not None:
                view["parent"] = above
            self._fill(view, post, viewer, depth)
        return view

    def _fill(self, view: Data, post: Data, viewer: str, depth: int) -> None:
        """Everything below, without recursion: threads are as deep as their authors like."""
        waiting = [(view, post, depth)]
        while waiting:
            here, above, left = waiting.pop()
            if left < 1:
                continue
            here["replies"] = []
            for reply in self.index.replies(above["uri"]):
                is_between = self.index.are_apart(reply["author"], above["author"])
                if reply["outside_gate"] or is_between or root_of(reply) != root_of(post):
                    continue
                if self.index.are_apart(viewer, reply["author"]):
                    here["replies"].append(self._hidden(reply, viewer))
                    continue
                node = self._node(reply, viewer)
                here["replies"].append(node)
                waiting.append((node, reply, left - 1))

    def _above(self, post: Data, viewer: str, height: int) -> Data | None:
        """The chain of parents, the nearest outermost."""
        chain: list[Data] = []
        uri = parent_of(post)
        while uri and len(chain) < height:
            parent = self.index.post(uri)
            if parent is None:
                chain.append({"$type": f"{_DEFS}notFoundPost", "uri": uri, "notFound": True})
                break
            if self.index.are_apart(viewer, parent["author"]):
                chain.append(self._hidden(parent, viewer))
                break
            chain.append(self._node(parent, viewer))
            uri = parent_of(parent)
        for lower, upper in pairwise(chain):
            lower["parent"] = upper
        return chain[0] if chain else None

    def _node(self, post: Data, viewer: str) -> Data:
        return {"$type": f"{_DEFS}threadViewPost", "post": self.post(post, viewer), "threadContext": {}}

    def _hidden(self, post: Data, viewer: str) -> Data:
        author = {"did": post["author"], "viewer": self.person(post["author"], viewer)["viewer"]}
        return {"$type": f"{_DEFS}blockedPost", "uri": post["uri"], "blocked": True, "author": author}

    def notification(self, item: Data, viewer: str, seen_ms: int | None) -> Data:
        """``notification``. Its ``indexedAt`` is the time by which the list is sorted."""
        found = self.index.post(item["uri"]) or self.index.data["likes"][item["uri"]]
        view: Data = {
            "uri": item["uri"],
            "cid": found["cid"],
            "author": self.profile(owner_of(item["uri"]), viewer),
            "reason": item["reason"],
            "record": found["value"],
            "isRead": seen_ms is not None and item["sort_ms"] < seen_ms,
            "indexedAt": iso(item["sort_ms"]),
            "labels": [],
        }
        return {**view, "reasonSubject": item["subject"]} if item["subject"] else view


def _image(post: Data, item: Data) -> Data:
    place = f"{post['author']}/{item['image']['ref']['$link']}"
    return {
        "thumb": f"{_CDN}/feed_thumbnail/plain/{place}",
        "fullsize": f"{_CDN}/feed_fullsize/plain/{place}",
        "alt": item["alt"],
    }
