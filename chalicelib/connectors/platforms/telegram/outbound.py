"""What is sent: words, or one file with a caption. Agents' words go without formatting, so nothing needs escaping.

Sources: Bot API 10.1, sendMessage, sendPhoto, sendVideo, sendVoice, sendAudio, sendDocument (2026-06-11).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from chalicelib.connectors.platforms.telegram.places import Place, number_of
from chalicelib.connectors.toolkit.multipart import multipart
from chalicelib.core.errors import UnsupportedError
from chalicelib.core.events import AttachmentKind
from chalicelib.core.media import MediaFile, MediaLimit
from chalicelib.core.reply import OutboundReply

_MB = 1_000_000
_MOST = 25 * _MB
"""Telegram takes 50 MB; a file is held in memory on its way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """A method that takes files, the parameter that takes the file, and what it takes."""

    method: str
    field: str
    limit: MediaLimit


def _way(method: str, field: str, kind: AttachmentKind, types: tuple[str, ...], most: int = _MOST) -> Way:
    return Way(method=method, field=field, limit=MediaLimit(kind=kind, media_types=types, most_bytes=most))


WAYS = (
    _way("sendPhoto", "photo", AttachmentKind.IMAGE, ("image/jpeg", "image/png", "image/webp"), 10 * _MB),
    _way("sendVideo", "video", AttachmentKind.VIDEO, ("video/mp4",)),
    _way("sendVoice", "voice", AttachmentKind.AUDIO, ("audio/ogg",)),
    _way("sendAudio", "audio", AttachmentKind.AUDIO, ("audio/mpeg", "audio/mp4")),
    _way("sendDocument", "document", AttachmentKind.FILE, ("*/*",)),
)
"""The first that takes a file is its way; any file can go as a document."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """One call that posts."""

    method: str
    place: Place
    fields: Mapping[str, Any]
    way: Way | None = None
    file: MediaFile | None = None

    def at(self, chat: str) -> Outgoing:
        """The same in the chat that took over. Messages have other numbers there: it answers none."""
        fields = {name: value for name, value in self.fields.items() if name != "reply_parameters"}
        return replace(self, place=replace(self.place, chat=chat), fields={**fields, "chat_id": chat})

    def form(self) -> tuple[str, bytes]:
        """Content type and body of a call with a file: whatever is no text is JSON in the form."""
        assert self.way is not None
        assert self.file is not None
        fields = [(name, item if isinstance(item, str) else _json(item)) for name, item in self.fields.items()]
        return multipart(fields, ((self.way.field, self.file),))


def outgoing(reply: OutboundReply, place: Place) -> Outgoing:
    """The call for `reply`. Raises UnsupportedError."""
    if reply.private_reply:
        raise UnsupportedError("a bot can't write to somebody in private who did not write to it")
    if not reply.files and not reply.attachments:
        words = {"text": reply.text, "link_preview_options": {"is_disabled": True}}
        return Outgoing(method="sendMessage", place=place, fields={**_addressed(reply, place), **words})
    if not reply.files:
        raise UnsupportedError("the file's content could not be fetched, so it can't be sent")
    if len(reply.files) > 1:
        raise UnsupportedError("one message takes one file")
    file = reply.files[0]
    way = way_of(file)
    caption = {"caption": reply.text} if reply.text.strip() else {}
    fields = {**_addressed(reply, place), **caption}
    return Outgoing(method=way.method, place=place, fields=fields, way=way, file=file)


def way_of(file: MediaFile) -> Way:
    """How `file` is sent: as what it is where that is not too large, else as a document. Raises UnsupportedError."""
    for way in WAYS:
        if _is_taken(file.media_type, way.limit) and len(file.content) <= way.limit.most_bytes:
            return way
    raise UnsupportedError(f"files may have at most {_MOST // _MB} MB")


def _addressed(reply: OutboundReply, place: Place) -> dict[str, Any]:
    data: dict[str, Any] = {"chat_id": place.chat}
    answered = number_of(reply.in_reply_to)
    if answered is not None:
        data["reply_parameters"] = {"message_id": answered, "allow_sending_without_reply": True}
    if place.topic:
        data["message_thread_id"] = int(place.topic) if place.topic.isdigit() else place.topic
    if place.connection:
        data["business_connection_id"] = place.connection
    return data


def _is_taken(media_type: str, limit: MediaLimit) -> bool:
    return "*/*" in limit.media_types or media_type in limit.media_types


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
