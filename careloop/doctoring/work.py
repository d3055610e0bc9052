"""Checks of the work itself: what waits, what was given up, what stands still."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from careloop.connecting.trial import whose
from careloop.doctoring.accounts import Subject, label_of
from careloop.doctoring.findings import Finding, bad, good, unseen, warn, why_unseen
from careloop.doctoring.patient import Patient
from chalicelib.core.errors import ConfigurationError

SKEW = timedelta(seconds=60)
"""Signatures with a time are refused beyond five minutes, some vendors' sooner."""
OVERDUE = timedelta(minutes=10)
"""What is due is looked for every minute."""
MANY = 1000
LATE = {"inbound": 900.0, "outbound": 900.0, "jobs": 1800.0}
"""Seconds that a message may wait; as the alarms of infra/stack.yaml have it."""
MOST_LISTED = 1000


def clock(patient: Patient, subject: Any) -> Iterator[Finding]:
    """This machine's clock against AWS's: a wrong one breaks signatures."""
    cloud, _ = patient.aws()
    answer = cloud.call("sts", "get_caller_identity")
    told = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date")
    if not told:
        yield unseen("AWS does not tell the time")
        return
    skew = patient.clock.now() - parsedate_to_datetime(told)
    if abs(skew) > SKEW:
        ahead = "fast" if skew > timedelta(0) else "slow"
        yield bad(f"this machine's clock is {abs(skew.total_seconds()):.0f} s {ahead}", "sudo timedatectl set-ntp true")
    else:
        yield good("right")


def credentials(patient: Patient, subject: Any) -> Iterator[Finding]:
    """Without them nothing of a stage can be looked at."""
    _, stage = patient.aws()
    try:
        place = patient.place()
    except ConfigurationError as error:
        yield bad(f"AWS does not know who you are: {why_unseen(error)}", "aws sts get-caller-identity")
        return
    yield good(f"account {place.account}, {place.region}, stage {stage.name}")


# -- queues ------------------------------------------------------------------------------------------------------------


def work_queues(patient: Patient) -> Sequence[str]:
    """The queues that workers take from."""
    return tuple(LATE)


def depth(patient: Patient, subject: str) -> Iterator[Finding]:
    """How much waits, and for how long."""
    runbook = f"docs/runbook.md#{subject}-late"
    waiting = patient.ready().queues[subject].depth()
    oldest = _oldest(patient, subject) if patient.cloud else None
    if oldest is not None and oldest > LATE[subject]:
        yield bad(f"the oldest message has waited for {oldest / 60:.0f} minutes", runbook)
    elif waiting > MANY:
        yield warn(f"{waiting} messages wait", runbook)
    else:
        yield good(f"{waiting} messages wait" if waiting else "empty")


def _oldest(patient: Patient, function: str) -> float | None:
    """Seconds, by CloudWatch's metric of the last ten minutes; None: it has none."""
    cloud, stage = patient.aws()
    now = patient.clock.now()
    found = cloud.call(
        "cloudwatch",
        "get_metric_statistics",
        Namespace="AWS/SQS",
        MetricName="ApproximateAgeOfOldestMessage",
        Dimensions=[{"Name": "QueueName", "Value": stage.queue(function)}],
        StartTime=now - timedelta(minutes=10),
        EndTime=now + timedelta(minutes=1),
        Period=60,
        Statistics=["Maximum"],
    )
    points: Sequence[Mapping[str, Any]] = found.get("Datapoints", ())
    return float(max(points, key=lambda item: item["Timestamp"])["Maximum"]) if points else None


def dead_letters(patient: Patient, subject: Any) -> Iterator[Finding]:
    """What the queues gave up on, and nobody has parked."""
    number = sum(queue.depth() for queue in patient.ready().dead_letters.values())
    if number:
        yield warn(f"{number} messages were given up and not parked", f"careloop redrive --dry-run {patient.where}")
    else:
        yield good("none")


# -- what waits for somebody -------------------------------------------------------------------------------------------


def parked(patient: Patient, subject: Any) -> Iterator[Finding]:
    """What waits for a person."""
    found = patient.ready().runtime.stores.parking.list_parked(limit=MOST_LISTED)
    if found:
        more = " or more" if len(found) == MOST_LISTED else ""
        oldest = min(item.parked_at for item in found)
        told = f"{len(found)}{more} wait for a person, the oldest since {oldest:%Y-%m-%d %H:%M} UTC"
        yield warn(told, f"careloop parked list {patient.where}")
    else:
        yield good("nothing")


def alarms(patient: Patient, subject: Any) -> Iterator[Finding]:
    """What the scheduled checks and ordinary work found to be broken."""
    found = patient.ready().runtime.stores.alarms.list_alarms()
    for item in found:
        yield warn(f"since {item.since:%Y-%m-%d %H:%M} UTC: {item.what}", f"{item.command} {patient.where}")
    if not found:
        yield good("none stands")


def due(patient: Patient, subject: Any) -> Iterator[Finding]:
    """What should have been woken long ago."""
    runtime = patient.ready().runtime
    found = runtime.stores.due.list_due(runtime.clock.now() - OVERDUE, limit=MOST_LISTED)
    if found:
        told = (
            f"{len(found)} jobs are overdue, the oldest since {found[0].at:%Y-%m-%d %H:%M} UTC: the watch does not run"
        )
        yield bad(told, "docs/runbook.md#schedules")
    else:
        yield good("nothing is overdue")


def breaker(patient: Patient, subject: Subject) -> Iterator[Finding]:
    """Whether a remote is being rested because it does not answer."""
    runtime = patient.ready().runtime
    kind, _ = whose(subject)
    state = runtime.stores.remotes.find_remote(f"{kind}|{label_of(subject)}")
    if state is not None and state.opened:
        told = "it does not answer: it is called seldom until it does, and what is meant for it waits"
        yield warn(told, f"careloop check {label_of(subject)} {patient.where}")
    elif state is not None and (tight := [item for item in state.budgets if item.is_used_up]):
        yield warn(f"its limit {tight[0].name} is used up until {tight[0].reset_at:%H:%M} UTC", "wait until then")
    else:
        yield good("it is called as usual")
