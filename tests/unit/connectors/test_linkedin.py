"""LinkedIn: the challenge is no way to have other texts signed, and comments of the API belong to one account."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.connectors.platforms.linkedin.urns import comment_parts, full_comment
from chalicelib.connectors.platforms.linkedin.webhook import Receiver
from chalicelib.core.errors import ConfigurationError, CredentialsError
from chalicelib.core.events import Parsed, PlatformEvent
from chalicelib.core.ids import AccountId
from chalicelib.core.webhook import VerifiedWebhook, WebhookRequest
from chalicelib.ports.receiver import ReceiverContext
from tests.contracts.platforms import platform
from tests.fakes.http import ScriptedHttp

CODE = "890e4665-4dfe-4ab1-b689-ed553bceeed0"
COMMENT = {"commentUrn": "urn:li:comment:(activity:1,2)", "message": {"text": "Hi"}, "created": {"time": 1795000000000}}


def _request(method: str = "POST", body: Any = None, **query: str) -> WebhookRequest:
    data = b"" if body is None else json.dumps(body).encode()
    at = datetime(2026, 11, 20, 12, tzinfo=UTC)
    return WebhookRequest(method=method, url="", headers={}, query=query, body=data, received_at=at)


def _receiver(*accounts: str) -> Receiver:
    return Receiver(
        ReceiverContext(secrets={"client_secret": ("the-secret",)}, accounts=tuple(map(AccountId, accounts)))
    )


def _parse(body: Any, *accounts: str) -> Parsed[PlatformEvent]:
    return _receiver(*accounts).parse(VerifiedWebhook(request=_request(body=body)))


@pytest.mark.parametrize("before", ["", "hmacsha256=", "\n", " "])
@pytest.mark.parametrize("after", ["", "{}", "\n", "0"])
def test_nothing_but_a_uuid_is_signed(before: str, after: str) -> None:
    answer = _receiver().answer_challenge(_request("GET", challengeCode=before + CODE + after))
    assert answer is not None
    assert answer.status == (400 if before or after else 200)
    assert ("challengeResponse" in answer.body) == (not before and not after)


@given(st.text())
def test_no_other_text_is_signed(text: str) -> None:
    answer = _receiver().answer_challenge(_request("GET", challengeCode=text))
    assert answer is not None
    assert answer.body == ""


def test_a_post_is_no_challenge() -> None:
    assert _receiver().answer_challenge(_request("POST", challengeCode=CODE)) is None


def test_comments_of_the_api_are_the_one_accounts_or_unnamed() -> None:
    page = {"elements": [COMMENT]}
    assert [event.key.account.account for event in _parse(page).events] == ["unnamed"]  # type: ignore[union-attr]
    assert [event.key.account.account for event in _parse(page, "a").events] == ["a"]  # type: ignore[union-attr]
    parsed = _parse(page, "a", "b")
    assert not parsed.events
    assert [item.path for item in parsed.malformed] == ["elements[0]"]


def test_urns_of_comments_have_one_form() -> None:
    short, long = "urn:li:comment:(ugcPost:1,2)", "urn:li:comment:(urn:li:ugcPost:1,2)"
    assert full_comment(short) == full_comment(long) == long
    assert comment_parts(short) == comment_parts(long) == ("urn:li:ugcPost:1", "2")
    assert full_comment("urn:li:share:1") == "urn:li:share:1"
    assert comment_parts("urn:li:share:1") is None


@pytest.mark.parametrize(
    ("named", "ends"),
    [
        (None, None),
        ("2027-01-20", datetime(2027, 1, 20, tzinfo=UTC)),
        ("2027-01-20T10:00:00Z", datetime(2027, 1, 20, 10, tzinfo=UTC)),
    ],
)
def test_when_the_access_ends_is_as_the_option_says(named: str | None, ends: datetime | None) -> None:
    options = {"token_ends": named} if named else {}
    assert platform("linkedin").client(ScriptedHttp([]), {"options": options}).access_ends() == ends


@pytest.mark.parametrize(("named", "error"), [("2026-11-20", CredentialsError), ("soon", ConfigurationError)])
def test_an_access_that_has_ended_and_a_day_that_is_none(named: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        platform("linkedin").client(ScriptedHttp([]), {"options": {"token_ends": named}}).access_ends()
