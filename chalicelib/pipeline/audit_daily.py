"""Audits by day, and what is done with a report: sealed, kept, told, signed off."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from chalicelib.core.alarms import AlarmCode
from chalicelib.core.errors import ConflictError, NotFoundError
from chalicelib.core.jobs import AuditAccount
from chalicelib.core.report import AuditReport, SignOff, is_intact
from chalicelib.core.spread import slot_of
from chalicelib.pipeline.alarms import clear_alarm, of_account, raise_alarm
from chalicelib.pipeline.audit import STOPPED, audit
from chalicelib.pipeline.jobs import job_message
from chalicelib.ports.runtime import Runtime
from chalicelib.ports.services import QueueMessage

DAY = timedelta(hours=24)
LONGEST_CATCH_UP = timedelta(days=7)
"""How far back a daily audit goes when those before it could not read the platform's list."""
FIRST_SLOT, SLOTS, AGAIN = 15, 40, 5
"""Minutes of the hour: by then the last events of the period are old enough; a turn is offered twice."""


def plan(runtime: Runtime) -> Sequence[QueueMessage]:
    """The audits of this minute: in the policy's hour every account has its turn, for the 24 hours before it."""
    hour, now = runtime.policy.audit_at_hour, runtime.clock.now()
    if now.hour != hour:
        return ()
    until = now.replace(minute=0, second=0, microsecond=0)
    minute = now.replace(second=0, microsecond=0)
    return [
        job_message(AuditAccount(account=item.key, since=until - DAY, until=until), minute)
        for item in runtime.stores.directory.accounts()
        if now.minute - FIRST_SLOT - slot_of(f"audit|{item.key}", SLOTS) in (0, AGAIN)
    ]


def run_audit(runtime: Runtime, job: AuditAccount) -> None:
    """The daily audit of one account: once for its period, and as far back as the audits before it were not whole."""
    last = runtime.stores.reports.last_report(job.account)
    since = job.since
    if last is not None:
        if last.since <= job.since and last.until >= job.until:
            return
        was_stopped = any(item.startswith(STOPPED) for item in last.gaps)
        if was_stopped and job.since - LONGEST_CATCH_UP <= last.since < since:
            since = last.since
    conclude(runtime, audit(runtime, job.account, since, job.until))


def conclude(runtime: Runtime, report: AuditReport) -> AuditReport:
    """Seal and keep a report, and tell what it found: by counts, and by an alarm where somebody met with silence."""
    kept = runtime.stores.reports.put_report(report)
    platform = kept.account.platform
    for standing, count in kept.counts.items():
        runtime.telemetry.count("audit", count, platform=platform, standing=standing)
    for standing, count in kept.replies.items():
        runtime.telemetry.count("audit_replies", count, platform=platform, standing=standing)
    # by stage alone: the stage's alarm is set on it
    runtime.telemetry.count("audit_exceptions", kept.exceptions)
    runtime.telemetry.log(
        "audit",
        "silence" if kept.unaccounted else "exceptions" if kept.exceptions else "clean",
        account=str(kept.account),
        report=kept.id,
        total=kept.total,
        exceptions=kept.exceptions,
        unaccounted=kept.unaccounted,
        gaps=len(kept.gaps),
    )
    if kept.unaccounted:
        what = (
            f"The audit found {kept.unaccounted} events or replies of {kept.account} that were met with silence; "
            f"report {kept.id} names them. It stands until that is signed off."
        )
        raise_alarm(runtime, AlarmCode.AUDIT, of_account(kept.account), what)
    return kept


def sign(runtime: Runtime, signed: SignOff) -> AuditReport:
    """Keep that a person has looked at a report, and end the alarm that it raised. Raises NotFoundError, or
    ConflictError when the report is not as it was sealed."""
    report = runtime.stores.reports.find_report(signed.report)
    if report is None:
        raise NotFoundError(f"there is no report {signed.report}")
    if not is_intact(report) or signed.seal != report.seal:
        raise ConflictError(f"{signed.report} was changed after it was made: audit its period again")
    runtime.stores.reports.sign_off(signed)
    if report.unaccounted:
        clear_alarm(runtime, AlarmCode.AUDIT, of_account(report.account))
    return report
