"""Every platform's client: what it asks of the vendor, what it makes of each answer, and what it never gives away."""

from __future__ import annotations

import json
import traceback
from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import urlsplit

import pytest

from chalicelib.core import codec
from chalicelib.core.errors import (
    CareloopError,
    CredentialsError,
    OutcomeUnknownError,
    RateLimitedError,
    RetryableError,
)
from chalicelib.core.reply import DeliveryReceipt, OutboundReply
from chalicelib.ports.services import HttpRequest
from tests.contracts.cases import ExchangeCase, exchange_cases
from tests.contracts.distrust import spoiled
from tests.contracts.faults import (
    BROKEN,
    LOST,
    REFUSED,
    TOO_MANY,
    UNAUTHORISED,
    UNREADABLE,
    Fault,
    ReplayHttp,
    echo_of,
    sending_step,
)
from tests.contracts.platforms import KIND, PRESENT, Platform, call, platform, result_data, wanted_result
from tests.fakes.http import ScriptedHttp

_OUTBOUND = [(name, case) for name in PRESENT for case in exchange_cases(KIND, name, "outbound")]
_CALLS = [(name, case) for name in PRESENT for case in exchange_cases(KIND, name, "calls")]


def _each(chosen: Sequence[tuple[str, ExchangeCase]]) -> Any:
    return pytest.mark.parametrize(("name", "case"), chosen, ids=[f"{name}/{case.name}" for name, case in chosen])


every_send = _each(_OUTBOUND)
every_call = _each(_CALLS)
every_exchange = _each([*_OUTBOUND, *_CALLS])


def _reply(case: ExchangeCase) -> OutboundReply:
    found: OutboundReply = codec.from_data(OutboundReply, case.data["reply"])
    return found


def _run(client: Any, case: ExchangeCase) -> Any:
    if "reply" in case.data:
        return client.send(_reply(case))
    return call(client, case.data["call"], case.data.get("arguments", {}))


def _outcome(client: Any, case: ExchangeCase) -> Any:
    """What the call returns, or the error of the tree that it raises; anything else is a bug and goes through."""
    try:
        return _run(client, case)
    except CareloopError as error:
        return error


def _succeeds(case: ExchangeCase) -> bool:
    return "error" not in case.data


def _with_fault(subject: Platform, case: ExchangeCase, at: int, fault: Fault) -> tuple[Any, ReplayHttp]:
    http = ReplayHttp(case.exchange(), at=at, fault=fault)
    return _outcome(subject.client(http, case.data), case), http


# -- as scripted -------------------------------------------------------------------------------------------------------


@every_exchange
def test_the_exchange_is_as_scripted(name: str, case: ExchangeCase) -> None:
    subject, data = platform(name), case.data
    http = ScriptedHttp(case.exchange())
    outcome = _outcome(subject.client(http, data), case)
    if "error" in data:
        assert isinstance(outcome, CareloopError), f"{data['error']} expected, there was a result"
        assert type(outcome).__name__ == data["error"], str(outcome)
        for key in ("retry_after", "remote_code"):
            if key in data:
                assert getattr(outcome, key, None) == data[key]
        assert data.get("advice", "") in getattr(outcome, "advice", "")
    else:
        if isinstance(outcome, CareloopError):
            raise outcome
        assert result_data(outcome) == wanted_result(data.get("receipt", data.get("result")))
    http.done()


@every_exchange
def test_only_known_hosts_are_called(name: str, case: ExchangeCase) -> None:
    subject = platform(name)
    options = {**subject.account.options, **case.data.get("options", {})}
    own = urlsplit(options["base_url"]).netloc if "base_url" in options else None
    http = ScriptedHttp(case.exchange())
    _outcome(subject.client(http, case.data), case)
    for request in http.requests:
        parts = urlsplit(request.url)
        if parts.netloc != own:
            assert parts.scheme == "https", f"{request.url} is not encrypted"
            assert any(fnmatchcase(parts.netloc, host) for host in subject.spec.hosts), (
                f"{parts.netloc} is no known host"
            )


