"""Long outages on the platforms without a stand-in: lists as small as a test needs, answered as the vendors do."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

from chalicelib.connectors import registry
from chalicelib.core.account import ConnectionKind
from chalicelib.core.events import InboundMessage
from chalicelib.core.ids import Cursor
from chalicelib.ports.platform import HISTORY_ENDS
from chalicelib.ports.services import HttpRequest, HttpResponse
from tests.contracts.platforms import platform
from tests.fakes.clock import NOON

BEGAN = NOON - timedelta(weeks=4)


class Lists:
    """An API of lists: subclasses answer a path and its query."""

    def __init__(self) -> None:
        self.calls = 0

    def send(self, request: HttpRequest) -> HttpResponse:
        self.calls += 1
        parts = urlsplit(request.url)
        answer = self.answer(parts.path, parse_qs(parts.query))
        return HttpResponse(status=200, headers={"content-type": "application/json"}, body=json.dumps(answer).encode())

    def answer(self, path: str, query: Mapping[str, list[str]]) -> Any:
        raise NotImplementedError


def read(name: str, http: Lists, cursor: Cursor | None, most_calls: int = 25) -> tuple[list[str], dict[str, int]]:
    """Words of all messages, oldest poll first, and what was counted."""
    subject = platform(name)
    session = {f"{name}|{subject.account.key.account}": {"access": "token-0001", "until": "2026-11-20T13:00:00+00:00"}}
    context = subject.context(http, {}, subject.sessions({"sessions": session}))
    client: Any = registry.client(ConnectionKind.PLATFORM, name, context)
    start = client.cursor_at(BEGAN) if cursor is None else cursor
    found: list[str] = []
    counted: dict[str, int] = {}
    for _ in range(200):
        before = http.calls
        polled = client.poll(start)
        assert http.calls - before <= most_calls
        found += [event.text for event in polled.parsed.events if isinstance(event, InboundMessage)]
        counted |= polled.parsed.ignored
        start = polled.cursor
        assert len(start) < 150_000
        if not polled.more:
            return found, counted
    raise AssertionError("it does not come to an end")


class Channel(Lists):
    """YouTube: threads, newest first, one an hour; each seventh has twelve replies of its time."""

    def __init__(self, threads: int) -> None:
        super().__init__()
        self.threads = threads

    def answer(self, path: str, query: Mapping[str, list[str]]) -> Any:
        start, size = int(query.get("pageToken", ["0"])[0]), 100
        if path.endswith("/comments"):
            number = int(query["parentId"][0][1:])
            items = [self._comment(f"t{number}.{index}", number, f"reply {number}.{index}") for index in range(12)]
            return {"kind": "youtube#commentListResponse", "items": items}
        items = [self._thread(number) for number in range(start, min(start + size, self.threads))]
        more = {"nextPageToken": str(start + size)} if start + size < self.threads else {}
        return {"kind": "youtube#commentThreadListResponse", "items": items, **more}

    def _thread(self, number: int) -> Any:
        top = self._comment(f"t{number}", number, f"thread {number}")
        count = 12 if number % 35 == 0 else 0
        snippet = {"channelId": "UCacme", "videoId": "v1", "topLevelComment": top, "totalReplyCount": count}
        return {"kind": "youtube#commentThread", "id": f"t{number}", "snippet": snippet}

    def _comment(self, name: str, number: int, text: str) -> Any:
        at = f"{NOON - timedelta(minutes=20 * number):%Y-%m-%dT%H:%M:%SZ}"
        author = {"authorDisplayName": "@kim", "authorChannelId": {"value": "UCkim"}}
        snippet = {
            "textDisplay": text,
            "textOriginal": text,
            "publishedAt": at,
            "updatedAt": at,
            "videoId": "v1",
            **author,
        }
        return {"kind": "youtube#comment", "id": name, "snippet": snippet}


def test_youtube_four_weeks_and_thousands_of_threads() -> None:
    since = int((NOON - BEGAN) / timedelta(minutes=20))
    found, _ = read("youtube", Channel(since + 400), None)
    expected = {f"thread {number}" for number in range(since + 1)}
    expected |= {f"reply {number}.{index}" for number in range(0, since + 1, 35) for index in range(12)}
    assert set(found) >= expected
    assert len(set(found) - expected) < 60


class Notifications(Lists):
    """Mastodon: mentions, one an hour, ids that tell no time."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.entries = [self.make(index + 1, NOON - timedelta(hours=number - 1 - index)) for index in range(number)]

    def answer(self, path: str, query: Mapping[str, list[str]]) -> Any:
        limit = int(query["limit"][0])
        if "min_id" in query:
            after = int(query["min_id"][0])
            return [entry for entry in self.entries if int(entry["id"]) > after][:limit][::-1]
        below = int(query.get("max_id", ["999999"])[0])
        return [entry for entry in self.entries if int(entry["id"]) < below][-limit:][::-1]

    def make(self, number: int, at: datetime) -> Any:
        """A mention of that time."""
        when = f"{at:%Y-%m-%dT%H:%M:%S.000Z}"
        kim = {
            "id": "77",
            "username": "kim",
            "acct": "kim@other.example",
            "display_name": "Kim",
            "url": "https://other.example/@kim",
            "uri": "https://other.example/users/kim",
        }
        status: dict[str, Any] = {
            "id": str(9000 + number),
            "uri": f"https://other.example/{number}",
            "url": f"https://other.example/@kim/{number}",
            "created_at": when,
            "edited_at": None,
            "in_reply_to_id": None,
            "in_reply_to_account_id": None,
            "visibility": "public",
            "sensitive": False,
            "spoiler_text": "",
            "language": "en",
            "content": f"<p>mention {number}</p>",
            "mentions": [],
            "media_attachments": [],
            "tags": [],
            "emojis": [],
            "reblog": None,
            "account": kim,
        }
        return {"id": str(number), "type": "mention", "created_at": when, "account": kim, "status": status}


