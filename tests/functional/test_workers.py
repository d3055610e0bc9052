"""Batches and retries: order within a group, when things come again, and what happens in the end."""

from __future__ import annotations

from typing import Any

import pytest

from careloop.local.runner import sqs_event, work_once
from chalicelib import bootstrap
from chalicelib.core.errors import ConflictError, RateLimitedError, UnavailableError
from chalicelib.core.patience import LONGEST_DELAY
from chalicelib.entrypoints.worker import Record, delay_for, run_batch
from tests.fakes.runtime import World


def test_a_failure_takes_the_rest_of_its_group_along_and_nobody_elses():
    world = World()
    world.send(
        world.message("m1", "one"),
        world.message("m2", "two"),
        world.message("k1", "other", person="lee"),
    )
    world.desk.faults = [("ensure_person", True, UnavailableError("down"))]
    world.work()
    assert [ticket.customer for ticket in world.desk.tickets.values()] == [["other"]]
    world.later(seconds=3)  # the whole group comes again after the failure's own delay
    assert world.desk.tickets["2"].customer == ["one", "two"]


def test_a_batch_of_one_raises_so_that_it_is_right_without_partial_responses():
    world = World()
    world.send(world.message())
    [message] = world.system.queues["inbound"].receive(1)

    def fail(record: Record) -> None:
        raise ConflictError("later")

    with pytest.raises(ConflictError):
        run_batch(world.app, "inbound", sqs_event("inbound", [message]), fail)


def test_a_larger_batch_reports_its_failures():
    world = World()
    world.send(world.message("m1"), world.message("m2"), world.message("k1", person="lee"))
    messages = world.system.queues["inbound"].receive(10)

    def fail(record: Record) -> None:
        if "kim" in record.group:
            raise ConflictError("later")

    answer = run_batch(world.app, "inbound", sqs_event("inbound", messages), fail)
    kims = {item.id for item in messages if "kim" in item.group}
    assert len(kims) == 2
    assert {item["itemIdentifier"] for item in answer["batchItemFailures"]} == kims


@pytest.mark.parametrize(
    ("receives", "error", "seconds"),
    [
        (1, UnavailableError(), 2.0),
        (2, UnavailableError(), 4.0),
        (5, RuntimeError(), 32.0),
        (60, UnavailableError(), LONGEST_DELAY),
        (3, RateLimitedError(retry_after=77), 77.0),
        (3, RateLimitedError(retry_after=10**6), LONGEST_DELAY),
        (3, RateLimitedError(retry_after=-5), 1.0),
        (5, RateLimitedError(retry_after=1), 1.0),
        (9, RateLimitedError(retry_after=1), 16.0),
        (9, RateLimitedError(retry_after=70), 70.0),
    ],
)
def test_when_a_record_comes_again(receives: int, error: Exception, seconds: float):
    assert delay_for(receives, error) == seconds


def test_what_a_queue_gives_up_on_is_parked_and_can_be_released():
    from chalicelib.pipeline.parked import release

    world = World()
    down = [("ensure_person", True, UnavailableError("down")) for _ in range(200)]
    world.desk.faults = list(down)
    world.send(world.message())
    for _ in range(60):
        world.later(minutes=26)
    bootstrap.install(world.app)
    try:
        assert work_once("dead_letters", world.system.dead_letters["inbound"]) == 1
    finally:
        bootstrap.install(None)
    [item] = world.system.stores.parking.list_parked()
    assert item.code == "exhausted"
    assert list(world.dispositions().values()) == ["parked"]
    world.desk.faults = []
    release(world.runtime, item.id)
    world.work()
    assert world.ticket.customer == ["Where is my parcel?"]


def test_a_poll_that_fails_is_left_to_the_next_one():
    from chalicelib.entrypoints import poll

    world = World()
    world.desk.faults = [("touched_since", True, UnavailableError("down"))]
    bootstrap.install(world.app)
    poll.fan_out()
    world.work()
    assert world.system.queues["jobs"].depth() == 0
    assert world.telemetry.counts["job_failed"] == 1


def test_every_function_is_registered_with_chalice():
    import app

    names: set[str] = set(app.app.handler_map)
    assert {"inbound", "outbound", "jobs", "poll", "dead_letters"} <= names
    sizes: dict[str, Any] = {
        item.name: item.batch_size for item in app.app.event_sources if hasattr(item, "batch_size")
    }
    assert set(sizes.values()) == {1}
