"""Weights for ranking suggestions, learned from agents' decisions: logistic regression and a curve that makes its
figures true ones. Offline, on an operator's machine; plain Python, as there are thousands of examples, not millions."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from chalicelib.core.matching.types import Example
from chalicelib.core.matching.weights import Weights

FEWEST = 40
"""Examples below which nothing can be learned; of each kind at least a tenth of them."""
FOLDS = 5
PULL = 2.0
"""How strongly each weight is drawn to its present value, in examples: few decisions change little."""
CURVE_FROM = 1000
"""Examples from which on the curve follows the data freely; below, a straight line over log-odds does."""
_STEPS = 25
_NEAR = 1e-6
_LONGEST_STEP = 4.0
_SMALLEST_STEP = 40
_BINS = 10


class TooFewExamplesError(ValueError):
    """There is nothing to learn from yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """How good predictions are. ``loss``: mean log-loss; ``order``: chance that a right pair is put above a wrong one;
    ``error``: mean distance of confidence and truth over ten bins."""

    loss: float
    order: float
    error: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """What was learned from so many examples. ``before``: of the weights that are in use; ``after``: of the new ones,
    on examples that were left out when they were learned."""

    weights: Weights
    examples: int
    same: int
    before: Quality
    after: Quality


_Features = tuple[tuple[str, float], ...]
_Decision = tuple[tuple[_Features, bool], ...]
"""The candidates that were judged together, and which of them is the author; perhaps none."""
_Told = list[tuple[float, bool]]
"""Probabilities, and whether it was so."""


def learn(examples: Sequence[Example], present: Weights) -> Learned:
    """New weights, with `present` as what is believed until examples say otherwise. Raises TooFewExamplesError."""
    same = sum(example.is_same for example in examples)
    if len(examples) < FEWEST or min(same, len(examples) - same) * 10 < FEWEST:
        raise TooFewExamplesError(
            f"{len(examples)} examples, {same} of them the same person: "
            f"at least {FEWEST} are needed, and {FEWEST // 10} of each kind"
        )
    decisions = _decisions(examples)
    raw: _Told = []
    final: _Told = []
    for fold in range(FOLDS):
        kept = [decision for index, decision in enumerate(decisions) if index % FOLDS != fold]
        left = decisions[fold::FOLDS]
        model = fit(kept, present)
        raw += _told(model, left)
        final += _told(replace(model, calibration=curve_of(_told(model, kept))), left)
    weights = replace(fit(decisions, present), calibration=curve_of(raw))
    return Learned(
        weights=weights,
        examples=len(examples),
        same=same,
        before=quality(_told(present, decisions)),
        after=quality(final),
    )


def _decisions(examples: Iterable[Example]) -> list[_Decision]:
    """Examples of one moment belong to one decision; each further one that is the same person is a decision alone."""
    groups: dict[tuple[datetime, int], list[tuple[_Features, bool]]] = {}
    confirmed: Counter[datetime] = Counter()
    for example in examples:
        features = tuple(sorted((name, round(value, 3)) for name, value in example.features.items() if value))
        confirmed[example.at] += example.is_same
        group = (example.at, confirmed[example.at] if example.is_same and confirmed[example.at] > 1 else 1)
        groups.setdefault(group, []).append((features, example.is_same))
    return [tuple(group) for group in groups.values()]


def _told(weights: Weights, decisions: Iterable[_Decision]) -> _Told:
    """What the weights say of each candidate."""
    found: _Told = []
    for decision in decisions:
        chances = weights.likelihoods([weights.score(dict(features)) for features, _ in decision])
        found += zip(chances, (is_same for _, is_same in decision), strict=True)
    return found


# -- the regression ----------------------------------------------------------------------------------------------------

_Row = tuple[list[tuple[int, float]], bool]
_Rows = list[tuple[int, list[_Row]]]
"""Decisions as numbered features, each with how often it is there."""


def fit(decisions: Iterable[_Decision], present: Weights) -> Weights:
    """Without a curve: Newton's method on the log-loss of "which of them, or none", each weight drawn to its present
    value."""
    counted = Counter(decisions)
    named = {name for decision in counted for features, _ in decision for name, _ in features}
    names = sorted(named | {*present.by_feature})
    places = {name: index for index, name in enumerate(names)}
    rows: _Rows = []
    for decision, times in counted.items():
        numbered = [
            ([(len(names), 1.0), *((places[name], value) for name, value in part)], is_same)
            for part, is_same in decision
        ]
        rows.append((times, numbered))
    start = [*(present.by_feature.get(name, 0.0) for name in names), present.bias]
    found = _newton(rows, start, [*(PULL for _ in names), PULL / 10])
    by_feature = {name: round(value, 4) for name, value in zip(names, found[:-1], strict=True)}
    return replace(present, bias=round(found[-1], 4), by_feature=by_feature, calibration=())


def _newton(rows: _Rows, start: Sequence[float], pull: Sequence[float]) -> list[float]:
    found = list(start)
    for _ in range(_STEPS):
        slope, curvature = _derivatives(rows, found, start, pull)
        step = _solve(curvature, slope)
        longest = max(map(abs, step))
        scale = min(1.0, _LONGEST_STEP / longest) if longest else 1.0
        found = [value - scale * change for value, change in zip(found, step, strict=True)]
        if longest < _NEAR:
            break
    return found


