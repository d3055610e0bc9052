"""What strangers, platforms and tired networks send: each gets its answer, and nothing is lost or makes a 500."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import app as chalice_app
from careloop.local.application import application_of
from careloop.local.gateway import Gateway
from careloop.local.runner import drain
from careloop.sandbox.setup import META_ENDPOINT, PAGE, Addresses, Keys, configure
from careloop.twins.base import TwinHttp
from careloop.twins.zendesk import ZendeskTwin
from chalicelib import bootstrap
from chalicelib.core.errors import UnavailableError
from chalicelib.pipeline.receive import MAX_BODY, MAX_EVENTS, MAX_VALUES, MOST_PARKED
from tests.fakes.clock import FrozenClock
from tests.fakes.runtime import SilentTelemetry
from tests.fakes.state import open_state

ADDRESSES = Addresses(meta="http://meta.test", x="http://x.test", zendesk="http://desk.test")
PATH = f"/webhooks/platform/facebook/{META_ENDPOINT}"


class House:
    """The app with local state, behind the gateway."""

    def __init__(self) -> None:
        self.clock = FrozenClock()
        self.keys = Keys.fresh()
        self.system = open_state(self.clock)
        self.telemetry = SilentTelemetry()
        self.desk = ZendeskTwin(self.clock, api_token=self.keys.api_token)
        http = TwinHttp({ADDRESSES.zendesk: self.desk})
        self.app = application_of(self.system, http, self.clock, self.telemetry)
        configure(self.app, self.keys, ADDRESSES, {"access_token": "x-token-of-the-brand"})
        self.gateway = Gateway(chalice_app.app)

    def call(
        self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> tuple[int, bytes]:
        bootstrap.install(self.app)
        try:
            status, _, answer = self.gateway.call(method, path, headers or {}, body)
        finally:
            bootstrap.install(None)
        return status, answer

    def signed(self, data: Any, **headers: str) -> tuple[int, bytes]:
        """As Meta sends it."""
        body = data if isinstance(data, bytes) else json.dumps(data).encode()
        signature = hmac.new(self.keys.app_secret.encode(), body, hashlib.sha256).hexdigest()
        base = {"X-Hub-Signature-256": f"sha256={signature}", "Content-Type": "application/json"}
        return self.call("POST", PATH, body, {**base, **headers})

    def work(self) -> None:
        bootstrap.install(self.app)
        try:
            drain({**self.system.queues})
        finally:
            bootstrap.install(None)

    @property
    def parked(self) -> list[tuple[str, str | None]]:
        return [(item.code, item.path) for item in self.system.stores.parking.list_parked()]


@pytest.fixture
def house() -> House:
    return House()


def comment(number: str, text: str = "help", **changes: Any) -> dict[str, Any]:
    value = {
        "item": "comment",
        "verb": "add",
        "comment_id": f"122101234567890_{number}",
        "post_id": f"{PAGE}_122101234567890",
        "parent_id": f"{PAGE}_122101234567890",
        "from": {"id": "7654321098765432", "name": "Dana Weber"},
        "message": text,
        "created_time": 1795000000,
        **changes,
    }
    return {"id": PAGE, "time": 1795000001, "changes": [{"field": "feed", "value": value}]}


def page(*entries: dict[str, Any]) -> dict[str, Any]:
    return {"object": "page", "entry": list(entries)}


def test_a_signed_webhook_is_answered_200_and_becomes_a_ticket(house: House):
    status, body = house.signed(page(comment("1", "where is my parcel?")))
    assert (status, body) == (200, b"")
    house.work()
    [ticket] = house.desk.snapshot()["tickets"]
    assert ticket["comments"][0]["text"].startswith("where is my parcel?")


def test_the_handshake_is_answered_with_the_challenge(house: House):
    query = f"hub.mode=subscribe&hub.verify_token={house.keys.verify_token}&hub.challenge=1158201444"
    assert house.call("GET", f"{PATH}?{query}") == (200, b"1158201444")
    wrong = "hub.mode=subscribe&hub.verify_token=guess&hub.challenge=1158201444"
    status, body = house.call("GET", f"{PATH}?{wrong}")
    assert status in (401, 403)
    assert b"1158201444" not in body


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Hub-Signature-256": "sha256=" + "0" * 64},
        {"X-Hub-Signature-256": "garbage"},
        {"X-Hub-Signature-256": ""},
        {"X-Hub-Signature": "sha1=" + "0" * 40},
    ],
)
def test_forged_is_401_and_nothing_is_kept(house: House, headers: dict[str, str]):
    body = json.dumps(page(comment("1"))).encode()
    status, _ = house.call("POST", PATH, body, {"Content-Type": "application/json", **headers})
    assert status == 401
    assert house.system.queues["inbound"].depth() == 0


def test_a_stale_signature_of_the_helpdesk_is_401(house: House):
    import base64

    body = b'{"ticket":"1"}'
    for stamp, wanted in (("2026-11-20T12:00:00Z", 200), ("2026-11-20T11:50:00Z", 401)):
        digest = hmac.new(house.keys.signing_secret.encode(), stamp.encode() + body, hashlib.sha256).digest()
        headers = {
            "X-Zendesk-Webhook-Signature": base64.b64encode(digest).decode(),
            "X-Zendesk-Webhook-Signature-Timestamp": stamp,
            "Content-Type": "application/json",
        }
        assert house.call("POST", "/webhooks/helpdesk/zendesk/zendesk", body, headers)[0] == wanted


@pytest.mark.parametrize(
    "path",
    [
        "/webhooks/platform/facebook/other",
        "/webhooks/platform/nowhere/meta",
        "/webhooks/helpdesk/nowhere/x",
        "/webhooks/platform/facebook/meta/_matrix/app/v1/transactions/1x",
        "/webhooks/platform/%2e%2e/meta",
    ],
)
def test_an_unknown_endpoint_is_404(house: House, path: str):
    method = "PUT" if "_matrix" in path else "POST"
    status, _ = house.call(method, path, b"{}", {"Content-Type": "application/json"})
    assert status in (401, 404)
    assert status == 404 or "_matrix" in path


def test_an_unknown_path_is_refused_as_the_gateway_does(house: House):
    assert house.call("POST", "/admin", b"{}")[0] == 403


def test_a_body_over_the_limit_is_413(house: House):
    status, _ = house.call("POST", PATH, b"x" * (MAX_BODY + 1), {"Content-Type": "application/json"})
    assert status == 413


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"null", b'"text"', b"\xff\xfe", b"[" * 100_000, b'{"object":', b'{"object":"page","entry":5}'],
)
def test_malformed_but_signed_is_archived_parked_and_answered_200(house: House, body: bytes):
    assert house.signed(body)[0] == 200
    house.work()
    [item] = house.system.stores.parking.list_parked()
    assert item.code == "payload"
    assert item.archived_at is not None
    kept, _ = house.system.archive.fetch(item.archived_at)
    assert kept == body


def test_unknown_kinds_are_counted_and_ignored(house: House):
    data = page(comment("1", item="hologram"), {"id": PAGE, "time": 1, "changes": [{"field": "novelty", "value": {}}]})
    assert house.signed(data)[0] == 200
    house.work()
    assert house.parked == []
    assert house.desk.snapshot()["tickets"] == []
    assert house.telemetry.counts["ignored"] == 2


def test_a_bad_entry_among_good_ones_is_parked_alone(house: House):
    data = page(comment("1", "first"), comment("2", comment_id=None), comment("3", "third"))
    assert house.signed(data)[0] == 200
    house.work()
    [(code, path)] = house.parked
    assert code == "payload"
    assert path is not None
    assert path.startswith("entry[1]")
    [ticket] = house.desk.snapshot()["tickets"]
    texts = [item["text"].split("\n")[0] for item in ticket["comments"] if item["public"]]
    assert texts == ["first", "third"]


@pytest.mark.parametrize(
    ("entries", "reason"),
    [
        ([{}] * (MAX_VALUES + 2), f"more than {MAX_VALUES} values"),
        ([comment(str(number)) for number in range(MAX_EVENTS + 1)], f"more than {MAX_EVENTS} events"),
    ],
    ids=["values", "events"],
)
def test_a_body_that_would_take_too_long_is_kept_and_parked_as_a_whole(house: House, entries: list[Any], reason: str):
    body = json.dumps(page(*entries)).encode()
    assert house.signed(body)[0] == 200
    assert house.system.queues["inbound"].depth() == 0
    house.work()
    [item] = house.system.stores.parking.list_parked()
    assert (item.path, item.advice.startswith(reason)) == ("(body)", True)
    assert item.archived_at is not None
    assert house.system.archive.fetch(item.archived_at)[0] == body


def test_of_many_unreadable_parts_the_first_are_parked_singly(house: House):
    house.signed(page(*[{}] * (MOST_PARKED + 50), comment("1", "a good one")))
    house.work()
    parked = [item.path for item in house.system.stores.parking.list_parked(limit=1000)]
    assert len(parked) == MOST_PARKED + 1
    assert [path for path in parked if path == "(body)"] == ["(body)"]
    assert len(house.desk.snapshot()["tickets"]) == 1


def test_when_the_queue_is_down_the_sender_is_told_to_repeat(house: House):
    class Down:
        def send(self, messages: Any) -> None:
            raise UnavailableError("down")

    from dataclasses import replace

    runtime = house.app.runtime
    broken = replace(runtime, queues=replace(runtime.queues, inbound=Down()))
    house.app = replace(house.app, runtime=broken)
    assert house.signed(page(comment("1")))[0] == 503


def test_a_missing_secret_lets_nobody_in(house: House):
    house.system.secrets.put_verification(
        bootstrap_kind(), "facebook", META_ENDPOINT, {"app_secret": ("",), "verify_token": ("",)}
    )
    house.app = application_of(house.system, TwinHttp({}), house.clock, house.telemetry)
    body = json.dumps(page(comment("1"))).encode()
    empty = hmac.new(b"", body, hashlib.sha256).hexdigest()
    status, _ = house.call(
        "POST", PATH, body, {"X-Hub-Signature-256": f"sha256={empty}", "Content-Type": "application/json"}
    )
    assert status in (401, 503)


def bootstrap_kind() -> Any:
    from chalicelib.core.account import ConnectionKind

    return ConnectionKind.PLATFORM


def test_a_rotated_secret_is_accepted_beside_the_old_one(house: House):
    house.system.secrets.put_verification(
        bootstrap_kind(),
        "facebook",
        META_ENDPOINT,
        {"app_secret": ("the-next-secret", house.keys.app_secret), "verify_token": (house.keys.verify_token,)},
    )
    assert house.signed(page(comment("1")))[0] == 200


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=60)
@given(value=json_values, field=st.sampled_from(["value", "field", "id", "time", "changes", "messaging"]))
def test_no_json_of_a_stranger_who_can_sign_makes_a_500(value: Any, field: str):
    house = House()
    entry = comment("1")
    if field in ("value", "field"):
        entry["changes"][0][field] = value
    else:
        entry[field] = value
    assert house.signed(page(entry, comment("2")))[0] == 200
    house.work()
    assert house.system.queues["jobs"].depth() == 0


def test_health_tells_nothing_of_the_state(house: House):
    assert house.call("GET", "/health") == (200, b'{"status":"ok"}')


def test_nothing_of_a_customer_is_logged(house: House):
    house.signed(page(comment("1", "my secret is TOPSECRETWORDS")))
    house.work()
    logged = json.dumps([[a, b, c] for a, b, c in house.telemetry.lines], default=str)
    for word in ("TOPSECRETWORDS", "Dana", house.keys.app_secret, house.keys.page_token):
        assert word not in logged
