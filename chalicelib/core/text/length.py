"""How long a text is, in the unit that a platform counts in, and whether it fits the platform's limits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any


class LengthUnit(StrEnum):
    """What a platform counts."""

    WEIGHTED = "weighted"
    """X: links 23, emoji 2, most scripts beyond Latin, Greek, Cyrillic, Arabic and Hebrew 2 a character."""
    GRAPHEMES = "graphemes"
    """Extended grapheme clusters, what a person calls a character (Unicode UAX 29)."""
    CODE_POINTS = "code points"
    UTF16 = "UTF-16 code units"
    BYTES = "bytes"
    """UTF-8."""


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `maximum` of `unit`, the maximum included."""

    maximum: int
    unit: LengthUnit


@dataclass(frozen=True, slots=True)
class TextLimits:
    """Limits that hold at the same time (Bluesky: 300 graphemes and 3,000 bytes). At least one."""

    limits: tuple[Limit, ...]

    def __post_init__(self) -> None:
        if not self.limits or any(limit.maximum < 1 for limit in self.limits):
            raise ValueError("text limits: at least one, each with a maximum of 1 or more")


def text_length(text: str, unit: LengthUnit, *, without_leading_mentions: bool = False) -> int:
    """The length of `text` in `unit`. A lone surrogate counts as the U+FFFD that will replace it.

    `without_leading_mentions`: for WEIGHTED, the @handles at the start are those that a reply to X inherits and do not
    count; other units ignore it.
    """
    if unit is LengthUnit.WEIGHTED:
        from chalicelib.core.text._weighted import weighted_length

        return weighted_length(text, without_leading_mentions=without_leading_mentions)
    return _COUNTERS[unit](text)


def fits(text: str, limits: TextLimits, *, without_leading_mentions: bool = False) -> bool:
    """Whether `text` keeps all `limits`."""
    return all(
        text_length(text, limit.unit, without_leading_mentions=without_leading_mentions) <= limit.maximum
        for limit in limits.limits
    )


def graphemes(text: str) -> list[str]:
    """`text` cut into extended grapheme clusters; joined again they are `text`."""
    if text.isascii() and "\r\n" not in text:
        return list(text)
    found: list[str] = _cluster().findall(text)
    return found


@cache
def _cluster() -> Any:
    # Imported late: many functions never meet a text that needs it, and it costs 20 ms.
    import regex

    # Flags first: left to itself, \X counts the whole run of regional indicators before each of them.
    return regex.compile(r"\p{RI}{2}[\p{GCB=Extend}\p{GCB=SpacingMark}\p{GCB=ZWJ}]*|\X")


def _count_graphemes(text: str) -> int:
    return len(text) if text.isascii() and "\r\n" not in text else len(graphemes(text))


def _count_utf16(text: str) -> int:
    return len(text) if text.isascii() else len(text) + sum(character > "\uffff" for character in text)


def _count_bytes(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


_COUNTERS: Mapping[LengthUnit, Callable[[str], int]] = {
    LengthUnit.GRAPHEMES: _count_graphemes,
    LengthUnit.CODE_POINTS: len,
    LengthUnit.UTF16: _count_utf16,
    LengthUnit.BYTES: _count_bytes,
}
