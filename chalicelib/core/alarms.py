"""Alarms: what is broken, about whom, and the command that mends it. They stand until a check finds all well."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class AlarmCode(StrEnum):
    """What is wrong."""

    CREDENTIALS = "credentials"
    """The access is dead: nothing is sent until it is renewed."""
    PERMISSION = "permission"
    """The access is good, but lacks a right."""
    EXPIRY = "expiry"
    """The access ends soon."""
    CONFIGURATION = "configuration"
    SUBSCRIPTION = "subscription"
    UNREACHABLE = "unreachable"
    REFUSED = "refused"
    """The remote answers, and refuses to be asked how it is."""
    SILENCE = "silence"
    """No events for unusually long."""
    INBOUND = "inbound"
    """The inbound queue is not being worked."""
    CHECKS = "checks"
    """The jobs queue is not being worked."""
    AUDIT = "audit"
    """An audit found what has no disposition. It stands until a person signs a report off."""


class SubjectKind(StrEnum):
    """Whom an alarm can be about."""

    ACCOUNT = "account"
    HELPDESK = "helpdesk"
    CRM = "crm"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """An account by its key ("facebook:123"), a helpdesk or CRM by its name, or a part of the system."""

    kind: SubjectKind
    name: str

    def __str__(self) -> str:
        return self.name if self.kind is SubjectKind.ACCOUNT else f"{self.kind} {self.name}"

    @property
    def marker(self) -> str:
        """For logs: one word."""
        return f"{self.kind}:{'-'.join(self.name.split())}"


JOBS = Subject(kind=SubjectKind.SYSTEM, name="jobs queue")

_NEW_SECRETS = "careloop accounts secrets {name}"
_CHECK = "careloop check {name}"
COMMANDS: Mapping[AlarmCode, str] = {
    AlarmCode.CREDENTIALS: _NEW_SECRETS,
    AlarmCode.PERMISSION: _NEW_SECRETS,
    AlarmCode.EXPIRY: _NEW_SECRETS,
    AlarmCode.CONFIGURATION: _NEW_SECRETS,
    AlarmCode.SUBSCRIPTION: _CHECK,
    AlarmCode.UNREACHABLE: _CHECK,
    AlarmCode.REFUSED: _CHECK,
    AlarmCode.SILENCE: _CHECK,
    AlarmCode.INBOUND: _CHECK,
    AlarmCode.CHECKS: "careloop check",
    AlarmCode.AUDIT: "careloop audit --since 7d --account {name}",
}
"""What mends it, or says whether it is mended. ``{name}``: the subject's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """One thing that is broken. ``what``: in plain words. ``times``: how often it was seen."""

    code: AlarmCode
    subject: Subject
    what: str
    since: datetime
    last_seen: datetime
    times: int = 1

    @property
    def id(self) -> str:
        """The same for the same thing about the same subject, however often it is raised."""
        return alarm_id(self.code, self.subject)

    @property
    def command(self) -> str:
        """What an operator types."""
        return COMMANDS[self.code].format(name=self.subject.name)


def alarm_id(code: AlarmCode, subject: Subject) -> str:
    """The stable name of an alarm."""
    return f"{subject.kind}|{subject.name}|{code}"
