"""The X twin's uploads: announced, appended piece by piece, finished, and then named in a post or a message. Once."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from typing import Any

from careloop.twins.base import Handler, TwinRequest
from careloop.twins.forms import read_form
from careloop.twins.x_world import Data, Refused, XWorld, invalid, missing

PUBLIC = "tweet_image"
PRIVATE = "dm_image"
CATEGORIES = (PUBLIC, "tweet_video", "tweet_gif", PRIVATE, "dm_video", "dm_gif", "amplify_video", "subtitles")
TYPES = ("image/jpeg", "image/png", "image/webp", "image/gif", "video/mp4")
MOST_BYTES = 5 * 1024 * 1024
MOST_PIECE = 5 * 1024 * 1024
Answer = tuple[int, Data]


class XMedia:
    """``working``: how often the status of a finished upload still says that X works on it."""

    def __init__(self, world: XWorld) -> None:
        self.world = world
        self.working = 0

    def routes(
        self, guarded: Callable[[str, Callable[[TwinRequest, str], Answer]], Handler]
    ) -> dict[tuple[str, str], Handler]:
        """Below the API's root."""
        upload = "/2/media/upload/([0-9]+)"
        return {
            ("POST", "/2/media/upload/initialize"): guarded("media", self._initialize),
            ("POST", f"{upload}/append"): guarded("media", self._append),
            ("POST", f"{upload}/finalize"): guarded("media", self._finalize),
            ("GET", "/2/media/upload"): guarded("media", self._status),
        }

    @property
    def _uploads(self) -> dict[str, Data]:
        found: dict[str, Data] = self.world.data.setdefault("uploads", {})
        return found

    def content(self, url: str) -> bytes:
        """What was uploaded for the picture at `url`. Raises KeyError."""
        return base64.b64decode(self._uploads[url.rpartition("/")[2].partition(".")[0]]["content"])

    def taken(self, user: str, ids: Any, category: str, *, most: int) -> list[str]:
        """The addresses of finished uploads that a post or message names. Refused: 400."""
        if not isinstance(ids, list) or len(ids) > most:
            raise invalid("Your media IDs are invalid.")
        found = [self._uploads.get(str(item)) for item in ids]
        for item in found:
            if item is None or not item["done"] or item["owner"] != user or item["category"] != category:
                raise invalid("Your media IDs are invalid.")
        host = "pbs.twimg.com/media" if category == PUBLIC else "ton.twitter.com/dm"
        return [f"https://{host}/{item['id']}.{item['type'].partition('/')[2]}" for item in found if item]

    def _mine(self, identity: str, user: str) -> Data:
        found = self._uploads.get(identity)
        if found is None or found["owner"] != user:
            raise Refused(404, {**missing("media", identity), "status": 404})
        return found

    def _initialize(self, request: TwinRequest, user: str) -> Answer:
        given = request.json
        if set(given) - {"additional_owners", "media_category", "media_type", "shared", "total_bytes"}:
            raise invalid("$: is not defined in the schema and the schema does not allow additional properties")
        total = given.get("total_bytes")
        if given.get("media_category") not in CATEGORIES or given.get("media_type") not in TYPES:
            raise invalid("$.media_type: is not one of the allowed values")
        if not isinstance(total, int) or not 0 < total <= MOST_BYTES:
            raise invalid("$.total_bytes: the file size is not allowed for this media category")
        identity = self.world.new_id()
        self._uploads[identity] = {
            "id": identity,
            "owner": user,
            "category": given["media_category"],
            "type": given["media_type"],
            "total": total,
            "pieces": {},
            "done": False,
            "asked": 0,
        }
        return 200, {"data": {"id": identity, "media_key": f"3_{identity}", "expires_after_secs": 86400}}

    def _append(self, request: TwinRequest, user: str) -> Answer:
        upload = self._mine(request.args[0], user)
        fields, files = read_form(request)
        number, piece = fields.get("segment_index", ""), files.get("media")
        if piece is None or not number.isdigit() or int(number) > 999 or len(piece.content) > MOST_PIECE:
            raise invalid("$.segment_index: is missing, or the segment is too large")
        upload["pieces"][number] = base64.b64encode(piece.content).decode()
        return 200, {"data": {"expires_at": self.world.now_ms() // 1000 + 86400}}

    def _finalize(self, request: TwinRequest, user: str) -> Answer:
        upload = self._mine(request.args[0], user)
        content = _joined([upload["pieces"][name] for name in sorted(upload["pieces"], key=int)])
        if len(content) != upload["total"]:
            raise invalid("Segments do not add up to provided total file size.")
        upload.update(content=base64.b64encode(content).decode(), pieces={}, done=True)
        return 200, {"data": self._shown(upload)}

    def _status(self, request: TwinRequest, user: str) -> Answer:
        upload = self._mine(request.query.get("media_id", ""), user)
        upload["asked"] += 1
        return 200, {"data": self._shown(upload)}

    def _shown(self, upload: Data) -> Data:
        shown = {"id": upload["id"], "media_key": f"3_{upload['id']}", "size": upload["total"]}
        if upload["asked"] < self.working:
            return {**shown, "processing_info": {"state": "in_progress", "check_after_secs": 5, "progress_percent": 8}}
        return shown


def _joined(pieces: Sequence[str]) -> bytes:
    return b"".join(base64.b64decode(piece) for piece in pieces)
