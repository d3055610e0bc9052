"""The composition root: settings -> application. The only module that knows everything.

In Lambda `application()` builds the AWS family once per container, and `reception()` as much of it as the public
function uses. What runs elsewhere (sandbox, tests) builds an `Application` of its own and installs it, for both.

Imports stand inside the functions: each Lambda function pays for what it builds.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chalicelib.ports.runtime import (
        HoldsDirectory,
        LinkKeys,
        Queues,
        ReceiverMaker,
        Reception,
        Runtime,
        Telemetry,
    )
    from chalicelib.ports.services import Clock, Http, PayloadArchive, Queue, SecretStore, SessionStore
    from chalicelib.ports.stores import Directory, Stores

LINKS = ("careloop", "links")
"""In place of a connector and an endpoint, in the names of the two secrets of customers' links."""
LINK_SECRET = "signing_secret"
_current: Application | None = None
_entrance: Entrance | None = None


def always_zero() -> float:
    """No chance at all: for one machine, and for tests."""
    return 0.0


def untraced(name: str, **annotations: str) -> AbstractContextManager[None]:
    """No trace."""
    return nullcontext()


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """The runtime of the pipeline, and what the entry points need beside it: the queues' receiving side."""

    runtime: Runtime
    queues: Mapping[str, Queue]
    secrets: SecretStore
    sessions: SessionStore
    chance: Callable[[], float] = always_zero
    """From 0 up to 1: spreads what comes again."""
    dead_letters: Mapping[str, Queue] = field(default_factory=dict)
    """What the queues gave up on, by name."""
    trace: Callable[..., AbstractContextManager[None]] = untraced
    """Around each record that a worker deals with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """The public function's stores: the directory, and nothing else."""

    directory: Directory


@dataclass(frozen=True, slots=True, kw_only=True)
class Entrance:
    """What the public function runs on: implements ports.runtime.Reception."""

    stores: HoldsDirectory
    queues: Queues
    archive: PayloadArchive
    connectors: ReceiverMaker
    clock: Clock
    telemetry: Telemetry
    link_keys: LinkKeys


def link_keys_of(secrets: SecretStore) -> LinkKeys:
    """What verifies customers' links, beside what verifies webhooks: all that the public function may read of it."""

    def read() -> tuple[str, ...]:
        from chalicelib.core.account import ConnectionKind
        from chalicelib.core.errors import ConfigurationError

        try:
            return secrets.verification(ConnectionKind.PLATFORM, *LINKS).get(LINK_SECRET, ())
        except ConfigurationError:
            return ()

    return read


def build(
    *,
    stores: Stores,
    sessions: SessionStore,
    secrets: SecretStore,
    queues: Mapping[str, Queue],
    archive: PayloadArchive,
    http: Http,
    clock: Clock,
    telemetry: Telemetry,
    chance: Callable[[], float] = always_zero,
    dead_letters: Mapping[str, Queue] | None = None,
) -> Application:
    """Put the parts together. ``queues`` has "inbound", "outbound" and "jobs"."""
    from chalicelib.connectors.factory import ConnectorFactory
    from chalicelib.core.account import ConnectionKind
    from chalicelib.ports.runtime import Queues, Runtime

    connectors = ConnectorFactory(stores=stores, secrets=secrets, sessions=sessions, http=http, clock=clock)
    runtime = Runtime(
        stores=stores,
        queues=Queues(inbound=queues["inbound"], outbound=queues["outbound"], jobs=queues["jobs"]),
        archive=archive,
        connectors=connectors,
        clock=clock,
        telemetry=telemetry,
        link_keys=link_keys_of(secrets),
        link_signing=lambda: secrets.credentials(ConnectionKind.PLATFORM, *LINKS),
    )
    return Application(
        runtime=runtime,
        queues=queues,
        secrets=secrets,
        sessions=sessions,
        chance=chance,
        dead_letters=dead_letters or {},
    )


def from_environment(env: Mapping[str, str]) -> Application:
    """The AWS family, by the stage's settings. Raises ConfigurationError."""
    import random

    from chalicelib.adapters.aws.lazy import usual_clients
    from chalicelib.adapters.aws.system import open_aws
    from chalicelib.adapters.aws.telemetry import LoggedTelemetry
    from chalicelib.adapters.aws.tracing import traced, traced_call
    from chalicelib.adapters.clock import SystemClock
    from chalicelib.adapters.http import UrllibHttp
    from chalicelib.settings import Settings

    settings = Settings.from_env(env)
    clock = SystemClock()
    system = open_aws(settings, clock, usual_clients(env, traced_call))
    app = build(
        stores=system.stores,
        sessions=system.sessions,
        secrets=system.secrets,
        queues=system.queues,
        archive=system.archive,
        http=UrllibHttp(),
        clock=clock,
        telemetry=LoggedTelemetry(settings.stage, clock),
        chance=random.random,
        dead_letters=system.dead_letters,
    )
    return replace(app, trace=traced)


def application(make: Callable[[Mapping[str, str]], Application] = from_environment) -> Application:
    """The application of this process, built at first use."""
    global _current
    if _current is None:
        _current = make(os.environ)
    return _current


def entrance(env: Mapping[str, str]) -> Entrance:
    """As much of the AWS family as the public function uses. Raises ConfigurationError."""
    from chalicelib.adapters.aws.entrance import open_entrance
    from chalicelib.adapters.aws.lazy import usual_clients
    from chalicelib.adapters.aws.lines import LineTelemetry
    from chalicelib.adapters.clock import SystemClock
    from chalicelib.connectors.receivers import Receivers
    from chalicelib.ports.runtime import Queues
    from chalicelib.settings import Settings

    settings = Settings.from_env(env)
    clock = SystemClock()
    aws = open_entrance(settings, clock, usual_clients(env))
    return Entrance(
        stores=Shelf(directory=aws.directory),
        queues=Queues(inbound=aws.queues["inbound"], outbound=aws.queues["outbound"], jobs=aws.queues["jobs"]),
        archive=aws.archive,
        connectors=Receivers(directory=aws.directory, secrets=aws.secrets),
        clock=clock,
        telemetry=LineTelemetry(settings.stage, clock),
        link_keys=link_keys_of(aws.secrets),
    )


def reception(make: Callable[[Mapping[str, str]], Entrance] = entrance) -> Reception:
    """What the public function runs on in this process: the application that is there, else the entrance, built at
    first use."""
    global _entrance
    if _current is not None:
        return _current.runtime
    if _entrance is None:
        _entrance = make(os.environ)
    return _entrance


def install(new: Application | None) -> None:
    """Use `new` in this process (None: build again at the next use)."""
    global _current, _entrance
    _current, _entrance = new, None
