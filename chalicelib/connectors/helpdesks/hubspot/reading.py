"""What HubSpot answers, read into what we need. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from chalicelib.connectors.helpdesks.hubspot.bodies import BODY, listed, option
from chalicelib.connectors.helpdesks.hubspot.marks import answer, marked
from chalicelib.connectors.helpdesks.hubspot.webhook import case_of
from chalicelib.connectors.toolkit.payload import Reader
from chalicelib.core.events import Visibility
from chalicelib.core.ids import CaseId
from chalicelib.core.ticket import TicketStatus

STAGE, MERGED, MODIFIED = "hs_pipeline_stage", "hs_merged_object_ids", "hs_lastmodifieddate"
NOTE_PROPERTIES = (BODY, "hs_object_source", "hs_created_by_user_id", "hs_attachment_ids")
_ID = re.compile(r"[1-9][0-9]{0,17}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A ticket, as far as we look at it. ``merged_at``: when others were last merged into it."""

    id: str
    status: TicketStatus
    case: CaseId | None
    content_mark: str | None
    modified: datetime | None
    status_changed_at: datetime | None
    merged: tuple[str, ...]
    merged_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A note. ``words``: its HTML, of an answer without the word that makes it one."""

    id: str
    at: datetime
    user: str
    mark: str | None
    html: str
    words: str
    visibility: Visibility
    files: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """How one connection's tickets and notes are read."""

    case_property: str
    stages: Mapping[str, TicketStatus]
    word: str
    sources: tuple[str, ...]

    @property
    def properties(self) -> str:
        """Of a ticket, to ask for."""
        return ",".join((self.case_property, "content", STAGE, MERGED, MODIFIED))

    def shown(self, data: Reader) -> Shown:
        """A ticket. Raises PayloadError."""
        has, stage = data.need("properties"), data.find_text("properties", STAGE)
        case, created, merged_at = has.find(self.case_property), data.find_time("createdAt"), _changed(data, MERGED)
        return Shown(
            id=record_id(data),
            status=self.stages.get(stage, TicketStatus.OPEN) if stage else TicketStatus.UNKNOWN,
            case=case_of(case.value) if case else None,
            content_mark=marked(has.find_text("content") or ""),
            modified=has.find_time(MODIFIED),
            status_changed_at=_changed(data, STAGE),
            merged=ids(has.find_text(MERGED)),
            # a time before the ticket's own is none
            merged_at=merged_at if merged_at and created and merged_at > created else None,
        )

    def entry(self, data: Reader) -> Entry:
        """A note. Raises PayloadError."""
        has = data.need("properties")
        html = has.find_text(BODY) or ""
        user, said = has.find_id("hs_created_by_user_id") or "", answer(html, self.word)
        # What no person wrote in HubSpot's own pages stays inside, whatever it begins with.
        by_person = bool(user) and has.find_text("hs_object_source") in self.sources
        public = by_person and said is not None
        return Entry(
            id=record_id(data),
            at=data.need_time("createdAt"),
            user=user,
            mark=marked(html),
            html=html,
            words=said if public and said is not None else html,
            visibility=Visibility.PUBLIC if public else Visibility.INTERNAL,
            files=ids(has.find_text("hs_attachment_ids")),
        )


def rules(options: Mapping[str, str]) -> Rules:
    """As the options say; a stage that none of them names is an open one."""
    names = (("pending_stages", TicketStatus.PENDING), ("solved_stages", TicketStatus.SOLVED))
    pairs = (*names, ("closed_stages", TicketStatus.CLOSED))
    return Rules(
        case_property=option(options, "case_property"),
        stages={stage: status for name, status in pairs for stage in listed(options, name)},
        word=option(options, "reply_word"),
        sources=listed(options, "sources"),
    )


def record_id(data: Reader) -> str:
    """A record's id. Raises PayloadError."""
    found = data.need_id("id")
    if not _ID.fullmatch(found):
        raise data.need("id").wrong("a record's id expected")
    return found


def ids(text: str | None) -> tuple[str, ...]:
    """Ids in a property of several, with semicolons."""
    return tuple(item for item in map(str.strip, (text or "").split(";")) if _ID.fullmatch(item))


def associated(page: Reader) -> list[str]:
    """The ids of a page of associations. Raises PayloadError."""
    found = [item.need_id("toObjectId") for item in page.items("results")]
    return [item for item in found if _ID.fullmatch(item)]


def agents_entries(entries: Iterable[Entry], here: Shown, asked: str) -> list[Entry]:
    """Those of `entries` that are the agents', oldest first. Nothing tells on which ticket a note stood before a merge,
    so an answer from before it may have been meant for somebody else: it stays inside, as it was written, so that
    whoever wrote it is told. Other notes from before are left out where `asked` went on in `here`."""
    is_merged = bool(here.merged) or asked != here.id or here.merged_at is not None
    found: list[Entry] = []
    for entry in sorted(entries, key=lambda item: (item.at, int(item.id))):
        if entry.mark is not None:
            continue
        if not is_merged or (here.merged_at is not None and entry.at > here.merged_at):
            found.append(entry)
        elif entry.visibility is Visibility.PUBLIC or asked == here.id:
            found.append(doubted(entry))
    return found


def doubted(entry: Entry) -> Entry:
    """An answer of which it is not certain whom it is for."""
    return Entry(
        id=entry.id,
        at=entry.at,
        user=entry.user,
        mark=entry.mark,
        html=entry.html,
        words=entry.html,
        visibility=Visibility.INTERNAL,
        files=entry.files,
    )


def _changed(data: Reader, name: str) -> datetime | None:
    """When a property last got a value, by its history."""
    found = (
        item.find_time("timestamp") for item in data.items("propertiesWithHistory", name) if item.find_text("value")
    )
    return max(filter(None, found), default=None)
