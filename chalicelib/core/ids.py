"""Identities: opaque strings with a type of their own, and the keys made of them.

An id is whatever the remote system calls it, as a string, never a number (64-bit ids do not survive JSON readers
that know only doubles). Keys say where an id is unique.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from typing import NewType

AccountId = NewType("AccountId", str)
AuthorId = NewType("AuthorId", str)
ThreadId = NewType("ThreadId", str)
MessageId = NewType("MessageId", str)
TicketId = NewType("TicketId", str)
ContactId = NewType("ContactId", str)
CaseId = NewType("CaseId", str)
CommentId = NewType("CommentId", str)
PersonId = NewType("PersonId", str)
EventKey = NewType("EventKey", str)
Cursor = NewType("Cursor", str)
"""A remote system's or a connector's opaque place in a list; only its maker reads it."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class AccountKey:
    """One presence of a brand on one platform: ``facebook`` and a page's id, ``bluesky`` and a DID."""

    platform: str
    account: AccountId

    def __str__(self) -> str:
        return f"{self.platform}:{self.account}"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class AuthorKey:
    """A person as a platform knows them. ``author`` is the immutable id, never the handle."""

    platform: str
    author: AuthorId

    def __str__(self) -> str:
        return f"{self.platform}:{self.author}"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class ThreadKey:
    """The platform's unit of talk: a comment tree under a post, a private chat, a room."""

    account: AccountKey
    thread: ThreadId

    def __str__(self) -> str:
        return f"{self.account}:{self.thread}"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class MessageKey:
    """A message. ``message`` is unique within its account, whatever its thread (edits may not name the thread)."""

    account: AccountKey
    message: MessageId

    def __str__(self) -> str:
        return f"{self.account}:{self.message}"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class ConversationKey:
    """One author's talk in one thread. Many people under one post are many conversations."""

    thread: ThreadKey
    author: AuthorId

    def __str__(self) -> str:
        return f"{self.thread}:{self.author}"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class TicketRef:
    """A ticket: ``helpdesk`` is the name of a configured helpdesk connection, not of a product."""

    helpdesk: str
    ticket: TicketId

    def __str__(self) -> str:
        return f"{self.helpdesk}:{self.ticket}"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class PersonRef:
    """A person as a helpdesk knows them (Zendesk's user id, RT's user name)."""

    helpdesk: str
    person: PersonId

    def __str__(self) -> str:
        return f"{self.helpdesk}:{self.person}"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class ContactRef:
    """A contact: ``crm`` is the name of a configured CRM connection."""

    crm: str
    contact: ContactId

    def __str__(self) -> str:
        return f"{self.crm}:{self.contact}"


def digest(*parts: str, length: int = 20) -> str:
    """A short stable name for `parts`: lower-case base32 of SHA-256, `length` characters (5 bits each).

    The parts are joined so that ("ab", "c") and ("a", "bc") differ.
    """
    data = "".join(f"{len(part)}:{part}" for part in parts).encode("utf-8", "surrogatepass")
    # five bytes are eight characters: no more of them than are wanted
    taken = hashlib.sha256(data).digest()[: -(-length // 8) * 5]
    return base64.b32encode(taken).decode("ascii").lower()[:length]


def case_id(conversation: ConversationKey, generation: int = 1) -> CaseId:
    """The id of the `generation`-th case that began in `conversation`.

    It is computed, not drawn, so that a worker that died after creating a ticket and the worker that takes over name
    the same case, and so that a store can guess the first case of a conversation in its first read.
    """
    account, thread = conversation.thread.account, conversation.thread.thread
    return CaseId("case-" + digest(account.platform, account.account, thread, conversation.author, str(generation)))
