"""One poll: the newest threads, those of the known ones that grew, and the replies of both; within a budget of units.

A new reply does not bring its thread back to the top (gojiplus/tuber#33, #52), so the counts of known threads are asked
for again, fifty at a time by turns.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from chalicelib.connectors.platforms.youtube.api import PAGE_SIZE, DataApi
from chalicelib.connectors.platforms.youtube.comments import Reading, read_document
from chalicelib.connectors.platforms.youtube.places import Mark, read_mark
from chalicelib.connectors.toolkit.asking import readable
from chalicelib.connectors.toolkit.payload import Reader
from chalicelib.core.errors import NotFoundError, RateLimitedError, RejectedError
from chalicelib.core.events import InboundMessage, MessageEdited, Parsed, PlatformEvent
from chalicelib.core.ids import Cursor
from chalicelib.ports.platform import Polled

PAGES = 20
"""Of one thread's replies."""
STEPS = 20
"""Calls of one poll, or a little more: a thread's replies may have several pages."""
WATCHED = 50
"""Known threads that are asked for in one call."""
EMBEDDED = 5
"""Replies that a thread brings along."""
OVERLAP = timedelta(minutes=15)
"""Comments that were approved late, or indexed late, carry old times."""
_TOP = "^"
"""The list's first page."""
_NOTHING = Reader({"kind": "youtube#commentListResponse"}, "")


class Sweep:
    """One poll under way. ``units``: that polling may use in a day."""

    def __init__(self, api: DataApi, channel: str, reading: Reading, now: datetime, units: int) -> None:
        self._api, self._channel, self._reading = api, channel, reading
        self._now, self._units = now, units

    def poll(self, cursor: Cursor | None) -> Polled:
        """On from `cursor`. A limit that is met after the first call ends the poll there; raises leaves."""
        mark = read_mark(cursor, self._now)
        if mark.is_over(self._now, self._units):
            return Polled(parsed=Parsed(), cursor=mark.write(), paused=True)
        floor, steps, limited = mark.newest - OVERLAP, 0, False
        if mark.goal is None:
            mark = replace(mark, goal=mark.newest, page=_TOP)
            if len(mark.replies) > PAGE_SIZE:
                mark, steps = self._watch(mark), 1
        while (mark.page or mark.grown) and steps < STEPS and not limited:
            try:
                mark = self._threads(mark, floor) if mark.page else self._replies_of_one(mark)
            except RateLimitedError:
                if steps == 0:
                    raise
                limited = True
            steps += 1
        return self._polled(mark, floor, limited)

    def _polled(self, mark: Mark, floor: datetime, limited: bool) -> Polled:
        parsed = read_document(_NOTHING, self._reading)
        goal = max((_time(event) for event in parsed.events), default=mark.newest)
        mark = replace(mark, goal=min(max(mark.goal or goal, goal), self._now))
        more = bool(mark.page or mark.grown)
        following = mark if more else mark.finished(mark.goal or goal)
        return Polled(
            parsed=_since(parsed, floor), cursor=following.write(), more=more and not limited, paused=more and limited
        )

    def _threads(self, mark: Mark, floor: datetime) -> Mark:
        params = {"part": "snippet,replies", "allThreadsRelatedToChannelId": self._channel, "order": "time"}
        try:
            answer = self._api.read("/commentThreads", params, None if mark.page == _TOP else mark.page)
        except RejectedError:
            if mark.page == _TOP:
                raise
            return replace(mark, page=_TOP)  # the page's token is too old: from the top again
        with readable():
            read_document(answer, self._reading)
            counts = _reply_counts(answer)
            page = answer.find_id("nextPageToken")
            is_last = page is None or _reaches(answer, floor)
        grown = [name for name, count in counts.items() if count > mark.replies.get(name, EMBEDDED)]
        return replace(
            mark.used(self._now),
            counts={**mark.counts, **counts},
            grown=tuple(dict.fromkeys([*mark.grown, *grown])),
            page=None if is_last else page,
        )

    def _watch(self, mark: Mark) -> Mark:
        """Those that are too old for the list's first page, by turns."""
        known = list(mark.replies)[PAGE_SIZE:]
        turn = mark.turn if mark.turn < len(known) else 0
        asked = known[turn : turn + WATCHED]
        answer = self._api.read("/commentThreads", {"part": "snippet", "id": ",".join(asked)})
        with readable():
            read_document(answer, self._reading)
            counts = _reply_counts(answer)
        grown = tuple(name for name, count in counts.items() if count > mark.replies.get(name, EMBEDDED))
        # what is not listed any more was removed, or is held back
        replies = {name: counts.get(name, count) for name, count in mark.replies.items() if name not in asked}
        replies |= {name: counts[name] for name in asked if name in counts}
        return replace(mark.used(self._now), replies=replies, grown=grown, turn=turn + WATCHED)

    def _replies_of_one(self, mark: Mark) -> Mark:
        units = 1
        with suppress(NotFoundError):  # then the thread was removed meanwhile
            units = replies_of(self._api, mark.grown[0], self._reading)
        return replace(mark.used(self._now, units), grown=mark.grown[1:])


def replies_of(api: DataApi, thread: str, reading: Reading, *, most: int = PAGES) -> int:
    """Read the replies of a thread, `most` pages of them; returns the units that it cost."""
    page = None
    for number in range(1, most + 1):
        answer = api.read("/comments", {"part": "snippet", "parentId": thread}, page)
        with readable():
            read_document(answer, reading)
            page = answer.find_id("nextPageToken")
        if page is None:
            return number
    return most + 1


def _reply_counts(answer: Reader) -> dict[str, int]:
    counts = {}
    for item in answer.items("items"):
        count = item.find("snippet", "totalReplyCount") if item.has("snippet") else None
        if item.has("id") and count is not None and isinstance(count.value, int) and 0 <= count.value < 10**6:
            counts[item.need_id("id")] = int(count.value)
    return counts


def _reaches(answer: Reader, floor: datetime) -> bool:
    """Whether the page's last thread is older than what is wanted."""
    threads = list(answer.items("items"))
    began = threads[-1].find_time("snippet", "topLevelComment", "snippet", "publishedAt") if threads else None
    return began is None or began < floor


def _subject(event: PlatformEvent) -> str:
    return str(event.key.message) if isinstance(event, InboundMessage | MessageEdited) else ""


def _time(event: PlatformEvent) -> datetime:
    match event:
        case InboundMessage():
            return event.sent_at
        case MessageEdited():
            return event.edited_at
    return datetime.fromtimestamp(0, UTC)


def _since(parsed: Parsed[PlatformEvent], floor: datetime) -> Parsed[PlatformEvent]:
    """Without what is older than `floor` and was not edited since."""
    fresh = {_subject(event) for event in parsed.events if _time(event) >= floor}
    events = tuple(event for event in parsed.events if _subject(event) in fresh)
    return Parsed(events=events, malformed=parsed.malformed, ignored=parsed.ignored)
