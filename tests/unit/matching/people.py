"""Contacts, authors and an index in memory for the tests of matching."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from chalicelib.core.events import Visibility
from chalicelib.core.ids import AuthorId, AuthorKey, ContactId, ContactRef
from chalicelib.core.matching import index_keys, match
from chalicelib.core.matching.types import KeyRow, MatchSettings, Said, Subject
from chalicelib.core.people import Author, Contact, ContactMatch, Profile, SocialHandle

CAP = 50
SETTINGS = MatchSettings(
    region="DE",
    number_patterns=(r"\bORD[\s-]?\d{5}\b", r"\bKD-?\d{6}\b"),
    own_addresses=("@acme.example", "+49 30 1234567"),
)
JOINED = datetime(2020, 1, 1, tzinfo=UTC)
OLD = datetime(2015, 1, 1, tzinfo=UTC)
YOUNG = datetime(2026, 10, 1, tzinfo=UTC)


class Index:
    """Reads as a contact index does: exact keys, rows that are capped. Counts what was read."""

    def __init__(self, contacts: Iterable[Contact]) -> None:
        self.contacts = {item.ref.contact: item for item in contacts}
        self.rows: dict[str, list[ContactId]] = {}
        for item in self.contacts.values():
            for name in sorted(index_keys(item)):
                self.rows.setdefault(name, []).append(item.ref.contact)
        self.rounds = 0
        self.reads = 0

    def read_keys(self, keys: Sequence[str]) -> Mapping[str, KeyRow]:
        self.rounds += 1
        found = {name: self.rows[name] for name in keys if name in self.rows}
        return {name: KeyRow(contacts=tuple(ids[:CAP]), count=len(ids)) for name, ids in found.items()}

    def read_contacts(self, contacts: Sequence[ContactId]) -> Sequence[Contact]:
        self.reads += len(contacts)
        return [self.contacts[item] for item in contacts if item in self.contacts]


def contact(number: str, name: str, **more: Any) -> Contact:
    return Contact(ref=ContactRef(crm="crm", contact=ContactId(number)), name=name, **{"created": JOINED, **more})


def on(platform: str, handle: str | None = None, user_id: str | None = None, avatar: str | None = None) -> SocialHandle:
    return SocialHandle(platform=platform, handle=handle, user_id=user_id, avatar_hash=avatar)


def author(
    name: str | None = None, handle: str | None = None, *, platform: str = "x", user_id: str = "u1", **profile: Any
) -> Author:
    return Author(
        key=AuthorKey(platform=platform, author=AuthorId(user_id)),
        handle=handle,
        display_name=name,
        profile=Profile(**{"account_created": OLD, **profile}),
    )


def privately(*texts: str) -> tuple[Said, ...]:
    return tuple(Said(text=text, visibility=Visibility.PRIVATE) for text in texts)


def publicly(*texts: str) -> tuple[Said, ...]:
    return tuple(Said(text=text, visibility=Visibility.PUBLIC) for text in texts)


def found(who: Author, contacts: Iterable[Contact], *said: Said, **more: Any) -> ContactMatch:
    return match(Subject(author=who, messages=said), Index(contacts), SETTINGS, crm="crm", **more)


def linked(result: ContactMatch) -> str | None:
    """The id of the linked contact."""
    return str(result.contact.ref.contact) if result.contact else None


def suggested(result: ContactMatch) -> list[str]:
    return [str(item.contact.ref.contact) for item in result.candidates]


def codes(result: ContactMatch) -> list[str]:
    return [flag.partition(":")[0] for flag in result.flags]
