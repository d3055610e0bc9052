"""The RT stand-in: it refuses what RT refuses, and says it in RT's words (as seen on RT 5.0.3)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import pytest

from careloop.twins import rt_sql
from careloop.twins.base import TwinRequest, TwinResponse
from careloop.twins.rt import RtTwin
from careloop.twins.rt_sql import BadQuery
from tests.fakes.clock import FrozenClock

ROOT = "/REST/2.0"


@pytest.fixture
def twin() -> RtTwin:
    made = RtTwin(FrozenClock())
    made.world.add_user("facebook-1234", "Kim Lee")
    return made


def ask(
    twin: RtTwin, method: str, path: str, data: Any = None, *, form: Mapping[str, str] | None = None, **more: Any
) -> TwinResponse:
    kind = "application/json" if form is None else "application/x-www-form-urlencoded"
    body = urlencode(form).encode() if form is not None else b"" if data is None else json.dumps(data).encode()
    headers = {"authorization": f"token {twin.token}", "content-type": kind, **more.pop("headers", {})}
    return twin.handle(
        TwinRequest(
            method=method, path=ROOT + path, query=more.pop("query", {}), headers=headers, body=more.pop("raw", body)
        )
    )


def says(response: TwinResponse) -> Any:
    return json.loads(response.body)


def create(twin: RtTwin, **more: Any) -> int:
    body = {"Queue": "Social", "Subject": "Hi", "Requestor": ["facebook-1234"], "Content": "hello", **more}
    return int(says(ask(twin, "POST", "/ticket", body))["id"])


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "message"),
    [
        ("GET", "/nope", None, 404, "Not Found"),
        ("GET", "/ticket/99", None, 404, "Not Found"),
        ("GET", "/user/nobody-here", None, 404, "Not Found"),
        ("GET", "/queue/Nope", None, 403, "Forbidden"),
        ("GET", "/attachment/99", None, 500, "Internal Server Error"),
        ("POST", "/user", {"RealName": "x"}, 400, "Must specify 'Name' attribute"),
        ("POST", "/user", {"Name": "FACEBOOK-1234"}, 400, "Name in use"),
        ("POST", "/user", {"Name": "x", "EmailAddress": "ANA@care.example"}, 400, "Email address in use"),
        ("POST", "/ticket", {"Subject": "x"}, 400, "Could not create ticket. Queue not set"),
        ("POST", "/ticket", {"Queue": "Nope"}, 403, "No permission to create tickets in the queue 'Nope'"),
        ("POST", "/ticket", ["x"], 400, "JSON object must be a HASH"),
        (
            "POST",
            "/ticket",
            {"Queue": "Social", "Status": "nope"},
            400,
            "Status 'nope' isn't a valid status for tickets in this queue.",
        ),
        ("POST", "/ticket/99/correspond", {"Content": "x", "ContentType": "text/plain"}, 400, "Permission Denied"),
        ("POST", "/ticket/1/comment", {"Content": "x"}, 400, "ContentType is a required field for application/json"),
        (
            "POST",
            "/ticket/1/comment",
            {"Attachments": [{"FileName": "a"}]},
            400,
            "FileType is a required field for each attachment in Attachments",
        ),
    ],
)
def test_refusals(twin: RtTwin, method: str, path: str, body: Any, status: int, message: str) -> None:
    create(twin)
    response = ask(twin, method, path, body)
    assert (response.status, says(response)) == (status, {"message": message})


def test_a_wrong_token_and_a_wrong_media_type(twin: RtTwin) -> None:
    assert ask(twin, "GET", "/rt", headers={"authorization": f"Bearer {twin.token}"}).status == 401
    assert ask(twin, "GET", "/rt", headers={"authorization": ""}).status == 401
    assert ask(twin, "GET", "/rt").status == 200
    assert ask(twin, "POST", "/ticket", form={"Queue": "Social"}).status == 415
    assert ask(twin, "POST", "/transactions", {"query": "id > 5"}).status == 400
    assert ask(twin, "POST", "/ticket", raw=b"{bad").status == 500
    assert ask(twin, "DELETE", "/ticket/1").status == 404


def test_an_unknown_requestor_is_left_out_without_a_word(twin: RtTwin) -> None:
    number = create(twin, Requestor=["facebook-1234", "nobody-here"])
    assert [item["id"] for item in says(ask(twin, "GET", f"/ticket/{number}"))["Requestor"]] == ["facebook-1234"]


def test_a_message_stands_before_its_custom_fields(twin: RtTwin) -> None:
    number = create(twin)
    body = {
        "Content": "second",
        "ContentType": "text/plain; careloop=m2",
        "TxnCustomFields": {"CareloopMessage": "m2", "Nope": "x"},
        "Status": "open",
    }
    response = ask(twin, "POST", f"/ticket/{number}/correspond", body)
    assert says(response) == [
        "Correspondence added",
        "Custom fields updated",
        "Unable to load transaction custom field: Nope",
        "You can't change status from 'open' to 'open'.",
    ]
    path = response.headers["location"].removeprefix(ROOT)
    part = says(ask(twin, "GET", f"{path}/attachments", query={"fields": "Headers,TransactionId"}))["items"][0]
    assert 'Content-Type: text/plain; careloop="m2"; charset="utf-8"' in part["Headers"]
    whole = says(ask(twin, "GET", f"/attachment/{part['id']}"))
    assert base64.b64decode(whole["Content"]) == b"second"
    assert whole["TransactionId"]["id"] == part["TransactionId"]


def test_correspondence_reopens_even_what_is_deleted(twin: RtTwin) -> None:
    number = create(twin)
    for status in ("resolved", "rejected", "deleted"):
        twin.set_status(number, status)
        ask(twin, "POST", f"/ticket/{number}/comment", {"Content": "x", "ContentType": "text/plain"})
        assert twin.world.ticket(number)["status"] == status  # type: ignore[index]
        ask(twin, "POST", f"/ticket/{number}/correspond", {"Content": "x", "ContentType": "text/plain"})
        assert twin.world.ticket(number)["status"] == "open"  # type: ignore[index]


def test_statuses_are_refused_in_words(twin: RtTwin) -> None:
    number = create(twin)
    assert twin.set_status(number, "nope") == "Status 'nope' isn't a valid status for this ticket."
    assert twin.set_status(number, "resolved") == "Status changed from 'new' to 'resolved'"
    assert twin.set_status(number, "new") == "You can't change status from 'resolved' to 'new'."
    assert says(ask(twin, "PUT", f"/ticket/{number}", {"Status": "open"})) == [
        f"Ticket {number}: Status changed from 'resolved' to 'open'"
    ]


def test_a_merge_leaves_links_and_moves_nothing_else(twin: RtTwin) -> None:
    one = create(twin, CustomFields={"CareloopCase": "case-one"})
    two = create(twin, CustomFields={"CareloopCase": "case-two"})
    assert says(ask(twin, "PUT", f"/ticket/{one}", {"MergeInto": 99})) == ["New ticket doesn't exist"]
    assert says(ask(twin, "PUT", f"/ticket/{one}", {"MergeInto": two})) == ["Merge Successful"]
    shown = says(ask(twin, "GET", f"/ticket/{one}"))
    assert (shown["id"], shown["CustomFields"][0]["values"]) == (two, ["case-two"])
    query = {"query": json.dumps([{"field": "Field", "value": "MergedInto"}]), "fields": "ObjectId,NewValue"}
    rows = says(ask(twin, "GET", f"/ticket/{one}/history", query=query))["items"]
    assert [row["ObjectId"] for row in rows] == [str(one), str(two)]
    assert all(row["NewValue"].endswith(f"/ticket/{two}") for row in rows)
    found = says(ask(twin, "POST", "/tickets", form={"query": "CF.{CareloopCase} = 'case-one'"}))
    assert found["items"] == []
    ask(twin, "POST", f"/ticket/{one}/correspond", {"Content": "x", "ContentType": "text/plain"})
    assert [item["text"] for item in twin.snapshot()["tickets"][0]["comments"]] == ["hello", "hello", "x"]


def test_deleted_tickets_are_not_found_and_pages_do_not_say_how_many(twin: RtTwin) -> None:
    numbers = [create(twin, CustomFields={"CareloopCase": "case-one"}) for _ in range(5)]
    twin.delete(numbers[0])
    form = {"query": "CF.{CareloopCase} = 'CASE-ONE'", "orderby": "id", "order": "DESC", "per_page": "3"}
    first = says(ask(twin, "POST", "/tickets", form=form))
    assert [item["id"] for item in first["items"]] == ["5", "4", "3"]
    assert (first["total"], first["pages"], "next_page" in first) == (None, None, False)
    second = says(ask(twin, "POST", "/tickets", form={**form, "page": "2"}))
    assert [item["id"] for item in second["items"]] == ["2"]


# -- searches ----------------------------------------------------------------------------------------------------------

RECORD = {"id": ("7",), "Type": ("Comment",), "Subject": ("It's \\ here",), "CF.{Case}": ("a", "B"), "Empty": ()}


@pytest.mark.parametrize(
    ("query", "fits"),
    [
        ("id = 7", True),
        ("id > 6 AND id <= 7", True),
        ("id != 7", False),
        ("Type = 'comment'", True),
        ("Type = 'Status' OR Type = \"Comment\"", True),
        ("Subject = 'It\\'s \\\\ here'", True),
        ("CF.{Case} = 'b'", True),
        ("CF.{Nope} = 'b'", False),
        ("Empty IS NULL", True),
        ("Type IS NOT NULL", True),
        ("id = 1 AND id = 2 OR id = 7", True),
        ("id = 1 AND (id = 2 OR id = 7)", False),
        ("id = 10", False),
        ("id < 10", True),
    ],
)
def test_sql(query: str, fits: bool) -> None:
    assert rt_sql.parse(query, RECORD)(RECORD.get) is fits


@pytest.mark.parametrize(
    "query", ["", "id", "id =", "Nope = 1", "id = 7 AND", "(id = 7", "id = 7)", "id ~ 7", "id IS 'x' id", "'x' = id"]
)
def test_bad_sql(query: str) -> None:
    with pytest.raises(BadQuery):
        rt_sql.parse(query, RECORD)


def test_json_conditions() -> None:
    one_field = [{"field": "Type", "value": "Status"}, {"field": "Type", "value": "Comment"}]
    assert rt_sql.from_json(one_field)(RECORD.get)
    assert not rt_sql.from_json([*one_field, {"field": "id", "operator": ">", "value": "7"}])(RECORD.get)
    assert rt_sql.from_json([{"field": "Unknown", "value": "x"}])(RECORD.get)
    with pytest.raises(BadQuery):
        rt_sql.from_json({"field": "id"})


# -- the Scrip ---------------------------------------------------------------------------------------------------------


def test_the_scrip_tells_ids_once_signed_and_not_what_we_did() -> None:
    came: list[tuple[str, Mapping[str, str], bytes]] = []
    answers = [204, 503, 204]

    def deliver(method: str, url: str, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
        came.append((url, headers, body))
        return answers[len(came) - 1], b""

    twin = RtTwin(FrozenClock(), deliver=deliver)
    twin.world.add_user("facebook-1234", "Kim Lee")
    number = create(twin, CustomFields={"CareloopCase": "case-abcdefghij23456723"})
    other = create(twin)
    twin.agent_reply(number, "told to nobody yet")
    twin.add_webhook("https://care.example.com/hook", "the-secret")
    ask(twin, "POST", f"/ticket/{number}/comment", {"Content": "ours", "ContentType": "text/plain"})
    reply = twin.agent_reply(number, "Hello Kim")
    twin.agent_note(other, "/why")
    twin.solve(number)
    twin.merge(number, other)
    assert twin.pending == 3, "a merge is not told: polling finds it"
    assert twin.flush() == 2
    assert twin.pending == 0
    assert twin.flush() == 0, "what failed is not repeated"
    events = [json.loads(body) for _, _, body in came]
    assert [item["event"] for item in events] == [
        "ticket.correspond",
        "ticket.comment",
        "ticket.status",
    ]
    assert events[0] == {"case": "", "event": "ticket.correspond", "ticket": number, "transaction": reply}
    url, headers, body = came[0]
    assert url == "https://care.example.com/hook"
    signed = headers["x-rt-timestamp"].encode() + b"." + body
    made = hmac.new(b"the-secret", signed, hashlib.sha256).hexdigest()
    assert headers["x-rt-signature"] == f"sha256={made}"


def test_the_world_survives_a_restart(twin: RtTwin) -> None:
    number = create(twin)
    twin.agent_reply(number, "Hello Kim", files={"a.png": b"\x89"})
    twin.add_webhook("https://care.example.com/hook", "the-secret")
    twin.agent_note(number, "/why")
    again = RtTwin(FrozenClock(), token="another-token")
    again.load(json.loads(json.dumps(twin.dump())))
    assert again.dump() == twin.dump()
    assert again.snapshot() == twin.snapshot()
    assert again.pending == 1
    assert again.agent_note(number, "more") > 0
    assert twin.snapshot() != again.snapshot()


def test_the_snapshot_is_for_a_page(twin: RtTwin) -> None:
    number = create(twin)
    twin.agent_note(number, "/why")
    twin.customer_reply(number, "By mail")
    (shown,) = twin.snapshot()["tickets"]
    assert shown["requestors"] == [{"name": "facebook-1234", "real_name": "Kim Lee"}]
    assert [(item["author"], item["role"], item["public"], item["text"]) for item in shown["comments"]] == [
        ("Careloop", "agent", True, "hello"),
        ("Ana Agent", "agent", False, "/why"),
        ("Kim Lee", "customer", True, "By mail"),
    ]
    json.dumps(shown)
