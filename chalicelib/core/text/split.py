"""Cut a long reply into parts that a platform accepts, where a person would cut it."""

from __future__ import annotations

from collections.abc import Sequence

from chalicelib.core.errors import UnsupportedError
from chalicelib.core.text._pieces import Break, Piece, pieces_of
from chalicelib.core.text.length import Limit, TextLimits, fits, text_length

# A boundary of this kind is taken only when it leaves the part at least so full: short parts help nobody.
_LEAST_FILL = ((Break.PARAGRAPH, 0.5), (Break.SENTENCE, 0.5), (Break.LINE, 0.4), (Break.WORD, 0.3))
_MOST_DIGITS = 4


class UnsplittableTextError(UnsupportedError):
    """A link is longer than a whole part may be: cut in two it would lead nowhere. Nothing was cut."""

    code = "unsplittable_text"


def split(text: str, limits: TextLimits, numbering: bool = True) -> tuple[str, ...]:
    """`text` in parts that each keep `limits`, in order; `text` itself, untouched, when it fits.

    Parts end with " (1/3)" unless `numbering` is off; the number counts in the limits. Cuts are made at paragraphs,
    then sentences, lines, words; inside a word only when it is longer than a part; never inside a link, nor inside a
    mention, a hashtag or a grapheme cluster that fits a part. Only white space at the cuts is dropped.

    Raises UnsplittableTextError for a link that no part can hold, ValueError when the limits leave no room for text.
    """
    if fits(text, limits):
        return (text,)
    bare = text.strip()
    if fits(bare, limits):
        return (bare,)
    if not numbering:
        return tuple(_fill(bare, [limits]))
    for digits in range(1, _MOST_DIGITS + 1):
        parts = _fill(
            bare, [_less(limits, len(_number(10 ** (own - 1), 10**digits - 1))) for own in range(1, digits + 1)]
        )
        if len(parts) < 10**digits:
            return tuple(part + _number(index, len(parts)) for index, part in enumerate(parts, 1))
    raise ValueError("text limits: too small for a text of this length")


def _number(index: int, count: int) -> str:
    return f" ({index}/{count})"


def _less(limits: TextLimits, size: int) -> TextLimits:
    """The limits less the number's length: it is ASCII, so it has the same length in every unit."""
    if any(limit.maximum <= size for limit in limits.limits):
        raise ValueError(f"text limits: no room for text beside a number of {size} characters")
    return TextLimits(tuple(Limit(limit.maximum - size, limit.unit) for limit in limits.limits))


def _fill(text: str, budgets: Sequence[TextLimits]) -> list[str]:
    """Parts of `text`; part n keeps the budget for numbers with as many digits as n, the last budget from then on."""
    strictest = budgets[-1]
    pieces = pieces_of(text, strictest)
    lengths = [_lengths(text[piece.start : piece.end], strictest) for piece in pieces]
    _refuse_long_links(pieces, lengths, strictest)
    parts: list[str] = []
    first = 0
    while first < len(pieces):
        budget = budgets[min(len(str(len(parts) + 1)), len(budgets)) - 1]
        last = _last_piece(text, pieces, lengths, first, budget)
        parts.append(text[pieces[first].start : pieces[last].end])
        first = last + 1
    return parts


def _lengths(piece: str, limits: TextLimits) -> tuple[int, ...]:
    """The length of `piece` in the unit of each limit."""
    if len(piece) == 1 and piece.isascii():
        return (1,) * len(limits.limits)
    return tuple(text_length(piece, limit.unit) for limit in limits.limits)


def _refuse_long_links(pieces: Sequence[Piece], lengths: Sequence[tuple[int, ...]], budget: TextLimits) -> None:
    for piece, length in zip(pieces, lengths, strict=True):
        for size, limit in zip(length, budget.limits, strict=True):
            if piece.is_link and size > limit.maximum:
                raise UnsplittableTextError(f"a link of {size} {limit.unit} does not fit a part of {limit.maximum}")
            if size > limit.maximum:
                raise ValueError(f"text limits: {limit.maximum} {limit.unit} do not hold one character")


def _last_piece(
    text: str, pieces: Sequence[Piece], lengths: Sequence[tuple[int, ...]], first: int, budget: TextLimits
) -> int:
    """The index of the piece that ends the part which begins with piece `first`."""
    fullest = _fullest(text, pieces, lengths, first, budget)
    if fullest == len(pieces) - 1:
        return fullest
    start, room = pieces[first].start, pieces[fullest].end - pieces[first].start
    for kind, least in _LEAST_FILL:
        for index in range(fullest, first - 1, -1):
            if pieces[index].end - start < least * room:
                break
            if pieces[index].after >= kind:
                return index
    return fullest


def _fullest(
    text: str, pieces: Sequence[Piece], lengths: Sequence[tuple[int, ...]], first: int, budget: TextLimits
) -> int:
    """The last piece that still fits. Sums of pieces are nearly exact; the whole is measured before it is believed."""
    used = [0] * len(budget.limits)
    last = first
    for index in range(first, len(pieces)):
        gap = pieces[index].start - pieces[index - 1].end if index > first else 0
        for place, length in enumerate(lengths[index]):
            used[place] += gap + length
        if any(size > limit.maximum for size, limit in zip(used, budget.limits, strict=True)):
            break
        last = index
    while last > first and not fits(text[pieces[first].start : pieces[last].end], budget):
        last -= 1
    return last
