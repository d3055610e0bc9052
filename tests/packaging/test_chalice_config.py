"""`.chalice/config.json`. The policies that it names are in test_policies.py.

Chalice ignores unknown keys silently and takes the string "false" for true, so a slip would surface in production.
"""

from __future__ import annotations

import copy
import json
import re
from pathlib import Path
from typing import Any

import pytest
from chalice.config import Config

ROOT = Path(__file__).resolve().parents[2]
CONFIG_FOLDER = ROOT / ".chalice"
CONFIG = CONFIG_FOLDER / "config.json"

STAGES = {"dev", "prod"}
FUNCTIONS = {"api_handler", "inbound", "outbound", "jobs", "poll", "watch", "dead_letters"}
VARIABLES = {
    "CARELOOP_STAGE",
    "CARELOOP_TABLE",
    "CARELOOP_INBOUND_QUEUE",
    "CARELOOP_OUTBOUND_QUEUE",
    "CARELOOP_JOBS_QUEUE",
    "CARELOOP_DEAD_LETTERS_QUEUE",
    "CARELOOP_ARCHIVE_BUCKET",
    "CARELOOP_SECRETS_PREFIX",
}

# chalice 1.34.0, config.py: name -> type. `log_retention_in_days` is left out on purpose: it addresses a log group that does not exist.
FUNCTION_KEYS: dict[str, type] = {
    "autogen_policy": bool,
    "environment_variables": dict,
    "iam_policy_file": str,
    "iam_role_arn": str,
    "lambda_memory_size": int,
    "lambda_timeout": int,
    "layers": list,
    "manage_iam_role": bool,
    "reserved_concurrency": int,
    "security_group_ids": list,
    "subnet_ids": list,
    "tags": dict,
    "xray": bool,
}
STAGE_KEYS: dict[str, type] = FUNCTION_KEYS | {
    "api_gateway_custom_domain": dict,
    "api_gateway_endpoint_type": str,
    "api_gateway_endpoint_vpce": list,
    "api_gateway_policy_file": str,
    "api_gateway_stage": str,
    "automatic_layer": bool,
    "lambda_architecture": str,
    "lambda_functions": dict,
    "minimum_compression_size": int,
}
TOP_KEYS: dict[str, type] = STAGE_KEYS | {"app_name": str, "stages": dict, "version": str}
# These are merged from the top, the stage and the stage's function; a top-level function's are never read (Config._chain_merge).
NOT_READ_IN_TOP_FUNCTION = {"environment_variables", "tags"}


def _problems(config: dict[str, Any], folder: Path) -> list[str]:
    """Everything wrong with a configuration read from `folder`, each problem beginning with the path of the key."""
    found = _wrong_keys("", config, TOP_KEYS)
    for name, function in config.get("lambda_functions", {}).items():
        where = f"lambda_functions.{name}"
        found += _wrong_function(where, name, function, folder)
        found += [
            f"{where}.{key}: not read here, only in a stage" for key in NOT_READ_IN_TOP_FUNCTION & function.keys()
        ]
    for name, stage in config.get("stages", {}).items():
        where = f"stages.{name}"
        found += _wrong_keys(where, stage, STAGE_KEYS)
        found += _wrong_environment(where, stage)
        for function_name, function in stage.get("lambda_functions", {}).items():
            inner = f"{where}.lambda_functions.{function_name}"
            found += _wrong_function(inner, function_name, function, folder)
    return found + _wrong_environment("", config)


def _wrong_function(where: str, name: str, function: dict[str, Any], folder: Path) -> list[str]:
    found = [] if name in FUNCTIONS else [f"{where}: no such function"]
    found += _wrong_keys(where, function, FUNCTION_KEYS) + _wrong_environment(where, function)
    policy = function.get("iam_policy_file")
    if isinstance(policy, str) and not (folder / policy).is_file():
        found.append(f"{where}.iam_policy_file: {policy} does not exist")
    return found


def _wrong_keys(where: str, block: dict[str, Any], known: dict[str, type]) -> list[str]:
    found = []
    for key, value in block.items():
        path = f"{where}.{key}".lstrip(".")
        if key not in known:
            found.append(f"{path}: unknown key, chalice would ignore it")
        elif type(value) is not known[key]:
            found.append(f"{path}: must be {known[key].__name__}, is {type(value).__name__}")
    return found


