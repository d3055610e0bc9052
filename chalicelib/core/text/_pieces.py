"""The pieces that a text may be cut between, and how welcome each cut is."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from itertools import pairwise

from chalicelib.core.text.facets import EntityKind, find_entities
from chalicelib.core.text.length import LengthUnit, TextLimits, fits, graphemes


class Break(IntEnum):
    """What stands behind a piece; the higher, the better a place to cut."""

    INSIDE = 0
    """Inside a word that is longer than a part."""
    WORD = 1
    LINE = 2
    SENTENCE = 3
    PARAGRAPH = 4


@dataclass(frozen=True, slots=True)
class Piece:
    """``text[start:end]``, never cut; ``after``: the boundary that follows. White space stands between pieces."""

    start: int
    end: int
    after: Break
    is_link: bool = False


@dataclass(frozen=True, slots=True)
class _Span:
    start: int
    end: int
    is_link: bool


# "t.co" weighs 23 on X; no unit counts more for a code point. What is shorter than this says need not be measured.
_MOST_PER_CODE_POINT = 6
_WORDS = re.compile(r"\S+")
_SENTENCE_END = re.compile(r"(?:[.!?…]+|[。！？｡]+)[\"'”’»)\]」』】）]*$")
# "z. B.", "am 3. Mai", "Dr. Who": a full stop behind one letter, a small number or one of these ends no sentence.
_SHORT = re.compile(
    r"(?:^|[^\w])(?:[^\W\d_]|\d{1,2}|Dr|Mr|Mrs|Ms|Mme|Prof|Ing|St|Hr|Fr|Sr|Jr|No|Nr|Tel|Str|"
    r"bzw|usw|ca|evtl|ggf|inkl|zzgl|etc|approx|incl|vs|cf)\.$"
)
# Written without blanks: a cut is allowed between any two, but not before closing or behind opening punctuation.
_UNSPACED = "\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_ENDS_SENTENCE_UNSPACED = "。！？｡"
_NOT_FIRST = (
    "、。，．！？；：｡､」』】）》〉〕］｝…‥ー々ゝゞヽヾ\u3099\u309aぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮヵヶ"
)
_NOT_LAST = "「『【（《〈〔［｛"
_UNSPACED_LETTER = re.compile(f"[{_UNSPACED}]")


def pieces_of(text: str, limits: TextLimits) -> list[Piece]:
    """The pieces of `text`; one that breaks `limits` is cut further, down to code points, unless it is a link."""
    spans = _protected_spans(text, limits)
    words = list(_words(text))
    pieces: list[Piece] = []
    for number, (start, end) in enumerate(words):
        after = _break_between(text, start, end, words[number + 1][0]) if number + 1 < len(words) else Break.PARAGRAPH
        pieces.extend(_word_pieces(text, start, end, _between(spans, start, end), after, limits))
    return pieces


class _Boundaries:
    """Where grapheme clusters end; asked only for texts in which that can matter."""

    __slots__ = ("_ends", "_text")

    def __init__(self, text: str) -> None:
        self._text = text
        self._ends: frozenset[int] | None = None

    def __contains__(self, position: int) -> bool:
        if self._text.isascii():
            return True  # \\r\\n is white space on both sides
        if self._ends is None:
            ends, here = {0}, 0
            for cluster in graphemes(self._text):
                here += len(cluster)
                ends.add(here)
            self._ends = frozenset(ends)
        return position in self._ends


def _words(text: str) -> Iterator[tuple[int, int]]:
    """Runs without white space; a run that begins with a combining mark belongs to what stands before it."""
    boundaries = _Boundaries(text)
    pending: tuple[int, int] | None = None
    for match in _WORDS.finditer(text):
        if pending is not None and (match.start() not in boundaries or pending[1] not in boundaries):
            pending = (pending[0], match.end())
            continue
        if pending is not None:
            yield pending
        pending = match.span()
    if pending is not None:
        yield pending


def _between(spans: list[_Span], start: int, end: int) -> list[_Span]:
    """The spans that lie in ``start``..``end``."""
    first = bisect_left(spans, start, key=lambda span: span.start)
    last = bisect_left(spans, end, key=lambda span: span.start)
    return [span for span in spans[first:last] if span.end <= end]


def _protected_spans(text: str, limits: TextLimits) -> list[_Span]:
    """Links, mentions and hashtags; with a weighted limit also X's idea of links. Sorted; joined where they overlap."""
    spans = [_Span(entity.start, entity.end, entity.kind is EntityKind.LINK) for entity in find_entities(text)]
    if any(limit.unit is LengthUnit.WEIGHTED for limit in limits.limits):
        from chalicelib.core.text._x_links import x_link_spans

        spans.extend(_Span(start, end, True) for start, end in x_link_spans(text))
    joined: list[_Span] = []
    for span in sorted(spans, key=lambda span: (span.start, -span.end)):
        if joined and span.start < joined[-1].end:
            previous = joined[-1]
            joined[-1] = _Span(previous.start, max(previous.end, span.end), previous.is_link or span.is_link)
        else:
            joined.append(span)
    return joined


