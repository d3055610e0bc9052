"""Which state a command works on: a local file, or a stage in AWS."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

import click
from rich.console import Console
from rich.table import Table

from chalicelib.bootstrap import Application, from_environment
from chalicelib.core.errors import CareloopError, ConfigurationError

F = TypeVar("F", bound=Callable[..., Any])
CONFIG = Path(".chalice/config.json")
console = Console(emoji=False)  # "x:100:" is an account, not a picture


def table(*headers: str, title: str | None = None) -> Table:
    """A table whose long ids are folded, never cut: they are there to be copied."""
    made = Table(title=title, title_justify="left")
    for header in headers:
        made.add_column(header, overflow="fold")
    return made


errors = Console(stderr=True, emoji=False)


def with_application(command: F) -> F:
    """Adds ``--local FILE`` and ``--stage NAME``, and passes ``app``, or the one that is the context's object; what
    goes wrong on purpose ends in one line and exit code 1."""

    @click.option("--local", "local", type=click.Path(path_type=Path), help="Work on a sandbox's state file.")
    @click.option("--stage", default="dev", show_default=True, help="Work on a deployed stage (needs AWS credentials).")
    @wraps(command)
    def wrapper(*args: Any, local: Path | None, stage: str, **kwargs: Any) -> Any:
        given = click.get_current_context().find_object(Application)
        try:
            return command(*args, app=given or open_application(local, stage), **kwargs)
        except CareloopError as error:
            errors.print(f"[red]{error.code}[/red]: {error}", highlight=False)
            raise SystemExit(1) from error

    return wrapper  # type: ignore[return-value]


def open_application(local: Path | None, stage: str) -> Application:
    """The application on a local file, or on a stage whose settings stand in ``.chalice/config.json`` (the environment
    wins). Raises ConfigurationError."""
    if local is not None:
        from careloop.local.application import open_application as open_local

        return open_local(local)
    return from_environment({**stage_settings(stage), **os.environ})


def stage_settings(stage: str) -> dict[str, str]:
    """The environment variables of a stage."""
    if not CONFIG.exists():
        raise ConfigurationError(f"{CONFIG} is not here: run this in the project's folder, or say --local FILE")
    stages = json.loads(CONFIG.read_text(encoding="utf-8")).get("stages", {})
    if stage not in stages:
        raise ConfigurationError(f"no stage {stage!r} in {CONFIG}; it has: {', '.join(sorted(stages))}")
    found: dict[str, str] = stages[stage].get("environment_variables", {})
    return found
