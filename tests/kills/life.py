"""One life of the local family: the app behind real HTTP, and all workers, on a state file, until the process is killed.

Its clock runs faster than the machine's, so that leases, visibility time-outs and the waits between attempts pass in the
time that a test has. The product knows nothing of it.
"""

from __future__ import annotations

import threading
import time
import traceback
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import app as chalice_app
from careloop.local.application import application_of
from careloop.local.gateway import serve
from careloop.local.runner import Runner
from careloop.local.system import LocalSystem, open_local
from careloop.local.telemetry import LocalTelemetry
from chalicelib import bootstrap
from chalicelib.adapters.http import UrllibHttp
from chalicelib.bootstrap import Application

VISIBILITY = 30.0
MINUTE = 60.0


@dataclass(frozen=True, slots=True)
class QuickClock:
    """Time from `zero` (unix seconds of the machine) on, `pace` times as fast; the same in every process."""

    zero: float
    pace: float

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.zero, UTC) + timedelta(seconds=(time.time() - self.zero) * self.pace)


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """What a process needs to go on where the last one was killed. ``bugs``: a file with a line for each error that is
    nobody's but ours."""

    state: Path
    bugs: Path
    port: int
    clock: QuickClock


class TellingTelemetry(LocalTelemetry):
    """Writes bugs where they outlive the process."""

    def __init__(self, bugs: Path) -> None:
        super().__init__()
        self._bugs = bugs

    def log(self, stage: str, outcome: str, **fields: str | int | float | None) -> None:
        super().log(stage, outcome, **fields)
        if outcome == "bug":
            with self._bugs.open("a", encoding="utf-8") as file:
                last = traceback.format_exc(limit=-1).replace("\n", " ")
                file.write(f"{stage} {fields} {last}\n")


def opened(life: Life) -> tuple[LocalSystem, Application]:
    """The state and the application on it."""
    system = open_local(str(life.state), life.clock, visibility=VISIBILITY)
    return system, application_of(system, UrllibHttp(), life.clock, TellingTelemetry(life.bugs))


def live(life: Life) -> None:
    """Serve and work for ever."""
    system, app = opened(life)
    bootstrap.install(app)
    Runner(app, system.dead_letters, poll_seconds=MINUTE / life.clock.pace, idle_seconds=0.01).start()
    serve(chalice_app.app, life.port)
    threading.Event().wait()
