"""The X twin is as strict as X: who may call, what may be posted, and what its webhooks promise, over its HTTP protocol."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from careloop.twins.base import Fault, TwinHttp
from careloop.twins.x import XTwin
from careloop.twins.x_world import DUPLICATE, NO_DM, NOT_SUMMONED, NOT_VISIBLE, SENDER_LIMITED
from chalicelib.ports.services import HttpRequest
from tests.fakes.clock import FrozenClock

URL = "https://care.example.com/hook"
APP = {"authorization": "Bearer twin-bearer-token"}


class Endpoint:
    """A webhook of somebody's; ``answers``: what to say to checks, None: the right thing."""

    def __init__(self, secret: str = "twin-consumer-secret") -> None:
        self.secret = secret
        self.answers: tuple[int, bytes] | None = None
        self.status = 200
        self.bodies: list[Any] = []

    def signed(self, data: bytes) -> str:
        return "sha256=" + base64.b64encode(hmac.new(self.secret.encode(), data, hashlib.sha256).digest()).decode()

    def __call__(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
        if method == "GET":
            token = dict(parse_qsl(urlsplit(url).query))["crc_token"]
            return self.answers or (200, json.dumps({"response_token": self.signed(token.encode())}).encode())
        assert headers["x-twitter-webhooks-signature"] == self.signed(body)
        if self.status == 200:
            self.bodies.append(json.loads(body))
        return self.status, b""

    def kinds(self) -> list[str]:
        return [body["data"]["event_type"] for body in self.bodies if "data" in body]


class World:
    """A twin with Kim and somebody who calls its API."""

    def __init__(self) -> None:
        self.clock = FrozenClock()
        self.endpoint = Endpoint()
        self.twin = XTwin(self.clock, deliver=self.endpoint)
        self.kim = self.twin.add_user("kim_w", "Kim")
        self.credentials = self.twin.authorise()
        self.user = {"authorization": f"Bearer {self.credentials['access_token']}"}
        self.http = TwinHttp({"https://api.x.com": self.twin})
        self.headers: Mapping[str, str] = {}

    def call(
        self, method: str, path: str, data: Any = None, *, headers: Mapping[str, str] | None = None
    ) -> tuple[int, Any]:
        body = None if data is None else json.dumps(data).encode()
        answer = self.http.send(
            HttpRequest(
                method=method,
                url=f"https://api.x.com{path}",
                headers=self.user if headers is None else headers,
                body=body,
            )
        )
        self.headers = answer.headers
        return answer.status, json.loads(answer.body) if answer.body else None

    def answer(self, post: str, text: str = "Sorry!") -> tuple[int, Any]:
        return self.call("POST", "/2/tweets", {"text": text, "reply": {"in_reply_to_tweet_id": post}})


@pytest.fixture
def world() -> World:
    return World()


# -- who may call ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("given", ["", "Bearer nonsense", "Basic eA==", "OAuth x", 'OAuth oauth_token="x"'])
def test_strangers_are_refused(world: World, given: str) -> None:
    status, body = world.call("GET", "/2/users/me", headers={"authorization": given})
    assert (status, body["title"]) == (401, "Unauthorized")


def test_the_app_itself_may_not_speak_for_an_account(world: World) -> None:
    status, body = world.call("GET", "/2/users/me", headers=APP)
    assert status == 403
    assert body["type"].endswith("/unsupported-authentication")
    assert world.call("GET", "/2/webhooks")[0] == 401


def test_tokens_live_two_hours_and_need_their_scopes(world: World) -> None:
    world.clock.advance(seconds=7199)
    assert world.call("GET", "/2/users/me")[0] == 200
    world.clock.advance(seconds=1)
    assert world.call("GET", "/2/users/me")[0] == 401
    narrow = world.twin.access.authorise(world.twin.brand, "tweet.read users.read")["access_token"]
    world.user = {"authorization": f"Bearer {narrow}"}
    status, body = world.call("POST", "/2/tweets", {"text": "x"})
    assert (status, body["detail"]) == (403, "The token lacks the scope tweet.write.")


def refresh(world: World, token: str, **form: str) -> tuple[int, Any]:
    pair = base64.b64encode(b"twin-client-id:twin-client-secret").decode()
    given = {"grant_type": "refresh_token", "refresh_token": token, "client_id": "twin-client-id", **form}
    body = "&".join(f"{name}={value}" for name, value in given.items()).encode()
    answer = world.http.send(
        HttpRequest(
            method="POST",
            url="https://api.x.com/2/oauth2/token",
            headers={"authorization": f"Basic {pair}", "content-type": "application/x-www-form-urlencoded"},
            body=body,
        )
    )
    return answer.status, json.loads(answer.body)


def test_refresh_tokens_are_used_once_and_using_one_again_ends_them_all(world: World) -> None:
    status, first = refresh(world, world.credentials["refresh_token"])
    assert (status, first["expires_in"]) == (200, 7200)
    status, second = refresh(world, first["refresh_token"])
    assert status == 200
    assert refresh(world, first["refresh_token"]) == (
        400,
        {"error": "invalid_request", "error_description": "Value passed for the token was invalid."},
    )
    assert refresh(world, second["refresh_token"])[0] == 400
    world.user = {"authorization": f"Bearer {second['access_token']}"}
    assert world.call("GET", "/2/users/me")[0] == 401


def test_only_the_client_may_refresh(world: World) -> None:
    status, body = refresh(world, world.credentials["refresh_token"], client_id="another")
    assert (status, body["error"]) == (401, "unauthorized_client")
    assert refresh(world, world.credentials["refresh_token"], grant_type="password")[0] == 400


# -- posts -------------------------------------------------------------------------------------------------------------


def test_a_post_and_its_answer(world: World) -> None:
    post = world.twin.post(world.kim, "hey @AcmeCare & co, see acme.com")
    status, body = world.answer(post, "Sorry, see https://acme.com/help")
    assert status == 201
    assert set(body["data"]) == {"id", "text", "edit_history_tweet_ids"}
    assert body["data"]["text"].startswith("@kim_w Sorry, see https://t.co/")

    status, body = world.call("GET", f"/2/tweets/{post}")
    assert body == {
        "data": {
            "id": post,
            "text": "hey @AcmeCare &amp; co, see https://t.co/0000000001",
            "edit_history_tweet_ids": [post],
        }
    }
    fields = "tweet.fields=entities,author_id,referenced_tweets&expansions=author_id&user.fields=protected"
    answer = world.call("GET", f"/2/tweets/{post}?{fields}")[1]
    assert answer["data"]["entities"]["mentions"][0]["username"] == "AcmeCare"
    assert answer["includes"]["users"] == [{"id": world.kim, "username": "kim_w", "name": "Kim", "protected": False}]


@pytest.mark.parametrize(
    ("data", "title"),
    [
        ({"text": ""}, "Invalid Request"),
        ({"text": 7}, "Invalid Request"),
        ([], "Invalid Request"),
        ({"text": "x", "colour": "red"}, "Invalid Request"),
        ({"text": "x", "reply": {"in_reply_to_tweet_id": "abc"}}, "Invalid Request"),
        ({"text": "x", "reply": {"in_reply_to_tweet_id": 5}}, "Invalid Request"),
        ({"text": "x", "reply": {"to": "5"}}, "Invalid Request"),
        ({"text": "x", "reply": {"in_reply_to_tweet_id": "5", "exclude_reply_user_ids": "x"}}, "Invalid Request"),
        ({"text": "x", "media": {"media_ids": ["1"]}}, "Invalid Request"),
    ],
)
def test_what_can_not_be_a_post(world: World, data: Any, title: str) -> None:
    status, body = world.call("POST", "/2/tweets", data)
    assert (status, body["title"]) == (400, title)
    assert world.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("text", "status"),
    [("x" * 280, 201), ("x" * 281, 403), ("漢" * 140, 201), ("漢" * 141, 403), ("https://a.com/" + "x" * 400, 201)],
)
def test_length_is_weighted(world: World, text: str, status: int) -> None:
    assert world.call("POST", "/2/tweets", {"text": text})[0] == status


