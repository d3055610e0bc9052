"""Documents as text, times as numbers, and a small memory of what was last seen."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

from chalicelib.core.codec import from_json, to_json
from chalicelib.ports.table import Item

K = TypeVar("K")
V = TypeVar("V")


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """How long what was dealt with is remembered. Cases and contacts stay until they are removed."""

    ledger: timedelta = timedelta(days=400)
    """Ledger entries: for so long the same event again is known as a repetition."""
    messages: timedelta = timedelta(days=400)
    """What we know of a message: for so long its edit, deletion or echo finds the case."""
    deliveries: timedelta = timedelta(days=400)


def document(value: Any) -> str:
    """JSON text of a core value. Half characters, which no database takes, are written as escapes."""
    return writable(to_json(value))


def writable(text: str) -> str:
    """JSON text that can be encoded in UTF-8, with the same meaning."""
    if not text.isascii():
        try:
            text.encode("utf-8")
        except UnicodeEncodeError:
            return json.dumps(json.loads(text), separators=(",", ":"))
    return text


def read(cls: type[V], item: Item) -> V:
    """The value that an item's ``doc`` holds. Raises PayloadError when it can't be read."""
    value: V = from_json(cls, str(item["doc"]))
    return value


def seconds(moment: datetime) -> int:
    """Unix seconds, whole."""
    return int(moment.timestamp())


class Remembered(Generic[K, V]):
    """The latest `size` values by key, safe among threads. A hint only: what is not here is read from the table."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._values: OrderedDict[K, V] = OrderedDict()
        self._lock = threading.Lock()

    def find(self, key: K) -> V | None:
        """The value, or None."""
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
                return self._values[key]
            return None

    def keep(self, key: K, value: V) -> None:
        """Remember; what was not asked for longest is forgotten."""
        with self._lock:
            self._values[key] = value
            self._values.move_to_end(key)
            if len(self._values) > self._size:
                self._values.popitem(last=False)

    def forget(self, key: K) -> None:
        """Drop, if it is there."""
        with self._lock:
            self._values.pop(key, None)
