"""How a remote is doing: its budgets, and a breaker that rests it while it does not answer. Pure.

The breaker opens after `OPENS_AFTER` failures in a row. While it is open no call is made; then one worker makes one
call (the probe), and its outcome closes the breaker or opens it for longer. What opened it is shared by all workers;
each counts its own failures until then.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from chalicelib.core.budgets import Budget, Target

OPENS_AFTER = 5
"""Failures in a row."""
BELONGS = timedelta(minutes=2)
"""A failure this long after the one before begins a new row."""
FIRST_REST = timedelta(seconds=15)
LONGEST_REST = timedelta(minutes=2)
"""Rests double up to this: so late at most is it noticed that a remote is back, at one call in that time."""
LONGEST_TOLD = timedelta(minutes=10)
"""A remote that is down may say when it is back; it is not believed any longer than this."""
PROBE_LEASE = timedelta(seconds=45)
"""Longer than any call takes. A prober that died is replaced after it."""
PROBE_WAIT = 5.0
"""Seconds after which to look again while another worker probes."""
STORM = 3
"""Refusals ("too many requests") in a row that name no budget: then it is the remote as a whole that refuses."""
LONGEST_STORM = timedelta(minutes=1)
MOST_BUDGETS = 20
_STORM_NAME = "refusals"


class Answered(StrEnum):
    """What a call told about the remote's health."""

    ALIVE = "alive"
    """It answered, whatever it said of the call."""
    FAILED = "failed"
    """No answer, or that of a broken server."""
    REFUSED = "refused"
    """Too many requests."""


class Verdict(StrEnum):
    """Whether a call may be made."""

    GO = "go"
    PROBE = "probe"
    """If this worker is the one that probes."""
    RESTING = "resting"
    LIMITED = "limited"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """``wait``: seconds after which to try again."""

    verdict: Verdict
    wait: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteState:
    """One account's or connection's remote. ``version`` guards the stored one."""

    failures: int = 0
    failed_at: datetime | None = None
    refusals: int = 0
    open_until: datetime | None = None
    """The breaker is open; from then on it is half open."""
    opened: int = 0
    """How often in a row it opened without closing."""
    probe_until: datetime | None = None
    budgets: tuple[Budget, ...] = ()
    """The tight ones; others decide nothing."""
    version: int = 0

    @property
    def is_calm(self) -> bool:
        """Nothing is amiss."""
        return not (self.failures or self.refusals or self.opened or self.budgets) and self.open_until is None


def answered(status: int) -> Answered:
    """The health that an HTTP status shows."""
    if status == 429:
        return Answered.REFUSED
    return Answered.FAILED if status >= 500 or status in (408, 425) else Answered.ALIVE


def decide(state: RemoteState, now: datetime, *, target: Target, patient: bool) -> Decision:
    """Whether a call to `target` may be made now. ``patient``: by work that leaves the reserve to others."""
    if state.open_until is not None:
        if now < state.open_until:
            return Decision(verdict=Verdict.RESTING, wait=_until(state.open_until, now))
        if state.probe_until is not None and now < state.probe_until:
            return Decision(verdict=Verdict.RESTING, wait=PROBE_WAIT)
        return Decision(verdict=Verdict.PROBE)
    ends = [
        item.reset_at
        for item in state.budgets
        if item.reset_at > now and target.concerns(item) and (item.is_used_up or (patient and item.is_tight))
    ]
    return Decision(verdict=Verdict.LIMITED, wait=_until(max(ends), now)) if ends else Decision(verdict=Verdict.GO)


def _until(moment: datetime, now: datetime) -> float:
    return max((moment - now).total_seconds(), 1.0)


def probing(state: RemoteState, now: datetime) -> RemoteState:
    """`state` with the probe taken. Only who stores this may make the call."""
    return replace(state, probe_until=now + PROBE_LEASE)


