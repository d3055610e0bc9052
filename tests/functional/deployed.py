"""Chalice's own deployer in this process, on moto in this process, which can be stopped in the middle.

The package is a token: what is deployed here are roles, functions, mappings, schedules and the API.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from botocore.session import Session
from chalice.awsclient import TypedAWSClient
from chalice.config import Config
from chalice.deploy.deployer import create_default_deployer, create_deletion_deployer
from chalice.utils import UI
from moto import mock_aws

from app import app
from careloop.cli.operating import Tools
from careloop.deploying.cloud import Cloud
from careloop.deploying.project import Project
from tests.fakes import moto_gaps

ROOT = Path(__file__).resolve().parents[2]
QUEUES = ("inbound", "outbound", "jobs", "dead-letters")
READING = ("Get", "List", "Describe", "Head", "Query", "Receive")


class Stopped(BaseException):
    """The process ended here. No Exception, so that nobody tidies up."""


class Quiet(UI):
    """Says nothing."""

    def write(self, msg: str) -> None:
        """Nothing."""


class Site:
    """A project folder and an AWS account."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.tools = Tools(cloud=Cloud(sleep=_no_sleep), project=Project(folder), chalice=self.chalice)
        self._session = Session()
        self._clients: dict[str, Any] = {}
        self.calls: list[str] = []
        """The calls of the last deploy that change something."""
        for name in (".chalice", "policies", "infra"):
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("deployed", "deployments"))
        (folder / "app.py").write_text("")
        (folder / "requirements.txt").write_text("")

    def client(self, service: str) -> Any:
        """A client of the account; always the same one."""
        if service not in self._clients:
            self._clients[service] = self._session.create_client(service)
        return self._clients[service]

    def make_queues(self) -> None:
        """What the stack would make."""
        for queue in QUEUES:
            name = f"careloop-dev-{queue}.fifo"
            self.client("sqs").create_queue(QueueName=name, Attributes={"FifoQueue": "true"})

    def deploy(self, *, stop_after: int | str | None = None) -> None:
        """`chalice deploy`. ``stop_after``: the process ends when a call that changes something has taken effect, but
        nobody knows: the call with this number, or the first of this name."""
        self.calls = []
        session = Session()

        def end(**given: Any) -> None:
            model = given["model"]
            if not model.name.startswith(READING):
                self.calls.append(model.name)
                if stop_after in (len(self.calls) - 1, model.name):
                    raise Stopped

        session.register("after-call", end)
        create_default_deployer(session, self.config(), Quiet()).deploy(self.config(), "dev")

    def chalice(self, arguments: Any) -> int:
        """`chalice delete`, as `careloop destroy` calls it."""
        assert list(arguments) == ["delete", "--stage", "dev"]
        create_deletion_deployer(TypedAWSClient(Session()), Quiet()).deploy(self.config(), "dev")
        return 0

    def config(self) -> Config:
        """Chalice's view of the project."""
        disk = json.loads((self.folder / ".chalice" / "config.json").read_text())
        given = {"chalice_app": app, "project_dir": str(self.folder)}
        return Config(chalice_stage="dev", user_provided_params=given, config_from_disk=disk)

    def mappings(self) -> list[dict[str, Any]]:
        """All event source mappings."""
        found: list[dict[str, Any]] = self.client("lambda").list_event_source_mappings()["EventSourceMappings"]
        return found

    def apis(self) -> list[str]:
        """All APIs."""
        return [item["id"] for item in self.client("apigateway").get_rest_apis()["items"]]

    def functions(self) -> list[str]:
        """All functions."""
        return sorted(item["FunctionName"] for item in self.client("lambda").list_functions()["Functions"])

    def record(self) -> list[dict[str, Any]]:
        """Chalice's record."""
        data: dict[str, Any] = json.loads((self.folder / ".chalice" / "deployed" / "dev.json").read_text())
        found: list[dict[str, Any]] = data["resources"]
        return found


def _no_sleep(seconds: float) -> None:
    """Nothing here takes time."""


@contextmanager
def site(folder: Path) -> Iterator[Site]:
    """An empty account and a project in `folder`."""
    moto_gaps.fill()
    folder.mkdir()
    with mock_aws():
        yield Site(folder)


def check_deployed(found: Site) -> None:
    """Everything once, bound, and in Chalice's record."""
    mappings = found.mappings()
    queues = sorted(item["EventSourceArn"].rpartition(":")[2] for item in mappings)
    assert queues == sorted(f"careloop-dev-{queue}.fifo" for queue in QUEUES)
    for item in mappings:
        assert item["BatchSize"] == 10
        assert item["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    names = ["", "-dead_letters", "-inbound", "-jobs", "-outbound", "-poll", "-watch"]
    assert found.functions() == [f"careloop-dev{name}" for name in names]
    assert len(found.client("iam").list_roles()["Roles"]) == 7
    assert len(found.client("events").list_rules()["Rules"]) == 2
    [api] = found.apis()
    record = found.record()
    assert [item["rest_api_id"] for item in record if item["resource_type"] == "rest_api"] == [api]
    recorded = {item["event_uuid"] for item in record if item["resource_type"] == "sqs_event"}
    assert recorded == {item["UUID"] for item in mappings}
    assert len(record) == 21
