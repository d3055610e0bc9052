"""What both of Meta's clients share: the token and its proof, errors by number, the allowance, bounded reading."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.connectors.platforms._meta.graph_errors import BY_CODE
from chalicelib.connectors.platforms._meta.links import comment_link, post_link
from chalicelib.connectors.platforms._meta.usage import Usage, usage_of
from chalicelib.connectors.platforms.facebook.client import Client as Facebook
from chalicelib.connectors.platforms.facebook.sweep import CALLS
from chalicelib.connectors.platforms.messenger.client import Client as Messenger
from chalicelib.core.errors import (
    CareloopError,
    ConfigurationError,
    OutcomeUnknownError,
    RateLimitedError,
    RejectedError,
    UnavailableError,
    UnsupportedError,
)
from chalicelib.core.events import InboundMessage, Visibility
from chalicelib.core.ids import AccountId, AccountKey, AuthorId, Cursor, MessageId, ThreadId, ThreadKey
from chalicelib.core.reply import OutboundReply
from chalicelib.ports.platform import (
    FetchesAuthors,
    FetchesMessages,
    FindsSentReplies,
    ListsThread,
    PlatformContext,
    PollsEvents,
    ProbesHealth,
)
from chalicelib.ports.services import HttpRequest, HttpResponse
from tests.fakes.clock import NOON, FrozenClock
from tests.fakes.http import answer
from tests.fakes.sessions import MemorySessions
from tests.unit.connectors.meta_desk import account

PAGE = "104857600123456"
POST = f"{PAGE}_1"
TOKEN = "EAAGacmePageToken"


class Always:
    """Answers every call the same way (or by a function of the request) and remembers what was asked."""

    def __init__(self, data: Any = None, *, status: int = 200, headers: Mapping[str, str] | None = None) -> None:
        self.data, self.status, self.headers = data, status, headers
        self.requests: list[HttpRequest] = []

    def send(self, request: HttpRequest) -> HttpResponse:
        self.requests.append(request)
        data = self.data(request) if callable(self.data) else self.data
        return answer(self.status, data, headers=self.headers)


def context(http: Any, platform: str = "facebook", **credentials: str) -> PlatformContext:
    return PlatformContext(
        account=account(platform, PAGE),
        credentials={"page_token": TOKEN, **credentials},
        http=http,
        clock=FrozenClock(),
        sessions=MemorySessions(),
    )


def reply(platform: str = "facebook", **changes: Any) -> OutboundReply:
    key = AccountKey(platform=platform, account=AccountId(PAGE))
    made = OutboundReply(
        key="zendesk:42|17|1",
        account=key,
        thread=ThreadKey(account=key, thread=ThreadId(POST if platform == "facebook" else "7")),
        in_reply_to=MessageId("1_2"),
        recipient=AuthorId("7"),
        text="It ships today.",
        visibility=Visibility.PUBLIC,
        began_at=NOON,
    )
    return replace(made, **changes)


def error(code: Any, subcode: Any = None, **more: Any) -> dict[str, Any]:
    return {"error": {"message": "secret words", "code": code, "error_subcode": subcode, **more}}


def refused(http: Always, *, sending: bool) -> CareloopError:
    client = Facebook(context(http))
    with pytest.raises(CareloopError) as caught:
        client.send(reply()) if sending else client.list_thread(ThreadId(POST))
    assert "secret" not in str(caught.value)
    return caught.value


# -- abilities ---------------------------------------------------------------------------------------------------------


def test_the_clients_have_their_abilities() -> None:
    facebook, messenger = Facebook(context(Always())), Messenger(context(Always(), "messenger"))
    for ability in (PollsEvents, ListsThread, FindsSentReplies, ProbesHealth):
        assert isinstance(facebook, ability)
        assert isinstance(messenger, ability)
    assert isinstance(facebook, FetchesMessages)
    assert not isinstance(facebook, FetchesAuthors), "commenters have no profile to ask for"
    assert isinstance(messenger, FetchesAuthors)


# -- token and proof ---------------------------------------------------------------------------------------------------


def test_without_a_token_there_is_no_client() -> None:
    for client in (Facebook, Messenger):
        with pytest.raises(ConfigurationError):
            client(replace(context(Always()), credentials={"page_token": ""}))


def test_the_proof_goes_with_every_call_where_its_key_is_stored() -> None:
    http = Always({"id": "1_3", "data": []})
    client = Facebook(context(http, app_secret_proof_key="the-app-secret"))
    client.send(reply())
    client.list_thread(ThreadId("3344556677889900"))
    proof = hmac.new(b"the-app-secret", TOKEN.encode(), hashlib.sha256).hexdigest()
    posted, listed = http.requests
    assert json.loads(posted.body or b"") == {"message": "It ships today.", "appsecret_proof": proof}
    assert f"appsecret_proof={proof}" in listed.url
    for request in http.requests:
        assert request.headers["authorization"] == f"Bearer {TOKEN}"
        assert TOKEN not in request.url


def test_posts_are_not_idempotent_and_reads_are() -> None:
    http = Always({"id": "1_3", "data": []})
    client = Facebook(context(http))
    client.send(reply())
    client.list_thread(ThreadId("3344556677889900"))
    assert [request.idempotent for request in http.requests] == [False, True]


# -- errors by number --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", sorted(BY_CODE, key=str), ids=str)
def test_every_line_of_the_table_is_reached(key: tuple[int | None, int | None]) -> None:
    code, subcode = key
    http = Always(error(code if code is not None else 100, subcode), status=400)
    for sending in (True, False):
        found = refused(http, sending=sending)
        name = f"{code if code is not None else 100}-{subcode}" if subcode is not None else str(code)
        assert name in (getattr(found, "remote_code", None), str(found).removeprefix("Graph "))


@pytest.mark.parametrize(
    ("code", "wanted"), [(199, "rejected"), (200, "credentials"), (299, "credentials"), (300, "rejected")]
)
def test_permissions_are_a_range(code: int, wanted: str) -> None:
    assert refused(Always(error(code), status=400), sending=True).code == wanted


def test_a_subcode_that_is_not_known_leaves_the_code_to_decide() -> None:
    assert refused(Always(error(190, 424242), status=400), sending=True).code == "credentials"
    assert refused(Always(error(100, 424242), status=400), sending=True).code == "rejected"


@pytest.mark.parametrize(("code", "status"), [(1, 400), (2, 400), (2, 503), (424242, 500), (1, 200)])
def test_what_is_temporary_is_unknown_when_sending_and_may_be_repeated_when_reading(code: int, status: int) -> None:
    http = Always(error(code), status=status)
    assert isinstance(refused(http, sending=True), OutcomeUnknownError)
    assert isinstance(refused(http, sending=False), UnavailableError)


def test_some_subcodes_decide_whatever_the_code() -> None:
    for code, subcode, wanted in (
        (10, 9000001, "not_found"),
        (200, 2018218, "not_found"),
        (10, 2018321, "not_answerable"),
    ):
        assert refused(Always(error(code, subcode), status=400), sending=True).code == wanted


def test_too_many_requests_are_a_limit_whatever_the_code() -> None:
    found = refused(Always(error(424242), status=429, headers={"retry-after": "30"}), sending=True)
    assert isinstance(found, RateLimitedError)
    assert found.retry_after == 30


def test_codes_may_be_text() -> None:
    assert refused(Always(error("190", "463"), status=400), sending=True).code == "credentials"


@pytest.mark.parametrize(
    "body", [{"error": {}}, {"error": "oops"}, {"error": {"code": True}}, {"error": {"code": [1]}}, [1], None]
)
def test_without_a_code_the_status_decides(body: Any) -> None:
    assert refused(Always(body, status=404), sending=False).code == "not_found"
    assert refused(Always(body, status=401), sending=True).code == "credentials"
    assert isinstance(refused(Always(body, status=500), sending=True), OutcomeUnknownError)


@pytest.mark.parametrize("code", ["x", "9" * 50, -5, 10**20])
def test_a_code_that_is_no_code_is_a_refusal(code: Any) -> None:
    assert isinstance(refused(Always(error(code), status=400), sending=True), RejectedError)


# -- the allowance -----------------------------------------------------------------------------------------------------


def business(**shares: Any) -> dict[str, str]:
    return {"x-business-use-case-usage": json.dumps({PAGE: [{"type": "pages", **shares}]})}


def test_the_highest_share_and_the_longest_wait_count() -> None:
    headers = {"x-app-usage": json.dumps({"call_count": 28, "total_time": 25, "total_cputime": 25})}
    assert usage_of(headers) == Usage(percent=28.0)
    both = {**headers, **business(call_count=97, total_cputime=23, estimated_time_to_regain_access=12)}
    assert usage_of(both) == Usage(percent=97.0, wait=720.0)
    assert usage_of(business(estimated_time_to_regain_access=10**6)).wait == 86400.0


def test_when_it_is_better_to_stop() -> None:
    assert not usage_of(business(call_count=84)).is_busy
    assert usage_of(business(call_count=85)).is_busy
    assert usage_of(business(estimated_time_to_regain_access=1)).is_busy


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "[]",
        "7",
        '{"a":7}',
        '{"a":[7,null,{"call_count":"9"}]}',
        '{"call_count":true}',
        '{"call_count":1e999}',
        '{"call_count":-1}',
    ],
)
def test_headers_that_can_not_be_read_count_as_nothing(text: str) -> None:
    assert usage_of({"x-app-usage": text, "x-business-use-case-usage": text}) == Usage()


# -- bounds ------------------------------------------------------------------------------------------------------------


def page_of(*items: Any, after: str | None = None) -> dict[str, Any]:
    paging = {"paging": {"cursors": {"after": after}, "next": "https://evil.example/?access_token=x"}} if after else {}
    return {"data": list(items), **paging}


def node(name: str, at: str = "2026-11-20T12:00:05+0000", text: str = "x", who: str = "7") -> dict[str, Any]:
    return {"id": name, "message": text, "created_time": at, "from": {"id": who}, "to": {"data": [{"id": PAGE}]}}


def test_the_address_of_the_next_page_is_never_followed() -> None:
    http = Always(lambda request: page_of(node("1_9"), after=None if "after=A" in request.url else "A"))
    Facebook(context(http)).list_thread(ThreadId("3344556677889900"))
    assert [request.url.split("?")[0] for request in http.requests] == [
        "https://graph.facebook.com/v26.0/3344556677889900/comments"
    ] * 2


def test_a_thread_is_read_in_at_most_twenty_pages() -> None:
    http = Always(lambda request: page_of(node("1_9"), after="A"))
    found = Facebook(context(http)).list_thread(ThreadId("3344556677889900"))
    assert len(http.requests) == 20
    assert len(found.events) == 20


def test_too_many_newer_comments_leave_the_outcome_unknown() -> None:
    http = Always(lambda request: page_of(node("1_9"), after="A"))
    with pytest.raises(OutcomeUnknownError):
        Facebook(context(http)).find_sent(reply())
    assert len(http.requests) == 5


def test_a_comment_at_the_very_edge_does_not_end_the_search() -> None:
    edge = node("1_8", "2026-11-20T11:59:55+0000")
    ours = node("1_9", "2026-11-20T11:59:55+0000", "It ships today.", PAGE)
    http = Always(lambda request: page_of(ours) if "after=A" in request.url else page_of(edge, after="A"))
    assert Facebook(context(http)).find_sent(reply()) is not None


def test_older_comments_end_the_search() -> None:
    http = Always(lambda request: page_of(node("1_9"), node("1_8", "2026-11-20T11:00:00+0000"), after="A"))
    assert Facebook(context(http)).find_sent(reply()) is None
    assert len(http.requests) == 1


def test_the_clocks_may_differ_by_a_few_seconds() -> None:
    for seconds, is_ours in ((5, True), (6, False)):
        at = (NOON - timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S+0000")
        http = Always(page_of(node("1_9", at, "It ships today.", PAGE)))
        assert (Facebook(context(http)).find_sent(reply()) is not None) is is_ours


def conversation(name: str, who: str, at: str = "2026-11-20T12:00:05+0000") -> dict[str, Any]:
    return {"id": name, "updated_time": at, "participants": {"data": [{"id": who}, {"id": PAGE}]}}


def test_too_many_newer_conversations_leave_the_outcome_unknown() -> None:
    http = Always(lambda request: page_of(conversation("t_1", "8"), after="A"))
    client = Messenger(context(http, "messenger"))
    with pytest.raises(OutcomeUnknownError):
        client.find_sent(reply("messenger"))
    with pytest.raises(UnsupportedError):
        client.list_thread(ThreadId("7"))
    assert len(http.requests) == 10


def searched(graph: Any) -> Any:
    """What `find_sent` says when Graph answers so; "unknown" when it can't tell."""
    try:
        return Messenger(context(Always(graph), "messenger")).find_sent(reply("messenger"))
    except OutcomeUnknownError:
        return "unknown"


