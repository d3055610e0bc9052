"""What we send to Telegram, and what our cases say that it answers, against the Bot API's published description."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from careloop.twins.base import TwinRequest
from careloop.twins.forms import FormFile
from careloop.twins.telegram import TelegramTwin
from tests.fakes.clock import FrozenClock
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


@each_schema
def test_the_twin_speaks_the_bot_api(schema):
    """Its updates and answers, to which our connector was held in the functional tests."""
    twin = TelegramTwin(FrozenClock())
    file = FormFile(name="a.png", media_type="image/png", content=b"\x89PNG")
    kim, group, connection = twin.add_user("Kim", "kim_w", bio="Lamps"), twin.add_group("Lamps"), twin.connect()
    number = twin.write(kim, "Hello")
    twin.write(kim, "and again", answer=number)
    twin.edit(kim, number, "Hello!")
    for part in ("photo", "document", "voice", "video", "audio"):
        twin.send_file(kim, part, file, "look")
    twin.write(kim, "hi all", chat=group)
    twin.write_to_business(kim, connection, "Do you repair?")
    twin.native_answer(kim, connection, "Yes")
    photo = twin.world.chat(kim)["messages"][str(number + 2)]["photo"][0]["file_id"]
    calls: list[tuple[str, dict[str, Any]]] = [
        ("getMe", {}),
        ("getWebhookInfo", {}),
        ("getChat", {"chat_id": kim}),
        ("getFile", {"file_id": photo}),
        ("sendMessage", {"chat_id": kim, "text": "It left", "reply_parameters": {"message_id": number}}),
        ("sendMessage", {"chat_id": kim, "text": "Yes.", "business_connection_id": connection}),
        ("deleteMessage", {"chat_id": kim, "message_id": number}),
        ("getUpdates", {}),
    ]
    twin.block(kim)
    twin.block(kim, blocked=False)
    problems = []
    for method, params in calls:
        answer = twin.handle(_request(twin, method, params))
        result = json.loads(answer.body)["result"]
        problems += schema.request_problems(method, params)
        problems += schema.answer_problems(method, result, strict=True)
    for update in json.loads(twin.handle(_request(twin, "getUpdates", {})).body)["result"]:
        problems += schema.update_problems(update)
    assert problems == []


@pytest.mark.parametrize(
    ("method", "params", "status", "words"),
    [
        ("sendMessage", {"text": "a"}, 400, "chat_id is empty"),
        ("sendMessage", {"chat_id": "1", "text": "a"}, 400, "chat not found"),
        ("sendMessage", {"chat_id": "KIM", "text": " "}, 400, "message text is empty"),
        ("sendMessage", {"chat_id": "KIM", "text": "😀" * 2049}, 400, "message is too long"),
        ("sendMessage", {"chat_id": "KIM", "text": "a", "reply_parameters": {"message_id": 7}}, 400, "not found"),
        ("sendPhoto", {"chat_id": "KIM"}, 400, "no photo in the request"),
        ("deleteMessage", {"chat_id": "KIM", "message_id": 7}, 400, "message to delete not found"),
        ("getFile", {"file_id": "x"}, 400, "wrong file_id"),
        ("setWebhook", {"url": "http://care.example.com"}, 400, "HTTPS"),
        ("setWebhook", {"url": "https://care.example.com", "secret_token": "a b"}, 400, "unallowed"),
        ("sendLamp", {}, 404, "Not Found"),
    ],
)
def test_the_twin_refuses_what_telegram_refuses(method: str, params: dict[str, Any], status: int, words: str):
    twin = TelegramTwin(FrozenClock())
    kim = twin.add_user("Kim")
    twin.write(kim, "Hello")
    params = {name: kim if value == "KIM" else value for name, value in params.items()}
    answer = twin.handle(_request(twin, method, params))
    assert answer.status == status
    assert words in json.loads(answer.body)["description"]


def test_the_twin_keeps_updates_for_a_day_and_a_bot_to_one_way_of_having_them():
    clock = FrozenClock()
    twin = TelegramTwin(clock)
    twin.write(twin.add_user("Kim"), "Hello")
    saved = twin.dump()
    clock.advance(hours=24, seconds=1)
    assert twin.pending == 0
    twin.load(saved)
    twin.handle(_request(twin, "setWebhook", {"url": "https://care.example.com/hook"}))
    assert twin.handle(_request(twin, "getUpdates", {})).status == 409
    assert twin.handle(_request(twin, "getMe", {}, token="7:another")).status == 401


def _request(twin: TelegramTwin, method: str, params: dict[str, Any], *, token: str | None = None) -> TwinRequest:
    return TwinRequest(
        method="POST",
        path=f"/bot{token or twin.token}/{method}",
        query={},
        headers={"content-type": "application/json"},
        body=json.dumps(params).encode(),
    )
