"""Clues in a customer's own words: e-mail addresses, phone numbers, the company's customer and order numbers.

Nothing is guessed. What a phone number means is for a library that knows the countries' plans; this only finds
candidates in international form. Whose number it is ("my dad's") is for the matcher to weigh.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from chalicelib.core.errors import ConfigurationError
from chalicelib.core.text._contacts import EMAIL, INTERNATIONAL_PHONE


class IdentifierKind(StrEnum):
    """What a clue identifies a customer by."""

    EMAIL = "email"
    PHONE = "phone"
    CUSTOMER_NUMBER = "customer_number"


@dataclass(frozen=True, slots=True, kw_only=True)
class Identifier:
    """One clue. ``raw``: as written, ``text[span[0]:span[1]]``.

    ``value``, to look up by: an e-mail address in lower case; for a phone number "+" and ASCII digits (a candidate, not
    yet E.164); a customer number in upper case without blanks.
    """

    kind: IdentifierKind
    value: str
    raw: str
    span: tuple[int, int]


_LONGEST_TEXT = 10_000
_FEWEST_DIGITS, _MOST_DIGITS = 8, 15


def find_identifiers(text: str, number_patterns: Sequence[str] = ()) -> tuple[Identifier, ...]:
    """All clues in `text`, in its order; one that overlaps an earlier kind (e-mail, phone, number) is left out.

    `number_patterns`: regular expressions of the company (``CarePolicy.customer_number_patterns``); a group named
    ``number``, where a pattern has one, is the number. Upper and lower case are the same. Only the first 10,000
    characters are read: nobody introduces themselves later.
    Raises ConfigurationError for an expression that is none.
    """
    read = text[:_LONGEST_TEXT]
    found: list[Identifier] = []
    for identifier in (*_emails(read), *_phones(read), *_numbers(read, tuple(number_patterns))):
        if not any(_overlap(identifier.span, other.span) for other in found):
            found.append(identifier)
    return tuple(sorted(found, key=lambda identifier: identifier.span))


def _overlap(one: tuple[int, int], other: tuple[int, int]) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def _emails(text: str) -> Iterator[Identifier]:
    for match in EMAIL.finditer(text):
        yield Identifier(kind=IdentifierKind.EMAIL, value=match[0].lower(), raw=match[0], span=match.span())


def _phones(text: str) -> Iterator[Identifier]:
    for match in INTERNATIONAL_PHONE.finditer(text):
        digits = _ascii_digits(match[0].replace("(0)", "")).removeprefix("00")
        if _FEWEST_DIGITS <= len(digits) <= _MOST_DIGITS:
            yield Identifier(kind=IdentifierKind.PHONE, value=f"+{digits}", raw=match[0], span=match.span())


def _numbers(text: str, patterns: tuple[str, ...]) -> Iterator[Identifier]:
    for pattern in _compiled(patterns):
        group = "number" if "number" in pattern.groupindex else 0
        for match in pattern.finditer(text):
            raw = match[group]
            value = "".join(unicodedata.normalize("NFKC", raw or "").split()).upper()
            if value:
                yield Identifier(kind=IdentifierKind.CUSTOMER_NUMBER, value=value, raw=raw, span=match.span(group))


@lru_cache(maxsize=8)
def _compiled(patterns: tuple[str, ...]) -> tuple[re.Pattern[str], ...]:
    try:
        return tuple(re.compile(pattern, re.IGNORECASE) for pattern in patterns)
    except re.error as error:
        raise ConfigurationError(f"customer number patterns: not a regular expression ({error})") from None


def _ascii_digits(text: str) -> str:
    """The digits of `text`, those of other scripts and full-width ones as ASCII."""
    return "".join(str(unicodedata.digit(character)) for character in text if character.isdecimal())
