"""What is special to X's client: credentials, refusals in words, what counts as the same text, cursors."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.connectors.platforms.x.client import Client, same_text
from chalicelib.connectors.platforms.x.messages import other_party, thread_between, thread_of
from chalicelib.connectors.platforms.x.places import LAG, Place, id_at, read_cursor, write_cursor
from chalicelib.connectors.platforms.x.posts import link_text
from chalicelib.connectors.platforms.x.refusals import read_problem, refusal_table
from chalicelib.connectors.platforms.x.spec import SPEC, capabilities_for
from chalicelib.connectors.toolkit.payload import Reader
from chalicelib.core.account import Account
from chalicelib.core.errors import (
    CareloopError,
    ConfigurationError,
    RateLimitedError,
    UnsupportedError,
)
from chalicelib.core.events import Visibility
from chalicelib.core.ids import Cursor
from chalicelib.core.text.length import fits
from chalicelib.ports.platform import PlatformContext
from chalicelib.ports.services import HttpResponse
from tests.fakes.clock import NOON, FrozenClock
from tests.fakes.http import ScriptedHttp
from tests.fakes.sessions import MemorySessions
from tests.unit.connectors.x_network import ACME, post_reply

OAUTH2 = {"access_token": "a-1", "refresh_token": "r-1", "client_id": "client"}
# The worked example of docs.x.com, "Creating a signature".
KEYS = {
    "oauth1_consumer_key": "xvz1evFS4wEEPTGEFPHBog",
    "oauth1_consumer_secret": "kAcSOqF21Fu85e7zjz7ZN2U4ZRhfV3WpwPAoE3Z7kBw",
    "oauth1_token": "370773112-GmHxMAgYyLbNEtIKZeRNFsMKPR9EyMZeS9weJAEb",
    "oauth1_token_secret": "LswwdoUaIvS8ltyTt5jkRh4J50vUPVVHtR2YPi5kE",
}


def client(
    http: Any = None,
    *,
    credentials: Mapping[str, str] = OAUTH2,
    options: Mapping[str, str] | None = None,
    sessions: MemorySessions | None = None,
    clock: FrozenClock | None = None,
) -> Client:
    return Client(
        PlatformContext(
            account=Account(key=ACME, title="Acme on X", helpdesk="zendesk", options=options or {}),
            credentials=credentials,
            http=http or ScriptedHttp([]),
            clock=clock or FrozenClock(),
            sessions=sessions or MemorySessions(),
        )
    )


# -- credentials and options -------------------------------------------------------------------------------------------

QUERY = {"user.fields": "name,profile_image_url,protected,username"}
ME = {"data": {"id": "100", "username": "AcmeCare", "name": "Acme"}}


@pytest.mark.parametrize(
    "credentials",
    [
        {},
        {"refresh_token": "r-1"},
        {"client_id": "client", "client_secret": "secret"},
        {name: value for name, value in KEYS.items() if name != "oauth1_token_secret"},
    ],
)
def test_incomplete_credentials_are_named(credentials: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError) as caught:
        client(credentials=credentials)
    assert "oauth1_token_secret" in str(caught.value)


def test_oauth2_goes_before_oauth1() -> None:
    step: dict[str, Any] = {
        "request": {"method": "GET", "url": "https://api.x.com/2/users/me", "query": QUERY},
        "response": {"json": ME},
    }
    http = ScriptedHttp([{**step, "request": {**step["request"], "headers": {"authorization": "Bearer a-1"}}}])
    assert client(http, credentials={**OAUTH2, **KEYS}).probe() == "X answers for @AcmeCare"


@pytest.mark.parametrize(
    "options", [{"field_names": "tweets"}, {"dm_limit": "many"}, {"dm_limit": "0"}, {"base_url": "ftp://x"}]
)
def test_wrong_options_are_refused_before_any_call(options: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError):
        client(options=options)


def test_limits_follow_the_options() -> None:
    assert client().capabilities == SPEC.capabilities
    premium = client(options={"premium": "true", "dm_limit": "500"}).capabilities
    assert fits("x" * 25_000, premium.text_limits)
    assert not fits("x" * 281, SPEC.capabilities.text_limits)
    assert premium.private_text_limits is not None
    assert not fits("x" * 501, premium.private_text_limits)
    assert capabilities_for({}).terms.may_match_crm is False


# -- refusals ----------------------------------------------------------------------------------------------------------

ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=30),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["errors", "detail", "type", "code", "message", "title"]), inner, max_size=5)
    ),
    max_leaves=15,
)


@given(st.integers(400, 499), ANY)
def test_any_refusal_is_read_and_gives_a_leaf_or_nothing(status: int, body: Any) -> None:
    refuse, response = refusal_table(FrozenClock()), HttpResponse(status=status, headers={}, body=b"")
    if status in (401, 402, 403, 429):
        with pytest.raises(CareloopError):
            refuse(response, Reader(body, ""))
    else:
        with suppress(CareloopError):
            refuse(response, Reader(body, ""))


@given(st.integers(500, 599), st.sampled_from([32, 88, 187, 326]))
def test_no_words_turn_a_servers_failure_into_a_refusal(status: int, code: int) -> None:
    body = Reader({"errors": [{"code": code}], "detail": "duplicate content"}, "")
    refusal_table(FrozenClock())(HttpResponse(status=status, headers={}, body=b""), body)


@pytest.mark.parametrize("reset", ["nan", "inf", "x", "", "-5", "99999999999999"])
def test_odd_times_in_headers_never_wait_longer_than_a_day(reset: str) -> None:
    response = HttpResponse(status=429, headers={"x-rate-limit-reset": reset}, body=b"")
    with pytest.raises(RateLimitedError) as caught:
        refusal_table(FrozenClock())(response, None)
    assert caught.value.retry_after is None or 0 <= caught.value.retry_after <= 86400


def test_a_problem_is_read_from_its_parts() -> None:
    body = {"type": "about:blank", "errors": [{"type": "https://api.twitter.com/2/problems/usage-capped", "code": 7}]}
    problem = read_problem(400, Reader(body, ""))
    assert (problem.kind, problem.codes) == ("usage-capped", frozenset({7}))


# -- the same text -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("Hello", "Hello"),
        ("Hello", "@kim_w @lee Hello"),
        ("@kim_w Hello", "@kim_w Hello"),
        ("see acme.com/ now", "see http://acme.com now"),
        ("see https://acme.com/a", "see https://acme.com/a"),
        (" two\n\nlines ", "two\n\nlines"),
        ("cafe\u0301", "café"),
    ],
)
def test_the_same_text(sent: str, shown: str) -> None:
    assert same_text(sent, shown)


@pytest.mark.parametrize(("sent", "shown"), [("Hello", "Hello!"), ("👍", "👎"), ("Hello", "@kim_w"), ("a b", "ab")])
def test_other_texts(sent: str, shown: str) -> None:
    assert not same_text(sent, shown)


@given(st.text(min_size=1), st.lists(st.sampled_from(["@kim_w ", "@lee "])))
def test_handles_put_before_a_text_do_not_matter(text: str, handles: list[str]) -> None:
    assert same_text(text, text)
    if not text.lstrip().startswith("@"):
        assert same_text(text, "".join(handles) + text.lstrip())


@pytest.mark.parametrize(
    ("full", "display", "shown"),
    [
        ("http://acme.com", "acme.com", "acme.com"),
        ("http://www.acme.com/a/b", "acme.com/a/b", "www.acme.com/a/b"),
        ("http://acme.com/a/very/long/path/of/it", "acme.com/a/very/long/path…", "acme.com/a/very/long/path/of/it"),
        ("https://acme.com", "acme.com", "https://acme.com"),
        ("http://other.com", "acme.com", "http://other.com"),
        ("http://acme.com", "…", "http://acme.com"),
        ("http://acme.com", None, "http://acme.com"),
        (None, "acme.com", None),
        ("", "acme.com", ""),
    ],
)
def test_links_are_shown_as_they_were_written(full: str | None, display: str | None, shown: str | None) -> None:
    assert link_text(full, display) == shown


# -- threads of two ----------------------------------------------------------------------------------------------------

IDS = st.integers(1, 10**19 - 1).map(str)


@given(IDS, IDS)
def test_a_private_thread_is_the_same_from_both_sides(one: str, other: str) -> None:
    thread = thread_between(one, other)
    assert thread == thread_between(other, one) == thread_of(f"{one}:{other}") == thread_of(f"{other}-{one}")
    assert thread_of(thread) == thread
    if one != other:
        assert [int(part) for part in thread.split("-")] == sorted([int(one), int(other)])
        assert other_party(thread, one) == other
    assert other_party("g123", one) is None


# -- places ------------------------------------------------------------------------------------------------------------


@given(
    since=st.integers(0, 2**63 - 1),
    goal=st.none() | st.integers(0, 2**63 - 1),
    until=st.none() | st.integers(0, 2**63 - 1),
    token=st.none() | st.text(min_size=1, max_size=20),
)
def test_cursors_come_back(since: int, goal: int | None, until: int | None, token: str | None) -> None:
    place = Place(since=since, goal=goal, until=until, token=token)
    places = {"mentions": place, "messages": Place(since=7)}
    assert read_cursor(write_cursor(places), NOON) == places


@given(st.text(max_size=40) | ANY.map(json.dumps))
def test_any_cursor_gives_places(cursor: str) -> None:
    places = read_cursor(Cursor(cursor), NOON)
    assert set(places) == {"mentions", "messages"}
    assert all(0 <= place.since < 2**63 for place in places.values())


@given(st.lists(st.integers(-600, 0), max_size=8), st.integers(-600, 0))
def test_a_place_moves_forward_and_never_past_what_is_settled(seconds: list[int], before: int) -> None:
    ids = [id_at(NOON + timedelta(seconds=item)) for item in seconds]
    start = Place(since=id_at(NOON + timedelta(seconds=before)))
    after = start.finished(ids, NOON)
    assert after.since >= start.since
    assert after.since <= max(start.since, id_at(NOON - LAG))
    assert not after.is_under_way
    if ids:
        assert start.below(ids, NOON).finished([], NOON + timedelta(hours=1)).since == after.since


def test_ids_hold_the_time() -> None:
    # https://x.com/XDevelopers/status/1460323737035677698 is of 2021-11-15T19:08:05Z (docs.x.com).
    assert id_at(NOON.replace(year=2021, month=11, day=15, hour=19, minute=8, second=5)) <= 1460323737035677698
    assert id_at(NOON.replace(year=2021, month=11, day=15, hour=19, minute=8, second=6)) > 1460323737035677698
    assert id_at(NOON.replace(year=2009)) == 0


# -- what can't be sent ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("visibility", [Visibility.INTERNAL, Visibility.UNKNOWN])
def test_only_public_and_private_answers_leave(visibility: Visibility) -> None:
    with pytest.raises(UnsupportedError):
        client().send(post_reply(visibility=visibility))
