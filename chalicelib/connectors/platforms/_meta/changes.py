"""``changes`` of a page: comments, posts, mentions and ratings, as events of ``facebook``.

Two tables decide: (field, item) says what kind of message it is and where its parts stand, the verb says what happened.
Everything else is counted. Source: Webhooks reference > page, read 2026-11-22.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from chalicelib.connectors.platforms._meta.entry import Entry, Side, time_of
from chalicelib.connectors.platforms._meta.links import comment_link, post_link
from chalicelib.connectors.platforms._meta.names import FACEBOOK
from chalicelib.connectors.platforms._meta.reviews import review_words
from chalicelib.connectors.toolkit.payload import Collector, Reader
from chalicelib.core.events import (
    Attachment,
    AttachmentKind,
    InboundMessage,
    MessageDeleted,
    MessageEdited,
    PlatformEvent,
    Surface,
    Visibility,
)
from chalicelib.core.ids import MessageId
from chalicelib.core.people import Author


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of message. ``thread``: where the root of its thread stands, the first found counts."""

    surface: Surface
    message: str
    thread: tuple[str, ...] = ("post_id",)
    text: str = "message"
    by_page: bool = False
    """Only the page itself writes these, also where the author is withheld."""

    @property
    def begins_thread(self) -> bool:
        """The message is the root of its thread."""
        return self.thread[0] == self.message


_COMMENT = Kind(surface=Surface.COMMENT, message="comment_id")
_POST = Kind(surface=Surface.POST, message="post_id")
_STATUS = Kind(surface=Surface.POST, message="post_id", by_page=True)
_MENTION_COMMENT = Kind(surface=Surface.MENTION, message="comment_id")
_MENTION_POST = Kind(surface=Surface.MENTION, message="post_id")
_RATING = Kind(
    surface=Surface.REVIEW, message="open_graph_story_id", thread=("open_graph_story_id",), text="review_text"
)
_RATING_COMMENT = Kind(surface=Surface.COMMENT, message="comment_id", thread=("open_graph_story_id", "post_id"))
_POST_ITEMS = ("post", "photo", "video", "share")

KINDS: Mapping[tuple[str, str], Kind] = {
    ("feed", "comment"): _COMMENT,
    ("feed", "status"): _STATUS,
    **{("feed", item): _POST for item in _POST_ITEMS},
    ("group_feed", "comment"): _COMMENT,
    ("mention", "comment"): _MENTION_COMMENT,
    **{("mention", item): _MENTION_POST for item in (*_POST_ITEMS, "status")},
    ("ratings", "rating"): _RATING,
    ("ratings", "comment"): _RATING_COMMENT,
}

FIELDS = frozenset(field for field, _ in KINDS)
_AUTHORS = (
    (("from", "id"), ("from", "name")),
    (("sender_id",), ("sender_name",)),
    (("reviewer_id",), ("reviewer_name",)),
)
_ATTACHED: Mapping[str, AttachmentKind] = {"photo": AttachmentKind.IMAGE, "video": AttachmentKind.VIDEO}
"""What ``link`` is, by item; of other items it is a link."""
_CONTEXT = ("post_id", "group_id", "rating")


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A change of a known kind."""

    entry: Entry
    side: Side
    kind: Kind
    item: str
    value: Reader

    @property
    def message(self) -> str:
        """The message's id."""
        return self.value.need_id(self.kind.message)

    def find_thread(self) -> str | None:
        """The root of the message's thread."""
        found = (self.value.find_id(name) for name in self.kind.thread)
        return next(filter(None, found), None)

    def find_author(self) -> Author | None:
        """Who wrote: ``from``, else the older forms. Ids are numbers in some of them."""
        for where, name in _AUTHORS:
            author = self.value.find_id(*where)
            if author is not None:
                return self.side.author(author, self.value.find_text(*name))
        return self.side.author(self.entry.page) if self.kind.by_page else None


def parse_change(entry: Entry, out: Collector, change: Reader) -> None:
    """One element of ``changes``."""
    field = change.need_text("field")
    if field not in FIELDS:
        out.ignore(f"changes/{field}")
        return
    value = change.need("value")
    item, verb = value.find_text("item") or "", value.find_text("verb") or ""
    kind, make = KINDS.get((field, item)), _VERBS.get(verb)
    name = f"{field}/{item}/{verb}"
    if kind is None or make is None:
        out.ignore(name)
        return
    side = Side.of(FACEBOOK, entry.page)
    event = make(Change(entry=entry, side=side, kind=kind, item=item, value=value))
    if event is None:
        out.ignore(f"{name} without text")
    else:
        out.events.append(event)


