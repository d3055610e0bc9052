"""What is special to X's webhooks: checks that must not become signatures, options that decide who may be answered."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.connectors.platforms.x.webhook import Receiver
from chalicelib.core.errors import ConfigurationError, PayloadError, SignatureError
from chalicelib.core.events import InboundMessage, Parsed, PlatformEvent, event_key
from chalicelib.core.ids import AccountId
from chalicelib.core.webhook import VerifiedWebhook, WebhookRequest
from chalicelib.ports.receiver import ReceiverContext
from tests.fakes.clock import NOON
from tests.unit.connectors.x_network import receiver


def request(body: bytes = b"", method: str = "POST", **query: str) -> WebhookRequest:
    return WebhookRequest(
        method=method, url="https://care.example.com/x", headers={}, query=query, body=body, received_at=NOON
    )


def parse(body: Any, by: Receiver | None = None) -> Parsed[PlatformEvent]:
    return (by or receiver()).parse(VerifiedWebhook(request=request(json.dumps(body).encode())))


def reply_event(**post: Any) -> dict[str, Any]:
    payload = {
        "id": "901",
        "text": "@AcmeCare still broken",
        "author_id": "200",
        "conversation_id": "800",
        "created_at": "2026-11-20T08:15:02.000Z",
        "in_reply_to_tweet_id": "850",
        "in_reply_to_user_id": "100",
        "entities": {"mentions": [{"start": 0, "end": 9, "username": "AcmeCare", "id": "100"}]},
        "display_text_range": [10, 22],
        **post,
    }
    return {"data": {"filter": {"user_id": "100"}, "event_type": "post.reply.create", "payload": payload}}


def only(parsed: Parsed[PlatformEvent]) -> InboundMessage:
    (message,) = parsed.events
    assert isinstance(message, InboundMessage)
    return message


# -- checks ------------------------------------------------------------------------------------------------------------


def test_the_published_way_to_answer_a_check() -> None:
    # HMAC-SHA256 of "challenge_string" with "your_consumer_secret", computed with OpenSSL.
    answer = receiver(secrets=("your_consumer_secret",)).answer_challenge(
        request(method="GET", crc_token="challenge_string")
    )
    assert answer is not None
    assert json.loads(answer.body) == {"response_token": "sha256=SdstC+xMNmZwKOCnVye7S0Sa+Bd0mS5PsO4KXRFTzdU="}


def test_the_newest_secret_answers_and_every_current_one_verifies() -> None:
    two = receiver(secrets=("new-secret", "old-secret"))
    answer = two.answer_challenge(request(method="GET", crc_token="abc"))
    alone = receiver(secrets=("new-secret",)).answer_challenge(request(method="GET", crc_token="abc"))
    assert answer == alone


@given(st.text(max_size=200))
def test_no_answer_to_a_check_signs_an_event(token: str) -> None:
    """A check is answered with the function that signs bodies: no token that is answered may be a body with events."""
    try:
        answer = receiver().answer_challenge(request(method="GET", crc_token=token))
    except SignatureError:
        return
    assert answer is not None
    forged = VerifiedWebhook(request=request(token.encode()))
    try:
        parsed = receiver().parse(forged)
    except PayloadError:
        return
    assert parsed.events == ()


@pytest.mark.parametrize("token", ['{"data":{}}', "", "a b", "ä", "\ud800", "x" * 1025, "[1]"])
def test_tokens_that_are_none_of_x(token: str) -> None:
    with pytest.raises(SignatureError):
        receiver().answer_challenge(request(method="GET", crc_token=token))


def test_a_post_is_no_check_and_without_a_secret_nothing_is_answered() -> None:
    assert receiver().answer_challenge(request(crc_token="abc")) is None
    with pytest.raises(ConfigurationError):
        receiver(secrets=()).answer_challenge(request(method="GET", crc_token="abc"))


# -- who may be answered -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "answerable"),
    [
        ({}, False),
        ({"enterprise": "true"}, True),
        ({"enterprise": " True "}, True),
        ({"enterprise": "false"}, False),
        ({"enterprise": "yes"}, False),
        ({"inherited_mentions": "true"}, True),
    ],
)
def test_options_decide_about_inherited_mentions(options: dict[str, str], answerable: bool) -> None:
    assert only(parse(reply_event(), receiver(options))).answerable is answerable


def test_an_inherited_mention_of_somebody_else_never_counts() -> None:
    mentions = {"mentions": [{"start": 0, "end": 9, "username": "lee", "id": "300"}]}
    found = only(parse(reply_event(entities=mentions), receiver({"inherited_mentions": "true"})))
    assert not found.answerable


def test_a_mention_at_the_very_beginning_of_what_is_shown_counts() -> None:
    mentions = {"mentions": [{"start": 10, "end": 19, "username": "AcmeCare", "id": "100"}]}
    assert only(parse(reply_event(entities=mentions))).answerable


# -- accounts ----------------------------------------------------------------------------------------------------------


def test_with_several_accounts_a_payload_must_name_its_own() -> None:
    shared = Receiver(
        ReceiverContext(secrets={"consumer_secret": ("s",)}, accounts=(AccountId("100"), AccountId("101")))
    )
    event = reply_event()
    assert only(parse(event, shared)).key.account.account == "100"
    del event["data"]["filter"]
    assert [item.path for item in parse(event, shared).malformed] == ["data"]
    old: dict[str, Any] = {"tweet_create_events": []}
    assert [item.path for item in parse(old, shared).malformed] == ["tweet_create_events"]


def test_what_a_sister_account_writes_is_the_brand_talking() -> None:
    shared = Receiver(
        ReceiverContext(secrets={"consumer_secret": ("s",)}, accounts=(AccountId("100"), AccountId("200")))
    )
    assert only(parse(reply_event(), shared)).is_echo


# -- distrust ----------------------------------------------------------------------------------------------------------

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
WORDS = st.sampled_from(
    [
        "data",
        "payload",
        "filter",
        "user_id",
        "event_type",
        "includes",
        "users",
        "for_user_id",
        "tweet_create_events",
        "direct_message_events",
        "user_event",
        "revoke",
        "id",
        "author_id",
        "created_at",
        "entities",
        "mentions",
        "message_create",
    ]
)
KINDS = st.sampled_from(
    ["post.create", "post.mention.create", "post.delete", "dm.received", "chat.received", "oauth.revoke", "PostCreate"]
)
LIKE_X = st.recursive(
    JSON | KINDS,
    lambda inner: st.dictionaries(WORDS, inner, max_size=6) | st.lists(inner, max_size=3),
    max_leaves=25,
)


@given(LIKE_X)
def test_any_json_gives_events_or_a_payload_error(body: Any) -> None:
    try:
        parsed = parse(body)
    except PayloadError:
        return
    keys = [event_key(event) for event in parsed.events]
    assert len(keys) == len(set(keys))


@given(
    kind=KINDS,
    payload=st.dictionaries(WORDS, JSON, max_size=5),
    includes=JSON,
)
def test_any_payload_of_a_known_kind_gives_events_or_is_malformed(kind: str, payload: Any, includes: Any) -> None:
    event = {"filter": {"user_id": "100"}, "event_type": kind, "payload": payload, "includes": includes}
    parsed = parse({"data": event})
    assert len(parsed.events) + len(parsed.malformed) + sum(parsed.ignored.values()) >= 1


FULL = st.sampled_from(
    ["https://a.example/?x=1&amp;y=2", r"https://b.example/\g<0>\1", "https://t.co/0", "http://ü.example"]
)


@given(st.text("ab é😀", max_size=40), st.lists(FULL, max_size=4))
def test_short_links_become_what_they_stand_for(text: str, links: list[str]) -> None:
    urls = [
        {"start": 0, "end": 1, "url": f"https://t.co/n{number}", "expanded_url": full, "display_url": "…"}
        for number, full in enumerate(links)
    ]
    body = text + "".join(f" https://t.co/n{number}" for number in range(len(links)))
    shown = text + "".join(f" {full}" for full in links)
    assert only(parse(reply_event(text=body, entities={"urls": urls}))).text == shown