@every_exchange
def test_constructing_a_client_calls_nothing(name: str, case: ExchangeCase) -> None:
    http = ScriptedHttp([])
    platform(name).client(http, case.data)
    assert http.requests == []


@every_send
def test_sending_returns_a_receipt_of_a_message(name: str, case: ExchangeCase) -> None:
    if "receipt" in case.data:
        receipt: DeliveryReceipt = codec.from_data(DeliveryReceipt, case.data["receipt"])
        assert codec.to_data(receipt) == case.data["receipt"], "the receipt has unknown or needless fields"
        assert receipt.messages, "a receipt without a message can't be found again"
    assert codec.to_data(_reply(case)) == case.data["reply"], "the reply has unknown or needless fields"
    assert ("receipt" in case.data) != ("error" in case.data)


# -- faults while sending ----------------------------------------------------------------------------------------------


def _attempts(http: ReplayHttp, at: int) -> int:
    return sum(step == at for step in http.steps)


@every_send
@pytest.mark.parametrize("fault", [*LOST, *BROKEN, *UNREADABLE], ids=lambda fault: fault.what)
def test_an_unclear_answer_to_a_post_is_an_unknown_outcome(name: str, case: ExchangeCase, fault: Fault) -> None:
    subject, at = platform(name), sending_step(case.exchange())
    if at is None or not _succeeds(case):
        return
    outcome, http = _with_fault(subject, case, at, fault)
    again = (OutcomeUnknownError, RetryableError)
    allowed = again if subject.spec.capabilities.idempotent_send else (OutcomeUnknownError,)
    assert isinstance(outcome, allowed), f"{outcome!r} after {fault.what}"
    assert _attempts(http, at) == 1, "a client never repeats a post by itself"


@every_send
def test_without_a_connection_a_post_can_be_repeated(name: str, case: ExchangeCase) -> None:
    at = sending_step(case.exchange())
    if at is not None and _succeeds(case):
        outcome, _ = _with_fault(platform(name), case, at, REFUSED)
        assert isinstance(outcome, RetryableError), repr(outcome)


@every_send
def test_a_refused_token_needs_a_person(name: str, case: ExchangeCase) -> None:
    at = sending_step(case.exchange())
    if at is not None and _succeeds(case):
        outcome, _ = _with_fault(platform(name), case, at, UNAUTHORISED)
        assert isinstance(outcome, CredentialsError), repr(outcome)
        assert outcome.advice


@every_send
def test_a_rate_limit_says_how_long(name: str, case: ExchangeCase) -> None:
    at = sending_step(case.exchange())
    if at is not None and _succeeds(case):
        outcome, http = _with_fault(platform(name), case, at, TOO_MANY)
        assert isinstance(outcome, RateLimitedError), repr(outcome)
        assert outcome.retry_after is not None
        assert 0 < outcome.retry_after <= 86400
        assert _attempts(http, at) == 1


@every_send
def test_before_the_post_nothing_is_unknown_and_after_it_nothing_is_repeated(name: str, case: ExchangeCase) -> None:
    subject, exchange = platform(name), case.exchange()
    posting = sending_step(exchange)
    if posting is None or not _succeeds(case):
        return
    for at in range(len(exchange)):
        if at == posting:
            continue
        for fault in (*LOST, *BROKEN, REFUSED, TOO_MANY):
            outcome, _ = _with_fault(subject, case, at, fault)
            what = f"step {at}, {fault.what}: {outcome!r}"
            if at < posting and exchange[at]["request"]["method"] == "GET":
                assert not isinstance(outcome, OutcomeUnknownError), f"nothing was posted yet, {what}"
            if at > posting and not subject.spec.capabilities.idempotent_send:
                assert isinstance(outcome, DeliveryReceipt | OutcomeUnknownError), f"it was posted, {what}"


# -- faults while asking, and answers that make no sense ---------------------------------------------------------------


