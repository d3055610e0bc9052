"""For ``pytest -p tests.rights.plugin``: every world of the run stands on AWS, under exactly the rendered policies.

``CARELOOP_RIGHTS_OUT``: where the calls that were made and refused are written, as JSON lines.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from chalicelib.ports.services import Clock
from tests.fakes import state
from tests.rights.emulator import Cloud
from tests.rights.family import COMMAND, Judge, open_state
from tests.rights.policies import of_operators, rendered
from tests.rights.proof import write_calls

_judge = Judge(policies={**rendered(), COMMAND: of_operators()})
_cloud = Cloud(rendered())
_world = ExitStack()


def _open(clock: Clock) -> Any:
    """A world's state; the one before it is gone."""
    _world.close()
    _world.enter_context(_cloud.stage(clock))
    return open_state(clock, _judge)


@pytest.fixture(scope="session", autouse=True)
def _in_the_cloud() -> Iterator[None]:
    with _cloud:
        state.choose(_open)
        yield
        state.choose(state.in_memory)


@pytest.fixture(autouse=True)
def _one_world_at_a_time() -> Iterator[None]:
    yield
    _world.close()


def pytest_sessionfinish() -> None:
    """Write down what was needed."""
    path = os.environ.get("CARELOOP_RIGHTS_OUT")
    if path is None:
        return
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    write_calls(Path(f"{path}.{worker}"), _judge.made, _judge.refused)
