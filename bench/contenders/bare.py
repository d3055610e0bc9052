"""The floor: what is left when one signature is checked and one message sent, with boto3 and nothing else."""

import base64
import hashlib
import hmac
import json
import os

import boto3

sqs = boto3.client("sqs")
SECRET = os.environ["BENCH_SECRET"].encode()
QUEUE = os.environ["BENCH_QUEUE_URL"]


def handler(event, context):
    """Check the signature, send the body, answer."""
    body = event["body"].encode()
    if event["isBase64Encoded"]:
        body = base64.b64decode(body)
    signature = "sha256=" + hmac.new(SECRET, body, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(signature, event["headers"]["X-Hub-Signature-256"]):
        return {"statusCode": 401, "body": ""}
    sender = json.loads(body)["entry"][0]["id"]
    sqs.send_message(
        QueueUrl=QUEUE,
        MessageBody=body.decode(),
        MessageGroupId=sender,
        MessageDeduplicationId=hashlib.sha256(body).hexdigest(),
    )
    return {"statusCode": 200, "body": ""}