def _added(change: Change) -> PlatformEvent:
    value, kind = change.value, change.kind
    message, thread, author = change.message, change.find_thread(), change.find_author()
    if thread is None:
        raise value.wrong(f"{' or '.join(kind.thread)} missing")
    parent = _parent(change, thread)
    return InboundMessage(
        key=change.side.message(message),
        thread=change.side.thread(thread),
        author=author,
        text=_words(change),
        surface=kind.surface,
        visibility=Visibility.PUBLIC,
        sent_at=time_of(change.entry, value, "created_time"),
        attachments=_attachments(change),
        in_reply_to=MessageId(parent) if parent else None,
        permalink=_permalink(change, thread, message),
        is_echo=author is not None and author.is_brand,
        context=_context(change, parent if parent != thread else None),
    )


def _edited(change: Change) -> PlatformEvent | None:
    """An edit says the whole new text. Edits of something else (privacy, a photo's tags) come without text."""
    value, thread = change.value, change.find_thread()
    text = value.find_text(change.kind.text)
    if text is None:
        return None
    edited = value.find_time("edited_time")
    return MessageEdited(
        key=change.side.message(change.message),
        text=text,
        # `created_time` may be the message's own, so that two edits could not be put in order by it.
        edited_at=edited or change.entry.sent_at or value.need_time("created_time"),
        thread=change.side.thread(thread) if thread else None,
        author=change.find_author(),
        version=edited.isoformat() if edited else "",
    )


def _removed(change: Change) -> PlatformEvent:
    """Who removed it is not told: where the page is named it may be its moderator, so the author is left open."""
    thread, author = change.find_thread(), change.find_author()
    return MessageDeleted(
        key=change.side.message(change.message),
        deleted_at=time_of(change.entry, change.value, "created_time"),
        thread=change.side.thread(thread) if thread else None,
        author=None if author is None or author.is_brand else author,
    )


_VERBS: Mapping[str, Callable[[Change], PlatformEvent | None]] = {
    "add": _added,
    "edit": _edited,
    "edited": _edited,
    "remove": _removed,
    "delete": _removed,
}


def _words(change: Change) -> str:
    value, text = change.value, change.value.find_text(change.kind.text)
    if change.kind.surface is not Surface.REVIEW:
        return text or ""
    return review_words(text, value.find_text("recommendation_type"), value.find_id("rating"))


def _parent(change: Change, thread: str) -> str | None:
    """The message that this one answers: its parent comment, else the post or review itself."""
    if change.kind.begins_thread:
        return None
    parent = change.value.find_id("parent_id")
    return thread if parent is None or parent == change.value.find_id("post_id") else parent


def _permalink(change: Change, thread: str, message: str) -> str | None:
    """A review's thread is no post id, but its ``post_id`` is one."""
    post, given = change.value.find_id("post_id") or thread, change.value.find_text("post", "permalink_url")
    return post_link(post, given) if change.kind.begins_thread else comment_link(post, message, given)


def _context(change: Change, parent: str | None) -> dict[str, str]:
    """What `send` and the agent's brief need: a reply's parent comment is where our answer will be listed."""
    found = {name: change.value.find_id(name) for name in _CONTEXT}
    found["parent_id"] = parent
    if change.value.has("post") and change.value.find_bool("post", "is_published") is False:
        found["unpublished_post"] = "true"  # it stands in ads alone
    if change.kind.surface is Surface.REVIEW:
        found["review"] = "true"
        found["recommendation"] = (change.value.find_text("recommendation_type") or "").lower()
    return {name: text for name, text in found.items() if text}


def _attachments(change: Change) -> tuple[Attachment, ...]:
    """Each address once: a photo post names its picture in ``photos`` and in ``link``."""
    value, item = change.value, change.item
    linked = value.find_id(f"{item}_id") if item in ("photo", "video", "share") else None
    found = [
        Attachment(
            kind=_ATTACHED.get(item, AttachmentKind.LINK),
            url=value.find_text("link"),
            remote_id=linked,
        ),
        Attachment(kind=AttachmentKind.IMAGE, url=value.find_text("photo")),
        Attachment(kind=AttachmentKind.VIDEO, url=value.find_text("video")),
        *(Attachment(kind=AttachmentKind.IMAGE, url=photo.find_text()) for photo in value.items("photos")),
    ]
    by_url: dict[str, Attachment] = {}
    for attachment in found:
        if attachment.url:
            by_url.setdefault(attachment.url, attachment)
    return tuple(by_url.values())
