"""A table of documents: the few primitives that both families of state stand on.

The stores of ``ports/stores.py`` are written once, over this port; DynamoDB and SQLite implement it. An item is a
document under a partition key ``pk`` and a sort key ``sk``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

Value = str | int | bool | None
"""Attributes are scalars; documents go in as JSON text under the attribute ``doc``. None: as if it were not there."""
Item = Mapping[str, Value]
Key = tuple[str, str]
"""(pk, sk)"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """What must hold of the stored item, all of it: ``exists`` (True/False/None: no matter), ``equals`` (attribute has
    this value; None: the attribute is absent), ``below`` (an int attribute is absent or smaller than this), ``one_of``
    (attribute is among these). A missing item is one without attributes; with ``or_absent`` it passes anyway. An
    expired item is missing. 1 and True differ."""

    exists: bool | None = None
    equals: Mapping[str, Value] | None = None
    below: Mapping[str, int] | None = None
    one_of: Mapping[str, tuple[str, ...]] | None = None
    or_absent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Put:
    """Store a whole item. ``expires_at``: unix seconds from which on it counts as absent and may vanish."""

    key: Key
    item: Item
    condition: Condition | None = None
    expires_at: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Delete:
    """Remove an item; absent is fine."""

    key: Key
    condition: Condition | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """Demand a condition without a change."""

    key: Key
    condition: Condition


Change = Put | Delete | Check


class ConditionFailed(Exception):
    """A condition did not hold. ``index``: which change; ``item``: the stored item that failed it, where known."""

    def __init__(self, index: int, item: Item | None) -> None:
        super().__init__(f"condition of change {index} does not hold")
        self.index = index
        self.item = item


class Table(Protocol):
    """The primitives. Errors: ConditionFailed (the first change that fails), UnavailableError (throttled, down),
    ConflictError (a concurrent transaction on the same item); ValueError for what no table takes: more than 100 changes
    or keys, two changes of one key, an empty or overlong key, an item over about 400,000 bytes."""

    def get(self, keys: Sequence[Key]) -> Mapping[Key, Item]:
        """Consistent read of up to 100 items in one call; absent and expired ones are left out."""
        ...

    def write(self, changes: Sequence[Change]) -> None:
        """All or none, at most 100 changes, one per key. A single change is a single write."""
        ...

    def query(
        self, pk: str, *, prefix: str = "", limit: int = 100, newest_first: bool = False, after: str | None = None
    ) -> Sequence[tuple[Key, Item]]:
        """Items of a partition whose sort key begins with `prefix`, ordered by sort key (bytewise), consistent;
        ``after``: only beyond this sort key in the reading direction."""
        ...


class BulkTable(Protocol):
    """A table that nobody else writes meanwhile."""

    def get(self, keys: Sequence[Key]) -> Mapping[Key, Item]:
        """As `Table.get`, any number of keys."""
        ...

    def write(self, changes: Sequence[Put | Delete]) -> None:
        """As `Table.write`, any number of changes. Conditions are not looked at: they would hold."""
        ...


@runtime_checkable
class TakesBulk(Protocol):
    """A table that can be had for oneself, for imports."""

    def bulk(self) -> AbstractContextManager[BulkTable]:
        """All that is done inside ``with`` is one transaction."""
        ...
