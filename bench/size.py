"""Sizes: what Lambda gets, what an import costs, and what the sandbox takes of this machine."""

from __future__ import annotations

import importlib.metadata
import json
import os
import re
import resource
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parent.parent
ROUNDS = 5
MESSAGES = 50
MEMORY_AIM = 300
"""Megabytes that the sandbox may take at its peak."""
BARE, CHALICE = "bare interpreter", "import chalice"
_BUILD = "from chalicelib.bootstrap import application; app = application()"
PROGRAMS: Mapping[str, str] = {
    BARE: "pass",
    CHALICE: "import chalice",
    "app": "import app",
    **{
        f"entrypoints.{name}": f"import chalicelib.entrypoints.{name}"
        for name in ("api", "inbound", "outbound", "jobs", "poll", "dead_letters")
    },
    "api, application built": f"import chalicelib.entrypoints.api; {_BUILD}",
    "api, and AWS's four clients made": (
        f"import chalicelib.entrypoints.api; {_BUILD}; "
        f"from chalicelib.adapters.aws.clients import AwsClients; clients = AwsClients(region='eu-central-1'); "
        "[clients.client(name) for name in ('dynamodb', 'sqs', 's3', 'secretsmanager')]"
    ),
}
_ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": "eu-central-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "CARELOOP_STAGE": "bench",
    "CARELOOP_TABLE": "careloop-bench",
    "CARELOOP_INBOUND_QUEUE": "careloop-bench-inbound.fifo",
    "CARELOOP_OUTBOUND_QUEUE": "careloop-bench-outbound.fifo",
    "CARELOOP_JOBS_QUEUE": "careloop-bench-jobs.fifo",
    "CARELOOP_ARCHIVE_BUCKET": "careloop-bench-archive",
    "CARELOOP_SECRETS_PREFIX": "careloop/bench",
}


# -- the package -------------------------------------------------------------------------------------------------------


