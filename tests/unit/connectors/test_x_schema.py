"""What we send to X, and what our cases say that it answers to what changes something, against its published API
description.

``tests/cases/platforms/x/schema.json`` is what we use of it, distilled from X's OpenAPI description 2.167. The whole
description is taken where the environment variable names its file.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.unit.connectors.openapi import OpenApi

CASES = Path(__file__).resolve().parents[2] / "cases" / "platforms" / "x"
API = "https://api.x.com/2/"
VARIABLE = "CARELOOP_X_API"
"""The path of the file."""
OLD_NAMES = "has no parameter tweet.fields"
"""The guides and all captured calls say so, the description ``post.fields``: option ``field_names``."""
OLD_MEMBER = "edit_history_tweet_ids is no field"
"""The same of answers."""
CHANGES = ("POST", "PUT", "DELETE")
BROKEN = ("created-without-an-id", "upload-without-an-id")
"""Cases of answers that are not as X says."""


def descriptions() -> dict[str, OpenApi]:
    """Ours, and the vendor's where it is given."""
    found = {"ours": OpenApi.read([CASES / "schema.json"])}
    if os.environ.get(VARIABLE):
        found["the vendor's"] = OpenApi.read([Path(os.environ[VARIABLE])])
    return found


DESCRIPTIONS = descriptions()
each_description = pytest.mark.parametrize("api", DESCRIPTIONS.values(), ids=DESCRIPTIONS.keys())


def steps() -> list[tuple[str, Mapping[str, Any]]]:
    """Each call of each case but those about access and webhooks."""
    cases = [(path.stem, json.loads(path.read_text(encoding="utf-8"))) for path in sorted(CASES.glob("*/*.json"))]
    every = [(name, step) for name, case in cases for step in case.get("exchange", ())]
    others = tuple(API + name for name in ("oauth2/", "webhooks", "activity/"))
    return [
        (name, step)
        for name, step in every
        if step["request"]["url"].startswith(API) and not step["request"]["url"].startswith(others)
    ]


@each_description
def test_every_call_is_one_that_x_describes(api: OpenApi) -> None:
    problems = [f"{name}: {item}" for name, step in steps() for item in api.request_problems(step["request"])]
    assert [item for item in problems if not item.endswith(OLD_NAMES)] == []
    called = {(step["request"]["method"], step["request"]["url"].rpartition("/")[2]) for _, step in steps()}
    wanted = {("POST", "initialize"), ("POST", "append"), ("POST", "finalize"), ("PUT", "hidden"), ("DELETE", "990")}
    assert wanted <= called


@each_description
def test_what_the_cases_answer_to_changes_has_the_types_that_x_says(api: OpenApi) -> None:
    problems = []
    for name, step in steps():
        request, response = step["request"], step["response"]
        status = response.get("status", 200)
        if request["method"] in CHANGES and status < 300 and "json" in response and name not in BROKEN:
            problems += [f"{name}: {item}" for item in api.answer_problems(request, status, response["json"])]
    assert [item for item in problems if not item.endswith(OLD_MEMBER)] == []


@each_description
def test_it_sees_what_is_wrong(api: OpenApi) -> None:
    call = {"method": "POST", "url": f"{API}media/upload/initialize"}
    good = {"media_category": "dm_image", "media_type": "image/png", "total_bytes": 7}
    assert api.request_problems({**call, "json": good}) == []
    for bad in ({"total_bytes": "7"}, {"media_category": "image"}, {"name": "x"}):
        assert api.request_problems({**call, "json": {**good, **bad}}) != [], bad
    assert api.request_problems({"method": "GET", "url": f"{API}media/upload", "query": {"command": "STATUS"}}) != []
    assert api.request_problems({"method": "PATCH", "url": f"{API}tweets/1"}) != []
