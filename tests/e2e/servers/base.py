"""What every real server of the end-to-end suite looks like from outside, and the part of it that is the same for all.

A server has an *installation* (kept between runs, below ``<home>/install/<name>``) and *instances* (state, logs and
process ids, below ``<home>/run/<name>/<instance>``). ``<home>`` is ``$CARELOOP_E2E_HOME``, or ``~/.cache/careloop-e2e``.
Every server listens on loopback only; that is checked after each start.
"""

import contextlib
import json
import os
import shutil
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar, Protocol, runtime_checkable

from tests.e2e.servers import installing
from tests.e2e.servers.processes import ProcessGroup, check_loopback_only, free_ports

DEFAULT_INSTANCE = "default"


class ServerError(Exception):
    """A server could not be started or did not behave as a server must; the message ends with its last log lines."""


@runtime_checkable
class Server(Protocol):
    """One real third-party server on this machine. All methods block until done; times are seconds."""

    name: str

    def install(self) -> None:
        """Install once; later calls return at once. Raises ``NotInstallable(reason)`` without root or registries."""

    def start(self, **options: Any) -> None:
        """Start from the instance's state (made when absent), replacing one that runs; return when it answers."""

    def stop(self) -> None:
        """Stop all its processes; no error when none runs. The state stays."""

    def restart(self) -> None:
        """Stop, and start again with the same options and ports."""

    def reset(self) -> None:
        """Stop and forget all state: the next start is a fresh server."""

    def wait_ready(self, timeout: float = 90.0) -> None:
        """Return once real requests succeed; ``ServerError`` when a process ends or the time is over."""

    def is_running(self) -> bool:
        """True while all its processes live, whoever started them."""

    def log_tail(self, lines: int = 40) -> str:
        """The last lines of each of its processes' logs."""


