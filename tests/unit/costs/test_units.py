"""What DynamoDB bills for calls: the rules of its developer guide, on items whose sizes are known."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from bench.units import Units, item_bytes

NOW = datetime(2026, 11, 22, tzinfo=UTC)
PLACE = ("flow", "inbound")
Call = tuple[str, dict[str, Any], dict[str, Any]]


def item(name: str, size: int, **more: Any) -> dict[str, Any]:
    """An item of so many bytes: its keys are pk (4) and sk (3), its one text is called v."""
    made = {"pk": {"S": name}, "sk": {"S": "x"}, **more}
    return {**made, "v": {"S": "v" * (size - item_bytes(made) - 1)}}


def counted(*calls: Call) -> Units:
    units = Units(lambda: PLACE, lambda: NOW)
    for name, asked, told in calls:
        model = SimpleNamespace(name=name, service_model=SimpleNamespace(service_id="DynamoDB"))
        units._asks(asked)
        units._answered(model, told)
    return units


def put(made: dict[str, Any]) -> Call:
    return "PutItem", {"Item": made}, {}


def test_sizes_are_those_of_names_and_values():
    assert item_bytes({"pk": {"S": "ab"}, "sk": {"S": "ü"}}) == 2 + 2 + 2 + 2
    assert item_bytes({"n": {"N": "1795348800"}}) == 1 + 5 + 1
    assert item_bytes({"yes": {"BOOL": True}}) == 4
    assert item_bytes(item("ab", 1024)) == 1024


@pytest.mark.parametrize(("size", "units"), [(20, 1), (1024, 1), (1025, 2), (3000, 3)])
def test_a_write_is_billed_by_kilobytes_and_twice_in_a_transaction(size: int, units: int):
    alone = counted(put(item("a", size)))
    actions = [{"Put": {"Item": item("a", size)}}, {"ConditionCheck": {"Key": item("b", 20)}}]
    together = counted(("TransactWriteItems", {"TransactItems": actions}, {}))

    assert alone.sums[PLACE]["write_units"] == units
    assert together.sums[PLACE]["write_units"] == 2 * units + 2


def test_a_smaller_item_over_a_larger_one_is_billed_as_the_larger():
    delete: Call = ("DeleteItem", {"Key": {"pk": {"S": "a"}, "sk": {"S": "x"}}}, {})

    assert counted(put(item("a", 2500)), put(item("a", 20))).sums[PLACE]["write_units"] == 3 + 3
    assert counted(put(item("a", 2500)), delete).sums[PLACE]["write_units"] == 3 + 3
    assert counted(delete).sums[PLACE]["write_units"] == 1


def test_a_refused_write_is_billed_and_changes_nothing():
    refused = ("PutItem", {"Item": item("a", 2500)}, {"Error": {"Code": "ConditionalCheckFailedException"}})
    units = counted(put(item("a", 20)), refused)

    assert units.sums[PLACE]["write_units"] == 1 + 3
    assert units.kept("flow") == {0: 20 + 100}


def test_a_read_is_billed_by_four_kilobytes_and_for_what_is_not_there():
    get = counted(("GetItem", {}, {"Item": item("a", 4097)}), ("GetItem", {}, {}))
    wanted: dict[str, Any] = {"RequestItems": {"t": {"Keys": [{}, {}, {}]}}}
    batch = counted(("BatchGetItem", wanted, {"Responses": {"t": [item("a", 4097)]}}))
    query = counted(("Query", {}, {"Items": [item("a", 3000), item("b", 3000)]}), ("Query", {}, {"Items": []}))

    assert get.sums[PLACE]["read_units"] == 2 + 1
    assert batch.sums[PLACE]["read_units"] == 2 + 2  # each item is rounded up
    assert query.sums[PLACE]["read_units"] == 2 + 1  # the sum is


def test_what_stays_is_told_by_how_long():
    ends = {"expires_at": {"N": str(int(NOW.timestamp()) + 400 * 86400)}}
    soon = {"expires_at": {"N": str(int(NOW.timestamp()) + 600)}}
    units = counted(put(item("a", 200)), put(item("b", 300, **ends)), put(item("a", 250)), put(item("c", 200, **soon)))

    assert units.kept("flow") == {0: 250 + 100, 400: 300 + 100}


def test_messages_objects_and_logs_are_summed():
    entries = [{"MessageBody": "x" * 40_000}, {"MessageBody": "x" * 40_000}]
    units = counted(("SendMessageBatch", {"Entries": entries}, {}), ("PutObject", {"Body": b"x" * 7}, {}))
    units.write('{"_aws":{"CloudWatchMetrics":[{"Dimensions":[["stage"]],"Metrics":[{"Name":"events"}]}]},"stage":"s"}')

    assert units.sums[PLACE]["queue_requests"] == 2  # 80,000 bytes are two times 64 KB
    assert (units.sums[PLACE]["objects"], units.sums[PLACE]["object_bytes"]) == (1, 7)
    assert units.series == {("events", "stage=s")}
    assert units.sums[PLACE]["log_bytes"] > 0
