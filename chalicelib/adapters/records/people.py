"""Who is who: authors and their contacts, authors and their persons in the helpdesk."""

from __future__ import annotations

from collections.abc import Sequence

from chalicelib.adapters.records import keys
from chalicelib.adapters.records.documents import document, read
from chalicelib.core.ids import AuthorKey, PersonRef
from chalicelib.core.people import Identity
from chalicelib.ports.stores import RememberIdentity, RememberPerson
from chalicelib.ports.table import Change, Delete, Put, Table


class RecordIdentities:
    """Implements ports.stores.IdentityStore."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def find_identity(self, author: AuthorKey) -> Identity | None:
        stored = self._table.get([keys.identity(author)]).get(keys.identity(author))
        return read(Identity, stored) if stored else None

    def find_person(self, author: AuthorKey, helpdesk: str) -> PersonRef | None:
        key = keys.person(author, helpdesk)
        stored = self._table.get([key]).get(key)
        return read(PersonRef, stored) if stored else None

    def forget_identity(self, author: AuthorKey) -> None:
        self._table.write([Delete(key=keys.identity(author))])

    def linking(self, write: RememberIdentity) -> Sequence[Change]:
        """The change that stores a link."""
        return (Put(key=keys.identity(write.identity.author), item={"doc": document(write.identity)}),)

    def naming(self, write: RememberPerson) -> Sequence[Change]:
        """The change that stores an author's person."""
        key = keys.person(write.author, write.person.helpdesk)
        return (Put(key=key, item={"doc": document(write.person)}),)
