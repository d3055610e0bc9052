"""What our cases send to X, Zendesk and YouTube, against the vendors' published descriptions: what we distilled of them, or
the whole files where the environment variable names their folder."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.connectors.openapi import OpenApi
from tests.unit.connectors.published import PUBLISHED, Published

each = pytest.mark.parametrize("published", PUBLISHED, ids=[item.name for item in PUBLISHED])


@each
def test_every_call_is_one_that_the_vendor_describes(published: Published) -> None:
    api = OpenApi(published.documents())
    told = [(name, item) for name, step in published.steps() for item in api.request_problems(step["request"])]
    problems = [f"{name}: {item}" for name, item in told if not published.is_excused(item)]
    assert problems == []


@pytest.mark.parametrize("published", [item for item in PUBLISHED if item.answers], ids=lambda item: item.name)
def test_what_the_cases_answer_has_the_vendor_s_types(published: Published) -> None:
    api = OpenApi(published.documents())
    problems = []
    for name, step in published.steps():
        status, answer = step["response"].get("status", 200), step["response"].get("json")
        if status < 300 and isinstance(answer, dict) and "spoiled" not in name and "bad" not in name:
            problems += [f"{name}: {item}" for item in api.answer_problems(step["request"], status, answer)]
    assert problems == []


WRONG: dict[str, dict[str, Any]] = {
    "x": {"method": "POST", "url": "https://api.x.com/2/tweets", "json": {"text": 7}},
    "zendesk": {"method": "POST", "url": "https://acme.zendesk.com/api/v2/tickets/1", "json": {"ticket": {}}},
    "youtube": {"method": "POST", "url": "https://www.googleapis.com/youtube/v3/comments", "query": {}, "json": {}},
}


@each
def test_it_sees_what_is_wrong(published: Published) -> None:
    problems = OpenApi(published.documents()).request_problems(WRONG[published.name])
    assert problems
    assert not any(published.is_excused(item) for item in problems)
