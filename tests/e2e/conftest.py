"""One set of servers for all loops, started once; a product per test."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.product import FAMILIES, HOOK_SECRET, Product, free_port, running
from tests.e2e.servers.bluesky import Bluesky
from tests.e2e.servers.dynamodb_local import DynamoDbLocal
from tests.e2e.servers.moto_server import MotoServer
from tests.e2e.servers.rt import RequestTracker
from tests.e2e.servers.synapse import Synapse
from tests.e2e.servers.testing import fresh
from tests.e2e.servers.tryton import Tryton

HOOK = "http://127.0.0.1:{port}/webhooks/helpdesk/rt/rt"
CHAT = "http://127.0.0.1:{port}/webhooks/platform/matrix/chat"
INSTANCE = f"loop-{os.getpid()}"
"""Two runs on one machine do not stop each other's servers."""
SHOTS = Path(os.environ.get("CARELOOP_E2E_SHOTS", "out/screenshots"))


@pytest.fixture(scope="session")
def port() -> int:
    """Where the product listens: always the same, so that the servers need not start again for each test."""
    return free_port()


@pytest.fixture(scope="session")
def rt(port: int) -> Iterator[RequestTracker]:
    """Request Tracker, whose Scrip calls the product."""
    with fresh(RequestTracker(instance=INSTANCE), hook_url=HOOK.format(port=port), hook_secret=HOOK_SECRET) as server:
        yield server


@pytest.fixture(scope="session")
def tryton() -> Iterator[Tryton]:
    """The CRM."""
    with fresh(Tryton(instance=INSTANCE)) as server:
        yield server


@pytest.fixture(scope="session")
def bluesky() -> Iterator[Bluesky]:
    """The social network."""
    with fresh(Bluesky(instance=INSTANCE), mode="full") as server:
        yield server


@pytest.fixture(scope="session")
def synapse(port: int) -> Iterator[Synapse]:
    """The private chat, which pushes to the product."""
    with fresh(Synapse(instance=INSTANCE), as_url=CHAT.format(port=port)) as server:
        yield server


@pytest.fixture(scope="session")
def aws() -> Iterator[dict[str, Any]]:
    """DynamoDB Local for tables, moto for the rest."""
    before = dict(os.environ)
    with fresh(MotoServer(instance=INSTANCE)) as moto, fresh(DynamoDbLocal(instance=INSTANCE)) as dynamodb:
        yield {"moto": moto, "dynamodb": dynamodb}
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(params=FAMILIES)
def product(request: pytest.FixtureRequest, tmp_path: Path, port: int) -> Iterator[Product]:
    """Careloop on one family of adapters."""
    servers = request.getfixturevalue("aws") if request.param == "aws" else {}
    with running(request.param, tmp_path, servers, port) as found:
        yield found


@pytest.fixture
def shots(request: pytest.FixtureRequest) -> Path:
    """Where this test's pictures go."""
    return SHOTS / request.node.name.replace("[", "-").replace("]", "")
