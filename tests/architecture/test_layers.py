"""Who may import what. The tables are in rules.py; each rule is also shown to catch the slip that it is there for."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.architecture.rules import LAYERS, THIRD_PARTY, broken, connector_of
from tests.architecture.source import ROOT, Source, is_within, last_name, sources

RECEIVE = "chalicelib/pipeline/receive.py"
CLOCK = "chalicelib/adapters/clock.py"


def test_imports_keep_to_the_layers() -> None:
    problems = broken()

    assert not problems, "\n".join(problems)


def test_everything_imported_is_deployed() -> None:
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    pinned = {line.partition("==")[0] for line in lines if "==" in line}
    used = {
        item.module.partition(".")[0]: f"{source.name}:{item.line}"
        for source in sources("chalicelib")
        for item in source.imports
        if not item.for_types
    }

    missing = [
        f"{used[name]}: {name} needs {package} in requirements.txt"
        for name, package in THIRD_PARTY.items()
        if name in used and package not in pinned
    ]
    assert not missing, "\n".join(missing)


def test_every_library_that_a_layer_may_use_is_known() -> None:
    allowed = {name for layer in LAYERS for name in layer.others}

    assert allowed - {"chalice"} <= set(THIRD_PARTY)


def test_webhook_modules_never_load_a_client() -> None:
    problems = _webhooks_with_clients(ROOT)

    assert not problems, "\n".join(problems)


def test_only_receive_makes_a_verified_webhook() -> None:
    problems = _made_elsewhere(ROOT)

    assert not problems, "\n".join(problems)


def test_only_the_clock_asks_the_time() -> None:
    problems = _clock_and_chance(ROOT)

    assert not problems, "\n".join(problems)


# ---- the rules that are more than an import ----------------------------------------------------------------------------


def _webhooks_with_clients(root: Path) -> list[str]:
    """webhook.py modules from which a connector's client.py is reached, over any number of imports."""
    modules = {source.module: source for source in sources("chalicelib", root=root)}
    found = []
    for source in modules.values():
        if connector_of(source.module) and source.path.name == "webhook.py":
            way = _way_to_a_client(source, modules)
            if way:
                found.append(f"{source.name}: reaches a client: {' -> '.join(way)}")
    return found


def _way_to_a_client(start: Source, modules: dict[str, Source]) -> Sequence[str]:
    waiting: list[tuple[str, ...]] = [(start.module,)]
    seen = {start.module}
    while waiting:
        way = waiting.pop(0)
        if connector_of(way[-1]) and way[-1].endswith(".client"):
            return way
        for module in _loaded_with(modules[way[-1]], modules, is_start=len(way) == 1):
            if module not in seen:
                seen.add(module)
                waiting.append((*way, module))
    return ()


def _loaded_with(source: Source, modules: dict[str, Source], *, is_start: bool) -> Iterator[str]:
    """What loading a module loads: its imports and their packages. Of the webhook itself, imports inside functions count as well."""
    for item in source.imports:
        if item.at_import or is_start:
            parts = item.module.split(".")
            yield from (
                name
                for end in range(1, len(parts) + 1)
                if (name := ".".join(parts[:end])) in modules and name != source.module
            )
    if is_start:
        package = source.module.rpartition(".")[0]
        if package in modules:
            yield package


def _made_elsewhere(root: Path) -> list[str]:
    found = []
    for source in sources("chalicelib", "careloop", "app.py", root=root):
        names = {"VerifiedWebhook"} | {
            alias.asname
            for node in ast.walk(source.tree)
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
            if alias.name == "VerifiedWebhook" and alias.asname
        }
        found += [
            f"{source.name}:{node.lineno}: makes a VerifiedWebhook; only {RECEIVE} may"
            for node in ast.walk(source.tree)
            if isinstance(node, ast.Call) and last_name(node.func) in names and source.name != RECEIVE
        ]
    return found


CLOCK_CALLS = {("datetime", "now"), ("datetime", "utcnow"), ("datetime", "today"), ("date", "today")}
CHANCE_CALLS = {("uuid", "uuid1"), ("uuid", "uuid4")}
BUILTINS_WITH_EFFECTS = {"open", "input", "print", "eval", "exec"}
WITHOUT_EFFECTS = ("chalicelib.core", "chalicelib.ports", "chalicelib.connectors", "chalicelib.pipeline")