def test_conversations_without_names_are_taken_only_where_no_other_can_be_meant() -> None:
    unnamed = {"id": "t_1", "updated_time": "2026-11-20T12:00:05+0000"}
    ours = {"id": "t_1", "messages": {"data": [node("m_1", text="It ships today.", who=PAGE)]}}

    def graph(listed: Any, *, filters: bool) -> Any:
        def answered(request: HttpRequest) -> Any:
            if "conversations" not in request.url:
                return ours
            return error(100) if "user_id" in request.url and not filters else listed

        return answered

    found = searched(graph(page_of(unnamed), filters=True))
    assert found.messages == ("m_1",)
    assert searched(graph(page_of(unnamed, unnamed), filters=True)) == "unknown"
    assert searched(graph(page_of(unnamed, after="A"), filters=True)) == "unknown"
    assert searched(graph(page_of(unnamed), filters=False)) == "unknown"
    old = conversation("t_2", "8", "2026-11-20T09:00:00+0000")
    assert searched(graph(page_of(unnamed, old), filters=True)) == "unknown"
    assert searched(graph(page_of(old), filters=True)) is None


@pytest.mark.parametrize(("count", "is_known"), [(19, True), (20, False)])
def test_twenty_newer_messages_hide_ours(count: int, is_known: bool) -> None:
    def graph(request: HttpRequest) -> Any:
        if "conversations" in request.url:
            return page_of(conversation("t_1", "7"))
        return {"id": "t_1", "messages": {"data": [node(f"m_{index}") for index in range(count)]}}

    client = Messenger(context(Always(graph), "messenger"))
    if is_known:
        assert client.find_sent(reply("messenger")) is None
    else:
        with pytest.raises(OutcomeUnknownError):
            client.find_sent(reply("messenger"))


