"""Event source mappings: which function takes from which queue, and how.

Chalice makes them, one message at a time, and can't ask for partial batch responses. This sets what makes them fast,
and mends what a deploy that failed half way left: a mapping that Chalice did not record would make its next deploy
fail, since AWS allows one per queue and function.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from careloop.deploying.cloud import Cloud, DeployError
from careloop.deploying.project import Stage

BATCH_SIZE = 10
"""The most that a FIFO queue gives; Lambda developer guide, "Using Lambda with Amazon SQS" (November 2026)."""
PARTIAL = "ReportBatchItemFailures"
CONCURRENCY = {"inbound": 10, "outbound": 10, "jobs": 5, "dead_letters": 2}
"""How many workers a queue may have at once unless it was set otherwise: the public function needs its share."""
LEAST_CONCURRENCY, MOST_CONCURRENCY = 2, 1000
_NO_QUEUE = ("AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist")
_GONE = ("ResourceNotFoundException",)
_BUSY = ("ResourceInUseException",)
_SETTLED = frozenset({"Enabled", "Disabled"})


@dataclass(frozen=True, slots=True, kw_only=True)
class EventSource:
    """One event source mapping as AWS tells it. ``function``: the name, without version or alias."""

    id: str
    queue_arn: str
    function_arn: str
    function: str
    state: str
    batch_size: int
    partial: bool
    concurrency: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """A consumer, its mapping, and what was done."""

    function: str
    queue: str
    mapping: EventSource
    done: str


class Mappings:
    """The mappings of a stage's queues."""

    def __init__(self, cloud: Cloud, stage: Stage) -> None:
        self._cloud = cloud
        self._stage = stage

    def bind(self, concurrency: Mapping[str, int]) -> Iterator[Bound]:
        """Make each consumer's mapping fast: batches, partial responses, and how many at once.

        ``concurrency``: function -> workers at once; what is not in it stays as it is in AWS, or becomes the default.
        Raises DeployError when a function has no mapping yet, or another function takes from the same queue."""
        for function, queue in self._stage.queues.items():
            mine, others = self._sorted(function, queue)
            if others:
                raise DeployError(
                    f"{queue} also feeds {', '.join(sorted({item.function for item in others}))}: each message would go"
                    f" to one of them by chance. Remove what is not meant: aws lambda delete-event-source-mapping"
                    f" --uuid {others[0].id}"
                )
            if not mine:
                raise DeployError(
                    f"{self._stage.function(function)} does not take from {queue} yet:"
                    f" chalice deploy --stage {self._stage.name}"
                )
            for surplus in mine[1:]:
                self._remove(surplus)
            wanted = concurrency.get(function) or mine[0].concurrency or CONCURRENCY[function]
            yield Bound(
                function=function,
                queue=queue,
                mapping=(changed := self._set(mine[0], wanted)),
                done=_told(mine, changed),
            )

    def clear(self, recorded: Mapping[str, str]) -> Iterator[tuple[str, EventSource]]:
        """Remove what would be in the way of `chalice deploy`: mappings of functions that are no more, and all but one
        of a function's own. ``recorded``: function -> the mapping that Chalice knows; it is the one that stays.
        Yields function and mapping of those that stay."""
        for function, queue in self._stage.queues.items():
            mine, others = self._sorted(function, queue)
            for item in others:
                if not self._exists(item.function):
                    self._remove(item)
            mine.sort(key=lambda item: item.id != recorded.get(function))
            if not mine:
                continue
            for surplus in mine[1:]:
                self._remove(surplus)
            if self._exists(self._stage.function(function)):
                yield function, mine[0]
            else:
                self._remove(mine[0])

    def delete(self) -> list[EventSource]:
        """Remove the mappings of the stage's functions, and of functions that are no more. Returns them."""
        removed = []
        for function, queue in self._stage.queues.items():
            mine, others = self._sorted(function, queue)
            removed += [*mine, *(item for item in others if not self._exists(item.function))]
        for item in removed:
            self._remove(item)
        return removed

    def of_queue(self, queue: str) -> list[EventSource]:
        """All mappings of a queue, in a state that can be changed; [] when there is no such queue."""
        found = self._cloud.call("sqs", "get_queue_url", missing=_NO_QUEUE, QueueName=queue)
        if found is None:
            return []
        attributes = self._cloud.call(
            "sqs", "get_queue_attributes", QueueUrl=found["QueueUrl"], AttributeNames=["QueueArn"]
        )
        arn = attributes["Attributes"]["QueueArn"]
        listed = self._cloud.each("lambda", "list_event_source_mappings", "EventSourceMappings", EventSourceArn=arn)
        settled = [self._settled(str(item["UUID"])) for item in list(listed)]
        return [item for item in settled if item is not None]

    def _sorted(self, function: str, queue: str) -> tuple[list[EventSource], list[EventSource]]:
        name = self._stage.function(function)
        found = self.of_queue(queue)
        return [item for item in found if item.function == name], [item for item in found if item.function != name]

    def _settled(self, uuid: str) -> EventSource | None:
        """The mapping once AWS is not changing it; None when it is gone."""
        found: EventSource | None = None

        def done() -> bool:
            nonlocal found
            answer = self._cloud.call("lambda", "get_event_source_mapping", missing=_GONE, UUID=uuid)
            found = _mapping(answer) if answer else None
            return found is None or found.state in _SETTLED

        self._cloud.wait(f"event source mapping {uuid}", done)
        return found

    def _set(self, item: EventSource, concurrency: int) -> EventSource:
        wanted = (BATCH_SIZE, True, concurrency, "Enabled")
        if (item.batch_size, item.partial, item.concurrency, item.state) == wanted:
            return item

        def done() -> bool:
            answer = self._cloud.call(
                "lambda",
                "update_event_source_mapping",
                missing=_BUSY,
                UUID=item.id,
                BatchSize=BATCH_SIZE,
                FunctionResponseTypes=[PARTIAL],
                ScalingConfig={"MaximumConcurrency": concurrency},
                Enabled=True,
            )
            return answer is not None

        self._cloud.wait(f"event source mapping {item.id}", done)
        changed = self._settled(item.id)
        if changed is None or not changed.partial:
            raise DeployError(f"event source mapping {item.id} did not take {PARTIAL}: run careloop bind again")
        return changed

    def _remove(self, item: EventSource) -> None:
        def done() -> bool:
            if self._cloud.call("lambda", "get_event_source_mapping", missing=_GONE, UUID=item.id) is None:
                return True
            self._cloud.call("lambda", "delete_event_source_mapping", missing=(*_GONE, *_BUSY), UUID=item.id)
            return self._cloud.call("lambda", "get_event_source_mapping", missing=_GONE, UUID=item.id) is None

        self._cloud.wait(f"removal of event source mapping {item.id}", done)

    def _exists(self, function: str) -> bool:
        return (
            self._cloud.call("lambda", "get_function_configuration", missing=_GONE, FunctionName=function) is not None
        )


def _mapping(item: Mapping[str, Any]) -> EventSource:
    arn = str(item["FunctionArn"])
    return EventSource(
        id=str(item["UUID"]),
        queue_arn=str(item["EventSourceArn"]),
        function_arn=arn,
        function=arn.partition(":function:")[2].partition(":")[0],
        state=str(item.get("State", "")),
        batch_size=int(item.get("BatchSize", 0)),
        partial=PARTIAL in item.get("FunctionResponseTypes", ()),
        concurrency=item.get("ScalingConfig", {}).get("MaximumConcurrency"),
    )


def _told(before: Sequence[EventSource], after: EventSource) -> str:
    said = "as it was" if before[0] == after else "set"
    return f"{said}, {len(before) - 1} doubled removed" if before[1:] else said
