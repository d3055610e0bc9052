"""Updates to events. An update has ``update_id`` and one further member, whose name is its kind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from chalicelib.connectors.platforms.telegram.media import attachments_of, has_content
from chalicelib.connectors.platforms.telegram.people import person, sender_of
from chalicelib.connectors.platforms.telegram.places import Place, permalink
from chalicelib.connectors.platforms.telegram.service import SERVICE
from chalicelib.connectors.toolkit.payload import Collector, Reader
from chalicelib.core.events import (
    Attachment,
    AttachmentKind,
    InboundMessage,
    MessageDeleted,
    MessageEdited,
    Parsed,
    PlatformEvent,
    Surface,
    Visibility,
)
from chalicelib.core.ids import AccountKey, AuthorId, MessageId, MessageKey, ThreadId, ThreadKey, digest

_LONGEST_FACT = 500
_SURFACES = {"private": Surface.DM, "group": Surface.COMMENT, "supergroup": Surface.COMMENT, "channel": Surface.POST}


@dataclass(slots=True, kw_only=True)
class _Reading:
    account: AccountKey
    received_at: datetime
    found: Collector = field(default_factory=Collector)

    def thread(self, place: Place) -> ThreadKey:
        return ThreadKey(account=self.account, thread=ThreadId(place.thread))

    def message(self, place: Place, number: str) -> MessageKey:
        return MessageKey(account=self.account, message=MessageId(place.message(number)))


def parse_update(body: Reader, account: AccountKey, received_at: datetime) -> Parsed[PlatformEvent]:
    """One update, a list of updates, or ``{"ok": true, "result": [...]}``. Raises PayloadError for anything else."""
    reading = _Reading(account=account, received_at=received_at)
    if isinstance(body.value, list):
        updates = list(body.items())
    elif body.has("update_id"):
        updates = [body]
    else:
        updates = list(body.need("result").items())
    for update in updates:
        reading.found.attempt(lambda entry: _update(entry, reading), update)
    found = reading.found
    return Parsed(events=tuple(found.events), malformed=tuple(found.malformed), ignored=found.ignored)


def _update(update: Reader, reading: _Reading) -> None:
    update.need_id("update_id")
    kinds = [name for name in update.keys() if name != "update_id" and update.has(name)]  # noqa: SIM118
    known = next((kind for kind in kinds if kind in _KINDS), None)
    if known is None:
        reading.found.ignore(kinds[0] if kinds else "empty")
    else:
        _KINDS[known](update.need(known), reading)


# -- messages ----------------------------------------------------------------------------------------------------------


def _place(message: Reader) -> Place:
    in_topic = message.has("message_thread_id") and message.find_bool("is_topic_message")
    return Place(
        chat=message.need_id("chat", "id"),
        topic=message.need_id("message_thread_id") if in_topic else None,
        # A guest's chat may have the number of a chat that the bot knows, and be another one.
        connection=message.find_id("business_connection_id") or message.find_id("guest_query_id"),
    )


def _message(message: Reader, reading: _Reading, *, answerable: bool = True) -> None:
    if not has_content(message) and (service := _service(message)) in SERVICE:
        reading.found.ignore(f"message/{service}")
        return
    place, number, sender = _place(message), message.need_id("message_id"), sender_of(message, reading.account)
    is_private = message.find_text("chat", "type") == "private"
    event = InboundMessage(
        key=reading.message(place, number),
        thread=reading.thread(place),
        author=sender.author,
        text=_text(message),
        surface=_SURFACES.get(message.need_text("chat", "type"), Surface.UNKNOWN),
        visibility=Visibility.PRIVATE if is_private else Visibility.PUBLIC,
        sent_at=message.need_time("date"),
        attachments=attachments_of(message) or _new_kind(message),
        in_reply_to=_answered(message, place),
        permalink=None if is_private else permalink(place.chat, message.find_text("chat", "username"), number),
        is_echo=sender.is_echo,
        recipient=AuthorId(place.chat) if sender.is_echo and is_private else None,
        answerable=answerable,
        context=_facts(message),
    )
    reading.found.events.append(event)


def _guest(message: Reader, reading: _Reading) -> None:
    """Somebody called the bot into a chat that it is no member of: sendMessage does not reach it."""
    _message(message, reading, answerable=False)


def _edited(message: Reader, reading: _Reading) -> None:
    """The whole message comes again. Shared live locations do at every step of the way."""
    if not has_content(message) or message.has("location"):
        reading.found.ignore("edited_message/location" if message.has("location") else "edited_message/empty")
        return
    place, text, at = _place(message), _text(message), message.need_time("edit_date")
    edited = MessageEdited(
        key=reading.message(place, message.need_id("message_id")),
        text=text,
        edited_at=at,
        thread=reading.thread(place),
        author=sender_of(message, reading.account).author,
        version=f"{at.isoformat()} {digest(text, length=8)}",  # times are whole seconds
    )
    reading.found.events.append(edited)


def _text(message: Reader) -> str:
    return message.find_text("text") or message.find_text("caption") or ""


def _answered(message: Reader, place: Place) -> MessageId | None:
    """In a topic every message that answers nothing answers the topic's first, empty one."""
    answered = message.find_id("reply_to_message", "message_id")
    if answered is None or answered == place.topic:
        return None
    return MessageId(place.message(answered))


