"""Identifiers in a text, however people write them: e-mail addresses, phone numbers, customer and order numbers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain

from chalicelib.core.errors import ConfigurationError
from chalicelib.core.matching.mailhosts import own_domain
from chalicelib.core.matching.normalise import normalise_email, normalise_number, normalise_phone, plain
from chalicelib.core.matching.types import MatchSettings
from chalicelib.core.people import ClueKind
from chalicelib.core.text._contacts import EMAIL, INTERNATIONAL_PHONE

_LONGEST_TEXT = 5_000
_MOST_FOUND = 24
_AT = r"(?:at|ät|aet|arroba|chiocciola|arobase|klammeraffe|snabel-?a)"
_POINT = r"(?:dot|punkt|point|punto|ponto|punt)"
_SIGN = rf"(?:\s?[(\[{{<|_*\-]{{1,2}}\s?(?:{_AT}|@)\s?[)\]}}>|_*\-]{{1,2}}\s?|\s{_AT}\s|\s?@\s?)"
_DOT = rf"(?:\s?[(\[{{<]\s?(?:{_POINT}|\.)\s?[)\]}}>]\s?|\s{_POINT}\s|\s?\.\s?)"
_SPELT = re.compile(
    rf"(?<![\w.+\-@])(?P<name>[a-z0-9_+\-]{{1,40}}(?:{_DOT}[a-z0-9_+\-]{{1,40}}){{0,4}})(?P<sign>{_SIGN})"
    rf"(?P<host>[a-z0-9\-]{{1,60}}(?:{_DOT}[a-z0-9\-]{{1,60}})?)(?P<dot>{_DOT})(?P<end>com|net|org|info|biz|dev|app|online|"
    rf"example|test|name|email|cloud|shop|co\.uk|com\.[a-z]{{2}}|[a-z]{{2}})(?![\w@\-])",
    re.IGNORECASE,
)
_IS_MARKED = re.compile(r"[^\w\s.]|\s\w")
_NATIONAL = re.compile(r"(?<![\w+#/.,:\-])\(?\d(?:[ \-./()]{0,3}\d){6,14}(?![\w/]|[.,:\-]\d)")
_PHONE_WORD = re.compile(
    r"\b(?:tel\w*|phone\w*|mobile?\w*|handy\w*|cell\w*|whats\s?app|call|ring|text|sms|anruf\w*|ruf\w*|nummer|numbers?|portable|t[ée]l\w*|"
    r"m[óo]vil|celular|llama\w*|cellulare|chiama\w*|numero|num[ée]ro|bel\w*|ligar|telem\w*|reach|erreich\w*|festnetz|durchwahl)\b[^\d]{0,24}$",
    re.IGNORECASE,
)
_ORDER_WORD = re.compile(
    r"(?:#|\b(?:order|ticket|case|invoice|tracking|parcel|shipment|reference|ref|customer|booking|bestell\w*|auftrag\w*|rechnung\w*|"
    r"sendung\w*|kunden\w*|buchung\w*|vorgang\w*|commande|facture|pedido|factura|ordine|fattura|bestelling|klant\w*|encomenda|id|iban)"
    r"(?:[ \-]?(?:no|nr|id|number|nummer|num[ée]ro|n[úu]mero|numero))?)"
    r"[.:#°\s]{0,3}(?:is|ist|lautet|est|es|è|é)?\s{0,2}$",
    re.IGNORECASE,
)
_DATE = re.compile(
    r"(?:0?[1-9]|[12]\d|3[01])[ ./\-](?:0?[1-9]|1[0-2])[ ./\-](?:19|20)?\d\d$|"
    r"(?:19|20)\d\d[ ./\-](?:0[1-9]|1[0-2])[ ./\-]\d\d$"
)
_FEWEST_WITHOUT_PREFIX = 6
_SHORTEST_MIXED = 6


@dataclass(frozen=True, slots=True)
class Found:
    """An identifier at ``text[start:end]``, its value normalised as a clue of its kind is."""

    kind: ClueKind
    value: str
    start: int
    end: int


def find(text: str, settings: MatchSettings) -> tuple[str, list[Found]]:
    """The text as it was read (NFKC, the first 5,000 characters), and the identifiers in it, in order, none
    overlapping. Raises ConfigurationError for a number pattern that is none."""
    shown = plain(text[:_LONGEST_TEXT])
    found: list[Found] = []
    for item in chain(
        _emails(shown),
        _international(shown),
        _numbers(shown, settings.number_patterns),
        _national(shown, settings.region),
    ):
        if len(found) == _MOST_FOUND:
            break
        if not any(_hides(other, item) for other in found):
            found.append(item)
    return shown, sorted(found, key=lambda item: item.start)


def _hides(one: Found, other: Found) -> bool:
    """Whether the two overlap and can't both be meant: digits may be read for two countries, and as an order."""
    if (one.kind, one.start, one.end) == (other.kind, other.start, other.end) and one.value != other.value:
        return False
    if {one.kind, other.kind} == {ClueKind.PHONE, ClueKind.CUSTOMER_NUMBER} and (one.value + other.value).isdigit():
        return False
    return one.start < other.end and other.start < one.end


