"""Checks of what CloudFormation and Chalice made in AWS. They read, and change nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from careloop.deploying import provisioning
from careloop.deploying.drift import differences
from careloop.deploying.mappings import PARTIAL
from careloop.deploying.project import CONSUMERS, SCHEDULED
from careloop.deploying.template import Resolved
from careloop.doctoring.findings import Finding, bad, good, unseen, warn
from careloop.doctoring.patient import Patient
from chalicelib.settings import Settings

VISIBILITY = 6
"""Times a function's time limit; Lambda developer guide, "Using Lambda with Amazon SQS" (November 2026)."""
KINDS = {
    "table": "AWS::DynamoDB::Table",
    "archive": "AWS::S3::Bucket",
    "archive's policy": "AWS::S3::BucketPolicy",
    "queue": "AWS::SQS::Queue",
    "log groups": "AWS::Logs::LogGroup",
    "alarms": "AWS::CloudWatch::Alarm",
}
_MILD = ("time to live", "does not remove payloads", "log group", "alarm ")
"""What loses nothing and tells nothing to strangers."""
_KEYS = [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}]
_GONE = ("ResourceNotFoundException",)


def settings(patient: Patient, subject: Any) -> Iterator[Finding]:
    """That the stage's environment is complete."""
    _, stage = patient.aws()
    if patient.broken is not None:
        yield bad(f"{patient.project.config}: {patient.broken}", f"careloop provision --stage {stage.name}")
        return
    read = Settings.from_env(stage.environment)
    if not read.dead_letters_queue:
        yield bad("CARELOOP_DEAD_LETTERS_QUEUE is not set", f"careloop provision --stage {stage.name}")
    elif read.stage != stage.name:
        yield bad(f"CARELOOP_STAGE is {read.stage}", f"set CARELOOP_STAGE to {stage.name} in {patient.project.config}")
    else:
        yield good(f"{patient.project.config} is complete")


def names(patient: Patient, subject: Any) -> Iterator[Finding]:
    """That the configuration names what the template makes."""
    _, stage = patient.aws()
    if patient.broken is not None:
        yield unseen("the configuration is not complete")
        return
    made = provisioning.names_of(patient.wanted())
    wrong = [
        f"{variable} is {stage.environment.get(variable)}, the template makes {name}"
        for variable, name in made.items()
        if stage.environment.get(variable) != name
    ]
    for told in wrong:
        yield bad(told, f"careloop provision --stage {stage.name}")
    if not wrong:
        yield good("those that the template makes")


