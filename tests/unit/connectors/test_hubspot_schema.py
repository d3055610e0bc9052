"""What we send to HubSpot, and what our cases say that it answers, against its published API descriptions.

``tests/cases/crms/hubspot/schema.json`` is what we use of them, distilled from contacts, notes and properties v3 of
HubSpot-public-api-spec-collection. The whole descriptions are taken where the environment variable names their files.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.unit.connectors.openapi import OpenApi

CASES = Path(__file__).resolve().parents[2] / "cases" / "crms" / "hubspot"
VARIABLE = "CARELOOP_HUBSPOT_API"
"""Paths of the three files, separated as in PATH."""
BEYOND = ("/associations/notes",)
"""Calls that the descriptions lack: HubSpot's answers give their addresses."""


def descriptions() -> dict[str, OpenApi]:
    """Ours, and the vendor's where they are given."""
    found = {"ours": OpenApi.read([CASES / "schema.json"])}
    if os.environ.get(VARIABLE):
        found["the vendor's"] = OpenApi.read([Path(item) for item in os.environ[VARIABLE].split(os.pathsep)])
    return found


DESCRIPTIONS = descriptions()
each_description = pytest.mark.parametrize("api", DESCRIPTIONS.values(), ids=DESCRIPTIONS.keys())


def steps() -> list[tuple[str, Mapping[str, Any]]]:
    """Each call of each case that the descriptions know."""
    cases = [(path.stem, json.loads(path.read_text(encoding="utf-8"))) for path in sorted(CASES.glob("calls/*.json"))]
    all_steps = [(name, step) for name, case in cases for step in case["exchange"]]
    return [(name, step) for name, step in all_steps if not step["request"]["url"].endswith(BEYOND)]


def as_described(request: Mapping[str, Any]) -> Mapping[str, Any]:
    """The descriptions say that what is sorted by is text; the guide and HubSpot's own clients write objects."""
    body = request.get("json")
    if not isinstance(body, dict) or "sorts" not in body:
        return request
    assert all(set(item) == {"propertyName", "direction"} for item in body["sorts"])
    return {**request, "json": {**body, "sorts": [item["propertyName"] for item in body["sorts"]]}}


@each_description
def test_every_call_is_one_that_hubspot_describes(api: OpenApi) -> None:
    problems = [
        f"{name}: {item}" for name, step in steps() for item in api.request_problems(as_described(step["request"]))
    ]
    assert problems == []
    called = {(step["request"]["method"], step["request"]["url"].rpartition("/")[2]) for _, step in steps()}
    assert {("POST", "search"), ("POST", "read"), ("POST", "notes"), ("PATCH", "501"), ("DELETE", "77")} <= called


@each_description
def test_what_the_cases_answer_has_hubspots_types(api: OpenApi) -> None:
    problems = []
    for name, step in steps():
        response = step["response"]
        if response["status"] < 300 and "json" in response:
            found = api.answer_problems(step["request"], response["status"], response["json"])
            problems += [f"{name}: {item}" for item in found]
    assert problems == []


@each_description
def test_it_sees_what_is_wrong(api: OpenApi) -> None:
    url = "https://api.hubapi.com/crm/v3/objects/contacts"
    body = {"filterGroups": [], "properties": ["email"], "sorts": [], "limit": 100, "after": "0"}
    post = {"method": "POST", "url": f"{url}/search"}
    assert api.request_problems({**post, "json": body}) == []
    spoiled: tuple[dict[str, Any], ...] = (
        {"limit": "100"},
        {"filterGroups": {}},
        {"rows": 1},
        {"filterGroups": [{"filters": [{"operator": "IS"}]}]},
    )
    for bad in spoiled:
        assert api.request_problems({**post, "json": {**body, **bad}}) != [], bad
    assert api.request_problems({"method": "GET", "url": url, "query": {"limit": "ten"}}) != []
    assert api.request_problems({"method": "GET", "url": url, "query": {"rows": "10"}}) != []
    assert api.request_problems({"method": "PUT", "url": url}) == ["no operation PUT /crm/v3/objects/contacts"]
    assert api.answer_problems(post, 200, {"total": "1", "results": []}) == ["answer 200.total is no integer"]
