"""Reading X: mentions and private messages since a cursor, whole threads, single posts. Lists come newest first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from chalicelib.connectors.platforms.x.calls import DM_FIELDS, XApi
from chalicelib.connectors.platforms.x.current import read_dm_event, read_post
from chalicelib.connectors.platforms.x.places import MESSAGES_KEPT, Place, read_cursor, write_cursor
from chalicelib.connectors.platforms.x.posts import Post, View, concerns_us, events_of, once
from chalicelib.connectors.toolkit.api import segment
from chalicelib.connectors.toolkit.payload import Collector, Reader
from chalicelib.core.errors import (
    CareloopError,
    NotFoundError,
    PayloadError,
    RateLimitedError,
    RejectedError,
    UnavailableError,
)
from chalicelib.core.events import InboundMessage, MessageEdited, Parsed, PlatformEvent
from chalicelib.core.ids import Cursor
from chalicelib.ports.platform import HISTORY_ENDS, Polled

PAGE = "100"
PAGES = 5
"""Of one poll or one thread: bounded, so that no job outlives its function."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page of a list. ``token``: of the next page, None on the last."""

    entries: tuple[Reader, ...]
    includes: Reader | None
    token: str | None


class Reading:
    """What an account can read. All methods raise leaves of the error tree, never PayloadError."""

    def __init__(self, api: XApi, view: View) -> None:
        self._api = api
        self._view = view
        self._me = segment(view.account.account)

    # -- polling -------------------------------------------------------------------------------------------------------

    def poll(self, cursor: Cursor | None, now: datetime, *, messages: bool) -> Polled:
        """Mentions, and private messages when asked for, oldest first.

        When the messages can't be read but mentions were, the mentions are handed on and the failure is counted; it
        comes again, as an error, as soon as there is nothing to hand on.
        """
        places, collector = read_cursor(cursor, now), Collector()
        places["mentions"], paused = self._mentions(places["mentions"], collector, now)
        if messages:
            try:
                places["messages"], limited = self._messages(places["messages"], collector, now)
                paused = paused or limited
            except CareloopError as error:
                if not collector.events:
                    raise
                collector.ignore(f"messages unread: {error.code}")
                paused = True
        more = any(place.is_under_way for place in places.values()) and not paused
        return Polled(parsed=_parsed(collector), cursor=write_cursor(places), more=more, paused=paused)

    def _mentions(self, place: Place, collector: Collector, now: datetime) -> tuple[Place, bool]:
        """The place after some pages, and whether a limit was met on the way."""
        params = {**self._api.post_fields, "max_results": PAGE, "since_id": str(place.since)}
        if place.until is not None:
            params["until_id"] = str(place.until)
        ids: list[int] = []
        token, limited = None, False
        try:
            for page in self._pages(f"/2/users/{self._me}/mentions", params):
                self._take(page.entries, partial(self._add_post, collector, page.includes), collector)
                ids += _numbers(page.entries)
                token = page.token
        except RateLimitedError:
            if not ids:
                raise
            limited = True
        if token and ids:
            return place.below(ids, now), limited
        if place.is_cut_off(ids):
            collector.ignore(HISTORY_ENDS)
        return place.finished(ids, now), limited

    def _messages(self, place: Place, collector: Collector, now: datetime) -> tuple[Place, bool]:
        """X knows no "since" here: pages are read until one reaches down to what is known."""
        try:
            return self._messages_from(place.token, place, collector, now)
        except RejectedError:
            if place.token is None:
                raise
            return self._messages_from(None, place, collector, now)  # the page's token is too old: from the top again

    def _messages_from(
        self, token: str | None, place: Place, collector: Collector, now: datetime
    ) -> tuple[Place, bool]:
        ids: list[int] = []
        limited = False
        try:
            for page in self._pages("/2/dm_events", {**DM_FIELDS, "max_results": PAGE}, token):
                new = [entry for entry in page.entries if any(number > place.since for number in _numbers([entry]))]
                self._take(new, partial(self._add_message, collector, page.includes), collector)
                ids += _numbers(page.entries)
                token = page.token
                if len(new) < len(page.entries):
                    return place.finished(ids, now), False
        except RateLimitedError:
            if not ids:
                raise
            limited = True
        if token:
            return place.at_page(ids, now, token), limited
        if place.is_before(MESSAGES_KEPT, now):
            collector.ignore(HISTORY_ENDS)
        return place.finished(ids, now), limited

    # -- threads and single posts --------------------------------------------------------------------------------------

    def thread(self, thread: str) -> Parsed[PlatformEvent]:
        """Every message of a thread that is ours or addressed to us. Raises NotFoundError when nothing is there."""
        collector = Collector()
        if "-" in thread:
            path = f"/2/dm_conversations/{segment(thread)}/dm_events"
            for page in self._pages(path, {**DM_FIELDS, "max_results": PAGE}):
                self._take(page.entries, partial(self._add_message, collector, page.includes), collector)
        else:
            self._public_thread(thread, collector)
        if not (collector.events or collector.malformed or collector.ignored):
            raise NotFoundError("the thread is gone, or older than X lets us see")
        return _parsed(collector)

    def _public_thread(self, thread: str, collector: Collector) -> None:
        posts: list[Post] = []
        params = {**self._api.post_fields, "max_results": PAGE, "query": f"conversation_id:{thread}"}
        for page in self._pages("/2/tweets/search/recent", params):
            self._take(page.entries, partial(self._keep, posts, page.includes), collector)
        if not any(thread in post.versions for post in posts):
            try:
                root, includes = self._one(thread)
                collector.attempt(partial(self._keep, posts, includes), root)
            except NotFoundError:
                pass  # the thread goes on without its beginning
        ours = of_concern(posts, self._view)
        for post in ours:
            collector.events += events_of(post, self._view)
        for _ in range(len(posts) - len(ours)):
            collector.ignore("not addressed to us")

    def post(self, identity: str) -> Parsed[PlatformEvent]:
        """One post. Raises NotFoundError."""
        root, includes = self._one(identity)
        collector = Collector()
        collector.attempt(partial(self._add_post, collector, includes), root)
        return _parsed(collector)

    def own_posts(self, since: datetime) -> Iterator[Post]:
        """The account's own posts from `since` on, newest first."""
        params = {
            **self._api.post_fields,
            "max_results": PAGE,
            "start_time": f"{since.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
            "exclude": "retweets",
        }
        posts: list[Post] = []
        for page in self._pages(f"/2/users/{self._me}/tweets", params):
            self._demand(page.entries, partial(self._keep, posts, page.includes))
            yield from posts
            posts.clear()

    def messages_with(self, person: str) -> Iterator[InboundMessage]:
        """The private messages between the account and `person`, newest first."""
        path = f"/2/dm_conversations/with/{segment(person)}/dm_events"
        for page in self._pages(path, {**DM_FIELDS, "max_results": PAGE}):
            collector = Collector()
            self._demand(page.entries, partial(self._add_message, collector, page.includes))
            yield from collector.events

    # -- parts ---------------------------------------------------------------------------------------------------------

    def _pages(self, path: str, params: Mapping[str, str], token: str | None = None) -> Iterator[Page]:
        """At most `PAGES`; a page that makes no sense is an UnavailableError."""
        for _ in range(PAGES):
            body = self._api.read(path, {**params, **({"pagination_token": token} if token else {})})
            try:
                token = body.find_text("meta", "next_token") or None
                yield Page(entries=tuple(body.items("data")), includes=body.find("includes"), token=token)
            except PayloadError:
                raise UnavailableError("unreadable answer") from None
            if not token:
                return

    def _one(self, identity: str) -> tuple[Reader, Reader | None]:
        data, answer = self._api.read_one(f"/2/tweets/{segment(identity)}", self._api.post_fields)
        return data, answer.find("includes")

    def _take(self, entries: Iterable[Reader], parse: partial[None], collector: Collector) -> None:
        for entry in entries:
            collector.attempt(parse, entry)

    def _demand(self, entries: Iterable[Reader], parse: partial[None]) -> None:
        """As `_take`, but nothing may be overlooked."""
        try:
            for entry in entries:
                parse(entry)
        except PayloadError:
            raise UnavailableError("an entry can't be read") from None

    def _keep(self, posts: list[Post], includes: Reader | None, entry: Reader) -> None:
        posts.append(read_post(entry, includes, self._view))

    def _add_post(self, collector: Collector, includes: Reader | None, entry: Reader) -> None:
        post = read_post(entry, includes, self._view)
        if post.is_repost:
            collector.ignore("repost")
        else:
            collector.events += events_of(post, self._view)

    def _add_message(self, collector: Collector, includes: Reader | None, entry: Reader) -> None:
        message = read_dm_event(entry, includes, self._view)
        if message is None:
            collector.ignore("dm_event: no message")
        else:
            collector.events.append(message)


