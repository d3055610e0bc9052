"""LINE's webhook events to ours. Source: line-openapi, webhook.yml (2026-07-01)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from chalicelib.connectors.platforms.line.content import attachments_of
from chalicelib.connectors.toolkit.payload import Collector, Reader
from chalicelib.core.events import (
    InboundMessage,
    MessageDeleted,
    MessageEdited,
    Parsed,
    PlatformEvent,
    Surface,
    Visibility,
    event_key,
)
from chalicelib.core.ids import AccountId, AccountKey, AuthorId, AuthorKey, MessageId, MessageKey, ThreadId, ThreadKey
from chalicelib.core.people import Author

_LONGEST_FACT = 500
_CHATS = {"user": "userId", "group": "groupId", "room": "roomId"}


@dataclass(slots=True, kw_only=True)
class _Reading:
    account: AccountKey
    found: Collector = field(default_factory=Collector)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Event:
    """What all events share."""

    id: str
    at: datetime
    thread: ThreadKey
    author: Author | None
    is_group: bool
    answerable: bool
    whole: Reader

    def key(self, message: str) -> MessageKey:
        return MessageKey(account=self.thread.account, message=MessageId(message))


def parse_body(body: Reader) -> Parsed[PlatformEvent]:
    """``{"destination": ..., "events": [...]}``; the console's trial has no events. Raises PayloadError."""
    account = AccountKey(platform="line", account=AccountId(body.need_id("destination")))
    reading = _Reading(account=account)
    body.need("events")
    for entry in body.items("events"):
        reading.found.attempt(lambda item: _event(item, reading), entry)
    # A redelivery may bring what the same request brings anew.
    events: dict[str, PlatformEvent] = {}
    for event in reading.found.events:
        events.setdefault(event_key(event), event)
    found = reading.found
    return Parsed(events=tuple(events.values()), malformed=tuple(found.malformed), ignored=found.ignored)


def _event(entry: Reader, reading: _Reading) -> None:
    kind = entry.need_text("type")
    handler = _KINDS.get(kind)
    if handler is None:
        reading.found.ignore(kind)
        return
    source = entry.need("source")
    chat = source.need_text("type")
    if chat not in _CHATS:
        raise source.need("type").wrong("user, group or room expected")
    user = source.find_id("userId")
    event = _Event(
        id=entry.need_id("webhookEventId"),
        at=entry.need_time("timestamp"),
        thread=ThreadKey(account=reading.account, thread=ThreadId(source.need_id(_CHATS[chat]))),
        author=_author(user, reading) if user else None,
        is_group=chat != "user",
        answerable=entry.find_text("mode") != "standby",
        whole=entry,
    )
    reading.found.events.append(handler(event))


def _author(user: str, reading: _Reading) -> Author:
    return Author(key=AuthorKey(platform="line", author=AuthorId(user)), is_brand=user == reading.account.account)


def _inbound(
    event: _Event, message: str, text: str, context: dict[str, str | None], content: Reader | None = None
) -> InboundMessage:
    quoted = content.find_id("quotedMessageId") if content is not None else None
    facts = {**context, "chat": "group" if event.is_group else None}
    return InboundMessage(
        key=event.key(message),
        thread=event.thread,
        author=event.author,
        text=text,
        surface=Surface.DM,
        visibility=Visibility.PUBLIC if event.is_group else Visibility.PRIVATE,
        sent_at=event.at,
        attachments=attachments_of(content) if content is not None else (),
        in_reply_to=MessageId(quoted) if quoted else None,
        is_echo=event.author is not None and event.author.is_brand,
        answerable=event.answerable,
        context={name: value[:_LONGEST_FACT] for name, value in facts.items() if value},
    )


def _message(event: _Event) -> PlatformEvent:
    content = event.whole.need("message")
    message = content.need_id("id")
    token = content.find_text("quoteToken")
    context = {
        "quote_token": token,
        "quote_message": message if token else None,
        "image_set": content.find_id("imageSet", "id") if content.has("imageSet") else None,
        "mentions_us": "true" if _mentions_us(content) else None,
    }
    return _inbound(event, message, _text(content), context, content)


def _text(content: Reader) -> str:
    return (content.find_text("text") or "") if content.need_text("type") == "text" else ""


def _mentions_us(content: Reader) -> bool:
    return any(item.find_bool("isSelf") for item in content.items("mention", "mentionees"))


def _edited(event: _Event) -> PlatformEvent:
    """The same message id with a new text; the event's own id tells one edit from the next."""
    content = event.whole.need("message")
    return MessageEdited(
        key=event.key(content.need_id("id")),
        text=content.need_text("text"),
        edited_at=event.at,
        thread=event.thread,
        author=event.author,
        version=event.id,
    )


def _unsent(event: _Event) -> PlatformEvent:
    key = event.key(event.whole.need_id("unsend", "messageId"))
    return MessageDeleted(key=key, deleted_at=event.at, thread=event.thread, author=event.author)


def _postback(event: _Event) -> PlatformEvent:
    """A pressed button; its label is not told. Chosen dates come beside the data."""
    postback = event.whole.need("postback")
    data = postback.need_text("data")
    params = postback.find("params")
    chosen = [] if params is None else [params.find_text(name) or "" for name in params.keys()]  # noqa: SIM118
    text = " ".join(filter(None, (data, *chosen)))
    return _inbound(event, f"postback-{event.id}", text, {"postback": data})


_KINDS: dict[str, Callable[[_Event], PlatformEvent]] = {
    "message": _message,
    "messageEdited": _edited,
    "unsend": _unsent,
    "postback": _postback,
}
