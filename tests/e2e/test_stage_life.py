"""A stage's state from nothing to nothing: looked at, made, spoiled by hand, mended, put out of service with its data, taken
back into service, and removed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.functional.deployed import Site, site
from tests.functional.test_deploying import ARCHIVE, careloop, check_protected, spoil

pytestmark = [pytest.mark.filterwarnings(f"ignore:{words}") for words in ("Tried to parse", "Unable to delete")]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Site]:
    with site(tmp_path / "project") as found:
        yield found


def test_a_stage_from_nothing_to_nothing(place: Site) -> None:
    shown = careloop(place, "provision", "--dry-run")
    assert "Add │ Table │ AWS::DynamoDB::Table" in shown
    assert "Nothing was changed." in shown
    assert place.client("cloudformation").describe_stacks()["Stacks"] == []

    assert "Nothing was changed." in careloop(place, "provision", input="n\n", code=1)
    made = careloop(place, "provision", "--yes", "--alarm-email", "ops@acme.example")
    assert "careloop-dev-archive-123456789012: commit it" in made
    check_protected(place)
    assert place.tools.project.stage("dev").environment["CARELOOP_ARCHIVE_BUCKET"] == ARCHIVE

    again = careloop(place, "provision", "--yes")
    assert "no changes" in again
    assert "Every resource is as the template says" in again
    assert alarm_email(place) == "ops@acme.example"

    spoil(place)
    assert "would be set" in careloop(place, "provision", "--dry-run")
    careloop(place, "provision", "--yes")
    check_protected(place)

    write_something(place)
    careloop(place, "destroy", "--stage", "dev", "--confirm", "dev")
    assert place.client("cloudwatch").describe_alarms()["MetricAlarms"] == []
    assert place.client("dynamodb").scan(TableName="careloop-dev")["Count"] == 1
    careloop(place, "provision", "--yes")
    check_protected(place)
    assert place.client("dynamodb").scan(TableName="careloop-dev")["Count"] == 1

    careloop(place, "destroy", "--stage", "dev", "--with-data", "--confirm", "dev", code=1)
    careloop(place, "destroy", "--stage", "dev", "--with-data", input="dev\nprod\n", code=1)
    assert place.client("dynamodb").list_tables()["TableNames"] == ["careloop-dev"]
    gone = careloop(place, "destroy", "--stage", "dev", "--with-data", input="dev\ndev\n")
    assert "Nothing of stage dev is left." in gone
    check_gone(place)
    assert "Nothing of stage dev is left." in careloop(
        place, "destroy", "--stage", "dev", "--with-data", "--confirm", "dev", "--confirm-data", "dev"
    )


def alarm_email(place: Site) -> str:
    [stack] = place.client("cloudformation").describe_stacks()["Stacks"]
    return {item["ParameterKey"]: str(item["ParameterValue"]) for item in stack["Parameters"]}["AlarmEmail"]


def write_something(place: Site) -> None:
    place.client("dynamodb").put_item(TableName="careloop-dev", Item={"pk": {"S": "a"}, "sk": {"S": "b"}})
    place.client("s3").put_object(Bucket=ARCHIVE, Key="2026/11/22/a", Body=b"x")
    place.client("secretsmanager").create_secret(Name="careloop/dev/call/crm/directory/x", SecretString="{}")


def check_gone(place: Site) -> None:
    assert place.client("dynamodb").list_tables()["TableNames"] == []
    assert place.client("s3").list_buckets()["Buckets"] == []
    assert place.client("sqs").list_queues().get("QueueUrls", []) == []
    assert place.client("secretsmanager").list_secrets()["SecretList"] == []
    assert place.client("logs").describe_log_groups()["logGroups"] == []
    assert place.client("cloudwatch").describe_alarms()["MetricAlarms"] == []
    assert place.client("cloudformation").describe_stacks()["Stacks"] == []
    [key] = place.client("kms").list_keys()["Keys"]
    assert place.client("kms").describe_key(KeyId=key["KeyId"])["KeyMetadata"]["KeyState"] == "PendingDeletion"
