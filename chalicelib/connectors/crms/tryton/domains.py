"""What we ask Tryton: domains that find at least what a clue names. Pure.

Tryton compares text as it was typed, or without regard to case; blanks in phone numbers and dashes in customer numbers
are somebody's habit. So a domain finds a little more than the clue, and `matching` keeps what is exact.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping
from typing import Any

from chalicelib.core.people import Clue, ClueKind

Domain = list[Any]

NAMES: Mapping[str, tuple[str, ...]] = {"x": ("x", "twitter")}
"""What people call a platform beside its own name."""
PLATFORMS = (
    *("bluesky", "facebook", "instagram", "line", "linkedin", "mastodon", "matrix", "messenger"),
    *("reddit", "telegram", "threads", "tiktok", "whatsapp", "x", "youtube"),
)
"""Whose names make a contact mechanism of any type a handle, where no platform is asked for."""
ID_SUFFIXES = ("_id", " id")
"""``facebook_id``: the value is the platform's immutable id, not a handle."""


def encoded(domain: Domain) -> str:
    """A domain as the parameter ``d``: JSON in URL-safe base64."""
    return base64.urlsafe_b64encode(json.dumps(domain, separators=(",", ":")).encode("utf-8")).decode("ascii")


def escaped(text: str) -> str:
    """`text` in an ``ilike`` pattern that means exactly these characters."""
    return "".join(f"\\{char}" if char in "\\%_" else char for char in text)


def scattered(text: str) -> str:
    """A pattern for these characters with anything in between and around."""
    return "%" + "%".join(escaped(char) for char in text) + "%"


def names_of(platform: str, aliases: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """What a contact mechanism for a platform may be called, in lower case."""
    return tuple(dict.fromkeys((platform, *NAMES.get(platform, ()), *aliases.get(platform, ()))))


def mechanisms(clues: Iterable[Clue], aliases: Mapping[str, tuple[str, ...]]) -> Domain | None:
    """For ``party.contact_mechanism``; None when no clue is looked up there."""
    found = [domain for clue in clues for domain in _MECHANISMS.get(clue.kind, _none)(clue, aliases)]
    return ["OR", *found] if found else None


def parties(clues: Iterable[Clue]) -> Domain | None:
    """For ``party.party``: customer numbers are parties' codes."""
    numbers = [clue.value for clue in clues if clue.kind is ClueKind.CUSTOMER_NUMBER]
    return ["OR", *([["code", "ilike", scattered(number)]] for number in numbers)] if numbers else None


def _none(clue: Clue, aliases: Mapping[str, tuple[str, ...]]) -> list[Domain]:
    return []


def _email(clue: Clue, aliases: Mapping[str, tuple[str, ...]]) -> list[Domain]:
    return [[["type", "=", "email"], ["value", "ilike", escaped(clue.value)]]]


def _phone(clue: Clue, aliases: Mapping[str, tuple[str, ...]]) -> list[Domain]:
    digits = "".join(char for char in clue.value if char.isdigit())
    return [[["type", "in", ["phone", "mobile"]], ["value", "ilike", scattered(digits)]]]


def _handle(clue: Clue, aliases: Mapping[str, tuple[str, ...]]) -> list[Domain]:
    written = [[["value", "ilike", escaped(form)]] for form in (clue.value, f"@{clue.value}")]
    return [[_named(names_of(clue.platform, aliases)), ["OR", *written]]]


def _platform_id(clue: Clue, aliases: Mapping[str, tuple[str, ...]]) -> list[Domain]:
    names = names_of(clue.platform, aliases)
    with_suffix = [f"{name}{suffix}" for name in names for suffix in ID_SUFFIXES]
    return [[_named([*names, *with_suffix]), ["value", "=", clue.value]]]


def _named(names: Iterable[str]) -> Domain:
    return ["OR", *([["name", "ilike", escaped(name)]] for name in names)]


_MECHANISMS = {
    ClueKind.EMAIL: _email,
    ClueKind.PHONE: _phone,
    ClueKind.HANDLE: _handle,
    ClueKind.PLATFORM_ID: _platform_id,
}
