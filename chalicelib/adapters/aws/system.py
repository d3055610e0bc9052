"""All that Careloop keeps, in one stage's AWS resources."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from chalicelib.adapters.aws.archive import S3Archive
from chalicelib.adapters.aws.clients import AwsClients
from chalicelib.adapters.aws.dynamodb import DynamoTable
from chalicelib.adapters.aws.queues import SqsQueue
from chalicelib.adapters.aws.secrets import SecretsManagerStore
from chalicelib.adapters.records.places import RecordSessions
from chalicelib.adapters.records.stores import RecordStores
from chalicelib.ports.services import Clock


class Resources(Protocol):
    """The names of a stage's resources, as the settings have them."""

    @property
    def table(self) -> str: ...
    @property
    def inbound_queue(self) -> str: ...
    @property
    def outbound_queue(self) -> str: ...
    @property
    def jobs_queue(self) -> str: ...
    @property
    def dead_letters_queue(self) -> str: ...
    @property
    def archive_bucket(self) -> str: ...
    @property
    def secrets_prefix(self) -> str: ...
    @property
    def archive_days(self) -> int: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class AwsSystem:
    """State in AWS. ``queues`` are "inbound", "outbound" and "jobs"; what they gave up on is in one queue."""

    stores: RecordStores
    queues: Mapping[str, SqsQueue]
    dead_letters: Mapping[str, SqsQueue]
    archive: S3Archive
    secrets: SecretsManagerStore

    @property
    def sessions(self) -> RecordSessions:
        """Rotating logins."""
        return self.stores.sessions


class _LazyClient:
    """A service's client, made when it is first used: the public function needs neither all of them nor at once."""

    def __init__(self, clients: AwsClients, service: str) -> None:
        self._clients = clients
        self._service = service

    def __getattr__(self, name: str) -> object:
        return getattr(self._clients.client(self._service), name)


def open_aws(resources: Resources, clock: Clock, clients: AwsClients | None = None) -> AwsSystem:
    """The state in the resources that `resources` names. Does no I/O."""
    clients = clients or AwsClients()
    sqs = _LazyClient(clients, "sqs")
    names = {
        "inbound": resources.inbound_queue,
        "outbound": resources.outbound_queue,
        "jobs": resources.jobs_queue,
    }
    table = DynamoTable(_LazyClient(clients, "dynamodb"), resources.table, clock)
    keep_for = timedelta(days=resources.archive_days)
    return AwsSystem(
        stores=RecordStores(table, clock),
        queues={name: SqsQueue(sqs, queue) for name, queue in names.items()},
        dead_letters={"all": SqsQueue(sqs, resources.dead_letters_queue)} if resources.dead_letters_queue else {},
        archive=S3Archive(_LazyClient(clients, "s3"), resources.archive_bucket, clock, keep_for=keep_for),
        secrets=SecretsManagerStore(_LazyClient(clients, "secretsmanager"), resources.secrets_prefix, clock),
    )
