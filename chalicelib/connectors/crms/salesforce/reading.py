"""What Salesforce answers, read into contacts. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from chalicelib.connectors._salesforce import soql
from chalicelib.connectors.toolkit.identity_fields import IdentityFields
from chalicelib.connectors.toolkit.payload import Reader, parse_time
from chalicelib.core.ids import ContactId, ContactRef
from chalicelib.core.matching import normalise_phone
from chalicelib.core.people import Contact
from chalicelib.core.text.normalise import clean_text

PREFIX = "003"
"""The first characters of a contact's id."""
PHONES = ("Phone", "MobilePhone")
COMPANY = "Account.Name"
FIELDS = (
    *("Id", "IsDeleted", "MasterRecordId", "SystemModstamp", "CreatedDate", "FirstName", "LastName", "Email"),
    *(*PHONES, "MailingCity", "MailingCountry", COMPANY),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """How one connection's contacts are read. ``region``: of phone numbers without a country. ``site``: the org's
    address."""

    crm: str
    fields: IdentityFields
    site: str
    number_field: str = ""
    region: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """All fields to ask for."""
        return tuple(dict.fromkeys((*FIELDS, *self.fields.names, *filter(None, [self.number_field]))))

    def contact(self, record: Reader) -> Contact:
        """One contact. Raises PayloadError."""
        number, has = contact_id(record), values(record)
        given, family, customer = has.get("FirstName"), has.get("LastName"), has.get(self.number_field)
        email = has.get("Email")
        phones = (normalise_phone(has.get(name, ""), self.region) for name in PHONES)
        return Contact(
            ref=ContactRef(crm=self.crm, contact=ContactId(number)),
            name=" ".join(filter(None, (given, family))) or email or f"Contact {number}",
            emails=(email,) if email else (),
            phones=tuple(dict.fromkeys(filter(None, phones))),
            social=self.fields.social(has),
            customer_numbers=(customer,) if customer else (),
            company=has.get(COMPANY),
            city=has.get("MailingCity"),
            country=has.get("MailingCountry"),
            url=f"{self.site}/lightning/r/Contact/{number}/view",
            given_name=given,
            family_name=family,
            created=parse_time(has.get("CreatedDate")),
        )


def values(record: Reader) -> Mapping[str, str]:
    """A record's fields that hold text, the account's name too."""
    pairs = list(record.value.items()) if isinstance(record.value, dict) else []
    account = dict(pairs).get("Account")
    if isinstance(account, dict):
        pairs.append((COMPANY, account.get("Name")))
    return {name: text for name, value in pairs if isinstance(value, str) and (text := clean_text(value).strip())}


def contact_id(record: Reader) -> str:
    """A contact's id. Raises PayloadError."""
    found = record.need_id("Id")
    if not soql.is_record(found, PREFIX):
        raise record.need("Id").wrong("a contact's id expected")
    return found


def is_gone(record: Reader) -> bool:
    """Deleted, or merged into another. Raises PayloadError."""
    return record.find_bool("IsDeleted") is True
