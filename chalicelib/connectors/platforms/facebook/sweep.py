"""One bounded poll of a page: reviews and posts since the watermark, and the comments of every post that changed.

The feed is ordered by creation, so an old post with a new comment is found by its ``updated_time``; the feed is read
down until `FEED_PAGES` pages in a row show nothing new. The cursor carries the work that is left, so that a poll which
hits its bound goes on where it stopped. What was edited or removed meanwhile can't be found this way. Source: Graph API
reference > Page feed, Object comments, Page ratings, Paginated results, read 2026-11-22.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from functools import partial

from chalicelib.connectors.platforms._meta.entry import Side
from chalicelib.connectors.platforms._meta.graph import GraphApi, ListPage
from chalicelib.connectors.platforms.facebook.nodes import (
    COMMENT_FIELDS,
    POST_FIELDS,
    RATING_FIELDS,
    comment_event,
    post_event,
    rating_event,
)
from chalicelib.connectors.toolkit.api import segment
from chalicelib.connectors.toolkit.payload import Collector, Reader, read_json
from chalicelib.core.errors import NotFoundError, PayloadError, RateLimitedError, RejectedError
from chalicelib.core.events import InboundMessage, Parsed
from chalicelib.core.ids import Cursor
from chalicelib.ports.platform import HISTORY_ENDS, Polled

CALLS = 20
"""Most calls of one poll."""
FEED_PAGES = 8
"""Pages of posts without a new post or comment, after which older ones are taken to be at rest."""
FEED_LISTED = 500
"""A feed that ends after so many posts, all of them new, was ended by Meta (about 600 posts of a year are listed)."""
AD_PAGES = 8
"""Pages of ads' posts of one sweep."""
POSTS = 25
COMMENTS = 100
OVERLAP = timedelta(minutes=10)
"""Lists lag behind webhooks; repeats are harmless."""
FIRST_LOOK = timedelta(hours=1)
"""How far back the first poll of all looks."""


_RARE = ("reviews", "seen", "lost", "ads", "ad_pages")
"""What a cursor does without when it says nothing."""


@dataclass(slots=True)
class Sweep:
    """The cursor. ``since``: the watermark; ``began``: when this sweep began, the next watermark; ``stage``: feed pages
    in a row without news, -1 while the reviews are read, -2 while the posts of ads are; ``ads``, ``reviews``, ``feed``:
    the next page of them; ``ad_pages``: pages of ads' posts read; ``posts``: whose comments are still to be read, and
    the cursor of the next page of them; ``seen``: posts read, all of them new; ``lost``: a page's cursor was refused,
    and its list begun again."""

    since: str
    began: str
    stage: int = -1
    feed: str | None = None
    posts: dict[str, str | None] = field(default_factory=dict)
    reviews: str | None = None
    seen: int = 0
    lost: bool = False
    ads: str | None = None
    ad_pages: int = 0

    @property
    def watermark(self) -> datetime:
        """From when on things are new."""
        return datetime.fromisoformat(self.since) - OVERLAP

    @property
    def is_done(self) -> bool:
        """Nothing is left to read."""
        return self.stage >= FEED_PAGES and not self.posts


def poll(graph: GraphApi, side: Side, cursor: Cursor | None, now: datetime, *, ads: bool = False) -> Polled:
    """At most `CALLS` calls on from `cursor`. ``ads``: posts that stand in ads alone are looked at too. Raises leaves;
    then nothing is lost, as the cursor stays. A limit that is met after the first call ends the poll there, so that
    however small the allowance is, it goes on."""
    sweep, out, calls, busy = _open(cursor, now, -2 if ads else -1), Collector(), 0, False
    while not sweep.is_done and calls < CALLS and not busy:
        try:
            busy = _step(graph, side, sweep, out)
        except RateLimitedError:
            if calls == 0:
                raise
            busy = True
        calls += 1
    more = not sweep.is_done and not busy
    if sweep.is_done:
        sweep = Sweep(since=sweep.began, began=sweep.began, stage=FEED_PAGES)
    events = sorted(out.events, key=lambda event: event.sent_at)
    parsed = Parsed(events=tuple(events), malformed=tuple(out.malformed), ignored=dict(out.ignored))
    return Polled(parsed=parsed, cursor=_write(sweep), more=more, paused=busy and not sweep.is_done)


def cursor_at(moment: datetime) -> Cursor:
    """A sweep that ended at `moment`: the next begins there."""
    return _write(Sweep(since=moment.isoformat(), began=moment.isoformat(), stage=FEED_PAGES))


def _write(sweep: Sweep) -> Cursor:
    data = {name: value for name, value in asdict(sweep).items() if value or name not in _RARE}
    return Cursor(json.dumps(data, separators=(",", ":")))


def _open(cursor: Cursor | None, now: datetime, stage: int) -> Sweep:
    """The sweep to go on with, or a new one from where the last ended."""
    began = now.isoformat()
    known = _restore(cursor) if cursor else None
    if known is None:
        return Sweep(since=(now - FIRST_LOOK).isoformat(), began=began, stage=stage)
    return Sweep(since=known.since, began=began, stage=stage) if known.is_done else known


def _restore(cursor: Cursor) -> Sweep | None:
    try:
        data = read_json(cursor.encode())
        posts = data.need("posts")
        return Sweep(
            since=data.need_time("since").isoformat(),
            began=data.need_time("began").isoformat(),
            stage=int(data.need_id("stage")),
            feed=data.find_id("feed"),
            posts={post: posts.find_id(post) for post in posts.keys()},  # noqa: SIM118
            reviews=data.find_id("reviews"),
            seen=int(data.find_id("seen") or 0),
            lost=data.find_bool("lost") or False,
            ads=data.find_id("ads"),
            ad_pages=int(data.find_id("ad_pages") or 0),
        )
    except (PayloadError, ValueError):
        return None


