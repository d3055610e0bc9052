"""Where a long reply is cut."""

from __future__ import annotations

import re

import pytest

from chalicelib.core.errors import PermanentError
from chalicelib.core.text.length import LengthUnit, Limit, TextLimits, fits, graphemes, text_length
from chalicelib.core.text.split import UnsplittableTextError, split

FAMILY = "👨‍👩‍👧‍👦"
X = TextLimits((Limit(280, LengthUnit.WEIGHTED),))
BLUESKY = TextLimits((Limit(300, LengthUnit.GRAPHEMES), Limit(3000, LengthUnit.BYTES)))
MESSENGER = TextLimits((Limit(2000, LengthUnit.UTF16),))


def limit(maximum, unit=LengthUnit.CODE_POINTS):
    return TextLimits((Limit(maximum, unit),))


def without_numbers(parts):
    return [re.sub(r" \(\d+/\d+\)$", "", part) for part in parts]


@pytest.mark.parametrize("text", ["", "hello", "  hello \n", "x" * 280, "one\n\ntwo", FAMILY])
def test_what_fits_is_one_part_untouched(text):
    assert split(text, X) == (text,)


def test_white_space_around_is_given_up_before_a_cut_is_made():
    assert split(" " * 200 + "hello" + "\n" * 200, X) == ("hello",)


def test_parts_are_numbered_within_the_limit():
    parts = split("word " * 100, X)
    assert [part[-6:] for part in parts] == [" (1/2)", " (2/2)"]
    assert all(fits(part, X) for part in parts)


def test_numbers_can_be_left_out():
    parts = split("word " * 100, X, numbering=False)
    assert len(parts) == 2
    assert all(part.endswith("word") for part in parts)


def test_a_paragraph_is_the_best_place_to_cut():
    text = "First thing. Then another.\n\nSecond paragraph that is a bit longer. It ends here."
    assert split(text, limit(60), numbering=False) == (
        "First thing. Then another.",
        "Second paragraph that is a bit longer. It ends here.",
    )


def test_a_sentence_comes_next():
    text = "This is the first sentence. And this is the second one which is longer."
    assert split(text, limit(50), numbering=False)[0] == "This is the first sentence."


def test_a_line_comes_before_a_word():
    text = "colour red\nsize extra large and so on\nquantity several dozen of them"
    assert split(text, limit(45), numbering=False) == (
        "colour red\nsize extra large and so on",
        "quantity several dozen of them",
    )


def test_a_word_is_the_last_resort():
    assert split("alpha beta gamma delta", limit(12), numbering=False) == ("alpha beta", "gamma delta")


def test_a_boundary_that_leaves_a_part_nearly_empty_is_passed_over():
    text = "Hi.\n\n" + "word " * 30
    first = split(text, limit(100), numbering=False)[0]
    assert first.startswith("Hi.\n\nword")


@pytest.mark.parametrize(
    "text",
    [
        "Please ask for Dr. Miller at the counter tomorrow morning",
        "We close z. B. on Mondays and also on every other Sunday",
        "Delivered on the 3. of May by bzw. for our own dispatcher",
    ],
)
def test_an_abbreviation_ends_no_sentence(text):
    first = split(text, limit(40), numbering=False)[0]
    assert not first.endswith(".")


def test_a_word_longer_than_a_part_is_cut_and_nothing_is_lost():
    parts = split("a" * 700 + " end", limit(100))
    assert "".join(without_numbers(parts)).replace(" ", "") == "a" * 700 + "end"
    assert all(len(part) <= 100 for part in parts)


def test_a_word_that_fits_a_part_is_never_cut():
    words = ["short", "x" * 80, "y" * 90, "tail"]
    parts = without_numbers(split(" ".join(words), limit(100)))
    assert [word for part in parts for word in part.split()] == words


@pytest.mark.parametrize(
    "whole",
    [
        "https://acme.com/help/parcels/late?order=4711&lang=en#top",
        "acme.com/a/rather/long/path/without/any/scheme/in/front",
        "@customer.service.acme.example.com",
        "@kim_with_a_long_name@social.example.org",
        "#aRatherLongHashtagThatFitsIntoOnePart",
        "#eine_lange_Verschlagwortung_für_alle",
    ],
)
@pytest.mark.parametrize("filler", ["word ", "日本語の", "x" * 3])
def test_links_mentions_and_hashtags_stay_whole(whole, filler):
    for count in range(8, 22):
        text = f"{filler * count} {whole} {filler * count}"
        parts = split(text, limit(70))
        assert any(whole in part for part in parts), parts


def test_a_link_glued_to_ideographs_stays_whole():
    text = "長い文章です" * 20 + "https://acme.com/help/parcels?order=4711" + "長い文章です" * 20
    parts = split(text, X)
    assert sum("https://acme.com/help/parcels?order=4711" in part for part in parts) == 1


def test_a_very_long_link_weighs_23_on_x():
    link = "https://acme.com/" + "x" * 1500
    parts = split("word " * 60 + link, X)
    assert sum(link in part for part in parts) == 1
    assert all(fits(part, X) for part in parts)


def test_a_link_that_no_part_can_hold_is_an_error_and_says_so():
    with pytest.raises(UnsplittableTextError, match=r"a link of 417 graphemes does not fit a part of 294") as caught:
        split("Please see https://acme.com/" + "x" * 400, BLUESKY)
    assert isinstance(caught.value, PermanentError)
    assert "acme" not in str(caught.value)


