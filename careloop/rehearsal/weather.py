"""What goes wrong in a rehearsal: one table, and the dice. Each fault has dice of its own, so that leaving one out
changes nothing about when the others strike."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from chalicelib.core.errors import ConfigurationError


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultKind:
    """``chance``: how often it strikes where it can, between 0 and 1."""

    name: str
    chance: float
    what: str


KINDS = (
    FaultKind(name="duplicates", chance=0.06, what="a webhook comes again: the same body, or its event in a later one"),
    FaultKind(name="disorder", chance=0.04, what="a webhook is overtaken by those behind it"),
    FaultKind(name="batches", chance=0.04, what="Meta piles up: up to 1,000 events in one body"),
    FaultKind(name="lost-webhooks", chance=0.01, what="a webhook never comes; polling must find what it told"),
    FaultKind(name="poison", chance=0.003, what="an entry that nobody can read stands in a body"),
    FaultKind(name="rate-limits", chance=0.01, what="a call is answered 429 with Retry-After"),
    FaultKind(name="server-errors", chance=0.01, what="a call is answered 5xx, without effect"),
    FaultKind(name="timeouts", chance=0.01, what="a call that changes something takes effect, and its answer is lost"),
    FaultKind(name="dead-token", chance=0.01, what="an account's access is withdrawn for some minutes (each minute)"),
    FaultKind(name="closed-window", chance=0.5, what="an agent answers a private message after Messenger's 24 hours"),
    FaultKind(name="deleted-comment", chance=0.05, what="the customer deletes what an agent is about to answer"),
    FaultKind(name="killed-workers", chance=0.002, what="the worker dies before or after a call, or before it is done"),
)
FAULTS: Mapping[str, FaultKind] = {kind.name: kind for kind in KINDS}


def chosen(text: str) -> frozenset[str]:
    """The names in ``all``, ``none`` or a list with commas. Raises ConfigurationError for a name that is none."""
    if text == "all":
        return frozenset(FAULTS)
    names = frozenset(filter(None, (item.strip() for item in text.split(",")))) - {"none"}
    unknown = sorted(names - set(FAULTS))
    if unknown:
        raise ConfigurationError(f"no fault {', '.join(unknown)}; there are: all, none, {', '.join(FAULTS)}")
    return names


class Weather:
    """Throws the dice for the faults that were chosen, whose chances ``severity`` multiplies.

    ``struck``: how often each did."""

    def __init__(self, seed: int, faults: frozenset[str], severity: float = 1.0) -> None:
        self.faults = faults
        self._severity = severity
        self.struck: Counter[str] = Counter({name: 0 for name in FAULTS if name in faults})
        self._dice = {name: random.Random(f"{seed}|{name}") for name in FAULTS}

    def strikes(self, name: str) -> bool:
        """Whether this fault happens now."""
        if name not in self.faults or self._dice[name].random() >= FAULTS[name].chance * self._severity:
            return False
        self.struck[name] += 1
        return True

    def dice(self, name: str) -> random.Random:
        """For what a fault still has to choose."""
        return self._dice[name]
