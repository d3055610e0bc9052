"""Zendesk's captured shapes: what its webhooks mean, and which calls are made with which outcome."""

from __future__ import annotations

import contextlib
import json
import typing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib.connectors.helpdesks.zendesk.client import Client
from chalicelib.connectors.helpdesks.zendesk.spec import SPEC
from chalicelib.connectors.helpdesks.zendesk.webhook import REASONS, Receiver
from chalicelib.connectors.toolkit.signatures import base64_sha256
from chalicelib.core import codec, errors
from chalicelib.core.account import Connection, ConnectionKind
from chalicelib.core.errors import ConfigurationError, PayloadError, SignatureError, StaleWebhookError
from chalicelib.core.webhook import VerifiedWebhook, WebhookRequest
from chalicelib.ports.helpdesk import HelpdeskContext
from chalicelib.ports.receiver import ReceiverContext
from tests.cases.helpdesks.zendesk.signer import sign
from tests.contracts.cases import ExchangeCase, InboundCase, exchange_cases, folder, inbound_cases, load
from tests.contracts.distrust import BODIES, spoiled
from tests.fakes.clock import FrozenClock
from tests.fakes.http import ScriptedHttp
from tests.fakes.sessions import MemorySessions

KIND = ConnectionKind.HELPDESK
SETUP = load(folder(KIND, "zendesk") / "connection.json")
SECRETS = SETUP["secrets"]
INBOUND = inbound_cases(KIND, "zendesk")
CALLS = exchange_cases(KIND, "zendesk", "calls")

every_inbound = pytest.mark.parametrize("case", INBOUND, ids=lambda case: case.name)
every_call = pytest.mark.parametrize("case", CALLS, ids=lambda case: case.name)


def receiver(**options: str) -> Receiver:
    secrets = {name: tuple(values) for name, values in SECRETS.items()}
    return Receiver(ReceiverContext(secrets=secrets, options=options))


def signed(request: WebhookRequest, **more: Any) -> WebhookRequest:
    return replace(request, headers={**request.headers, **sign(SECRETS, request.body, request.received_at)}, **more)


def parsed(request: WebhookRequest, **options: str) -> dict[str, Any]:
    found = receiver(**options).parse(VerifiedWebhook(request=request))
    return {
        "events": [codec.to_data(event, tagged=True) for event in found.events],
        "malformed": [codec.to_data(item) for item in found.malformed],
        "ignored": dict(found.ignored),
    }


def test_there_is_a_case_for_each_reason_to_look() -> None:
    reasons = {event["reason"] for case in INBOUND for event in case.expected["events"]}
    assert reasons == {*REASONS.values(), "trigger"}


# -- webhooks ----------------------------------------------------------------------------------------------------------


@every_inbound
def test_webhooks_mean_what_is_expected(case: InboundCase) -> None:
    request = case.request()
    receiver().verify(signed(request))
    assert parsed(request) == case.expected
    assert parsed(request) == case.expected, "again"


@every_inbound
def test_no_spoiled_body_does_harm(case: InboundCase) -> None:
    request = case.request()
    bodies = [body for _, body in spoiled(case.body)]
    bodies += [case.body[:end] for end in range(len(case.body))]
    for body in [*bodies, *BODIES.values()]:
        try:
            found = receiver().parse(VerifiedWebhook(request=replace(request, body=body)))
        except PayloadError:
            continue
        assert len(found.events) <= 1
        for event in found.events:
            assert event.ticket.isascii()
            assert event.ticket.isdigit()


def test_a_comment_of_ours_is_ignored_when_we_know_who_we_are() -> None:
    case = next(case for case in INBOUND if case.name == "comment-added-note")
    assert parsed(case.request(), integration_user_id="20978392")["events"] == []
    assert len(parsed(case.request(), integration_user_id="1")["events"]) == 1


def test_what_is_no_object_is_no_webhook_of_theirs() -> None:
    for body in (b"hello", b"[]", b"7", b"null", b'"5158"', b"\xff", b'{"ticket":"x" "broken'):
        with pytest.raises(PayloadError):
            receiver().parse(VerifiedWebhook(request=replace(INBOUND[0].request(), body=body)))


def test_signatures() -> None:
    request = INBOUND[0].request()
    good = signed(request)
    receiver().verify(good)
    previous = {"signing_secret": [SECRETS["signing_secret"][1]]}
    receiver().verify(replace(request, headers=sign(previous, request.body, request.received_at)))
    stamp, value = "x-zendesk-webhook-signature-timestamp", good.headers["x-zendesk-webhook-signature"]
    for bad in (
        request,
        replace(good, body=good.body + b" "),
        replace(good, headers={**good.headers, stamp: "2026-11-20T12:00:01Z"}),
        replace(good, headers={**good.headers, "x-zendesk-webhook-signature": value.swapcase()}),
        replace(good, headers={name: text for name, text in good.headers.items() if name != stamp}),
        replace(request, headers=sign({"signing_secret": ["another-secret"]}, request.body, request.received_at)),
    ):
        with pytest.raises(SignatureError):
            receiver().verify(bad)
    for values in ((), ("",)):
        with pytest.raises(ConfigurationError):
            Receiver(ReceiverContext(secrets={"signing_secret": values})).verify(good)


