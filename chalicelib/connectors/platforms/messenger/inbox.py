"""The page's inbox through Graph API: a person's conversation, and one bounded poll.

Conversations come newest first and can't be asked for by time. Source: Messenger Platform > Conversations, 2026-02-11.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from chalicelib.connectors.platforms._meta.conversations import READABLE, fetch_messages
from chalicelib.connectors.platforms._meta.entry import Side
from chalicelib.connectors.platforms._meta.graph import GraphApi, ListPage
from chalicelib.connectors.toolkit.api import segment
from chalicelib.connectors.toolkit.payload import Collector, Reader, read_json
from chalicelib.core.errors import NotFoundError, PayloadError, RateLimitedError, RejectedError, UnavailableError
from chalicelib.core.events import Attachment, AttachmentKind, InboundMessage, Parsed, Surface, Visibility
from chalicelib.core.ids import AuthorId, Cursor
from chalicelib.ports.platform import HISTORY_ENDS, Polled

CONVERSATIONS = 20
"""Conversations of one poll; each is one more call (2 calls a second are allowed)."""
PAGES = 5
OVERLAP = timedelta(minutes=10)
FIRST_LOOK = timedelta(hours=1)
_FIELDS = "id,updated_time,participants"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The cursor. ``since``: the watermark; ``began``: when this round began, the next watermark; ``after``: the next
    page of conversations, None at the top; ``read``: which conversations of this page were read already; ``lost``: a
    page was refused, and the round begun again."""

    since: datetime
    began: datetime
    after: str | None = None
    read: tuple[str, ...] = ()
    lost: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """What the search for a person's conversation gave. ``id`` None and not ``certain``: the list was too
    long, or did not say who talks."""

    id: str | None
    certain: bool = True


def find_conversation(graph: GraphApi, person: str, updated_since: datetime | None = None) -> Sought:
    """The conversation with `person` (a PSID), of those updated since then.

    Whether Meta still filters by ``user_id`` is not certain, so it is asked for, and the answer is searched as if it
    had not been.
    """
    path = f"/{segment(graph.page)}/conversations"
    pages = partial(graph.pages, path, most=PAGES, platform="messenger", fields=_FIELDS, limit=CONVERSATIONS)
    try:
        return _search(pages(user_id=person), person, updated_since, is_filtered=True)
    except RejectedError:
        return _search(pages(), person, updated_since, is_filtered=False)


def _search(pages: Iterable[ListPage], person: str, updated_since: datetime | None, *, is_filtered: bool) -> Sought:
    more = unnamed = False
    try:
        for page in pages:
            more = page.after is not None
            is_only = is_filtered and len(page.items) == 1 and not more
            for item in page.items:
                people = [member.find_id("id") for member in item.items("participants", "data")]
                if person in people or (is_only and not people):
                    return Sought(id=item.need_id("id"))
                unnamed = unnamed or not people
                updated = item.find_time("updated_time")
                if updated_since and updated and updated < updated_since:
                    return Sought(id=None, certain=not unnamed)
    except PayloadError:
        raise UnavailableError("conversations that can't be read") from None
    return Sought(id=None, certain=not (more or unnamed))


def collect(out: Collector, side: Side, person: str, since: datetime | None, node: Reader) -> None:
    """Add a message of the conversation with `person`, when it is not older than `since`. Raises PayloadError."""
    event = message_event(side, person, node)
    if since is None or event.sent_at >= since:
        out.events.append(event)


def message_event(side: Side, person: str, node: Reader) -> InboundMessage:
    """A message as Graph tells it: the same event as the webhook's. Raises PayloadError."""
    author = node.need_id("from", "id")
    is_echo = author == side.account.account
    return InboundMessage(
        key=side.message(node.need_id("id")),
        thread=side.thread(person),
        author=side.author(author, node.find_text("from", "name")),
        text=node.find_text("message") or "",
        surface=Surface.DM,
        visibility=Visibility.PRIVATE,
        sent_at=node.need_time("created_time"),
        attachments=tuple(_attachments(node)),
        is_echo=is_echo,
        recipient=AuthorId(person) if is_echo else None,
    )


def _attachments(node: Reader) -> Iterator[Attachment]:
    for item in node.items("attachments", "data"):
        kind = _kind(item)
        data = item.find(f"{kind}_data") or item
        url = data.find_text("url") or item.find_text("file_url")
        yield Attachment(
            kind=kind,
            url=url,
            title=item.find_text("name"),
            media_type=item.find_text("mime_type"),
            remote_id=item.find_id("id"),
        )


