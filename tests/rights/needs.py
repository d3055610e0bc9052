"""What a call to AWS needs: its actions, their resources, and the condition keys that come with them.

From AWS's service authorization reference (2026-10): transactions and batches have no action of their own where the
single operation has one, `ListObjectsV2` needs ``s3:ListBucket``, and a secret's ARN ends in six characters.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.rights.evaluator import Request

Parameters = Mapping[str, Any]
_TRANSACTED = {"Put": "PutItem", "Delete": "DeleteItem", "Update": "UpdateItem", "ConditionCheck": "ConditionCheckItem"}
Context = tuple[tuple[str, tuple[str, ...]], ...]
LEADING_KEYS = "dynamodb:LeadingKeys"
SUFFIX = "-AbCdEf"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where calls go."""

    account: str
    region: str

    def arn(self, service: str, rest: str) -> str:
        """The ARN of a regional resource."""
        return f"arn:aws:{service}:{self.region}:{self.account}:{rest}"

    def request(self, action: str, resource: str, keys: frozenset[str] | None = None) -> Request:
        """A request in this account. ``keys``: DynamoDB's leading keys."""
        context: Context = (("aws:PrincipalAccount", (self.account,)), ("aws:ResourceAccount", (self.account,)))
        if keys is not None:
            context += ((LEADING_KEYS, tuple(sorted(keys))),)
        return Request(action=action, resource=resource, context=context)


def needs(place: Place, service: str, operation: str, parameters: Parameters) -> tuple[Request, ...]:
    """All that one call needs. Raises KeyError for an operation that we never made: say here what it needs."""
    return tuple(_NEEDS[service, operation](place, operation, parameters))


def _keys(items: Any) -> frozenset[str]:
    return frozenset(item["pk"]["S"] for item in items)


def _table(place: Place, name: str) -> str:
    return place.arn("dynamodb", f"table/{name}")


def _item(place: Place, operation: str, parameters: Parameters) -> Iterator[Request]:
    keys = _keys([parameters["Item"] if operation == "PutItem" else parameters["Key"]])
    yield place.request(f"dynamodb:{operation}", _table(place, parameters["TableName"]), keys)


def _batch(place: Place, operation: str, parameters: Parameters) -> Iterator[Request]:
    for name, wanted in parameters["RequestItems"].items():
        yield place.request(f"dynamodb:{operation}", _table(place, name), _keys(wanted["Keys"]))


def _query(place: Place, operation: str, parameters: Parameters) -> Iterator[Request]:
    keys = frozenset({parameters["ExpressionAttributeValues"][":pk"]["S"]})
    yield place.request(f"dynamodb:{operation}", _table(place, parameters["TableName"]), keys)


def _transaction(place: Place, operation: str, parameters: Parameters) -> Iterator[Request]:
    """One request for each kind of action, with the keys of all of its kind."""
    found: dict[tuple[str, str], set[str]] = {}
    for action in parameters["TransactItems"]:
        [(kind, change)] = action.items()
        item = change["Item"] if kind == "Put" else change["Key"]
        found.setdefault((_TRANSACTED[kind], change["TableName"]), set()).add(item["pk"]["S"])
    for (name, table), keys in found.items():
        yield place.request(f"dynamodb:{name}", _table(place, table), frozenset(keys))


def _queue(place: Place, operation: str, parameters: Parameters) -> Iterator[Request]:
    name = parameters.get("QueueName") or parameters["QueueUrl"].rpartition("/")[2]
    yield place.request(f"sqs:{operation.removesuffix('Batch')}", place.arn("sqs", name))


def _object(place: Place, operation: str, parameters: Parameters) -> Iterator[Request]:
    yield place.request(f"s3:{operation}", f"arn:aws:s3:::{parameters['Bucket']}/{parameters['Key']}")


def _bucket(place: Place, operation: str, parameters: Parameters) -> Iterator[Request]:
    yield place.request("s3:ListBucket", f"arn:aws:s3:::{parameters['Bucket']}")


def _secret(place: Place, operation: str, parameters: Parameters) -> Iterator[Request]:
    name = parameters.get("SecretId") or parameters["Name"]
    yield place.request(f"secretsmanager:{operation}", place.arn("secretsmanager", f"secret:{name}{SUFFIX}"))


_NEEDS: Mapping[tuple[str, str], Callable[[Place, str, Parameters], Iterator[Request]]] = {
    ("dynamodb", "BatchGetItem"): _batch,
    ("dynamodb", "DeleteItem"): _item,
    ("dynamodb", "GetItem"): _item,
    ("dynamodb", "PutItem"): _item,
    ("dynamodb", "Query"): _query,
    ("dynamodb", "TransactWriteItems"): _transaction,
    ("s3", "DeleteObject"): _object,
    ("s3", "GetObject"): _object,
    ("s3", "ListObjectsV2"): _bucket,
    ("s3", "PutObject"): _object,
    ("secretsmanager", "CreateSecret"): _secret,
    ("secretsmanager", "GetSecretValue"): _secret,
    ("secretsmanager", "PutSecretValue"): _secret,
    ("sqs", "ChangeMessageVisibility"): _queue,
    ("sqs", "DeleteMessage"): _queue,
    ("sqs", "DeleteMessageBatch"): _queue,
    ("sqs", "GetQueueAttributes"): _queue,
    ("sqs", "GetQueueUrl"): _queue,
    ("sqs", "ReceiveMessage"): _queue,
    ("sqs", "SendMessage"): _queue,
    ("sqs", "SendMessageBatch"): _queue,
}
