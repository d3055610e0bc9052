"""What is special to Bluesky: keys of replies, facets, the shared session, and polling a list that has no "since"."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.connectors.platforms.bluesky.client import Client
from chalicelib.connectors.platforms.bluesky.outbound import record_key
from chalicelib.connectors.platforms.bluesky.richtext import expanded_text, facets_for
from chalicelib.connectors.platforms.bluesky.webhook import Receiver
from chalicelib.connectors.toolkit.payload import Reader
from chalicelib.core.account import Account
from chalicelib.core.errors import ConfigurationError, ConflictError
from chalicelib.core.events import InboundMessage, MessageEdited, Parsed, PlatformEvent, Visibility, account_of
from chalicelib.core.ids import AccountId, AccountKey, AuthorId, AuthorKey, Cursor, MessageId, ThreadId, ThreadKey
from chalicelib.core.people import Author
from chalicelib.core.reply import OutboundReply
from chalicelib.core.webhook import VerifiedWebhook, WebhookRequest
from chalicelib.ports.platform import PlatformContext
from chalicelib.ports.receiver import ReceiverContext
from chalicelib.ports.services import Http, HttpRequest, HttpResponse, Session
from tests.fakes.clock import NOON, FrozenClock
from tests.fakes.http import ScriptedHttp, answer
from tests.fakes.sessions import MemorySessions

ACME = AccountKey(platform="bluesky", account=AccountId("did:plc:acme"))
PDS = "https://morel.us-east.host.bsky.network"
SESSION = {"access": "access-1", "refresh": "refresh-1", "pds": PDS}
NAME = "bluesky|did:plc:acme"


def client(http: Http, sessions: MemorySessions | None = None, clock: FrozenClock | None = None) -> Client:
    return Client(
        PlatformContext(
            account=Account(key=ACME, title="Acme", helpdesk="zendesk"),
            credentials={"app_password": "abcd-efgh-ijkl-mnop"},
            http=http,
            clock=clock or FrozenClock(),
            sessions=sessions or MemorySessions({NAME: SESSION}),
        )
    )


def reply(key: str = "zendesk:42|9001|1", began_at: datetime = NOON) -> OutboundReply:
    return OutboundReply(
        key=key,
        account=ACME,
        thread=ThreadKey(account=ACME, thread=ThreadId("at://did:plc:kim/app.bsky.feed.post/3kw1")),
        in_reply_to=MessageId("at://did:plc:kim/app.bsky.feed.post/3kw1"),
        recipient=AuthorId("did:plc:kim"),
        text="Sorry",
        visibility=Visibility.PUBLIC,
        began_at=began_at,
    )


def parse(data: Any, *accounts: AccountId) -> Parsed[PlatformEvent]:
    body = json.dumps(data).encode()
    request = WebhookRequest(method="POST", url="", headers={}, query={}, body=body, received_at=NOON)
    return Receiver(ReceiverContext(accounts=accounts)).parse(VerifiedWebhook(request=request))


def test_payloads_in_files_may_belong_to_nobody_known_but_not_to_one_of_several() -> None:
    page = {"notifications": [Notifications.entry(1, NOON, NOON)]}
    assert account_of(parse(page).events[0]).account == "unnamed"
    assert account_of(parse(page, ACME.account).events[0]) == ACME
    with pytest.raises(ConfigurationError):
        parse(page, ACME.account, AccountId("did:plc:other"))


def test_while_nobody_knows_who_we_are_everything_counts_as_said_to_us() -> None:
    entry = Notifications.entry(1, NOON, NOON)
    thread = {"thread": {"$type": "app.bsky.feed.defs#threadViewPost", "post": entry}}
    commit = {
        "collection": "app.bsky.feed.post",
        "operation": "create",
        "rkey": "3kx",
        "cid": "c",
        "record": entry["record"],
    }
    frame = {"did": "did:plc:kim", "time_us": 1795176000000000, "kind": "commit", "commit": commit}
    for data in (thread, frame):
        assert len(parse(data).events) == 1
        assert parse(data, ACME.account).ignored == {"not said to us": 1}


# -- keys --------------------------------------------------------------------------------------------------------------


@given(st.text(max_size=60), st.integers(1_600_000_000, 7_000_000_000), st.integers(0, 999_999))
def test_a_record_key_is_a_tid_of_its_second(key: str, seconds: int, below: int) -> None:
    began_at = datetime.fromtimestamp(seconds, UTC) + timedelta(microseconds=below)
    found = record_key(reply(key, began_at))
    assert re.fullmatch("[234567abcdefghij][234567abcdefghijklmnopqrstuvwxyz]{12}", found)
    number = 0
    for digit in found:
        number = number * 32 + "234567abcdefghijklmnopqrstuvwxyz".index(digit)
    assert (number >> 10) // 1_000_000 == seconds


def test_record_keys_differ_by_delivery_and_are_stable() -> None:
    keys = {record_key(reply(f"zendesk:42|{number}|1")) for number in range(3000)}
    assert len(keys) == 3000
    assert record_key(reply()) == record_key(replace(reply(), text="other", began_at=NOON + timedelta(microseconds=9)))
    assert record_key(reply()) < record_key(reply(began_at=NOON + timedelta(seconds=2)))


# -- facets ------------------------------------------------------------------------------------------------------------

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 60) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["index", "features"]), inner),
    max_leaves=8,
)
_FACET = st.fixed_dictionaries(
    {
        "index": st.fixed_dictionaries({"byteStart": st.integers(-2, 40), "byteEnd": st.integers(-2, 40)}),
        "features": st.just([{"$type": "app.bsky.richtext.facet#link", "uri": "https://x.example/"}]),
    }
)


@given(st.text(alphabet="ab 📦é.\n", max_size=20), st.lists(_FACET | _JSON, max_size=4))
def test_no_facets_lose_a_word(text: str, facets: list[Any]) -> None:
    found = expanded_text(Reader({"text": text, "facets": facets}, "record"))
    rest = iter(found)
    assert all(character in rest for character in text), "the text's characters, in order"


@given(
    st.lists(
        st.sampled_from(["📦", "é", "@kim.example", "https://acme.com/x", "#tag", "word", "@a_b.example"]), max_size=8
    )
)
def test_facets_cut_the_bytes_that_they_mean(words: list[str]) -> None:
    text = " ".join(words)
    for facet in facets_for(text, lambda handle: f"did:plc:{handle}"):
        span = text.encode()[facet["index"]["byteStart"] : facet["index"]["byteEnd"]].decode()
        feature = facet["features"][0]
        kind = feature["$type"].rpartition("#")[2]
        assert (kind, span) in {("mention", "@kim.example"), ("link", "https://acme.com/x"), ("tag", "#tag")}
        assert feature.get("did", "did:plc:kim.example") == "did:plc:kim.example"


# -- the session -------------------------------------------------------------------------------------------------------


class Raced(MemorySessions):
    """Another worker saves its session just before ours."""

    def __init__(self, values: dict[str, dict[str, str]], winner: dict[str, str]) -> None:
        super().__init__(values)
        self._winner: dict[str, str] | None = winner

    def save_session(self, name: str, session: Session, *, expected_version: int | None) -> Session:
        if self._winner is not None:
            winner, self._winner = self._winner, None
            super().save_session(name, Session(values=winner), expected_version=expected_version)
        return super().save_session(name, session, expected_version=expected_version)


def _session_call(token: str, status: int = 200, data: Any = None) -> dict[str, Any]:
    request = {
        "method": "GET",
        "url": f"{PDS}/xrpc/app.bsky.actor.getProfile",
        "query": {"actor": "did:plc:kim"},
        "headers": {"authorization": f"Bearer {token}"},
    }
    return {"request": request, "response": {"status": status, "json": data or {"did": "did:plc:kim"}}}


_EXPIRED = {"error": "ExpiredToken", "message": "Token has expired"}
_TOKENS = {"did": "did:plc:acme", "handle": "acme.com", "accessJwt": "access-2", "refreshJwt": "refresh-2"}


def _refresh() -> dict[str, Any]:
    url = f"{PDS}/xrpc/com.atproto.server.refreshSession"
    request = {"method": "POST", "url": url, "headers": {"authorization": "Bearer refresh-1"}}
    return {"request": request, "response": {"json": _TOKENS}}


def _fetch(of: Client) -> None:
    of.fetch_author(Author(key=AuthorKey(platform="bluesky", author=AuthorId("did:plc:kim"))))


def test_who_loses_the_race_to_renew_uses_the_winners_session() -> None:
    winner = {"access": "access-w", "refresh": "refresh-w", "pds": PDS}
    sessions = Raced({NAME: SESSION}, winner)
    http = ScriptedHttp([_session_call("access-1", 400, _EXPIRED), _refresh(), _session_call("access-w")])
    _fetch(client(http, sessions))
    http.done()
    assert sessions.sessions[NAME].values == winner


def test_a_session_that_another_worker_renewed_meanwhile_is_taken_without_asking() -> None:
    sessions = MemorySessions({NAME: SESSION})

    class Renewing(ScriptedHttp):
        def send(self, request: HttpRequest) -> HttpResponse:
            if not self.requests:
                sessions.save_session(NAME, Session(values={**SESSION, "access": "access-w"}), expected_version=1)
            return super().send(request)

    http = Renewing([_session_call("access-1", 400, _EXPIRED), _session_call("access-w")])
    _fetch(client(http, sessions))
    http.done()


def test_a_renewed_session_is_kept_for_the_others() -> None:
    sessions = MemorySessions({NAME: SESSION})
    http = ScriptedHttp([_session_call("access-1", 400, _EXPIRED), _refresh(), _session_call("access-2")])
    _fetch(client(http, sessions))
    saved = sessions.sessions[NAME]
    assert saved.version == 2
    assert saved.values == {"access": "access-2", "refresh": "refresh-2", "pds": PDS}


def test_two_refused_logins_at_once_are_a_conflict_no_loop() -> None:
    refused = {"refused_at": NOON.isoformat(), "refused": "x"}
    sessions = Raced({NAME: SESSION}, refused)
    http = ScriptedHttp([_session_call("access-1", 400, _EXPIRED), _refresh()])
    with pytest.raises(ConflictError):
        _fetch(client(http, sessions))


def test_without_a_password_it_is_a_matter_of_configuration() -> None:
    context = PlatformContext(
        account=Account(key=ACME, title="Acme", helpdesk="zendesk"),
        credentials={},
        http=ScriptedHttp([]),
        clock=FrozenClock(),
        sessions=MemorySessions(),
    )
    with pytest.raises(ConfigurationError):
        Client(context).probe()


# -- polling -----------------------------------------------------------------------------------------------------------


class Notifications:
    """An app view's list: newest first by the earlier time, pages backwards by time, no "since"."""

    def __init__(self) -> None:
        self.entries: list[dict[str, Any]] = []
        self.calls = 0

    def add(self, number: int, claimed: datetime, indexed: datetime | None = None) -> None:
        indexed = indexed or claimed
        self.remove(number)
        self.entries.append(self.entry(number, claimed, indexed))

    @staticmethod
    def entry(number: int, claimed: datetime, indexed: datetime) -> dict[str, Any]:
        return {
            "uri": f"at://did:plc:kim/app.bsky.feed.post/n{number}",
            "cid": f"c{number}",
            "reason": "mention",
            "author": {"did": "did:plc:kim", "handle": "kim.example"},
            "record": {"$type": "app.bsky.feed.post", "text": f"number {number}", "createdAt": claimed.isoformat()},
            "indexedAt": indexed.isoformat(),
        }

    def remove(self, number: int) -> None:
        uri = f"at://did:plc:kim/app.bsky.feed.post/n{number}"
        self.entries = [entry for entry in self.entries if entry["uri"] != uri]

    def send(self, request: HttpRequest) -> HttpResponse:
        self.calls += 1
        query = parse_qs(urlsplit(request.url).query)
        assert query["reasons"] == ["mention", "reply", "quote"]
        ordered = sorted(self.entries, key=self._sort, reverse=True)
        below = query.get("cursor", ["9999"])[0]
        page = [entry for entry in ordered if self._sort(entry) < below][: int(query["limit"][0])]
        return answer(200, {"notifications": page, **({"cursor": self._sort(page[-1])} if page else {})})

    @staticmethod
    def _sort(entry: dict[str, Any]) -> str:
        earlier: str = min(entry["indexedAt"], entry["record"]["createdAt"])
        return earlier


