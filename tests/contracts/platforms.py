"""A platform connector as the contract suite handles it: its data sheet, cases, receivers and clients."""

from __future__ import annotations

import base64
import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from chalicelib.connectors import registry
from chalicelib.core import codec
from chalicelib.core.account import Account, ConnectionKind
from chalicelib.core.events import Parsed, PlatformEvent
from chalicelib.core.ids import AccountId
from chalicelib.core.media import MediaFile
from chalicelib.core.reply import OutboundReply
from chalicelib.ports import platform as ports
from chalicelib.ports.receiver import ReceiverContext
from chalicelib.ports.services import Http
from chalicelib.ports.spec import PlatformSpec, UsedFor
from tests.contracts.cases import ExchangeCase, InboundCase, exchange_cases, folder, inbound_cases, load
from tests.contracts.signers import find_signer
from tests.fakes.clock import FrozenClock
from tests.fakes.sessions import MemorySessions

KIND = ConnectionKind.PLATFORM
ABILITIES: dict[str, type] = {
    "send": ports.PlatformClient,
    "poll": ports.PollsEvents,
    "list_thread": ports.ListsThread,
    "find_sent": ports.FindsSentReplies,
    "fetch_author": ports.FetchesAuthors,
    "fetch_message": ports.FetchesMessages,
    "join_thread": ports.JoinsThreads,
    "fetch_media": ports.FetchesMedia,
    "remove": ports.RemovesReplies,
    "hide": ports.HidesMessages,
    "probe": ports.ProbesHealth,
    "refresh": ports.RefreshesCredentials,
    "missing_subscriptions": ports.ManagesSubscription,
    "subscribe": ports.ManagesSubscription,
}
"""Method -> the protocol that has it."""


def _has_spec(name: str) -> bool:
    package = Path(*registry.CONNECTORS[KIND, name].split("."))
    return (Path(registry.__file__).parents[2] / package / "spec.py").is_file()


REGISTERED = registry.names(KIND)
PRESENT = tuple(name for name in REGISTERED if _has_spec(name))


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    """One connector with the content of its account.json."""

    name: str
    data: Mapping[str, Any]

    @property
    def spec(self) -> PlatformSpec:
        found = registry.spec(KIND, self.name)
        assert isinstance(found, PlatformSpec), f"{self.name}: SPEC must be a PlatformSpec"
        return found

    @property
    def package(self) -> Path:
        return Path(import_module(registry.CONNECTORS[KIND, self.name]).__path__[0])

    @property
    def page(self) -> str:
        return (self.package / "README.md").read_text(encoding="utf-8")

    @property
    def account(self) -> Account:
        found: Account = codec.from_data(Account, self.data["account"])
        return found

    @property
    def secrets(self) -> dict[str, tuple[str, ...]]:
        return {name: tuple(values) for name, values in self.data.get("secrets", {}).items()}

    @property
    def credentials(self) -> dict[str, str]:
        return dict(self.data.get("credentials", {}))

    @property
    def accounts(self) -> tuple[AccountId, ...]:
        """The endpoint's accounts: ``accounts`` of account.json, else the one account."""
        return tuple(self.data.get("accounts", ())) or (self.account.key.account,)

    @property
    def exemptions(self) -> Mapping[str, str]:
        """Rule -> the reason why it does not hold here (``exempt`` of account.json)."""
        found: Mapping[str, str] = self.data.get("exempt", {})
        return found

    @property
    def verifies(self) -> bool:
        return any(item.used_for is UsedFor.VERIFY for item in self.spec.credentials)

    def receiver(self, secrets: Mapping[str, Sequence[str]] | None = None) -> Any:
        chosen = self.secrets if secrets is None else {name: tuple(values) for name, values in secrets.items()}
        context = ReceiverContext(secrets=chosen, accounts=self.accounts, options=self.account.options)
        return registry.receiver(KIND, self.name, context)

    def sign(self, body: bytes, at: datetime, secrets: Mapping[str, Sequence[str]] | None = None) -> dict[str, str]:
        signer = find_signer(KIND, self.name)
        assert signer is not None, f"{self.name}: SPEC has VERIFY credentials, so tests/cases needs a signer.py"
        return {k.lower(): v for k, v in signer(self.secrets if secrets is None else secrets, body, at).items()}

    def context(self, http: Http, case: Mapping[str, Any], sessions: MemorySessions) -> ports.PlatformContext:
        account = self.account
        if "options" in case:
            account = replace(account, options={**account.options, **case["options"]})
        clock = FrozenClock(datetime.fromisoformat(case["now"])) if "now" in case else FrozenClock()
        credentials = {**self.credentials, **case.get("credentials", {})}
        return ports.PlatformContext(
            account=account, credentials=credentials, http=http, clock=clock, sessions=sessions
        )

    def sessions(self, case: Mapping[str, Any]) -> MemorySessions:
        return MemorySessions(case.get("sessions", self.data.get("sessions")))

    def client(self, http: Http, case: Mapping[str, Any], sessions: MemorySessions | None = None) -> Any:
        return registry.client(KIND, self.name, self.context(http, case, sessions or self.sessions(case)))

    @property
    def inbound(self) -> list[InboundCase]:
        return [case for case in inbound_cases(KIND, self.name) if not case.is_challenge]

    @property
    def outbound(self) -> list[ExchangeCase]:
        return exchange_cases(KIND, self.name, "outbound")

    @property
    def calls(self) -> list[ExchangeCase]:
        return exchange_cases(KIND, self.name, "calls")

    def expected_events(self) -> list[dict[str, Any]]:
        """Every event that some case of this connector promises."""
        found = [event for case in self.inbound for event in case.expected["events"]]
        for case in self.calls:
            result = case.data.get("result")
            if isinstance(result, dict):
                found += result.get("parsed", result).get("events", [])
        return found