def test_rules_for_apps(world: World) -> None:
    assert world.call("POST", "/2/tweets", {"text": "$AAPL or $TSLA"})[0] == 403
    mention = world.twin.post(world.kim, "hey @AcmeCare")
    assert world.call("POST", "/2/tweets", {"text": "x", "quote_tweet_id": mention})[0] == 403
    assert world.answer(mention)[0] == 201
    status, body = world.answer(mention)
    assert (status, body["detail"]) == (403, DUPLICATE)
    assert world.answer(world.twin.post(world.twin.add_user("lee"), "hey @AcmeCare"))[0] == 201
    world.clock.advance(hours=25)
    world.user = {"authorization": f"Bearer {world.twin.authorise()['access_token']}"}
    assert world.answer(mention)[0] == 201


def test_an_answer_needs_a_summons(world: World) -> None:
    ours = world.twin.post("AcmeCare", "Our kettle is back")
    plain = world.twin.post(world.kim, "mine leaks", reply_to=ours)
    status, body = world.answer(plain)
    assert (status, body["detail"]) == (403, NOT_SUMMONED)
    assert world.answer(world.twin.post(world.kim, "look", quote=ours))[0] == 201
    assert world.answer(ours, "A word more")[0] == 201
    world.twin.world.data["self_serve"] = False
    assert world.answer(plain, "Sorry for yours!")[0] == 201


