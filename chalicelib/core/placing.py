"""Where a customer's message belongs: its case, a case on another channel, a follow-up, or a new one. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from enum import StrEnum

from chalicelib.core.case import Case, CaseState, Conversation
from chalicelib.core.events import InboundMessage, Visibility
from chalicelib.core.ids import AuthorId, AuthorKey, ConversationKey, EventKey, MessageKey
from chalicelib.core.matching.types import Claim
from chalicelib.core.people import Author
from chalicelib.core.policy import CarePolicy

MOST_TOLD = 12
"""Identifiers of one conversation that are kept for matching, the latest."""


class Place(StrEnum):
    """What to do with a message."""

    NEW = "new"
    RESUME = "resume"
    """The ticket is being created on behalf of this very event, or its creator died: go on."""
    WAIT = "wait"
    """Another event is creating the ticket right now."""
    APPEND = "append"
    FOLLOW_UP = "follow_up"


def place(case: Case | None, event: EventKey, message: InboundMessage, policy: CarePolicy, now: datetime) -> Place:
    """Decide by the conversation's present case."""
    if case is None:
        return Place.NEW
    match case.state:
        case CaseState.OPENING:
            expired = case.lease_until is None or case.lease_until <= now
            return Place.RESUME if case.opened_by == event or expired else Place.WAIT
        case CaseState.OPEN:
            return Place.APPEND
        case CaseState.SOLVED:
            window = policy.reopen_public if message.visibility is Visibility.PUBLIC else policy.reopen_private
            since = case.state_changed_at or case.opened_at
            return Place.APPEND if now - since <= window else Place.FOLLOW_UP
        case CaseState.CLOSED:
            return Place.FOLLOW_UP


def conversation_for(message: InboundMessage) -> ConversationKey:
    """The conversation of `message`. Where the platform withholds the author, every message is one of its own, so that
    strangers under one post are never taken for one person."""
    author = message.author.key.author if message.author else AuthorId(f"unknown:{message.key.message}")
    return ConversationKey(thread=message.thread, author=author)


def conversation_from(
    message: InboundMessage, author: Author, known: Conversation | None, told: Sequence[Claim] = ()
) -> Conversation:
    """The conversation after `message`; an older message than the latest changes nothing that an answer goes by.
    ``told``: identifiers in the message. Of the author's profile nothing is kept."""
    remembered = tuple(dict.fromkeys((*(known.told if known else ()), *told)))[-MOST_TOLD:]
    if known is not None and known.last_message_at > message.sent_at and not known.gone:
        return replace(known, told=remembered)
    return Conversation(
        key=conversation_for(message),
        author=replace(author, profile=None) if author.profile is not None else author,
        visibility=message.visibility,
        surface=message.surface,
        last_message=message.key.message,
        last_message_at=message.sent_at,
        permalink=message.permalink,
        answerable=message.answerable,
        context=dict(message.context),
        told=remembered,
        same_as=known.same_as if known else None,
    )


def told_by(case: Case, author: AuthorKey) -> tuple[Claim, ...]:
    """The identifiers that an author wrote anywhere on the case, also as whom our private reply made them."""
    mine = [item for item in case.conversations if author in (item.author.key, item.same_as)]
    mine += [item for item in case.conversations if item.author.key in {talk.same_as for talk in mine}]
    return tuple(dict.fromkeys(claim for item in mine for claim in item.told))


def with_message(case: Case, message: InboundMessage, author: Author, told: Sequence[Claim] = ()) -> Case:
    """`case` after a customer's message: open, the conversation up to date (or joined)."""
    key = conversation_for(message)
    updated = conversation_from(message, author, case.conversation(key), told)
    others = tuple(item for item in case.conversations if item.key != key)
    latest = max(filter(None, (case.last_customer_message_at, message.sent_at)))
    changed = case.state is not CaseState.OPEN
    return replace(
        case,
        conversations=(*others, updated),
        last_customer_message_at=latest,
        state=CaseState.OPEN,
        lease_until=None,
        state_changed_at=message.sent_at if changed else case.state_changed_at,
    )


def with_message_gone(case: Case, message: MessageKey) -> Case:
    """`case` after `message` was deleted: where it was the one to answer, there is nothing to answer."""
    conversations = tuple(
        replace(item, gone=True)
        if item.last_message == message.message and item.key.thread.account == message.account
        else item
        for item in case.conversations
    )
    return replace(case, conversations=conversations)


def joinable(cases: Sequence[Case], helpdesk: str) -> Case | None:
    """The newest open case of a contact that another channel's message may join."""
    fitting = [item for item in cases if item.state is CaseState.OPEN and item.helpdesk == helpdesk and item.ticket]
    return max(fitting, key=lambda item: item.opened_at, default=None)
