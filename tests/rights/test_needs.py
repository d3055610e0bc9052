"""What calls need, by AWS's rules, and whose calls they are."""

from __future__ import annotations

from typing import Any

import pytest

from tests.rights.needs import LEADING_KEYS, Place, needs
from tests.rights.policies import PLACE

TABLE = PLACE.arn("dynamodb", "table/t")


def asked(service: str, operation: str, **parameters: Any) -> list[tuple[str, str, tuple[str, ...]]]:
    found = needs(PLACE, service, operation, parameters)
    return [(item.action, item.resource, item.values(LEADING_KEYS)) for item in found]


def key(pk: str) -> dict[str, Any]:
    return {"pk": {"S": pk}, "sk": {"S": "x"}}


def test_items_need_their_partition() -> None:
    assert asked("dynamodb", "GetItem", TableName="t", Key=key("a")) == [("dynamodb:GetItem", TABLE, ("a",))]
    assert asked("dynamodb", "PutItem", TableName="t", Item={**key("a"), "doc": {"S": ""}}) == [
        ("dynamodb:PutItem", TABLE, ("a",))
    ]
    batch = {"t": {"Keys": [key("b"), key("a"), key("a")]}}
    assert asked("dynamodb", "BatchGetItem", RequestItems=batch) == [("dynamodb:BatchGetItem", TABLE, ("a", "b"))]
    values = {":pk": {"S": "a"}}
    assert asked("dynamodb", "Query", TableName="t", ExpressionAttributeValues=values) == [
        ("dynamodb:Query", TABLE, ("a",))
    ]


def test_a_transaction_needs_what_its_actions_need() -> None:
    actions = [
        {"Put": {"TableName": "t", "Item": key("a")}},
        {"Put": {"TableName": "t", "Item": key("b")}},
        {"Delete": {"TableName": "t", "Key": key("c")}},
        {"ConditionCheck": {"TableName": "t", "Key": key("d")}},
    ]
    assert asked("dynamodb", "TransactWriteItems", TransactItems=actions) == [
        ("dynamodb:PutItem", TABLE, ("a", "b")),
        ("dynamodb:DeleteItem", TABLE, ("c",)),
        ("dynamodb:ConditionCheckItem", TABLE, ("d",)),
    ]


def test_batches_of_messages_need_what_one_needs() -> None:
    queue = PLACE.arn("sqs", "q.fifo")
    address = f"https://sqs.{PLACE.region}.amazonaws.com/{PLACE.account}/q.fifo"
    assert asked("sqs", "SendMessageBatch", QueueUrl=address) == [("sqs:SendMessage", queue, ())]
    assert asked("sqs", "DeleteMessageBatch", QueueUrl=address) == [("sqs:DeleteMessage", queue, ())]
    assert asked("sqs", "GetQueueUrl", QueueName="q.fifo") == [("sqs:GetQueueUrl", queue, ())]


def test_objects_lists_and_secrets() -> None:
    assert asked("s3", "PutObject", Bucket="b", Key="k/1") == [("s3:PutObject", "arn:aws:s3:::b/k/1", ())]
    assert asked("s3", "ListObjectsV2", Bucket="b") == [("s3:ListBucket", "arn:aws:s3:::b", ())]
    [(action, resource, _)] = asked("secretsmanager", "GetSecretValue", SecretId="careloop/dev/verify/x")
    assert action == "secretsmanager:GetSecretValue"
    assert resource.startswith(PLACE.arn("secretsmanager", "secret:careloop/dev/verify/x-"))


def test_an_operation_that_is_new_must_be_told() -> None:
    with pytest.raises(KeyError):
        needs(PLACE, "dynamodb", "Scan", {"TableName": "t"})


def test_a_request_tells_whose_account_it_is() -> None:
    [request] = needs(Place(account="1", region="r"), "s3", "GetObject", {"Bucket": "b", "Key": "k"})
    assert request.values("aws:ResourceAccount") == request.values("aws:PrincipalAccount") == ("1",)
