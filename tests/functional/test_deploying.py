"""Provisioning, binding, mending and destroying a stage, against moto in this process and scripted answers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from careloop.cli.main import main
from tests.functional.deployed import Site, site

pytestmark = [pytest.mark.filterwarnings(f"ignore:{words}") for words in ("Tried to parse", "Unable to delete")]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Site]:
    with site(tmp_path / "project") as found:
        yield found


def careloop(place: Site, *arguments: str, input: str = "", code: int = 0) -> str:
    result: Result = CliRunner().invoke(main, arguments, obj=place.tools, input=input)
    assert result.exit_code == code, (result.output, result.exception)
    return " ".join(result.output.split())


# -- queues and functions ------------------------------------------------------------------------------------------------


def make_functions(place: Site) -> None:
    """What a deploy left that stopped before it wrote its record: functions and mappings."""
    place.make_queues()
    role = place.client("iam").create_role(RoleName="careloop-dev-inbound", AssumeRolePolicyDocument="{}")
    for name in ("inbound", "outbound", "jobs", "dead_letters"):
        make_function(place, f"careloop-dev-{name}", role["Role"]["Arn"])
        take_from(place, name.replace("_", "-"), f"careloop-dev-{name}")


def make_function(place: Site, name: str, role: str) -> None:
    place.client("lambda").create_function(
        FunctionName=name, Role=role, Runtime="python3.11", Handler="a.b", Code={"ZipFile": b"x"}
    )


def take_from(place: Site, queue: str, function: str) -> None:
    arn = f"arn:aws:sqs:eu-central-1:123456789012:careloop-dev-{queue}.fifo"
    place.client("lambda").create_event_source_mapping(EventSourceArn=arn, FunctionName=function, BatchSize=1)


def test_what_a_stopped_deploy_left_is_adopted_and_bound(place: Site) -> None:
    make_functions(place)

    assert "4 event source mappings stand" in careloop(place, "bind", "--before")

    known = {item["name"]: item for item in place.record()}
    assert {item["event_uuid"] for item in known.values() if item["resource_type"] == "sqs_event"} == {
        item["UUID"] for item in place.mappings()
    }
    assert known["inbound_role"]["role_name"] == "careloop-dev-inbound"
    assert known["jobs"]["lambda_arn"].endswith(":function:careloop-dev-jobs")
    assert "set" in careloop(place, "bind", "--concurrency", "inbound=20")
    said = careloop(place, "bind")
    assert "as it was" in said
    assert " set " not in said
    for item, workers in zip(place.mappings(), (20, 10, 5, 2), strict=True):
        assert item["BatchSize"] == 10
        assert item["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
        assert item["ScalingConfig"]["MaximumConcurrency"] == workers


def test_a_record_that_was_half_written_is_made_anew(place: Site) -> None:
    make_functions(place)
    record = place.tools.project.record("dev")
    record.parent.mkdir(parents=True)
    record.write_text('{"resources": [{"name": "inbo')
    careloop(place, "bind", "--before")
    careloop(place, "bind")

    other = {"name": "more", "resource_type": "s3_event", "bucket": "b"}
    record.write_text(
        json.dumps({"resources": [other, {"name": "jobs-sqs-event-source", "resource_type": "sqs_event"}]})
    )
    careloop(place, "bind", "--before")

    assert other in place.record()
    assert len([item for item in place.record() if item["resource_type"] == "sqs_event"]) == 4


def test_a_mapping_of_a_function_that_is_no_more_is_removed(place: Site) -> None:
    make_functions(place)
    make_function(place, "careloop-dev-old", "arn:aws:iam::123456789012:role/careloop-dev-inbound")
    take_from(place, "inbound", "careloop-dev-old")

    assert "also feeds careloop-dev-old" in careloop(place, "bind", code=1)
    place.client("lambda").delete_function(FunctionName="careloop-dev-old")
    careloop(place, "bind")
    assert len(place.mappings()) == 4

    place.client("lambda").delete_function(FunctionName="careloop-dev-jobs")
    assert "3 event source mappings stand" in careloop(place, "bind", "--before")
    assert "careloop-dev-jobs does not take from careloop-dev-jobs.fifo yet: chalice deploy" in careloop(
        place, "bind", code=1
    )


def test_nobody_takes_from_a_queue_after_delete(place: Site) -> None:
    make_functions(place)
    careloop(place, "bind")

    assert "4 event source mappings removed" in careloop(place, "bind", "--delete")
    assert place.mappings() == []
    assert "0 event source mappings removed" in careloop(place, "bind", "--delete")
    assert careloop(place, "bind", "--delete", "--before", code=2)


# -- provisioning ------------------------------------------------------------------------------------------------------


def test_what_was_switched_off_is_found_and_set_again(place: Site) -> None:
    """The whole life of a stage: tests/e2e/test_stage_life.py."""
    made = careloop(place, "provision", "--yes")
    assert "careloop-dev-archive-123456789012: commit it" in made
    assert place.tools.project.stage("dev").environment["CARELOOP_ARCHIVE_BUCKET"] == ARCHIVE
    check_protected(place)

    spoil(place)
    again = careloop(place, "provision", "--yes")

    assert "no changes" in again
    for words in ("time to live is off", "point-in-time recovery is off", "does not block public access"):
        assert words in again
    assert "careloop-dev-jobs.fifo: RedrivePolicy differ" in again
    check_protected(place)


ARCHIVE = "careloop-dev-archive-123456789012"


def check_protected(place: Site) -> None:
    """What counts, asked of the resources."""
    table, s3, sqs = place.client("dynamodb"), place.client("s3"), place.client("sqs")
    found = table.describe_time_to_live(TableName="careloop-dev")["TimeToLiveDescription"]
    assert (found["TimeToLiveStatus"], found["AttributeName"]) == ("ENABLED", "expires_at")
    backups = table.describe_continuous_backups(TableName="careloop-dev")["ContinuousBackupsDescription"]
    assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"
    key = place.client("kms").describe_key(KeyId="alias/careloop-dev")["KeyMetadata"]["Arn"]
    assert table.describe_table(TableName="careloop-dev")["Table"]["SSEDescription"]["KMSMasterKeyArn"] == key
    block = s3.get_public_access_block(Bucket=ARCHIVE)["PublicAccessBlockConfiguration"]
    assert set(block.values()) == {True}
    [rule] = s3.get_bucket_lifecycle_configuration(Bucket=ARCHIVE)["Rules"]
    assert rule["Expiration"]["Days"] == 30
    assert "aws:SecureTransport" in s3.get_bucket_policy(Bucket=ARCHIVE)["Policy"]
    for queue in ("inbound", "outbound", "jobs"):
        url = sqs.get_queue_url(QueueName=f"careloop-dev-{queue}.fifo")["QueueUrl"]
        given = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        redrive = json.loads(given["RedrivePolicy"])
        assert redrive["deadLetterTargetArn"].endswith(":careloop-dev-dead-letters.fifo")
        assert int(redrive["maxReceiveCount"]) == 50
        assert given["KmsMasterKeyId"] == key
    groups = place.client("logs").describe_log_groups()["logGroups"]
    assert {item["retentionInDays"] for item in groups} == {30}
    assert len(groups) == 7
    alarms = place.client("cloudwatch").describe_alarms()["MetricAlarms"]
    described = [item["AlarmDescription"] for item in alarms]
    assert len(described) >= 15
    assert all("docs/runbook.md#" in text for text in described)


def spoil(place: Site) -> None:
    """Somebody switches off by hand what protects."""
    table = place.client("dynamodb")
    table.update_time_to_live(
        TableName="careloop-dev", TimeToLiveSpecification={"Enabled": False, "AttributeName": "expires_at"}
    )
    table.update_continuous_backups(
        TableName="careloop-dev", PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": False}
    )
    place.client("s3").delete_public_access_block(Bucket=ARCHIVE)
    place.client("cloudwatch").delete_alarms(AlarmNames=["careloop-dev-inbound-late"])
    url = place.client("sqs").get_queue_url(QueueName="careloop-dev-jobs.fifo")["QueueUrl"]
    place.client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"RedrivePolicy": ""})
    place.client("logs").delete_log_group(logGroupName="/aws/lambda/careloop-dev-poll")


def test_what_is_in_the_way_is_named(place: Site) -> None:
    place.client("logs").create_log_group(logGroupName="/aws/lambda/careloop-dev-inbound")
    said = careloop(place, "provision", "--yes", code=1)
    assert "--replace-logs" in said
    assert place.client("cloudformation").describe_stacks()["Stacks"] == []
    place.make_queues()
    said = careloop(place, "provision", "--yes", "--replace-logs", code=1)
    assert "there already, and not of stack careloop-dev: queue careloop-dev-dead-letters.fifo" in said
    for url in place.client("sqs").list_queues()["QueueUrls"]:
        place.client("sqs").delete_queue(QueueUrl=url)
    careloop(place, "provision", "--yes", "--replace-logs")
    check_protected(place)


def test_a_stage_is_added_when_the_operator_wants_it(place: Site) -> None:
    assert "offers to add it" in careloop(place, "provision", "--stage", "test", "--yes", code=1)
    careloop(place, "provision", "--stage", "test", input="n\n", code=1)
    assert "test" not in place.tools.project.stages()
    assert "no stage's name" in careloop(place, "bind", "--stage", "Test", code=1)

    careloop(place, "provision", "--stage", "test", input="y\ny\ny\n")

    stage = place.tools.project.stage("test")
    assert stage.environment["CARELOOP_STAGE"] == "test"
    assert stage.environment["CARELOOP_ARCHIVE_BUCKET"] == "careloop-test-archive-123456789012"
    assert stage.functions == place.tools.project.stage("dev").functions
    assert "careloop-test" in place.client("dynamodb").list_tables()["TableNames"]


def test_parameters_and_names_that_do_not_fit_are_refused(place: Site) -> None:
    assert "no parameter Nonsense" in careloop(place, "provision", "--parameter", "Nonsense=1", code=1)
    said = careloop(place, "provision", "--parameter", "ArchiveDays=60", code=1)
    assert "set by .chalice/config.json" in said
    place.tools.project.write_variables("dev", {"CARELOOP_TABLE": "elsewhere"})
    assert "CARELOOP_TABLE of stage dev is elsewhere, the template makes careloop-dev" in careloop(
        place, "provision", code=1
    )
    for wrong in ("inbound=1", "inbound=1001", "inbound=x", "poll=5"):
        assert "--concurrency" in careloop(place, "bind", "--concurrency", wrong, code=1)
