"""What we ask HubSpot's search: filters that find at least what clues name. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from chalicelib.connectors.toolkit.identity_fields import IdentityFields, Part, handle_forms, number_forms
from chalicelib.core.people import Clue, ClueKind

MOST_GROUPS = 5
PAGE = 100
PHONES = ("hs_searchable_calculated_phone_number", "hs_searchable_calculated_mobile_number")
"""Digits of the phone properties, without the country's code."""
WHATSAPP = "hs_whatsapp_phone_number"

Filter = dict[str, Any]


def searches(
    clues: Iterable[Clue], fields: IdentityFields, number_field: str, properties: tuple[str, ...]
) -> list[dict[str, Any]]:
    """The bodies to post, as few as there may be: each filter is a group of its own, and groups are alternatives."""
    groups = [{"filters": [item]} for item in filters(tuple(clues), fields, number_field)]
    return [body(groups[at : at + MOST_GROUPS], properties) for at in range(0, len(groups), MOST_GROUPS)]


def body(groups: list[dict[str, Any]], properties: tuple[str, ...], sort: str = "hs_object_id") -> dict[str, Any]:
    """A search in ascending order."""
    return {
        "filterGroups": groups,
        "properties": list(properties),
        "sorts": [{"propertyName": sort, "direction": "ASCENDING"}],
        "limit": PAGE,
        "after": "0",
    }


def filters(clues: tuple[Clue, ...], fields: IdentityFields, number_field: str) -> list[Filter]:
    """The filters, each property once where it can be."""
    found: dict[str, list[str]] = {}
    tokens: list[Filter] = []
    for clue in clues:
        for name, value in _values(clue, fields, number_field):
            found.setdefault(name, []).append(value.lower())
        tokens += [_token(name, value) for name, value in _tokens(clue, fields)]
    return [_among(name, tuple(dict.fromkeys(values))) for name, values in found.items()] + tokens


def _values(clue: Clue, fields: IdentityFields, number_field: str) -> Iterator[tuple[str, str]]:
    """Properties and what they are to be."""
    if clue.kind is ClueKind.EMAIL:
        yield "email", clue.value
    elif clue.kind is ClueKind.PHONE:
        digits = clue.value.lstrip("+")
        # the code of a country has one to three digits
        yield from ((name, digits[cut:]) for name in PHONES for cut in range(4))
        yield WHATSAPP, clue.value
    elif clue.kind is ClueKind.CUSTOMER_NUMBER and number_field:
        yield from ((number_field, form) for form in number_forms(clue.value))
    elif clue.kind is ClueKind.PLATFORM_ID:
        yield from ((name, clue.value) for name in fields.of(clue.platform, Part.ID))
    elif clue.kind is ClueKind.HANDLE:
        for name in fields.of(clue.platform, Part.HANDLE):
            yield from ((name, form) for form in handle_forms(clue.platform, clue.value))


def _tokens(clue: Clue, fields: IdentityFields) -> Iterator[tuple[str, str]]:
    """Properties of several values, and which word they are to have."""
    if clue.kind is ClueKind.EMAIL:
        yield "hs_additional_emails", clue.value
    elif clue.kind in (ClueKind.PLATFORM_ID, ClueKind.HANDLE) and fields.record:
        yield fields.record, clue.value


def _among(name: str, values: tuple[str, ...]) -> Filter:
    return {"propertyName": name, "operator": "IN", "values": list(values)}


def _token(name: str, value: str) -> Filter:
    return {"propertyName": name, "operator": "CONTAINS_TOKEN", "value": value}
