"""Contacts from a file: CSV with a header line, or JSON lines. Bad rows are told by line number; the rest is read.

Columns by any of the usual names: contact_id (id), name, given_name and family_name (first_name, last_name), email(s),
phone(s), customer_number(s), order(s), company, city, country, language, url, created; for each platform
``<platform>_handle`` and ``<platform>_id``. Several values in one cell are separated by ";" or "|". JSON lines may have
lists, and ``social: [{platform, handle, user_id, avatar_hash}]``. A row whose ``deleted`` is set (yes, true, 1, x, a
date) says that the contact is gone.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO, TextIO

from chalicelib.core.ids import ContactId, ContactRef
from chalicelib.core.matching import normalise_email, normalise_phone
from chalicelib.core.people import Contact, SocialHandle
from chalicelib.core.text.normalise import clean_text

_NAMES = {
    "contact_id": ("contact_id", "id", "contact", "customer_id", "key"),
    "name": ("name", "full_name", "display_name"),
    "emails": ("emails", "email", "e_mail", "email_address", "mail"),
    "phones": ("phones", "phone", "phone_number", "mobile", "mobile_phone", "telephone"),
    "given_name": ("given_name", "first_name", "firstname", "forename"),
    "family_name": ("family_name", "last_name", "lastname", "surname"),
    "customer_numbers": (
        *("customer_numbers", "customer_number", "customer_no"),
        *("orders", "order", "order_numbers", "order_number"),
    ),
    "company": ("company", "organisation", "organization"),
    "city": ("city", "town"),
    "country": ("country", "country_code"),
    "language": ("language", "lang"),
    "url": ("url", "link"),
    "created": ("created", "created_at", "created_on", "customer_since"),
    "deleted": ("deleted", "deleted_at", "is_deleted", "removed"),
}
_NOT_DELETED = frozenset({"", "0", "false", "no", "n", "f", "none", "null", "-"})
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


@dataclass(frozen=True, slots=True, kw_only=True)
class GoneRow:
    """A row that says that a contact was deleted."""

    line: int
    ref: ContactRef


class _Unusable(ValueError):
    """A row can't be a contact."""


Found = Contact | BadRow | GoneRow
"""What a row turns out to be."""


def read_contacts(path: Path, *, crm: str, region: str = "") -> Iterator[Found]:
    """The contacts in `path`, in order, with a `BadRow` for each row that is none, and a `GoneRow` for each that says
    that its contact was deleted.

    ``region``: country (ISO 3166) of phone numbers in national notation; without it those are left out. Reads as it
    goes: memory does not grow with the file. OSError when the file can't be opened."""
    with ContactFile(path) as file:
        for line, row in file.rows():
            yield found_in(line, row, crm=crm, region=region)


def found_in(line: int, row: Row, *, crm: str, region: str = "") -> Found:
    """What one row turns out to be."""
    if isinstance(row, BadRow):
        return row
    try:
        if (gone := _deleted(row)) is not None:
            return GoneRow(line=line, ref=ContactRef(crm=crm, contact=gone))
        return contact_from(row, crm=crm, region=region)
    except _Unusable as error:
        return BadRow(line=line, reason=str(error))


def id_in(row: Row) -> ContactId | None:
    """The contact that a row is about, as far as it tells, also where the rest can't be used."""
    if isinstance(row, BadRow):
        return None
    try:
        return _id_of({_column(str(name)): value for name, value in row.items()})
    except _Unusable:
        return None


# -- rows --------------------------------------------------------------------------------------------------------------

Row = Mapping[str, Any] | BadRow


class ContactFile:
    """A file of contacts while it is read. Raises OSError when it can't be opened."""

    def __init__(self, path: Path) -> None:
        self._is_json = path.suffix.lower() in (".jsonl", ".ndjson", ".json")
        self._file = path.open("rb")
        self.size = path.stat().st_size

    def __enter__(self) -> ContactFile:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    @property
    def position(self) -> int:
        """How many bytes have been read, a little ahead of the rows."""
        return self.size if self._file.closed else self._file.tell()

    def rows(self) -> Iterator[tuple[int, Row]]:
        """Each row with its line number."""
        if self._is_json:
            yield from _json_lines(self._file)
        else:
            with io.TextIOWrapper(self._file, encoding="utf-8-sig", errors="surrogateescape", newline="") as text:
                yield from _csv_rows(text)


def _csv_rows(file: TextIO) -> Iterator[tuple[int, Row]]:
    """Bytes that are no UTF-8 spoil their own row only."""
    csv.field_size_limit(_MOST_CELL)
    dialect = _dialect(file.readline())
    file.seek(0)
    reader = csv.reader(file, dialect=dialect)
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


def _json_lines(file: BinaryIO) -> Iterator[tuple[int, Row]]:
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
    number = _id_of(given)
    emails = [email for item in values["emails"] if (email := normalise_email(item))]
    phones = [phone for item in values["phones"] if (phone := to_e164(item, region))]
    parts = [part for name in ("given_name", "family_name") for part in values[name][:1]]
    return Contact(
        ref=ContactRef(crm=crm, contact=number),
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
        given_name=_one(values["given_name"]),
        family_name=_one(values["family_name"]),
        created=_moment(_one(values["created"])),
    )


def _id_of(given: Mapping[str, Any]) -> ContactId:
    number = _one(_cell(given, _NAMES["contact_id"]))
    if not number:
        raise _Unusable("no contact_id")
    if len(number) > _MOST_ID:
        raise _Unusable(f"contact_id is longer than {_MOST_ID} characters")
    return ContactId(number)


def _deleted(row: Mapping[str, Any]) -> ContactId | None:
    """Which contact the row says was deleted."""
    given = {_column(str(name)): value for name, value in row.items()}
    marks = [given.get(name) for name in _NAMES["deleted"]]
    if not any(mark is True or _text(mark).strip().lower() not in _NOT_DELETED for mark in marks):
        return None
    return _id_of(given)


def _moment(value: str | None) -> datetime | None:
    """A date or a time in ISO 8601, UTC where no zone is said. What is none is left out: it only helps to rank."""
    try:
        found = datetime.fromisoformat(value or "")
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


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


@lru_cache(maxsize=4096)
def _column(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", name.strip().lower()).strip("_")


def _cell(row: Mapping[str, Any], names: tuple[str, ...]) -> list[str]:
    """All values under any of the names."""
    found: list[str] = []
    for name in names:
        if (value := row.get(name)) is None:
            continue
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
            picture = _text(item.get("avatar_hash")).strip() or None
            found.append(SocialHandle(platform=key, handle=handle or None, user_id=number or None, avatar_hash=picture))
    return found