class LocalServer(ABC):
    """What the servers share. A subclass says how to install, launch and ask; see ``Server`` for the meaning of each method.

    ``instance`` names the state: two instances of one server run side by side. ``keep`` leaves the processes running when
    this interpreter ends (the command line does that; tests do not).
    """

    name: ClassVar[str]
    summary: ClassVar[str]
    #: Changes when the recipe does; an installation made by another recipe is made again.
    recipe: ClassVar[str]
    #: Long or memory-hungry: at most two such installations run at once.
    heavy: ClassVar[bool] = False
    #: What ``start`` takes.
    options: ClassVar[frozenset[str]] = frozenset({"port"})
    #: The name and the order (first started first) of the server's process groups.
    groups: ClassVar[tuple[str, ...]]

    def __init__(self, *, home: Path | None = None, instance: str = DEFAULT_INSTANCE, keep: bool = False) -> None:
        self.home = home or installing.home()
        self.instance = instance
        self.install_dir = self.home / "install" / self.name
        self.run_dir = self.home / "run" / self.name / instance
        self._groups = {group: ProcessGroup(group, self.run_dir, keep=keep) for group in self.groups}

    # -- written by each server ---------------------------------------------------------------------------------------

    @abstractmethod
    def _install(self, log: Path) -> None:
        """Put everything in place; may find parts there already. Raises ``NotInstallable``."""

    @abstractmethod
    def _is_installed(self) -> bool:
        """A quick look that the installation still exists: the stamp may outlive the machine's packages."""

    @abstractmethod
    def _launch(self, options: dict[str, Any]) -> None:
        """Make the state if absent and start the process groups."""

    @abstractmethod
    def _answers(self) -> bool:
        """One real request; False (or ``OSError``) while not ready."""

    # -- the same for all ---------------------------------------------------------------------------------------------

    def install(self) -> None:
        """See ``Server.install``."""
        installing.install_once(
            self.install_dir, recipe=self.recipe, is_there=self._is_installed, make=self._install, heavy=self.heavy
        )

    @property
    def install_seconds(self) -> float | None:
        """How long the one installation took; None before it."""
        stamp = installing.read_stamp(self.install_dir)
        return stamp["seconds"] if stamp else None

    @property
    def is_installed(self) -> bool:
        """True when ``install`` has nothing to do."""
        return installing.is_current(self.install_dir, self.recipe) and self._is_installed()

    def start(self, **options: Any) -> None:
        """See ``Server.start``; each server documents its own options. ``TypeError`` for one that it does not have."""
        if unknown := sorted(set(options) - self.options):
            raise TypeError(f"{self.name} has no option {', '.join(unknown)}; it has {', '.join(sorted(self.options))}")
        if not self.is_installed:
            self.install()
        self.stop()
        begun = time.monotonic()
        self.run_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._write_state({"options": options})
        try:
            self._launch(options)
            self.wait_ready()
        except BaseException:
            self.stop()
            raise
        self._write_state({**self._read_state(), "start_seconds": round(time.monotonic() - begun, 2)})
        try:
            check_loopback_only(pid for group in self._groups.values() for pid in group.members())
        except OSError as error:
            self.stop()
            raise ServerError(f"{self.name}: {error}") from error

    def stop(self) -> None:
        """See ``Server.stop``."""
        for group in reversed(self._groups.values()):
            group.stop()

    def restart(self) -> None:
        """See ``Server.restart``."""
        self.start(**{**self._read_state().get("options", {}), **self._fixed_on_restart()})

    def reset(self) -> None:
        """See ``Server.reset``."""
        self.stop()
        shutil.rmtree(self.run_dir, ignore_errors=True)

    def wait_ready(self, timeout: float = 90.0) -> None:
        """See ``Server.wait_ready``."""
        end = time.monotonic() + timeout
        while True:
            with contextlib.suppress(OSError, ValueError):
                if self._answers():
                    return
            dead = [group.name for group in self._groups.values() if group.was_started() and not group.is_running()]
            if dead:
                raise ServerError(f"{self.name}: {', '.join(dead)} ended\n{self.log_tail()}")
            if time.monotonic() > end:
                raise ServerError(f"{self.name}: no answer after {timeout:.0f} s\n{self.log_tail()}")
            time.sleep(0.1)

    def is_running(self) -> bool:
        """See ``Server.is_running``."""
        started = [group for group in self._groups.values() if group.was_started()]
        return bool(started) and all(group.is_running() for group in started)

    def log_tail(self, lines: int = 40) -> str:
        """See ``Server.log_tail``."""
        return "\n".join(group.log_tail(lines) for group in self._groups.values() if group.log.exists())

    @property
    def start_seconds(self) -> float | None:
        """How long the last start took; None before it."""
        return self._read_state().get("start_seconds")

    @property
    def memory_mib(self) -> float:
        """Memory of all its processes now, MiB; what they share is counted once (PSS)."""
        return sum(group.memory_mib() for group in self._groups.values())

    @contextlib.contextmanager
    def running(self, **options: Any) -> Iterator["LocalServer"]:
        """A fresh server for the length of a ``with`` block."""
        self.reset()
        self.start(**options)
        try:
            yield self
        finally:
            self.stop()

    # -- state that outlives this interpreter ---------------------------------------------------------------------------

    def _fixed_on_restart(self) -> dict[str, Any]:
        """Options that a restart must repeat although the caller left them open: the port that was chosen."""
        ports = self._read_state().get("ports", {})
        return {"port": ports["port"]} if "port" in ports else {}

    def _choose_ports(self, *names: str, **wanted: int | None) -> dict[str, int]:
        """Each name's wanted port or a free one; kept, so that other interpreters and ``restart`` find them."""
        free = free_ports(len(names))
        ports = {name: wanted.get(name) or port for name, port in zip(names, free, strict=True)}
        self._write_state({**self._read_state(), "ports": ports})
        return ports

    def port(self, name: str = "port") -> int:
        """A port of the running server; ``ServerError`` before the first start."""
        try:
            return int(self._read_state()["ports"][name])
        except KeyError:
            raise ServerError(f"{self.name} has not been started") from None

    @property
    def url(self) -> str:
        """Base address of the server's API, without a slash at the end."""
        return f"http://127.0.0.1:{self.port()}"

    def _read_state(self) -> dict[str, Any]:
        try:
            return json.loads((self.run_dir / "state.json").read_text())
        except FileNotFoundError:
            return {}

    def _write_state(self, state: dict[str, Any]) -> None:
        self._write_secret_file("state.json", json.dumps(state))

    def _write_secret_file(self, name: str, text: str) -> Path:
        """A file in the state folder that only this user may read."""
        path = self.run_dir / name
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(text)
        return path
