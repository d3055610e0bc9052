"""A stage that is well: the template's resources and Chalice's in AWS (moto, in process), connected to twins of vendors.

It is made once for all tests of a module, as making it takes longer than they do: what a test breaks, it mends.
"""

from __future__ import annotations

import io
import json
import shutil
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

from careloop.connecting.links import set_up
from careloop.deploying import provisioning
from careloop.deploying.cloud import Cloud
from careloop.deploying.drift import differences
from careloop.deploying.mappings import PARTIAL
from careloop.deploying.project import CONSUMERS, SCHEDULED, Project, Stage
from careloop.deploying.template import Resolved
from careloop.doctoring.checks import CHECKS
from careloop.doctoring.findings import Finding, Light
from careloop.doctoring.patient import Patient, SharedClients
from careloop.doctoring.running import examine
from chalicelib.adapters.aws.clients import AwsClients
from chalicelib.adapters.aws.system import open_aws
from chalicelib.bootstrap import Application, build
from chalicelib.core.ids import AccountId, AccountKey
from chalicelib.entrypoints import watch
from chalicelib.pipeline.audit import audit
from chalicelib.pipeline.audit_daily import conclude
from chalicelib.pipeline.liveness import check_account, check_connection
from chalicelib.settings import Settings
from tests.fakes.clock import FrozenClock
from tests.functional.connecting_world import API, PAGE, ConnectingWorld

ROOT = Path(__file__).resolve().parents[2]
PAGE_KEY = AccountKey(platform="facebook", account=AccountId(PAGE))
ACCOUNT = "123456789012"


class TimedCloud(Cloud):
    """AWS whose clock can be set, and whose secrets can grow old."""

    def __init__(self, clients: Any, now: Callable[[], datetime]) -> None:
        super().__init__(clients)
        self._now = now
        self.skew = timedelta(0)
        self.older = timedelta(0)

    def call(self, service: str, operation: str, **arguments: Any) -> Any:
        if service == "cloudformation":
            return None  # nobody has made a stack here; what a stack says is provisioning's to test
        answer = super().call(service, operation, **arguments)
        if operation == "get_caller_identity":
            answer["ResponseMetadata"]["HTTPHeaders"]["date"] = format_datetime(self._now() + self.skew)
        if operation == "describe_secret" and answer:
            answer["LastChangedDate"] = self._now() - self.older
        return answer


class AwsWorld(ConnectingWorld):
    """The connecting world with its state in AWS."""

    def __init__(self, stage: Stage, clients: Any) -> None:
        super().__init__()
        self.aws = open_aws(Settings.from_env(stage.environment), self.clock, clients)
        self.app: Application = build(
            stores=self.aws.stores,
            sessions=self.aws.sessions,
            secrets=self.aws.secrets,
            queues=self.aws.queues,
            archive=self.aws.archive,
            http=self.http,
            clock=self.clock,
            telemetry=self.telemetry,
            dead_letters=self.aws.dead_letters,
        )


