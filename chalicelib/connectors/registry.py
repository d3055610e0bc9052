"""Which connectors there are: (kind, name) -> package, imported on demand. A new connector is one line here."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from chalicelib.core.account import ConnectionKind
from chalicelib.core.errors import ConfigurationError, UnknownEndpointError

if TYPE_CHECKING:
    from chalicelib.ports.receiver import ReceiverContext
    from chalicelib.ports.spec import Spec

_ROOT = "chalicelib.connectors"

CONNECTORS: dict[tuple[ConnectionKind, str], str] = {
    (ConnectionKind.PLATFORM, "bluesky"): f"{_ROOT}.platforms.bluesky",
    (ConnectionKind.PLATFORM, "facebook"): f"{_ROOT}.platforms.facebook",
    (ConnectionKind.PLATFORM, "instagram"): f"{_ROOT}.platforms.instagram",
    (ConnectionKind.PLATFORM, "line"): f"{_ROOT}.platforms.line",
    (ConnectionKind.PLATFORM, "linkedin"): f"{_ROOT}.platforms.linkedin",
    (ConnectionKind.PLATFORM, "mastodon"): f"{_ROOT}.platforms.mastodon",
    (ConnectionKind.PLATFORM, "matrix"): f"{_ROOT}.platforms.matrix",
    (ConnectionKind.PLATFORM, "messenger"): f"{_ROOT}.platforms.messenger",
    (ConnectionKind.PLATFORM, "reddit"): f"{_ROOT}.platforms.reddit",
    (ConnectionKind.PLATFORM, "telegram"): f"{_ROOT}.platforms.telegram",
    (ConnectionKind.PLATFORM, "threads"): f"{_ROOT}.platforms.threads",
    (ConnectionKind.PLATFORM, "tiktok"): f"{_ROOT}.platforms.tiktok",
    (ConnectionKind.PLATFORM, "whatsapp"): f"{_ROOT}.platforms.whatsapp",
    (ConnectionKind.PLATFORM, "x"): f"{_ROOT}.platforms.x",
    (ConnectionKind.PLATFORM, "youtube"): f"{_ROOT}.platforms.youtube",
    (ConnectionKind.HELPDESK, "django_helpdesk"): f"{_ROOT}.helpdesks.django_helpdesk",
    (ConnectionKind.HELPDESK, "freshdesk"): f"{_ROOT}.helpdesks.freshdesk",
    (ConnectionKind.HELPDESK, "hubspot"): f"{_ROOT}.helpdesks.hubspot",
    (ConnectionKind.HELPDESK, "rt"): f"{_ROOT}.helpdesks.rt",
    (ConnectionKind.HELPDESK, "salesforce"): f"{_ROOT}.helpdesks.salesforce",
    (ConnectionKind.HELPDESK, "zammad"): f"{_ROOT}.helpdesks.zammad",
    (ConnectionKind.HELPDESK, "zendesk"): f"{_ROOT}.helpdesks.zendesk",
    (ConnectionKind.CRM, "directory"): f"{_ROOT}.crms.directory",
    (ConnectionKind.CRM, "dynamics"): f"{_ROOT}.crms.dynamics",
    (ConnectionKind.CRM, "hubspot"): f"{_ROOT}.crms.hubspot",
    (ConnectionKind.CRM, "odoo"): f"{_ROOT}.crms.odoo",
    (ConnectionKind.CRM, "salesforce"): f"{_ROOT}.crms.salesforce",
    (ConnectionKind.CRM, "tryton"): f"{_ROOT}.crms.tryton",
}


def names(kind: ConnectionKind) -> tuple[str, ...]:
    """The connectors of a kind, sorted."""
    return tuple(sorted(name for item, name in CONNECTORS if item is kind))


def _package(kind: ConnectionKind, name: str) -> str:
    try:
        return CONNECTORS[kind, name]
    except KeyError:
        raise UnknownEndpointError(f"no {kind} connector of that name") from None


def spec(kind: ConnectionKind, name: str) -> Spec:
    """The data sheet ``SPEC`` of ``<package>.spec``. Raises UnknownEndpointError."""
    found: Spec = import_module(f"{_package(kind, name)}.spec").SPEC
    return found


def receiver(kind: ConnectionKind, name: str, context: ReceiverContext) -> Any:
    """A new ``Receiver(context)`` of ``<package>.webhook``. CRMs have none. Raises UnknownEndpointError."""
    if kind is ConnectionKind.CRM:
        raise UnknownEndpointError("CRMs have no webhooks")
    return import_module(f"{_package(kind, name)}.webhook").Receiver(context)


def client(kind: ConnectionKind, name: str, context: Any) -> Any:
    """A new ``Client(context)`` of ``<package>.client``. Raises ConfigurationError."""
    try:
        package = _package(kind, name)
    except UnknownEndpointError as error:
        raise ConfigurationError(str(error)) from None
    return import_module(f"{package}.client").Client(context)
