"""Attachments of private messages. Source: Messenger Platform > Webhook events > messages, read 2026-11-22."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from chalicelib.connectors.toolkit.payload import Reader
from chalicelib.core.events import Attachment, AttachmentKind

_WWW = {"ig_reel": "https://www.instagram.com", "ig_post": "https://www.instagram.com"}
_FACEBOOK = "https://www.facebook.com"


ParseAttachment = Callable[[Reader, str], list[Attachment]]


def parse_attachments(message: Reader, more: Mapping[str, ParseAttachment] | None = None) -> tuple[Attachment, ...]:
    """``message.attachments``. A type that we do not know keeps its address. Raises PayloadError.

    `more`: readers by type, of a platform's own types or of what it means otherwise.
    """
    types = {**_TYPES, **(more or {})}
    found: list[Attachment] = []
    for item in message.items("attachments"):
        kind = item.find_text("type") or ""
        found += types.get(kind, _unknown)(item, kind)
    return tuple(found)


def payload_of(item: Reader) -> Reader:
    """``payload`` where it is an object; old fallbacks have a string, null, or their content beside ``type``."""
    payload = item.find("payload")
    return payload if payload is not None and isinstance(payload.value, dict) else item


def _media(kind: AttachmentKind) -> ParseAttachment:
    def parse(item: Reader, _: str) -> list[Attachment]:
        payload = payload_of(item)
        return [Attachment(kind=kind, url=payload.find_text("url"), title=payload.find_text("title"))]

    return parse


def _image(item: Reader, _: str) -> list[Attachment]:
    payload = payload_of(item)
    picture = Attachment(kind=AttachmentKind.IMAGE, url=payload.find_text("url"), title=payload.find_text("title"))
    sticker = payload.find_id("sticker_id")
    return [replace(picture, kind=AttachmentKind.STICKER, remote_id=sticker) if sticker else picture]


def shared(kind: AttachmentKind, identity: str) -> ParseAttachment:
    """A reader of posts and videos that were sent along; ``payload.<identity>`` is their id."""

    def parse(item: Reader, name: str) -> list[Attachment]:
        payload = payload_of(item)
        url = payload.find_text("url")
        if url and url.startswith("/"):
            url = f"{_WWW.get(name, _FACEBOOK)}{url}"
        return [
            Attachment(kind=kind, url=url, title=payload.find_text("title"), remote_id=payload.find_id(identity)),
        ]

    return parse


def _location(item: Reader, _: str) -> list[Attachment]:
    place = payload_of(item).need("coordinates")
    title = f"{_degrees(place.need('lat'))}, {_degrees(place.need('long'))}"
    return [Attachment(kind=AttachmentKind.LOCATION, title=title, url=payload_of(item).find_text("url"))]


def _degrees(number: Reader) -> str:
    value = number.value
    if isinstance(value, bool) or not isinstance(value, int | float) or not -180 <= value <= 180:
        raise number.wrong("degrees expected")
    return str(value)


def _fallback(item: Reader, _: str) -> list[Attachment]:
    payload = payload_of(item)
    url = payload.find_text("url") or item.find_text("url")
    title = payload.find_text("title") or item.find_text("title")
    return [Attachment(kind=AttachmentKind.LINK, url=url, title=title)]


def _template(item: Reader, _: str) -> list[Attachment]:
    """A card that a business or a shop made: what its elements are called, and where they lead."""
    payload = payload_of(item)
    places = (("elements",), ("product", "elements"), ("generic", "elements"))
    elements = [element for place in places for element in payload.items(*place)]
    found = [
        Attachment(
            kind=AttachmentKind.LINK if element.has("url") else AttachmentKind.UNKNOWN,
            url=element.find_text("url"),
            title=element.find_text("title"),
            remote_id=element.find_id("id"),
        )
        for element in elements
    ]
    title = payload.find_text("text") or payload.find_text("template_type")
    return found or [Attachment(kind=AttachmentKind.UNKNOWN, title=title)]


def _appointment(item: Reader, name: str) -> list[Attachment]:
    """A booking. Its times are seconds, unlike all others of Messenger."""
    payload = payload_of(item)
    start = payload.find_time("start_time")
    words = (
        name.replace("_", " "),
        payload.find_text("status"),
        f"{start:%Y-%m-%d %H:%M} UTC" if start else None,
    )
    return [
        Attachment(
            kind=AttachmentKind.UNKNOWN, title=", ".join(filter(None, words)), remote_id=payload.find_id("booking_id")
        )
    ]


def _unknown(item: Reader, name: str) -> list[Attachment]:
    payload = payload_of(item)
    url = payload.find_text("url")
    return [Attachment(kind=AttachmentKind.UNKNOWN, url=url, title=payload.find_text("title") or name or None)]


_TYPES: Mapping[str, ParseAttachment] = {
    "image": _image,
    "video": _media(AttachmentKind.VIDEO),
    "audio": _media(AttachmentKind.AUDIO),
    "file": _media(AttachmentKind.FILE),
    "reel": shared(AttachmentKind.VIDEO, "reel_video_id"),
    "ig_reel": shared(AttachmentKind.VIDEO, "reel_video_id"),
    "post": shared(AttachmentKind.LINK, "id"),
    "ig_post": shared(AttachmentKind.LINK, "id"),
    "location": _location,
    "fallback": _fallback,
    "template": _template,
    "appointment_booking": _appointment,
}
