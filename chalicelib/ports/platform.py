"""The calling part of a platform connector: ``Client(context)``; constructors do no I/O."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, runtime_checkable

from chalicelib.core.account import Account
from chalicelib.core.capabilities import PlatformCapabilities
from chalicelib.core.events import Attachment, Parsed, PlatformEvent
from chalicelib.core.ids import AuthorId, ConversationKey, Cursor, MessageId, ThreadId
from chalicelib.core.media import MediaFile
from chalicelib.core.people import Author
from chalicelib.core.reply import DeliveryReceipt, OutboundReply
from chalicelib.ports.services import Clock, Http, SessionStore


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformContext:
    """What a client is made of. ``credentials``: CALL fields by name."""

    account: Account
    credentials: Mapping[str, str] = field(repr=False)
    http: Http
    clock: Clock
    sessions: SessionStore


class PlatformClient(Protocol):
    """The one thing every platform that replies can do."""

    def send(self, reply: OutboundReply) -> DeliveryReceipt:
        """Post one message, once. Raises leaves of the error tree; OutcomeUnknownError when it may have been posted."""
        ...


HISTORY_ENDS = "poll/history ends"
"""Counted among ``ignored`` by a poll whose list ended, by the platform's own bound, above the place to read from: what
is older than the list can't be had any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Polled:
    """One bounded poll: what was found (oldest first), and the cursor to save once that is durable. ``more``: the
    bound was hit, poll again at once. ``paused``: there is more to read, but the platform's allowance is nearly used
    up: go on from the cursor later. What the platform no longer lists of the time asked for is counted in
    ``parsed.ignored`` as `HISTORY_ENDS`."""

    parsed: Parsed[PlatformEvent]
    cursor: Cursor
    more: bool = False
    paused: bool = False


@runtime_checkable
class PollsEvents(Protocol):
    """Platforms without webhooks, and reconciliation of those with."""

    def poll(self, cursor: Cursor | None) -> Polled:
        """Events since `cursor`, with an overlap; repeats are harmless."""
        ...


@runtime_checkable
class SeeksTime(Protocol):
    """A `PollsEvents` whose list can be read from a moment on: for the audit, and for replay after a long outage."""

    def cursor_at(self, moment: datetime) -> Cursor:
        """The cursor with which `poll` begins at `moment`. Pure: no call. Polled on from there, while there is
        ``more``, it gives every message since then that the platform still lists; repeats, and somewhat older ones,
        are harmless."""
        ...


@runtime_checkable
class ListsThread(Protocol):
    """Can read a whole thread again: notifications get lost."""

    def list_thread(self, thread: ThreadId) -> Parsed[PlatformEvent]:
        """Every message of the thread that we can see, echoes marked; repeats are harmless. Gone: NotFoundError."""
        ...


@runtime_checkable
class KnowsPrivateThreads(Protocol):
    """Its people have one id in public and in private: where a private answer will stand is known before it is sent."""

    def private_conversation(self, author: AuthorId) -> ConversationKey:
        """The private conversation with `author`, whether there is one yet or not. Pure: no call."""
        ...


@runtime_checkable
class FindsSentReplies(Protocol):
    """Can tell whether a reply was posted."""

    def find_sent(self, reply: OutboundReply) -> DeliveryReceipt | None:
        """The receipt of an earlier attempt, or None when it was certainly not posted. OutcomeUnknownError: that can't
        be told; other leaves as for `send`."""
        ...


@runtime_checkable
class FetchesAuthors(Protocol):
    """Can look an author's profile up."""

    def fetch_author(self, author: Author) -> Author:
        """`author` with what the platform tells; NotFoundError when it tells nothing."""
        ...


@runtime_checkable
class FetchesMessages(Protocol):
    """Can read one message: for events that withhold author or text (Facebook mentions)."""

    def fetch_message(self, message: MessageId) -> Parsed[PlatformEvent]:
        """The message as an event; NotFoundError when it is gone or hidden from us."""
        ...


@runtime_checkable
class FetchesMedia(Protocol):
    """Can download what came with a message."""

    def fetch_media(self, attachment: Attachment, *, most_bytes: int) -> MediaFile:
        """The file, from the platform's own hosts only (``PlatformSpec.media_hosts``). NotFoundError: gone or expired;
        UnsupportedError: too large, of a type that is not taken, or on another host."""
        ...


@runtime_checkable
class RemovesReplies(Protocol):
    """Can take back what we posted."""

    def remove(self, message: MessageId) -> None:
        """Delete our own message; gone already is fine."""
        ...


@runtime_checkable
class HidesMessages(Protocol):
    """Can hide a customer's public message from others."""

    def hide(self, message: MessageId, *, hidden: bool) -> None:
        """Hide it, or show it again. Raises leaves."""
        ...


@runtime_checkable
class JoinsThreads(Protocol):
    """Private threads that the account must join before it can read (Matrix)."""

    def join_thread(self, thread: ThreadId) -> None:
        """Accept the invitation; already joined is fine."""
        ...


@runtime_checkable
class HasCapabilities(Protocol):
    """Accounts of one platform may differ (X: premium accounts write longer posts)."""

    @property
    def capabilities(self) -> PlatformCapabilities:
        """What holds for this account."""
        ...


@runtime_checkable
class ProbesHealth(Protocol):
    """Can check token and reach."""

    def probe(self) -> str:
        """One line on how the account is, raising a leaf when it is not well."""
        ...


@runtime_checkable
class RefreshesCredentials(Protocol):
    """Tokens that expire and can be renewed ahead of that."""

    def refresh(self) -> datetime | None:
        """Renew what is due to be renewed, and say when the access now ends (None: it does not, or nobody can tell).
        CredentialsError: only a person can renew it."""
        ...


@runtime_checkable
class TellsExpiry(Protocol):
    """Access whose end can be asked for without renewing anything."""

    def access_ends(self) -> datetime | None:
        """When the access ends (None: it does not, or nobody can tell). CredentialsError: it has ended."""
        ...


@runtime_checkable
class ManagesSubscription(Protocol):
    """Webhooks that the platform may switch off, and that can be switched on again by API."""

    def missing_subscriptions(self) -> Sequence[str]:
        """Names of what is not subscribed but needed; empty: all is well. UnsupportedError: what it takes to ask was
        not stored."""
        ...

    def subscribe(self) -> None:
        """Subscribe what is missing. Raises leaves."""
        ...
