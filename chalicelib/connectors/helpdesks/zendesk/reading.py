"""What Zendesk answers, read into what we need: tickets, comments, marks, merges. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from chalicelib.connectors.helpdesks.zendesk.bodies import MARK
from chalicelib.connectors.helpdesks.zendesk.loose import look, number_text
from chalicelib.connectors.toolkit.payload import Reader, parse_time
from chalicelib.core.events import Attachment, AttachmentKind, Visibility
from chalicelib.core.ids import CaseId, CommentId, Cursor
from chalicelib.core.text.normalise import clean_text
from chalicelib.core.ticket import Agent, TicketStatus

MERGED_TAG = "closed_by_merge"
"""The tag that Zendesk puts on a ticket that was merged into another."""

STATUSES = {
    "new": TicketStatus.OPEN,
    "open": TicketStatus.OPEN,
    "pending": TicketStatus.PENDING,
    "hold": TicketStatus.PENDING,
    "solved": TicketStatus.SOLVED,
    "closed": TicketStatus.CLOSED,
    "deleted": TicketStatus.CLOSED,
}
STAFF = frozenset({"agent", "admin"})
_KINDS = {"image": AttachmentKind.IMAGE, "video": AttachmentKind.VIDEO, "audio": AttachmentKind.AUDIO}
_MERGED_INTO = re.compile(r"\s*This request was closed and merged into request #([0-9]{1,20})\b")


# -- tickets -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A ticket, as far as we look at it."""

    id: str
    status: TicketStatus
    requester: str | None
    tags: frozenset[str]
    external_id: str | None
    status_changed_at: datetime | None

    @property
    def case(self) -> CaseId | None:
        """The external id, whoever set it."""
        return CaseId(self.external_id) if self.external_id else None

    @property
    def is_merged(self) -> bool:
        """True when it was closed by a merge."""
        return MERGED_TAG in self.tags


def shown_ticket(data: Reader) -> Shown:
    """One ticket of an answer. Raises PayloadError."""
    return Shown(
        id=data.need_id("id"),
        status=STATUSES.get((data.find_text("status") or "").lower(), TicketStatus.UNKNOWN),
        requester=data.find_id("requester_id"),
        tags=ticket_tags(data.value),
        external_id=data.find_id("external_id"),
        status_changed_at=parse_time(look(data.value, "metric_set", "status_updated_at")),
    )


def ticket_tags(data: Any) -> frozenset[str]:
    """Tags as a list, or as one string with blanks, as some answers have them."""
    found = look(data, "tags")
    items = found.split() if isinstance(found, str) else found if isinstance(found, list) else []
    return frozenset(item for item in items if isinstance(item, str))


# -- comments ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One comment. ``number`` is its id; ids of one ticket's comments grow."""

    number: int
    author: str | None
    visibility: Visibility
    written_at: datetime
    text: str
    html: str
    attachments: tuple[Attachment, ...]
    mark: str | None
    merged_into: str | None

    @property
    def key(self) -> CommentId:
        """The id as the rest of the program knows it."""
        return CommentId(str(self.number))


@dataclass(frozen=True, slots=True, kw_only=True)
class Talk:
    """Comments of one ticket, newest first, and the agents among their authors by id."""

    entries: tuple[Entry, ...] = ()
    staff: Mapping[str, Agent] = field(default_factory=dict)

    @property
    def newest(self) -> int:
        """The highest id."""
        return max((entry.number for entry in self.entries), default=0)

    @property
    def oldest(self) -> int:
        """The lowest id."""
        return min((entry.number for entry in self.entries), default=0)

    def __add__(self, older: Talk) -> Talk:
        return Talk(entries=(*self.entries, *older.entries), staff={**self.staff, **older.staff})


def talk_page(page: Reader) -> Talk:
    """One page of comments with their users. Raises PayloadError."""
    return Talk(entries=tuple(entry(item) for item in page.items("comments")), staff=staff(page))


def staff(page: Reader) -> dict[str, Agent]:
    """The side-loaded users that are agents. Who is not named as an agent is none."""
    found: dict[str, Agent] = {}
    for user in page.items("users"):
        role = look(user.value, "role")
        if isinstance(role, str) and role in STAFF:
            found[user.need_id("id")] = Agent(id=user.need_id("id"), name=user.find_text("name"))
    return found