def _clock_and_chance(root: Path) -> list[str]:
    """Calls that need no import of their own: the present time anywhere, chance and files where nothing may have effects."""
    found = []
    for source in sources("chalicelib", root=root):
        is_quiet = is_within(source.module, *WITHOUT_EFFECTS)
        for node in ast.walk(source.tree):
            if not isinstance(node, ast.Call):
                continue
            owner = last_name(node.func.value) if isinstance(node.func, ast.Attribute) else ""
            call = (owner, last_name(node.func))
            if call in CLOCK_CALLS and source.name != CLOCK:
                found.append(f"{source.name}:{node.lineno}: {'.'.join(call)}() asks the time; only {CLOCK} may")
            if is_quiet and (
                call in CHANCE_CALLS or (isinstance(node.func, ast.Name) and node.func.id in BUILTINS_WITH_EFFECTS)
            ):
                found.append(
                    f"{source.name}:{node.lineno}: {'.'.join(filter(None, call))}() has effects or differs each time"
                )
    return found


# ---- each rule catches what it is there for ---------------------------------------------------------------------------

CONNECTOR = "chalicelib/connectors/platforms/alpha"
SLIPS = {
    "core: file": ("chalicelib/core/a.py", "import pathlib", "chalicelib.core may not import pathlib"),
    "core: clock": ("chalicelib/core/a.py", "from time import monotonic", "may not import time"),
    "core: logging": ("chalicelib/core/a.py", "import logging.config", "may not import logging.config"),
    "core: chance": ("chalicelib/core/a.py", "from uuid import uuid4", "may not import uuid.uuid4"),
    "core: in a function": (
        "chalicelib/core/a.py",
        "def f():\n    import os",
        "core/a.py:2: chalicelib.core may not import os",
    ),
    "core: urllib.request": ("chalicelib/core/a.py", "from urllib import request", "may not import urllib.request"),
    "core: library": ("chalicelib/core/a.py", "import phonenumbers", "may not import phonenumbers"),
    "core: ports": ("chalicelib/core/a.py", "from chalicelib import ports", "may not import chalicelib.ports"),
    "core: relative": ("chalicelib/core/a.py", "from ..ports import spec", "may not import chalicelib.ports"),
    "core: dynamic": ("chalicelib/core/a.py", "__import__('socket')", "may not import socket"),
    "ports: toolkit": (
        "chalicelib/ports/a.py",
        "import chalicelib.connectors.toolkit.api",
        "may not import chalicelib.connectors",
    ),
    "pipeline: adapter": (
        "chalicelib/pipeline/a.py",
        "from chalicelib.adapters import aws",
        "may not import chalicelib.adapters",
    ),
    "pipeline: connector": (
        "chalicelib/pipeline/a.py",
        "import chalicelib.connectors.registry",
        "may not import chalicelib.conn",
    ),
    "pipeline: boto3": ("chalicelib/pipeline/a.py", "import boto3", "may not import boto3"),
    "toolkit: connector": (
        "chalicelib/connectors/toolkit/a.py",
        "from chalicelib.connectors.platforms.alpha import spec",
        "toolkit may not import chalicelib.connectors.platforms",
    ),
    "connector: another": (f"{CONNECTOR}/a.py", "import chalicelib.connectors.platforms.beta.spec", "may not import"),
    "connector: pipeline": (f"{CONNECTOR}/a.py", "import chalicelib.pipeline", "may not import chalicelib.pipeline"),
    "connector: HTTP library": (f"{CONNECTOR}/a.py", "import urllib3", "may not import urllib3"),
    "connector: registry": (
        f"{CONNECTOR}/a.py",
        "import chalicelib.connectors.registry",
        "may not import chalicelib.connectors.reg",
    ),
    "family: connector": (
        "chalicelib/connectors/platforms/_meta/a.py",
        "from chalicelib.connectors.platforms.alpha import client",
        "may not import chalicelib.connectors.platforms.alpha",
    ),
    "family of kinds: connector": (
        "chalicelib/connectors/_acme/a.py",
        "from chalicelib.connectors.crms.acme import client",
        "may not import chalicelib.connectors.crms.acme",
    ),
    "family of kinds: pipeline": (
        "chalicelib/connectors/_acme/a.py",
        "import chalicelib.pipeline",
        "may not import chalicelib.pipeline",
    ),
    "toolkit: family of kinds": (
        "chalicelib/connectors/toolkit/a.py",
        "from chalicelib.connectors._acme import b",
        "toolkit may not import chalicelib.connectors._acme",
    ),
    "adapters: boto3 outside aws": ("chalicelib/adapters/archive.py", "import boto3", "may not import boto3"),
    "adapters: boto3, which is not deployed": ("chalicelib/adapters/aws/a.py", "import boto3", "may not import boto3"),
    "adapters: botocore outside aws": (
        "chalicelib/adapters/http.py",
        "import botocore.config",
        "may not import botocore.config",
    ),
    "adapters: socket": ("chalicelib/adapters/aws/a.py", "import http.client", "may not import http.client"),
    "adapters: urllib3 outside http": ("chalicelib/adapters/aws/a.py", "import urllib3", "may not import urllib3"),
    "adapters: types at run time": (
        "chalicelib/adapters/aws/a.py",
        "import mypy_boto3_sqs",
        "may not import mypy_boto3_sqs",
    ),
    "chalice in bootstrap": ("chalicelib/bootstrap.py", "from chalice import Chalice", "may not import chalice"),
    "entry point: adapter": (
        "chalicelib/entrypoints/a.py",
        "import chalicelib.adapters.http",
        "may not import chalicelib.adapters",
    ),
    "app: pipeline": ("app.py", "from chalicelib import bootstrap", "may not import chalicelib.bootstrap"),
    "careloop in Lambda": (
        "chalicelib/entrypoints/a.py",
        "import careloop.local",
        "what is deployed does not know careloop",
    ),
    "tests in Lambda": ("chalicelib/core/a.py", "from tests import fakes", "what is deployed does not know tests"),
    "boto3 in the sandbox": (
        "careloop/local/a.py",
        "def f():\n    import boto3",
        "a.py:2: boto3 in a part that runs without AWS",
    ),
}


