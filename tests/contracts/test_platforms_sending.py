"""Every platform's client: what it asks of the vendor, what it makes of each answer, and what it never gives away."""

from __future__ import annotations

import json
import re
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
from tests.contracts.cases import ExchangeCase, exchange_cases
from tests.contracts.distrust import FROM_A_SERVER, spoiled
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
from tests.contracts.platforms import (
    KIND,
    PRESENT,
    Platform,
    call,
    platform,
    read_reply,
    reply_data,
    result_data,
    wanted_result,
)
from tests.fakes.http import ScriptedHttp

_OUTBOUND = [(name, case) for name in PRESENT for case in exchange_cases(KIND, name, "outbound")]
_CALLS = [(name, case) for name in PRESENT for case in exchange_cases(KIND, name, "calls")]


_TOKEN = re.compile("token|jwt|secret|password", re.IGNORECASE)


def _each(chosen: Sequence[tuple[str, ExchangeCase]]) -> Any:
    return pytest.mark.parametrize(("name", "case"), chosen, ids=[f"{name}/{case.name}" for name, case in chosen])


def _succeeds(case: ExchangeCase) -> bool:
    """False also for files that are no JSON: the test that reads them says so."""
    try:
        return "receipt" in case.data
    except AssertionError:
        return False


every_send = _each(_OUTBOUND)
every_post = _each([(name, case) for name, case in _OUTBOUND if _succeeds(case)])
every_call = _each(_CALLS)
every_exchange = _each([*_OUTBOUND, *_CALLS])


def _reply(case: ExchangeCase) -> OutboundReply:
    return read_reply(case.data["reply"])


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
def test_calls_go_to_known_hosts_and_carry_no_secret_in_the_address(name: str, case: ExchangeCase) -> None:
    subject = platform(name)
    options = {**subject.account.options, **case.data.get("options", {})}
    own = urlsplit(options["base_url"]).netloc if "base_url" in options else None
    http, sessions = ScriptedHttp(case.exchange()), subject.sessions(case.data)
    client = subject.client(http, case.data, sessions)
    assert http.requests == [], "constructing a client calls nothing"
    _outcome(client, case)
    secrets = _private(subject, case, sessions)
    secrets.pop("the reply's text", None)
    if "address" in subject.exemptions:  # the vendor wants its token there
        secrets = {what: value for what, value in secrets.items() if not what.startswith("credential ")}
    for request in http.requests:
        parts = urlsplit(request.url)
        if parts.netloc != own:
            assert parts.scheme == "https", f"{request.url} is not encrypted"
            hosts = subject.spec.hosts
            if case.data.get("call") == "fetch_media":
                hosts += subject.spec.media_hosts or ((f"*.{own}",) if own else ())
            assert any(fnmatchcase(parts.netloc, host) for host in hosts), f"{parts.netloc} is no known host"
        leaks = [what for what, value in secrets.items() if value in request.url]
        assert not leaks, f"the address of {request.method} {parts.path} holds {leaks}"


@every_send
def test_sending_returns_a_receipt_of_a_message(name: str, case: ExchangeCase) -> None:
    if "receipt" in case.data:
        receipt: DeliveryReceipt = codec.from_data(DeliveryReceipt, case.data["receipt"])
        assert codec.to_data(receipt) == case.data["receipt"], "the receipt has unknown or needless fields"
        assert receipt.messages, "a receipt without a message can't be found again"
    assert reply_data(_reply(case)) == case.data["reply"], "the reply has unknown or needless fields"
    assert ("receipt" in case.data) != ("error" in case.data)


# -- faults while sending ----------------------------------------------------------------------------------------------


def _posting(case: ExchangeCase) -> int:
    step = sending_step(case.exchange())
    assert step is not None, "a receipt without a call that posts"
    return step


def _attempts(http: ReplayHttp, at: int) -> int:
    return sum(step == at for step in http.steps)


