"""The Bluesky twin behaves as the network does, and our connector gets along with it over its HTTP protocol."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest

from careloop.twins.base import Fault, TwinHttp
from careloop.twins.bluesky import BlueskyTwin
from careloop.twins.bluesky_world import POSTS, Refused
from careloop.twins.server import serve_twin
from chalicelib.adapters.http import UrllibHttp
from chalicelib.connectors.platforms.bluesky.client import Client
from chalicelib.core.account import Account
from chalicelib.core.errors import (
    CredentialsError,
    NotAnswerableError,
    NotFoundError,
    RateLimitedError,
    RecipientUnreachableError,
    RejectedError,
    UnavailableError,
)
from chalicelib.core.events import InboundMessage, MessageEdited, Visibility
from chalicelib.core.ids import AccountId, AccountKey, AuthorId, MessageId, ThreadId, ThreadKey
from chalicelib.core.people import Author
from chalicelib.core.reply import OutboundReply
from chalicelib.ports.platform import PlatformContext
from chalicelib.ports.services import Http, HttpRequest
from tests.contracts.cases import exchange_cases
from tests.contracts.platforms import KIND
from tests.fakes.clock import FrozenClock
from tests.fakes.sessions import MemorySessions

PDS = "https://morel.us-east.host.bsky.network"
PASSWORD = "abcd-efgh-ijkl-mnop"


class World:
    """A twin with Kim, our connector's client of the brand, and anybody's raw calls."""

    def __init__(self, **options: Any) -> None:
        self.clock = FrozenClock()
        self.twin = BlueskyTwin(self.clock, **options)
        self.http = TwinHttp({PDS: self.twin, "https://bsky.social": self.twin})
        self.kim = self.twin.add_user("kim.example", "Kim")
        self.sessions = MemorySessions()
        self.client = self.make_client(self.http)
        self.headers: dict[str, str] = {}

    def make_client(self, http: Http, password: str = PASSWORD, **options: str) -> Client:
        key = AccountKey(platform="bluesky", account=AccountId(self.twin.brand))
        account = Account(key=key, title="Acme", helpdesk="zendesk", options=options)
        credentials = {"app_password": password}
        return Client(
            PlatformContext(
                account=account, credentials=credentials, http=http, clock=self.clock, sessions=self.sessions
            )
        )

    def call(self, method: str, name: str, data: Any = None, **query: Any) -> tuple[int, Any]:
        """A raw call; ``token`` in the query is sent as bearer."""
        token = query.pop("token", None)
        headers = {"authorization": f"Bearer {token}"} if token else {}
        url = f"{PDS}/xrpc/{name}?{urlencode(query, doseq=True)}"
        body = None if data is None else json.dumps(data).encode()
        answer = self.http.send(HttpRequest(method=method, url=url, headers=headers, body=body, idempotent=True))
        self.headers = dict(answer.headers)
        return answer.status, json.loads(answer.body)

    def log_in(self, password: str = PASSWORD) -> tuple[int, Any]:
        login = {"identifier": self.twin.brand, "password": password}
        return self.call("POST", "com.atproto.server.createSession", login)

    def token(self) -> str:
        return str(self.log_in()[1]["accessJwt"])

    def notifications(self, token: str, **query: Any) -> list[str]:
        status, page = self.call("GET", "app.bsky.notification.listNotifications", token=token, **query)
        assert status == 200
        return [f"{item['reason']} {item['record'].get('text', '')}" for item in page["notifications"]]

    def reply(
        self, to: str, text: str = "Sorry!", root: str | None = None, key: str = "zendesk:42|9001|1"
    ) -> OutboundReply:
        account = AccountKey(platform="bluesky", account=AccountId(self.twin.brand))
        return OutboundReply(
            key=key,
            account=account,
            thread=ThreadKey(account=account, thread=ThreadId(root or to)),
            in_reply_to=MessageId(to),
            recipient=AuthorId(self.kim),
            text=text,
            visibility=Visibility.PUBLIC,
            began_at=self.clock.now(),
        )


@pytest.fixture
def world() -> World:
    return World()


def texts(events: Sequence[Any]) -> list[str]:
    return [event.text for event in events if isinstance(event, InboundMessage | MessageEdited)]


# -- logins ------------------------------------------------------------------------------------------------------------


def test_logins_need_an_app_password_and_standing(world: World) -> None:
    assert world.log_in()[0] == 200
    assert world.log_in("guess") == (
        401,
        {"error": "AuthenticationRequired", "message": "Invalid identifier or password"},
    )
    world.twin.take_down()
    assert world.log_in()[1]["error"] == "AccountTakedown"


def test_access_tokens_live_two_hours_and_bad_ones_are_400(world: World) -> None:
    token = world.token()
    world.clock.advance(seconds=7199)
    assert world.call("GET", "com.atproto.server.getSession", token=token)[0] == 200
    world.clock.advance(seconds=1)
    assert world.call("GET", "com.atproto.server.getSession", token=token)[1]["error"] == "ExpiredToken"
    assert world.call("GET", "com.atproto.server.getSession", token="x")[1]["error"] == "InvalidToken"
    assert world.call("GET", "com.atproto.server.getSession")[0] == 401


def refresh(world: World, token: str) -> tuple[int, Any]:
    return world.call("POST", "com.atproto.server.refreshSession", token=token)


def test_refreshing_rotates_with_two_hours_of_grace(world: World) -> None:
    first = world.log_in()[1]["refreshJwt"]
    status, body = refresh(world, first)
    assert status == 200
    second = body["refreshJwt"]
    assert second != first
    assert refresh(world, first)[1]["refreshJwt"] == second, "within the grace the same successor"
    world.clock.advance(hours=2)
    assert refresh(world, first)[1]["error"] == "ExpiredToken"
    assert refresh(world, second)[0] == 200


def test_a_revoked_app_password_ends_refreshing_but_not_the_access_token(world: World) -> None:
    _, body = world.log_in()
    world.twin.revoke_app_password()
    assert world.call("GET", "com.atproto.server.getSession", token=body["accessJwt"])[0] == 200
    assert refresh(world, body["refreshJwt"])[1]["error"] == "ExpiredToken"
    assert world.log_in()[0] == 401
    assert world.log_in(world.twin.new_app_password())[0] == 200


# -- notifications -----------------------------------------------------------------------------------------------------


def test_who_is_notified_of_what(world: World) -> None:
    ours = world.twin.post(world.twin.brand, "Our new lamp")
    theirs = world.twin.post(world.kim, "nobody's business")
    world.twin.post(world.kim, "hello @acme.com", reply_to=ours, quote=ours)
    world.twin.post(world.kim, "look at this", quote=ours)
    world.twin.post(world.kim, "to nobody", reply_to=theirs)
    world.twin.like(world.kim, ours)
    world.twin.native_reply(ours, "our own")
    token = world.token()
    found = world.notifications(token)
    assert sorted(found) == ["like ", "mention hello @acme.com", "quote look at this"]
    assert world.notifications(token, reasons=["quote", "reply"]) == ["quote look at this"]


def test_replies_tell_the_authors_of_four_posts_above(world: World) -> None:
    post = world.twin.post(world.twin.brand, "ours")
    lee = world.twin.add_user("lee.example")
    for depth in range(1, 7):
        post = world.twin.post(lee, f"level {depth}", reply_to=post)
        world.clock.advance(seconds=1)
    assert world.notifications(world.token()) == [f"reply level {depth}" for depth in (4, 3, 2, 1)]


def test_a_reply_that_is_indexed_before_its_parent_notifies_its_author_never(world: World) -> None:
    asked = world.twin.mention(world.kim, "where is it?")
    world.twin.lag = 10
    answer = world.twin.native_reply(asked, "On its way")
    world.twin.lag = 0
    world.twin.post(world.kim, "Thanks!", reply_to=answer)
    token = world.token()
    world.clock.advance(seconds=60)
    assert world.notifications(token) == ["mention @acme.com where is it?"]
    seen = world.client.list_thread(ThreadId(asked))
    assert sorted(texts(seen.events)) == ["@acme.com where is it?", "On its way", "Thanks!"]


def test_the_index_lags_behind_the_repository() -> None:
    world = World(lag=30)
    uri = world.twin.mention(world.kim, "hello")
    token = world.token()
    rkey = uri.rpartition("/")[2]
    record = {"repo": world.kim, "collection": POSTS, "rkey": rkey, "token": token}
    assert world.call("GET", "com.atproto.repo.getRecord", **record)[0] == 200
    assert world.call("GET", "app.bsky.feed.getPosts", uris=[uri], token=token)[1]["posts"] == []
    world.clock.advance(seconds=30)
    assert world.notifications(token) == ["mention @acme.com hello"]


def test_pages_end_at_a_time_so_that_equal_times_beyond_them_are_left_out(world: World) -> None:
    for number in range(3):
        world.twin.mention(world.kim, f"number {number}")
    world.clock.advance(seconds=1)
    world.twin.mention(world.kim, "the newest")
    token = world.token()
    _, first = world.call("GET", "app.bsky.notification.listNotifications", token=token, limit=2)
    assert len(first["notifications"]) == 2
    assert world.notifications(token, limit=2, cursor=first["cursor"]) == []
    assert len(world.notifications(token)) == 4
    assert world.call("GET", "app.bsky.notification.listNotifications", token=token, cursor="x")[0] == 400


def test_a_claimed_time_sorts_low_and_deleted_posts_vanish(world: World) -> None:
    old = world.twin.post(world.kim, "@acme.com from the past", claims=world.clock.now() - timedelta(days=400))
    world.clock.advance(seconds=1)
    world.twin.mention(world.kim, "now")
    token = world.token()
    assert world.notifications(token) == ["mention @acme.com now", "mention @acme.com from the past"]
    world.twin.delete(world.kim, old)
    assert world.notifications(token) == ["mention @acme.com now"]


def test_blocks_and_closed_threads_hide_and_silence(world: World) -> None:
    ours = world.twin.post(world.twin.brand, "Our new lamp")
    world.twin.close_thread(world.twin.brand, ours)
    uri = world.twin.post(world.kim, "let me in", reply_to=ours)
    token = world.token()
    assert world.notifications(token) == []
    assert world.client.list_thread(ThreadId(ours)).events[-1].key.message == ours  # type: ignore[union-attr]
    _, posts = world.call("GET", "app.bsky.feed.getPosts", uris=[uri], token=token)
    assert posts["posts"][0]["viewer"]["replyDisabled"] is True
    named = world.twin.mention(world.kim, "seen")
    block = world.twin.block(world.kim, world.twin.brand)
    assert world.notifications(token) == []
    assert world.call("GET", "app.bsky.feed.getPosts", uris=[named], token=token)[1]["posts"] == []
    world.twin.unblock(block)
    assert world.notifications(token) == ["mention @acme.com seen"]


# -- repositories ------------------------------------------------------------------------------------------------------


def put(world: World, token: str, method: str = "putRecord", **changes: Any) -> tuple[int, Any]:
    record = {"$type": POSTS, "text": "hello", "createdAt": "2026-11-20T12:00:00.000Z"}
    data = {"repo": world.twin.brand, "collection": POSTS, "rkey": "3n2qjxvcsmfah", "record": record, **changes}
    return world.call("POST", f"com.atproto.repo.{method}", data, token=token)


def test_the_same_record_under_the_same_key_is_one_record(world: World) -> None:
    token = world.token()
    status, first = put(world, token)
    assert (status, "commit" in first) == (200, True)
    status, again = put(world, token)
    assert (again["uri"], again["cid"], "commit" in again) == (first["uri"], first["cid"], False)
    assert len(world.twin.posts()) == 1
    assert put(world, token, "createRecord")[0] == 500
    other = {"$type": POSTS, "text": "changed", "createdAt": "2026-11-20T12:00:00.000Z"}
    assert put(world, token, record=other, swapRecord="bafyother")[1]["error"] == "InvalidSwap"
    assert put(world, token, record=other)[1]["cid"] != first["cid"]
    assert len(world.twin.posts()) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"rkey": "invented"},
        {"record": {"$type": POSTS, "text": "x" * 301, "createdAt": "2026-11-20T12:00:00Z"}},
        {"record": {"$type": POSTS, "text": "👩‍👩‍👧" * 200, "createdAt": "2026-11-20T12:00:00Z"}},
        {"record": {"$type": POSTS, "text": "x", "createdAt": "yesterday"}},
        {"record": {"$type": "app.bsky.feed.like", "text": "x"}},
        {"record": {"$type": POSTS, "createdAt": "2026-11-20T12:00:00Z"}},
        {"repo": 7},
    ],
)
def test_records_are_checked(world: World, changes: dict[str, Any]) -> None:
    status, body = put(world, world.token(), **changes)
    assert (status, body["error"]) == (400, "InvalidRequest")
    assert world.twin.posts() == []


def test_nobody_writes_in_another_repository(world: World) -> None:
    assert put(world, world.token(), repo=world.kim)[0] == 401


def test_people_cannot_write_more_than_the_lexicon_allows(world: World) -> None:
    with pytest.raises(Refused):
        world.twin.post(world.kim, "x" * 301)


def test_limits_are_told_in_headers() -> None:
    world = World(limits={"repo-write-hour": 5, "login": 3})
    token = world.token()
    assert put(world, token)[0] == 200
    assert (world.headers["ratelimit-remaining"], world.headers["ratelimit-policy"]) == ("3", "5;w=3600")
    assert put(world, token)[0] == 200
    status, body = put(world, token)
    assert (status, body["error"]) == (429, "RateLimitExceeded")
    assert int(world.headers["ratelimit-reset"]) == int(world.clock.now().timestamp()) + 3600
    world.clock.advance(hours=1)
    assert put(world, token)[0] == 200
    assert [world.log_in()[0] for _ in range(4)] == [200, 200, 200, 429]


def test_the_app_view_may_be_away_while_the_repository_is_not(world: World) -> None:
    token = world.token()
    world.twin.app_view_away = True
    assert world.call("GET", "app.bsky.notification.listNotifications", token=token)[0] == 502
    assert put(world, token)[0] == 200


# -- the connector over the twin ---------------------------------------------------------------------------------------


def test_the_connector_polls_answers_and_finds(world: World) -> None:
    uri = world.twin.mention(world.kim, "where is my parcel? https://shop.example/orders/1")
    polled = world.client.poll(None)
    [event] = polled.parsed.events
    assert isinstance(event, InboundMessage)
    assert event.key.message == uri
    assert event.author is not None
    assert event.author.display_name == "Kim"
    reply = world.reply(uri, "Sorry @kim.example, see https://shop.example/help")
    assert world.client.find_sent(reply) is None
    receipt = world.client.send(reply)
    assert world.client.send(reply).messages == receipt.messages
    found = world.client.find_sent(reply)
    assert found is not None
    assert found.messages == receipt.messages
    [post] = world.twin.posts()
    assert post["value"]["reply"]["parent"]["uri"] == uri
    assert len(post["value"]["facets"]) == 2
    assert world.client.poll(polled.cursor).parsed.events == ()
    thread = world.client.list_thread(ThreadId(uri)).events
    assert [event.is_echo for event in thread if isinstance(event, InboundMessage)] == [False, True]
    assert world.client.probe() == "signed in as acme.com; notifications can be read"


def test_the_connector_sees_edits_and_renamed_people(world: World) -> None:
    uri = world.twin.mention(world.kim, "my numbr is 1")
    cursor = world.client.poll(None).cursor
    world.clock.advance(seconds=60)
    world.twin.edit(world.kim, uri, "@acme.com my number is 1")
    [event] = world.client.poll(cursor).parsed.events
    assert isinstance(event, MessageEdited)
    assert event.text == "@acme.com my number is 1"
    world.twin.rename(world.kim, "kim.example.org")
    assert event.author is not None
    assert world.client.fetch_author(Author(key=event.author.key)).handle == "kim.example.org"


def test_the_connector_reads_many_pages(world: World) -> None:
    cursor = world.client.poll(None).cursor
    for number in range(130):
        world.clock.advance(seconds=1)
        world.twin.mention(world.kim, f"number {number}")
    polled = world.client.poll(cursor)
    assert texts(polled.parsed.events) == [f"@acme.com number {number}" for number in range(130)]


def test_the_connector_renews_its_session_and_rests_after_a_refusal(world: World) -> None:
    world.client.probe()
    world.twin.expire_tokens()
    world.client.probe()
    assert [call for call in world.twin.calls if "refresh" in call] == ["POST /xrpc/com.atproto.server.refreshSession"]
    world.twin.revoke_app_password()
    world.twin.expire_tokens()
    for _ in range(3):
        with pytest.raises(CredentialsError):
            world.client.probe()
    assert len([call for call in world.twin.calls if "createSession" in call]) == 2, "the refused login is not repeated"


def test_the_connector_is_told_why_it_may_not_answer(world: World) -> None:
    uri = world.twin.mention(world.kim, "hello")
    world.twin.close_thread(world.kim, uri)
    with pytest.raises(NotAnswerableError):
        world.client.send(world.reply(uri))
    world.twin.close_thread(world.kim, uri, but_for_mentioned=True)
    assert world.client.send(world.reply(uri)).messages
    world.twin.block(world.kim, world.twin.brand)
    with pytest.raises(RecipientUnreachableError):
        world.client.send(world.reply(uri, key="another"))
    with pytest.raises(NotFoundError):
        world.client.list_thread(ThreadId(uri))


def test_the_connector_is_told_that_a_post_is_gone(world: World) -> None:
    uri = world.twin.mention(world.kim, "hello")
    world.twin.delete(world.kim, uri)
    with pytest.raises(NotFoundError):
        world.client.send(world.reply(uri))
    with pytest.raises(NotFoundError):
        world.client.list_thread(ThreadId(uri))


def test_a_lost_answer_to_a_reply_leads_to_one_post(world: World) -> None:
    uri = world.twin.mention(world.kim, "hello")
    world.client.probe()
    world.twin.faults.append(Fault(pattern="putRecord", status=0, before=False))
    with pytest.raises(UnavailableError):
        world.client.send(world.reply(uri))
    assert world.client.find_sent(world.reply(uri)) is not None
    world.client.send(world.reply(uri))
    assert len(world.twin.posts()) == 1


def test_the_connector_keeps_to_limits_and_lengths() -> None:
    world = World(limits={"repo-write-hour": 2})
    uri = world.twin.mention(world.kim, "hello")
    with pytest.raises(RejectedError):
        world.client.send(world.reply(uri, "x" * 301))
    with pytest.raises(RateLimitedError) as caught:
        world.client.send(world.reply(uri))
    assert caught.value.retry_after == 3600


# -- shapes, states, transports ----------------------------------------------------------------------------------------


def paths(value: Any, path: str = "") -> Iterator[str]:
    """Where leaves stand, whatever their number."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from paths(item, f"{path}.{key}")
    elif isinstance(value, list):
        for item in value:
            yield from paths(item, f"{path}[]")
    else:
        yield path


