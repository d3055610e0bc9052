"""Meta's family: whatever of it arrives under one name means the same under each other name."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chalicelib.connectors import registry
from chalicelib.connectors.platforms._meta.family import family_of
from chalicelib.connectors.platforms._meta.names import FAMILY
from chalicelib.core.account import Account, ConnectionKind
from chalicelib.core.errors import ConfigurationError, PayloadError
from chalicelib.core.events import InboundMessage, Parsed, PlatformEvent, conversation_of
from chalicelib.core.webhook import VerifiedWebhook
from chalicelib.ports.platform import PlatformContext
from chalicelib.ports.receiver import ReceiverContext
from tests.contracts.cases import InboundCase, inbound_cases
from tests.contracts.platforms import platform
from tests.fakes.clock import FrozenClock
from tests.fakes.http import ScriptedHttp
from tests.fakes.sessions import MemorySessions

PLATFORM = ConnectionKind.PLATFORM
# Only the address of Threads' own webhook tells whose some of its bodies are.
_BY_ADDRESS = {
    "reply-owner-by-the-address",
    "reply-without-root",
    "reply-author-absent-time-of-sending",
    "reply-in-entries-without-object",
}
CASES = [
    pytest.param(name, case, id=f"{name}/{case.name}")
    for name in FAMILY
    for case in inbound_cases(PLATFORM, name)
    if not case.is_challenge and case.name not in _BY_ADDRESS
]


def parse_at(name: str, case: InboundCase, accounts: tuple[str, ...] = ()) -> Parsed[PlatformEvent]:
    receiver: Any = registry.receiver(PLATFORM, name, ReceiverContext(accounts=accounts))  # type: ignore[arg-type]
    found: Parsed[PlatformEvent] = receiver.parse(VerifiedWebhook(request=case.request()))
    return found


@pytest.mark.parametrize(("name", "case"), CASES)
def test_a_body_means_the_same_at_every_address(name: str, case: InboundCase) -> None:
    here = parse_at(name, case)

    assert all(parse_at(other, case) == here for other in family_of(name))


@pytest.mark.parametrize("name", FAMILY)
def test_every_name_knows_the_others(name: str) -> None:
    assert {name, *platform(name).spec.family} == set(FAMILY)
    assert name not in platform(name).spec.family


def threads_case(name: str) -> InboundCase:
    return next(case for case in inbound_cases(PLATFORM, "threads") if case.name == name)


@pytest.mark.parametrize("accounts", [(), ("17841400000000001", "17841400000000002")])
def test_a_reply_on_threads_without_its_owner_is_nobodys_at_a_shared_address(accounts: tuple[str, ...]) -> None:
    found = parse_at("threads", threads_case("reply-owner-by-the-address"), accounts)

    assert found.events == ()
    assert [(item.path, item.reason) for item in found.malformed] == [("values.value", "account can't be told")]


def test_entries_without_an_object_are_threads_at_its_own_address_only() -> None:
    case = threads_case("reply-in-entries-without-object")

    assert len(parse_at("threads", case).events) == 1
    with pytest.raises(PayloadError):
        parse_at("facebook", case)


def test_the_customer_of_whatsapp_has_one_conversation_whatever_names_them() -> None:
    wanted = ("text", "user-id-only-in-contacts", "user-id-in-the-place-of-the-number", "no-phone-number", "echo")
    conversations = set()
    for case in inbound_cases(PLATFORM, "whatsapp"):
        if case.name in wanted:
            (event,) = parse_at("whatsapp", case).events
            assert isinstance(event, InboundMessage)
            conversations.add(conversation_of(event))

    assert len(conversations) == 1


def test_media_of_a_story_is_never_a_file_to_copy() -> None:
    kinds = set()
    for case in inbound_cases(PLATFORM, "instagram"):
        if case.name.startswith("story"):
            for event in json.loads((case.path / "expected.json").read_text(encoding="utf-8"))["events"]:
                kinds |= {item["kind"] for item in event.get("attachments", [])}

    assert kinds == {"link"}


@pytest.mark.parametrize("name", ["instagram", "whatsapp", "threads"])
def test_a_client_without_a_token_is_not_made(name: str) -> None:
    with pytest.raises(ConfigurationError, match="no access_token"):
        registry.client(PLATFORM, name, context(platform(name).account, {}))


def test_an_unknown_login_of_instagram_is_refused() -> None:
    subject = platform("instagram")
    account = Account(key=subject.account.key, title="Acme", helpdesk="zendesk", options={"login": "google"})

    with pytest.raises(ConfigurationError, match="instagram or facebook"):
        registry.client(PLATFORM, "instagram", context(account, subject.credentials))


def context(account: Account, credentials: dict[str, str]) -> PlatformContext:
    return PlatformContext(
        account=account,
        credentials=credentials,
        http=ScriptedHttp([]),
        clock=FrozenClock(),
        sessions=MemorySessions(),
    )
