"""A thread read again: what in it was said to us, and our own posts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from chalicelib.connectors.platforms.bluesky.places import POSTS
from chalicelib.connectors.platforms.bluesky.posts import (
    Reading,
    calls_us,
    message_of,
    need_uri,
    surface_of,
    viewed_post,
)
from chalicelib.connectors.toolkit.payload import Reader
from chalicelib.core.events import MessageDeleted

_DEFS = "app.bsky.feed.defs#"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Branch:
    """A node of a thread and what is known from above. ``below_ours``: a post of ours is among its ancestors.
    ``speaker``: who wrote the post above, when that was said to us: going on is said to us too."""

    node: Reader
    below_ours: bool = False
    speaker: str | None = None
    is_top: bool = False


def walk_thread(document: Reader, reading: Reading) -> None:
    """Walk the tree without recursion: threads are as deep as their authors like."""
    waiting = [_Branch(node=document.need("thread"), below_ours=reading.takes_all, is_top=True)]
    while waiting:
        branch = waiting.pop()
        reading.found.attempt(lambda node, branch=branch: _node(branch, reading, waiting), branch.node)  # type: ignore[misc]


def _node(branch: _Branch, reading: Reading, waiting: list[_Branch]) -> None:
    kind = branch.node.need_text("$type")
    handler = _NODES.get(kind.removeprefix(_DEFS)) if kind.startswith(_DEFS) else None
    if handler is None:
        reading.found.ignore(kind)
    else:
        handler(branch, reading, waiting)


def _visible(branch: _Branch, reading: Reading, waiting: list[_Branch]) -> None:
    """A post that we see. Said to us: below a post of ours, calling us, or going on after the author's own such post.
    What others say to each other in the same thread is none of our business."""
    below_ours, speaker = branch.below_ours, None
    try:
        post = viewed_post(branch.node.need("post"), reading)
        ours, author = post.author.is_brand, str(post.author.key.author)
        answers_us = post.parent is not None and reading.is_ours(post.parent.did)
        to_us = branch.below_ours or answers_us or branch.speaker == author or calls_us(post.record, reading)
        if ours or to_us:
            reading.found.events.append(message_of(post, reading, surface_of(post, reading)))
        else:
            reading.found.ignore("not said to us")
        below_ours, speaker = below_ours or ours, author if to_us and not ours else None
    finally:
        for reply in branch.node.items("replies"):
            waiting.append(_Branch(node=reply, below_ours=below_ours, speaker=speaker))


def _missing(branch: _Branch, reading: Reading, waiting: list[_Branch]) -> None:
    """The index lists it and has it no more: deleted or taken down. At the top nobody says that it ever was there; our
    own posts are ours to know."""
    uri = need_uri(branch.node, "uri")
    if branch.is_top or uri.collection != POSTS or reading.is_ours(uri.did):
        reading.found.ignore("notFoundPost")
        return
    reading.found.events.append(MessageDeleted(key=reading.key(uri), deleted_at=reading.seen_at))


def _blocked(branch: _Branch, reading: Reading, waiting: list[_Branch]) -> None:
    """Hidden from us, not gone."""
    reading.found.ignore("blockedPost")


_NODES: dict[str, Callable[[_Branch, Reading, list[_Branch]], None]] = {
    "threadViewPost": _visible,
    "notFoundPost": _missing,
    "blockedPost": _blocked,
}