def captured(call: str, place: str) -> set[str]:
    """Leaves of all answers to `call` below `place` in the cases that were captured."""
    found: set[str] = set()
    for case in [*exchange_cases(KIND, "bluesky", "calls"), *exchange_cases(KIND, "bluesky", "outbound")]:
        for step in case.data.get("exchange", []):
            answer = step["response"].get("json")
            if call in step["request"]["url"] and step["response"].get("status") == 200 and place in (answer or {}):
                found |= set(paths({place: answer[place]}))
    return found


STRANGE = (
    "label",
    "embed",
    "record.",
    "Disabled",
    "starterPack",
    "blocking",
    "notFound",
    "blocked",
    "thread.uri",
    "thread.author",
)
"""What some people's posts carry and others' do not."""


def usual(found: set[str]) -> set[str]:
    flat = {path.replace(".replies[]", "") for path in found}
    return {path for path in flat if not any(word in path for word in STRANGE)}


def test_what_is_served_has_the_fields_that_were_captured(world: World) -> None:
    first = world.twin.mention(world.kim, "hello")
    answer = world.twin.native_reply(first, "yes?")
    world.clock.advance(seconds=1)
    world.twin.post(world.kim, "still here", reply_to=answer)
    token = world.token()
    _, page = world.call("GET", "app.bsky.notification.listNotifications", token=token)
    assert usual(captured("listNotifications", "notifications")) <= set(paths(page))
    _, posts = world.call("GET", "app.bsky.feed.getPosts", uris=[first, answer], token=token)
    assert usual(captured("getPosts", "posts")) <= set(paths(posts))
    _, thread = world.call("GET", "app.bsky.feed.getPostThread", uri=first, token=token)
    assert usual(captured("getPostThread", "thread")) <= usual(set(paths(thread)))
    _, record = world.call(
        "GET", "com.atproto.repo.getRecord", repo=world.twin.brand, collection=POSTS, rkey=answer[-13:], token=token
    )
    assert captured("getRecord", "uri") <= set(paths(record))
    login = set(paths(world.log_in()[1]))
    assert captured("createSession", "accessJwt") | captured("createSession", "did") <= login


