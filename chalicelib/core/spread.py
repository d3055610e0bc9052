"""Turns: what comes at intervals is spread over them by name, so that a thousand accounts are not one burst. Pure."""

from __future__ import annotations

import zlib
from datetime import datetime, timedelta

_MINUTE = 60


def slot_of(name: str, slots: int) -> int:
    """A number below `slots` that stays the same for `name`."""
    return zlib.crc32(name.encode("utf-8", "surrogatepass")) % slots


def is_turn(name: str, every: timedelta, now: datetime) -> bool:
    """Whether the present minute is the one of `name` in each interval of `every`; an interval of nothing has none."""
    minutes = int(every.total_seconds() // _MINUTE)
    if minutes < 1:
        return False
    return int(now.timestamp() // _MINUTE) % minutes == slot_of(name, minutes)
