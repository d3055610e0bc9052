"""Worlds in which something has happened already."""

from __future__ import annotations

from tests.fakes.clock import FrozenClock
from tests.fakes.platform import FindingPlatform
from tests.fakes.runtime import World


def opened(world: World | None = None, **changes) -> World:
    """A world with one ticket."""
    world = world or World()
    world.arrive(world.message("m1", **changes))
    return world


def finding() -> World:
    world = World(platform=FindingPlatform(FrozenClock().now))
    world.platform._now = world.clock.now
    return opened(world)


def unread(world: World, ticket: str = "1") -> None:
    """Take the case's cursor back, as a worker does that died before recording it."""
    from dataclasses import replace

    from chalicelib.ports.stores import SaveCase

    case = world.system.stores.cases.find_by_ticket(world.desk.tickets[ticket].ref)
    assert case is not None
    world.system.stores.transactions.commit(SaveCase(case=replace(case, cursor=None)))