@pytest.mark.parametrize(("file", "text", "message"), SLIPS.values(), ids=SLIPS)
def test_a_slip_is_found(tmp_path: Path, file: str, text: str, message: str) -> None:
    _write(tmp_path, file, text)

    problems = broken(tmp_path)

    assert [problem for problem in problems if problem.startswith(f"{file}:") and message in problem], problems


GOOD = {
    "chalicelib/core/a.py": "import re, uuid\nimport regex\nfrom chalicelib.core import errors\nfrom datetime import datetime",
    "chalicelib/ports/a.py": "from chalicelib.core.ids import AccountId",
    "chalicelib/pipeline/a.py": "import logging\nfrom chalicelib.ports import stores",
    f"{CONNECTOR}/client.py": "from chalicelib.connectors.platforms.alpha.spec import SPEC\nfrom chalicelib.connectors.toolkit import api",
    f"{CONNECTOR}/webhook.py": "from chalicelib.connectors.platforms._meta.parts import x\nimport hmac, json, io",
    "chalicelib/connectors/crms/acme/client.py": "from chalicelib.connectors._acme.soql import x",
    "chalicelib/connectors/_acme/a.py": "from chalicelib.connectors.toolkit import api\nfrom chalicelib.connectors._acme import b",
    "chalicelib/connectors/registry.py": "import importlib\nfrom chalicelib.ports.spec import PlatformSpec",
    "chalicelib/adapters/http.py": "import urllib3, ssl",
    "chalicelib/adapters/aws/a.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import mypy_boto3_sqs\nimport botocore",
    "chalicelib/bootstrap.py": "from chalicelib import settings\nfrom chalicelib.connectors import registry\nimport chalicelib.adapters.http",
    "chalicelib/entrypoints/a.py": "from chalice import Blueprint\nimport os\nfrom chalicelib import bootstrap",
    "app.py": "from chalice import Chalice\nfrom chalicelib.entrypoints import inbound",
    "careloop/local/a.py": "import sqlite3\nfrom chalicelib.connectors.platforms.alpha import client",
    "careloop/provision.py": "import boto3",
}


