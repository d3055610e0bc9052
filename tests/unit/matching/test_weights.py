"""Weights: a probability that rises with what agrees, made true by a curve, and the same after storing."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.errors import PayloadError
from chalicelib.core.matching.weights import Weights, to_mapping, weights_from_mapping

MODEL = Weights(
    bias=-2.0, by_feature={"name": 3.0, "other_city": -1.0}, calibration=((0.1, 0.0), (0.5, 0.4), (0.9, 1.0))
)


def test_agreement_raises_and_contradiction_lowers() -> None:
    assert MODEL.raw({"name": 1.0}) > MODEL.raw({}) > MODEL.raw({"other_city": 1.0})
    assert MODEL.raw({"unheard_of": 5.0}) == MODEL.raw({})
    assert Weights().chance({"name": 1.0}) == 0.5


@pytest.mark.parametrize(
    ("bias", "chance"), [(-1e9, 0.0), (-2.1972245773, 0.0), (0.0, 0.4), (0.8472978604, 0.7), (1e9, 1.0)]
)
def test_the_curve_is_straight_between_points_and_flat_beyond(bias: float, chance: float) -> None:
    assert Weights(bias=bias, calibration=MODEL.calibration).chance({}) == pytest.approx(chance, abs=1e-6)


@given(st.dictionaries(st.sampled_from(["name", "other_city", "x"]), st.floats(-1e6, 1e6)))
def test_a_chance_is_between_none_and_certain(features: dict[str, float]) -> None:
    assert 0.0 <= MODEL.chance(features) <= 1.0


def test_what_is_stored_comes_back() -> None:
    assert weights_from_mapping(json.loads(json.dumps(to_mapping(MODEL)))) == MODEL
    with pytest.raises(PayloadError, match="by_feature"):
        weights_from_mapping({"by_feature": {"name": "much"}})