def test_a_poll_makes_at_most_so_many_calls_and_then_goes_on() -> None:
    def graph(request: HttpRequest) -> Any:
        if "/ratings" in request.url:
            return page_of()
        if "/feed" in request.url:
            return page_of(
                *(
                    {**node(f"{PAGE}_{i}", "2026-11-20T11:30:00+0000"), "updated_time": "2026-11-20T11:59:00+0000"}
                    for i in range(25)
                )
            )
        return page_of(node("1_2", "2026-11-20T11:59:00+0000"))

    http = Always(graph)
    client = Facebook(context(http))
    first = client.poll(None)
    assert first.more
    assert len(http.requests) == CALLS
    second = client.poll(first.cursor)
    assert not second.more
    assert len(http.requests) == 2 + 25
    assert json.loads(second.cursor) == {
        "since": NOON.isoformat(),
        "began": NOON.isoformat(),
        "stage": 8,
        "feed": None,
        "posts": {},
    }


def test_a_post_that_is_gone_does_not_stop_the_poll() -> None:
    changed = [{**node(f"{PAGE}_{i}"), "updated_time": "2026-11-20T11:59:00+0000"} for i in (1, 2)]

    def graph(request: HttpRequest) -> Any:
        if f"{PAGE}_1/comments" in request.url:
            return error(100, 33)
        if "/comments" in request.url:
            return page_of(node("2_3"))
        return page_of(*changed) if "/feed" in request.url else page_of()

    polled = Facebook(context(Always(graph))).poll(None)
    found = [str(event.key.message) for event in polled.parsed.events if isinstance(event, InboundMessage)]
    assert found == [f"{PAGE}_2", f"{PAGE}_1", "2_3"]
    assert polled.parsed.ignored == {"poll/post refused": 1}
    assert not polled.more


