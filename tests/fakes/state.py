"""The state that a test's world stands on: SQLite in memory, or what a run has chosen for all of its worlds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from careloop.local.system import open_local
from chalicelib.ports.services import Clock

Opener = Callable[[Clock], Any]


def in_memory(clock: Clock) -> Any:
    """The local family, with nothing in it."""
    return open_local(":memory:", clock)


_opener: Opener = in_memory


def open_state(clock: Clock) -> Any:
    """Empty state that goes by `clock`. It looks like `careloop.local.system.LocalSystem`."""
    return _opener(clock)


def choose(opener: Opener) -> None:
    """From now on, `opener` makes the state of every world."""
    global _opener
    _opener = opener
