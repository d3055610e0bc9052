"""Calls to the Data API: polling and reading threads again, with an API key. It writes nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from chalicelib.connectors.platforms.youtube.comments import Reading, read_document
from chalicelib.connectors.platforms.youtube.refusals import refusal
from chalicelib.connectors.platforms.youtube.spec import BASE_URL
from chalicelib.connectors.toolkit.api import ApiClient
from chalicelib.connectors.toolkit.asking import readable
from chalicelib.connectors.toolkit.payload import Reader, parse_time
from chalicelib.core.errors import ConfigurationError, NotFoundError, RateLimitedError, RejectedError
from chalicelib.core.events import InboundMessage, MessageEdited, Parsed, PlatformEvent
from chalicelib.core.ids import Cursor, ThreadId
from chalicelib.ports.platform import PlatformContext, Polled

_PAGES = 20
"""Of one thread's replies."""
_STEPS = 20
"""Pages of threads, and threads whose replies are read, in one poll."""
_PAGE_SIZE = 100
_EMBEDDED = 5
"""Replies that a thread brings along."""
_MAX_COUNTS = 2000
"""Threads whose replies are counted, so that a cursor stays small; of others, those with more than five are read."""
_OVERLAP = timedelta(minutes=15)
"""Comments that were approved late, or indexed late, carry old times."""
_FIRST = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """How far polling came: the newest comment's time, and how many replies each of the newest threads had.

    Of a sweep that takes several polls: ``goal`` becomes the newest time in the end, ``counts`` what was counted so
    far, ``page`` where the list goes on (None: it is read), ``grown`` the threads whose replies are still to be read.
    """

    newest: datetime
    replies: Mapping[str, int] = field(default_factory=dict)
    goal: datetime | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    page: str | None = None
    grown: tuple[str, ...] = ()

    def write(self) -> Cursor:
        """As a cursor."""
        data: dict[str, Any] = {"newest": self.newest.isoformat(), "replies": dict(self.replies)}
        if self.goal is not None:
            rest = {"counts": dict(self.counts), "page": self.page, "grown": list(self.grown)}
            data |= {"goal": self.goal.isoformat(), **rest}
        return Cursor(json.dumps(data))


def read_mark(cursor: Cursor | None, now: datetime) -> Mark:
    """The place that `cursor` names; the last hour when there is none or it can't be read."""
    try:
        data = json.loads(cursor or "")
        newest, goal = parse_time(data["newest"]), parse_time(data.get("goal"))
        if newest is None:
            raise ValueError
        mark = Mark(newest=newest, replies=_numbers(data["replies"]))
        if goal is None:
            return mark
        grown = tuple(str(name) for name in data["grown"])
        page = str(data["page"]) if data["page"] else None
        return replace(mark, goal=goal, counts=_numbers(data["counts"]), page=page, grown=grown)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, OverflowError):
        return Mark(newest=now - _FIRST)


def _numbers(data: Any) -> dict[str, int]:
    return {str(name): int(count) for name, count in data.items()}


_TOP = "^"
"""The list's first page."""
_NOTHING = Reader({"kind": "youtube#commentListResponse"}, "")


