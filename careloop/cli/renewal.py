"""`careloop accounts secrets`: new secrets for what is set up already; all else stays as it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import click

from careloop.cli.backend import console, with_application
from careloop.cli.inputs import asked, from_file
from careloop.connecting.address import home_of
from careloop.connecting.storing import store_secrets
from chalicelib.bootstrap import Application
from chalicelib.connectors import registry
from chalicelib.core.account import Account, ConnectionKind
from chalicelib.core.alarms import AlarmCode, Subject
from chalicelib.core.errors import ConfigurationError
from chalicelib.pipeline.alarms import clear_alarm, of_account, of_connection
from chalicelib.ports.spec import CredentialField, UsedFor

RENEWED = (AlarmCode.CREDENTIALS, AlarmCode.PERMISSION, AlarmCode.EXPIRY)
"""Alarms that new secrets end. What is wrong with those, the next check says."""


@click.command("secrets")
@click.argument("name")
@click.option(
    "--secrets", "secrets_file", type=click.File("r"), help='A JSON object of secrets; "-" is standard input.'
)
@with_application
def secrets(app: Application, name: str, secrets_file: Any) -> None:
    """Replace secrets of an account ("facebook:1234"), a helpdesk or a CRM (its name); what is not given stays.

    Secrets are asked for, or read from --secrets; never from the command line.
    """
    kind, connector, own_name, endpoint, subject = find_named(app, name)
    spec = registry.spec(kind, connector)
    fields = [item for item in spec.credentials if endpoint is not None or item.used_for is UsedFor.CALL]
    given = _given(fields, secrets_file)
    if not given:
        raise ConfigurationError(f"no secret was given; {name} has: {', '.join(item.name for item in fields)}")
    home = (home_of(app.runtime.stores.directory, spec, endpoint), endpoint) if endpoint is not None else None
    store_secrets(app, spec, own_name, home, given)
    for code in RENEWED:
        clear_alarm(app.runtime, code, subject)
    console.print(f"{name}: {', '.join(sorted(given))} stored. Now: careloop check {name}", highlight=False)


def find_named(app: Application, name: str) -> tuple[ConnectionKind, str, str, str | None, Subject]:
    """Kind, connector, own name, endpoint. Raises ConfigurationError when there is none, or more than one."""
    directory = app.runtime.stores.directory
    known: list[Any] = [item for item in directory.accounts() if name in (str(item.key), item.key.account)]
    known += [item for item in directory.connections() if item.name == name]
    if len(known) != 1:
        many = ": say which, as in facebook:1234" if known else ""
        raise ConfigurationError(f"there are {len(known)} accounts, helpdesks and CRMs {name!r}{many}")
    item = known[0]
    if isinstance(item, Account):
        key = item.key
        return ConnectionKind.PLATFORM, key.platform, key.account, item.endpoint, of_account(key)
    return item.kind, item.connector, item.name, item.endpoint, of_connection(item.kind, item.name)


def _given(fields: Sequence[CredentialField], file: Any) -> dict[str, str]:
    values = from_file(fields, file) if file is not None else asked([replace(item, required=False) for item in fields])
    return {field: value for field, value in values.items() if value}
