"""Learning from decisions: what is there is found again, few decisions change little, stored ones are all read."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from careloop.matching.examples import example_line, read_examples, stored_examples
from careloop.matching.learning import TooFewExamplesError, changes, curve_of, learn, quality
from chalicelib.core.matching.types import Example
from chalicelib.core.matching.weights import Weights

START = datetime(2026, 1, 1, tzinfo=UTC)
TRUE = {"name": 2.5, "city": 1.2, "other": -3.0}
BIAS = -1.5


def decisions(number: int, seed: int = 1) -> list[Example]:
    """Two candidates each; at most one of them is the author, by a known model."""
    rng = random.Random(seed)
    found = []
    for moment in range(number):
        candidates = [{name: 1.0 for name in TRUE if rng.random() < 0.4} for _ in range(2)]
        odds = [math.exp(BIAS + sum(TRUE[name] for name in candidate)) for candidate in candidates]
        draw = rng.random() * (1.0 + sum(odds))
        right = 0 if draw < odds[0] else 1 if draw < sum(odds) else None
        at = START + timedelta(seconds=moment)
        found += [Example(features=one, is_same=place == right, at=at) for place, one in enumerate(candidates)]
    return found


def test_the_weights_that_made_the_decisions_are_found() -> None:
    start = Weights(bias=0.0, by_feature={"name": 0.5, "unseen": 1.0}, least=0.3)
    learned = learn(decisions(4000), start)
    assert learned.weights.bias == pytest.approx(BIAS, abs=0.3)
    assert learned.weights.by_feature == pytest.approx({**TRUE, "unseen": 1.0}, abs=0.35)
    assert learned.weights.least == 0.3
    assert learned.after.loss < learned.before.loss
    assert learned.after.error < 0.03
    assert learned.examples == 8000
    points = learned.weights.calibration
    assert list(points) == sorted(points)
    assert [share for _, share in points] == sorted(share for _, share in points)
    assert next(changes(start, learned.weights))[0] == "other"


def test_few_decisions_change_little() -> None:
    start = Weights(bias=-6.0, by_feature={"name": 6.0})
    few = [
        Example(features={"name": 1.0}, is_same=number % 2 == 0, at=START + timedelta(seconds=number))
        for number in range(40)
    ]
    assert learn(few, start).weights.by_feature["name"] == pytest.approx(6.0, abs=0.5)


@pytest.mark.parametrize("examples", [[], decisions(10), [item for item in decisions(500) if not item.is_same]])
def test_too_few_teach_nothing(examples: Sequence[Example]) -> None:
    with pytest.raises(TooFewExamplesError, match="at least 40"):
        learn(examples, Weights())


@pytest.mark.parametrize("number", [200, 5000])
def test_a_curve_makes_confidences_true(number: int) -> None:
    rng = random.Random(2)
    told = [(raw, rng.random() < raw**2) for raw in (rng.random() for _ in range(number))]
    curve = Weights(bias=0.0, calibration=curve_of(told))
    made = [(curve.likelihoods([math.log(raw / (1 - raw))])[0], is_same) for raw, is_same in told]
    assert quality(made).error < quality(told).error / 2


def test_examples_survive_a_file(tmp_path: Path) -> None:
    path = tmp_path / "examples.jsonl"
    examples = decisions(3)
    lines = [example_line(example) for example in examples]
    path.write_text("\n".join([*lines, "", '{"features": {}}', "nonsense"]), encoding="utf-8")
    found = list(read_examples(path))
    assert found[:6] == examples
    assert [item[0] for item in found[6:] if isinstance(item, tuple)] == [8, 9]


class Store:
    """Answers in pages of a size of its own, like a table."""

    def __init__(self, examples: Sequence[Example], most: int) -> None:
        self._examples = examples
        self._most = most

    def put_example(self, name: str, example: Example) -> None:
        raise NotImplementedError

    def list_examples(self, *, since: datetime | None = None, limit: int = 1000) -> Sequence[Example]:
        return [item for item in self._examples if since is None or item.at >= since][: min(limit, self._most)]


@pytest.mark.parametrize("most", [3, 4, 7, 100])
def test_all_stored_examples_are_read_once(most: int) -> None:
    examples = decisions(9)
    assert list(stored_examples(Store(examples, most))) == examples
