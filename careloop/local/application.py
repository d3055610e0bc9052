"""The product on one SQLite file: what the sandbox runs, and what commands with --local work on."""

from __future__ import annotations

from pathlib import Path

from careloop.local.system import LocalSystem, open_local
from careloop.local.telemetry import LocalTelemetry
from chalicelib.adapters.clock import SystemClock
from chalicelib.adapters.http import UrllibHttp
from chalicelib.bootstrap import Application, build
from chalicelib.ports.runtime import Telemetry
from chalicelib.ports.services import Clock, Http


def application_of(system: LocalSystem, http: Http, clock: Clock, telemetry: Telemetry) -> Application:
    """The application over local state."""
    return build(
        stores=system.stores,
        sessions=system.sessions,
        secrets=system.secrets,
        queues=system.queues,
        archive=system.archive,
        http=http,
        clock=clock,
        telemetry=telemetry,
        dead_letters=system.dead_letters,
    )


def open_application(path: Path) -> Application:
    """The application on a file, made when missing."""
    clock = SystemClock()
    path.parent.mkdir(parents=True, exist_ok=True)
    return application_of(open_local(str(path), clock), UrllibHttp(), clock, LocalTelemetry())
