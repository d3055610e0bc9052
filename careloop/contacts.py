"""Contacts from a file: CSV with a header line, or JSON lines. Bad rows are told by line number; the rest is read.

Columns by any of the usual names: contact_id (id), name (or first_name and last_name), email(s), phone(s),
customer_number(s), company, city, country, language, url; for each platform ``<platform>_handle`` and
``<platform>_id``. Several values in one cell are separated by ";" or "|". JSON lines may have lists, and
``social: [{platform, handle, user_id}]``.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chalicelib.core.ids import ContactId, ContactRef
from chalicelib.core.matching import normalise_email, normalise_phone
from chalicelib.core.people import Contact, SocialHandle
from chalicelib.core.text.normalise import clean_text

_NAMES = {
    "contact_id": ("contact_id", "id", "contact", "customer_id", "key"),
    "name": ("name", "full_name", "display_name"),
    "emails": ("emails", "email", "e_mail", "email_address", "mail"),
    "phones": ("phones", "phone", "phone_number", "mobile", "mobile_phone", "telephone"),
    "customer_numbers": ("customer_numbers", "customer_number", "customer_no", "orders", "order_number"),
    "company": ("company", "organisation", "organization"),
    "city": ("city", "town"),
    "country": ("country", "country_code"),
    "language": ("language", "lang"),
    "url": ("url", "link"),
}
_SPLIT = re.compile(r"[;|]")
_PLATFORM = re.compile(r"([a-z][a-z0-9]*)_(handle|id)")
_NO_PLATFORM = frozenset(
    [
        *("account", "address", "company", "contact", "crm", "customer", "external", "order", "organisation"),
        *("organization", "owner", "parent", "party", "person", "record", "row", "tax", "user", "vat"),
    ]
)
"""Whose ``..._id`` is no platform's."""
_ALIASES = {"twitter": "x", "fb": "facebook"}
_MOST_ID = 200
_MOST_CELL = 1_000_000
_ESCAPED = re.compile("[\udc80-\udcff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class BadRow:
    """A row that is left out, and why. ``line``: of the file, from 1; of a row over several lines the last."""

    line: int
    reason: str


class _Unusable(ValueError):
    """A row can't be a contact."""


def read_contacts(path: Path, *, crm: str, region: str = "") -> Iterator[Contact | BadRow]:
    """The contacts in `path`, in order, with a `BadRow` for each row that is none.

    ``region``: country (ISO 3166) of phone numbers in national notation; without it those are left out. Reads as it
    goes: memory does not grow with the file. OSError when the file can't be opened."""
    rows = _json_lines(path) if path.suffix.lower() in (".jsonl", ".ndjson", ".json") else _csv_rows(path)
    for line, row in rows:
        if isinstance(row, BadRow):
            yield row
            continue
        try:
            yield contact_from(row, crm=crm, region=region)
        except _Unusable as error:
            yield BadRow(line=line, reason=str(error))


# -- rows --------------------------------------------------------------------------------------------------------------

Row = Mapping[str, Any] | BadRow


def _csv_rows(path: Path) -> Iterator[tuple[int, Row]]:
    """Bytes that are no UTF-8 spoil their own row only."""
    csv.field_size_limit(_MOST_CELL)
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
        reader = csv.reader(file, dialect=_dialect(file.readline()))
        file.seek(0)
        columns: list[str] | None = None
        while True:
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error:
                yield reader.line_num, BadRow(line=reader.line_num, reason="can't be read as CSV")
                continue
            if not any(cell.strip() for cell in cells):
                continue
            if columns is None:
                columns = cells
                continue
            yield reader.line_num, _csv_row(columns, cells, reader.line_num)


def _dialect(header: str) -> type[csv.Dialect]:
    """By the character that separates the column names."""

    class Found(csv.excel):
        delimiter = max((",", ";", "\t"), key=header.count)

    return Found


def _csv_row(columns: list[str], cells: list[str], line: int) -> Row:
    if any(_ESCAPED.search(cell) for cell in cells):
        return BadRow(line=line, reason="not UTF-8")
    if len(cells) > len(columns):
        return BadRow(line=line, reason="more cells than columns")
    return dict(zip(columns, cells, strict=False))


def _json_lines(path: Path) -> Iterator[tuple[int, Row]]:
    with path.open("rb") as file:
        for line, data in enumerate(file, 1):
            text = data.removeprefix(b"\xef\xbb\xbf").strip()
            if not text:
                continue
            try:
                row = json.loads(text)
            except (ValueError, RecursionError):
                yield line, BadRow(line=line, reason="not JSON (one object on each line is expected)")
                continue
            yield line, row if isinstance(row, dict) else BadRow(line=line, reason="not an object")


# -- contacts ----------------------------------------------------------------------------------------------------------


def contact_from(row: Mapping[str, Any], *, crm: str, region: str = "") -> Contact:
    """One row as a contact. Raises ValueError with the reason."""
    given = {_column(str(name)): value for name, value in row.items()}
    values = {field: _cell(given, names) for field, names in _NAMES.items()}
    number = _one(values["contact_id"])
    if not number:
        raise _Unusable("no contact_id")
    if len(number) > _MOST_ID:
        raise _Unusable(f"contact_id is longer than {_MOST_ID} characters")
    emails = [email for item in values["emails"] if (email := normalise_email(item))]
    phones = [phone for item in values["phones"] if (phone := to_e164(item, region))]
    parts = [part for name in ("first_name", "last_name") for part in _cell(given, (name,))[:1]]
    return Contact(
        ref=ContactRef(crm=crm, contact=ContactId(number)),
        name=_one(values["name"]) or " ".join(parts) or number,
        emails=tuple(dict.fromkeys(emails)),
        phones=tuple(dict.fromkeys(phones)),
        social=tuple(dict.fromkeys((*_social_columns(given), *_social_objects(given.get("social"))))),
        customer_numbers=tuple(dict.fromkeys(values["customer_numbers"])),
        company=_one(values["company"]),
        city=_one(values["city"]),
        country=_one(values["country"]),
        language=_one(values["language"]),
        url=_one(values["url"]),
    )


def to_e164(value: str, region: str) -> str | None:
    """A phone number in E.164; None for what is none, and for national notation without a region."""
    import phonenumbers

    try:
        parsed = phonenumbers.parse(value, region.upper() or None)
    except phonenumbers.NumberParseException:
        return normalise_phone(value)
    if not phonenumbers.is_possible_number(parsed):
        return None
    return normalise_phone(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164))


