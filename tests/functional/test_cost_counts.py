"""The use that `careloop cost` computes from is what the counters count today."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bench.usage import count
from careloop.costs.usage import FILE, FLOWS

BYTES = ("log_bytes", "object_bytes", "sent_bytes")
"""Vary a little with line numbers, random ids and compression."""
REWRITE = "python -m bench.usage --write"


@pytest.fixture(scope="module")
def counted() -> dict[str, Any]:
    return count()


@pytest.fixture(scope="module")
def kept() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return found


def _exact(flow: dict[str, Any]) -> dict[str, dict[str, int]]:
    return {
        function: {name: number for name, number in sums.items() if name not in BYTES}
        for function, sums in flow["functions"].items()
    }


def test_all_flows_are_counted(counted: dict[str, Any]):
    assert set(counted["flows"]) == set(FLOWS)


@pytest.mark.parametrize("flow", FLOWS)
def test_calls_and_units_are_those_of_the_file(flow: str, counted: dict[str, Any], kept: dict[str, Any]):
    assert _exact(kept["flows"][flow]) == _exact(counted["flows"][flow]), REWRITE


@pytest.mark.parametrize("flow", FLOWS)
def test_bytes_are_about_those_of_the_file(flow: str, counted: dict[str, Any], kept: dict[str, Any]):
    now, then = counted["flows"][flow], kept["flows"][flow]

    for function, sums in now["functions"].items():
        for name in BYTES:
            known = then["functions"][function].get(name, 0)
            assert known == pytest.approx(sums.get(name, 0), rel=0.15), f"{function} {name}: {REWRITE}"
    assert then["kept_bytes_by_days"] == pytest.approx(now["kept_bytes_by_days"], rel=0.15), REWRITE


def test_metrics_are_those_of_the_file(counted: dict[str, Any], kept: dict[str, Any]):
    assert kept["metrics"] == counted["metrics"], REWRITE


def test_a_flow_is_one_run_of_it(counted: dict[str, Any]):
    """A flow that was counted twice, or ended early, would be a file of nonsense."""
    invocations = {
        flow: {name: sums["invocations"] for name, sums in one["functions"].items()}
        for flow, one in counted["flows"].items()
    }
    assert {tuple(sorted(each.values())) for each in invocations.values()} <= {(1,), (1, 1)}
    assert set(invocations["reply"]) == {"api_handler", "outbound"}
    assert set(invocations["a thread read again"]) == {"jobs"}
