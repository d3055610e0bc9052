"""What we send to Telegram, and what our cases say that it answers, against the Bot API's published description."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.unit.connectors.telegram_schema import CASES, schemas

SCHEMAS = schemas()
METHOD = re.compile(r"/bot[^/]+/(\w+)$")
each_schema = pytest.mark.parametrize("schema", SCHEMAS.values(), ids=SCHEMAS.keys())


def steps() -> list[tuple[str, dict[str, Any]]]:
    """Each call of each case."""
    paths = sorted([*CASES.glob("outbound/*.json"), *CASES.glob("calls/*.json")])
    return [(path.stem, step) for path in paths for step in json.loads(path.read_text(encoding="utf-8"))["exchange"]]


def asked(request: dict[str, Any]) -> tuple[dict[str, Any], bool]:
    """Parameters of a call, and whether they are text."""
    if "multipart" in request:
        parts = request["multipart"]
        return {item["name"]: item["text"].encode() if "filename" in item else item["text"] for item in parts}, True
    return (request["json"], False) if "json" in request else (request.get("query", {}), True)


@each_schema
def test_every_call_is_one_that_the_bot_api_has(schema):
    problems, seen = [], set()
    for name, step in steps():
        method = METHOD.search(step["request"]["url"])
        if method is None:
            assert "/file/bot" in step["request"]["url"]
            continue
        seen.add(method[1])
        params, as_text = asked(step["request"])
        problems += [f"{name}: {item}" for item in schema.request_problems(method[1], params, as_text=as_text)]
    assert problems == []
    assert {"sendMessage", "sendPhoto", "sendDocument", "getFile", "setWebhook", "getUpdates"} <= seen


@each_schema
def test_what_the_cases_answer_has_the_bot_apis_types(schema):
    problems = []
    for name, step in steps():
        method, answer = METHOD.search(step["request"]["url"]), step["response"].get("json", {})
        if method is None or not answer.get("ok") or name == "poll-one-bad-update":
            continue
        problems += [f"{name}: {item}" for item in schema.answer_problems(method[1], answer["result"], strict=False)]
    assert problems == []


@each_schema
def test_it_sees_what_is_wrong(schema):
    good = {"chat_id": "1", "text": "a"}
    assert schema.request_problems("sendMessage", good) == []
    assert schema.request_problems("sendMessage", {"chat_id": "1"}) == ["sendMessage.text is missing"]
    assert schema.request_problems("sendMessage", {**good, "txt": "a"}) == ["sendMessage.txt is no field"]
    assert schema.request_problems("sendMessage", {**good, "text": 7}) == ["sendMessage.text is no String"]
    nested = {**good, "reply_parameters": {"message_id": "7"}}
    assert schema.request_problems("sendMessage", nested) == ["sendMessage.reply_parameters.message_id is no Integer"]
    assert schema.request_problems("sendLamp", {}) == ["no method sendLamp"]
    assert schema.request_problems("getFile", {"file_id": "x"}, as_text=True) == []


@pytest.mark.skipif("the vendor's" not in SCHEMAS, reason="the vendor's description is not given")
def test_ours_is_part_of_the_vendors():
    import os

    from tests.unit.connectors.telegram_schema import VARIABLE

    ours = json.loads((CASES / "schema.json").read_text(encoding="utf-8"))
    whole = json.loads(Path(os.environ[VARIABLE]).read_text(encoding="utf-8"))
    for group in ("methods", "types"):
        for name, part in ours[group].items():
            known = {item["name"]: item for item in whole[group][name].get("fields", ())}
            for item in part.get("fields", ()):
                theirs = known[item["name"]]
                assert (item["types"], item["required"]) == (theirs["types"], theirs["required"]), f"{name} {item}"
            missing = [item["name"] for item in known.values() if item["required"]]
            assert set(missing) <= {item["name"] for item in part.get("fields", ())}, name
