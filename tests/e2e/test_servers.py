"""Each real server in short: it is what we think it is. Over real HTTP; the loops through Careloop are tested elsewhere."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.e2e.servers.bluesky import Bluesky
from tests.e2e.servers.dynamodb_local import DynamoDbLocal
from tests.e2e.servers.installing import NotInstallable, npm
from tests.e2e.servers.moto_server import MotoServer
from tests.e2e.servers.processes import ProcessGroup, check_loopback_only, free_ports
from tests.e2e.servers.rt import RequestTracker
from tests.e2e.servers.synapse import Synapse
from tests.e2e.servers.testing import fresh
from tests.e2e.servers.tryton import Tryton
from tests.e2e.servers.web import Api, Received, Receiver, UnexpectedAnswer, wait_until

pytestmark = pytest.mark.e2e

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
    "0000000d49444154789c6360000000000500010d0a2db40000000049454e44ae426082"
)


# -- the machinery ------------------------------------------------------------------------------------------------------


def test_a_server_that_listens_outside_loopback_is_found_out(tmp_path: Path) -> None:
    port = free_ports(1)[0]
    group = ProcessGroup("open", tmp_path)
    group.start([sys.executable, "-c", f"import socket, time; s = socket.create_server(('', {port})); time.sleep(60)"])
    try:
        with pytest.raises(OSError, match=f"0.0.0.0 port {port}"):
            wait_until(lambda: check_loopback_only(group.members()), "the server to listen")
    finally:
        group.stop()


def test_a_group_ends_with_its_children_and_another_interpreter_may_end_it(tmp_path: Path) -> None:
    group = ProcessGroup("family", tmp_path)
    group.start(["sh", "-c", "sleep 60 & sleep 60"])
    wait_until(lambda: len(group.members()) >= 2, "the child")
    members = group.members()
    same = ProcessGroup("family", tmp_path)
    assert same.is_running()
    same.stop()
    group.stop()
    assert not group.is_running()
    assert {state_of(pid) for pid in members} <= {"gone", "Z"}


def state_of(pid: int) -> str:
    """The process's state letter; a Z is dead and only not yet collected by the machine's first process."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return "gone"


def test_a_pid_that_was_given_to_another_process_is_left_alone(tmp_path: Path) -> None:
    with subprocess.Popen(["sleep", "60"]) as stranger:
        group = ProcessGroup("late", tmp_path)
        group.pid_file.write_text(json.dumps({"pid": stranger.pid, "begun": "1"}))
        assert not group.is_running()
        group.stop()
        assert stranger.poll() is None
        stranger.kill()


def test_what_cannot_be_installed_says_why_in_plain_words(tmp_path: Path) -> None:
    script = (
        "import os, pathlib\n"
        "from tests.e2e.servers.installing import NotInstallable, apt_install\n"
        "os.geteuid() or os.seteuid(65534)\n"
        "try: apt_install(['no-such-package-of-careloop'], log=pathlib.Path('log'))\n"
        "except NotInstallable as error: print(error.reason)"
    )
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert said == "only root can install the Debian packages no-such-package-of-careloop\n"
    nowhere = {"npm_config_registry": "http://127.0.0.1:9", "npm_config_fetch_retries": "0"}
    with pytest.raises(NotInstallable, match=r"^npm could not pack \(see .*install.log\)$"):
        npm(["pack", "left-pad"], log=tmp_path / "install.log", cwd=tmp_path, env=nowhere)


def test_a_misspelt_option_is_refused() -> None:
    with pytest.raises(TypeError, match="rt has no option hook; it has hook_pause"):
        RequestTracker(instance="never").start(hook="x")


# -- Bluesky ------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def bluesky() -> Iterator[Bluesky]:
    with fresh(Bluesky(instance="smoke")) as server:
        yield server


def test_bluesky_notifies_the_brand_and_shows_the_thread(bluesky: Bluesky) -> None:
    brand, customer = bluesky.create_account("brand"), bluesky.create_account("alice")
    assert brand.app_password()
    question = customer.post(
        f"Hallo @{brand.handle} wo ist mein Päckchen? 📦", mention=[brand], images=[(PNG, "a box")]
    )
    noted = brand.notified_of(question.uri)
    assert (noted["reason"], noted["author"]["did"]) == ("mention", customer.did)
    answer = brand.reply(question, "It left today.")
    assert customer.wait_reply(question, by=brand) == answer
    thanks = customer.reply(answer, "Thank you!")
    assert brand.notified_of(thanks.uri)["reason"] == "reply"
    assert thanks.root_uri == question.uri
    customer.delete(thanks)
    brand.wait_gone(thanks.uri)
    with pytest.raises(UnexpectedAnswer, match="400"):
        customer.post("x" * 301)


def test_bluesky_without_its_appview_answers_502_and_forgets_nothing(bluesky: Bluesky) -> None:
    brand, customer = bluesky.create_account("brand"), bluesky.create_account("bob")
    bluesky.cut_appview()
    try:
        assert not bluesky.appview_is_up
        question = customer.post(f"@{brand.handle} hello?", mention=[brand])
        assert brand.notifications().status == 502
        assert [record["uri"] for record in customer.records()] == [question.uri]
    finally:
        bluesky.restore_appview()
    assert brand.notified_of(question.uri)["reason"] == "mention"


# -- Matrix -------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def bridge() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