def _kind(item: Reader) -> AttachmentKind:
    """By the part that is there, else by the media type."""
    for kind in (AttachmentKind.IMAGE, AttachmentKind.VIDEO):
        if item.has(f"{kind}_data"):
            return kind
    family = (item.find_text("mime_type") or "").partition("/")[0]
    return AttachmentKind(family) if family in ("image", "video", "audio") else AttachmentKind.FILE


def cursor_at(moment: datetime) -> Cursor:
    """The place after a round that began at `moment`."""
    return _save(Place(since=moment, began=moment))


def poll(graph: GraphApi, side: Side, cursor: Cursor | None, now: datetime) -> Polled:
    """One page of conversations and their newest messages. Raises leaves; then the cursor stays. A limit that is met on
    the way ends the poll there; the next goes on with the same page."""
    place = (_restore(cursor) if cursor else None) or Place(since=now - FIRST_LOOK, began=now)
    if place.after is None and not place.read:
        place = replace(place, began=now, lost=False)
    try:
        page = _page(graph, place)
    except (RejectedError, NotFoundError):
        if place.after is None or place.lost:
            raise
        # Meta's cursors do not live long: from the top again, once in a round.
        place = replace(place, after=None, lost=True)
        page = _page(graph, place)
    out = Collector()
    reached, read, limited = _read_page(graph, side, place, page, out)
    unfinished = page.after is not None and not reached
    if limited:
        place = replace(place, read=read)
    elif unfinished:
        place = replace(place, after=page.after, read=())
    else:
        place = Place(since=place.began, began=place.began)
    events = sorted(out.events, key=lambda event: event.sent_at)
    parsed = Parsed(events=tuple(events), malformed=tuple(out.malformed), ignored=dict(out.ignored))
    paused = limited or (unfinished and page.busy)
    return Polled(parsed=parsed, cursor=_save(place), more=unfinished and not paused, paused=paused)


def _read_page(
    graph: GraphApi, side: Side, place: Place, page: ListPage, out: Collector
) -> tuple[bool, tuple[str, ...], bool]:
    """Read the conversations of a page. Returns whether it reaches what is old, what was read, and whether a limit was
    met before all was. Raises RateLimitedError when it was met before anything was."""
    oldest, reached, read = place.since - OVERLAP, False, list(place.read)
    for item in page.items:
        updated = _updated(item, out)
        if updated is not None and updated < oldest:
            reached = True
        elif updated is not None and (name := _version(item, updated)) not in read:
            try:
                out.attempt(partial(_collect_conversation, graph, side, oldest, out), item)
            except RateLimitedError:
                if len(read) == len(place.read):
                    raise
                return reached, tuple(read), True
            read.append(name)
    return reached, tuple(read), False


def _version(item: Reader, updated: datetime) -> str:
    """A conversation as it was at that time."""
    return f"{item.value.get('id')}@{updated.timestamp():.0f}"


def _page(graph: GraphApi, place: Place) -> ListPage:
    path = f"/{segment(graph.page)}/conversations"
    return next(graph.pages(path, most=1, after=place.after, platform="messenger", fields=_FIELDS, limit=CONVERSATIONS))


def _updated(item: Reader, out: Collector) -> datetime | None:
    """When a conversation changed; None, and recorded, where that can't be read."""
    found: list[datetime] = []
    out.attempt(lambda reader: found.append(reader.need_time("updated_time")), item)
    return found[0] if found else None


def _collect_conversation(graph: GraphApi, side: Side, oldest: datetime, out: Collector, item: Reader) -> None:
    people = [member.find_id("id") for member in item.items("participants", "data")]
    person = next((one for one in people if one and one != graph.page), None)
    if person is None:
        raise item.wrong("no participant but the page")
    try:
        messages = fetch_messages(graph, item.need_id("id"))
    except (NotFoundError, RejectedError):
        # One that can't be read must not hide all others for good.
        out.ignore("poll/conversation refused")
        return
    # They come newest first and times are whole seconds: so equal times keep their order.
    before = len(out.events)
    for node in reversed(messages):
        out.attempt(partial(collect, out, side, person, oldest), node)
    if len(messages) >= READABLE and len(out.events) - before == len(messages):
        out.ignore(HISTORY_ENDS)


def _save(place: Place) -> Cursor:
    data = {name: value.isoformat() if isinstance(value, datetime) else value for name, value in asdict(place).items()}
    data = {name: value for name, value in data.items() if value or name not in ("read", "lost")}
    return Cursor(json.dumps(data, separators=(",", ":")))


def _restore(cursor: Cursor) -> Place | None:
    try:
        data = read_json(cursor.encode())
        return Place(
            since=data.need_time("since"),
            began=data.need_time("began"),
            after=data.find_id("after"),
            read=tuple(item.find_text() or "" for item in data.items("read")),
            lost=data.find_bool("lost") or False,
        )
    except PayloadError:
        return None
