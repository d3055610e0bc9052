"""The families of state: SQLite on this machine, AWS in process (moto), and DynamoDB's own emulator where there is one.

Each contract of state runs over all of them. ``CARELOOP_DYNAMODB_ENDPOINT`` names an emulator to join in. The families
"light" are AWS by the clients without botocore: for what speaks to AWS itself (table, queues, archive, secrets), over
moto's server; for all stores, over the emulator.
"""

from __future__ import annotations

import json
import logging
import os
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from careloop.local.archive import SqliteArchive
from careloop.local.database import Database
from careloop.local.queue import SqliteQueue
from careloop.local.secrets import LocalSecrets
from careloop.local.table import SqliteTable
from chalicelib.adapters.aws.archive import S3Archive
from chalicelib.adapters.aws.clients import AwsClients
from chalicelib.adapters.aws.dynamodb import DynamoTable
from chalicelib.adapters.aws.light import LightClients
from chalicelib.adapters.aws.queues import SqsQueue
from chalicelib.adapters.aws.secrets import SecretsManagerStore
from chalicelib.adapters.aws.signing import Credentials
from chalicelib.adapters.records.stores import RecordStores
from chalicelib.ports.services import Clock, PayloadArchive, Queue, SecretStore
from chalicelib.ports.table import Change, Item, Key, Table
from tests.fakes.clock import FrozenClock

DYNAMODB_ENDPOINT = os.environ.get("CARELOOP_DYNAMODB_ENDPOINT")
TABLE_FAMILIES = ("sqlite", "moto", *(("dynamodb-local", "dynamodb-light") if DYNAMODB_ENDPOINT else ()))
FAMILIES = ("sqlite", "moto", "light")


def provision_table(client: Any) -> str:
    """A table as the stack makes it. Returns its name."""
    name = f"careloop-test-{uuid.uuid4().hex[:12]}"
    client.create_table(
        TableName=name,
        AttributeDefinitions=[{"AttributeName": part, "AttributeType": "S"} for part in ("pk", "sk")],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        BillingMode="PAY_PER_REQUEST",
    )
    return name


def provision_queue(client: Any, name: str, visibility: float = 30.0, max_receives: int = 5) -> str:
    """A FIFO queue and its dead-letter queue as the stack makes them. Returns the queue's name."""
    fifo = {"FifoQueue": "true", "VisibilityTimeout": str(int(visibility))}
    dead = client.create_queue(QueueName=f"{name}-dead.fifo", Attributes=fifo)["QueueUrl"]
    arn = client.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    redrive = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": max_receives})
    client.create_queue(QueueName=f"{name}.fifo", Attributes={**fifo, "RedrivePolicy": redrive})
    return f"{name}.fifo"


def provision_bucket(client: Any) -> str:
    """A bucket for the archive. Returns its name."""
    client.create_bucket(
        Bucket="careloop-test-archive", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
    )
    return "careloop-test-archive"


@cache
def _clients(endpoint_url: str | None) -> AwsClients:
    """Clients outlive the tests: making one costs more than most tests."""
    return AwsClients(region="eu-central-1", endpoint_url=endpoint_url)


class Lightly:
    """Clients without botocore; what only operators ask (tables, queues, buckets made, objects listed) by botocore."""

    def __init__(self, endpoint_url: str) -> None:
        self._rest = _clients(endpoint_url)
        services = ("dynamodb", "sqs", "s3", "secretsmanager")
        credentials = Credentials("testing", "testing", "testing")
        self._light = LightClients(credentials, "eu-central-1", endpoints=dict.fromkeys(services, endpoint_url))

    def client(self, service: str) -> Any:
        return _Either(self._light.client(service), self._rest.client(service))


class _Either:
    def __init__(self, light: Any, rest: Any) -> None:
        self._light, self._rest = light, rest

    def __getattr__(self, name: str) -> Any:
        return getattr(self._light if hasattr(self._light, name) else self._rest, name)


@cache
def _lightly(endpoint_url: str) -> Lightly:
    return Lightly(endpoint_url)


@cache
def _moto_server() -> str:
    """moto's server in a thread of this process, so that it goes by the clock of the tests. It ends with the process."""
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    return f"http://{host}:{port}"


@contextmanager
def _at(clock: Clock) -> Iterator[None]:
    """moto's queues see `clock`."""
    from moto.core import utils

    machine_time = utils.utcnow
    utils.utcnow = lambda: clock.now().replace(tzinfo=None)
    try:
        yield
    finally:
        utils.utcnow = machine_time


@contextmanager
def moto_on(clock: Clock) -> Iterator[AwsClients]:
    """AWS in process, with `clock` as the time that its queues see."""
    import moto

    with _at(clock), moto.mock_aws():
        yield _clients(None)


@contextmanager
def light_on(clock: Clock) -> Iterator[Lightly]:
    """The same behind moto's server, asked without botocore."""
    from moto.moto_api._internal.models import moto_api_backend

    url = _moto_server()
    moto_api_backend.reset()
    with _at(clock):
        yield _lightly(url)


