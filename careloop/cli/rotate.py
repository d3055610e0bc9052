"""`careloop rotate`: a new verification secret beside the old one, and later without it."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import click

from careloop.cli.backend import console, with_application
from careloop.cli.inputs import asked, from_file
from careloop.cli.renewal import find_named
from careloop.connecting.address import home_of
from careloop.connecting.storing import stored_verification, uninterrupted
from chalicelib.bootstrap import Application
from chalicelib.connectors import registry
from chalicelib.core.account import ConnectionKind
from chalicelib.core.errors import ConfigurationError
from chalicelib.pipeline.rotation import begun_mark, proof_mark, source_of
from chalicelib.ports.spec import CredentialField, Spec, UsedFor


@dataclass(frozen=True, slots=True, kw_only=True)
class _Endpoint:
    """An endpoint and the field that is rotated."""

    spec: Spec
    kind: ConnectionKind
    connector: str
    name: str
    field: CredentialField

    @property
    def source(self) -> str:
        return source_of(self.kind, self.connector, self.name)


@click.command()
@click.argument("name")
@click.option("--field", "field_name", help="Which secret, where there are several: app_secret, verify_token ...")
@click.option(
    "--secrets", "secrets_file", type=click.File("r"), help='A JSON object with the new value; "-" is standard input.'
)
@click.option("--finish", is_flag=True, help="Drop the old value, once a webhook proved the new one.")
@click.option("--force", is_flag=True, help="With --finish: without that proof.")
@with_application
def rotate(
    app: Application, name: str, field_name: str | None, secrets_file: Any, *, finish: bool, force: bool
) -> None:
    """Rotate a verification secret of NAME ("facebook:1234", "zendesk") in two steps, with no webhook refused.

    First the new value is stored beside the old one; then you change it at the vendor; then --finish drops the old one.
    A value that is ours to choose is made, and printed once; another is asked for, or read from --secrets.
    """
    endpoint = _endpoint(app, name, field_name)
    if finish:
        _finish(app, name, endpoint, force=force)
    else:
        _begin(app, name, endpoint, secrets_file)


def _endpoint(app: Application, name: str, field_name: str | None) -> _Endpoint:
    kind, connector, _, endpoint, _ = find_named(app, name)
    spec = registry.spec(kind, connector)
    fields = [item for item in spec.credentials if item.used_for is UsedFor.VERIFY]
    if endpoint is None or not fields:
        raise ConfigurationError(f"{name} has no webhook: careloop accounts secrets {name} replaces its other secrets")
    home = home_of(app.runtime.stores.directory, spec, endpoint)
    return _Endpoint(spec=spec, kind=kind, connector=home, name=endpoint, field=_field(fields, field_name))


def _field(fields: Sequence[CredentialField], name: str | None) -> CredentialField:
    found = [item for item in fields if name in (None, item.name)]
    if len(found) != 1:
        raise ConfigurationError(f"say --field, one of: {', '.join(item.name for item in fields)}")
    return found[0]


def _begin(app: Application, name: str, endpoint: _Endpoint, file: Any) -> None:
    field = endpoint.field
    stored = stored_verification(app, endpoint.kind, endpoint.connector, endpoint.name)
    values = stored.get(field.name, ())
    if len(values) > 1:
        raise ConfigurationError(
            f"{field.name} has {len(values)} values: a rotation is under way. careloop rotate {name} --field "
            f"{field.name} --finish ends it"
        )
    new, is_made = _new_value(field, file)
    if new in values:
        raise ConfigurationError(f"this is the {field.name} that is stored already")
    with uninterrupted():
        app.runtime.stores.health.set_mark(begun_mark(endpoint.source, field.name), app.runtime.clock.now())
        both = {**stored, field.name: (new, *values)}
        app.secrets.put_verification(endpoint.kind, endpoint.connector, endpoint.name, both)
    console.print(f"{endpoint.source}: the new {field.name} is stored beside the old one.", highlight=False)
    console.print("The public function learns of it within five minutes; until then only the old one is good.")
    if is_made:
        console.print(f"The new value, shown this once: {new}", highlight=False, markup=False, soft_wrap=True)
    where = f"{endpoint.spec.title}: {field.description}"
    console.print(f"In five minutes, change it at {where}", highlight=False, markup=False, soft_wrap=True)
    console.print(f"Then: careloop rotate {name} --field {field.name} --finish", highlight=False, soft_wrap=True)


def _new_value(field: CredentialField, file: Any) -> tuple[str, bool]:
    if file is not None:
        given = from_file([field], file).get(field.name, "")
    elif field.made_here:
        return secrets.token_urlsafe(32), True
    else:
        given = asked([replace(field, required=True)])[field.name]
    if not given:
        raise ConfigurationError(f"no new {field.name} was given")
    return given, False


def _finish(app: Application, name: str, endpoint: _Endpoint, *, force: bool) -> None:
    field, source = endpoint.field.name, endpoint.source
    stored = stored_verification(app, endpoint.kind, endpoint.connector, endpoint.name)
    values = stored.get(field, ())
    if len(values) < 2:
        console.print(f"{source}: {field} has one value; there is nothing to finish.", highlight=False)
        return
    health = app.runtime.stores.health
    begun, proved = health.find_mark(begun_mark(source, field)), health.find_mark(proof_mark(source, field))
    if not _is_proved(begun, proved) and not force:
        raise ConfigurationError(
            f"no webhook has come yet that proves the new {field}: change it at {endpoint.spec.title}, wait for a "
            f"webhook (or have it test the address), or add --force. careloop check {name} says whether events come"
        )
    left = {**stored, field: values[:1]}
    app.secrets.put_verification(endpoint.kind, endpoint.connector, endpoint.name, left)
    console.print(
        f"{source}: only the new {field} is good from now on; for five minutes the old one may still pass.",
        highlight=False,
        soft_wrap=True,
    )


def _is_proved(begun: datetime | None, proved: datetime | None) -> bool:
    """Marks live for a week: where the rotation's own is gone, every proof that is left is younger."""
    return proved is not None and (begun is None or proved >= begun)
