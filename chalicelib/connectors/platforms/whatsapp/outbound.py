"""What is sent: a text, a file that was uploaded before, or, when 24 hours have passed, a template. Pure.

Sources: Cloud API > Messages > send messages, Media (2026-06-16), Templates; Business-scoped user ids (2026-05-28).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chalicelib.connectors.platforms._meta.metadata import METADATA_PREFIX
from chalicelib.connectors.platforms._meta.whatsapp_people import is_bsuid
from chalicelib.core.errors import ConfigurationError, UnsupportedError
from chalicelib.core.events import AttachmentKind
from chalicelib.core.media import MediaFile, MediaLimit
from chalicelib.core.reply import OutboundReply

LONGEST_CAPTION = 1024
LONGEST_VARIABLE = 900
"""A template's body holds 1,024 characters with its variables filled; the rest is the template's own words."""
_LONGEST_MARK = 512
_CAPTIONED = ("image", "video", "document")
_NAMES = {
    AttachmentKind.IMAGE: "image",
    AttachmentKind.VIDEO: "video",
    AttachmentKind.AUDIO: "audio",
    AttachmentKind.FILE: "document",
}
_MB = 1_000_000
MEDIA = (
    MediaLimit(kind=AttachmentKind.IMAGE, media_types=("image/jpeg", "image/png"), most_bytes=5 * _MB),
    MediaLimit(kind=AttachmentKind.VIDEO, media_types=("video/mp4", "video/3gpp"), most_bytes=16 * _MB),
    MediaLimit(
        kind=AttachmentKind.AUDIO,
        media_types=("audio/aac", "audio/amr", "audio/mpeg", "audio/mp4", "audio/ogg"),
        most_bytes=16 * _MB,
    ),
    MediaLimit(
        kind=AttachmentKind.FILE,
        media_types=(
            "application/pdf",
            "text/plain",
            "application/msword",
            "application/vnd.ms-excel",
            "application/vnd.ms-powerpoint",
            "application/vnd.openxmlformats-officedocument.*",
        ),
        most_bytes=25 * _MB,  # WhatsApp takes 100 MB; a file is held in memory on its way
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """The approved template that may be sent at any time. ``variable``: the name of the body's variable that takes the
    agent's words ("1" where it is numbered); None: it has none and only asks the customer to write."""

    name: str
    language: str
    variable: str | None = None

    @classmethod
    def of(cls, options: Mapping[str, str]) -> Template | None:
        """From the account's options; None where no template is named. ConfigurationError: the language is missing."""
        name, language = options.get("template"), options.get("template_language")
        if not name:
            return None
        if not language:
            raise ConfigurationError("whatsapp: the option template needs template_language beside it")
        return cls(name=name, language=language, variable=options.get("template_variable") or None)

    def content(self, text: str) -> dict[str, Any]:
        """The message with `text` in its variable, on one line: WhatsApp takes no line breaks there."""
        template: dict[str, Any] = {"name": self.name, "language": {"code": self.language, "policy": "deterministic"}}
        if self.variable is not None:
            named = {} if self.variable.isdecimal() else {"parameter_name": self.variable}
            filled = {"type": "text", **named, "text": " ".join(text.split())}
            template["components"] = [{"type": "body", "parameters": [filled]}]
        return {"type": "template", "template": template}


def addressed(reply: OutboundReply) -> dict[str, Any]:
    """To whom: a group, a person by their business-scoped id, or by their number as it came."""
    thread = reply.thread.thread
    if reply.context.get("group_id") == thread:
        to = {"recipient_type": "group", "to": thread}
    else:
        to = {"recipient_type": "individual", "recipient" if is_bsuid(thread) else "to": thread}
    return {"messaging_product": "whatsapp", **to}


def quoted(reply: OutboundReply) -> dict[str, Any]:
    """The customer's message above the first part of an answer."""
    return {"context": {"message_id": reply.in_reply_to}} if reply.part == 1 and reply.in_reply_to else {}


def marked(reply: OutboundReply) -> dict[str, str]:
    """Our key, which comes back with each status; left out when it is too long."""
    mark = METADATA_PREFIX + reply.key
    return {"biz_opaque_callback_data": mark} if len(mark) <= _LONGEST_MARK else {}


def text_content(text: str) -> dict[str, Any]:
    """Words alone."""
    return {"type": "text", "text": {"body": text, "preview_url": False}}


def kind_of(file: MediaFile) -> str:
    """As what `file` is sent. Raises UnsupportedError that says what would be taken."""
    for limit in MEDIA:
        if any(_is_like(file.media_type, item) for item in limit.media_types):
            if len(file.content) > limit.most_bytes:
                raise UnsupportedError(f"{_NAMES[limit.kind]} files may have at most {limit.most_bytes // _MB} MB")
            return _NAMES[limit.kind]
    raise UnsupportedError("WhatsApp takes no files of this type")


def file_content(kind: str, media_id: str, file: MediaFile, text: str) -> dict[str, Any]:
    """A file that was uploaded, with its caption. Raises UnsupportedError where it can't have one."""
    part: dict[str, Any] = {"id": media_id}
    if text.strip():
        if kind not in _CAPTIONED or len(text) > LONGEST_CAPTION:
            raise UnsupportedError("these words can't stand beside the file: send them as a message of their own")
        part["caption"] = text
    if kind == "document":
        part["filename"] = file.name
    return {"type": kind, kind: part}


def _is_like(media_type: str, taken: str) -> bool:
    return media_type.startswith(taken[:-1]) if taken.endswith("*") else media_type == taken
