"""Reddit's things to events: t1 comments, t3 posts, t4 private messages, and the listings that hold them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlsplit

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
from chalicelib.core.ids import AccountId, AccountKey, AuthorId, AuthorKey, MessageId, MessageKey, ThreadId, ThreadKey
from chalicelib.core.people import Author

UNNAMED = AccountId("unnamed")
"""The account of payloads from files when nobody says whose they are; echoes can't be told then."""
_SITE = "https://www.reddit.com"
_DELETED = "[deleted]"
_TOMBSTONES = frozenset({_DELETED, "[removed]"})
_POST = re.compile(r"/comments/([0-9a-z]+)(?:[/?]|$)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What is known before a document is read, and what was found so far. ``seen_at`` dates deletions: Reddit tells
    that something is gone, not since when."""

    account: AccountKey
    seen_at: datetime
    found: Collector = field(default_factory=Collector)
    waiting: list[Reader] = field(default_factory=list)
    """Things inside things: threads are as deep as people like."""
    seen: set[str] = field(default_factory=set)


def read_document(document: Reader, reading: Reading) -> Parsed[PlatformEvent]:
    """All that an answer of the API holds (a thing, a listing, the two listings of a thread, the answer to a post),
    oldest first. Raises PayloadError for a document of no known shape."""
    if isinstance(document.value, list):
        reading.waiting.extend(document.items())
    elif document.has("kind"):
        reading.waiting.append(document)
    elif document.has("json"):
        _posted(document.need("json"), reading)
    else:
        raise document.wrong("no things")
    return read_waiting(reading)


def read_waiting(reading: Reading) -> Parsed[PlatformEvent]:
    """All that waits to be read, oldest first; an edit stands before its message, which already has the new words."""
    while reading.waiting:
        reading.found.attempt(lambda entry: _thing(entry, reading), reading.waiting.pop(0))
    sent = {event.key: event.sent_at for event in reading.found.events if isinstance(event, InboundMessage)}

    def at(event: PlatformEvent) -> datetime:
        known = sent.get(event.key) if isinstance(event, InboundMessage | MessageEdited) else None
        return known or reading.seen_at

    return Parsed(
        events=tuple(sorted(reading.found.events, key=at)),
        malformed=tuple(reading.found.malformed),
        ignored=dict(sorted(reading.found.ignored.items())),
    )


def _thing(entry: Reader, reading: Reading) -> None:
    kind = entry.need_text("kind")
    handler = _KINDS.get(kind)
    if handler is None:
        reading.found.ignore(kind)
    else:
        handler(entry.need("data"), reading)


def _posted(answer: Reader, reading: Reading) -> None:
    for error in answer.items("errors"):
        code = next(error.items(), None)
        reading.found.ignore(f"error {code.find_text() if code is not None else ''}"[:60])
    reading.waiting.extend(answer.items("data", "things"))


def _listing(data: Reader, reading: Reading) -> None:
    reading.waiting[:0] = data.items("children")


def _comment(data: Reader, reading: Reading) -> None:
    try:
        name, thread = data.need_id("name"), _thread_of(data)
        _add(
            data,
            reading,
            name=name,
            thread=thread,
            text=data.need_text("body"),
            surface=Surface.MENTION if data.find_text("type") == "username_mention" else Surface.COMMENT,
            parent=data.find_id("parent_id"),
        )
    finally:
        _replies(data, reading)


def _replies(data: Reader, reading: Reading) -> None:
    """A listing, or the empty string. What stands below is read whatever is wrong above."""
    if isinstance(data.value, dict) and isinstance(data.value.get("replies"), dict):
        reading.waiting.append(data.need("replies"))


def _thread_of(data: Reader) -> str:
    """The post. Entries of the inbox have no link_id: it stands in the address of their context."""
    link, parent = data.find_id("link_id"), data.find_id("parent_id") or ""
    if link is not None:
        return link
    match = _POST.search(data.find_text("context") or data.find_text("permalink") or "")
    if match:
        return f"t3_{match[1]}"
    if parent.startswith("t3_"):
        return parent
    raise data.wrong("does not tell its post")


def _post(data: Reader, reading: Reading) -> None:
    name, words = data.need_id("name"), data.find_text("selftext") or ""
    url = data.find_text("url") or ""
    is_link = data.find_bool("is_self") is False and url.startswith(("https://", "http://"))
    title = data.need_text("title")
    _add(
        data,
        reading,
        name=name,
        thread=name,
        text=words if words in _TOMBSTONES else "\n\n".join(filter(None, (title, words))),
        surface=Surface.POST,
        parent=None,
        attachments=(Attachment(kind=AttachmentKind.LINK, url=url),) if is_link else (),
    )


def _private(data: Reader, reading: Reading) -> None:
    try:
        name = data.need_id("name")
        _add(
            data,
            reading,
            name=name,
            thread=data.find_id("first_message_name") or name,
            text=data.need_text("body"),
            surface=Surface.DM,
            parent=data.find_id("parent_id"),
        )
    finally:
        _replies(data, reading)


def _add(
    data: Reader,
    reading: Reading,
    *,
    name: str,
    thread: str,
    text: str,
    surface: Surface,
    parent: str | None,
    attachments: tuple[Attachment, ...] = (),
) -> None:
    if name in reading.seen:
        reading.found.ignore("repeated")
        return
    account = reading.account
    key = MessageKey(account=account, message=MessageId(name))
    where = ThreadKey(account=account, thread=ThreadId(thread))
    if text in _TOMBSTONES and data.find_text("author") in (None, _DELETED):
        reading.found.events.append(MessageDeleted(key=key, deleted_at=reading.seen_at, thread=where))
        reading.seen.add(name)
        return
    author = _author(data, account)
    message = InboundMessage(
        key=key,
        thread=where,
        author=author,
        text=text,
        surface=surface,
        visibility=Visibility.PRIVATE if surface is Surface.DM else Visibility.PUBLIC,
        sent_at=data.need_time("created_utc"),
        attachments=attachments,
        in_reply_to=MessageId(parent) if parent else None,
        permalink=_permalink(data.find_text("context") or data.find_text("permalink") or ""),
        is_echo=author is not None and author.is_brand,
        context=_context(data),
    )
    edit = _edit(data, message)
    reading.found.events += [edit, message] if edit else [message]
    reading.seen.add(name)


def _edit(data: Reader, message: InboundMessage) -> MessageEdited | None:
    """``edited`` is false, or when; very old ones say true."""
    edited = data.find("edited")
    if edited is None or isinstance(edited.value, bool):
        return None
    at = data.need_time("edited")
    return MessageEdited(
        key=message.key,
        text=message.text,
        edited_at=at,
        thread=message.thread,
        author=message.author,
        version=at.isoformat(),
    )


def _author(data: Reader, account: AccountKey) -> Author | None:
    """None for people who left and for the system: a name without an id may be somebody else's tomorrow."""
    name, fullname = data.find_text("author"), data.find_id("author_fullname")
    if fullname is None or name == _DELETED:
        return None
    return Author(
        key=AuthorKey(platform="reddit", author=AuthorId(fullname)),
        handle=name or None,
        profile_url=f"{_SITE}/user/{name}" if name else None,
        is_brand=fullname == account.account,
    )


def _permalink(address: str) -> str | None:
    path = urlsplit(address).path if address.startswith("/") and not address.startswith("//") else ""
    return f"{_SITE}{path}" if path else None


def _context(data: Reader) -> dict[str, str]:
    told = {name: data.find_text(field) for name, field in _CONTEXT.items()}
    return {name: value for name, value in told.items() if value}


_CONTEXT = {"subreddit": "subreddit", "post_title": "link_title", "to": "dest"}
_Handler = Callable[[Reader, Reading], None]
_KINDS: dict[str, _Handler] = {"t1": _comment, "t3": _post, "t4": _private, "Listing": _listing}
