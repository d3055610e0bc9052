"""What a stage has while it is idle, and what of it is to be paid for: alarms, queues, memory, channels."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from chalicelib.connectors import registry
from chalicelib.core.account import ConnectionKind
from chalicelib.core.errors import ConfigurationError, UnknownEndpointError
from chalicelib.ports.spec import Level, PlatformSpec, UsedFor

FILE = Path(__file__).with_name("stage.toml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Resources of infra/stack.yaml, each function's memory in MB, and whether Lambda traces (X-Ray)."""

    alarms: int
    dashboards: int
    keys: int
    queues: int
    archive_days: int
    key_reuse_seconds: int
    traced: bool
    memory_mb: Mapping[str, int]


@cache
def usual_stage() -> Stage:
    """That of stage.toml."""
    return Stage(**tomllib.loads(FILE.read_text(encoding="utf-8")))


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """Accounts of one platform. ``webhook``: messages come by it; else by a poll each minute. ``reconciled``: polled
    every quarter of an hour all the same. ``secrets``: of one account with an endpoint of its own."""

    platform: str
    accounts: int
    webhook: bool
    reconciled: bool
    secrets: int


def channels_from(text: str, accounts: int) -> Sequence[Channel]:
    """``facebook,bluesky=2``: platforms with their number of accounts, `accounts` where none is said. Raises
    ConfigurationError for what is no platform or no number."""
    found: dict[str, Channel] = {}
    for item in filter(None, (part.strip() for part in text.split(","))):
        name, _, number = item.partition("=")
        if number and not (number.isascii() and number.isdigit()):
            raise ConfigurationError(f"{item}: after = comes a number of accounts")
        if name in found:
            raise ConfigurationError(f"{name} is named twice")
        found[name] = _channel(name, int(number) if number else accounts)
    if not found:
        raise ConfigurationError("name at least one platform")
    return tuple(found.values())


def _channel(name: str, accounts: int) -> Channel:
    try:
        spec = registry.spec(ConnectionKind.PLATFORM, name)
    except UnknownEndpointError:
        there = ", ".join(registry.names(ConnectionKind.PLATFORM))
        raise ConfigurationError(f"no platform {name!r}; there are {there}") from None
    assert isinstance(spec, PlatformSpec)
    polls = spec.capabilities.polls
    kinds = {field.used_for for field in spec.credentials} & {UsedFor.VERIFY, UsedFor.CALL}
    return Channel(
        platform=name,
        accounts=accounts,
        webhook=not polls,
        reconciled=not polls and spec.level >= Level.COMPLETE,
        secrets=len(kinds),
    )
