"""What we ask Odoo: domains that find at least what clues name. Pure.

Phone numbers are compared by their last eight digits with anything in between: numbers are kept as they were typed
unless phone_validation is installed. What a domain finds beyond the clue is dropped.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from chalicelib.connectors.toolkit.date_feed import State
from chalicelib.connectors.toolkit.identity_fields import IdentityFields, Part, number_forms, record_text
from chalicelib.core.people import Clue, ClueKind

Domain = list[Any]

HIDDEN_TOO: Mapping[str, Any] = {"active_test": False}
"""The context in which archived contacts are found too."""
LAST_DIGITS = 8
"""What a number's international and national notation share."""
OLDEST = "write_date asc, id asc"


def contacts(
    clues: Iterable[Clue], fields: IdentityFields, number_field: str, phones: tuple[str, ...]
) -> Domain | None:
    """For ``res.partner``; None when no clue is looked up."""
    leaves = [list(item) for item in dict.fromkeys(_leaves(clues, fields, number_field, phones))]
    return [*["|"] * (len(leaves) - 1), *leaves] if leaves else None


def _leaves(
    clues: Iterable[Clue], fields: IdentityFields, number_field: str, phones: tuple[str, ...]
) -> Iterator[tuple[str, str, str]]:
    for clue in clues:
        if clue.kind is ClueKind.EMAIL:
            yield "email", "ilike", escaped(clue.value)
        elif clue.kind is ClueKind.PHONE:
            yield from ((name, "=like", f"%{'%'.join(clue.value[-LAST_DIGITS:])}%") for name in phones)
        elif clue.kind is ClueKind.CUSTOMER_NUMBER and number_field:
            yield from ((number_field, "=ilike", escaped(form)) for form in number_forms(clue.value))
        elif clue.kind is ClueKind.PLATFORM_ID:
            yield from ((name, "=", clue.value) for name in fields.of(clue.platform, Part.ID))
            if fields.record:
                yield fields.record, "ilike", escaped(record_text(clue.platform, clue.value))
        elif clue.kind is ClueKind.HANDLE:
            forms = [
                escaped(clue.value),
                f"@{escaped(clue.value)}",
                f"%/{escaped(clue.value)}",
                f"%/@{escaped(clue.value)}",
            ]
            yield from ((name, "=ilike", form) for name in fields.of(clue.platform, Part.HANDLE) for form in forms)
            if fields.record:
                yield fields.record, "ilike", f"@{escaped(clue.value)}"


def escaped(text: str) -> str:
    """`text` in a pattern that means exactly these characters."""
    return "".join(f"\\{char}" if char in "\\%_" else char for char in text)


def changed(state: State, at: str, following: str) -> tuple[Domain, str]:
    """For the next page of changes since `at` (of the second up to `following`), and its order."""
    if state.tie is None:
        return [["write_date", ">=", at]], OLDEST
    return [["write_date", ">=", at], ["write_date", "<", following], ["id", ">", state.tie]], "id asc"


def notes(contact: int, mark: str) -> Domain:
    """Our messages of a contact."""
    return [["model", "=", "res.partner"], ["res_id", "=", contact], ["body", "ilike", escaped(mark)]]