def of_concern(posts: Iterable[Post], view: View) -> list[Post]:
    """Which posts of a thread are ours, addressed to us, or go on with what their author addressed to us."""
    kept = [post for post in posts if not post.is_repost]
    speaking = {post.author.key.author for post in kept if concerns_us(post, view)}
    return [
        post
        for post in kept
        if concerns_us(post, view)
        or (post.parent_author == post.author.key.author and post.author.key.author in speaking)
    ]


def _numbers(entries: Iterable[Reader]) -> list[int]:
    """The ids of entries as numbers, as far as they are any."""
    found = [entry.value.get("id") if isinstance(entry.value, dict) else None for entry in entries]
    return [
        int(item) for item in found if isinstance(item, str) and item.isascii() and item.isdecimal() and len(item) < 20
    ]


def _parsed(collector: Collector) -> Parsed[PlatformEvent]:
    """Oldest first, each event once; an edit stays before its message."""
    ordered = sorted(collector.events, key=_age)
    return Parsed(events=once(ordered), malformed=tuple(collector.malformed), ignored=dict(collector.ignored))


def _age(event: InboundMessage | MessageEdited) -> tuple[datetime, int, str]:
    at = event.sent_at if isinstance(event, InboundMessage) else event.edited_at
    return at, len(event.key.message), event.key.message
