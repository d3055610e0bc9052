"""Contacts from Careloop's own index: for companies without a CRM, and as a mirror of one without an exact search."""

from __future__ import annotations

from collections.abc import Sequence

from chalicelib.core.errors import NotFoundError
from chalicelib.core.ids import ContactRef
from chalicelib.core.people import Clues, Contact
from chalicelib.ports.crm import CrmContext


class Client:
    """The contacts that were imported under this connection's name. No call leaves the account."""

    def __init__(self, context: CrmContext) -> None:
        self._name = context.connection.name
        self._contacts = context.contacts

    def find_contacts(self, clues: Clues) -> Sequence[Contact]:
        """One batched read; see `CrmClient`."""
        return tuple(self._contacts.lookup(self._name, clues)) if clues.items else ()

    def get_contact(self, ref: ContactRef) -> Contact:
        """See `CrmClient`."""
        found = self._contacts.find_contact(ref) if ref.crm == self._name else None
        if found is None:
            raise NotFoundError("no such contact in this directory")
        return found
