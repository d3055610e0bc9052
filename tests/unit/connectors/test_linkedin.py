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
from chalicelib.core.events import Parsed, PlatformEvent
from chalicelib.core.ids import AccountId
from chalicelib.core.webhook import VerifiedWebhook, WebhookRequest
from chalicelib.ports.receiver import ReceiverContext

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