@pytest.fixture(scope="module")
def synapse(bridge: Receiver) -> Iterator[Synapse]:
    with fresh(Synapse(instance="smoke"), as_url=bridge.url("/matrix")) as server:
        yield server


def pushed(bridge: Receiver, event: str) -> Received:
    return bridge.wait_for(lambda each: each.answered == 200 and event.encode() in each.body, event, timeout=30)


def test_synapse_pushes_each_event_again_until_it_is_taken(synapse: Synapse, bridge: Receiver) -> None:
    customer, brand = synapse.create_user("alice"), synapse.brand()
    room = customer.create_direct_room(synapse.brand_id)
    invitation = bridge.wait_for(lambda each: b"invite" in each.body, "the invitation")
    assert invitation.path.startswith("/matrix/_matrix/app/v1/transactions/")
    assert invitation.headers["authorization"] == f"Bearer {synapse.hs_token}"
    brand.join(room)
    question = customer.send(room, "wo ist mein Päckchen? 📦")
    pushed(bridge, question)
    answer = brand.send(room, "It left today", thread=question, transaction="rt-345")
    assert brand.send(room, "It left today", thread=question, transaction="rt-345") == answer
    assert customer.wait_message(room, by=synapse.brand_id)["event_id"] == answer
    assert [event["event_id"] for event in customer.thread(room, question)] == [answer]
    bridge.answer = lambda each: 500 if not any(each.path == old.path for old in bridge.received) else 200
    try:
        second = customer.edit(room, question, "und wo ist es jetzt?")
        taken = pushed(bridge, second)
    finally:
        bridge.answer = lambda _: 200
    assert [each.answered for each in bridge.received if each.path == taken.path] == [500, 200]
    pushed(bridge, customer.redact(room, question))


# -- Tryton -------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def tryton() -> Iterator[Tryton]:
    with fresh(Tryton(instance="smoke")) as server:
        yield server


def test_tryton_finds_a_contact_by_handle_and_by_mail(tryton: Tryton) -> None:
    handles = {"bluesky": "alice.test", "mastodon": "@alice@customer.test"}
    alice = tryton.create_party(
        "Alice Müller", email="alice@example.test", phone="+4366012345678", handles=handles, code="C-1042"
    )
    assert tryton.party(alice)["code"] == "C-1042"
    assert tryton.find_parties("@alice@customer.test") == tryton.find_parties("alice@example.test") == [alice]
    assert tryton.find_parties("nobody@example.test") == []
    listed = tryton.rest().call("GET", "/party.party", query={"f": ["name", "code"]}, expect=[200]).json()
    assert [(each["name"], each["code"]) for each in listed] == [("Alice Müller", "C-1042")]
    stranger = Api(base=tryton.rest().base, headers={"Authorization": "Bearer wrong"})
    assert stranger.call("GET", "/party.party").status in (401, 403)
    tryton.restart()
    assert tryton.find_parties("alice.test") == [alice]


# -- AWS ----------------------------------------------------------------------------------------------------------------


def aws(service: str, server: DynamoDbLocal | MotoServer) -> Any:
    session: Any = boto3.session.Session("careloop", "careloop", region_name="eu-central-1")
    return session.client(service, endpoint_url=server.url)


def make_table(client: Any) -> None:
    client.create_table(
        TableName="cases",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )


def test_dynamodb_local_counts_capacity_and_repeats_a_transaction_once() -> None:
    with fresh(DynamoDbLocal(instance="smoke")) as server:
        client = aws("dynamodb", server)
        make_table(client)
        new = {
            "TableName": "cases",
            "Item": {"pk": {"S": "a"}, "text": {"S": "x" * 3000}},
            "ConditionExpression": "attribute_not_exists(pk)",
        }
        assert client.put_item(**new, ReturnConsumedCapacity="TOTAL")["ConsumedCapacity"]["CapacityUnits"] == 3.0
        with pytest.raises(client.exceptions.ConditionalCheckFailedException):
            client.put_item(**new)
        update = {
            "TableName": "cases",
            "Key": {"pk": {"S": "n"}},
            "UpdateExpression": "ADD n :one",
            "ExpressionAttributeValues": {":one": {"N": "1"}},
        }
        for _ in range(2):
            client.transact_write_items(TransactItems=[{"Update": update}], ClientRequestToken="once")
        assert client.get_item(TableName="cases", Key={"pk": {"S": "n"}})["Item"]["n"] == {"N": "1"}


def test_moto_keeps_the_order_of_a_queue_and_a_condition_of_a_table() -> None:
    with fresh(MotoServer(instance="smoke")) as server:
        queues, tables = aws("sqs", server), aws("dynamodb", server)
        url = queues.create_queue(QueueName="inbound.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
        for body in ("1", "2", "2"):
            queues.send_message(QueueUrl=url, MessageBody=body, MessageGroupId="g", MessageDeduplicationId=body)
        taken = queues.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
        assert [message["Body"] for message in taken] == ["1", "2"]
        make_table(tables)
        new = {"TableName": "cases", "Item": {"pk": {"S": "a"}}, "ConditionExpression": "attribute_not_exists(pk)"}
        tables.put_item(**new)
        with pytest.raises(tables.exceptions.ConditionalCheckFailedException):
            tables.put_item(**new)
        server.clear()
        assert tables.list_tables()["TableNames"] == []
