"""Deployed as an operator does it, on a moto server: provision, `chalice deploy`, bind, accounts; a customer's signed
comment through the deployed API, the queues and the deployed packages to a ticket; the agent's answer back into the
thread; and taken down again until nothing is left."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from careloop.sandbox.setup import PAGE, Keys
from careloop.twins.meta import MetaTwin
from careloop.twins.server import deliver, serve_twin
from careloop.twins.zendesk import ZendeskTwin
from chalicelib.adapters.clock import SystemClock
from tests.e2e.cloud import Cloud
from tests.e2e.deployment import Operator, client
from tests.e2e.servers.moto_server import MotoServer
from tests.e2e.servers.testing import fresh

FUNCTIONS = ["", "-dead_letters", "-inbound", "-jobs", "-outbound", "-poll", "-watch"]
WORDS = "My lamp arrived broken. Order KD-1001."
REPLY = "We are sorry, Dana. A new one is on its way."


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[MotoServer]:
    with fresh(MotoServer(instance=f"deploy-{tmp_path.name}"), deployable=True) as server:
        for name, value in {**server.environment, "AWS_REGION": "eu-central-1"}.items():
            monkeypatch.setenv(name, value)
        yield server


@pytest.fixture
def operator(aws: MotoServer, tmp_path: Path) -> Operator:
    folder = tmp_path / "project"
    folder.mkdir()
    return Operator(folder, aws.environment)


@pytest.fixture
def cloud(aws: MotoServer, tmp_path: Path) -> Iterator[Cloud]:
    (tmp_path / "lambda").mkdir()
    env = {**aws.environment, "AWS_REGION": "eu-central-1"}
    found = Cloud(aws.url, env, tmp_path / "lambda")
    yield found
    found.stop()


class Outside:
    """The vendors: Meta and Zendesk on real HTTP, with the webhooks that they send us."""

    def __init__(self) -> None:
        self.keys = Keys.fresh()
        clock = SystemClock()
        self.meta = MetaTwin(clock, app_secret=self.keys.app_secret, page_token=self.keys.page_token, deliver=deliver)
        self.desk = ZendeskTwin(clock, api_token=self.keys.api_token, deliver=deliver)
        self._servers = [serve_twin(self.meta), serve_twin(self.desk)]
        self.addresses = [f"http://127.0.0.1:{server.server_port}" for server in self._servers]

    def connect(self, operator: Operator) -> None:
        """As the README says, with the vendors' addresses."""
        meta, desk = self.addresses
        keys = self.keys
        call = {"email": "careloop@acme.example", "api_token": keys.api_token, "signing_secret": keys.signing_secret}
        operator.careloop(
            *("accounts", "add", "helpdesk", "zendesk", "zendesk", "--endpoint", "zendesk", "--secrets", "-"),
            *("--option", "subdomain=acme", "--option", f"base_url={desk}"),
            input=call,
        )
        operator.careloop("accounts", "add", "crm", "directory", "directory")
        page = {"page_token": keys.page_token, "app_secret": keys.app_secret, "verify_token": keys.verify_token}
        operator.careloop(
            *("accounts", "add", "platform", "facebook", PAGE, "--title", "Acme", "--helpdesk", "zendesk"),
            *("--crm", "directory", "--endpoint", "meta", "--secrets", "-", "--option", f"base_url={meta}"),
            input=page,
        )

    def subscribe(self, api: str) -> None:
        self.meta.subscribe(f"{api}/webhooks/platform/facebook/meta", self.keys.verify_token)
        self.desk.add_webhook(f"{api}/webhooks/helpdesk/zendesk/zendesk", self.keys.signing_secret)

    def play(self, cloud: Cloud) -> None:
        """Until nothing more happens."""
        for _ in range(30):
            moved = self.meta.flush() + self.desk.flush() + cloud.poll()
            if not moved:
                return
        raise AssertionError(f"it does not come to rest: {cloud.refused}")

    def stop(self) -> None:
        for server in self._servers:
            server.shutdown()
            server.server_close()


def test_from_nothing_to_an_answered_customer_and_back_to_nothing(operator: Operator, cloud: Cloud) -> None:
    assert operator.everything() == {}
    deploy(operator)
    api = json.loads((operator.folder / ".chalice/deployed/dev.json").read_text())["resources"][-1]
    address = cloud.serve(api["rest_api_id"])
    outside = Outside()
    try:
        outside.connect(operator)
        secrets = client("secretsmanager", operator.url).list_secrets()["SecretList"]
        assert {item["KmsKeyId"] for item in secrets} == {"alias/careloop-dev"}
        outside.subscribe(address)
        a_customer_is_answered(outside, cloud)
        a_stranger_is_not(address)
        cloud.tick()
        outside.play(cloud)
        assert cloud.refused == []
    finally:
        outside.stop()
    assert not [secret for secret in vars_of(outside.keys) if secret in cloud.logs()]

    it_can_be_deployed_again(operator)
    it_leaves_the_data(operator)
    it_leaves_nothing(operator)


