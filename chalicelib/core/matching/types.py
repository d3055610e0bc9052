"""What matching takes and reads: a subject, claims read in messages, rows of the contact index."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from chalicelib.core.events import Visibility
from chalicelib.core.ids import ContactId, ContactRef
from chalicelib.core.people import Author, ClueKind, Contact

MOST_ROUNDS = 2
"""Rounds of key reads for one author; the contacts that they name are read after that, once."""


class Direction(StrEnum):
    """Whose an identifier in a message is, as far as its words tell."""

    OWN = "own"
    """"my number is …", or given bare as an answer to a question."""
    OTHER = "other"
    """Somebody else's: a relative's, a colleague's, one that is quoted, the company's own."""
    ROLE = "role"
    """A shared mailbox (info@, support@, no-reply@): of nobody in particular."""
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """An identifier in a message. ``value``: normalised as a clue of its kind is. ``why``: the words that decided the
    direction, for the evidence ("my dad's")."""

    kind: ClueKind
    value: str
    direction: Direction
    visibility: Visibility
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A message as matching sees it. ``is_answer``: it answers our own question for a number, so that a bare value is
    the author's own, of whatever shape."""

    text: str
    visibility: Visibility
    is_answer: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Whom to find: an author, and what they wrote, oldest first. ``claims``: what they filled into a form of ours,
    beside what is read in the messages. ``ruled_out``: contacts that an agent said they are not."""

    author: Author
    messages: tuple[Said, ...] = ()
    claims: tuple[Claim, ...] = ()
    ruled_out: frozenset[ContactRef] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchSettings:
    """What a company decides. ``region``: ISO 3166 country of national phone numbers; ``number_patterns``: its customer
    and order numbers; ``own_addresses``: its own mailboxes, domains ("@acme.com") and phone numbers, which identify
    nobody."""

    region: str = ""
    number_patterns: tuple[str, ...] = ()
    own_addresses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRow:
    """What the contact index files under one key. ``count``: how many contacts hold the key; ``contacts``: their ids,
    no more than the index's cap. A key with more holders than listed says only how common it is."""

    contacts: tuple[ContactId, ...] = ()
    count: int = 0

    @property
    def is_full(self) -> bool:
        """True when some holders are not listed."""
        return self.count > len(self.contacts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """What an agent's decision teaches: how an author and a contact agreed, feature by feature, and whether they are
    the same. No personal data: names of features and numbers."""

    features: Mapping[str, float]
    is_same: bool
    at: datetime


class Reads(Protocol):
    """The contact index of one CRM, as matching reads it: exact keys, in batches."""

    def read_keys(self, keys: Sequence[str]) -> Mapping[str, KeyRow]:
        """The rows of `keys` that have one. One batched round."""
        ...

    def read_contacts(self, contacts: Sequence[ContactId]) -> Sequence[Contact]:
        """Those that exist. One batched read."""
        ...
