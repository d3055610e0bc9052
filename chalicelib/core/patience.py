"""When a queue message that failed comes again. Pure.

A queue gives a message up after 50 receives, so these are spent slowly: even where a remote asks for a second's
patience each time, `HALF_A_DAY` passes before the last of them.
"""

from __future__ import annotations

from datetime import timedelta

RECEIVES = 50
"""``maxReceiveCount`` of each main queue."""
HALF_A_DAY = timedelta(hours=12)
FIRST_DELAY = 2.0
LONGEST_DELAY = 1200.0
"""Seconds. Without advice a message comes again after FIRST_DELAY, doubled each time up to this."""
SHORTEST_DELAY = 1.0
TAKEN_AT_ITS_WORD = 5
"""For so many receives a remote that says when to come again is believed, however short; then waits double here too."""
SPREAD = 0.25
"""Of a wait, added by chance, so that what failed together does not come again together."""


def delay(receives: int, told: float | None, chance: float = 0.0) -> float:
    """Seconds until a message that was received for the `receives`-th time comes again. ``told``: seconds that the
    remote asked for; ``chance``: from 0 up to 1."""
    if told is None:
        wait = backoff(receives)
    else:
        wait = max(min(told, LONGEST_DELAY), backoff(receives - TAKEN_AT_ITS_WORD), SHORTEST_DELAY)
    return wait * (1 + SPREAD * min(max(chance, 0.0), 1.0))


def backoff(attempt: int) -> float:
    """Doubling from the first attempt on; nothing before it."""
    return min(FIRST_DELAY * float(2 ** min(attempt - 1, 20)), LONGEST_DELAY) if attempt > 0 else 0.0
