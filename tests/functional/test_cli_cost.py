"""`careloop cost`: the table, the JSON, and what it does not take."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from careloop.cli.main import main
from careloop.costs.assumptions import usual
from careloop.costs.prices import FILE, NAMES


def run(*arguments: str, code: int = 0) -> str:
    done = CliRunner().invoke(main, ["cost", *arguments])
    assert done.exit_code == code, done.output
    return done.output


def result(*arguments: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run("--json", *arguments))
    return found


def test_the_table_tells_services_and_every_assumption():
    told = run("--messages", "200000", "--replies", "0.25", "--channels", "facebook=2,bluesky")

    assert "200,000 messages a month, 0.25 replies for each; facebook (2), bluesky (1)" in told
    assert all(name in told for name in ("DynamoDB", "API Gateway", "SQS", "KMS", *usual()))
    assert "us-east-1" in told
    assert "Not verified" in told


def test_the_parts_add_up():
    found = result("--messages", "1000000", "--replies", "0.5")
    dollars, lines = found["dollars"], found["lines"]

    assert [line["price"] for line in lines] == list(NAMES)
    assert dollars["all"] == pytest.approx(dollars["messages"] + dollars["fixed"])
    assert dollars["messages"] == pytest.approx(sum(line["messages_dollars"] for line in lines))
    assert dollars["fixed"] == pytest.approx(sum(both["fixed"] for both in found["services"].values()))


def test_an_idle_stage_costs_what_stands():
    idle, busy = result("--messages", "0"), result("--messages", "1000")

    assert idle["dollars"]["messages"] == 0
    assert 0 < idle["dollars"]["fixed"] == pytest.approx(busy["dollars"]["fixed"])


def test_assumptions_and_prices_can_be_given(tmp_path: Path):
    text = FILE.read_text(encoding="utf-8")
    dear = tmp_path / "prices.toml"
    dear.write_text(
        text.replace("dollars = 3.50", "dollars = 7.00").replace("us-east-1", "elsewhere"), encoding="utf-8"
    )

    def gateway(*arguments: str) -> float:
        return float(result("--messages", "1000", *arguments)["services"]["API Gateway"]["messages"])

    assert gateway("--prices", str(dear)) == pytest.approx(2 * gateway())
    assert gateway("--replies", "0", "--assume", "messages_per_webhook=4") == pytest.approx(
        gateway("--replies", "0") / 4
    )
    assert result("--prices", str(dear))["region"] == "elsewhere"


@pytest.mark.parametrize(
    "arguments",
    [
        ("--channels", "nowhere"),
        ("--assume", "nothing=1"),
        ("--messages", "-1"),
        ("--accounts", "many"),
    ],
)
def test_what_can_not_be_is_refused_in_words(arguments: tuple[str, ...]):
    told = run(*arguments, code=2)

    assert "Error:" in told
    assert "Traceback" not in told


def test_the_readme_says_what_the_command_says():
    readme = (Path(__file__).resolve().parents[2] / "README.md").read_text(encoding="utf-8")
    found = result("--messages", "1000000", "--replies", "0.5")
    services = found["services"]
    accounts = result("--channels", "facebook,bluesky")["dollars_per_further_account"]

    def told(pattern: str) -> float:
        match = re.search(pattern, readme)
        assert match is not None, pattern
        return float(match[1])

    for pattern, dollars in (
        (r"\| an idle stage: .* \| (\d+) \|", found["dollars"]["fixed"]),
        (r"\| a million messages, half of them answered \| (\d+) more \|", found["dollars"]["messages"]),
        (r"\| of it DynamoDB: .* \| (\d+) \|", services["DynamoDB"]["messages"]),
        (r"\| of it X-Ray .* \| (\d+) \|", services["X-Ray"]["messages"]),
        (r"\| one account more: Facebook.* \| ([\d.]+) \|", accounts["facebook"]),
        (r"\| one account more: Bluesky.* \| ([\d.]+) \|", accounts["bluesky"]),
        (r"comes to (\d+)\.", result("--messages", "10000000", "--replies", "0.5")["dollars"]["messages"]),
    ):
        assert told(pattern) == pytest.approx(dollars, rel=0.05)
