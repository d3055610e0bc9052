"""Process groups that are found again by their pid file, free ports, and the check that nobody listens on the outside."""

import atexit
import contextlib
import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

_LISTEN = "0A"  # tcp state in /proc/net/tcp: proc(5)
_PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


class ProcessGroup:
    """One process with all its children, in a session of their own, known by a pid file.

    A pid file holds the start time of the process too, so that a number that was given to another process is never
    signalled. Unless ``keep``, the group is stopped when this interpreter ends.
    """

    def __init__(
        self, name: str, run_dir: Path, *, keep: bool = False, stop_signal: signal.Signals = signal.SIGTERM
    ) -> None:
        self.name = name
        self.pid_file = run_dir / f"{name}.pid"
        self.log = run_dir / f"{name}.log"
        self._keep = keep
        self._stop_signal = stop_signal
        self._popen: subprocess.Popen[bytes] | None = None

    def start(
        self,
        argv: Sequence[str | Path],
        *,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        user: str | None = None,
    ) -> None:
        """Start ``argv`` with its output in ``log``; ``env`` is added to this process's own environment less proxies."""
        with self.log.open("ab") as log:
            self._popen = subprocess.Popen(
                [os.fspath(part) for part in argv],
                env=clean_environment(env),
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                user=user,
                group=user,
                extra_groups=[] if user else None,
            )
        self.pid_file.write_text(json.dumps({"pid": self._popen.pid, "begun": _begun(self._popen.pid)}))
        if not self._keep:
            atexit.register(self.stop)

    def stop(self, *, grace: float = 10.0) -> None:
        """Send the group its stop signal, kill it after ``grace`` seconds, and forget it."""
        pid = self._pid()
        if pid is not None and not self._signal_until_gone(pid, self._stop_signal, grace):
            self._signal_until_gone(pid, signal.SIGKILL, 5.0)
        if self._popen is not None:
            self._popen.wait(timeout=5.0)
            self._popen = None
        self.pid_file.unlink(missing_ok=True)
        atexit.unregister(self.stop)

    def was_started(self) -> bool:
        """True from ``start`` to ``stop``, in whichever interpreter, even if the process has ended by itself."""
        return self.pid_file.exists()

    def is_running(self) -> bool:
        """True while the first process of the group lives."""
        pid = self._pid()
        return pid is not None and _status(pid)[0] not in ("Z", "X")

    def members(self) -> list[int]:
        """Ids of all living processes of the group, and of children that left it (PostgreSQL's do)."""
        pid = self._pid()
        return [] if pid is None else sorted({*_group_members(pid), *_descendants(pid)})

    def memory_mib(self) -> float:
        """Proportional memory of the group, MiB."""
        return sum(_pss_kib(pid) for pid in self.members()) / 1024

    def log_tail(self, lines: int) -> str:
        """The last lines of the log below a title line."""
        with contextlib.suppress(FileNotFoundError):
            return "\n".join([f"--- {self.name}", *self.log.read_text(errors="replace").splitlines()[-lines:]])
        return f"--- {self.name}: no log"

    def _pid(self) -> int | None:
        """The pid while it is still the process that we started; a child may outlive it, so the group counts too."""
        try:
            noted = json.loads(self.pid_file.read_text())
        except (FileNotFoundError, ValueError):
            return None
        pid = int(noted["pid"])
        begun = _begun(pid)
        if begun is None:
            return pid if _group_members(pid) else None
        return pid if begun == noted["begun"] else None

    def _signal_until_gone(self, pid: int, number: signal.Signals, seconds: float) -> bool:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(pid, number)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self._popen is not None:
                self._popen.poll()
            if not _group_members(pid):
                return True
            time.sleep(0.05)
        return False


def clean_environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """This process's environment for a child on loopback: no proxies, none of Python's own settings, ``extra`` added."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name.lower() not in _PROXIES and not name.startswith(("PYTEST", "PYTHON", "COV_"))
    }
    return {**kept, **(extra or {})}


def free_ports(count: int) -> list[int]:
    """``count`` different ports that nobody uses now, on loopback."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def check_loopback_only(pids: Iterable[int]) -> None:
    """Raise ``OSError`` naming each address outside loopback on which one of the processes accepts connections."""
    inodes = {inode for pid in pids for inode in _socket_inodes(pid)}
    outside = [
        f"{address} port {port}"
        for address, port, inode in _listeners()
        if inode in inodes and not _is_loopback(address)
    ]
    if outside:
        raise OSError(f"listens outside loopback: {', '.join(sorted(outside))}")


def listening_ports(pids: Iterable[int]) -> set[int]:
    """The ports on which the processes accept connections."""
    inodes = {inode for pid in pids for inode in _socket_inodes(pid)}
    return {port for _, port, inode in _listeners() if inode in inodes}


def _is_loopback(address: str) -> bool:
    return address == "::1" or address.startswith(("127.", "::ffff:127."))


def _listeners() -> list[tuple[str, int, str]]:
    """(address, port, socket inode) of every listening TCP socket of this network namespace."""
    found = []
    for table, family in (("tcp", socket.AF_INET), ("tcp6", socket.AF_INET6)):
        with contextlib.suppress(FileNotFoundError):
            for line in Path("/proc/net", table).read_text().splitlines()[1:]:
                fields = line.split()
                if fields[3] == _LISTEN:
                    host, port = fields[1].split(":")
                    found.append((_address(family, host), int(port, 16), fields[9]))
    return found


def _address(family: socket.AddressFamily, text: str) -> str:
    """An address as the kernel prints it: 32-bit words in the machine's byte order (little-endian on what we support)."""
    words = [bytes.fromhex(text[i : i + 8])[::-1] for i in range(0, len(text), 8)]
    return socket.inet_ntop(family, b"".join(words))


def _socket_inodes(pid: int) -> set[str]:
    found = set()
    with contextlib.suppress(FileNotFoundError, PermissionError, ProcessLookupError):
        for entry in Path(f"/proc/{pid}/fd").iterdir():
            with contextlib.suppress(FileNotFoundError):
                target = os.readlink(entry)
                if target.startswith("socket:["):
                    found.add(target[8:-1])
    return found


def _status(pid: int) -> tuple[str, int, str | None]:
    """(state letter, process group, start time in ticks) from proc(5); ("X", 0, None) when there is no such process."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return "X", 0, None
    return fields[0], int(fields[2]), fields[19]


def _begun(pid: int) -> str | None:
    return _status(pid)[2]


def _group_members(group: int) -> list[int]:
    pids = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
    return [pid for pid in pids if (status := _status(pid))[1] == group and status[0] not in ("Z", "X")]


def _descendants(pid: int) -> list[int]:
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        children = [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
        return [*children, *(each for child in children for each in _descendants(child))]
    return []


def _pss_kib(pid: int) -> int:
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1])
    return 0


def run_quiet(argv: Sequence[str | Path], *, log: Path, **options: Any) -> bool:
    """Run a command to its end with its output in ``log``; True when it succeeded. ``options`` as for ``subprocess.run``."""
    options["env"] = clean_environment(options.get("env"))
    with log.open("ab") as file:
        file.write(f"$ {' '.join(os.fspath(part) for part in argv)}\n".encode())
        file.flush()
        done = subprocess.run(
            [os.fspath(part) for part in argv], stdout=file, stderr=subprocess.STDOUT, check=False, **options
        )
    return done.returncode == 0
