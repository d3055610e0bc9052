"""What a value in somebody's export means: tolerant readers. What says nothing is None or empty, never an error."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

_YEARS = range(1900, 2200)
_MILLISECONDS = 10**11
_SPLIT = re.compile(r"[;|]")
_NAMED = ("value", "number", "id", "email", "address", "phone", "order_id", "order_number", "name", "text")
"""Where an object keeps what it stands for."""
_COUNTRIES = {
    "germany": "DE", "deutschland": "DE", "austria": "AT", "österreich": "AT", "switzerland": "CH", "schweiz": "CH",
    "suisse": "CH", "svizzera": "CH", "united kingdom": "GB", "uk": "GB", "great britain": "GB", "england": "GB",
    "scotland": "GB", "wales": "GB", "ireland": "IE", "united states": "US", "usa": "US", "u.s.a.": "US",
    "united states of america": "US", "canada": "CA", "france": "FR", "frankreich": "FR", "spain": "ES", "españa": "ES",
    "spanien": "ES", "italy": "IT", "italia": "IT", "italien": "IT", "netherlands": "NL", "the netherlands": "NL",
    "nederland": "NL", "niederlande": "NL", "belgium": "BE", "belgique": "BE", "belgië": "BE", "belgien": "BE",
    "poland": "PL", "polska": "PL", "polen": "PL", "turkey": "TR", "türkiye": "TR", "türkei": "TR", "greece": "GR",
    "griechenland": "GR", "ukraine": "UA", "japan": "JP", "portugal": "PT", "sweden": "SE", "schweden": "SE",
    "denmark": "DK", "dänemark": "DK", "norway": "NO", "norwegen": "NO", "finland": "FI", "finnland": "FI",
    "czechia": "CZ", "czech republic": "CZ", "tschechien": "CZ", "russia": "RU", "australia": "AU", "india": "IN",
    "brazil": "BR", "brasil": "BR", "mexico": "MX", "méxico": "MX",
}  # fmt: skip


def words(value: Any) -> str | None:
    """A string, or a number that stands for one. An object: its value."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, str):
        return value.strip() or None
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else None
    if isinstance(value, Mapping):
        return next((found for name in _NAMED if (found := words(value.get(name)))), None)
    return None


def several(value: Any) -> list[str]:
    """A list of strings, numbers or objects, or one of them; a string may hold several, separated by ";" or "|"."""
    found: list[str] = []
    for item in value if isinstance(value, list) else [value]:
        text = words(item)
        found += [part.strip() for part in _SPLIT.split(text or "") if part.strip()]
    return found


def yes(value: Any) -> bool | None:
    """True or false, however it is written; None: not said."""
    if isinstance(value, bool):
        return value
    text = (words(value) or "").lower()
    return True if text in ("true", "1", "yes", "y", "t") else False if text in ("false", "0", "no", "n", "f") else None


def whole(value: Any) -> int | None:
    """A whole number."""
    text = (words(value) or "").replace(",", "").replace(" ", "")
    return int(text) if text.isdecimal() and len(text) < 20 else None


def moment(value: Any) -> datetime | None:
    """A date or time in ISO 8601, a year, or seconds or milliseconds since 1970. UTC where no zone is said."""
    if isinstance(value, float) and not isinstance(value, bool):
        value = int(value) if abs(value) < 1e15 else None
    text = words(value)
    if text is None:
        return None
    try:
        if re.fullmatch(r"-?\d+(\.\d+)?", text):
            return _from_number(float(text))
        found = datetime.fromisoformat(text)
    except (ValueError, OverflowError, OSError):
        return None
    return found.astimezone(UTC) if found.tzinfo and found.year > 1 else found.replace(tzinfo=UTC)


def _from_number(number: float) -> datetime:
    if number in _YEARS:
        return datetime(int(number), 1, 1, tzinfo=UTC)
    return datetime.fromtimestamp(number / 1000 if number > _MILLISECONDS else number, UTC)


def region(value: Any) -> str:
    """An ISO 3166 code of two letters from a code or a country's name; "" when it is unknown."""
    text = (words(value) or "").strip().lower()
    if len(text) == 2 and text.isascii() and text.isalpha():
        return "GB" if text == "uk" else text.upper()
    return _COUNTRIES.get(text, "")


def objects(value: Any) -> Iterable[Mapping[str, Any]]:
    """The objects of a list, or one object."""
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, Mapping):
            yield item
