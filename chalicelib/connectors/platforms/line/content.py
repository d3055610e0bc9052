"""What comes along with a message. LINE's own files are behind an address that wants the channel's token."""

from __future__ import annotations

from collections.abc import Callable

from chalicelib.connectors.toolkit.api import segment
from chalicelib.connectors.toolkit.payload import Reader
from chalicelib.core.events import Attachment, AttachmentKind

_CONTENT = "https://api-data.line.me/v2/bot/message"
_LONGEST = 200


def attachments_of(message: Reader) -> tuple[Attachment, ...]:
    """The message's one attachment; a text has none, a new type is an unknown one."""
    kind = message.need_text("type")
    if kind == "text":
        return ()
    return (_KINDS.get(kind, _unknown)(message),)


def _media(kind: AttachmentKind) -> Callable[[Reader], Attachment]:
    def read(message: Reader) -> Attachment:
        number = message.need_id("id")
        is_external = message.find_text("contentProvider", "type") == "external"
        url = message.find_text("contentProvider", "originalContentUrl") if is_external else _address(number)
        return Attachment(kind=kind, url=url, remote_id=number)

    return read


def _address(message: str) -> str:
    return f"{_CONTENT}/{segment(message)}/content"


def _file(message: Reader) -> Attachment:
    number, size = message.need_id("id"), message.find("fileSize")
    return Attachment(
        kind=AttachmentKind.FILE,
        url=_address(number),
        title=message.find_text("fileName"),
        size=size.value if size is not None and type(size.value) is int and 0 <= size.value < 2**53 else None,
        remote_id=number,
    )


def _location(message: Reader) -> Attachment:
    place = [message.need(name).value for name in ("latitude", "longitude")]
    if any(type(value) not in (int, float) or not -180 <= value <= 180 for value in place):
        raise message.wrong("coordinates expected")
    names = (message.find_text("title"), message.find_text("address"), ",".join(map(str, place)))
    return Attachment(kind=AttachmentKind.LOCATION, title=", ".join(filter(None, names))[:_LONGEST])


def _sticker(message: Reader) -> Attachment:
    """Keywords say what the picture is about; some stickers carry words of the sender's own."""
    words = message.find_text("text") or ", ".join(item.need_text() for item in message.items("keywords"))
    number = f"{message.need_id('packageId')}/{message.need_id('stickerId')}"
    return Attachment(kind=AttachmentKind.STICKER, title=words[:_LONGEST] or None, remote_id=number)


def _unknown(message: Reader) -> Attachment:
    return Attachment(kind=AttachmentKind.UNKNOWN, title=message.need_text("type")[:_LONGEST] or None)


_KINDS: dict[str, Callable[[Reader], Attachment]] = {
    "image": _media(AttachmentKind.IMAGE),
    "video": _media(AttachmentKind.VIDEO),
    "audio": _media(AttachmentKind.AUDIO),
    "file": _file,
    "location": _location,
    "sticker": _sticker,
}