class CountingTable:
    """A table that writes down what is asked of it: "get 3", "write 2", "query".

    ``one_at_a_time``: for moto, which undoes a failed transaction together with whatever others wrote meanwhile.
    """

    def __init__(self, table: Table, *, one_at_a_time: bool = False) -> None:
        self._table = table
        self._turn = threading.Lock() if one_at_a_time else nullcontext()
        self.made: list[str] = []
        self.before_writes: list[Callable[[], object]] = []
        """What others do in the meantime: one is taken off and done before each write."""

    def get(self, keys: Sequence[Key]) -> Mapping[Key, Item]:
        self.made.append(f"get {len(keys)}")
        with self._turn:
            return self._table.get(keys)

    def write(self, changes: Sequence[Change]) -> None:
        self.made.append(f"write {len(changes)}")
        if self.before_writes:
            self.before_writes.pop(0)()
        with self._turn:
            self._table.write(changes)

    def query(
        self, pk: str, *, prefix: str = "", limit: int = 100, newest_first: bool = False, after: str | None = None
    ) -> Sequence[tuple[Key, Item]]:
        self.made.append("query")
        with self._turn:
            return self._table.query(pk, prefix=prefix, limit=limit, newest_first=newest_first, after=after)

    def taken(self) -> list[str]:
        """The calls since this was asked last."""
        made, self.made = self.made, []
        return made


@dataclass
class State:
    """One family's empty state and the clock that it goes by."""

    family: str
    clock: FrozenClock
    path: Path
    aws: AwsClients | Lightly | None = None
    _table: CountingTable | None = None
    _open: list[Database] = field(default_factory=list)

    @property
    def table(self) -> CountingTable:
        """The one table of this state."""
        if self._table is None:
            self._table = CountingTable(self._make_table(), one_at_a_time=self.family in ("moto", "light"))
        return self._table

    def worker(self) -> RecordStores:
        """The stores as one worker has them."""
        return RecordStores(self.table, self.clock)

    def database(self) -> Database:
        """Another connection to this state's file."""
        self._open.append(Database(self.path))
        return self._open[-1]

    def queue(self, name: str = "inbound", **options: Any) -> Queue:
        """A queue with a dead-letter queue of its own, named ``<name>-dead``. `options` as `SqliteQueue` has them."""
        visibility = options.pop("visibility", 30.0)
        receives = options.pop("max_receives", 5)
        dead = f"{name}-dead"
        if self.aws is not None:
            return SqsQueue(self.aws.client("sqs"), provision_queue(self.aws.client("sqs"), name, visibility, receives))
        return SqliteQueue(
            self._shared, name, self.clock, visibility=visibility, dead_letters=dead, max_receives=receives
        )

    def dead_letters(self, name: str = "inbound") -> Queue:
        """What the queue `name` gave up on."""
        if self.aws is not None:
            return SqsQueue(self.aws.client("sqs"), f"{name}-dead.fifo")
        return SqliteQueue(self._shared, f"{name}-dead", self.clock, visibility=30.0)

    def archive(self, **options: Any) -> PayloadArchive:
        """An empty archive."""
        if self.aws is not None:
            client = self.aws.client("s3")
            return S3Archive(client, provision_bucket(client), self.clock, **options)
        return SqliteArchive(self._shared, self.clock, **options)

    def secrets(self) -> SecretStore:
        """No secrets yet; each call is another worker's view of the same ones."""
        if self.aws is not None:
            return SecretsManagerStore(self.aws.client("secretsmanager"), "careloop/test", self.clock)
        return LocalSecrets(self.database())

    @cached_property
    def _shared(self) -> Database:
        return self.database()

    def _make_table(self) -> Table:
        if self.aws is None:
            return SqliteTable(self.database(), self.clock)
        client = self.aws.client("dynamodb")
        return DynamoTable(client, provision_table(client), self.clock, sleep=lambda seconds: None)

    def close(self) -> None:
        for database in self._open:
            database.close()


@contextmanager
def opened(family: str, path: Path) -> Iterator[State]:
    """The state of `family`, with nothing in it, at noon."""
    clock = FrozenClock()
    if family == "sqlite":
        state = State(family=family, clock=clock, path=path)
        try:
            yield state
        finally:
            state.close()
    elif family == "light":
        with light_on(clock) as light:
            yield State(family=family, clock=clock, path=path, aws=light)
    elif family == "dynamodb-light":
        yield State(family=family, clock=clock, path=path, aws=_lightly(str(DYNAMODB_ENDPOINT)))
    elif family == "dynamodb-local":
        yield State(family=family, clock=clock, path=path, aws=_clients(DYNAMODB_ENDPOINT))
    else:
        with moto_on(clock) as aws:
            yield State(family=family, clock=clock, path=path, aws=aws)