def deploy(operator: Operator) -> None:
    """What `make deploy` runs."""
    shown = operator.careloop("provision", "--stage", "dev", "--dry-run")
    assert "AWS::DynamoDB::Table" in shown
    assert operator.everything() == {}
    operator.careloop("provision", "--stage", "dev", "--yes")
    assert "no changes" in operator.careloop("provision", "--stage", "dev", "--yes")
    operator.careloop("bind", "--before", "--stage", "dev")
    operator.careloop("package", "--stage", "dev")
    operator.chalice("--project-dir", "out/package", "deploy", "--stage", "dev")
    operator.careloop("bind", "--stage", "dev")
    assert operator.everything()["functions"] == [f"careloop-dev{name}" for name in FUNCTIONS]
    check_mappings(operator)


def check_mappings(operator: Operator) -> None:
    """One per queue, in batches, with partial failures."""
    found = client("lambda", operator.url).list_event_source_mappings()["EventSourceMappings"]
    assert sorted(item["EventSourceArn"].rpartition(":")[2] for item in found) == [
        f"careloop-dev-{queue}.fifo" for queue in ("dead-letters", "inbound", "jobs", "outbound")
    ]
    for item in found:
        assert item["BatchSize"] == 10
        assert item["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
        assert item["ScalingConfig"]["MaximumConcurrency"] >= 2


def a_customer_is_answered(outside: Outside, cloud: Cloud) -> None:
    meta, desk = outside.meta, outside.desk
    post = meta.page_post("Our new lamp is here.")
    outside.play(cloud)
    comment = meta.comment(meta.add_user("Dana Weber"), post, WORDS)
    outside.play(cloud)

    assert len(tickets(desk)) == 1, (cloud.refused, cloud.logs()[-5000:])
    [ticket] = tickets(desk)
    assert [item["text"] for item in ticket["comments"] if item["public"] and WORDS in item["text"]]
    desk.agent_reply(ticket["id"], REPLY)
    outside.play(cloud)

    thread = next(item for item in meta.snapshot()["threads"] if item["platform"] == "facebook")
    answers = [item for item in thread["messages"] if item["is_brand"] and item["text"] == REPLY]
    assert len(answers) == 1
    assert comment in [item["id"] for item in thread["messages"]]
    [ticket] = tickets(desk)
    assert any("osted" in item["text"] for item in ticket["comments"] if not item["public"])


def a_stranger_is_not(address: str) -> None:
    forged = {"content-type": "application/json", "x-hub-signature-256": "sha256=" + "0" * 64}
    status, _ = deliver("POST", f"{address}/webhooks/platform/facebook/meta", forged, b'{"object": "page"}')
    assert status == 401
    assert deliver("GET", f"{address}/health", {}, b"") == (200, b'{"status":"ok"}')
    assert deliver("GET", f"{address}/nowhere", {}, b"")[0] == 403


def it_can_be_deployed_again(operator: Operator) -> None:
    """From another machine: without Chalice's record, which is not in the repository; and by plain `chalice deploy`."""
    before = operator.everything()
    record = operator.folder / ".chalice/deployed/dev.json"
    known = record.read_text()
    record.unlink()
    operator.careloop("bind", "--before", "--stage", "dev")
    assert record.read_text().strip() == known.strip()
    operator.chalice("deploy", "--stage", "dev")
    operator.careloop("bind", "--stage", "dev")
    check_mappings(operator)
    assert operator.everything() == before


def it_leaves_the_data(operator: Operator) -> None:
    assert "not the stage's name" in operator.careloop("destroy", "--stage", "dev", "--confirm", "prod", fails=True)
    assert "functions" in operator.everything()
    operator.careloop("destroy", "--stage", "dev", "--confirm", "dev")
    assert set(operator.everything()) == {"tables", "queues", "buckets", "secrets", "stacks", "keys", "aliases"}
    operator.careloop("destroy", "--stage", "dev", "--confirm", "dev")


def it_leaves_nothing(operator: Operator) -> None:
    said = operator.careloop("destroy", "--stage", "dev", "--with-data", "--confirm", "dev", "--confirm-data", "dev")
    assert "Nothing of stage dev is left." in said
    assert operator.everything() == {}


def tickets(desk: ZendeskTwin) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = desk.snapshot()["tickets"]
    return found


def vars_of(keys: Keys) -> list[str]:
    return [getattr(keys, name) for name in Keys.__slots__]
