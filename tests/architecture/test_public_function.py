"""What one webhook makes Lambda's public function load: one connector, and as little as that needs."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

import pytest

from bench.ack import ENVIRONMENT, events, new_cloud
from bench.cloud import running
from tests.architecture.source import ROOT, is_within

PROGRAM = """
import json, sys
import app
event = json.loads(sys.argv[1])
class Context:
    aws_request_id = "1"
    function_name = "careloop"
answer = app.app(event, Context())
print(json.dumps({"status": answer["statusCode"], "loaded": sorted(sys.modules)}))
"""
NEVER = (
    "aws_lambda_powertools",
    "aws_xray_sdk",
    "boto3",
    "botocore",
    "careloop",
    "chalicelib.adapters.http",
    "chalicelib.adapters.records.stores",
    "chalicelib.connectors.crms",
    "chalicelib.connectors.factory",
    "chalicelib.connectors.helpdesks",
    "chalicelib.core.budgets",
    "chalicelib.core.capabilities",
    "chalicelib.core.guard",
    "chalicelib.core.policy",
    "chalicelib.pipeline.ingest",
    "chalicelib.pipeline.respond",
    "chalicelib.ports.crm",
    "chalicelib.ports.helpdesk",
    "chalicelib.ports.platform",
    "chalicelib.ports.spec",
    "chalicelib.ports.stores",
    "cryptography",
    "phonenumbers",
    "regex",
    "sqlite3",
    "urllib3",
)
OURS = ("chalicelib.connectors.platforms.facebook", "chalicelib.connectors.platforms._meta")


@cache
def _loaded_by_a_webhook_of_facebooks() -> tuple[str, ...]:
    [event] = events(1)
    cloud = new_cloud()
    with tempfile.TemporaryDirectory() as folder, running(cloud, Path(folder)) as there:
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, json.dumps(event)],
            cwd=ROOT,
            env={"PATH": "/usr/bin:/bin", **ENVIRONMENT, **there},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["status"] == 200
    assert len(cloud.bodies) == 1
    return tuple(found["loaded"])


@pytest.mark.parametrize("package", NEVER)
def test_a_webhook_does_not_load(package: str) -> None:
    found = [name for name in _loaded_by_a_webhook_of_facebooks() if is_within(name, package)]

    assert not found


def test_a_webhook_loads_its_own_connector_alone_and_not_its_client() -> None:
    platforms = "chalicelib.connectors.platforms"
    loaded = [
        name
        for name in _loaded_by_a_webhook_of_facebooks()
        if is_within(name, platforms) and name != platforms and not is_within(name, *OURS)
    ]

    assert not loaded
    assert "chalicelib.connectors.platforms.facebook.webhook" in _loaded_by_a_webhook_of_facebooks()
    assert "chalicelib.connectors.platforms.facebook.client" not in _loaded_by_a_webhook_of_facebooks()


def test_three_hundred_modules_are_enough() -> None:
    """A bound on what creeps in: an import here costs every cold start."""
    assert len(_loaded_by_a_webhook_of_facebooks()) < 300
