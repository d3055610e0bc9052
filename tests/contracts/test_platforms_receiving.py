"""Every platform's receiver: who may come in, what a body means, and that no body can hurt."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib.core import codec
from chalicelib.core.errors import (
    CareloopError,
    ConfigurationError,
    PayloadError,
    SignatureError,
    StaleWebhookError,
    UnknownEndpointError,
    WebhookError,
)
from chalicelib.core.events import (
    Envelope,
    InboundMessage,
    PlatformEvent,
    account_of,
    conversation_of,
    event_key,
    order_group,
)
from chalicelib.core.text.normalise import clean_text
from chalicelib.core.webhook import VerifiedWebhook, WebhookRequest, WebhookResponse
from chalicelib.ports.receiver import Acknowledges, AnswersChallenge
from tests.contracts.cases import InboundCase, inbound_cases
from tests.contracts.distrust import BODIES, respaced, spoiled
from tests.contracts.platforms import KIND, PRESENT, Platform, parsed_data, platform

every_platform = pytest.mark.parametrize("name", PRESENT)
_ALL = [(name, case) for name in PRESENT for case in inbound_cases(KIND, name)]


def _parameters(*, challenge: bool) -> Any:
    chosen = [item for item in _ALL if item[1].is_challenge is challenge]
    return pytest.mark.parametrize(("name", "case"), chosen, ids=[f"{name}/{case.name}" for name, case in chosen])


every_case = _parameters(challenge=False)
every_challenge = _parameters(challenge=True)


def _signed(
    subject: Platform, request: WebhookRequest, secrets: Mapping[str, Sequence[str]] | None = None
) -> WebhookRequest:
    headers = subject.sign(request.body, request.received_at, secrets) if subject.verifies else {}
    return replace(request, headers={**request.headers, **headers})


def _verdict(subject: Platform, request: WebhookRequest, secrets: Mapping[str, Sequence[str]] | None = None) -> str:
    """ "accepted", or the class of the refusal."""
    try:
        subject.receiver(secrets).verify(request)
    except CareloopError as error:
        return type(error).__name__
    return "accepted"


def _requests(subject: Platform) -> Iterator[tuple[str, WebhookRequest]]:
    for case in subject.inbound:
        yield case.name, case.request()


def _other(secrets: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
    return dict.fromkeys(secrets, ("a-secret-that-is-not-theirs",))


# -- verification ------------------------------------------------------------------------------------------------------


@every_platform
def test_a_rightly_signed_request_is_accepted(name: str) -> None:
    subject = platform(name)
    for case, request in _requests(subject):
        wanted = "accepted" if subject.verifies else UnknownEndpointError.__name__
        assert _verdict(subject, _signed(subject, request)) == wanted, case


@every_platform
def test_a_request_without_a_right_signature_is_refused(name: str) -> None:
    subject = platform(name)
    if not subject.verifies:
        assert not subject.secrets, "secrets without VERIFY credentials"
        return
    for case, request in _requests(subject):
        signature = subject.sign(request.body, request.received_at)
        assert signature, "the signer adds nothing"
        assert _verdict(subject, request) == SignatureError.__name__, f"{case}: no signature at all"
        wrong = _signed(subject, request, _other(subject.secrets))
        assert _verdict(subject, wrong) == SignatureError.__name__, f"{case}: signed with another secret"
        for header, value in signature.items():
            for what, bad in _spoiled_header(value).items():
                if bad == value:
                    continue  # base64 that ends in "=" is its own scheme
                headers = {**request.headers, **signature, header: bad}
                verdict = _verdict(subject, replace(request, headers=headers))
                assert verdict in (SignatureError.__name__, StaleWebhookError.__name__), f"{case}: {header} {what}"


def _spoiled_header(value: str) -> dict[str, str]:
    last = "0" if value[-1] != "0" else "1"
    return {
        "empty": "",
        "blank": " ",
        "with another first character": ("0" if value[0] != "0" else "1") + value[1:],
        "cut by one": value[:-1],
        "longer by one": value + last,
        "in other letters": value.swapcase() + "\u00fc\u20ac",
        "very long": value * 500,
        "a lone surrogate": "\ud800",
        "only its scheme": value.split("=")[0].split(" ")[0] + "=",
    }


@every_platform
def test_the_signature_covers_each_byte(name: str) -> None:
    subject = platform(name)
    for case, request in _requests(subject):
        body = request.body
        if not subject.verifies or not body:
            continue
        signed = _signed(subject, request)
        if subject.sign(body, request.received_at) == subject.sign(body + b" ", request.received_at):
            continue  # a scheme of shared tokens, that does not cover the body
        for index in {0, len(body) // 2, len(body) - 1}:
            flipped = body[:index] + bytes([body[index] ^ 1]) + body[index + 1 :]
            verdict = _verdict(subject, replace(signed, body=flipped))
            assert verdict == SignatureError.__name__, f"{case}: byte {index} flipped"
        for what, other in {"respaced": respaced(body), "longer": body + b"\n", "empty": b""}.items():
            if other is not None:
                verdict = _verdict(subject, replace(signed, body=other))
                assert verdict == SignatureError.__name__, f"{case}: the body {what}"


@every_platform
def test_an_old_request_is_refused_where_the_scheme_signs_the_time(name: str) -> None:
    subject = platform(name)
    for case, request in _requests(subject):
        if not subject.verifies:
            continue
        later = request.received_at + timedelta(days=1)
        if subject.sign(request.body, request.received_at) == subject.sign(request.body, later):
            continue  # the scheme signs no time
        signed = _signed(subject, request)
        for off in (timedelta(days=1), timedelta(days=-1)):
            moved = replace(signed, received_at=request.received_at + off)
            assert _verdict(subject, moved) == StaleWebhookError.__name__, f"{case}: received {off} off"


@every_platform
def test_each_current_secret_is_accepted(name: str) -> None:
    subject = platform(name)
    for case, request in _requests(subject):
        if not subject.verifies:
            continue
        for turn in range(max(len(values) for values in subject.secrets.values())):
            chosen = {field: (values[turn % len(values)],) for field, values in subject.secrets.items()}
            signed = _signed(subject, request, chosen)
            assert _verdict(subject, signed) == "accepted", f"{case}: signed with secret {turn + 1} of account.json"
            gone = {field: [item for item in subject.secrets[field] if item not in chosen[field]] for field in chosen}
            assert _verdict(subject, signed, gone) != "accepted", f"{case}: signed with a secret that was taken away"


@every_platform
@pytest.mark.parametrize("kept", [{}, {"all": ()}, {"all": ("",)}], ids=["no field", "no value", "an empty value"])
def test_without_a_secret_nobody_comes_in(name: str, kept: dict[str, tuple[str, ...]]) -> None:
    subject = platform(name)
    nothing = dict.fromkeys(subject.secrets, kept["all"]) if kept else {}
    for case, request in _requests(subject):
        if not subject.verifies:
            continue
        for secrets in (None, dict.fromkeys(subject.secrets, ("",))):
            verdict = _verdict(subject, _signed(subject, request, secrets), nothing)
            assert verdict == ConfigurationError.__name__, f"{case}: no secret is stored"


# -- parsing -----------------------------------------------------------------------------------------------------------


def _parse(subject: Platform, request: WebhookRequest) -> Any:
    return subject.receiver().parse(VerifiedWebhook(request=request))


def _complaint(event: PlatformEvent) -> str | None:
    """What is wrong with an event whatever it says, or None."""
    data = codec.to_data(event, tagged=True)
    try:
        back = codec.from_data(PlatformEvent, json.loads(json.dumps(data, ensure_ascii=False).encode()))
    except (PayloadError, ValueError) as error:
        return f"{data['type']} does not survive the codec: {error}"
    if back != event:
        return f"{data['type']} comes back different from the codec"
    if not isinstance(event_key(event), str) or not order_group(event) or not account_of(event).account:
        return "an event without key, group or account"
    if isinstance(event, InboundMessage):
        conversation_of(event)
        if not event.key.message or not event.thread.thread or event.key.account != event.thread.account:
            return "a message without an id or thread, or with a thread of another account"
        if event.sent_at.utcoffset() != timedelta(0):
            return "a time that is not UTC"
        if event.author is not None and not event.author.key.author:
            return "an author without an id"
    return None


@every_case
def test_parsing_gives_what_is_expected(name: str, case: InboundCase) -> None:
    subject = platform(name)
    expected = {"malformed": [], "ignored": {}, **case.expected}
    found = parsed_data(_parse(subject, case.request()))
    assert found["events"] == expected["events"]
    assert found == expected


@every_case
def test_parsing_is_repeatable_and_leaves_the_request_alone(name: str, case: InboundCase) -> None:
    subject = platform(name)
    receiver, request = subject.receiver(), case.request()
    first = receiver.parse(VerifiedWebhook(request=request))
    assert receiver.parse(VerifiedWebhook(request=request)) == first
    assert _parse(subject, replace(request, received_at=request.received_at + timedelta(hours=5))) == first or (
        "received-time" in case.name
    ), "what a body says must not depend on when it came (name the case ...received-time... where it must)"
    assert request == case.request()


@every_case
def test_events_are_sound(name: str, case: InboundCase) -> None:
    subject = platform(name)
    events = _parse(subject, case.request()).events
    keys = [event_key(event) for event in events]
    assert len(set(keys)) == len(keys), f"two events of one payload have the same key: {keys}"
    for event in events:
        assert _complaint(event) is None
        assert account_of(event).platform in (name, *subject.spec.family)
        envelope = Envelope(key=event_key(event), event=event, received_at=datetime(2026, 11, 20, tzinfo=UTC))
        assert codec.from_json(Envelope, codec.to_json(envelope)) == envelope


@every_case
def test_messages_are_clean_and_echoes_marked(name: str, case: InboundCase) -> None:
    subject = platform(name)
    for event in _parse(subject, case.request()).events:
        if not isinstance(event, InboundMessage):
            continue
        assert clean_text(event.text) == event.text
        own = event.author is not None and str(event.author.key.author) in map(str, subject.accounts)
        assert event.is_echo or not own, "the account's own message must be an echo"
        if event.is_echo:
            assert event.author is None or event.author.is_brand, "an echo's author is the brand"


# -- distrust ----------------------------------------------------------------------------------------------------------


def _harm(receiver: Any, request: WebhookRequest) -> str | None:
    """What goes wrong when `request` is parsed, or None: events, malformed entries and PayloadError are all fine."""
    try:
        parsed = receiver.parse(VerifiedWebhook(request=request))
    except PayloadError as error:
        return None if len(str(error)) < 500 else "a PayloadError that repeats the value"
    except Exception as error:
        return f"{type(error).__name__}: {error}"[:200]
    for item in parsed.malformed:
        if len(item.reason) > 200:
            return "a reason that repeats the value"
    if sum(map(len, parsed.ignored)) > 5000:
        return "an ignored kind that repeats the value"
    return next(filter(None, map(_complaint, parsed.events)), None)


@every_case
def test_no_spoiled_body_does_harm(name: str, case: InboundCase) -> None:
    subject = platform(name)
    receiver, request = subject.receiver(), case.request()
    harms = []
    for what, body in spoiled(case.body):
        harm = _harm(receiver, replace(request, body=body))
        if harm:
            harms.append(f"{what}: {harm}")
    assert not harms, f"{len(harms)} spoiled bodies did harm, the first: {harms[:5]}"


@every_case
def test_no_damaged_bytes_do_harm(name: str, case: InboundCase) -> None:
    subject = platform(name)
    receiver, request, body = subject.receiver(), case.request(), case.body
    step = max(1, len(body) // 40)
    for end in range(0, len(body), step):
        for what, bad in {"cut at": body[:end], "bad byte at": body[:end] + b"\xff" + body[end:]}.items():
            assert _harm(receiver, replace(request, body=bad)) is None, f"{what} {end}"


@every_platform
@pytest.mark.parametrize("what", BODIES)
def test_a_body_that_is_nothing_gives_nothing(name: str, what: str) -> None:
    subject = platform(name)
    request = replace(subject.inbound[0].request(), body=BODIES[what])
    assert _harm(subject.receiver(), request) is None
    with contextlib.suppress(PayloadError):
        assert not _parse(subject, request).events


# -- answers -----------------------------------------------------------------------------------------------------------


def _answer(subject: Platform, request: WebhookRequest, secrets: Mapping[str, Sequence[str]] | None = None) -> Any:
    receiver = subject.receiver(secrets)
    assert isinstance(receiver, AnswersChallenge), f"{subject.name} has challenge cases and no answer_challenge"
    return receiver.answer_challenge(request)


@every_challenge
def test_challenges_are_answered(name: str, case: InboundCase) -> None:
    subject, expected = platform(name), case.expected
    if "error" in expected:
        with pytest.raises(WebhookError) as caught:
            _answer(subject, case.request())
        assert type(caught.value).__name__ == expected["error"]
        return
    response = _answer(subject, case.request())
    if expected["response"] is None:
        assert response is None, "this is no challenge"
        return
    assert isinstance(response, WebhookResponse)
    assert response.status == expected["response"]["status"]
    if "json" in expected["response"]:
        assert json.loads(response.body) == expected["response"]["json"]
    else:
        assert response.body == expected["response"]["body"]


@every_challenge
def test_spoiled_challenges_are_no_way_in(name: str, case: InboundCase) -> None:
    subject, request = platform(name), case.request()
    for key in request.query:
        for bad in (None, "", "x" * 5000, "\x00\ud800", "\u00fc"):
            query = {k: v for k, v in request.query.items() if k != key} | ({} if bad is None else {key: bad})
            try:
                response = _answer(subject, replace(request, query=query))
            except WebhookError:
                continue
            assert response is None or len(response.body) < 20_000
    try:
        _answer(subject, request, dict.fromkeys(subject.secrets, ()))
    except (ConfigurationError, WebhookError):
        return
    assert case.expected.get("response") is None, "a challenge was answered without a stored secret"


@every_platform
def test_platforms_that_can_be_challenged_have_cases(name: str) -> None:
    subject = platform(name)
    challenged = any(case.is_challenge for case in inbound_cases(KIND, name))
    assert isinstance(subject.receiver(), AnswersChallenge) == challenged


@every_platform
def test_acknowledgements_are_accepting(name: str) -> None:
    receiver = platform(name).receiver()
    for case, request in _requests(platform(name)):
        if isinstance(receiver, Acknowledges):
            response = receiver.acknowledgement(request)
            assert 200 <= response.status < 300, case
