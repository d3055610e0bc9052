"""What django-helpdesk answers, read into what we need: tickets and follow-ups. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chalicelib.connectors.helpdesks.django_helpdesk.access import numbers
from chalicelib.connectors.helpdesks.django_helpdesk.marks import marked, number_of
from chalicelib.connectors.toolkit.payload import Reader
from chalicelib.core.events import Attachment, AttachmentKind, Visibility
from chalicelib.core.ids import CaseId, CommentId
from chalicelib.core.ticket import TicketStatus

DUPLICATE = 5
_KINDS = {"image": AttachmentKind.IMAGE, "video": AttachmentKind.VIDEO, "audio": AttachmentKind.AUDIO}
_MOVED_FROM = re.compile(r"\[[^\[\]]{0,80}#([0-9]{1,18})\]")
"""``[Merged from #12] ...``, in whatever language: the title that a merge gives to what it moves (views/staff.py)."""


# -- follow-ups --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One follow-up. ``number`` is its id, which grows over all tickets. ``user``: the number of whom django-helpdesk
    knows as its author; None for what came by mail or from the public page."""

    number: int
    ticket: str
    user: str | None
    visibility: Visibility
    at: datetime
    text: str
    mark: str | None
    case: CaseId | None
    moved_from: str | None
    has_status: bool
    came_by_mail: bool
    attachments: tuple[Attachment, ...]

    @property
    def key(self) -> CommentId:
        """The id as the rest of the program knows it."""
        return CommentId(str(self.number))

    @property
    def says_something(self) -> bool:
        """Whether somebody wrote or attached anything; changes of status and holding are follow-ups too."""
        return bool(self.text.strip() or self.attachments)


def entry(data: Reader) -> Entry:
    """One follow-up. Raises PayloadError."""
    found = marked(data.find_text("comment") or "")
    moved = _MOVED_FROM.match(data.find_text("title") or "")
    return Entry(
        number=int(number_of(data)),
        ticket=number_of(data, "ticket"),
        user=data.find_id("user"),
        visibility=visibility(data.value),
        at=data.need_time("date"),
        text=found.text,
        mark=found.mark,
        case=found.case,
        moved_from=moved[1] if moved else None,
        has_status=data.has("new_status"),
        came_by_mail=bool(data.find_text("message_id")),
        attachments=tuple(attachment(item) for item in data.items("followupattachment_set")),
    )


def visibility(data: Any) -> Visibility:
    """PUBLIC only where ``public`` is exactly true."""
    found = data.get("public") if isinstance(data, dict) else None
    return Visibility.PUBLIC if found is True else Visibility.INTERNAL


def attachment(data: Reader) -> Attachment:
    """A file of a follow-up."""
    media_type = (data.find_text("mime_type") or "").strip().lower()
    size = data.find_id("size") or ""
    return Attachment(
        kind=_KINDS.get(media_type.partition("/")[0], AttachmentKind.FILE),
        url=data.find_text("file"),
        title=data.find_text("filename"),
        media_type=media_type or None,
        size=int(size) if size.isascii() and size.isdigit() and len(size) <= 15 else None,
        remote_id=data.find_id("id"),
    )


# -- tickets -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A ticket with its follow-ups, in the order of their numbers."""

    id: str
    status: TicketStatus
    merged_into: str | None
    case: CaseId | None
    entries: tuple[Entry, ...]

    @property
    def status_changed_at(self) -> datetime | None:
        """When a follow-up last changed the status."""
        return max((item.at for item in self.entries if item.has_status), default=None)


def shown(data: Reader, statuses: Mapping[int, TicketStatus]) -> Shown:
    """One ticket. Raises PayloadError."""
    merged = data.find_id("merged_to")
    found = sorted((entry(item) for item in data.items("followup_set")), key=lambda item: item.number)
    by_words = marked(data.find_text("description") or "").case
    return Shown(
        id=number_of(data),
        status=TicketStatus.CLOSED if merged else status(data.value.get("status"), statuses),
        merged_into=merged,
        case=by_words or next((item.case for item in found if item.case and not item.moved_from), None),
        entries=tuple(found),
    )


def status(value: Any, statuses: Mapping[int, TicketStatus]) -> TicketStatus:
    """What a status' number means."""
    known = isinstance(value, int) and not isinstance(value, bool)
    return statuses.get(value, TicketStatus.UNKNOWN) if known else TicketStatus.UNKNOWN


def meanings(options: Mapping[str, str]) -> dict[int, TicketStatus]:
    """The numbers of statuses by meaning. Raises ConfigurationError."""
    table = (
        ("solved_statuses", "3, 4", TicketStatus.SOLVED),
        ("pending_statuses", "", TicketStatus.PENDING),
        ("open_statuses", "1, 2", TicketStatus.OPEN),
        ("closed_statuses", "", TicketStatus.CLOSED),
    )
    found = {item: meaning for name, default, meaning in table for item in numbers(options, name, default)}
    return {DUPLICATE: TicketStatus.CLOSED, **found}
