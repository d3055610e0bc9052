"""What a check says: a light, one plain sentence, and the command that mends it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from chalicelib.core.errors import CareloopError

if TYPE_CHECKING:
    from careloop.doctoring.patient import Patient

_RIGHT = re.compile(r"perform: ([a-z0-9-]+:[A-Za-z]+)")
_DENIED = re.compile(r"^(\w+): (?:AccessDenied\w*|UnauthorizedOperation|\w*NotAuthorized\w*|AuthorizationError)\b")


class Light(StrEnum):
    """How it is. Only RED makes the command fail."""

    GREEN = "green"
    YELLOW = "yellow"
    """It works, and will not for long, or a person should look at it."""
    RED = "red"
    GREY = "grey"
    """It could not be looked at; the sentence says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """``check``: what was looked at, with its subject; ``command``: what mends it, where something is to be mended."""

    light: Light
    told: str
    command: str = ""
    group: str = ""
    check: str = ""


def good(told: str) -> Finding:
    """All is well."""
    return Finding(light=Light.GREEN, told=told)


def warn(told: str, command: str) -> Finding:
    """Somebody should look at it."""
    return Finding(light=Light.YELLOW, told=told, command=command)


def bad(told: str, command: str) -> Finding:
    """It is broken."""
    return Finding(light=Light.RED, told=told, command=command)


def unseen(told: str, command: str = "") -> Finding:
    """It could not be looked at."""
    return Finding(light=Light.GREY, told=told, command=command)


def why_unseen(error: Exception) -> str:
    """Why a check could not run, in one sentence; a right that is missing by its name."""
    text = str(error)
    right = _RIGHT.search(text)
    denied = _DENIED.match(text)
    if right or denied:
        name = right[1] if right else denied[1] if denied else ""
        return f"your AWS credentials may not do {name}"
    if isinstance(error, CareloopError):
        return f"{error.code}: {text}" if text else error.code
    return type(error).__name__


Run = Callable[["Patient", Any], Iterable[Finding]]


def once(patient: Patient) -> Sequence[Any]:
    """For checks without a subject."""
    return ("",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One row of the table. ``subjects``: it is made for each of them; ``local``: also where there is no AWS."""

    group: str
    name: str
    run: Run
    subjects: Callable[[Patient], Sequence[Any]] = field(default=once)
    local: bool = False

    def label(self, subject: Any) -> str:
        """What was looked at."""
        return f"{self.name} {subject_name(subject)}".strip()

    def findings(self, patient: Patient, subject: Any) -> Iterator[Finding]:
        """What `run` finds, with group and name; what it can't look at is a finding too."""
        try:
            found = list(self.run(patient, subject))
        except Exception as error:  # one check's failure, whatever it is, is no other's
            found = [unseen(why_unseen(error))]
        for item in found:
            yield replace(item, group=self.group, check=self.label(subject))


def subject_name(subject: Any) -> str:
    """An account by its key, a connection by its name, an endpoint by its path, all else as text."""
    if hasattr(subject, "helpdesk"):
        return str(subject.key)
    if hasattr(subject, "accounts"):
        return f"{subject.kind}/{subject.connector}/{subject.name}"
    return str(getattr(subject, "name", subject))
