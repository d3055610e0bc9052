"""Patterns of e-mail addresses and phone numbers, for finding clues and for hiding personal data.

Each step of a pattern is decided by the next character, so that no text takes more than linear time.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

_LETTER = "A-Za-z0-9\u00c0-\u024f"
EMAIL = re.compile(
    rf"(?<![{_LETTER}_.%+@＠\-])[{_LETTER}_](?:[{_LETTER}_.%+\-]{{0,62}}[{_LETTER}_%+\-])?@"
    rf"(?:[{_LETTER}](?:[{_LETTER}\-]{{0,61}}[{_LETTER}])?\.){{1,8}}"
    r"[A-Za-z]{2,24}(?![A-Za-z0-9_@\-]|\.[A-Za-z0-9])"
)
"""An e-mail address; not ``@user@instance.example``, a handle of the fediverse."""

_AFTER = r"(?![\w/]|[.,:\-]\d)"
_BETWEEN_DIGITS = r"[ \-./()]{0,3}"
INTERNATIONAL_PHONE = re.compile(
    # After +1 comes an area code, which begins with 2 to 9: "+10 000 000" is a growing figure.
    rf"(?<![\w+#/.,:\-])(?:\(?\+(?!1{_BETWEEN_DIGITS}[01])|(?<!\d )00)[ ]?[1-9](?:{_BETWEEN_DIGITS}\d){{6,14}}{_AFTER}"
)
"""A number with its country's code: ``+49 171 2345678``, ``0049 (0) 30/123456``."""

_BEFORE = r"(?<![\w+#/.,:\-(])(?<!\d )"
_NATIONAL_SHAPES = (
    # A trunk zero and a separator: 030 1234567, 0171/2345678, (030) 123 45-67, 020 7946 0958, 09 123 4567.
    re.compile(
        rf"{_BEFORE}(?:\(?0[1-9]\d{{1,4}}\)?[ /\-]{{1,3}}\d{{2,8}}|\(?0[1-9]\)?[ /\-]{{1,3}}\d{{3,8}})"
        rf"(?:[ \-]\d{{1,6}}){{0,4}}{_AFTER}"
    ),
    # French pairs: 01 23 45 67 89, 01.23.45.67.89.
    re.compile(rf"{_BEFORE}0[1-79](?:[. ]\d\d){{4}}{_AFTER}"),
    # North America: (555) 223-4567, 555-223-4567, 555.223.4567, 1-555-223-4567.
    re.compile(rf"{_BEFORE}(?:1[ \-.])?\(?[2-9]\d\d\)?[ \-.][2-9]\d\d[\-.]\d{{4}}{_AFTER}"),
)
# Digits in groups that say nothing are a phone number when the word before them says so.
_ANNOUNCED = re.compile(
    r"\b(?:tel|telefon|telefonnummer|phone|phone number|mobile|mobil|mobilnummer|handy|handynummer|cell|whatsapp|"
    r"téléphone|portable|teléfono|móvil|cellulare|telefono|fax)\b"
    r"[.:\s\-]{0,3}(?:is|ist|lautet|no|nr|number|nummer)?[.:\s]{0,3}"
    rf"(?P<number>\(?\d(?:{_BETWEEN_DIGITS}\d){{5,13}}){_AFTER}",
    re.IGNORECASE,
)
_FEWEST_DIGITS, _MOST_DIGITS = 7, 15

# Numbers that companies publish (freephone, shared cost, premium) belong to no customer.
_SERVICE_NATIONAL = re.compile(
    r"\(?0(?:800|808|900|180[1-9]?)\)?(?:[ /\-]|$)|0(?:800|900)\d|(?:1[ \-.])?\(?8(?:00|33|44|55|66|77|88)\)?[ \-.]"
)
_SERVICE_INTERNATIONAL = re.compile(
    r"(?:49|43|41|33|39|44|34|31|32|45|46|47|48)0?(?:800|808|900)|490?180|44(?:84|87)|18(?:00|33|44|55|66|77|88)"
)
_DATE = re.compile(
    r"(?:0?[1-9]|[12]\d|3[01])[ ./\-](?:0?[1-9]|[12]\d|3[01])[ ./\-](?:19|20)\d\d\b|"
    r"(?:19|20)\d\d[ ./\-](?:0[1-9]|1[0-2])[ ./\-](?:0[1-9]|[12]\d|3[01])\b"
)
_HOURS = re.compile(r"[0-2]\d[0-5]\d ?- ?[0-2]\d[0-5]\d")
# What right before a number makes it anything but a phone number.
_OTHER_NUMBER = re.compile(
    r"(?:#|\b(?:order|ticket|case|invoice|tracking|parcel|shipment|reference|ref|customer|article|item|serial|model|"
    r"version|isbn|bestell\w*|auftrag\w*|rechnung\w*|sendung\w*|kunden\w*|vorgang\w*|artikel\w*|serien\w*|commande|"
    r"facture|colis|pedido|factura|envío|ordine|fattura|id|code)"
    r"(?:[ \-]?(?:no|nr|id|number|nummer|numéro|número|numero))?|\b(?:no|nr))[.:#°\s]{0,3}$",
    re.IGNORECASE,
)
_CONTEXT = 40


def phone_spans(text: str, published: Collection[str]) -> Iterator[tuple[int, int]]:
    """Where customers' phone numbers probably stand; in no order, maybe more than once.

    `published`: the company's own numbers in any notation, which do not count.
    """
    own = {_significant(entry) for entry in published}
    for match in INTERNATIONAL_PHONE.finditer(text):
        is_plain = match[0].startswith("00")
        digits = digits_of(match[0]).removeprefix("00")
        if _SERVICE_INTERNATIONAL.match(digits) or (is_plain and _is_something_else(text, match.start(), match[0])):
            continue
        if _is_counted(digits) and _significant(match[0]) not in own:
            yield match.span()
    for pattern in (_ANNOUNCED, *_NATIONAL_SHAPES):
        group = "number" if pattern is _ANNOUNCED else 0
        for match in pattern.finditer(text):
            raw = match[group]
            if _SERVICE_NATIONAL.match(raw) or _significant(raw) in own or not _is_counted(digits_of(raw)):
                continue
            if not _is_something_else(text, match.start(group), raw, announced=pattern is _ANNOUNCED):
                yield match.span(group)


def digits_of(text: str) -> str:
    """The ASCII digits in `text`."""
    return "".join(character for character in text if character in "0123456789")


def _is_counted(digits: str) -> bool:
    return _FEWEST_DIGITS <= len(digits) <= _MOST_DIGITS


def _is_something_else(text: str, start: int, raw: str, *, announced: bool = False) -> bool:
    """Whether `raw` is a date, opening hours, or a number of another kind by the word before it."""
    if _DATE.match(raw) or _HOURS.fullmatch(raw):
        return True
    return not announced and _OTHER_NUMBER.search(text, max(start - _CONTEXT, 0), start) is not None


def _significant(raw: str) -> str:
    """The last eight digits: enough to know a published number in national and international notation."""
    return digits_of(raw)[-8:]
