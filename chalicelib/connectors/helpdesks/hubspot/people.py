"""Contacts: found or made by the platform's id, forgotten."""

from __future__ import annotations

import re
from collections.abc import Mapping

from chalicelib.connectors._hubspot.api import HubSpotApi
from chalicelib.connectors.helpdesks.hubspot import bodies
from chalicelib.connectors.toolkit.api import segment
from chalicelib.connectors.toolkit.asking import readable
from chalicelib.core.errors import ConflictError
from chalicelib.core.ids import AuthorKey, PersonId, PersonRef, digest
from chalicelib.core.people import Author, Contact

CONTACTS = "/crm/v3/objects/contacts"
_PLAIN = re.compile(r"[a-z0-9:._-]{1,120}")
_OWN_WAYS = ("email", "phone", "mobilephone")


def author_id(key: AuthorKey) -> str:
    """What a contact is known by: ``facebook:1234``. Whether HubSpot tells capitals apart is not said: ids with
    capitals or unusual characters are a digest of the exact id."""
    exact = str(key)
    return exact if _PLAIN.fullmatch(exact) else f"{key.platform}:{digest(key.platform, key.author, length=40)}"


class People:
    """One account's contacts."""

    def __init__(self, api: HubSpotApi, name: str, options: Mapping[str, str]) -> None:
        self._api = api
        self._name = name
        self._property = bodies.option(options, "author_property")
        self._crm = options.get("crm", "").strip()

    def ensure(self, author: Author, contact: Contact | None) -> PersonRef:
        """None where the CRM connection is this account: its contact is the person. Else one call for somebody known,
        two for somebody new, three in a race: the property is unique. No e-mail address is copied: a mailbox is one
        contact in HubSpot."""
        if contact is not None and self._crm and contact.ref.crm == self._crm:
            return PersonRef(helpdesk=self._name, person=PersonId(contact.ref.contact))
        key = author_id(author.key)
        found = self._find(key) or self._made(key, author) or self._find(key)
        if found is None:
            raise ConflictError("the contact was neither made nor found")
        return PersonRef(helpdesk=self._name, person=PersonId(found))

    def erase(self, person: PersonRef) -> str:
        """Two calls. A contact that we made is deleted for good; one with an address of its own, or that the company
        had before, only loses the platform's id."""
        path = f"{CONTACTS}/{segment(person.person)}"
        names = (*_OWN_WAYS, self._property)
        answer = self._api.call("GET", path, params={"properties": ",".join(names)}, expect=(404,))
        if answer.status == 404:
            return "HubSpot holds no such contact"
        with readable():
            has = answer.json.need("properties")
            kept = [name for name in _OWN_WAYS if has.find_text(name)]
            is_ours = bool(has.find_text(self._property))
        if is_ours and not kept:
            self._api.post(f"{CONTACTS}/gdpr-delete", {"objectId": person.person})
            return "contact deleted for good; its tickets and their notes are still held"
        if is_ours:
            self._api.call("PATCH", path, data={"properties": {self._property: ""}})
        return "the contact is the company's own and keeps its record; it has no social id of ours any more"

    def _find(self, key: str) -> str | None:
        params = {"idProperty": self._property, "properties": self._property}
        answer = self._api.call("GET", f"{CONTACTS}/{segment(key)}", params=params, expect=(404,))
        if answer.status == 404:
            return None
        with readable():
            return answer.json.need_id("id")

    def _made(self, key: str, author: Author) -> str | None:
        """None: somebody else made it at the same time, or it was refused for another reason."""
        answer = self._api.call("POST", CONTACTS, data=bodies.person(key, author, self._property), expect=(400, 409))
        if answer.status in (400, 409):
            return None
        with readable():
            return answer.json.need_id("id")