EDGE = timedelta(hours=1, minutes=10)


@pytest.mark.parametrize(("ago", "is_new"), [(EDGE, True), (EDGE + timedelta(seconds=1), False)])
def test_the_first_poll_looks_back_an_hour_and_ten_minutes(ago: timedelta, is_new: bool) -> None:
    at = (NOON - ago).strftime("%Y-%m-%dT%H:%M:%S+0000")
    post = {**node(f"{PAGE}_1", "2026-11-01T12:00:00+0000"), "updated_time": at}

    def facebook(request: HttpRequest) -> Any:
        if "/feed" in request.url:
            return page_of(post)
        return page_of(node("1_2", at)) if "/comments" in request.url else page_of()

    def messenger(request: HttpRequest) -> Any:
        if "conversations" in request.url:
            return page_of(conversation("t_1", "7", at))
        return {"id": "t_1", "messages": {"data": [node("m_1", at)]}}

    http, inbox = Always(facebook), Always(messenger)
    assert len(Facebook(context(http)).poll(None).parsed.events) == is_new
    assert any("/comments" in request.url for request in http.requests) is is_new
    assert len(Messenger(context(inbox, "messenger")).poll(None).parsed.events) == is_new
    assert len(inbox.requests) == 1 + is_new


@pytest.mark.parametrize(("at", "is_last"), [("2026-11-20T10:50:00+0000", False), ("2026-11-20T10:49:59+0000", True)])
def test_only_an_old_conversation_ends_the_poll(at: str, is_last: bool) -> None:
    def graph(request: HttpRequest) -> Any:
        if "conversations" in request.url:
            return page_of(conversation("t_1", "7", at), after="A")
        return {"id": "t_1", "messages": {"data": []}}

    assert Messenger(context(Always(graph), "messenger")).poll(None).more is not is_last


@pytest.mark.parametrize(
    "cursor",
    ["", "x", "{}", '{"since":"x"}', '{"since":"2026-11-20T11:00:00+00:00","began":1,"stage":"x","posts":{}}', "[]"],
)
def test_a_cursor_that_can_not_be_read_begins_anew(cursor: str) -> None:
    facebook, messenger = Always(page_of()), Always(page_of())
    assert not Facebook(context(facebook)).poll(Cursor(cursor)).more
    assert not Messenger(context(messenger, "messenger")).poll(Cursor(cursor)).more
    assert len(facebook.requests) == 2
    assert len(messenger.requests) == 1


# -- links -------------------------------------------------------------------------------------------------------------


def test_links_are_made_only_of_what_names_a_post() -> None:
    assert post_link("1_2") == "https://www.facebook.com/1/posts/2"
    assert post_link("3344556677889900") is None
    assert comment_link("3344556677889900", "1_2") is None
    assert (
        comment_link("1_2", "2_3", "https://www.facebook.com/1/posts/2/")
        == "https://www.facebook.com/1/posts/2/?comment_id=3"
    )
