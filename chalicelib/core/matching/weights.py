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
    bias=-3.77,
    by_feature={
        "name_full": 3.7,
        "name_form": -0.63,
        "name_variant": -1.5,
        "name_part": -2.0,
        "name_swapped": 0.5,
        "name_initial": 3.01,
        "given_similar": -3.0,
        "family_similar": 2.0,
        "given_only": -1.98,
        "family_only": 0.3,
        "name_relative": -5.0,
        "name_differs": -6.0,
        "name_rare": 0.0,
        "name_holders": -0.99,
        "family_holders": -0.49,
        "city_equal": 5.05,
        "city_differs": -0.95,
        "country_equal": 0.1,
        "country_differs": -1.76,
        "language_equal": 0.17,
        "language_differs": -1.0,
        "handle": 7.0,
        "handle_elsewhere": 5.51,
        "handle_holders": -1.36,
        "handle_is_name": -1.78,
        "handle_alike": -0.5,
        "handle_name_full": 2.17,
        "handle_name_family": 0.08,
        "email_private": 7.1,
        "email_public": 5.5,
        "email_loose": 4.5,
        "email_role": 2.49,
        "phone_private": 4.5,
        "phone_public": 7.13,
        "number_private": 7.69,
        "number_public": 7.69,
        "claim_unclear": -1.23,
        "claim_holders": -0.37,
        "bio_handle": 6.84,
        "website_domain": 5.5,
        "domain_holders": -0.25,
        "company": 3.0,
        "other_id": -8.0,
        "other_handle": -1.5,
    },
    calibration=(
        (0.0, 0.0),
        (0.01, 0.002),
        (0.03, 0.01),
        (0.07, 0.015),
        (0.12, 0.05),
        (0.16, 0.1),
        (0.19, 0.16),
        (0.25, 0.28),
        (0.37, 0.38),
        (0.49, 0.58),
        (0.77, 0.7),
        (0.89, 0.86),
        (0.94, 0.91),
        (0.96, 0.93),
        (0.988, 0.978),
        (1.0, 1.0),
    ),
    least=0.25,
)
"""Learned from made-up people (`make evaluate`'s generator, seeds for tuning), with what only its worlds know drawn to
what is reasonable: there people write in the language of their record, and handles that look alike are impostors'."""