@every_post
def test_an_unclear_answer_to_a_post_is_an_unknown_outcome(name: str, case: ExchangeCase) -> None:
    subject, at = platform(name), _posting(case)
    again = (OutcomeUnknownError, RetryableError)
    allowed = again if subject.spec.capabilities.idempotent_send else (OutcomeUnknownError,)
    for fault in (*LOST, *BROKEN, *UNREADABLE):
        outcome, http = _with_fault(subject, case, at, fault)
        assert isinstance(outcome, allowed), f"{outcome!r} after {fault.what}"
        assert _attempts(http, at) == 1, f"a client never repeats a post by itself, as after {fault.what}"


@every_post
def test_a_clear_refusal_of_a_post_is_its_leaf(name: str, case: ExchangeCase) -> None:
    subject, at = platform(name), _posting(case)
    outcome, _ = _with_fault(subject, case, at, REFUSED)
    assert isinstance(outcome, RetryableError), f"no connection, nothing happened: {outcome!r}"
    outcome, _ = _with_fault(subject, case, at, UNAUTHORISED)
    assert isinstance(outcome, CredentialsError), f"the token was refused: {outcome!r}"
    assert outcome.advice
    outcome, http = _with_fault(subject, case, at, TOO_MANY)
    assert isinstance(outcome, RateLimitedError), f"too many requests: {outcome!r}"
    assert outcome.retry_after is not None
    assert 0 < outcome.retry_after <= 86400
    assert _attempts(http, at) == 1


@every_post
def test_before_the_post_nothing_is_unknown_and_after_it_nothing_is_repeated(name: str, case: ExchangeCase) -> None:
    subject, exchange, posting = platform(name), case.exchange(), _posting(case)
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


def _tokens(data: Any) -> list[str]:
    """Secrets that a vendor hands out, by what their fields are called."""
    if isinstance(data, list):
        return [token for item in data for token in _tokens(item)]
    found = []
    for name, value in data.items() if isinstance(data, dict) else ():
        if isinstance(value, str) and _TOKEN.search(name):
            found.append(value)
        found += _tokens(value)
    return found


@every_exchange
def test_spoiled_answers_do_no_harm(name: str, case: ExchangeCase) -> None:
    subject, exchange = platform(name), case.exchange()
    harms = []
    for at, step in enumerate(exchange):
        if "json" not in step["response"] or "error" in case.data:
            continue
        headers = {"content-type": "application/json", **step["response"].get("headers", {})}
        status = step["response"].get("status", 200)
        tokens = _tokens(step["response"]["json"])
        body = json.dumps(step["response"]["json"]).encode()
        for what, bad in spoiled(body, FROM_A_SERVER):
            fault = Fault(what=what, status=status, body=bad, headers=headers)
            try:
                outcome, _ = _with_fault(subject, case, at, fault)
                if not isinstance(outcome, CareloopError):
                    json.dumps(result_data(outcome), ensure_ascii=False).encode()
                elif tokens and any(token in _told(outcome) for token in tokens):
                    harms.append(f"step {at}, {what}: the error tells a token of the answer")
            except Exception as error:
                harms.append(f"step {at}, {what}: {type(error).__name__}: {error}"[:200])
    assert not harms, f"{len(harms)} spoiled answers did harm, the first: {harms[:5]}"


# -- redaction ---------------------------------------------------------------------------------------------------------


def _private(subject: Platform, case: ExchangeCase, sessions: Any) -> dict[str, str]:
    """What may appear nowhere, by what it is."""
    given = {**subject.credentials, **case.data.get("credentials", {})}
    found = {f"credential {name}": value for name, value in given.items()}
    found |= {f"session value {index}": value for index, value in enumerate(sessions.secrets())}
    if "reply" in case.data:
        found["the reply's text"] = _reply(case).text
    return {what: value for what, value in found.items() if len(value) >= 8 and not value.startswith("https://")}


def _told(error: BaseException | None) -> str:
    """All that the error, and those that a traceback would show before it, have to say."""
    parts: list[str] = []
    while error is not None:
        parts += [repr(error), str(error), *(str(value) for value in getattr(error, "__dict__", {}).values())]
        parts += [str(getattr(error, name, "")) for name in ("advice", "remote_code", "args")]
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
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
