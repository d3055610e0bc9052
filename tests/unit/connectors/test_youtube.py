"""YouTube: whose comments a payload holds, and texts as HTML."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from chalicelib.connectors.platforms.youtube.places import Mark, read_mark
from chalicelib.connectors.platforms.youtube.webhook import Receiver
from chalicelib.core.errors import PayloadError
from chalicelib.core.events import InboundMessage, Parsed, PlatformEvent
from chalicelib.core.ids import AccountId, Cursor
from chalicelib.core.webhook import VerifiedWebhook, WebhookRequest
from chalicelib.ports.receiver import ReceiverContext

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def _comment(channel: str | None = "UCours", text: str = "Hello", author: str = "UCkim") -> dict[str, Any]:
    snippet = {"authorChannelId": {"value": author}, "textDisplay": text, "publishedAt": "2026-11-20T08:00:00Z"}
    if channel:
        snippet["channelId"] = channel
    return {"kind": "youtube#comment", "id": f"Ugx-{channel}", "snippet": snippet}


def _parse(body: Any, *accounts: str, **options: str) -> Parsed[PlatformEvent]:
    context = ReceiverContext(accounts=tuple(map(AccountId, accounts)), options=options)
    request = WebhookRequest(
        method="POST", url="", headers={}, query={}, body=json.dumps(body).encode(), received_at=NOW
    )
    return Receiver(context).parse(VerifiedWebhook(request=request))


def _only(parsed: Parsed[PlatformEvent]) -> InboundMessage:
    (event,) = parsed.events
    assert isinstance(event, InboundMessage)
    return event


def test_without_a_known_account_it_is_the_channel_that_is_commented_on() -> None:
    message = _only(_parse(_comment("UCours", author="UCours")))
    assert message.key.account.account == "UCours"
    assert message.is_echo


def test_without_any_channel_it_is_unnamed() -> None:
    assert _only(_parse(_comment(None))).key.account.account == "unnamed"


def test_of_several_accounts_the_channel_chooses() -> None:
    items = [_comment("UCours"), _comment("UCother"), _comment("UCthird"), _comment(None)]
    parsed = _parse({"kind": "youtube#commentListResponse", "items": items}, "UCours", "UCthird")
    assert [event.key.account.account for event in parsed.events if isinstance(event, InboundMessage)] == [
        "UCours",
        "UCthird",
    ]
    assert [item.path for item in parsed.malformed] == ["items[1].snippet", "items[3].snippet"]


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("App crashes<br>on start", "App crashes\non start"),
        ('<a href="https://example.com">example.com</a> isn&#39;t &quot;there&quot;', 'example.com isn\'t "there"'),
        ("1 &lt; 2 &amp;amp; &#0;", "1 < 2 &amp; \ufffd"),
        ("a < b", "a < b"),
    ],
)
def test_html_becomes_text_where_the_option_says_so(html: str, text: str) -> None:
    assert _only(_parse(_comment(text=html), text_format="html")).text == text
    assert _only(_parse(_comment(text=html))).text == html


def test_an_error_answer_is_no_payload() -> None:
    with pytest.raises(PayloadError):
        _parse({"error": {"code": 403, "errors": [{"reason": "quotaExceeded"}]}}, "UCours")


@pytest.mark.parametrize(
    "cursor", ["", "null", "[]", '{"newest":"x","replies":{}}', '{"newest":1,"replies":{"a":"b"}}']
)
def test_a_cursor_that_cannot_be_read_begins_anew(cursor: str) -> None:
    assert read_mark(Cursor(cursor), NOW) == read_mark(None, NOW)


def test_polling_keeps_to_its_share_of_the_day_and_begins_anew_with_it() -> None:
    evening = datetime(2026, 11, 20, 7, 59, tzinfo=UTC)
    mark = Mark(newest=evening)
    for _ in range(5000):
        mark = mark.used(evening)
    assert mark.is_over(evening, 5000)
    assert not mark.is_over(datetime(2026, 11, 20, 8, 1, tzinfo=UTC), 5000), "midnight Pacific"
    morning = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
    used = mark.used(morning, 100)
    assert (used.spent, used.is_over(morning, 5000)) == (100, False), "a burst is allowed"
    assert mark.used(morning, 300).is_over(morning, 5000)


@pytest.mark.parametrize("spent", [0, 17])
def test_a_mark_is_read_as_it_was_written(spent: int) -> None:
    mark = Mark(newest=NOW, replies={"a": 1}, turn=50, day="2026-11-20" if spent else "", spent=spent)
    assert read_mark(mark.write(), NOW) == mark
