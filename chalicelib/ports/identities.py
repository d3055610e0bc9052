"""Part of the state: who is who, and the CRMs' contacts by exact keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from chalicelib.core.ids import AuthorKey, ContactId, ContactRef, Cursor, PersonRef
from chalicelib.core.matching.types import KeyRow
from chalicelib.core.people import Clues, Contact, Identity, Rejection


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactList:
    """A page of a CRM's contacts. ``following``: where the next begins; None: this was the last."""

    contacts: tuple[Contact, ...]
    following: Cursor | None = None


class IdentityStore(Protocol):
    """Who is who."""

    def find_identity(self, author: AuthorKey) -> Identity | None:
        """The remembered contact of an author."""
        ...

    def find_person(self, author: AuthorKey, helpdesk: str) -> PersonRef | None:
        """The helpdesk's person that stands for an author."""
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

    def remove_contact(self, ref: ContactRef) -> None:
        """Delete a contact and its keys; absent is fine."""
        ...

    def list_contacts(self, crm: str, *, after: Cursor | None = None, limit: int = 500) -> ContactList:
        """All contacts of `crm`, page by page, in no order that means anything: for operators, and for comparing with
        the CRM. What changes meanwhile may be seen or not; what does not is seen once."""
        ...
