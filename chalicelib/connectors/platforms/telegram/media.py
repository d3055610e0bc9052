"""What comes along with a message. Files have ids, not addresses: ``getFile`` gives one for an hour."""

from __future__ import annotations

from collections.abc import Callable

from chalicelib.connectors.toolkit.payload import Reader
from chalicelib.core.events import Attachment, AttachmentKind

_LONGEST = 200
_REPEATED = {"animation": "document", "venue": "location", "live_photo": "photo"}
"""Kinds that bring along another one, for old clients."""


def attachments_of(message: Reader) -> tuple[Attachment, ...]:
    """Every file, place and card of the message, and the targets of its linked words."""
    repeated = {_REPEATED[name] for name in _REPEATED if message.has(name)}
    names = [name for name in _KINDS if name not in repeated and message.has(name)]
    return (*(item for name in names for item in _KINDS[name](message.need(name))), *_links(message))


def has_content(message: Reader) -> bool:
    """False for what only says that something happened in the chat."""
    return any(message.has(name) for name in ("text", "caption", *_KINDS))


def _links(message: Reader) -> list[Attachment]:
    entities = [*message.items("entities"), *message.items("caption_entities")]
    return [
        Attachment(kind=AttachmentKind.LINK, url=entity.need_text("url")[:2000])
        for entity in entities
        if entity.find_text("type") == "text_link"
    ]


def _file(kind: AttachmentKind, *titles: str) -> Callable[[Reader], list[Attachment]]:
    def read(part: Reader) -> list[Attachment]:
        title = next(filter(None, (part.find_text(name) for name in titles)), None)
        return [
            Attachment(
                kind=kind,
                title=title[:_LONGEST] if title else None,
                media_type=part.find_text("mime_type"),
                size=_size(part),
                remote_id=part.need_id("file_id"),
            )
        ]

    return read


def _size(part: Reader) -> int | None:
    size = part.find("file_size")
    return size.value if size is not None and type(size.value) is int and 0 <= size.value < 2**53 else None


def _photo(part: Reader) -> list[Attachment]:
    """The sizes of one photo; the last is the largest."""
    sizes = list(part.items())
    if not sizes:
        raise part.wrong("a photo without sizes")
    return _file(AttachmentKind.IMAGE)(sizes[-1])


def _paid_media(part: Reader) -> list[Attachment]:
    return [_card(f"paid media: {item.find_text('type') or 'unknown'}") for item in part.items("paid_media")]


def _location(part: Reader) -> list[Attachment]:
    return [Attachment(kind=AttachmentKind.LOCATION, title=_coordinates(part))]


def _venue(part: Reader) -> list[Attachment]:
    names = (part.find_text("title"), part.find_text("address"), _coordinates(part.need("location")))
    title = ", ".join(filter(None, names))[:_LONGEST]
    return [Attachment(kind=AttachmentKind.LOCATION, title=title)]


def _coordinates(part: Reader) -> str:
    values = [part.need(name).value for name in ("latitude", "longitude")]
    if any(type(value) not in (int, float) or not -180 <= value <= 180 for value in values):
        raise part.wrong("coordinates expected")
    return ",".join(str(value) for value in values)


def _contact(part: Reader) -> list[Attachment]:
    words = (part.find_text("first_name"), part.find_text("last_name"), part.find_id("phone_number"))
    return [_card(f"contact: {' '.join(filter(None, words))}", part.find_id("user_id"))]


def _dice(part: Reader) -> list[Attachment]:
    return [_card(f"{part.need_text('emoji')} {part.need_id('value')}")]


def _poll(part: Reader) -> list[Attachment]:
    options = " / ".join(option.need_text("text") for option in part.items("options"))
    return [_card(f"poll: {part.need_text('question')} ({options})", part.find_id("id"))]


def _story(part: Reader) -> list[Attachment]:
    name, story = part.find_text("chat", "username"), part.need_id("id")
    url = f"https://t.me/{name}/s/{story}" if name else None
    return [Attachment(kind=AttachmentKind.LINK, url=url, title="story", remote_id=story)]


def _titled(what: str) -> Callable[[Reader], list[Attachment]]:
    def read(part: Reader) -> list[Attachment]:
        return [_card(f"{what}: {part.find_text('title') or ''}".removesuffix(": "))]

    return read


def _unreadable(what: str) -> Callable[[Reader], list[Attachment]]:
    return lambda part: [_card(what)]


def _card(title: str, remote_id: str | None = None) -> Attachment:
    return Attachment(kind=AttachmentKind.UNKNOWN, title=title[:_LONGEST], remote_id=remote_id)


_KINDS: dict[str, Callable[[Reader], list[Attachment]]] = {
    "photo": _photo,
    "live_photo": _file(AttachmentKind.VIDEO),
    "video": _file(AttachmentKind.VIDEO, "file_name"),
    "video_note": _file(AttachmentKind.VIDEO),
    "animation": _file(AttachmentKind.VIDEO, "file_name"),
    "voice": _file(AttachmentKind.AUDIO),
    "audio": _file(AttachmentKind.AUDIO, "file_name", "title"),
    "document": _file(AttachmentKind.FILE, "file_name"),
    "sticker": _file(AttachmentKind.STICKER, "emoji"),
    "location": _location,
    "venue": _venue,
    "contact": _contact,
    "dice": _dice,
    "poll": _poll,
    "story": _story,
    "paid_media": _paid_media,
    "checklist": _titled("checklist"),
    "game": _titled("game"),
    "invoice": _titled("invoice"),
    "rich_message": _unreadable("a formatted message that this version does not read"),
}
