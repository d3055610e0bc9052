"""Is an account, a helpdesk, a CRM alive? Access, subscription, the account's own rhythm, and our own way in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from chalicelib.core.account import ConnectionKind
from chalicelib.core.alarms import AlarmCode, Subject
from chalicelib.core.errors import (
    CareloopError,
    ConflictError,
    OutcomeUnknownError,
    RateLimitedError,
    RetryableError,
    UnsupportedError,
)
from chalicelib.core.events import Canary, Parsed
from chalicelib.core.health import Health
from chalicelib.core.ids import AccountKey
from chalicelib.core.jobs import CheckAccount, CheckConnection
from chalicelib.core.rhythm import Rhythm, full_hour, judge, learn, new_rhythm
from chalicelib.pipeline.alarms import clear_alarm, meaning, of_account, of_connection, raise_alarm
from chalicelib.pipeline.receive import envelope_messages
from chalicelib.ports.platform import ManagesSubscription, ProbesHealth, RefreshesCredentials
from chalicelib.ports.runtime import Runtime

ALIVE = "checks"
"""The mark that the latest check left."""
CANARY_PATIENCE = timedelta(minutes=10)
"""A canary that takes longer was not dealt with in time."""
UNREACHABLE_AFTER = timedelta(minutes=40)
"""Remotes have their bad quarters of an hour."""
PERMISSION_STANDS = timedelta(days=1)
"""For so long after it was last refused: no check tries every right."""
LEARN_FROM = timedelta(weeks=4)
MOST_EVENTS = 5000
"""Of an account's history, when it is first looked at."""
MOST_LATELY = 500
"""Of the last hour or two."""

_ACCESS = (
    AlarmCode.CREDENTIALS,
    AlarmCode.CONFIGURATION,
    AlarmCode.REFUSED,
    AlarmCode.SUBSCRIPTION,
    AlarmCode.EXPIRY,
    AlarmCode.UNREACHABLE,
)


@dataclass(slots=True, kw_only=True)
class Findings:
    """What one check finds. ``examined``: the alarms that are over when they are not among the ``problems``."""

    subject: Subject
    now: datetime
    lines: list[str] = field(default_factory=list)
    problems: dict[AlarmCode, str] = field(default_factory=dict)
    examined: set[AlarmCode] = field(default_factory=set)
    failing: bool = False

    def problem(self, code: AlarmCode, what: str) -> None:
        """Something is broken."""
        self.problems[code] = what
        self.examined.add(code)


def check_account(runtime: Runtime, key: AccountKey, *, asked: bool = False) -> Findings:
    """Look whether an account is alive; raise and clear its alarms. ``asked``: by a person, who says that all is
    mended. Raises ConfigurationError when there is no such account, RetryableError when the state is out of reach."""
    account = runtime.stores.directory.get_account(key)
    found = Findings(subject=of_account(key), now=runtime.clock.now())
    before = _remembered(runtime, found)
    _access(runtime, found, lambda: runtime.connectors.platform(account, patient=True), before)
    rhythm = _silence(runtime, found, key, before.rhythm)
    canary_at = _canary(runtime, found, key, before.canary_at)
    _measure(runtime, f"platform|{key}", account=str(key))
    _settle(runtime, found, replace(before, rhythm=rhythm, canary_at=canary_at), asked=asked)
    return found


def check_connection(runtime: Runtime, kind: ConnectionKind, name: str, *, asked: bool = False) -> Findings:
    """Look whether a helpdesk or a CRM answers and knows us; as `check_account`."""
    runtime.stores.directory.get_connection(kind, name)
    found = Findings(subject=of_connection(kind, name), now=runtime.clock.now())
    before = _remembered(runtime, found)
    connectors = runtime.connectors
    is_desk = kind is ConnectionKind.HELPDESK
    make = (lambda: connectors.helpdesk(name, patient=True)) if is_desk else (lambda: connectors.crm(name))
    _access(runtime, found, make, before)
    _measure(runtime, f"{kind}|{name}", connection=name)
    _settle(runtime, found, before, asked=asked)
    return found