@cache
def platform(name: str) -> Platform:
    """The platform `name`, with its account.json."""
    path = folder(KIND, name) / "account.json"
    assert path.is_file(), f"tests/cases/platforms/{name}/account.json is missing"
    return Platform(name=name, data=load(path))


def parsed_data(parsed: Parsed[PlatformEvent]) -> dict[str, Any]:
    """As expected.json has it."""
    return {
        "events": [codec.to_data(event, tagged=True) for event in parsed.events],
        "malformed": [codec.to_data(item) for item in parsed.malformed],
        "ignored": dict(parsed.ignored),
    }


def result_data(value: Any) -> Any:
    """What a client's method returned, as the cases have it; events carry their type."""
    if isinstance(value, Parsed):
        return parsed_data(value)
    if isinstance(value, MediaFile):
        return file_data(value)
    if isinstance(value, ports.Polled):
        told = {"cursor": value.cursor, "more": value.more, "paused": value.paused}
        return {"parsed": parsed_data(value.parsed), **told}
    return codec.to_data(value) if value is not None else None


def wanted_result(value: Any) -> Any:
    """`value` of a case with what may be left out put in."""
    if isinstance(value, dict) and "parsed" in value:
        return {"more": False, "paused": False, **value, "parsed": wanted_result(value["parsed"])}
    if isinstance(value, dict) and "events" in value:
        return {"malformed": [], "ignored": {}, **value}
    return value


def read_reply(data: Mapping[str, Any]) -> OutboundReply:
    """A reply of a case. A file's content stands there as ``base64``."""
    files = [{**item, "content": base64.b64decode(item["base64"])} for item in data.get("files", ())]
    found: OutboundReply = codec.from_data(OutboundReply, {name: data[name] for name in data if name != "files"})
    made = [MediaFile(**{name: value for name, value in item.items() if name != "base64"}) for item in files]
    return replace(found, files=tuple(made))


def reply_data(reply: OutboundReply) -> dict[str, Any]:
    """As the cases have it."""
    data: dict[str, Any] = codec.to_data(replace(reply, files=()))
    files = [file_data(item) for item in reply.files]
    return {**data, "files": files} if files else data


def file_data(file: MediaFile) -> dict[str, Any]:
    """As the cases have it."""
    source = {"source": file.source} if file.source else {}
    content = base64.b64encode(file.content).decode("ascii")
    return {"name": file.name, "media_type": file.media_type, "base64": content, **source}


def call(client: Any, method: str, arguments: Mapping[str, Any]) -> Any:
    """Call `method` of `client` with arguments read by the types that the ports declare."""
    hints = typing.get_type_hints(getattr(ABILITIES[method], method))
    unknown = set(arguments) - set(hints)
    assert not unknown, f"{method} has no parameters {sorted(unknown)}"
    values = {
        name: read_reply(value) if hints[name] is OutboundReply else codec.from_data(hints[name], value)
        for name, value in arguments.items()
    }
    return getattr(client, method)(**values)
