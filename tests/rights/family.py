"""State on AWS's adapters, where each Lambda function has clients, caches and rights of its own.

Two judges watch every call. Ours sees all that the policies say, conditions included, and refuses as AWS would. Behind it
moto checks signature, action and resource by its own reading of the same policies; see `tests.rights.emulator`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from chalicelib.adapters.aws.clients import AwsClients
from chalicelib.adapters.aws.dynamodb import DynamoTable
from chalicelib.adapters.aws.lazy import LazyClient
from chalicelib.adapters.aws.queues import SqsQueue
from chalicelib.adapters.aws.system import AwsSystem, open_aws
from chalicelib.adapters.records.stores import RecordStores
from chalicelib.ports.services import Clock
from chalicelib.settings import Settings
from tests.rights.callers import FUNCTIONS, OPERATOR, calling, is_command
from tests.rights.evaluator import Document, Request, allows
from tests.rights.needs import LEADING_KEYS, needs
from tests.rights.policies import PLACE, STAGE

SERVICES = ("dynamodb", "sqs", "s3", "secretsmanager")
SETTINGS = Settings(
    stage=STAGE,
    table=f"careloop-{STAGE}",
    inbound_queue=f"careloop-{STAGE}-inbound.fifo",
    outbound_queue=f"careloop-{STAGE}-outbound.fifo",
    jobs_queue=f"careloop-{STAGE}-jobs.fifo",
    dead_letters_queue=f"careloop-{STAGE}-dead-letters.fifo",
    archive_bucket=f"careloop-{STAGE}-archive",
    secrets_prefix=f"careloop/{STAGE}",
)
_QUEUES = ("inbound", "outbound", "jobs")
COMMAND = "command"


@dataclass
class Judge:
    """Ours. ``policies`` by function; one that has none may do everything. Writes down what was needed and refused."""

    policies: Mapping[str, Document] = field(default_factory=dict)
    made: Counter[tuple[str, Request]] = field(default_factory=Counter)
    refused: Counter[tuple[str, Request]] = field(default_factory=Counter)

    def look(self, identity: str, service: str, operation: str, parameters: Mapping[str, Any]) -> None:
        """Raises botocore's ClientError, as the service would, for what is not allowed."""
        if identity == OPERATOR and is_command():
            identity = COMMAND
        policy = self.policies.get(identity)
        for request in needs(PLACE, service, operation, parameters):
            if policy is not None and not allows(policy, request):
                self.refused[identity, request] += 1
                raise _denied(identity, service, operation, request)
            self.made[identity, request] += 1


def _denied(identity: str, service: str, operation: str, request: Request) -> Exception:
    from botocore.exceptions import ClientError

    keys = ", ".join(request.values(LEADING_KEYS))
    message = f"{identity} may not {request.action} on {request.resource} {keys}".rstrip()
    code = "AccessDenied" if service == "s3" else "AccessDeniedException"
    metadata = {"HTTPStatusCode": 403 if service == "s3" else 400}
    return ClientError({"Error": {"Code": code, "Message": message}, "ResponseMetadata": metadata}, operation)  # type: ignore[typeddict-item]


class Switched:
    """Stands for one object per function: whoever is at work reaches its own. What a test sets on it holds for all."""

    def __init__(self, choose: Callable[[], Any], *, deep: bool = False) -> None:
        self._choose = choose
        self._deep = deep

    def __getattr__(self, name: str) -> Any:
        if self._deep:
            found = Switched(lambda: getattr(self._choose(), name))
            setattr(self, name, found)
            return found
        return getattr(self._choose(), name)


class RoleClients(AwsClients):
    """The clients of one identity; its keys change with each world, the clients, which are slow to make, do not."""

    def __init__(self, identity: str) -> None:
        super().__init__(region=PLACE.region)
        from botocore.session import Session

        self.identity = identity
        self.judge = Judge()
        self._session = Session()
        self._session.set_credentials("none-yet", "none-yet", "none-yet")
        self._watched: set[str] = set()

    def client(self, service: str) -> Any:
        """The client, its calls seen by the judge."""
        found = super().client(service)
        if service not in self._watched:
            self._watched.add(service)
            found.meta.events.register("provide-client-params", partial(self._look, service))
        return found

    def take_keys(self, keys: Mapping[str, str]) -> None:
        """Sign with these from now on."""
        mine = self._session.get_credentials()
        mine.access_key, mine.secret_key, mine.token = (
            keys["AccessKeyId"],
            keys["SecretAccessKey"],
            keys["SessionToken"],
        )

    def _look(self, service: str, params: Mapping[str, Any], model: Any, **_: Any) -> None:
        self.judge.look(self.identity, service, model.name, params)


@dataclass(frozen=True, slots=True, kw_only=True)
class AwsState:
    """Looks like `careloop.local.system.LocalSystem`, and is on AWS's adapters."""

    table: Any
    stores: Any
    sessions: Any
    queues: Mapping[str, Any]
    dead_letters: Mapping[str, Any]
    archive: Any
    secrets: Any

    def close(self) -> None:
        """Nothing is open."""


_clients: dict[str, RoleClients] = {}


def role_clients() -> Mapping[str, RoleClients]:
    """The clients of all functions and of the operator, made once."""
    for identity in (*FUNCTIONS, OPERATOR):
        if identity not in _clients:
            _clients[identity] = RoleClients(identity)
    return _clients


def open_state(clock: Clock, judge: Judge) -> AwsState:
    """A stage's state, empty and provisioned, each function with its own rights."""
    clients = role_clients()
    for item in clients.values():
        item.judge = judge
    systems = {name: open_aws(SETTINGS, clock, item) for name, item in clients.items()}
    tables = {
        name: DynamoTable(LazyClient(item, "dynamodb"), SETTINGS.table, clock, sleep=lambda seconds: None)
        for name, item in clients.items()
    }
    table = Switched(lambda: tables[calling()])
    stores = {name: RecordStores(table, clock) for name in clients}

    def of(part: Callable[[AwsSystem], Any]) -> Switched:
        return Switched(lambda: part(systems[calling()]))

    # its function never asks for its address: Lambda's poller knows it
    address = f"https://sqs.{PLACE.region}.amazonaws.com/{PLACE.account}/{SETTINGS.dead_letters_queue}"
    dead_letters = {name: SqsQueue(LazyClient(item, "sqs"), address) for name, item in clients.items()}
    dead = Switched(lambda: dead_letters[calling()])
    return AwsState(
        table=table,
        stores=Switched(lambda: stores[calling()], deep=True),
        sessions=Switched(lambda: stores[calling()].sessions),
        queues={name: of(lambda system, name=name: system.queues[name]) for name in _QUEUES},  # type: ignore[misc]
        dead_letters=dict.fromkeys(_QUEUES, dead),
        archive=of(lambda system: system.archive),
        secrets=of(lambda system: system.secrets),
    )