def _numbers(events: tuple[Any, ...]) -> list[int]:
    return [int(event.key.message.rpartition("/n")[2]) for event in events]


def _poll_all(of: Client, cursor: Cursor | None) -> tuple[list[Any], Cursor]:
    events: list[Any] = []
    for _ in range(50):
        polled = of.poll(cursor)
        events += polled.parsed.events
        cursor = polled.cursor
        if not polled.more:
            return events, cursor
    raise AssertionError("polling does not end")


def test_a_long_absence_is_made_up_in_several_polls_oldest_of_each_first() -> None:
    server, clock = Notifications(), FrozenClock()
    server.add(0, NOON)
    _, cursor = _poll_all(client(server, clock=clock), None)
    for number in range(1, 1203):
        server.add(number, NOON + timedelta(seconds=number))
    clock.advance(hours=1)
    first = client(server, clock=clock).poll(cursor)
    assert first.more
    assert _numbers(first.parsed.events) == list(range(703, 1203))
    rest, cursor = _poll_all(client(server, clock=clock), first.cursor)
    assert sorted(_numbers(tuple(rest))) == list(range(1, 703))
    assert len(cursor) < 60_000
    assert _poll_all(client(server, clock=clock), cursor)[0] == []


_STEPS = st.lists(
    st.lists(
        st.tuples(
            st.sampled_from(["post", "late", "old claim", "delete", "edit"]), st.integers(0, 40), st.integers(0, 50)
        ),
        max_size=6,
    ),
    min_size=1,
    max_size=6,
)


