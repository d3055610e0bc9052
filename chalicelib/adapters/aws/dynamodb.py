"""The table of documents on DynamoDB.

The table has a string partition key ``pk``, a string sort key ``sk``, time to live on ``expires_at``, and no index.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from chalicelib.adapters.aws.expressions import (
    Attribute,
    Expression,
    expired,
    from_attributes,
    render,
    to_attributes,
)
from chalicelib.adapters.aws.failures import code_of, failure_for, refusals, reporting, response_of
from chalicelib.adapters.records.rules import MAX_CHANGES, check_changes, check_keys, end_of_prefix
from chalicelib.core.errors import CareloopError, ConflictError, UnavailableError
from chalicelib.ports.services import Clock
from chalicelib.ports.table import Change, Check, ConditionFailed, Delete, Item, Key, Put

_PAUSES = (0.03, 0.1, 0.3)
"""Seconds before a call is repeated: for a conflict with another transaction, and for keys left unread."""


class DynamoTable:
    """Implements ports.table.Table. ``client``: a low-level client of `clients` or `light`; ``sleep``: for the pauses
    between attempts."""

    def __init__(self, client: Any, name: str, clock: Clock, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self._client = client
        self._name = name
        self._clock = clock
        self._sleep = sleep

    def get(self, keys: Sequence[Key]) -> Mapping[Key, Item]:
        wanted = list(dict.fromkeys(keys))
        if len(wanted) > MAX_CHANGES:
            raise ValueError(f"{len(wanted)} keys in one read; at most {MAX_CHANGES}")
        check_keys(wanted)
        if not wanted:
            return {}
        now = self._now()
        found = self._get_one(wanted[0]) if len(wanted) == 1 else self._get_batch(wanted)
        return {_key_of(item): from_attributes(item) for item in found if not expired(item, now)}

    def _get_one(self, key: Key) -> Sequence[Mapping[str, Attribute]]:
        with reporting("GetItem"):
            answer = self._client.get_item(TableName=self._name, Key=_key(key), ConsistentRead=True)
        return [answer["Item"]] if answer.get("Item") else []

    def _get_batch(self, keys: Sequence[Key]) -> Sequence[Mapping[str, Attribute]]:
        found: list[Mapping[str, Attribute]] = []
        pending = {self._name: {"Keys": [_key(key) for key in keys], "ConsistentRead": True}}
        for pause in (0.0, *_PAUSES, 1.0):
            if pause:
                self._sleep(pause)
            with reporting("BatchGetItem"):
                answer = self._client.batch_get_item(RequestItems=pending)
            found += answer["Responses"].get(self._name, [])
            pending = answer.get("UnprocessedKeys") or {}
            if not pending:
                return found
        raise UnavailableError("BatchGetItem: keys left unread")

    def write(self, changes: Sequence[Change]) -> None:
        check_changes(changes)
        now = self._now()
        if len(changes) == 1 and not isinstance(changes[0], Check):
            self._write_one(changes[0], now)
        elif changes:
            self._write_all(changes, now)

    def _write_one(self, change: Put | Delete, now: int) -> None:
        expression = render(change.condition, now) if change.condition is not None else None
        parameters: dict[str, Any] = {"TableName": self._name}
        if isinstance(change, Put):
            parameters["Item"] = _stored(change)
            if expression is not None:
                _accept_own_repetition(expression, parameters["Item"])
        else:
            parameters["Key"] = _key(change.key)
        if expression is not None:
            parameters |= expression.parameters() | {"ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
        call = self._client.put_item if isinstance(change, Put) else self._client.delete_item
        with _explaining(now), reporting("PutItem" if isinstance(change, Put) else "DeleteItem"):
            self._repeating(lambda: call(**parameters))

    def _write_all(self, changes: Sequence[Change], now: int) -> None:
        actions: list[Any] = []
        places: list[int] = []
        for index, change in enumerate(changes):
            action = self._action(change, now)
            if action:
                actions.append(action)
                places.append(index)
        if not actions:
            return
        # the client adds a ClientRequestToken, so its own repetition after a lost answer does nothing twice.
        with _explaining(now, places), reporting("TransactWriteItems"):
            self._repeating(lambda: self._client.transact_write_items(TransactItems=actions))

    def _action(self, change: Change, now: int) -> dict[str, Any]:
        expression = render(change.condition, now) if change.condition is not None else None
        parameters: dict[str, Any] = {"TableName": self._name}
        if expression is not None:
            parameters |= expression.parameters() | {"ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
        if isinstance(change, Put):
            return {"Put": parameters | {"Item": _stored(change)}}
        if isinstance(change, Delete):
            return {"Delete": parameters | {"Key": _key(change.key)}}
        return {"ConditionCheck": parameters | {"Key": _key(change.key)}} if expression is not None else {}

    def _repeating(self, call: Callable[[], Any]) -> None:
        """Make a call, again after a pause when another transaction held one of the items."""
        for pause in _PAUSES:
            try:
                call()
                return
            except refusals() as error:
                if not _is_conflict(error):
                    raise
                self._sleep(pause * (0.5 + secrets.randbelow(1000) / 1000))
        call()

    def query(
        self, pk: str, *, prefix: str = "", limit: int = 100, newest_first: bool = False, after: str | None = None
    ) -> Sequence[tuple[Key, Item]]:
        low, high = prefix, end_of_prefix(prefix)
        if after is not None and newest_first:
            high = after if high is None else min(after, high)
        elif after is not None:
            low = max(after, low)
        if high is not None and low > high:
            return []
        now = self._now()
        found: list[tuple[Key, Item]] = []
        for stored in self._pages(pk, low, high, newest_first=newest_first, limit=limit):
            key = _key_of(stored)
            # The bounds of DynamoDB's BETWEEN belong to the range, ours do not.
            if key[1] in (high, after) or expired(stored, now):
                continue
            found.append((key, from_attributes(stored)))
            if len(found) >= limit:
                break
        return found

    def _pages(
        self, pk: str, low: str, high: str | None, *, newest_first: bool, limit: int
    ) -> Iterator[Mapping[str, Attribute]]:
        expression, values = "pk = :pk", {":pk": {"S": pk}}
        if high is not None:
            expression += " AND sk BETWEEN :low AND :high" if low else " AND sk <= :high"
            values[":high"] = {"S": high}
        elif low:
            expression += " AND sk >= :low"
        if low:
            values[":low"] = {"S": low}
        parameters: dict[str, Any] = {
            "TableName": self._name,
            "KeyConditionExpression": expression,
            "ExpressionAttributeValues": values,
            "ConsistentRead": True,
            "ScanIndexForward": not newest_first,
            "Limit": limit + 1,
        }
        while True:
            with reporting("Query"):
                answer = self._client.query(**parameters)
            yield from answer["Items"]
            if not answer.get("LastEvaluatedKey"):
                return
            parameters["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def _now(self) -> int:
        return int(self._clock.now().timestamp())


def _key(key: Key) -> dict[str, Attribute]:
    return {"pk": {"S": key[0]}, "sk": {"S": key[1]}}


def _key_of(item: Mapping[str, Attribute]) -> Key:
    return item["pk"]["S"], item["sk"]["S"]


def _stored(change: Put) -> dict[str, Attribute]:
    item = {**_key(change.key), **to_attributes(change.item)}
    if change.expires_at is not None:
        item["expires_at"] = {"N": str(change.expires_at)}
    return item


def _accept_own_repetition(expression: Expression, item: dict[str, Attribute]) -> None:
    """Let the write pass when it is already there: clients repeat a call whose answer was lost, and the first attempt
    may have made the condition false."""
    item["write_id"] = {"S": secrets.token_urlsafe(9)}
    expression.alternatives.append("write_id = :write")
    expression.values[":write"] = item["write_id"]


def _is_conflict(error: Any) -> bool:
    """True when nothing but a concurrent transaction stood in the way."""
    if code_of(error) != "TransactionCanceledException":
        return code_of(error) == "TransactionConflictException"
    codes = {reason.get("Code") for reason in error.response.get("CancellationReasons", ())}
    return "TransactionConflict" in codes and "ConditionalCheckFailed" not in codes


@contextmanager
def _explaining(now: int, places: Sequence[int] = (0,)) -> Iterator[None]:
    """Turn failed conditions into ConditionFailed with the stored item, and a cancelled transaction into its reason.

    ``places``: which change each action of a transaction is.
    """
    try:
        yield
    except refusals() as error:
        response = response_of(error)
        code = code_of(error)
        if code == "ConditionalCheckFailedException":
            raise ConditionFailed(0, _live(response.get("Item"), now)) from error
        reasons = response.get("CancellationReasons", ()) if code == "TransactionCanceledException" else ()
        for place, reason in zip(places, reasons, strict=False):
            if reason.get("Code") == "ConditionalCheckFailed":
                raise ConditionFailed(place, _live(reason.get("Item"), now)) from error
        failure = _reason_for(reasons)
        if failure is None:
            raise
        raise failure from error


def _reason_for(reasons: Sequence[Mapping[str, Any]]) -> CareloopError | None:
    codes = sorted({str(reason.get("Code")) for reason in reasons})
    failures = [failure for code in codes if (failure := failure_for(code, "TransactWriteItems"))]
    return next((item for item in failures if isinstance(item, ConflictError)), None) or next(iter(failures), None)


def _live(item: Mapping[str, Attribute] | None, now: int) -> Item | None:
    return from_attributes(item) if item and not expired(item, now) else None
