"""What a rehearsal is asked to play."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from careloop.rehearsal.weather import FAULTS
from chalicelib.core.errors import ConfigurationError

SHARES: Mapping[str, float] = {
    "comment": 16,
    "comment_again": 32,
    "visitor_post": 1,
    "private": 14,
    "private_burst": 2,
    "mention": 8,
    "mention_again": 5,
    "x_private": 2,
    "edit": 4,
    "delete": 2,
    "delete_at_once": 1,
    "noise": 4,
    "native_answer": 1,
    "reply": 13,
    "long_reply": 1,
    "note": 1,
    "command": 1,
    "solve": 3,
}
"""What happens how often, relative to each other. A reply's echo comes on top."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """``events``: how many the platforms send, repetitions not counted. ``day``: events between two nights, in which
    everything comes to rest. ``per_minute``: of simulated time. ``known``: the share of customers in the directory.
    ``severity`` multiplies the faults' chances."""

    events: int = 1000
    seed: int = 1
    faults: frozenset[str] = frozenset()
    day: int = 10_000
    per_minute: int = 120
    known: float = 0.25
    severity: float = 1.0
    shares: Mapping[str, float] = field(default_factory=lambda: dict(SHARES))

    @property
    def command(self) -> str:
        """How to play it again."""
        named = "all" if self.faults == frozenset(FAULTS) else ",".join(sorted(self.faults)) or "none"
        changed = [f"--share {name}={self.shares[name]:g}" for name in SHARES if self.shares[name] != SHARES[name]]
        changed += [f"--severity {self.severity:g}"] if self.severity != 1 else []
        parts = [f"careloop rehearse --events {self.events} --faults {named} --seed {self.seed}", *changed]
        return " ".join(parts)


def with_shares(given: Mapping[str, float]) -> dict[str, float]:
    """The usual shares with `given` changed. Raises ConfigurationError for names that there are not."""
    unknown = sorted(set(given) - set(SHARES))
    if unknown:
        raise ConfigurationError(f"no share {', '.join(unknown)}; there are: {', '.join(SHARES)}")
    shares = {**SHARES, **given}
    if min(shares.values()) < 0 or not any(shares[name] for name in ("comment", "private", "mention")):
        raise ConfigurationError("shares are not negative, and somebody must begin: comment, private or mention")
    return shares
