"""A worker that dies anywhere while it asks, or while it checks an answer: asked once, told once, counted once."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial

import pytest

from chalicelib.core.ids import AuthorId, AuthorKey
from chalicelib.core.people import Verdict
from chalicelib.ports.stores import Transactions, Write
from tests.fakes.runtime import World
from tests.functional.asking_world import ask, asking_world, case_of, fill_in, link_in, write_privately
from tests.functional.scenes import opened

MOST = 20


class Dead(BaseException):
    """A worker that ended."""


class Dying:
    """Commits until the ``number``-th, at which the worker dies: before it or right after."""

    def __init__(self, inner: Transactions, number: int, *, before: bool) -> None:
        self._inner, self._left, self._before = inner, number, before

    def commit(self, *writes: Write) -> None:
        self._left -= 1
        if self._left == 0 and self._before:
            raise Dead
        self._inner.commit(*writes)
        if self._left == 0:
            raise Dead

    @property
    def died(self) -> bool:
        return self._left <= 0


def dies_at(world: World, number: int, before: bool, step: Callable[[], None]) -> bool:
    """Whether there was an end to die at. Afterwards other workers go on."""
    stores = world.system.stores
    kept = stores.transactions
    dying = Dying(kept, number, before=before)
    stores.transactions = dying
    try:
        with suppress(Dead):
            step()
    finally:
        stores.transactions = kept
    for _ in range(4):
        world.later(minutes=5)
    return dying.died


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("private", [True, False])
def test_a_question_is_asked_once(before: bool, private: bool):
    for number in range(1, MOST):
        world = asking_world()
        if private:
            write_privately(world)
        else:
            opened(world)
        place = world.private if private else world.platform
        place_can_be_asked(world)
        died = dies_at(world, number, before, partial(ask, world))
        assert len(place.sent) == 1, number
        assert sum("Asked the customer" in item for item in world.ticket.notes) == 1, number
        assert link_in(place.texts[0], world).token == case_of(world).asked.token
        assert not case_of(world).asked.refused
        if not died:
            break
    assert 3 < number < MOST - 1


def place_can_be_asked(world: World) -> None:
    """Both sides of the platform can tell what was posted."""
    from tests.fakes.platform import FindingPlatform

    finding = FindingPlatform(world.clock.now, "agora-dm")
    finding.sent = world.private.sent
    world.private = world.connectors.platforms["agora-dm"] = finding


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("right", [True, False])
def test_an_answer_is_checked_and_counted_once(before: bool, right: bool):
    values = {"name": "Kim Park", "number": "KD-1001" if right else "KD-9999"}
    author = AuthorKey(platform="agora-dm", author=AuthorId("dm-kim"))
    for number in range(1, MOST):
        world = asking_world()
        write_privately(world)
        ask(world)
        link = link_in(world.private.texts[0], world)
        died = dies_at(world, number, before, partial(fill_in, world, link, **values))
        words = "it matches" if right else "it did NOT match"
        assert sum(words in item for item in world.ticket.notes) == 1, number
        assert (case_of(world).match.verdict is Verdict.LINKED) is right
        asking = world.system.stores.identities.find_asking(author)
        assert asking is not None
        assert asking.wrong == (0 if right else 1)
        if not died:
            break
    assert 1 < number < MOST - 1
