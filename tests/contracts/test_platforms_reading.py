"""Every platform connector that polls: its list can be read from a moment on."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib import import_module
from typing import Any

import pytest

from chalicelib.connectors import registry
from chalicelib.ports.platform import PollsEvents, SeeksTime
from tests.contracts.platforms import KIND, PRESENT, platform
from tests.fakes.http import ScriptedHttp
from tests.fakes.sessions import MemorySessions

MOMENTS = (
    datetime(2010, 1, 1, tzinfo=UTC),
    datetime(2026, 9, 1, 8, 30, 15, 250_000, tzinfo=UTC),
    datetime(2026, 11, 22, 12, tzinfo=UTC),
)


def _client(name: str) -> Any:
    subject = platform(name)
    return registry.client(KIND, name, subject.context(ScriptedHttp([]), {}, MemorySessions()))


def _polls(name: str) -> bool:
    """By its class: the scaffold's copy of this suite has no account.json of the others."""
    return issubclass(import_module(f"{registry.CONNECTORS[KIND, name]}.client").Client, PollsEvents)


POLLING = tuple(name for name in PRESENT if _polls(name))


def test_somebody_polls() -> None:
    assert {"bluesky", "facebook", "messenger", "x"} <= set(POLLING)


@pytest.mark.parametrize("name", POLLING)
def test_a_list_can_be_read_from_a_moment_on(name: str) -> None:
    """Without a call (none is scripted), and each moment is a place of its own."""
    client = _client(name)
    assert isinstance(client, SeeksTime), f"{name} polls, and has no cursor_at"
    cursors = {moment: client.cursor_at(moment) for moment in MOMENTS}
    assert all(cursors.values()), "an empty cursor"
    assert len(set(cursors.values())) == len(MOMENTS)
    again = {moment: client.cursor_at(moment) for moment in MOMENTS}
    assert again == cursors
