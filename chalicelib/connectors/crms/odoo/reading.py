"""What Odoo answers, read into contacts. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chalicelib.connectors.toolkit.identity_fields import IdentityFields
from chalicelib.connectors.toolkit.payload import Reader, parse_time
from chalicelib.core.ids import ContactId, ContactRef
from chalicelib.core.matching import normalise_phone
from chalicelib.core.people import Contact
from chalicelib.core.text.normalise import clean_text

FIELDS = ("name", "email", "parent_id", "city", "country_id", "lang", "create_date", "write_date", "active")
_EMAIL = re.compile(r"[^\s<>;,\"]+@[^\s<>;,\"]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """How one connection's contacts are read. ``region``: of phone numbers without a country. ``url``: of a contact,
    with ``{}`` for its id."""

    crm: str
    fields: IdentityFields
    number_field: str
    phones: tuple[str, ...]
    region: str
    url: str

    @property
    def names(self) -> list[str]:
        """All fields to ask for."""
        return list(dict.fromkeys((*FIELDS, *self.phones, self.number_field, *self.fields.names)))

    def contact(self, record: Reader) -> Contact:
        """One contact. Raises PayloadError."""
        number, has = record_id(record), values(record)
        phones = (normalise_phone(has.get(name, ""), self.region) for name in self.phones)
        customer = has.get(self.number_field)
        return Contact(
            ref=ContactRef(crm=self.crm, contact=ContactId(str(number))),
            name=has.get("name") or f"Contact {number}",
            emails=tuple(dict.fromkeys(_EMAIL.findall(has.get("email", "")))),
            phones=tuple(dict.fromkeys(filter(None, phones))),
            social=self.fields.social(has),
            customer_numbers=(customer,) if customer else (),
            company=has.get("parent_id"),
            city=has.get("city"),
            country=has.get("country_id"),
            language=has.get("lang"),
            url=self.url.format(number),
            created=parse_time(has.get("create_date")),
        )


def values(record: Reader) -> Mapping[str, str]:
    """The fields that have a value, of relations the name. Odoo writes False for nothing. Raises PayloadError."""
    if not isinstance(record.value, dict):
        raise record.wrong("object expected")
    pairs = ((name, _text(value)) for name, value in record.value.items())
    return {name: text for name, value in pairs if (text := value.strip())}


def _text(value: Any) -> str:
    if isinstance(value, list) and len(value) == 2:  # a relation: its id and name
        value = value[1]
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)[:40] if -(10**18) < value < 10**18 else ""
    return str(clean_text(value)) if isinstance(value, str) else ""


def is_active(record: Reader) -> bool:
    """Whether a contact is not archived. Raises PayloadError."""
    return record.find_bool("active") is not False


def record_id(record: Reader) -> int:
    """A record's id. Raises PayloadError."""
    number = record.need_id("id")
    if not is_id(number):
        raise record.wrong("a record's id expected")
    return int(number)


def is_id(text: str) -> bool:
    """Whether this may be a record's id."""
    return text.isascii() and text.isdigit() and len(text) <= 18
