"""What moto does not do of AWS: an API Gateway that calls functions, a poller between queues and functions, a schedule.

Everything is asked of AWS's own interfaces: which route of the imported API calls which function, the function's package,
handler and environment, its event source mapping's batch size and whether it reports failures, the rules' targets.
Packages run in processes of their own (`tests/e2e/container.py`).
"""

from __future__ import annotations

import base64
import fnmatch
import hashlib
import io
import json
import re
import subprocess
import sys
import threading
import zipfile
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit
from urllib.request import urlopen

from careloop.local.gateway import proxy_event
from tests.e2e.deployment import client
from tests.fakes.moto_gaps import PACKAGE

CONTAINER = Path(__file__).with_name("container.py")
OWN = ("PATH", "LANG", "TZ")


class FunctionError(Exception):
    """A function raised."""


class Container:
    """A process with one function's package."""

    def __init__(self, configuration: Mapping[str, Any], package: bytes, folder: Path, env: Mapping[str, str]) -> None:
        self._folder = folder / hashlib.sha256(package).hexdigest()[:16]
        if not self._folder.exists():
            zipfile.ZipFile(io.BytesIO(package)).extractall(self._folder)
        self.log = folder / f"{configuration['FunctionName']}.log"
        self._lock = threading.Lock()
        name = configuration["FunctionName"]
        given = {
            **configuration["Environment"]["Variables"],
            **env,
            "AWS_LAMBDA_FUNCTION_NAME": name,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(configuration["MemorySize"]),
        }
        base = getattr(sys, "_base_executable", sys.executable)
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [base, "-I", "-S", str(CONTAINER), str(self._folder), configuration["Handler"]],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env=given,
                text=True,
            )

    def invoke(self, event: Mapping[str, Any]) -> Any:
        """The function's answer. Raises FunctionError with what it raised."""
        assert self._process.stdin
        assert self._process.stdout
        with self._lock:
            self._process.stdin.write(json.dumps(event) + "\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        if not line:
            raise FunctionError(f"the function ended: {self.log.read_text()[-2000:]}")
        answer = json.loads(line)
        if "error" in answer:
            raise FunctionError(f"{answer['error']}: {answer['message']}")
        return answer["result"]

    def stop(self) -> None:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.wait(timeout=20)
        self._process.stdout.close()


class Cloud:
    """Runs what is deployed at a moto server. ``env``: how a process reaches that server."""

    def __init__(self, url: str, env: Mapping[str, str], folder: Path) -> None:
        self._url, self._env, self._folder = url, dict(env), folder
        self._containers: dict[str, Container] = {}
        self._servers: list[ThreadingHTTPServer] = []
        self.refused: list[str] = []
        """Errors of functions that were called by a queue or a schedule."""

    def client(self, service: str) -> Any:
        """A client of this AWS."""
        return client(service, self._url)

    # -- functions -------------------------------------------------------------------------------------------------

    def container(self, arn: str) -> Container:
        """The container of a function, started at its first call."""
        name = arn.rpartition(":function:")[2]
        if name not in self._containers:
            configuration = self.client("lambda").get_function_configuration(FunctionName=name)
            with urlopen(self._url + PACKAGE + name) as answer:
                package = answer.read()
            digest = base64.b64encode(hashlib.sha256(package).digest()).decode()
            assert digest == configuration["CodeSha256"], "the package is not the one that was deployed"
            self._containers[name] = Container(configuration, package, self._folder, self._env)
        return self._containers[name]

    def logs(self) -> str:
        """What all functions have printed."""
        return "".join(item.log.read_text() for item in self._containers.values())

    def stop(self) -> None:
        for server in self._servers:
            server.shutdown()
            server.server_close()
        for container in self._containers.values():
            container.stop()
        self._containers.clear()

    # -- API Gateway ---------------------------------------------------------------------------------------------------

    def serve(self, api: str) -> str:
        """Serve an API on loopback, as its definition says; returns the address of its stage."""
        [stage] = self.client("apigateway").get_stages(restApiId=api)["item"]
        resources = self.client("apigateway").get_resources(restApiId=api, embed=["methods"], limit=500)["items"]
        routes = {item["path"]: item["resourceMethods"] for item in resources if "resourceMethods" in item}
        gateway = _Gateway(self, api, stage["stageName"], routes)
        server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"gateway": gateway}))
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        self._servers.append(server)
        return f"http://127.0.0.1:{server.server_port}/{stage['stageName']}"

    def allowed(self, arn: str, source: str) -> bool:
        """Whether a function's policy lets API Gateway call it from `source`."""
        policy = json.loads(self.client("lambda").get_policy(FunctionName=arn)["Policy"])
        return any(
            item["Principal"] == {"Service": "apigateway.amazonaws.com"}
            and fnmatch.fnmatch(source, item["Condition"]["ArnLike"]["AWS:SourceArn"])
            for item in policy["Statement"]
        )

    # -- queues and schedules --------------------------------------------------------------------------------------------

    def poll(self) -> int:
        """Give each enabled mapping's function one batch of its queue, as Lambda's pollers do; how many messages."""
        moved = 0
        for mapping in self.client("lambda").list_event_source_mappings()["EventSourceMappings"]:
            if mapping["State"] == "Enabled":
                moved += self._batch(mapping)
        return moved

    def _batch(self, mapping: Mapping[str, Any]) -> int:
        sqs = self.client("sqs")
        arn = mapping["EventSourceArn"]
        url = sqs.get_queue_url(QueueName=arn.rpartition(":")[2])["QueueUrl"]
        found = sqs.receive_message(
            QueueUrl=url,
            MaxNumberOfMessages=mapping["BatchSize"],
            AttributeNames=["All"],
            MessageAttributeNames=["All"],
        ).get("Messages", [])
        if not found:
            return 0
        records = [_record(item, arn) for item in found]
        try:
            answer = self.container(mapping["FunctionArn"]).invoke({"Records": records})
        except FunctionError as error:
            self.refused.append(str(error))
            return len(found)
        failed = set()
        if "ReportBatchItemFailures" in mapping.get("FunctionResponseTypes", ()):
            failed = {item["itemIdentifier"] for item in answer["batchItemFailures"]}
        self.refused += sorted(failed)
        for item in found:
            if item["MessageId"] not in failed:
                sqs.delete_message(QueueUrl=url, ReceiptHandle=item["ReceiptHandle"])
        return len(found)

    def tick(self) -> None:
        """Fire each enabled schedule once."""
        events = self.client("events")
        for rule in events.list_rules()["Rules"]:
            assert rule["ScheduleExpression"] == "rate(1 minute)"
            for target in events.list_targets_by_rule(Rule=rule["Name"])["Targets"]:
                self.container(target["Arn"]).invoke(_scheduled(rule["Arn"]))


