"""Part of the state: who is who, and the CRMs' contacts by exact keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from chalicelib.core.ids import AuthorKey, ContactId, ContactRef, Cursor, PersonRef
from chalicelib.core.matching.types import Example, KeyRow
from chalicelib.core.people import Clues, Contact, Identity, Rejection
from chalicelib.core.questions import Asking


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactList:
    """A page of a CRM's contacts. ``following``: where the next begins; None: this was the last."""

    contacts: tuple[Contact, ...]
    following: Cursor | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How many contacts are best given to one call, and how many calls best run side by side."""

    contacts: int
    at_once: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownAuthor:
    """What is remembered of an author: the contact, what agents ruled out (oldest first), the helpdesks' persons."""

    identity: Identity | None = None
    rejections: tuple[Rejection, ...] = ()
    persons: tuple[PersonRef, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedInteraction:
    """An interaction that stands with a contact in a CRM because of an author."""

    contact: ContactRef
    key: str


class ExampleStore(Protocol):
    """What agents' decisions teach: features and numbers, nobody's data."""

    def put_example(self, name: str, example: Example) -> None:
        """Keep; the same name and time again replaces."""
        ...

    def list_examples(self, *, since: datetime | None = None, limit: int = 1000) -> Sequence[Example]:
        """Oldest first, those at or after ``since``; to go on, ask again from the last one's time."""
        ...


class IdentityStore(Protocol):
    """Who is who."""

    def find_identity(self, author: AuthorKey) -> Identity | None:
        """The remembered contact of an author."""
        ...

    def know(self, author: AuthorKey) -> KnownAuthor:
        """All that is remembered of an author, in one read."""
        ...

    def find_person(self, author: AuthorKey, helpdesk: str) -> PersonRef | None:
        """The helpdesk's person that stands for an author."""
        ...

    def find_asking(self, author: AuthorKey) -> Asking | None:
        """What is remembered of asking an author who they are."""
        ...

    def forget_identity(self, author: AuthorKey) -> None:
        """Undo a link."""
        ...

    def rejections(self, author: AuthorKey) -> Sequence[Rejection]:
        """What agents ruled out for an author, oldest first."""
        ...

    def forget_rejections(self, author: AuthorKey) -> None:
        """An agent linked the author after all: nothing is ruled out any more."""
        ...

    def note_logged(self, author: AuthorKey, logged: LoggedInteraction) -> None:
        """Remember what a CRM was told, so that it can be taken back; the same again is fine."""
        ...

    def logged(self, author: AuthorKey) -> Sequence[LoggedInteraction]:
        """What CRMs were told because of an author."""
        ...

    def forget_logged(self, author: AuthorKey, logged: LoggedInteraction) -> None:
        """It was taken back; absent is fine."""
        ...


class ContactIndex(Protocol):
    """Contacts by exact clue: the built-in directory, and a mirror of CRMs."""

    def lookup(self, crm: str, clues: Clues) -> Sequence[Contact]:
        """Every contact of `crm` that one of the clues names, each once. One batched read."""
        ...

    def read_keys(self, crm: str, keys: Sequence[str]) -> Mapping[str, KeyRow]:
        """What `crm`'s contacts are filed under: the rows of those `keys` that have one, with the count of all holders
        and the ids of at most 50. One batched round (of up to 100 keys each call)."""
        ...

    def read_contacts(self, crm: str, contacts: Sequence[ContactId]) -> Sequence[Contact]:
        """Those that exist, in order. Batched."""
        ...

    def find_contact(self, ref: ContactRef) -> Contact | None:
        """By reference."""
        ...

    def put_contacts(self, contacts: Sequence[Contact]) -> int:
        """Store or replace contacts with all their keys (keys they no longer have are removed). Returns how many
        changed. Idempotent."""
        ...

    @property
    def pace(self) -> Pace:
        """How to store very many."""
        ...

    def remove_contact(self, ref: ContactRef) -> None:
        """Delete a contact and its keys; absent is fine."""
        ...

    def list_contacts(self, crm: str, *, after: Cursor | None = None, limit: int = 500) -> ContactList:
        """All contacts of `crm`, page by page, in no order that means anything: for operators, and for comparing with
        the CRM. What changes meanwhile may be seen or not; what does not is seen once."""
        ...
