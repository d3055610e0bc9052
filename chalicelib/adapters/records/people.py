"""Who is who: authors and their contacts, authors and their persons in the helpdesk."""

from __future__ import annotations

from collections.abc import Sequence

from chalicelib.adapters.records import keys
from chalicelib.adapters.records.documents import document, read
from chalicelib.core.ids import AuthorKey, PersonRef
from chalicelib.core.people import Identity, Rejection
from chalicelib.ports.stores import RememberIdentity, RememberPerson
from chalicelib.ports.table import Change, Condition, Delete, Put, Table
from chalicelib.ports.writes import ForgetIdentity, RememberRejection

MOST_REJECTIONS = 50


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

    def rejections(self, author: AuthorKey) -> Sequence[Rejection]:
        rows = self._table.query(keys.identity(author)[0], prefix=keys.REJECTED, limit=MOST_REJECTIONS)
        return sorted((read(Rejection, item) for _, item in rows), key=lambda item: item.decided_at)

    def forget_rejections(self, author: AuthorKey) -> None:
        rows = self._table.query(keys.identity(author)[0], prefix=keys.REJECTED, limit=MOST_REJECTIONS)
        if rows:
            self._table.write([Delete(key=key) for key, _ in rows])

    def linking(self, write: RememberIdentity) -> Sequence[Change]:
        """The change that stores a link."""
        item = {"doc": document(write.identity), "contact": str(write.identity.contact)}
        return (Put(key=keys.identity(write.identity.author), item=item),)

    def unlinking(self, write: ForgetIdentity) -> Sequence[Change]:
        """The change that undoes a link."""
        only = Condition(equals={"contact": str(write.only)}, or_absent=True) if write.only else None
        return (Delete(key=keys.identity(write.author), condition=only),)

    def rejecting(self, write: RememberRejection) -> Sequence[Change]:
        """The change that stores what an agent ruled out."""
        key = keys.rejection(write.rejection.author, write.rejection.contact)
        return (Put(key=key, item={"doc": document(write.rejection)}),)

    def naming(self, write: RememberPerson) -> Sequence[Change]:
        """The change that stores an author's person."""
        key = keys.person(write.author, write.person.helpdesk)
        return (Put(key=key, item={"doc": document(write.person)}),)
