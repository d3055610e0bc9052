"""The packages that Lambda gets, the plain one and the optimised one: their sizes, and how they run."""

from __future__ import annotations

import json
import re
import shutil
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatch
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from bench.ack import ENDPOINT, PAGE, SECRET, events
from careloop.deploying.package import UNUSED, Target, architecture, assemble, zipped
from careloop.deploying.policies import render_policies
from chalicelib.adapters.aws.clients import AwsClients
from chalicelib.adapters.aws.system import AwsSystem, open_aws
from chalicelib.adapters.clock import SystemClock
from chalicelib.core.account import Account, ConnectionKind, Endpoint
from chalicelib.core.codec import to_json
from chalicelib.core.disposition import ParkedItem, ParkReason
from chalicelib.core.events import Envelope, MessageDeleted, event_key
from chalicelib.core.ids import AccountId, AccountKey, MessageId, MessageKey, ThreadId, ThreadKey
from chalicelib.core.jobs import JobEnvelope, ParkPayload
from chalicelib.settings import Settings
from tests.architecture.source import ROOT
from tests.contracts.families import provision_table
from tests.e2e.lambda_runtime import Function, client_folder, function
from tests.e2e.servers.moto_server import MotoServer
from tests.e2e.servers.testing import fresh

MEGABYTES = {"plain": 25.0, "optimised": 10.0}
BUILDS = tuple(MEGABYTES)
HANDLERS = {
    "api_handler": "app.app",
    **{
        name: f"chalicelib.entrypoints.{name}.{name}"
        for name in ("inbound", "outbound", "jobs", "poll", "watch", "dead_letters")
    },
}
HERE = "x86_64"
REGION = "eu-central-1"
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
SETTINGS = Settings(
    stage="dev",
    table="",
    inbound_queue="careloop-dev-inbound.fifo",
    outbound_queue="careloop-dev-outbound.fifo",
    jobs_queue="careloop-dev-jobs.fifo",
    dead_letters_queue="careloop-dev-dead-letters.fifo",
    archive_bucket="careloop-dev-archive",
    secrets_prefix="careloop/dev",
)


# -- builds ------------------------------------------------------------------------------------------------------------


@cache
def project(folder: Path) -> Path:
    """The project as a fresh clone has it, and the policies of a stage."""
    clone = folder / "project"
    for name in ("chalicelib", ".chalice", "policies"):
        shutil.copytree(ROOT / name, clone / name, ignore=shutil.ignore_patterns("__pycache__", "deploy*", "venv"))
    for name in ("app.py", "requirements.txt"):
        shutil.copyfile(ROOT / name, clone / name)
    render_policies("dev", folder=clone)
    return clone


@cache
def built(folder: Path, build: str, machine: str) -> Path:
    """The folder with ``deployment.zip`` and ``sam.json``, as Chalice makes them."""
    source = folder / f"{build}-{machine}"
    if build == "optimised":
        assemble(project(folder), source, Target(architecture=machine))
    else:
        shutil.copytree(project(folder), source)
        path = source / ".chalice" / "config.json"
        config = json.loads(path.read_text(encoding="utf-8"))
        path.write_text(json.dumps({**config, "lambda_architecture": machine}), encoding="utf-8")
    return zipped(source, "dev", folder / f"{build}-{machine}-out").parent


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("package")


