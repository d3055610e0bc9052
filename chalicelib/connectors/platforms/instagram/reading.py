"""Single looks at Graph API: a person's profile, one message, the comments below media.

Sources: Instagram Platform > User profile, IG Comment, IG Media comments, Mentions, read 2026-11-22.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from functools import partial

from chalicelib.connectors.platforms._meta.entry import Side
from chalicelib.connectors.platforms._meta.graph import GraphApi
from chalicelib.connectors.platforms._meta.instagram_comments import profile_link
from chalicelib.connectors.platforms.instagram.nodes import (
    COMMENT_FIELDS,
    MEDIA_FIELDS,
    MENTIONED_COMMENT,
    MENTIONED_MEDIA,
    MESSAGE_FIELDS,
    comment_event,
    mention_event,
)
from chalicelib.connectors.toolkit.api import segment
from chalicelib.connectors.toolkit.asking import readable
from chalicelib.connectors.toolkit.payload import Collector, Reader
from chalicelib.core.errors import CredentialsError, NotFoundError, RejectedError
from chalicelib.core.events import InboundMessage, Parsed, PlatformEvent
from chalicelib.core.people import Author, Profile

THREAD_PAGES = 20
COMMENTS = 50
_PROFILE = "name,username,follower_count,is_verified_user"
_NO_CONSENT = "230"


def fetch_author(graph: GraphApi, author: Author) -> Author:
    """`author` as their profile has them. Only who wrote in private has agreed to be looked up. NotFoundError: nothing
    is told."""
    if author.key.author.startswith("@"):
        raise NotFoundError("known by name alone")
    try:
        found = graph.get(f"/{segment(author.key.author)}", fields=_PROFILE)
    except RejectedError:
        raise NotFoundError("no profile for this id") from None
    except CredentialsError as error:
        if (error.remote_code or "").partition("-")[0] == _NO_CONSENT:
            raise NotFoundError("the person has not agreed to be looked up", remote_code=_NO_CONSENT) from None
        raise
    with readable():
        name, handle = found.find_text("name"), (found.find_text("username") or "").lstrip("@")
        followers = found.find_id("follower_count")
        profile = Profile(
            verified=found.find_bool("is_verified_user"),
            followers=int(followers) if followers and followers.isdecimal() and len(followers) < 12 else None,
        )
    if not name and not handle:
        raise NotFoundError("a profile without a name")
    return replace(
        author,
        display_name=name or author.display_name,
        handle=handle or author.handle,
        profile_url=profile_link(handle) or author.profile_url,
        profile=profile,
    )


def fetch_message(
    graph: GraphApi, side: Side, own: Collection[str], message: str, *, mentions: bool
) -> Parsed[PlatformEvent]:
    """One comment or mention. ``mentions``: the login can ask for those elsewhere. NotFoundError: gone or hidden."""
    out = Collector()
    if mentions:
        number = _digits(message)
        for name, argument, fields in (
            ("mentioned_comment", "comment_id", MENTIONED_COMMENT),
            ("mentioned_media", "media_id", MENTIONED_MEDIA),
        ):
            try:
                asked = f"{name}.{argument}({number}){{{fields}}}"
                answer = graph.get(f"/{segment(graph.page)}", fields=asked)
            except (RejectedError, NotFoundError):
                continue
            if answer.has(name):
                is_caption = name == "mentioned_media"
                out.attempt(partial(_mention, out, side, own, is_caption), answer.need(name))
                return _parsed(out)
    node = graph.get(f"/{segment(message)}", fields=MESSAGE_FIELDS)
    out.attempt(lambda item: out.events.append(comment_event(side, item, item.need("media"), own)), node)
    return _parsed(out)


def _mention(out: Collector, side: Side, own: Collection[str], is_caption: bool, node: Reader) -> None:
    out.events.append(mention_event(side, node, own, caption=is_caption))


def _digits(message: str) -> str:
    """Ids are digits; anything else could end the list of fields that it is put into."""
    if not message.isascii() or not message.isdecimal():
        raise NotFoundError("no id of a comment or of media")
    return message


def list_comments(graph: GraphApi, side: Side, own: Collection[str], media: str) -> Parsed[PlatformEvent]:
    """All comments below `media` with the answers below them, oldest first; of very long threads 1,000 with theirs.
    NotFoundError, RejectedError: it is no media of ours, or gone."""
    out, root = Collector(), Reader({"id": media}, "media")
    pages = graph.pages(f"/{segment(media)}/comments", most=THREAD_PAGES, fields=COMMENT_FIELDS, limit=COMMENTS)
    comments = [node for page in pages for node in page.items]
    if comments:
        root = graph.get(f"/{segment(media)}", fields=MEDIA_FIELDS)
    make = partial(make_comment, side, own)
    for node in comments:
        out.attempt(lambda item: out.events.append(make(item, root, None)), node)
        out.attempt(lambda item: _replies(graph, out, make, root, item), node)
    out.events.sort(key=lambda event: event.sent_at)
    return _parsed(out)


def make_comment(side: Side, own: Collection[str], node: Reader, media: Reader, above: str | None) -> InboundMessage:
    """As `comment_event`, in the order that a sweep gives."""
    return comment_event(side, node, media, own, above)


def _replies(graph: GraphApi, out: Collector, make: partial[InboundMessage], root: Reader, node: Reader) -> None:
    comment = node.need_id("id")
    listed = list(node.items("replies", "data"))
    if node.find("replies", "paging", "next") is not None:
        fields = COMMENT_FIELDS.partition(",replies")[0]
        pages = graph.pages(f"/{segment(comment)}/replies", most=THREAD_PAGES, fields=fields, limit=COMMENTS)
        listed = [reply for page in pages for reply in page.items]
    for reply in listed:
        out.attempt(lambda item: out.events.append(make(item, root, comment)), reply)


def _parsed(out: Collector) -> Parsed[PlatformEvent]:
    return Parsed(events=tuple(out.events), malformed=tuple(out.malformed), ignored=dict(out.ignored))
