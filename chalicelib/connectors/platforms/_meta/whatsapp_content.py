"""What a WhatsApp message says, by its ``type``. Source: Cloud API > Webhooks > messages (2026-05-21)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from chalicelib.connectors.platforms._meta.messaging import facts
from chalicelib.connectors.toolkit.payload import Reader, read_json
from chalicelib.core.errors import PayloadError
from chalicelib.core.events import Attachment, AttachmentKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """Words, files and small facts of one message."""

    text: str = ""
    attachments: tuple[Attachment, ...] = ()
    context: Mapping[str, str] = field(default_factory=dict)


def content_of(message: Reader) -> Content:
    """What `message` says. A type that we do not know is still somebody writing: a hint stands for it."""
    kind = message.need_text("type")
    make = _TYPES.get(kind)
    if make is None or not message.has(kind):
        return _hidden(message, kind)
    return make(message.need(kind))


def _hidden(message: Reader, kind: str) -> Content:
    """Something that WhatsApp does not hand over: who wrote it still waits for an answer."""
    what = message.find_text("unsupported", "type") or kind
    codes = ", ".join(filter(None, (error.find_id("code") for error in message.items("errors"))))
    hint = f"WhatsApp did not hand this message over ({what}); ask the customer to send it in another form."
    return Content(
        attachments=(Attachment(kind=AttachmentKind.UNKNOWN, title=hint),),
        context={"errors": codes} if codes else {},
    )


def _text(body: Reader) -> Content:
    return Content(text=body.need_text("body"))


def _media(kind: AttachmentKind) -> Callable[[Reader], Content]:
    def make(body: Reader) -> Content:
        attached = Attachment(
            kind=kind,
            url=body.find_text("url"),
            title=body.find_text("filename") or ("voice message" if body.find_bool("voice") else None),
            media_type=body.find_text("mime_type"),
            remote_id=body.find_id("id"),
        )
        return Content(text=body.find_text("caption") or "", attachments=(attached,), context=_sha256(body))

    return make


def _sha256(body: Reader) -> dict[str, str]:
    """Of the file, in base64: what is downloaded later must have it."""
    return facts(body, {"sha256": ("sha256",)})


def _location(body: Reader) -> Content:
    place = f"{_degrees(body.need('latitude'))}, {_degrees(body.need('longitude'))}"
    words = (body.find_text("name"), body.find_text("address"), place)
    title = ", ".join(filter(None, words))
    return Content(attachments=(Attachment(kind=AttachmentKind.LOCATION, title=title, url=body.find_text("url")),))


def _degrees(number: Reader) -> str:
    value = number.value
    if isinstance(value, bool) or not isinstance(value, int | float) or not -180 <= value <= 180:
        raise number.wrong("degrees expected")
    return str(value)


def _contacts(body: Reader) -> Content:
    """Somebody's visiting card; it may be the customer's own, asked for by a button."""
    cards, origin = [], ""
    for contact in body.items():
        phones = (phone.find_text("phone") or phone.find_id("wa_id") for phone in contact.items("phones"))
        name = contact.find_text("name", "formatted_name")
        origin = origin or contact.find_text("origin") or ""
        title = ", ".join(filter(None, (name, *phones))) or "contact"
        cards.append(Attachment(kind=AttachmentKind.UNKNOWN, title=f"Contact: {title}"))
    return Content(attachments=tuple(cards), context={"origin": origin[:500]} if origin else {})


def _interactive(body: Reader) -> Content:
    kind = body.find_text("type") or ""
    make = _REPLIES.get(kind)
    if make is None or not body.has(kind):
        hint = Attachment(kind=AttachmentKind.UNKNOWN, title=f"An answer without content ({kind or 'interactive'}).")
        return Content(attachments=(hint,))
    return make(body.need(kind))


def _chosen(reply: Reader) -> Content:
    """A pressed button, or a row of a list: its words are the customer's."""
    lines = (reply.find_text("title"), reply.find_text("description"))
    return Content(text="\n".join(filter(None, lines)), context=facts(reply, {"reply_id": ("id",)}))


def _form(reply: Reader) -> Content:
    """A filled form (flow): its answers are JSON in a string."""
    answers = reply.find_text("response_json") or ""
    lines = [reply.find_text("body") or "", *_answers(answers)]
    return Content(text="\n".join(filter(None, lines)), context=facts(reply, {"flow": ("name",)}))


def _answers(text: str) -> list[str]:
    try:
        found = read_json(text.encode())
        names = found.keys()
        return [f"{name}: {_plain(found.need(name))}" for name in names if name != "flow_token" and found.has(name)]
    except PayloadError:
        return [text]


def _plain(answer: Reader) -> str:
    if isinstance(answer.value, list):
        return ", ".join(_plain(item) for item in answer.items() if item.value is not None)
    if isinstance(answer.value, bool | float):
        return str(answer.value).lower()
    text = answer.find_text() if isinstance(answer.value, str) else answer.find_id()
    return text or ""


def _permission(reply: Reader) -> Content:
    return Content(text=f"(call permission: {reply.find_text('response') or 'not told'})")


_REPLIES: Mapping[str, Callable[[Reader], Content]] = {
    "button_reply": _chosen,
    "list_reply": _chosen,
    "nfm_reply": _form,
    "call_permission_reply": _permission,
}


def _button(body: Reader) -> Content:
    return Content(text=body.find_text("text") or "", context=facts(body, {"button": ("payload",)}))


def _order(body: Reader) -> Content:
    lines = [body.find_text("text") or ""]
    for item in body.items("product_items"):
        amount = item.find_id("quantity") or "1"
        lines.append(f"{amount} x {item.find_id('product_retailer_id') or 'unknown product'}")
    return Content(text="\n".join(filter(None, lines)), context=facts(body, {"catalog_id": ("catalog_id",)}))


_AUDIO = _media(AttachmentKind.AUDIO)
_TYPES: Mapping[str, Callable[[Reader], Content]] = {
    "text": _text,
    "image": _media(AttachmentKind.IMAGE),
    "video": _media(AttachmentKind.VIDEO),
    "document": _media(AttachmentKind.FILE),
    "sticker": _media(AttachmentKind.STICKER),
    "audio": _AUDIO,
    "voice": _AUDIO,
    "location": _location,
    "contacts": _contacts,
    "interactive": _interactive,
    "button": _button,
    "order": _order,
}