def entry(data: Reader) -> Entry:
    """One comment. Raises PayloadError."""
    number = number_text(data.need("id").value)
    if number is None:
        raise data.wrong("comment id expected")
    text = data.find_text("plain_body")
    return Entry(
        number=int(number),
        author=data.find_id("author_id"),
        visibility=visibility(data.value),
        written_at=data.need_time("created_at"),
        text=(data.find_text("body") or "") if text is None else text,
        html=data.find_text("html_body") or "",
        attachments=tuple(attachment(item) for item in data.items("attachments")),
        mark=mark_of(data.value),
        merged_into=merged_into(data.value),
    )


def visibility(data: Any) -> Visibility:
    """PUBLIC only for an ordinary comment whose ``public`` is exactly true. Voice comments hold transcripts, and the
    entries that a merge writes quote the other ticket: nobody wrote these for the customer."""
    ordinary = look(data, "type") in (None, "Comment") and not is_merge(data)
    return Visibility.PUBLIC if ordinary and look(data, "public") is True else Visibility.INTERNAL


def attachment(data: Reader) -> Attachment:
    """A file of a comment; one with malware in it has no address."""
    media_type = data.find_text("content_type")
    infected = look(data.value, "malware_scan_result") == "malware_found"
    size = look(data.value, "size")
    return Attachment(
        kind=_KINDS.get((media_type or "").partition("/")[0].lower(), AttachmentKind.FILE),
        url=None if infected else data.find_text("content_url"),
        title=data.find_text("file_name"),
        media_type=media_type,
        size=size if isinstance(size, int) and not isinstance(size, bool) and size >= 0 else None,
        remote_id=data.find_id("id"),
    )


def mark_of(data: Any) -> str | None:
    """Our mark in the custom metadata of a comment or an audit."""
    found = look(data, "metadata", "custom", MARK)
    return clean_text(found) if isinstance(found, str) and found else None


def is_merge(data: Any) -> bool:
    """Whether a comment or an audit was made by a merge, on either side."""
    return bool(look(data, "via", "source", "rel") == "merge")


def merged_into(data: Any) -> str | None:
    """The survivor that a comment or audit of a merged ticket names; the survivor's own side has ``ticket_ids``."""
    if not is_merge(data):
        return None
    source = look(data, "via", "source")
    if look(source, "from", "ticket_ids") is not None:
        return None
    return number_text(look(source, "from", "ticket_id")) or number_text(look(source, "to", "ticket_id"))


def survivor_by_words(talk: Talk) -> str | None:
    """The survivor by the words that Zendesk's merge writes in English, in an agent's entry, newest first."""
    for item in talk.entries:
        found = _MERGED_INTO.match(item.text) if item.author in talk.staff else None
        if found:
            return found[1]
    return None


# -- audits ------------------------------------------------------------------------------------------------------------


def comment_of_audit(audit: Any) -> CommentId | None:
    """The comment that an update wrote."""
    events = look(audit, "events")
    for event in events if isinstance(events, list) else ():
        if look(event, "type") == "Comment":
            found = number_text(look(event, "id"))
            return CommentId(found) if found else None
    return None


def marked_comment(page: Reader, mark: str) -> CommentId | None:
    """The comment of the audit that carries `mark`."""
    return next((comment_of_audit(item.value) for item in page.items("audits") if mark_of(item.value) == mark), None)


def audit_survivor(page: Reader) -> str | None:
    """The survivor that one of the audits names, the latest first."""
    found = [merged_into(item.value) for item in page.items("audits")]
    return next(filter(None, reversed(found)), None)


# -- cursors -----------------------------------------------------------------------------------------------------------


def number_after(cursor: Cursor | None) -> int:
    """The comment id up to which everything has been dealt with; 0 for none."""
    return int(number_text(cursor) or 0)


def next_page(page: Reader) -> str | None:
    """The cursor of the next page, or None at the end."""
    if look(page.value, "meta", "has_more") is not True:
        return None
    found = look(page.value, "meta", "after_cursor")
    return clean_text(found) if isinstance(found, str) and found else None
