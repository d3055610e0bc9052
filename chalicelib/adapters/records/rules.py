"""What every table obeys, whoever implements it: conditions, limits, what a change may hold. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from chalicelib.ports.table import Change, Check, Condition, Delete, Item, Key, Put, Value

MAX_CHANGES = 100
"""Actions in one TransactWriteItems, and keys in one BatchGetItem (DynamoDB developer guide, quotas, 2026-08)."""
MAX_ITEM_BYTES = 400 * 1024
"""DynamoDB's limit for an item, names and values in UTF-8 (developer guide, quotas, 2026-08)."""
MAX_PK_BYTES = 2048
MAX_SK_BYTES = 1024
RESERVED = frozenset({"pk", "sk", "expires_at", "write_id"})
"""Attribute names that the tables need for themselves."""


def holds(condition: Condition, item: Item | None) -> bool:
    """True when `item` (None: absent or expired) satisfies `condition`.

    A missing item has no attributes: "absent or smaller" holds, "among these" does not. ``or_absent`` lets it pass
    whatever else is demanded.
    """
    if item is None:
        return condition.or_absent or (condition.exists is not True and _attributes_hold(condition, {}))
    return condition.exists is not False and _attributes_hold(condition, item)


def _attributes_hold(condition: Condition, item: Item) -> bool:
    if condition.equals:
        for name, value in condition.equals.items():
            stored = item.get(name)
            # True == 1 in Python, but not in DynamoDB.
            if stored != value or (stored is not None and type(stored) is not type(value)):
                return False
    if condition.below:
        for name, bound in condition.below.items():
            stored = item.get(name)
            if stored is not None and (type(stored) is not int or stored >= bound):
                return False
    if condition.one_of:
        for name, values in condition.one_of.items():
            stored = item.get(name)
            if not isinstance(stored, str) or stored not in values:
                return False
    return True


def check_changes(changes: Sequence[Change]) -> None:
    """Raise ValueError for more than 100 changes, two of one key, a bad key, or an item that no table takes."""
    if len(changes) > MAX_CHANGES:
        raise ValueError(f"{len(changes)} changes in one write; at most {MAX_CHANGES}")
    seen: set[Key] = set()
    for change in changes:
        if change.key in seen:
            raise ValueError(f"two changes of one key in one write: {_kind(change.key)}")
        seen.add(change.key)
        if isinstance(change, Put):
            _check_item(change.key, change.item)
        elif not isinstance(change, Delete | Check):
            raise ValueError(f"not a change: {type(change).__name__}")
    check_keys(seen)


def check_keys(keys: Iterable[Key]) -> None:
    """Raise ValueError for empty keys and for keys that are too long."""
    for key in keys:
        pk, sk = key
        if not pk or not sk:
            raise ValueError("a key has two parts, neither of them empty")
        if (len(pk) > 512 and _bytes(pk) > MAX_PK_BYTES) or (len(sk) > 256 and _bytes(sk) > MAX_SK_BYTES):
            raise ValueError(f"a key is too long: {_kind(key)}")


def present(item: Item) -> dict[str, Value]:
    """A copy of `item` without the attributes that are None: they are as if they were not there."""
    return {name: value for name, value in item.items() if value is not None}


def end_of_prefix(prefix: str) -> str | None:
    """The first string after all that begin with `prefix`. UTF-8 bytes sort as code points do."""
    for index in range(len(prefix) - 1, -1, -1):
        code = ord(prefix[index])
        if code < 0x10FFFF:
            # Half characters have no UTF-8.
            following = 0xE000 if code == 0xD7FF else code + 1
            return prefix[:index] + chr(following)
    return None


def _check_item(key: Key, item: Item) -> None:
    size = 0
    for name, value in item.items():
        if name in RESERVED:
            raise ValueError(f"attribute {name} is the table's own")
        size += len(name)
        if isinstance(value, str):
            # Counting characters is enough until the item may be near the limit.
            size += len(value) if value.isascii() else 4 * len(value)
        elif value is not None and not isinstance(value, int):
            raise ValueError(f"attribute {name}: a string, an int, a bool or None")
        else:
            size += 21
    if size > MAX_ITEM_BYTES - MAX_PK_BYTES - MAX_SK_BYTES:
        _refuse_large(key, item)


def _refuse_large(key: Key, item: Item) -> None:
    exact = sum(_bytes(name) + (_bytes(value) if isinstance(value, str) else 21) for name, value in item.items())
    if exact > MAX_ITEM_BYTES - MAX_PK_BYTES - MAX_SK_BYTES:
        raise ValueError(f"an item of {exact} bytes is too large: {_kind(key)}")


def _bytes(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))


def _kind(key: Key) -> str:
    """The kinds that a key names, without what may identify a person."""
    return "/".join(part.partition("|")[0] for part in key)
