"""The product as it runs, on either family of adapters: real HTTP in front, workers behind, schedules each second.

``local`` keeps everything in one SQLite file; ``aws`` keeps tables in DynamoDB Local and queues, archive and secrets in a
moto server, through the very adapters that Lambda uses.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from careloop.local.application import application_of
from careloop.local.gateway import Server, serve
from careloop.local.runner import Runner
from careloop.local.system import open_local
from careloop.local.telemetry import LocalTelemetry
from chalicelib import bootstrap
from chalicelib.adapters.aws.system import open_aws
from chalicelib.adapters.clock import SystemClock
from chalicelib.adapters.http import UrllibHttp
from chalicelib.bootstrap import Application
from chalicelib.core.account import Account, Connection, ConnectionKind, Endpoint
from chalicelib.core.ids import AccountId, AccountKey
from chalicelib.settings import Settings
from tests.e2e.servers.dynamodb_local import DynamoDbLocal
from tests.e2e.servers.moto_server import MotoServer

FAMILIES = ("local", "aws")
POLL_SECONDS = 1.0
HOOK_SECRET = "e2e-hook-secret"
QUEUES = ("inbound", "outbound", "jobs")


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass
class Product:
    """A running Careloop. The receiver can be taken away and brought back on the same port."""

    family: str
    app: Application
    port: int
    telemetry: LocalTelemetry
    runner: Runner
    _server: Server | None = None

    @property
    def url(self) -> str:
        """Where webhooks go."""
        return f"http://127.0.0.1:{self.port}"

    def start_receiver(self) -> None:
        """Answer webhooks."""
        import app as chalice_app

        self._server = serve(chalice_app.app, self.port)

    def stop_receiver(self) -> None:
        """Answer no more: whoever calls finds nobody."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    # -- setting up ----------------------------------------------------------------------------------------------------

    def add_helpdesk(
        self, name: str, connector: str, *, options: Mapping[str, str], call: Any, verify: Any = None
    ) -> None:
        """A helpdesk with its credentials; with ``verify`` also its endpoint of the same name."""
        kind = ConnectionKind.HELPDESK
        directory = self.app.runtime.stores.directory
        endpoint = name if verify else None
        connection = Connection(kind=kind, name=name, connector=connector, endpoint=endpoint, options=options)
        directory.put_connection(connection)
        self.app.secrets.put_credentials(kind, connector, name, call)
        if verify:
            directory.put_endpoint(Endpoint(kind=kind, connector=connector, name=name))
            self.app.secrets.put_verification(kind, connector, name, {k: (v,) for k, v in verify.items()})

    def add_crm(self, name: str, connector: str, *, options: Mapping[str, str], call: Any) -> None:
        """A CRM with its credentials."""
        kind = ConnectionKind.CRM
        connection = Connection(kind=kind, name=name, connector=connector, options=options)
        self.app.runtime.stores.directory.put_connection(connection)
        self.app.secrets.put_credentials(kind, connector, name, call)

    def add_account(
        self,
        platform: str,
        account: str,
        *,
        helpdesk: str,
        crms: tuple[str, ...] = (),
        options: Mapping[str, str],
        call: Any,
        endpoint: str | None = None,
        verify: Any = None,
    ) -> AccountKey:
        """An account with its credentials; with ``endpoint`` also its webhook."""
        kind = ConnectionKind.PLATFORM
        directory = self.app.runtime.stores.directory
        key = AccountKey(platform=platform, account=AccountId(account))
        directory.put_account(
            Account(key=key, title="Acme", helpdesk=helpdesk, crms=crms, endpoint=endpoint, options=options)
        )
        self.app.secrets.put_credentials(kind, platform, account, call)
        if endpoint:
            directory.put_endpoint(
                Endpoint(kind=kind, connector=platform, name=endpoint, accounts=(AccountId(account),))
            )
            self.app.secrets.put_verification(kind, platform, endpoint, {k: (v,) for k, v in verify.items()})
        return key


@contextmanager
def running(family: str, folder: Path, servers: Mapping[str, Any], port: int) -> Iterator[Product]:
    """A product with nothing set up yet."""
    clock, telemetry = SystemClock(), LocalTelemetry()
    http = UrllibHttp()
    if family == "local":
        system = open_local(str(folder / "state.sqlite3"), clock, visibility=20.0)
        app = application_of(system, http, clock, telemetry)
        dead: Mapping[str, Any] = system.dead_letters
    else:
        settings = provision(servers["moto"], servers["dynamodb"])
        aws = open_aws(settings, clock)
        app = bootstrap.build(
            stores=aws.stores,
            sessions=aws.sessions,
            secrets=aws.secrets,
            queues=aws.queues,
            archive=aws.archive,
            http=http,
            clock=clock,
            telemetry=telemetry,
        )
        dead = {}
    bootstrap.install(app)
    product = Product(
        family=family, app=app, port=port, telemetry=telemetry, runner=Runner(app, dead, poll_seconds=POLL_SECONDS)
    )
    product.start_receiver()
    product.runner.start()
    try:
        yield product
    finally:
        product.runner.stop()
        product.stop_receiver()
        bootstrap.install(None)


def provision(moto: MotoServer, dynamodb: DynamoDbLocal) -> Settings:
    """Fresh resources with names of their own; the environment leads the adapters to the two servers."""
    import boto3

    os.environ.update({**moto.environment, **dynamodb.environment, "AWS_ACCESS_KEY_ID": "careloop"})
    stamp = f"e2e-{free_port()}-{os.getpid()}"
    names = {name: f"careloop-{stamp}-{name}.fifo" for name in QUEUES}
    boto3.client("dynamodb").create_table(
        TableName=f"careloop-{stamp}",
        AttributeDefinitions=[{"AttributeName": part, "AttributeType": "S"} for part in ("pk", "sk")],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        BillingMode="PAY_PER_REQUEST",
    )
    sqs = boto3.client("sqs")
    for queue in names.values():
        sqs.create_queue(QueueName=queue, Attributes={"FifoQueue": "true", "VisibilityTimeout": "20"})
    boto3.client("s3").create_bucket(
        Bucket=f"careloop-{stamp}-archive", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
    )
    return Settings(
        stage="e2e",
        table=f"careloop-{stamp}",
        inbound_queue=names["inbound"],
        outbound_queue=names["outbound"],
        jobs_queue=names["jobs"],
        archive_bucket=f"careloop-{stamp}-archive",
        secrets_prefix=f"careloop/{stamp}",
    )
