"""The data that costs are computed from: read strictly, held to what they describe."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from careloop.costs import assumptions, prices, usage
from careloop.costs.assumptions import changed, usual
from careloop.costs.prices import NAMES, read_prices
from careloop.costs.stage import channels_from, usual_stage
from careloop.costs.usage import read_usage
from chalicelib.core.errors import ConfigurationError

ROOT = Path(__file__).resolve().parents[3]


def test_every_price_has_a_source():
    found = read_prices()

    assert tuple(found.items) == NAMES
    assert all(price.source and price.unit for price in found.items.values())


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("[objects]", "[object]", "objects is missing; object is not known"),
        ("dollars = 3.50", "dollars = -3.50", "api_requests: dollars must not be negative"),
        ("per = 1_000\n", "per = 0\n", "objects: dollars must not be negative, per must be positive"),
        ('source = "general knowledge; the upper bound"', "", "schedule_events: needs service, dollars"),
        ('region = "us-east-1"', "region =", "Invalid value"),
    ],
)
def test_prices_that_cannot_be_are_told(tmp_path: Path, old: str, new: str, told: str):
    text = prices.FILE.read_text(encoding="utf-8")
    assert old in text
    file = tmp_path / "prices.toml"
    file.write_text(text.replace(old, new, 1), encoding="utf-8")

    with pytest.raises(ConfigurationError, match=re.escape(told)):
        read_prices(file)


def test_assumptions_are_changed_by_name():
    found = changed(usual(), ["batch=3", "cold_share=0.5"])

    assert (found["batch"].value, found["batch"].source) == (3.0, "given")
    assert found["cold_share"].value == 0.5
    assert found["months"] == usual()["months"]


@pytest.mark.parametrize(
    "given", ["nothing=1", "batch", "batch=x", "batch=0", "batch=-1", "cold_share=2", "months=nan"]
)
def test_assumptions_that_cannot_be_are_refused(given: str):
    with pytest.raises(ConfigurationError):
        changed(usual(), [given])


def test_names_with_limits_are_assumptions():
    assert set(usual()) >= assumptions.SHARES | assumptions.AT_LEAST_ONE


def test_platforms_tell_how_their_messages_come():
    facebook, bluesky, line = channels_from("facebook, bluesky=2,line", 3)

    assert (facebook.accounts, facebook.webhook, facebook.reconciled) == (3, True, True)
    assert (bluesky.accounts, bluesky.webhook, bluesky.reconciled) == (2, False, False)
    assert (line.webhook, line.reconciled) == (True, False)
    assert (facebook.secrets, bluesky.secrets) == (2, 1)


@pytest.mark.parametrize("given", ["", "nowhere", "facebook=x", "facebook=-1", "facebook,facebook"])
def test_channels_that_cannot_be_are_refused(given: str):
    with pytest.raises(ConfigurationError):
        channels_from(given, 1)


def test_a_flow_that_was_not_counted_is_told(tmp_path: Path):
    data = json.loads(usage.FILE.read_text(encoding="utf-8"))
    del data["flows"]["reply"]
    file = tmp_path / "usage.json"
    file.write_text(json.dumps(data), encoding="utf-8")

    with pytest.raises(ConfigurationError, match="run python -m bench"):
        read_usage(file)


def test_the_stage_is_that_of_the_template_and_of_chalice():
    template = (ROOT / "infra" / "stack.yaml").read_text(encoding="utf-8")
    config = json.loads((ROOT / ".chalice" / "config.json").read_text(encoding="utf-8"))
    found = usual_stage()

    for kind, number in (
        ("CloudWatch::Alarm", found.alarms),
        ("CloudWatch::Dashboard", found.dashboards),
        ("KMS::Key", found.keys),
        ("SQS::Queue", found.queues),
    ):
        assert len(re.findall(rf"^    Type: AWS::{kind}$", template, re.MULTILINE)) == number, (
            f"{kind}: correct careloop/costs/stage.toml"
        )
    assert set(re.findall(r"KmsDataKeyReusePeriodSeconds: (\d+)", template)) == {str(found.key_reuse_seconds)}
    memory = {name: one["lambda_memory_size"] for name, one in config["lambda_functions"].items()}
    assert {name: memory[name] for name in found.memory_mb} == found.memory_mb
    assert bool(config.get("xray")) == found.traced
