"""The Meta twin by itself: what goes over the wire, what it refuses and how, its patience, and that it can be kept."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest

from careloop.twins.base import TwinRequest, TwinResponse
from careloop.twins.meta import APP_ID, INBOX_APP_ID, PAGE_ID, MetaTwin, Refused
from careloop.twins.meta_errors import GraphError
from careloop.twins.meta_hooks import ALL_FIELDS, MESSAGING, wire
from tests.fakes.clock import FrozenClock

SECRET = "twin-meta-app-secret"
CALLBACK = "https://care.example.com/webhooks/platform/facebook/acme-meta"
V = "/v26.0"


class Callback:
    """A webhook address: answers the handshake, then with ``status``; keeps what came."""

    def __init__(self) -> None:
        self.status = 200
        self.token = "handshake"
        self.came: list[tuple[str, str, dict[str, str], bytes]] = []

    def __call__(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
        self.came.append((method, url, dict(headers), body))
        if method == "GET":
            query = dict(parse_qsl(urlsplit(url).query))
            good = query["hub.verify_token"] == self.token and query["hub.mode"] == "subscribe"
            return (200, query["hub.challenge"].encode()) if good else (403, b"")
        return self.status, b""

    @property
    def posts(self) -> list[Any]:
        return [json.loads(body) for method, _, _, body in self.came if method == "POST"]


class World:
    """A subscribed twin, its clock, its callback, one person and one post."""

    def __init__(self) -> None:
        self.clock = FrozenClock()
        self.callback = Callback()
        self.twin = MetaTwin(self.clock, app_secret=SECRET, deliver=self.callback)
        self.twin.subscribe(CALLBACK, "handshake")
        self.dana = self.twin.add_user("Dana Weber")
        self.post = self.twin.page_post("New shoes!")
        self.twin.flush()
        self.callback.came.clear()
        self.token = self.twin.world.page(PAGE_ID)["token"]

    @property
    def psid(self) -> str:
        return self.twin.world.psid(self.dana, PAGE_ID)

    def call(self, method: str, path: str, data: Any = None, *, token: str | None = None, **query: str) -> TwinResponse:
        headers = {
            "content-type": "application/json",
            "authorization": f"Bearer {self.token if token is None else token}",
        }
        body = b"" if data is None else json.dumps(data).encode()
        return self.twin.handle(TwinRequest(method=method, path=path, query=query, headers=headers, body=body))

    def get(self, path: str, **query: str) -> Any:
        response = self.call("GET", V + path, **query)
        assert response.status == 200, response.body
        return json.loads(response.body)

    def refusal(self, method: str, path: str, data: Any = None, **query: str) -> str:
        """``code`` or ``code-subcode`` of the error that comes back."""
        response = self.call(method, V + path, data, **query)
        error = json.loads(response.body)["error"]
        assert response.status == 400
        assert {"message", "type", "code", "fbtrace_id"} <= set(error)
        return f"{error['code']}-{error['error_subcode']}" if "error_subcode" in error else str(error["code"])

    def message(self, text: Any = "Hi", *, to: str | None = None, **parts: Any) -> dict[str, Any]:
        return {"recipient": {"id": to or self.psid}, "messaging_type": "RESPONSE", "message": {"text": text}, **parts}


# -- over the wire -----------------------------------------------------------------------------------------------------


def test_json_is_escaped_as_meta_does() -> None:
    assert wire({"a": "Größe/👟", "b": ["\n", '"']}) == rb'{"a":"Gr\u00f6\u00dfe\/\ud83d\udc5f","b":["\n","\""]}'


def test_deliveries_are_signed_over_the_bytes() -> None:
    world = World()
    world.twin.comment(world.dana, world.post, "Größe/42")
    assert world.twin.flush() == 1
    ((method, url, headers, body),) = world.callback.came
    assert (method, url) == ("POST", CALLBACK)
    assert rb"Gr\u00f6\u00dfe\/42" in body
    assert headers["x-hub-signature-256"] == "sha256=" + hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    assert headers["x-hub-signature"] == "sha1=" + hmac.new(SECRET.encode(), body, hashlib.sha1).hexdigest()


def test_a_comments_webhook_has_the_documented_shape() -> None:
    world = World()
    comment = world.twin.comment(world.dana, world.post, "My order never arrived")
    world.twin.flush()
    person = {"id": world.twin.world.commenter(world.dana, PAGE_ID), "name": "Dana Weber"}
    seconds = int(world.clock.now().timestamp())
    value = {
        "item": "comment",
        "verb": "add",
        "comment_id": comment,
        "post_id": world.post,
        "parent_id": world.post,
        "from": person,
        "message": "My order never arrived",
        "created_time": seconds,
        "post": {
            "id": world.post,
            "is_published": True,
            "permalink_url": f"https://www.facebook.com/{PAGE_ID}/posts/{world.post.partition('_')[2]}",
        },
    }
    entry = {"id": PAGE_ID, "time": seconds, "changes": [{"field": "feed", "value": value}]}
    assert world.callback.posts == [{"object": "page", "entry": [entry]}]
    assert comment.partition("_")[0] == world.post.partition("_")[2]


def test_an_echo_has_the_documented_shape() -> None:
    world = World()
    world.twin.message(world.dana, "Hello?")
    world.twin.flush()
    sent = world.call("POST", f"{V}/me/messages", world.message(message={"text": "Hi", "metadata": "careloop:1"}))
    assert json.loads(sent.body)["recipient_id"] == world.psid
    mid = json.loads(sent.body)["message_id"]
    world.twin.flush()
    (item,) = world.callback.posts[-1]["entry"][0]["messaging"]
    assert item == {
        "sender": {"id": PAGE_ID},
        "recipient": {"id": world.psid},
        "timestamp": int(world.clock.now().timestamp() * 1000),
        "message": {"mid": mid, "is_echo": True, "app_id": int(APP_ID), "text": "Hi", "metadata": "careloop:1"},
    }


def test_the_same_story_has_the_same_ids() -> None:
    def story() -> Any:
        world = World()
        world.twin.comment(world.dana, world.post, "Hello?")
        world.twin.message(world.dana, "Hello?")
        world.twin.flush()
        return world.callback.posts, world.twin.dump()

    assert story() == story()


# -- subscriptions -----------------------------------------------------------------------------------------------------


def test_a_callback_that_does_not_know_the_token_is_not_subscribed() -> None:
    callback = Callback()
    twin = MetaTwin(FrozenClock(), deliver=callback)
    with pytest.raises(GraphError, match="403"):
        twin.subscribe(CALLBACK, "wrong")
    twin.page_post("Hello")
    assert twin.pending == 0
    twin.subscribe(CALLBACK + "?a=b", "handshake")
    _, url, _, _ = callback.came[-1]
    assert parse_qs(urlsplit(url).query)["a"] == ["b"]
    twin.page_post("Hello")
    assert twin.pending == 1


def test_the_app_is_subscribed_and_installed_over_the_api() -> None:
    world = World()
    app = f"{APP_ID}|{SECRET}"
    wanted = {"object": "page", "callback_url": CALLBACK, "fields": "feed,messages", "verify_token": "handshake"}
    assert (
        world.call("POST", f"{V}/{APP_ID}/subscriptions", {**wanted, "verify_token": "wrong"}, token=app).status == 400
    )
    assert json.loads(world.call("POST", f"{V}/{APP_ID}/subscriptions", wanted, token=app).body) == {"success": True}
    assert world.refusal("POST", f"/{APP_ID}/subscriptions", wanted) == "15"
    assert world.refusal("POST", f"/{PAGE_ID}/subscribed_apps", {"subscribed_fields": "feed,nonsense"}) == "100"
    installed = world.call("POST", f"{V}/{PAGE_ID}/subscribed_apps", {"subscribed_fields": "feed,messages"})
    assert json.loads(installed.body) == {"success": True}
    (found,) = world.get(f"/{PAGE_ID}/subscribed_apps")["data"]
    assert (found["id"], found["subscribed_fields"]) == (APP_ID, ["feed", "messages"])
    world.twin.rate(world.dana, "Bad")
    assert world.twin.pending == 0, "ratings is not among the fields"


def test_a_page_that_removed_the_app_tells_nothing() -> None:
    world = World()
    world.twin.install(PAGE_ID, [])
    world.twin.comment(world.dana, world.post, "Hello?")
    world.twin.message(world.dana, "Hello?")
    assert world.twin.pending == 0
    assert world.get(f"/{PAGE_ID}/subscribed_apps") == {"data": []}


# -- patience ----------------------------------------------------------------------------------------------------------


def test_changes_are_repeated_for_36_hours() -> None:
    world = World()
    world.callback.status = 500
    world.twin.comment(world.dana, world.post, "Hello?")
    assert world.twin.flush() == 0
    world.clock.advance(hours=35)
    assert world.twin.flush() == 0
    assert world.twin.pending == 1
    world.callback.status = 200
    assert world.twin.flush() == 1
    world.callback.status = 0
    world.twin.comment(world.dana, world.post, "Anybody?")
    world.twin.flush()
    world.clock.advance(hours=36)
    world.twin.flush()
    assert world.twin.pending == 0
    assert "feed" in world.twin.world.page(PAGE_ID)["fields"]


def test_an_hour_of_failures_ends_the_messenger_subscription() -> None:
    world = World()
    world.callback.status = 503
    world.twin.message(world.dana, "Hello?")
    world.clock.advance(hours=1)
    world.twin.flush()
    assert world.twin.pending == 0
    assert world.twin.world.page(PAGE_ID)["fields"] == [field for field in ALL_FIELDS if field not in MESSAGING]


def test_several_events_in_one_body() -> None:
    world = World()
    world.twin.together = True
    world.twin.comment(world.dana, world.post, "Hello?")
    world.twin.message(world.dana, "Hello?")
    assert world.twin.flush() == 2
    (body,) = world.callback.posts
    assert [sorted(entry)[0] for entry in body["entry"]] == ["changes", "id"]
    assert "messaging" in body["entry"][1]


def test_standby_is_told_only_where_it_is_subscribed() -> None:
    world = World()
    world.twin.hand_over(world.dana, INBOX_APP_ID)
    world.twin.message(world.dana, "Hello?")
    world.twin.flush()
    assert "standby" in world.callback.posts[-1]["entry"][0]
    world.twin.install(PAGE_ID, ["messages"])
    world.twin.message(world.dana, "Anybody?")
    assert world.twin.pending == 0


# -- refusals ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path", "data", "wanted"),
    [
        ("GET", "/me/x/y", None, "2500"),
        ("GET", "/104857600123456/photos", None, "2500"),
        ("DELETE", "/me", None, "100-33"),
        ("GET", "/1_2", None, "100-33"),
        ("GET", "/204857600123456/feed", None, "100-33"),
        ("GET", "/1_2/comments", None, "100-33"),
        ("POST", "/1_2/comments", {"message": "Hi"}, "100-33"),
        ("POST", "/{post}/comments", {}, "100"),
        ("POST", "/{post}/comments", {"message": "  "}, "100"),
        ("POST", "/{post}/comments", {"message": "x" * 8001}, "100"),
        ("POST", "/me/messages", {}, "100"),
        ("POST", "/me/messages", {"message": {"text": "Hi"}}, "100"),
        ("POST", "/me/messages", {"recipient": {"phone_number": "1"}, "message": {"text": "Hi"}}, "100"),
        ("POST", "/me/messages", {"recipient": {"id": "1"}, "message": {"text": "Hi"}}, "100-2018001"),
        ("POST", "/me/messages", {"recipient": {"comment_id": "1_2"}, "message": {"text": "Hi"}}, "100-2534025"),
    ],
)
def test_what_is_refused(method: str, path: str, data: Any, wanted: str) -> None:
    world = World()
    assert world.refusal(method, path.replace("{post}", world.post), data) == wanted


def test_unknown_fields_are_refused_by_name() -> None:
    world = World()
    comment = world.twin.comment(world.dana, world.post, "Hello?")
    for path, fields in (
        (comment, "id,likes"),
        (world.post, "parent{id}"),
        (f"{world.post}/comments", "id,email"),
        ("me", "email"),
    ):
        response = world.call("GET", f"{V}/{path}", fields=fields)
        assert b"nonexisting field" in response.body
    for fields in ("from{id", "from}"):
        assert world.refusal("GET", f"/{comment}", fields=fields) == "2500"


def test_tokens_and_proofs() -> None:
    world = World()
    for token, code in (("", 2500), ("EAAGunknown", 190)):
        response = world.call("GET", f"{V}/me", token=token)
        assert json.loads(response.body)["error"]["code"] == code
    proof = hmac.new(SECRET.encode(), world.token.encode(), hashlib.sha256).hexdigest()
    assert world.get("/me", appsecret_proof=proof) == {"id": PAGE_ID, "name": "Acme"}
    assert world.refusal("GET", "/me", appsecret_proof="wrong\u00fc") == "100"
    world.twin.requires_proof = True
    assert world.refusal("GET", "/me") == "100"


def test_a_token_is_inspected() -> None:
    world, app = World(), f"{APP_ID}|{SECRET}"

    def inspected(token: str) -> Any:
        answer = world.call("GET", "/v26.0/debug_token", token=app, input_token=token)
        return json.loads(answer.body)["data"]

    assert inspected(world.token)["profile_id"] == PAGE_ID
    assert inspected("x")["is_valid"] is False
    assert world.call("GET", "/v26.0/debug_token", input_token=world.token).status == 400, "the app alone may ask"
    world.twin.limit_token(expires_at=int(world.clock.now().timestamp()) + 60, scopes=["pages_messaging"])
    assert inspected(world.token)["scopes"] == ["pages_messaging"]
    world.clock.advance(minutes=1)
    assert inspected(world.token)["error"]["subcode"] == 463
    assert world.call("GET", "/v26.0/me").status == 400


def test_calls_come_in_batches() -> None:
    world = World()
    batch = [{"method": "GET", "relative_url": "v26.0/me?fields=id"}, {"method": "GET", "relative_url": "v26.0/0"}]
    first, second = json.loads(world.call("POST", "/v26.0/", {"batch": batch}).body)
    assert (first["code"], json.loads(first["body"])) == (200, {"id": PAGE_ID})
    assert second["code"] == 400
    assert world.call("POST", "/v26.0/", {"batch": []}).status == 400
    assert world.call("POST", "/v26.0/", {"batch": batch}, token="x").status == 400


def test_newer_versions_than_there_are_do_not_exist() -> None:
    world = World()
    assert world.call("GET", "/v27.0/me").status == 400
    assert world.call("GET", "/v22.0/me").status == 200
    assert world.call("GET", "/me").status == 400


@pytest.mark.parametrize(
    ("message", "more", "wanted"),
    [
        ({"text": "x" * 2000}, {}, "100"),
        ({"text": ""}, {}, "100"),
        ({"text": 7}, {}, "100"),
        ({"text": "Hi", "attachment": {}}, {}, "100"),
        ({}, {}, "100"),
        ({"text": "Hi", "metadata": "x" * 1000}, {}, "100"),
        ({"text": "Hi", "colour": "red"}, {}, "100"),
        ({"text": "Hi"}, {"messaging_type": "CHAT"}, "100"),
        ({"text": "Hi"}, {"messaging_type": "MESSAGE_TAG"}, "100"),
        ({"text": "Hi"}, {"messaging_type": "MESSAGE_TAG", "tag": "ACCOUNT_UPDATE"}, "100"),
        ({"text": "Hi"}, {"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"}, "200-2018028"),
    ],
)
def test_messages_that_are_refused(message: Any, more: dict[str, Any], wanted: str) -> None:
    world = World()
    world.twin.message(world.dana, "Hello?")
    assert world.refusal("POST", "/me/messages", world.message(**{"message": message, **more})) == wanted
    assert len(world.twin.world.data["threads"][world.psid]["messages"]) == 1


def test_the_windows_by_the_second() -> None:
    world = World()
    world.twin.message(world.dana, "Hello?")
    human = {"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"}
    world.twin.world.page(PAGE_ID)["human_agent"] = True
    world.clock.advance(seconds=24 * 3600 - 1)
    assert world.call("POST", f"{V}/me/messages", world.message()).status == 200
    world.clock.advance(seconds=1)
    assert world.refusal("POST", "/me/messages", world.message()) == "10-2018278"
    assert world.call("POST", f"{V}/me/messages", world.message(**human)).status == 200
    world.clock.advance(days=6)
    assert world.refusal("POST", "/me/messages", world.message(**human)) == "10-2018278"


def test_private_replies_are_one_per_comment_within_a_week_to_people_only() -> None:
    world = World()
    first, second = (world.twin.comment(world.dana, world.post, text) for text in ("Hello?", "Anybody?"))
    ours = world.twin.native_reply(first, "Yes")
    private = {"message": {"text": "Hi"}}
    sent = world.call("POST", f"{V}/me/messages", {"recipient": {"comment_id": first}, **private})
    assert json.loads(sent.body)["recipient_id"] == world.psid
    assert world.refusal("POST", "/me/messages", {"recipient": {"comment_id": first}, **private}) == "10900"
    assert world.refusal("POST", "/me/messages", {"recipient": {"comment_id": ours}, **private}) == "10903"
    assert world.refusal("POST", "/me/messages", {"recipient": {"post_id": world.post}, **private}) == "10903"
    world.clock.advance(days=7)
    assert world.refusal("POST", "/me/messages", {"recipient": {"comment_id": second}, **private}) == "10903"


def test_a_person_without_a_message_has_no_profile() -> None:
    world = World()
    comment = world.twin.comment(world.dana, world.post, "Hello?")
    world.call("POST", f"{V}/me/messages", {"recipient": {"comment_id": comment}, "message": {"text": "Hi"}})
    assert world.refusal("GET", f"/{world.psid}", fields="first_name") == "100-2018218"
    world.twin.message(world.dana, "Hi")
    assert world.get(f"/{world.psid}", fields="first_name,last_name") == {
        "first_name": "Dana",
        "last_name": "Weber",
        "id": world.psid,
    }


def test_what_people_can_not_do() -> None:
    world = World()
    comment = world.twin.comment(world.dana, world.post, "Hello?")
    other = world.twin.visitor_post(world.dana, "Elsewhere")
    world.twin.remove_comment(comment)
    mine = world.twin.message(world.dana, "Hello?")
    theirs = world.twin.native_reply(world.dana, "Hi")
    world.twin.unsend(mine)
    below = world.twin.comment(world.dana, world.post, "Still")
    for attempt in (
        lambda: world.twin.edit_comment(comment, "x"),
        lambda: world.twin.comment("nobody", world.post, "x"),
        lambda: world.twin.comment(world.dana, "1_2", "x"),
        lambda: world.twin.comment(world.dana, other, "x", below),
        lambda: world.twin.unsend(mine),
        lambda: world.twin.unsend(theirs),
        lambda: world.twin.native_reply("1_2", "x"),
    ):
        with pytest.raises(Refused):
            attempt()


def test_deleted_things_take_what_is_below_with_them() -> None:
    world = World()
    first = world.twin.comment(world.dana, world.post, "Hello?")
    world.twin.comment(world.dana, world.post, "Anybody?", first)
    world.twin.remove_comment(first)
    assert world.get(f"/{world.post}/comments", filter="stream")["data"] == []
    post = world.twin.visitor_post(world.dana, "Elsewhere")
    below = world.twin.comment(world.dana, post, "Hello?")
    world.twin.remove_post(post)
    assert world.refusal("GET", f"/{below}") == "100-33"
    assert [item["id"] for item in world.get("/me/feed", fields="id")["data"]] == [world.post]


# -- lists -------------------------------------------------------------------------------------------------------------


def test_lists_have_cursors_order_and_filter() -> None:
    world = World()
    first = world.twin.comment(world.dana, world.post, "1")
    reply = world.twin.comment(world.dana, world.post, "1.1", first)
    second = world.twin.comment(world.dana, world.post, "2")
    names: Any = lambda answer: [item["id"] for item in answer["data"]]  # noqa: E731
    edge = f"/{world.post}/comments"
    assert names(world.get(edge, fields="id")) == [first, second]
    assert names(world.get(edge, fields="id", filter="stream")) == [first, reply, second]
    assert names(world.get(f"/{first}/comments", fields="id")) == [reply]
    page = world.get(edge, fields="id", filter="stream", order="reverse_chronological", limit="2")
    assert names(page) == [second, reply]
    assert "next" in page["paging"]
    rest = world.get(
        edge,
        fields="id",
        filter="stream",
        order="reverse_chronological",
        limit="2",
        after=page["paging"]["cursors"]["after"],
    )
    assert names(rest) == [first]
    assert "next" not in rest["paging"]
    for wrong in ({"limit": "x"}, {"after": "!"}, {"filter": "all"}, {"order": "random"}, {"limit": "0"}):
        assert world.refusal("GET", edge, **wrong) == "100"


def test_answers_name_the_allowance() -> None:
    world = World()
    world.twin.usage = 42
    headers = world.call("GET", f"{V}/me").headers
    assert json.loads(headers["x-app-usage"])["call_count"] == 42


# -- kept --------------------------------------------------------------------------------------------------------------


def test_a_dump_restores_the_whole_world() -> None:
    world = World()
    comment = world.twin.comment(world.dana, world.post, "Hello?")
    world.twin.message(world.dana, "Hello?")
    kept = json.loads(json.dumps(world.twin.dump()))
    again = MetaTwin(world.clock, app_secret=SECRET, deliver=world.callback)
    again.load(kept)
    assert again.dump() == kept
    assert again.snapshot() == world.twin.snapshot()
    assert again.flush() == 2, "what waited still waits"
    assert again.comment(world.dana, world.post, "Anybody?") == world.twin.comment(world.dana, world.post, "Anybody?")
    again.remove_comment(comment)
    assert world.twin.snapshot() != again.snapshot(), "a loaded world is another world"


def test_the_snapshot_shows_threads_with_their_messages() -> None:
    world = World()
    comment = world.twin.comment(world.dana, world.post, "Hello?")
    world.twin.remove_comment(comment)
    world.twin.rate(world.dana, "Bad")
    world.twin.message(world.dana, "Hi")
    snapshot = world.twin.snapshot()
    json.dumps(snapshot)
    assert snapshot["pages"] == [{"id": PAGE_ID, "name": "Acme"}]
    assert [
        (thread["platform"], [(item["author"], item["text"], item["deleted"]) for item in thread["messages"]])
        for thread in snapshot["threads"]
    ] == [
        ("facebook", [("Acme", "New shoes!", False), ("Dana Weber", "Hello?", True)]),
        ("facebook", [("Dana Weber", "Bad", False)]),
        ("messenger", [("Dana Weber", "Hi", False)]),
    ]
