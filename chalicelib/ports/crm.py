"""The calling part of a CRM connector: ``Client(context)``; constructors do no I/O."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from chalicelib.core.account import Connection
from chalicelib.core.ids import ContactRef
from chalicelib.core.people import Clues, Contact
from chalicelib.ports.services import Clock, Http
from chalicelib.ports.stores import ContactIndex


@dataclass(frozen=True, slots=True, kw_only=True)
class CrmContext:
    """What a client is made of. ``credentials``: CALL fields by name. ``contacts``: the index, for the built-in
    directory."""

    connection: Connection
    credentials: Mapping[str, str] = field(repr=False)
    http: Http
    clock: Clock
    contacts: ContactIndex


class CrmClient(Protocol):
    """What every CRM can do."""

    def find_contacts(self, clues: Clues) -> Sequence[Contact]:
        """Every contact that at least one clue names exactly, each once. Kinds that it can't look up are skipped."""
        ...

    def get_contact(self, ref: ContactRef) -> Contact:
        """By reference. Raises NotFoundError."""
        ...
