"""Files of the Meta twin: uploads for messages, photos for comments, and the host that serves what people sent.

Sources: Messenger Platform > Attachment Upload API, Saving assets (2026-04-22); Meta's business SDK, Page.create_photo.
"""

from __future__ import annotations

import json
import mimetypes

from careloop.twins.base import TwinRequest, TwinResponse
from careloop.twins.forms import FormFile
from careloop.twins.meta_errors import GraphError, invalid
from careloop.twins.meta_world import Data, MetaWorld

CDN = "https://scontent.xx.fbcdn.net"
KINDS = ("image", "video", "audio", "file")
_MOST = 25_000_000
_MOST_OF_A_PHOTO = 4_000_000


def keep(world: MetaWorld, content: bytes, media_type: str) -> str:
    """A file on Meta's servers; its signed address, which needs no token."""
    name = f"{world.count()}{mimetypes.guess_extension(media_type) or ''}"
    world.data["files"][name] = {"content": content.hex(), "media_type": media_type}
    return f"{CDN}/v/{name}?oe=7FFFFFFF"


def serve(world: MetaWorld, request: TwinRequest) -> TwinResponse:
    """``GET /v/{name}`` of the host of files."""
    found = world.data["files"].get(request.args[0])
    if found is None or "oe" not in request.query:
        return TwinResponse(status=403, body=b"URL signature expired")
    return TwinResponse(body=bytes.fromhex(found["content"]), headers={"content-type": found["media_type"]})


def content_of(world: MetaWorld, url: str) -> bytes:
    """What stands at an address that `keep` made."""
    return bytes.fromhex(world.data["files"][url.rpartition("/")[2].partition("?")[0]]["content"])


def upload(world: MetaWorld, given: Data) -> Data:
    """``POST /{page}/message_attachments``. Raises GraphError."""
    try:
        attachment = json.loads(str(given.get("message", "")))["attachment"]
        kind = attachment["type"]
    except (ValueError, KeyError, TypeError):
        raise invalid("The parameter message is required") from None
    file = given.get("filedata")
    if kind not in KINDS or not isinstance(file, FormFile):
        raise invalid("Uploading the file failed", 2018047)
    if len(file.content) > _MOST:
        raise invalid("Attachment size exceeds allowable limit", 2018109)
    name = str(1857777774820000 + world.count())
    world.data["uploads"][name] = {"kind": kind, "url": keep(world, file.content, file.media_type)}
    return {"attachment_id": name}


def photo(world: MetaWorld, given: Data) -> Data:
    """``POST /{page}/photos``, of one that is not published. Raises GraphError."""
    file = given.get("source")
    if not isinstance(file, FormFile) or not file.media_type.startswith("image/"):
        raise GraphError(324, "(#324) Missing or invalid image file")
    if given.get("published") != "false" or len(file.content) > _MOST_OF_A_PHOTO:
        raise invalid("Invalid parameter")
    name = str(122109876540000 + world.count())
    world.data["uploads"][name] = {"kind": "photo", "url": keep(world, file.content, file.media_type)}
    return {"id": name}


def uploaded(world: MetaWorld, name: object, kind: str) -> str:
    """The address of what was uploaded as that. Raises GraphError."""
    found = world.data["uploads"].get(str(name))
    if found is None or found["kind"] != kind:
        raise invalid("The attachment id is not known", 2018008)
    return str(found["url"])


def attachment_of(world: MetaWorld, given: Data) -> Data:
    """A message's ``attachment`` as its echo and its node show it. Raises GraphError."""
    kind, payload = given.get("type"), given.get("payload")
    if kind not in KINDS or not isinstance(payload, dict):
        raise invalid("Invalid attachment")
    url = uploaded(world, payload["attachment_id"], kind) if "attachment_id" in payload else payload.get("url")
    return {"type": kind, "payload": {"url": url}}
