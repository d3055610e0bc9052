"""Reddit: whose payload it is, deep threads, and what a client needs."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from chalicelib.connectors.platforms.reddit.client import Client
from chalicelib.connectors.platforms.reddit.webhook import Receiver
from chalicelib.core.account import Account
from chalicelib.core.errors import ConfigurationError
from chalicelib.core.events import InboundMessage, Parsed, PlatformEvent
from chalicelib.core.ids import AccountId, AccountKey
from chalicelib.core.webhook import VerifiedWebhook, WebhookRequest
from chalicelib.ports.platform import PlatformContext
from chalicelib.ports.receiver import ReceiverContext
from tests.fakes.clock import FrozenClock
from tests.fakes.http import ScriptedHttp
from tests.fakes.sessions import MemorySessions

ACCOUNT = Account(
    key=AccountKey(platform="reddit", account=AccountId("t2_acme1")),
    title="Acme",
    helpdesk="zendesk",
    options={"user_agent": "test:careloop:1 (by /u/acme)"},
)
CREDENTIALS = {"client_id": "id", "client_secret": "secret", "refresh_token": "token"}


def _comment(name: str, replies: Any = "") -> dict[str, Any]:
    data = {"name": name, "body": "Hi", "author": "acme", "author_fullname": "t2_acme1", "created_utc": 1795000000.0}
    return {"kind": "t1", "data": {**data, "link_id": "t3_1", "parent_id": "t3_1", "replies": replies}}


def _parse(body: Any, *accounts: str) -> Parsed[PlatformEvent]:
    request = WebhookRequest(
        method="POST",
        url="",
        headers={},
        query={},
        body=json.dumps(body).encode(),
        received_at=datetime(2026, 11, 20, 12, tzinfo=UTC),
    )
    return Receiver(ReceiverContext(accounts=tuple(map(AccountId, accounts)))).parse(VerifiedWebhook(request=request))


def test_without_a_known_account_it_is_unnamed_and_no_echo() -> None:
    (event,) = _parse(_comment("t1_a")).events
    assert isinstance(event, InboundMessage)
    assert event.key.account.account == "unnamed"
    assert not event.is_echo


def test_several_accounts_cannot_be_told_apart() -> None:
    with pytest.raises(ConfigurationError):
        _parse(_comment("t1_a"), "t2_acme1", "t2_other")


def test_deep_threads_are_read_to_the_end() -> None:
    thread: Any = ""
    for number in range(120):
        thread = {"kind": "Listing", "data": {"children": [_comment(f"t1_{number}", thread)]}}
    assert len(_parse(thread, "t2_acme1").events) == 120


@pytest.mark.parametrize("missing", [*CREDENTIALS, "user_agent"])
def test_what_is_missing_is_named(missing: str) -> None:
    context = PlatformContext(
        account=replace(ACCOUNT, options={}) if missing == "user_agent" else ACCOUNT,
        credentials={name: value for name, value in CREDENTIALS.items() if name != missing},
        http=ScriptedHttp([]),
        clock=FrozenClock(),
        sessions=MemorySessions(),
    )
    with pytest.raises(ConfigurationError, match=missing):
        Client(context)
