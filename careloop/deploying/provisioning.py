"""What `careloop provision` decides: parameters, states of a stack, names, and what is in the way."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from careloop.deploying.cloud import Cloud, DeployError
from careloop.deploying.project import CONSUMERS, Project, Stage
from careloop.deploying.stack import BROKEN, EMPTY, READY, STUCK, Change, Stack
from careloop.deploying.template import KEPT, Resolved, Template
from chalicelib.core.errors import ConfigurationError

DAYS = "CARELOOP_ARCHIVE_DAYS"
_LOGS = "AWS::Logs::LogGroup"
_QUEUES = {
    "CARELOOP_INBOUND_QUEUE": "InboundQueue",
    "CARELOOP_OUTBOUND_QUEUE": "OutboundQueue",
    "CARELOOP_JOBS_QUEUE": "JobsQueue",
    "CARELOOP_DEAD_LETTERS_QUEUE": "DeadLettersQueue",
}
assert set(_QUEUES) == set(CONSUMERS.values())


def stack_name(stage: Stage) -> str:
    """What a stage's stack is called."""
    return f"{stage.app}-{stage.name}"


def parameters_for(
    stage: Stage, template: Template, given: Mapping[str, str], standing: Mapping[str, str]
) -> dict[str, str]:
    """The template's parameters: what was asked for, else what the stack has, else the template's default.

    The archive's days are the configuration's: the functions and the bucket must mean the same. Raises
    ConfigurationError for a name that the template does not have."""
    unknown = sorted(set(given) - set(template.parameters))
    if unknown:
        raise ConfigurationError(
            f"the template has no parameter {', '.join(unknown)}; it has: {', '.join(sorted(template.parameters))}"
        )
    fixed = {"Stage": stage.name, "ArchiveDays": stage.environment.get(DAYS, "30")}
    moved = sorted(name for name, value in given.items() if fixed.get(name, value) != value)
    if moved:
        raise ConfigurationError(f"{', '.join(moved)}: set by .chalice/config.json (the stage, {DAYS}), not here")
    defaults = {name: str(item["Default"]) for name, item in template.parameters.items() if "Default" in item}
    kept = {name: value for name, value in standing.items() if name in template.parameters}
    return {**defaults, **kept, **given, **fixed}


def names_of(resolved: Resolved) -> dict[str, str]:
    """Environment variable -> the name that the template gives the resource."""
    queues = {variable: resolved.properties(name)["QueueName"] for variable, name in _QUEUES.items()}
    return {
        "CARELOOP_TABLE": resolved.properties("Table")["TableName"],
        **queues,
        "CARELOOP_ARCHIVE_BUCKET": resolved.properties("Archive")["BucketName"],
    }


def check_names(stage: Stage, names: Mapping[str, str]) -> None:
    """Raise ConfigurationError when the configuration names another table or queue than the template makes: messages
    and cases would be looked for in two places. The bucket's name may differ: it gets the account's number."""
    for variable, name in names.items():
        configured = stage.environment.get(variable)
        if variable != "CARELOOP_ARCHIVE_BUCKET" and configured not in (None, name):
            raise ConfigurationError(
                f"{variable} of stage {stage.name} is {configured}, the template makes {name}: change one of them"
            )
    if stage.environment.get("CARELOOP_STAGE", stage.name) != stage.name:
        raise ConfigurationError(f"CARELOOP_STAGE of stage {stage.name} is {stage.environment['CARELOOP_STAGE']}")


def make_ready(stack: Stack, ask: Callable[[str], bool]) -> None:
    """Bring the stack into a state that takes a change: absent or ready. Raises DeployError where nobody may decide for
    the operator, or the operator says no."""
    status = stack.settled()
    if status is None or status in READY:
        return
    if status == EMPTY:
        stack.delete()
    elif status in BROKEN:
        reasons = stack.reasons(set())
        if not ask(
            f"Stack {stack.name} was not made to its end ({status}): {reasons}\nIt holds nothing in use."
            " Delete what is left of it and make it anew?"
        ):
            raise DeployError(f"stack {stack.name} is {status}; it takes no change until it is deleted")
        stack.delete()
    elif status == STUCK:
        reasons = stack.reasons(set())
        if not ask(
            f"The last change of stack {stack.name} failed, and so did taking it back ({status}): {reasons}\n"
            "Try to take it back again?"
        ):
            raise DeployError(f"stack {stack.name} is {status}; it takes no change until that is taken back")
        stack.unroll()
    else:
        raise DeployError(f"stack {stack.name} is {status}, which this command does not know: look into the console")


def replaced(changes: Sequence[Change], template: Template) -> list[str]:
    """The resources with data that a change would replace or remove."""
    resources = template.data["Resources"]
    return [
        item.name
        for item in changes
        if resources.get(item.name, {}).get("DeletionPolicy") in KEPT
        and (item.replacement == "True" or item.action == "Remove")
    ]


def in_the_way(cloud: Cloud, changes: Sequence[Change], resolved: Resolved) -> tuple[list[str], list[str]]:
    """What a change would make although it is there already, outside of the stack: CloudFormation would fail. Log
    groups, which Lambda makes by itself when it runs before them; and all else."""
    added = {item.name for item in changes if item.action == "Add"}
    logs: list[str] = []
    others: list[str] = []
    for name, properties in resolved.of_type(_LOGS):
        group = properties["LogGroupName"]
        if name in added and group in _log_groups(cloud, group):
            logs.append(group)
    for kind, look in _LOOKS.items():
        others += [
            found
            for name, properties in resolved.of_type(kind)
            if name in added and (found := look(cloud, properties)) is not None
        ]
    return logs, others


def remove_logs(cloud: Cloud, groups: Sequence[str]) -> None:
    """Delete log groups with what is in them."""
    for group in groups:
        cloud.call("logs", "delete_log_group", missing=("ResourceNotFoundException",), logGroupName=group)


def use_names(project: Project, stage: Stage, names: Mapping[str, str]) -> list[str]:
    """Write the resources' real names into the configuration; returns the variables that changed."""
    return project.write_variables(stage.name, names)


def _log_groups(cloud: Cloud, name: str) -> list[str]:
    found = cloud.each("logs", "describe_log_groups", "logGroups", logGroupNamePrefix=name)
    return [str(item["logGroupName"]) for item in found]


def _table(cloud: Cloud, given: Mapping[str, str]) -> str | None:
    name = given["TableName"]
    found = cloud.call("dynamodb", "describe_table", missing=("ResourceNotFoundException",), TableName=name)
    return f"table {name}" if found else None


def _queue(cloud: Cloud, given: Mapping[str, str]) -> str | None:
    name = given["QueueName"]
    missing = ("AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist")
    return f"queue {name}" if cloud.call("sqs", "get_queue_url", missing=missing, QueueName=name) else None


def _bucket(cloud: Cloud, given: Mapping[str, str]) -> str | None:
    name = given["BucketName"]
    found = cloud.call("s3", "head_bucket", missing=("NoSuchBucket", "404"), Bucket=name)
    return f"bucket {name}" if found else None


def _alias(cloud: Cloud, given: Mapping[str, str]) -> str | None:
    name = given["AliasName"]
    return f"key {name}" if cloud.call("kms", "describe_key", missing=("NotFoundException",), KeyId=name) else None


_LOOKS: dict[str, Callable[[Cloud, Mapping[str, str]], str | None]] = {
    "AWS::DynamoDB::Table": _table,
    "AWS::SQS::Queue": _queue,
    "AWS::S3::Bucket": _bucket,
    "AWS::KMS::Alias": _alias,
}