def _measure(runtime: Runtime, remote: str, **subject: str) -> None:
    """What is left of the remote's budgets, in percent, and whether its breaker is open: for the dashboard."""
    state, now = runtime.stores.remotes.find_remote(remote), runtime.clock.now()
    shares = [1.0] + [
        item.remaining / item.limit for item in (state.budgets if state else ()) if item.limit and item.reset_at > now
    ]
    runtime.telemetry.measure("budget_left", round(min(shares) * 100, 1), "Percent", **subject)
    resting = state is not None and state.open_until is not None
    runtime.telemetry.measure("breaker_open", float(resting), "None", **subject)


def account_job(runtime: Runtime, job: CheckAccount) -> None:
    """The scheduled check of an account."""
    check_account(runtime, job.account)


def connection_job(runtime: Runtime, job: CheckConnection) -> None:
    """The scheduled check of a helpdesk or CRM."""
    check_connection(runtime, job.kind, job.connection)


def _remembered(runtime: Runtime, found: Findings) -> Health:
    name = f"{found.subject.kind}|{found.subject.name}"
    return runtime.stores.health.find_health(name) or Health(name=name, checked_at=found.now)


# -- access ------------------------------------------------------------------------------------------------------------


def _access(runtime: Runtime, found: Findings, make: Callable[[], Any], before: Health) -> None:
    """Renew, subscribe, probe: until one of them says that the rest can't work either."""
    try:
        client = make()
        for step in (_renew, _subscribe, _probe):
            step(runtime, found, client)
    except (RateLimitedError, ConflictError) as error:
        found.lines.append(f"not looked at this time: {error.code}")
    except (RetryableError, OutcomeUnknownError) as error:
        _out_of_reach(found, error, before.failing_since)
    except CareloopError as error:
        refused = f"{found.subject} refuses to be asked how it is: {error.code}."
        code, what = meaning(found.subject, error) or (AlarmCode.REFUSED, refused)
        found.problem(code, what)
        found.examined.add(AlarmCode.UNREACHABLE)
    else:
        found.examined.update(_ACCESS)
        if not isinstance(client, ProbesHealth):
            found.examined.discard(AlarmCode.CREDENTIALS)


def _out_of_reach(found: Findings, error: CareloopError, since: datetime | None) -> None:
    found.failing = True
    found.lines.append(f"out of reach: {error.code}")
    if since is not None and found.now - since >= UNREACHABLE_AFTER:
        what = f"{found.subject} could not be reached since {_when(since)} ({error.code})."
        found.problem(AlarmCode.UNREACHABLE, what)


def _renew(runtime: Runtime, found: Findings, client: Any) -> None:
    if not isinstance(client, RefreshesCredentials):
        return
    ends = client.refresh()
    if ends is None:
        return
    left = ends - found.now
    found.lines.append(f"access until {_when(ends)}")
    if left <= runtime.policy.warn_before_expiry:
        days = max(0, left.days)
        found.problem(
            AlarmCode.EXPIRY, f"The access of {found.subject} ends on {_when(ends)}, in {days} days. Renew it before."
        )


def _subscribe(runtime: Runtime, found: Findings, client: Any) -> None:
    """Webhooks that the platform switched off are switched on again; what stays off is an alarm."""
    if not isinstance(client, ManagesSubscription):
        return
    try:
        missing = client.missing_subscriptions()
    except UnsupportedError as error:
        found.lines.append(f"whether it is subscribed to all it needs was not asked: {error}")
        return
    if not missing:
        found.lines.append("subscribed to all it needs")
        return
    reason = "subscribing again changed nothing"
    try:
        client.subscribe()
        left = client.missing_subscriptions()
    except RetryableError:
        raise
    except CareloopError as error:
        left, reason = missing, f"subscribing again was refused: {error.code}"
    runtime.telemetry.log("liveness", "resubscribed", subject=found.subject.marker, missing=len(left))
    if left:
        names = ", ".join(left)
        what = f"The platform does not tell us about {names} of {found.subject}; {reason}."
        found.problem(AlarmCode.SUBSCRIPTION, f"{what} Set the webhook up again with the platform.")
    else:
        found.lines.append(f"subscribed again: {', '.join(missing)}")


def _probe(runtime: Runtime, found: Findings, client: Any) -> None:
    if isinstance(client, ProbesHealth):
        found.lines.append(client.probe())
    else:
        found.lines.append("there is no way to ask it how it is")


# -- rhythm and canary -------------------------------------------------------------------------------------------------


