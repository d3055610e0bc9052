"""Whether the resources are what the template says, asked of the resources themselves.

CloudFormation compares templates: what was switched off by hand, or never switched on by a creation that stopped half
way, is "no change" to it. What protects data and reports trouble is asked here, and can be set.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from careloop.deploying.cloud import Cloud
from careloop.deploying.template import Resolved

KEY_ALIAS = "alias/careloop-{stage}"
_NO_TABLE = ("ResourceNotFoundException",)
_NO_BUCKET = ("NoSuchBucket", "404")
_NO_QUEUE = ("AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist")


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One thing that is not as the template says. ``mend`` sets it; None: it must be made by CloudFormation."""

    what: str
    mend: Callable[[], object] | None = None


def key_arn(cloud: Cloud, stage: str) -> str | None:
    """The stage's key, by its alias; None when there is none."""
    found = cloud.call("kms", "describe_key", missing=("NotFoundException",), KeyId=KEY_ALIAS.format(stage=stage))
    return str(found["KeyMetadata"]["Arn"]) if found else None


def differences(cloud: Cloud, wanted: Resolved) -> Iterator[Difference]:
    """All of them, in the template's order."""
    for _, properties in wanted.of_type("AWS::DynamoDB::Table"):
        yield from _table(cloud, properties)
    for _, properties in wanted.of_type("AWS::S3::Bucket"):
        yield from _bucket(cloud, properties)
    for _, properties in wanted.of_type("AWS::S3::BucketPolicy"):
        yield from _bucket_policy(cloud, properties)
    for _, properties in wanted.of_type("AWS::SQS::Queue"):
        yield from _queue(cloud, properties)
    yield from _logs(cloud, [properties for _, properties in wanted.of_type("AWS::Logs::LogGroup")])
    yield from _alarms(cloud, [properties for _, properties in wanted.of_type("AWS::CloudWatch::Alarm")])


# -- the table ---------------------------------------------------------------------------------------------------------


def _table(cloud: Cloud, wanted: dict[str, Any]) -> Iterator[Difference]:
    name = wanted["TableName"]
    found = cloud.call("dynamodb", "describe_table", missing=_NO_TABLE, TableName=name)
    if found is None:
        yield Difference(what=f"table {name} is not there")
        return
    key = wanted["SSESpecification"]["KMSMasterKeyId"]
    sse = found["Table"].get("SSEDescription", {})
    if sse.get("KMSMasterKeyArn") != key:
        specification = {"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": key}
        yield Difference(
            what=f"table {name} is not encrypted with the stage's key",
            mend=lambda: cloud.call("dynamodb", "update_table", TableName=name, SSESpecification=specification),
        )
    ttl = cloud.call("dynamodb", "describe_time_to_live", TableName=name)["TimeToLiveDescription"]
    attribute = wanted["TimeToLiveSpecification"]["AttributeName"]
    if ttl.get("TimeToLiveStatus") not in ("ENABLED", "ENABLING") or ttl.get("AttributeName") != attribute:
        live = {"Enabled": True, "AttributeName": attribute}
        yield Difference(
            what=f"table {name}: time to live is off; what is over is never removed",
            mend=lambda: cloud.call("dynamodb", "update_time_to_live", TableName=name, TimeToLiveSpecification=live),
        )
    backups = cloud.call("dynamodb", "describe_continuous_backups", TableName=name)["ContinuousBackupsDescription"]
    if backups.get("PointInTimeRecoveryDescription", {}).get("PointInTimeRecoveryStatus") != "ENABLED":
        recovery = {"PointInTimeRecoveryEnabled": True}
        yield Difference(
            what=f"table {name}: point-in-time recovery is off",
            mend=lambda: cloud.call(
                "dynamodb",
                "update_continuous_backups",
                TableName=name,
                PointInTimeRecoverySpecification=recovery,
            ),
        )


# -- the archive -------------------------------------------------------------------------------------------------------


def _bucket(cloud: Cloud, wanted: dict[str, Any]) -> Iterator[Difference]:
    name = wanted["BucketName"]
    if cloud.call("s3", "head_bucket", missing=_NO_BUCKET, Bucket=name) is None:
        yield Difference(what=f"bucket {name} is not there")
        return
    block = wanted["PublicAccessBlockConfiguration"]
    found = cloud.call("s3", "get_public_access_block", missing=("NoSuchPublicAccessBlockConfiguration",), Bucket=name)
    if (found or {}).get("PublicAccessBlockConfiguration") != block:
        yield Difference(
            what=f"bucket {name} does not block public access",
            mend=lambda: cloud.call("s3", "put_public_access_block", Bucket=name, PublicAccessBlockConfiguration=block),
        )
    yield from _bucket_encryption(cloud, name, wanted["BucketEncryption"]["ServerSideEncryptionConfiguration"][0])
    yield from _bucket_days(cloud, name, wanted["LifecycleConfiguration"]["Rules"][0])


def _bucket_encryption(cloud: Cloud, name: str, wanted: dict[str, Any]) -> Iterator[Difference]:
    found = cloud.call(
        "s3", "get_bucket_encryption", missing=("ServerSideEncryptionConfigurationNotFoundError",), Bucket=name
    )
    rules = (found or {}).get("ServerSideEncryptionConfiguration", {}).get("Rules", [{}])
    rule = {
        "ApplyServerSideEncryptionByDefault": wanted["ServerSideEncryptionByDefault"],
        "BucketKeyEnabled": wanted["BucketKeyEnabled"],
    }
    if rules[0].get("ApplyServerSideEncryptionByDefault") != rule["ApplyServerSideEncryptionByDefault"]:
        yield Difference(
            what=f"bucket {name} is not encrypted with the stage's key",
            mend=lambda: cloud.call(
                "s3", "put_bucket_encryption", Bucket=name, ServerSideEncryptionConfiguration={"Rules": [rule]}
            ),
        )


