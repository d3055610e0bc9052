"""checkov over the stack's template and the functions' policies, in an environment of its own."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console

from tests.e2e.servers.installing import NotInstallable, home, install_once, make_venv
from tests.rights.policies import ROOT, exceptions, rendered

REQUIREMENTS = ("checkov==3.3.30",)
_STACK = ROOT / "infra" / "stack.yaml"
_TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}


def check(console: Console) -> list[str]:
    """Findings without a reason. A machine that cannot have checkov is told so, and finds nothing."""
    try:
        checkov = installed()
    except NotInstallable as error:
        console.print(f"checkov: skipped: not installable here: {error.reason}")
        return []
    found = findings(checkov, {"policies": roles(rendered())}, _STACK)
    seeded = findings(checkov, {"seeded": roles({"too_much": _TOO_MUCH})})
    excused = {(item["check"], item["resource"]) for item in exceptions()["checkov"]}
    problems = [f"checkov: {check}: {resource}" for check, resource in found if (check, resource) not in excused]
    problems += [f"checkov: no longer found: {item}" for item in sorted(excused - set(found))]
    if not seeded:
        problems.append("checkov: a policy that allows everything was not found")
    console.print(f"checkov: {len(found)} findings, {len(excused)} with a reason; in a policy too wide: {len(seeded)}.")
    return problems


def installed() -> Path:
    """The command, installed once. Raises NotInstallable."""
    folder = home() / "checkov"
    command = folder / "venv" / "bin" / "checkov"
    install_once(
        folder,
        recipe=" ".join(REQUIREMENTS),
        is_there=command.exists,
        make=lambda log: make_venv(folder / "venv", REQUIREMENTS, log=log),
    )
    return command


def roles(policies: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """A template with a role for each policy, as Chalice makes them."""
    resources = {
        function.replace("_", " ").title().replace(" ", ""): {
            "Type": "AWS::IAM::Role",
            "Properties": {
                "AssumeRolePolicyDocument": _TRUST,
                "Policies": [{"PolicyName": function, "PolicyDocument": document}],
            },
        }
        for function, document in policies.items()
    }
    return {"AWSTemplateFormatVersion": "2010-09-09", "Resources": resources}


def findings(checkov: Path, templates: Mapping[str, Mapping[str, Any]], *files: Path) -> list[tuple[str, str]]:
    """(check, resource) of what checkov finds; it is kept from asking its vendor's server."""
    with tempfile.TemporaryDirectory() as folder:
        for name, template in templates.items():
            (Path(folder) / f"{name}.json").write_text(json.dumps(template), encoding="utf-8")
        every = [*files, *Path(folder).iterdir()]
        command: list[str | Path] = [
            checkov,
            "--framework",
            "cloudformation",
            "--quiet",
            "--compact",
            "--skip-download",
            "-o",
            "json",
        ]
        for file in every:
            command += ["-f", file]
        environment = {**os.environ, "LOG_LEVEL": "CRITICAL"}
        done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    answer = json.loads(done.stdout)
    if answer["summary"]["parsing_errors"] or not answer["summary"]["resource_count"]:
        raise AssertionError(f"checkov could not read {every}")
    return sorted((item["check_id"], item["resource"]) for item in answer["results"]["failed_checks"])


_TOO_MUCH = {
    "Version": "2012-10-17",
    "Statement": [{"Sid": "All", "Effect": "Allow", "Action": ["*"], "Resource": ["*"]}],
}
