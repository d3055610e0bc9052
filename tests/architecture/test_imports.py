"""Importing has no effects, and Lambda's public function loads no more than it needs."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.architecture.source import ROOT, is_within, sources

STAGE = "dev"
# Loaded by the public function at every cold start: connectors come on demand, the rest never.
NOT_WITH_APP = (
    "chalicelib.connectors.platforms",
    "chalicelib.connectors.helpdesks",
    "chalicelib.connectors.crms",
    "phonenumbers",
    "cryptography",
    "sqlite3",
    "careloop",
    "click",
    "rich",
    "tests.fakes",
)


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """What the probe found."""

    problems: list[str]
    modules: list[str] = field(repr=False)
    output: str


def _probe(*modules: str, root: Path = ROOT) -> Loaded:
    """Import `modules` in a fresh interpreter with the environment that a deployed function has, and nothing else."""
    config = json.loads((ROOT / ".chalice" / "config.json").read_text(encoding="utf-8"))
    environment = {
        **config["stages"][STAGE]["environment_variables"],
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_REGION": "eu-central-1",
        "PYTHONPATH": f"{root}:{ROOT}",
        "PATH": "/usr/bin:/bin",
    }
    done = subprocess.run(
        [sys.executable, "-B", "-m", "tests.architecture.probe", *modules],
        cwd=root,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    before, _, report = done.stdout.rpartition('{"problems"')
    found = json.loads('{"problems"' + report)
    return Loaded(problems=found["problems"], modules=found["loaded"], output=before + done.stderr)


def test_importing_has_no_effects() -> None:
    modules = [source.module for source in sources("chalicelib", "app.py")]

    loaded = _probe(*modules)

    assert not loaded.problems, "\n".join(loaded.problems)
    assert loaded.output == ""
    assert set(modules) <= set(loaded.modules)


def test_the_public_function_loads_no_connector() -> None:
    if not (ROOT / "app.py").exists():
        pytest.skip("there is no app.py yet")

    loaded = _probe("app")

    heavy = [name for name in loaded.modules if is_within(name, *NOT_WITH_APP) and name != "chalicelib.connectors"]
    assert not loaded.problems, "\n".join(loaded.problems)
    assert not heavy, f"import app loads {heavy}"


EFFECTS = {
    "writes a file": "open('made.txt', 'w')",
    "makes a folder": "import os\nos.mkdir('made')",
    "makes a database": "import sqlite3\nsqlite3.connect('made.sqlite3')",
    "resolves a name": "import socket\nsocket.getaddrinfo('localhost', 80)",
    "connects": "import socket\nsocket.socket().connect(('127.0.0.1', 9))",
    "hides what it did": "try:\n    open('made.txt', 'w')\nexcept Exception:\n    pass",
    "starts a process": "import subprocess\nsubprocess.run(['true'])",
    "starts a thread": "import threading\nthreading.Thread(target=threading.Event().wait, daemon=True).start()",
    "sets the environment": "import os\nos.environ['A'] = 'b'",
    "leaves": "raise SystemExit(3)",
    "fails": "1 / 0",
}


@pytest.mark.parametrize("text", EFFECTS.values(), ids=EFFECTS)
def test_an_effect_is_found(tmp_path: Path, text: str) -> None:
    (tmp_path / "module_with_effects.py").write_text(text, encoding="utf-8")

    loaded = _probe("module_with_effects", root=tmp_path)

    assert len(loaded.problems) == 1, loaded.problems
    assert [path.name for path in tmp_path.iterdir()] == ["module_with_effects.py"]


def test_output_is_found(tmp_path: Path) -> None:
    (tmp_path / "module_that_talks.py").write_text("print('hello')", encoding="utf-8")

    assert _probe("module_that_talks", root=tmp_path).output == "hello\n"
