"""The families of state: SQLite on this machine, AWS in process (moto), and DynamoDB's own emulator where there is one.

Each contract of state runs over all of them. ``CARELOOP_DYNAMODB_ENDPOINT`` names an emulator to join in.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import moto
import moto.core.utils

from careloop.local.database import Database
from careloop.local.table import SqliteTable
from chalicelib.adapters.aws.clients import AwsClients
from chalicelib.adapters.aws.dynamodb import DynamoTable
from chalicelib.ports.services import Clock
from chalicelib.ports.table import Table
from tests.fakes.clock import FrozenClock

DYNAMODB_ENDPOINT = os.environ.get("CARELOOP_DYNAMODB_ENDPOINT")
TABLE_FAMILIES = ("sqlite", "moto", *(("dynamodb-local",) if DYNAMODB_ENDPOINT else ()))
FAMILIES = ("sqlite", "moto")


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


@cache
def _clients(endpoint_url: str | None) -> AwsClients:
    """Clients outlive the tests: making one costs more than most tests."""
    return AwsClients(region="eu-central-1", endpoint_url=endpoint_url)


@contextmanager
def moto_on(clock: Clock) -> Iterator[AwsClients]:
    """AWS in process, with `clock` as the time that its queues see."""
    machine_time = moto.core.utils.utcnow
    moto.core.utils.utcnow = lambda: clock.now().replace(tzinfo=None)
    try:
        with moto.mock_aws():
            yield _clients(None)
    finally:
        moto.core.utils.utcnow = machine_time


@dataclass
class State:
    """One family's empty state and the clock that it goes by."""

    family: str
    clock: FrozenClock
    path: Path
    aws: AwsClients | None = None
    _table: Table | None = None
    _open: list[Database] = field(default_factory=list)

    @property
    def table(self) -> Table:
        """The one table of this state."""
        if self._table is None:
            self._table = self._make_table()
        return self._table

    def database(self) -> Database:
        """Another connection to this state's file."""
        self._open.append(Database(self.path))
        return self._open[-1]

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
    elif family == "dynamodb-local":
        yield State(family=family, clock=clock, path=path, aws=_clients(DYNAMODB_ENDPOINT))
    else:
        with moto_on(clock) as aws:
            yield State(family=family, clock=clock, path=path, aws=aws)
