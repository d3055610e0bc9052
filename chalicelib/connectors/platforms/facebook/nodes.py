"""Graph API's posts, comments and reviews as the same events that the webhook would have given.

Fields: Graph API reference > Comment, Page Post, Recommendation, read 2026-11-22. ``from`` is left out for apps without
Advanced Access; then the author stays open.
"""

from __future__ import annotations

from chalicelib.connectors.platforms._meta.entry import Side
from chalicelib.connectors.platforms._meta.links import comment_link, post_link
from chalicelib.connectors.platforms._meta.reviews import review_words
from chalicelib.connectors.toolkit.payload import Reader
from chalicelib.core.events import Attachment, AttachmentKind, InboundMessage, Surface, Visibility
from chalicelib.core.ids import MessageId
from chalicelib.core.people import Author

COMMENT_FIELDS = "id,message,from{id,name},created_time,parent{id},permalink_url,attachment"
MESSAGE_FIELDS = f"{COMMENT_FIELDS},object{{id}}"
POST_FIELDS = "id,message,from{id,name},created_time,updated_time,permalink_url"
RATING_FIELDS = "created_time,rating,recommendation_type,review_text,reviewer{id,name},open_graph_story{id}"

_KINDS = (
    ("photo", AttachmentKind.IMAGE),
    ("animated_image", AttachmentKind.IMAGE),
    ("sticker", AttachmentKind.STICKER),
    ("video", AttachmentKind.VIDEO),
    ("share", AttachmentKind.LINK),
)
"""How ``attachment.type`` begins, and what it is."""


def comment_event(side: Side, thread: str, node: Reader, surface: Surface = Surface.COMMENT) -> InboundMessage:
    """A comment under `thread`. Raises PayloadError."""
    comment, parent, author = node.need_id("id"), node.find_id("parent", "id"), _author(side, node, "from")
    context = {"post_id": thread, **({"parent_id": parent} if parent else {})}
    return InboundMessage(
        key=side.message(comment),
        thread=side.thread(thread),
        author=author,
        text=node.find_text("message") or "",
        surface=surface,
        visibility=Visibility.PUBLIC,
        sent_at=node.need_time("created_time"),
        attachments=_attachments(node),
        in_reply_to=MessageId(parent or thread),
        permalink=_given_link(node) or comment_link(thread, comment),
        is_echo=author is not None and author.is_brand,
        context=context,
    )


def post_event(side: Side, node: Reader, surface: Surface = Surface.POST) -> InboundMessage:
    """A post: the root of its thread. Raises PayloadError."""
    post, author = node.need_id("id"), _author(side, node, "from")
    return InboundMessage(
        key=side.message(post),
        thread=side.thread(post),
        author=author,
        text=node.find_text("message") or "",
        surface=surface,
        visibility=Visibility.PUBLIC,
        sent_at=node.need_time("created_time"),
        permalink=post_link(post, node.find_text("permalink_url")),
        is_echo=author is not None and author.is_brand,
        context={"post_id": post},
    )


def rating_event(side: Side, node: Reader) -> InboundMessage:
    """A recommendation of the page. Raises PayloadError."""
    story = node.need_id("open_graph_story", "id")
    recommendation, rating = node.find_text("recommendation_type"), node.find_id("rating")
    facts = {"rating": rating, "review": "true", "recommendation": (recommendation or "").lower()}
    return InboundMessage(
        key=side.message(story),
        thread=side.thread(story),
        author=_author(side, node, "reviewer"),
        text=review_words(node.find_text("review_text"), recommendation, rating),
        surface=Surface.REVIEW,
        visibility=Visibility.PUBLIC,
        sent_at=node.need_time("created_time"),
        context={name: fact for name, fact in facts.items() if fact},
    )


def thread_of(side: Side, node: Reader) -> str:
    """The post that a comment stands under. ``object`` names it, but of a photo post only the photo; then it is made of
    the comment's own id, ``{post}_{comment}``, as a post of this page."""
    found = node.find_id("object", "id")
    if found is not None and "_" in found:
        return found
    return f"{side.account.account}_{node.need_id('id').partition('_')[0]}"


def _author(side: Side, node: Reader, name: str) -> Author | None:
    author = node.find_id(name, "id")
    return side.author(author, node.find_text(name, "name")) if author else None


def _given_link(node: Reader) -> str | None:
    given = node.find_text("permalink_url")
    return given if given and given.startswith("https://") else None


def _attachments(node: Reader) -> tuple[Attachment, ...]:
    found = node.find("attachment")
    if found is None:
        return ()
    name = found.find_text("type") or ""
    kind = next((kind for start, kind in _KINDS if name.startswith(start)), AttachmentKind.UNKNOWN)
    url = found.find_text("media", "image", "src") if kind is AttachmentKind.IMAGE else None
    return (
        Attachment(
            kind=kind,
            url=url or found.find_text("url"),
            title=found.find_text("title"),
            remote_id=found.find_id("target", "id"),
        ),
    )
