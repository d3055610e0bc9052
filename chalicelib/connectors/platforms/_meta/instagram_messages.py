"""Private messages of an Instagram account: as Messenger's, with stories. Source: Instagram Platform > Messaging,
Webhooks (2025-11-24); Messenger Platform > Instagram > Story mention, read 2026-11-22."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from chalicelib.connectors.platforms._meta.attachments import ParseAttachment, parse_attachments, payload_of, shared
from chalicelib.connectors.platforms._meta.entry import Entry, Side
from chalicelib.connectors.platforms._meta.messaging import KINDS, UNSUPPORTED, Item, facts, parse_kinds
from chalicelib.connectors.platforms._meta.names import INSTAGRAM
from chalicelib.connectors.toolkit.payload import Collector, Reader
from chalicelib.core.events import (
    Attachment,
    AttachmentKind,
    DeliveryState,
    DeliveryUpdated,
    InboundMessage,
    PlatformEvent,
    Surface,
)

MESSAGING_FIELDS = frozenset(
    {
        "messages",
        "message_echoes",
        "message_edit",
        "message_edits",
        "message_reactions",
        "messaging_seen",
        "messaging_postbacks",
        "messaging_referral",
        "messaging_optins",
        "messaging_handover",
        "standby",
    }
)
"""Fields whose ``value`` is an element of ``messaging``, where they come as ``changes``."""

_HIDDEN = Attachment(
    kind=AttachmentKind.UNKNOWN, title="Instagram does not hand this kind of message over; see it in the app."
)
_STORY_ATTACHMENTS = frozenset({"story_mention", "story", "ig_story"})
_STORY_FACTS: Mapping[str, tuple[str, ...]] = {
    "story_id": ("reply_to", "story", "id"),
    "story_url": ("reply_to", "story", "url"),
}


def parse_item(entry: Entry, out: Collector, value: Reader) -> None:
    """One element of ``messaging``."""
    _parse(entry, out, value, {})


def parse_standby_item(entry: Entry, out: Collector, value: Reader) -> None:
    """One element of ``standby``: the same, while another app owns the thread."""
    _parse(entry, out, value, {"standby": "true"})


def _parse(entry: Entry, out: Collector, value: Reader, context: Mapping[str, str]) -> None:
    message = value.find("message")
    if message is not None and message.find_bool("is_self"):
        out.ignore("messaging/message to oneself")
        return
    own = replace(entry, page=_account(entry, value, message))
    parse_kinds(Item(entry=own, side=Side.of(INSTAGRAM, own.page), value=value, context=context), out, _KINDS)


def _account(entry: Entry, value: Reader, message: Reader | None) -> str:
    """The account is the sender of an echo, else the recipient; the entry may go by another id of it."""
    if value.find_id("sender", "id") == entry.page:
        return entry.page
    is_echo = message is not None and message.find_bool("is_echo")
    return value.find_id("sender" if is_echo else "recipient", "id") or entry.page


def _story(item: Reader, name: str) -> list[Attachment]:
    """A story. Its media must not be stored, so it is a link, never a file to copy."""
    payload = payload_of(item)
    url = payload.find_text("story_media_url") or payload.find_text("url")
    title = payload.find_text("title") or ("mentioned in a story" if name == "story_mention" else "story")
    return [
        Attachment(kind=AttachmentKind.LINK, url=url, title=title, remote_id=payload.find_id("story_media_id")),
    ]


def _heart(_: Reader, __: str) -> list[Attachment]:
    return [Attachment(kind=AttachmentKind.STICKER, title="\u2764")]


def _unsupported(_: Reader, __: str) -> list[Attachment]:
    return [_HIDDEN]


_REEL, _POST = shared(AttachmentKind.VIDEO, "reel_video_id"), shared(AttachmentKind.LINK, "ig_post_media_id")
_TYPES: Mapping[str, ParseAttachment] = {
    **dict.fromkeys(_STORY_ATTACHMENTS, _story),
    "like_heart": _heart,
    "unsupported_type": _unsupported,
    "share": shared(AttachmentKind.LINK, "id"),
    "ig_post": _POST,
    "ig_reel": _REEL,
    "reel": _REEL,
}


def _message(item: Item) -> list[PlatformEvent]:
    """As Messenger's, and: a mention in a story, or an answer to one, comes as a private message."""
    message = item.value.need("message")
    found: list[PlatformEvent] = []
    for event in KINDS["message"](item):
        if isinstance(event, InboundMessage):
            event = _with_stories(event, message)
        found.append(event)
    return found


def _with_stories(event: InboundMessage, message: Reader) -> InboundMessage:
    attachments = parse_attachments(message, _TYPES)
    if UNSUPPORTED in event.attachments and _HIDDEN not in attachments:
        attachments += (_HIDDEN,)
    kinds = {attached.find_text("type") for attached in message.items("attachments")}
    story = facts(message, _STORY_FACTS)
    if "story_mention" in kinds:
        story["story"] = "mention"
    elif story:
        story["story"] = "reply"
    return replace(
        event,
        attachments=attachments,
        surface=Surface.STORY if story else event.surface,
        context={**event.context, **story},
    )


def _read(item: Item) -> list[PlatformEvent]:
    """Read up to a message that is named; there is no watermark."""
    read = item.value.need("read")
    mid = read.find_id("mid")
    if mid is None:
        return KINDS["read"](item)
    return [
        DeliveryUpdated(
            account=item.side.account,
            state=DeliveryState.READ,
            at=item.value.find_time("timestamp") or item.entry.sent_at or item.value.need_time("timestamp"),
            message=item.side.message(mid),
            thread=item.side.thread(item.customer),
        )
    ]


_KINDS: Mapping[str, Callable[[Item], list[PlatformEvent]]] = {**KINDS, "message": _message, "read": _read}
