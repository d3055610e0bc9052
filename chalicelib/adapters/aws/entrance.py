"""As much of a stage's AWS resources as the public function uses: the directory, the queues' sending side, the archive,
verification secrets. Importing all stores would double its cold start."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from chalicelib.adapters.aws.archive import S3Archive
from chalicelib.adapters.aws.dynamodb import DynamoTable
from chalicelib.adapters.aws.lazy import Clients, LazyClient, Resources
from chalicelib.adapters.aws.queues import SqsQueue
from chalicelib.adapters.aws.secrets import SecretsManagerStore
from chalicelib.adapters.records.directory import RecordDirectory
from chalicelib.ports.services import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class AwsEntrance:
    """``queues`` are "inbound", "outbound" and "jobs"."""

    directory: RecordDirectory
    queues: Mapping[str, SqsQueue]
    archive: S3Archive
    secrets: SecretsManagerStore


def open_entrance(resources: Resources, clock: Clock, clients: Clients) -> AwsEntrance:
    """The entrance to the resources that `resources` names. Does no I/O."""
    sqs = LazyClient(clients, "sqs")
    names = {
        "inbound": resources.inbound_queue,
        "outbound": resources.outbound_queue,
        "jobs": resources.jobs_queue,
    }
    keep_for = timedelta(days=resources.archive_days)
    return AwsEntrance(
        directory=RecordDirectory(DynamoTable(LazyClient(clients, "dynamodb"), resources.table, clock), clock),
        queues={name: SqsQueue(sqs, queue) for name, queue in names.items()},
        archive=S3Archive(LazyClient(clients, "s3"), resources.archive_bucket, clock, keep_for=keep_for),
        secrets=SecretsManagerStore(LazyClient(clients, "secretsmanager"), resources.secrets_prefix, clock),
    )