@pytest.mark.parametrize("post", ["1", "deleted", "protected", "blocked"])
def test_what_is_not_visible_can_not_be_answered(world: World, post: str) -> None:
    mention = world.twin.post(world.kim, "hey @AcmeCare")
    if post == "deleted":
        world.twin.delete(world.kim, mention)
    elif post == "protected":
        world.twin.world.user(world.kim)["protected"] = True
    elif post == "blocked":
        world.twin.block(world.kim, "AcmeCare")
    status, body = world.answer("1" if post == "1" else mention)
    assert (status, body["detail"]) == (403, NOT_VISIBLE)
    errors = world.call("GET", f"/2/tweets/{'1' if post == '1' else mention}")[1]["errors"]
    hidden = post in ("protected", "blocked")
    assert errors[0]["type"].endswith("not-authorized-for-resource" if hidden else "resource-not-found")


def test_lookups_of_many_tell_which_are_gone(world: World) -> None:
    post = world.twin.post(world.kim, "one")
    status, body = world.call("GET", f"/2/tweets?ids={post},5")
    assert status == 200
    assert [item["id"] for item in body["data"]] == [post]
    assert [item["value"] for item in body["errors"]] == ["5"]
    assert world.call("GET", "/2/tweets?ids=" + ",".join("1" * 101))[0] == 400


@pytest.mark.parametrize(
    "query",
    [
        "tweet.fields=colour",
        "colour=red",
        "expansions=everything",
        "tweet.fields=note_post",
        "post.fields=note_tweet",
        "user.fields=email",
    ],
)
def test_unknown_parameters_and_values_are_refused(world: World, query: str) -> None:
    assert world.call("GET", f"/2/tweets/{world.twin.post(world.kim, 'x')}?{query}")[0] == 400


@pytest.mark.parametrize(
    "path",
    [
        "/2/tweets/search/recent?query=has:links",
        "/2/tweets/search/recent?query=conversation_id:1&max_results=5",
        "/2/users/100/mentions?max_results=4",
        "/2/users/100/mentions?since_id=abc",
        "/2/users/100/mentions?start_time=yesterday",
        "/2/users/100/tweets?pagination_token=x",
        "/2/dm_events?max_results=101",
        "/2/tweets/abc",
    ],
)
def test_queries_that_x_would_refuse(world: World, path: str) -> None:
    assert world.call("GET", path)[0] == 400


def test_unknown_paths_are_an_empty_404(world: World) -> None:
    assert world.call("GET", "/2/nothing") == (404, None)


def test_lists_are_newest_first_and_paged(world: World) -> None:
    posts = [world.twin.post(world.kim, f"hey @AcmeCare {number}") for number in range(12)]
    first = world.call("GET", "/2/users/100/mentions?max_results=5")[1]
    assert [item["id"] for item in first["data"]] == posts[:6:-1]
    meta = first["meta"]
    assert (meta["newest_id"], meta["oldest_id"], meta["result_count"]) == (posts[-1], posts[7], 5)
    second = world.call("GET", f"/2/users/100/mentions?max_results=5&pagination_token={meta['next_token']}")[1]
    assert [item["id"] for item in second["data"]] == posts[6:1:-1]
    between = world.call("GET", f"/2/users/100/mentions?max_results=5&since_id={posts[2]}&until_id={posts[5]}")[1]
    assert [item["id"] for item in between["data"]] == [posts[4], posts[3]]
    assert world.call("GET", "/2/users/100/mentions?max_results=5&since_id=" + posts[-1])[1] == {
        "meta": {"result_count": 0}
    }


