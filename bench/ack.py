"""The webhook's answer: processor time of the public function, cold and warm, beside a bare handler's.

A fresh process for each round: the import and the first webhook are "cold", one webhook after that is "warm". Every
contender gets the same signed webhooks of Facebook's and talks, over TLS, to the same stand-in of AWS, so that the time
is that of the processor alone: no network, no service.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.cloud import Cloud, running
from chalicelib.adapters.records import keys
from chalicelib.adapters.records.documents import document
from chalicelib.adapters.secret_documents import verification_name, write_verification
from chalicelib.core.account import Account, ConnectionKind, Endpoint
from chalicelib.core.ids import AccountId, AccountKey

ROOT = Path(__file__).resolve().parent.parent
FLOOR, OURS = "bare handler, boto3", "careloop"
CONTENDERS: Mapping[str, str] = {
    OURS: "bench.contenders.ours",
    FLOOR: "bench.contenders.bare",
}
"""Name -> module with ``handler``. Peers join here."""
AIM = 1.0
ROUNDS = 9
WARM = 100
SECRET = "a secret of usual length, 32 bytes"
PAGE, ENDPOINT = "104857600123456", "main"
PATH = f"/webhooks/platform/facebook/{ENDPOINT}"
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_SESSION_TOKEN": "testing",
    "AWS_DEFAULT_REGION": "eu-central-1",
    "AWS_REGION": "eu-central-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_LAMBDA_FUNCTION_NAME": "careloop-bench",
    "CARELOOP_STAGE": "bench",
    "CARELOOP_TABLE": "careloop-bench",
    "CARELOOP_INBOUND_QUEUE": "careloop-bench-inbound.fifo",
    "CARELOOP_OUTBOUND_QUEUE": "careloop-bench-outbound.fifo",
    "CARELOOP_JOBS_QUEUE": "careloop-bench-jobs.fifo",
    "CARELOOP_ARCHIVE_BUCKET": "careloop-bench-archive",
    "CARELOOP_SECRETS_PREFIX": "careloop/bench",
    "BENCH_SECRET": SECRET,
    "BENCH_QUEUE_URL": "https://sqs.eu-central-1.amazonaws.com/123456789012/careloop-bench-inbound.fifo",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Processor milliseconds, medians over the rounds, and calls to AWS by operation: of a first webhook, of a later
    one."""

    imports: float
    first: float
    cold: float
    warm: float
    first_calls: Mapping[str, int]
    warm_calls: Mapping[str, float]


def new_cloud() -> Cloud:
    """The stand-in with one endpoint and one account in the directory, and the endpoint's secret."""
    kind = ConnectionKind.PLATFORM
    account = Account(key=AccountKey(platform="facebook", account=AccountId(PAGE)), title="Acme", helpdesk="desk")
    endpoint = Endpoint(kind=kind, connector="facebook", name=ENDPOINT, accounts=(AccountId(PAGE),))
    items = {
        keys.account(account.key): document(account),
        keys.endpoint(kind, "facebook", ENDPOINT): document(endpoint),
    }
    secret = write_verification({"app_secret": (SECRET,), "verify_token": ("token",)})
    return Cloud(items, {verification_name("careloop/bench", kind, "facebook", ENDPOINT): secret})


def events(number: int) -> Sequence[Mapping[str, Any]]:
    """Signed webhooks as API Gateway hands them over: a comment each, all different."""
    return [_event(_body(index)) for index in range(number)]


def _body(index: int) -> str:
    value = {
        "item": "comment",
        "verb": "add",
        "comment_id": f"{PAGE}_9{index}",
        "post_id": f"{PAGE}_9",
        "parent_id": f"{PAGE}_9",
        "from": {"id": f"77{index}", "name": "Dana Example"},
        "message": f"My order {index} has not arrived yet. Where is it?",
        "created_time": 1_795_000_000 + index,
    }
    change = {"field": "feed", "value": value}
    return json.dumps({"object": "page", "entry": [{"id": PAGE, "time": 1_795_000_000 + index, "changes": [change]}]})


