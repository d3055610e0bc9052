"""The functions' IAM policies: exact per stage, current, and wildcards only where `policies/exceptions.json` says why.

That they are enough, and not too much, is shown by `tests/rights`.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from chalice.config import Config

from careloop.deploying.policies import RENDERED, SOURCES, place_of, render_policies, rendered
from chalicelib.core.errors import ConfigurationError
from tests.packaging.test_chalice_config import CONFIG, FUNCTIONS, ROOT, STAGES
from tests.rights.evaluator import Request, allows
from tests.rights.needs import LEADING_KEYS, Place
from tests.rights.policies import OPERATOR_POLICY, exceptions, of_operators, source

PLACE = Place(account="210987654321", region="eu-west-1")
CONSUMERS = {"inbound": "INBOUND", "outbound": "OUTBOUND", "jobs": "JOBS", "dead_letters": "DEAD_LETTERS"}
SENDS = {
    "api_handler": {"INBOUND", "OUTBOUND", "JOBS"},
    "inbound": {"OUTBOUND", "JOBS"},
    "outbound": set(),
    "jobs": {"INBOUND", "OUTBOUND", "JOBS"},
    "poll": {"JOBS"},
    "watch": {"JOBS"},
    "dead_letters": set(),
}
TABLE = "arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:table/${CARELOOP_TABLE}"
WRITES = {"dynamodb:PutItem", "dynamodb:DeleteItem", "dynamodb:UpdateItem", "dynamodb:BatchWriteItem"}


def _queue(name: str) -> str:
    return "arn:${AWS::Partition}:sqs:${AWS::Region}:${AWS::AccountId}:${CARELOOP_NAME_QUEUE}".replace("NAME", name)


def _granted(function: str, service: str) -> set[tuple[str, str]]:
    return {
        (action, resource)
        for statement in source(function)["Statement"]
        for action in statement["Action"]
        for resource in statement["Resource"]
        if action.startswith(f"{service}:")
    }


# ---- the sources -----------------------------------------------------------------------------------------------------


def test_there_is_one_policy_per_function() -> None:
    assert {path.stem for path in (ROOT / SOURCES).glob("*.json")} == FUNCTIONS


@pytest.mark.parametrize("function", sorted(FUNCTIONS))
def test_statements_say_what_they_allow(function: str) -> None:
    document = source(function)
    assert document["Version"] == "2012-10-17"
    sids = [statement["Sid"] for statement in document["Statement"]]
    assert len(sids) == len(set(sids))
    for statement in document["Statement"]:
        where = f"policies/iam/{function}.json, {statement['Sid']}"
        assert set(statement) - {"Condition"} == {"Sid", "Effect", "Action", "Resource"}, where
        assert statement["Effect"] == "Allow", where
        assert statement["Action"] == sorted(set(statement["Action"])), where
        for action in statement["Action"]:
            assert re.fullmatch(r"[a-z0-9]+:[A-Z][A-Za-z]+", action), f"{where}: {action}"


def wildcards(document: dict[str, Any]) -> list[dict[str, str]]:
    """Each wildcard of a policy, as `policies/exceptions.json` names it."""
    found: list[dict[str, str]] = []
    for statement in document["Statement"]:
        for resource in statement["Resource"]:
            if resource == "*":
                found.append({"resource": resource, "sid": statement["Sid"]})
            elif "*" in resource or "?" in resource:
                found.append({"resource": resource})
        for keys in statement.get("Condition", {}).values():
            for values in keys.values():
                items = values if isinstance(values, list) else [values]
                found += [{"leading_key": item} for item in items if "*" in item or "?" in item]
    return found


def test_each_wildcard_has_its_reason_and_each_reason_its_wildcard() -> None:
    excused = [{key: value for key, value in item.items() if key != "reason"} for item in exceptions()["wildcards"]]
    operators = json.loads(OPERATOR_POLICY.read_text(encoding="utf-8"))
    used = [item for function in FUNCTIONS for item in wildcards(source(function))] + wildcards(operators)
    assert [item for item in used if item not in excused] == []
    assert [item for item in excused if item not in used] == []
    assert all(item["reason"] for item in exceptions()["wildcards"])


@pytest.mark.parametrize("resource", ["arn:aws:sqs:eu-west-1:1:careloop-*-inbound.fifo", "*"])
def test_another_wildcard_is_refused(resource: str) -> None:
    statement = {"Sid": "Send", "Effect": "Allow", "Action": ["sqs:SendMessage"], "Resource": [resource]}
    excused = exceptions()["wildcards"]
    for item in wildcards({"Statement": [statement]}):
        assert item not in [{key: value for key, value in each.items() if key != "reason"} for each in excused]


def test_tracing_is_granted_where_it_is_on() -> None:
    config = json.loads(CONFIG.read_text(encoding="utf-8"))
    for stage in STAGES:
        for function in FUNCTIONS:
            traced = bool(Config(chalice_stage=stage, config_from_disk=config).scope(stage, function).xray_enabled)
            assert traced == bool(_granted(function, "xray")), f"{stage}, {function}"


# ---- who may what ----------------------------------------------------------------------------------------------------


def test_the_public_function_may_this_and_nothing_else() -> None:
    allowed = {
        (action, resource)
        for statement in source("api_handler")["Statement"]
        for action in statement["Action"]
        for resource in statement["Resource"]
        if not action.startswith(("logs:", "xray:"))
    }
    secrets = "arn:${AWS::Partition}:secretsmanager:${AWS::Region}:${AWS::AccountId}:secret:${CARELOOP_SECRETS_PREFIX}"
    assert allowed == {
        ("secretsmanager:GetSecretValue", f"{secrets}/verify/*"),
        ("dynamodb:GetItem", TABLE),
        *((action, _queue(name)) for name in SENDS["api_handler"] for action in ("sqs:GetQueueUrl", "sqs:SendMessage")),
        ("s3:PutObject", "arn:${AWS::Partition}:s3:::${CARELOOP_ARCHIVE_BUCKET}/*"),
    }
    [reads] = [item for item in source("api_handler")["Statement"] if item["Action"] == ["dynamodb:GetItem"]]
    assert reads["Condition"] == {"ForAllValues:StringEquals": {LEADING_KEYS: ["directory"]}}


def test_no_worker_reads_verification_secrets_or_changes_any() -> None:
    for function in FUNCTIONS - {"api_handler"}:
        for action, resource in _granted(function, "secretsmanager"):
            assert action == "secretsmanager:GetSecretValue", function
            assert resource.endswith("/call/*"), function
    for function in ("poll", "watch", "dead_letters"):
        assert not _granted(function, "secretsmanager"), function


@pytest.mark.parametrize("function", sorted(FUNCTIONS))
def test_no_function_changes_the_directory(function: str) -> None:
    """Where things are sent, and by which settings, is the operators' to say."""
    document = rendered("dev", PLACE.account, PLACE.region, folder=ROOT)[function]
    for action in WRITES:
        request = PLACE.request(action, PLACE.arn("dynamodb", "table/careloop-dev"), frozenset({"directory"}))
        assert not allows(document, request), action


