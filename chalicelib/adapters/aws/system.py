"""All that Careloop keeps, in one stage's AWS resources."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from chalicelib.adapters.aws.archive import S3Archive
from chalicelib.adapters.aws.dynamodb import DynamoTable
from chalicelib.adapters.aws.lazy import Clients, LazyClient, Resources
from chalicelib.adapters.aws.queues import SqsQueue
from chalicelib.adapters.aws.secrets import SecretsManagerStore
from chalicelib.adapters.records.places import RecordSessions
from chalicelib.adapters.records.stores import RecordStores
from chalicelib.ports.services import Clock


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


def open_aws(resources: Resources, clock: Clock, clients: Clients | None = None) -> AwsSystem:
    """The state in the resources that `resources` names. Does no I/O."""
    if clients is None:
        from chalicelib.adapters.aws.clients import AwsClients

        clients = AwsClients()
    sqs = LazyClient(clients, "sqs")
    names = {
        "inbound": resources.inbound_queue,
        "outbound": resources.outbound_queue,
        "jobs": resources.jobs_queue,
    }
    table = DynamoTable(LazyClient(clients, "dynamodb"), resources.table, clock)
    keep_for = timedelta(days=resources.archive_days)
    return AwsSystem(
        stores=RecordStores(table, clock),
        queues={name: SqsQueue(sqs, queue) for name, queue in names.items()},
        dead_letters={"all": SqsQueue(sqs, resources.dead_letters_queue)} if resources.dead_letters_queue else {},
        archive=S3Archive(LazyClient(clients, "s3"), resources.archive_bucket, clock, keep_for=keep_for),
        secrets=SecretsManagerStore(
            LazyClient(clients, "secretsmanager"), resources.secrets_prefix, clock, key=resources.secrets_key
        ),
    )
