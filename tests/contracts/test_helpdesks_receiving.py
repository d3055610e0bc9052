"""Every helpdesk's receiver: who may come in, what a body means, and that no body can hurt."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.core import codec
from chalicelib.core.errors import (
    CareloopError,
    ConfigurationError,
    PayloadError,
    SignatureError,
    StaleWebhookError,
)
from chalicelib.core.events import HelpdeskHint, Parsed
from chalicelib.core.webhook import VerifiedWebhook, WebhookRequest
from tests.contracts.cases import InboundCase, inbound_cases
from tests.contracts.connections import Connector, connector
from tests.contracts.distrust import BODIES, respaced, spoiled
from tests.contracts.test_helpdesks import KIND, PRESENT, every_helpdesk

_ALL = [(name, case) for name in PRESENT for case in inbound_cases(KIND, name)]
every_case = pytest.mark.parametrize(("name", "case"), _ALL, ids=[f"{name}/{case.name}" for name, case in _ALL])


@pytest.fixture
def subject(name: str) -> Connector:
    return connector(KIND, name)


def _signed(
    subject: Connector, request: WebhookRequest, secrets: Mapping[str, Sequence[str]] | None = None
) -> WebhookRequest:
    return replace(request, headers={**request.headers, **subject.sign(request.body, request.received_at, secrets)})


def _verdict(subject: Connector, request: WebhookRequest, secrets: Mapping[str, Sequence[str]] | None = None) -> str:
    """ "accepted", or the class of the refusal."""
    try:
        subject.receiver(secrets).verify(request)
    except CareloopError as error:
        return type(error).__name__
    return "accepted"


def _parse(subject: Connector, request: WebhookRequest) -> Parsed[HelpdeskHint]:
    found: Parsed[HelpdeskHint] = subject.receiver().parse(VerifiedWebhook(request=request))
    return found


# -- verification ------------------------------------------------------------------------------------------------------


@every_case
def test_a_rightly_signed_request_is_accepted(subject: Connector, case: InboundCase) -> None:
    assert _verdict(subject, _signed(subject, case.request())) == "accepted"


@every_case
def test_a_request_without_a_right_signature_is_refused(subject: Connector, case: InboundCase) -> None:
    request = case.request()
    assert _verdict(subject, request) == SignatureError.__name__, "no signature at all"
    others = dict.fromkeys(subject.secrets, ("a-secret-that-is-not-theirs",))
    assert _verdict(subject, _signed(subject, request, others)) == SignatureError.__name__, "another secret"
    signature = subject.sign(request.body, request.received_at)
    for header, value in signature.items():
        for bad in ("", " ", value[:-1], "x" + value, value * 500, "\ud800", value.split("=")[0] + "=", "\u00fc"):
            if bad == value:
                continue
            verdict = _verdict(subject, replace(request, headers={**request.headers, **signature, header: bad}))
            assert verdict in (SignatureError.__name__, StaleWebhookError.__name__), f"{header} as {bad[:20]!r}"


@every_helpdesk
def test_what_the_scheme_does_not_cover_is_said(subject: Connector) -> None:
    """A password in the address covers neither body nor time: the data of the cases must say so, with the reason."""
    at = subject.inbound[0].request().received_at
    covered = {
        "signed body": subject.sign(b"{}", at) != subject.sign(b"[]", at),
        "signed time": subject.sign(b"{}", at) != subject.sign(b"{}", at + timedelta(hours=1)),
    }
    assert set(subject.exemptions) == {rule for rule, holds in covered.items() if not holds}
    assert all(len(reason) > 20 for reason in subject.exemptions.values())


@every_case
def test_the_signature_covers_each_byte(subject: Connector, case: InboundCase) -> None:
    if "signed body" in subject.exemptions:
        return
    request, body = case.request(), case.body
    signed = _signed(subject, request)
    for index in {0, len(body) // 2, len(body) - 1}:
        flipped = body[:index] + bytes([body[index] ^ 1]) + body[index + 1 :]
        assert _verdict(subject, replace(signed, body=flipped)) == SignatureError.__name__, f"byte {index} flipped"
    for other in (respaced(body), body + b"\n", b""):
        if other is not None:
            assert _verdict(subject, replace(signed, body=other)) == SignatureError.__name__


@every_case
def test_an_old_request_is_refused(subject: Connector, case: InboundCase) -> None:
    if "signed time" in subject.exemptions:
        return
    signed = _signed(subject, case.request())
    for off in (timedelta(days=1), timedelta(days=-1), timedelta(minutes=6)):
        moved = replace(signed, received_at=signed.received_at + off)
        assert _verdict(subject, moved) == StaleWebhookError.__name__, f"received {off} off"
    near = replace(signed, received_at=signed.received_at + timedelta(minutes=4))
    assert _verdict(subject, near) == "accepted", "a clock may be four minutes off"


@every_helpdesk
def test_each_current_secret_is_accepted(subject: Connector) -> None:
    request = subject.inbound[0].request()
    for turn in range(max(len(values) for values in subject.secrets.values())):
        chosen = {field: (values[turn % len(values)],) for field, values in subject.secrets.items()}
        signed = _signed(subject, request, chosen)
        assert _verdict(subject, signed) == "accepted", f"signed with secret {turn + 1} of connection.json"
        gone = {field: [item for item in subject.secrets[field] if item not in chosen[field]] for field in chosen}
        assert _verdict(subject, signed, gone) != "accepted", "signed with a secret that was taken away"


@every_helpdesk
@pytest.mark.parametrize("kept", [None, (), ("",)], ids=["no field", "no value", "an empty value"])
def test_without_a_secret_nobody_comes_in(subject: Connector, kept: tuple[str, ...] | None) -> None:
    nothing = {} if kept is None else dict.fromkeys(subject.secrets, kept)
    request = subject.inbound[0].request()
    for secrets in (None, dict.fromkeys(subject.secrets, ("",))):
        verdict = _verdict(subject, _signed(subject, request, secrets), nothing)
        assert verdict == ConfigurationError.__name__


# -- parsing -----------------------------------------------------------------------------------------------------------


@every_case
def test_parsing_gives_what_is_expected(subject: Connector, case: InboundCase) -> None:
    found = _parse_or_reason(subject, case.request())
    assert found == {"malformed": [], "ignored": {}, **case.expected}


def _parse_or_reason(subject: Connector, request: WebhookRequest) -> dict[str, object]:
    """As expected.json has it; a body that can't be read at all is one malformed part, as the pipeline sees it."""
    try:
        parsed = _parse(subject, request)
    except PayloadError as error:
        return {"events": [], "malformed": [{"path": error.path, "reason": error.reason}], "ignored": {}}
    return {
        "events": [codec.to_data(event, tagged=True) for event in parsed.events],
        "malformed": [codec.to_data(item) for item in parsed.malformed],
        "ignored": dict(parsed.ignored),
    }


