"""Matrix events to ours. Pushed transactions and listed rooms hold the same kind of events."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import quote

from chalicelib.connectors.platforms.matrix.content import ENCRYPTED, Relation, Said, relation_of, said, sticker
from chalicelib.connectors.toolkit.payload import Collector, Reader
from chalicelib.core.events import (
    InboundMessage,
    MessageDeleted,
    MessageEdited,
    Parsed,
    PlatformEvent,
    Surface,
    ThreadInvitation,
    Visibility,
    event_key,
)
from chalicelib.core.ids import AccountKey, AuthorId, AuthorKey, MessageId, MessageKey, ThreadId, ThreadKey
from chalicelib.core.people import Author

TRANSACTION_PREFIX = "careloop-"
DELIVERY = "careloop.delivery"
"""A content key of our own messages. Pushed events do not say which transaction they come from."""


@dataclass(slots=True, kw_only=True)
class _Reading:
    account: AccountKey
    base_url: str | None
    is_inside: bool = False
    """We are in the room already: its old invitation is no news."""
    found: Collector = field(default_factory=Collector)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Event:
    """What all events share."""

    id: MessageId
    room: ThreadKey
    sender: Author
    at: datetime
    content: Reader
    whole: Reader


def permalink(room: str, event: str) -> str:
    """Opens in whichever client the agent has."""
    return f"https://matrix.to/#/{quote(room, safe='')}/{quote(event, safe='')}"


def parse_transaction(body: Reader, account: AccountKey, base_url: str | None) -> Parsed[PlatformEvent]:
    """One pushed transaction, a ping, or what one finds in files: a page of a room, a single event. Raises PayloadError
    for anything else."""
    reading = _Reading(account=account, base_url=base_url)
    if not body.has("events"):
        if body.has("transaction_id"):
            reading.found.ignore("ping")
            return _parsed(reading)
        return _all(body.items("chunk") if body.has("chunk") else _single(body), reading)
    for entry in body.items("ephemeral"):
        reading.found.attempt(lambda item: reading.found.ignore(item.need_text("type")), entry)
    return _all(body.items("events"), reading)


def _single(body: Reader) -> tuple[Reader, ...]:
    body.need("event_id")
    return (body,)


def parse_room(events: Iterable[Reader], account: AccountKey, base_url: str | None) -> Parsed[PlatformEvent]:
    """Listed events of one room that we are in, in the order given."""
    return _all(events, _Reading(account=account, base_url=base_url, is_inside=True))


def parse_invitation(event: Reader, account: AccountKey, base_url: str | None) -> Parsed[PlatformEvent]:
    """The member event by which we are invited into a room."""
    return _all((event,), _Reading(account=account, base_url=base_url))


def _all(events: Iterable[Reader], reading: _Reading) -> Parsed[PlatformEvent]:
    for entry in events:
        reading.found.attempt(lambda item: _event(item, reading), entry)
    return _parsed(reading)


def _parsed(reading: _Reading) -> Parsed[PlatformEvent]:
    found = reading.found
    # A listed event that was removed says so itself, and its removal is listed too.
    events: dict[str, PlatformEvent] = {}
    for event in found.events:
        events.setdefault(event_key(event), event)
    ignored = dict(sorted(found.ignored.items()))
    return Parsed(events=tuple(events.values()), malformed=tuple(found.malformed), ignored=ignored)


def _event(entry: Reader, reading: _Reading) -> None:
    kind = entry.need_text("type")
    handler = _KINDS.get(kind)
    is_state = entry.has("state_key")
    if handler is None or is_state != (kind == "m.room.member"):
        reading.found.ignore(kind)
        return
    event = _Event(
        id=MessageId(_sigil(entry, "$", "event_id")),
        room=ThreadKey(account=reading.account, thread=ThreadId(_sigil(entry, "!", "room_id"))),
        sender=_author(_sigil(entry, "@", "sender"), reading),
        at=entry.need_time("origin_server_ts"),
        content=entry.need("content"),
        whole=entry,
    )
    removed = entry.find("unsigned", "redacted_because")
    if removed is not None and not is_state:
        _removed(event, event.id, removed.need_time("origin_server_ts"), reading)
    else:
        handler(event, reading)


def _sigil(entry: Reader, sigil: str, name: str) -> str:
    """An id; its first character tells its kind."""
    value = entry.need_text(name)
    if not value.startswith(sigil) or not 1 < len(value) <= 255:
        raise entry.need(name).wrong(f"an id with {sigil} expected")
    return value


def _author(user: str, reading: _Reading) -> Author:
    return Author(
        key=AuthorKey(platform=reading.account.platform, author=AuthorId(user)),
        handle=user[1:],
        profile_url=f"https://matrix.to/#/{quote(user, safe='')}",
        is_brand=user == reading.account.account,
    )


# -- messages ----------------------------------------------------------------------------------------------------------


def _message(event: _Event, reading: _Reading) -> None:
    relation = relation_of(event.content)
    if relation.replaces is not None:
        _edited(event, relation.replaces, reading)
        return
    words = said(event.content, reading.base_url)
    if words is None:
        reading.found.ignore(event.content.need_text("msgtype"))
    else:
        reading.found.events.append(_inbound(event, words, relation))


def _sticker(event: _Event, reading: _Reading) -> None:
    reading.found.events.append(_inbound(event, sticker(event.content, reading.base_url), relation_of(event.content)))


def _encrypted(event: _Event, reading: _Reading) -> None:
    relation = relation_of(event.content)
    if relation.replaces is not None:
        reading.found.ignore("m.room.encrypted edit")
        return
    reading.found.events.append(_inbound(event, Said(text=ENCRYPTED), relation, answerable=False))


def _inbound(event: _Event, words: Said, relation: Relation, *, answerable: bool = True) -> InboundMessage:
    return InboundMessage(
        key=MessageKey(account=event.room.account, message=event.id),
        thread=event.room,
        author=event.sender,
        text=words.text,
        surface=Surface.DM,
        visibility=Visibility.PRIVATE,
        sent_at=event.at,
        attachments=words.attachments,
        in_reply_to=relation.answers,
        permalink=permalink(event.room.thread, event.id),
        is_echo=event.sender.is_brand,
        delivery=_delivery(event) if event.sender.is_brand else None,
        answerable=answerable,
        context={"thread_root": relation.thread} if relation.thread else {},
    )


def _delivery(event: _Event) -> str | None:
    """The transaction by which we sent it: in listed events by the server, in pushed ones in the content."""
    for value in (event.content.find_text(DELIVERY), event.whole.find_text("unsigned", "transaction_id")):
        if value is not None and value.startswith(TRANSACTION_PREFIX):
            return value
    return None


def _edited(event: _Event, original: MessageId, reading: _Reading) -> None:
    words = said(event.content.need("m.new_content"), reading.base_url)
    if words is None:
        reading.found.ignore("m.replace")
        return
    edited = MessageEdited(
        key=MessageKey(account=event.room.account, message=original),
        text=words.text,
        edited_at=event.at,
        thread=event.room,
        author=event.sender,
        version=event.id,
    )
    reading.found.events.append(edited)


def _redaction(event: _Event, reading: _Reading) -> None:
    """The id stands in the content since room version 11, beside it before; servers help out with both."""
    target = event.whole.find_id("redacts") or event.content.need_id("redacts")
    _removed(event, MessageId(target), event.at, reading)


def _removed(event: _Event, target: MessageId, at: datetime, reading: _Reading) -> None:
    """Who removed it may be a moderator, so the author stays open."""
    key = MessageKey(account=event.room.account, message=target)
    reading.found.events.append(MessageDeleted(key=key, deleted_at=at, thread=event.room))


# -- members -----------------------------------------------------------------------------------------------------------


def _member(event: _Event, reading: _Reading) -> None:
    who, membership = event.whole.need_text("state_key"), event.content.need_text("membership")
    if membership != "invite" or who != reading.account.account or reading.is_inside:
        reading.found.ignore("m.room.member")
    elif _is_public(event.whole):
        reading.found.ignore("invitation to a public room")
    else:
        reading.found.events.append(ThreadInvitation(thread=event.room, inviter=event.sender, at=event.at))


def _is_public(event: Reader) -> bool:
    """Everybody's talk in a public room is no conversation with us."""
    for names in (("unsigned", "invite_room_state"), ("invite_room_state",)):
        for state in event.items(*names):
            if state.find_text("type") == "m.room.join_rules":
                return state.find_text("content", "join_rule") == "public"
    return False


_KINDS: dict[str, Callable[[_Event, _Reading], None]] = {
    "m.room.message": _message,
    "m.sticker": _sticker,
    "m.room.encrypted": _encrypted,
    "m.room.redaction": _redaction,
    "m.room.member": _member,
}