def _break_between(text: str, start: int, end: int, following: int) -> Break:
    """The kind of boundary between the word `start`..`end` and the one that begins at `following`."""
    lines = text.count("\n", end, following)
    if lines > 1:
        return Break.PARAGRAPH
    word = text[max(start, end - 40) : end]
    if _SENTENCE_END.search(word) and not _SHORT.search(word) and not text[following].islower():
        return Break.SENTENCE
    return Break.LINE if lines else Break.WORD


def _word_pieces(
    text: str, start: int, end: int, spans: list[_Span], after: Break, limits: TextLimits
) -> Iterator[Piece]:
    """One word as pieces: whole, or cut around its links, between ideographs, and, if it must be, between clusters."""
    cuts = [start, *_unspaced_cuts(text, start, end, spans), end]
    surely = min(limit.maximum for limit in limits.limits) // _MOST_PER_CODE_POINT
    for left, right in pairwise(cuts):
        behind = after if right == end else _unspaced_break(text, right)
        if right - left <= surely or fits(text[left:right], limits):
            yield Piece(left, right, behind)
        else:
            yield from _long_pieces(text, left, right, _between(spans, left, right), behind, limits)


def _unspaced_cuts(text: str, start: int, end: int, spans: list[_Span]) -> Iterator[int]:
    """Positions inside a word where scripts without blanks allow a line to end."""
    if _UNSPACED_LETTER.search(text, start, end) is None:
        return
    coming = iter(spans)
    span = next(coming, None)
    for position in range(start + 1, end):
        while span is not None and span.end <= position:
            span = next(coming, None)
        if (span is None or position <= span.start) and _may_cut_unspaced(text[position - 1], text[position]):
            yield position


def _may_cut_unspaced(before: str, here: str) -> bool:
    if here in _NOT_FIRST or before in _NOT_LAST:
        return False
    return bool(_UNSPACED_LETTER.match(before) or before in _NOT_FIRST) and bool(
        _UNSPACED_LETTER.match(here) or here in _NOT_LAST
    )


def _unspaced_break(text: str, position: int) -> Break:
    return Break.SENTENCE if text[position - 1] in _ENDS_SENTENCE_UNSPACED else Break.WORD


def _long_pieces(
    text: str, start: int, end: int, spans: list[_Span], after: Break, limits: TextLimits
) -> Iterator[Piece]:
    """A run that is too long for a part: its links and names stay whole, the rest is cut between clusters."""
    position = start
    found: list[Piece] = []
    for span in [*spans, _Span(end, end, False)]:
        found.extend(_clusters(text, position, span.start, limits))
        if span.end > span.start:
            if span.is_link or fits(text[span.start : span.end], limits):
                found.append(Piece(span.start, span.end, Break.INSIDE, is_link=span.is_link))
            else:
                found.extend(_clusters(text, span.start, span.end, limits))
        position = span.end
    last = found.pop()
    yield from found
    yield Piece(last.start, last.end, after, is_link=last.is_link)


def _clusters(text: str, start: int, end: int, limits: TextLimits) -> Iterator[Piece]:
    position = start
    for cluster in graphemes(text[start:end]):
        size = len(cluster) if len(cluster) == 1 or fits(cluster, limits) else 1
        for left in range(position, position + len(cluster), size):
            yield Piece(left, left + size, Break.INSIDE)
        position += len(cluster)