def requirements() -> dict[str, int]:
    """Bytes of each distribution that requirements.txt names, as its wheel unpacks (no compiled files, no scripts)."""
    found = {}
    for line in (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines():
        name = line.partition("#")[0].partition("==")[0].strip()
        if name:
            found[name] = sum(_unpacked(importlib.metadata.distribution(name)))
    return found


def _unpacked(distribution: importlib.metadata.Distribution) -> Iterator[int]:
    for file in distribution.files or ():
        path = Path(str(distribution.locate_file(file)))
        if file.suffix != ".pyc" and ".." not in file.parts and path.is_file():
            yield path.stat().st_size


def source() -> tuple[int, int, int]:
    """Files, lines and bytes of app.py and chalicelib, as they are deployed."""
    files = [ROOT / "app.py", *(item for item in (ROOT / "chalicelib").rglob("*") if item.is_file())]
    texts = [item.read_bytes() for item in files if item.suffix != ".pyc"]
    return len(texts), sum(text.count(b"\n") for text in texts), sum(map(len, texts))


# -- imports -----------------------------------------------------------------------------------------------------------


def import_seconds() -> dict[str, float]:
    """Processor seconds of a fresh process for each of PROGRAMS: the median of five rounds, after one that compiles."""
    taken: dict[str, list[float]] = {name: [] for name in PROGRAMS}
    for number in range(ROUNDS + 1):
        for name, program in PROGRAMS.items():
            seconds = _processor_seconds(program)
            if number:
                taken[name].append(seconds)
    return {name: statistics.median(seconds) for name, seconds in taken.items()}


def _processor_seconds(program: str) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, env={**os.environ, **_ENVIRONMENT}, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


# -- the sandbox -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Sandbox:
    """What one run of the sandbox took. ``peak``: megabytes; None where the system does not tell."""

    seconds_to_page: float
    peak: float | None
    summary: str


def sandbox() -> Sandbox:
    """Start it, write fifty messages, wait until all are dealt with, look, end it."""
    with tempfile.TemporaryDirectory(prefix="careloop-bench-") as folder:
        begin = time.perf_counter()
        with _running(folder) as process:
            url = _address(process)
            _ask(f"{url}/")
            ready = time.perf_counter() - begin
            for number in range(MESSAGES):
                _write(url, number)
            summary = _settled(url)
            return Sandbox(seconds_to_page=ready, peak=_peak(process.pid), summary=summary)


@contextmanager
def _running(folder: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", "from careloop.cli.main import main; main()"]
    process = subprocess.Popen(
        [*command, "sandbox", "--port", "0", "--folder", folder], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)


def _address(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    for line in process.stdout:
        if found := re.search(r"http://127\.0\.0\.1:\d+", line):
            return found[0]
    raise SystemExit("the sandbox ended before it told its address")


def _ask(url: str, data: Mapping[str, Any] | None = None) -> bytes:
    body = json.dumps(data).encode() if data is not None else None
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        found: bytes = answer.read()
        return found


def _write(url: str, number: int) -> None:
    place, who = ("facebook", "messenger", "x")[number % 3], ("dana", "kim", "lee")[number // 3 % 3]
    _ask(
        f"{url}/act", {"action": "write", "place": place, "who": who, "text": f"Message {number}: where is my parcel?"}
    )


def _settled(url: str) -> str:
    """The page's summary once every message is on a ticket and nothing waits."""
    for _ in range(600):
        state = json.loads(_ask(f"{url}/state?since=0"))
        words = [item for ticket in state["tickets"] for item in ticket["comments"] if not item["note"]]
        if len(words) >= MESSAGES and " 0 waiting" in state["summary"]:
            return str(state["summary"])
        time.sleep(0.1)
    raise SystemExit("the sandbox did not come to rest within a minute")


def _peak(pid: int) -> float | None:
    status = Path(f"/proc/{pid}/status")
    found = re.search(r"VmHWM:\s+(\d+) kB", status.read_text(encoding="ascii")) if status.exists() else None
    return int(found[1]) / 1024 if found else None


# -- output ------------------------------------------------------------------------------------------------------------


def run(console: Console) -> bool:
    """Measure and print; False when the sandbox takes more memory than it may."""
    _print_package(console)
    _print_imports(console, import_seconds())
    figures = sandbox()
    peak = f"{figures.peak:.0f} MB" if figures.peak is not None else "not told by this system"
    console.print(
        f"Sandbox: page after {figures.seconds_to_page:.1f} s; peak memory {peak} (aim below {MEMORY_AIM} MB) after "
        f"{MESSAGES} messages on three networks: {figures.summary}.",
        highlight=False,
    )
    return figures.peak is None or figures.peak < MEMORY_AIM


def _print_package(console: Console) -> None:
    sizes = requirements()
    files, lines, size = source()
    table = Table(title="What Lambda gets, unpacked", title_justify="left")
    table.add_column("part")
    table.add_column("MB", justify="right")
    for name, number in sorted(sizes.items(), key=lambda item: -item[1]):
        table.add_row(name, f"{number / 1e6:.2f}")
    table.add_row("requirements, together", f"{sum(sizes.values()) / 1e6:.1f}", style="bold")
    table.add_row(f"app.py and chalicelib ({files} files, {lines:,} lines)", f"{size / 1e6:.2f}", style="bold")
    console.print(table)


def _print_imports(console: Console, seconds: Mapping[str, float]) -> None:
    table = Table(title=f"Imports: processor time of a fresh process, median of {ROUNDS}", title_justify="left")
    table.add_column("program")
    for name in ("ms", f"x {BARE}", f"x {CHALICE}"):
        table.add_column(name, justify="right")
    for name, taken in seconds.items():
        table.add_row(name, f"{taken * 1000:.0f}", f"{taken / seconds[BARE]:.1f}", f"{taken / seconds[CHALICE]:.1f}")
    console.print(table)


if __name__ == "__main__":
    raise SystemExit(0 if run(Console()) else 1)
