"""The WhatsApp twin keeps WhatsApp's rules: refused at once, or taken and failed later."""

from __future__ import annotations

import json
from typing import Any

import pytest

from careloop.twins.base import TwinRequest
from careloop.twins.forms import FormFile, read_form
from careloop.twins.whatsapp import WhatsAppTwin
from careloop.twins.whatsapp_world import NUMBER, WABA
from chalicelib.connectors.toolkit.multipart import multipart
from chalicelib.core.media import MediaFile
from tests.fakes.clock import FrozenClock

PICTURE = MediaFile(name='la"mp.png', media_type="image/png", content=b"\x89PNG\r\n--careloop\r\n\r\n")


class Desk:
    def __init__(self) -> None:
        self.clock = FrozenClock()
        self.bodies: list[dict[str, Any]] = []
        self.twin = WhatsAppTwin(self.clock, deliver=self._deliver)
        assert self.twin.subscribe("https://care.example.com/hook", "verify-me") == 200
        self.twin.add_template("hello", "de", "Hello {1}", variables=1)

    def _deliver(self, method: str, url: str, headers: Any, body: bytes) -> tuple[int, bytes]:
        if method == "GET":
            return 200, b"1158201444"
        self.bodies.append(json.loads(body)["entry"][0]["changes"][0]["value"])
        return 200, b""

    def ask(self, method: str, path: str, data: Any = None, *, token: str | None = None, **headers: str) -> Any:
        given = {"authorization": f"Bearer {token or self.twin.token}", "content-type": "application/json", **headers}
        body = data if isinstance(data, bytes) else json.dumps(data).encode() if data is not None else b""
        return self.twin.handle(TwinRequest(method=method, path=path, query={}, headers=given, body=body))

    def send(self, **data: Any) -> Any:
        answer = self.ask("POST", f"/v26.0/{NUMBER}/messages", {"messaging_product": "whatsapp", **data})
        return json.loads(answer.body)

    def statuses(self) -> list[str]:
        self.bodies.clear()
        self.twin.flush()
        found = [item for body in self.bodies for item in body.get("statuses", ())]
        return [item["status"] + "".join(f" {error['code']}" for error in item.get("errors", ())) for item in found]


TEXT = {"type": "text", "text": {"body": "Hi"}}


def template(name: str = "hello", *words: str) -> dict[str, Any]:
    parameters = [{"type": "text", "text": word} for word in words]
    parts = {"components": [{"type": "body", "parameters": parameters}]}
    return {"type": "template", "template": {"name": name, "language": {"code": "de"}, **parts}}


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (TEXT, 131008),
        ({"to": "1", "type": "text"}, 131008),
        ({"to": "1", "type": "text", "text": {"body": "a" * 4097}}, 100),
        ({"to": "1", "type": "dance", "dance": {}}, 131051),
        ({"to": "1", "type": "image", "image": {"id": "7"}}, 131009),
        ({"to": "1", "type": "audio", "audio": {"id": "7", "caption": "a"}}, 131009),
        ({"to": "1", **template("bye")}, 132001),
        ({"to": "1", **template()}, 132000),
        ({"to": "1", **template("hello", "a\nb")}, 132000),
    ],
)
def test_what_is_wrong_is_refused(data: dict[str, Any], code: int):
    assert Desk().send(**data)["error"]["code"] == code


def test_the_window_and_a_missing_account_fail_later():
    desk = Desk()
    dana = desk.twin.add_user("Dana", "4915123456789")
    assert "messages" in desk.send(recipient=dana, **TEXT)
    assert "messages" in desk.send(to="4999", **TEXT)
    assert desk.statuses() == ["failed 131047", "failed 131026"]
    desk.send(recipient=dana, **template("hello", "Dana"))
    assert desk.statuses() == ["sent", "delivered"]
    desk.twin.write(dana, "Yes?")
    desk.send(to="4915123456789", **TEXT)
    assert desk.statuses() == ["sent", "delivered"]
    desk.clock.advance(hours=24)
    desk.send(recipient=dana, **TEXT)
    assert desk.statuses() == ["failed 131047"]
    assert desk.twin.sent(dana)[1:3] == ["Hello Dana", "Hi"]


def test_a_number_may_be_withheld():
    desk = Desk()
    dana = desk.twin.add_user("Dana", "4915123456789", hides_phone=True)
    desk.twin.write(dana, "Hi")
    desk.twin.native_answer(dana, "Hello")
    desk.twin.flush()
    assert "4915123456789" not in json.dumps(desk.bodies)
    assert json.dumps(desk.bodies).count(dana) == 3


def test_files_come_back_for_five_minutes_with_the_token():
    desk = Desk()
    kind, body = multipart((("messaging_product", "whatsapp"), ("type", "image/png")), (("file", PICTURE),))
    answer = desk.ask("POST", f"/v26.0/{NUMBER}/media", body, **{"content-type": kind})
    [file] = desk.twin.world.data["media"].values()
    assert json.loads(answer.body) == {"id": file["id"]}
    url = json.loads(desk.ask("GET", f"/v26.0/{file['id']}").body)["url"]
    query = dict(item.split("=") for item in url.partition("?")[2].split("&"))

    def load(token: str = desk.twin.token) -> Any:
        headers = {"authorization": f"Bearer {token}"}
        path = "/whatsapp_business/attachments/"
        return desk.twin.handle(TwinRequest(method="GET", path=path, query=query, headers=headers, body=b""))

    assert load().body == PICTURE.content
    assert load("another").status == 404
    desk.clock.advance(minutes=6)
    assert load().status == 404
    desk.clock.advance(days=8)
    assert json.loads(desk.ask("GET", f"/v26.0/{file['id']}").body)["error"]["error_subcode"] == 33


def test_a_form_is_read_as_it_was_written():
    kind, body = multipart((("a", "1"), ("b", "ü\r\n2")), (("file", PICTURE),))
    request = TwinRequest(method="POST", path="/", query={}, headers={"content-type": kind}, body=body)
    fields, files = read_form(request)
    assert fields == {"a": "1", "b": "ü\r\n2"}
    assert files["file"] == FormFile(name="la%22mp.png", media_type="image/png", content=PICTURE.content)
    assert read_form(TwinRequest(method="POST", path="/", query={}, headers={}, body=body)) == ({}, {})


def test_it_needs_the_token_and_forgets_after_a_week():
    desk = Desk()
    assert desk.ask("GET", f"/v26.0/{WABA}/subscribed_apps", token="another").status == 401
    desk.twin.write(desk.twin.add_user("Dana", "4915123456789"), "Hi")
    saved = desk.twin.dump()
    desk.clock.advance(days=7, seconds=1)
    assert desk.twin.pending == 0
    desk.twin.load(saved)
    assert desk.twin.world.data["people"]