@settings(max_examples=40)
@given(_STEPS)
def test_each_message_comes_once_and_each_edit_is_told(steps: list[list[tuple[str, int, int]]]) -> None:
    """Whatever is posted, comes late to the index (within the overlap), claims an old time (within what one page holds),
    is deleted or edited."""
    server, clock, seen, serial = Notifications(), FrozenClock(), [], 1000
    for number in range(101):
        server.add(number + 200, NOON - timedelta(days=2, minutes=number))
    _, cursor = _poll_all(client(server, clock=clock), None)
    expected: list[int] = []
    edits: list[str] = []
    versions: dict[int, str] = {}
    for step in steps:
        clock.advance(minutes=5)
        now, touched = clock.now(), set()
        for kind, target, back in step:
            serial += 1
            moment = now - timedelta(microseconds=serial)
            if kind in ("post", "late", "old claim"):
                off = {"post": timedelta(), "late": timedelta(minutes=back), "old claim": timedelta(minutes=50 * back)}
                server.add(serial, moment - off[kind], moment)
                expected.append(serial)
                versions[serial] = "c"
                touched.add(serial)
            elif expected:
                number = expected[target % len(expected)]
                if number in touched or number not in versions:
                    continue
                touched.add(number)
                if kind == "delete":
                    server.remove(number)
                    del versions[number]
                else:
                    old = next(entry for entry in server.entries if entry["uri"].endswith(f"/n{number}"))
                    old["cid"] = f"edited{serial}"
                    edits.append(old["cid"])
        found, cursor = _poll_all(client(server, clock=clock), cursor)
        seen += found
    messages = [event for event in seen if isinstance(event, InboundMessage)]
    assert sorted(_numbers(tuple(messages))) == sorted(expected)
    assert sorted(event.version for event in seen if isinstance(event, MessageEdited)) == sorted(edits)


def test_a_cursor_is_plain_text_and_a_broken_one_reads_a_day_again() -> None:
    server, clock = Notifications(), FrozenClock()
    server.add(1, NOON - timedelta(hours=20))
    polled = client(server, clock=clock).poll(None)
    assert polled.parsed.events == ()
    assert json.loads(polled.cursor)["known"]
    again = client(server, clock=clock).poll(Cursor("not json"))
    assert _numbers(again.parsed.events) == [1]
