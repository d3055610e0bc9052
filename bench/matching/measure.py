"""Results beside the truth: how many links, how many wrong, who was found, how true the confidences are."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import quantiles
from typing import Any

from bench.matching.generate import Truth
from bench.matching.table import BY_NAME, Allows, Scenario

BINS = 10
_Z = 1.96
Sure = tuple[float, bool]
"""A confidence, and whether it was right."""


@dataclass(slots=True)
class Row:
    """One scenario's figures."""

    authors: int = 0
    links: int = 0
    wrong_links: int = 0
    suggested: int = 0
    findable: int = 0
    hits: int = 0
    flagged: int = 0


@dataclass(slots=True)
class Figures:
    """All that is measured. ``wrong``: authors' ids with a wrong link."""

    rows: dict[str, Row] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    deceived: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    failed: int = 0
    first: list[Sure] = field(default_factory=list)
    suggestions: list[Sure] = field(default_factory=list)
    shown: list[Sure] = field(default_factory=list)
    milliseconds: list[float] = field(default_factory=list)
    reads: list[int] = field(default_factory=list)
    flags: Counter[str] = field(default_factory=Counter)

    def total(self, name: str, *, only: Iterable[Scenario] | None = None) -> int:
        """A figure's sum over all scenarios, or over some."""
        chosen = self.rows.values() if only is None else [self.rows[one.name] for one in only if one.name in self.rows]
        return sum(getattr(row, name) for row in chosen)


def measure(results: Path, truths: Mapping[str, Truth]) -> Figures:
    """All lines of `results`; authors without a line are ``missing``."""
    found = Figures()
    waiting = dict(truths)
    for result in _lines(results):
        truth = waiting.pop(result["author_id"])
        _count(found, truth, result)
    found.missing = list(waiting)
    return found


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def _count(found: Figures, truth: Truth, result: Mapping[str, Any]) -> None:
    row = found.rows.setdefault(truth.scenario, Row())
    shown = [one["contact_id"] for one in result["candidates"][:3]]
    is_link = result["decision"] == "auto"
    is_wrong = is_link and result["contact_id"] not in truth.right
    row.authors += 1
    row.links += is_link
    row.suggested += result["decision"] == "suggest"
    row.wrong_links += is_wrong
    row.findable += truth.is_findable
    row.hits += truth.is_findable and any(one in truth.right for one in shown)
    row.flagged += "impostor" in result["flags"]
    found.failed += "error" in result["flags"]
    found.flags.update(result["flags"])
    if is_wrong:
        found.wrong.append(truth.author)
        scenario = BY_NAME[truth.scenario]
        if scenario.is_impostor or scenario.is_third_party or result["contact_id"] in truth.wrong:
            found.deceived.append(truth.author)
    sure = [(float(one["confidence"]), one["contact_id"] in truth.right) for one in result["candidates"][:3]]
    found.shown += sure
    found.first += sure[:1]
    if not is_link:
        found.suggestions += sure
    found.milliseconds.append(result["ms"])
    found.reads.append(result["reads"])


def wilson(right: int, of: int) -> float:
    """The lower bound of a share, at 95 %."""
    if not of:
        return 0.0
    share = right / of
    spread = _Z * math.sqrt(share * (1 - share) / of + _Z * _Z / (4 * of * of))
    return (share + _Z * _Z / (2 * of) - spread) / (1 + _Z * _Z / of)


def calibration_error(sure: Sequence[Sure]) -> float:
    """The mean distance between confidence and share that was right, over ten equal bins."""
    return sum(abs(claimed - right) * size for _, size, claimed, right in bins(sure)) / max(1, len(sure))


def bins(sure: Sequence[Sure]) -> Iterator[tuple[int, int, float, float]]:
    """For each bin that has any: its number, size, mean confidence, share that was right."""
    groups: dict[int, list[Sure]] = {}
    for one in sure:
        groups.setdefault(min(BINS - 1, int(one[0] * BINS)), []).append(one)
    for number, group in sorted(groups.items()):
        size = len(group)
        yield number, size, sum(one[0] for one in group) / size, sum(one[1] for one in group) / size


def percentile(values: Sequence[float], percent: int) -> float:
    """By linear interpolation; 0 without values."""
    if len(values) < 2:
        return float(values[0]) if values else 0.0
    return quantiles(values, n=100, method="inclusive")[percent - 1]


def share(part: float, of: float) -> float:
    """0 of nothing."""
    return part / of if of else 0.0


def allowed(kind: Allows) -> list[Scenario]:
    """The scenarios whose evidence allows `kind` at most."""
    return [scenario for scenario in BY_NAME.values() if scenario.allows is kind]
