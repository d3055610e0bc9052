"""Comments below the account's media and mentions elsewhere. Source: Instagram Platform > Webhooks (2025-11-24)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

from chalicelib.connectors.platforms._meta.entry import Entry, Side, time_of
from chalicelib.connectors.platforms._meta.messaging import facts
from chalicelib.connectors.platforms._meta.names import INSTAGRAM
from chalicelib.connectors.toolkit.payload import Reader
from chalicelib.core.events import InboundMessage, PlatformEvent, Surface, Visibility
from chalicelib.core.ids import MessageId
from chalicelib.core.people import Author

_FACTS: Mapping[str, tuple[str, ...]] = {
    "media_type": ("media", "media_product_type"),
    "ad_id": ("media", "ad_id"),
    "ad_title": ("media", "ad_title"),
    "original_media_id": ("media", "original_media_id"),
    "parent_id": ("parent_id",),
}


def profile_link(username: str | None) -> str | None:
    """The address of a profile. Usernames are letters, digits, dots and underscores; of others there is no address."""
    plain = username and username.replace(".", "").replace("_", "")
    return f"https://www.instagram.com/{username}/" if plain and plain.isascii() and plain.isalnum() else None


def _comment(entry: Entry, value: Reader, *, live: bool = False) -> PlatformEvent:
    """A comment. Its value tells no time, so that is when Meta sent it. ``comment_id`` is in Meta's older samples."""
    side = Side.of(INSTAGRAM, entry.page)
    message = value.find_id("id") or value.need_id("comment_id")
    media, parent = value.find_id("media", "id"), value.find_id("parent_id")
    author = _author(side, value)
    answered = parent or media
    return InboundMessage(
        key=side.message(message),
        # Old bodies do not name the media: the comment above, or the comment itself, is then all there is of a thread.
        thread=side.thread(media or parent or message),
        author=author,
        text=value.find_text("text") or "",
        surface=Surface.COMMENT,
        visibility=Visibility.PUBLIC,
        sent_at=time_of(entry, value, "timestamp"),
        in_reply_to=MessageId(answered) if answered else None,
        permalink=value.find_text("media", "permalink"),
        is_echo=author is not None and author.is_brand,
        answerable=not live,
        context={**facts(value, _FACTS), **_answered(parent, author), **({"live": "true"} if live else {})},
    )


def _answered(parent: str | None, author: Author | None) -> dict[str, str]:
    """Whom an answer must name: it stands below the first comment, wherever in the thread it belongs."""
    handle = author.handle if author is not None and not author.is_brand else None
    return {"username": handle} if parent and handle else {}


def _author(side: Side, value: Reader) -> Author | None:
    """``from``. The account's own comments carry its scoped id too, older ones beside ``from``."""
    person = value.find_id("from", "id")
    own = value.find_id("from", "self_ig_scoped_id") or value.find_id("self_ig_scoped_id")
    if own:
        person = side.account.account
    if person is None:
        return None
    username = (value.find_text("from", "username") or "").lstrip("@")
    return replace(side.author(person), handle=username or None, profile_url=profile_link(username))


def _mention(entry: Entry, value: Reader) -> PlatformEvent:
    """A mention in somebody's comment or caption: Meta tells ids only, neither words nor author."""
    side = Side.of(INSTAGRAM, entry.page)
    media, comment = value.need_id("media_id"), value.find_id("comment_id")
    author = _author(side, value)
    return InboundMessage(
        key=side.message(comment or media),
        thread=side.thread(media),
        author=author,
        text=value.find_text("text") or "",
        surface=Surface.MENTION,
        visibility=Visibility.PUBLIC,
        sent_at=time_of(entry, value, "timestamp"),
        in_reply_to=MessageId(media) if comment else None,
        is_echo=author is not None and author.is_brand,
        context={"media_id": media, "mentioned_in": "comment" if comment else "caption"},
    )


PUBLIC_FIELDS: Mapping[str, Callable[[Entry, Reader], PlatformEvent]] = {
    "comments": _comment,
    "live_comments": partial(_comment, live=True),
    "mentions": _mention,
}
"""``field`` -> what its ``value`` says."""
