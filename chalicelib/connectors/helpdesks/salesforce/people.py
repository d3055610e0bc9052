"""Customers: each a contact, known by an external id that is made of platform and immutable id."""

from __future__ import annotations

from collections.abc import Mapping

from chalicelib.connectors._salesforce import soql
from chalicelib.connectors._salesforce.access import Org
from chalicelib.connectors.helpdesks.salesforce import bodies
from chalicelib.connectors.helpdesks.salesforce.reading import record_id
from chalicelib.connectors.toolkit.api import segment
from chalicelib.connectors.toolkit.asking import readable
from chalicelib.core.errors import NotFoundError
from chalicelib.core.ids import PersonId, PersonRef
from chalicelib.core.people import Author, Contact

_ALERTS_PASS = {"sforce-duplicate-rule-header": "allowSave=true"}
"""A duplicate rule that only warns does not stop a new contact; one that blocks still does."""


class People:
    """Contacts of ours are made by upsert: two that race make one."""

    def __init__(self, org: Org, helpdesk: str, options: Mapping[str, str]) -> None:
        self._org = org
        self._helpdesk = helpdesk
        self._field = bodies.author_field(options)
        self._crm = bodies.option(options, "crm")
        self._copies_email = bodies.option(options, "copy_email").lower() == "true"

    def ensure(self, author: Author, contact: Contact | None) -> PersonRef:
        """No call where the matched contact is of this org; one for somebody known, two for somebody new: a contact
        whose name an agent mended is not written again."""
        if contact is not None and self._crm and contact.ref.crm == self._crm and _is_contact(contact.ref.contact):
            return PersonRef(helpdesk=self._helpdesk, person=PersonId(str(contact.ref.contact)))
        path = f"/sobjects/Contact/{self._field}/{segment(bodies.author_key(author.key))}"
        try:
            answer = self._org.get(path, {"fields": "Id"})
            with readable():
                return self._person(record_id(answer.json))
        except NotFoundError:
            email = contact.emails[0] if contact and contact.emails and self._copies_email else None
        data = bodies.contact(author, email)
        answer = self._org.call("PATCH", path, data=data, headers=_ALERTS_PASS, idempotent=True)
        with readable():
            return self._person(record_id(answer.json, "id"))

    def _person(self, contact: str) -> PersonRef:
        return PersonRef(helpdesk=self._helpdesk, person=PersonId(contact))

    def erase(self, person: PersonRef) -> str:
        """Two calls: only a contact that Careloop made is made anonymous."""
        if not _is_contact(person.person):
            return "Salesforce has no such contact; it still holds the words on cases."
        path = f"/sobjects/Contact/{segment(person.person)}"
        try:
            answer = self._org.get(path, {"fields": f"Id,{self._field}"})
        except NotFoundError:
            return f"Salesforce has no contact {person.person} any more; it still holds the words on cases."
        with readable():
            answer.json.need_id("Id")
            ours = answer.json.find_text(self._field)
        if not ours:
            return (
                f"Contact {person.person} is the company's own and was left as it is; Salesforce still holds it, and "
                "the words on cases."
            )
        self._org.call("PATCH", path, data=bodies.erased(self._field), idempotent=True)
        return (
            f"Contact {person.person} was made anonymous; Salesforce still holds the cases with words, files and "
            "history: delete them there."
        )


def _is_contact(value: str) -> bool:
    return soql.is_record(value, "003")
