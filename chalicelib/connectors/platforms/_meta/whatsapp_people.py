"""Who is who in one webhook of WhatsApp. Source: Business-scoped user ids (2026-05-28).

A person is known by the business-scoped user id (BSUID); the phone number may be withheld.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from chalicelib.connectors.platforms._meta.names import WHATSAPP
from chalicelib.connectors.toolkit.payload import Reader
from chalicelib.core.errors import PayloadError
from chalicelib.core.ids import AuthorId, AuthorKey
from chalicelib.core.people import Author

_BSUID = re.compile(r"[A-Z]{2}\.(ENT\.)?[A-Za-z0-9]{1,128}", re.ASCII)
_PHONE = re.compile(r"\+?([0-9]{6,15})", re.ASCII)


def is_bsuid(identity: str) -> bool:
    """Whether `identity` is a BSUID; some gateways put one where a phone number belongs."""
    return _BSUID.fullmatch(identity) is not None


def phone_of(identity: str | None) -> str | None:
    """E.164 of a ``wa_id`` (digits without +), or None when it is none."""
    found = _PHONE.fullmatch(identity or "")
    return f"+{found[1]}" if found else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A person as one place of the webhook names them."""

    user: str | None = None
    wa_id: str | None = None
    parent: str | None = None
    name: str | None = None
    username: str | None = None

    @property
    def id(self) -> str | None:
        """What conversations and contacts are kept under."""
        return self.user or self.wa_id

    def author(self) -> Author | None:
        """As an author, or None when nothing names them."""
        if self.id is None:
            return None
        others = tuple(item for item in (self.wa_id, self.parent) if item and item != self.id)
        return Author(
            key=AuthorKey(platform=WHATSAPP, author=AuthorId(self.id)),
            handle=self.username or None,
            display_name=self.name or None,
            phone=phone_of(self.wa_id),
            alternative_ids=others,
        )


def person_of(phone: str | None, user: str | None, parent: str | None = None) -> Person:
    """A person by what stands in the places for phone, BSUID and parent BSUID."""
    if phone and is_bsuid(phone):
        return Person(user=user or phone, parent=parent)
    return Person(user=user, wa_id=phone, parent=parent)


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """``contacts`` of one ``value``, by every id that they have: never by position."""

    known: Mapping[str, Person] = field(default_factory=dict)

    def complete(self, person: Person) -> Person:
        """`person` with what ``contacts`` tells."""
        found = next((self.known[key] for key in (person.user, person.wa_id) if key and key in self.known), Person())
        return Person(
            user=person.user or found.user,
            wa_id=person.wa_id or found.wa_id,
            parent=person.parent or found.parent,
            name=found.name,
            username=found.username,
        )


def people_of(value: Reader) -> People:
    """What ``contacts`` holds; one that can't be read only leaves its person without a name."""
    known: dict[str, Person] = {}
    try:
        for contact in value.items("contacts"):
            person = _contact(contact)
            known |= {key: person for key in (person.user, person.wa_id) if key}
    except PayloadError:
        pass
    return People(known=known)


def _contact(contact: Reader) -> Person:
    person = person_of(contact.find_id("wa_id"), contact.find_id("user_id"), contact.find_id("parent_user_id"))
    return Person(
        user=person.user,
        wa_id=person.wa_id,
        parent=person.parent,
        name=contact.find_text("profile", "name"),
        username=(contact.find_text("profile", "username") or "").lstrip("@"),
    )
