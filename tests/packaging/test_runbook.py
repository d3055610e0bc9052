"""Every alarm has a section in the runbook, every section an alarm, and every metric that is looked at is one that we write."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from cfnlint.decode import cfn_yaml

ROOT = Path(__file__).parents[2]
STACK: dict[str, Any] = cfn_yaml.load(str(ROOT / "infra/stack.yaml"))
ALARMS = {
    name: item["Properties"] for name, item in STACK["Resources"].items() if item["Type"] == "AWS::CloudWatch::Alarm"
}
RUNBOOK = (ROOT / "docs/runbook.md").read_text(encoding="utf-8")
SECTIONS = {
    re.sub(r"[^a-z0-9 -]", "", title.lower()).replace(" ", "-") for title in re.findall(r"^## (.+)$", RUNBOOK, re.M)
}
SOURCE = "\n".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "chalicelib").rglob("*.py")))


def anchor(alarm: dict[str, Any]) -> str:
    found = re.search(r"Runbook: docs/runbook\.md#([a-z0-9-]+)$", str(alarm["AlarmDescription"]).strip())
    assert found, alarm["AlarmDescription"]
    return found[1]


def test_there_are_alarms() -> None:
    assert len(ALARMS) >= 15


@pytest.mark.parametrize("name", ALARMS)
def test_an_alarm_names_its_section(name: str) -> None:
    assert anchor(ALARMS[name]) in SECTIONS


@pytest.mark.parametrize("name", ALARMS)
def test_an_alarm_goes_to_the_topic_and_comes_back(name: str) -> None:
    assert ALARMS[name]["AlarmActions"] == ALARMS[name]["OKActions"] == [{"Ref": "AlarmTopic"}]


def test_no_section_is_without_an_alarm() -> None:
    assert {anchor(alarm) for alarm in ALARMS.values()} == SECTIONS


def test_metrics_of_ours_are_written_somewhere() -> None:
    looked_at = {alarm["MetricName"] for alarm in ALARMS.values() if alarm["Namespace"] == "Careloop"}
    looked_at |= set(re.findall(r'"Careloop", "([a-z_]+)"', str(STACK["Resources"]["Dashboard"])))
    looked_at |= set(re.findall(r'MetricName=\\*"([a-z_]+)', str(STACK["Resources"]["Dashboard"])))
    written = set(re.findall(r'(?:count|measure)\(\s*"([a-z_]+)"', SOURCE))
    assert len(looked_at) >= 10
    assert looked_at <= written


def test_every_command_of_the_runbook_exists() -> None:
    from careloop.cli.main import COMMANDS

    assert set(re.findall(r"careloop ([a-z]+)", RUNBOOK)) - {"why"} <= set(COMMANDS)
