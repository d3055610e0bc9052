"""The built-in directory: contacts in our own index."""

from __future__ import annotations

from collections.abc import Sequence

from chalicelib.core.errors import NotFoundError
from chalicelib.core.ids import ContactRef
from chalicelib.core.people import Clues, Contact
from chalicelib.ports.crm import CrmContext


class Client:
    """Asks the contact index that the runtime already has."""

    def __init__(self, context: CrmContext) -> None:
        self._name = context.connection.name
        self._contacts = context.contacts

    def find_contacts(self, clues: Clues) -> Sequence[Contact]:
        """Every contact that at least one clue names exactly."""
        return self._contacts.lookup(self._name, clues) if clues.items else ()

    def get_contact(self, ref: ContactRef) -> Contact:
        """By reference. Raises NotFoundError."""
        found = self._contacts.find_contact(ref)
        if found is None:
            raise NotFoundError("no such contact")
        return found
