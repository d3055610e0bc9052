"""SQS, S3 and Secrets Manager when they are busy or refuse."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from chalicelib.adapters.aws.archive import S3Archive
from chalicelib.adapters.aws.clients import AwsClients
from chalicelib.adapters.aws.queues import SqsQueue
from chalicelib.adapters.aws.secrets import SecretsManagerStore
from chalicelib.adapters.aws.system import open_aws
from chalicelib.core.account import ConnectionKind
from chalicelib.core.errors import ConfigurationError, ConflictError, NotFoundError, UnavailableError
from chalicelib.ports.services import QueueMessage
from tests.fakes.clock import NOON, FrozenClock
from tests.unit.adapters.aws.fakes import ScriptedClient, refusal

URL = {"QueueUrl": "https://sqs.invalid/1/inbound.fifo"}
MESSAGES = [QueueMessage(body=str(number), group="g", dedup=str(number)) for number in range(12)]
PLATFORM = ConnectionKind.PLATFORM
REFUSALS: list[tuple[Exception, type[Exception]]] = [
    (refusal("ThrottlingException"), UnavailableError),
    (refusal("RequestThrottled"), UnavailableError),
    (refusal("SlowDown", 503), UnavailableError),
    (refusal("InternalError", 500), UnavailableError),
    (EndpointConnectionError(endpoint_url="https://sqs.invalid"), UnavailableError),
    (refusal("AccessDenied", 403), ConfigurationError),
    (refusal("SomethingElse"), ClientError),
]


def test_a_partly_refused_batch_is_an_error_for_all() -> None:
    client = ScriptedClient(URL, {"Successful": []}, {"Failed": [{"Id": "1", "Code": "InternalError"}]})

    with pytest.raises(UnavailableError, match="InternalError"):
        SqsQueue(client, "inbound.fifo").send(MESSAGES)

    assert [name for name, _ in client.calls] == ["get_queue_url", "send_message_batch", "send_message_batch"]
    assert [len(arguments["Entries"]) for _, arguments in client.calls[1:]] == [10, 2]


def test_the_queue_s_address_is_asked_for_once() -> None:
    client = ScriptedClient(URL, {"Messages": []}, {"Messages": []}, {})
    queue = SqsQueue(client, "inbound.fifo")
    queue.receive(3)
    queue.receive(visibility=0.2)
    queue.release("r", delay=1e9)

    assert [arguments for _, arguments in client.calls[:1]] == [{"QueueName": "inbound.fifo"}]
    assert client.calls[1][1]["MaxNumberOfMessages"] == 3
    assert "VisibilityTimeout" not in client.calls[1][1]
    assert client.calls[2][1]["VisibilityTimeout"] == 1
    assert client.calls[3][1]["VisibilityTimeout"] == 43_200


def test_a_queue_s_address_is_used_as_it_is() -> None:
    client = ScriptedClient({"Messages": []})
    SqsQueue(client, URL["QueueUrl"]).receive()

    assert [(name, arguments["QueueUrl"]) for name, arguments in client.calls] == [("receive_message", URL["QueueUrl"])]


def test_a_queue_that_is_not_there_is_a_wrong_setting() -> None:
    queue = SqsQueue(ScriptedClient(refusal("AWS.SimpleQueueService.NonExistentQueue")), "inbound.fifo")

    with pytest.raises(ConfigurationError, match="inbound"):
        queue.send(MESSAGES)


def test_receipts_whose_time_is_over_are_ignored_and_other_failures_told() -> None:
    stale = {"Failed": [{"Id": "0", "Code": "ReceiptHandleIsInvalid"}, {"Id": "1", "Code": "InvalidParameterValue"}]}
    SqsQueue(ScriptedClient(URL, stale), "q").delete(["a", "b"])
    SqsQueue(ScriptedClient(URL, refusal("AWS.SimpleQueueService.MessageNotInflight")), "q").release("a")

    with pytest.raises(UnavailableError):
        SqsQueue(ScriptedClient(URL, {"Failed": [{"Id": "0", "Code": "InternalError"}]}), "q").delete(["a"])
    with pytest.raises(ClientError):
        SqsQueue(ScriptedClient(URL, refusal("SomethingElse")), "q").release("a")


@pytest.mark.parametrize(("answer", "error"), REFUSALS)
def test_every_refusal_has_its_leaf(answer: Exception, error: type[Exception]) -> None:
    def queue(*answers: Any) -> SqsQueue:
        return SqsQueue(ScriptedClient(URL, *answers), "q")

    def archive() -> S3Archive:
        return S3Archive(ScriptedClient(answer), "b", FrozenClock())

    def secrets(*answers: Any) -> SecretsManagerStore:
        return SecretsManagerStore(ScriptedClient(*answers), "careloop/dev", FrozenClock())

    missing = refusal("ResourceNotFoundException")
    calls: list[Callable[[], object]] = [
        lambda: queue(answer).send(MESSAGES),
        lambda: queue(answer).receive(),
        lambda: queue(answer).delete(["a"]),
        lambda: queue(answer).release("a"),
        lambda: queue(answer).depth(),
        lambda: SqsQueue(ScriptedClient(answer), "q").depth(),
        lambda: archive().keep(source="s", body=b"", received_at=NOON, headers={}),
        lambda: archive().fetch("k"),
        lambda: secrets(answer).credentials(PLATFORM, "x", "y"),
        lambda: secrets(answer).put_credentials(PLATFORM, "x", "y", {}),
        lambda: secrets(missing, answer).put_verification(PLATFORM, "x", "y", {}),
    ]
    for call in calls:
        with pytest.raises(error) as raised:
            call()
        assert type(raised.value) is error


def test_a_payload_whose_time_is_over_is_not_asked_for() -> None:
    clock, client = FrozenClock(), ScriptedClient({})
    archive = S3Archive(client, "b", clock, keep_for=timedelta(days=2))
    key = archive.keep(source="facebook/main", body=b"x", received_at=NOON, headers={})
    clock.advance(days=2, seconds=1)

    with pytest.raises(NotFoundError):
        archive.fetch(key)
    assert [name for name, _ in client.calls] == ["put_object"]
    for odd in ("facebook/main/2026/13/41/120000.000000-0", "nonsense"):
        with pytest.raises(ConfigurationError):
            S3Archive(ScriptedClient(refusal("AccessDenied", 403)), "b", clock).fetch(odd)


def test_a_secret_made_by_two_at_once_is_a_conflict() -> None:
    client = ScriptedClient(refusal("ResourceNotFoundException"), refusal("ResourceExistsException"))

    with pytest.raises(ConflictError):
        SecretsManagerStore(client, "careloop/dev", FrozenClock()).put_credentials(PLATFORM, "x", "y", {"a": "b"})


@pytest.mark.parametrize(("key", "given"), [("alias/careloop-dev", {"KmsKeyId": "alias/careloop-dev"}), ("", {})])
def test_a_new_secret_is_encrypted_with_the_stage_s_key(key: str, given: dict[str, str]) -> None:
    client = ScriptedClient(refusal("ResourceNotFoundException"), {})

    SecretsManagerStore(client, "careloop/dev", FrozenClock(), key=key).put_credentials(PLATFORM, "x", "y", {"a": "b"})

    name, arguments = client.calls[-1]
    assert name == "create_secret"
    assert {item: value for item, value in arguments.items() if item not in ("Name", "SecretString")} == given


def test_names_of_secrets_are_those_that_the_policies_allow() -> None:
    client = ScriptedClient({"SecretString": '{"a": "b"}'}, {"SecretString": '{"a": ["b"]}'})
    store = SecretsManagerStore(client, "careloop/dev/", FrozenClock())
    store.credentials(PLATFORM, "bluesky", "did:plc:x")
    store.verification(ConnectionKind.HELPDESK, "zendesk", "main")

    assert [arguments["SecretId"] for _, arguments in client.calls] == [
        "careloop/dev/call/platform/bluesky/did=3Aplc=3Ax",
        "careloop/dev/verify/helpdesk/zendesk/main",
    ]


class Resources:
    table = "t"
    inbound_queue, outbound_queue, jobs_queue = "i.fifo", "o.fifo", "j.fifo"
    dead_letters_queue = "d.fifo"
    archive_bucket, secrets_prefix, archive_days = "b", "careloop/dev", 30
    secrets_key = "alias/careloop-dev"


def test_opening_makes_no_client_before_it_is_used() -> None:
    made: list[str] = []

    class Noting(AwsClients):
        def client(self, service: str) -> Any:
            made.append(service)
            return ScriptedClient(URL, {"Messages": []}, {})

    system = open_aws(Resources(), FrozenClock(), Noting())
    assert made == []
    assert set(system.queues) == {"inbound", "outbound", "jobs"}
    assert set(system.dead_letters) == {"all"}
    system.queues["inbound"].receive()
    assert set(made) == {"sqs"}
    assert system.sessions is system.stores.sessions


def test_clients_share_one_session_and_are_made_once() -> None:
    clients = AwsClients(region="eu-central-1", endpoint_url="http://127.0.0.1:9")

    assert clients.client("sqs") is clients.client("sqs")
    sqs, dynamodb = clients.client("sqs"), clients.client("dynamodb")
    assert (sqs.meta.endpoint_url, sqs.meta.region_name) == ("http://127.0.0.1:9", "eu-central-1")
    assert sqs.meta.config.retries["total_max_attempts"] == 3
    assert dynamodb.meta.config.retries["mode"] == "standard"