class DoctorWorld:
    """The stage ``dev``, deployed and connected."""

    def __init__(self, folder: Path) -> None:
        self.clients = AwsClients(region="eu-central-1")
        self.project = _project(folder)
        self.client = self.clients.client
        resolved = self._provision()
        self.project.write_variables("dev", provisioning.names_of(resolved))
        self.stage = self.project.stage("dev")
        self._deploy()
        self.world = AwsWorld(self.stage, self.clients)
        self.cloud = TimedCloud(SharedClients(self.clients), self.world.clock.now)
        self.app = self.world.app
        self.runtime = self.app.runtime
        self.broken: Exception | None = None
        self._known: dict[str, Any] = {}
        self._connect()

    # -- making it -----------------------------------------------------------------------------------------------------

    def _provision(self) -> Resolved:
        """What the template says, made by the services themselves and by the mending of differences."""
        key = self.client("kms").create_key()["KeyMetadata"]["KeyId"]
        self.client("kms").create_alias(AliasName="alias/careloop-dev", TargetKeyId=key)
        cloud = TimedCloud(self.clients, FrozenClock().now)
        patient = Patient(app=None, stage=self.project.stage("dev"), cloud=cloud, project=self.project)
        wanted = patient.wanted()
        [(_, table)] = wanted.of_type("AWS::DynamoDB::Table")
        names = ("TableName", "BillingMode", "AttributeDefinitions", "KeySchema")
        sse = table["SSESpecification"]
        encryption = {"Enabled": True, "SSEType": sse["SSEType"], "KMSMasterKeyId": sse["KMSMasterKeyId"]}
        self.client("dynamodb").create_table(**{name: table[name] for name in names}, SSESpecification=encryption)
        for _, bucket in wanted.of_type("AWS::S3::Bucket"):
            place = {"LocationConstraint": "eu-central-1"}
            self.client("s3").create_bucket(Bucket=bucket["BucketName"], CreateBucketConfiguration=place)
        for _, queue in wanted.of_type("AWS::SQS::Queue"):
            self.make_queue(queue)
        for item in differences(cloud, wanted):
            assert item.mend is not None, item.what
            item.mend()
        left = [item.what for item in differences(cloud, wanted)]
        assert not left, left
        return wanted

    def make_queue(self, properties: Mapping[str, Any]) -> None:
        attributes = {
            name: json.dumps(value) if isinstance(value, dict) else str(value).lower() if value is True else str(value)
            for name, value in properties.items()
            if name != "QueueName"
        }
        self.client("sqs").create_queue(QueueName=properties["QueueName"], Attributes=attributes)

    def _deploy(self) -> None:
        """As `chalice deploy` and `careloop bind` leave it."""
        trust = json.dumps({"Version": "2012-10-17", "Statement": []})
        self.role = self.client("iam").create_role(RoleName="careloop", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
        for name in self.stage.functions:
            self.make_function(name)
        for name, variable in CONSUMERS.items():
            self.bind(name, self.stage.environment[variable])
        for name in SCHEDULED:
            self.make_rule(name)
        record = self.project.record("dev")
        record.parent.mkdir(parents=True)
        record.write_text(json.dumps({"resources": [{"resource_type": "rest_api", "rest_api_url": f"{API}/"}]}))

    def make_function(self, name: str, environment: Mapping[str, str] | None = None) -> None:
        block = self.project.read()["lambda_functions"][name]
        package = io.BytesIO()
        with zipfile.ZipFile(package, "w") as archive:
            archive.writestr("app.py", "")
        self.client("lambda").create_function(
            FunctionName=self.stage.function(name),
            Runtime="python3.12",
            Role=self.role,
            Handler="app.app",
            Code={"ZipFile": package.getvalue()},
            Timeout=block["lambda_timeout"],
            Environment={"Variables": dict(environment or self.stage.environment)},
        )

    def bind(self, function: str, queue: str) -> None:
        from moto.sqs.models import sqs_backends

        self.client("lambda").create_event_source_mapping(
            EventSourceArn=f"arn:aws:sqs:eu-central-1:{ACCOUNT}:{queue}",
            FunctionName=self.stage.function(function),
            BatchSize=10,
            FunctionResponseTypes=[PARTIAL],
        )
        # moto would call the function while a message is sent, and drop the message
        for found in sqs_backends[ACCOUNT]["eu-central-1"].queues.values():
            found.lambda_event_source_mappings.clear()

    def make_rule(self, function: str) -> None:
        rule, name = self.stage.rule(function), self.stage.function(function)
        arn = self.client("lambda").get_function(FunctionName=name)["Configuration"]["FunctionArn"]
        self.client("events").put_rule(Name=rule, ScheduleExpression="rate(1 minute)")
        self.client("events").put_targets(Rule=rule, Targets=[{"Id": "1", "Arn": arn}])

    def _connect(self) -> None:
        """A helpdesk, a CRM and a page; checked and audited."""
        world = self.world
        hook = world.desk.add_webhook(f"{API}/webhooks/helpdesk/zendesk/zendesk", "c2lnbmluZy1vZi1vdXJz")
        trigger = world.desk.hooks.data["webhooks"][0]["trigger"]["id"]
        ids = ("--option", f"webhook_id={hook}", "--option", f"trigger_id={trigger}")
        for result in (
            world.connect_desk(*ids),
            world.run("connect", "directory"),
            world.connect_page("--crm", "directory"),
        ):
            assert result.exit_code == 0, result.output
        set_up(self.app, API)
        world.work()
        world.clock.advance(minutes=20)
        with world:
            check_account(self.runtime, PAGE_KEY)
            for item in self.runtime.stores.directory.connections():
                check_connection(self.runtime, item.kind, item.name)
            now = world.clock.now()
            conclude(self.runtime, audit(self.runtime, PAGE_KEY, now - timedelta(hours=1), now))
            watch.fan_out()
        world.work()

    # -- looking -------------------------------------------------------------------------------------------------------

    def patient(self, **changes: Any) -> Patient:
        values: dict[str, Any] = {
            "app": self.app,
            "broken": self.broken,
            "stage": self.project.stage("dev"),
            "cloud": self.cloud,
            "project": self.project,
            "api": API,
        }
        made = Patient(**{**values, **changes})
        made._kept.update(self._known)
        return made

    def remember(self) -> None:
        """What does not change is read once: the template's YAML takes longer than all checks together."""
        patient = self.patient()
        patient.wanted()
        self._known = dict(patient._kept)

    def look(self, *groups: str, **changes: Any) -> list[Finding]:
        checks = [item for item in CHECKS if not groups or item.group in groups]
        with self.world:
            return examine(self.patient(**changes), checks, workers=1)

    def not_well(self, *groups: str, **changes: Any) -> list[Finding]:
        """What is not green; what could not be looked at is left out: it is another fault's consequence."""
        return [item for item in self.look(*groups, **changes) if item.light in (Light.YELLOW, Light.RED)]


def _project(folder: Path) -> Project:
    """The project's own files, to be written to."""
    for name in (".chalice", "infra"):
        (folder / name).mkdir()
    shutil.copy(ROOT / ".chalice" / "config.json", folder / ".chalice" / "config.json")
    shutil.copy(ROOT / "infra" / "stack.yaml", folder / "infra" / "stack.yaml")
    return Project(folder)


@contextmanager
def doctor_world(folder: Path) -> Iterator[DoctorWorld]:
    """For one module."""
    import moto

    with moto.mock_aws(config={"lambda": {"use_docker": False}}):
        yield DoctorWorld(folder)
