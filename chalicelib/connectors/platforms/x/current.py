"""API v2's JSON: posts with their author elsewhere (``includes``), and private messages as the API lists them. Pure.

The wire has two sets of names for the same things: the guides and all captured events say ``edit_history_tweet_ids``,
X's OpenAPI 2.167 says ``edit_history_post_ids``. Both are read.
"""

from __future__ import annotations

from collections.abc import Mapping

from chalicelib.connectors.platforms.x.messages import (
    PrivateMessage,
    other_party,
    private_message,
    thread_of,
)
from chalicelib.connectors.platforms.x.posts import (
    Mention,
    Post,
    View,
    author_of,
    by_age,
    language_of,
    link_text,
    pair,
    whole,
)
from chalicelib.connectors.toolkit.payload import Reader
from chalicelib.core.events import Attachment, AttachmentKind, InboundMessage

KINDS: Mapping[str, AttachmentKind] = {
    "photo": AttachmentKind.IMAGE,
    "image": AttachmentKind.IMAGE,
    "video": AttachmentKind.VIDEO,
    "animated_gif": AttachmentKind.VIDEO,
    "audio": AttachmentKind.AUDIO,
}


def read_post(post: Reader, includes: Reader | None, view: View) -> Post:
    """A v2 Post with its ``includes``. Raises PayloadError."""
    identity, author = post.need_id("id"), post.need_id("author_id")
    versions = by_age([*_ids(post, "edit_history_tweet_ids", "edit_history_post_ids"), identity])
    references = _references(post)
    attachments = _attachments(post, includes)
    note = _either(post, "note_tweet", "note_post")
    texts = [post] if note is None else [note, post]
    return Post(
        id=identity,
        versions=versions,
        author=author_of(view, author, find_user(includes, author)),
        text=(note.find_text("text") if note else None) or post.find_text("text") or "",
        created_at=post.need_time("created_at"),
        conversation=post.find_id("conversation_id") or references.get("replied_to") or versions[0],
        parent=post.find_id("in_reply_to_tweet_id") or references.get("replied_to"),
        parent_author=post.find_id("in_reply_to_user_id"),
        mentions=tuple(item for text in texts for item in _mentions(text)),
        links={short: full for text in texts for short, full in _links(text, attachments).items()},
        shown=pair(post, "display_text_range"),
        quoted_authors=_authors_of(references.get("quoted"), includes),
        is_repost="retweeted" in references,
        attachments=attachments,
        language=language_of(post),
    )


def read_dm_event(event: Reader, includes: Reader | None, view: View) -> InboundMessage | None:
    """A v2 DmEvent; None for what is no message (somebody joined or left). Raises PayloadError."""
    if event.find_text("event_type") not in (None, "MessageCreate"):
        return None
    sender, conversation = event.need_id("sender_id"), event.need_id("dm_conversation_id")
    attachments = _attachments(event, includes)
    return private_message(
        PrivateMessage(
            id=event.need_id("id"),
            thread=thread_of(conversation),
            author=author_of(view, sender, find_user(includes, sender)),
            recipient=other_party(conversation, sender),
            text=event.find_text("text") or "",
            sent_at=event.need_time("created_at"),
            links=_links(event, attachments),
            attachments=attachments,
        ),
        view,
    )


def find_user(includes: Reader | None, identity: str) -> Reader | None:
    """The user with this id among ``includes.users``, also where each is wrapped in ``{"data": ...}``."""
    for item in includes.items("users") if includes else ():
        user = item.need("data") if item.has("data") and not item.has("id") else item
        if user.find_id("id") == identity:
            return user
    return None


def _either(reader: Reader, *names: str) -> Reader | None:
    return next((reader.find(name) for name in names if reader.has(name)), None)


def _ids(post: Reader, *names: str) -> list[str]:
    return [item.need_id() for name in names for item in post.items(name)]


def _references(post: Reader) -> dict[str, str]:
    found = {}
    for name in ("referenced_tweets", "referenced_posts"):
        for item in post.items(name):
            found[item.need_text("type")] = item.need_id("id")
    return found


def _authors_of(post: str | None, includes: Reader | None) -> frozenset[str]:
    """Who wrote the post with this id, as far as ``includes`` tells."""
    if post is None or includes is None:
        return frozenset()
    authors = [
        item.find_id("author_id")
        for name in ("tweets", "posts")
        for item in includes.items(name)
        if item.find_id("id") == post
    ]
    return frozenset(author for author in authors if author)


def _mentions(text: Reader) -> list[Mention]:
    entities = text.find("entities")
    return [
        Mention(
            author=item.find_id("id") or "",
            start=whole(item, "start"),
            end=whole(item, "end"),
            username=item.find_text("username") or "",
        )
        for item in (entities.items("mentions") if entities else ())
    ]


def _links(text: Reader, attachments: tuple[Attachment, ...]) -> dict[str, str]:
    """Short link -> what to show; the link of a picture that is attached anyway is shown as nothing."""
    attached = {item.remote_id for item in attachments}
    found = {}
    entities = text.find("entities")
    for item in entities.items("urls") if entities else ():
        short, media = item.find_text("url"), item.find_text("media_key")
        shown = link_text(item.find_text("expanded_url"), item.find_text("display_url"))
        if short and media and media in attached:
            found[short] = ""
        elif short and shown:
            found[short] = shown
    return found


def _attachments(post: Reader, includes: Reader | None) -> tuple[Attachment, ...]:
    known = {item.find_text("media_key"): item for item in (includes.items("media") if includes else ())}
    keys = [item.need_id() for item in post.items("attachments", "media_keys")]
    return tuple(_attachment(key, known.get(key)) for key in keys)


def _attachment(key: str, media: Reader | None) -> Attachment:
    if media is None:
        return Attachment(kind=AttachmentKind.UNKNOWN, remote_id=key)
    return Attachment(
        kind=KINDS.get(media.find_text("type") or "", AttachmentKind.UNKNOWN),
        url=best_variant(media, "variants") or media.find_text("url") or media.find_text("preview_image_url"),
        title=media.find_text("alt_text") or None,
        remote_id=key,
    )


def best_variant(media: Reader, *names: str) -> str | None:
    """The address of the MP4 with the highest bit rate, or None."""
    best: tuple[int, str] | None = None
    for item in media.items(*names):
        address = item.find_text("url")
        if not address or item.find_text("content_type") != "video/mp4":
            continue
        rate = next((whole(item, name) for name in ("bit_rate", "bitrate") if item.has(name)), 0)
        if best is None or rate > best[0]:
            best = (rate, address)
    return best[1] if best else None
