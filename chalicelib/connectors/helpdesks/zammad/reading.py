"""What Zammad answers, read into what we need: tickets, articles, histories. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parseaddr
from typing import Any

from chalicelib.connectors.helpdesks.zammad.access import option_list
from chalicelib.connectors.helpdesks.zammad.marks import is_marked
from chalicelib.connectors.toolkit.payload import Reader, parse_time
from chalicelib.core.events import Attachment, AttachmentKind, Visibility
from chalicelib.core.ids import CaseId, CommentId
from chalicelib.core.text.normalise import clean_text
from chalicelib.core.ticket import Agent, TicketStatus

MERGED = "merged"
STATES = {
    "new": TicketStatus.OPEN,
    "open": TicketStatus.OPEN,
    "pending reminder": TicketStatus.PENDING,
    "pending close": TicketStatus.PENDING,
    "closed": TicketStatus.SOLVED,
    "merged": TicketStatus.CLOSED,
    "removed": TicketStatus.CLOSED,
}
"""Zammad's own states (db/seeds/ticket_states.rb); what else a company has is named in the options."""
FOR_CUSTOMERS = frozenset({"note", "web", "phone", "email"})
"""Types of articles that an agent writes for the customer; those of Zammad's own channels go out by Zammad."""
_MEANINGS = {
    "pending_states": TicketStatus.PENDING,
    "solved_states": TicketStatus.SOLVED,
    "closed_states": TicketStatus.CLOSED,
}
_KINDS = {"image": AttachmentKind.IMAGE, "video": AttachmentKind.VIDEO, "audio": AttachmentKind.AUDIO}


def meanings(options: Mapping[str, str]) -> dict[str, TicketStatus]:
    """States by meaning."""
    named = {name: meaning for option, meaning in _MEANINGS.items() for name in option_list(options, option)}
    return {**STATES, **named}


def number_of(data: Reader, name: str = "id") -> str:
    """An id, which is a number here. Raises PayloadError."""
    found = data.need_id(name)
    if not (found.isascii() and found.isdigit() and len(found) <= 18):
        raise data.need(name).wrong("a number expected")
    return found


# -- tickets -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A ticket, as far as we look at it."""

    id: str
    state: str
    status: TicketStatus
    customer: str | None
    case: CaseId | None
    updated_at: datetime | None
    changed_at: datetime | None

    @property
    def is_merged(self) -> bool:
        """True when it went on in another."""
        return self.state == MERGED


def shown_ticket(data: Reader, case_field: str, states: Mapping[str, TicketStatus]) -> Shown:
    """One ticket, asked for with names (``expand=true``). Raises PayloadError."""
    state = (data.find_text("state") or "").strip().lower()
    case = data.value.get(case_field)
    return Shown(
        id=number_of(data),
        state=state,
        status=states.get(state, TicketStatus.UNKNOWN),
        customer=data.find_id("customer_id"),
        case=CaseId(case) if isinstance(case, str) and case and case.isprintable() else None,
        updated_at=parse_time(data.value.get("updated_at")),
        changed_at=parse_time(data.value.get("close_at")) if state == "closed" else None,
    )


# -- articles ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """One article. Its number grows over all tickets; a merge keeps it."""

    number: int
    sender: str
    author: str
    """The number of the user who wrote it."""
    name: str | None
    subject: str
    visibility: Visibility
    at: datetime
    body: str
    is_html: bool
    attachments: tuple[Attachment, ...]

    @property
    def key(self) -> CommentId:
        """The id as the rest of the program knows it."""
        return CommentId(str(self.number))

    @property
    def is_ours(self) -> bool:
        """Whether it bears our mark."""
        return is_marked(self.subject)

    @property
    def agent(self) -> Agent:
        """Who wrote it."""
        return Agent(id=self.author, name=self.name)


def article(data: Reader, folder: str) -> Article:
    """One article, asked for with names. ``folder``: the address below which its ticket's attachments are. Raises
    PayloadError."""
    number = number_of(data)
    sender, kind = data.find_text("sender") or "", data.find_text("type") or ""
    place = f"{folder}/{number_of(data, 'ticket_id')}/{number}"
    return Article(
        number=int(number),
        sender=sender,
        author=data.find_id("created_by_id") or "",
        name=_name(data.find_text("from") or ""),
        subject=data.find_text("subject") or "",
        visibility=visibility(data.value, kind),
        at=data.need_time("created_at"),
        body=data.find_text("body") or "",
        is_html="html" in (data.find_text("content_type") or "").lower(),
        attachments=tuple(attachment(item, place) for item in data.items("attachments")),
    )


def _name(sender: str) -> str | None:
    """The name in "Ana Agent", "Ana Agent via Support <support@example.com>"."""
    name = parseaddr(sender)[0] if "<" in sender else sender
    return name.partition(" via ")[0].strip() or None


def visibility(data: Any, kind: str) -> Visibility:
    """PUBLIC only where ``internal`` is exactly false, of a type that is written for customers."""
    found = data.get("internal") if isinstance(data, dict) else None
    return Visibility.PUBLIC if found is False and kind in FOR_CUSTOMERS else Visibility.INTERNAL


def attachment(data: Reader, place: str) -> Attachment:
    """A file of an article."""
    number = data.find_id("id") or ""
    told = data.value.get("preferences")
    named = [told.get(key) for key in ("Content-Type", "Mime-Type")] if isinstance(told, dict) else []
    kinds = [clean_text(item).partition(";")[0].strip().lower() for item in named if isinstance(item, str)]
    media_type = next(filter(None, kinds), "")
    size = data.find_id("size") or ""
    return Attachment(
        kind=_KINDS.get(media_type.partition("/")[0], AttachmentKind.FILE),
        url=f"{place}/{number}" if number.isdigit() else None,
        title=data.find_text("filename"),
        media_type=media_type or None,
        size=int(size) if size.isascii() and size.isdigit() and len(size) <= 15 else None,
        remote_id=number or None,
    )


# -- merges ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Merge:
    """Where a ticket went on and since when, and the articles that were written on it until then."""

    survivor: str
    at: datetime
    articles: frozenset[int]


def merge_of(data: Reader) -> Merge | None:
    """The latest merge in a ticket's own history; None when it tells of none. Raises PayloadError."""
    survivor: str | None = None
    at: datetime | None = None
    for item in data.items("history"):
        if item.find_text("type") == "merged_into":
            survivor, at = number_of(item, "id_to"), item.need_time("created_at")
    return Merge(survivor=survivor, at=at, articles=written(data)) if survivor and at else None


def written(data: Reader) -> frozenset[int]:
    """The articles that a ticket's own history says were created on it. Raises PayloadError."""
    return frozenset(
        int(number_of(item, "o_id"))
        for item in data.items("history")
        if item.find_text("type") == "created" and item.find_text("object") == "Ticket::Article"
    )
