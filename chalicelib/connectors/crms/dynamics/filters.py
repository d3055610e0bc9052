"""What we ask Dataverse: OData filters that find at least what clues name. Pure.

Comparisons are by the database's collation, without regard to case. ``%`` is a wildcard within ``contains``, which
bridges what people type between a number's digits. What a filter finds beyond the clue is dropped.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from urllib.parse import quote_plus

from chalicelib.connectors.toolkit.identity_fields import IdentityFields, Part, number_forms, record_text
from chalicelib.core.people import Clue, ClueKind

EMAILS = ("emailaddress1", "emailaddress2", "emailaddress3")
LAST_DIGITS = 8
"""What a number's international and national notation share."""
LONGEST = 1100
"""Characters of the alternatives in one address, which may have 2,048 in all."""


def filters(clues: Iterable[Clue], fields: IdentityFields, number_field: str, phones: tuple[str, ...]) -> Iterator[str]:
    """Filters, as few as addresses have room for."""
    part: list[str] = []
    for item in dict.fromkeys(_alternatives(clues, fields, number_field, phones)):
        if part and len(quote_plus(" or ".join([*part, item]))) > LONGEST:
            yield _active(part)
            part = []
        part.append(item)
    if part:
        yield _active(part)


def _active(part: list[str]) -> str:
    return f"statecode eq 0 and ({' or '.join(part)})"


def _alternatives(
    clues: Iterable[Clue], fields: IdentityFields, number_field: str, phones: tuple[str, ...]
) -> Iterator[str]:
    for clue in clues:
        if clue.kind is ClueKind.EMAIL:
            yield from (equal(name, clue.value) for name in EMAILS)
        elif clue.kind is ClueKind.PHONE:
            yield from (contains(name, "%".join(clue.value[-LAST_DIGITS:])) for name in phones)
        elif clue.kind is ClueKind.CUSTOMER_NUMBER and number_field:
            yield from (equal(number_field, form) for form in number_forms(clue.value))
        elif clue.kind is ClueKind.PLATFORM_ID:
            yield from (equal(name, clue.value) for name in fields.of(clue.platform, Part.ID))
            if fields.record:
                yield contains(fields.record, record_text(clue.platform, clue.value))
        elif clue.kind is ClueKind.HANDLE:
            for name in fields.of(clue.platform, Part.HANDLE):
                yield from (equal(name, form) for form in (clue.value, f"@{clue.value}"))
                yield from (f"endswith({name},{literal(form)})" for form in (f"/{clue.value}", f"/@{clue.value}"))
            if fields.record:
                yield contains(fields.record, f"@{clue.value}")


def among(name: str, values: Iterable[str]) -> str:
    """A filter for any of `values`."""
    listed = ",".join(literal(value) for value in values)
    return f"Microsoft.Dynamics.CRM.In(PropertyName={literal(name)},PropertyValues=[{listed}])"


def equal(name: str, value: str) -> str:
    """A filter for a value."""
    return f"{name} eq {literal(value)}"


def contains(name: str, value: str) -> str:
    """A filter for a part of a text."""
    return f"contains({name},{literal(value)})"


def literal(text: str) -> str:
    """`text` as OData writes it."""
    return "'" + text.replace("'", "''") + "'"
