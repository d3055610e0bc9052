"""The record of a reply, and the key that makes sending it twice one post."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from chalicelib.connectors.platforms.bluesky.places import POSTS, AtUri, find_uri
from chalicelib.connectors.platforms.bluesky.richtext import facets_for
from chalicelib.connectors.toolkit.payload import Reader
from chalicelib.core.errors import NotFoundError
from chalicelib.core.ids import MessageId
from chalicelib.core.reply import DeliveryReceipt, OutboundReply, ReceiptState

_ALPHABET = "234567abcdefghijklmnopqrstuvwxyz"


def record_key(reply: OutboundReply) -> str:
    """The TID under which `reply` is stored, the same on every attempt.

    Record keys of posts must be TIDs: 53 bits of microseconds and 10 more, in 13 digits of a sortable base 32. The
    second is that of the first attempt; below it, thirty bits of the delivery key's hash stand for time and clock, so
    that two replies of one second do not meet. Source: AT Protocol, record key and TID syntax (2026-08).
    """
    seconds = int(reply.began_at.timestamp())
    bits = int.from_bytes(hashlib.sha256(reply.key.encode("utf-8", "surrogatepass")).digest()[:8], "big")
    microseconds = seconds * 1_000_000 + (bits >> 10) % 1_000_000
    number = microseconds << 10 | bits & 1023
    return "".join(_ALPHABET[number >> (5 * digit) & 31] for digit in range(12, -1, -1))


def own_uri(reply: OutboundReply) -> AtUri:
    """Where `reply` is, or will be."""
    return AtUri(did=reply.account.account, collection=POSTS, rkey=record_key(reply))


def post_time(moment: datetime) -> str:
    """As the network writes times: milliseconds, Z."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The post to answer and the root of its thread, each with its current cid."""

    uri: str
    cid: str
    root_uri: str
    root_cid: str

    @property
    def reference(self) -> dict[str, Any]:
        """The record's ``reply``."""
        parent, root = {"uri": self.uri, "cid": self.cid}, {"uri": self.root_uri, "cid": self.root_cid}
        return {"root": root, "parent": parent}

    @property
    def context(self) -> Mapping[str, str]:
        """For the receipt."""
        return {"root_uri": self.root_uri, "root_cid": self.root_cid, "parent_uri": self.uri, "parent_cid": self.cid}


def target_of(view: Reader, names: str, root: Reader | None) -> Target:
    """The target that a view or a record answer tells. ``names``: where its record is (``record`` or ``value``).
    ``root``: the root's own view, for its cid of now. Raises PayloadError."""
    uri, cid = view.need_id("uri"), view.need_id("cid")
    claimed = view.need(names).find("reply", "root")
    if claimed is None:
        return Target(uri=uri, cid=cid, root_uri=uri, root_cid=cid)
    known = claimed if root is None or root.find_id("uri") != claimed.need_id("uri") else root
    return Target(uri=uri, cid=cid, root_uri=known.need_id("uri"), root_cid=known.need_id("cid"))


def record_of(reply: OutboundReply, target: Target, resolve: Callable[[str], str | None]) -> dict[str, Any]:
    """The post, byte-stable over attempts as long as handles and cids stay."""
    record: dict[str, Any] = {
        "$type": POSTS,
        "text": reply.text,
        "createdAt": post_time(reply.began_at),
        "reply": target.reference,
    }
    facets = facets_for(reply.text, resolve)
    return {**record, "facets": facets} if facets else record


def embed_of(reply: OutboundReply, images: Sequence[Any]) -> dict[str, Any]:
    """The record's ``embed``: pictures with their file names as descriptions, where there are any."""
    if not images:
        return {}
    named = zip(images, reply.files, strict=True)
    shown = [{"image": image, "alt": file.name} for image, file in named]
    return {"embed": {"$type": "app.bsky.embed.images", "images": shown}}


def receipt_of(reply: OutboundReply, at: datetime, cid: str, context: Mapping[str, str]) -> DeliveryReceipt:
    """It stands: the repository has it."""
    uri = own_uri(reply)
    return DeliveryReceipt(
        messages=(MessageId(str(uri)),),
        state=ReceiptState.SENT,
        at=at,
        permalink=uri.permalink,
        context={"cid": cid, **context},
    )


def parent_of(reply: OutboundReply) -> AtUri:
    """The post to answer. Raises NotFoundError for an id that is no post's."""
    uri = find_uri(reply.in_reply_to)
    if uri is None or uri.collection != POSTS:
        raise NotFoundError("the message to answer is no post")
    return uri