@every_call
def test_faulty_answers_to_other_calls_are_errors_of_the_tree(name: str, case: ExchangeCase) -> None:
    subject, exchange = platform(name), case.exchange()
    for at in range(len(exchange)):
        for fault in (*LOST, *BROKEN, *UNREADABLE, REFUSED, TOO_MANY, UNAUTHORISED):
            outcome, _ = _with_fault(subject, case, at, fault)
            if exchange[at]["request"]["method"] == "GET":
                assert not isinstance(outcome, OutcomeUnknownError), (
                    f"step {at}, {fault.what}: a reading has no outcome"
                )


@every_exchange
def test_spoiled_answers_do_no_harm(name: str, case: ExchangeCase) -> None:
    subject, exchange = platform(name), case.exchange()
    harms = []
    for at, step in enumerate(exchange):
        if "json" not in step["response"]:
            continue
        headers = {"content-type": "application/json", **step["response"].get("headers", {})}
        status = step["response"].get("status", 200)
        body = json.dumps(step["response"]["json"]).encode()
        for what, bad in spoiled(body):
            fault = Fault(what=what, status=status, body=bad, headers=headers)
            try:
                outcome, _ = _with_fault(subject, case, at, fault)
                if not isinstance(outcome, CareloopError):
                    json.dumps(result_data(outcome), ensure_ascii=False).encode()
            except Exception as error:
                harms.append(f"step {at}, {what}: {type(error).__name__}: {error}"[:200])
    assert not harms, f"{len(harms)} spoiled answers did harm, the first: {harms[:5]}"


# -- redaction ---------------------------------------------------------------------------------------------------------


def _private(subject: Platform, case: ExchangeCase, sessions: Any) -> dict[str, str]:
    """What may appear nowhere, by what it is."""
    found = {f"credential {name}": value for name, value in subject.credentials.items()}
    found |= {f"session value {index}": value for index, value in enumerate(sessions.secrets())}
    if "reply" in case.data:
        found["the reply's text"] = _reply(case).text
    return {what: value for what, value in found.items() if len(value) >= 8}


def _told(error: CareloopError) -> str:
    parts = [*traceback.format_exception(error), repr(error), str(error)]
    parts += [str(getattr(error, name, "")) for name in ("advice", "remote_code", "args")]
    return "\n".join(parts)


@every_exchange
def test_no_error_gives_a_secret_away(name: str, case: ExchangeCase) -> None:
    subject, exchange = platform(name), case.exchange()
    sessions = subject.sessions(case.data)
    private = _private(subject, case, sessions)
    for at in range(len(exchange)):
        for fault in (echo_of(list(private.values())), UNAUTHORISED, *BROKEN, *UNREADABLE, *LOST):
            sessions = subject.sessions(case.data)
            client = subject.client(ReplayHttp(exchange, at=at, fault=fault), case.data, sessions)
            outcome = _outcome(client, case)
            if isinstance(outcome, CareloopError):
                told = _told(outcome)
                leaks = [
                    what for what, value in {**private, **_private(subject, case, sessions)}.items() if value in told
                ]
                assert not leaks, f"step {at}, {fault.what}: the error tells {leaks}"


@every_exchange
def test_no_repr_gives_a_secret_away(name: str, case: ExchangeCase) -> None:
    subject = platform(name)
    sessions, http = subject.sessions(case.data), ReplayHttp(case.exchange())
    client = subject.client(http, case.data, sessions)
    before = repr(client)
    _outcome(client, case)
    texts = before + repr(client) + repr(subject.context(http, case.data, sessions)) + repr(sessions.sessions)
    leaks = [what for what, value in _private(subject, case, sessions).items() if value in texts]
    assert not leaks, f"a repr shows {leaks}"


@every_exchange
def test_secrets_travel_in_headers_and_bodies_never_in_addresses(name: str, case: ExchangeCase) -> None:
    subject, http = platform(name), ReplayHttp(case.exchange())
    sessions = subject.sessions(case.data)
    _outcome(subject.client(http, case.data, sessions), case)
    values = _private(subject, case, sessions)
    values.pop("the reply's text", None)
    leaks = [what for request in http.requests for what, value in values.items() if value in _address(request)]
    assert not leaks, f"an address holds {leaks}"


def _address(request: HttpRequest) -> str:
    return request.url
