"""Where the vendor calls us: the API's address of a stage, and the path of an endpoint."""

from __future__ import annotations

import json
from pathlib import Path

from chalicelib.connectors import registry
from chalicelib.core.account import ConnectionKind, Endpoint
from chalicelib.core.errors import ConfigurationError, UnknownEndpointError
from chalicelib.ports.spec import PlatformSpec, Spec, UsedFor
from chalicelib.ports.stores import Directory

DEPLOYED = Path(".chalice/deployed")


def api_url(stage: str | None, folder: Path = DEPLOYED) -> str | None:
    """The address that `chalice url --stage` prints, without a slash at its end; None: nothing is deployed from here.
    Raises ConfigurationError for a record that can't be read."""
    file = folder / f"{stage}.json"
    if stage is None or not file.is_file():
        return None
    try:
        resources = json.loads(file.read_text(encoding="utf-8"))["resources"]
        found = [item.get("rest_api_url") for item in resources if item.get("resource_type") == "rest_api"]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigurationError(f"{file} can't be read: deploy again, or say --url") from error
    return str(found[0]).rstrip("/") if found and found[0] else None


def path_of(kind: ConnectionKind, connector: str, endpoint: str) -> str:
    """The path of a webhook."""
    return f"/webhooks/{kind}/{connector}/{endpoint}"


def takes_webhooks(spec: Spec) -> bool:
    """Whether the vendor calls us at all: then there is something to verify it by."""
    return any(item.used_for is UsedFor.VERIFY for item in spec.credentials)


def home_of(directory: Directory, spec: Spec, endpoint: str) -> str:
    """The connector under whose name an endpoint stands: one app of a family calls one address for all of them."""
    if isinstance(spec, PlatformSpec):
        for name in (spec.name, *spec.family):
            if directory.find_endpoint(spec.kind, name, endpoint) is not None:
                return name
    return spec.name


def shared_endpoint(directory: Directory, spec: Spec) -> Endpoint | None:
    """The endpoint that the connector's family has already, if any."""
    family = (spec.name, *spec.family) if isinstance(spec, PlatformSpec) else ()
    known = [item for item in directory.endpoints() if item.kind is spec.kind and item.connector in family]
    return min(known, key=lambda item: (family.index(item.connector), item.name), default=None)


def address_of(directory: Directory, kind: ConnectionKind, connector: str, endpoint: str | None) -> str:
    """The path of the webhook of an account or a connection; empty without one."""
    if not endpoint:
        return ""
    try:
        spec = registry.spec(kind, connector)
    except UnknownEndpointError:
        return path_of(kind, connector, endpoint)
    return path_of(kind, home_of(directory, spec, endpoint), endpoint)
