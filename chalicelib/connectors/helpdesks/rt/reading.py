"""What RT answers, read into what we need: tickets, transactions, parts of messages. Pure."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chalicelib.connectors.toolkit.payload import Reader
from chalicelib.core.events import Attachment, AttachmentKind, Visibility
from chalicelib.core.ids import CaseId
from chalicelib.core.text.normalise import clean_text
from chalicelib.core.ticket import TicketStatus

STATUSES = {
    "new": TicketStatus.OPEN,
    "open": TicketStatus.OPEN,
    "stalled": TicketStatus.PENDING,
    "resolved": TicketStatus.SOLVED,
    "rejected": TicketStatus.SOLVED,
    "deleted": TicketStatus.CLOSED,
}
"""Of RT's default lifecycle (etc/RT_Config.pm, 5.0.3); what else a company has is named in the options."""
CHANGES = frozenset({"Status", "AddLink"})
"""Transactions that are no entries."""
_KINDS = {"image": AttachmentKind.IMAGE, "video": AttachmentKind.VIDEO, "audio": AttachmentKind.AUDIO}
_SIGNATURES = frozenset({"application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature"})
_MARK = re.compile(
    r"^content-type:[^\n]*(?:\n[ \t][^\n]*)*?;\s*careloop=\"?([A-Za-z0-9._-]{1,100})", re.IGNORECASE | re.MULTILINE
)
_TARGET = re.compile(r"/ticket/([0-9]{1,18})\Z")


# -- tickets -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A ticket, as far as we look at it. ``id`` is the survivor's when the one asked for was merged."""

    id: str
    status: TicketStatus
    requestors: frozenset[str]
    """Names in lower case."""
    case: CaseId | None
    allows: frozenset[str]
    """What RT's links say that we may do with it: correspond, comment."""


def shown_ticket(data: Reader, case_field: str, statuses: Mapping[str, TicketStatus]) -> Shown:
    """One ticket. Raises PayloadError."""
    names = (reference(item.value) for item in data.items("Requestor"))
    values = custom_values(data.value, case_field)
    return Shown(
        id=_number(data),
        status=statuses.get((data.find_text("Status") or "").lower(), TicketStatus.UNKNOWN),
        requestors=frozenset(name.lower() for name in names if name),
        case=CaseId(values[0]) if values else None,
        allows=frozenset(filter(None, (reference_kind(item.value) for item in data.items("_hyperlinks")))),
    )


def reference_kind(link: Any) -> str | None:
    """What a link is for."""
    found = link.get("ref") if isinstance(link, dict) else None
    return found if isinstance(found, str) else None


def _number(data: Reader) -> str:
    found = data.need_id("id")
    if not (found.isascii() and found.isdigit() and len(found) <= 18):
        raise data.need("id").wrong("a number expected")
    return found


def reference(value: Any) -> str | None:
    """The id of a reference to a record (an object, in some answers the bare id)."""
    found = value.get("id") if isinstance(value, dict) else value
    if isinstance(found, bool) or not isinstance(found, int | str):
        return None
    return clean_text(found).strip() or None if isinstance(found, str) else str(found) if abs(found) < 10**18 else None


def custom_values(data: Any, name: str) -> tuple[str, ...]:
    """The values of a custom field, by the record's list of them."""
    fields = data.get("CustomFields") if isinstance(data, dict) else None
    for item in fields if isinstance(fields, list) else ():
        if isinstance(item, dict) and item.get("name") == name and isinstance(item.get("values"), list):
            return tuple(clean_text(value) for value in item["values"] if isinstance(value, str) and value)
    return ()


# -- transactions ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One transaction. ``ticket`` is where it was written; a merge does not change it."""

    id: int
    ticket: str
    type: str
    creator: str
    """A user's name, in lower case."""
    at: datetime
    is_marked: bool = False
    merged_into: str | None = None

    @property
    def is_entry(self) -> bool:
        """Whether somebody wrote something."""
        return self.type not in CHANGES

    @property
    def visibility(self) -> Visibility:
        """PUBLIC only for correspondence."""
        return Visibility.PUBLIC if self.type == "Correspond" else Visibility.INTERNAL