def test_search_sees_seven_days_and_no_protected_authors(world: World) -> None:
    root = world.twin.post(world.kim, "hey @AcmeCare")
    world.clock.advance(days=6)
    world.user = {"authorization": f"Bearer {world.twin.authorise()['access_token']}"}
    reply = world.twin.post("AcmeCare", "hello", reply_to=root)
    found = world.call("GET", f"/2/tweets/search/recent?query=conversation_id:{root}")[1]
    assert [item["id"] for item in found["data"]] == [reply, root]
    mine = world.call("GET", f"/2/tweets/search/recent?query=conversation_id:{root}%20from:AcmeCare")[1]
    assert [item["id"] for item in mine["data"]] == [reply]
    world.twin.world.user(world.kim)["protected"] = True
    found = world.call("GET", f"/2/tweets/search/recent?query=conversation_id:{root}")[1]
    assert [item["id"] for item in found["data"]] == [reply]


def test_own_posts_are_deleted_with_all_versions_and_replies_hidden(world: World) -> None:
    ours = world.twin.post("AcmeCare", "We ship in 2 days")
    newer = world.twin.edit("AcmeCare", ours, "We ship in 3 days")
    reply = world.twin.post(world.kim, "hm", reply_to=newer)
    assert world.call("PUT", f"/2/tweets/{reply}/hidden", {"hidden": True}) == (200, {"data": {"hidden": True}})
    assert world.call("PUT", f"/2/tweets/{ours}/hidden", {"hidden": "yes"})[0] == 403
    assert world.call("DELETE", f"/2/tweets/{reply}")[0] == 403
    assert world.call("DELETE", f"/2/tweets/{ours}") == (200, {"data": {"deleted": True}})
    assert world.call("DELETE", f"/2/tweets/{newer}") == (200, {"data": {"deleted": False}})


def test_edits_keep_a_history_and_answers_to_others_have_none(world: World) -> None:
    first = world.twin.post(world.kim, "hey @AcmeCare")
    second = world.twin.edit(world.kim, first, "hey @AcmeCare!")
    for version, text in ((first, "hey @AcmeCare"), (second, "hey @AcmeCare!")):
        found = world.call("GET", f"/2/tweets/{version}")[1]["data"]
        assert (found["text"], found["edit_history_tweet_ids"]) == (text, [first, second])
    listed = world.call("GET", "/2/users/100/mentions?max_results=5")[1]["data"]
    assert [item["id"] for item in listed] == [second]
    reply = world.twin.post(world.kim, "hm", reply_to=world.twin.post("AcmeCare", "x"))
    with pytest.raises(ValueError, match="can't be edited"):
        world.twin.edit(world.kim, reply, "hmm")


# -- private messages --------------------------------------------------------------------------------------------------


def send(world: World, to: str, text: str) -> tuple[int, Any]:
    return world.call("POST", f"/2/dm_conversations/with/{to}/messages", {"text": text})


def test_private_messages_and_their_limits(world: World) -> None:
    status, body = send(world, world.kim, "hello & welcome")
    assert status == 201
    assert body["data"]["dm_conversation_id"] == f"100-{world.kim}"
    assert send(world, world.kim, "x" * 10_001)[1]["errors"][0]["code"] == 354
    assert send(world, world.kim, "")[0] == 400
    assert send(world, "999", "hello")[1]["detail"] == NO_DM
    assert send(world, "100", "hello")[1]["detail"] == NO_DM
    world.twin.world.data["sender_limited"] = True
    assert send(world, world.kim, "hello")[1]["detail"] == SENDER_LIMITED


def test_who_takes_no_messages_from_strangers_takes_them_after_writing(world: World) -> None:
    lee = world.twin.add_user("lee", receives_dm=False)
    assert send(world, lee, "hello")[1]["detail"] == NO_DM
    world.twin.dm(lee, "hi")
    assert send(world, lee, "hello")[0] == 201
    world.twin.block(lee, "AcmeCare")
    assert send(world, lee, "hello?")[1]["detail"] == NO_DM


