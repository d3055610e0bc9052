"""What platforms report of our messages after they were posted: forward only, told once, in whatever order it comes."""

from __future__ import annotations

from datetime import timedelta
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.errors import OutcomeUnknownError
from chalicelib.core.events import DeliveryState, DeliveryUpdated, Visibility, furthest
from chalicelib.core.ids import AccountId, AccountKey, MessageId, MessageKey
from chalicelib.core.reply import Delivery, DeliveryStatus
from tests.fakes.runtime import World
from tests.functional.scenes import opened

AGORA = AccountKey(platform="agora", account=AccountId("brand"))
STATES = st.sampled_from(DeliveryState)


def report(
    world: World, state: DeliveryState, message: str = "out-1", *, after: float = 0.0, delivery: str | None = None
) -> DeliveryUpdated:
    failed = state is DeliveryState.FAILED
    return DeliveryUpdated(
        account=AGORA,
        state=state,
        at=world.clock.now() + timedelta(seconds=after),
        message=MessageKey(account=AGORA, message=MessageId(message)),
        reason="The number has no account (131026)." if failed else None,
        delivery=delivery,
    )


def answered() -> tuple[World, str]:
    """A reply that was posted; the message's id."""
    world = opened()
    world.desk.agent_writes("1", "answer")
    world.hint()
    [delivery] = deliveries(world)
    assert delivery.receipt is not None
    return world, delivery.receipt.messages[0]


def deliveries(world: World) -> list[Delivery]:
    case = world.system.stores.cases.find_by_ticket(world.desk.tickets["1"].ref)
    assert case is not None
    return list(world.system.stores.deliveries.deliveries(case.id))


def told(world: World, words: str) -> int:
    return sum(words in item for item in world.ticket.notes)


@given(st.lists(STATES, min_size=1, max_size=8), st.randoms(use_true_random=False))
def test_the_furthest_state_is_the_same_in_any_order_and_however_often(states, random):
    def end(items):
        reached = None
        for item in items:
            before, reached = reached, furthest(reached, item)
            assert before is None or furthest(reached, before) is reached, "it went back"
        return reached

    other = [*states, *states]
    random.shuffle(other)
    assert end(other) is end(states)


def test_every_order_of_reports_ends_at_the_same_record():
    kinds = (DeliveryState.SENT, DeliveryState.FAILED, DeliveryState.DELIVERED)
    for order in permutations(kinds):
        world, message = answered()
        for number, state in enumerate((*order, order[0])):
            world.arrive(report(world, state, message, after=number))
        [delivery] = deliveries(world)
        assert (delivery.status, delivery.reached) == (DeliveryStatus.SENT, DeliveryState.DELIVERED), order
        failed_first = order.index(DeliveryState.FAILED) < order.index(DeliveryState.DELIVERED)
        assert told(world, "NOT delivered") == int(failed_first), order
        assert told(world, "delivered after all") == int(failed_first), order


def test_a_failure_after_the_fact_is_told_once_and_can_be_sent_again():
    world, message = answered()
    world.arrive(report(world, DeliveryState.FAILED, message), report(world, DeliveryState.FAILED, message, after=1))
    assert told(world, "NOT delivered") == 1
    assert "no account (131026)" in world.ticket.notes[-1]
    assert "/retry" in world.ticket.notes[-1]
    [delivery] = deliveries(world)
    assert (delivery.status, delivery.reached) == (DeliveryStatus.REFUSED, DeliveryState.FAILED)
    world.desk.agent_writes("1", "/retry", Visibility.INTERNAL)
    world.hint()
    assert world.platform.texts == ["answer", "answer"]
    assert [item.status for item in deliveries(world)] == [DeliveryStatus.REFUSED, DeliveryStatus.SENT]


def test_read_costs_no_note():
    world, message = answered()
    before = len(world.ticket.notes)
    for number, state in enumerate((DeliveryState.READ, DeliveryState.DELIVERED, DeliveryState.SENT)):
        world.arrive(report(world, state, message, after=number))
    assert deliveries(world)[0].reached is DeliveryState.READ
    assert len(world.ticket.notes) == before


@pytest.mark.parametrize("state", [DeliveryState.SENT, DeliveryState.READ, DeliveryState.FAILED])
def test_our_key_that_comes_back_settles_what_nobody_knew(state: DeliveryState):
    world = opened()
    world.platform.faults = [(False, OutcomeUnknownError("reset"))]
    world.desk.agent_writes("1", "answer")
    world.hint()
    assert told(world, "UNKNOWN") == 1
    [delivery] = deliveries(world)
    world.clock.advance(minutes=2)
    world.arrive(report(world, state, "wamid.1", delivery=delivery.key))
    [settled] = deliveries(world)
    failed = state is DeliveryState.FAILED
    assert settled.status is (DeliveryStatus.REFUSED if failed else DeliveryStatus.SENT)
    assert settled.receipt is not None
    assert settled.receipt.messages == ("wamid.1",)
    assert ("NOT delivered" if failed else "posted after all") in world.ticket.notes[-1]
    # the next report finds it by its message
    world.arrive(report(world, DeliveryState.READ, "wamid.1", after=5, delivery=delivery.key))
    assert deliveries(world)[0].reached is DeliveryState.READ
    assert len(world.platform.sent) == 1, "never sent again on a guess"


def test_a_key_of_nobody_is_only_counted():
    world, _ = answered()
    before = list(world.ticket.notes)
    for key in ("desk:1|999|1", "desk:77|1|1", "acme", ""):
        world.arrive(report(world, DeliveryState.FAILED, f"other-{key}", delivery=key))
    assert world.ticket.notes == before