def learn(
    state: RemoteState,
    outcome: Answered,
    now: datetime,
    *,
    budgets: Sequence[Budget] = (),
    retry_after: float | None = None,
) -> RemoteState:
    """`state` after a call; itself where that told nothing new. ``budgets``: what the answer told of; ``retry_after``:
    seconds, where it said so."""
    if outcome is Answered.ALIVE and state.is_calm and not any(item.is_tight for item in budgets):
        return state
    if outcome is Answered.FAILED:
        return _failed(state, now, retry_after)
    closed = replace(state, failures=0, failed_at=None, open_until=None, opened=0, probe_until=None)
    if outcome is Answered.ALIVE:
        return replace(closed, refusals=0, budgets=merged(state.budgets, budgets, now))
    return _refused(closed, now, budgets, retry_after)


def _failed(state: RemoteState, now: datetime, retry_after: float | None) -> RemoteState:
    if state.open_until is not None and now < state.open_until:
        return state  # a call that was under way when it opened
    fresh = state.failed_at is None or now - state.failed_at > BELONGS
    failures = 1 if fresh and state.open_until is None else state.failures + 1
    counted = replace(state, failures=failures, failed_at=now)
    if state.open_until is None and failures < OPENS_AFTER:
        return counted
    rest = min(FIRST_REST * 2 ** min(state.opened, 10), LONGEST_REST)
    told = timedelta(seconds=min(retry_after or 0.0, LONGEST_TOLD.total_seconds()))
    return replace(counted, open_until=now + max(rest, told), opened=state.opened + 1, probe_until=None)


def _refused(state: RemoteState, now: datetime, budgets: Sequence[Budget], retry_after: float | None) -> RemoteState:
    """A refusal that shows which budget is used up is that budget's; three in a row that show none are everybody's."""
    refusals = 0 if any(item.is_used_up for item in budgets) else state.refusals + 1
    if refusals >= STORM and retry_after:
        end = now + min(timedelta(seconds=retry_after), LONGEST_STORM)
        budgets = (*budgets, Budget(name=_STORM_NAME, remaining=0, reset_at=end))
    return replace(state, refusals=refusals, budgets=merged(state.budgets, budgets, now))


def merged(known: Iterable[Budget], told: Iterable[Budget], now: datetime) -> tuple[Budget, ...]:
    """The newest figures of the budgets that are tight and whose windows last; where they are many, the longest."""
    newest = {(item.name, item.holds_for): item for item in (*known, *told)}
    lasting = [item for item in newest.values() if item.is_tight and item.reset_at > now]
    return tuple(sorted(lasting, key=lambda item: item.reset_at, reverse=True)[:MOST_BUDGETS])


def differs(before: RemoteState, after: RemoteState, now: datetime) -> bool:
    """Whether the change is worth telling other workers: opened, closed, or what is tight or used up is another."""
    return (before.open_until, before.opened, before.probe_until) != (
        after.open_until,
        after.opened,
        after.probe_until,
    ) or _tight(before, now) != _tight(after, now)


def _tight(state: RemoteState, now: datetime) -> frozenset[tuple[str, str, bool]]:
    return frozenset((item.name, item.holds_for, item.is_used_up) for item in state.budgets if item.reset_at > now)


def refreshed(own: RemoteState, stored: RemoteState, now: datetime) -> RemoteState:
    """What the workers share, with what this one counted for itself. Of two figures the lower one counts."""
    if own.open_until is not None and stored.open_until is None:
        own = replace(own, failures=0, failed_at=None)  # somebody else found it alive
    lowest: dict[tuple[str, str], Budget] = {}
    for item in (*own.budgets, *stored.budgets):
        known = lowest.get((item.name, item.holds_for))
        if item.reset_at > now and (known is None or item.remaining < known.remaining):
            lowest[item.name, item.holds_for] = item
    return replace(
        stored,
        failures=own.failures if stored.open_until is None else max(own.failures, stored.failures),
        failed_at=own.failed_at or stored.failed_at,
        refusals=own.refusals,
        budgets=tuple(lowest.values()),
    )
