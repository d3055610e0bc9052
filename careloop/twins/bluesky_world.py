"""The Bluesky twin's world: accounts, their repositories, and the index that people see. No HTTP in here.

Two things that are one elsewhere are apart: a repository (on the PDS, always true) and the index (the app view), which
learns of each write ``lag`` seconds later and alone knows threads and notifications. Facts: the servers' code
(@atproto/pds and @atproto/bsky of 2026-08), and what dev-env 0.6.7 did on 2026-11-22.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from chalicelib.core.text.length import LengthUnit, text_length
from chalicelib.ports.services import Clock

Data = dict[str, Any]

POSTS = "app.bsky.feed.post"
GATES = "app.bsky.feed.threadgate"
BLOCKS = "app.bsky.graph.block"
LIKES = "app.bsky.feed.like"
_TIDS = "234567abcdefghijklmnopqrstuvwxyz"
_TID = re.compile(r"[234567abcdefghij][234567a-z]{12}")
_MENTION = re.compile(r"(?<![\w@])@([a-z0-9][a-z0-9.-]*\.[a-z]+)", re.IGNORECASE)
_LINK = re.compile(r"https?://[^\s<>\"]+[^\s<>\".,;:!?)]")


class Refused(Exception):
    """The server says no: ``{"error": name, "message": words}``."""

    def __init__(self, status: int, name: str, words: str) -> None:
        super().__init__(f"{status} {name}")
        self.status = status
        self.body = {"error": name, "message": words}


def invalid(words: str, name: str = "InvalidRequest") -> Refused:
    """400, as for almost everything."""
    return Refused(400, name, words)


def iso(milliseconds: int) -> str:
    """As the network writes times."""
    moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def milliseconds(text: str) -> int:
    """The reverse. Raises ValueError."""
    moment = datetime.fromisoformat(text)
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)


def content_id(value: Any) -> str:
    """A cid: equal contents have equal ones."""
    found = hashlib.sha256(json.dumps(value, sort_keys=True, ensure_ascii=True).encode()).digest()
    return "bafyrei" + base64.b32encode(found).decode().rstrip("=").lower()


def owner_of(uri: str) -> str:
    """The DID in a record's address."""
    return uri.split("/")[2]


