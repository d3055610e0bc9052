"""Clients for AWS services without botocore, for what Lambda functions ask of them.

botocore reads its service models and builds clients from them at each cold start, and takes a millisecond for each
call; these know the protocols and no models: JSON (1.0 and 1.1) and, for objects, S3's REST. They have the names,
arguments, results and errors of botocore's clients, so that the adapters can't tell them apart; the contract suite
holds them to it.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlsplit

from chalicelib.adapters.aws.failures import UNAVAILABLE, AwsError
from chalicelib.adapters.aws.signing import DIGEST_HEADER, Credentials, Signer
from chalicelib.adapters.aws.wire import Answer, Wire
from chalicelib.adapters.clock import SystemClock
from chalicelib.core.errors import UnavailableError

JSON_SERVICES: Mapping[str, tuple[str, str, frozenset[str]]] = {
    "sqs": (
        "1.0",
        "AmazonSQS",
        frozenset(
            {
                "ChangeMessageVisibility",
                "DeleteMessageBatch",
                "GetQueueAttributes",
                "GetQueueUrl",
                "ReceiveMessage",
                "SendMessageBatch",
            }
        ),
    ),
    "dynamodb": (
        "1.0",
        "DynamoDB_20120810",
        frozenset({"BatchGetItem", "DeleteItem", "GetItem", "PutItem", "Query", "TransactWriteItems"}),
    ),
    "secretsmanager": (
        "1.1",
        "secretsmanager",
        frozenset({"CreateSecret", "GetSecretValue", "PutSecretValue"}),
    ),
}
"""Service -> version of its JSON, what its operations' names begin with on the wire, the operations that are used
(from the services' models, botocore 1.44)."""

_TOKENED = frozenset({"CreateSecret", "PutSecretValue", "TransactWriteItems"})
"""Operations whose repetition is known by a token, which botocore adds unasked."""
_ENDPOINTS = {"secretsmanager": "SECRETS_MANAGER"}
"""How a service is written in AWS_ENDPOINT_URL_<SERVICE>, where that is not its name."""
_SUFFIXES = (
    (re.compile(r"(us-gov|us|eu|ap|sa|ca|me|af|il|mx)-[a-z]+-\d+"), "amazonaws.com"),
    (re.compile(r"cn-[a-z]+-\d+"), "amazonaws.com.cn"),
)
"""Regions of the partitions aws, aws-us-gov and aws-cn. Others have addresses of their own: botocore knows them."""
_UNUSUAL = (
    "AWS_PROFILE",
    "AWS_USE_DUALSTACK_ENDPOINT",
    "AWS_USE_FIPS_ENDPOINT",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "https_proxy",
    "http_proxy",
)
"""Settings that botocore heeds and we do not: where one is set, botocore is used."""
_AGAIN = frozenset({500, 502, 503, 504})
_CODE = re.compile(rb"<Code>([^<]{1,100})</Code>")


Around = Callable[[str, str], AbstractContextManager[object]]
"""What is put around each call: by service and operation."""


def nothing(service: str, operation: str) -> AbstractContextManager[None]:
    """Around a call that nobody looks at."""
    return nullcontext()


class LightClients:
    """Makes clients, as `clients.AwsClients` does. ``endpoints``: addresses by service, instead of AWS's own; ``wire``
    makes the way to one address; ``around``: for traces."""

    def __init__(
        self,
        credentials: Credentials,
        region: str,
        *,
        endpoints: Mapping[str, str] | None = None,
        wire: Callable[[str], Wire] = Wire,
        now: Callable[[], datetime] | None = None,
        around: Around = nothing,
    ) -> None:
        self._around = around
        self._credentials = credentials
        self._region = region
        self._endpoints = dict(endpoints or {})
        self._wires: list[Wire] = []
        self._make_wire = wire
        self._now = now or SystemClock().now
        self._clients: dict[str, Any] = {}

    def client(self, service: str) -> Any:
        """The client of ``dynamodb``, ``sqs``, ``s3``, ``secretsmanager``; always the same one. Does no I/O."""
        if service not in self._clients:
            signer = Signer(self._credentials, service, self._region)
            url = self._endpoints.get(service, "")
            if service == "s3":
                self._clients[service] = LightS3(signer, self._region, url, self._wire, self._now, self._around)
            else:
                wire = self._wire(url or f"https://{service}.{self._region}.{suffix(self._region)}")
                self._clients[service] = LightJson(service, signer, wire, self._now, self._around)
        return self._clients[service]

    def close(self) -> None:
        """End the connections that nobody uses just now."""
        for wire in self._wires:
            wire.close()

    def _wire(self, url: str) -> Wire:
        self._wires.append(self._make_wire(url))
        return self._wires[-1]


def suffix(region: str) -> str:
    """What hosts in `region` end with; empty for a region of a partition that we do not know."""
    return next((ending for known, ending in _SUFFIXES if known.fullmatch(region)), "")


def from_environment(env: Mapping[str, str], around: Around = nothing) -> LightClients | None:
    """Clients with the keys and the region that Lambda sets. None where the environment says something that only
    botocore understands: a profile, FIPS, a proxy, another partition, keys that must be fetched."""
    region = env.get("AWS_REGION") or env.get("AWS_DEFAULT_REGION") or ""
    access, secret = env.get("AWS_ACCESS_KEY_ID"), env.get("AWS_SECRET_ACCESS_KEY")
    if not access or not secret or not suffix(region) or any(env.get(name) for name in _UNUSUAL):
        return None
    cafile = env.get("AWS_CA_BUNDLE")
    return LightClients(
        Credentials(access, secret, env.get("AWS_SESSION_TOKEN", "")),
        region,
        endpoints=_endpoints(env),
        wire=lambda url: Wire(url, cafile=cafile),
        around=around,
    )


def _endpoints(env: Mapping[str, str]) -> dict[str, str]:
    if env.get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "").lower() == "true":
        return {}
    everywhere = env.get("AWS_ENDPOINT_URL", "")
    named = {
        name: env.get(f"AWS_ENDPOINT_URL_{_ENDPOINTS.get(name, name.upper())}") or everywhere
        for name in (*JSON_SERVICES, "s3")
    }
    return {name: url for name, url in named.items() if url}


