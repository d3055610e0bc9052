"""Comment resources to messages: one level of replies below a top comment, whose id is the thread's."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

from chalicelib.connectors.toolkit.payload import Collector, Reader
from chalicelib.core.errors import PayloadError
from chalicelib.core.events import (
    Attachment,
    AttachmentKind,
    InboundMessage,
    MessageEdited,
    Parsed,
    PlatformEvent,
    Surface,
    Visibility,
)
from chalicelib.core.ids import AccountId, AccountKey, AuthorId, AuthorKey, MessageId, MessageKey, ThreadId, ThreadKey
from chalicelib.core.people import Author
from chalicelib.core.text.normalise import clean_text

UNNAMED = AccountId("unnamed")
"""The account of payloads that name no channel when nobody says whose they are; echoes can't be told then."""
_LINE_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]*>")
_REPLY = re.compile(r"[^.]+\.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What is known before a document is read, and what was found so far."""

    accounts: tuple[AccountId, ...] = ()
    is_html: bool = False
    found: Collector = field(default_factory=Collector)
    seen: set[str] = field(default_factory=set)
    """Pages overlap while comments arrive: a comment is taken once."""

    def account_of(self, channel: str | None, here: Reader) -> AccountKey:
        """The one account that is known; of several the one that is commented on; of none whatever that is."""
        if len(self.accounts) == 1:
            chosen = self.accounts[0]
        elif not self.accounts:
            chosen = AccountId(channel) if channel else UNNAMED
        elif channel in self.accounts:
            chosen = AccountId(channel)
        else:
            raise here.wrong("names none of the known channels")
        return AccountKey(platform="youtube", account=chosen)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """What a thread says about all of its comments."""

    channel: str | None = None
    video: str | None = None
    can_reply: bool = True


def read_document(document: Reader, reading: Reading) -> Parsed[PlatformEvent]:
    """All comments of an answer of commentThreads or comments, or of one of their resources, oldest first. An edit
    stands before its message, which already has the new words. Raises PayloadError for any other document."""
    kind = document.find_text("kind") or ""
    if kind in _LISTS:
        for entry in document.items("items"):
            reading.found.attempt(lambda item: _resource(item, reading), entry)
    elif kind in _RESOURCES:
        reading.found.attempt(lambda item: _resource(item, reading), document)
    else:
        raise document.wrong("neither comment threads nor comments")
    return Parsed(
        events=tuple(_in_order(reading.found.events)),
        malformed=tuple(reading.found.malformed),
        ignored=dict(sorted(reading.found.ignored.items())),
    )


def _in_order(events: list[PlatformEvent]) -> list[PlatformEvent]:
    sent = {event.key: event.sent_at for event in events if isinstance(event, InboundMessage)}
    return sorted(events, key=lambda event: sent[event.key])  # type: ignore[union-attr]


def _resource(entry: Reader, reading: Reading) -> None:
    kind = entry.need_text("kind")
    handler = _RESOURCES.get(kind)
    if handler is None:
        reading.found.ignore(kind)
    else:
        handler(entry, reading)


def _thread(entry: Reader, reading: Reading) -> None:
    snippet = entry.need("snippet")
    place = _Place(
        channel=snippet.find_id("channelId"),
        video=snippet.find_id("videoId"),
        can_reply=snippet.find_bool("canReply") is not False,
    )
    reading.found.attempt(lambda item: _message(item, place, reading), snippet.need("topLevelComment"))
    for reply in entry.items("replies", "comments"):
        reading.found.attempt(lambda item: _message(item, place, reading), reply)


def _comment(entry: Reader, reading: Reading) -> None:
    _message(entry, _Place(), reading)


def _message(entry: Reader, place: _Place, reading: Reading) -> None:
    name, snippet = entry.need_id("id"), entry.need("snippet")
    moderation = snippet.find_text("moderationStatus") or "published"
    if name in reading.seen or moderation == "rejected":
        reading.found.ignore("repeated" if name in reading.seen else "rejected")
        return
    account = reading.account_of(snippet.find_id("channelId") or place.channel, snippet)
    parent = snippet.find_id("parentId")
    thread = ThreadKey(account=account, thread=ThreadId(_top_of(parent or name)))
    video, author = snippet.find_id("videoId") or place.video, _author(snippet, account)
    message = InboundMessage(
        key=MessageKey(account=account, message=MessageId(name)),
        thread=thread,
        author=author,
        text=_text(snippet, reading.is_html),
        surface=Surface.COMMENT,
        # Held for review: the channel's owner sees it, the public does not.
        visibility=Visibility.PUBLIC if moderation == "published" else Visibility.UNKNOWN,
        sent_at=snippet.need_time("publishedAt"),
        attachments=_attachments(snippet),
        in_reply_to=MessageId(parent) if parent else None,
        permalink=f"https://www.youtube.com/watch?v={quote(video)}&lc={quote(name)}" if video else None,
        is_echo=author is not None and author.is_brand,
        answerable=place.can_reply,
        context=_context(video, moderation, author if parent else None),
    )
    if edit := _edit(message, snippet):
        reading.found.events.append(edit)
    reading.found.events.append(message)
    reading.seen.add(name)


def _top_of(name: str) -> str:
    """The id of a thread is that of its top comment; a reply's id begins with it."""
    match = _REPLY.match(name)
    return match[0][:-1] if match else name


def _edit(message: InboundMessage, snippet: Reader) -> MessageEdited | None:
    updated = snippet.find_time("updatedAt")
    if updated is None or updated <= message.sent_at:
        return None
    return MessageEdited(
        key=message.key,
        text=message.text,
        edited_at=updated,
        thread=message.thread,
        author=message.author,
        version=updated.isoformat(),
    )


def _author(snippet: Reader, account: AccountKey) -> Author | None:
    """None for comments of channels that were deleted."""
    channel = snippet.find_id("authorChannelId", "value")
    if channel is None:
        return None
    name, page = snippet.find_text("authorDisplayName") or "", snippet.find_text("authorChannelUrl") or ""
    return Author(
        key=AuthorKey(platform="youtube", author=AuthorId(channel)),
        handle=name[1:] if len(name) > 1 and name.startswith("@") else None,
        display_name=name if name and not name.startswith("@") else None,
        profile_url=page if page.startswith(("https://", "http://")) else f"https://www.youtube.com/channel/{channel}",
        is_brand=channel == account.account,
    )


def _text(snippet: Reader, is_html: bool) -> str:
    """textOriginal is given to the comment's author alone."""
    original = snippet.find_text("textOriginal")
    if original is not None:
        return original
    text = snippet.need_text("textDisplay")
    if not is_html:
        return text
    return clean_text(html.unescape(_TAG.sub("", _LINE_BREAK.sub("\n", text))))


def _attachments(snippet: Reader) -> tuple[Attachment, ...]:
    """Whatever stands for a picture: never an error, so that no text is lost for it."""
    try:
        url = snippet.find_text("imageUrl")
    except PayloadError:
        return (Attachment(kind=AttachmentKind.UNKNOWN),)
    return (Attachment(kind=AttachmentKind.IMAGE, url=url),) if url else ()


def _context(video: str | None, moderation: str, author: Author | None) -> Mapping[str, str]:
    """``handle``: of whom an answer has to name, because it stands below somebody else's comment."""
    held = {} if moderation == "published" else {"moderation": moderation[:40]}
    named = {"handle": author.handle} if author is not None and author.handle and not author.is_brand else {}
    return {**({"video": video} if video else {}), **held, **named}


_LISTS = ("youtube#commentThreadListResponse", "youtube#commentListResponse")
_RESOURCES: dict[str, Callable[[Reader, Reading], None]] = {
    "youtube#commentThread": _thread,
    "youtube#comment": _comment,
}
