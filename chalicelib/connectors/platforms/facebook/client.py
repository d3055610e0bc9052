"""Facebook's calling part: replies in public and in private, and reading again what webhooks may have lost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from chalicelib.connectors.platforms._meta.access import PageAccess
from chalicelib.connectors.platforms._meta.conversations import SLACK, fetch_messages, find_own, other_side
from chalicelib.connectors.platforms._meta.entry import Side
from chalicelib.connectors.platforms._meta.files import download
from chalicelib.connectors.platforms._meta.graph import GraphApi
from chalicelib.connectors.platforms._meta.names import FACEBOOK
from chalicelib.connectors.platforms.facebook import nodes, sweep
from chalicelib.connectors.platforms.facebook.outgoing import Outgoing, is_post
from chalicelib.connectors.toolkit.api import segment
from chalicelib.connectors.toolkit.payload import Collector, Reader
from chalicelib.core.errors import (
    NotFoundError,
    OutcomeUnknownError,
    PayloadError,
    RejectedError,
    UnavailableError,
)
from chalicelib.core.events import Attachment, Parsed, PlatformEvent, Surface
from chalicelib.core.ids import Cursor, MessageId, ThreadId
from chalicelib.core.media import MediaFile
from chalicelib.core.reply import DeliveryReceipt, OutboundReply
from chalicelib.ports.platform import PlatformContext, Polled

THREAD_PAGES = 20
"""Most pages, of `PAGE` comments each, of one thread that is read again; the newest are read first."""
SENT_PAGES = 5
PAGE = 100
WEBHOOK_FIELDS = ("feed",)
"""Without these fields of the page's subscription no comment arrives."""
ALL_FIELDS = ("feed", "mention", "ratings")
SCOPES = ("pages_manage_engagement", "pages_manage_metadata", "pages_read_engagement")
_SENT_FIELDS = "id,message,from{id},created_time"
_ASK = "Look into the page's inbox: a private reply can't be looked up for certain."


