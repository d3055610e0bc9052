"""Infrastructure as files: our template, and what `chalice package` writes for SAM and Terraform together with what is kept
here to be added to each."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.session import Session
from cfnlint.api import ManualArgs, lint
from chalice.awsclient import TypedAWSClient
from chalice.config import Config
from chalice.package import PackageOptions, create_app_packager

from careloop.deploying.mappings import BATCH_SIZE, CONCURRENCY, PARTIAL
from careloop.deploying.template import LARGEST, Template
from tests.functional.deployed import ROOT, Site, site

INFRA = ROOT / "infra"


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Site]:
    with site(tmp_path / "project") as found:
        yield found


def packaged(place: Site, folder: Path, kind: str, merge: Path | None = None) -> dict[str, Any]:
    """What `chalice package` writes."""
    config: Config = place.config()
    options = PackageOptions(TypedAWSClient(Session()))
    packager = create_app_packager(config, options, kind, "json", str(merge) if merge else None)
    packager.package_app(config, str(folder), "dev")
    name = "chalice.tf.json" if kind == "terraform" else "sam.json"
    found: dict[str, Any] = json.loads((folder / name).read_text())
    return found


def complaints(text: str) -> list[str]:
    return [f"{item.rule.id} {item.message}" for item in lint(text, config=ManualArgs(regions=["eu-central-1"]))]


def test_our_template_is_right_and_short_enough() -> None:
    text = (INFRA / "stack.yaml").read_text()

    assert complaints(text) == []
    # parameters that only the rest uses stay: their values come back with it
    unused = [item for item in complaints(Template(text).kept().text) if not item.startswith("W2001")]
    assert unused == []
    assert len(Template(text).body.encode()) <= LARGEST


def test_sam_gets_our_names_and_partial_failures(place: Site, tmp_path: Path) -> None:
    plain = packaged(place, tmp_path / "plain", "cloudformation")
    assert complaints(json.dumps(plain)) == []

    merged = packaged(place, tmp_path / "merged", "cloudformation", INFRA / "sam.json")

    assert complaints(json.dumps(merged)) == []
    assert merged["Resources"].keys() == plain["Resources"].keys()
    functions = {k: v for k, v in merged["Resources"].items() if v["Type"] == "AWS::Serverless::Function"}
    names = sorted(item["Properties"]["FunctionName"]["Fn::Sub"] for item in functions.values())
    assert names == sorted(
        f"careloop-${{Stage}}{name}" for name in ["", "-poll", "-watch", *(f"-{f}" for f in CONCURRENCY)]
    )
    sources = [
        (item["Properties"]["FunctionName"]["Fn::Sub"].removeprefix("careloop-${Stage}-"), event["Properties"])
        for item in functions.values()
        for event in item["Properties"].get("Events", {}).values()
        if event["Type"] == "SQS"
    ]
    assert {name: given["ScalingConfig"]["MaximumConcurrency"] for name, given in sources} == CONCURRENCY
    for _, given in sources:
        assert (given["BatchSize"], given["FunctionResponseTypes"]) == (BATCH_SIZE, [PARTIAL])
        assert "careloop-dev-" in given["Queue"]["Fn::Sub"]


def test_terraform_gets_our_stack_and_partial_failures(place: Site, tmp_path: Path) -> None:
    written = packaged(place, tmp_path / "out", "terraform")["resource"]
    override = json.loads((INFRA / "terraform" / "careloop_override.tf.json").read_text())["resource"]
    ours = json.loads((INFRA / "terraform" / "careloop.tf.json").read_text())
    template = Template((INFRA / "stack.yaml").read_text())

    mappings = override["aws_lambda_event_source_mapping"]
    assert mappings.keys() == written["aws_lambda_event_source_mapping"].keys()
    for name, given in mappings.items():
        function = name.removesuffix("-sqs-event-source")
        assert given["batch_size"] == BATCH_SIZE
        assert given["function_response_types"] == [PARTIAL]
        assert given["scaling_config"] == [{"maximum_concurrency": CONCURRENCY[function]}]
        output = given["event_source_arn"].partition('outputs["')[2].partition('"')[0]
        value = template.data["Outputs"][output]["Value"]["Fn::GetAtt"]
        queue = template.data["Resources"][value[0]]["Properties"]["QueueName"]["Fn::Sub"]
        before = written["aws_lambda_event_source_mapping"][name]["event_source_arn"]
        assert queue.replace("${Stage}", "dev") == before.rpartition(":")[2]
    [stack] = ours["resource"]["aws_cloudformation_stack"].values()
    assert set(stack["parameters"]) <= set(template.parameters)
    named = {item["function_name"] for item in written["aws_lambda_function"].values()}
    logs = {
        item["Properties"]["LogGroupName"]["Fn::Sub"]
        for item in template.data["Resources"].values()
        if "LogGroupName" in item.get("Properties", {})
    }
    assert {f"/aws/lambda/{name}" for name in named} == {name.replace("${Stage}", "dev") for name in logs}
