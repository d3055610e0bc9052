"""What holds for every text that is split."""

from __future__ import annotations

import re

from hypothesis import assume, given
from hypothesis import strategies as st

from chalicelib.core.text.facets import find_entities
from chalicelib.core.text.length import LengthUnit, Limit, TextLimits, fits, graphemes
from chalicelib.core.text.split import UnsplittableTextError, split

FRAGMENTS = st.sampled_from(
    [
        "word", "Hello.", "Really?! ", " ", "\n", "\n\n", "\r\n", "\t", "\u00a0", "\u3000", "日本語", "です。", "「", "」", "、", "👨‍👩‍👧‍👦", "👍🏽", "🇩🇪",
        "e\u0301", "\u0301", "\u200d", "\ufe0f", "https://acme.com/a?b=c", "acme.com", "@kim.example", "#tag", "(", ")", ".", "שלום", "กรุงเทพ",
        "x" * 30, "-", "\ud800", "http://", "z. B. ",
    ]
)  # fmt: skip
TEXTS = st.one_of(st.lists(FRAGMENTS, max_size=60).map("".join), st.text(max_size=200))
UNITS = st.sampled_from(list(LengthUnit))
LIMITS = st.one_of(
    st.builds(lambda maximum, unit: TextLimits((Limit(maximum, unit),)), st.integers(40, 120), UNITS),
    st.just(TextLimits((Limit(40, LengthUnit.GRAPHEMES), Limit(120, LengthUnit.BYTES)))),
)
NUMBER = re.compile(r" \((\d+)/(\d+)\)\Z")


def split_or_skip(text, limits, **options):
    try:
        return split(text, limits, **options)
    except UnsplittableTextError:
        assume(False)
        raise


def squeezed(text):
    return "".join(text.split())


@given(TEXTS, LIMITS)
def test_each_part_fits_and_nothing_is_lost(text, limits):
    parts = split_or_skip(text, limits)
    assert parts
    assert all(fits(part, limits) for part in parts)
    if len(parts) > 1:
        numbers = [match.groups() for part in parts if (match := NUMBER.search(part))]
        assert numbers == [(str(index), str(len(parts))) for index in range(1, len(parts) + 1)]
        parts = [NUMBER.sub("", part) for part in parts]
    assert "".join(map(squeezed, parts)) == squeezed(text)


@given(TEXTS, LIMITS)
def test_without_numbers_too(text, limits):
    parts = split_or_skip(text, limits, numbering=False)
    assert all(fits(part, limits) for part in parts)
    assert "".join(map(squeezed, parts)) == squeezed(text)
    assert len(parts) == 1 or all(part.strip() for part in parts)


@given(TEXTS, LIMITS)
def test_splitting_is_repeatable_and_leaves_parts_alone(text, limits):
    parts = split_or_skip(text, limits)
    assert split(text, limits) == parts
    assert all(split(part, limits) == (part,) for part in parts)


@given(TEXTS, LIMITS)
def test_each_part_is_a_piece_of_the_text(text, limits):
    """Nothing is changed inside: a part is found in the text as it is, behind the part before."""
    position = 0
    for part in split_or_skip(text, limits, numbering=False):
        found = text.find(part, position)
        assert found >= 0
        position = found + len(part)


@given(
    st.lists(FRAGMENTS.filter(lambda fragment: fragment not in ("\u0301", "\u200d", "\ufe0f")), max_size=50).map(
        "".join
    )
)
def test_words_links_and_clusters_that_fit_stay_whole(text):
    limits = TextLimits((Limit(60, LengthUnit.GRAPHEMES),))
    parts = split_or_skip(text, limits, numbering=False)
    position, cuts = 0, []
    for part in parts[:-1]:
        position = text.find(part, position) + len(part)
        cuts.append(position)
    for entity in find_entities(text):
        if fits(entity.text, limits):
            assert not any(entity.start < cut < entity.end for cut in cuts), entity
    boundaries, here = {0}, 0
    for cluster in graphemes(text):
        here += len(cluster)
        boundaries.add(here)
    assert all(cut in boundaries for cut in cuts)
    for run in re.finditer(r"\S+", text):
        if fits(run[0], limits):
            words = [match.span() for match in re.finditer(r"[a-zA-Z]+", run[0])]
            assert not any(run.start() + start < cut < run.start() + end for cut in cuts for start, end in words)
