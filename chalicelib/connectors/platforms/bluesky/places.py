"""AT URIs, and where a person looks at what they name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote

POSTS = "app.bsky.feed.post"
_URI = re.compile(r"at://(did:[a-z0-9]{1,32}:[A-Za-z0-9._:%-]{1,500})/([A-Za-z0-9.-]{1,317})/([A-Za-z0-9._:~-]{1,512})")


@dataclass(frozen=True, slots=True, kw_only=True)
class AtUri:
    """``at://<did>/<collection>/<rkey>``: whose record, of which kind, under which key."""

    did: str
    collection: str
    rkey: str

    def __str__(self) -> str:
        return f"at://{self.did}/{self.collection}/{self.rkey}"

    @property
    def permalink(self) -> str | None:
        """The post's page; None for records that are no posts."""
        return f"{profile_page(self.did)}/post/{self.rkey}" if self.collection == POSTS else None


def find_uri(text: str | None) -> AtUri | None:
    """`text` as an AT URI of a record by a DID, or None when it is nothing of the kind."""
    match = _URI.fullmatch(text or "")
    return AtUri(did=match[1], collection=match[2], rkey=match[3]) if match else None


def profile_page(did: str) -> str:
    """Where a person looks at an account."""
    return f"https://bsky.app/profile/{did}"


def image_page(did: str, cid: str) -> str:
    """Bluesky's CDN serves every public picture of the network by its author and content id."""
    return f"https://cdn.bsky.app/img/feed_fullsize/plain/{did}/{quote(cid, safe='')}"
