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
    bias=-6.0,
    by_feature={
        "name_full": 5.0,
        "name_form": -0.3,
        "name_part": -0.7,
        "name_swapped": -0.3,
        "name_initial": 2.0,
        "given_similar": 0.5,
        "family_similar": 2.0,
        "name_variant": -0.5,
        "given_only": 0.8,
        "family_only": 0.8,
        "name_relative": -3.0,
        "name_differs": -3.5,
        "name_holders": -0.8,
        "family_holders": -0.35,
        "city_equal": 3.0,
        "city_differs": -1.5,
        "country_equal": 0.3,
        "country_differs": -1.5,
        "language_differs": -0.4,
        "handle": 7.0,
        "handle_elsewhere": 4.5,
        "handle_holders": -1.0,
        "handle_is_name": -1.5,
        "handle_alike": 1.5,
        "handle_name_full": 3.5,
        "handle_name_family": 1.5,
        "email_private": 9.0,
        "email_public": 7.0,
        "email_loose": 5.0,
        "email_role": 3.0,
        "phone_private": 7.5,
        "phone_public": 6.0,
        "number_private": 8.0,
        "number_public": 6.5,
        "claim_unclear": -0.7,
        "claim_holders": -1.0,
        "bio_handle": 5.0,
        "website_domain": 3.5,
        "domain_holders": -0.8,
        "language_equal": 0.3,
        "company": 1.5,
        "other_id": -4.0,
        "other_handle": -1.5,
    },
)
"""By reasoning: log-odds of agreements between strangers, and of disagreements between records of one person."""