def _derivatives(
    rows: _Rows, at: Sequence[float], start: Sequence[float], pull: Sequence[float]
) -> tuple[list[float], list[list[float]]]:
    """The gradient and the Hessian of the loss."""
    slope = [weight * (value - first) for weight, value, first in zip(pull, at, start, strict=True)]
    curvature = [[0.0] * len(at) for _ in at]
    for index, weight in enumerate(pull):
        curvature[index][index] = weight
    for times, candidates in rows:
        chances = _shares([sum(at[index] * value for index, value in items) for items, _ in candidates])
        mean: dict[int, float] = {}
        for (items, is_same), chance in zip(candidates, chances, strict=True):
            for index, value in items:
                slope[index] += times * (chance - is_same) * value
                mean[index] = mean.get(index, 0.0) + chance * value
                line, factor = curvature[index], times * chance * value
                for other, more in items:
                    line[other] += factor * more
        for index, value in mean.items():
            line = curvature[index]
            for other, more in mean.items():
                line[other] -= times * value * more
    return slope, curvature


def _shares(scores: Sequence[float]) -> list[float]:
    """Each candidate's probability; the rest is "none of these"."""
    highest = max(0.0, *scores)
    parts = [math.exp(score - highest) for score in scores]
    whole = math.exp(-highest) + sum(parts)
    return [part / whole for part in parts]


def _solve(matrix: list[list[float]], right: list[float]) -> list[float]:
    """Gaussian elimination; the matrix is positive definite, so that no pivot is zero."""
    size = len(right)
    work = [[*line, value] for line, value in zip(matrix, right, strict=True)]
    for column in range(size):
        pivot = work[column]
        for row in range(column + 1, size):
            factor = work[row][column] / pivot[column]
            if factor:
                line = work[row]
                for index in range(column, size + 1):
                    line[index] -= factor * pivot[index]
    found = [0.0] * size
    for row in range(size - 1, -1, -1):
        rest = sum(work[row][index] * found[index] for index in range(row + 1, size))
        found[row] = (work[row][size] - rest) / work[row][row]
    return found


# -- the curve ---------------------------------------------------------------------------------------------------------


def curve_of(told: Sequence[tuple[float, bool]]) -> tuple[tuple[float, float], ...]:
    """Points from raw probability to the share that was right: ascending."""
    return _isotonic(told) if len(told) >= CURVE_FROM else _line(told)


def _isotonic(told: Sequence[tuple[float, bool]]) -> tuple[tuple[float, float], ...]:
    """Pool adjacent violators, in steps of no fewer than a hundredth of the examples."""
    fewest = max(_SMALLEST_STEP, len(told) // 100)
    blocks: list[list[float]] = []  # size, sum of raw, right
    for start in range(0, len(ordered := sorted(told)), fewest):
        part = ordered[start : start + fewest]
        blocks.append([len(part), math.fsum(raw for raw, _ in part), float(sum(is_same for _, is_same in part))])
        while len(blocks) > 1 and blocks[-2][2] * blocks[-1][0] >= blocks[-1][2] * blocks[-2][0]:
            last = blocks.pop()
            blocks[-1] = [left + right for left, right in zip(blocks[-1], last, strict=True)]
    return _ascending((total / size, right / size) for size, total, right in blocks)


def _line(told: Sequence[tuple[float, bool]]) -> tuple[tuple[float, float], ...]:
    """Platt's scaling: two numbers over the log-odds."""
    rows: _Rows = [(1, [([(0, _odds(raw)), (1, 1.0)], is_same)]) for raw, is_same in told]
    rise, shift = _newton(rows, (1.0, 0.0), (PULL, PULL))
    places = (0.01, *(number / 20 for number in range(1, 20)), 0.99)
    return _ascending((raw, _shares([max(0.0, rise) * _odds(raw) + shift])[0]) for raw in places)


def _ascending(points: Iterable[tuple[float, float]]) -> tuple[tuple[float, float], ...]:
    kept: list[tuple[float, float]] = []
    for raw, share in points:
        point = round(raw, 5), round(share, 5)
        if not kept or point[0] > kept[-1][0]:
            kept.append(point)
    return tuple(kept)


def _odds(chance: float) -> float:
    held = max(1e-6, min(1 - 1e-6, chance))
    return math.log(held / (1 - held))


# -- how good ----------------------------------------------------------------------------------------------------------


def quality(told: Sequence[tuple[float, bool]]) -> Quality:
    """Of predictions with their truth."""
    losses = (-math.log(max(1e-6, chance if is_same else 1 - chance)) for chance, is_same in told)
    return Quality(loss=math.fsum(losses) / len(told), order=_order(told), error=_error(told))


def _order(told: Sequence[tuple[float, bool]]) -> float:
    """The area under the curve; ties count half."""
    levels: dict[float, list[int]] = {}
    for chance, is_same in told:
        levels.setdefault(chance, [0, 0])[is_same] += 1
    below = above = 0.0
    for _, (wrong, right) in sorted(levels.items()):
        above += right * (below + wrong / 2)
        below += wrong
    pairs = below * (len(told) - below)
    return above / pairs if pairs else 0.5


def _error(told: Sequence[tuple[float, bool]]) -> float:
    sums: dict[int, float] = {}
    for chance, is_same in told:
        place = min(_BINS - 1, int(chance * _BINS))
        sums[place] = sums.get(place, 0.0) + chance - is_same
    return math.fsum(map(abs, sums.values())) / len(told)


def changes(before: Weights, after: Weights) -> Iterator[tuple[str, float, float]]:
    """Feature, weight before and after; the largest changes first, the bias as "(always)"."""
    old: Mapping[str, float] = {**before.by_feature, "(always)": before.bias}
    new: Mapping[str, float] = {**after.by_feature, "(always)": after.bias}
    names = sorted({*old, *new}, key=lambda name: (-abs(new.get(name, 0.0) - old.get(name, 0.0)), name))
    for name in names:
        yield name, old.get(name, 0.0), new.get(name, 0.0)
