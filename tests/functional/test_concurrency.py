"""What may happen at once, in many orders; ``python -m tests.concurrency`` tries all single interruptions and more."""

from __future__ import annotations

import random

import pytest

from chalicelib.core.errors import UnavailableError
from chalicelib.core.events import HelpdeskHint
from chalicelib.pipeline.receive import hint_message
from tests.concurrency.playing import play, tried
from tests.concurrency.scenarios import SCENARIOS, Scenario
from tests.concurrency.scheduler import Plan
from tests.fakes.runtime import World

SINGLE, SEVERAL = 10, 4
"""Orders of each scenario: single interruptions spread over it, and some at random."""

ONCE_WRONG = {
    "one contact on two channels": (Plan("public", ((6, "private"),)), Plan("private", ((7, "public"),))),
    "a message and its edit": (Plan("message", ((5, "change"),)), Plan("message", ((9, "change"),))),
    "a message and its deletion": (Plan("message", ((5, "change"),)), Plan("message", ((9, "change"),))),
    "a command while a hint is dealt with": (Plan("b", ((5, "agent"),)),),
    "solved while the customer writes": (Plan("respond", ((5, "customer"),)),),
}
"""Orders in which something was lost or doubled before it was guarded."""


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda item: item.name)
def test_whatever_the_order_it_holds(scenario: Scenario) -> None:
    tally = tried(scenario, random.Random(7), SEVERAL, most=SINGLE)
    assert not tally.failed, "\n".join(f"{plan}: {words}" for plan, words in tally.failed)
    assert tally.played >= SINGLE


@pytest.mark.parametrize(("name", "plan"), [(name, plan) for name, plans in ONCE_WRONG.items() for plan in plans])
def test_what_once_went_wrong_holds(name: str, plan: Plan) -> None:
    [scenario] = [item for item in SCENARIOS if item.name == name]
    play(scenario, plan)


@pytest.mark.parametrize("name", ["a lease that runs out", "sending that takes minutes"])
def test_a_worker_that_outlives_its_lease_can_double_what_it_was_about_to_write(name: str) -> None:
    """No fence reaches into a remote without idempotency keys: that workers end before their leases is the guarantee."""
    [scenario] = [item for item in SCENARIOS if item.name == name]
    tally = tried(scenario, random.Random(1), 0)
    assert not tally.failed
    assert 0 < tally.doubled < tally.played / 10


@pytest.mark.parametrize("knows_case", [True, False])
def test_an_answer_to_a_ticket_whose_case_is_not_recorded_yet_is_not_lost(knows_case: bool) -> None:
    """The worker died between creating the ticket and recording it; the agent was quicker than the next one."""
    world = World()
    world.desk.faults = [("create_ticket", False, UnavailableError("the answer was lost"))]
    world.arrive(world.message())
    ticket = world.ticket
    world.desk.agent_writes("1", "We are on it.")
    case = ticket.draft.external_id if knows_case else None
    hint = HelpdeskHint(ticket=ticket.ref.ticket, case=case)
    world.runtime.queues.outbound.send([hint_message("desk", hint, world.clock.now(), "salt")])
    world.work()
    assert world.platform.texts == []
    assert world.system.queues["outbound"].depth() == int(knows_case)

    world.later(seconds=5)
    world.later(seconds=15)

    assert world.platform.texts == ["We are on it."]
    assert world.system.queues["outbound"].depth() == 0
