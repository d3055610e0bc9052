"""Each real server in short: it is what we think it is. Over real HTTP; the loops through Careloop are tested elsewhere."""

import hashlib
import hmac
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.e2e.servers import browser
from tests.e2e.servers.bluesky import Bluesky
from tests.e2e.servers.browser import AgentBrowser
from tests.e2e.servers.dynamodb_local import DynamoDbLocal
from tests.e2e.servers.installing import NotInstallable
from tests.e2e.servers.moto_server import MotoServer
from tests.e2e.servers.processes import ProcessGroup, check_loopback_only, free_ports
from tests.e2e.servers.rt import BRIDGE, CASE_FIELD, RequestTracker
from tests.e2e.servers.synapse import Synapse
from tests.e2e.servers.testing import fresh, skip_or_fail
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


# -- Request Tracker ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def hook() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


@pytest.fixture(scope="module")
def rt(hook: Receiver) -> Iterator[RequestTracker]:
    with fresh(RequestTracker(instance="smoke"), hook_url=hook.url("/rt")) as server:
        yield server


@pytest.fixture
def ticket(rt: RequestTracker) -> int:
    return rt.bridge().create("Where is my parcel? 📦", "It was due on Monday ✓", CustomFields={CASE_FIELD: "C-1042"})


def hints(hook: Receiver, ticket: int) -> list[tuple[str, int]]:
    """(event, transaction) of each call about a ticket, in the order of arrival."""
    bodies = [received.json() for received in hook.received]
    return [(body["event"], body["transaction"]) for body in bodies if body["ticket"] == ticket]


def assert_signed(received: Received, secret: str) -> None:
    signed = received.headers["x-rt-timestamp"].encode() + b"." + received.body
    assert (
        received.headers["x-rt-signature"] == "sha256=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    )


def test_rt_knows_its_tokens_and_finds_a_ticket_by_its_case(rt: RequestTracker, ticket: int) -> None:
    assert Api(base=rt.api_url, headers={"Authorization": "token 1-1-00"}).call("GET", "/rt").status == 401
    assert ticket in rt.bridge().find(f"Queue = 'Social' AND CF.{{{CASE_FIELD}}} = 'C-1042'")
    assert rt.agent().field(ticket, CASE_FIELD) == ["C-1042"]
    with pytest.raises(UnexpectedAnswer, match="403"):
        rt.agent().create("nowhere", "text", queue="None such")


def test_rt_tells_ids_alone_signed_about_what_agents_do_and_nothing_about_the_bridge(
    rt: RequestTracker, hook: Receiver, ticket: int
) -> None:
    rt.bridge().reply(ticket, "any news?")
    rt.bridge().comment(ticket, "looks angry")
    reply = rt.agent().reply(ticket, "Sorry! It left today ✓")
    note = rt.agent().comment(ticket, "internal")
    rt.agent().update(ticket, Owner="agent", Status="stalled")
    told = hints(hook, ticket)
    assert [each for each in told if each[0] != "ticket.status"] == [
        ("ticket.correspond", reply),
        ("ticket.comment", note),
    ]
    assert rt.agent().history(ticket, "Status")[-1].id == told[-1][1]
    calls = [received for received in hook.received if received.json()["ticket"] == ticket]
    for received in calls:
        assert_signed(received, rt.hook_secret)
        assert set(received.json()) == {"event", "ticket", "transaction", "case"}
        assert received.json()["case"] == "C-1042"


def test_rt_goes_on_while_the_receiver_is_away_and_a_new_secret_counts_at_once(
    rt: RequestTracker, hook: Receiver, ticket: int
) -> None:
    hook.answer = lambda _: 503
    try:
        rt.agent().reply(ticket, "nobody hears this")
    finally:
        hook.answer = lambda _: 200
    rt.set_hook_secret("another secret")
    heard = rt.agent().reply(ticket, "but this")
    received = hook.wait_for(lambda each: each.json()["transaction"] == heard, "the second reply")
    assert_signed(received, "another secret")
    assert [entry.text for entry in rt.bridge().history(ticket, "Correspond")] == ["nobody hears this", "but this"]


def test_rt_leads_from_a_merged_ticket_to_the_survivor(rt: RequestTracker, ticket: int) -> None:
    survivor = rt.bridge().create("The same parcel", "text")
    rt.agent().merge(ticket, survivor)
    assert rt.bridge().ticket(ticket)["id"] == survivor
    rt.agent().resolve(ticket)
    assert rt.bridge().status(survivor) == "resolved"
    rt.agent().reopen(survivor)
    assert rt.bridge().status(ticket) == "open"


def test_rt_scrip_is_installed_once_and_says_what_is_missing(rt: RequestTracker) -> None:
    assert rt.run_install("--check") == 0
    assert rt.run_install("--remove") == 0
    assert rt.run_install("--check") == 1
    assert rt.run_install() == 0
    assert rt.run_install("--check") == 0


def test_an_agent_in_rts_pages_is_heard_only_after_the_commit(
    rt: RequestTracker, hook: Receiver, ticket: int, tmp_path: Path
) -> None:
    try:
        browser.install()
    except NotInstallable as error:
        skip_or_fail("the browser", error)
    seen: list[tuple[str, bool]] = []

    def look(received: Received) -> int:
        body = received.json()
        seen.append((body["event"], rt.has_committed(body["transaction"])))
        return 200

    hook.answer = look
    try:
        with AgentBrowser(rt, shots=tmp_path) as agent:
            agent.log_in()
            agent.open(ticket)
            agent.reply(ticket, "Typed in the browser ✓ 📦")
            agent.comment(ticket, "a note")
            agent.reply_quoting(ticket, "Above the quote")
            agent.resolve(ticket)
            assert "Typed in the browser ✓ 📦" in agent.text()
    finally:
        hook.answer = lambda _: 200
    names = [event for event, _ in seen]
    assert [name for name in names if name != "ticket.status"] == [
        "ticket.correspond",
        "ticket.comment",
        "ticket.correspond",
    ]
    assert names[-1] == "ticket.status"
    assert all(was_committed for _, was_committed in seen), seen
    replies = rt.bridge().history(ticket, "Correspond")
    assert [reply.creator for reply in replies] == ["agent", "agent"]
    assert "Typed in the browser ✓ 📦" in replies[0].text
    assert replies[1].text.index("Above the quote") < replies[1].text.index("<blockquote>")
    assert len(list(tmp_path.glob("*.png"))) >= 5


def test_rt_keeps_its_state_over_a_restart_and_loses_it_at_a_reset(rt: RequestTracker, ticket: int) -> None:
    port = rt.port()
    rt.restart()
    assert rt.port() == port
    assert rt.bridge().status(ticket) == "new"
    assert rt.bridge().name == BRIDGE
    assert rt.is_running()


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
