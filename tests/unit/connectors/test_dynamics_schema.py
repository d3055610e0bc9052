"""Our calls about contacts, and what our cases say that Dataverse answers, against a description of its Web API.

The description is a third party's (api-evangelist/microsoft-dynamics-365), made of the vendor's documents; it knows
neither annotations nor the columns that a company adds, which ``new_`` begins. ``tests/cases/crms/dynamics/schema.json``
is what we use of it; the whole is taken where the environment variable names its file.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from chalicelib.connectors.crms.dynamics import reading, spec
from tests.unit.connectors.openapi import OpenApi

CASES = Path(__file__).resolve().parents[2] / "cases" / "crms" / "dynamics"
VARIABLE = "CARELOOP_DATAVERSE_API"
BASE = "/api/data/v9.2"


def descriptions() -> dict[str, OpenApi]:
    """Ours, and the whole where it is given."""
    found = {"ours": OpenApi.read([CASES / "schema.json"])}
    if os.environ.get(VARIABLE):
        found["the whole"] = OpenApi([yaml.safe_load(Path(os.environ[VARIABLE]).read_text(encoding="utf-8"))])
    return found


DESCRIPTIONS = descriptions()
each_description = pytest.mark.parametrize("api", DESCRIPTIONS.values(), ids=DESCRIPTIONS.keys())


def known(value: Any) -> Any:
    """Without annotations, columns of a company's own, and columns that are empty."""
    if isinstance(value, dict):
        kept = {name: item for name, item in value.items() if item is not None and not name.startswith("new_")}
        return {name: known(item) for name, item in kept.items() if "@" not in name}
    return [known(item) for item in value] if isinstance(value, list) else value


def steps() -> list[tuple[str, Mapping[str, Any], Mapping[str, Any]]]:
    """Each call about contacts as the description has it, but for continued lists, whose addresses are Dataverse's."""
    found: list[tuple[str, Mapping[str, Any], Mapping[str, Any]]] = []
    for path in sorted(CASES.glob("calls/*.json")):
        for step in json.loads(path.read_text(encoding="utf-8"))["exchange"]:
            request = step["request"]
            is_ours = "/contacts" in request["url"] and not {"$deltatoken", "$skiptoken"} & set(
                request.get("query", {})
            )
            if is_ours:
                request = {**request, "url": request["url"].replace(BASE, "")}
                request |= {"json": known(request["json"])} if "json" in request else {}
                found.append((path.stem, request, step["response"]))
    return found


@each_description
def test_every_call_about_contacts_is_described(api: OpenApi) -> None:
    assert [f"{name}: {item}" for name, request, _ in steps() for item in api.request_problems(request)] == []
    assert {request["method"] for _, request, _ in steps()} == {"GET", "PATCH"}


@each_description
def test_what_the_cases_answer_has_the_described_types(api: OpenApi) -> None:
    problems = []
    for name, request, response in steps():
        if response["status"] < 300:
            found = api.answer_problems(request, response["status"], known(response.get("json")))
            problems += [f"{name}: {item}" for item in found]
    assert problems == []


@each_description
def test_every_column_that_we_always_ask_for_is_described(api: OpenApi) -> None:
    request = {"method": "GET", "url": "https://acme.crm4.dynamics.com/contacts"}
    columns = [*reading.COLUMNS, *(item.strip() for item in spec.PHONES.split(","))]
    described = {name: 0 if name == "statecode" else "text" for name in columns}
    assert api.answer_problems(request, 200, {"value": [described]}) == []
    assert api.answer_problems(request, 200, {"value": [{"emailaddress9": "a"}]}) != []
