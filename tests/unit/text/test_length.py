"""Lengths in each unit, and limits that hold together."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.text.length import LengthUnit, Limit, TextLimits, fits, graphemes, text_length

FAMILY = "👨‍👩‍👧‍👦"

BLUESKY = TextLimits((Limit(300, LengthUnit.GRAPHEMES), Limit(3000, LengthUnit.BYTES)))


@pytest.mark.parametrize(
    ("text", "clusters", "code_points", "utf16", "size"),
    [
        ("", 0, 0, 0, 0),
        ("hello", 5, 5, 5, 5),
        ("a\r\nb", 3, 4, 4, 4),
        ("é", 1, 1, 1, 2),
        ("e\u0301", 1, 2, 2, 3),
        ("日本", 2, 2, 2, 6),
        ("😀", 1, 1, 2, 4),
        (FAMILY, 1, 7, 11, 25),
        ("👍🏽", 1, 2, 4, 8),
        ("🇩🇪🇫🇷", 2, 4, 8, 16),
        ("1️⃣", 1, 3, 3, 7),
        ("🏴󠁧󠁢󠁥󠁮󠁧󠁿", 1, 7, 14, 28),
        ("각", 1, 1, 1, 3),
        ("\u1100\u1161\u11a8", 1, 3, 3, 9),
        ("שלום", 4, 4, 4, 8),
        ("ก็", 1, 2, 2, 6),
        ("\ud800", 1, 1, 1, 3),
    ],
)
def test_every_unit_counts_its_own_way(text, clusters, code_points, utf16, size):
    assert text_length(text, LengthUnit.GRAPHEMES) == clusters
    assert text_length(text, LengthUnit.CODE_POINTS) == code_points
    assert text_length(text, LengthUnit.UTF16) == utf16
    assert text_length(text, LengthUnit.BYTES) == size


@given(st.text())
def test_lengths_agree_with_the_encodings(text):
    assert text_length(text, LengthUnit.BYTES) == len(text.encode("utf-8", "surrogatepass"))
    assert text_length(text, LengthUnit.UTF16) == len(text.encode("utf-16-le", "surrogatepass")) // 2
    assert "".join(graphemes(text)) == text
    assert (
        text_length(text, LengthUnit.GRAPHEMES)
        <= text_length(text, LengthUnit.CODE_POINTS)
        <= text_length(text, LengthUnit.UTF16)
        <= text_length(text, LengthUnit.BYTES)
    )


def test_a_lone_surrogate_is_as_long_as_its_replacement():
    assert text_length("a\udfff", LengthUnit.BYTES) == text_length("a\ufffd", LengthUnit.BYTES)


def test_the_maximum_is_allowed():
    limits = TextLimits((Limit(5, LengthUnit.CODE_POINTS),))
    assert fits("hello", limits)
    assert not fits("hello!", limits)


def test_all_limits_hold_at_once():
    assert fits("é" * 300, BLUESKY)
    assert not fits("é" * 301, BLUESKY)
    assert fits(FAMILY * 120, BLUESKY)
    assert not fits(FAMILY * 121, BLUESKY), "121 graphemes, but 3,025 bytes"


@pytest.mark.parametrize("limits", [(), (Limit(0, LengthUnit.BYTES),), (Limit(-1, LengthUnit.UTF16),)])
def test_limits_that_allow_nothing_are_refused(limits):
    with pytest.raises(ValueError, match="at least one"):
        TextLimits(limits)


def test_leading_handles_matter_to_x_only():
    text = "@kim @acme hello"
    assert text_length(text, LengthUnit.WEIGHTED, without_leading_mentions=True) == len("hello")
    assert text_length(text, LengthUnit.CODE_POINTS, without_leading_mentions=True) == len(text)
    assert fits(text, TextLimits((Limit(5, LengthUnit.WEIGHTED),)), without_leading_mentions=True)
    assert not fits(text, TextLimits((Limit(5, LengthUnit.WEIGHTED),)))
