"""Instagram's client: the token of Instagram Login and its renewal, what an account can by its login, the poll's places."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from chalicelib.connectors.platforms.instagram import sweep
from chalicelib.connectors.platforms.instagram.client import Client
from chalicelib.connectors.platforms.instagram.spec import SPEC
from chalicelib.core.account import Account
from chalicelib.core.errors import (
    CareloopError,
    ConfigurationError,
    CredentialsError,
    UnavailableError,
)
from chalicelib.core.events import AttachmentKind
from chalicelib.core.ids import AccountId, AccountKey
from chalicelib.ports.platform import (
    HISTORY_ENDS,
    HasCapabilities,
    PlatformContext,
    PollsEvents,
    RefreshesCredentials,
    TellsExpiry,
)
from chalicelib.ports.services import HttpRequest, HttpResponse
from tests.contracts.cases import exchange_cases
from tests.contracts.platforms import KIND, call, platform, read_reply
from tests.fakes.clock import FrozenClock
from tests.fakes.http import ScriptedHttp, answer
from tests.fakes.sessions import MemorySessions

ACCOUNT = "17841405726653026"
STORED = "IGAAstoredTokenOfTheOwner"


class Meta:
    """Answers the calls that a token needs. ``good``: the tokens that are; ``renewed``: what the next one is called;
    ``young``: the token is not a day old."""

    def __init__(self) -> None:
        self.good = {STORED}
        self.renewed = "IGAArenewedToken1"
        self.young = False
        self.bearers: list[str] = []
        self.renewals: list[str] = []

    def send(self, request: HttpRequest) -> HttpResponse:
        parts = urlsplit(request.url)
        bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
        if parts.path == "/refresh_access_token":
            token = parse_qs(parts.query)["access_token"][0]
            self.renewals.append(token)
            if token not in self.good or self.young:
                return _refused()
            self.good.add(self.renewed)
            return answer(200, {"access_token": self.renewed, "token_type": "bearer", "expires_in": 60 * 86400})
        self.bearers.append(bearer)
        return answer(200, {"user_id": ACCOUNT, "username": "acme"}) if bearer in self.good else _refused()


def _refused() -> HttpResponse:
    return answer(400, {"error": {"message": "refused", "type": "OAuthException", "code": 190}})


class Owner:
    """An account, its clock, and the sessions that all of its clients share."""

    def __init__(self) -> None:
        self.meta, self.clock, self.sessions, self.stored = Meta(), FrozenClock(), MemorySessions(), STORED

    def client(self, **options: str) -> Client:
        key = AccountKey(platform="instagram", account=AccountId(ACCOUNT))
        return Client(
            PlatformContext(
                account=Account(key=key, title="Acme", helpdesk="desk", handle="@Acme", options=options),
                credentials={"access_token": self.stored},
                http=self.meta,
                clock=self.clock,
                sessions=self.sessions,
            )
        )


def test_a_renewed_token_is_what_all_clients_call_with_from_then_on() -> None:
    owner = Owner()
    assert owner.client().access_ends() is None
    ends = owner.client().refresh()
    assert ends == owner.clock.now() + timedelta(days=60)
    assert owner.client().access_ends() == ends
    assert owner.client().probe() == "token good"
    assert owner.meta.bearers == ["IGAArenewedToken1"]


def test_a_token_is_renewed_again_only_when_its_end_is_near() -> None:
    owner = Owner()
    owner.client().refresh()
    owner.clock.advance(days=39)
    owner.client().refresh()
    assert owner.meta.renewals == [STORED]
    owner.meta.renewed = "IGAArenewedToken2"
    owner.clock.advance(days=2)
    assert owner.client().refresh() == owner.clock.now() + timedelta(days=60)
    assert owner.meta.renewals == [STORED, "IGAArenewedToken1"]


def test_a_token_that_was_stored_anew_counts_before_what_came_of_the_old_one() -> None:
    owner = Owner()
    owner.client().refresh()
    owner.stored = "IGAAanotherTokenOfTheOwner"
    owner.meta.good = {owner.stored}
    assert owner.client().access_ends() is None
    assert owner.client().probe() == "token good"
    owner.meta.renewed = "IGAArenewedToken3"
    assert owner.client().refresh() == owner.clock.now() + timedelta(days=60)
    owner.client().probe()
    assert owner.meta.bearers[-1] == "IGAArenewedToken3"


def test_a_token_that_is_not_a_day_old_is_no_alarm_but_one_that_is_never_renewed_is() -> None:
    owner = Owner()
    owner.meta.young = True
    assert owner.client().refresh() is None
    owner.clock.advance(hours=20)
    assert owner.client().refresh() is None
    owner.clock.advance(hours=30)
    with pytest.raises(CredentialsError) as caught:
        owner.client().refresh()
    assert "connect the account again" in caught.value.advice
    owner.meta.young = False
    assert owner.client().refresh() == owner.clock.now() + timedelta(days=60)


def test_a_refused_renewal_of_a_token_with_a_known_end_says_that_end() -> None:
    owner = Owner()
    ends = owner.client().refresh()
    owner.clock.advance(days=50)
    owner.meta.young = True
    assert owner.client().refresh() == ends, "so that the alarm about the end comes in time"


def test_a_token_that_is_over_is_told_as_dead() -> None:
    owner = Owner()
    owner.client().refresh()
    owner.clock.advance(days=61)
    owner.meta.good = set()
    with pytest.raises(CredentialsError) as caught:
        owner.client().refresh()
    assert caught.value.dead


def test_two_workers_that_renew_at_the_same_time_both_have_a_token() -> None:
    owner = Owner()
    one = owner.client()
    send = owner.meta.send

    def slow(request: HttpRequest) -> HttpResponse:
        owner.meta.send = send  # type: ignore[method-assign]
        owner.client().refresh()
        return send(request)

    owner.meta.send = slow  # type: ignore[method-assign]
    assert one.refresh() == owner.clock.now() + timedelta(days=60)
    assert owner.client().probe() == "token good"


@pytest.mark.parametrize("lasts", [-1, "soon", None, "9" * 400, 1e400, True])
def test_an_answer_that_says_no_end_renews_nothing(lasts: Any) -> None:
    owner = Owner()

    def send(request: HttpRequest) -> HttpResponse:
        return HttpResponse(
            status=200, headers={}, body=json.dumps({"access_token": "IGAAx", "expires_in": lasts}).encode()
        )

    owner.meta.send = send  # type: ignore[method-assign]
    with pytest.raises(UnavailableError):
        owner.client().refresh()
    assert owner.sessions.sessions == {}


def test_no_call_but_the_renewal_holds_the_token_in_its_address() -> None:
    """The suites are told not to look at addresses here, because of that one call."""
    subject = platform("instagram")
    seen = 0
    for case in (*exchange_cases(KIND, "instagram", "outbound"), *exchange_cases(KIND, "instagram", "calls")):
        http = ScriptedHttp(case.exchange())
        client = subject.client(http, case.data)
        try:
            if "reply" in case.data:
                client.send(read_reply(case.data["reply"]))
            else:
                call(client, case.data["call"], case.data.get("arguments", {}))
        except CareloopError:
            pass
        for request in http.requests:
            has_token = any(value in request.url for value in subject.credentials.values())
            assert has_token == (urlsplit(request.url).path == "/refresh_access_token"), case.name
            seen += 1
    assert seen > 100


def test_an_unknown_login_or_no_token_is_a_mistake_in_the_settings() -> None:
    owner = Owner()
    with pytest.raises(ConfigurationError, match="login"):
        owner.client(login="threads")
    owner.stored = ""
    with pytest.raises(ConfigurationError, match="access_token"):
        owner.client()


def test_what_an_account_can_depends_on_its_login_and_reviews() -> None:
    owner = Owner()
    client = owner.client()
    assert isinstance(client, HasCapabilities)
    assert (client.capabilities.attachments, client.capabilities.reply_window) == (frozenset(), timedelta(hours=24))
    by_page = owner.client(login="facebook", human_agent="true")
    assert by_page.capabilities == SPEC.capabilities
    assert AttachmentKind.IMAGE in owner.client(media_by_url="true").capabilities.attachments


def test_the_client_has_the_abilities_that_its_login_gives() -> None:
    client = Owner().client()
    assert isinstance(client, RefreshesCredentials)
    assert isinstance(client, TellsExpiry)
    assert isinstance(client, PollsEvents)


@pytest.mark.parametrize("cursor", ["", "{", "[]", '{"comments":1}', '{"comments":"{}","left":["x"]}'])
def test_a_cursor_that_can_not_be_read_is_none(cursor: str) -> None:
    subject = platform("instagram")
    case = next(item for item in exchange_cases(KIND, "instagram", "calls") if item.path.stem == "poll-first")
    http = ScriptedHttp(case.exchange())
    client = subject.client(http, case.data)
    assert len(client.poll(cursor).parsed.events) == 3
    http.done()


def test_a_sweep_goes_on_where_its_bound_was_met() -> None:
    """A hundred media with comments are more calls than one poll makes: nothing is left out, nothing read twice."""
    owner, read = Owner(), []

    def send(request: HttpRequest) -> HttpResponse:
        path = urlsplit(request.url).path
        if path.endswith("/media"):
            after = int(parse_qs(urlsplit(request.url).query).get("after", ["0"])[0])
            items = [{"id": str(number), "comments_count": 1} for number in range(after, after + 50)]
            more = {"paging": {"cursors": {"after": str(after + 50)}, "next": "https://x"}}
            return answer(200, {"data": items, **more})
        if path.endswith("/comments"):
            media = path.split("/")[2]
            read.append(media)
            at = "2026-11-20T11:59:00+0000"
            return answer(200, {"data": [{"id": f"c{media}", "text": "hi", "timestamp": at, "from": {"id": "7"}}]})
        return answer(200, {"data": []})

    owner.meta.send = send  # type: ignore[method-assign]
    cursor, found, polls, more = None, [], 0, True
    while more:
        polled = owner.client().poll(cursor)
        cursor, more = polled.cursor, polled.more
        found += [str(event.key.message) for event in polled.parsed.events]  # type: ignore[union-attr]
        polls += 1
    assert found == [f"c{number}" for number in range(100)]
    assert read == [str(number) for number in range(100)]
    assert polls == 102 // sweep.CALLS + 1
    again = owner.client().poll(cursor)
    assert again.parsed.events == (), "no count changed"
    assert len(read) == 100


def test_older_media_than_are_watched_are_told_as_the_end_of_the_history() -> None:
    owner = Owner()

    def send(request: HttpRequest) -> HttpResponse:
        if urlsplit(request.url).path.endswith("/media"):
            items = [{"id": str(number), "comments_count": 0} for number in range(3)]
            return answer(200, {"data": items, "paging": {"cursors": {"after": "x"}, "next": "https://x"}})
        return answer(200, {"data": []})

    owner.meta.send = send  # type: ignore[method-assign]
    client = owner.client(watched_media="3")
    polled = client.poll(client.cursor_at(owner.clock.now()))
    assert polled.parsed.ignored == {HISTORY_ENDS: 1}
    assert not polled.more


def test_each_moment_has_a_place_of_its_own_from_which_all_is_read() -> None:
    client = Owner().client()
    moment = datetime(2026, 9, 1, 8, 30, 15, 250_000, tzinfo=UTC)
    places = json.loads(client.cursor_at(moment))
    assert json.loads(places["comments"])["since"] == moment.isoformat()
    assert "found" not in json.loads(places["comments"])
