"""Doing a job: which function does which, and what a failure means."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from chalicelib.core.errors import CareloopError
from chalicelib.core.jobs import AuditAccount, JobEnvelope, ParkPayload, PollAccount, PollHelpdesk, RereadThread
from chalicelib.pipeline.audit import run_audit
from chalicelib.pipeline.poll import poll_account, poll_helpdesk, reread
from chalicelib.ports.runtime import Runtime


def run_job(runtime: Runtime, envelope: JobEnvelope) -> None:
    """Do one job. Raises RetryableError when it should come again; scheduled and due jobs come again by themselves."""
    HANDLERS[type(envelope.job)](runtime, envelope)


def _park(runtime: Runtime, envelope: JobEnvelope) -> None:
    assert isinstance(envelope.job, ParkPayload)
    runtime.stores.parking.park(envelope.job.item)
    runtime.telemetry.count("parked", reason=envelope.job.item.reason.value)


def _simple(work: Callable[[Runtime, Any], None]) -> Callable[[Runtime, JobEnvelope], None]:
    """For work that needs nothing of the envelope but its job."""
    return lambda runtime, envelope: work(runtime, envelope.job)


HANDLERS: dict[type, Callable[[Runtime, JobEnvelope], None]] = {
    PollAccount: _simple(poll_account),
    PollHelpdesk: _simple(poll_helpdesk),
    RereadThread: _simple(reread),
    ParkPayload: _park,
    AuditAccount: _simple(run_audit),
}


def job_failed(runtime: Runtime, envelope: JobEnvelope, error: CareloopError) -> bool:
    """Whether a failed job may be dropped: the next schedule makes a new one, but nothing makes a new parking job."""
    if isinstance(envelope.job, ParkPayload):
        return False
    runtime.telemetry.log("job", "failed", job=type(envelope.job).__name__, error_code=error.code)
    runtime.telemetry.count("job_failed", job=type(envelope.job).__name__)
    return True
