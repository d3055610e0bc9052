"""What Salesforce is asked for clues: SOQL for all but phone numbers, which people write as they like, and SOSL for
these. Both find at least what a clue names; `matching` keeps what is exact. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

from chalicelib.connectors._salesforce import soql
from chalicelib.connectors.crms.salesforce.reading import Shape
from chalicelib.connectors.toolkit.identity_fields import Part, handle_forms, number_forms
from chalicelib.core.people import Clue, ClueKind

MOST_FOUND = 200
"""Contacts looked at for one author."""
_LONGEST_COUNTRY_CODE = 3

Wanted: TypeAlias = Mapping[str, Sequence[str]]


def statement(clues: Iterable[Clue], shape: Shape) -> str | None:
    """The SOQL; None when no clue is looked up by it."""
    wanted: dict[str, dict[str, None]] = {}
    for clue in clues:
        for field, forms in _wanted(clue, shape).items():
            wanted.setdefault(field, {}).update(dict.fromkeys(forms))
    if not wanted:
        return None
    conditions = " OR ".join(f"{field} IN {soql.among(forms)}" for field, forms in wanted.items())
    return f"SELECT {', '.join(shape.names)} FROM Contact WHERE {conditions} ORDER BY Id LIMIT {MOST_FOUND}"


def _wanted(clue: Clue, shape: Shape) -> Wanted:
    """Field -> the forms in which a clue may stand in it."""
    if clue.kind is ClueKind.EMAIL:
        return {"Email": (clue.value,)}
    if clue.kind is ClueKind.CUSTOMER_NUMBER and shape.number_field:
        return {shape.number_field: number_forms(clue.value)}
    if clue.kind is ClueKind.PLATFORM_ID:
        return dict.fromkeys(shape.fields.of(clue.platform, Part.ID), (clue.value,))
    if clue.kind is ClueKind.HANDLE:
        return dict.fromkeys(shape.fields.of(clue.platform, Part.HANDLE), handle_forms(clue.platform, clue.value))
    return {}


def phone_search(clues: Iterable[Clue], shape: Shape) -> str | None:
    """The SOSL; None without a phone number. Only digits go into it."""
    terms: dict[str, None] = {}
    for clue in clues:
        digits = "".join(char for char in clue.value if char.isascii() and char.isdigit())
        if clue.kind is ClueKind.PHONE and digits:
            terms |= dict.fromkeys(_written(digits))
    if not terms:
        return None
    fields = ", ".join(shape.names)
    return f"FIND {{{' OR '.join(terms)}}} IN PHONE FIELDS RETURNING Contact({fields} LIMIT {MOST_FOUND})"


def _written(digits: str) -> Iterable[str]:
    """With the country's code, and without it as it is dialled there; how long the code is, nobody needs to know."""
    yield digits
    yield f"00{digits}"
    for cut in range(1, _LONGEST_COUNTRY_CODE + 1):
        if len(digits) - cut >= 6:
            yield f"0{digits[cut:]}"
            yield digits[cut:]