@pytest.mark.parametrize("build", BUILDS)
def test_the_package_is_small(build: str, place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    package = built(place, build, architecture(ROOT)) / "deployment.zip"

    size = package.stat().st_size / 1e6
    with zipfile.ZipFile(package) as opened:
        unpacked = sum(item.file_size for item in opened.infolist()) / 1e6
    with capsys.disabled():
        print(
            f"\n{build} package for {architecture(ROOT)}: {size:.1f} MB zipped (budget {MEGABYTES[build]:.0f}), "
            f"{unpacked:.1f} MB unpacked"
        )
    assert size <= MEGABYTES[build]


def test_the_optimised_package_is_compiled_and_the_plain_one_complete(place: Path) -> None:
    names = {build: set(zipfile.ZipFile(built(place, build, HERE) / "deployment.zip").namelist()) for build in BUILDS}
    sources = {name for name in names["optimised"] if name.endswith(".py")}
    compiled = {name for name in names["optimised"] if name.endswith(".pyc")}

    assert {"app.py", "chalice/app.py", "chalicelib/bootstrap.py", "botocore/session.py"} <= sources
    assert {name.rpartition("/")[2].partition(".")[0] for name in sources} == {
        name.rpartition("/")[2].partition(".")[0] for name in compiled
    }
    assert len(compiled) == len(sources)
    missing = {name for name in names["plain"] if name.endswith((".py", ".so", ".toml"))} - names["optimised"]
    unused = [pattern + end for pattern in UNUSED for end in ("", "/*")]
    kept = {name for name in missing if not any(fnmatch(name, pattern) for pattern in unused)}
    assert not {name for name in kept if not re.search(r"/tests?/|\.data/scripts/", name)}
    assert not [name for name in names["optimised"] if name.startswith(("careloop/", "tests/", "policies/", "infra/"))]
    assert not [name for name in names["plain"] if name.endswith(".pyc")]


@pytest.mark.parametrize("build", BUILDS)
def test_the_template_names_every_handler(build: str, place: Path) -> None:
    template = json.loads((built(place, build, HERE) / "sam.json").read_text(encoding="utf-8"))
    functions = [
        item["Properties"] for item in template["Resources"].values() if item["Type"] == "AWS::Serverless::Function"
    ]

    assert sorted(item["Handler"] for item in functions) == sorted(HANDLERS.values())


# -- runs --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Stage:
    """A stage's state on moto's server, and what a function's environment says of it."""

    system: AwsSystem
    environment: Mapping[str, str]
    place: Path
    client: Path


@pytest.fixture(scope="module")
def stage(place: Path) -> Iterator[Stage]:
    with fresh(MotoServer(instance="package")) as moto:
        clients = AwsClients(region=REGION, endpoint_url=moto.url)
        for name in ("inbound", "outbound", "jobs", "dead-letters"):
            attributes = {"FifoQueue": "true", "VisibilityTimeout": "360"}
            clients.client("sqs").create_queue(QueueName=f"careloop-dev-{name}.fifo", Attributes=attributes)
        clients.client("s3").create_bucket(
            Bucket=SETTINGS.archive_bucket, CreateBucketConfiguration={"LocationConstraint": REGION}
        )
        table = provision_table(clients.client("dynamodb"))
        settings = {**{name: getattr(SETTINGS, name) for name in SETTINGS.__slots__}, "table": table}
        system = open_aws(Settings(**settings), SystemClock(), clients)
        _connect(system)
        environment = {
            **{name: value for name, value in moto.environment.items() if name != "AWS_ACCOUNT_ID_ENDPOINT_MODE"},
            "AWS_REGION": REGION,
            "CARELOOP_STAGE": "dev",
            "CARELOOP_TABLE": table,
            "CARELOOP_INBOUND_QUEUE": SETTINGS.inbound_queue,
            "CARELOOP_OUTBOUND_QUEUE": SETTINGS.outbound_queue,
            "CARELOOP_JOBS_QUEUE": SETTINGS.jobs_queue,
            "CARELOOP_DEAD_LETTERS_QUEUE": SETTINGS.dead_letters_queue,
            "CARELOOP_ARCHIVE_BUCKET": SETTINGS.archive_bucket,
            "CARELOOP_SECRETS_PREFIX": SETTINGS.secrets_prefix,
        }
        yield Stage(system=system, environment=environment, place=place, client=client_folder(place / "client"))


def _connect(system: AwsSystem) -> None:
    directory, kind = system.stores.directory, ConnectionKind.PLATFORM
    account = AccountKey(platform="facebook", account=AccountId(PAGE))
    directory.put_account(Account(key=account, title="Acme", helpdesk="desk"))
    directory.put_endpoint(Endpoint(kind=kind, connector="facebook", name=ENDPOINT, accounts=(account.account,)))
    system.secrets.put_verification(kind, "facebook", ENDPOINT, {"app_secret": (SECRET,), "verify_token": ("t",)})


@cache
def unpacked(place: Path, build: str) -> Path:
    """As Lambda has it under /var/task."""
    task = place / f"{build}-task"
    with zipfile.ZipFile(built(place, build, HERE) / "deployment.zip") as opened:
        opened.extractall(task)
    return task


class Running:
    """The functions of one build."""

    def __init__(self, build: str, stage: Stage) -> None:
        self.build = build
        self.stage = stage
        self.system = stage.system

    def function(self, name: str, **environment: str) -> Any:
        """A function in its container."""
        return function(
            unpacked(self.stage.place, self.build),
            HANDLERS[name],
            self.stage.client,
            {**self.stage.environment, **environment},
            self.stage.place / f"{self.build}-{name}.log",
        )


@pytest.fixture(params=BUILDS)
def running(request: pytest.FixtureRequest, stage: Stage) -> Running:
    return Running(request.param, stage)


def told(capsys: pytest.CaptureFixture[str], running: Running, name: str, found: Function) -> None:
    with capsys.disabled():
        print(
            f"\n{running.build} {name}: init {found.init_seconds * 1000:.0f} ms, first answer after "
            f"{found.first_seconds * 1000:.0f} ms",
            end="",
        )


def records(queue: str, *bodies: str) -> Mapping[str, Any]:
    """A batch as Lambda hands it over, each record of a group of its own."""
    return {
        "Records": [
            {
                "messageId": f"{queue}-{number}",
                "receiptHandle": f"receipt-{number}",
                "body": body,
                "attributes": {"ApproximateReceiveCount": "1", "MessageGroupId": f"group-{number}"},
                "messageAttributes": {},
                "eventSource": "aws:sqs",
                "eventSourceARN": f"arn:aws:sqs:{REGION}:123456789012:{queue}",
                "awsRegion": REGION,
            }
            for number, body in enumerate(bodies)
        ]
    }


def test_a_signed_webhook_is_answered_and_queued(running: Running, capsys: pytest.CaptureFixture[str]) -> None:
    # another index per build: moto's queue knows a message again within five minutes
    [signed] = events(BUILDS.index(running.build) + 1)[-1:]
    forged = {**signed, "headers": {**signed["headers"], "X-Hub-Signature-256": "sha256=" + "0" * 64}}
    forged["multiValueHeaders"] = {name: [value] for name, value in forged["headers"].items()}
    before = running.system.queues["inbound"].depth()
    with running.function("api_handler") as found:
        accepted = found.invoke(signed)
        refused = found.invoke(forged)
        told(capsys, running, "api_handler", found)

    assert (accepted["statusCode"], accepted["body"]) == (200, ""), found.log()
    assert (refused["statusCode"], json.loads(refused["body"])) == (401, {"error": "signature"})
    assert running.system.queues["inbound"].depth() == before + 1
    lines = [json.loads(line) for line in found.log().splitlines() if line.startswith("{")]
    assert [line["outcome"] for line in lines if line.get("message") == "receive"] == ["accepted", "refused"]
    assert SECRET not in found.log()


def _deletion(number: str) -> str:
    account = AccountKey(platform="facebook", account=AccountId(PAGE))
    thread = ThreadKey(account=account, thread=ThreadId(f"{PAGE}_{number}"))
    event = MessageDeleted(
        key=MessageKey(account=account, message=MessageId(f"{PAGE}_{number}1")), deleted_at=NOW, thread=thread
    )
    return to_json(Envelope(key=event_key(event), event=event, received_at=NOW))


def _park(number: str) -> str:
    item = ParkedItem(
        id=f"p-{number}", reason=ParkReason.MALFORMED, code="payload", advice="Look.", parked_at=NOW, account="a"
    )
    return to_json(JobEnvelope(job=ParkPayload(item=item), made_at=NOW))


@pytest.mark.parametrize("name", ["inbound", "jobs"])
def test_a_batch_tells_which_of_its_records_failed(
    running: Running, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    good = _deletion(running.build) if name == "inbound" else _park(running.build)
    with running.function(name) as found:
        answer = found.invoke(records(name, "no envelope", good))
        told(capsys, running, name, found)

    assert answer == {"batchItemFailures": [{"itemIdentifier": f"{name}-0"}]}, found.log()


def test_one_record_alone_raises(running: Running) -> None:
    with running.function("outbound") as found:
        error = found.fail(records("outbound", "no envelope"))

    assert error["errorType"] == "PayloadError"
    # lines of the sources, though what ran was compiled elsewhere
    assert any("from_json(HintEnvelope, record.body)" in line for line in error["stackTrace"]), error["stackTrace"]


def test_dead_letters_are_parked(running: Running, capsys: pytest.CaptureFixture[str]) -> None:
    before = len(running.system.stores.parking.list_parked())
    with running.function("dead_letters") as found:
        answer = found.invoke(records(f"dead-letters-{running.build}", "whatever"))
        told(capsys, running, "dead_letters", found)

    assert answer == {"batchItemFailures": []}
    assert len(running.system.stores.parking.list_parked()) == before + 1


@pytest.mark.parametrize("name", ["poll", "watch"])
def test_schedules_run(running: Running, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    event = {
        "id": "53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa",
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": "123456789012",
        "time": "2026-11-20T12:00:00Z",
        "region": REGION,
        "resources": ["arn:aws:events:eu-central-1:123456789012:rule/careloop-dev"],
        "detail": {},
        "version": "0",
    }
    with running.function(name) as found:
        assert found.invoke(event) is None
        assert found.invoke(event) is None
        told(capsys, running, name, found)


def test_without_the_light_clients_botocore_does_it(running: Running) -> None:
    """FIPS is one of the things that only botocore knows; the pruned data must be enough for it."""
    if running.build == "plain":
        pytest.skip("its botocore is complete")
    [signed] = events(3)[-1:]
    with running.function("api_handler", AWS_USE_FIPS_ENDPOINT="true") as found:
        answer = found.invoke(signed)

    assert answer["statusCode"] == 200, found.log()
