"""Installing once: stamp files, one package manager at a time, two heavy installations at most, quiet, logged.

Everything comes from the Debian, PyPI and npm registries through their own clients. What cannot be had here raises
``NotInstallable`` with a reason in plain words; the log says the rest.
"""

import contextlib
import fcntl
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.e2e.servers.processes import run_quiet

_HEAVY_AT_ONCE = 2
_POLICY = Path("/usr/sbin/policy-rc.d")


class NotInstallable(Exception):
    """This machine cannot have the server: no root, no registry, no such package. ``reason`` is one plain sentence."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def home() -> Path:
    """The folder of all installations and states."""
    return Path(os.environ.get("CARELOOP_E2E_HOME") or Path.home() / ".cache" / "careloop-e2e")


def install_once(
    folder: Path, *, recipe: str, is_there: Callable[[], bool], make: Callable[[Path], None], heavy: bool = False
) -> None:
    """Run ``make(log)`` unless the stamp in ``folder`` says that this recipe has been installed and ``is_there()`` agrees."""
    folder.mkdir(parents=True, exist_ok=True)
    with locked(folder / "install.lock"):
        if is_current(folder, recipe) and is_there():
            return
        with heavy_place(folder.parent) if heavy else contextlib.nullcontext():
            begun = time.monotonic()
            log = folder / "install.log"
            log.unlink(missing_ok=True)
            make(log)
            if not is_there():
                raise NotInstallable(f"the installation ended without its files (see {log})")
        stamp = {"recipe": recipe, "seconds": round(time.monotonic() - begun, 1)}
        (folder / "installed.json").write_text(json.dumps(stamp))


def read_stamp(folder: Path) -> dict[str, Any] | None:
    """What ``install_once`` noted; None when nothing was installed."""
    with contextlib.suppress(FileNotFoundError, ValueError):
        return json.loads((folder / "installed.json").read_text())
    return None


def is_current(folder: Path, recipe: str) -> bool:
    """True when the stamp is there and of this recipe."""
    stamp = read_stamp(folder)
    return stamp is not None and stamp.get("recipe") == recipe


def require(is_done: bool, reason: str, log: Path) -> None:
    """``NotInstallable`` unless done; the reason names the log."""
    if not is_done:
        raise NotInstallable(f"{reason} (see {log})")


def apt_install(packages: Sequence[str], *, log: Path, preseed: str | None = None) -> None:
    """Install Debian packages that are missing, asking nothing and starting no service."""
    missing = [package for package in packages if not has_package(package)]
    if not missing:
        return
    if shutil.which("apt-get") is None:
        raise NotInstallable(f"this is no Debian: {', '.join(missing)} cannot be installed")
    if os.geteuid() != 0:
        raise NotInstallable(f"only root can install the Debian packages {', '.join(missing)}")
    with _apt_lock(), _no_services():
        _apt_update(log)
        if preseed is not None:
            _apt_get(["install", "debconf-utils"], log=log)
            selections = log.with_suffix(".preseed")
            selections.write_text(preseed)
            require(run_quiet(["debconf-set-selections", selections], log=log), "debconf refused the settings", log)
        _apt_get(["install", *missing], log=log)


def has_package(package: str) -> bool:
    """True when dpkg has the package installed and configured."""
    if shutil.which("dpkg-query") is None:
        return False
    argv = ["dpkg-query", "--show", "--showformat=${db:Status-Status}", package]
    return subprocess.run(argv, capture_output=True, text=True, check=False).stdout.startswith("installed")


def need_commands(commands: Mapping[str, str], *, log: Path) -> None:
    """Install the Debian package (value) of each command (key) that is not on the path."""
    apt_install([package for command, package in commands.items() if shutil.which(command) is None], log=log)


def make_venv(folder: Path, requirements: Sequence[str], *, log: Path) -> None:
    """A virtual environment of this Python with ``requirements`` (pinned) from PyPI."""
    python = folder / "bin" / "python"
    if not python.exists():
        done = run_quiet([sys.executable, "-m", "venv", folder], log=log)
        require(done, "this Python cannot make virtual environments", log)
    done = run_quiet([python, "-m", "pip", "install", "--quiet", *requirements], log=log)
    require(done, f"pip could not install {' '.join(requirements)}", log)


def npm(
    arguments: Sequence[str | Path],
    *,
    log: Path,
    cwd: Path,
    env: Mapping[str, str] | None = None,
    program: Sequence[str | Path] = ("npm",),
) -> None:
    """Run npm (or the one that ``program`` starts) without questions, audits or notices."""
    need_commands({"npm": "npm"}, log=log)
    argv = [*program, *arguments, "--no-audit", "--no-fund", "--no-update-notifier"]
    require(run_quiet(argv, log=log, cwd=cwd, env=env or {}), f"npm could not {arguments[0]}", log)


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock file against threads and other processes; wait for it."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def heavy_place(folder: Path) -> Iterator[None]:
    """Hold one of the places for heavy installations; wait for one."""
    with contextlib.ExitStack() as stack:
        files = [stack.enter_context((folder / f"heavy-{place}.lock").open("w")) for place in range(_HEAVY_AT_ONCE)]
        while not any(_try_lock(file.fileno()) for file in files):
            time.sleep(0.5)
        yield


def _try_lock(number: int) -> bool:
    try:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextlib.contextmanager
def _apt_lock() -> Iterator[None]:
    folder = home()
    folder.mkdir(parents=True, exist_ok=True)
    with locked(folder / "apt.lock"):
        yield


@contextlib.contextmanager
def _no_services() -> Iterator[None]:
    """While packages are installed, Debian's own way to say that no service may start (policy-rc.d, exit code 101)."""
    if _POLICY.exists():
        yield
        return
    _POLICY.write_text("#!/bin/sh\nexit 101\n")
    _POLICY.chmod(0o755)
    try:
        yield
    finally:
        _POLICY.unlink()


_updated = False


def _apt_update(log: Path) -> None:
    """Once per run of Python: a new machine knows no packages, an old one knows files that are gone."""
    global _updated
    if not _updated:
        _apt_get(["update"], log=log)
        _updated = True


def _apt_get(arguments: Sequence[str], *, log: Path) -> None:
    argv = ["apt-get", "-y", "-qq", "-o", "DPkg::Lock::Timeout=300", "--no-install-recommends", *arguments]
    done = run_quiet(argv, log=log, env={"DEBIAN_FRONTEND": "noninteractive"})
    require(done, f"apt-get {' '.join(arguments)} failed", log)