@every_case
def test_parsing_is_repeatable(subject: Connector, case: InboundCase) -> None:
    request = case.request()
    first = _parse_or_reason(subject, request)
    assert _parse_or_reason(subject, request) == first
    assert _parse_or_reason(subject, replace(request, received_at=request.received_at + timedelta(hours=5))) == first
    assert request == case.request()


# -- distrust ----------------------------------------------------------------------------------------------------------


def _harm(subject: Connector, request: WebhookRequest) -> str | None:
    """What goes wrong when `request` is parsed, or None: hints, malformed entries and PayloadError are all fine."""
    try:
        parsed = _parse(subject, request)
    except PayloadError as error:
        return None if len(str(error)) < 500 else "a PayloadError that repeats the value"
    except Exception as error:
        return f"{type(error).__name__}: {error}"[:200]
    if sum(map(len, parsed.ignored)) > 5000 or any(len(item.reason) > 200 for item in parsed.malformed):
        return "a reason or a kind that repeats the value"
    return next(filter(None, map(_complaint, parsed.events)), None)


def _complaint(hint: HelpdeskHint) -> str | None:
    data = json.loads(json.dumps(codec.to_data(hint), ensure_ascii=False).encode())
    if codec.from_data(HelpdeskHint, data) != hint:
        return "a hint that comes back different from the codec"
    if not hint.ticket or len(hint.ticket) > 200 or not hint.ticket.isprintable():
        return "a hint without a sound ticket id"
    if hint.case is not None and not hint.case.startswith("case-"):
        return "a case that is none of ours"
    return None


@every_case
def test_no_spoiled_body_does_harm(subject: Connector, case: InboundCase) -> None:
    request = case.request()
    harms = []
    for what, body in spoiled(case.body):
        harm = _harm(subject, replace(request, body=body))
        if harm:
            harms.append(f"{what}: {harm}")
    assert not harms, f"{len(harms)} spoiled bodies did harm, the first: {harms[:5]}"


@every_case
def test_no_damaged_bytes_do_harm(subject: Connector, case: InboundCase) -> None:
    request, body = case.request(), case.body
    for end in range(0, len(body), max(1, len(body) // 40)):
        for bad in (body[:end], body[:end] + b"\xff" + body[end:]):
            assert _harm(subject, replace(request, body=bad)) is None, f"at {end}"


@every_helpdesk
@pytest.mark.parametrize("what", BODIES)
def test_a_body_that_is_nothing_gives_nothing(subject: Connector, what: str) -> None:
    request = replace(subject.inbound[0].request(), body=BODIES[what])
    assert _harm(subject, request) is None
    with contextlib.suppress(PayloadError):
        assert not _parse(subject, request).events
