"""Mastodon's own: an answer whose Idempotency-Key the server has forgotten is looked for before it is sent again."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chalicelib.core.errors import OutcomeUnknownError
from tests.contracts.cases import CASES
from tests.contracts.platforms import platform, read_reply
from tests.fakes.http import ScriptedHttp

NAMED = (
    '<p><span class="h-card"><a href="https://example.social/@kim" class="u-url mention">@<span>kim</span></a></span> '
)
OURS = f"{NAMED}It left today. Sorry!</p>"


def status(number: int, content: str, at: str, parent: str = "1153", files: int = 0) -> dict[str, Any]:
    return {
        "id": str(number),
        "url": f"https://our.social/@acme/{number}",
        "created_at": f"2026-11-20T{at}:00.000Z",
        "in_reply_to_id": parent,
        "content": content,
        "media_attachments": [{"id": str(item), "type": "image"} for item in range(files)],
    }


def looked(*pages: list[dict[str, Any]]) -> str:
    """The message that sending comes to, an hour after its first attempt, without another post."""
    below = None
    exchange = []
    for page in pages:
        query = {"limit": "40", "exclude_reblogs": "true", **({"max_id": below} if below else {})}
        request = {"method": "GET", "url": "https://our.social/api/v1/accounts/1001/statuses", "query": query}
        exchange.append({"request": request, "response": {"json": page}})
        below = page[-1]["id"]
    case = json.loads((CASES / "platforms/mastodon/outbound/private.json").read_text())
    http = ScriptedHttp(exchange)
    client = platform("mastodon").client(http, {"now": "2026-11-20T13:00:00+00:00"})
    receipt = client.send(read_reply(case["reply"]))
    http.done()
    return str(receipt.messages[0])


def test_it_is_found_among_our_own_posts_by_its_words_and_what_it_answers() -> None:
    others = [
        status(1199, "<p>another</p>", "12:30"),
        status(1198, OURS, "12:29", parent="1"),
        status(1197, OURS, "12:28", files=1),
    ]
    assert looked([*others, status(1160, OURS, "12:00")]) == "1160"


def test_it_is_found_pages_down() -> None:
    page = [status(1300 - item, "<p>another</p>", "12:30") for item in range(40)]
    assert looked(page, [status(1160, OURS, "12:00")]) == "1160"


def test_what_is_out_of_reach_is_unknown() -> None:
    pages = [[status(9000 - page * 40 - item, "<p>another</p>", "12:30") for item in range(40)] for page in range(3)]
    with pytest.raises(OutcomeUnknownError):
        looked(*pages)