def test_messages_are_listed_for_thirty_days(world: World) -> None:
    world.twin.dm(world.kim, "long ago")
    world.clock.advance(days=31)
    world.user = {"authorization": f"Bearer {world.twin.authorise()['access_token']}"}
    world.twin.dm(world.kim, "hi & bye")
    world.twin.dm(world.twin.add_user("lee"), "me too")
    everything = world.call("GET", "/2/dm_events?expansions=sender_id")[1]
    assert [item["text"] for item in everything["data"]] == ["me too", "hi &amp; bye"]
    assert {item["username"] for item in everything["includes"]["users"]} == {"kim_w", "lee"}
    one = world.call("GET", f"/2/dm_conversations/with/{world.kim}/dm_events")[1]
    assert one == world.call("GET", f"/2/dm_conversations/100-{world.kim}/dm_events")[1]
    assert [set(item) for item in one["data"]] == [{"id", "event_type", "text"}]


# -- limits and faults -------------------------------------------------------------------------------------------------


def test_rate_limits_begin_anew(world: World) -> None:
    for number in range(100):
        assert world.call("POST", "/2/tweets", {"text": f"{number}"})[0] == 201
    assert world.headers["x-rate-limit-remaining"] == "0"
    assert world.call("POST", "/2/tweets", {"text": "x"})[0] == 429
    assert int(world.headers["x-rate-limit-reset"]) == int(world.clock.now().timestamp()) + 900
    assert world.call("GET", "/2/users/me")[0] == 200
    world.clock.advance(minutes=15)
    assert world.call("POST", "/2/tweets", {"text": "x"})[0] == 201


def test_caps_and_locks(world: World) -> None:
    world.twin.access.data["capped"] = True
    status, body = world.call("GET", "/2/users/me")
    assert (status, body["type"]) == (429, "https://api.x.com/2/problems/usage-capped")
    world.twin.access.data |= {"capped": False, "locked": True}
    assert world.call("GET", "/2/users/me")[1]["errors"][0]["code"] == 326


def test_faults_before_and_after_the_effect(world: World) -> None:
    world.twin.faults += [
        Fault(pattern="POST /2/tweets", status=503),
        Fault(pattern="POST /2/tweets", status=500, before=False),
    ]
    assert world.call("POST", "/2/tweets", {"text": "one"})[0] == 503
    assert world.call("POST", "/2/tweets", {"text": "two"})[0] == 500
    assert [item["posts"][0]["text"] for item in world.twin.snapshot()["threads"]] == ["two"]


# -- webhooks ----------------------------------------------------------------------------------------------------------


def register(world: World, url: Any = URL) -> tuple[int, Any]:
    return world.call("POST", "/2/webhooks", {"url": url}, headers=APP)


def test_a_webhook_is_checked_when_it_is_registered(world: World) -> None:
    status, body = register(world)
    assert (status, body["data"]["valid"], body["data"]["url"]) == (200, True, URL)
    assert register(world)[1]["detail"] == "DuplicateUrlFailed"
    world.endpoint.secret = "another"
    assert register(world, URL + "2")[1]["detail"] == "CrcValidationFailed"
    listed = world.call("GET", "/2/webhooks", headers=APP)[1]
    assert [item["url"] for item in listed["data"]] == [URL]
    assert world.call("DELETE", f"/2/webhooks/{body['data']['id']}", headers=APP) == (200, {"data": {"deleted": True}})
    assert world.call("DELETE", "/2/webhooks/5", headers=APP)[1]["detail"] == "WebhookIdInvalid"


@pytest.mark.parametrize(
    "url",
    ["http://care.example.com/x", "https://care.example.com:8443/x", "https://x/" + "y" * 200, "nonsense", 7, None],
)
def test_addresses_that_x_does_not_take(world: World, url: Any) -> None:
    assert register(world, url)[1]["detail"] == "UrlValidationFailed"


def test_a_sandbox_may_take_them() -> None:
    endpoint = Endpoint()
    twin = XTwin(FrozenClock(), deliver=endpoint, strict_urls=False)
    twin.subscribe_brand("http://127.0.0.1:8000/webhooks/platform/x/main")
    twin.post("AcmeCare", "hello")
    assert twin.flush() == 1


