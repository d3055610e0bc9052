"""What HubSpot answers, read into contacts. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from chalicelib.connectors.toolkit.identity_fields import IdentityFields
from chalicelib.connectors.toolkit.payload import Reader, parse_time
from chalicelib.core.ids import ContactId, ContactRef
from chalicelib.core.matching import normalise_phone
from chalicelib.core.people import Contact
from chalicelib.core.text.normalise import clean_text

MODIFIED = "lastmodifieddate"
_PHONES = ("phone", "mobilephone", "hs_whatsapp_phone_number")
PROPERTIES = (
    *("email", "hs_additional_emails", "firstname", "lastname", *_PHONES),
    *("company", "city", "country", "hs_language", "createdate", MODIFIED, "hs_merged_object_ids"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """How one connection's contacts are read. ``region``: of phone numbers without a country. ``url``: what a
    contact's id is put behind, for links."""

    crm: str
    fields: IdentityFields
    number_field: str = ""
    region: str = ""
    url: str = ""

    @property
    def properties(self) -> tuple[str, ...]:
        """All to ask for."""
        return tuple(dict.fromkeys((*PROPERTIES, *self.fields.names, *filter(None, [self.number_field]))))

    def contact(self, record: Reader) -> Contact:
        """One contact. Raises PayloadError."""
        number, has = record_id(record), values(record)
        given, family = has.get("firstname"), has.get("lastname")
        emails = (has.get("email", ""), *has.get("hs_additional_emails", "").split(";"))
        phones = (normalise_phone(has.get(name, ""), self.region) for name in _PHONES)
        customer = has.get(self.number_field)
        return Contact(
            ref=ContactRef(crm=self.crm, contact=ContactId(number)),
            name=" ".join(filter(None, (given, family))) or has.get("email") or f"Contact {number}",
            emails=tuple(dict.fromkeys(filter(None, (item.strip() for item in emails)))),
            phones=tuple(dict.fromkeys(filter(None, phones))),
            social=self.fields.social(has),
            customer_numbers=(customer,) if customer else (),
            company=has.get("company"),
            city=has.get("city"),
            country=has.get("country"),
            language=has.get("hs_language"),
            url=f"{self.url}{number}" if self.url else None,
            given_name=given,
            family_name=family,
            created=parse_time(has.get("createdate")),
        )

    def merged(self, record: Reader) -> tuple[ContactRef, ...]:
        """The contacts that were merged into this one."""
        number = record_id(record)
        ids = (item.strip() for item in values(record).get("hs_merged_object_ids", "").split(";"))
        return tuple(
            ContactRef(crm=self.crm, contact=ContactId(item)) for item in ids if is_id(item) and item != number
        )


def values(record: Reader) -> Mapping[str, str]:
    """A record's properties that have a value. Raises PayloadError."""
    found = record.need("properties")
    pairs = found.value.items() if isinstance(found.value, dict) else ()
    return {name: text for name, value in pairs if isinstance(value, str) and (text := clean_text(value).strip())}


def record_id(record: Reader) -> str:
    """A record's id. Raises PayloadError."""
    number = record.need_id("id")
    if not is_id(number):
        raise record.wrong("a record's id expected")
    return number


def is_id(text: str) -> bool:
    """Whether this may be a record's id."""
    return text.isascii() and text.isdigit() and len(text) <= 18
