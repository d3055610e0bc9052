"""Calls to the Data API: polling within a budget, reading threads again, answering, moderating."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

from chalicelib.connectors.platforms.youtube.api import DataApi
from chalicelib.connectors.platforms.youtube.comments import Reading, read_document
from chalicelib.connectors.platforms.youtube.places import Mark
from chalicelib.connectors.platforms.youtube.spec import MEDIA_HOSTS, POLL_UNITS
from chalicelib.connectors.platforms.youtube.sweep import Sweep, replies_of
from chalicelib.connectors.toolkit.api import require_field
from chalicelib.connectors.toolkit.asking import readable
from chalicelib.connectors.toolkit.media import fetch_from
from chalicelib.connectors.toolkit.payload import Reader
from chalicelib.core.compose import text_digest
from chalicelib.core.errors import ConfigurationError, NotFoundError, OutcomeUnknownError, UnsupportedError
from chalicelib.core.events import Attachment, InboundMessage, Parsed, PlatformEvent, Visibility
from chalicelib.core.ids import Cursor, MessageId, ThreadId
from chalicelib.core.media import MediaFile
from chalicelib.core.people import Author, Profile
from chalicelib.core.reply import DeliveryReceipt, OutboundReply, ReceiptState
from chalicelib.ports.platform import PlatformContext, Polled

_CLOCKS = timedelta(minutes=2)
"""That YouTube's clock and ours may differ by."""


