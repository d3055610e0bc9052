"""Every platform connector: its data sheet, its page, and that what it promises has a case.

A rule may be exempted in account.json: ``"exempt": {"<rule>": "<the reason in words>"}``; the rules that can be are
named where they are checked. How a connector receives and sends is in the neighbours of this file.
"""

from __future__ import annotations

import re
import string
import typing
from importlib import import_module
from typing import Any

import pytest

from chalicelib.connectors.registry import CONNECTORS
from chalicelib.core import events as event_types
from chalicelib.core.text.length import TextLimits
from chalicelib.ports.spec import Level, UsedFor
from tests.contracts import signers
from tests.contracts.cases import folder, load, stray_files
from tests.contracts.platforms import ABILITIES, KIND, PRESENT, REGISTERED, Platform, platform
from tests.contracts.signers import find_signer

HEADINGS = (
    "## What it does",
    "## What you need",
    "## Webhook / polling",
    "## Limits and facts",
    "## Traps",
    "## Level",
)
EVENT_NAMES = {item.__name__ for item in typing.get_args(event_types.PlatformEvent)}
EXEMPTIBLE = {"complete.repair", "complete.probe", "complete.settles", "echo", "address"}
DATE = re.compile(r"\d{4}(-\d{2}){0,2}")
HOST = re.compile(r"(\*\.)?[a-z0-9-]+(\.[a-z0-9-]+)+")

every_platform = pytest.mark.parametrize("name", PRESENT)


def _client_class(subject: Platform) -> Any:
    return import_module(f"{CONNECTORS[KIND, subject.name]}.client").Client


@pytest.mark.parametrize("name", REGISTERED)
def test_what_the_registry_lists_is_there(name: str) -> None:
    """The one test that fails while a connector is still being written."""
    assert name in PRESENT, f"the registry lists {name}, whose package has no spec.py"
    subject = platform(name)
    for part in ("__init__.py", "spec.py", "webhook.py", "client.py", "README.md"):
        assert (subject.package / part).is_file(), f"{name} has no {part}"
    assert subject.inbound, f"{name} has no inbound cases"


@every_platform
def test_spec_is_complete(name: str) -> None:
    spec = platform(name).spec
    assert spec.name == name
    assert spec.title
    assert spec.kind is KIND
    assert isinstance(spec.capabilities.text_limits, TextLimits)
    assert spec.capabilities.surfaces, "name the surfaces that messages come from"
    assert spec.name not in spec.family
    for host in spec.hosts:
        assert HOST.fullmatch(host), f"{host!r} is no host name in lower case (a first label may be *)"
    assert spec.facts, "a data sheet without a fact has no source"
    for fact in spec.facts:
        assert fact.what, fact
        assert fact.source, fact
        assert DATE.fullmatch(fact.date), f"{fact.what}: the date {fact.date!r} is not YYYY, YYYY-MM or YYYY-MM-DD"


@every_platform
def test_credentials_and_options_are_described(name: str) -> None:
    subject = platform(name)
    names = [item.name for item in subject.spec.credentials] + [item.name for item in subject.spec.options]
    assert len(set(names)) == len(names), "a name is used twice"
    for field in subject.spec.credentials:
        assert field.description, f"{field.name} has no description"
        assert field.example, f"{field.name} has no example"
    for option in subject.spec.options:
        assert option.description, f"{option.name} has no description"
    missing = [item for item in names if f"`{item}`" not in subject.page]
    assert not missing, f"README.md does not mention {missing} (in backticks)"
    unknown = set(subject.account.options) - {item.name for item in subject.spec.options}
    assert not unknown, f"account.json uses options that SPEC does not name: {unknown}"


@every_platform
def test_cases_have_the_credentials_that_the_spec_names(name: str) -> None:
    subject = platform(name)
    wanted = {use: {item.name for item in subject.spec.credentials if item.used_for is use} for use in UsedFor}
    required = {item.name for item in subject.spec.credentials if item.required}
    given = {UsedFor.VERIFY: set(subject.secrets), UsedFor.CALL: set(subject.credentials)}
    for use in UsedFor:
        assert given[use] <= wanted[use], f"account.json has {use} credentials that SPEC does not name"
        assert given[use] >= wanted[use] & required, f"account.json lacks {use} credentials that SPEC requires"
    for field, values in subject.secrets.items():
        assert len(values) >= 2, f"account.json: {field} needs two values, for rotation"
    texts = [*subject.credentials.values(), *(value for values in subject.secrets.values() for value in values)]
    short = [text for text in texts if len(text) < 8]
    assert not short, f"account.json: {short} are too short to be found when they leak (8 characters or more)"
    assert (find_signer(KIND, name) is not None) == subject.verifies, "a signer.py belongs to VERIFY credentials"
    assert ((KIND, name) in signers.SIGNERS) == subject.verifies


@every_platform
def test_account_is_of_this_platform(name: str) -> None:
    subject = platform(name)
    assert subject.account.key.platform == name
    assert subject.account.key.account in subject.accounts
    assert not set(subject.exemptions) - EXEMPTIBLE, f"only {sorted(EXEMPTIBLE)} can be exempted"
    assert all(len(reason) > 20 for reason in subject.exemptions.values()), "an exemption needs a reason in words"


