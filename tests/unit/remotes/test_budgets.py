"""Headers that tell of budgets: each vendor's form, and nonsense."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.connectors import registry
from chalicelib.core.account import ConnectionKind
from chalicelib.core.budgets import Budget, BudgetHeaders, Reset, read_budgets, target_of
from tests.fakes.clock import NOON

UNIX = int(NOON.timestamp())
TICKET = target_of("PUT", "https://acme.zendesk.com/api/v2/tickets/123?include=x")


def told(kind: ConnectionKind, name: str, headers: dict[str, str], target=TICKET) -> list[Budget]:
    return list(read_budgets(registry.spec(kind, name).budgets, headers, target, NOON))


def test_ids_are_left_out_of_an_endpoint():
    assert TICKET.endpoint == "PUT /api/v2/tickets/{id}"
    assert TICKET.path == "PUT /api/v2/tickets/123"
    assert target_of("GET", "https://api.x.com/2/users/2244994945/mentions").endpoint == "GET /2/users/{id}/mentions"
    assert target_of("POST", "https://graph.facebook.com/v26.0/1_2/comments").endpoint == "POST /v26.0/{id}/comments"


def test_zendesk_tells_of_the_account_and_of_the_endpoint():
    headers = {
        "x-rate-limit": "700",
        "x-rate-limit-remaining": "699",
        "ratelimit-reset": "41",
        "zendesk-ratelimit-tickets-index": "total=100; remaining=0; resets=41",
    }
    account, endpoint = told(ConnectionKind.HELPDESK, "zendesk", headers)
    assert (account.remaining, account.limit, account.holds_for) == (699, 700, "")
    assert account.reset_at == NOON + timedelta(seconds=41)
    assert endpoint.is_used_up
    assert endpoint.holds_for == TICKET.path


def test_x_tells_of_each_endpoint_with_a_unix_time():
    headers = {
        "x-rate-limit-remaining": "3",
        "x-rate-limit-limit": "15",
        "x-rate-limit-reset": str(UNIX + 600),
        "x-user-limit-24hour-remaining": "0",
        "x-user-limit-24hour-reset": str(UNIX + 80_000),
    }
    window, day = told(ConnectionKind.PLATFORM, "x", headers)
    assert window.is_tight
    assert not window.is_used_up
    assert window.reset_at == NOON + timedelta(seconds=600)
    assert day.is_used_up
    assert day.reset_at == NOON + timedelta(seconds=80_000)
    assert {window.holds_for, day.holds_for} == {TICKET.endpoint}


def test_bluesky_and_mastodon_each_in_their_own_way():
    [bluesky] = told(
        ConnectionKind.PLATFORM,
        "bluesky",
        {"ratelimit-limit": "3000", "ratelimit-remaining": "2000", "ratelimit-reset": str(UNIX + 60)},
    )
    assert not bluesky.is_tight
    [mastodon] = told(
        ConnectionKind.PLATFORM,
        "mastodon",
        {"x-ratelimit-limit": "300", "x-ratelimit-remaining": "60", "x-ratelimit-reset": "2026-11-20T12:04:00.5Z"},
    )
    assert mastodon.is_tight
    assert mastodon.reset_at == NOON + timedelta(seconds=240.5)


def test_meta_tells_shares_used_and_when_access_is_regained():
    usage = '{"call_count":28,"total_time":81,"total_cputime":25}'
    [app] = told(ConnectionKind.PLATFORM, "facebook", {"x-app-usage": usage})
    assert (app.remaining, app.limit, app.is_tight, app.is_used_up) == (19, 100, True, False)
    business = '{"104":[{"type":"pages","call_count":97,"total_time":2,"estimated_time_to_regain_access":7}]}'
    [limited] = told(ConnectionKind.PLATFORM, "messenger", {"x-business-use-case-usage": business})
    assert limited.is_used_up
    assert limited.reset_at == NOON + timedelta(minutes=7)


@pytest.mark.parametrize(
    ("remaining", "reset"),
    [("", "1"), ("many", "1"), ("-1", "5"), ("nan", "5"), ("inf", "5"), ("1e300", "5")],
)
def test_a_figure_that_is_none_counts_as_nothing(remaining: str, reset: str):
    row = BudgetHeaders(remaining="left", reset="reset")
    assert read_budgets((row,), {"left": remaining, "reset": reset}, TICKET, NOON) == ()


@pytest.mark.parametrize("kind", list(Reset))
@pytest.mark.parametrize("reset", ["", "soon", "-5", "0", "nan", "9" * 11, "9999-12-31T23:59:59Z", "1970-01-01"])
def test_a_reset_that_can_not_be_true_is_not_believed(kind: Reset, reset: str):
    row = BudgetHeaders(remaining="left", reset="reset", reset_is=kind, window=timedelta(seconds=30))
    [found] = read_budgets((row,), {"left": "0", "reset": reset}, TICKET, NOON)
    assert NOON + timedelta(seconds=30) <= found.reset_at <= NOON + row.longest


HEADERS = sorted(
    {
        name.rstrip("*")
        for (kind, connector) in registry.CONNECTORS
        for row in registry.spec(kind, connector).budgets
        for name in (row.remaining, row.limit, row.reset)
        if name
    }
)


@settings(max_examples=40)
@given(
    st.dictionaries(
        st.sampled_from(HEADERS),
        st.text(max_size=30)
        | st.sampled_from(['{"a":[{"call_count":1e999}]}', "[" * 5000, '{"total_time":true}', "total=;remaining==3"]),
    )
)
def test_whatever_headers_say_nothing_breaks_and_nothing_waits_longer_than_a_day(headers: dict[str, str]):
    for kind, name in registry.CONNECTORS:
        for budget in told(kind, name, headers):
            assert NOON < budget.reset_at <= NOON + timedelta(days=1)
            assert budget.remaining >= 0
