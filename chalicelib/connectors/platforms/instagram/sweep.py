"""One bounded poll of an account's comments: those below the newest media whose number of comments changed.

Nothing lists comments by time: the media are listed with their counts, the counts are kept in the cursor, and all
comments of media whose count is another are read, with the answers below them. The order of that list is not
documented, so it is read to its end. Source: Instagram Platform > IG Media, IG Media comments, read 2026-11-22.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta

from chalicelib.connectors.platforms._meta.graph import GraphApi, ListPage
from chalicelib.connectors.platforms.instagram.nodes import COMMENT_FIELDS, MEDIA_FIELDS
from chalicelib.connectors.toolkit.api import segment
from chalicelib.connectors.toolkit.payload import Collector, Reader, read_json
from chalicelib.core.errors import NotFoundError, PayloadError, RateLimitedError, RejectedError
from chalicelib.core.events import InboundMessage, Parsed
from chalicelib.core.ids import Cursor
from chalicelib.ports.platform import HISTORY_ENDS, Polled

CALLS = 20
"""Most calls of one poll."""
MEDIA = 50
COMMENTS = 50
OVERLAP = timedelta(minutes=10)
FIRST_LOOK = timedelta(hours=1)
Make = Callable[[Reader, Reader, str | None], InboundMessage]
"""(comment, its media, the comment above) -> event."""


@dataclass(slots=True)
class Edge:
    """A list that is still to be read: comments of ``media``, or the answers below the comment ``above``."""

    media: str
    kind: str = ""
    permalink: str = ""
    above: str | None = None
    after: str | None = None


@dataclass(slots=True)
class Sweep:
    """The cursor. ``since``: the watermark; ``began``: when this sweep began, the next watermark; ``stage``: 0 while
    media are listed, 1 while comments are read, 2 at the end; ``after``: the next page of media; ``seen``: how many;
    ``counts``: comments by media as the last sweep found them, ``found``: as this one does; ``edges``: still to be
    read; ``lost``: a page's cursor was refused, and its list begun again; ``sought``: it began at a moment of which no
    count is known."""

    since: str
    began: str
    stage: int = 0
    after: str | None = None
    seen: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    found: dict[str, int] = field(default_factory=dict)
    edges: list[Edge] = field(default_factory=list)
    lost: bool = False
    sought: bool = False

    @property
    def watermark(self) -> datetime:
        """From when on things are new."""
        return datetime.fromisoformat(self.since) - OVERLAP

    @property
    def is_done(self) -> bool:
        """Nothing is left to read."""
        return self.stage == 2


def poll(graph: GraphApi, make: Make, cursor: Cursor | None, now: datetime, *, watched: int) -> Polled:
    """At most `CALLS` calls on from `cursor`; of the newest `watched` media. Raises leaves; then the cursor stays. A
    limit that is met after the first call ends the poll there, so that however small the allowance is, it goes on."""
    sweep, out, calls, busy = _open(cursor, now), Collector(), 0, False
    while not sweep.is_done and calls < CALLS and not busy:
        try:
            busy = _step(graph, make, sweep, out, watched)
        except RateLimitedError:
            if calls == 0:
                raise
            busy = True
        calls += 1
    more = not sweep.is_done and not busy
    events = sorted(out.events, key=lambda event: event.sent_at)
    parsed = Parsed(events=tuple(events), malformed=tuple(out.malformed), ignored=dict(out.ignored))
    return Polled(parsed=parsed, cursor=_write(sweep), more=more, paused=busy and not sweep.is_done)


def cursor_at(moment: datetime) -> Cursor:
    """A sweep that ended at `moment`, of which no count is known: all media with comments are read."""
    return _write(Sweep(since=moment.isoformat(), began=moment.isoformat(), stage=2, sought=True))


def _write(sweep: Sweep) -> Cursor:
    data = {name: value for name, value in asdict(sweep).items() if value or name in ("since", "began")}
    data["edges"] = [{name: value for name, value in asdict(edge).items() if value} for edge in sweep.edges]
    return Cursor(json.dumps(data, separators=(",", ":")))


def _open(cursor: Cursor | None, now: datetime) -> Sweep:
    """The sweep to go on with, or a new one from where the last ended."""
    known = _restore(cursor) if cursor else None
    if known is None:
        return Sweep(since=(now - FIRST_LOOK).isoformat(), began=now.isoformat())
    if not known.is_done:
        return known
    return Sweep(since=known.began, began=now.isoformat(), counts=known.found, sought=known.sought)


def _restore(cursor: Cursor) -> Sweep | None:
    try:
        data = read_json(cursor.encode())
        edges = [
            Edge(
                media=item.need_id("media"),
                kind=item.find_text("kind") or "",
                permalink=item.find_text("permalink") or "",
                above=item.find_id("above"),
                after=item.find_id("after"),
            )
            for item in data.items("edges")
        ]
        return Sweep(
            since=data.need_time("since").isoformat(),
            began=data.need_time("began").isoformat(),
            stage=int(data.find_id("stage") or 0),
            after=data.find_id("after"),
            seen=int(data.find_id("seen") or 0),
            counts=_numbers(data, "counts"),
            found=_numbers(data, "found"),
            edges=edges,
            lost=data.find_bool("lost") or False,
            sought=data.find_bool("sought") or False,
        )
    except (PayloadError, ValueError):
        return None


def _numbers(data: Reader, name: str) -> dict[str, int]:
    found = data.find(name)
    return {key: int(found.need_id(key)) for key in found.keys()} if found is not None else {}  # noqa: SIM118


def _step(graph: GraphApi, make: Make, sweep: Sweep, out: Collector, watched: int) -> bool:
    """One call. Returns whether the allowance is nearly used up."""
    if sweep.stage == 0:
        return _media(graph, sweep, out, watched)
    if not sweep.edges:
        sweep.stage = 2
        return False
    return _comments(graph, make, sweep, out)


def _begins_again(sweep: Sweep, after: str | None) -> bool:
    """Whether a refused page may be one whose cursor is no longer good: its list is begun again, once in a sweep."""
    if after is None or sweep.lost:
        return False
    sweep.lost = True
    return True


def _media(graph: GraphApi, sweep: Sweep, out: Collector, watched: int) -> bool:
    try:
        page = _one(graph, f"/{segment(graph.page)}/media", MEDIA_FIELDS, min(MEDIA, watched), sweep.after)
    except (RejectedError, NotFoundError):
        if not _begins_again(sweep, sweep.after):
            raise
        sweep.after, sweep.seen, sweep.edges = None, 0, []
        return False
    for item in page.items:
        out.attempt(lambda node: _note(sweep, node), item)
    sweep.seen += len(page.items)
    is_last = page.after is None or sweep.seen >= watched
    if is_last and page.after is not None and sweep.sought:
        out.ignore(HISTORY_ENDS)  # nothing is known of older media, and they are not looked at
    sweep.after = None if is_last else page.after
    sweep.stage = 1 if is_last else 0
    sweep.sought = sweep.sought and not is_last
    if is_last and not sweep.edges:
        sweep.stage = 2
    return page.busy


def _note(sweep: Sweep, node: Reader) -> None:
    """Media whose number of comments is another than last time, or that have some and are new to us. Where no number is
    told, they are always read."""
    media, number = node.need_id("id"), node.find_id("comments_count")
    count = int(number) if number is not None and number.isdecimal() and len(number) < 12 else None
    if count is not None:
        sweep.found[media] = count
    if count is None or count != sweep.counts.get(media, 0):
        kind, link = node.find_text("media_product_type") or "", node.find_text("permalink") or ""
        sweep.edges.append(Edge(media=media, kind=kind, permalink=link))


def _comments(graph: GraphApi, make: Make, sweep: Sweep, out: Collector) -> bool:
    edge = sweep.edges[0]
    path = f"/{segment(edge.above)}/replies" if edge.above else f"/{segment(edge.media)}/comments"
    fields = COMMENT_FIELDS.partition(",replies")[0] if edge.above else COMMENT_FIELDS
    try:
        page = _one(graph, path, fields, COMMENTS, edge.after)
    except (NotFoundError, RejectedError):
        if _begins_again(sweep, edge.after):
            edge.after = None
        else:
            # One that can't be read must not hide all others for good.
            out.ignore("poll/media refused")
            del sweep.edges[0]
        return False
    for node in page.items:
        out.attempt(lambda item: _collect(out, make, sweep, edge, item), node)
    if page.after is None:
        del sweep.edges[0]
    else:
        edge.after = page.after
    return page.busy


def _collect(out: Collector, make: Make, sweep: Sweep, edge: Edge, node: Reader) -> None:
    """A comment and the answers below it, where they are new. More answers than came along are a list of their own."""
    _add(out, make, sweep, edge, edge.above, node)
    comment = node.need_id("id")
    for reply in node.items("replies", "data"):
        out.attempt(lambda item: _add(out, make, sweep, edge, comment, item), reply)
    if node.find("replies", "paging", "next") is not None:
        after = node.find_id("replies", "paging", "cursors", "after")
        sweep.edges.append(Edge(media=edge.media, kind=edge.kind, permalink=edge.permalink, above=comment, after=after))


def _add(out: Collector, make: Make, sweep: Sweep, edge: Edge, above: str | None, node: Reader) -> None:
    media = Reader({"id": edge.media, "media_product_type": edge.kind, "permalink": edge.permalink}, "media")
    event = make(node, media, above)
    if event.sent_at >= sweep.watermark:
        out.events.append(event)


def _one(graph: GraphApi, path: str, fields: str, limit: int, after: str | None) -> ListPage:
    return next(graph.pages(path, most=1, after=after, fields=fields, limit=limit))