def _emails(text: str) -> Iterator[Found]:
    if "@" in text:
        for match in EMAIL.finditer(text):
            if value := normalise_email(match[0]):
                yield Found(ClueKind.EMAIL, value, *match.span())
    for match in _SPELT.finditer(text):
        name, host, end = (_undotted(match[part]) for part in ("name", "host", "end"))
        value = normalise_email(f"{name}@{host}.{end}")
        # "look at acme.com" is none: bare words need a mail provider's domain or a written-out dot
        if value and (
            _IS_MARKED.match(match["dot"])
            or "@" in match["sign"]
            or not own_domain(value)
            or _is_bracketed(match["sign"])
        ):
            yield Found(ClueKind.EMAIL, value, *match.span())


def _is_bracketed(sign: str) -> bool:
    return not sign.strip().isalpha()


def _undotted(part: str) -> str:
    return re.sub(r"\s+", "", re.sub(_DOT, ".", part, flags=re.IGNORECASE))


def _international(text: str) -> Iterator[Found]:
    if "+" not in text and "00" not in text:
        return
    for match in INTERNATIONAL_PHONE.finditer(text):
        digits = match[0].lstrip("(").replace("(0)", "")
        if value := normalise_phone(digits):
            yield Found(ClueKind.PHONE, value, *match.span())


def _numbers(text: str, patterns: tuple[str, ...]) -> Iterator[Found]:
    for pattern in _compiled(patterns):
        group = "number" if "number" in pattern.groupindex else 0
        for match in pattern.finditer(text):
            value = normalise_number(match[group] or "")
            if value and _is_number(text, value, match, match.start(group)):
                yield Found(ClueKind.CUSTOMER_NUMBER, value, *match.span(group))


def _is_number(text: str, value: str, match: re.Match[str], start: int) -> bool:
    """Digits alone are a phone number where a word says so; those of a number with letters in front need a word that
    says so."""
    if not value.isdigit():
        return True
    if "prefix" in match.re.groupindex and match["prefix"] is None:
        return match[0] == text.strip() or _ORDER_WORD.search(text, max(0, start - 40), start) is not None
    return not _is_announced_phone(text, start)


def _is_announced_phone(text: str, start: int) -> bool:
    reach = max(0, start - 40)
    return _PHONE_WORD.search(text, reach, start) is not None and _ORDER_WORD.search(text, reach, start) is None


@lru_cache(maxsize=8)
def _compiled(patterns: tuple[str, ...]) -> tuple[re.Pattern[str], ...]:
    try:
        return tuple(re.compile(pattern, re.IGNORECASE) for pattern in patterns)
    except re.error as error:
        raise ConfigurationError(f"customer number patterns: not a regular expression ({error})") from None


def _national(text: str, region: str) -> Iterator[Found]:
    """Numbers in national notation: those that begin with a trunk zero, and others where a word announces them. In
    E.164 where they are valid in `region`, and as their digits: whose country it is, the contact's own number tells."""
    for match in _NATIONAL.finditer(text):
        raw = match[0]
        if _DATE.match(raw) or _ORDER_WORD.search(text, max(0, match.start() - 40), match.start()):
            continue
        digits = "".join(char for char in raw if char.isdigit())
        is_alone = match.start() == 0 and match.end() == len(text)
        announced = is_alone or _PHONE_WORD.search(text, max(0, match.start() - 40), match.start()) is not None
        if announced or digits.startswith("0") or not raw.isdigit():
            if region and (value := _valid(raw, region)):
                yield Found(ClueKind.PHONE, value, *match.span())
            if 8 <= len(digits) <= 12:
                yield Found(ClueKind.PHONE, digits, *match.span())