def _step(graph: GraphApi, side: Side, sweep: Sweep, out: Collector) -> bool:
    """One call. Returns whether the allowance is nearly used up."""
    if sweep.posts:
        return _comments(graph, side, sweep, out)
    if sweep.stage < -1:
        return _ads(graph, side, sweep, out)
    if sweep.stage < 0:
        return _ratings(graph, side, sweep, out)
    return _feed(graph, side, sweep, out)


def _ads(graph: GraphApi, side: Side, sweep: Sweep, out: Collector) -> bool:
    """Posts that were made for ads and stand nowhere else; their order is not documented, so `AD_PAGES` are read."""
    try:
        page = _one(graph, f"/{segment(graph.page)}/ads_posts", POST_FIELDS, POSTS, after=sweep.ads)
    except (RejectedError, NotFoundError):
        out.ignore("poll/ads_posts")
        sweep.stage, sweep.ads = -1, None
        return False
    _collect(out, page, sweep.watermark, partial(_post, side, sweep))
    sweep.ad_pages += 1
    sweep.ads = page.after if sweep.ad_pages < AD_PAGES else None
    if sweep.ads is None and page.after is not None:
        out.ignore("poll/ads_posts beyond the bound")
    sweep.stage = -2 if sweep.ads else -1
    return page.busy


def _ratings(graph: GraphApi, side: Side, sweep: Sweep, out: Collector) -> bool:
    try:
        page = _one(graph, f"/{segment(graph.page)}/ratings", RATING_FIELDS, POSTS, after=sweep.reviews)
    except (RejectedError, NotFoundError):
        if _begins_again(sweep, sweep.reviews):
            sweep.reviews = None
        else:
            # Pages that have recommendations switched off.
            out.ignore("poll/ratings")
            sweep.stage = 0
        return False
    reached = _collect(out, page, sweep.watermark, partial(_review, side, sweep))
    sweep.reviews = None if reached else page.after
    sweep.stage = -1 if sweep.reviews else 0
    return page.busy


def _review(side: Side, sweep: Sweep, node: Reader) -> InboundMessage:
    """The review itself; one that is new may have comments. Which old ones have, no list tells."""
    event = rating_event(side, node)
    if event.sent_at >= sweep.watermark:
        sweep.posts.setdefault(event.key.message, None)
    return event


def _begins_again(sweep: Sweep, after: str | None) -> bool:
    """Whether a refused page may be one whose cursor is no longer good (Meta advises against keeping them): then its
    list is begun again, once in a sweep."""
    if after is None or sweep.lost:
        return False
    sweep.lost = True
    return True


def _feed(graph: GraphApi, side: Side, sweep: Sweep, out: Collector) -> bool:
    try:
        page = _one(graph, f"/{segment(graph.page)}/feed", POST_FIELDS, POSTS, after=sweep.feed)
    except (RejectedError, NotFoundError):
        if not _begins_again(sweep, sweep.feed):
            raise
        sweep.feed, sweep.seen = None, 0
        return False
    reached = _collect(out, page, sweep.watermark, partial(_post, side, sweep))
    sweep.seen += len(page.items)
    if page.after is None and not reached and sweep.stage == 0 and sweep.seen >= FEED_LISTED:
        out.ignore(HISTORY_ENDS)
    is_at_rest = reached and not sweep.posts
    sweep.stage = FEED_PAGES if page.after is None else sweep.stage + 1 if is_at_rest else 0
    sweep.feed = page.after
    return page.busy


def _post(side: Side, sweep: Sweep, post: Reader) -> InboundMessage:
    """The post itself; that something below it changed is noted in the sweep."""
    event = post_event(side, post)
    if (post.find_time("updated_time") or event.sent_at) >= sweep.watermark:
        sweep.posts.setdefault(event.key.message, None)
    return event


def _comments(graph: GraphApi, side: Side, sweep: Sweep, out: Collector) -> bool:
    post, after = next(iter(sweep.posts.items()))
    path = f"/{segment(post)}/comments"
    try:
        page = _one(graph, path, COMMENT_FIELDS, COMMENTS, after, filter="stream", order="reverse_chronological")
    except (NotFoundError, RejectedError):
        if _begins_again(sweep, after):
            sweep.posts[post] = None
        else:
            # One that can't be read must not hide all others for good.
            out.ignore("poll/post refused")
            del sweep.posts[post]
        return False
    reached = _collect(out, page, sweep.watermark, partial(comment_event, side, post))
    if page.after is None or reached:
        del sweep.posts[post]
    else:
        sweep.posts[post] = page.after
    return page.busy


def _one(graph: GraphApi, path: str, fields: str, limit: int, after: str | None = None, **params: str) -> ListPage:
    return next(graph.pages(path, most=1, after=after, fields=fields, limit=limit, **params))


def _collect(out: Collector, page: ListPage, since: datetime, make: Callable[[Reader], InboundMessage]) -> bool:
    """Add what is new. Returns whether the list has reached what is old."""
    reached, before = False, len(out.events)

    def add(node: Reader) -> None:
        nonlocal reached
        event = make(node)
        if event.sent_at >= since:
            out.events.append(event)
        else:
            reached = True

    for node in page.items:
        out.attempt(add, node)
    # Lists come newest first and times are whole seconds: so equal times keep their order.
    out.events[before:] = reversed(out.events[before:])
    return reached
