"""What Salesforce answers, read into what we need: cases and their entries. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chalicelib.connectors._salesforce import soql
from chalicelib.connectors.helpdesks.salesforce.bodies import option
from chalicelib.connectors.helpdesks.salesforce.marks import marked
from chalicelib.connectors.toolkit.payload import Reader
from chalicelib.core.events import Attachment, AttachmentKind, Visibility
from chalicelib.core.ids import CaseId, CommentId
from chalicelib.core.text.normalise import clean_text
from chalicelib.core.ticket import Agent, TicketStatus

CASE_PREFIX, COMMENT_PREFIX, VERSION_PREFIX = "500", "00a", "068"
"""The first characters of ids of Case, CaseComment and ContentVersion."""
CASE = ("Id", "Status", "IsClosed", "IsDeleted", "MasterRecordId", "Description", "SystemModstamp", "ClosedDate")
_BY = ("CreatedById", "CreatedBy.Name", "CreatedBy.UserType", "CreatedDate", "SystemModstamp")
COMMENT = ("Id", "ParentId", "CommentBody", "IsPublished", *_BY)
POST = ("Id", "ParentId", "Body", "IsRichText", "Visibility", "RelatedRecordId", "Title", *_BY)
AGENT = "Standard"
"""The type of a company's own users; portal users, guests and automatic ones have others."""
_CASE_ID = re.compile(r"case-[a-z0-9]{8,64}")


def statuses(options: Mapping[str, str], name: str) -> frozenset[str]:
    """The statuses of an option, in lower case."""
    return frozenset(filter(None, (item.strip().lower() for item in option(options, name).split(","))))


def record_id(data: Reader, name: str = "Id") -> str:
    """A record's id. Raises PayloadError."""
    found = data.need_id(name)
    if not soql.is_record(found):
        raise data.need(name).wrong("a record's id expected")
    return found


def case_of(value: Any) -> CaseId | None:
    """Our case id, where a field holds one."""
    return CaseId(value) if isinstance(value, str) and _CASE_ID.fullmatch(value) else None


# -- cases -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A case, as far as we look at it."""

    id: str
    status: TicketStatus
    is_deleted: bool
    master: str | None
    mark: str | None
    """The entry of ours that its description is."""
    field: str
    case: CaseId | None
    stamp: datetime
    """When anything of it was changed; for one that was merged, when that was, unless it was changed again."""
    closed_at: datetime | None


def shown_case(data: Reader, field: str, options: Mapping[str, str]) -> Shown:
    """One case. Raises PayloadError."""
    number = record_id(data)
    held = data.value.get(field)
    return Shown(
        id=number,
        status=_status(data, options),
        is_deleted=data.find_bool("IsDeleted") is True,
        master=data.find_id("MasterRecordId"),
        mark=marked(data.find_text("Description")),
        field=clean_text(held) if isinstance(held, str) else "",
        case=case_of(held),
        stamp=data.need_time("SystemModstamp"),
        closed_at=data.find_time("ClosedDate"),
    )


def _status(data: Reader, options: Mapping[str, str]) -> TicketStatus:
    name = (data.find_text("Status") or "").strip().lower()
    if data.find_bool("IsDeleted") or data.find_id("MasterRecordId"):
        return TicketStatus.CLOSED
    if data.find_bool("IsClosed"):
        return TicketStatus.CLOSED if name in statuses(options, "final_statuses") else TicketStatus.SOLVED
    if name in statuses(options, "pending_statuses"):
        return TicketStatus.PENDING
    return TicketStatus.OPEN if name else TicketStatus.UNKNOWN


# -- entries -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A case comment or a post in the case's feed."""

    id: str
    parent: str
    author: str
    name: str | None
    is_agents: bool
    visibility: Visibility
    at: datetime
    stamp: datetime
    body: str
    is_html: bool = False
    attachments: tuple[Attachment, ...] = ()

    @property
    def key(self) -> CommentId:
        """The id as the rest of the program knows it."""
        return CommentId(self.id)

    @property
    def mark(self) -> str | None:
        """The entry of ours that it is, or a part of it."""
        return marked(self.body)

    @property
    def agent(self) -> Agent:
        """Who wrote it."""
        return Agent(id=self.author, name=self.name)


def comment(data: Reader) -> Entry:
    """A case comment: PUBLIC only where ``IsPublished`` is exactly true. Raises PayloadError."""
    common = _common(data)
    public = data.value.get("IsPublished") is True
    return Entry(**common, visibility=_visibility(public), body=data.find_text("CommentBody") or "")


def post(data: Reader, site: str, *, may_be_public: bool) -> Entry:
    """A post: PUBLIC only for all who have access, where options say that these are answers. Raises PayloadError."""
    common = _common(data)
    public = may_be_public and data.value.get("Visibility") == "AllUsers"
    version = data.find_id("RelatedRecordId") or ""
    found = [attachment(version, data.find_text("Title"), site)] if soql.is_record(version, VERSION_PREFIX) else []
    return Entry(
        **common,
        visibility=_visibility(public),
        body=data.find_text("Body") or "",
        is_html=data.find_bool("IsRichText") is True,
        attachments=tuple(found),
    )


def attachment(version: str, title: str | None, site: str) -> Attachment:
    """A file that an agent posted."""
    url = f"{site}/sfc/servlet.shepherd/version/download/{version}"
    return Attachment(kind=AttachmentKind.FILE, url=url, title=title, remote_id=version)


def _visibility(public: bool) -> Visibility:
    return Visibility.PUBLIC if public else Visibility.INTERNAL


def _common(data: Reader) -> dict[str, Any]:
    return {
        "id": record_id(data),
        "parent": record_id(data, "ParentId"),
        "author": data.need_id("CreatedById"),
        "name": data.find_text("CreatedBy", "Name") or None,
        "is_agents": data.find_text("CreatedBy", "UserType") == AGENT,
        "at": data.need_time("CreatedDate"),
        "stamp": data.need_time("SystemModstamp"),
    }


def in_order(entries: Iterable[Entry]) -> list[Entry]:
    """Oldest first."""
    return sorted(entries, key=lambda item: (item.at, item.id))
