"""What is special to Matrix: how the homeserver proves itself, and what an acknowledgement must be."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.connectors.platforms.matrix.client import Client
from chalicelib.connectors.platforms.matrix.content import said
from chalicelib.connectors.platforms.matrix.webhook import Receiver
from chalicelib.connectors.toolkit.payload import Reader
from chalicelib.core.account import Account
from chalicelib.core.errors import ConfigurationError, SignatureError
from chalicelib.core.events import InboundMessage
from chalicelib.core.ids import AccountId, AccountKey
from chalicelib.core.webhook import VerifiedWebhook, WebhookRequest
from chalicelib.ports.platform import PlatformContext
from chalicelib.ports.receiver import ReceiverContext
from tests.fakes.clock import FrozenClock
from tests.fakes.http import ScriptedHttp
from tests.fakes.sessions import MemorySessions

ACME = AccountId("@acme:chat.example")
REQUEST = WebhookRequest(
    method="PUT",
    url="https://care.example.com/webhooks/platform/matrix/chat/_matrix/app/v1/transactions/7",
    headers={},
    query={},
    body=b'{"events":[]}',
    received_at=datetime(2026, 11, 20, tzinfo=UTC),
    path_suffix="/_matrix/app/v1/transactions/7",
)

EVENT = {
    "type": "m.room.message",
    "event_id": "$1",
    "room_id": "!r",
    "sender": "@kim:chat.example",
    "origin_server_ts": 1795176000000,
    "content": {"msgtype": "m.image", "body": "box.png", "url": "mxc://chat.example/abc"},
}


def receiver(*accounts: AccountId) -> Receiver:
    return Receiver(ReceiverContext(secrets={"hs_token": ("token-one", "token-two")}, accounts=accounts or (ACME,)))


@pytest.mark.parametrize("header", ["Bearer token-one", "bearer token-two", "BEARER token-one"])
def test_the_header_may_hold_each_current_token(header: str) -> None:
    receiver().verify(replace(REQUEST, headers={"authorization": header}))


def test_older_homeservers_put_the_token_into_the_query() -> None:
    receiver().verify(replace(REQUEST, query={"access_token": "token-two"}))
    with pytest.raises(SignatureError):
        receiver().verify(replace(REQUEST, query={"access_token": "token-three"}))


@pytest.mark.parametrize("header", ["token-one", "Basic token-one", "Bearer", "Bearer ", "Bearer  token-one", ""])
def test_a_wrong_header_is_not_saved_by_a_right_query(header: str) -> None:
    request = replace(REQUEST, headers={"authorization": header}, query={"access_token": "token-one"})
    with pytest.raises(SignatureError):
        receiver().verify(request)


def test_the_acknowledgement_is_a_json_object() -> None:
    response = receiver().acknowledgement(REQUEST)
    assert (response.status, json.loads(response.body), response.content_type) == (200, {}, "application/json")


def test_events_must_not_be_for_one_of_several_accounts() -> None:
    with pytest.raises(ConfigurationError):
        receiver(ACME, AccountId("@other:chat.example")).parse(VerifiedWebhook(request=REQUEST))


def test_events_in_files_may_belong_to_nobody_known() -> None:
    of = Receiver(ReceiverContext(secrets={"hs_token": ("token-one",)}))
    (found,) = of.parse(VerifiedWebhook(request=replace(REQUEST, body=json.dumps(EVENT).encode()))).events
    assert isinstance(found, InboundMessage)
    assert str(found.key) == "matrix:unnamed:$1"


def test_without_a_base_url_media_have_no_link_and_keep_their_name() -> None:
    body = json.dumps({"events": [EVENT]}).encode()
    (found,) = receiver().parse(VerifiedWebhook(request=replace(REQUEST, body=body))).events
    assert isinstance(found, InboundMessage)
    (attachment,) = found.attachments
    assert (attachment.url, attachment.remote_id, attachment.title) == (None, "mxc://chat.example/abc", "box.png")


_WORDS = st.text(alphabet="ab >\n", min_size=1, max_size=12).filter(lambda text: not text.startswith((">", "\n")))


@given(st.lists(st.text(alphabet="ab", max_size=4), max_size=4), _WORDS)
def test_a_fallback_is_taken_off_and_nothing_else(quoted: list[str], words: str) -> None:
    fallback = "\n".join(f"> {line}" for line in ["<@acme:chat.example> hello", *quoted])
    body = f"{fallback}\n\n{words}"
    answer = {"msgtype": "m.text", "body": body, "m.relates_to": {"m.in_reply_to": {"event_id": "$1"}}}
    found = said(Reader(answer, ""), None)
    assert found is not None
    assert found.text == words
    alone = said(Reader({"msgtype": "m.text", "body": body}, ""), None)
    assert alone is not None
    assert alone.text == body


@pytest.mark.parametrize(
    ("options", "credentials"),
    [
        ({}, {"as_token": "as-token-number-one"}),
        ({"base_url": "https://matrix.example"}, {}),
        ({"base_url": "https://matrix.example", "threads": "sometimes"}, {"as_token": "as-token-number-one"}),
        ({"base_url": "ftp://matrix.example"}, {"as_token": "as-token-number-one"}),
    ],
)
def test_a_wrong_setting_is_named(options: dict[str, str], credentials: dict[str, Any]) -> None:
    account = Account(
        key=AccountKey(platform="matrix", account=ACME), title="Acme", helpdesk="zendesk", options=options
    )
    context = PlatformContext(
        account=account,
        credentials=credentials,
        http=ScriptedHttp([]),
        clock=FrozenClock(),
        sessions=MemorySessions(),
    )
    with pytest.raises(ConfigurationError):
        Client(context)
