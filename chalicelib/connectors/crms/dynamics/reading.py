"""What Dataverse answers, read into contacts. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from chalicelib.connectors.crms.dynamics.api import FORMATTED
from chalicelib.connectors.crms.dynamics.filters import EMAILS
from chalicelib.connectors.toolkit.identity_fields import IdentityFields
from chalicelib.connectors.toolkit.payload import Reader, parse_time
from chalicelib.core.ids import ContactId, ContactRef
from chalicelib.core.matching import normalise_phone
from chalicelib.core.people import Contact
from chalicelib.core.text.normalise import clean_text

COLUMNS = (
    *("contactid", "fullname", "firstname", "lastname", *EMAILS),
    *("address1_city", "address1_country", "_parentcustomerid_value", "createdon", "statecode"),
)
GUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """How one connection's contacts are read. ``region``: of phone numbers without a country. ``url``: what a
    contact's id is put behind, for links."""

    crm: str
    fields: IdentityFields
    number_field: str
    phones: tuple[str, ...]
    region: str
    url: str

    @property
    def columns(self) -> str:
        """All to ask for."""
        names = (*COLUMNS, *self.phones, self.number_field, *self.fields.names)
        return ",".join(dict.fromkeys(filter(None, names)))

    def contact(self, record: Reader) -> Contact:
        """One contact. Raises PayloadError."""
        number, has = record_id(record), values(record)
        phones = (normalise_phone(has.get(name, ""), self.region) for name in self.phones)
        customer = has.get(self.number_field)
        return Contact(
            ref=self.ref(number),
            name=has.get("fullname") or has.get("emailaddress1") or f"Contact {number}",
            emails=tuple(dict.fromkeys(has[name] for name in EMAILS if name in has)),
            phones=tuple(dict.fromkeys(filter(None, phones))),
            social=self.fields.social(has),
            customer_numbers=(customer,) if customer else (),
            company=has.get(f"_parentcustomerid_value@{FORMATTED}"),
            city=has.get("address1_city"),
            country=has.get("address1_country"),
            url=f"{self.url}{number}",
            given_name=has.get("firstname"),
            family_name=has.get("lastname"),
            created=parse_time(has.get("createdon")),
        )

    def ref(self, number: str) -> ContactRef:
        """A contact's reference."""
        return ContactRef(crm=self.crm, contact=ContactId(number))


def values(record: Reader) -> Mapping[str, str]:
    """The columns that have a value. Raises PayloadError."""
    if not isinstance(record.value, dict):
        raise record.wrong("object expected")
    found = {}
    for name, value in record.value.items():
        if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**18:
            value = str(value)
        text = clean_text(value).strip() if isinstance(value, str) else ""
        if text:
            found[name] = text
    return found


def is_active(record: Reader) -> bool:
    """Whether a contact is in use: neither inactive nor merged into another. Raises PayloadError."""
    return (record.find_id("statecode") or "0") == "0"


def gone(record: Reader) -> str | None:
    """The id that an entry of a delta says is gone. Raises PayloadError."""
    context = record.find_text("@odata.context") or ""
    return _guid(record, "id") if context.endswith("/$deletedEntity") or not record.has("contactid") else None


def record_id(record: Reader) -> str:
    """A contact's id. Raises PayloadError."""
    return _guid(record, "contactid")


def is_id(text: str) -> bool:
    """Whether this may be a record's id."""
    return GUID.fullmatch(text) is not None


def _guid(record: Reader, name: str) -> str:
    found = record.need_id(name).lower()
    if not is_id(found):
        raise record.wrong("a record's id expected")
    return found