class _Part(Resolved):
    """The resources of one type, or one of them."""

    def __init__(self, whole: Resolved, kind: str, name: str | None) -> None:
        self._whole, self._kind, self._name = whole, kind, name

    def of_type(self, kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
        if kind == self._kind:
            yield from (item for item in self._whole.of_type(kind) if self._name in (None, item[1].get("QueueName")))


def queues(patient: Patient) -> Sequence[str]:
    """The names of the stage's queues."""
    return [properties["QueueName"] for _, properties in patient.wanted().of_type(KINDS["queue"])]


def resource(kind: str) -> Any:
    """A check that resources of a kind are as the template says."""

    def check(patient: Patient, subject: Any) -> Iterator[Finding]:
        cloud, stage = patient.aws()
        part = _Part(patient.wanted(), KINDS[kind], str(subject) or None)
        found = [item.what for item in differences(cloud, part) if patient.key() or not _is_about_the_key(item.what)]
        for what in found:
            mild = any(word in what for word in _MILD)
            make = warn if mild else bad
            yield make(what, f"careloop provision --stage {stage.name}")
        if not found:
            count = sum(1 for _ in part.of_type(KINDS[kind]))
            yield good("as the template says" if count == 1 else f"all {count} as the template says")

    return check


def _is_about_the_key(what: str) -> bool:
    """Where nobody may ask which key the stage has, nobody can say that it is another."""
    return "encrypted with the stage's key" in what or what.endswith(": KmsMasterKeyId differ")


def table_keys(patient: Patient, subject: Any) -> Iterator[Finding]:
    """The table's keys can't be changed once it is there."""
    cloud, stage = patient.aws()
    name = Settings.from_env(stage.environment).table
    found = cloud.call("dynamodb", "describe_table", missing=_GONE, TableName=name)
    if found is None:
        yield unseen(f"table {name} is not there")
    elif found["Table"]["KeySchema"] != _KEYS:
        yield bad(f"table {name} has other keys than pk and sk", f"careloop provision --stage {stage.name}")
    else:
        yield good("pk and sk")


# -- functions ---------------------------------------------------------------------------------------------------------


def functions(patient: Patient) -> Sequence[str]:
    """Chalice's names of the stage's functions."""
    return patient.aws()[1].functions


def function(patient: Patient, subject: Any) -> Iterator[Finding]:
    """That it is there, could be updated, and has the environment that the configuration says."""
    _, stage = patient.aws()
    found, deploy = patient.function(subject), f"make deploy STAGE={stage.name}"
    if found is None:
        yield bad(f"{stage.function(subject)} is not deployed", deploy)
        return
    if found.get("LastUpdateStatus") == "Failed" or found.get("State") == "Failed":
        reason = found.get("LastUpdateStatusReason") or found.get("StateReason") or "AWS does not say why"
        yield bad(f"its last update failed: {reason}", deploy)
        return
    given: Mapping[str, str] = found.get("Environment", {}).get("Variables", {})
    wrong = sorted(name for name, value in stage.environment.items() if given.get(name) != value)
    if wrong:
        yield bad(f"its {', '.join(wrong)} is not what {patient.project.config} says", deploy)
        return
    yield good(f"deployed, {found.get('Runtime', 'unknown runtime')}")


def runtimes(patient: Patient, subject: Any) -> Iterator[Finding]:
    """That all functions were deployed from one Python."""
    _, stage = patient.aws()
    found = [patient.function(name) for name in stage.functions]
    known = sorted({str(item["Runtime"]) for item in found if item is not None and "Runtime" in item})
    if len(known) > 1:
        yield warn(f"functions run on {' and '.join(known)}", f"make deploy STAGE={stage.name}")
    elif known:
        yield good(known[0])
    else:
        yield unseen("no function is deployed")


def visibility(patient: Patient, subject: Any) -> Iterator[Finding]:
    """That no message comes again while a function still works on it."""
    cloud, stage = patient.aws()
    name = stage.queue(subject)
    found = cloud.call(
        "sqs", "get_queue_url", missing=("AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"), QueueName=name
    )
    configured = patient.function(subject)
    if found is None or configured is None:
        yield unseen("queue or function is not there")
        return
    names = ["VisibilityTimeout"]
    answer = cloud.call("sqs", "get_queue_attributes", QueueUrl=found["QueueUrl"], AttributeNames=names)
    seconds, limit = int(answer["Attributes"]["VisibilityTimeout"]), int(configured.get("Timeout", 0))
    if seconds < VISIBILITY * limit:
        told = (
            f"a message comes again after {seconds} s, the function may take {limit} s: {VISIBILITY} times that is due"
        )
        yield bad(
            told,
            f"lower the function's lambda_timeout in {patient.project.config}, or raise the queue's "
            f"VisibilityTimeout in infra/stack.yaml; then make deploy STAGE={stage.name}",
        )
    else:
        yield good(f"{seconds} s for {limit} s")


def consumers(patient: Patient) -> Sequence[str]:
    """Functions that take from queues."""
    return tuple(CONSUMERS)


def event_source(patient: Patient, subject: Any) -> Iterator[Finding]:
    """One mapping for each queue: switched on, and telling of partial failures where it gives several messages."""
    cloud, stage = patient.aws()
    queue, name = stage.queue(subject), stage.function(subject)
    arn = patient.place().arn("sqs", queue)
    found = list(cloud.each("lambda", "list_event_source_mappings", "EventSourceMappings", EventSourceArn=arn))
    mine = [item for item in found if _function_of(item) == name]
    others = sorted({_function_of(item) for item in found} - {name})
    deploy, bind = f"make deploy STAGE={stage.name}", f"careloop bind --stage {stage.name}"
    if others:
        yield bad(f"{', '.join(others)} takes from {queue}, too", bind)
    if not mine:
        yield bad(f"{name} does not take from {queue}", deploy)
    elif len(mine) > 1:
        yield bad(f"{len(mine)} event sources for one function and one queue", bind)
    else:
        yield _mapping(mine[0], bind)


def _mapping(item: Mapping[str, Any], bind: str) -> Finding:
    batch, partial = int(item.get("BatchSize", 0)), PARTIAL in item.get("FunctionResponseTypes", ())
    if item.get("State") not in ("Enabled", "Enabling", "Updating", "Creating"):
        return bad(f"it is {item.get('State', 'in no known state')}: nothing is taken from the queue", bind)
    if batch > 1 and not partial:
        return bad(f"{batch} messages at once without {PARTIAL}: what fails of them would be lost", bind)
    if not partial:
        return warn("one message at once: right, and slow", bind)
    return good(f"{batch} messages at once, failures reported")


def _function_of(item: Mapping[str, Any]) -> str:
    return str(item["FunctionArn"]).partition(":function:")[2].partition(":")[0]


def schedules(patient: Patient) -> Sequence[str]:
    """Functions that run by the clock."""
    return SCHEDULED


def schedule(patient: Patient, subject: Any) -> Iterator[Finding]:
    """That it is there, switched on, and calls the function."""
    cloud, stage = patient.aws()
    rule = stage.rule(subject)
    found = cloud.call("events", "describe_rule", missing=_GONE, Name=rule)
    if found is None:
        yield bad(f"rule {rule} is not there", f"make deploy STAGE={stage.name}")
        return
    if found.get("State") != "ENABLED":
        yield bad(f"rule {rule} is switched off", f"aws events enable-rule --name {rule}")
        return
    targets = cloud.call("events", "list_targets_by_rule", Rule=rule).get("Targets", ())
    if not any(str(item.get("Arn", "")).endswith(f":{stage.function(subject)}") for item in targets):
        yield bad(f"rule {rule} calls nobody", f"make deploy STAGE={stage.name}")
        return
    yield good(str(found.get("ScheduleExpression", "")))
