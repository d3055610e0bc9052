"""Card numbers, IBANs, e-mail addresses and phone numbers in a text that everybody will be able to read.

Precision before recall for phone numbers: an order number that is taken for a phone number would hold a good answer.
Cards and IBANs carry check digits, so they are nearly certain.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from chalicelib.core.text._contacts import EMAIL, phone_spans


class PrivateDataKind(StrEnum):
    """What was found."""

    CARD = "card"
    IBAN = "iban"
    EMAIL = "email"
    PHONE = "phone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Where: ``text[span[0]:span[1]]`` in code points. The value itself is not kept, so that it can't be logged."""

    kind: PrivateDataKind
    span: tuple[int, int]


_DIGIT_GROUPS = re.compile(r"(?<![\w.,+\-])\d+(?:[ \-]\d+)*(?!\w|[.,]\d)")
_GROUP = re.compile(r"\d+")
_SHORT_GROUP = 3
_SHORTEST_CARD, _LONGEST_CARD = 13, 19
# Issuer prefixes and lengths, ISO/IEC 7812 ranges as the schemes publish them. They keep tracking numbers out.
_ISSUERS = (
    (re.compile(r"4"), (13, 16, 19)),  # Visa
    (re.compile(r"5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720"), (16,)),  # Mastercard
    (re.compile(r"3[47]"), (15,)),  # American Express
    (re.compile(r"6011|64[4-9]|65"), (16, 19)),  # Discover
    (re.compile(r"30[0-5]|36|3[89]"), (14, 16, 19)),  # Diners Club
    (re.compile(r"352[89]|35[3-8]"), (16, 19)),  # JCB
    (re.compile(r"62"), (16, 17, 18, 19)),  # UnionPay
    (re.compile(r"50|5[6-9]|6[37]"), (16, 17, 18, 19)),  # Maestro
)

_IBAN_START = re.compile(r"(?<![A-Za-z0-9])([A-Za-z]{2})(\d{2})(?=[ \-]?[A-Za-z0-9])")
# ISO 13616 registry: country and length.
_IBAN_REGISTRY = (
    "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 EG29 "
    "ES24 FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 "
    "LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 "
    "PT25 QA29 RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 "
    "YE30"
)
_IBAN_LENGTHS = {entry[:2]: int(entry[2:]) for entry in _IBAN_REGISTRY.split()}


def find_private_data(text: str, allowed: Collection[str] = ()) -> tuple[Finding, ...]:
    """What in `text` would give a customer away, in the order of the text, without overlaps.

    `allowed`: what the company itself publishes: e-mail addresses ("help@acme.com"), domains ("@acme.com") and phone
    numbers in any notation; these are not findings. Freephone numbers, dates and hours are none either, and order
    numbers, prices and tracking numbers only when they look exactly like something else.
    """
    found: list[Finding] = []
    taken: list[tuple[int, int]] = []
    for kind, spans in (
        (PrivateDataKind.IBAN, _ibans(text)),
        (PrivateDataKind.CARD, _cards(text)),
        (PrivateDataKind.EMAIL, _emails(text, allowed)),
        (PrivateDataKind.PHONE, phone_spans(text, [entry for entry in allowed if "@" not in entry])),
    ):
        for span in spans:
            place = bisect_left(taken, span)
            if (place and taken[place - 1][1] > span[0]) or (place < len(taken) and taken[place][0] < span[1]):
                continue
            taken.insert(place, span)
            found.append(Finding(kind=kind, span=span))
    return tuple(sorted(found, key=lambda finding: finding.span))


def _cards(text: str) -> Iterator[tuple[int, int]]:
    """Digits that an issuer would have printed and whose check digit is right, alone or beside a short number."""
    for run in _DIGIT_GROUPS.finditer(text):
        groups = list(_GROUP.finditer(text, run.start(), run.end()))
        position = free = 0
        while position < len(groups):
            if position and position != free and len(groups[position - 1][0]) > _SHORT_GROUP:
                position += 1
                continue
            last = _card_end(groups, position)
            if last is not None:
                yield groups[position].start(), groups[last].end()
                position = free = last + 1
            else:
                position += 1


def _card_end(groups: Sequence[re.Match[str]], first: int, *, alone: bool = True) -> int | None:
    """The last group of the card number that begins with group `first`; `alone`: what follows must not belong to it."""
    digits = ""
    for last in range(first, len(groups)):
        digits += groups[last][0]
        if len(digits) > _LONGEST_CARD:
            return None
        if not (_is_issued(digits) and _passes_luhn(digits)):
            continue
        following = last + 1
        if not alone or following == len(groups) or len(groups[following][0]) <= _SHORT_GROUP:
            return last
        if _card_end(groups, following, alone=False) is not None:  # the next card
            return last
    return None


def _is_issued(digits: str) -> bool:
    return len(digits) >= _SHORTEST_CARD and any(
        len(digits) in lengths and prefix.match(digits) for prefix, lengths in _ISSUERS
    )


def _passes_luhn(digits: str) -> bool:
    total = 0
    for place, character in enumerate(reversed(digits)):
        value = int(character) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def _ibans(text: str) -> Iterator[tuple[int, int]]:
    for match in _IBAN_START.finditer(text):
        length = _IBAN_LENGTHS.get(match[1].upper())
        end = _iban_end(text, match.start(), length) if length else None
        if end is not None and _passes_mod97(re.sub(r"[ \-]", "", text[match.start() : end]).upper()):
            yield match.start(), end


def _iban_end(text: str, start: int, length: int) -> int | None:
    """Where `length` letters and digits from `start` end, single separators between them allowed; None when too few."""
    position = start
    while length:
        if position < len(text) and text[position].isascii() and text[position].isalnum():
            length -= 1
        elif position >= len(text) or text[position] not in " -" or text[position - 1] in " -":
            return None
        position += 1
    return None if position < len(text) and text[position].isalnum() else position


def _passes_mod97(iban: str) -> bool:
    return int("".join(str(int(character, 36)) for character in iban[4:] + iban[:4])) % 97 == 1


def _emails(text: str, allowed: Collection[str]) -> Iterator[tuple[int, int]]:
    if "@" not in text:
        return
    published = {entry.casefold() for entry in allowed if "@" in entry}
    for match in EMAIL.finditer(text):
        address = match[0].casefold()
        if address not in published and f"@{address.partition('@')[2]}" not in published:
            yield match.span()
