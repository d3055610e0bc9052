"""Secrets on their way in: from a file or by prompt, never from the command line."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import click

from chalicelib.core.errors import ConfigurationError
from chalicelib.ports.spec import CredentialField


def secrets_of(fields: Sequence[CredentialField], file: Any) -> dict[str, str]:
    """By name, from a JSON object or by prompt. What is optional may be left empty; nothing required may be missing."""
    values = from_file(fields, file) if file is not None else asked(fields)
    missing = [item.name for item in fields if item.required and not values.get(item.name)]
    if missing:
        raise ConfigurationError(f"secrets are missing: {', '.join(missing)}")
    return values


def from_file(fields: Sequence[CredentialField], file: Any) -> dict[str, str]:
    """A JSON object of some of `fields`. Raises ConfigurationError for anything else."""
    try:
        given = json.load(file)
    except ValueError as error:
        raise ConfigurationError("--secrets: not JSON") from error
    if not isinstance(given, Mapping) or not all(isinstance(item, str) for item in given.values()):
        raise ConfigurationError("--secrets: an object of strings is expected")
    unknown = sorted(set(given) - {item.name for item in fields})
    if unknown:
        raise ConfigurationError(f"--secrets: unknown {', '.join(unknown)}")
    return {str(name): str(value) for name, value in given.items()}


def asked(fields: Sequence[CredentialField], hints: Mapping[str, str] | None = None) -> dict[str, str]:
    """By prompt, unseen. ``hints``: what Enter does, by name, where it is not to leave an optional one out. Raises
    ConfigurationError when nobody is there to be asked for what is needed."""
    if not is_somebody_there() and any(item.required for item in fields):
        raise ConfigurationError("secrets are needed: --secrets FILE, or --secrets - and JSON on standard input")
    return {item.name: _ask(item, (hints or {}).get(item.name)) for item in fields} if is_somebody_there() else {}


def is_somebody_there() -> bool:
    """Whether standard input is a terminal."""
    return sys.stdin.isatty()


def _ask(field: CredentialField, hint: str | None) -> str:
    hint = f" ({hint or 'optional, Enter to leave out'})" if not field.required else ""
    default = None if field.required else ""
    answer: str = click.prompt(
        f"{field.name}: {field.description}{hint}", hide_input=True, default=default, show_default=False, err=True
    )
    return answer
