"""The stage, or the local state, that is looked at: what all checks share. Nothing here changes anything."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from careloop.connecting.address import api_url
from careloop.deploying import provisioning
from careloop.deploying.cloud import Clients, Cloud, Place
from careloop.deploying.drift import key_arn
from careloop.deploying.project import Project, Stage
from careloop.deploying.stack import Stack
from careloop.deploying.template import Resolved, Template
from chalicelib.bootstrap import Application, build
from chalicelib.connectors.factory import ConnectorFactory
from chalicelib.core.account import Account, Connection, Endpoint
from chalicelib.core.errors import CareloopError, ConfigurationError
from chalicelib.ports.services import Clock, Http

T = TypeVar("T")
NO_KEY = "arn:aws:kms:::key/none"


class SharedClients:
    """Implements deploying.cloud.Clients for several threads: botocore makes clients one at a time."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients
        self._lock = threading.Lock()

    def client(self, service: str) -> Any:
        """The client of a service."""
        with self._lock:
            return self._clients.client(service)


@dataclass(frozen=True, slots=True, kw_only=True)
class Patient:
    """``app`` None: the settings do not allow it, ``broken`` says why. ``stage`` and ``cloud`` None: a local state.

    ``old_secrets``: days after which a secret should be replaced."""

    app: Application | None
    broken: CareloopError | None = None
    stage: Stage | None = None
    cloud: Cloud | None = None
    project: Project = field(default_factory=Project)
    api: str | None = None
    old_secrets: int = 365
    local: Path | None = None
    _kept: dict[str, tuple[Any, Exception | None]] = field(default_factory=dict, repr=False)
    _lock: threading.RLock = field(default_factory=threading.RLock, repr=False)

    @property
    def where(self) -> str:
        """What commands are to be told to work on this."""
        return f"--stage {self.stage.name}" if self.stage else f"--local {self.local}"

    def ready(self) -> Application:
        """The application. Raises ConfigurationError."""
        if self.app is None:
            raise ConfigurationError("the settings are not complete")
        return self.app

    def aws(self) -> tuple[Cloud, Stage]:
        """AWS and the stage. Raises ConfigurationError."""
        if self.cloud is None or self.stage is None:
            raise ConfigurationError("there is no stage")
        return self.cloud, self.stage

    @property
    def clock(self) -> Clock:
        """Time."""
        return self.ready().runtime.clock

    @property
    def http(self) -> Http:
        """The way out, unguarded."""
        factory = self.ready().runtime.connectors
        assert isinstance(factory, ConnectorFactory)
        return factory.http

    def accounts(self) -> Sequence[Account]:
        """All accounts that are not paused."""
        found = self._once("accounts", lambda: self.ready().runtime.stores.directory.accounts())
        return [item for item in found if not item.paused]

    def connections(self) -> Sequence[Connection]:
        """All helpdesks and CRMs."""
        return self._once("connections", lambda: self.ready().runtime.stores.directory.connections())

    def endpoints(self) -> Sequence[Endpoint]:
        """All webhook addresses."""
        return self._once("endpoints", lambda: self.ready().runtime.stores.directory.endpoints())

    def wanted(self) -> Resolved:
        """The template's resources, with the parameters that the stack has; where nobody may ask for these, with those
        of the template."""
        return self._once("wanted", self._wanted)

    def _wanted(self) -> Resolved:
        cloud, stage = self.aws()
        template = Template.read(self.project.template)
        try:
            standing = Stack(cloud, provisioning.stack_name(stage)).parameters()
        except CareloopError:
            standing = {}
        parameters = provisioning.parameters_for(stage, template, {}, standing)
        return template.resolved(parameters, self.place(), self.key() or NO_KEY)

    def place(self) -> Place:
        """Account and region."""
        return self._once("place", self.aws()[0].place)

    def key(self) -> str | None:
        """The stage's key; None: there is none, or nobody may ask for it."""
        cloud, stage = self.aws()
        try:
            return self._once("key", lambda: key_arn(cloud, stage.name))
        except CareloopError:
            return None

    def function(self, name: str) -> Mapping[str, Any] | None:
        """A function's configuration in AWS; None: it is not deployed."""
        cloud, stage = self.aws()
        gone = ("ResourceNotFoundException",)

        def read() -> Mapping[str, Any] | None:
            found: Mapping[str, Any] | None = cloud.call(
                "lambda", "get_function_configuration", missing=gone, FunctionName=stage.function(name)
            )
            return found

        return self._once(f"function {name}", read)

    def _once(self, name: str, read: Callable[[], T]) -> T:
        """Several checks ask for the same; a failure is the same for all of them, too."""
        with self._lock:
            if name not in self._kept:
                try:
                    self._kept[name] = (read(), None)
                except Exception as error:
                    self._kept[name] = (None, error)
            value, failure = self._kept[name]
        if failure is not None:
            raise failure
        found: T = value
        return found


def patient_of_stage(
    name: str,
    *,
    url: str | None = None,
    old_secrets: int = 365,
    project: Project | None = None,
    clients: Clients | None = None,
) -> Patient:
    """A deployed stage. Raises ConfigurationError where ``.chalice/config.json`` does not tell of it."""
    from chalicelib.adapters.aws.clients import AwsClients

    project = project or Project()
    stage = project.stage(name)
    shared = SharedClients(clients or AwsClients())
    app, broken = None, None
    try:
        app = _application(stage, shared)
    except ConfigurationError as error:
        broken = error
    return Patient(
        app=app,
        broken=broken,
        stage=stage,
        cloud=Cloud(shared),
        project=project,
        api=url or api_url(name, project.record(name).parent),
        old_secrets=old_secrets,
    )


def patient_of_file(path: Path, *, url: str | None = None) -> Patient:
    """A local state file. Raises ConfigurationError when there is none."""
    from careloop.local.application import open_application

    if not path.is_file():
        raise ConfigurationError(f"{path} is not there")
    return Patient(app=open_application(path), local=path, api=url)


def _application(stage: Stage, clients: SharedClients) -> Application:
    from careloop.local.telemetry import LocalTelemetry
    from chalicelib.adapters.aws.system import open_aws
    from chalicelib.adapters.clock import SystemClock
    from chalicelib.adapters.http import UrllibHttp
    from chalicelib.settings import Settings

    clock = SystemClock()
    system = open_aws(Settings.from_env(stage.environment), clock, clients)
    return build(
        stores=system.stores,
        sessions=system.sessions,
        secrets=system.secrets,
        queues=system.queues,
        archive=system.archive,
        http=UrllibHttp(),
        clock=clock,
        telemetry=LocalTelemetry(),
        dead_letters=system.dead_letters,
    )
