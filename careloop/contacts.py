"""Contacts from a file: CSV with a header line, or JSON lines. Bad rows are told by line number; the rest is read.

Columns by any of the usual names: contact_id (id), name, email(s), phone(s), customer_number(s), company, city,
country, language, url; for each platform ``<platform>_handle`` and ``<platform>_id``. Several values in one cell are
separated by ";" or "|".
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

_NAMES = {
    "contact_id": ("contact_id", "id", "contact", "key"),
    "name": ("name", "full_name", "display_name"),
    "emails": ("emails", "email", "e_mail", "mail"),
    "phones": ("phones", "phone", "mobile", "telephone"),
    "customer_numbers": ("customer_numbers", "customer_number", "orders", "order_number"),
    "company": ("company", "organisation", "organization"),
    "city": ("city", "town"),
    "country": ("country",),
    "language": ("language", "lang"),
    "url": ("url", "link"),
}
_SPLIT = re.compile(r"[;|]")
_PLATFORM = re.compile(r"([a-z][a-z0-9]*)_(handle|id)")
_NO_PLATFORM = ("contact",)


@dataclass(frozen=True, slots=True, kw_only=True)
class BadRow:
    """A row that is left out, and why. ``line``: of the file, from 1."""

    line: int
    reason: str


class _Unusable(ValueError):
    """A row can't be a contact."""


def read_contacts(path: Path, *, crm: str, region: str = "") -> Iterator[Contact | BadRow]:
    """The contacts in `path`, in order, with a `BadRow` for each row that is none.

    ``region``: country (ISO 3166) of phone numbers in national notation; without it those are left out. Reads as it
    goes: memory does not grow with the file."""
    rows = _json_lines(path) if path.suffix.lower() in (".jsonl", ".ndjson", ".json") else _csv_rows(path)
    for line, row in rows:
        if isinstance(row, BadRow):
            yield row
            continue
        try:
            yield contact_from(row, crm=crm, region=region)
        except _Unusable as error:
            yield BadRow(line=line, reason=str(error))


def _csv_rows(path: Path) -> Iterator[tuple[int, Mapping[str, Any] | BadRow]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        sample = file.read(8192)
        file.seek(0)
        try:
            dialect: Any = csv.Sniffer().sniff(sample.partition("\n")[0], delimiters=",;\t")
        except csv.Error:
            dialect = csv.excel
        reader = csv.DictReader(file, dialect=dialect)
        try:
            for row in reader:
                yield reader.line_num, row
        except (csv.Error, UnicodeDecodeError) as error:
            yield reader.line_num, BadRow(line=reader.line_num, reason=f"can't be read: {type(error).__name__}")


def _json_lines(path: Path) -> Iterator[tuple[int, Mapping[str, Any] | BadRow]]:
    with path.open("rb") as file:
        for line, data in enumerate(file, 1):
            if not data.strip():
                continue
            try:
                row = json.loads(data)
            except (ValueError, RecursionError):
                yield line, BadRow(line=line, reason="not JSON")
                continue
            yield line, row if isinstance(row, dict) else BadRow(line=line, reason="not an object")


def contact_from(row: Mapping[str, Any], *, crm: str, region: str = "") -> Contact:
    """One row as a contact. Raises ValueError with the reason."""
    given = {_column(str(name)): value for name, value in row.items()}
    values = {field: _cell(given, names) for field, names in _NAMES.items()}
    number = _one(values["contact_id"])
    if not number:
        raise _Unusable("no contact_id")
    emails = [email for item in values["emails"] if (email := normalise_email(item))]
    phones = [phone for item in values["phones"] if (phone := to_e164(item, region))]
    return Contact(
        ref=ContactRef(crm=crm, contact=ContactId(number)),
        name=_one(values["name"]) or number,
        emails=tuple(dict.fromkeys(emails)),
        phones=tuple(dict.fromkeys(phones)),
        social=(*_social_columns(given), *_social_objects(given.get("social"))),
        customer_numbers=tuple(dict.fromkeys(values["customer_numbers"])),
        company=_one(values["company"]),
        city=_one(values["city"]),
        country=_one(values["country"]),
        language=_one(values["language"]),
        url=_one(values["url"]),
    )


def to_e164(value: str, region: str) -> str | None:
    """A phone number in E.164; None for what is none, and for national notation without a region."""
    international = normalise_phone(value)
    if international or not region:
        return international
    import phonenumbers

    try:
        parsed = phonenumbers.parse(value, region.upper())
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(parsed):
        return None
    formatted: str = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    return formatted


def _column(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", name.strip().lower()).strip("_")


def _cell(row: Mapping[str, Any], names: tuple[str, ...]) -> list[str]:
    """All values under any of the names."""
    found: list[str] = []
    for name in names:
        value = row.get(name)
        parts = value if isinstance(value, list) else [value]
        for part in parts:
            if isinstance(part, str | int) and not isinstance(part, bool):
                found += [item.strip() for item in _SPLIT.split(str(part)) if item.strip()]
    return found


def _one(values: list[str]) -> str | None:
    return values[0] if values else None


def _social_columns(row: Mapping[str, Any]) -> list[SocialHandle]:
    handles: dict[str, dict[str, str]] = {}
    for name, value in row.items():
        match = _PLATFORM.fullmatch(name)
        if match and match[1] not in _NO_PLATFORM and isinstance(value, str | int) and str(value).strip():
            handles.setdefault(match[1], {})[match[2]] = str(value).strip()
    return [
        SocialHandle(platform=platform, handle=found.get("handle"), user_id=found.get("id"))
        for platform, found in handles.items()
    ]


def _social_objects(value: Any) -> list[SocialHandle]:
    """JSON lines may carry ``social: [{platform, handle, user_id}]``."""
    found = []
    for item in value if isinstance(value, list) else []:
        if isinstance(item, dict) and isinstance(item.get("platform"), str):
            handle, number = item.get("handle"), item.get("user_id")
            found.append(
                SocialHandle(
                    platform=item["platform"].lower(),
                    handle=handle if isinstance(handle, str) else None,
                    user_id=str(number) if isinstance(number, str | int) else None,
                )
            )
    return found