class Client:
    """One channel. Needs the credential ``api_key``."""

    def __init__(self, context: PlatformContext) -> None:
        options, key = context.account.options, context.credentials.get("api_key")
        if not key:
            raise ConfigurationError("youtube: the credential api_key is missing")
        self._account, self._clock = context.account.key, context.clock
        self._api = ApiClient(
            context.http,
            context.clock,
            options.get("base_url") or BASE_URL,
            headers={"x-goog-api-key": key},
            refusal=refusal,
        )

    def poll(self, cursor: Cursor | None) -> Polled:
        """Comments since `cursor`: the newest threads, and the replies of those that grew. Replies to threads that are
        not among the newest come by `list_thread`. A limit that is met after the first call ends the poll there."""
        mark, reading = read_mark(cursor, self._clock.now()), self._reading()
        floor, steps, limited = mark.newest - _OVERLAP, 0, False
        if mark.goal is None:
            mark = replace(mark, goal=mark.newest, page=_TOP)
        while (mark.page or mark.grown) and steps < _STEPS and not limited:
            try:
                mark = self._threads(mark, reading, floor) if mark.page else self._replies_of_one(mark, reading)
            except RateLimitedError:
                if steps == 0:
                    raise
                limited = True
            steps += 1
        parsed = read_document(_NOTHING, reading)
        goal = max((_time(event) for event in parsed.events), default=mark.newest)
        mark = replace(mark, goal=min(max(mark.goal or goal, goal), self._clock.now()))
        more = bool(mark.page or mark.grown)
        following = mark if more else Mark(newest=mark.goal or goal, replies=mark.counts)
        parsed = _since(parsed, floor)
        return Polled(parsed=parsed, cursor=following.write(), more=more and not limited, paused=more and limited)

    def _threads(self, mark: Mark, reading: Reading, floor: datetime) -> Mark:
        """One page of threads."""
        params = {"part": "snippet,replies", "allThreadsRelatedToChannelId": self._account.account, "order": "time"}
        try:
            answer = self._read("/commentThreads", params, None if mark.page == _TOP else mark.page)
        except RejectedError:
            if mark.page == _TOP:
                raise
            return replace(mark, page=_TOP)  # the page's token is too old: from the top again
        with readable():
            read_document(answer, reading)
            counts = _reply_counts(answer)
            page = answer.find_id("nextPageToken")
            is_last = page is None or _reaches(answer, floor)
        grown = [name for name, count in counts.items() if count > mark.replies.get(name, _EMBEDDED)]
        known = dict(list({**mark.counts, **counts}.items())[:_MAX_COUNTS])
        return replace(
            mark, counts=known, grown=tuple(dict.fromkeys([*mark.grown, *grown])), page=None if is_last else page
        )

    def _replies_of_one(self, mark: Mark, reading: Reading) -> Mark:
        with suppress(NotFoundError):  # then the thread was removed meanwhile
            self._replies(mark.grown[0], reading)
        return replace(mark, grown=mark.grown[1:])

    def cursor_at(self, moment: datetime) -> Cursor:
        """The cursor with which `poll` begins at `moment`."""
        return Mark(newest=moment).write()

    def list_thread(self, thread: ThreadId) -> Parsed[PlatformEvent]:
        """The top comment and its replies. Raises NotFoundError when the top comment is gone."""
        reading = self._reading()
        answer = self._read("/commentThreads", {"part": "snippet,replies", "id": thread}, None)
        with readable():
            if not list(answer.items("items")):
                raise NotFoundError("the thread is gone or held back")
            read_document(answer, reading)
        return self._replies(thread, reading)

    def probe(self) -> str:
        """Tries the key and looks whether the channel exists."""
        answer = self._read("/channels", {"part": "snippet", "id": self._account.account}, None, size=1)
        with readable():
            for item in answer.items("items"):
                return f"the channel {item.find_text('snippet', 'title') or self._account.account} can be read"
        raise NotFoundError("no such channel")

    def _replies(self, thread: str, reading: Reading) -> Parsed[PlatformEvent]:
        parsed: Parsed[PlatformEvent] = Parsed()
        page = None
        for _ in range(_PAGES):
            answer = self._read("/comments", {"part": "snippet", "parentId": thread}, page)
            with readable():
                parsed = read_document(answer, reading)
                page = answer.find_id("nextPageToken")
            if page is None:
                break
        return parsed

    def _reading(self) -> Reading:
        return Reading(accounts=(self._account.account,))

    def _read(self, path: str, params: Mapping[str, Any], page: str | None, size: int = _PAGE_SIZE) -> Reader:
        query = {**params, "pageToken": page}
        if path == "/channels" or "id" not in params:
            query["maxResults"] = size
        if path != "/channels":
            query["textFormat"] = "plainText"
        answer = self._api.get(path, query)
        with readable():
            return answer.json


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
