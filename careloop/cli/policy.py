"""`careloop policy`: the care policy is edited as a file and stored where the workers read it."""

from __future__ import annotations

import tomllib
from dataclasses import fields
from pathlib import Path

import click

from careloop.cli.backend import console, with_application
from chalicelib.bootstrap import Application
from chalicelib.core.errors import ConfigurationError
from chalicelib.core.policy import CarePolicy, policy_from_mapping

DEFAULT_FILE = Path("policies/care.toml")


def read_policy(file: Path) -> CarePolicy:
    """The policy in `file`. Raises ConfigurationError with every problem."""
    try:
        return policy_from_mapping(tomllib.loads(file.read_text(encoding="utf-8")))
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{file}: {error}") from error


@click.group()
def policy() -> None:
    """Check and store the care policy."""


@policy.command()
@click.argument("file", default=DEFAULT_FILE, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@with_application
def apply(app: Application, file: Path) -> None:
    """Check FILE and store it; workers follow within a minute."""
    app.runtime.stores.directory.put_policy(read_policy(file))
    console.print(f"{file} is the policy now.")


@policy.command()
@with_application
def show(app: Application) -> None:
    """The policy in force."""
    current = app.runtime.policy
    for item in fields(CarePolicy):
        console.print(f"{item.name} = {getattr(current, item.name)}", highlight=False)
