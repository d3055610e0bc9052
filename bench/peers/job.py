"""The job itself, as everybody writes it: what the peers share, so that they differ in nothing but the framework."""

from __future__ import annotations

import hashlib
import hmac
import json
import os

import boto3

SECRET = os.environ["BENCH_SECRET"].encode()
QUEUE = os.environ["BENCH_QUEUE_URL"]
SIGNATURE = "x-hub-signature-256"
sqs = boto3.client("sqs")


def work(body: bytes, signature: str) -> tuple[int, str]:
    """Verify, parse, send; returns status and body of the answer."""
    expected = "sha256=" + hmac.new(SECRET, body, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected.encode(), signature.encode()):
        return 401, '{"error":"signature"}'
    for entry in json.loads(body)["entry"]:
        for change in entry.get("changes", ()):
            value = change["value"]
            sqs.send_message(
                QueueUrl=QUEUE,
                MessageBody=json.dumps({"field": change["field"], "page": entry["id"], "value": value}),
                MessageGroupId=f"{entry['id']}-{value['from']['id']}",
                MessageDeduplicationId=f"{entry['id']}-{value['comment_id']}-{value['verb']}",
            )
    return 200, '{"status":"ok"}'