def test_at_most_five_webhooks(world: World) -> None:
    for number in range(5):
        assert register(world, f"{URL}{number}")[0] == 200
    assert register(world)[1]["detail"] == "WebhookLimitExceeded"


@pytest.mark.parametrize(
    ("answers", "hours", "valid"),
    [
        ((200, b'{"response_token":"sha256=wrong"}'), 0, False),
        ((200, b"hello"), 0, False),
        ((302, b""), 0, False),
        ((500, b""), 0, True),
        ((500, b""), 27, True),
        ((0, b""), 29, False),
    ],
)
def test_checks_go_on_and_disable(world: World, answers: tuple[int, bytes], hours: int, valid: bool) -> None:
    identity = world.twin.subscribe_brand(URL)
    world.endpoint.answers = answers
    world.twin.check_webhooks()
    world.clock.advance(hours=hours)
    world.twin.check_webhooks()
    assert world.call("GET", "/2/webhooks", headers=APP)[1]["data"][0]["valid"] is valid
    world.twin.post(world.kim, "hey @AcmeCare")
    assert world.twin.flush() == int(valid)
    world.endpoint.answers = None
    assert world.call("PUT", f"/2/webhooks/{identity}", headers=APP)[1] == {"data": {"valid": True}}
    world.twin.post(world.kim, "hey @AcmeCare?")
    assert world.twin.flush() == 1


def subscribe(world: World, kind: str, user: str, webhook: str, **more: Any) -> tuple[int, Any]:
    data = {"event_type": kind, "filter": {"user_id": user}, "webhook_id": webhook, **more}
    return world.call("POST", "/2/activity/subscriptions", data, headers=more.pop("headers", None) or world.user)


def test_private_events_need_the_accounts_own_token(world: World) -> None:
    webhook = register(world)[1]["data"]["id"]
    data = {"event_type": "dm.received", "filter": {"user_id": "100"}, "webhook_id": webhook, "tag": "mine"}
    assert world.call("POST", "/2/activity/subscriptions", data, headers=APP)[0] == 403
    status, body = world.call("POST", "/2/activity/subscriptions", data)
    assert status == 200
    identity = body["data"]["subscription"]["subscription_id"]
    assert world.call("POST", "/2/activity/subscriptions", {**data, "event_type": "post.create"}, headers=APP)[0] == 200
    world.twin.dm(world.kim, "hi")
    world.twin.flush()
    assert world.endpoint.bodies[-1]["data"]["tag"] == "mine"
    assert len(world.call("GET", "/2/activity/subscriptions", headers=APP)[1]["data"]) == 2
    gone = world.call("DELETE", f"/2/activity/subscriptions/{identity}", headers=APP)[1]
    assert gone == {"data": {"deleted": True}}
    world.twin.dm(world.kim, "hi again")
    assert world.twin.flush() == 0


@pytest.mark.parametrize(
    "change",
    [
        {"event_type": "PostCreate"},
        {"filter": {"user_id": "5"}},
        {"filter": "100"},
        {"filter": {"name": "x"}},
        {"tag": "x" * 201},
        {"webhook_id": "5"},
        {"colour": "red"},
    ],
)
def test_subscriptions_that_make_no_sense(world: World, change: dict[str, Any]) -> None:
    webhook = register(world)[1]["data"]["id"]
    data = {"event_type": "post.create", "filter": {"user_id": "100"}, "webhook_id": webhook, **change}
    assert world.call("POST", "/2/activity/subscriptions", data)[0] == 400


def test_customers_edits_and_deletions_are_told_to_nobody(world: World) -> None:
    world.twin.subscribe_brand(URL)
    post = world.twin.post(world.kim, "hey @AcmeCare")
    world.twin.edit(world.kim, post, "hey @AcmeCare!")
    world.twin.delete(world.kim, post)
    ours = world.twin.post("AcmeCare", "hello")
    world.twin.delete("AcmeCare", ours)
    world.twin.flush()
    assert world.endpoint.kinds() == ["post.mention.create", "post.create", "post.delete"]


