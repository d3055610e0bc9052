"""What Freshdesk answers, read into what we need. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from chalicelib.connectors.helpdesks.freshdesk.bodies import mark_of
from chalicelib.connectors.helpdesks.freshdesk.webhook import case_of
from chalicelib.connectors.toolkit.payload import Reader
from chalicelib.core.errors import PayloadError
from chalicelib.core.events import Attachment, AttachmentKind, Visibility
from chalicelib.core.ids import CaseId
from chalicelib.core.ticket import TicketStatus

STATUSES = {
    "2": TicketStatus.OPEN,
    "3": TicketStatus.PENDING,
    "4": TicketStatus.SOLVED,
    "5": TicketStatus.CLOSED,
}
"""Freshdesk's own (developer.freshdesk.com/api, ticket properties, 2026-11); others are the company's."""
REPLY, NOTE = "0", "2"
"""Sources of conversations that may be an answer; forwarded mails, surveys and calls are not."""
_KINDS = {"image": AttachmentKind.IMAGE, "video": AttachmentKind.VIDEO, "audio": AttachmentKind.AUDIO}
_FIELD = re.compile(r"[a-z][a-z0-9_]{0,60}")
_CODE = re.compile(r"[a-z][a-z_]{0,40}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A ticket, as far as we look at it. ``is_gone``: in the trash, spam or archived; it takes no more entries."""

    id: str
    status: TicketStatus
    is_gone: bool
    is_archived: bool
    case: CaseId | None
    mark: str | None
    updated_at: datetime | None
    attachments: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A conversation. ``mark``: the external id of an entry that we wrote; ``merged_into``: it tells of a merge."""

    id: int
    ticket: str
    user: str
    incoming: bool
    visibility: Visibility
    at: datetime
    html: str
    text: str
    mark: str | None
    merged_into: str | None
    attachments: tuple[Attachment, ...]

    @property
    def is_agents(self) -> bool:
        """Not a customer's, not ours."""
        return not self.incoming and self.mark is None


def shown(data: Reader, options: Mapping[str, str], *, archived: bool = False) -> Shown:
    """A ticket. Raises PayloadError."""
    is_gone = archived or data.find_bool("deleted") is True or data.find_bool("spam") is True
    status = statuses(options).get(data.find_id("status") or "", TicketStatus.UNKNOWN)
    return Shown(
        id=data.need_id("id"),
        status=TicketStatus.CLOSED if is_gone else status,
        is_gone=is_gone,
        is_archived=archived,
        case=case_in(data, options["case_field"]),
        mark=mark_of(data.find_text("description") or ""),
        updated_at=data.find_time("updated_at"),
        attachments=tuple(item.need_id("id") for item in data.items("attachments")),
    )


def statuses(options: Mapping[str, str]) -> dict[str, TicketStatus]:
    """Freshdesk's statuses, and the company's own as the option ``statuses`` names them: ``6=pending,7=open``."""
    pairs = (item.partition("=") for item in options.get("statuses", "").split(","))
    known = {status.value: status for status in TicketStatus}
    own = {key.strip(): known.get(value.strip(), TicketStatus.UNKNOWN) for key, found, value in pairs if found}
    return {**own, **STATUSES}


def case_in(data: Reader, field: str) -> CaseId | None:
    """The case that a ticket's custom field names."""
    value = data.find("custom_fields", field)
    return case_of(value.value) if value else None


def entry(data: Reader, ticket: str, merge_words: str) -> Entry:
    """A conversation of `ticket`. Raises PayloadError."""
    number = data.need_id("id")
    if not (number.isascii() and number.isdigit() and len(number) <= 18):
        raise data.need("id").wrong("a number expected")
    incoming, private = data.find("incoming"), data.find("private")
    html, text = data.find_text("body") or "", data.find_text("body_text") or ""
    is_note = data.find_id("source") == NOTE
    merge = _merge(text, merge_words) if is_note and private is not None and private.value is True else None
    return Entry(
        id=int(number),
        ticket=ticket,
        user=data.find_id("user_id") or "",
        incoming=incoming is not None and incoming.value is True,
        visibility=_visibility(data, incoming, private, text),
        at=data.need_time("created_at"),
        html=html,
        text=text,
        mark=mark_of(html or text) if is_note else None,
        merged_into=merge,
        attachments=tuple(attachment(item) for item in data.items("attachments")),
    )


def _visibility(data: Reader, incoming: Reader | None, private: Reader | None, text: str) -> Visibility:
    """Public is an agent's reply or public note; what Freshdesk wrote on a merge, and whatever is not certain, stays
    inside."""
    said = incoming is not None and incoming.value is False and private is not None and private.value is False
    answers = data.find_id("source") in (REPLY, NOTE) and not text.lstrip().startswith("Merged from ticket")
    return Visibility.PUBLIC if said and answers else Visibility.INTERNAL


def _merge(text: str, words: str) -> str | None:
    """Freshdesk tells of a merge only by the private note that it writes on the merged ticket."""
    found = re.search(re.escape(words) + r"\s*#?([0-9]{1,18})\b", text[:400]) if words else None
    return found[1] if found else None


def merge_of(ticket: Shown, entries: Iterable[Entry]) -> Entry | None:
    """The entry that says where a closed ticket went on: the last such. What we wrote ourselves says nothing, it may
    quote a customer."""
    if ticket.status is not TicketStatus.CLOSED:
        return None
    told = [item for item in entries if item.merged_into not in (None, ticket.id) and item.is_agents]
    return max(told, key=lambda item: item.at, default=None)


def attachment(data: Reader) -> Attachment:
    """A file of a conversation; its address runs out. Raises PayloadError."""
    media_type = data.find_text("content_type") or ""
    size = data.find_id("size")
    return Attachment(
        kind=_KINDS.get(media_type.partition("/")[0], AttachmentKind.FILE),
        url=data.find_text("attachment_url"),
        title=data.find_text("name"),
        media_type=media_type or None,
        size=int(size) if size and size.isascii() and size.isdigit() and len(size) < 16 else None,
        remote_id=data.need_id("id"),
    )


def refusal(body: Reader | None) -> tuple[str, str]:
    """An error's code and the field that it is about, as far as they look like one. Whatever the body: no error of
    ours."""
    try:
        first = next(body.items("errors"), None) if body else None
        code = (first or body).find_text("code") if body else None
        field = first.find_text("field") if first else None
    except PayloadError:
        return "", ""
    return _only(_CODE, code), _only(_FIELD, field)


def _only(pattern: re.Pattern[str], text: str | None) -> str:
    return text if text and pattern.fullmatch(text) else ""
