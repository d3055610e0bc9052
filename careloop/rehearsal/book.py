"""What really happened in a rehearsal, written down by those who made it happen. The judge believes this and the twins.

Words carry tokens: ``(m12)`` a message, ``(m12v2)`` its second version, ``(r7)`` a reply, ``(r7.3)`` the third sentence
of one.
"""

from __future__ import annotations

import re
from array import array
from collections import Counter
from dataclasses import dataclass, field

from careloop.sandbox.setup import BRAND_X, PAGE
from chalicelib.core.ids import AccountKey, MessageId, MessageKey

MESSAGE = re.compile(r"\(m(\d+)(?:v(\d+))?\)")
REPLY = re.compile(r"\(r(\d+)(?:\.(\d+))?\)")


@dataclass(slots=True, kw_only=True)
class Said:
    """One message of a customer."""

    number: int
    person: int
    platform: str
    id: str
    where: str
    """The author as the account knows them: order counts within it."""
    thread: str
    version: int = 1
    deleted: bool = False
    arrived: int | None = None
    """The count of events received when its webhook was first accepted."""
    written: int | None = None
    """The same when it first stood on a ticket."""
    found: bool = False
    """Polling had found it before its webhook came: then that is no measure of when it arrived."""

    @property
    def key(self) -> str:
        """The key of the event that it is."""
        account = BRAND_X if self.platform == "x" else PAGE
        key = MessageKey(account=AccountKey(platform=self.platform, account=account), message=MessageId(self.id))
        return f"message|{key}"


@dataclass(slots=True, kw_only=True)
class Answered:
    """One public reply of an agent. ``sentences``: how many tokens it carries."""

    number: int
    ticket: str
    sentences: int


@dataclass(slots=True)
class Book:
    """Everything by number; ``received`` counts events that our webhooks accepted for the first time."""

    said: list[Said] = field(default_factory=list)
    answers: list[Answered] = field(default_factory=list)
    by_id: dict[tuple[str, str], int] = field(default_factory=dict)
    """(platform, message id) -> number."""
    received: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    """webhooks, repeated events, lost, poison."""
    behind: array[int] = field(default_factory=lambda: array("l"))
    """For each message by webhook: events received between its arrival and its entry on the ticket."""
    calls: Counter[str] = field(default_factory=Counter)
    """API calls by remote."""
    poison: set[int] = field(default_factory=set)
    """Numbers of the entries that nobody can read, and that we accepted."""
    missing: list[Said] = field(default_factory=list)
    """Messages whose webhook was made to vanish, until polling has found them."""
    keys: set[str] = field(default_factory=set)
    """Keys of all events that were queued."""

    def say(self, person: int, platform: str, id_: str, where: str, thread: str) -> Said:
        """Note a message under the number that `next_message` gave."""
        said = Said(number=len(self.said), person=person, platform=platform, id=id_, where=where, thread=thread)
        self.said.append(said)
        self.by_id[platform, id_] = said.number
        return said

    @property
    def next_message(self) -> int:
        """The number of the next message."""
        return len(self.said)

    def announce(self, number: int | None) -> None:
        """A webhook that tells of a message is about to be brought."""
        if number is not None and self.said[number].arrived is None:
            self.said[number].found = self.said[number].key in self.keys

    def arrive(self, number: int | None) -> None:
        """An event was accepted for the first time; `number` when it is a message."""
        self.received += 1
        if number is not None and self.said[number].arrived is None:
            self.said[number].arrived = self.received

    def write(self, number: int) -> None:
        """A message was seen on its way onto a ticket."""
        said = self.said[number]
        if said.written is None:
            said.written = self.received
            if said.arrived is not None:
                self.behind.append(self.received - said.arrived)