def _silence(runtime: Runtime, found: Findings, key: AccountKey, rhythm: Rhythm | None) -> Rhythm:
    """Learn when events came, and judge the silence since the last one."""
    if rhythm is None:
        rhythm = _from_history(runtime, key, found.now)
    entries = runtime.stores.ledger.recent(key, since=rhythm.until, limit=MOST_LATELY)
    rhythm = learn(rhythm, (entry.first_seen_at for entry in entries), found.now)
    silence = judge(rhythm, found.now)
    found.examined.add(AlarmCode.SILENCE)
    found.lines.append(f"last event {_when(silence.since)}" if silence.since else "no event yet")
    if silence.since is not None:
        hours = (found.now - silence.since).total_seconds() / 3600
        runtime.telemetry.measure("silent_hours", round(hours, 2), "None", account=str(key))
    if silence.is_unusual:
        what = (
            f"Nothing has come to {found.subject} since {_when(silence.since)}; usual would have been something in "
            f"{silence.expected:.0f} stretches of five minutes by now. Look whether the platform still delivers."
        )
        found.problem(AlarmCode.SILENCE, what)
    return rhythm


def _from_history(runtime: Runtime, key: AccountKey, now: datetime) -> Rhythm:
    """What the ledger tells of an account that was never looked at."""
    entries = runtime.stores.ledger.recent(key, since=now - LEARN_FROM, limit=MOST_EVENTS)
    moments = sorted(entry.first_seen_at for entry in entries)
    if not moments:
        return new_rhythm(now)
    whole = len(moments) < MOST_EVENTS
    start = full_hour(moments[0]) + (timedelta(0) if whole else timedelta(hours=1))
    return learn(new_rhythm(start), (item for item in moments if item >= start), now)


def _canary(runtime: Runtime, found: Findings, key: AccountKey, sent: datetime | None) -> datetime:
    """Look for the canary of the last check, and send the next."""
    seen = runtime.stores.health.find_mark(canary_mark(key))
    if sent is not None and (seen is None or seen < sent):
        late = found.now - sent
        if late < CANARY_PATIENCE:
            return sent
        minutes = int(late.total_seconds() // 60)
        found.problem(
            AlarmCode.INBOUND,
            f"The inbound queue is not being worked for {found.subject}: what was put into it {minutes} minutes ago "
            "has not been dealt with. Look at the function `inbound` and its errors.",
        )
    elif sent is not None:
        found.examined.add(AlarmCode.INBOUND)
        found.lines.append("the inbound queue is being worked")
    event = Canary(account=key, at=found.now)
    runtime.queues.inbound.send(envelope_messages(Parsed(events=(event,)), found.now, None))
    return found.now


def canary_mark(key: AccountKey) -> str:
    """Where a canary says that it came through."""
    return f"canary|{key}"


# -- the end of a check ------------------------------------------------------------------------------------------------


def _settle(runtime: Runtime, found: Findings, health: Health, *, asked: bool) -> None:
    for code, what in found.problems.items():
        raise_alarm(runtime, code, found.subject, what)
    for code in found.examined - found.problems.keys():
        clear_alarm(runtime, code, found.subject)
    well = AlarmCode.REFUSED in found.examined and not found.problems.keys() & set(_ACCESS)
    if well and AlarmCode.PERMISSION not in found.problems:
        _permission_over(runtime, found, asked=asked)
    failing_since = (health.failing_since or found.now) if found.failing else None
    runtime.stores.health.save_health(replace(health, checked_at=found.now, failing_since=failing_since))
    runtime.stores.health.set_mark(ALIVE, found.now)
    runtime.telemetry.log("liveness", "checked", subject=found.subject.marker, problems=len(found.problems))


def _permission_over(runtime: Runtime, found: Findings, *, asked: bool) -> None:
    """No probe tries every right: a refused one counts as mended when a person says so, or after a quiet day."""
    standing: Mapping[str, Any] = runtime.stores.alarms.standing()
    for alarm in standing.values():
        is_ours = alarm.subject == found.subject and alarm.code in (AlarmCode.PERMISSION, AlarmCode.CREDENTIALS)
        if is_ours and (asked or found.now - alarm.last_seen >= PERMISSION_STANDS):
            clear_alarm(runtime, alarm.code, found.subject)


def _when(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC" if moment else "never"