class Client:
    """``Client(context)``. No I/O in the constructor; a missing token is a ConfigurationError."""

    def __init__(self, context: PlatformContext) -> None:
        self._clock, self._http = context.clock, context.http
        self._graph = GraphApi(context)
        self._access = PageAccess(graph=self._graph, needed=WEBHOOK_FIELDS, wanted=ALL_FIELDS, scopes=SCOPES)
        self._side = Side.of(FACEBOOK, context.account.key.account)
        options = context.account.options
        marks = options.get("private_reply_metadata", "true") != "false"
        self._outgoing = Outgoing(self._graph, context.clock, marks_private=marks)
        self._origin, self._reads_ads = options.get("base_url"), options.get("ad_posts", "false") == "true"

    # ---- sending -----------------------------------------------------------------------------------------------------

    def send(self, reply: OutboundReply) -> DeliveryReceipt:
        """Comment below the customer's comment, post or review, with a photo if there is one; or answer in private."""
        return self._outgoing.send(reply)

    def hide(self, message: MessageId, *, hidden: bool) -> None:
        """Hide a customer's comment from others, or show it again."""
        self._graph.put(f"/{segment(message)}", {"is_hidden": hidden})

    def remove(self, message: MessageId) -> None:
        """Delete our own comment; gone already is fine."""
        try:
            self._graph.delete(f"/{segment(message)}")
        except NotFoundError:
            return

    # ---- was it sent? ------------------------------------------------------------------------------------------------

    def find_sent(self, reply: OutboundReply) -> DeliveryReceipt | None:
        """Look for our own words below the message, or below its parent: Facebook lists an answer to a reply there.

        None: certainly not there. Raises OutcomeUnknownError where that can't be told.
        """
        if reply.private_reply:
            return self._find_private(reply)
        if not reply.text.strip() and reply.part > 2:
            raise OutcomeUnknownError("photos without words look alike")
        parents = dict.fromkeys((str(reply.in_reply_to), reply.context.get("parent_id") or str(reply.in_reply_to)))
        for parent in parents:
            found = find_own(self._newest_comments(parent, reply), (self._graph.page,), reply.text, reply.began_at)
            if found is not None:
                return self._outgoing.public_receipt(reply, found.need_id("id"))
        return None

    def _newest_comments(self, parent: str, reply: OutboundReply) -> Iterator[Reader]:
        oldest = reply.began_at - SLACK
        more = False
        pages = self._graph.pages(
            f"/{segment(parent)}/comments",
            most=SENT_PAGES,
            fields=_SENT_FIELDS,
            order="reverse_chronological",
            limit=PAGE,
        )
        for page in pages:
            yield from page.items
            if any((item.find_time("created_time") or oldest) < oldest for item in page.items):
                return
            more = page.after is not None
        if more:
            raise OutcomeUnknownError("too many newer comments")

    def _find_private(self, reply: OutboundReply) -> DeliveryReceipt | None:
        """A comment tells whether it may still be replied to in private, and in which conversation it was."""
        fields = "id,can_reply_privately" + ("" if is_post(reply) else ",private_reply_conversation")
        try:
            node = self._graph.get(f"/{segment(reply.in_reply_to)}", fields=fields)
        except RejectedError:
            raise OutcomeUnknownError("private reply", advice=_ASK) from None
        try:
            node.need_id("id")
            if node.find_bool("can_reply_privately"):
                return None
            conversation = node.find_id("private_reply_conversation", "id")
            found = self._own_message(conversation, reply) if conversation else None
            if found is None:
                raise OutcomeUnknownError("private reply", advice=_ASK)
            return self._outgoing.private_receipt(found.need_id("id"), other_side(found, (self._graph.page,)))
        except PayloadError:
            raise UnavailableError("an answer that can't be read") from None

    def _own_message(self, conversation: str, reply: OutboundReply) -> Reader | None:
        return find_own(fetch_messages(self._graph, conversation), (self._graph.page,), reply.text, reply.began_at)

    # ---- reading -----------------------------------------------------------------------------------------------------

    def poll(self, cursor: Cursor | None) -> Polled:
        """Reviews, posts and comments since the last sweep; see `sweep`."""
        return sweep.poll(self._graph, self._side, cursor, self._clock.now(), ads=self._reads_ads)

    def cursor_at(self, moment: datetime) -> Cursor:
        """The cursor with which `poll` begins at `moment`."""
        return sweep.cursor_at(moment)

    def list_thread(self, thread: ThreadId) -> Parsed[PlatformEvent]:
        """The post and its comments with their replies, oldest first; of very long threads the newest 2,000."""
        out = Collector()
        found = [
            node
            for page in self._graph.pages(
                f"/{segment(thread)}/comments",
                most=THREAD_PAGES,
                fields=nodes.COMMENT_FIELDS,
                filter="stream",
                order="reverse_chronological",
                limit=PAGE,
            )
            for node in page.items
        ]
        if "_" in thread:
            # Without an underscore it is a review's story: it has comments, but can't be read as a post.
            self._add(out, nodes.post_event, self._graph.get(f"/{segment(thread)}", fields=nodes.POST_FIELDS))
        for node in reversed(found):
            self._add(out, partial(_comment_of, thread), node)
        return Parsed(events=tuple(out.events), malformed=tuple(out.malformed), ignored=dict(out.ignored))

    def fetch_message(self, message: MessageId) -> Parsed[PlatformEvent]:
        """A comment or a post by its id: mentions come without their author. NotFoundError: gone, or hidden from us."""
        out = Collector()
        path = f"/{segment(message)}"
        try:
            node = self._graph.get(path, fields=nodes.MESSAGE_FIELDS)
            self._add(out, _fetched_comment, node)
        except RejectedError:
            # A post has no parent to ask for; nothing but the answer tells it from a comment.
            self._add(out, _fetched_post, self._graph.get(path, fields=nodes.POST_FIELDS))
        return Parsed(events=tuple(out.events), malformed=tuple(out.malformed))

    def fetch_media(self, attachment: Attachment, *, most_bytes: int) -> MediaFile:
        """A photo or video of a comment or post, from Meta's own hosts; see `download`."""
        return download(self._http, attachment, most_bytes=most_bytes, origin=self._origin)

    def probe(self) -> str:
        """Token and subscription of the page."""
        return self._graph.probe(WEBHOOK_FIELDS)

    def refresh(self) -> datetime | None:
        """When the page's access ends; see `PageAccess.refresh`."""
        return self._access.refresh()

    def access_ends(self) -> datetime | None:
        """The same: Meta renews nothing."""
        return self._access.refresh()

    def missing_subscriptions(self) -> Sequence[str]:
        """Webhook fields that do not reach us."""
        return self._access.missing()

    def subscribe(self) -> None:
        """Subscribe the app to the page's fields again."""
        self._access.subscribe()

    def _add(self, out: Collector, make: Any, node: Reader) -> None:
        out.attempt(lambda reader: out.events.append(make(self._side, reader)), node)


def _comment_of(thread: str, side: Side, node: Reader) -> PlatformEvent:
    return nodes.comment_event(side, thread, node)


def _fetched_comment(side: Side, node: Reader) -> PlatformEvent:
    thread = nodes.thread_of(side, node)
    return nodes.comment_event(side, thread, node, _surface(side, thread, Surface.COMMENT))


def _fetched_post(side: Side, node: Reader) -> PlatformEvent:
    return nodes.post_event(side, node, _surface(side, node.need_id("id"), Surface.POST))


def _surface(side: Side, post: str, here: Surface) -> Surface:
    """Below a post that is not the page's, the page can only have been mentioned."""
    return here if post.startswith(f"{side.account.account}_") else Surface.MENTION