def test_mastodon_looks_for_the_place_and_reads_on_from_there() -> None:
    hours = int((NOON - BEGAN) / timedelta(hours=1))
    found, _ = read("mastodon", Notifications(hours + 300), None)
    assert found == [f"mention {number}" for number in range(300, hours + 301)]
    young, _ = read("mastodon", Notifications(40), None)
    assert len(young) == 40, "an account younger than the moment asked for"
    empty, _ = read("mastodon", Notifications(0), None)
    assert empty == []


class Inbox(Lists):
    """Reddit: answers to comments, newest first, one in forty minutes; a listing ends after a thousand."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number

    def answer(self, path: str, query: Mapping[str, list[str]]) -> Any:
        start = int(query.get("after", ["_0"])[0].partition("_")[2])
        end = min(start + 100, self.number, 1000)
        children = [self._entry(index) for index in range(start, end)]
        after = f"t1_{end}" if end < min(self.number, 1000) else None
        return {"kind": "Listing", "data": {"children": children, "after": after}}

    def _entry(self, index: int) -> Any:
        at = (NOON - timedelta(minutes=40 * index)).astimezone(UTC).timestamp()
        data = {
            "name": f"t1_n{index}",
            "body": f"answer {index}",
            "author": "kim",
            "author_fullname": "t2_kim",
            "created_utc": at,
            "parent_id": "t1_p",
            "context": "/r/acme/comments/1abc/x/n/?context=3",
            "subject": "comment reply",
            "type": "comment_reply",
            "was_comment": True,
            "new": True,
        }
        return {"kind": "t1", "data": data}


def test_reddit_reads_down_to_the_moment_or_says_that_its_list_ends() -> None:
    weeks = int((NOON - BEGAN) / timedelta(minutes=40))
    found, counted = read("reddit", Inbox(900), Cursor(f"@{(NOON - timedelta(days=20)).isoformat()}"))
    assert len(found) == 20 * 36 + 1
    assert HISTORY_ENDS not in counted
    ended, counted = read("reddit", Inbox(weeks + 5), None)
    assert len(ended) == 1000
    assert counted[HISTORY_ENDS] == 1


def test_mastodon_takes_the_whole_first_hour_however_busy_it_was() -> None:
    busy = Notifications(0)
    busy.entries = [busy.make(number, NOON - timedelta(minutes=90 - number)) for number in range(1, 91)]
    subject = platform("mastodon")
    client: Any = registry.client(ConnectionKind.PLATFORM, "mastodon", subject.context(busy, {}, subject.sessions({})))
    first = client.poll(None)
    assert first.more
    found, _ = read("mastodon", busy, first.cursor)
    assert found == [f"mention {number}" for number in range(30, 91)]