def _bucket_days(cloud: Cloud, name: str, wanted: dict[str, Any]) -> Iterator[Difference]:
    found = cloud.call(
        "s3", "get_bucket_lifecycle_configuration", missing=("NoSuchLifecycleConfiguration",), Bucket=name
    )
    days = int(wanted["ExpirationInDays"])
    standing = [item.get("Expiration", {}).get("Days") for item in (found or {}).get("Rules", ()) if _is_on(item)]
    if days not in standing:
        rule = {
            "ID": wanted["Id"],
            "Status": "Enabled",
            "Filter": {"Prefix": ""},
            "Expiration": {"Days": days},
            "AbortIncompleteMultipartUpload": wanted["AbortIncompleteMultipartUpload"],
        }
        yield Difference(
            what=f"bucket {name} does not remove payloads after {days} days",
            mend=lambda: cloud.call(
                "s3", "put_bucket_lifecycle_configuration", Bucket=name, LifecycleConfiguration={"Rules": [rule]}
            ),
        )


def _is_on(rule: dict[str, Any]) -> bool:
    return rule.get("Status") == "Enabled"


def _bucket_policy(cloud: Cloud, wanted: dict[str, Any]) -> Iterator[Difference]:
    name = wanted["Bucket"]
    found = cloud.call("s3", "get_bucket_policy", missing=("NoSuchBucketPolicy", *_NO_BUCKET), Bucket=name)
    sids = {item.get("Sid") for item in json.loads((found or {}).get("Policy", "{}")).get("Statement", ())}
    policy = wanted["PolicyDocument"]
    if not {item["Sid"] for item in policy["Statement"]} <= sids:
        yield Difference(
            what=f"bucket {name} takes unencrypted connections",
            mend=lambda: cloud.call("s3", "put_bucket_policy", Bucket=name, Policy=json.dumps(policy)),
        )


# -- the queues --------------------------------------------------------------------------------------------------------


def _queue(cloud: Cloud, wanted: dict[str, Any]) -> Iterator[Difference]:
    name = wanted["QueueName"]
    found = cloud.call("sqs", "get_queue_url", missing=_NO_QUEUE, QueueName=name)
    if found is None:
        yield Difference(what=f"queue {name} is not there")
        return
    url = found["QueueUrl"]
    standing = cloud.call("sqs", "get_queue_attributes", QueueUrl=url, AttributeNames=["All"])["Attributes"]
    simple = ("VisibilityTimeout", "MessageRetentionPeriod", "KmsMasterKeyId")
    needed = {key: str(wanted[key]) for key in simple if str(wanted[key]) != standing.get(key)}
    redrive = wanted.get("RedrivePolicy")
    if redrive and not _same_redrive(redrive, standing.get("RedrivePolicy", "{}")):
        needed["RedrivePolicy"] = json.dumps(redrive)
    if needed:
        yield Difference(
            what=f"queue {name}: {', '.join(sorted(needed))} differ",
            mend=lambda: cloud.call("sqs", "set_queue_attributes", QueueUrl=url, Attributes=needed),
        )


def _same_redrive(wanted: dict[str, Any], standing: str) -> bool:
    found = json.loads(standing)
    return all(str(found.get(key)) == str(value) for key, value in wanted.items())


# -- logs and alarms ---------------------------------------------------------------------------------------------------


def _logs(cloud: Cloud, wanted: list[dict[str, Any]]) -> Iterator[Difference]:
    prefix = "/aws/lambda/"
    standing = {
        item["logGroupName"]: item
        for item in cloud.each("logs", "describe_log_groups", "logGroups", logGroupNamePrefix=prefix)
    }
    for item in wanted:
        name, days, key = item["LogGroupName"], int(item["RetentionInDays"]), item["KmsKeyId"]
        found = standing.get(name)
        if found is None:
            yield Difference(
                what=f"log group {name} is not there",
                mend=lambda name=name, days=days, key=key: _make_log(cloud, name, days, key),  # type: ignore[misc]
            )
            continue
        if found.get("retentionInDays") != days:
            yield Difference(
                what=f"log group {name} is not kept for {days} days",
                mend=lambda name=name, days=days: cloud.call(  # type: ignore[misc]
                    "logs", "put_retention_policy", logGroupName=name, retentionInDays=days
                ),
            )


def _make_log(cloud: Cloud, name: str, days: int, key: str) -> None:
    cloud.call("logs", "create_log_group", logGroupName=name, kmsKeyId=key)
    cloud.call("logs", "put_retention_policy", logGroupName=name, retentionInDays=days)


def _alarms(cloud: Cloud, wanted: list[dict[str, Any]]) -> Iterator[Difference]:
    """Missing ones only: a threshold that somebody has moved is theirs."""
    names = [item["AlarmName"] for item in wanted]
    standing: set[str] = set()
    for start in range(0, len(names), 100):
        batch = names[start : start + 100]
        found = cloud.each("cloudwatch", "describe_alarms", "MetricAlarms", AlarmNames=batch)
        standing |= {item["AlarmName"] for item in found}
    for item in wanted:
        if item["AlarmName"] not in standing:
            yield Difference(
                what=f"alarm {item['AlarmName']} is not there",
                mend=lambda item=item: cloud.call("cloudwatch", "put_metric_alarm", **item),  # type: ignore[misc]
            )