def test_inherited_mentions_and_protected_authors_tell_nobody(world: World) -> None:
    world.twin.subscribe_brand(URL)
    root = world.twin.post(world.kim, "hey @AcmeCare")
    world.twin.post(world.kim, "and more", reply_to=root)
    shy = world.twin.add_user("shy", protected=True)
    world.twin.post(shy, "hey @AcmeCare")
    world.twin.flush()
    assert world.endpoint.kinds() == ["post.mention.create"]


def test_there_is_no_second_delivery_but_a_replay(world: World) -> None:
    webhook = world.twin.subscribe_brand(URL)
    world.endpoint.status = 500
    world.twin.post(world.kim, "hey @AcmeCare")
    assert (world.twin.flush(), world.twin.pending) == (0, 0)
    world.endpoint.status = 200
    assert world.twin.flush() == 0
    world.clock.advance(minutes=45)
    dates = {"webhook_id": webhook, "from_date": "202611201159", "to_date": "202611201230"}
    assert world.call("POST", "/2/webhooks/replay", {**dates, "to_date": "202611201240"}, headers=APP)[0] == 400
    assert world.call("POST", "/2/webhooks/replay", {**dates, "from_date": "yesterday"}, headers=APP)[0] == 400
    status, body = world.call("POST", "/2/webhooks/replay", dates, headers=APP)
    assert status == 200
    assert world.twin.flush() == 2
    assert world.endpoint.kinds() == ["post.mention.create"]
    assert world.endpoint.bodies[-1]["replay_job_status"] == {
        "webhook_id": webhook,
        "job_state": "Complete",
        "job_id": body["data"]["job_id"],
    }


def test_events_look_like_those_that_were_captured(world: World) -> None:
    world.twin.subscribe_brand(URL)
    post = world.twin.post(world.kim, "hey @AcmeCare")
    world.twin.flush()
    data = world.endpoint.bodies[0]["data"]
    assert set(data) == {"event_uuid", "filter", "event_type", "payload", "includes"}
    payload = data["payload"]
    assert payload["id"] == payload["conversation_id"] == post
    assert payload["created_at"] == "2026-11-20T12:00:00.000Z"
    assert payload["edit_history_tweet_ids"] == [post]
    assert payload["entities"]["mentions"] == [{"start": 4, "end": 13, "username": "AcmeCare", "id": "100"}]
    assert "in_reply_to_tweet_id" not in payload
    assert {item["username"] for item in data["includes"]["users"]} == {"kim_w", "AcmeCare"}


# -- the whole ---------------------------------------------------------------------------------------------------------


def test_ids_are_the_same_in_every_run() -> None:
    assert World().twin.post("kim_w", "hey @AcmeCare") == World().twin.post("kim_w", "hey @AcmeCare")


def test_dump_and_load_and_snapshot(world: World) -> None:
    world.twin.subscribe_brand(URL)
    post = world.twin.post(world.kim, "hey @AcmeCare, see acme.example")
    world.twin.edit(world.kim, post, "hey @AcmeCare, see acme.example!")
    world.twin.dm(world.kim, "hi")
    saved = json.loads(json.dumps(world.twin.dump()))
    other = World()
    other.twin.load(saved)
    assert other.twin.dump() == saved
    shot = other.twin.snapshot()
    assert json.loads(json.dumps(shot)) == shot
    assert [item["posts"][0]["text"] for item in shot["threads"]] == ["hey @AcmeCare, see acme.example!"]
    assert shot["threads"][0]["posts"][0]["edited"] is True
    assert shot["messages"][0]["messages"][0]["handle"] == "kim_w"
    assert other.twin.flush() == 2
    other.user = world.user
    assert other.call("GET", "/2/users/me")[0] == 200


def test_people_and_posts_that_are_not_there(world: World) -> None:
    with pytest.raises(KeyError):
        world.twin.post("nobody", "x")
    with pytest.raises(KeyError):
        world.twin.post(world.kim, "x", reply_to="5")
    with pytest.raises(KeyError):
        world.twin.delete(world.kim, world.twin.post("AcmeCare", "x"))
    with pytest.raises(KeyError):
        world.twin.edit(world.kim, "5", "x")
    assert world.call("GET", "/2/users/999")[1]["errors"][0]["resource_type"] == "user"
    assert XTwin(FrozenClock()).flush() == 0
