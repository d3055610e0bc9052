"""Files both ways: customers' from X's own hosts, ours uploaded piece by piece before they are named in a post.

Sources: X's OpenAPI description 2.167 (media/upload: initialize, append, finalize, status) and docs.x.com/x-api/media,
2026-08-22.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from urllib.parse import urlsplit

from chalicelib.connectors.platforms.x.calls import XApi
from chalicelib.connectors.platforms.x.spec import LOCKED_HOSTS, MEDIA_HOSTS
from chalicelib.connectors.toolkit.api import segment
from chalicelib.connectors.toolkit.media import fetch_from
from chalicelib.connectors.toolkit.multipart import multipart
from chalicelib.connectors.toolkit.payload import Reader
from chalicelib.core.errors import PayloadError, RejectedError, UnavailableError, UnsupportedError
from chalicelib.core.events import Attachment
from chalicelib.core.media import MediaFile
from chalicelib.ports.services import Http

PUBLIC = "tweet_image"
PRIVATE = "dm_image"
PIECE = 4_000_000
"""Of one append; X takes up to 5 MB."""
TAKEN = ("image/*", "video/*")
AGAIN_AFTER = 15.0
"""Seconds, where X does not say how long it still works on a file."""


def fetch(http: Http, api: XApi, attachment: Attachment, most_bytes: int) -> MediaFile:
    """See `FetchesMedia`."""
    url = attachment.url
    if not url:
        raise UnsupportedError("a file without an address")
    parts = urlsplit(url)
    locked = parts.scheme == "https" and parts.netloc.lower() in LOCKED_HOSTS
    headers: Mapping[str, str] = {"authorization": api.header_for(url)} if locked else {}
    return fetch_from(
        http,
        url,
        hosts=MEDIA_HOSTS,
        most_bytes=most_bytes,
        types=TAKEN,
        headers=headers,
        name=attachment.title,
    )


def upload(api: XApi, files: Sequence[MediaFile], category: str) -> list[str]:
    """An id for each of `files`, good for 24 hours. Nobody sees what no post names, so all of it may be repeated."""
    return [_upload(api, file, category) for file in files]


def _upload(api: XApi, file: MediaFile, category: str) -> str:
    wanted = {"media_category": category, "media_type": file.media_type, "total_bytes": len(file.content)}
    identity = _id_of(api.as_account("POST", "/2/media/upload/initialize", data=wanted))
    path = f"/2/media/upload/{segment(identity)}"
    for number, start in enumerate(range(0, len(file.content), PIECE)):
        piece = replace(file, name="media", content=file.content[start : start + PIECE])
        content_type, body = multipart([("segment_index", str(number))], [("media", piece)])
        api.push(f"{path}/append", body, content_type)
    _need_ready(api, identity, api.as_account("POST", f"{path}/finalize"))
    return identity


def _need_ready(api: XApi, identity: str, answer: Reader) -> None:
    """Pictures mostly are at once. UnavailableError: X still works on it, and may be done when we come again."""
    state, _ = _state(answer)
    wait = AGAIN_AFTER
    if state in ("pending", "in_progress"):
        state, wait = _state(api.read("/2/media/upload", {"command": "STATUS", "media_id": identity}))
    if state == "failed":
        raise RejectedError("X can't read the file", remote_code="media-failed")
    if state in ("pending", "in_progress"):
        raise UnavailableError("X still works on the file", retry_after=wait)


def _state(answer: Reader) -> tuple[str, float]:
    try:
        info = answer.find("data", "processing_info")
        if info is None:
            return "", AGAIN_AFTER
        wait = info.value.get("check_after_secs")
        return info.find_text("state") or "", float(wait) if isinstance(wait, int) and wait > 0 else AGAIN_AFTER
    except (PayloadError, AttributeError):
        raise UnavailableError("unreadable answer") from None


def _id_of(answer: Reader) -> str:
    try:
        return answer.need_id("data", "id")
    except PayloadError:
        raise UnavailableError("an upload without an id") from None
