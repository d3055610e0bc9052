"""The evaluator itself: what it allows, what it refuses, and what it does not claim to know."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.rights.evaluator import NotUnderstood, Request, allows, like

TABLE = "arn:aws:dynamodb:eu-central-1:123456789012:table/careloop-dev"
KEYS = "dynamodb:LeadingKeys"


def policy(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def statement(**changes: Any) -> dict[str, Any]:
    return {"Sid": "S", "Effect": "Allow", "Action": ["dynamodb:GetItem"], "Resource": [TABLE], **changes}


def request(*keys: str, action: str = "dynamodb:GetItem", resource: str = TABLE) -> Request:
    return Request(action=action, resource=resource, context=((KEYS, keys),) if keys else ())


def test_what_no_statement_allows_is_refused() -> None:
    document = policy(statement())
    assert allows(document, request())
    assert not allows(policy(), request())
    assert not allows(document, request(action="dynamodb:PutItem"))
    assert not allows(document, request(resource=TABLE + "-2"))
    assert not allows(document, request(resource=TABLE[:-1]))


def test_actions_are_the_same_in_any_case_resources_are_not() -> None:
    assert allows(policy(statement(Action=["DynamoDB:getitem"])), request())
    assert not allows(policy(statement(Resource=[TABLE.upper()])), request())


def test_a_denial_wins() -> None:
    deny = statement(Sid="D", Effect="Deny", Resource="*")
    assert not allows(policy(statement(), deny), request())
    assert allows(policy(statement(), {**deny, "Action": "dynamodb:PutItem"}), request())


def test_a_single_value_needs_no_list() -> None:
    assert allows(policy(statement(Action="dynamodb:GetItem", Resource=TABLE)), request())
    assert allows({"Version": "2012-10-17", "Statement": statement()}, request())


@pytest.mark.parametrize(
    ("pattern", "text", "matches"),
    [
        ("arn:*", "arn:aws:s3:::a/b/c", True),
        ("a*c", "abdc", True),
        ("a*c", "abd", False),
        ("a?c", "abc", True),
        ("a?c", "ac", False),
        ("a.c", "abc", False),
        ("[ab]", "a", False),
        ("*", "", True),
        ("a*", "a\nb", True),
    ],
)
def test_wildcards(pattern: str, text: str, matches: bool) -> None:
    assert like(pattern, text) is matches


@given(st.text(), st.text())
def test_a_pattern_without_wildcards_is_itself(one: str, other: str) -> None:
    plain = one.replace("*", "").replace("?", "")
    assert like(plain, plain)
    assert like(plain, other) is (plain == other)
    assert like(f"{plain}*", plain + other)


@pytest.mark.parametrize(
    ("operator", "wanted", "keys", "matches"),
    [
        ("ForAllValues:StringEquals", ["directory"], ("directory",), True),
        ("ForAllValues:StringEquals", ["directory"], ("directory", "case|1"), False),
        ("ForAllValues:StringEquals", ["directory", "due"], ("directory", "due"), True),
        ("ForAllValues:StringEquals", ["case|*"], ("case|1",), False),
        ("ForAllValues:StringLike", ["case|*"], ("case|1", "case|2"), True),
        ("ForAllValues:StringLike", ["case|*"], ("case|1", "parking"), False),
        ("ForAllValues:StringNotEquals", ["directory"], ("case|1",), True),
        ("ForAllValues:StringNotEquals", ["directory"], ("case|1", "directory"), False),
        ("ForAllValues:StringNotLike", ["case|*"], ("due", "case|1"), False),
        ("ForAllValues:StringEquals", ["directory"], (), True),
        ("StringEquals", ["directory"], ("directory",), True),
        ("StringEquals", ["directory"], ("due",), False),
        ("StringEquals", ["directory"], (), False),
        ("StringNotEquals", ["directory"], (), True),
        ("StringNotEquals", ["directory"], ("due",), True),
        ("StringLike", ["d*"], ("due",), True),
    ],
)
def test_conditions(operator: str, wanted: list[str], keys: tuple[str, ...], matches: bool) -> None:
    document = policy(statement(Condition={operator: {KEYS: wanted}}))
    assert allows(document, request(*keys)) is matches


def test_all_conditions_must_hold() -> None:
    condition = {"StringEquals": {"a": "1", "b": "2"}, "StringLike": {"c": "3*"}}
    document = policy(statement(Condition=condition))

    def asked(**values: str) -> Request:
        context = tuple((key, (value,)) for key, value in values.items())
        return Request(action="dynamodb:GetItem", resource=TABLE, context=context)

    assert allows(document, asked(a="1", b="2", c="34"))
    for wrong in ({"a": "2"}, {"b": "1"}, {"c": "4"}):
        assert not allows(document, asked(**{"a": "1", "b": "2", "c": "34", **wrong}))


def test_policy_variables_stand_for_the_requests_own_values() -> None:
    document = policy(statement(Condition={"StringEquals": {"owner": "${caller}"}}))

    def asked(**values: str) -> Request:
        context = tuple((key, (value,)) for key, value in values.items())
        return Request(action="dynamodb:GetItem", resource=TABLE, context=context)

    assert allows(document, asked(owner="1", caller="1"))
    assert not allows(document, asked(owner="1", caller="2"))
    assert not allows(document, asked(owner="1"))


@pytest.mark.parametrize(
    "changes",
    [
        {"NotAction": ["s3:*"]},
        {"Principal": "*"},
        {"Effect": "Perhaps"},
        {"Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}},
        {"Condition": {"ForAnyValue:StringEquals": {KEYS: ["directory"]}}},
        {"Condition": {"StringEqualsIfExists": {KEYS: ["directory"]}}},
    ],
)
def test_what_it_does_not_know_it_says(changes: dict[str, Any]) -> None:
    with pytest.raises(NotUnderstood):
        allows(policy(statement(**changes)), request("directory"))


def test_many_values_need_for_all_values() -> None:
    with pytest.raises(NotUnderstood, match="many values"):
        allows(policy(statement(Condition={"StringEquals": {KEYS: ["a"]}})), request("a", "b"))


def test_an_old_version_is_not_understood() -> None:
    with pytest.raises(NotUnderstood, match="2012-10-17"):
        allows({"Version": "2008-10-17", "Statement": []}, request())
