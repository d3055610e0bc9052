"""X's weighted length. The numbers are what twitter-text 3.1.0 (the vendor's own counter, with Emoji 14) answers."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.text._x_links import x_link_spans
from chalicelib.core.text.length import LengthUnit, text_length

FAMILY = "👨‍👩‍👧‍👦"


def weigh(text, **options):
    return text_length(text, LengthUnit.WEIGHTED, **options)


@pytest.mark.parametrize(
    ("text", "weight"),
    [
        ("", 0),
        ("This is a test.", 15),
        ("Straßenschäden", 14),
        ("Привет, мир", 11),
        ("مرحبا", 5),
        ("שלום", 4),
        ("สวัสดี", 6),
        ("故人西辞黄鹤楼", 14),
        ("저찀쯿쿿", 8),
        ("の" * 140, 280),
        ("€uro ½ – „x“", 13),
        ("\u200d\u200e\u2014\u2026", 6),
        ("\u2018\u2019\u201c\u201d\u2032\u2033", 6),
        ("\U00010000\U0010ffff", 4),
        ("ABC\u202a\uffffABC\ufffe", 12),
    ],
)
def test_code_points_weigh_by_range(text, weight):
    assert weigh(text) == weight


@pytest.mark.parametrize(("last_light", "first_heavy"), [(4351, 4352), (8205, 8206), (8223, 8224), (8247, 8248)])
def test_the_ranges_end_where_the_configuration_says(last_light, first_heavy):
    assert weigh(chr(last_light)) == 1
    assert weigh(chr(first_heavy)) == 2


@pytest.mark.parametrize("code_point", [8191, 8206, 8207, 8224, 8241, 8248])
def test_between_the_ranges_everything_weighs_two(code_point):
    assert weigh(chr(code_point)) == 2


def test_composed_and_decomposed_letters_weigh_the_same():
    assert weigh("A\u0301B") == weigh("ÁB") == 2
    assert weigh("A\ufb2c") == 4, "a Hebrew presentation form becomes three code points"


@pytest.mark.parametrize(
    "sequence",
    [
        "😷", "👾", "☺", "☺️", "❤️", "⌚️", "🇩🇪", "🇺🇸", "1️⃣", "#⃣", "*️⃣", "👍🏽", "☝🏿", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "🏳️‍🌈", "🏳️‍⚧️", "🏴‍☠️",
        FAMILY, "👩‍👦", "👩‍❤️‍💋‍👨", "👩🏽‍❤️‍👨🏿", "🧑‍🤝‍🧑", "🧑🏽‍🤝‍🧑🏻", "🫱🏻‍🫲🏿", "👩‍⚕️", "👨🏾‍🚀", "🧑‍🎄", "🕵️‍♀️", "🏋🏽‍♂️", "🧜‍♀️",
        "🐕‍🦺", "🐈‍⬛", "🐻‍❄️", "❤️‍🔥", "😶‍🌫️", "😮‍💨", "👯‍♀️", "🤼‍♂️", "🧔🏽‍♂️",
    ],
)  # fmt: skip
def test_an_emoji_sequence_weighs_two_in_total(sequence):
    assert weigh(sequence) == 2
    assert weigh(sequence * 3) == 6
    assert weigh(f"a{sequence}b") == 4


@pytest.mark.parametrize(
    ("text", "weight"),
    [
        ("©", 1),
        ("©️", 2),
        ("☺︎", 4),
        ("😀️", 4),
        ("😀🏽", 4),
        ("👩‍⚕", 5),
        ("🇦🇦", 4),
        ("👁️‍🗨️", 5),
        ("👨‍❤️‍👨🏽", 4),
        ("🏳️‍🌈‍🌈", 5),
        ("H🐱☺👨‍👩‍👧‍👦", 7),
        ("🙋🏽👨‍🎤", 4),
        ("Unicode 10.0 emoji: 🤪; 🧕; 🧕🏾; 🏴󠁧󠁢󠁥󠁮󠁧󠁿", 34),
        ("1️⃣ © ™ ☺︎ ☺️ 🇩🇪 🇦🇦 👍🏽", 26),
    ],
)
def test_what_is_no_known_sequence_weighs_by_its_pieces(text, weight):
    assert weigh(text) == weight


def test_140_families_fill_a_post():
    assert weigh(FAMILY * 140) == 280


@pytest.mark.parametrize(
    ("text", "weight"),
    [
        ("http://test.com", 23),
        ("https://www.acme.de/" + "x" * 4000, 23),
        ("https://www.acme.de/" + "x" * 5000, 5020),
        ("test.com", 23),
        ("Test https://test.com test https://test.com test.com test", 86),
        ("Hi http://test.co", 26),
        ("test\nhttp://a.de\n", 29),
        ("(acme.com)", 25),
        ("acme.com.", 24),
        ("www.acme.de, und mehr", 33),
        ("acme.com/help?x=1.", 24),
        ("acme.com?x=1", 27),
        ("acme.com:8080", 28),
        ("acme.com:8080/x", 23),
        ("https://acme.com/a_(b).", 24),
        ("https://acme.com/(a(a(a(a(a", 33),
        ("https://acme.com/path,with;odd:chars!", 24),
        ("http://a_b.acme.com", 23),
        ("Straße.de", 23),
        ("ELPAÍS.com", 23),
        ("http://bücher.de/ä", 23),
        ("xn--bcher-kva.de", 23),
        ("foo.baz foo.jp foo.comm", 40),
        ("kommt.Ist", 23),
        ("これはexample.comです", 33),
        ("twitter.みんなです", 27),
        ("\u2066\u202ahttp://foobar.پاکستان/\u202c\u2069", 31),
        ("http://t.co/pbY2NfTZ's", 25),
        ("http://t.co/abcdefghijklmnopqrstuvwxyz012345678901234", 53),
        ("twitter.jp日本語it.so中国語foo.jp it.so foo.jp", 129),
        (
            "http://twitter.com/これは日本語です。example.com中国語http://t.co/abcde한국twitter.comテストexample2.comテストhttp://twitter.com/abcde",
            178,
        ),
    ],
)
def test_a_link_weighs_23_whatever_its_length(text, weight):
    assert weigh(text) == weight


@pytest.mark.parametrize(
    "text",
    [
        "info@acme.com",
        "mailto:kim@acme.com",
        "#test.com @test.com #http://test.com @http://test.com #t.co/abcde @t.co/abcde",
        "http://-acme.com",
        "http://acme-.com",
        "http://acme_x.com",
        "http://_acme.com",
        "http://no-tld",
        "http://tld-too-short.x",
        "ftp://acme.com",
        "v1.2.3",
        "a.b",
        "z.B.",
        "domain.com-that",
        "randomurlrandomurlrandomurlrandomurlrandomurlrandomurlrandomurls.com",
    ],
)
def test_what_x_takes_for_no_link_weighs_by_its_letters(text):
    assert weigh(text) == len(text)


@pytest.mark.parametrize(
    ("text", "links"),
    [
        ("foo.baz foo.co.jp www.foo.co.uk foo.comm foo.somecom foo.jp", ["foo.co.jp", "www.foo.co.uk", "foo.jp"]),
        ("http://xo.com/~matthew+%ff-,.;x", ["http://xo.com/~matthew+%ff-,.;x"]),
        ("http://en.wikipedia.org/wiki/Primer_(film)", ["http://en.wikipedia.org/wiki/Primer_(film)"]),
        ("http://m.com/library/request(v=VS.100).aspx", ["http://m.com/library/request(v=VS.100).aspx"]),
        ("Go to http://twitter.com/Русские_слова", ["http://twitter.com/Русские_слова"]),
        (
            "https://en.m.wikipedia.org/wiki/Hatfield–McCoy_feud please",
            ["https://en.m.wikipedia.org/wiki/Hatfield–McCoy_feud"],
        ),
        ("@user Try http:// example.com/path", ["example.com/path"]),
        (
            "これは日本語です。example.com/path/index.html中国語example.com/path한국",
            ["example.com/path/index.html", "example.com/path"],
        ),
        ("http://example.comだよね.comtest/hogehoge", ["http://example.com"]),
        ("Hello http://xn--はじめよう.com/index.html", []),
        ("http://example.com/path..........................................", ["http://example.com/path"]),
        ("http://foo.com?#foo text", ["http://foo.com?#foo"]),
        ("http://somehost.com:3000", ["http://somehost.com:3000"]),
        ("(http://twitter.com", ["http://twitter.com"]),
        ("xhttp://acme.com", []),
        ("http://acme.comhttp://acme.com", []),
        ("http://acme.com/xhttp://acme.com", ["http://acme.com/xhttp://acme.com"]),
        ("HTTPS://www.ExaMPLE.COM/index.html", ["HTTPS://www.ExaMPLE.COM/index.html"]),
    ],
)
def test_links_are_found_where_x_finds_them(text, links):
    assert [text[start:end] for start, end in x_link_spans(text)] == links


@pytest.mark.parametrize(
    ("text", "weight"),
    [
        ("@acme hello", 5),
        ("@acme @kim_w hello", 5),
        ("  @acme\nhello", 5),
        ("＠acme hello", 5),
        ("@acme", 0),
        ("hello @acme", 11),
        (".@acme hello", 12),
        ("@acme's hello", 13),
        ("@acme: hello", 12),
        ("@acme.com hello", 15),
    ],
)
def test_handles_that_a_reply_inherits_may_be_left_out(text, weight):
    assert weigh(text, without_leading_mentions=True) == weight


@given(st.text(alphabet="ab.:/ @-_#本語é😀", max_size=40), st.text(alphabet="ab.:/ @-_#本語é😀", max_size=40))
def test_words_weigh_on_their_own(first, second):
    """A space separates: the weight of two texts with one between them is the sum. The splitter builds on this."""
    assert weigh(f"{first} {second}") == weigh(first) + 1 + weigh(second)


@given(st.text())
def test_links_do_not_overlap_and_have_a_dot(text):
    text = unicodedata.normalize("NFC", text)
    last = 0
    for start, end in x_link_spans(text):
        assert last <= start < end <= len(text)
        assert "." in text[start:end]
        last = end
