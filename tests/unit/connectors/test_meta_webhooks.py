"""Meta's webhooks beyond the captured cases: handshake and signature, both families under either name, distrust."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.connectors.platforms._meta.envelope import ENTRY_PARSERS, parse_body
from chalicelib.connectors.platforms._meta.metadata import LONGEST_METADATA, delivery_of
from chalicelib.connectors.platforms.facebook.webhook import Receiver as FacebookReceiver
from chalicelib.connectors.platforms.messenger.webhook import Receiver as MessengerReceiver
from chalicelib.connectors.toolkit.payload import Collector, Reader
from chalicelib.core import codec
from chalicelib.core.account import ConnectionKind
from chalicelib.core.errors import PayloadError, SignatureError
from chalicelib.core.events import (
    InboundMessage,
    MessageDeleted,
    MessageEdited,
    Parsed,
    PlatformEvent,
    Surface,
    event_key,
    order_group,
)
from chalicelib.core.webhook import VerifiedWebhook, WebhookRequest
from chalicelib.ports.receiver import AnswersChallenge, ReceiverContext
from tests.contracts.cases import inbound_cases

PAGE = "104857600123456"
CONTEXT = ReceiverContext(secrets={"app_secret": ("new-secret", "old-secret"), "verify_token": ("handshake",)})
CASES = {
    f"{name}/{case.name}": case.body
    for name in ("facebook", "messenger")
    for case in inbound_cases(ConnectionKind.PLATFORM, name)
    if not case.is_challenge
}
both = pytest.mark.parametrize("receiver", [FacebookReceiver(CONTEXT), MessengerReceiver(CONTEXT)])


def request(body: bytes = b"", **changes: Any) -> WebhookRequest:
    values: dict[str, Any] = {
        "method": "POST",
        "url": "https://care.example.com/webhooks/platform/facebook/acme-meta",
        "headers": {},
        "query": {},
        "received_at": datetime(2026, 11, 20, 12, tzinfo=UTC),
    }
    return WebhookRequest(body=body, **{**values, **changes})


def parse(data: Any) -> Parsed[PlatformEvent]:
    return parse_body(json.dumps(data).encode())


# -- one app, two platforms --------------------------------------------------------------------------------------------


@both
def test_either_name_takes_the_events_of_both_families(receiver: FacebookReceiver) -> None:
    comment = {"item": "comment", "verb": "add", "comment_id": "1_2", "post_id": "p_1", "created_time": 1763790008}
    dm = {"sender": {"id": "7"}, "recipient": {"id": PAGE}, "timestamp": 1795326010977, "message": {"mid": "m_1"}}
    body = {
        "object": "page",
        "entry": [
            {"id": PAGE, "changes": [{"field": "feed", "value": comment}], "messaging": [dm]},
            {"id": "2", "standby": [{**dm, "message": {"mid": "m_2"}}]},
        ],
    }
    parsed = receiver.parse(VerifiedWebhook(request=request(json.dumps(body).encode())))
    found = [
        (str(item.key), item.surface, item.context.get("standby"))
        for item in parsed.events
        if isinstance(item, InboundMessage)
    ]
    assert found == [
        (f"facebook:{PAGE}:1_2", Surface.COMMENT, None),
        (f"messenger:{PAGE}:m_1", Surface.DM, None),
        ("messenger:2:m_2", Surface.DM, "true"),
    ]


@both
def test_both_receivers_answer_challenges(receiver: FacebookReceiver) -> None:
    assert isinstance(receiver, AnswersChallenge)


def test_another_object_gets_its_reader_by_one_line() -> None:
    def read(out: Collector, entry: Reader) -> None:
        out.ignore(f"workplace of {entry.need_id('id')}")

    body = json.dumps({"object": "workplace", "entry": [{"id": "17"}, {"id": "0"}, {}]}).encode()
    parsed = parse_body(body, {**ENTRY_PARSERS, "workplace": read})
    assert parsed.ignored == {"workplace of 17": 1, "test": 1}
    assert [item.path for item in parsed.malformed] == ["entry[2].id"]
    assert parse_body(body).ignored == {"object/workplace": 3}


@pytest.mark.parametrize(
    "body", [{"entry": []}, {"object": "page"}, {"object": 7, "entry": []}, {"object": "page", "entry": {}}, []]
)
def test_what_is_no_envelope_is_refused_whole(body: Any) -> None:
    with pytest.raises(PayloadError):
        parse(body)


# -- signature and handshake -------------------------------------------------------------------------------------------


@both
def test_a_signature_over_the_text_parsed_and_written_again_is_refused(receiver: FacebookReceiver) -> None:
    from tests.cases.platforms.facebook.signer import sign

    raw = b'{"object":"page","entry":[{"id":"1","x":"\\u00fc\\/"}]}'
    at = datetime(2026, 11, 20, 12, tzinfo=UTC)
    for secret in ("new-secret", "old-secret"):
        receiver.verify(request(raw, headers=sign({"app_secret": (secret,)}, raw, at)))
    again = json.dumps(json.loads(raw), ensure_ascii=False).encode()
    with pytest.raises(SignatureError):
        receiver.verify(request(raw, headers=sign({"app_secret": ("new-secret",)}, again, at)))


def test_the_old_signature_alone_proves_nothing() -> None:
    with pytest.raises(SignatureError):
        FacebookReceiver(CONTEXT).verify(request(b"{}", headers={"x-hub-signature": "sha1=" + "0" * 40}))


@pytest.mark.parametrize("challenge", ["1" * 1001, "1\n2", "<\u00fc>", "\ud800"])
def test_a_challenge_that_can_not_be_written_back_is_refused(challenge: str) -> None:
    query = {"hub.mode": "subscribe", "hub.verify_token": "handshake", "hub.challenge": challenge}
    response = FacebookReceiver(CONTEXT).answer_challenge(request(method="GET", query=query))
    assert response is not None
    assert (response.status, response.body) == (403, "")


def test_a_long_challenge_is_answered() -> None:
    query = {"hub.mode": "subscribe", "hub.verify_token": "handshake", "hub.challenge": "1" * 1000}
    response = FacebookReceiver(CONTEXT).answer_challenge(request(method="GET", query=query))
    assert response is not None
    assert response.body == "1" * 1000


def test_a_challenge_is_answered_as_plain_text() -> None:
    query = {"hub.mode": "subscribe", "hub.verify_token": "handshake", "hub.challenge": "<b>1</b>"}
    response = FacebookReceiver(CONTEXT).answer_challenge(request(method="GET", query=query))
    assert response is not None
    assert response.body == "<b>1</b>"
    assert response.content_type.startswith("text/plain")
    assert response.headers == {"x-content-type-options": "nosniff"}


# -- details -----------------------------------------------------------------------------------------------------------


def feed(value: dict[str, Any], **entry: Any) -> PlatformEvent:
    parsed = parse({"object": "page", "entry": [{"id": PAGE, **entry, "changes": [{"field": "feed", "value": value}]}]})
    (event,) = parsed.events
    return event


EDIT = {"item": "comment", "verb": "edited", "comment_id": "1_2", "post_id": "p_1", "message": "a"}


def test_two_edits_are_two_events_and_a_repeated_one_is_one() -> None:
    first, second = feed({**EDIT, "message": "b"}, time=1), feed({**EDIT, "message": "c"}, time=2)
    again = feed({**EDIT, "message": "b"}, time=99)
    assert event_key(first) != event_key(second)
    assert event_key(first) == event_key(again)
    timed = [feed({**EDIT, "edited_time": at}) for at in (1763790100, 1763790200)]
    assert event_key(timed[0]) != event_key(timed[1])


def test_an_edit_without_a_time_of_its_own_is_dated_by_its_delivery() -> None:
    event = feed({**EDIT, "created_time": 1763790008}, time=1763790103)
    assert isinstance(event, MessageEdited)
    assert event.edited_at == datetime.fromtimestamp(1763790103, UTC)
    event = feed({**EDIT, "created_time": 1763790008}, time="soon")
    assert isinstance(event, MessageEdited)
    assert event.edited_at == datetime.fromtimestamp(1763790008, UTC)


def test_a_comment_without_any_time_is_malformed() -> None:
    value = {"item": "comment", "verb": "add", "comment_id": "1_2", "post_id": "p_1"}
    parsed = parse({"object": "page", "entry": [{"id": PAGE, "changes": [{"field": "feed", "value": value}]}]})
    assert [item.path for item in parsed.malformed] == ["entry[0].changes[0].value.created_time"]


def test_who_removed_a_comment_is_never_taken_for_its_author() -> None:
    gone = {"item": "comment", "verb": "remove", "comment_id": "1_2", "post_id": "p_1", "created_time": 1}
    ours = feed({**gone, "from": {"id": PAGE, "name": "Acme"}})
    theirs = feed({**gone, "from": {"id": "7", "name": "Dana"}})
    assert isinstance(ours, MessageDeleted)
    assert isinstance(theirs, MessageDeleted)
    assert ours.author is None
    assert theirs.author is not None
    assert event_key(ours) == event_key(theirs)
    assert order_group(ours) == f"facebook:{PAGE}|thread|p_1"


def test_a_lone_half_of_a_character_is_replaced() -> None:
    event = feed({**EDIT, "message": "cut \ud83d"}, time=1)
    assert isinstance(event, MessageEdited)
    assert event.text == "cut \ufffd"


def test_ids_are_quoted_in_permalinks() -> None:
    event = feed(
        {"item": "comment", "verb": "add", "comment_id": "1_2&x=<y>", "post_id": "p/../q_1?", "created_time": 1}
    )
    assert isinstance(event, InboundMessage)
    assert event.permalink == "https://www.facebook.com/p%2F..%2Fq/posts/1%3F/?comment_id=2%26x%3D%3Cy%3E"


@pytest.mark.parametrize("given", ["javascript:alert(1)", "http://www.facebook.com/1", "", None])
def test_only_secure_addresses_are_taken_over(given: str | None) -> None:
    value = {"item": "post", "verb": "add", "post_id": "p_1", "created_time": 1, "post": {"permalink_url": given}}
    event = feed(value)
    assert isinstance(event, InboundMessage)
    assert event.permalink == "https://www.facebook.com/p/posts/1"


def test_metadata_is_ours_by_its_beginning() -> None:
    assert delivery_of("careloop:zendesk:42|17|1") == "zendesk:42|17|1"
    assert [delivery_of(text) for text in ("", "careloop:", "acme-care:reply:42", " careloop:1")] == [None] * 4
    assert LONGEST_METADATA < 1000


@pytest.mark.parametrize(
    ("degrees", "is_fine"),
    [(-180, True), (180, True), (0.5, True), (180.1, False), (-181, False), (True, False), ("48", False)],
)
def test_places_have_degrees(degrees: Any, is_fine: bool) -> None:
    place = {"type": "location", "payload": {"coordinates": {"lat": degrees, "long": 11}}}
    message = {"mid": "m_1", "attachments": [place]}
    dm = {"sender": {"id": "7"}, "recipient": {"id": PAGE}, "timestamp": 1795326010977, "message": message}
    parsed = parse({"object": "page", "entry": [{"id": PAGE, "messaging": [dm]}]})
    assert bool(parsed.events) is is_fine
    assert bool(parsed.malformed) is not is_fine


def test_long_facts_are_cut_not_refused() -> None:
    dm = {
        "sender": {"id": "7"},
        "recipient": {"id": PAGE},
        "timestamp": 1795326010977,
        "message": {"mid": "m_1", "referral": {"ref": "r" * 2083, "ad_id": 120211111111111}},
    }
    (event,) = parse({"object": "page", "entry": [{"id": PAGE, "messaging": [dm]}]}).events
    assert isinstance(event, InboundMessage)
    assert event.context == {"referral": "r" * 500, "ad_id": "120211111111111"}


# -- distrust ----------------------------------------------------------------------------------------------------------

LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(min_value=10**30, max_value=10**40),
    st.floats(),
    st.text(max_size=12),
    st.sampled_from(["", "0", PAGE, "m_1", "\ud800", "x" * 2000, "https://x", "_", "1_2"]),
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=5,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, item in items for place in places(item, (*path, key)))]


def put(document: Any, place: tuple[Any, ...], value: Any) -> Any:
    if not place:
        return value
    holder = document
    for step in place[:-1]:
        holder = holder[step]
    holder[place[-1]] = value
    return document


def check(body: bytes) -> None:
    """Events that are sound, or PayloadError; nothing else, whatever the body."""
    try:
        parsed = parse_body(body)
    except PayloadError:
        return
    for event in parsed.events:
        data = codec.to_data(event, tagged=True)
        assert codec.from_data(PlatformEvent, json.loads(json.dumps(data, ensure_ascii=False).encode())) == event
        assert event_key(event)
        assert order_group(event)


@given(st.data())
def test_whatever_stands_in_a_known_body_nothing_but_events_and_payload_errors_come_out(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(CASES)))
    document = json.loads(CASES[name])
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.sampled_from(places(document)))
        document = put(document, place, data.draw(VALUES))
        if not isinstance(document, dict | list):
            break
    check(json.dumps(document).encode("utf-8"))


@given(st.dictionaries(st.sampled_from(["field", "value", "item", "verb", "from", "post"]), VALUES))
def test_a_change_of_anything_is_survived(change: dict[str, Any]) -> None:
    change = {"field": "feed", **change}
    check(json.dumps({"object": "page", "entry": [{"id": PAGE, "changes": [change]}]}).encode())


@given(st.sampled_from(["message", "message_edit", "postback", "delivery", "read", "reaction"]), VALUES, VALUES)
def test_an_item_of_anything_is_survived(kind: str, content: Any, sender: Any) -> None:
    item = {"sender": sender, "recipient": {"id": PAGE}, "timestamp": 1795326010977, kind: content}
    check(json.dumps({"object": "page", "entry": [{"id": PAGE, "messaging": [item]}]}).encode())


@given(st.binary(max_size=60))
def test_any_bytes_are_survived(body: bytes) -> None:
    check(body)