def test_punctuation_around_a_link_may_be_parted_from_it():
    link = "https://acme.com/" + "x" * 77
    parts = split(f"({link}) " + "word " * 30, limit(100))
    assert sum(link in part for part in parts) == 1
    assert all(len(part) <= 100 for part in parts)


@pytest.mark.parametrize("cluster", [FAMILY, "👍🏽", "🇩🇪", "e\u0301", "1️⃣", "क्षि", "각"])
@pytest.mark.parametrize("limits", [X, BLUESKY, limit(50, LengthUnit.BYTES), limit(31, LengthUnit.UTF16)])
def test_a_grapheme_cluster_is_never_cut(cluster, limits):
    parts = without_numbers(split(cluster * 400, limits))
    assert len(parts) > 1
    assert all(part == cluster * (len(part) // len(cluster)) for part in parts)


def test_a_cluster_larger_than_a_part_is_cut_between_code_points():
    tower = "e" + "\u0301" * 300
    parts = split(tower, limit(40, LengthUnit.BYTES))
    assert "".join(without_numbers(parts)) == tower
    assert all(text_length(part, LengthUnit.BYTES) <= 40 for part in parts)


def test_text_without_blanks_is_cut_at_its_full_stops():
    text = "これは長い文章です。とても長いので、分割する必要があります。" * 12
    parts = without_numbers(split(text, X))
    assert "".join(parts) == text
    assert all(part.endswith("。") for part in parts)
    assert all(fits(part, X) for part in parts)


def test_no_part_begins_with_closing_or_ends_with_opening_punctuation():
    text = "「荷物」、（到着）！" * 40
    parts = without_numbers(split(text, limit(37)))
    assert len(parts) > 8
    assert not any(part[0] in "、」）！" or part[-1] in "「（" for part in parts)


def test_right_to_left_text_keeps_its_order():
    text = "שלום לך ותודה על ההודעה ששלחת אלינו. " * 20
    parts = without_numbers(split(text, X))
    assert " ".join(parts).split() == text.split()


def test_both_limits_hold_at_once():
    text = (FAMILY + " ") * 200
    parts = split(text, BLUESKY)
    assert all(fits(part, BLUESKY) for part in parts)
    assert len(parts) >= 2
    assert max(len(part.encode()) for part in parts) > 2900, "bytes are what runs out first"


@pytest.mark.parametrize(("words", "count"), [(9, 9), (10, 10), (11, 11), (99, 99), (100, 100), (130, 130)])
def test_numbering_is_consistent_when_the_count_gains_a_digit(words, count):
    parts = split(" ".join(["x" * 90] * words), limit(100))
    assert len(parts) == count
    assert [part.rsplit(" ", 1)[1] for part in parts] == [f"({index}/{count})" for index in range(1, count + 1)]
    assert all(len(part) <= 100 for part in parts)


def test_room_for_a_longer_number_is_made_only_when_it_is_needed():
    """92 letters fit beside " (1/2)" but not beside " (1/10)"."""
    assert len(split(" ".join(["x" * 94] * 9), limit(100))) == 9
    ten = split(" ".join(["x" * 94] * 10), limit(100))
    assert len(ten) > 10, "now each word is too long for a part with its number"
    assert all(len(part) <= 100 for part in ten)


def test_windows_line_ends_count_as_line_ends():
    parts = split("First paragraph here.\r\n\r\nSecond paragraph here.", limit(30), numbering=False)
    assert parts == ("First paragraph here.", "Second paragraph here.")


@pytest.mark.parametrize("maximum", [1, 5, 6])
def test_limits_without_room_for_text_are_refused(maximum):
    with pytest.raises(ValueError, match="no room for text"):
        split("some text that is longer", limit(maximum))


def test_a_limit_smaller_than_one_character_is_refused():
    with pytest.raises(ValueError, match="do not hold one character"):
        split("日本", limit(2, LengthUnit.BYTES), numbering=False)


def test_more_parts_than_four_digits_can_number_are_refused():
    with pytest.raises(ValueError, match="too small for a text of this length"):
        split("x" * 12_000, limit(13))


@pytest.mark.parametrize("limits", [X, BLUESKY, MESSENGER])
def test_a_real_reply_reads_well_in_parts(limits):
    paragraph = (
        "Hello Kim, thank you for your message and for your patience. We are very sorry that parcel 4711 is late. "
        "The carrier, who had trouble with the snow, told us that it will come on Monday between 9 and 12. "
        "If that does not suit you, please choose another day: https://acme.com/parcels/4711/reschedule?lang=en."
    )
    text = "\n\n".join([paragraph] * 10) + "\n\n^Anna"
    parts = split(text, limits)
    assert all(fits(part, limits) for part in parts)
    assert all(re.search(r"[.a](?: \(\d+/\d+\))$", part) for part in parts), "each ends with a sentence or the name"
    assert " ".join(without_numbers(parts)).split() == text.split()
    assert sum(part.count("https://acme.com/parcels/4711/reschedule?lang=en") for part in parts) == 10
    assert sum(len(graphemes(part)) for part in without_numbers(parts)) >= len("".join(text.split()))


def test_short_words_may_end_a_sentence():
    text = "We have looked into it. Nothing more was found about the other one"
    assert split(text, limit(45), numbering=False)[0] == "We have looked into it."