class BlueskyWorld:
    """Who is there and what is in their repositories. ``told`` is called with each write, to be indexed later."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.data: Data = {"users": {}, "records": {}, "pending": [], "lag_ms": 0, "last_tid": 0, "numbers": {}}

    def now_ms(self) -> int:
        """Milliseconds since 1970."""
        return int(self.clock.now().timestamp() * 1000)

    def number(self, kind: str) -> int:
        """Counts from 1 for each kind."""
        self.data["numbers"][kind] = self.data["numbers"].get(kind, 0) + 1
        return int(self.data["numbers"][kind])

    def new_key(self) -> str:
        """The next record key: a TID, growing with time."""
        wanted = self.now_ms() * 1000 << 10
        self.data["last_tid"] = max(self.data["last_tid"] + (1 << 10), wanted)
        return "".join(_TIDS[self.data["last_tid"] >> (5 * digit) & 31] for digit in range(12, -1, -1))

    # -- accounts ------------------------------------------------------------------------------------------------------

    def add_user(self, handle: str, name: str = "", did: str | None = None) -> str:
        """An account; its DID."""
        local = re.sub(r"[^a-z0-9]", "", handle.split(".")[0].lower())
        identity = did or f"did:plc:twin{self.number('user'):04d}{local}"
        self.data["users"][identity] = {
            "did": identity,
            "handle": handle,
            "name": name or handle,
            "made_ms": self.now_ms(),
            "passwords": {},
            "taken_down": False,
            "broken_domain": False,
            "seen_ms": None,
        }
        return identity

    def user(self, who: str) -> Data:
        """By DID or handle. Raises KeyError."""
        found = self.find_user(who)
        if found is None:
            raise KeyError(f"no such account: {who}")
        return found

    def find_user(self, who: str) -> Data | None:
        """The same, or None."""
        if who in self.data["users"]:
            found: Data = self.data["users"][who]
            return found
        wanted = who.removeprefix("@").casefold()
        return next((item for item in self.data["users"].values() if item["handle"].casefold() == wanted), None)

    # -- repositories --------------------------------------------------------------------------------------------------

    def record(self, uri: str) -> Data | None:
        """A record that is there now: uri, cid, value."""
        found: Data | None = self.data["records"].get(uri)
        return found

    def put(self, did: str, collection: str, rkey: str, value: Data) -> tuple[Data, bool]:
        """(the record, whether anything changed). Raises Refused for what the lexicon does not allow."""
        check_record(collection, rkey, value)
        uri, cid = f"at://{did}/{collection}/{rkey}", content_id(value)
        known = self.record(uri)
        if known is not None and known["cid"] == cid:
            return known, False
        made = {"uri": uri, "cid": cid, "value": json.loads(json.dumps(value)), "rev": self.new_key()}
        self.data["records"][uri] = made
        self._tell("put", uri, cid)
        return made, True

    def remove(self, uri: str) -> bool:
        """Whether there was anything to remove."""
        if self.data["records"].pop(uri, None) is None:
            return False
        self._tell("remove", uri, "")
        return True

    def _tell(self, what: str, uri: str, cid: str) -> None:
        item = {"at_ms": self.now_ms() + self.data["lag_ms"], "what": what, "uri": uri, "cid": cid}
        record = self.record(uri)
        self.data["pending"].append({**item, "value": record["value"] if record else None})

    # -- what people's apps make ---------------------------------------------------------------------------------------

    def post_record(
        self, text: str, reply_to: Data | None, quote: Data | None, pictures: Sequence[str], claimed_ms: int | None
    ) -> Data:
        """A post as an app writes it. ``reply_to`` and ``quote``: records. ``pictures``: alternative texts."""
        created = iso(self.now_ms() if claimed_ms is None else claimed_ms)
        record: Data = {"$type": POSTS, "text": text, "createdAt": created, "langs": ["en"]}
        facets = self.facets(text)
        if facets:
            record["facets"] = facets
        if reply_to is not None:
            parent = {"uri": reply_to["uri"], "cid": reply_to["cid"]}
            record["reply"] = {"root": reply_to["value"].get("reply", {}).get("root", parent), "parent": parent}
        images = {"$type": "app.bsky.embed.images", "images": [self._image(alt) for alt in pictures]}
        quoted = (
            {"$type": "app.bsky.embed.record", "record": {"uri": quote["uri"], "cid": quote["cid"]}} if quote else None
        )
        if quoted and pictures:
            record["embed"] = {"$type": "app.bsky.embed.recordWithMedia", "record": quoted, "media": images}
        elif quoted or pictures:
            record["embed"] = quoted or images
        return record

    def _image(self, alt: str) -> Data:
        name = content_id({"picture": self.number("picture")}).replace("bafyrei", "bafkrei")
        blob = {"$type": "blob", "ref": {"$link": name}, "mimeType": "image/jpeg", "size": 90210}
        return {"alt": alt, "image": blob}

    def facets(self, text: str) -> list[Data]:
        """Mentions of handles that resolve, and links; positions count bytes."""
        found: list[Data] = []
        for match in _MENTION.finditer(text):
            person = self.find_user(match[1])
            if person is not None:
                found.append(_facet(text, match, {"$type": "app.bsky.richtext.facet#mention", "did": person["did"]}))
        for match in _LINK.finditer(text):
            found.append(_facet(text, match, {"$type": "app.bsky.richtext.facet#link", "uri": match[0]}))
        return sorted(found, key=lambda item: int(item["index"]["byteStart"]))


def _facet(text: str, match: re.Match[str], feature: Data) -> Data:
    start = len(text[: match.start()].encode())
    return {"index": {"byteStart": start, "byteEnd": start + len(match[0].encode())}, "features": [feature]}


def check_record(collection: str, rkey: str, value: Data) -> None:
    """What a PDS refuses to store. Source: lexicons of 2026-08-20 and dev-env 0.6.7."""
    if value.get("$type", collection) != collection:
        raise invalid(f"Invalid $type: expected {collection}, got {value.get('$type')}")
    if collection != POSTS:
        return
    if not _TID.fullmatch(rkey):
        raise invalid(f"Invalid record key for {POSTS}: a TID is expected")
    text = value.get("text")
    if not isinstance(text, str):
        raise invalid('Record must have the property "text"')
    if len(text.encode("utf-8", "surrogatepass")) > 3000:
        raise invalid("Record/text must not be longer than 3000 characters")
    if text_length(text, LengthUnit.GRAPHEMES) > 300:
        raise invalid("Record/text must not be longer than 300 graphemes")
    try:
        milliseconds(value["createdAt"])
    except (KeyError, TypeError, ValueError):
        raise invalid("Record/createdAt must be an valid atproto datetime") from None
    for name in ("root", "parent") if "reply" in value else ():
        if not isinstance(value["reply"].get(name, {}).get("cid"), str):
            raise invalid(f'Record/reply must have the property "{name}"')
