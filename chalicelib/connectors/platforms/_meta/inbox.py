"""An account's private messages through Graph API: a person's conversation, and one bounded poll.

Conversations come newest first and can't be asked for by time. Sources: Messenger Platform > Conversations, 2026-02-11;
Instagram Platform > Conversations API, 2026-11-22.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from chalicelib.connectors.platforms._meta.conversations import (
    MESSAGES,
    READABLE,
    SLACK,
    fetch_messages,
    find_own,
    find_own_file,
)
from chalicelib.connectors.platforms._meta.graph import GraphApi, ListPage
from chalicelib.connectors.toolkit.payload import Collector, Reader, read_json
from chalicelib.core.errors import (
    NotFoundError,
    OutcomeUnknownError,
    PayloadError,
    RateLimitedError,
    RejectedError,
    UnavailableError,
    UnsupportedError,
)
from chalicelib.core.events import InboundMessage, Parsed, PlatformEvent
from chalicelib.core.ids import Cursor
from chalicelib.core.reply import OutboundReply
from chalicelib.ports.platform import HISTORY_ENDS, Polled

CONVERSATIONS = 20
"""Conversations of one poll; each is one more call (2 calls a second are allowed)."""
PAGES = 5
OVERLAP = timedelta(minutes=10)
FIRST_LOOK = timedelta(hours=1)
_FIELDS = "id,updated_time,participants"


@dataclass(frozen=True, slots=True, kw_only=True)
class Inbox:
    """Whose conversations. ``owner``: how the path names the account (a page's id, "me"); ``own``: the ids and names by
    which it is known in them; ``fields``: what is asked of a message; ``make``: (person, message) -> event."""

    graph: GraphApi
    owner: str
    platform: str
    own: Collection[str]
    make: Callable[[str, Reader], InboundMessage]
    fields: str = MESSAGES

    @property
    def path(self) -> str:
        """The list of conversations."""
        return f"/{self.owner}/conversations"

    def messages(self, conversation: str) -> tuple[Reader, ...]:
        """Those that can be read, newest first. Raises leaves."""
        return fetch_messages(self.graph, conversation, self.fields)

    def person(self, conversation: Reader) -> str | None:
        """The participant who is not the account. Raises PayloadError."""
        people = [(member.find_id("id"), member.find_text("username")) for member in _members(conversation)]
        return next((name for name, handle in people if name and not {name, handle} & set(self.own)), None)


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


def find_conversation(inbox: Inbox, person: str, updated_since: datetime | None = None) -> Sought:
    """The conversation with `person`, of those updated since then.

    Whether Meta still filters by ``user_id`` is not certain, so it is asked for, and the answer is searched as if it
    had not been.
    """
    pages = partial(
        inbox.graph.pages, inbox.path, most=PAGES, platform=inbox.platform, fields=_FIELDS, limit=CONVERSATIONS
    )
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
                people = [member.find_id("id") for member in _members(item)]
                if person in people or (is_only and not people):
                    return Sought(id=item.need_id("id"))
                unnamed = unnamed or not people
                updated = item.find_time("updated_time")
                if updated_since and updated and updated < updated_since:
                    return Sought(id=None, certain=not unnamed)
    except PayloadError:
        raise UnavailableError("conversations that can't be read") from None
    return Sought(id=None, certain=not (more or unnamed))


def _members(conversation: Reader) -> list[Reader]:
    return list(conversation.items("participants", "data"))


def find_sent(inbox: Inbox, reply: OutboundReply) -> str | None:
    """The id of our own words, or file, among the newest messages of the reply's thread. None: certainly not there.
    Raises OutcomeUnknownError where newer messages hide what we look for, and leaves."""
    oldest, person = reply.began_at - SLACK, str(reply.thread.thread)
    sought = find_conversation(inbox, person, oldest)
    if sought.id is None and sought.certain:
        return None
    if sought.id is None:
        raise OutcomeUnknownError("the conversation was not found for certain")
    messages = inbox.messages(sought.id)
    if reply.files or reply.attachments:
        found = find_own_file(messages, inbox.own, reply.began_at, first=reply.part == 1, person=person)
    else:
        found = find_own(messages, inbox.own, reply.text, reply.began_at, person=person)
    if found is not None:
        return found.need_id("id")
    if len(messages) >= READABLE and all(item.need_time("created_time") >= oldest for item in messages):
        raise OutcomeUnknownError("too many newer messages")
    return None


def list_thread(inbox: Inbox, person: str) -> Parsed[PlatformEvent]:
    """The newest messages of a person's thread, oldest first. NotFoundError: there is no such thread; UnsupportedError:
    it can't be told which one it is."""
    sought = find_conversation(inbox, person)
    if sought.id is None and sought.certain:
        raise NotFoundError("no conversation with this person")
    if sought.id is None:
        raise UnsupportedError("the conversation can not be found in the inbox")
    out = Collector()
    for node in reversed(inbox.messages(sought.id)):
        out.attempt(partial(_collect, out, inbox, person, None), node)
    return Parsed(events=tuple(out.events), malformed=tuple(out.malformed))


def _collect(out: Collector, inbox: Inbox, person: str, since: datetime | None, node: Reader) -> None:
    """Add a message of the conversation with `person`, when it is not older than `since`. Raises PayloadError."""
    event = inbox.make(person, node)
    if since is None or event.sent_at >= since:
        out.events.append(event)


def cursor_at(moment: datetime) -> Cursor:
    """The place after a round that began at `moment`."""
    return _save(Place(since=moment, began=moment))


def poll(inbox: Inbox, cursor: Cursor | None, now: datetime) -> Polled:
    """One page of conversations and their newest messages. Raises leaves; then the cursor stays. A limit that is met on
    the way ends the poll there; the next goes on with the same page."""
    place = (_restore(cursor) if cursor else None) or Place(since=now - FIRST_LOOK, began=now)
    if place.after is None and not place.read:
        place = replace(place, began=now, lost=False)
    try:
        page = _page(inbox, place)
    except (RejectedError, NotFoundError):
        if place.after is None or place.lost:
            raise
        # Meta's cursors do not live long: from the top again, once in a round.
        place = replace(place, after=None, lost=True)
        page = _page(inbox, place)
    out = Collector()
    reached, read, limited = _read_page(inbox, place, page, out)
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


def _read_page(inbox: Inbox, place: Place, page: ListPage, out: Collector) -> tuple[bool, tuple[str, ...], bool]:
    """Read the conversations of a page. Returns whether it reaches what is old, what was read, and whether a limit was
    met before all was. Raises RateLimitedError when it was met before anything was."""
    oldest, reached, read = place.since - OVERLAP, False, list(place.read)
    for item in page.items:
        updated = _updated(item, out)
        if updated is not None and updated < oldest:
            reached = True
        elif updated is not None and (name := _version(item, updated)) not in read:
            try:
                out.attempt(partial(_collect_conversation, inbox, oldest, out), item)
            except RateLimitedError:
                if len(read) == len(place.read):
                    raise
                return reached, tuple(read), True
            read.append(name)
    return reached, tuple(read), False


def _version(item: Reader, updated: datetime) -> str:
    """A conversation as it was at that time."""
    return f"{item.value.get('id')}@{updated.timestamp():.0f}"


def _page(inbox: Inbox, place: Place) -> ListPage:
    asked = {"platform": inbox.platform, "fields": _FIELDS, "limit": CONVERSATIONS}
    return next(inbox.graph.pages(inbox.path, most=1, after=place.after, **asked))


def _updated(item: Reader, out: Collector) -> datetime | None:
    """When a conversation changed; None, and recorded, where that can't be read."""
    found: list[datetime] = []
    out.attempt(lambda reader: found.append(reader.need_time("updated_time")), item)
    return found[0] if found else None


def _collect_conversation(inbox: Inbox, oldest: datetime, out: Collector, item: Reader) -> None:
    person = inbox.person(item)
    if person is None:
        raise item.wrong("no participant but the account")
    try:
        messages = inbox.messages(item.need_id("id"))
    except (NotFoundError, RejectedError):
        # One that can't be read must not hide all others for good.
        out.ignore("poll/conversation refused")
        return
    # They come newest first and times are whole seconds: so equal times keep their order.
    before = len(out.events)
    for node in reversed(messages):
        out.attempt(partial(_collect, out, inbox, person, oldest), node)
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