@pytest.mark.parametrize("function", sorted(FUNCTIONS))
def test_each_queue_is_taken_from_by_one_function(function: str) -> None:
    taken = {resource for action, resource in _granted(function, "sqs") if action == "sqs:ReceiveMessage"}
    expected = {_queue(CONSUMERS[function])} if function in CONSUMERS else set()
    assert taken == expected
    for action in ("sqs:DeleteMessage", "sqs:GetQueueAttributes"):
        assert {resource for granted, resource in _granted(function, "sqs") if granted == action} == expected, action


@pytest.mark.parametrize("function", sorted(FUNCTIONS))
def test_functions_send_to(function: str) -> None:
    sent = {resource for action, resource in _granted(function, "sqs") if action == "sqs:SendMessage"}
    assert sent == {_queue(name) for name in SENDS[function]}


@pytest.mark.parametrize("function", sorted(FUNCTIONS))
def test_the_archive_is_only_added_to_and_taken_from_where_a_customer_deleted(function: str) -> None:
    """Operators read and list it, by their own rights: replays begin there."""
    actions = {action for action, _ in _granted(function, "s3")}
    assert actions == {"api_handler": {"s3:PutObject"}, "jobs": {"s3:DeleteObject"}}.get(function, set())


def test_operators_policy_fits_a_stage() -> None:
    text = json.dumps(of_operators())
    assert "${" not in text
    assert not re.search(r"\bprod\b", text)


