"""How much each kind of agreement says when suggestions are ranked. Never used to decide on a link."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from chalicelib.core.codec import from_data, to_data

_FARTHEST = 40.0
"""Log-odds beyond which a float knows no difference."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """A logistic model over named features, and the curve that makes its figure a true one.

    ``by_feature``: log-odds for one unit of each feature; a feature without a weight says nothing. ``calibration``:
    points (raw probability, share that is right), both ascending; between two points a straight line; no points: the
    raw probability is taken as it is.
    """

    bias: float = 0.0
    by_feature: Mapping[str, float] = field(default_factory=dict)
    calibration: tuple[tuple[float, float], ...] = ()

    def raw(self, features: Mapping[str, float]) -> float:
        """The probability before calibration, 0 to 1."""
        sum_ = self.bias + math.fsum(self.by_feature.get(name, 0.0) * value for name, value in features.items())
        return 1.0 / (1.0 + math.exp(-max(-_FARTHEST, min(_FARTHEST, sum_))))

    def chance(self, features: Mapping[str, float]) -> float:
        """The calibrated probability, 0 to 1, that an author and a contact with such features are the same."""
        return _on_curve(self.calibration, self.raw(features))


def _on_curve(points: tuple[tuple[float, float], ...], at: float) -> float:
    if not points:
        return at
    index = bisect_right(points, at, key=lambda point: point[0])
    if index == 0:
        return points[0][1]
    if index == len(points):
        return points[-1][1]
    (left, low), (right, high) = points[index - 1], points[index]
    return low + (high - low) * (at - left) / (right - left)


def weights_from_mapping(data: Any) -> Weights:
    """From plain data, as `to_mapping` writes it. PayloadError: it is none."""
    found: Weights = from_data(Weights, data)
    return found


def to_mapping(weights: Weights) -> dict[str, Any]:
    """Plain dicts, lists and numbers."""
    found: dict[str, Any] = to_data(weights)
    return found


DEFAULT_WEIGHTS = Weights()
"""Used until a company's own are learned."""
