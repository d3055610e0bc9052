"""DynamoDB when it is busy: what is repeated, how often, and what it means in the end."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ReadTimeoutError,
)

from chalicelib.adapters.aws.dynamodb import DynamoTable
from chalicelib.adapters.aws.expressions import render
from chalicelib.core.errors import ConfigurationError, ConflictError, UnavailableError
from chalicelib.ports.table import Change, Check, Condition, ConditionFailed, Delete, Put
from tests.contracts.families import moto_on, provision_table
from tests.fakes.clock import FrozenClock
from tests.unit.adapters.aws.fakes import ScriptedClient, cancelled, refusal

ONE: Change = Put(key=("a", "1"), item={"n": 1}, condition=Condition(exists=False))
TWO: Change = Put(key=("a", "2"), item={"n": 2}, condition=Condition(exists=False))
STORED = {"pk": {"S": "a"}, "sk": {"S": "2"}, "n": {"N": "7"}}
URL = "https://dynamodb.invalid"


def table_of(*answers: Any) -> tuple[DynamoTable, ScriptedClient, list[float]]:
    client, pauses = ScriptedClient(*answers), list[float]()
    return DynamoTable(client, "t", FrozenClock(), sleep=pauses.append), client, pauses


def attributes(number: int) -> dict[str, Any]:
    return {"pk": {"S": "a"}, "sk": {"S": str(number)}, "n": {"N": str(number)}}


def test_keys_left_unread_are_asked_for_again() -> None:
    rest = {"t": {"Keys": [{"pk": {"S": "a"}, "sk": {"S": "2"}}], "ConsistentRead": True}}
    table, client, pauses = table_of(
        {"Responses": {"t": [attributes(1)]}, "UnprocessedKeys": rest},
        {"Responses": {}, "UnprocessedKeys": rest},
        {"Responses": {"t": [attributes(2)]}},
    )

    assert table.get([("a", "1"), ("a", "2")]) == {("a", "1"): {"n": 1}, ("a", "2"): {"n": 2}}
    assert [arguments["RequestItems"] for _, arguments in client.calls[1:]] == [rest, rest]
    assert client.calls[0][1]["RequestItems"]["t"]["ConsistentRead"] is True
    assert pauses == sorted(pauses)
    assert len(pauses) == 2


def test_keys_that_stay_unread_are_an_error() -> None:
    rest = {"t": {"Keys": [{"pk": {"S": "a"}, "sk": {"S": "2"}}], "ConsistentRead": True}}
    table, client, _ = table_of(*[{"Responses": {"t": [attributes(1)]}, "UnprocessedKeys": rest}] * 5)

    with pytest.raises(UnavailableError):
        table.get([("a", "1"), ("a", "2")])
    assert len(client.calls) == 5


@pytest.mark.parametrize(
    "conflict", [cancelled("None", "TransactionConflict"), refusal("TransactionConflictException")]
)
def test_a_conflict_is_tried_again_and_then_told(conflict: ClientError) -> None:
    table, client, pauses = table_of(conflict, conflict, {})
    table.write([ONE, TWO])
    assert len(client.calls) == 3
    assert len(pauses) == 2

    table, client, pauses = table_of(*[conflict] * 4)
    with pytest.raises(ConflictError):
        table.write([ONE, TWO])
    assert len(client.calls) == 4
    assert pauses == sorted(pauses)


def test_a_single_write_meets_a_conflict_too() -> None:
    table, client, _ = table_of(refusal("TransactionConflictException"), {})
    table.write([ONE])
    table, client, _ = table_of(*[refusal("TransactionConflictException")] * 4)
    with pytest.raises(ConflictError):
        table.write([Delete(key=("a", "1"))])
    assert {method for method, _ in client.calls} == {"delete_item"}


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (cancelled("None", "ThrottlingError"), UnavailableError),
        (cancelled("ProvisionedThroughputExceeded", "None"), UnavailableError),
        (cancelled("ThrottlingError", "TransactionConflict"), ConflictError),
        (refusal("TransactionInProgressException"), UnavailableError),
        (refusal("ProvisionedThroughputExceededException"), UnavailableError),
        (refusal("InternalServerError", 500), UnavailableError),
        (refusal("SomethingNew", 503), UnavailableError),
        (refusal("AccessDeniedException"), ConfigurationError),
        (refusal("ResourceNotFoundException"), ConfigurationError),
        (refusal("ExpiredTokenException"), ConfigurationError),
        (refusal("ValidationException"), ClientError),
        (cancelled("ValidationError", "None"), ClientError),
        (EndpointConnectionError(endpoint_url=URL), UnavailableError),
        (ConnectTimeoutError(endpoint_url=URL), UnavailableError),
        (ReadTimeoutError(endpoint_url=URL), UnavailableError),
        (NoCredentialsError(), ConfigurationError),
    ],
)
def test_every_refusal_has_its_leaf(answer: Exception, error: type[Exception]) -> None:
    calls = [
        lambda table: table.write([ONE, TWO]),
        lambda table: table.write([ONE]),
        lambda table: table.get([("a", "1")]),
        lambda table: table.get([("a", "1"), ("a", "2")]),
        lambda table: table.query("a"),
    ]
    for call in calls[:1] if "Transaction" in str(answer) else calls:
        table, _, _ = table_of(*[answer] * 4)
        with pytest.raises(error) as raised:
            call(table)
        assert type(raised.value) is error


def test_a_failed_condition_outweighs_a_conflict() -> None:
    failed = {"Code": "ConditionalCheckFailed", "Item": STORED}
    table, client, _ = table_of(cancelled("TransactionConflict", failed))

    with pytest.raises(ConditionFailed) as raised:
        table.write([ONE, TWO])
    assert (raised.value.index, raised.value.item) == (1, {"n": 7})
    assert len(client.calls) == 1


def test_an_expired_item_is_not_shown_as_the_one_that_failed_the_condition() -> None:
    past = {**STORED, "expires_at": {"N": "1"}}
    table, _, _ = table_of(cancelled("None", {"Code": "ConditionalCheckFailed", "Item": past}))

    with pytest.raises(ConditionFailed) as raised:
        table.write([ONE, TWO])
    assert raised.value.item is None


def test_checks_that_hold_for_everything_are_not_sent() -> None:
    nothing = Check(key=("a", "0"), condition=Condition())
    failed = {"Code": "ConditionalCheckFailed"}
    table, client, _ = table_of({}, cancelled("None", failed))
    table.write([nothing])
    assert client.calls == []
    table.write([nothing, ONE])
    assert len(client.calls[0][1]["TransactItems"]) == 1

    with pytest.raises(ConditionFailed) as raised:
        table.write([nothing, ONE, nothing_but("a", "9"), TWO])
    assert raised.value.index == 3


def nothing_but(pk: str, sk: str) -> Change:
    return Check(key=(pk, sk), condition=Condition())


def test_a_single_write_that_is_repeated_by_the_client_succeeds() -> None:
    """The first attempt was stored, its answer was lost: the repetition must not fail on its own trace."""

    class Repeating:
        def __init__(self, client: Any) -> None:
            self._client = client

        def __getattr__(self, name: str) -> Any:
            call = getattr(self._client, name)
            if name != "put_item":
                return call
            return lambda **arguments: (call(**arguments), call(**arguments))[1]

    clock = FrozenClock()
    with moto_on(clock) as aws:
        client = aws.client("dynamodb")
        table = DynamoTable(Repeating(client), provision_table(client), clock)
        table.write([ONE])
        table.write([Put(key=("a", "1"), item={"n": 2}, condition=Condition(equals={"n": 1}))])
        with pytest.raises(ConditionFailed):
            table.write([ONE])
        assert table.get([("a", "1")]) == {("a", "1"): {"n": 2}}


def test_a_transaction_carries_a_token_for_its_repetition() -> None:
    seen: list[Any] = []
    clock = FrozenClock()
    with moto_on(clock) as aws:
        client = aws.client("dynamodb")
        name = provision_table(client)

        def note(params: Any, **_: Any) -> None:
            seen.append(params["body"])

        client.meta.events.register("before-call.dynamodb.TransactWriteItems", note)
        try:
            DynamoTable(client, name, clock).write([ONE, TWO])
        finally:
            client.meta.events.unregister("before-call.dynamodb.TransactWriteItems", note)
    assert b"ClientRequestToken" in seen[0]


def test_a_condition_that_nothing_satisfies_is_a_bug() -> None:
    with pytest.raises(ValueError, match="nothing can satisfy"):
        render(Condition(exists=False, equals={"n": 1}), 0)