def _event(body: str) -> Mapping[str, Any]:
    signature = hmac.new(SECRET.encode(), body.encode(), hashlib.sha256).hexdigest()
    headers = {
        "Accept": "*/*",
        "Content-Type": "application/json",
        "Host": "abcde12345.execute-api.eu-central-1.amazonaws.com",
        "User-Agent": "facebookexternalua",
        "X-Amzn-Trace-Id": "Root=1-67b1b1b1-0123456789abcdef01234567",
        "X-Forwarded-For": "192.0.2.1",
        "X-Forwarded-Port": "443",
        "X-Forwarded-Proto": "https",
        "X-Hub-Signature-256": f"sha256={signature}",
    }
    return {
        "resource": "/webhooks/platform/{name}/{endpoint}",
        "path": PATH,
        "httpMethod": "POST",
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "pathParameters": {"name": "facebook", "endpoint": ENDPOINT},
        "stageVariables": None,
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "abcde12345",
            "httpMethod": "POST",
            "identity": {"sourceIp": "192.0.2.1", "userAgent": "facebookexternalua"},
            "path": f"/api{PATH}",
            "protocol": "HTTP/1.1",
            "requestId": "00000000-0000-0000-0000-000000000000",
            "resourceId": "abc123",
            "resourcePath": "/webhooks/platform/{name}/{endpoint}",
            "stage": "api",
        },
        "body": body,
        "isBase64Encoded": False,
    }


def measure(contenders: Mapping[str, str] = CONTENDERS, *, rounds: int = ROUNDS) -> dict[str, Figures]:
    """Every contender, in turns, after one round that compiles."""
    taken: dict[str, list[dict[str, Any]]] = {name: [] for name in contenders}
    calls: dict[str, tuple[Counter[str], Counter[str]]] = {}
    cloud = new_cloud()
    with tempfile.TemporaryDirectory(prefix="careloop-bench-") as folder, running(cloud, Path(folder)) as there:
        environment = {**os.environ, **ENVIRONMENT, **there}
        for name, module in contenders.items():
            calls[name] = _calls(module, environment, cloud)
        for _ in range(rounds):
            for name, module in contenders.items():
                taken[name].append(once(module, WARM + 1, environment))
    return {name: _figures(taken[name], *calls[name]) for name in contenders}


def _calls(module: str, environment: Mapping[str, str], cloud: Cloud) -> tuple[Counter[str], Counter[str]]:
    """Calls of a first webhook, and of so many after it."""
    cloud.asked.clear()
    once(module, 1, environment)
    first = Counter(cloud.asked)
    cloud.asked.clear()
    once(module, WARM + 1, environment)
    return first, cloud.asked - first


def once(module: str, calls: int, environment: Mapping[str, str]) -> dict[str, Any]:
    """One fresh process. Raises RuntimeError unless every webhook was accepted."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.ack_once", module, str(calls)],
        input=json.dumps(events(calls)) + "\n",
        cwd=ROOT,
        env=dict(environment),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"{module}: {done.stderr}")
    found: dict[str, Any] = json.loads(done.stdout)
    if found["statuses"] != [200]:
        raise RuntimeError(f"{module}: answered {found['statuses']}")
    return found


def _figures(taken: Sequence[Mapping[str, Any]], first: Mapping[str, int], later: Mapping[str, int]) -> Figures:
    def median(name: str) -> float:
        return statistics.median(item[name] for item in taken)

    return Figures(
        imports=median("import"),
        first=median("first"),
        cold=median("cold"),
        warm=median("warm"),
        first_calls=dict(first),
        warm_calls={name: count / WARM for name, count in later.items()},
    )


def run(console: Console) -> bool:
    """Measure and print; False when ours is over the aim."""
    figures = measure()
    floor = figures[FLOOR]
    table = Table(title=f"Webhook to answer: processor time, median of {ROUNDS} fresh processes", title_justify="left")
    table.add_column("handler")
    for name in ("import ms", "first ms", "cold ms", "x floor", "warm ms", "x floor", "calls: first", "later"):
        table.add_column(name, justify="right")
    for name, item in figures.items():
        table.add_row(
            name,
            f"{item.imports:.0f}",
            f"{item.first:.1f}",
            f"{item.cold:.0f}",
            f"{item.cold / floor.cold:.2f}",
            f"{item.warm:.2f}",
            f"{item.warm / floor.warm:.2f}",
            str(sum(item.first_calls.values())),
            f"{sum(item.warm_calls.values()):.0f}",
        )
    console.print(table)
    ours = figures[OURS]
    console.print(f"Ours calls, first: {_told(ours.first_calls)}; later: {_told(ours.warm_calls)}.", highlight=False)
    return ours.cold <= AIM * floor.cold and ours.warm <= AIM * floor.warm


def _told(calls: Mapping[str, float]) -> str:
    return ", ".join(f"{count:g} {name}" for name, count in sorted(calls.items()))


if __name__ == "__main__":
    raise SystemExit(0 if run(Console()) else 1)
