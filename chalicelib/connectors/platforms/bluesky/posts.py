"""A post, in whichever dress it came, and the message that it is.

Notifications, threads and lists of posts have views with the same fields; the stream has commits. Both become a `Post`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime

from chalicelib.connectors.platforms.bluesky.embeds import attachments_of, quoted_post
from chalicelib.connectors.platforms.bluesky.places import AtUri, find_uri, profile_page
from chalicelib.connectors.platforms.bluesky.richtext import expanded_text, mentioned
from chalicelib.connectors.toolkit.payload import Collector, Reader
from chalicelib.core.events import InboundMessage, Surface, Visibility
from chalicelib.core.ids import AccountId, AccountKey, AuthorId, AuthorKey, MessageId, MessageKey, ThreadId, ThreadKey
from chalicelib.core.people import Author

UNNAMED = AccountId("unnamed")
"""The account of payloads from files when nobody says whose they are: echoes can't be told then, nor what was said to
us, so everything counts as that."""
_LANGUAGE = re.compile(r"[A-Za-z0-9-]{2,35}")


@dataclass(slots=True, kw_only=True)
class Reading:
    """One document on its way through. ``seen_at``: when it was read, the time of a deletion that nobody dates."""

    account: AccountKey
    seen_at: datetime
    found: Collector = field(default_factory=Collector)

    def key(self, uri: AtUri) -> MessageKey:
        return MessageKey(account=self.account, message=MessageId(str(uri)))

    @property
    def takes_all(self) -> bool:
        """Nobody knows who we are."""
        return self.account.account == UNNAMED

    def is_ours(self, did: str) -> bool:
        return did == self.account.account


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    uri: AtUri
    cid: str
    author: Author
    record: Reader
    at: datetime
    parent: AtUri | None
    root: AtUri | None
    refs: dict[str, str]
    answerable: bool = True

    @property
    def thread(self) -> AtUri:
        return self.root or self.uri


def need_uri(here: Reader, *names: str) -> AtUri:
    uri = find_uri(here.need_text(*names))
    if uri is None:
        raise here.need(*names).wrong("AT URI expected")
    return uri


def author_of(view: Reader, reading: Reading) -> Author:
    did = view.need_text("did")
    if not did.startswith("did:") or len(did) > 600:
        raise view.need("did").wrong("DID expected")
    handle = view.find_text("handle")
    return Author(
        key=AuthorKey(platform=reading.account.platform, author=AuthorId(did)),
        handle=handle if handle and handle != "handle.invalid" else None,
        display_name=view.find_text("displayName") or None,
        profile_url=profile_page(did),
        is_brand=reading.is_ours(did),
    )


def references_of(record: Reader) -> tuple[AtUri | None, AtUri | None, dict[str, str]]:
    """(parent, root, both with their cids for the context)."""
    reply = record.find("reply")
    if reply is None:
        return None, None, {}
    parent, root = need_uri(reply, "parent", "uri"), need_uri(reply, "root", "uri")
    refs = {
        "parent_uri": str(parent),
        "parent_cid": reply.need_id("parent", "cid"),
        "root_uri": str(root),
        "root_cid": reply.need_id("root", "cid"),
    }
    return parent, root, refs


def viewed_post(view: Reader, reading: Reading) -> Post:
    """A post in a notification, a thread or a list of posts."""
    record = view.need("record")
    parent, root, refs = references_of(record)
    author = author_of(view.need("author"), reading)
    blocked = view.need("author").find("viewer", "blockedBy")
    closed = view.find("viewer", "replyDisabled")
    return Post(
        uri=need_uri(view, "uri"),
        cid=view.need_id("cid"),
        author=author,
        record=record,
        at=view.need_time("indexedAt"),
        parent=parent,
        root=root,
        refs=refs,
        answerable=not any(flag is not None and flag.value is True for flag in (blocked, closed)),
    )


def surface_of(post: Post, reading: Reading) -> Surface:
    if post.parent is not None:
        return Surface.COMMENT
    return Surface.MENTION if calls_us(post.record, reading) else Surface.POST


def calls_us(record: Reader, reading: Reading) -> bool:
    """It mentions us or quotes a post of ours."""
    quote = quoted_post(record)
    return reading.account.account in mentioned(record) or (quote is not None and reading.is_ours(quote.did))


def _language(record: Reader) -> str | None:
    """The first language that the author's client claims."""
    languages = record.find("langs")
    first = (
        languages.value[0] if languages is not None and isinstance(languages.value, list) and languages.value else None
    )
    return first if isinstance(first, str) and _LANGUAGE.fullmatch(first) else None


def message_of(post: Post, reading: Reading, surface: Surface) -> InboundMessage:
    return InboundMessage(
        key=reading.key(post.uri),
        thread=ThreadKey(account=reading.account, thread=ThreadId(str(post.thread))),
        author=post.author,
        text=expanded_text(post.record),
        surface=surface,
        visibility=Visibility.PUBLIC,
        sent_at=post.at,
        attachments=attachments_of(post.record, post.uri.did),
        in_reply_to=MessageId(str(post.parent)) if post.parent else None,
        permalink=post.uri.permalink,
        language=_language(post.record),
        is_echo=post.author.is_brand,
        answerable=post.answerable,
        context={"cid": post.cid, **post.refs},
    )