@every_platform
def test_no_case_is_left_unread(name: str) -> None:
    assert list(stray_files(KIND, name)) == []
    known = {
        "account.json",
        "signer.py",
        "schema.json",
        "inbound",
        "outbound",
        "calls",
        "README.md",
        "__pycache__",
        "__init__.py",
    }
    strangers = {path.name for path in folder(KIND, name).iterdir()} - known
    assert not strangers, f"no suite reads {sorted(strangers)}"
    for case in (*platform(name).outbound, *platform(name).calls):
        allowed = {"reply", "call", "arguments", "exchange", "receipt", "result", "error", "now", "sessions", "options"}
        unknown = set(load(case.path)) - allowed - {"credentials", "retry_after", "remote_code", "advice", "note"}
        assert not unknown, f"{case.name}: nothing reads {sorted(unknown)}"


@every_platform
def test_page_has_the_headings_in_order(name: str) -> None:
    page = platform(name).page
    found = [line for line in page.splitlines() if line.startswith("## ")]
    positions = [next((i for i, line in enumerate(found) if line.startswith(head)), -1) for head in HEADINGS]
    missing = [head for head, position in zip(HEADINGS, positions, strict=True) if position < 0]
    assert not missing, f"README.md lacks {missing}"
    assert positions == sorted(positions), f"README.md's headings are not in the order {HEADINGS}"
    assert page.startswith("# "), "README.md has no title"
    assert platform(name).spec.level.name in page.split("## Level", 1)[1], "README.md's level is not SPEC.level"
    assert set(page) <= set(string.printable) | {c for c in page if c.isprintable()}


@every_platform
def test_each_event_type_that_is_declared_has_a_case(name: str) -> None:
    subject = platform(name)
    declared = {item for item in EVENT_NAMES if f"`{item}`" in subject.page} | {"InboundMessage"}
    if subject.spec.capabilities.delivery_updates:
        declared.add("DeliveryUpdated")
    cased = {event["type"] for event in subject.expected_events()}
    assert declared <= cased, f"declared without a case: {sorted(declared - cased)}"
    assert cased <= EVENT_NAMES, f"no such events: {sorted(cased - EVENT_NAMES)}"


@every_platform
def test_each_surface_that_is_declared_has_a_case(name: str) -> None:
    subject = platform(name)
    cased = {event["surface"] for event in subject.expected_events() if event["type"] == "InboundMessage"}
    declared = {str(item) for item in subject.spec.capabilities.surfaces}
    assert declared <= cased, f"declared without a case: {sorted(declared - cased)}"
    assert cased <= declared, f"seen in cases, not declared in SPEC.capabilities.surfaces: {sorted(cased - declared)}"


@every_platform
def test_there_is_a_case_for_each_way_to_disappoint(name: str) -> None:
    subject = platform(name)
    expected = [case.expected for case in subject.inbound]
    assert any(item.get("ignored") and not item["events"] for item in expected), "no case of an unknown kind alone"
    assert any(item.get("malformed") and item["events"] for item in expected), "no case of a bad entry among good ones"
    echoes = [event for event in subject.expected_events() if event.get("is_echo")]
    assert echoes or "echo" in subject.exemptions, "no case of the account's own message (an echo)"


@every_platform
def test_each_ability_has_a_case(name: str) -> None:
    subject = platform(name)
    client = _client_class(subject)
    able = {method for method in ABILITIES if callable(getattr(client, method, None))}
    called = {case.data["call"] for case in subject.calls if "result" in case.data or "error" not in case.data}
    assert able - {"send"} <= called, f"without a successful case in calls/: {sorted(able - {'send'} - called)}"
    assert called <= able, f"called in cases, not there: {sorted(called - able)}"
    if subject.spec.capabilities.polls:
        assert "poll" in able, "SPEC says that it polls"
    else:
        assert subject.verifies, "a platform that does not poll needs a webhook that proves its sender"


@every_platform
def test_level_is_deserved(name: str) -> None:
    subject = platform(name)
    spec, client = subject.spec, _client_class(subject)
    if spec.level >= Level.REPLIES:
        receipts = [case for case in subject.outbound if "receipt" in case.data]
        refusals = [case for case in subject.outbound if "error" in case.data]
        assert receipts, "no outbound case with a receipt"
        assert refusals, "no outbound case with an error"
        if spec.capabilities.attachments:
            sent = [case for case in receipts if case.data["reply"].get("attachments")]
            assert sent, "SPEC says that it sends attachments; no outbound case does"
    if spec.level >= Level.COMPLETE:
        rules = {
            "complete.repair": hasattr(client, "poll") or hasattr(client, "list_thread"),
            "complete.probe": hasattr(client, "probe"),
            "complete.settles": hasattr(client, "find_sent") or spec.capabilities.idempotent_send,
        }
        missing = [rule for rule, holds in rules.items() if not holds and rule not in subject.exemptions]
        assert not missing, f"COMPLETE asks for {missing} (or an exemption with a reason)"
