"""What the contracts of state run on: each test once per family."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from chalicelib.core.account import ConnectionKind
from chalicelib.ports.services import SessionStore
from chalicelib.ports.stores import Stores
from tests.contracts.families import TABLE_FAMILIES, CountingTable, State, opened
from tests.fakes.clock import FrozenClock


@pytest.fixture(params=TABLE_FAMILIES)
def state(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[State]:
    """The empty state of one family."""
    with opened(request.param, tmp_path / "state.db") as state:
        yield state


@pytest.fixture
def clock(state: State) -> FrozenClock:
    return state.clock


@pytest.fixture
def stores(state: State) -> Stores:
    """The stores of one worker."""
    return state.worker()


@pytest.fixture
def other(state: State) -> Stores:
    """The stores of another worker on the same table: nothing is shared but the table."""
    return state.worker()


@pytest.fixture
def calls(state: State) -> CountingTable:
    """The calls that workers make of the table."""
    return state.table


@pytest.fixture
def sessions(state: State) -> SessionStore:
    return state.worker().sessions


@pytest.fixture
def local(tmp_path: Path) -> Iterator[State]:
    """The empty state of this machine alone."""
    with opened("sqlite", tmp_path / "state.db") as state:
        yield state


@pytest.fixture
def aws(tmp_path: Path) -> Iterator[State]:
    """The empty state of AWS in process alone."""
    with opened("moto", tmp_path / "state.db") as state:
        yield state


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """How many cases each connector has: what comes in, what goes out, other calls."""
    from chalicelib.connectors import registry
    from tests.contracts.cases import exchange_cases, inbound_cases

    terminalreporter.section("cases of each connector: in / out / calls")
    for kind in ConnectionKind:
        counts = []
        for name in registry.names(kind):
            inward = len(inbound_cases(kind, name))
            outward, calls = (len(exchange_cases(kind, name, what)) for what in ("outbound", "calls"))
            counts.append(f"{name} {inward}/{outward}/{calls}")
        terminalreporter.write_line(f"{kind}: {', '.join(counts)}")
