"""Runs in a fresh interpreter: imports modules with every effect refused, and prints what is loaded afterwards as JSON.

Usage: python -B -m tests.architecture.probe MODULE...
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import threading
import traceback
from typing import Any

REFUSED = frozenset(
    [
        "os.chmod",
        "os.exec",
        "os.fork",
        "os.link",
        "os.mkdir",
        "os.posix_spawn",
        "os.putenv",
        "os.remove",
        "os.rename",
        "os.rmdir",
        "os.symlink",
        "os.system",
        "os.truncate",
        "os.unsetenv",
        "shutil.copyfile",
        "shutil.move",
        "shutil.rmtree",
        "signal.pthread_kill",
        "socket.bind",
        "socket.connect",
        "socket.getaddrinfo",
        "socket.gethostbyname",
        "socket.sendto",
        "sqlite3.connect",
        "subprocess.Popen",
        "tempfile.mkdtemp",
        "tempfile.mkstemp",
    ]
)


CHALICE_NAMES_ITSELF = "AWS_EXECUTION_ENV"
"""Set by Chalice when its app object is made; nothing of ours."""


class EffectError(BaseException):
    """An import did something. No Exception, so that no library's ``except`` hides it."""


def _refuse(event: str, args: tuple[Any, ...]) -> None:
    if event == "os.putenv" and args[:1] == (CHALICE_NAMES_ITSELF.encode(),):
        return
    if event in REFUSED or (event == "open" and _is_writing(*args)):
        raise EffectError(f"{event}{args!r}")


def _is_writing(path: object, mode: str | None, flags: int) -> bool:
    if path in (os.devnull, os.devnull.encode()):
        return False
    if mode is not None:
        return any(letter in mode for letter in "wax+")
    return bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC))


def main(names: list[str]) -> None:
    """Import `names` in order; problems name the module and the line of ours that was running."""
    problems = []
    environment = dict(os.environ)
    sys.addaudithook(_refuse)
    for name in names:
        try:
            importlib.import_module(name)
        except (Exception, EffectError, SystemExit) as error:
            frames = [
                frame for frame in traceback.extract_tb(error.__traceback__) if not frame.filename.startswith("<")
            ]
            ours = [frame for frame in frames if "site-packages" not in frame.filename and frame.filename != __file__]
            where = f"{ours[-1].filename}:{ours[-1].lineno}" if ours else "?"
            problems.append(f"import {name}: {where}: {type(error).__name__}: {error}")
    both = {*os.environ, *environment} - {CHALICE_NAMES_ITSELF}
    changed = sorted(key for key in both if os.environ.get(key) != environment.get(key))
    if changed:
        problems.append(f"imports changed the environment: {changed}")
    if threading.active_count() != 1:
        problems.append(f"imports started threads: {[thread.name for thread in threading.enumerate()]}")
    sys.stdout.write(json.dumps({"problems": problems, "loaded": sorted(sys.modules)}))


if __name__ == "__main__":
    main(sys.argv[1:])
