"""The old JSON: posts of API v1.1 (Account Activity API), and private messages, which new events still carry so. Pure.

A v1.1 post does not name its conversation: the post that it answers stands in for it.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

from chalicelib.connectors.platforms.x.current import KINDS, best_variant
from chalicelib.connectors.platforms.x.messages import (
    ENCRYPTED,
    ENCRYPTED_SENT,
    PrivateMessage,
    other_party,
    private_message,
    thread_between,
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
)
from chalicelib.connectors.toolkit.payload import Reader
from chalicelib.core.events import Attachment, AttachmentKind, InboundMessage

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_OLD_TIME = re.compile(r"[A-Z][a-z]{2} ([A-Z][a-z]{2}) (\d{2}) (\d{2}):(\d{2}):(\d{2}) \+0000 (\d{4})", re.ASCII)


def read_legacy_post(post: Reader, view: View) -> Post:
    """A v1.1 Tweet. Raises PayloadError."""
    identity, author = _id(post), _id(post.need("user"))
    body = _whole_text(post)
    media = _media(body)
    parent = post.find_id("in_reply_to_status_id_str")
    quoted = post.find("quoted_status", "user")
    versions = by_age([*(item.need_id() for item in post.items("edit_history", "edit_tweet_ids")), identity])
    return Post(
        id=identity,
        versions=versions,
        author=author_of(view, author, post.find("user")),
        text=body.find_text("full_text") or body.find_text("text") or "",
        created_at=_time(post),
        conversation=parent or versions[0],
        parent=parent,
        parent_author=post.find_id("in_reply_to_user_id_str"),
        mentions=_mentions(body),
        links=_links(body, media),
        shown=pair(body, "display_text_range"),
        quoted_authors=frozenset({_id(quoted)}) if quoted else frozenset(),
        is_repost=post.has("retweeted_status"),
        attachments=tuple(_attachment(item) for item in media),
        language=language_of(post),
    )


def read_message(event: Reader, users: Reader | None, view: View) -> InboundMessage | None:
    """A ``message_create``; None for anything else that may stand in the list. Raises PayloadError.

    ``users``: profiles by id, each as it is or wrapped in ``{"data": ...}``.
    """
    if event.need_text("type") != "message_create":
        return None
    body = event.need("message_create")
    sender, recipient = body.need_id("sender_id"), body.need_id("target", "recipient_id")
    data = body.need("message_data")
    media = data.find("attachment", "media")
    return private_message(
        PrivateMessage(
            id=event.need_id("id"),
            thread=thread_between(sender, recipient),
            author=author_of(view, sender, _user(users, sender)),
            recipient=recipient,
            text=data.find_text("text") or "",
            sent_at=event.need_time("created_timestamp"),
            links=_links(data, [media] if media else []),
            attachments=(_attachment(media),) if media else (),
        ),
        view,
    )


def read_encrypted(payload: Reader, view: View) -> InboundMessage:
    """A ``chat.*`` event: that there is a message, not what it says. Raises PayloadError."""
    sender, conversation = payload.need_id("sender_id"), payload.need_id("conversation_id")
    author = author_of(view, sender, None)
    return private_message(
        PrivateMessage(
            id=payload.need_id("id"),
            thread=thread_of(conversation),
            author=author,
            recipient=other_party(conversation, sender),
            text=ENCRYPTED_SENT if author.is_brand else ENCRYPTED,
            sent_at=payload.need_time("created_at_msec"),
            links={},
            is_encrypted=True,
        ),
        view,
    )


def _id(thing: Reader) -> str:
    return thing.find_id("id_str") or thing.need_id("id")


def _time(post: Reader) -> datetime:
    if post.has("timestamp_ms"):
        return post.need_time("timestamp_ms")
    found = _OLD_TIME.fullmatch(post.need_text("created_at"))
    if found is None or found[1] not in _MONTHS:
        raise post.need("created_at").wrong("time expected")
    day, hour, minute, second, year = map(int, found.groups()[1:])
    try:
        return datetime(year, _MONTHS.index(found[1]) + 1, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        raise post.need("created_at").wrong("time expected") from None


def _whole_text(post: Reader) -> Reader:
    """Long posts are cut; the whole is beside them."""
    extended = post.find("extended_tweet")
    return extended if extended is not None and extended.has("full_text") else post


def _user(users: Reader | None, identity: str) -> Reader | None:
    if users is None:
        return None
    names = users.keys()
    for name in names:
        entry = Reader(users.value[name], f"{users.path}[]")  # without the name, which is a stranger's word
        user = entry.need("data") if entry.has("data") else entry
        if name == identity or user.find_id("id") == identity:
            return user
    return None


def _mentions(body: Reader) -> tuple[Mention, ...]:
    entities = body.find("entities")
    found = []
    for item in entities.items("user_mentions") if entities else ():
        start, end = pair(item, "indices") or (0, 0)
        found.append(
            Mention(
                author=item.find_id("id_str") or item.find_id("id") or "",
                start=start,
                end=end,
                username=item.find_text("screen_name") or "",
            )
        )
    return tuple(found)


def _links(body: Reader, media: list[Reader]) -> dict[str, str]:
    found = {}
    entities = body.find("entities")
    for item in entities.items("urls") if entities else ():
        short = item.find_text("url")
        shown = link_text(item.find_text("expanded_url"), item.find_text("display_url"))
        if short and shown:
            found[short] = shown
    return found | {short: "" for item in media if (short := item.find_text("url"))}


def _media(body: Reader) -> list[Reader]:
    extended = body.find("extended_entities") or body.find("entities")
    return list(extended.items("media")) if extended else []


def _attachment(media: Reader) -> Attachment:
    return Attachment(
        kind=KINDS.get(media.find_text("type") or "", AttachmentKind.UNKNOWN),
        url=best_variant(media, "video_info", "variants") or media.find_text("media_url_https"),
        title=media.find_text("ext_alt_text") or None,
        remote_id=media.find_id("id_str") or media.find_id("id"),
    )
