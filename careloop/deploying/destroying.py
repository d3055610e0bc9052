"""What `careloop destroy` removes beside what Chalice and CloudFormation remove: data, on demand; and what is left."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from careloop.deploying.cloud import Cloud
from careloop.deploying.drift import KEY_ALIAS, key_arn
from careloop.deploying.project import Stage
from careloop.deploying.template import Resolved

KEY_DAYS = 30
"""For so long a key's deletion can be taken back: with it go all backups that it encrypts."""
_NO_TABLE = ("ResourceNotFoundException",)
_NO_QUEUE = ("AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist")
_NO_BUCKET = ("NoSuchBucket", "404")
_NO_KEY = ("NotFoundException", "KMSInvalidStateException")


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """Something of a stage that is still there. ``remove``: takes it away, with what is in it; ``then``: what is said
    after that."""

    what: str
    costs: str
    remove: Callable[[], object]
    then: str = "removed"


def remove_alarms(cloud: Cloud, resolved: Resolved) -> None:
    """The template's alarms that are still there: such as were made again after CloudFormation had lost them."""
    names = [properties["AlarmName"] for _, properties in resolved.of_type("AWS::CloudWatch::Alarm")]
    for start in range(0, len(names), 100):
        batch = names[start : start + 100]
        found = cloud.each("cloudwatch", "describe_alarms", "MetricAlarms", AlarmNames=batch)
        standing = [item["AlarmName"] for item in found]
        if standing:
            cloud.call("cloudwatch", "delete_alarms", AlarmNames=standing)


def left_of(cloud: Cloud, stage: Stage, resolved: Resolved) -> Iterator[Left]:
    """Everything with data of a stage that is there, by its names."""
    for _, properties in resolved.of_type("AWS::DynamoDB::Table"):
        yield from _table(cloud, properties["TableName"])
    for _, properties in resolved.of_type("AWS::S3::Bucket"):
        yield from _bucket(cloud, properties["BucketName"])
    for _, properties in resolved.of_type("AWS::SQS::Queue"):
        yield from _queue(cloud, properties["QueueName"])
    yield from _secrets(cloud, stage)
    yield from _logs(cloud, stage)
    yield from _key(cloud, stage)


def _table(cloud: Cloud, name: str) -> Iterator[Left]:
    def remove() -> None:
        cloud.call("dynamodb", "delete_table", missing=_NO_TABLE, TableName=name)
        cloud.wait(f"removal of table {name}", lambda: _is_gone(cloud, name))

    if not _is_gone(cloud, name):
        yield Left(what=f"table {name}", costs="by what is stored, with its backups", remove=remove)


def _is_gone(cloud: Cloud, table: str) -> bool:
    return cloud.call("dynamodb", "describe_table", missing=_NO_TABLE, TableName=table) is None


def _bucket(cloud: Cloud, name: str) -> Iterator[Left]:
    def remove() -> None:
        for kind in ("Versions", "DeleteMarkers"):
            # read to the end first: what is removed while pages are read would shift them
            listed = list(cloud.each("s3", "list_object_versions", kind, Bucket=name))
            for start in range(0, len(listed), 1000):
                objects = [
                    {"Key": item["Key"], "VersionId": item["VersionId"]} for item in listed[start : start + 1000]
                ]
                cloud.call("s3", "delete_objects", Bucket=name, Delete={"Objects": objects, "Quiet": True})
        cloud.call("s3", "delete_bucket", missing=_NO_BUCKET, Bucket=name)

    if cloud.call("s3", "head_bucket", missing=_NO_BUCKET, Bucket=name) is not None:
        yield Left(what=f"bucket {name}", costs="by what is stored; it expires", remove=remove)


def _queue(cloud: Cloud, name: str) -> Iterator[Left]:
    found = cloud.call("sqs", "get_queue_url", missing=_NO_QUEUE, QueueName=name)
    if found is not None:
        url = found["QueueUrl"]
        yield Left(
            what=f"queue {name}",
            costs="nothing while nobody calls it",
            remove=lambda: cloud.call("sqs", "delete_queue", missing=_NO_QUEUE, QueueUrl=url),
        )


def _secrets(cloud: Cloud, stage: Stage) -> Iterator[Left]:
    prefix = stage.environment.get("CARELOOP_SECRETS_PREFIX", f"{stage.app}/{stage.name}").rstrip("/") + "/"
    names = [
        str(item["Name"])
        for item in cloud.each(
            "secretsmanager", "list_secrets", "SecretList", Filters=[{"Key": "name", "Values": [prefix]}]
        )
        if str(item["Name"]).startswith(prefix)
    ]

    def remove() -> None:
        for name in names:
            cloud.call(
                "secretsmanager", "delete_secret", missing=_NO_TABLE, SecretId=name, ForceDeleteWithoutRecovery=True
            )

    if names:
        yield Left(what=f"{len(names)} secrets below {prefix}", costs="a price per secret and month", remove=remove)


def _logs(cloud: Cloud, stage: Stage) -> Iterator[Left]:
    """What Lambda wrote after its groups were removed comes into groups of its own making."""
    for function in stage.functions:
        name = f"/aws/lambda/{stage.function(function)}"
        standing = cloud.each("logs", "describe_log_groups", "logGroups", logGroupNamePrefix=name)
        if name in [item["logGroupName"] for item in standing]:
            yield Left(
                what=f"log group {name}",
                costs="by what is stored",
                remove=lambda name=name: cloud.call(  # type: ignore[misc]
                    "logs", "delete_log_group", missing=_NO_TABLE, logGroupName=name
                ),
            )


def _key(cloud: Cloud, stage: Stage) -> Iterator[Left]:
    found = key_arn(cloud, stage.name)

    def remove() -> None:
        key = str(found).rpartition("/")[2]
        cloud.call("kms", "schedule_key_deletion", missing=_NO_KEY, KeyId=key, PendingWindowInDays=KEY_DAYS)
        alias = KEY_ALIAS.format(stage=stage.name)
        cloud.call("kms", "delete_alias", missing=_NO_KEY, AliasName=alias)

    if found:
        then = f"removed in {KEY_DAYS} days; until then: aws kms cancel-key-deletion --key-id {found}"
        yield Left(what=f"key {found}", costs="a price per key and month", remove=remove, then=then)
