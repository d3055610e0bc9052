"""A copy of the project as an operator has it, and the commands that an operator gives."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from botocore.session import Session

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = (".chalice", "chalicelib", "infra", "policies")
FILES = ("app.py", "requirements.txt")
MACHINES = {"aarch64": "arm64", "arm64": "arm64"}


class Operator:
    """Works in `folder`. ``env``: how AWS is reached."""

    def __init__(self, folder: Path, env: Mapping[str, str]) -> None:
        self.folder = folder
        self.url = env["AWS_ENDPOINT_URL"]
        self.env = {**os.environ, **env, "PYTHONPATH": str(ROOT), "COLUMNS": "200"}
        for name in FOLDERS:
            ignored = shutil.ignore_patterns("__pycache__", "deployed", "deployments", "*.pyc")
            shutil.copytree(ROOT / name, folder / name, ignore=ignored)
        for name in FILES:
            shutil.copy(ROOT / name, folder / name)
        self._for_this_machine()

    def _for_this_machine(self) -> None:
        """Lambda's processors may be others than ours, and here the package is run."""
        path = self.folder / ".chalice" / "config.json"
        config = json.loads(path.read_text())
        config["lambda_architecture"] = MACHINES.get(platform.machine(), "x86_64")
        path.write_text(json.dumps(config, indent=2) + "\n")

    def careloop(self, *arguments: str, input: Any = None, fails: bool = False) -> str:
        """Run the command; what it printed, both kinds. `input`: an object for standard input."""
        return self._run(["from careloop.cli.main import main; main()", *arguments], input, fails=fails)

    def chalice(self, *arguments: str, fails: bool = False) -> str:
        """Run Chalice's command."""
        return self._run(["import sys; from chalice.cli import main; sys.exit(main())", *arguments], None, fails=fails)

    def everything(self) -> dict[str, list[str]]:
        """All that stands in the account; see `everything`."""
        return everything(self.url)

    def _run(self, arguments: list[str], input: Any, *, fails: bool) -> str:
        ran = subprocess.run(
            [sys.executable, "-c", *arguments],
            cwd=self.folder,
            env=self.env,
            input="" if input is None else json.dumps(input),
            capture_output=True,
            text=True,
            check=False,
        )
        assert (ran.returncode != 0) is fails, f"{arguments[1:]}: {ran.returncode}\n{ran.stdout}\n{ran.stderr}"
        return ran.stdout + ran.stderr


@lru_cache
def client(service: str, url: str) -> Any:
    """A client of the AWS at an address; credentials and region are the environment's."""
    return Session().create_client(service, endpoint_url=url)


def everything(url: str) -> dict[str, list[str]]:
    """All that stands in an AWS account and may cost something or be in the way, by kind; empty kinds are left out."""

    def names(service: str, operation: str, key: str, name: str, **arguments: Any) -> list[str]:
        found = client(service, url)
        pages = (
            found.get_paginator(operation).paginate(**arguments)
            if found.can_paginate(operation)
            else [getattr(found, operation)(**arguments)]
        )
        return [item if isinstance(item, str) else item[name] for page in pages for item in page.get(key, ())]

    kms = client("kms", url)
    keys = [item["KeyId"] for item in kms.list_keys()["Keys"]]
    metadata = [kms.describe_key(KeyId=key)["KeyMetadata"] for key in keys]
    found = {
        "functions": names("lambda", "list_functions", "Functions", "FunctionName"),
        "mappings": names("lambda", "list_event_source_mappings", "EventSourceMappings", "UUID"),
        "apis": names("apigateway", "get_rest_apis", "items", "id"),
        "roles": names("iam", "list_roles", "Roles", "RoleName"),
        "rules": names("events", "list_rules", "Rules", "Name"),
        "log groups": names("logs", "describe_log_groups", "logGroups", "logGroupName"),
        "tables": names("dynamodb", "list_tables", "TableNames", ""),
        "queues": names("sqs", "list_queues", "QueueUrls", ""),
        "buckets": names("s3", "list_buckets", "Buckets", "Name"),
        "secrets": names("secretsmanager", "list_secrets", "SecretList", "Name"),
        "topics": names("sns", "list_topics", "Topics", "TopicArn"),
        "alarms": names("cloudwatch", "describe_alarms", "MetricAlarms", "AlarmName"),
        "dashboards": names("cloudwatch", "list_dashboards", "DashboardEntries", "DashboardName"),
        "stacks": names("cloudformation", "describe_stacks", "Stacks", "StackName"),
        "keys": [item["KeyId"] for item in metadata if item["KeyManager"] == "CUSTOMER" and item["Enabled"]],
        "aliases": [item for item in names("kms", "list_aliases", "Aliases", "AliasName") if "careloop" in item],
    }
    return {kind: sorted(items) for kind, items in found.items() if items}
