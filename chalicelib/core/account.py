"""Connections: which accounts, helpdesks and CRMs there are. Data, not settings: a store's directory holds them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from chalicelib.core.ids import AccountId, AccountKey


class ConnectionKind(StrEnum):
    """The three kinds of connector."""

    PLATFORM = "platform"
    HELPDESK = "helpdesk"
    CRM = "crm"


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One webhook address, ``/webhooks/<kind>/<connector>/<name>``, with its verification secrets.

    One endpoint may serve several accounts (one Meta app, many pages); ``accounts`` are theirs.
    """

    kind: ConnectionKind
    connector: str
    name: str
    accounts: tuple[AccountId, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One presence of the brand on one platform."""

    key: AccountKey
    title: str
    helpdesk: str
    """The helpdesk connection that its cases go to."""
    crms: tuple[str, ...] = ()
    """CRM connections asked for its authors, in order."""
    endpoint: str | None = None
    handle: str | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    """The connector's settings by the names in its spec (base_url, app_id ...)."""
    paused: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """A configured helpdesk or CRM. ``name`` is ours ("zendesk", "rt-berlin"), ``connector`` the product."""

    kind: ConnectionKind
    name: str
    connector: str
    title: str = ""
    endpoint: str | None = None
    options: Mapping[str, str] = field(default_factory=dict)
