"""Raising and clearing alarms: from checks, and at once from ordinary work that is refused."""

from __future__ import annotations

from chalicelib.core.account import ConnectionKind
from chalicelib.core.alarms import Alarm, AlarmCode, Subject, SubjectKind, alarm_id
from chalicelib.core.errors import CareloopError, ConfigurationError, CredentialsError
from chalicelib.core.ids import AccountKey
from chalicelib.ports.runtime import Runtime

_EFFECT = {
    SubjectKind.ACCOUNT: "What customers write still becomes tickets; replies are held until it is renewed.",
    SubjectKind.HELPDESK: "What customers write waits in the queue until it is renewed.",
    SubjectKind.CRM: "Tickets are opened without the customer's record until it is renewed.",
    SubjectKind.SYSTEM: "",
}


def of_account(key: AccountKey) -> Subject:
    """An account as the subject of alarms."""
    return Subject(kind=SubjectKind.ACCOUNT, name=str(key))


def of_connection(kind: ConnectionKind, name: str) -> Subject:
    """A helpdesk or a CRM as the subject of alarms."""
    return Subject(kind=SubjectKind(kind.value), name=name)


def raise_alarm(runtime: Runtime, code: AlarmCode, subject: Subject, what: str) -> None:
    """It is so now: counted each time, told in the log when it is new."""
    now = runtime.clock.now()
    alarm = Alarm(code=code, subject=subject, what=what, since=now, last_seen=now)
    if runtime.stores.alarms.raise_alarm(alarm):
        _tell(runtime, "raised", alarm)
    runtime.telemetry.count("alarm", code=code.value, subject=subject.kind.value)


def clear_alarm(runtime: Runtime, code: AlarmCode, subject: Subject) -> None:
    """All is well again. One that does not stand costs no write."""
    standing = runtime.stores.alarms.standing().get(alarm_id(code, subject))
    if standing is not None and runtime.stores.alarms.clear_alarm(standing.id):
        _tell(runtime, "cleared", standing)


def _tell(runtime: Runtime, outcome: str, alarm: Alarm) -> None:
    runtime.telemetry.log(
        "alarm", outcome, subject=alarm.subject.marker, error_code=alarm.code.value, command=alarm.command
    )


def notice(runtime: Runtime, subject: Subject, error: Exception, *, soft: bool = False) -> None:
    """Ordinary work was refused: raise what that means, once. ``soft``: it was a look-up that the work can do without,
    so that a missing right is no alarm. Never fails itself: the work has its own error to deal with."""
    try:
        found = meaning(subject, error)
        if found is None or (soft and found[0] is not AlarmCode.CREDENTIALS):
            return
        if alarm_id(found[0], subject) not in runtime.stores.alarms.standing():
            raise_alarm(runtime, found[0], subject, found[1])
    except CareloopError as failure:
        runtime.telemetry.log("alarm", "failed", subject=subject.marker, error_code=failure.code)


def meaning(subject: Subject, error: Exception) -> tuple[AlarmCode, str] | None:
    """Which alarm an error is, and in plain words. None: it is none, or not yet."""
    if isinstance(error, CredentialsError):
        code = f" ({error.remote_code})" if error.remote_code else ""
        if error.dead:
            words = f"The access of {subject} is no longer accepted{code}. {error.advice} {_EFFECT[subject.kind]}"
            return AlarmCode.CREDENTIALS, words.rstrip()
        return AlarmCode.PERMISSION, f"The access of {subject} was refused something it needs{code}. {error.advice}"
    if isinstance(error, ConfigurationError):
        return AlarmCode.CONFIGURATION, f"A setting of {subject} is missing or wrong: {error}."
    return None


def dead_access(runtime: Runtime, key: AccountKey) -> Alarm | None:
    """The alarm that says that nothing can be sent for an account. When that can't be told now: None."""
    try:
        return runtime.stores.alarms.standing().get(alarm_id(AlarmCode.CREDENTIALS, of_account(key)))
    except CareloopError:
        return None


def access_works(runtime: Runtime, key: AccountKey) -> None:
    """Something was sent for an account: its access is not dead."""
    if dead_access(runtime, key) is not None:
        clear_alarm(runtime, AlarmCode.CREDENTIALS, of_account(key))