def row(data: Reader, message_field: str) -> Row:
    """One transaction of a list. Raises PayloadError."""
    kind = data.value.get("Type") if isinstance(data.value, dict) else None
    return Row(
        id=int(_number(data)),
        ticket=reference(data.need("ObjectId").value) or "",
        type=kind if isinstance(kind, str) else "",
        creator=(reference(data.value.get("Creator")) or "").lower(),
        at=data.need_time("Created"),
        is_marked=bool(message_field and custom_values(data.value, message_field)),
        merged_into=_merged_into(data.value),
    )


def _merged_into(data: Any) -> str | None:
    target = data.get("NewValue")
    found = _TARGET.search(target) if data.get("Field") == "MergedInto" and isinstance(target, str) else None
    return found[1] if found else None


def story(asked: str, survivor: str, merges: Iterable[Row]) -> dict[str, int]:
    """Ticket -> the transaction from which on its entries belong to the story of `asked`: its own from the beginning,
    those of a ticket that it was merged into from the merge on. What was said there before went to somebody else."""
    found, here = {asked: 0}, asked
    for merge in sorted(merges, key=lambda item: item.id):
        if merge.ticket == here and merge.merged_into and merge.merged_into not in found:
            here = merge.merged_into
            found[here] = merge.id
    return found if survivor in found else {asked: 0}


# -- messages ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part of an entry's message."""

    id: str
    transaction: str | None
    media_type: str
    filename: str | None
    size: int | None
    mark: str | None


def part(data: Reader) -> Part:
    """One attachment of a list. Raises PayloadError."""
    headers = data.find_text("Headers") or ""
    found = _MARK.search(headers)
    size = data.find_id("ContentLength") or ""
    return Part(
        id=_number(data),
        transaction=reference(data.value.get("TransactionId")),
        media_type=(data.find_text("ContentType") or "").strip().lower(),
        filename=(data.find_text("Filename") or "").strip() or None,
        size=int(size) if size.isascii() and size.isdigit() and len(size) <= 15 else None,
        mark=found[1] if found else None,
    )


def text_part(parts: Iterable[Part]) -> Part | None:
    """The part with the words: plain text where there is any, else HTML."""
    candidates = [item for item in parts if item.filename is None]
    for wanted in ("text/plain", "text/html"):
        for item in candidates:
            if item.media_type == wanted:
                return item
    return None


def files(parts: Iterable[Part], folder: str) -> tuple[Attachment, ...]:
    """The parts that are files. ``folder``: their address, for agents who are logged in."""
    return tuple(_file(item, folder) for item in parts if _is_file(item))


def _is_file(item: Part) -> bool:
    if item.media_type.startswith("multipart/") or item.media_type in _SIGNATURES:
        return False
    return item.filename is not None or not item.media_type.startswith("text/")


def _file(item: Part, folder: str) -> Attachment:
    return Attachment(
        kind=_KINDS.get(item.media_type.partition("/")[0], AttachmentKind.FILE),
        url=f"{folder}/{item.id}/",
        title=item.filename,
        media_type=item.media_type or None,
        size=item.size,
        remote_id=item.id,
    )


def content(data: Reader) -> str:
    """The text of one attachment (texts are UTF-8). Raises PayloadError."""
    return clean_text(file_content(data).decode("utf-8", "replace"))


def file_content(data: Reader) -> bytes:
    """The bytes of one attachment, which RT gives in base64. Raises PayloadError."""
    encoded = data.find("Content")
    if encoded is None:
        return b""
    if not isinstance(encoded.value, str):
        raise encoded.wrong("base64 expected")
    try:
        return base64.b64decode(encoded.value)
    except (binascii.Error, ValueError):
        raise encoded.wrong("base64 expected") from None
