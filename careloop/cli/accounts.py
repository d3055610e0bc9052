"""`careloop accounts`: which presences, helpdesks and CRMs there are, with their secrets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from careloop.cli.backend import console, errors, table, with_application
from careloop.cli.inputs import secrets_of
from careloop.cli.renewal import secrets as renew_secrets
from careloop.connecting.address import address_of, path_of
from careloop.connecting.storing import put_endpoint, store_secrets
from chalicelib.bootstrap import Application
from chalicelib.connectors import registry
from chalicelib.core.account import Account, Connection, ConnectionKind
from chalicelib.core.codec import to_data
from chalicelib.core.errors import ConfigurationError, UnknownEndpointError
from chalicelib.core.ids import AccountId, AccountKey
from chalicelib.pipeline.poll import note_added
from chalicelib.ports.spec import Spec, UsedFor


@click.group()
def accounts() -> None:
    """Add, list and show accounts, helpdesks and CRMs."""


accounts.add_command(renew_secrets)


@accounts.command("list")
@with_application
def list_accounts(app: Application) -> None:
    """All of them, with their webhook addresses."""
    directory = app.runtime.stores.directory
    rows = table("kind", "connector", "name or id", "title", "goes to", "webhook")
    for account in directory.accounts():
        goes = ", ".join((account.helpdesk, *account.crms)) + (" (paused)" if account.paused else "")
        platform = account.key.platform
        rows.add_row(
            "platform",
            platform,
            account.key.account,
            account.title,
            goes,
            address_of(directory, ConnectionKind.PLATFORM, platform, account.endpoint),
        )
    for item in directory.connections():
        address = address_of(directory, item.kind, item.connector, item.endpoint)
        rows.add_row(item.kind, item.connector, item.name, item.title, "", address)
    if rows.row_count:
        console.print(rows)
    else:
        console.print("There are no accounts yet: careloop accounts add --help")


@accounts.command()
@click.argument("name")
@with_application
def show(app: Application, name: str) -> None:
    """One account ("facebook:1234"), helpdesk or CRM (its name). Secrets are not shown."""
    directory = app.runtime.stores.directory
    found: list[Any] = [item for item in directory.accounts() if name in (str(item.key), item.key.account)]
    found += [item for item in directory.connections() if item.name == name]
    if not found:
        errors.print(f"There is no account, helpdesk or CRM {name!r}: careloop accounts list")
        raise SystemExit(1)
    for item in found:
        console.print_json(data=to_data(item))


@accounts.command()
@click.argument("kind", type=click.Choice([item.value for item in ConnectionKind]))
@click.argument("connector")
@click.argument("name")
@click.option("--title", default="", help="What agents and operators call it.")
@click.option("--helpdesk", help="Platform: the helpdesk connection that its cases go to.")
@click.option("--crm", "crms", multiple=True, help="Platform: a CRM connection to ask for authors (repeatable).")
@click.option("--handle", help="Platform: the account's own handle.")
@click.option("--endpoint", help="The webhook endpoint's name; several accounts of one app share one.")
@click.option(
    "--option", "options", multiple=True, metavar="NAME=VALUE", help="A setting of the connector (repeatable)."
)
@click.option(
    "--secrets", "secrets_file", type=click.File("r"), help='A JSON object of secrets; "-" is standard input.'
)
@with_application
def add(app: Application, kind: str, connector: str, name: str, **choices: Any) -> None:
    """Add or change an account (NAME is its id on the platform), a helpdesk or a CRM (NAME is yours to choose).

    Secrets are asked for, or read from --secrets; never from the command line.
    """
    kind_ = ConnectionKind(kind)
    spec = _spec(kind_, connector)
    options = _options(spec, choices["options"])
    endpoint = choices["endpoint"]
    fields = [item for item in spec.credentials if endpoint or item.used_for is UsedFor.CALL]
    secrets = secrets_of(fields, choices["secrets_file"])
    if kind_ is ConnectionKind.PLATFORM:
        account = _account(app, connector, name, choices, options)
        app.runtime.stores.directory.put_account(account)
        note_added(app.runtime, account.key)
    else:
        connection = Connection(
            kind=kind_,
            name=name,
            connector=connector,
            title=choices["title"] or spec.title,
            endpoint=endpoint,
            options=options,
        )
        app.runtime.stores.directory.put_connection(connection)
    store_secrets(app, spec, name, (connector, endpoint) if endpoint else None, secrets, beside=False)
    if endpoint:
        put_endpoint(app, kind_, connector, endpoint, AccountId(name))
        console.print(f"Webhook address: <your API>{path_of(kind_, connector, endpoint)}", highlight=False)
    console.print(f"{kind} {connector} {name} is set up.")


def _spec(kind: ConnectionKind, connector: str) -> Spec:
    try:
        return registry.spec(kind, connector)
    except UnknownEndpointError:
        known = ", ".join(registry.names(kind))
        raise ConfigurationError(f"unknown {kind} {connector!r}. Known: {known}") from None


def _options(spec: Spec, given: tuple[str, ...]) -> dict[str, str]:
    known = {item.name for item in spec.options} | {"base_url", "poll", "mirror", "write_back"}
    values = dict(item.partition("=")[::2] for item in given)
    unknown = sorted(set(values) - known)
    missing = sorted(item.name for item in spec.options if item.required and item.name not in values)
    if unknown or missing:
        parts = [f"unknown option {name}" for name in unknown] + [f"option {name} is needed" for name in missing]
        raise ConfigurationError(f"{'; '.join(parts)}. {spec.title} has: {', '.join(sorted(known))}")
    return values


def _account(
    app: Application, connector: str, name: str, choices: Mapping[str, Any], options: Mapping[str, str]
) -> Account:
    if not choices["helpdesk"]:
        raise ConfigurationError("--helpdesk is needed: where should this account's cases go?")
    app.runtime.stores.directory.get_connection(ConnectionKind.HELPDESK, choices["helpdesk"])
    for crm in choices["crms"]:
        app.runtime.stores.directory.get_connection(ConnectionKind.CRM, crm)
    return Account(
        key=AccountKey(platform=connector, account=AccountId(name)),
        title=choices["title"] or name,
        helpdesk=choices["helpdesk"],
        crms=tuple(choices["crms"]),
        endpoint=choices["endpoint"],
        handle=choices["handle"],
        options=options,
    )
