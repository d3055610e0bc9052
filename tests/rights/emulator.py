"""AWS in process (moto 5.2.5) with its IAM enforcement on, and a role for each function.

What moto checks by itself: signatures, the action, and of the resource that of SQS queues and S3 objects. What it lacks:

- It checks the operation's name where AWS checks another action (`TransactWriteItems`, `SendMessageBatch`), so those names
  are added where the actions are granted that AWS asks for.
- It does not know which table or secret is meant: told here.
- It takes every condition for unmet: left out here. `tests.rights.evaluator` judges them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

from chalicelib.core.patience import RECEIVES
from chalicelib.ports.services import Clock
from tests.contracts.families import moto_on
from tests.rights.callers import OPERATOR
from tests.rights.evaluator import Document
from tests.rights.family import SERVICES, SETTINGS, Judge, role_clients
from tests.rights.policies import PLACE

_ALSO = {
    "sqs:SendMessage": ("sqs:SendMessageBatch",),
    "sqs:DeleteMessage": ("sqs:DeleteMessageBatch",),
    "dynamodb:PutItem": ("dynamodb:TransactWriteItems",),
    "dynamodb:DeleteItem": ("dynamodb:TransactWriteItems",),
    "dynamodb:ConditionCheckItem": ("dynamodb:TransactWriteItems",),
}
ALL = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["*"], "Resource": ["*"]}]}
_TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}


def as_moto_reads_it(document: Document) -> dict[str, Any]:
    """A policy without what moto can't judge, and with its names for operations."""
    statements = []
    for statement in document["Statement"]:
        actions = [*statement["Action"], *(name for action in statement["Action"] for name in _ALSO.get(action, ()))]
        statements.append({**statement, "Action": list(dict.fromkeys(actions))})
        statements[-1].pop("Condition", None)
    return {**document, "Statement": statements}


class Cloud:
    """An account with a role for each function; the operator may do all. Used as a context: making it takes a second."""

    def __init__(self, policies: Mapping[str, Document]) -> None:
        self._policies = policies
        self._open = ExitStack()

    def __enter__(self) -> Cloud:
        import moto

        self._open.enter_context(moto.mock_aws())
        self._open.enter_context(_told_resources())
        _make_roles(self._policies)
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    @contextmanager
    def stage(self, clock: Clock) -> Iterator[None]:
        """An empty stage; in it every call is checked against its identity's policy."""
        from moto.backends import get_backend
        from moto.core import enable_iam_authentication

        for service in SERVICES:
            for backends in get_backend(service).values():  # type: ignore[call-overload]
                for backend in backends.values():
                    backend.reset()
        with moto_on(clock), enable_iam_authentication():
            _make_resources()
            yield


def _make_roles(policies: Mapping[str, Document]) -> None:
    from botocore.session import Session

    session = Session()
    session.set_credentials("testing", "testing")
    iam: Any = session.create_client("iam", region_name=PLACE.region)
    sts: Any = session.create_client("sts", region_name=PLACE.region)
    for identity, clients in role_clients().items():
        policy = as_moto_reads_it(policies[identity]) if identity in policies else ALL
        name = f"careloop-{SETTINGS.stage}-{identity}"
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(_TRUST))
        iam.put_role_policy(RoleName=name, PolicyName=name, PolicyDocument=json.dumps(policy))
        arn = f"arn:aws:iam::{PLACE.account}:role/{name}"
        clients.take_keys(sts.assume_role(RoleArn=arn, RoleSessionName="test")["Credentials"])


def _make_resources() -> None:
    """As `infra/stack.yaml` names them."""
    clients = role_clients()[OPERATOR]
    judge, clients.judge = clients.judge, _Blind()
    dynamodb, sqs, s3, _ = (clients.client(name) for name in SERVICES)
    dynamodb.create_table(
        TableName=SETTINGS.table,
        AttributeDefinitions=[{"AttributeName": part, "AttributeType": "S"} for part in ("pk", "sk")],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        BillingMode="PAY_PER_REQUEST",
    )
    fifo = {"FifoQueue": "true", "VisibilityTimeout": "60"}
    sqs.create_queue(QueueName=SETTINGS.dead_letters_queue, Attributes=fifo)
    arn = PLACE.arn("sqs", SETTINGS.dead_letters_queue)
    redrive = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": RECEIVES})
    for name in (SETTINGS.inbound_queue, SETTINGS.outbound_queue, SETTINGS.jobs_queue):
        sqs.create_queue(QueueName=name, Attributes={**fifo, "RedrivePolicy": redrive})
    s3.create_bucket(Bucket=SETTINGS.archive_bucket, CreateBucketConfiguration={"LocationConstraint": PLACE.region})
    clients.judge = judge


class _Blind(Judge):
    """Looks away while the stage is made."""

    def look(self, *_: Any) -> None:
        """Whatever it is."""


@contextmanager
def _told_resources() -> Iterator[None]:
    """Tell moto the resource of each request, where it does not find out by itself."""
    from moto.dynamodb.responses import DynamoHandler
    from moto.secretsmanager.responses import SecretsManagerResponse
    from moto.sqs.responses import SQSResponse

    def table(self: Any) -> str:
        body = json.loads(self.raw_body)
        names = {body["TableName"]} if "TableName" in body else set(body.get("RequestItems", ()))
        names |= {change["TableName"] for item in body.get("TransactItems", ()) for change in item.values()}
        return PLACE.arn("dynamodb", f"table/{names.pop()}") if len(names) == 1 else "*"

    def secret(self: Any) -> str:
        body = json.loads(self.raw_body)
        name = body.get("SecretId") or body["Name"]
        return PLACE.arn("secretsmanager", f"secret:{name}-AbCdEf")

    def queue(self: Any) -> str:
        body = json.loads(self.raw_body)
        name = body.get("QueueName") or body["QueueUrl"].rpartition("/")[2]
        return PLACE.arn("sqs", name)

    places: tuple[tuple[Any, Any], ...] = (
        (DynamoHandler, table),
        (SecretsManagerResponse, secret),
        (SQSResponse, queue),
    )
    before = [kind.__dict__.get("_determine_resource") for kind, _ in places]
    for kind, told in places:
        kind._determine_resource = told
    try:
        yield
    finally:
        for (kind, _), old in zip(places, before, strict=True):
            if old is None:
                del kind._determine_resource
            else:
                kind._determine_resource = old