def _wrong_environment(where: str, block: dict[str, Any]) -> list[str]:
    variables = block.get("environment_variables", {})
    return [
        f"{where}.environment_variables.{name}: must be a string, is {type(value).__name__}".lstrip(".")
        for name, value in (variables.items() if isinstance(variables, dict) else ())
        if not isinstance(value, str)
    ]


@pytest.fixture(scope="module")
def config() -> dict[str, Any]:
    return json.loads(CONFIG.read_text(encoding="utf-8"))


def test_nothing_is_wrong(config: dict[str, Any]) -> None:
    problems = _problems(config, CONFIG_FOLDER)

    assert not problems, "\n".join([f"{CONFIG.relative_to(ROOT)}:", *problems])


def test_the_app_has_its_stages_and_functions(config: dict[str, Any]) -> None:
    assert config["app_name"] == "careloop"
    assert set(config["stages"]) == STAGES
    assert set(config["lambda_functions"]) == FUNCTIONS


@pytest.mark.parametrize("stage", sorted(STAGES))
@pytest.mark.parametrize("function", sorted(FUNCTIONS))
def test_chalice_reads_what_is_meant(config: dict[str, Any], stage: str, function: str) -> None:
    read = Config(chalice_stage=stage, config_from_disk=config).scope(stage, function)

    assert read.autogen_policy is False
    assert read.iam_policy_file == f"policies/{stage}/{function}.json"
    assert read.api_gateway_endpoint_type == "REGIONAL"
    assert read.log_retention_in_days is None
    assert 128 <= read.lambda_memory_size <= 10240
    assert 3 <= read.lambda_timeout <= (29 if function == "api_handler" else 900)


@pytest.mark.parametrize("stage", sorted(STAGES))
def test_environment_names_the_stage_only(config: dict[str, Any], stage: str) -> None:
    variables = Config(chalice_stage=stage, config_from_disk=config).environment_variables

    assert set(variables) == VARIABLES
    assert variables["CARELOOP_STAGE"] == stage
    assert all(re.search(rf"\b{stage}\b", value) for value in variables.values()), variables


@pytest.mark.parametrize("stage", sorted(STAGES))
def test_queues_are_fifo(config: dict[str, Any], stage: str) -> None:
    variables = Config(chalice_stage=stage, config_from_disk=config).environment_variables

    queues = {name: value for name, value in variables.items() if name.endswith("_QUEUE")}
    assert len(queues) == len(set(queues.values())) == 4
    assert all(value.endswith(".fifo") and len(value) <= 80 for value in queues.values()), queues


BREAKS = {
    "unknown key at the top": (["lambda_memory"], 512, "lambda_memory: unknown key"),
    "unknown key in a stage": (
        ["stages", "prod", "enviroment_variables"],
        {},
        "stages.prod.enviroment_variables: unknown",
    ),
    "unknown key in a function": (["lambda_functions", "poll", "timeout"], 5, "lambda_functions.poll.timeout: unknown"),
    "unknown function": (["lambda_functions", "pol"], {}, "lambda_functions.pol: no such function"),
    "false as a string": (["autogen_policy"], "false", "autogen_policy: must be bool, is str"),
    "number in the environment": (
        ["stages", "dev", "environment_variables", "CARELOOP_TABLE"],
        5,
        "stages.dev.environment_variables.CARELOOP_TABLE: must be a string",
    ),
    "boolean as memory": (["lambda_functions", "poll", "lambda_memory_size"], True, "lambda_memory_size: must be int"),
    "policy that is not there": (
        ["stages", "dev", "lambda_functions", "poll", "iam_policy_file"],
        "../none.json",
        "../none.json does not",
    ),
    "environment where chalice does not look": (
        ["lambda_functions", "poll", "environment_variables"],
        {"A": "b"},
        "lambda_functions.poll.environment_variables: not read here",
    ),
    "log retention": (["stages", "dev", "log_retention_in_days"], 30, "stages.dev.log_retention_in_days: unknown"),
}


@pytest.mark.parametrize(("path", "value", "message"), BREAKS.values(), ids=BREAKS)
def test_a_slip_is_found(config: dict[str, Any], path: list[str], value: object, message: str) -> None:
    broken = copy.deepcopy(config)
    block = broken
    for key in path[:-1]:
        block = block[key]
    block[path[-1]] = value

    problems = _problems(broken, CONFIG_FOLDER)

    assert [problem for problem in problems if message in problem], problems
    assert len(problems) == 1, problems