# ---- rendered --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stage", sorted(STAGES))
def test_what_is_deployed_is_current(stage: str) -> None:
    """As `python -m careloop.deploying.policies` writes it, or `careloop provision` with account and region."""
    wanted = rendered(stage, *place_of(stage, folder=ROOT), folder=ROOT)
    files = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in (ROOT / RENDERED / stage).iterdir()}
    assert files == wanted, "run: python -m careloop.deploying.policies"


def test_nothing_is_rendered_for_stages_that_are_not_there() -> None:
    assert {path.name for path in (ROOT / RENDERED).iterdir()} == STAGES


@pytest.mark.parametrize("stage", sorted(STAGES))
@pytest.mark.parametrize("function", sorted(FUNCTIONS))
def test_a_stage_names_itself_alone(stage: str, function: str) -> None:
    for other in STAGES - {stage}:
        text = json.dumps(rendered(stage, PLACE.account, PLACE.region, folder=ROOT)[function])
        assert not re.search(rf"\b{other}\b", text)
    assert "${" not in text


def test_with_account_and_region_only_named_wildcards_are_left() -> None:
    names = ("log-group:/aws/lambda/", ":secret:", "arn:aws:s3:::")
    for function, document in rendered("dev", PLACE.account, PLACE.region, folder=ROOT).items():
        for item in wildcards(document):
            resource = item.get("resource", "")
            if not resource or item.get("sid") == "Trace":
                continue
            assert resource.count("*") == 1, f"{function}: {resource}"
            assert resource.endswith("*"), f"{function}: {resource}"
            assert any(name in resource for name in names), f"{function}: {resource}"


def test_dev_cannot_touch_prod() -> None:
    dev = rendered("dev", PLACE.account, PLACE.region, folder=ROOT)
    prod = rendered("prod", PLACE.account, PLACE.region, folder=ROOT)
    for function in FUNCTIONS:
        for statement in prod[function]["Statement"]:
            for action in statement["Action"]:
                for resource in statement["Resource"]:
                    asked = Request(action=action, resource=resource.replace("*", "x"))
                    assert action.startswith("xray:") or not allows(dev[function], asked), f"{function}: {resource}"


@pytest.mark.parametrize(
    ("region", "partition"), [("eu-west-1", "aws"), ("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")]
)
def test_partitions_follow_from_the_region(region: str, partition: str) -> None:
    [resource] = [
        resource
        for statement in rendered("dev", PLACE.account, region, folder=ROOT)["poll"]["Statement"]
        for resource in statement["Resource"]
        if statement["Sid"] == "ReadDirectory"
    ]
    assert resource == f"arn:{partition}:dynamodb:{region}:{PLACE.account}:table/careloop-dev"


def _project(folder: Path) -> Path:
    (folder / ".chalice").mkdir()
    (folder / ".chalice" / "config.json").write_text(CONFIG.read_text(encoding="utf-8"), encoding="utf-8")
    (folder / SOURCES).mkdir(parents=True)
    for function in FUNCTIONS:
        text = (ROOT / SOURCES / f"{function}.json").read_text(encoding="utf-8")
        (folder / SOURCES / f"{function}.json").write_text(text, encoding="utf-8")
    return folder


def test_rendering_writes_what_changed_and_keeps_the_place(tmp_path: Path) -> None:
    folder = _project(tmp_path)
    first = render_policies("dev", folder=folder)
    assert {path.stem for path in first} == FUNCTIONS
    assert place_of("dev", folder=folder) == (None, None)
    assert render_policies("dev", folder=folder) == []
    assert len(render_policies("dev", PLACE.account, PLACE.region, folder=folder)) == len(FUNCTIONS)
    assert place_of("dev", folder=folder) == (PLACE.account, PLACE.region)
    assert not (folder / RENDERED / "prod").exists()


def test_a_name_that_the_stage_lacks_is_told(tmp_path: Path) -> None:
    folder = _project(tmp_path)
    config = json.loads((folder / ".chalice" / "config.json").read_text(encoding="utf-8"))
    config["stages"]["dev"]["environment_variables"]["CARELOOP_ARCHIVE_BUCKET"] = ""
    (folder / ".chalice" / "config.json").write_text(json.dumps(config), encoding="utf-8")
    with pytest.raises(ConfigurationError, match="api_handler needs CARELOOP_ARCHIVE_BUCKET"):
        render_policies("dev", folder=folder)
    (folder / SOURCES / "poll.json").unlink()
    with pytest.raises(ConfigurationError, match=r"poll\.json is not here"):
        render_policies("prod", folder=folder)
