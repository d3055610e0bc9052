"""Lambda on this machine: AWS's own runtime interface client over an unpacked package, and the API that it asks for work.

The client runs without this environment's packages: what the zip lacks is missing. Protocol: "Lambda runtime API",
version 2018-06-01 (AWS Lambda developer guide, 2026-08).
"""

from __future__ import annotations

import importlib.metadata
import json
import queue
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

CLIENT = ("awslambdaric", "simplejson", "snapshot_restore_py")
PATIENCE = 60.0
_ROOT = "/2018-06-01/runtime"


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A container that is stopped while it waits says no goodbye."""


class RuntimeApi:
    """Hands out events, one at a time, and takes answers. ``asked_at``: when the first event was asked for."""

    def __init__(self) -> None:
        self.events: queue.Queue[Mapping[str, Any] | None] = queue.Queue()
        self.answers: queue.Queue[tuple[str, Any]] = queue.Queue()
        self.asked_at = 0.0
        api = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                api.asked_at = api.asked_at or time.monotonic()
                event = api.events.get()
                if event is None:
                    self.close_connection = True
                    return
                body = json.dumps(event).encode()
                self.send_response_only(200)
                self.send_header("Lambda-Runtime-Aws-Request-Id", "8476a536-e9f4-11e8-9739-2dfe598c3fcd")
                self.send_header("Lambda-Runtime-Deadline-Ms", str(int((time.time() + 60) * 1000)))
                self.send_header("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:eu-central-1:1:function:f")
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                kind = self.path.removeprefix(_ROOT).rpartition("/")[2]
                api.answers.put((f"init {kind}" if "/init/" in self.path else kind, json.loads(body or b"null")))
                self.send_response_only(202)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = _Server(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        self.address = f"127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        """Let whoever waits go."""
        self.events.put(None)
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=10)


class Function:
    """One function in its container."""

    def __init__(self, api: RuntimeApi, process: subprocess.Popen[str], log: Path) -> None:
        self._api = api
        self._process = process
        self._log = log
        self._began = time.monotonic()
        self.init_seconds = 0.0
        self.first_seconds = 0.0
        """From the start of the process to the first answer."""

    def invoke(self, event: Mapping[str, Any]) -> Any:
        """What the function returns. AssertionError with its log when it fails or says nothing."""
        self._api.events.put(event)
        kind, answer = self._answer()
        assert kind == "response", f"{kind}: {answer}\n{self.log()}"
        return answer

    def fail(self, event: Mapping[str, Any]) -> Any:
        """The error that the function raises."""
        self._api.events.put(event)
        kind, answer = self._answer()
        assert kind == "error", f"{kind}: {answer}"
        return answer

    def log(self) -> str:
        """All that it wrote."""
        return self._log.read_text(encoding="utf-8", errors="replace")

    def _answer(self) -> tuple[str, Any]:
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            try:
                found = self._api.answers.get(timeout=0.2)
                self.first_seconds = self.first_seconds or time.monotonic() - self._began
                return found
            except queue.Empty:
                assert self._process.poll() is None, f"the function ended:\n{self.log()}"
        raise AssertionError(f"no answer:\n{self.log()}")


def client_folder(folder: Path) -> Path:
    """The runtime interface client alone, copied out of this environment."""
    for name in CLIENT:
        for file in importlib.metadata.files(name) or ():
            if ".." in file.parts or file.suffix == ".pyc":
                continue
            target = folder / file
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file.locate(), target)
    return folder


@contextmanager
def function(task: Path, handler: str, client: Path, environment: Mapping[str, str], log: Path) -> Iterator[Function]:
    """The function `handler` of the package unpacked in `task`, started and waiting for its first event. ``environment``
    is all that it has beside what Lambda sets."""
    api = RuntimeApi()
    lambdas = {
        "AWS_LAMBDA_RUNTIME_API": api.address,
        "AWS_LAMBDA_FUNCTION_NAME": "careloop-test",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
        "AWS_EXECUTION_ENV": f"AWS_Lambda_python{sys.version_info[0]}.{sys.version_info[1]}",
        "LAMBDA_TASK_ROOT": str(task),
        "_HANDLER": handler,
        "PATH": "/usr/bin:/bin",
        "PYTHONPATH": f"{task}:{client}",
        "PYTHONDONTWRITEBYTECODE": "1",  # as in Lambda, where nothing can be written there
        "TZ": ":UTC",
    }
    with log.open("w", encoding="utf-8") as out:
        began = time.monotonic()
        process = subprocess.Popen(
            [sys.executable, "-S", "-m", "awslambdaric", handler],
            cwd=task,
            env={**environment, **lambdas},
            stdout=out,
            stderr=subprocess.STDOUT,
            text=True,
        )
        found = Function(api, process, log)
        try:
            while not api.asked_at and process.poll() is None and time.monotonic() < began + PATIENCE:
                time.sleep(0.002)
            assert api.asked_at, f"{handler} did not start:\n{found.log()}"
            found.init_seconds = api.asked_at - began
            yield found
        finally:
            process.terminate()
            process.wait(timeout=30)
            api.close()