def test_a_signed_time_that_is_none_is_refused() -> None:
    request = INBOUND[0].request()
    secret = SECRETS["signing_secret"][0]
    headers = {
        "x-zendesk-webhook-signature": base64_sha256(secret, b"yesterday" + request.body),
        "x-zendesk-webhook-signature-timestamp": "yesterday",
    }
    with pytest.raises(SignatureError):
        receiver().verify(replace(request, headers=headers))


@pytest.mark.parametrize(("seconds", "fresh"), [(0, True), (300, True), (-300, True), (301, False), (-301, False)])
def test_five_minutes_are_fresh(seconds: int, fresh: bool) -> None:
    good = signed(INBOUND[0].request())
    moved = replace(good, received_at=good.received_at + timedelta(seconds=seconds))
    if fresh:
        receiver().verify(moved)
    else:
        with pytest.raises(StaleWebhookError):
            receiver().verify(moved)


# -- calls -------------------------------------------------------------------------------------------------------------


def client_of(case: ExchangeCase, http: ScriptedHttp) -> Client:
    data = case.data
    connection: Connection = codec.from_data(Connection, SETUP["connection"])
    now = datetime.fromisoformat(data.get("now", "2026-11-20T12:00:00+00:00")).astimezone(UTC)
    return Client(
        HelpdeskContext(
            connection=replace(connection, options={**connection.options, **data.get("options", {})}),
            credentials=SETUP["credentials"],
            http=http,
            clock=FrozenClock(now),
            sessions=MemorySessions(data.get("sessions", {})),
        )
    )


def outcome(case: ExchangeCase, client: Client) -> Any:
    """What the call returns, as plain data."""
    method = getattr(client, case.data["call"])
    hints = typing.get_type_hints(method)
    arguments = {name: codec.from_data(hints[name], value) for name, value in case.data.get("arguments", {}).items()}
    result = method(**arguments)
    return None if result is None else json.loads(codec.to_json(result))


@every_call
def test_calls_are_made_as_scripted(case: ExchangeCase) -> None:
    data, http = case.data, ScriptedHttp(case.exchange())
    client = client_of(case, http)
    if "error" not in data:
        assert outcome(case, client) == data["result"]
    else:
        with pytest.raises(getattr(errors, data["error"])) as caught:
            outcome(case, client)
        assert type(caught.value).__name__ == data["error"]
        assert getattr(caught.value, "retry_after", None) == data.get("retry_after")
        if "remote_code" in data:
            assert getattr(caught.value, "remote_code", None) == data["remote_code"]
        assert data.get("advice", "") in getattr(caught.value, "advice", "")
        survivor = getattr(caught.value, "survivor", None)
        assert survivor is None or survivor.ticket == "6000"
    http.done()


@every_call
def test_no_error_tells_a_secret_or_a_text(case: ExchangeCase) -> None:
    if "error" not in case.data:
        return
    with pytest.raises(errors.CareloopError) as caught:
        outcome(case, client_of(case, ScriptedHttp(case.exchange())))
    told = f"{caught.value!r} {caught.value}"
    for secret in (*SETUP["credentials"].values(), "Any news?", "parcel", "Kim", "kim@example.com"):
        assert secret not in told


def test_no_request_leaves_the_account_and_none_waits_for_ever() -> None:
    for case in CALLS:
        http = ScriptedHttp(case.exchange())
        with contextlib.suppress(errors.CareloopError):
            outcome(case, client_of(case, http))
        for request in http.requests:
            assert request.url.startswith(("https://acme.zendesk.com/api/v2/", "https://acme.zendesk.com/attachments/"))
            assert 0 < request.timeout <= 30
            writes_a_comment = case.data["call"] == "add_comment" and request.method == "PUT"
            assert request.idempotent is not writes_a_comment


def test_every_error_that_adding_maps_has_a_case() -> None:
    mapped = {case.data["error"] for case in CALLS if case.data["call"] == "add_comment" and "error" in case.data}
    assert mapped == {
        "ConflictError",
        "CredentialsError",
        "OutcomeUnknownError",
        "RejectedError",
        "TicketBusyError",
        "TicketClosedError",
        "TicketMovedError",
        "UnavailableError",
    }


def test_the_data_sheet_names_every_option_that_cases_use() -> None:
    known = {option.name for option in SPEC.options}
    used = {name for case in CALLS for name in case.data.get("options", {})} | set(SETUP["connection"]["options"])
    assert used <= known
