"""Every connector can be connected: there is a guide with values that are known, and a webhook of ours to try it with."""

from __future__ import annotations

from string import Template

import pytest

from careloop.connecting.guide import VALUES, guide_of, plain_guide
from careloop.connecting.signing import CHALLENGES, SIGNED, newest
from chalicelib.connectors import registry
from chalicelib.connectors.registry import CONNECTORS
from chalicelib.core.account import ConnectionKind
from chalicelib.core.ids import AccountId
from chalicelib.core.webhook import VerifiedWebhook, WebhookRequest
from chalicelib.ports.receiver import AnswersChallenge, ReceiverContext
from chalicelib.ports.spec import Level, PlatformSpec, UsedFor
from tests.contracts.signers import SIGNERS
from tests.fakes.clock import NOON

Key = tuple[ConnectionKind, str]
SIGNING = "careloop/connecting/signing.py"


def _named(key: Key) -> str:
    return f"{key[1]}-{key[0]}"


each = pytest.mark.parametrize("key", sorted(CONNECTORS), ids=_named)


@pytest.mark.parametrize("key", sorted(SIGNERS), ids=_named)
def test_our_test_webhook_is_signed_as_the_vendor_signs_and_gives_nothing(key: Key) -> None:
    assert key in SIGNED, f"{SIGNING}: SIGNED has no line for {key[1]}, which has a signer.py"
    signed = SIGNED[key]
    fields = [item.name for item in registry.spec(*key).credentials if item.used_for is UsedFor.VERIFY]
    secrets = {name: (f"new-{name}", f"old-{name}") for name in fields}
    headers = signed.sign(newest(secrets), signed.body, NOON)
    vendors = SIGNERS[key](secrets, signed.body, NOON)
    assert headers == {name.lower(): value for name, value in vendors.items()}, f"{SIGNING} and signer.py disagree"
    receiver = registry.receiver(*key, ReceiverContext(secrets=secrets, accounts=(AccountId("1"),)))
    request = WebhookRequest(
        method=signed.method, url="", headers=headers, query={}, body=signed.body, received_at=NOON,
        path_suffix=signed.suffix,
    )  # fmt: skip
    receiver.verify(request)
    parsed = receiver.parse(VerifiedWebhook(request=request))
    assert not parsed.events, f"{SIGNING}: the body for {key[1]} must be known to be nothing"
    assert not parsed.malformed


def test_no_test_webhook_is_left_over() -> None:
    assert set(SIGNED) <= set(SIGNERS)


@each
def test_who_answers_a_challenge_is_challenged(key: Key) -> None:
    if key[0] is ConnectionKind.CRM:
        assert key not in CHALLENGES, "CRMs do not call"
        return
    receiver = registry.receiver(*key, ReceiverContext())
    assert isinstance(receiver, AnswersChallenge) == (key in CHALLENGES)


@each
def test_every_connector_has_a_guide_whose_values_are_known(key: Key) -> None:
    spec = registry.spec(*key)
    guide = guide_of(key[0], spec)
    for part in ("first", "then"):
        names = set(Template(getattr(guide, part)).get_identifiers())
        assert names <= VALUES, f"connecting.md: ${names - VALUES} is not in VALUES of careloop/connecting/guide.py"
        filled = guide.filled(part, dict.fromkeys(VALUES, "VALUE"))
        assert "$" not in filled.replace("$Careloop", "").replace("$0.", "")
    known = {item.name for item in spec.options}
    assert set(guide.asks) <= known, "connecting.md asks for options that SPEC does not name"
    calls = any(item.used_for is UsedFor.VERIFY for item in spec.credentials)
    assert ("$webhook" in guide.first + guide.then) == calls, "connecting.md: $webhook is named where there is one"
    for field in spec.credentials:
        if field.made_here:
            assert f"${field.name}" in guide.then, f"connecting.md: what is made here (${field.name}) is pasted in Then"
    if not isinstance(spec, PlatformSpec) or spec.level is Level.COMPLETE:
        assert guide != plain_guide(spec), "a complete connector has a connecting.md of its own"
    else:
        assert all(field.name in guide.first for field in spec.credentials)