class Client:
    """One channel. Needs the credentials ``client_id``, ``client_secret`` and ``refresh_token``."""

    def __init__(self, context: PlatformContext) -> None:
        self._account, self._clock, self._http = context.account.key, context.clock, context.http
        self._api = DataApi(context)
        units = context.account.options.get("poll_units") or POLL_UNITS
        if not units.isdecimal() or not 1_000 <= int(units) <= 1_000_000:
            raise ConfigurationError("youtube: the option poll_units is a number from 1000 to 1000000")
        self._units = int(units)

    # -- reading -------------------------------------------------------------------------------------------------------

    def poll(self, cursor: Cursor | None) -> Polled:
        """Comments since `cursor`; see `sweep`."""
        return Sweep(self._api, self._account.account, self._reading(), self._clock.now(), self._units).poll(cursor)

    def cursor_at(self, moment: datetime) -> Cursor:
        """The cursor with which `poll` begins at `moment`."""
        return Mark(newest=moment).write()

    def list_thread(self, thread: ThreadId) -> Parsed[PlatformEvent]:
        """The top comment and its replies. Raises NotFoundError when the top comment is gone."""
        reading = self._reading()
        answer = self._api.read("/commentThreads", {"part": "snippet,replies", "id": thread})
        with readable():
            if not list(answer.items("items")):
                raise NotFoundError("the thread is gone or held back")
            read_document(answer, reading)
        replies_of(self._api, thread, reading)
        return read_document(Reader({"kind": "youtube#commentListResponse"}, ""), reading)

    def fetch_author(self, author: Author) -> Author:
        """The channel's name, page and description."""
        answer = self._api.read("/channels", {"part": "snippet,statistics", "id": author.key.author}, size=1)
        with readable():
            for channel in answer.items("items"):
                return _with_profile(author, channel)
        raise NotFoundError("no such channel")

    def fetch_media(self, attachment: Attachment, *, most_bytes: int) -> MediaFile:
        """A picture of a comment; its address lives six hours."""
        if not attachment.url:
            raise UnsupportedError("no address")
        return fetch_from(self._http, attachment.url, hosts=MEDIA_HOSTS, most_bytes=most_bytes)

    def probe(self) -> str:
        """Tries the access, and whether it is the channel's."""
        answer = self._api.read("/channels", {"part": "snippet", "mine": "true"}, size=1)
        with readable():
            for channel in answer.items("items"):
                if channel.need_id("id") != self._account.account:
                    raise ConfigurationError("youtube: the access is to another channel")
                return f"signed in as {channel.find_text('snippet', 'title') or self._account.account}"
        raise ConfigurationError("youtube: the Google account that gave its consent has no channel")

    def refresh(self) -> datetime | None:
        """Renew the token ahead of its end. The access itself ends by a person's hand alone."""
        self._api.tokens.current()
        return None

    def _reading(self) -> Reading:
        return Reading(accounts=(self._account.account,))

    # -- writing -------------------------------------------------------------------------------------------------------

    def send(self, reply: OutboundReply) -> DeliveryReceipt:
        """A reply below the top comment; there is one level. Costs 50 units."""
        if reply.visibility is not Visibility.PUBLIC or reply.private_reply or reply.attachments:
            raise UnsupportedError("only public text can be sent")
        data = {"snippet": {"parentId": _top_of(reply), "textOriginal": words_of(reply)}}
        answer = self._api.write("POST", "/comments", {"part": "snippet"}, data)
        return self._receipt(reply, require_field(answer, "id"), self._clock.now())

    def find_sent(self, reply: OutboundReply) -> DeliveryReceipt | None:
        """Look among the thread's replies for our own words."""
        reading = self._reading()
        try:
            cost = replies_of(self._api, _top_of(reply), reading, most=_LOOK)
        except NotFoundError:
            return None
        wanted, since = text_digest(words_of(reply)), reply.began_at - _CLOCKS
        for event in read_document(Reader({"kind": "youtube#commentListResponse"}, ""), reading).events:
            ours = isinstance(event, InboundMessage) and event.is_echo and event.sent_at >= since
            if ours and text_digest(event.text) == wanted:  # type: ignore[union-attr]
                return self._receipt(reply, event.key.message, event.sent_at)  # type: ignore[union-attr]
        if cost > _LOOK:
            raise OutcomeUnknownError("the thread has more replies than are looked through")
        return None

    def remove(self, message: MessageId) -> None:
        """Delete our own comment; gone already is fine."""
        with suppress(NotFoundError):
            self._api.write("DELETE", "/comments", {"id": message})

    def hide(self, message: MessageId, *, hidden: bool) -> None:
        """Hold a comment back for review, or publish it."""
        status = "heldForReview" if hidden else "published"
        self._api.write("POST", "/comments/setModerationStatus", {"id": message, "moderationStatus": status})

    def _receipt(self, reply: OutboundReply, name: str, at: datetime) -> DeliveryReceipt:
        video = reply.context.get("video")
        return DeliveryReceipt(
            messages=(MessageId(name),),
            state=ReceiptState.SENT,
            at=at,
            permalink=f"https://www.youtube.com/watch?v={video}&lc={name}" if video else None,
        )


_LOOK = 10
"""Pages of replies that are looked through for an answer of ours."""


def _top_of(reply: OutboundReply) -> str:
    """Only top comments can be answered: a reply's id begins with its top comment's."""
    return str(reply.in_reply_to).partition(".")[0]


def words_of(reply: OutboundReply) -> str:
    """An answer to a reply names its author, as people do: all stand below the same comment."""
    handle = reply.context.get("handle", "")
    named = handle and f"@{handle.lower()}" in reply.text.lower()
    return reply.text if named or not handle or "." not in reply.in_reply_to else f"@{handle} {reply.text}"


def _with_profile(author: Author, channel: Reader) -> Author:
    followers, handle = channel.find_id("statistics", "subscriberCount"), channel.find_text("snippet", "customUrl")
    return replace(
        author,
        handle=handle.lstrip("@") if handle else author.handle,
        display_name=channel.find_text("snippet", "title") or author.display_name,
        profile=Profile(
            bio=(channel.find_text("snippet", "description") or "")[:2000].strip() or None,
            location=channel.find_text("snippet", "country"),
            followers=int(followers) if followers and followers.isdecimal() else None,
            account_created=channel.find_time("snippet", "publishedAt"),
        ),
    )
