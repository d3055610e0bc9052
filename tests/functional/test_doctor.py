"""`careloop doctor`: a healthy stage is all green; each fault, one by one, is named with the command that mends it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from careloop.cli.main import main
from careloop.deploying.cloud import DeployError
from careloop.deploying.mappings import PARTIAL
from careloop.doctoring.checks import CHECKS
from careloop.doctoring.findings import Check, Finding, Light, good, why_unseen
from careloop.doctoring.patient import Patient, patient_of_file, patient_of_stage
from careloop.doctoring.running import examine, worst
from careloop.local.application import open_application
from chalicelib.bootstrap import LINKS, Application
from chalicelib.core.account import ConnectionKind
from chalicelib.core.alarms import AlarmCode
from chalicelib.core.disposition import ParkedItem, ParkReason
from chalicelib.core.errors import ConfigurationError
from chalicelib.core.jobs import DueItem, PollAccount
from chalicelib.core.remotes import RemoteState
from chalicelib.core.rhythm import HOURS, Rhythm
from chalicelib.pipeline.alarms import clear_alarm, of_account, raise_alarm
from chalicelib.ports.services import QueueMessage
from chalicelib.ports.stores import RemoveDue, SaveDue
from tests.functional.connecting_world import APP_SECRET, PAGE, PAGE_TOKEN
from tests.functional.doctor_world import PAGE_KEY, DoctorWorld, doctor_world

PLATFORM, HELPDESK = ConnectionKind.PLATFORM, ConnectionKind.HELPDESK
TABLE, DLQ = "careloop-dev", "careloop-dev-dead-letters.fifo"
PROVISION, DEPLOY, BIND = "careloop provision --stage dev", "make deploy STAGE=dev", "careloop bind --stage dev"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DoctorWorld]:
    with doctor_world(tmp_path_factory.mktemp("stage")) as made:
        assert [item for item in made.look() if item.light is not Light.GREEN] == []
        made.remember()
        yield made


# -- faults ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Fault:
    """``cause`` breaks on entering and mends on leaving; ``check``, ``told`` and ``command`` are what must be said."""

    name: str
    cause: Callable[[DoctorWorld], Any]
    group: str
    check: str
    told: str
    command: str
    light: Light = Light.RED


FAULTS: list[Fault] = []


def fault(**expected: Any) -> Callable[[Callable[[DoctorWorld], Iterator[None]]], Any]:
    def add(cause: Callable[[DoctorWorld], Iterator[None]]) -> Any:
        FAULTS.append(Fault(name=cause.__name__, cause=contextmanager(cause), **expected))
        return cause

    return add


def url_of(world: DoctorWorld, name: str) -> str:
    return str(world.client("sqs").get_queue_url(QueueName=name)["QueueUrl"])


@fault(group="settings", check="configuration", told="CARELOOP_TABLE is not set", command=PROVISION)
def a_setting_is_missing(world: DoctorWorld) -> Iterator[None]:
    text = world.project.config.read_text()
    world.project.config.write_text(text.replace('"CARELOOP_TABLE": "careloop-dev",', "", 1))
    app, world.app, world.broken = world.app, None, ConfigurationError("CARELOOP_TABLE is not set")  # type: ignore[assignment]
    yield
    world.app, world.broken = app, None
    world.project.config.write_text(text)


@fault(group="settings", check="names", told="CARELOOP_ARCHIVE_BUCKET is careloop-dev-archive,", command=PROVISION)
def the_configuration_names_another_bucket(world: DoctorWorld) -> Iterator[None]:
    text = world.project.config.read_text()
    world.project.config.write_text(text.replace("careloop-dev-archive-123456789012", "careloop-dev-archive"))
    yield
    world.project.config.write_text(text)


@fault(group="settings", check="clock", told="120 s slow", command="timedatectl")
def the_clock_is_wrong(world: DoctorWorld) -> Iterator[None]:
    world.cloud.skew = timedelta(minutes=2)
    yield
    world.cloud.skew = timedelta(0)


@fault(group="state", check="table", told="time to live is off", command=PROVISION, light=Light.YELLOW)
def time_to_live_is_off(world: DoctorWorld) -> Iterator[None]:
    client = world.client("dynamodb")
    for on in (False, True):
        live = {"Enabled": on, "AttributeName": "expires_at"}
        client.update_time_to_live(TableName=TABLE, TimeToLiveSpecification=live)
        if not on:
            yield


@fault(group="state", check="table", told="point-in-time recovery is off", command=PROVISION)
def recovery_is_off(world: DoctorWorld) -> Iterator[None]:
    for on in (False, True):
        recovery = {"PointInTimeRecoveryEnabled": on}
        world.client("dynamodb").update_continuous_backups(TableName=TABLE, PointInTimeRecoverySpecification=recovery)
        if not on:
            yield


@fault(group="state", check=f"queue {DLQ}", told="is not there", command=PROVISION)
def a_queue_is_deleted(world: DoctorWorld) -> Iterator[None]:
    wanted = world.patient().wanted()
    [properties] = [item for _, item in wanted.of_type("AWS::SQS::Queue") if item["QueueName"] == DLQ]
    world.client("sqs").delete_queue(QueueUrl=url_of(world, DLQ))
    yield
    world.make_queue(properties)


@fault(group="state", check="queue careloop-dev-jobs.fifo", told="RedrivePolicy differ", command=PROVISION)
def a_queue_does_not_give_up(world: DoctorWorld) -> Iterator[None]:
    client, url = world.client("sqs"), url_of(world, "careloop-dev-jobs.fifo")
    before = client.get_queue_attributes(QueueUrl=url, AttributeNames=["RedrivePolicy"])["Attributes"]["RedrivePolicy"]
    client.set_queue_attributes(QueueUrl=url, Attributes={"RedrivePolicy": ""})
    yield
    client.set_queue_attributes(QueueUrl=url, Attributes={"RedrivePolicy": before})


@fault(group="state", check="visibility inbound", told="the function may take 90 s", command="lambda_timeout")
def a_function_may_outlast_its_message(world: DoctorWorld) -> Iterator[None]:
    for seconds in (90, 60):
        world.client("lambda").update_function_configuration(FunctionName="careloop-dev-inbound", Timeout=seconds)
        if seconds == 90:
            yield


@fault(group="state", check="archive", told="does not block public access", command=PROVISION)
def the_archive_may_be_public(world: DoctorWorld) -> Iterator[None]:
    bucket = world.project.stage("dev").environment["CARELOOP_ARCHIVE_BUCKET"]
    client = world.client("s3")
    before = client.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    client.delete_public_access_block(Bucket=bucket)
    yield
    client.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=before)


@fault(group="state", check="archive", told="after 30 days", command=PROVISION, light=Light.YELLOW)
def payloads_are_kept_for_ever(world: DoctorWorld) -> Iterator[None]:
    bucket = world.project.stage("dev").environment["CARELOOP_ARCHIVE_BUCKET"]
    client = world.client("s3")
    before = client.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    client.delete_bucket_lifecycle(Bucket=bucket)
    yield
    client.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": before})


@fault(group="state", check="alarms", told="alarm careloop-dev-parked", command=PROVISION, light=Light.YELLOW)
def an_alarm_is_deleted(world: DoctorWorld) -> Iterator[None]:
    client = world.client("cloudwatch")
    [properties] = [
        item
        for _, item in world.patient().wanted().of_type("AWS::CloudWatch::Alarm")
        if item["AlarmName"] == "careloop-dev-parked"
    ]
    client.delete_alarms(AlarmNames=["careloop-dev-parked"])
    yield
    client.put_metric_alarm(**properties)


@fault(group="functions", check="function watch", told="careloop-dev-watch is not deployed", command=DEPLOY)
def a_function_is_missing(world: DoctorWorld) -> Iterator[None]:
    world.client("lambda").delete_function(FunctionName="careloop-dev-watch")
    yield
    world.make_function("watch")


@fault(group="functions", check="function poll", told="CARELOOP_TABLE is not what", command=DEPLOY)
def a_function_has_another_table(world: DoctorWorld) -> Iterator[None]:
    right = dict(world.project.stage("dev").environment)
    for variables in ({**right, "CARELOOP_TABLE": "careloop-old"}, right):
        world.client("lambda").update_function_configuration(
            FunctionName="careloop-dev-poll", Environment={"Variables": variables}
        )
        if variables != right:
            yield


def changed_mapping(world: DoctorWorld, queue: str, **changes: Any) -> Iterator[None]:
    client = world.client("lambda")
    arn = f"arn:aws:sqs:eu-central-1:123456789012:{queue}"
    [found] = client.list_event_source_mappings(EventSourceArn=arn)["EventSourceMappings"]
    client.update_event_source_mapping(UUID=found["UUID"], **changes)
    yield
    right = {"BatchSize": 10, "FunctionResponseTypes": [PARTIAL], "Enabled": True}
    client.update_event_source_mapping(UUID=found["UUID"], **right)


@fault(group="functions", check="event source inbound", told=f"10 messages at once without {PARTIAL}", command=BIND)
def a_mapping_does_not_report_failures(world: DoctorWorld) -> Iterator[None]:
    yield from changed_mapping(world, "careloop-dev-inbound.fifo", FunctionResponseTypes=[])


@fault(group="functions", check="event source jobs", told="one message", command=BIND, light=Light.YELLOW)
def a_mapping_is_as_chalice_makes_it(world: DoctorWorld) -> Iterator[None]:
    yield from changed_mapping(world, "careloop-dev-jobs.fifo", FunctionResponseTypes=[], BatchSize=1)


@fault(group="functions", check="event source outbound", told="it is Disabled", command=BIND)
def a_mapping_is_switched_off(world: DoctorWorld) -> Iterator[None]:
    yield from changed_mapping(world, "careloop-dev-outbound.fifo", Enabled=False)


@fault(group="functions", check="event source dead_letters", told="does not take from", command=DEPLOY)
def a_mapping_is_missing(world: DoctorWorld) -> Iterator[None]:
    client = world.client("lambda")
    arn = f"arn:aws:sqs:eu-central-1:123456789012:{DLQ}"
    [found] = client.list_event_source_mappings(EventSourceArn=arn)["EventSourceMappings"]
    client.delete_event_source_mapping(UUID=found["UUID"])
    yield
    world.bind("dead_letters", DLQ)


@fault(group="functions", check="schedule watch", told="switched off", command="enable-rule --name careloop-dev-watch")
def a_schedule_is_switched_off(world: DoctorWorld) -> Iterator[None]:
    world.client("events").disable_rule(Name="careloop-dev-watch-event")
    yield
    world.client("events").enable_rule(Name="careloop-dev-watch-event")


@fault(group="webhooks", check="API", told="answers 502", command=DEPLOY)
def the_api_does_not_answer(world: DoctorWorld) -> Iterator[None]:
    world.world.api.asleep = True
    yield
    world.world.api.asleep = False


@fault(
    group="webhooks",
    check="secrets platform/facebook/facebook",
    told="not stored: verify_token",
    command=f"careloop accounts secrets facebook:{PAGE} --stage dev",
)
def a_verification_secret_is_missing(world: DoctorWorld) -> Iterator[None]:
    before = world.app.secrets.verification(PLATFORM, "facebook", "facebook")
    world.app.secrets.put_verification(PLATFORM, "facebook", "facebook", {"app_secret": (APP_SECRET,)})
    yield
    world.app.secrets.put_verification(PLATFORM, "facebook", "facebook", before)


@fault(
    group="webhooks",
    check="secrets platform/facebook/facebook",
    told="app_secret is being rotated",
    command=f"careloop rotate facebook:{PAGE} --field app_secret --finish --stage dev",
    light=Light.YELLOW,
)
def a_rotation_is_not_finished(world: DoctorWorld) -> Iterator[None]:
    before = world.app.secrets.verification(PLATFORM, "facebook", "facebook")
    both = {**before, "app_secret": ("next-app-secret", APP_SECRET)}
    world.app.secrets.put_verification(PLATFORM, "facebook", "facebook", both)
    yield
    world.app.secrets.put_verification(PLATFORM, "facebook", "facebook", before)


def _with_links(world: DoctorWorld, keys: tuple[str, ...], signing: dict[str, str]) -> Iterator[None]:
    secrets = world.app.secrets
    before = secrets.verification(PLATFORM, *LINKS), secrets.credentials(PLATFORM, *LINKS)
    secrets.put_verification(PLATFORM, *LINKS, {"signing_secret": keys or before[0]["signing_secret"]})
    secrets.put_credentials(PLATFORM, *LINKS, {**before[1], **signing})
    yield
    secrets.put_verification(PLATFORM, *LINKS, before[0])
    secrets.put_credentials(PLATFORM, *LINKS, before[1])


@fault(
    group="webhooks",
    check="links",
    told="not set up: /ask can't send a link",
    command="careloop links set-up --stage dev",
    light=Light.YELLOW,
)
def the_links_secret_was_changed_on_one_side(world: DoctorWorld) -> Iterator[None]:
    yield from _with_links(world, ("another-secret",), {})


@fault(
    group="webhooks",
    check="links",
    told="links lead to https://old.care.example, the API is at",
    command="careloop links set-up --stage dev",
    light=Light.YELLOW,
)
def the_links_lead_elsewhere(world: DoctorWorld) -> Iterator[None]:
    yield from _with_links(world, (), {"address": "https://old.care.example"})


@fault(
    group="webhooks",
    check="links",
    told="the secret is being rotated",
    command="careloop links rotate --finish --stage dev",
    light=Light.YELLOW,
)
def the_links_rotation_is_not_finished(world: DoctorWorld) -> Iterator[None]:
    signing = world.app.secrets.credentials(PLATFORM, *LINKS)["signing_secret"]
    yield from _with_links(world, (signing, "the-one-before"), {})


@fault(
    group="accounts",
    check=f"access facebook:{PAGE}",
    told="the access is dead",
    command=f"careloop accounts secrets facebook:{PAGE} --stage dev",
)
def a_token_is_dead(world: DoctorWorld) -> Iterator[None]:
    world.world.meta.world.page(PAGE)["token"] = "another-token"
    yield
    world.world.meta.world.page(PAGE)["token"] = PAGE_TOKEN


@fault(
    group="accounts",
    check=f"subscription facebook:{PAGE}",
    told="it does not tell us of feed",
    command=f"careloop check facebook:{PAGE} --stage dev",
)
def a_page_lost_its_subscription(world: DoctorWorld) -> Iterator[None]:
    before = world.world.meta.world.page(PAGE)["fields"]
    world.world.meta.install(PAGE, ["messages"])
    yield
    world.world.meta.install(PAGE, before)


@fault(
    group="accounts",
    check="subscription zendesk",
    told="an active webhook",
    command="careloop check zendesk --stage dev",
)
def somebody_switched_zendesks_webhook_off(world: DoctorWorld) -> Iterator[None]:
    hook = world.world.desk.hooks.data["webhooks"][0]
    hook["status"] = "inactive"
    yield
    hook["status"] = "active"


@fault(
    group="accounts",
    check="access zendesk",
    told="the access is dead",
    command="careloop accounts secrets zendesk --stage dev",
)
def the_helpdesks_token_is_revoked(world: DoctorWorld) -> Iterator[None]:
    before = dict(world.app.secrets.credentials(HELPDESK, "zendesk", "zendesk"))
    world.app.secrets.put_credentials(HELPDESK, "zendesk", "zendesk", {**before, "api_token": "revoked-token"})
    yield
    world.app.secrets.put_credentials(HELPDESK, "zendesk", "zendesk", before)


@fault(
    group="accounts",
    check="breaker zendesk",
    told="it does not answer",
    command="careloop check zendesk --stage dev",
    light=Light.YELLOW,
)
def a_remote_is_rested(world: DoctorWorld) -> Iterator[None]:
    remotes = world.runtime.stores.remotes
    name, until = "helpdesk|zendesk", world.world.clock.now() - timedelta(seconds=1)
    before = remotes.find_remote(name) or RemoteState()
    saved = remotes.save_remote(name, replace(before, opened=3, open_until=until))
    yield
    remotes.save_remote(name, replace(saved, opened=0, open_until=None))


@fault(
    group="accounts",
    check=f"rhythm facebook:{PAGE}",
    told="unusual for it",
    command=f"careloop check facebook:{PAGE} --stage dev",
    light=Light.YELLOW,
)
def a_busy_account_is_silent(world: DoctorWorld) -> Iterator[None]:
    health, now = world.runtime.stores.health, world.world.clock.now()
    before = health.find_health(f"account|facebook:{PAGE}")
    assert before is not None
    since = now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=12)
    busy = Rhythm(
        since=since - timedelta(weeks=8), until=since, slots=(80.0,) * HOURS, hours=(8.0,) * HOURS,
        squares=(80.0,) * HOURS, last_event_at=since - timedelta(minutes=1),
    )  # fmt: skip
    health.save_health(replace(before, rhythm=busy))
    yield
    health.save_health(before)


@fault(
    group="accounts",
    check="checks zendesk",
    told="the checks are late",
    command="careloop check zendesk --stage dev",
    light=Light.YELLOW,
)
def nobody_checks(world: DoctorWorld) -> Iterator[None]:
    health = world.runtime.stores.health
    before = health.find_health("helpdesk|zendesk")
    assert before is not None
    health.save_health(replace(before, checked_at=before.checked_at - timedelta(hours=5)))
    yield
    health.save_health(before)


@fault(group="work", check="dead letters", told="1 messages were given up", command="redrive", light=Light.YELLOW)
def something_was_given_up(world: DoctorWorld) -> Iterator[None]:
    [queue] = world.app.dead_letters.values()
    queue.send([QueueMessage(body="{}", group="g", dedup="d")])
    yield
    queue.delete([item.receipt for item in queue.receive()])


@fault(group="work", check="queue outbound", told="for 20 minutes", command="docs/runbook.md#outbound-late")
def a_reply_waits_too_long(world: DoctorWorld) -> Iterator[None]:
    where = [{"Name": "QueueName", "Value": "careloop-dev-outbound.fifo"}]
    point = {"MetricName": "ApproximateAgeOfOldestMessage", "Dimensions": where, "Unit": "Seconds"}
    for seconds in (1200.0, 0.0):
        at = world.world.clock.now() - timedelta(minutes=2 if seconds else 1)
        data = [{**point, "Value": seconds, "Timestamp": at}]
        world.client("cloudwatch").put_metric_data(Namespace="AWS/SQS", MetricData=data)
        if seconds:
            yield


@fault(group="work", check="parked", told="1 wait for a person", command="careloop parked list", light=Light.YELLOW)
def something_is_parked(world: DoctorWorld) -> Iterator[None]:
    parking, now = world.runtime.stores.parking, world.world.clock.now()
    parking.park(ParkedItem(id="p-1", reason=ParkReason.MALFORMED, code="payload", advice="Look.", parked_at=now))
    yield
    parking.discard("p-1")


@fault(group="work", check="alarms", told="Renew it", command="careloop accounts secrets", light=Light.YELLOW)
def an_alarm_stands(world: DoctorWorld) -> Iterator[None]:
    raise_alarm(world.runtime, AlarmCode.EXPIRY, of_account(PAGE_KEY), "It ends soon. Renew it.")
    yield
    clear_alarm(world.runtime, AlarmCode.EXPIRY, of_account(PAGE_KEY))


@fault(group="work", check="due", told="1 jobs are overdue", command="docs/runbook.md#schedules")
def nobody_wakes_what_is_due(world: DoctorWorld) -> Iterator[None]:
    item = DueItem(id="d-1", at=world.world.clock.now() - timedelta(hours=1), job=PollAccount(account=PAGE_KEY))
    world.runtime.stores.transactions.commit(SaveDue(due=item))
    yield
    world.runtime.stores.transactions.commit(RemoveDue(due=item))


# -- the tests ---------------------------------------------------------------------------------------------------------


def told(found: list[Finding]) -> list[tuple[str, str, str]]:
    return [(item.group, item.check, item.told) for item in found]


def test_a_healthy_stage_is_all_green(world: DoctorWorld) -> None:
    found = world.look()
    assert [item for item in found if item.light is not Light.GREEN] == []
    assert {item.group for item in found} == {item.group for item in CHECKS}


@pytest.mark.parametrize("fault", FAULTS, ids=lambda item: item.name)
def test_each_fault_is_named_with_what_mends_it(world: DoctorWorld, fault: Fault) -> None:
    with fault.cause(world):
        all_found = world.not_well(fault.group)
    assert len(all_found) == 1, all_found
    [found] = all_found
    assert (found.group, found.check, found.light) == (fault.group, fault.check, fault.light)
    assert fault.told in found.told
    assert fault.command in found.command


def test_several_faults_are_told_apart_and_nothing_else_is_named(world: DoctorWorld) -> None:
    names = ("a_queue_is_deleted", "a_mapping_does_not_report_failures", "a_token_is_dead", "something_is_parked")
    faults = [item for item in FAULTS if item.name in names]
    with ExitStack() as stack:
        for item in faults:
            stack.enter_context(item.cause(world))
        found = world.not_well()
    assert [(item.group, item.check) for item in found] == [(item.group, item.check) for item in faults]


def test_what_was_mended_is_all_green_again(world: DoctorWorld) -> None:
    assert world.not_well() == []


def test_secrets_that_grow_old_are_named_each(world: DoctorWorld) -> None:
    world.cloud.older = timedelta(days=400)
    found = world.not_well("accounts", "webhooks")
    world.cloud.older = timedelta(0)
    assert {item.light for item in found} == {Light.YELLOW}
    assert {item.check: item.command for item in found} == {
        "secrets platform/facebook/facebook": f"careloop rotate facebook:{PAGE} --stage dev",
        "secrets helpdesk/zendesk/zendesk": "careloop rotate zendesk --stage dev",
        f"secrets facebook:{PAGE}": f"careloop accounts secrets facebook:{PAGE} --stage dev",
        "secrets zendesk": "careloop accounts secrets zendesk --stage dev",
    }


def test_access_that_ends_soon_is_named_before_it_does(world: DoctorWorld) -> None:
    account = world.runtime.stores.directory.get_account(PAGE_KEY)
    kept = dict(world.app.secrets.credentials(PLATFORM, "facebook", PAGE))
    world.runtime.stores.directory.put_account(replace(account, options={"app_id": world.world.meta.hooks.app_id}))
    world.app.secrets.put_credentials(PLATFORM, "facebook", PAGE, {**kept, "app_secret_proof_key": APP_SECRET})
    world.world.meta.hooks.data["callback"] = {"url": "x", "fields": ["feed", "mention", "ratings"]}
    ends = int((world.world.clock.now() + timedelta(days=3)).timestamp())
    world.world.meta.limit_token(expires_at=ends)
    try:
        [found] = world.not_well("accounts")
    finally:
        world.world.meta.limit_token(expires_at=0)
        world.world.meta.hooks.data["callback"] = None
        world.app.secrets.put_credentials(PLATFORM, "facebook", PAGE, kept)
        world.runtime.stores.directory.put_account(account)
    assert (found.check, found.light) == (f"expiry facebook:{PAGE}", Light.YELLOW)
    assert "in 3 days" in found.told or "in 2 days" in found.told


def test_a_table_that_is_gone_stops_no_other_check(world: DoctorWorld) -> None:
    elsewhere = world.project.stage("dev")
    stage = replace(elsewhere, environment={**elsewhere.environment, "CARELOOP_TABLE": "careloop-none"})
    app = patient_of_stage("dev", project=world.project, clients=world.clients).app
    assert app is not None
    found = world.look("functions", "accounts", stage=stage, app=_without_table(world))
    assert {item.light for item in found if item.group == "accounts"} == {Light.GREY}
    assert any(item.light is Light.GREEN for item in found if item.group == "functions")


def _without_table(world: DoctorWorld) -> Application:
    from chalicelib.adapters.aws.system import open_aws
    from chalicelib.settings import Settings

    environment = {**world.project.stage("dev").environment, "CARELOOP_TABLE": "careloop-none"}
    stores = open_aws(Settings.from_env(environment), world.world.clock, world.clients).stores
    return replace(world.app, runtime=replace(world.runtime, stores=stores))


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (
            ConfigurationError(
                "describe_table: AccessDeniedException: User: arn:aws:iam::1:user/x is not authorized to perform: "
                "dynamodb:DescribeTable on resource: y"
            ),
            "your AWS credentials may not do dynamodb:DescribeTable",
        ),
        (ConfigurationError("GetQueueAttributes: AccessDenied"), "your AWS credentials may not do GetQueueAttributes"),
        (DeployError("describe_rule: Odd: what"), "deploy: describe_rule: Odd: what"),
        (ValueError("a secret may stand here"), "ValueError"),
    ],
)
def test_a_check_that_can_not_run_says_why(error: Exception, words: str) -> None:
    assert why_unseen(error) == words


def test_a_check_that_hangs_or_fails_stops_nobody() -> None:
    free = threading.Event()

    def hang(patient: Patient, subject: Any) -> list[Finding]:
        free.wait(30)
        return [good("at last")]

    def fail(patient: Patient, subject: Any) -> list[Finding]:
        raise RuntimeError("a bug")

    def fine(patient: Patient, subject: Any) -> list[Finding]:
        return [good(str(subject))]

    checks = [
        Check(group="g", name="hangs", run=hang, subjects=lambda patient: ("a", "b"), local=True),
        Check(group="g", name="fails", run=fail, local=True),
        Check(group="g", name="unlisted", run=fine, subjects=lambda patient: fail(patient, ""), local=True),
        Check(group="g", name="fine", run=fine, subjects=lambda patient: range(3), local=True),
    ]
    found = examine(Patient(app=None), checks, limit=0.1, workers=2)
    free.set()
    assert [(item.check, item.light, item.told) for item in found] == [
        ("hangs a", Light.GREY, "it took longer than 0 s"),
        ("hangs b", Light.GREY, "it took longer than 0 s"),
        ("fails", Light.GREY, "RuntimeError"),
        ("unlisted", Light.GREY, "RuntimeError"),
        *((f"fine {number}", Light.GREEN, str(number)) for number in range(3)),
    ]
    assert worst(found) is Light.GREY
    assert worst([]) is Light.GREEN


def test_the_command_prints_groups_and_json_and_exits_1_when_something_is_broken(world: DoctorWorld) -> None:
    with world.world:
        well = CliRunner().invoke(main, ["doctor"], obj=world.patient())
    assert well.exit_code == 0, well.output
    assert "All is well." in well.output
    assert "broken" not in well.output
    world.world.api.asleep = True
    with world.world:
        red = CliRunner().invoke(main, ["doctor"], obj=world.patient())
        as_json = CliRunner().invoke(main, ["doctor", "--json"], obj=world.patient())
    world.world.api.asleep = False
    assert red.exit_code == as_json.exit_code == 1
    assert "make deploy STAGE=dev" in red.output
    data = json.loads(as_json.output)
    assert data["light"] == "red"
    assert [item["check"] for item in data["findings"] if item["light"] == "red"] == ["API"]
    secrets = (APP_SECRET, PAGE_TOKEN)
    assert not [item for item in secrets if item in red.output + as_json.output + well.output]


def test_on_a_local_file_only_what_makes_sense_there_is_looked_at(tmp_path: Path) -> None:
    state = tmp_path / "state.sqlite3"
    missing = CliRunner().invoke(main, ["doctor", "--local", str(state)])
    assert missing.exit_code == 1
    assert "is not there" in missing.output
    app = open_application(state)
    app.runtime.stores.parking.park(
        ParkedItem(
            id="p-1", reason=ParkReason.MALFORMED, code="x", advice="Look.", parked_at=datetime(2026, 11, 1, tzinfo=UTC)
        )
    )
    result = CliRunner().invoke(main, ["doctor", "--local", str(state)])
    assert result.exit_code == 0, result.output
    assert f"careloop parked list --local {state}" in result.output.replace("\n", "")
    found = examine(patient_of_file(state), CHECKS)
    assert {item.group for item in found} <= {"webhooks", "accounts", "work"}


def test_without_credentials_it_says_so_and_exits_1(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["doctor", "--stage", "nowhere"])
    assert result.exit_code == 1
    assert "no stage 'nowhere'" in result.output


@pytest.mark.parametrize("fault", FAULTS, ids=lambda item: item.name)
def test_commands_that_are_named_exist(fault: Fault) -> None:
    words = fault.command.split()
    if words[0] == "careloop" and len(words) > 1:
        assert main.get_command(None, words[1]) is not None  # type: ignore[arg-type]
    if words[0].startswith("docs/runbook.md#"):
        heading = words[0].partition("#")[2].replace("-", " ")
        runbook = (Path(__file__).resolve().parents[2] / "docs" / "runbook.md").read_text(encoding="utf-8")
        assert f"## {heading}" in runbook.lower()
