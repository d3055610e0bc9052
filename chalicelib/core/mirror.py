"""Where the mirror of a CRM's contacts stands. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib.core.codec import from_json, to_json
from chalicelib.core.ids import Cursor

LONGEST_LAG = timedelta(hours=24)
"""A mirror that was not brought up to date for so long is not read: the CRM itself is asked again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MirrorState:
    """One connection's mirror. ``cursor``: where the CRM's feed goes on; ``is_behind``: it has more to read;
    ``complete_at``: when it was last read to its end; ``checked_to``: how far the index has been compared with what the
    CRM still has; ``check_began``: when that comparison began; ``stored``, ``removed``: contacts since the mirror was
    begun."""

    cursor: Cursor | None = None
    is_behind: bool = True
    complete_at: datetime | None = None
    checked_to: Cursor | None = None
    check_began: datetime | None = None
    stored: int = 0
    removed: int = 0


def cursor_name(connection: str) -> str:
    """The cursor that keeps a connection's `MirrorState`."""
    return f"mirror|{connection}"


def as_cursor(state: MirrorState) -> Cursor:
    """For the store."""
    return Cursor(to_json(state))


def from_cursor(cursor: Cursor | None) -> MirrorState:
    """What `as_cursor` wrote; None: a mirror that was never begun."""
    if cursor is None:
        return MirrorState()
    found: MirrorState = from_json(MirrorState, cursor)
    return found


def is_readable(state: MirrorState, every: timedelta, now: datetime) -> bool:
    """Whether look-ups may trust the mirror: it was whole once, and not long ago. Switched off, it is not."""
    if every < timedelta(minutes=1) or state.complete_at is None:
        return False
    return now - state.complete_at < max(LONGEST_LAG, 4 * every)
