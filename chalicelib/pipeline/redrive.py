"""What the queues gave up on, sent on its way again after the cause was mended: in order, and safe to repeat."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from chalicelib.core.disposition import ParkedItem
from chalicelib.core.errors import ConflictError, NotFoundError
from chalicelib.pipeline.parked import dead_letter, is_settled, origin, release
from chalicelib.ports.runtime import Runtime
from chalicelib.ports.services import Queue


@dataclass(slots=True, kw_only=True)
class Redriven:
    """What came of it."""

    released: int = 0
    settled: int = 0
    """Leftovers whose event has found its end meanwhile: discarded."""
    held: int = 0
    """Without anything to send, or in somebody else's hand."""


def collect(runtime: Runtime, dead_letters: Mapping[str, Queue], step: Callable[[int], None]) -> int:
    """Park what still stands in dead-letter queues, as their own function does; returns how many. ``step`` is told of
    each batch. Dying in between parks again under the same id."""
    taken = 0
    for queue in dead_letters.values():
        while messages := queue.receive(10):
            for message in messages:
                dead_letter(runtime, origin(message.body), message.body, message.group, message.id)
                queue.delete([message.receipt])
            taken += len(messages)
            step(len(messages))
    return taken


def redrive(runtime: Runtime, item: ParkedItem, tally: Redriven) -> None:
    """Release one item, or discard it when nothing is left to be done."""
    if is_settled(runtime, item):
        runtime.stores.parking.discard(item.id, only=item)
        tally.settled += 1
        return
    try:
        release(runtime, item.id)
    except NotFoundError:
        tally.settled += 1
    except ConflictError:
        tally.held += 1
    else:
        tally.released += 1
