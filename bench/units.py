"""What calls are billed by: DynamoDB's request units, 64 KB of a queue's payload, bytes stored, sent and logged.

Computed from the very parameters and answers of each call, by the rules of DynamoDB's developer guide ("Item sizes and
formats", "Read and write operations") and its page of prices (2026-08): an item of a transaction counts twice. DynamoDB
Local agrees on single items; for a transaction it counts something else, so it is no judge here.
"""

from __future__ import annotations

import json
import math
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

Attribute = Mapping[str, Any]
Key = tuple[str, str]
Place = tuple[str, str]
"""Flow and function."""
WRITE_UNIT, READ_UNIT, QUEUE_UNIT = 1024, 4096, 64 * 1024
ITEM_OVERHEAD = 100
"""Bytes that DynamoDB adds to each stored item when it bills storage."""
DAY = 86400


def attribute_bytes(value: Attribute) -> int:
    """One attribute's value. Numbers are rounded up, as their exact form is DynamoDB's secret."""
    kind, content = next(iter(value.items()))
    if kind == "S":
        return len(content.encode("utf-8"))
    if kind == "N":
        return (len(content.lstrip("-").replace(".", "")) + 1) // 2 + 1
    return 1  # BOOL, NULL: the adapter writes no other kind


def item_bytes(item: Mapping[str, Attribute]) -> int:
    """An item with the names of its attributes."""
    return sum(len(name.encode("utf-8")) + attribute_bytes(value) for name, value in item.items())


def units(size: int, unit: int) -> int:
    """Rounded up, one at least."""
    return max(1, math.ceil(size / unit))


class Units:
    """Sums by flow and function. ``place`` tells where we are, None: nothing is summed; ``now``: the time."""

    def __init__(self, place: Callable[[], Place | None], now: Callable[[], datetime]) -> None:
        self._place = place
        self._now = now
        self.sums: defaultdict[Place, Counter[str]] = defaultdict(Counter)
        self.series: set[tuple[str, ...]] = set()
        """Custom metrics: name and the values of their dimensions."""
        self._asked: Mapping[str, Any] = {}
        self._stored: dict[Key, tuple[int, int | None]] = {}
        self._before: defaultdict[str, dict[Key, int]] = defaultdict(dict)

    def add(self, name: str, amount: int) -> None:
        """Something that is billed."""
        place = self._place()
        if place is not None:
            self.sums[place][name] += amount

    # -- calls to AWS, as botocore's events tell them ------------------------------------------------------------------

    def watch(self, events: Any) -> None:
        """Look at every call of a client."""
        events.register("before-parameter-build", self._asks)
        events.register("after-call", self._answered)

    def _asks(self, params: Mapping[str, Any], **_: Any) -> None:
        self._asked = params

    def _answered(self, model: Any, parsed: Mapping[str, Any], **_: Any) -> None:
        look = getattr(self, f"_on_{model.name}", None)
        self.add(f"aws_calls_{model.service_model.service_id.lower().replace(' ', '_')}", 1)
        if look is not None:
            look(self._asked, parsed)

    def _on_GetItem(self, asked: Mapping[str, Any], told: Mapping[str, Any]) -> None:  # noqa: N802
        self.add("read_units", units(item_bytes(told.get("Item", {})), READ_UNIT))

    def _on_BatchGetItem(self, asked: Mapping[str, Any], told: Mapping[str, Any]) -> None:  # noqa: N802
        found = [item for items in told.get("Responses", {}).values() for item in items]
        wanted = sum(len(table["Keys"]) for table in asked["RequestItems"].values())
        self.add("read_units", sum(units(item_bytes(item), READ_UNIT) for item in found) + wanted - len(found))

    def _on_Query(self, asked: Mapping[str, Any], told: Mapping[str, Any]) -> None:  # noqa: N802
        self.add("read_units", units(sum(item_bytes(item) for item in told.get("Items", ())), READ_UNIT))

    def _on_PutItem(self, asked: Mapping[str, Any], told: Mapping[str, Any]) -> None:  # noqa: N802
        self._write("Put", asked, 1, applied="Error" not in told)

    def _on_DeleteItem(self, asked: Mapping[str, Any], told: Mapping[str, Any]) -> None:  # noqa: N802
        self._write("Delete", asked, 1, applied="Error" not in told)

    def _on_TransactWriteItems(self, asked: Mapping[str, Any], told: Mapping[str, Any]) -> None:  # noqa: N802
        for action in asked["TransactItems"]:
            for kind, change in action.items():
                self._write(kind, change, 2, applied="Error" not in told)

    def _write(self, kind: str, change: Mapping[str, Any], factor: int, *, applied: bool) -> None:
        """The larger of the item before and after it counts; in a transaction twice."""
        item = change.get("Item", {})
        named = item or change["Key"]
        key = named["pk"]["S"], named["sk"]["S"]
        before, after = self._stored.get(key, (0, None))[0], item_bytes(item)
        self.add("write_units", factor * units(max(before, after), WRITE_UNIT))
        if not applied or kind == "ConditionCheck":
            return
        place = self._place()
        if place is not None:
            self._before[place[0]].setdefault(key, _kept(before))
        if kind == "Delete":
            self._stored.pop(key, None)
        else:
            ends = item.get("expires_at", {}).get("N")
            self._stored[key] = after, int(ends) if ends else None

    def _on_SendMessageBatch(self, asked: Mapping[str, Any], told: Mapping[str, Any]) -> None:  # noqa: N802
        size = sum(len(entry["MessageBody"].encode("utf-8")) for entry in asked["Entries"])
        self.add("queue_requests", units(size, QUEUE_UNIT))
        self.add("queue_messages", len(asked["Entries"]))

    def _on_PutObject(self, asked: Mapping[str, Any], told: Mapping[str, Any]) -> None:  # noqa: N802
        self.add("objects", 1)
        body = asked["Body"]  # botocore has made a file of it
        self.add("object_bytes", len(body) if isinstance(body, bytes) else body.getbuffer().nbytes)

    # -- what stays ----------------------------------------------------------------------------------------------------

    def kept(self, flow: str) -> Mapping[int, int]:
        """Days -> bytes that a flow left in the table for so long; 0 days: for good. What goes within a day is left
        out."""
        found: Counter[int] = Counter()
        now = self._now().timestamp()
        for key, before in self._before[flow].items():
            size, ends = self._stored.get(key, (0, None))
            days = 0 if ends is None else round((ends - now) / DAY)
            if days or ends is None:
                found[days] += _kept(size) - before
        return {days: size for days, size in sorted(found.items()) if size}

    # -- a stream for logs ---------------------------------------------------------------------------------------------

    def write(self, text: str) -> int:
        """One line, or a part of it, of the log."""
        self.add("log_bytes", len(text.encode("utf-8")))
        if '"_aws"' in text:
            self._note_series(json.loads(text))
        return len(text)

    def flush(self) -> None:
        """A stream has it."""

    def _note_series(self, line: Mapping[str, Any]) -> None:
        if self._place() is None:
            return
        for directive in line["_aws"]["CloudWatchMetrics"]:
            for dimensions in directive["Dimensions"]:
                values = [f"{name}={line[name]}" for name in sorted(dimensions)]
                self.series |= {(metric["Name"], *values) for metric in directive["Metrics"]}


def _kept(size: int) -> int:
    return size + ITEM_OVERHEAD if size else 0
