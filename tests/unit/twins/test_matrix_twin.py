"""The Matrix twin behaves as a homeserver does, and our connector gets along with it both ways."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from careloop.twins.base import Fault, TwinHttp
from careloop.twins.matrix import MatrixTwin
from careloop.twins.matrix_world import Refused
from careloop.twins.server import serve_twin
from chalicelib.adapters.http import UrllibHttp
from chalicelib.connectors.platforms.matrix.client import Client
from chalicelib.connectors.platforms.matrix.webhook import Receiver
from chalicelib.core.account import Account
from chalicelib.core.errors import (
    CredentialsError,
    NotAnswerableError,
    NotFoundError,
    OutcomeUnknownError,
    RateLimitedError,
    RecipientUnreachableError,
    RejectedError,
)
from chalicelib.core.events import InboundMessage, MessageDeleted, MessageEdited, ThreadInvitation, Visibility
from chalicelib.core.ids import AccountId, AccountKey, AuthorId, AuthorKey, MessageId, ThreadId, ThreadKey
from chalicelib.core.people import Author
from chalicelib.core.reply import OutboundReply
from chalicelib.core.webhook import VerifiedWebhook, WebhookRequest
from chalicelib.ports.platform import PlatformContext
from chalicelib.ports.receiver import ReceiverContext
from chalicelib.ports.services import Http, HttpRequest
from tests.contracts.cases import inbound_cases
from tests.contracts.platforms import KIND
from tests.fakes.clock import FrozenClock
from tests.fakes.sessions import MemorySessions

BASE = "https://matrix.example"
V3 = "/_matrix/client/v3"


class World:
    """A homeserver with Kim, our endpoint, and our connector's client of the brand."""

    def __init__(self, **options: Any) -> None:
        self.clock = FrozenClock()
        self.answers: list[tuple[int, bytes]] = []
        self.pushed: list[tuple[str, Any]] = []
        self.events: list[Any] = []
        self.twin = MatrixTwin(self.clock, deliver=self._deliver, **options)
        self.http = TwinHttp({BASE: self.twin})
        self.kim = self.twin.add_user("kim", "Kim")
        self.client = self.make_client(self.http, BASE)

    def _deliver(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
        answer = self.answers.pop(0) if self.answers else (200, b"{}")
        self.pushed.append((f"{method} {url.partition('/chat')[2]}", json.loads(body)))
        if answer == (200, b"{}") and method == "PUT":
            accounts = (AccountId(self.twin.brand),)
            receiver = Receiver(ReceiverContext(secrets={"hs_token": ("twin-hs-token",)}, accounts=accounts))
            request = WebhookRequest(
                method=method, url=url, headers=headers, query={}, body=body, received_at=self.clock.now()
            )
            receiver.verify(request)
            parsed = receiver.parse(VerifiedWebhook(request=request))
            assert parsed.malformed == ()
            self.events += parsed.events
        return answer

    def make_client(self, http: Http, base: str, token: str = "twin-as-token") -> Client:
        key = AccountKey(platform="matrix", account=AccountId(self.twin.brand))
        account = Account(key=key, title="Acme", helpdesk="zendesk", options={"base_url": base})
        context = PlatformContext(
            account=account,
            credentials={"as_token": token},
            http=http,
            clock=self.clock,
            sessions=MemorySessions(),
        )
        return Client(context)

    def call(self, method: str, path: str, data: Any = None, *, token: str = "twin-as-token", **query: str) -> Any:
        """(status, answer) of a raw call."""
        url = f"{BASE}{path}?{urlencode(query)}"
        body = None if data is None else json.dumps(data).encode()
        headers = {"authorization": f"Bearer {token}"} if token else {}
        answer = self.http.send(HttpRequest(method=method, url=url, headers=headers, body=body, idempotent=True))
        return answer.status, json.loads(answer.body)

    def chat(self) -> str:
        """A room in which Kim and the brand are."""
        room = self.twin.open_room(self.kim)
        self.client.join_thread(ThreadId(room))
        self.twin.flush()
        self.events.clear()
        return room

    def heard(self) -> list[str]:
        """Words of the messages that were pushed."""
        self.twin.flush()
        return [event.text for event in self.events if isinstance(event, InboundMessage)]

    def reply(self, room: str, to: str, text: str = "Sorry!", key: str = "zendesk:42|9001|1") -> OutboundReply:
        account = AccountKey(platform="matrix", account=AccountId(self.twin.brand))
        return OutboundReply(
            key=key,
            account=account,
            thread=ThreadKey(account=account, thread=ThreadId(room)),
            in_reply_to=MessageId(to),
            recipient=AuthorId(self.kim),
            text=text,
            visibility=Visibility.PRIVATE,
            began_at=self.clock.now(),
        )


@pytest.fixture
def world() -> World:
    return World()


# -- pushes ------------------------------------------------------------------------------------------------------------


def test_nothing_that_was_written_before_the_brand_joined_is_pushed(world: World) -> None:
    room = world.twin.open_room(world.kim)
    world.twin.send(world.kim, room, "is anybody there?")
    world.twin.flush()
    [invitation] = world.events
    assert isinstance(invitation, ThreadInvitation)
    assert invitation.thread.thread == room
    world.client.join_thread(ThreadId(room))
    world.twin.send(world.kim, room, "hello?")
    assert world.heard() == ["hello?"]
    listed = world.client.list_thread(ThreadId(room))
    assert [event.text for event in listed.events if isinstance(event, InboundMessage)] == [
        "is anybody there?",
        "hello?",
    ]


def test_a_transaction_comes_again_until_it_is_taken_and_holds_back_the_rest(world: World) -> None:
    room = world.chat()
    start = len(world.pushed)
    world.twin.send(world.kim, room, "first")
    world.answers = [(500, b""), (200, b""), (200, b"<html>"), (0, b"")]
    for _ in range(4):
        assert world.twin.flush() == 0
        world.twin.send(world.kim, room, "more")
    assert world.events == []
    assert world.heard() == ["first", "more", "more", "more", "more"]
    lines = [line for line, _ in world.pushed[start:]]
    assert len(set(lines[:5])) == 1, "the same transaction until it was taken"
    numbers = [int(line.rpartition("/")[2]) for line in lines]
    assert numbers == sorted(numbers)
    assert world.twin.pending == 0


def test_the_homeserver_waits_longer_after_each_failure(world: World) -> None:
    room = world.chat()
    world.twin.send(world.kim, room, "hello")
    world.answers = [(503, b"")] * 3
    attempts = []
    for second in range(16):
        before = len(world.pushed)
        world.twin.flush(patient=True)
        attempts += [second] * (len(world.pushed) - before)
        world.clock.advance(seconds=1)
    assert attempts == [0, 2, 6, 14]
    assert world.heard() == ["hello"]


def test_a_large_backlog_comes_in_transactions_of_a_hundred(world: World) -> None:
    room = world.chat()
    start = len(world.pushed)
    for number in range(250):
        world.twin.send(world.kim, room, f"{number}")
    assert world.heard() == [str(number) for number in range(250)]
    assert [len(body["events"]) for _, body in world.pushed[start:]] == [100, 100, 50]


def test_what_was_redacted_before_it_could_be_pushed_comes_empty(world: World) -> None:
    room = world.chat()
    world.answers = [(500, b"")]
    event = world.twin.send(world.kim, room, "my card number is 4111")
    world.twin.flush()
    world.twin.redact(world.kim, room, event)
    assert world.heard() == []
    assert {event.key.message for event in world.events if isinstance(event, MessageDeleted)} == {event}
    assert "4111" not in json.dumps(world.pushed[-2:])


def test_edits_deletions_and_the_brands_own_words_are_pushed(world: World) -> None:
    room = world.chat()
    event = world.twin.send(world.kim, room, "my numbr is 1")
    world.twin.edit(world.kim, room, event, "my number is 1")
    world.twin.native_send(room, "hello Kim")
    world.twin.flush()
    world.twin.redact(world.kim, room, event)
    world.twin.flush()
    message, edit, echo, removal = world.events
    assert isinstance(edit, MessageEdited)
    assert (edit.key.message, edit.text) == (event, "my number is 1")
    assert isinstance(echo, InboundMessage)
    assert (echo.is_echo, echo.delivery) == (True, None)
    assert isinstance(removal, MessageDeleted)
    assert (message.key.message, removal.key.message) == (event, event)


def test_after_the_brand_left_nothing_is_pushed_but_that(world: World) -> None:
    room = world.chat()
    start = len(world.pushed)
    world.twin.remove(world.kim, room)
    world.twin.send(world.kim, room, "they are gone")
    assert world.heard() == []
    [(_, body)] = world.pushed[start:]
    assert [event["content"]["membership"] for event in body["events"]] == ["leave"]


def test_a_ping_asks_whether_we_can_be_reached(world: World) -> None:
    path = "/_matrix/client/v1/appservice/careloop/ping"
    assert world.call("POST", path, {"transaction_id": "meow"}) == (200, {"duration_ms": 1})
    assert world.pushed[-1] == ("POST /_matrix/app/v1/ping", {"transaction_id": "meow"})
    world.answers = [(404, b"no"), (0, b"")]
    assert world.call("POST", path, {})[1]["errcode"] == "M_BAD_STATUS"
    assert world.call("POST", path, {})[1]["errcode"] == "M_CONNECTION_FAILED"


# -- the client API ----------------------------------------------------------------------------------------------------


def test_who_may_call_as_whom(world: World) -> None:
    path = f"{V3}/account/whoami"
    assert world.call("GET", path) == (200, {"user_id": "@acme:chat.example", "is_guest": False})
    assert world.call("GET", path, token="")[1]["errcode"] == "M_MISSING_TOKEN"
    assert world.call("GET", path, token="guess")[1]["errcode"] == "M_UNKNOWN_TOKEN"
    assert world.call("GET", path, user_id=world.kim)[1]["errcode"] == "M_FORBIDDEN"
    assert world.call("GET", "/_matrix/client/v1/nothing")[1]["errcode"] == "M_UNRECOGNIZED"


def send(world: World, room: str, transaction: str, text: str = "hello") -> tuple[int, Any]:
    path = f"{V3}/rooms/{quote(room, safe='')}/send/m.room.message/{transaction}"
    found: tuple[int, Any] = world.call("PUT", path, {"msgtype": "m.text", "body": text})
    return found


def test_the_same_transaction_id_sends_once_as_long_as_it_is_remembered(world: World) -> None:
    room = world.chat()
    _, first = send(world, room, "t1")
    assert send(world, room, "t1", "something else") == (200, first)
    assert send(world, room, "t2")[1] != first
    world.clock.advance(minutes=29)
    assert send(world, room, "t1")[1] == first
    world.clock.advance(minutes=1)
    assert send(world, room, "t1")[1] != first, "it is forgotten after half an hour"
    world.twin.restart()
    send(world, room, "t1")
    assert len(world.twin.messages(room, world.twin.brand)) == 4


def test_a_room_is_closed_to_those_who_are_not_in_it(world: World) -> None:
    room = world.twin.open_room(world.kim)
    quoted = quote(room, safe="")
    assert send(world, room, "t1")[1]["errcode"] == "M_FORBIDDEN"
    assert send(world, "!nowhere", "t1")[1]["errcode"] == "M_FORBIDDEN"
    assert world.call("GET", f"{V3}/rooms/{quoted}/messages", dir="b")[0] == 403
    assert world.call("GET", f"{V3}/joined_rooms")[1] == {"joined_rooms": []}
    assert world.call("POST", f"{V3}/rooms/{quoted}/join", {}) == (200, {"room_id": room})
    assert world.call("POST", f"{V3}/rooms/{quoted}/join", {}) == (200, {"room_id": room})
    assert world.call("GET", f"{V3}/joined_rooms")[1] == {"joined_rooms": [room]}
    assert world.call("POST", f"{V3}/rooms/{quoted}/leave", {})[0] == 200
    assert world.call("POST", f"{V3}/rooms/{quoted}/join", {})[1]["errcode"] == "M_FORBIDDEN"
    assert world.call("POST", f"{V3}/join/!nowhere", {})[0] == 404


def test_a_public_room_can_be_walked_into(world: World) -> None:
    room = world.twin.open_room(world.kim, public=True)
    assert world.call("POST", f"{V3}/join/{quote(room, safe='')}", {})[0] == 200
    world.twin.remove(world.kim, room, ban=True)
    assert world.call("POST", f"{V3}/join/{quote(room, safe='')}", {})[0] == 403


def test_reading_a_room_page_by_page_both_ways(world: World) -> None:
    room = world.chat()
    for number in range(5):
        world.twin.send(world.kim, room, f"{number}")
    path = f"{V3}/rooms/{quote(room, safe='')}/messages"

    def bodies(direction: str) -> list[str]:
        found, start = [], None
        while True:
            query = {"dir": direction, "limit": "2", **({"from": start} if start else {})}
            _, page = world.call("GET", path, **query)
            found += [event["content"]["body"] for event in page["chunk"] if "body" in event["content"]]
            if "end" not in page:
                return found
            start = page["end"]

    assert bodies("b") == ["4", "3", "2", "1", "0"]
    assert bodies("f") == ["0", "1", "2", "3", "4"]
    assert world.call("GET", path, dir="b", **{"from": "x"})[1]["errcode"] == "M_INVALID_PARAM"


def test_those_who_left_see_what_was_said_until_then(world: World) -> None:
    room = world.chat()
    world.twin.send(world.kim, room, "before")
    world.twin.remove(world.kim, room)
    world.twin.send(world.kim, room, "after")
    listed = world.client.list_thread(ThreadId(room)).events
    assert [event.text for event in listed if isinstance(event, InboundMessage)] == ["before"]


def test_only_the_author_or_the_creator_removes(world: World) -> None:
    room = world.chat()
    ours = world.twin.native_send(room, "ours")
    theirs = world.twin.send(world.kim, room, "theirs")
    path = f"{V3}/rooms/{quote(room, safe='')}/redact"
    assert world.call("PUT", f"{path}/{quote(theirs)}/t1", {})[1]["errcode"] == "M_FORBIDDEN"
    assert world.call("PUT", f"{path}/{quote(ours)}/t2", {"reason": "typo"})[0] == 200
    world.twin.redact(world.kim, room, theirs)
    assert [event["content"] for event in world.twin.messages(room)] == [{}, {}]
    with pytest.raises(KeyError):
        world.twin.redact("nobody", room, theirs)


def test_content_is_checked(world: World) -> None:
    room = world.chat()
    path = f"{BASE}{V3}/rooms/{quote(room, safe='')}/send/m.room.message/t"
    headers = {"authorization": "Bearer twin-as-token"}
    found = []
    for number, body in enumerate((b"{", b"[]", b'{"body":"\\ud800"}', b'{"body":"' + b"x" * 66_000 + b'"}')):
        request = HttpRequest(method="PUT", url=f"{path}{number}", headers=headers, body=body, idempotent=True)
        found.append(json.loads(world.http.send(request).body)["errcode"])
    assert found == ["M_NOT_JSON", "M_BAD_JSON", "M_BAD_JSON", "M_TOO_LARGE"]
    assert world.twin.messages(room) == []
    with pytest.raises(Refused):
        world.twin.send(world.kim, room, "x" * 66_000)


# -- the connector over the twin ---------------------------------------------------------------------------------------


def test_the_connector_answers_and_recognises_its_own_words(world: World) -> None:
    room = world.chat()
    event = world.twin.send(world.kim, room, "where is it?", thread=world.twin.send(world.kim, room, "hello"))
    receipt = world.client.send(world.reply(room, event))
    assert world.client.send(world.reply(room, event)).messages == receipt.messages
    world.twin.flush()
    echo = world.events[-1]
    assert (echo.is_echo, echo.key.message) == (True, receipt.messages[0])
    assert echo.delivery is not None
    [listed] = [event for event in world.client.list_thread(ThreadId(room)).events if event.key == echo.key]  # type: ignore[union-attr]
    assert isinstance(listed, InboundMessage)
    assert listed.delivery == echo.delivery
    assert [message["content"]["body"] for message in world.twin.messages(room, world.twin.brand)] == ["Sorry!"]
    assert world.client.probe() == "signed in as @acme:chat.example"
    author = Author(key=AuthorKey(platform="matrix", author=AuthorId(world.kim)))
    assert world.client.fetch_author(author).display_name == "Kim"


def test_the_connector_is_told_why_it_may_not_answer(world: World) -> None:
    room = world.chat()
    event = world.twin.send(world.kim, room, "hello")
    world.twin.mute(room)
    with pytest.raises(NotAnswerableError):
        world.client.send(world.reply(room, event))
    world.twin.mute(room, muted=False)
    with pytest.raises(RejectedError):
        world.client.send(world.reply(room, event, "x" * 66_000))
    world.twin.leave(world.kim, room)
    with pytest.raises(RecipientUnreachableError, match="leave"):
        world.client.send(world.reply(room, event))
    other = world.chat()
    event = world.twin.send(world.kim, other, "hello")
    world.twin.remove(world.kim, other)
    with pytest.raises(RecipientUnreachableError, match="not in the room"):
        world.client.send(world.reply(other, event))
    with pytest.raises(CredentialsError):
        world.make_client(world.http, BASE, "guess").probe()


def test_an_invitation_that_was_taken_back_is_gone(world: World) -> None:
    room = world.twin.open_room(world.kim)
    world.twin.remove(world.kim, room)
    with pytest.raises(NotFoundError):
        world.client.join_thread(ThreadId(room))
    world.twin.invite(world.kim, room)
    world.client.join_thread(ThreadId(room))
    assert world.twin.world.membership(room, world.twin.brand) == "join"


def test_a_limit_names_the_time_to_wait() -> None:
    world = World(burst=2, per_second=0.5)
    room = world.chat()
    event = world.twin.send(world.kim, room, "hello")
    for number in range(2):
        world.client.send(world.reply(room, event, key=f"reply {number}"))
    with pytest.raises(RateLimitedError) as caught:
        world.client.send(world.reply(room, event, key="one more"))
    assert caught.value.retry_after == 2.0
    world.clock.advance(seconds=2)
    world.client.send(world.reply(room, event, key="one more"))
    assert len(world.twin.messages(room, world.twin.brand)) == 3


def test_a_lost_answer_leads_to_one_message_even_after_a_restart(world: World) -> None:
    room = world.chat()
    event = world.twin.send(world.kim, room, "hello")
    reply = world.reply(room, event)
    assert world.client.find_sent(reply) is None
    world.twin.faults.append(Fault(pattern="PUT .*/send/", status=0, before=False))
    with pytest.raises(OutcomeUnknownError):
        world.client.send(reply)
    world.twin.restart()
    world.twin.native_send(room, "something else")
    found = world.client.find_sent(reply)
    assert found is not None
    assert world.twin.messages(room, world.twin.brand)[0]["event_id"] == found.messages[0]
    world.client.send(reply)
    assert len(world.twin.messages(room, world.twin.brand)) == 3, "without looking it would have been sent twice"


# -- shapes, states, transports ----------------------------------------------------------------------------------------


def paths(value: Any, path: str = "") -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from paths(item, f"{path}.{key}")
    elif isinstance(value, list):
        for item in value:
            yield from paths(item, f"{path}[]")
    else:
        yield path


def test_what_is_pushed_has_the_fields_that_were_captured(world: World) -> None:
    room = world.twin.open_room(world.kim)
    world.client.join_thread(ThreadId(room))
    event = world.twin.send(world.kim, room, "hello")
    world.twin.edit(world.kim, room, event, "hello!")
    world.twin.send(world.kim, room, "quoted", reply_to=event)
    world.twin.send(world.kim, room, "in a thread", thread=event)
    world.client.send(world.reply(room, event))
    world.twin.flush()
    gone = world.twin.send(world.kim, room, "x")
    world.twin.redact(world.kim, room, gone)
    world.twin.flush()
    served = {path for _, body in world.pushed for path in paths(body)}
    usual = ("invitation", "message", "edit", "removal", "echo-of-our-own-sending", "message-in-a-thread")
    for case in inbound_cases(KIND, "matrix"):
        if case.name in (*usual, "message-already-removed"):
            wanted = {path for path in paths(json.loads(case.body)) if "formatted" not in path and "reason" not in path}
            assert wanted - served == set(), case.name


def test_dump_and_load_restore_everything(world: World) -> None:
    room = world.chat()
    event = world.twin.send(world.kim, room, "hello")
    send(world, room, "t1")
    saved = json.loads(json.dumps(world.twin.dump()))
    other = MatrixTwin(world.clock, deliver=world._deliver)
    other.load(saved)
    assert other.dump() == saved
    world.twin, world.http = other, TwinHttp({BASE: other})
    assert send(world, room, "t1")[1]["event_id"] == other.messages(room)[-1]["event_id"]
    world.twin.edit(world.kim, room, event, "hello!")
    assert world.heard() == ["hello", "hello"]
    [shown] = other.snapshot()["rooms"]
    assert [(item["text"], item["edited"], item["brand"]) for item in shown["messages"]] == [
        ("hello!", True, False),
        ("hello", False, True),
    ]


def test_the_twin_serves_real_http(world: World) -> None:
    room = world.twin.open_room(world.kim)
    server = serve_twin(world.twin)
    try:
        client = world.make_client(UrllibHttp(), f"http://127.0.0.1:{server.server_port}")
        client.join_thread(ThreadId(room))
        event = world.twin.send(world.kim, room, "over the wire")
        assert client.send(world.reply(room, event)).messages
        assert len(client.list_thread(ThreadId(room)).events) == 2
    finally:
        server.shutdown()
        server.server_close()
