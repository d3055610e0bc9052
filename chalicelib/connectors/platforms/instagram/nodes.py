"""Graph API's comments, mentions and private messages as the same events that the webhook would have given.

Fields: Instagram Platform > IG Comment, IG Media, mentioned_comment, mentioned_media, Conversations API, read
2026-11-22.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from chalicelib.connectors.platforms._meta.entry import Side
from chalicelib.connectors.platforms._meta.instagram_comments import profile_link
from chalicelib.connectors.platforms._meta.letters import attachments_of, message_event
from chalicelib.connectors.toolkit.payload import Reader
from chalicelib.core.events import Attachment, AttachmentKind, InboundMessage, Surface, Visibility
from chalicelib.core.ids import AuthorId, AuthorKey, MessageId
from chalicelib.core.people import Author

_PLAIN = "id,text,timestamp,from{id,username},parent_id"
COMMENT_FIELDS = f"{_PLAIN},replies{{{_PLAIN}}}"
"""Of a comment below media that we know."""
MESSAGE_FIELDS = f"{_PLAIN},media{{id,permalink,media_product_type}}"
"""Of a comment alone."""
MEDIA_FIELDS = "id,timestamp,permalink,comments_count,media_product_type"
MENTIONED_COMMENT = "id,text,timestamp,username,media{id,permalink}"
MENTIONED_MEDIA = "id,caption,media_type,media_url,timestamp,username,permalink"
LETTERS = "messages{id,created_time,from,to,message,attachments,story}"

_MEDIA_KINDS = {"IMAGE": AttachmentKind.IMAGE, "VIDEO": AttachmentKind.VIDEO}


def comment_event(
    side: Side, node: Reader, media: Reader, own: Collection[str], above: str | None = None
) -> InboundMessage:
    """A comment below `media`. ``own``: ids and names of the account; ``above``: the comment that it was listed under.
    Raises PayloadError."""
    thread, parent = media.need_id("id"), node.find_id("parent_id") or above
    author = _author(side, node, own)
    context = {"media_type": media.find_text("media_product_type"), "parent_id": parent}
    if parent and author is not None and not author.is_brand:
        context["username"] = author.handle
    return InboundMessage(
        key=side.message(node.need_id("id")),
        thread=side.thread(thread),
        author=author,
        text=node.find_text("text") or "",
        surface=Surface.COMMENT,
        visibility=Visibility.PUBLIC,
        sent_at=node.need_time("timestamp"),
        in_reply_to=MessageId(parent or thread),
        permalink=_https(media.find_text("permalink")),
        is_echo=author is not None and author.is_brand,
        context={name: fact for name, fact in context.items() if fact},
    )


def mention_event(side: Side, node: Reader, own: Collection[str], *, caption: bool) -> InboundMessage:
    """What `mentioned_comment` or `mentioned_media` told. Raises PayloadError."""
    name = node.need_id("id")
    media = name if caption else node.need_id("media", "id")
    author = _named(side, node.find_text("username"), own)
    link = node.find_text("permalink") if caption else node.find_text("media", "permalink")
    return InboundMessage(
        key=side.message(name),
        thread=side.thread(media),
        author=author,
        text=node.find_text("caption" if caption else "text") or "",
        surface=Surface.MENTION,
        visibility=Visibility.PUBLIC,
        sent_at=node.need_time("timestamp"),
        attachments=_media(node) if caption else (),
        in_reply_to=None if caption else MessageId(media),
        permalink=_https(link),
        is_echo=author is not None and author.is_brand,
        context={"media_id": media, "mentioned_in": "caption" if caption else "comment"},
    )


def letter_event(side: Side, own: Collection[str], person: str, node: Reader) -> InboundMessage:
    """A private message; one about a story has the story's surface, and a link in place of its media, which must not be
    stored. Raises PayloadError."""
    event = message_event(side, person, node)
    # A thread has two sides: whoever is not the person is the account, by whatever id.
    others = {*own, node.need_id("from", "id")} - {person}
    author = _author(side, node, others)
    if author is None:
        raise node.wrong("no author")
    about = _story(node)
    return replace(
        event,
        author=author,
        is_echo=author.is_brand,
        recipient=AuthorId(person) if author.is_brand else None,
        surface=Surface.STORY if about else Surface.DM,
        attachments=_letter_attachments(node, about),
        context=about,
    )


def _story(node: Reader) -> dict[str, str]:
    for name, kind in (("mention", "mention"), ("reply_to", "reply")):
        found = node.find("story", name)
        if found is not None:
            facts = {"story": kind, "story_id": found.find_id("id"), "story_url": found.find_text("link")}
            return {key: fact for key, fact in facts.items() if fact}
    return {}


def _letter_attachments(node: Reader, about: dict[str, str]) -> tuple[Attachment, ...]:
    if about.get("story") != "mention":
        return tuple(attachments_of(node))
    link = Attachment(kind=AttachmentKind.LINK, url=about.get("story_url"), title="mentioned in a story")
    return (link,)


def _author(side: Side, node: Reader, own: Collection[str]) -> Author | None:
    name, handle = node.find_id("from", "id"), (node.find_text("from", "username") or "").lstrip("@")
    if name in own or (handle and handle in own):
        name = side.account.account
    if name is None:
        return None
    return replace(side.author(name), handle=handle or None, profile_url=profile_link(handle))


def _named(side: Side, username: str | None, own: Collection[str]) -> Author | None:
    """Of a mention only the username is told. Names change hands, so the key says with an @ that it is no id."""
    handle = (username or "").strip().lstrip("@")
    if not handle:
        return None
    author = AuthorId(side.account.account if handle in own else f"@{handle}")
    return Author(
        key=AuthorKey(platform=side.account.platform, author=author),
        handle=handle,
        profile_url=profile_link(handle),
        is_brand=handle in own,
    )


def _media(node: Reader) -> tuple[Attachment, ...]:
    url, kind = _https(node.find_text("media_url")), node.find_text("media_type") or ""
    return (Attachment(kind=_MEDIA_KINDS.get(kind, AttachmentKind.UNKNOWN), url=url),) if url else ()


def _https(url: str | None) -> str | None:
    return url if url and url.startswith("https://") else None