@pytest.mark.parametrize("file", GOOD)
def test_what_is_allowed_passes(tmp_path: Path, file: str) -> None:
    _write(tmp_path, file, GOOD[file])

    assert broken(tmp_path) == []


@pytest.mark.parametrize(
    ("files", "way"),
    [
        (
            {f"{CONNECTOR}/webhook.py": "from chalicelib.connectors.platforms.alpha.client import Client"},
            r"alpha\.webhook -> \S+client$",
        ),
        (
            {f"{CONNECTOR}/webhook.py": "def f():\n    from chalicelib.connectors.platforms.alpha import client"},
            r"webhook -> \S+client$",
        ),
        (
            {
                f"{CONNECTOR}/webhook.py": "import json",
                f"{CONNECTOR}/__init__.py": "from chalicelib.connectors.platforms.alpha import client",
            },
            r"webhook -> \S+alpha -> \S+client$",
        ),
        (
            {
                f"{CONNECTOR}/webhook.py": "from chalicelib.connectors.platforms.alpha import shapes",
                f"{CONNECTOR}/shapes.py": "from chalicelib.connectors.platforms.alpha import client",
            },
            r"webhook -> \S+shapes -> \S+client$",
        ),
    ],
    ids=["direct", "in a function", "over the package", "over another module"],
)
def test_a_webhook_that_reaches_a_client_is_found(tmp_path: Path, files: dict[str, str], way: str) -> None:
    for file, text in ({f"{CONNECTOR}/client.py": ""} | files).items():
        _write(tmp_path, file, text)

    problems = _webhooks_with_clients(tmp_path)

    assert len(problems) == 1, problems
    assert re.search(way, problems[0]), problems


def test_a_package_that_loads_its_client_on_demand_passes(tmp_path: Path) -> None:
    _write(tmp_path, f"{CONNECTOR}/client.py", "")
    _write(tmp_path, f"{CONNECTOR}/webhook.py", "import json")
    _write(
        tmp_path,
        f"{CONNECTOR}/__init__.py",
        "def client():\n    from chalicelib.connectors.platforms.alpha import client",
    )

    assert _webhooks_with_clients(tmp_path) == []


@pytest.mark.parametrize(
    "text",
    [
        "from chalicelib.core.webhook import VerifiedWebhook\nVerifiedWebhook(request=r)",
        "from chalicelib.core import webhook\nwebhook.VerifiedWebhook(request=r)",
        "from chalicelib.core.webhook import VerifiedWebhook as V\nV(request=r)",
    ],
)
def test_a_forged_verified_webhook_is_found(tmp_path: Path, text: str) -> None:
    _write(tmp_path, f"{CONNECTOR}/webhook.py", text)
    _write(tmp_path, RECEIVE, text)

    assert _made_elsewhere(tmp_path) == [f"{CONNECTOR}/webhook.py:2: makes a VerifiedWebhook; only {RECEIVE} may"]


@pytest.mark.parametrize(
    ("file", "text", "count"),
    [
        ("chalicelib/core/a.py", "from datetime import datetime, UTC\ndatetime.now(UTC)", 1),
        ("chalicelib/pipeline/a.py", "import datetime\ndatetime.date.today()", 1),
        ("chalicelib/adapters/aws/a.py", "import datetime\ndatetime.datetime.now()", 1),
        ("chalicelib/core/a.py", "open('x')", 1),
        (f"{CONNECTOR}/client.py", "import uuid\nuuid.uuid4()", 1),
        ("chalicelib/pipeline/a.py", "clock.now()\nself.clock.now()", 0),
        (CLOCK, "from datetime import datetime, UTC\ndatetime.now(UTC)", 0),
    ],
)
def test_asking_the_time_or_chance_is_found(tmp_path: Path, file: str, text: str, count: int) -> None:
    _write(tmp_path, file, text)

    assert len(_clock_and_chance(tmp_path)) == count


def _write(root: Path, file: str, text: str) -> None:
    path = root / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
