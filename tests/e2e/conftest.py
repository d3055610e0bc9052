"""One set of servers for all loops, started once; a product per test."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.product import FAMILIES, Product, running
from tests.e2e.servers.bluesky import Bluesky
from tests.e2e.servers.dynamodb_local import DynamoDbLocal
from tests.e2e.servers.moto_server import MotoServer
from tests.e2e.servers.rt import RequestTracker
from tests.e2e.servers.synapse import Synapse
from tests.e2e.servers.testing import fresh
from tests.e2e.servers.tryton import Tryton

SHOTS = Path(os.environ.get("CARELOOP_E2E_SHOTS", "out/screenshots"))


@pytest.fixture(scope="session")
def rt() -> Iterator[RequestTracker]:
    """Request Tracker; its Scrip calls nobody until a test says whom."""
    with fresh(RequestTracker(instance="loop")) as server:
        yield server


@pytest.fixture(scope="session")
def tryton() -> Iterator[Tryton]:
    """The CRM."""
    with fresh(Tryton(instance="loop")) as server:
        yield server


@pytest.fixture(scope="session")
def bluesky() -> Iterator[Bluesky]:
    """The social network."""
    with fresh(Bluesky(instance="loop"), mode="full") as server:
        yield server


@pytest.fixture(scope="session")
def synapse() -> Iterator[Synapse]:
    """The private chat; a test starts it again with the product's address."""
    with fresh(Synapse(instance="loop")) as server:
        yield server


@pytest.fixture(scope="session")
def aws() -> Iterator[dict[str, Any]]:
    """DynamoDB Local for tables, moto for the rest."""
    before = dict(os.environ)
    with fresh(MotoServer(instance="loop")) as moto, fresh(DynamoDbLocal(instance="loop")) as dynamodb:
        yield {"moto": moto, "dynamodb": dynamodb}
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(params=FAMILIES)
def product(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Product]:
    """Careloop on one family of adapters."""
    servers = request.getfixturevalue("aws") if request.param == "aws" else {}
    with running(request.param, tmp_path, servers) as found:
        yield found


@pytest.fixture
def shots(request: pytest.FixtureRequest) -> Path:
    """Where this test's pictures go."""
    return SHOTS / request.node.name.replace("[", "-").replace("]", "")