def _column(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", name.strip().lower()).strip("_")


def _cell(row: Mapping[str, Any], names: tuple[str, ...]) -> list[str]:
    """All values under any of the names."""
    found: list[str] = []
    for name in names:
        value = row.get(name)
        for part in value if isinstance(value, list) else [value]:
            found += [item.strip() for item in _SPLIT.split(_text(part)) if item.strip()]
    return found


def _text(value: Any) -> str:
    """A string or a whole number as clean text; nothing else is a value."""
    return clean_text(str(value)) if isinstance(value, str | int) and not isinstance(value, bool) else ""


def _one(values: list[str]) -> str | None:
    return values[0] if values else None


def _social_columns(row: Mapping[str, Any]) -> list[SocialHandle]:
    """A handle and an id of one platform belong together; further ones stand alone."""
    columns: dict[str, dict[str, list[str]]] = {}
    for name in row:
        match = _PLATFORM.fullmatch(name)
        if match and match[1] not in _NO_PLATFORM:
            platform = _ALIASES.get(match[1], match[1])
            columns.setdefault(platform, {}).setdefault(match[2], []).extend(_cell(row, (name,)))
    found = []
    for platform, values in columns.items():
        handles, ids = values.get("handle", []), values.get("id", [])
        for index in range(max(len(handles), len(ids))):
            handle, number = (_one(items[index : index + 1]) for items in (handles, ids))
            found.append(SocialHandle(platform=platform, handle=handle, user_id=number))
    return found


def _social_objects(value: Any) -> list[SocialHandle]:
    """JSON lines may carry ``social: [{platform, handle, user_id}]``."""
    found = []
    for item in value if isinstance(value, list) else []:
        if not isinstance(item, dict):
            continue
        platform, handle, number = (_text(item.get(name)).strip() for name in ("platform", "handle", "user_id"))
        if platform and (handle or number):
            key = _ALIASES.get(platform.lower(), platform.lower())
            found.append(SocialHandle(platform=key, handle=handle or None, user_id=number or None))
    return found