class LightJson:
    """A service that speaks JSON. ``client.get_item(TableName=...)`` gives the answer as a dictionary; AwsError for
    what the service refuses, UnavailableError where it could not be reached."""

    def __init__(self, service: str, signer: Signer, wire: Wire, now: Callable[[], datetime], around: Around) -> None:
        self._service = service
        self._around = around
        version, self._prefix, operations = JSON_SERVICES[service]
        self._names = {_snake(operation): operation for operation in operations}
        self._type = f"application/x-amz-json-{version}"
        self._signer = signer
        self._wire = wire
        self._now = now

    def __getattr__(self, name: str) -> Callable[..., dict[str, Any]]:
        operation = self.__dict__.get("_names", {}).get(name)
        if operation is None:
            raise AttributeError(name)

        def call(**parameters: Any) -> dict[str, Any]:
            return self._call(operation, parameters)

        return call

    def _call(self, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
        if operation in _TOKENED:
            parameters.setdefault("ClientRequestToken", os.urandom(16).hex())
        body = json.dumps(parameters, separators=(",", ":")).encode()
        headers = {
            "content-type": self._type,
            "host": self._wire.host,
            "x-amz-target": f"{self._prefix}.{operation}",
        }
        if self._prefix == "AmazonSQS":
            headers["x-amzn-query-mode"] = "true"  # else its errors have other names than botocore's
        path = self._wire.base + "/"

        def attempt() -> tuple[str, str, dict[str, str], bytes]:
            return "POST", path, self._signer.signed("POST", path, headers, body, self._now()), body

        with self._around(self._service, operation):
            answer = self._wire.ask(operation, attempt, _comes_again)
        if answer.status != 200:
            raise _refused(operation, answer)
        try:
            found: dict[str, Any] = json.loads(answer.body or b"{}")
        except ValueError:
            raise UnavailableError(f"{operation}: an answer that can't be read") from None
        return found


class LightS3:
    """Objects. Buckets are addressed by host on AWS, by path elsewhere (and where a dot in the name breaks TLS)."""

    def __init__(
        self,
        signer: Signer,
        region: str,
        url: str,
        wire: Callable[[str], Wire],
        now: Callable[[], datetime],
        around: Around,
    ) -> None:
        self._around = around
        self._signer = signer
        self._region = region
        self._url = url
        self._wire = wire
        self._now = now
        self._wires: dict[str, tuple[Wire, str]] = {}

    def put_object(self, *, Bucket: str, Key: str, Body: bytes, ContentType: str) -> dict[str, Any]:  # noqa: N803
        """As botocore's."""
        self._call("PutObject", "PUT", Bucket, Key, Body, {"content-type": ContentType})
        return {}

    def get_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803
        """As botocore's; the body is read already."""
        return {"Body": io.BytesIO(self._call("GetObject", "GET", Bucket, Key, b"", {}).body)}

    def _call(
        self, operation: str, method: str, bucket: str, key: str, body: bytes, headers: Mapping[str, str]
    ) -> Answer:
        wire, prefix = self._place(bucket)
        path = f"{wire.base}{prefix}/{quote(key, safe='/~')}"
        all_headers = {**headers, "host": wire.host, DIGEST_HEADER: hashlib.sha256(body).hexdigest()}

        def attempt() -> tuple[str, str, dict[str, str], bytes]:
            return method, path, self._signer.signed(method, path, all_headers, body, self._now()), body

        with self._around("s3", operation):
            answer = wire.ask(operation, attempt, lambda answer: answer.status in _AGAIN or answer.status == 429)
        if answer.status != 200:
            found = _CODE.search(answer.body)
            code = found[1].decode("utf-8", "replace") if found else str(answer.status)
            raise AwsError(operation, {"Error": {"Code": code}, **_metadata(answer)})
        return answer

    def _place(self, bucket: str) -> tuple[Wire, str]:
        if bucket not in self._wires:
            url = self._url or f"https://s3.{self._region}.{suffix(self._region)}"
            parts = urlsplit(url)
            if self._url or "." in bucket:
                self._wires[bucket] = (self._wire(url), f"/{quote(bucket, safe='~')}")
            else:
                self._wires[bucket] = (self._wire(f"{parts.scheme}://{bucket}.{parts.netloc}"), "")
        return self._wires[bucket]


def _snake(operation: str) -> str:
    return re.sub(r"(?<!^)([A-Z])", r"_\1", operation).lower()


def _object(body: bytes) -> dict[str, Any]:
    """What an error's body holds, as far as it can be read."""
    try:
        found = json.loads(body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _metadata(answer: Answer) -> dict[str, Any]:
    return {"ResponseMetadata": {"HTTPStatusCode": answer.status, "HTTPHeaders": dict(answer.headers)}}


def _code(answer: Answer) -> str:
    """By the query-compatible header, the body's type, or the header of the same meaning."""
    named = answer.headers.get("x-amzn-query-error", "").partition(";")[0]
    body = _object(answer.body)
    text = named or str(body.get("__type") or body.get("code") or answer.headers.get("x-amzn-errortype", ""))
    return text.rpartition("#")[2].partition(":")[0] or str(answer.status)


def _comes_again(answer: Answer) -> bool:
    return answer.status in _AGAIN or (answer.status >= 400 and _code(answer) in UNAVAILABLE)


def _refused(operation: str, answer: Answer) -> AwsError:
    """The error as botocore shows it: its code, and what else the service tells (items of failed conditions)."""
    told = {name: value for name, value in _object(answer.body).items() if name not in ("__type", "message", "Message")}
    return AwsError(operation, {**told, "Error": {"Code": _code(answer)}, **_metadata(answer)})
