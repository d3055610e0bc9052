"""FIFO queues on SQS."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from chalicelib.adapters.aws.failures import code_of, failure_for, refusals, reporting
from chalicelib.adapters.queue_rules import MAX_BATCH, MAX_BODY_BYTES, MAX_VISIBILITY_SECONDS, acceptable
from chalicelib.core.errors import CareloopError, UnavailableError
from chalicelib.ports.services import QueueMessage, ReceivedMessage

_STALE_RECEIPT = frozenset(
    {"InvalidParameterValue", "InvalidReceiptHandle", "MessageNotInflight", "ReceiptHandleIsInvalid"}
)
"""What SQS says about a receipt whose visibility ran out, or whose message is gone."""


class SqsQueue:
    """Implements ports.services.Queue. ``name``: of a FIFO queue, whose address is asked for at the first call; or the
    address itself."""

    def __init__(self, client: Any, name: str) -> None:
        self._client = client
        self._name = name
        self._url = name if name.startswith(("https://", "http://")) else ""

    @property
    def url(self) -> str:
        """The queue's address. Raises ConfigurationError when there is no such queue."""
        if not self._url:
            with reporting(f"GetQueueUrl {self._name}"):
                self._url = str(self._client.get_queue_url(QueueName=self._name)["QueueUrl"])
        return self._url

    def send(self, messages: Sequence[QueueMessage]) -> None:
        """As the port says: after an error the caller repeats all, and those that were taken are known by their
        deduplication ids. ValueError for what SQS does not take; then nothing is sent."""
        for batch in _batches(acceptable(messages)):
            entries = [
                {
                    "Id": str(index),
                    "MessageBody": item.body,
                    "MessageGroupId": item.group,
                    "MessageDeduplicationId": item.dedup,
                }
                for index, item in enumerate(batch)
            ]
            with reporting("SendMessageBatch"):
                answer = self._client.send_message_batch(QueueUrl=self.url, Entries=entries)
            if answer.get("Failed"):
                raise _failure("SendMessageBatch", answer["Failed"])

    def receive(self, maximum: int = 10, *, visibility: float | None = None) -> Sequence[ReceivedMessage]:
        parameters: dict[str, Any] = {
            "QueueUrl": self.url,
            "MaxNumberOfMessages": min(maximum, MAX_BATCH),
            "MessageSystemAttributeNames": ["ApproximateReceiveCount", "MessageGroupId", "SentTimestamp"],
        }
        if visibility is not None:
            parameters["VisibilityTimeout"] = _whole(visibility)
        with reporting("ReceiveMessage"):
            answer = self._client.receive_message(**parameters)
        return [_received(item) for item in answer.get("Messages", ())]

    def delete(self, receipts: Sequence[str]) -> None:
        wanted = list(dict.fromkeys(receipts))
        for start in range(0, len(wanted), MAX_BATCH):
            entries = [
                {"Id": str(index), "ReceiptHandle": receipt}
                for index, receipt in enumerate(wanted[start : start + MAX_BATCH])
            ]
            with reporting("DeleteMessageBatch"):
                answer = self._client.delete_message_batch(QueueUrl=self.url, Entries=entries)
            failed = [item for item in answer.get("Failed", ()) if item.get("Code") not in _STALE_RECEIPT]
            if failed:
                raise _failure("DeleteMessageBatch", failed)

    def release(self, receipt: str, *, delay: float = 0.0) -> None:
        try:
            with reporting("ChangeMessageVisibility"):
                self._client.change_message_visibility(
                    QueueUrl=self.url, ReceiptHandle=receipt, VisibilityTimeout=_whole(delay)
                )
        except refusals() as error:
            if code_of(error).rpartition(".")[2] not in _STALE_RECEIPT:
                raise

    def depth(self) -> int:
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        with reporting("GetQueueAttributes"):
            answer = self._client.get_queue_attributes(QueueUrl=self.url, AttributeNames=names)
        return sum(int(answer["Attributes"][name]) for name in names)


def _batches(messages: Sequence[QueueMessage]) -> Iterator[Sequence[QueueMessage]]:
    """In order, at most ten and at most a mebibyte at a time."""
    batch: list[QueueMessage] = []
    size = 0
    for item in messages:
        own = len(item.body.encode("utf-8"))
        if batch and (len(batch) == MAX_BATCH or size + own > MAX_BODY_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(item)
        size += own
    if batch:
        yield batch


def _whole(seconds: float) -> int:
    """SQS knows whole seconds; a part of one becomes one, so that nothing comes back too early."""
    return int(min(max(-(-seconds // 1), 0), MAX_VISIBILITY_SECONDS))


def _received(item: Mapping[str, Any]) -> ReceivedMessage:
    attributes = item["Attributes"]
    return ReceivedMessage(
        id=item["MessageId"],
        receipt=item["ReceiptHandle"],
        body=item["Body"],
        group=attributes["MessageGroupId"],
        receive_count=int(attributes["ApproximateReceiveCount"]),
        sent_at=datetime.fromtimestamp(int(attributes["SentTimestamp"]) / 1000, UTC),
    )


def _failure(what: str, failed: Sequence[Mapping[str, Any]]) -> CareloopError:
    """The error for a batch of which a part was refused."""
    code = str(failed[0].get("Code", ""))
    return failure_for(code, what) or UnavailableError(f"{what}: {len(failed)} refused: {code}")
