"""The Bluesky twin's app view: what is indexed, who is notified, who sees what. Source: @atproto/bsky of 2026-08.

Two of its habits cost customers their answers elsewhere, so they are kept. A reply that is indexed before its parent
notifies the parent's author never. And pages of notifications end at a time, so that of several of one millisecond
those beyond the page's end are left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from careloop.twins.bluesky_world import (
    BLOCKS,
    GATES,
    LIKES,
    POSTS,
    BlueskyWorld,
    Data,
    invalid,
    iso,
    milliseconds,
    owner_of,
)

REPLY_DEPTH = 5
"""Ancestors up to here are told of a reply."""
_FILL = 10
_MENTIONS = "app.bsky.richtext.facet#mention"


class BlueskyIndex:
    """Everything indexed. Plain data too."""

    def __init__(self, world: BlueskyWorld) -> None:
        self.world = world
        self.data: Data = {"posts": {}, "gates": {}, "blocks": {}, "likes": {}, "below": {}, "told": {}, "notes": {}}

    # -- indexing ------------------------------------------------------------------------------------------------------

    def catch_up(self) -> None:
        """Index every write whose time has come, in the order in which it comes."""
        pending, now = self.world.data["pending"], self.world.now_ms()
        due = sorted((item for item in pending if item["at_ms"] <= now), key=lambda item: int(item["at_ms"]))
        self.world.data["pending"] = [item for item in pending if item["at_ms"] > now]
        for item in due:
            self._forget(item["uri"])
            if item["what"] == "put":
                self._learn(item)

    def _forget(self, uri: str) -> None:
        post = self.data["posts"].pop(uri, None)
        if post is not None:
            self._siblings(post).remove(uri)
        for name in ("gates", "blocks", "likes"):
            self.data[name].pop(uri, None)
        for did in self.data["told"].pop(uri, ()):
            self.data["notes"][did].pop(uri, None)

    def _learn(self, item: Data) -> None:
        uri, value = item["uri"], item["value"]
        collection = uri.split("/")[3]
        if collection == POSTS:
            self._learn_post(item)
        elif collection == GATES:
            self.data["gates"][uri] = {"post": value["post"], "value": value}
        elif collection == BLOCKS:
            self.data["blocks"][uri] = {"by": owner_of(uri), "of": value["subject"]}
        elif collection == LIKES:
            self.data["likes"][uri] = {"uri": uri, "cid": item["cid"], "value": value}
            subject = value["subject"]["uri"]
            self._notify(self.data["likes"][uri] | {"sort_ms": item["at_ms"]}, owner_of(subject), "like", subject)

    def _siblings(self, post: Data) -> list[str]:
        """Addresses of all indexed posts that answer the same one."""
        found: list[str] = self.data["below"].setdefault(parent_of(post) or "", [])
        return found

    def _learn_post(self, item: Data) -> None:
        uri, value = item["uri"], item["value"]
        post: Data = {
            "uri": uri,
            "cid": item["cid"],
            "author": owner_of(uri),
            "value": value,
            "indexed_ms": item["at_ms"],
            "sort_ms": min(item["at_ms"], milliseconds(value["createdAt"])),
        }
        post["outside_gate"] = not self.may_reply(post["author"], root_of(post)) if "reply" in value else False
        descendants = list(self._descendants(uri))
        self.data["posts"][uri] = post
        self._siblings(post).append(uri)
        self._notify_about(post, descendants)

    def _notify_about(self, post: Data, descendants: list[tuple[Data, int]]) -> None:
        """One notification per person and record: mention before quote before reply."""
        told = {post["author"]}
        for did in mentioned(post["value"]):
            self._tell(told, post, did, "mention", None)
        quoted = quote_of(post["value"])
        if quoted is not None:
            self._tell(told, post, owner_of(quoted), "quote", quoted)
        if post["outside_gate"]:
            return
        ancestors = list(self._ancestors(post))
        for ancestor, height in ancestors:
            if height < REPLY_DEPTH and ancestor["uri"] != post["uri"]:
                self._tell(told, post, ancestor["author"], "reply", ancestor["uri"])
        # Replies that were here before this post. Its own author counts as told: the real thing forgets them.
        for descendant, depth in descendants:
            for ancestor, height in ancestors:
                if depth + height < REPLY_DEPTH:
                    self._tell(told, descendant, ancestor["author"], "reply", ancestor["uri"])

    def _tell(self, told: set[str], post: Data, did: str, reason: str, subject: str | None) -> None:
        if did not in told:
            told.add(did)
            self._notify(post, did, reason, subject)

    def _notify(self, record: Data, did: str, reason: str, subject: str | None) -> None:
        uri = record["uri"]
        notes = self.data["notes"].setdefault(did, {})
        if uri in notes or did == owner_of(uri):
            return
        notes[uri] = {"uri": uri, "reason": reason, "subject": subject, "sort_ms": record["sort_ms"]}
        self.data["told"].setdefault(uri, []).append(did)

    # -- threads -------------------------------------------------------------------------------------------------------

    def post(self, uri: str) -> Data | None:
        """An indexed post."""
        found: Data | None = self.data["posts"].get(uri)
        return found

    def replies(self, uri: str) -> list[Data]:
        """Direct replies that are indexed, newest first."""
        found = [self.data["posts"][reply] for reply in self.data["below"].get(uri, ())]
        return sorted(found, key=lambda post: -int(post["sort_ms"]))

    def likes(self, uri: str) -> int:
        """How many like a post."""
        return sum(item["value"]["subject"]["uri"] == uri for item in self.data["likes"].values())

    def _ancestors(self, post: Data) -> Iterator[tuple[Data, int]]:
        """The post itself at height 0, then upwards as far as all are indexed."""
        here: Data | None = post
        for height in range(REPLY_DEPTH + 1):
            if here is None:
                return
            yield here, height
            parent = parent_of(here)
            here = self.post(parent) if parent else None

    def _descendants(self, uri: str) -> Iterator[tuple[Data, int]]:
        waiting = [(reply, 1) for reply in self.replies(uri)]
        while waiting:
            post, depth = waiting.pop(0)
            yield post, depth
            if depth < REPLY_DEPTH:
                waiting += [(reply, depth + 1) for reply in self.replies(post["uri"])]

    # -- who may see and answer whom -----------------------------------------------------------------------------------

    def block(self, by: str, of: str) -> str | None:
        """The record with which `by` blocks `of`."""
        return next((uri for uri, item in self.data["blocks"].items() if (item["by"], item["of"]) == (by, of)), None)

    def are_apart(self, one: str, other: str) -> bool:
        """One blocks the other: neither sees the other's posts."""
        return bool(self.block(one, other) or self.block(other, one))

    def gate(self, root: str) -> Data | None:
        """The thread's gate: its rules bind everybody but the thread's author."""
        found = (item["value"] for item in self.data["gates"].values() if item["post"] == root)
        return next(found, None)

    def may_reply(self, did: str, root: str) -> bool:
        """Whether a thread's gate lets somebody in."""
        gate = self.gate(root)
        if gate is None or gate.get("allow") is None or owner_of(root) == did:
            return True
        first = self.post(root)
        rules = {rule.get("$type") for rule in gate["allow"]}
        return f"{GATES}#mentionRule" in rules and first is not None and did in mentioned(first["value"])

    def reply_disabled(self, viewer: str, post: Data) -> bool | None:
        """``viewer.replyDisabled``; None: not said."""
        if post["outside_gate"]:
            return True
        return None if self.gate(root_of(post)) is None else not self.may_reply(viewer, root_of(post))

    # -- notifications -------------------------------------------------------------------------------------------------

    def notifications(
        self, viewer: str, reasons: list[str], limit: int, cursor: str | None
    ) -> tuple[list[Data], str | None]:
        """(a page, newest first; where the next one begins). A page is refilled while it is less than half full."""
        found, below = self._page(viewer, reasons, limit, cursor)
        for _ in range(_FILL - 1):
            if below is None or len(found) >= (limit + 1) // 2:
                break
            more, below = self._page(viewer, reasons, limit - len(found), below)
            found += more
        return found, below

    def _page(self, viewer: str, reasons: list[str], limit: int, cursor: str | None) -> tuple[list[Data], str | None]:
        try:
            before = milliseconds(cursor) if cursor else None
        except ValueError:
            raise invalid("Malformed cursor") from None
        mine = [item for item in self.data["notes"].get(viewer, {}).values() if self._has_subject(item)]
        mine.sort(key=lambda item: -int(item["sort_ms"]))
        rest = [item for item in mine if before is None or item["sort_ms"] < before]
        page, goes_on = rest[:limit], len(rest) > limit
        shown = [
            item
            for item in page
            if (not reasons or item["reason"] in reasons) and not self.are_apart(viewer, owner_of(item["uri"]))
        ]
        return shown, iso(page[-1]["sort_ms"]) if goes_on else None

    def _has_subject(self, item: Data) -> bool:
        """A notification goes with the post that it is about."""
        return item["subject"] is None or item["subject"] in self.data["posts"]


def parent_of(post: Data) -> str | None:
    """The address of the post that this one answers."""
    found: str | None = post["value"].get("reply", {}).get("parent", {}).get("uri")
    return found


def root_of(post: Data) -> str:
    """The address of the thread's first post, as the author's client claims it."""
    found: str = post["value"].get("reply", {}).get("root", {}).get("uri", post["uri"])
    return found


def mentioned(record: Data) -> list[str]:
    """DIDs in mention facets."""
    features = [item for facet in record.get("facets", ()) for item in facet.get("features", ())]
    return [item["did"] for item in features if item.get("$type") == _MENTIONS]


def quote_of(record: Data) -> str | None:
    """The address of the post that this one quotes."""
    embed: Any = record.get("embed") or {}
    inner = embed.get("record") or {}
    found: str | None = inner.get("uri") or (inner.get("record") or {}).get("uri")
    return found if found and found.split("/")[3] == POSTS else None
