"""A connector's data sheet: what it is, what it can, what it needs. Pure data, checked by the contract suites."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum

from chalicelib.core.account import ConnectionKind
from chalicelib.core.budgets import BudgetHeaders
from chalicelib.core.capabilities import CrmCapabilities, HelpdeskCapabilities, PlatformCapabilities


class Level(IntEnum):
    """What a platform connector does: RECEIVES events, REPLIES to them, COMPLETE for care."""

    RECEIVES = 1
    REPLIES = 2
    COMPLETE = 3


class UsedFor(StrEnum):
    """VERIFY secrets may be read by the public function; CALL secrets by workers only."""

    VERIFY = "verify"
    CALL = "call"


class ShownBy(StrEnum):
    """What our knowledge of the remote was tested against."""

    REAL_SERVER = "real server"
    PUBLISHED_SCHEMA = "vendor's published schema"
    DOCUMENTATION = "documentation"


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialField:
    """One secret. ``rotates``: it changes while running (tokens), so it lives in the session store too. ``made_here``:
    the vendor takes any string of ours, so it is made for the operator who gives none; its name is then one of
    ``VALUES`` in careloop/connecting/guide.py, to be pasted from ``connecting.md``."""

    name: str
    description: str
    used_for: UsedFor
    example: str
    rotates: bool = False
    required: bool = True
    made_here: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionField:
    """One non-secret setting of an account or a connection. ``default`` is shown and offered; a connection's options
    hold only what differs from it, so the client applies it."""

    name: str
    description: str
    default: str | None = None
    required: bool = False
    example: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """A number or rule with its source, for the capability table."""

    what: str
    source: str
    date: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """What the vendor charges for one call or one thing read or written, in US dollars."""

    what: str
    usd: float
    source: str
    date: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformSpec:
    """A platform connector. ``hosts``: the only hosts its client may call (base_url options may override for tests)."""

    name: str
    title: str
    level: Level
    capabilities: PlatformCapabilities
    credentials: tuple[CredentialField, ...]
    hosts: tuple[str, ...]
    shown_by: ShownBy
    options: tuple[OptionField, ...] = ()
    api_version: str = ""
    media_hosts: tuple[str, ...] = ()
    """Where customers' media may be fetched from: "cdn.example.com", or "*.example.com" for all below it."""
    family: tuple[str, ...] = ()
    """Names whose payloads share this connector's webhook (Meta's)."""
    facts: tuple[Fact, ...] = ()
    prices: tuple[Price, ...] = ()
    budgets: tuple[BudgetHeaders, ...] = ()
    """The headers in which the remote tells what is left of its rate limits."""
    kind: ConnectionKind = ConnectionKind.PLATFORM


@dataclass(frozen=True, slots=True, kw_only=True)
class HelpdeskSpec:
    """A helpdesk connector."""

    name: str
    title: str
    capabilities: HelpdeskCapabilities
    credentials: tuple[CredentialField, ...]
    shown_by: ShownBy
    options: tuple[OptionField, ...] = ()
    facts: tuple[Fact, ...] = ()
    budgets: tuple[BudgetHeaders, ...] = ()
    """The headers in which the remote tells what is left of its rate limits."""
    kind: ConnectionKind = ConnectionKind.HELPDESK


@dataclass(frozen=True, slots=True, kw_only=True)
class CrmSpec:
    """A CRM connector."""

    name: str
    title: str
    capabilities: CrmCapabilities
    credentials: tuple[CredentialField, ...]
    shown_by: ShownBy
    options: tuple[OptionField, ...] = ()
    facts: tuple[Fact, ...] = ()
    budgets: tuple[BudgetHeaders, ...] = ()
    """The headers in which the remote tells what is left of its rate limits."""
    kind: ConnectionKind = ConnectionKind.CRM


Spec = PlatformSpec | HelpdeskSpec | CrmSpec
