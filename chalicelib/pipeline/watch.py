"""The watch, every minute: what is due, and who is to be looked after. It only fans out; jobs do the work."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from chalicelib.pipeline.audit_daily import plan as audits
from chalicelib.pipeline.checks import plan_checks
from chalicelib.pipeline.jobs import due_message
from chalicelib.pipeline.mirror import plan_mirrors
from chalicelib.ports.runtime import Runtime
from chalicelib.ports.services import QueueMessage

MOST_DUE = 100
"""Due items of one minute; what is left is woken in the next."""


def watch(runtime: Runtime) -> int:
    """Send all jobs that the present minute asks for; returns how many."""
    messages = [message for plan in PLANS for message in plan(runtime)]
    if messages:
        runtime.queues.jobs.send(messages)
    runtime.telemetry.measure("alarms_standing", len(runtime.stores.alarms.standing()), "Count")
    return len(messages)


def _due(runtime: Runtime) -> Sequence[QueueMessage]:
    now = runtime.clock.now()
    return [due_message(item, now) for item in runtime.stores.due.list_due(now, limit=MOST_DUE)]


PLANS: tuple[Callable[[Runtime], Sequence[QueueMessage]], ...] = (_due, audits, plan_checks, plan_mirrors)
