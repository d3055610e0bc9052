"""Files. In: from Meta's own hosts alone. Out: one to a message, of a kind and size that Meta takes, uploaded first.

The upload shows nobody anything and may be repeated; only the message that names it must not be. Sources: Messenger
Platform > Attachment Upload API, Saving assets (2026-04-22); Instagram Messaging > Upload media (2026-04-01).
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from chalicelib.connectors.platforms._meta.family import MEDIA_HOSTS
from chalicelib.connectors.platforms._meta.graph import GraphApi
from chalicelib.connectors.toolkit.media import fetch_from
from chalicelib.core.errors import PayloadError, UnavailableError, UnsupportedError
from chalicelib.core.events import Attachment, AttachmentKind
from chalicelib.core.media import MediaFile, MediaLimit
from chalicelib.core.reply import OutboundReply
from chalicelib.ports.services import Http

_TAKEN_IN = frozenset(
    {
        AttachmentKind.IMAGE,
        AttachmentKind.VIDEO,
        AttachmentKind.AUDIO,
        AttachmentKind.FILE,
        AttachmentKind.STICKER,
    }
)
"""Others are links to pages, places, or stories, which must not be stored."""


def download(http: Http, attachment: Attachment, *, most_bytes: int, origin: str | None) -> MediaFile:
    """What came with a message. ``origin``: the account's own ``base_url`` option. Raises UnsupportedError for what is
    no file, and as `fetch_from`."""
    if not attachment.url or attachment.kind not in _TAKEN_IN:
        raise UnsupportedError("Meta hands no file over for this one, or lets nobody store it")
    return fetch_from(http, attachment.url, hosts=MEDIA_HOSTS, most_bytes=most_bytes, origin=origin)


def file_of(reply: OutboundReply, *, with_text: bool = False) -> MediaFile | None:
    """The reply's one file; None when it has none. Raises UnsupportedError for several, for one whose content is not
    there, and unless ``with_text`` for one that has words beside it."""
    if not reply.files and not reply.attachments:
        return None
    if max(len(reply.files), len(reply.attachments)) > 1:
        raise UnsupportedError("one message takes one file: send each as a message of its own")
    if not reply.files:
        raise UnsupportedError("the file's content could not be fetched, so it can't be sent")
    if reply.text.strip() and not with_text:
        raise UnsupportedError("a message holds a text or a file, never both")
    return reply.files[0]


def kind_of(file: MediaFile, limits: Sequence[MediaLimit]) -> AttachmentKind:
    """As what `file` is sent. Raises UnsupportedError that says what would be taken."""
    fitting = [limit for limit in limits if _fits(file.media_type, limit.media_types)]
    if not fitting:
        taken = ", ".join(sorted({name for limit in limits for name in limit.media_types}))
        raise UnsupportedError(f"files of type {file.media_type} are not taken here; taken are: {taken}")
    limit = fitting[0]
    if len(file.content) > limit.most_bytes:
        raise UnsupportedError(f"{limit.kind.value} files may have at most {limit.most_bytes // 1_000_000} MB here")
    return limit.kind


def _fits(media_type: str, taken: Sequence[str]) -> bool:
    return any(media_type.startswith(item[:-1]) if item.endswith("*") else media_type == item for item in taken)


def upload(graph: GraphApi, owner: str, file: MediaFile, kind: AttachmentKind, platform: str | None = None) -> str:
    """Hand the file to Meta; its attachment id. ``owner``: the page, or "me". Raises leaves."""
    message = {"attachment": {"type": kind.value, "payload": {"is_reusable": True}}}
    fields = {"message": json.dumps(message, separators=(",", ":"))}
    found = graph.upload(
        f"/{owner}/message_attachments", {**({"platform": platform} if platform else {}), **fields}, "filedata", file
    )
    try:
        return found.need_id("attachment_id")
    except PayloadError:
        raise UnavailableError("an answer that can't be read") from None


def attached(kind: AttachmentKind, **payload: str) -> dict[str, object]:
    """``attachment`` of a message: by ``attachment_id``, or by ``url``."""
    return {"attachment": {"type": kind.value, "payload": payload}}
