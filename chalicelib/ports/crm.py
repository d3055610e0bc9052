"""The calling part of a CRM connector: ``Client(context)``; constructors do no I/O."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, runtime_checkable

from chalicelib.core.account import Connection
from chalicelib.core.ids import ContactId, ContactRef, Cursor
from chalicelib.core.people import Author, Clues, Contact
from chalicelib.ports.services import Clock, Http, SessionStore
from chalicelib.ports.stores import ContactIndex


@dataclass(frozen=True, slots=True, kw_only=True)
class CrmContext:
    """What a client is made of. ``credentials``: CALL fields by name. ``contacts``: the index, for the built-in
    directory. ``sessions``: where logins that end and are renewed live."""

    connection: Connection
    credentials: Mapping[str, str] = field(repr=False)
    http: Http
    clock: Clock
    contacts: ContactIndex
    sessions: SessionStore


class CrmClient(Protocol):
    """What every CRM can do."""

    def find_contacts(self, clues: Clues) -> Sequence[Contact]:
        """Every contact that at least one clue names exactly, each once. Kinds that it can't look up are skipped."""
        ...

    def get_contact(self, ref: ContactRef) -> Contact:
        """By reference. Raises NotFoundError."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactPage:
    """A part of the CRM's contacts: new or changed ones, those that are gone, and the cursor to save once these are
    durable. ``more``: call again at once."""

    contacts: tuple[Contact, ...]
    removed: tuple[ContactRef, ...]
    cursor: Cursor
    more: bool = False


@runtime_checkable
class ListsContacts(Protocol):
    """Gives all contacts, and from then on what changed: for the contact index."""

    def list_contacts(self, cursor: Cursor | None) -> ContactPage:
        """One bounded page after `cursor`; None: from the beginning. Repeats are harmless; a contact that changes while
        the list is read is given again. Raises leaves."""
        ...


@runtime_checkable
class FindsGone(Protocol):
    """Tells which contacts it no longer has: where the feed tells no deletions."""

    def find_gone(self, contacts: tuple[ContactId, ...]) -> Sequence[ContactId]:
        """Of at most 200 contacts, those that the CRM no longer has for us. Raises leaves: an answer that can't be read
        says nothing about anybody."""
        ...


@runtime_checkable
class LinksIdentities(Protocol):
    """Keeps an author's presence on a platform with the contact."""

    def link_identity(self, contact: ContactRef, author: Author) -> None:
        """Record platform, immutable id and handle; the same again is fine. NotFoundError: no such contact."""
        ...

    def unlink_identity(self, contact: ContactRef, author: Author) -> None:
        """Take the record back; absent is fine."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Interaction:
    """A matter that a contact had with us, for their record in the CRM. ``key``: stable; writing it again changes the
    same entry. No message text: ``summary`` says where and about what kind of matter."""

    key: str
    contact: ContactRef
    platform: str
    at: datetime
    summary: str
    ticket_url: str | None = None
    permalink: str | None = None
    is_open: bool = True


@runtime_checkable
class LogsInteractions(Protocol):
    """Keeps interactions with the contact."""

    def log_interaction(self, interaction: Interaction) -> None:
        """Write, or change what the same key wrote. NotFoundError: no such contact."""
        ...

    def remove_interaction(self, contact: ContactRef, key: str) -> None:
        """Take it back (the author was somebody else); absent is fine."""
        ...


@runtime_checkable
class HoldsMarketing(Protocol):
    """Can mark a contact as not to be sold to for now."""

    def hold_marketing(self, contact: ContactRef, *, held: bool) -> None:
        """Set or take back the mark (a field that the options name); the same again is fine."""
        ...
