"""What an event costs in calls to AWS and to vendors: a budget for each flow, so that a call more is somebody's decision."""

from __future__ import annotations

import pytest

from bench.calls import COLD, ECHO, FIRST, FURTHER, MINUTE, REPLY, VENDORS, Counts, count

BUDGET = {FIRST: 14, FURTHER: 6, REPLY: 9, ECHO: 5, MINUTE: 8, COLD: 23}
"""Calls, without those that Lambda's poller makes (``python -m bench calls`` shows them by stage). How a remote is doing
is read once in ten seconds: one more after a pause, none in a flow."""


@pytest.fixture(scope="module")
def counts() -> Counts:
    return count()


@pytest.mark.parametrize("flow", BUDGET)
def test_a_flow_makes_no_more_calls_than_its_budget(counts: Counts, flow: str) -> None:
    assert counts.total(flow) <= BUDGET[flow], counts.calls(flow)


@pytest.mark.parametrize("flow", [FIRST, FURTHER, REPLY])
def test_calls_of_both_kinds_are_seen(counts: Counts, flow: str) -> None:
    """A counter that misses calls would keep any budget."""
    services = {call.partition(":")[0] for call in counts.calls(flow)}
    assert {"SQS", "DynamoDB", VENDORS[0]} <= services


def test_each_flow_went_the_usual_way(counts: Counts) -> None:
    """A flow that ends early would keep its budget too."""
    assert counts.calls(FIRST)["Zendesk: POST /tickets"] == 1
    assert counts.calls(FURTHER)["Zendesk: PUT /tickets/{id}"] == 1
    assert counts.calls(REPLY)["Facebook: POST /{id}/comments"] == 1
    assert counts.calls(COLD)["Secrets Manager: GetSecretValue"] == 2
    assert not any("Secrets Manager" in call for flow in (FIRST, FURTHER, REPLY, ECHO) for call in counts.calls(flow))
    assert {counts.messages[flow] for flow in (FIRST, FURTHER, REPLY, ECHO)} == {1}
