"""``make e2e``: install what is missing, hold the state to DynamoDB's own emulator, play the loops on real servers.

Prints what ran for real and what could not, with the reason; the exit code is that of the tests. Pictures of the agent's
pages go to ``out/screenshots``.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.e2e.servers import browser
from tests.e2e.servers.catalogue import NAMES, server_class
from tests.e2e.servers.dynamodb_local import DynamoDbLocal
from tests.e2e.servers.installing import NotInstallable

CONTRACTS = Path("tests/contracts")
STATE = sorted(str(path) for pattern in ("test_table*.py", "test_stores*.py") for path in CONTRACTS.glob(pattern))
STAGE_LIFE = "tests/e2e/test_stage_life.py"
AT_ONCE = 2


def install_all() -> dict[str, str]:
    """Install every server, two at a time; name -> "ready" with its time, or why it can't be had here."""

    def one(name: str) -> str:
        started = time.monotonic()
        try:
            if name == "chromium":
                browser.install()
            else:
                server_class(name)().install()
        except NotInstallable as error:
            return f"skipped: not installable here: {error.reason}"
        return f"ready after {time.monotonic() - started:.0f} s"

    names = ["bluesky", "rt", *[item for item in NAMES if item not in ("bluesky", "rt")]]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = dict(zip(names, pool.map(one, names), strict=True))
    # after the rest: Debian's package manager serves one at a time
    found["chromium"] = one("chromium")
    return found


def pytest(*arguments: str, **environment: str) -> int:
    """Run pytest in a process of its own, its output on ours."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
    return subprocess.run(command, env={**os.environ, **environment}, check=False).returncode


def state_on_dynamodb() -> int:
    """The contract of the state on DynamoDB Local."""
    server = DynamoDbLocal(instance="contracts")
    server.reset()
    server.start()
    try:
        return pytest(*STATE, "-k", "dynamodb", **server.environment, CARELOOP_DYNAMODB_ENDPOINT=server.url)
    finally:
        server.stop()


def main() -> int:
    """All of it."""
    print("Installing real servers where they are missing (a first time takes some minutes)", flush=True)
    found = install_all()
    for name, state in found.items():
        print(f"  {name:10} {state}", flush=True)
    codes = []
    if found["dynamodb"].startswith("ready"):
        print("\nThe contract of the state, on DynamoDB Local", flush=True)
        codes.append(state_on_dynamodb())
    print("\nThe loops, on real servers", flush=True)
    codes.append(pytest("tests/e2e", f"--ignore={STAGE_LIFE}", "-rs", "--durations=5"))
    # in a process of its own: moto in process shares its state with whatever ran there before
    codes.append(pytest(STAGE_LIFE))
    print("\nLeast privilege", flush=True)
    codes.append(subprocess.run([sys.executable, "-m", "tests.rights"], check=False).returncode)
    skipped = [name for name, state in found.items() if not state.startswith("ready")]
    ran = [name for name in found if name not in skipped]
    print(f"\nRan for real: {len(ran)} of {len(found)}: {', '.join(ran)}.")
    if skipped:
        print(f"Skipped: {len(skipped)}: {', '.join(skipped)} (reasons above).")
    return max(codes)


if __name__ == "__main__":
    sys.exit(main())
