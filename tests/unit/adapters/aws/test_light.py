"""Clients without botocore: what goes over the wire, what comes again, and which error is which."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from botocore.session import Session

from chalicelib.adapters.aws import light, wire
from chalicelib.adapters.aws.failures import AwsError, code_of, reporting, response_of
from chalicelib.adapters.aws.light import JSON_SERVICES, LightClients, from_environment
from chalicelib.adapters.aws.signing import Credentials
from chalicelib.adapters.aws.wire import Wire
from chalicelib.core.errors import ConfigurationError, UnavailableError
from tests.unit.adapters.server import certificate as self_signed
from tests.unit.adapters.server import read_request, serving

KEYS = Credentials("AKIDEXAMPLE", "not-for-eyes", "a-token")
MOMENT = datetime(2026, 11, 20, 12, tzinfo=UTC)


class Script:
    """Answers one after another, over as few connections as the client wants; then it hangs up. ``None``: hang up."""

    def __init__(self, *answers: bytes | None) -> None:
        self.answers = list(answers)
        self.asked: list[bytes] = []

    def __call__(self, connection: socket.socket) -> None:
        while self.answers:
            request = read_request(connection)
            if not request:
                return
            self.asked.append(request)
            answer = self.answers.pop(0)
            if answer is None:
                return
            connection.sendall(answer)

    def bodies(self) -> list[Any]:
        return [json.loads(request.partition(b"\r\n\r\n")[2]) for request in self.asked]

    def headers(self, number: int = 0) -> Mapping[str, str]:
        lines = self.asked[number].partition(b"\r\n\r\n")[0].decode().split("\r\n")[1:]
        return {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}


def answer(status: int, body: object = None, **headers: str) -> bytes:
    data = body if isinstance(body, bytes) else json.dumps(body if body is not None else {}).encode()
    lines = [f"HTTP/1.1 {status} Any", f"Content-Length: {len(data)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + data


class Pauses:
    """Instead of sleeping."""

    def __init__(self) -> None:
        self.taken: list[float] = []

    def __call__(self, seconds: float) -> None:
        self.taken.append(round(seconds, 3))


@pytest.fixture
def pauses() -> Pauses:
    return Pauses()


@pytest.fixture
def clients(pauses: Pauses) -> Iterator[Callable[[str], LightClients]]:
    with ExitStack() as made:

        def make(url: str) -> LightClients:
            clients = LightClients(
                KEYS,
                "eu-central-1",
                endpoints=dict.fromkeys((*JSON_SERVICES, "s3"), url),
                wire=lambda url: Wire(url, sleep=pauses, chance=lambda: 0.5),
                now=lambda: MOMENT,
            )
            made.callback(clients.close)
            return clients

        yield make


Make = Callable[[str], LightClients]


def test_a_json_call_is_as_the_service_wants_it(clients: Make) -> None:
    script = Script(answer(200, {"Item": {"pk": {"S": "1"}}}))
    with serving(script) as server:
        found = clients(server.url).client("dynamodb").get_item(TableName="t", Key={"pk": {"S": "ü"}})

        assert found == {"Item": {"pk": {"S": "1"}}}
        assert script.asked[0].startswith(b"POST / HTTP/1.1\r\n")
        assert script.bodies() == [{"TableName": "t", "Key": {"pk": {"S": "ü"}}}]
        headers = script.headers()
        assert headers["x-amz-target"] == "DynamoDB_20120810.GetItem"
        assert headers["content-type"] == "application/x-amz-json-1.0"
        assert headers["x-amz-security-token"] == "a-token"
        assert headers["x-amz-date"] == "20261120T120000Z"
        assert headers["host"] == server.url.removeprefix("http://")
        assert "/20261120/eu-central-1/dynamodb/aws4_request" in headers["authorization"]
        assert "not-for-eyes" not in script.asked[0].decode()


def test_an_object_is_stored_and_read_by_path_at_an_address_of_ours(clients: Make) -> None:
    script = Script(answer(200, b""), answer(200, b"\x00bytes\xff"))
    with serving(script) as server:
        client = clients(server.url).client("s3")
        client.put_object(Bucket="b", Key="facebook/main/a b=ü~", Body=b"\x00\xff", ContentType="text/plain")
        body = client.get_object(Bucket="b", Key="x")["Body"].read()

        assert script.asked[0].startswith(b"PUT /b/facebook/main/a%20b%3D%C3%BC~ HTTP/1.1\r\n")
        assert script.asked[0].endswith(b"\r\n\r\n\x00\xff")
        assert script.asked[1].startswith(b"GET /b/x HTTP/1.1\r\n")
        assert body == b"\x00bytes\xff"
        assert server.connections == 1


class Silent(Wire):
    """Notes where it would go."""

    def __init__(self, url: str, seen: list[str]) -> None:
        super().__init__(url)
        self._seen, self._url = seen, url

    def ask(
        self, what: str, attempt: Callable[[], tuple[str, str, wire.Headers, bytes]], again: Callable[..., bool]
    ) -> wire.Answer:
        self._seen.append(self._url + attempt()[1])
        return wire.Answer(200, {}, b"{}")


@pytest.mark.parametrize("region", ["eu-central-1", "us-gov-west-1", "cn-north-1", "ap-southeast-3", "me-south-1"])
def test_addresses_are_those_of_botocore(region: str) -> None:
    seen: list[str] = []
    clients = LightClients(KEYS, region, wire=lambda url: Silent(url, seen))
    for service, call in (
        ("sqs", "get_queue_url"),
        ("dynamodb", "get_item"),
        ("secretsmanager", "get_secret_value"),
    ):
        getattr(clients.client(service), call)()
    for bucket in ("careloop-archive", "with.dots"):
        clients.client("s3").get_object(Bucket=bucket, Key="k")

    session: Any = Session()
    session.set_credentials("a", "b")
    made = {name: session.create_client(name, region_name=region) for name in (*JSON_SERVICES, "s3")}
    theirs = [made[name].meta.endpoint_url + "/" for name in ("sqs", "dynamodb", "secretsmanager")]
    for bucket in ("careloop-archive", "with.dots"):
        address = made["s3"].generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "k"})
        theirs.append(address.partition("?")[0])
    assert [url.replace("s3.amazonaws", f"s3.{region}.amazonaws") for url in theirs] == seen


def test_operations_are_those_of_the_services_and_no_others() -> None:
    session = Session()
    for service, (version, prefix, operations) in JSON_SERVICES.items():
        model = session.get_service_model(service)
        assert (model.metadata["jsonVersion"], model.metadata["targetPrefix"]) == (version, prefix)
        assert operations <= set(model.operation_names)
        tokened = {
            name
            for name in operations
            if any(token == "ClientRequestToken" for token in model.operation_model(name).idempotent_members)
        }
        assert tokened == light._TOKENED & operations
    clients = LightClients(KEYS, "eu-central-1")
    for wrong in ("delete_table", "GetItem", "_call_", "getitem"):
        with pytest.raises(AttributeError, match=wrong):
            getattr(clients.client("dynamodb"), wrong)


def test_a_repetition_has_the_token_of_the_first(clients: Make, pauses: Pauses) -> None:
    script = Script(answer(500), answer(200), answer(200))
    with serving(script) as server:
        client = clients(server.url).client("dynamodb")
        client.transact_write_items(TransactItems=[])
        client.transact_write_items(TransactItems=[])

    first, again, other = (body["ClientRequestToken"] for body in script.bodies())
    assert first == again != other
    assert 32 <= len(first) <= 36
    assert pauses.taken == [0.1]


AGAIN = {
    "500": answer(500, b"no json"),
    "503": answer(503),
    "throttled": answer(400, {"__type": "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException"}),
    "hung up": None,
    "nonsense": b"nonsense\r\n\r\n",
    "cut short": b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{",
}


@pytest.mark.parametrize("first", AGAIN.values(), ids=AGAIN)
def test_what_passes_is_tried_again(clients: Make, pauses: Pauses, first: bytes | None) -> None:
    script = Script(first, answer(200, {"SecretString": "x"}))
    with serving(_closing(script)) as server:
        found = clients(server.url).client("secretsmanager").get_secret_value(SecretId="s")

    assert found == {"SecretString": "x"}
    assert pauses.taken == [0.1]


@pytest.mark.parametrize("every", AGAIN.values(), ids=AGAIN)
def test_three_attempts_are_all(clients: Make, pauses: Pauses, every: bytes | None) -> None:
    script = Script(*[every] * 4)
    with (
        serving(_closing(script)) as server,
        pytest.raises(UnavailableError, match="GetSecretValue"),
        reporting("GetSecretValue"),
    ):
        clients(server.url).client("secretsmanager").get_secret_value(SecretId="s")

    assert len(script.asked) == 3
    assert pauses.taken == [0.1, 0.4]


def _closing(script: Script) -> Callable[[socket.socket], None]:
    """One answer per connection."""

    def run(connection: socket.socket) -> None:
        request = read_request(connection)
        if request:
            script.asked.append(request)
            sent = script.answers.pop(0)
            if sent is not None:
                connection.sendall(sent)

    return run


def test_a_connection_that_ended_meanwhile_costs_no_attempt_and_no_pause(clients: Make, pauses: Pauses) -> None:
    script = Script(*[answer(200)] * 3)
    with serving(_closing(script)) as server:
        client = clients(server.url).client("sqs")
        for _ in range(3):
            client.send_message_batch(QueueUrl="q", Entries=[])

        assert server.connections == 3
    assert len(script.asked) == 3
    assert pauses.taken == []


def test_a_server_that_says_close_is_taken_at_its_word(clients: Make) -> None:
    script = Script(answer(200, Connection="close"), answer(200))
    with serving(script) as server:
        client = clients(server.url).client("sqs")
        client.get_queue_url(QueueName="q")
        # the server would go on: only the header makes the second call take a new connection
        script.answers.clear()
        script.answers.append(answer(200))
        client.get_queue_url(QueueName="q")

        assert server.connections == 2


def test_nobody_there(clients: Make, pauses: Pauses) -> None:
    with serving(Script()) as server:
        url = server.url
    with pytest.raises(UnavailableError, match="GetItem: ConnectionRefusedError"):
        clients(url).client("dynamodb").get_item(TableName="t")

    assert pauses.taken == [0.1, 0.4]


REFUSED = {
    "dynamodb": (
        answer(400, {"__type": "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException", "Item": {"a": 1}}),
        "ConditionalCheckFailedException",
    ),
    "sqs, query compatible": (
        answer(
            400,
            {"__type": "com.amazonaws.sqs#QueueDoesNotExist"},
            x_amzn_query_error="AWS.SimpleQueueService.NonExistentQueue;Sender",
        ),
        "AWS.SimpleQueueService.NonExistentQueue",
    ),
    "by a header": (
        answer(403, b"", x_amzn_errortype="AccessDeniedException:http://internal/"),
        "AccessDeniedException",
    ),
    "by nothing": (answer(404, b"<html>"), "404"),
}


@pytest.mark.parametrize(("refusal", "code"), REFUSED.values(), ids=REFUSED)
def test_refusals_have_botocores_form(clients: Make, pauses: Pauses, refusal: bytes, code: str) -> None:
    with serving(Script(refusal)) as server, pytest.raises(AwsError) as raised:
        clients(server.url).client("dynamodb").put_item(TableName="t")

    assert code_of(raised.value) == code
    assert response_of(raised.value)["ResponseMetadata"]["HTTPStatusCode"] in (400, 403, 404)
    assert str(raised.value) == f"PutItem: {code}"
    assert pauses.taken == []


def test_a_failed_condition_shows_the_item(clients: Make) -> None:
    body = {"__type": "x#TransactionCanceledException", "CancellationReasons": [{"Code": "None"}], "message": "no"}
    with serving(Script(answer(400, body))) as server, pytest.raises(AwsError) as raised:
        clients(server.url).client("dynamodb").transact_write_items(TransactItems=[])

    assert response_of(raised.value)["CancellationReasons"] == [{"Code": "None"}]


def test_what_s3_refuses(clients: Make) -> None:
    document = b'<?xml version="1.0"?><Error><Code>NoSuchBucket</Code><Message>m</Message></Error>'
    with (
        serving(Script(answer(404, document))) as server,
        pytest.raises(ConfigurationError, match="NoSuchBucket"),
        reporting("PutObject"),
    ):
        clients(server.url).client("s3").put_object(Bucket="b", Key="k", Body=b"", ContentType="a/b")


def test_an_answer_that_is_no_json_is_no_answer(clients: Make) -> None:
    with serving(Script(answer(200, b"<html>"))) as server, pytest.raises(UnavailableError, match="can't be read"):
        clients(server.url).client("dynamodb").query(TableName="t")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return self_signed(tmp_path_factory.mktemp("tls"))


def test_tls_is_verified(certificate: Path, pauses: Pauses) -> None:
    script = Script(answer(200, {"ok": 1}))
    with serving(script, certificate) as server:
        strict = LightClients(
            KEYS, "eu-central-1", endpoints={"sqs": server.url}, wire=lambda url: Wire(url, sleep=pauses)
        )
        with closing(strict), pytest.raises(UnavailableError, match="SSLCertVerificationError"):
            strict.client("sqs").get_queue_url(QueueName="q")
        environment = {**ENVIRONMENT, "AWS_ENDPOINT_URL_SQS": server.url, "AWS_CA_BUNDLE": str(certificate)}
        trusting = from_environment(environment)
        assert trusting is not None
        with closing(trusting):
            assert trusting.client("sqs").get_queue_url(QueueName="q") == {"ok": 1}


ENVIRONMENT = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_REGION": "eu-central-1"}


def test_the_environment_of_lambda_is_enough() -> None:
    assert from_environment(ENVIRONMENT) is not None
    without_region = {name: value for name, value in ENVIRONMENT.items() if name != "AWS_REGION"}
    assert from_environment({**without_region, "AWS_DEFAULT_REGION": "eu-west-1"}) is not None


UNUSUAL: Mapping[str, Mapping[str, str]] = {
    "no key": {"AWS_ACCESS_KEY_ID": ""},
    "no secret": {"AWS_SECRET_ACCESS_KEY": ""},
    "no region": {"AWS_REGION": ""},
    "another partition": {"AWS_REGION": "us-iso-east-1"},
    "a region that is a host": {"AWS_REGION": "eu-central-1.example.com/"},
    "a profile": {"AWS_PROFILE": "p"},
    "FIPS": {"AWS_USE_FIPS_ENDPOINT": "true"},
    "a proxy": {"https_proxy": "http://127.0.0.1:1"},
}


@pytest.mark.parametrize("change", UNUSUAL.values(), ids=UNUSUAL)
def test_botocore_is_left_what_only_it_knows(change: Mapping[str, str]) -> None:
    assert from_environment({**ENVIRONMENT, **change}) is None


def test_addresses_from_the_environment() -> None:
    both = {"AWS_ENDPOINT_URL": "http://all", "AWS_ENDPOINT_URL_SECRETS_MANAGER": "http://secrets"}

    assert light._endpoints(both) == {
        "sqs": "http://all",
        "dynamodb": "http://all",
        "s3": "http://all",
        "secretsmanager": "http://secrets",
    }
    assert light._endpoints({**both, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"}) == {}


def test_something_may_be_put_around_each_call() -> None:
    seen: list[str] = []

    @contextmanager
    def around(service: str, operation: str) -> Iterator[None]:
        seen.append(f"{service} {operation}")
        yield
        seen.append("end")

    clients = LightClients(KEYS, "eu-central-1", wire=lambda url: Silent(url, seen), around=around)
    clients.client("sqs").get_queue_url(QueueName="q")
    clients.client("s3").get_object(Bucket="b", Key="k")

    assert seen == [
        "sqs GetQueueUrl",
        "https://sqs.eu-central-1.amazonaws.com/",
        "end",
        "s3 GetObject",
        "https://b.s3.eu-central-1.amazonaws.com/k",
        "end",
    ]


TRACED = """
from chalicelib.adapters.aws.tracing import traced, traced_call
with traced("inbound", message="m-1"):
    with traced_call("sqs", "SendMessageBatch"):
        pass
import sys
print("botocore.client" in sys.modules)
"""


def test_calls_stand_in_the_trace() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as daemon:
        daemon.bind(("127.0.0.1", 0))
        daemon.settimeout(5)
        environment = {
            **os.environ,
            "AWS_XRAY_DAEMON_ADDRESS": f"127.0.0.1:{daemon.getsockname()[1]}",
            "AWS_LAMBDA_FUNCTION_NAME": "careloop-test-inbound",
            "LAMBDA_TASK_ROOT": "/var/task",
            "_X_AMZN_TRACE_ID": "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1",
        }
        done = subprocess.run(
            [sys.executable, "-c", TRACED], env=environment, capture_output=True, text=True, check=True
        )
        assert done.stdout.strip() == "False"  # the SDK alone does not load botocore's clients
        call, work = (json.loads(daemon.recv(65536).partition(b"\n")[2]) for _ in range(2))
    assert work["name"] == "## inbound"
    assert (call["name"], call["namespace"], call["aws"]) == ("sqs", "aws", {"operation": "SendMessageBatch"})
    assert call["parent_id"] == work["id"]