@lru_cache(maxsize=4096)
def _valid(raw: str, region: str) -> str | None:
    import phonenumbers

    try:
        parsed = phonenumbers.parse(raw, region.upper())
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(parsed):
        return None
    return normalise_phone(str(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)))


# ---- the shapes of a company's numbers -------------------------------------------------------------------------------

_MOST_SHAPES = 24
_BETWEEN = r"[\s\-_./#]{0,3}"
_EDGES = r"(?<![A-Za-z0-9])", r"(?![A-Za-z0-9])"


def patterns_of(numbers: Iterable[str]) -> tuple[str, ...]:
    """Regular expressions for customer and order numbers shaped like `numbers`: runs of letters as they are where many
    share them, digits by count, dashes and blanks between runs as people please. The commonest shapes come first; one
    that is only a few digits, which anything could be, is left out. A group ``prefix`` is the letters in front, which
    people leave out."""
    shapes: dict[tuple[str, ...], int] = {}
    for number in numbers:
        shape = tuple(_run(part) for part in re.findall(r"[A-Za-z]+|\d+", plain(number)))
        if shape:
            shapes[shape] = shapes.get(shape, 0) + 1
    merged = _merged(shapes)
    common = sorted((shape for shape in merged if _is_telling(shape)), key=lambda shape: (-merged[shape], shape))
    found = [_expression(shape) for shape in common[:_MOST_SHAPES]]
    return (*found, *_mixed(common[_MOST_SHAPES:]))


def _run(part: str) -> str:
    return str(len(part)) if part.isdigit() else part.upper()


def _merged(shapes: dict[tuple[str, ...], int]) -> dict[tuple[str, ...], int]:
    """Letters that differ from number to number become "any letters": kept only where a few words make up the lot."""
    groups: dict[tuple[str, ...], dict[tuple[str, ...], int]] = {}
    for shape, count in shapes.items():
        general = tuple(part if part.isdigit() else f"?{len(part)}" for part in shape)
        groups.setdefault(general, {})[shape] = count
    merged: dict[tuple[str, ...], int] = {}
    for general, members in groups.items():
        total = sum(members.values())
        if len(members) <= 8 or total >= 20 * len(members):
            merged.update(members)
        else:
            merged[general] = total
    return merged


def _is_telling(shape: Sequence[str]) -> bool:
    digits = sum(int(part) for part in shape if part.isdigit())
    return digits >= 3 and (digits >= 5 or any(not part.isdigit() for part in shape))


def _expression(shape: Sequence[str]) -> str:
    parts = []
    for part in shape:
        if part.startswith("?"):
            parts.append(f"[A-Z]{{{part[1:]}}}")
        else:
            parts.append(rf"\d{{{part}}}" if part.isdigit() else part)
    first, *rest = shape
    has_prefix = bool(rest) and not first.isdigit() and all(part.isdigit() for part in rest)
    if has_prefix and sum(map(int, rest)) >= _FEWEST_WITHOUT_PREFIX:
        return f"{_EDGES[0]}(?:(?P<prefix>{parts[0]}){_BETWEEN})?{_BETWEEN.join(parts[1:])}{_EDGES[1]}"
    return f"{_EDGES[0]}{_BETWEEN.join(parts)}{_EDGES[1]}"


def _mixed(shapes: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """Letters and digits in no order that could be told: by length alone, with a digit among them."""
    lengths = {sum(_length(part) for part in shape) for shape in shapes if any(not part.isdigit() for part in shape)}
    return tuple(
        rf"{_EDGES[0]}(?=[A-Z\-]{{0,{length}}}\d)[A-Z0-9](?:[\-]?[A-Z0-9]){{{length - 1}}}{_EDGES[1]}"
        for length in sorted(lengths, reverse=True)
        if length >= _SHORTEST_MIXED
    )[:4]


def _length(part: str) -> int:
    return int(part.removeprefix("?")) if part.removeprefix("?").isdigit() else len(part)
