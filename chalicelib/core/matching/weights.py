"""How much each kind of agreement says when suggestions are ranked. Never used to decide on a link."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence
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
    raw probability is taken as it is. ``least``: where the likeliest candidate has less, nothing is suggested.
    """

    bias: float = 0.0
    by_feature: Mapping[str, float] = field(default_factory=dict)
    calibration: tuple[tuple[float, float], ...] = ()
    least: float = 0.2

    def score(self, features: Mapping[str, float]) -> float:
        """Log-odds of one candidate, as if there were no other."""
        sum_ = self.bias + math.fsum(self.by_feature.get(name, 0.0) * value for name, value in features.items())
        return max(-_FARTHEST, min(_FARTHEST, sum_))

    def raw(self, features: Mapping[str, float]) -> float:
        """The probability before calibration, 0 to 1, as if there were no other candidate."""
        return 1.0 / (1.0 + math.exp(-self.score(features)))

    def chance(self, features: Mapping[str, float]) -> float:
        """The calibrated probability, 0 to 1, that an author and a contact with such features are the same."""
        return _on_curve(self.calibration, self.raw(features))

    def likelihoods(self, scores: Sequence[float], *, calibrated: bool = True) -> list[float]:
        """The probability of each of an author's candidates, from their scores. At most one is right, so they and
        "none of them" share one whole."""
        odds = [math.exp(score) for score in scores]
        whole = 1.0 + math.fsum(odds)
        shares = [item / whole for item in odds]
        return [_on_curve(self.calibration, share) for share in shares] if calibrated else shares


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


DEFAULT_WEIGHTS = Weights(
    bias=-4.01,
    by_feature={
        "name_full": 2.12,
        "name_form": -0.49,
        "name_variant": -1.5,
        "name_part": -2.0,
        "name_swapped": 0.5,
        "name_initial": 2.43,
        "given_similar": -3.0,
        "family_similar": 2.0,
        "given_only": -2.44,
        "family_only": 0.3,
        "name_relative": -5.0,
        "name_differs": -6.0,
        "name_rare": 1.66,
        "name_holders": -1.0,
        "family_holders": 0.02,
        "city_equal": 5.31,
        "city_differs": -0.92,
        "country_equal": 0.1,
        "country_differs": -2.36,
        "language_equal": 0.07,
        "language_differs": -1.0,
        "handle": 7.0,
        "handle_elsewhere": 5.62,
        "handle_holders": -1.52,
        "handle_is_name": -1.33,
        "handle_alike": -0.5,
        "handle_name_full": 0.47,
        "handle_name_family": -0.0,
        "email_private": 7.92,
        "email_public": 5.5,
        "email_loose": 4.5,
        "email_role": 2.31,
        "phone_private": 4.5,
        "phone_public": 7.83,
        "number_private": 8.33,
        "number_public": 8.43,
        "claim_unclear": -1.08,
        "claim_holders": -0.16,
        "bio_handle": 7.5,
        "website_domain": 5.5,
        "domain_holders": -0.07,
        "company": 4.0,
        "other_id": -8.0,
        "other_handle": -1.42,
    },
    calibration=(
        (0.0, 0.0),
        (0.01, 0.001),
        (0.03, 0.011),
        (0.06, 0.028),
        (0.08, 0.04),
        (0.14, 0.1),
        (0.26, 0.29),
        (0.38, 0.38),
        (0.45, 0.54),
        (0.64, 0.65),
        (0.85, 0.85),
        (0.92, 0.915),
        (0.96, 0.94),
        (0.98, 0.955),
        (0.996, 0.976),
        (0.9999, 0.985),
        (1.0, 1.0),
    ),
    least=0.285,
)
"""Learned from made-up people (`make evaluate`'s generator, seeds for tuning), with what only its worlds know drawn to
what is reasonable: there people write in the language of their record, and handles that look alike are impostors'."""
