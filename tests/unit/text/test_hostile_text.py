"""Texts made to keep a parser busy: 40,000 characters of one kind, 100,000 of all. What is quadratic runs for minutes.

Time is not measured, since no test may depend on the clock; a step back shows as a test run that does not end.
"""

from __future__ import annotations

import pytest

from chalicelib.core.text.clean import clean_reply, html_to_text
from chalicelib.core.text.facets import find_entities
from chalicelib.core.text.identifiers import find_identifiers
from chalicelib.core.text.length import LengthUnit, Limit, TextLimits, fits, text_length
from chalicelib.core.text.normalise import clean_text
from chalicelib.core.text.private_data import find_private_data
from chalicelib.core.text.split import UnsplittableTextError, split

SIZE = 40_000


def repeated(unit):
    return unit * (SIZE // len(unit))


TEXTS = [
    "a", "a.", "a-", "a_", "本", "本a.com", "a.com/", "http://a", "https://", "www.", "(", "https://a.de/(a", "@a", "@", "#", "#1", "a@", "a@a.",
    "1", "1 ", "1-", "+1", "+49 ", "0 1", "(0", "tel ", "4111 ", "DE12 ", "030 ", "555-", "order ", "01 ", "\ud800", "e\u0301", "👨‍👩‍👧‍👦", "🇩",
    " ", "\n", "\r\n", "a b ", "x. ", "On ", "> a\n", ">", "-- \n", "--\n\n", "On a@b.c wrote:\n", "From: x\n", "wrote:", "schrieb ", "\u200b",
    "Sent from my iPhone\n", "-", "xn--", "1.", "a.本", "\ufe0f", "&",
]  # fmt: skip
HTML = [
    "<", "<a ", "<a/", "<a a=1", "<!--", "</", "<![CDATA[", "<?", "<!", "&", "&#", "&#9", "<a b='", "<a b=\"", "<a \"'>", "<script>", "<script></scrip",
    "<style", "<p>", "<p></b>", "<b>", "<i>a</i> ", "<li>", "<ul>", "<ul><li>", "<td>", "<td>a", "<blockquote>", "<a href=x>", "<br>", "<pre>\n", "x ",
    "<div class=", "<p a a a", "<p =", "> ",
]  # fmt: skip


def look_at(text):
    for kind in LengthUnit:
        assert text_length(text, kind) > 0
    clean_text(text)
    find_entities(text)
    find_private_data(text)
    find_identifiers(text, (r"\bKD-?\d+\b",))
    clean_reply(text=text)


@pytest.mark.parametrize("unit", TEXTS)
def test_no_text_keeps_us_busy(unit):
    look_at(repeated(unit))


def test_all_of_it_together():
    share = 100_000 // len(TEXTS)
    look_at("".join(unit * (share // len(unit)) for unit in TEXTS))
    share = 100_000 // len(HTML)
    html_to_text("".join(unit * (share // len(unit)) for unit in HTML))


@pytest.mark.parametrize("unit", HTML)
def test_no_markup_keeps_us_busy(unit):
    assert isinstance(html_to_text(repeated(unit)), str)
    assert isinstance(html_to_text(repeated(unit) + ">'\"-->"), str)
    assert isinstance(clean_reply(html=repeated(unit)).text, str)


@pytest.mark.parametrize("unit", TEXTS)
def test_a_long_text_is_split_in_reasonable_time(unit):
    limits = TextLimits((Limit(280, LengthUnit.WEIGHTED), Limit(1500, LengthUnit.BYTES)))
    text = repeated(unit)[:5_000]
    try:
        parts = split(text, limits)
    except UnsplittableTextError:
        assert "://" in text or "." in text, "only a link may be unsplittable"
    else:
        assert all(fits(part, limits) for part in parts)
