"""The contract of the store of remotes: compare-and-set, seen by every worker at once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.core.budgets import Budget
from chalicelib.core.errors import ConflictError
from chalicelib.core.remotes import RemoteState
from chalicelib.ports.stores import Stores
from tests.fakes.clock import NOON

STATE = RemoteState(
    failures=5,
    failed_at=NOON,
    refusals=1,
    open_until=NOON + timedelta(seconds=15),
    opened=1,
    probe_until=NOON,
    budgets=(Budget(name="left", remaining=0.5, limit=700, reset_at=NOON, holds_for="PUT /tickets/{id}"),),
)


def test_a_remotes_record_is_seen_by_others(stores: Stores, other: Stores) -> None:
    assert stores.remotes.find_remote("platform|x:100") is None

    saved = stores.remotes.save_remote("platform|x:100", STATE)

    assert saved == replace(STATE, version=1)
    assert other.remotes.find_remote("platform|x:100") == saved
    assert other.remotes.find_remote("platform|x:101") is None


def test_of_two_workers_one_is_first(stores: Stores, other: Stores) -> None:
    first = stores.remotes.save_remote("desk", STATE)
    with pytest.raises(ConflictError):
        other.remotes.save_remote("desk", STATE)
    other.remotes.save_remote("desk", replace(first, failures=0))
    with pytest.raises(ConflictError):
        stores.remotes.save_remote("desk", first)

    found = stores.remotes.find_remote("desk")

    assert found is not None
    assert (found.failures, found.version) == (0, 2)


def test_a_version_that_is_not_there_can_not_be_replaced(stores: Stores) -> None:
    with pytest.raises(ConflictError):
        stores.remotes.save_remote("desk", replace(STATE, version=3))
