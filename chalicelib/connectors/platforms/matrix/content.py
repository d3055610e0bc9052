"""What a message event says: its text without the quoted fallback, its attachment, what it answers."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from chalicelib.connectors.toolkit.payload import Reader
from chalicelib.core.events import Attachment, AttachmentKind
from chalicelib.core.ids import MessageId

ENCRYPTED = "(This message is end-to-end encrypted and cannot be read here. Ask for it in a chat without encryption.)"
_MXC = re.compile(r"mxc://([A-Za-z0-9.:\[\]-]{1,255})/([A-Za-z0-9_.~=-]{1,255})")
# The first line of a reply's fallback names whom it quotes; a person's own quote does not.
_FALLBACK = re.compile(r"> (?:\* )?<@[^>\s]{1,255}>")


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """The words and what came along."""

    text: str
    attachments: tuple[Attachment, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """``answers``: the event that this one is an answer to. ``thread``: the first event of its thread. ``replaces``: it
    is a new version of that event."""

    answers: MessageId | None = None
    thread: str | None = None
    replaces: MessageId | None = None


def relation_of(content: Reader) -> Relation:
    """From ``m.relates_to``, which stays readable in encrypted events too."""
    relates = content.find("m.relates_to")
    if relates is None:
        return Relation()
    kind = relates.find_text("rel_type")
    quoted = relates.find_id("m.in_reply_to", "event_id")
    target = relates.find_id("event_id")
    if kind == "m.replace":
        return Relation(replaces=MessageId(relates.need_id("event_id")))
    thread = target if kind == "m.thread" else None
    answers = quoted or thread
    return Relation(answers=MessageId(answers) if answers else None, thread=thread)


def said(content: Reader, base_url: str | None) -> Said | None:
    """What an ``m.room.message`` says; None for one that belongs to the clients alone. A message type that is new has a
    body all the same, and is never lost."""
    kind = content.need_text("msgtype")
    if kind == "m.key.verification.request":
        return None
    reader = _KINDS.get(kind)
    if reader is not None:
        return reader(content, base_url)
    return Said(text=_body(content), attachments=(Attachment(kind=AttachmentKind.UNKNOWN, title=kind[:100]),))


def sticker(content: Reader, base_url: str | None) -> Said:
    """What an ``m.sticker`` says."""
    return Said(text="", attachments=(_media(content, AttachmentKind.STICKER, base_url, content.find_text("body")),))


def _body(content: Reader) -> str:
    text = content.need_text("body")
    relates = content.find("m.relates_to")
    if relates is None or not relates.has("m.in_reply_to") or not _FALLBACK.match(text):
        return text
    lines = text.split("\n")
    index = next((index for index, line in enumerate(lines) if not (line + " ").startswith("> ")), len(lines))
    return "\n".join(lines[index:]).removeprefix("\n")


def _text(content: Reader, base_url: str | None) -> Said:
    return Said(text=_body(content))


def _emote(content: Reader, base_url: str | None) -> Said:
    return Said(text=f"* {_body(content)}")


def _location(content: Reader, base_url: str | None) -> Said:
    place = content.need_text("geo_uri").removeprefix("geo:").split(";")[0]
    return Said(text=_body(content), attachments=(Attachment(kind=AttachmentKind.LOCATION, title=place[:100]),))


def _file(kind: AttachmentKind) -> Callable[[Reader, str | None], Said]:
    def read(content: Reader, base_url: str | None) -> Said:
        body, name = _body(content), content.find_text("filename")
        # With a filename of its own, the body is a caption (v1.10); without one it is the file's name.
        caption = body if name is not None and name != body else ""
        return Said(text=caption, attachments=(_media(content, kind, base_url, name or body),))

    return read


def _media(content: Reader, kind: AttachmentKind, base_url: str | None, title: str | None) -> Attachment:
    uri = content.find_text("url") or content.find_text("file", "url") or ""
    info = content.find("info")
    size = info.find("size") if info is not None else None
    return Attachment(
        kind=kind,
        url=_download(uri, base_url),
        title=title or None,
        media_type=info.find_text("mimetype") if info is not None else None,
        size=size.value if size is not None and type(size.value) is int and size.value >= 0 else None,
        remote_id=uri[:600] or None,
    )


def _download(uri: str, base_url: str | None) -> str | None:
    """Where media are served, to those who are signed in (v1.11)."""
    match = _MXC.fullmatch(uri)
    if match is None or base_url is None:
        return None
    return f"{base_url.rstrip('/')}/_matrix/client/v1/media/download/{match[1]}/{match[2]}"


_KINDS: dict[str, Callable[[Reader, str | None], Said]] = {
    "m.text": _text,
    "m.notice": _text,
    "m.emote": _emote,
    "m.location": _location,
    "m.image": _file(AttachmentKind.IMAGE),
    "m.video": _file(AttachmentKind.VIDEO),
    "m.audio": _file(AttachmentKind.AUDIO),
    "m.file": _file(AttachmentKind.FILE),
}
