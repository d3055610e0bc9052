"""When who is checked: spread over the interval; and whether checks are still made at all."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from chalicelib.core.account import ConnectionKind
from chalicelib.core.alarms import JOBS, AlarmCode, alarm_id
from chalicelib.core.ids import digest
from chalicelib.core.jobs import CheckAccount, CheckConnection, Job
from chalicelib.pipeline.alarms import clear_alarm, raise_alarm
from chalicelib.pipeline.jobs import group_of, job_message
from chalicelib.pipeline.liveness import ALIVE
from chalicelib.ports.runtime import Runtime
from chalicelib.ports.services import QueueMessage

SHORTEST = timedelta(minutes=5)
LATE = 3
"""Intervals without any check, until that is an alarm."""


def all_checks(runtime: Runtime) -> Sequence[Job]:
    """One per account, helpdesk and CRM."""
    directory = runtime.stores.directory
    jobs: list[Job] = [CheckAccount(account=item.key) for item in directory.accounts()]
    jobs += [
        CheckConnection(connection=item.name, kind=item.kind)
        for item in directory.connections()
        if item.kind is not ConnectionKind.PLATFORM
    ]
    return jobs


def plan_checks(runtime: Runtime) -> Sequence[QueueMessage]:
    """The checks of the present minute. Watched over here as well: who else would notice that none is made?"""
    now = runtime.clock.now().replace(second=0, microsecond=0)
    every = max(runtime.policy.check_every, SHORTEST)
    jobs = all_checks(runtime)
    _watch_over(runtime, runtime.clock.now(), every, bool(jobs))
    return [job_message(job, now) for job in jobs if _is_turn(job, now, every)]


def _is_turn(job: Job, now: datetime, every: timedelta) -> bool:
    """Whose turn comes when is by chance, and always the same."""
    interval = int(every.total_seconds() // 60)
    turn = int.from_bytes(digest(group_of(job), length=12).encode()) % interval
    return int(now.timestamp() // 60) % interval == turn


def _watch_over(runtime: Runtime, now: datetime, every: timedelta, is_work: bool) -> None:
    last = runtime.stores.health.find_mark(ALIVE)
    if last is None or (not is_work and now - last > SHORTEST):
        runtime.stores.health.set_mark(ALIVE, now)
        return
    if now - last <= LATE * every:
        clear_alarm(runtime, AlarmCode.CHECKS, JOBS)
    elif alarm_id(AlarmCode.CHECKS, JOBS) not in runtime.stores.alarms.standing():
        what = (
            f"No account has been checked since {last:%Y-%m-%d %H:%M} UTC: the jobs queue is not being worked. "
            "Polls and audits stand still too. Look at the function `jobs` and its errors."
        )
        raise_alarm(runtime, AlarmCode.CHECKS, JOBS, what)