def test_dump_and_load_restore_everything(world: World) -> None:
    uri = world.twin.mention(world.kim, "hello")
    world.client.poll(None)
    world.twin.lag = 5
    world.twin.native_reply(uri, "waiting to be indexed")
    saved = json.loads(json.dumps(world.twin.dump()))
    other = BlueskyTwin(world.clock)
    other.load(saved)
    assert other.dump() == saved
    world.http = TwinHttp({PDS: other, "https://bsky.social": other})
    world.clock.advance(seconds=5)
    assert sorted(texts(world.make_client(world.http).list_thread(ThreadId(uri)).events)) == [
        "@acme.com hello",
        "waiting to be indexed",
    ]
    [thread] = other.snapshot()["threads"]
    assert [post["text"] for post in thread["posts"]] == ["@acme.com hello", "waiting to be indexed"]


def test_the_twin_serves_real_http(world: World) -> None:
    server = serve_twin(world.twin)
    try:
        world.sessions = MemorySessions()
        client = world.make_client(UrllibHttp(), base_url=f"http://127.0.0.1:{server.server_port}")
        uri = world.twin.mention(world.kim, "over the wire")
        assert texts(client.poll(None).parsed.events) == ["@acme.com over the wire"]
        assert client.send(world.reply(uri)).messages
    finally:
        server.shutdown()
        server.server_close()
    assert [post["value"]["text"] for post in world.twin.posts()] == ["Sorry!"]