def _record(item: Mapping[str, Any], arn: str) -> dict[str, Any]:
    return {
        "messageId": item["MessageId"],
        "receiptHandle": item["ReceiptHandle"],
        "body": item["Body"],
        "attributes": item["Attributes"],
        "messageAttributes": {},
        "md5OfBody": item["MD5OfBody"],
        "eventSource": "aws:sqs",
        "eventSourceARN": arn,
        "awsRegion": arn.split(":")[3],
    }


def _scheduled(rule: str) -> dict[str, Any]:
    return {
        "version": "0",
        "id": "00000000-0000-0000-0000-000000000000",
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": rule.split(":")[4],
        "time": "2026-11-22T12:00:00Z",
        "region": rule.split(":")[3],
        "resources": [rule],
        "detail": {},
    }


class _Gateway:
    """A REST API's definition, at work."""

    def __init__(self, cloud: Cloud, api: str, stage: str, routes: Mapping[str, Mapping[str, Any]]) -> None:
        self._cloud, self._api, self._stage, self._routes = cloud, api, stage, routes

    def call(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        """Route -> integration -> function -> answer."""
        parts = urlsplit(target)
        path = parts.path.removeprefix(f"/{self._stage}")
        resource, parameters = self._resource(path)
        methods = self._routes.get(resource or "", {})
        if not parts.path.startswith(f"/{self._stage}/") or method not in methods:
            return 403, {}, b'{"message":"Missing Authentication Token"}'
        integration = methods[method]["methodIntegration"]
        assert integration["type"].lower() == "aws_proxy"
        found = re.search(r"functions/(arn:[^/]+)/invocations", integration["uri"])
        assert found is not None
        arn = found[1]
        region, account = arn.split(":")[3:5]
        source = f"arn:aws:execute-api:{region}:{account}:{self._api}/{self._stage}/{method}{resource}"
        assert self._cloud.allowed(arn, source), "the function's policy does not let this API call it"
        event = proxy_event(method, path, parts.query, headers, body, str(resource), parameters)
        event["requestContext"] |= {"stage": self._stage, "path": parts.path, "accountId": account, "apiId": self._api}
        try:
            answer = self._cloud.container(arn).invoke(event)
        except FunctionError as error:
            self._cloud.refused.append(str(error))
            return 502, {}, b'{"message": "Internal server error"}'
        content = answer.get("body") or ""
        data = base64.b64decode(content) if answer.get("isBase64Encoded") else content.encode()
        return int(answer["statusCode"]), answer.get("headers") or {}, data

    def _resource(self, path: str) -> tuple[str | None, dict[str, str]]:
        given = path.strip("/").split("/")
        for resource in self._routes:
            pattern = resource.strip("/").split("/")
            if len(pattern) == len(given) and all(
                want.startswith("{") or want == have for want, have in zip(pattern, given, strict=True)
            ):
                pairs = zip(pattern, given, strict=True)
                return resource, {want[1:-1]: unquote(have) for want, have in pairs if want.startswith("{")}
        return None, {}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    gateway: _Gateway

    def _serve(self) -> None:
        length = self.headers.get("Content-Length", "0")
        body = self.rfile.read(int(length))
        status, headers, data = self.gateway.call(self.command, self.path, dict(self.headers.items()), body)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = do_PUT = _serve  # noqa: N815 - the names that http.server looks for

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""
