"""What the commands that deploy share: AWS, Chalice and the project's files."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, TypeVar

import click

from careloop.cli.backend import errors
from careloop.deploying.cloud import Cloud
from careloop.deploying.project import Project
from chalicelib.core.errors import CareloopError

F = TypeVar("F", bound=Callable[..., Any])


def run_chalice(arguments: Sequence[str]) -> int:
    """Chalice's own command in a process of its own, its output on ours; returns the exit code."""
    command = [sys.executable, "-c", "import sys; from chalice.cli import main; sys.exit(main())", *arguments]
    return subprocess.run(command, check=False).returncode


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """What a deploying command works with."""

    cloud: Cloud = field(default_factory=Cloud)
    project: Project = field(default_factory=Project)
    chalice: Callable[[Sequence[str]], int] = run_chalice


def with_tools(command: F) -> F:
    """Passes ``tools``, or those that are the context's object; what goes wrong on purpose ends in one line and exit
    code 1."""

    @wraps(command)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        given = click.get_current_context().find_object(Tools)
        try:
            return command(*args, tools=given or Tools(), **kwargs)
        except CareloopError as error:
            errors.print(f"[red]{error.code}[/red]: ", end="")
            errors.print(str(error), highlight=False, markup=False)
            raise SystemExit(1) from error

    return wrapper  # type: ignore[return-value]


def agreed(question: str, *, yes: bool) -> bool:
    """Whether the operator wants it: asked, unless that was said before. False where nobody is there to be asked."""
    if yes:
        return True
    try:
        return click.confirm(question, err=True)
    except click.Abort:
        return False
