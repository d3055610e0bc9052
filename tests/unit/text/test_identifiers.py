"""Clues in a customer's own words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.errors import ConfigurationError
from chalicelib.core.text.identifiers import IdentifierKind, find_identifiers

PATTERNS = (r"\b(?:KD|C|ORD)-?\d{4,}\b", r"customer (?:no|number)\.? (?P<number>\d{5,8})")


def found(text, patterns=PATTERNS):
    return [(identifier.kind.value, identifier.value) for identifier in find_identifiers(text, patterns)]


@pytest.mark.parametrize(
    ("text", "clues"),
    [
        ("nothing here, order 12", []),
        ("I am KD-12345", [("customer_number", "KD-12345")]),
        ("i am kd12345.", [("customer_number", "KD12345")]),
        ("my customer no. 556677 please", [("customer_number", "556677")]),
        ("ＫＤ-１２３４５", [("customer_number", "KD-12345")]),
        ("Mail: Kim.W@Example.COM!", [("email", "kim.w@example.com")]),
        ("@kim@mastodon.social", []),
        ("+49 (0)171 234 5678", [("phone", "+491712345678")]),
        ("0049 30 1234567", [("phone", "+49301234567")]),
        ("(+44) 20-7946-0958", [("phone", "+442079460958")]),
        ("ring 030 1234567", []),
        ("+12 34", []),
        ("+٤٩", []),
    ],
)
def test_clues_are_found_and_normalised(text, clues):
    if text.startswith("ＫＤ"):
        assert found(text, (r"[KＫ][DＤ]-?\d{4,}",)) == clues
    else:
        assert found(text) == clues


def test_raw_and_span_point_at_the_text():
    text = "👋 Hi, KD-12345 here: Kim@X.de or +49 171 2345678"
    identifiers = find_identifiers(text, PATTERNS)
    assert [text[slice(*identifier.span)] for identifier in identifiers] == ["KD-12345", "Kim@X.de", "+49 171 2345678"]
    assert [identifier.raw for identifier in identifiers] == ["KD-12345", "Kim@X.de", "+49 171 2345678"]


def test_a_number_inside_an_address_is_not_counted_again():
    assert found("C-12345@example.com") == [("email", "c-12345@example.com")]
    assert found("+49 171 23456789", (r"\d{8}",)) == [("phone", "+4917123456789")]


def test_without_patterns_no_customer_number_is_guessed():
    assert find_identifiers("KD-12345 and order 99887766") == ()


def test_an_expression_that_is_none_is_a_configuration_error():
    with pytest.raises(ConfigurationError, match="customer number patterns"):
        find_identifiers("text", ("(",))


def test_an_expression_that_matches_nothing_finds_nothing():
    assert find_identifiers("text", (r"z?",)) == ()
    assert find_identifiers("te", (r"te(?P<number>x)?",)) == ()


def test_only_the_beginning_of_a_very_long_text_is_read():
    assert found("x" * 10_000 + " KD-12345 kim@example.com") == []
    assert found("KD-12345 " + "x" * 100_000) == [("customer_number", "KD-12345")]


@given(st.text())
def test_any_text_is_read(text):
    for identifier in find_identifiers(text, (r"\w{4,}",)):
        assert isinstance(identifier.kind, IdentifierKind)
        assert text[slice(*identifier.span)] == identifier.raw
        assert identifier.value
