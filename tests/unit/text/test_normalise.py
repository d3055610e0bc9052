"""Strings from strangers."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.text.normalise import clean_text, unescape_html

# Strategy: any code point, lone surrogates and controls included.
ANY_TEXT = st.text(alphabet=st.characters(exclude_categories=()))


@pytest.mark.parametrize(
    ("dirty", "clean"),
    [
        ("", ""),
        ("plain\n\ttext", "plain\n\ttext"),
        ("a\r\nb", "a\nb"),
        ("a\rb", "a\nb"),
        ("a\r\r\nb", "a\n\nb"),
        ("nul\x00 bell\x07 esc\x1b[31m del\x7f", "nul bell esc[31m del"),
        ("vertical\x0bform\x0c", "verticalform"),
        ("high \ud83d alone", "high \ufffd alone"),
        ("low \ude00 alone", "low \ufffd alone"),
        ("wrong way \ude00\ud83d", "wrong way \ufffd\ufffd"),
        ("a pair \ud83d\ude00 joined", "a pair 😀 joined"),
        ("\ud83d\ud83d\ude00", "\ufffd😀"),
        ("👨‍👩‍👧‍👦 e\u0301 שלום", "👨‍👩‍👧‍👦 e\u0301 שלום"),
    ],
)
def test_only_what_breaks_things_is_taken_out(dirty, clean):
    assert clean_text(dirty) == clean


@given(ANY_TEXT)
def test_clean_text_can_be_stored_everywhere(value):
    clean = clean_text(value)
    assert clean.encode("utf-8").decode("utf-8") == clean
    assert json.loads(json.dumps(clean)) == clean
    assert not any(character < " " and character not in "\n\t" for character in clean)
    assert clean_text(clean) == clean


@given(st.text(alphabet=st.characters(exclude_categories=("Cs", "Cc"))))
def test_printable_text_is_left_alone(value):
    assert clean_text(value) == value


@pytest.mark.parametrize(
    ("escaped", "text"),
    [
        ("5 &lt; 6 &amp; 7 &gt; 2", "5 < 6 & 7 > 2"),
        ("&amp;lt;", "&lt;"),
        ("&amp;amp;", "&amp;"),
        ("&euro; &quot; &#39; &LT;", "&euro; &quot; &#39; &LT;"),
        ("AT&T &", "AT&T &"),
        ("", ""),
    ],
)
def test_the_three_entities_of_x_are_undone_once(escaped, text):
    assert unescape_html(escaped) == text


@given(st.text())
def test_escaping_as_x_does_is_undone_exactly(text):
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    assert unescape_html(escaped) == text
