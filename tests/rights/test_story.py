"""The story under exactly the policies: nothing is refused, nothing is granted in vain, and it ends as it does locally.

`python -m tests.rights` does the same with the whole functional suite, and without each statement for real.
"""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from careloop.deploying.policies import rendered as render
from tests.fakes.clock import FrozenClock
from tests.rights.emulator import Cloud, as_moto_reads_it
from tests.rights.family import SETTINGS, Judge, role_clients
from tests.rights.flows import Outcome, Story, told_under
from tests.rights.policies import PLACE, ROOT, by_lambda, rendered
from tests.rights.proof import Grant, grants, missing, superfluous, used


@pytest.fixture(scope="module")
def told() -> tuple[Outcome, Judge]:
    return told_under(rendered())


def test_nothing_is_refused(told: tuple[Outcome, Judge]) -> None:
    _, judge = told
    assert dict(judge.refused) == {}
    assert {identity for identity, _ in judge.made} >= set(rendered())


def test_it_ends_as_it_does_where_everything_is_allowed(told: tuple[Outcome, Judge]) -> None:
    here, there = told[0], Story().tell()
    for name in ("customers", "answers", "parked", "alarms", "left"):
        assert getattr(here, name) == getattr(there, name), name
    assert here.answers[-1] == "Look under the mat."


def test_every_grant_is_used(told: tuple[Outcome, Judge]) -> None:
    unused = [grant for grant, times in used(rendered(), told[1].made).items() if not times]
    assert {grant.action for grant in unused} == by_lambda()
    assert [grant for grant in unused if grant.action not in by_lambda()] == []


def test_without_any_of_them_a_call_is_refused(told: tuple[Outcome, Judge]) -> None:
    assert {grant.action for grant in superfluous(rendered(), told[1].made)} == by_lambda()


def test_it_is_allowed_before_account_and_region_are_known(told: tuple[Outcome, Judge]) -> None:
    assert missing(rendered(None, None), told[1].made) == []


def test_the_other_stage_and_another_account_are_out_of_reach(told: tuple[Outcome, Judge]) -> None:
    calls = told[1].made
    functions = {identity for identity, _ in calls} & set(rendered())
    for policies in (
        render("prod", PLACE.account, PLACE.region, folder=ROOT),
        render("dev", "999999999999", PLACE.region, folder=ROOT),
        render("dev", PLACE.account, "us-east-1", folder=ROOT),
    ):
        regional = [key for key in calls if key[0] in functions and not key[1].action.startswith("s3:")]
        refused = {line.partition(" on ")[0] for line in missing(policies, calls)}
        assert {f"{identity}: {request.action}" for identity, request in regional} <= refused


def test_a_grant_that_nobody_needs_is_found(told: tuple[Outcome, Judge]) -> None:
    policies = rendered()
    policies["poll"]["Statement"].append(
        {"Sid": "Spy", "Effect": "Allow", "Action": ["s3:GetObject"], "Resource": ["arn:aws:s3:::b/*"]}
    )
    spy = Grant(function="poll", sid="Spy", action="s3:GetObject", resource="arn:aws:s3:::b/*")
    assert spy in [grant for grant, _ in grants(policies)]
    assert used(policies, told[1].made)[spy] == 0
    assert spy in superfluous(policies, told[1].made)


NOT_ALLOWED: dict[str, tuple[str, str, str, dict[str, Any]]] = {
    "a worker's verification secret": (
        "inbound",
        "secretsmanager",
        "get_secret_value",
        {"SecretId": "careloop/dev/verify/a"},
    ),
    "the public function's tokens": (
        "api_handler",
        "secretsmanager",
        "get_secret_value",
        {"SecretId": "careloop/dev/call/a"},
    ),
    "the public function's writing": (
        "api_handler",
        "dynamodb",
        "put_item",
        {"TableName": SETTINGS.table, "Item": {"pk": {"S": "directory"}, "sk": {"S": "a"}}},
    ),
    "another table": (
        "jobs",
        "dynamodb",
        "get_item",
        {"TableName": "careloop-prod", "Key": {"pk": {"S": "a"}, "sk": {"S": "a"}}},
    ),
    "the archive": ("jobs", "s3", "get_object", {"Bucket": SETTINGS.archive_bucket, "Key": "a"}),
    "another's queue": (
        "poll",
        "sqs",
        "send_message",
        {
            "QueueUrl": f"https://sqs.{PLACE.region}.amazonaws.com/{PLACE.account}/{SETTINGS.inbound_queue}",
            "MessageBody": "a",
        },
    ),
}


def test_moto_refuses_by_itself() -> None:
    """The second judge, with ours looking away."""
    with Cloud(rendered()) as cloud, cloud.stage(FrozenClock()):
        for name, (identity, service, operation, arguments) in NOT_ALLOWED.items():
            clients = role_clients()[identity]
            clients.judge = Judge()
            with pytest.raises(ClientError) as refused:
                getattr(clients.client(service), operation)(**arguments)
            assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403, name


def test_ours_refuses_what_moto_cannot_see() -> None:
    """Leading keys: moto knows no condition."""
    outside: dict[str, Any] = {"TableName": SETTINGS.table, "Key": {"pk": {"S": "session|x"}, "sk": {"S": "session"}}}
    with Cloud(rendered()) as cloud, cloud.stage(FrozenClock()):
        clients = role_clients()["api_handler"]
        clients.judge = Judge()
        assert "Item" not in clients.client("dynamodb").get_item(**outside)
        clients.judge = Judge(policies=rendered())
        with pytest.raises(ClientError, match="api_handler may not dynamodb:GetItem"):
            clients.client("dynamodb").get_item(**outside)
        assert sum(clients.judge.refused.values()) == 1


def test_moto_is_told_the_names_that_it_checks() -> None:
    statement = {
        "Sid": "S",
        "Effect": "Allow",
        "Action": ["sqs:SendMessage"],
        "Resource": ["q"],
        "Condition": {"a": {}},
    }
    [read] = as_moto_reads_it({"Version": "2012-10-17", "Statement": [statement]})["Statement"]
    assert read == {
        "Sid": "S",
        "Effect": "Allow",
        "Action": ["sqs:SendMessage", "sqs:SendMessageBatch"],
        "Resource": ["q"],
    }