def _service(message: Reader) -> str:
    return next((name for name in message.keys() if name in SERVICE), "unknown")  # noqa: SIM118


def _new_kind(message: Reader) -> tuple[Attachment, ...]:
    if has_content(message):
        return ()
    return (Attachment(kind=AttachmentKind.UNKNOWN, title="a kind of message that this version does not read"),)


def _facts(message: Reader) -> dict[str, str]:
    text = _text(message)
    facts = {
        "media_group": message.find_id("media_group_id"),
        "forwarded": message.find_text("forward_origin", "type"),
        "quote": message.find_text("quote", "text"),
        "group": message.find_text("chat", "title"),
        "via_bot": message.find_text("via_bot", "username"),
        "start": text.removeprefix("/start ").strip() if text.startswith("/start ") else None,
        "is_bot": "true" if message.has("from") and message.find_bool("from", "is_bot") else None,
    }
    return {name: value[:_LONGEST_FACT] for name, value in facts.items() if value}


# -- the rest ----------------------------------------------------------------------------------------------------------


def _deleted(deletion: Reader, reading: _Reading) -> None:
    """Of a business connection; no time is given."""
    place = Place(chat=deletion.need_id("chat", "id"), connection=deletion.need_id("business_connection_id"))
    for number in deletion.items("message_ids"):
        key = reading.message(place, number.need_id())
        deleted = MessageDeleted(key=key, deleted_at=reading.received_at, thread=reading.thread(place))
        reading.found.events.append(deleted)


def _callback(query: Reader, reading: _Reading) -> None:
    """A pressed button is the person's word: its label, where the message with the buttons still has it."""
    message = query.find("message")
    if message is None:
        reading.found.ignore("callback_query/inline")
        return
    place, data = _place(message), query.find_text("data") or query.find_text("game_short_name") or ""
    is_private = message.find_text("chat", "type") == "private"
    pressed = InboundMessage(
        key=MessageKey(account=reading.account, message=MessageId(f"callback/{query.need_id('id')}")),
        thread=reading.thread(place),
        author=person(query.need("from"), reading.account),
        text=_label(message, data) or data,
        surface=_SURFACES.get(message.need_text("chat", "type"), Surface.UNKNOWN),
        visibility=Visibility.PRIVATE if is_private else Visibility.PUBLIC,
        sent_at=reading.received_at,
        in_reply_to=MessageId(place.message(message.need_id("message_id"))),
        context={"postback": data[:_LONGEST_FACT]} if data else {},
    )
    reading.found.events.append(pressed)


def _label(message: Reader, data: str) -> str | None:
    for row in message.items("reply_markup", "inline_keyboard"):
        for button in row.items():
            if button.find_text("callback_data") == data:
                return button.find_text("text")
    return None


def _membership(change: Reader, reading: _Reading) -> None:
    """``kicked`` in a private chat: the person blocked the bot; ``member``: they came back."""
    status = change.need_text("new_chat_member", "status")
    reading.found.ignore(f"my_chat_member/{change.need_text('chat', 'type')}/{status}")


def _connection(connection: Reader, reading: _Reading) -> None:
    state = "enabled" if connection.find_bool("is_enabled") else "disabled"
    reading.found.ignore(f"business_connection/{state}")


_KINDS: dict[str, Callable[[Reader, _Reading], None]] = {
    **dict.fromkeys(("message", "channel_post", "business_message"), _message),
    **dict.fromkeys(("edited_message", "edited_channel_post", "edited_business_message"), _edited),
    "guest_message": _guest,
    "deleted_business_messages": _deleted,
    "callback_query": _callback,
    "my_chat_member": _membership,
    "business_connection": _connection,
}
