"""Who is who: authors and their contacts, authors and their persons in the helpdesk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from chalicelib.adapters.records import keys
from chalicelib.adapters.records.documents import document, read
from chalicelib.core.ids import AuthorKey, PersonRef
from chalicelib.core.people import Identity, Rejection
from chalicelib.core.questions import Asking
from chalicelib.ports.identities import KnownAuthor, LoggedInteraction
from chalicelib.ports.stores import RememberIdentity, RememberPerson
from chalicelib.ports.table import Change, Condition, Delete, Item, Put, Table
from chalicelib.ports.writes import ForgetIdentity, ForgetPerson, ForgetRejection, RememberRejection, SaveAsking

MOST_REJECTIONS = 50
MOST_KNOWN = 80
"""Rows of one author that `know` looks at: what CRMs were told sorts last, and may be left out."""
_PAGE = 100


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

    def know(self, author: AuthorKey) -> KnownAuthor:
        """In the order of the sort keys: identity, persons, what was ruled out, what CRMs were told."""
        rows = self._table.query(keys.identity(author)[0], limit=MOST_KNOWN)
        identity = next((read(Identity, item) for (_, sk), item in rows if sk == keys.IDENTITY), None)
        rejections = [read(Rejection, item) for (_, sk), item in rows if sk.startswith(keys.REJECTED)]
        persons = tuple(read(PersonRef, item) for (_, sk), item in rows if sk.startswith(keys.PERSON))
        rejections.sort(key=lambda item: item.decided_at)
        return KnownAuthor(identity=identity, rejections=tuple(rejections), persons=persons)

    def find_asking(self, author: AuthorKey) -> Asking | None:
        stored = self._table.get([keys.asking(author)]).get(keys.asking(author))
        return replace(read(Asking, stored), version=int(stored["version"] or 0)) if stored else None

    def forget_identity(self, author: AuthorKey) -> None:
        self._table.write([Delete(key=keys.identity(author)), *self._way_back(author)])

    def _way_back(self, author: AuthorKey) -> Sequence[Delete]:
        """The row that leads from the contact to the author."""
        known = self.find_identity(author)
        return [Delete(key=keys.contact_author(known.contact, author))] if known else []

    def rejections(self, author: AuthorKey) -> Sequence[Rejection]:
        rows = self._table.query(keys.identity(author)[0], prefix=keys.REJECTED, limit=MOST_REJECTIONS)
        return sorted((read(Rejection, item) for _, item in rows), key=lambda item: item.decided_at)

    def forget_rejections(self, author: AuthorKey) -> None:
        rows = self._table.query(keys.identity(author)[0], prefix=keys.REJECTED, limit=MOST_REJECTIONS)
        if rows:
            self._table.write([Delete(key=key) for key, _ in rows])

    def note_logged(self, author: AuthorKey, logged: LoggedInteraction) -> None:
        key = keys.logged(author, logged.contact, logged.key)
        self._table.write([Put(key=key, item={"doc": document(logged)})])

    def logged(self, author: AuthorKey) -> Sequence[LoggedInteraction]:
        found: list[LoggedInteraction] = []
        after: str | None = None
        while True:
            rows = self._table.query(keys.identity(author)[0], prefix=keys.LOGGED, after=after, limit=_PAGE)
            found += [read(LoggedInteraction, item) for _, item in rows]
            if len(rows) < _PAGE:
                return found
            after = rows[-1][0][1]

    def forget_logged(self, author: AuthorKey, logged: LoggedInteraction) -> None:
        self._table.write([Delete(key=keys.logged(author, logged.contact, logged.key))])

    def linking(self, write: RememberIdentity) -> Sequence[Change]:
        """The change that stores a link."""
        author, contact = write.identity.author, write.identity.contact
        item = {"doc": document(write.identity), "contact": str(contact)}
        row = Put(key=keys.contact_author(contact, author), item={"doc": document(author)})
        return Put(key=keys.identity(author), item=item), row

    def unlinking(self, write: ForgetIdentity) -> Sequence[Change]:
        """The change that undoes a link."""
        only = Condition(equals={"contact": str(write.only)}, or_absent=True) if write.only else None
        return Delete(key=keys.identity(write.author), condition=only), *self._way_back(write.author)

    def rejecting(self, write: RememberRejection) -> Sequence[Change]:
        """The change that stores what an agent ruled out."""
        key = keys.rejection(write.rejection.author, write.rejection.contact)
        return (Put(key=key, item={"doc": document(write.rejection)}),)

    def reconsidering(self, write: ForgetRejection) -> Sequence[Change]:
        """The change that takes back what was ruled out."""
        return (Delete(key=keys.rejection(write.author, write.contact)),)

    def unnaming(self, write: ForgetPerson) -> Sequence[Change]:
        """The change that forgets an author's person."""
        return (Delete(key=keys.person(write.author, write.helpdesk)),)

    def asking(self, write: SaveAsking) -> Sequence[Change]:
        """The change that stores what is remembered of asking an author."""
        before = write.asking.version
        guard = Condition(equals={"version": before}) if before else Condition(exists=False)
        item: Item = {"doc": document(replace(write.asking, version=0)), "version": before + 1}
        return (Put(key=keys.asking(write.asking.author), item=item, condition=guard),)

    def naming(self, write: RememberPerson) -> Sequence[Change]:
        """The change that stores an author's person."""
        key = keys.person(write.author, write.person.helpdesk)
        return (Put(key=key, item={"doc": document(write.person)}),)
