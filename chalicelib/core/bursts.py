"""Bursts: a helpdesk that limits how often a ticket is written to gets many messages as one entry. Pure.

Up to a part of the limit each message is an entry of its own. Beyond it, messages are kept with the case, and written
together every `GAPS`-th part of the window, until nothing waits and there is room again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from chalicelib.core import compose
from chalicelib.core.capabilities import UpdateLimit
from chalicelib.core.case import Case
from chalicelib.core.events import Attachment, Envelope, InboundMessage, Visibility
from chalicelib.core.ids import CaseId, PersonRef, digest
from chalicelib.core.jobs import DueItem, MergeEntries
from chalicelib.core.ticket import Comment

GAPS = 10
"""Entries written together are at least a tenth of the window apart: for Zendesk a minute."""
REASON = "to be written together with others"
"""Of the disposition of a message that waits."""
MOST_TEXT = 30_000
"""Characters of one entry; Zendesk takes 65,535 of HTML (developer.zendesk.com, ticket comments, 2026-08)."""
MOST_TOGETHER = 80
"""Messages of one entry."""
_WITHOUT_LIMIT = timedelta(minutes=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingEntry:
    """A message that waits. ``envelope``: as it came, with the latest text; it is sent again where the ticket was
    closed meanwhile. ``deleted``: by its author, before it was written."""

    case: CaseId
    number: int
    envelope: Envelope
    label: str
    person: PersonRef | None = None
    deleted: bool = False

    @property
    def message(self) -> InboundMessage:
        """The message itself."""
        assert isinstance(self.envelope.event, InboundMessage)
        return self.envelope.event


def with_text(entry: WaitingEntry, text: str) -> WaitingEntry:
    """`entry` after an edit."""
    event = replace(entry.message, text=text)
    return replace(entry, envelope=replace(entry.envelope, event=event))


# ---- when ------------------------------------------------------------------------------------------------------------


def waits(case: Case) -> bool:
    """Messages are kept for this case: what comes now stands behind them."""
    return case.kept > case.written


def may_enter(case: Case, limit: UpdateLimit | None, now: datetime) -> bool:
    """Whether a message may be an entry of its own now."""
    if waits(case):
        return False
    return limit is None or len(_lately(case, limit, now)) < max(1, limit.updates - GAPS)


def entered(case: Case, limit: UpdateLimit | None, now: datetime) -> Case:
    """`case` after an entry was written. Times are kept only where they are needed."""
    if limit is None:
        return case
    return replace(case, entered=(*_lately(case, limit, now), now)[-limit.updates :])


def kept(case: Case, limit: UpdateLimit | None, now: datetime, not_before: datetime | None) -> Case:
    """`case` with one more message that waits; its number is the case's ``kept``."""
    due = case.write_at if waits(case) and case.write_at else next_at(case, limit, now, not_before)
    return replace(case, kept=case.kept + 1, write_at=due)


def next_at(case: Case, limit: UpdateLimit | None, now: datetime, not_before: datetime | None = None) -> datetime:
    """When the next entry may be written. ``not_before``: what the helpdesk asked for."""
    gap = (limit.per if limit else _WITHOUT_LIMIT) / GAPS
    moments = [now + gap if not case.entered else max(case.entered[-1] + gap, now)]
    if limit is not None:
        lately = _lately(case, limit, now)
        if len(lately) >= limit.updates:
            moments.append(lately[-limit.updates] + limit.per)
    return max([*moments, *([not_before] if not_before else [])])


def _lately(case: Case, limit: UpdateLimit, now: datetime) -> tuple[datetime, ...]:
    return tuple(item for item in case.entered if item > now - limit.per)


def due_of(case: Case) -> DueItem:
    """The item that wakes the writing of what `case` keeps."""
    return DueItem(id=f"merge|{case.id}", at=case.write_at or case.opened_at, job=MergeEntries(case=case.id))


# ---- what ------------------------------------------------------------------------------------------------------------


def together(entries: Sequence[WaitingEntry]) -> Sequence[WaitingEntry]:
    """As many of `entries` as fit into one, at least one."""
    size = 0
    for place, entry in enumerate(entries[:MOST_TOGETHER]):
        size += len(compose.message_body(entry.message)) + len(entry.message.permalink or "") + 80
        if size > MOST_TEXT and place:
            return entries[:place]
    return entries[:MOST_TOGETHER]


def merged_entry(case: Case, entries: Sequence[WaitingEntry]) -> Comment:
    """One entry for `entries`, in order, with the time, attachments and link of each. Its external id is that of the
    set: the same set again is the same entry."""
    name = digest(case.id, "together", str(entries[0].number), str(entries[-1].number), length=26)
    left = [entry for entry in entries if not entry.deleted]
    if not left:
        return Comment(body=compose.deleted_before_note(len(entries)), visibility=Visibility.INTERNAL, external_id=name)
    persons = {entry.person for entry in entries}
    alone = len(entries) == 1
    return Comment(
        body=compose.message_body(left[0].message) if alone else merged_body(entries),
        visibility=Visibility.PUBLIC,
        external_id=name,
        author=left[0].person if len(persons) == 1 else case.requester,
        author_label=left[0].label,
        attachments=_attachments(left),
        source_url=left[0].message.permalink if alone else None,
        reopen=True,
    )


def _attachments(entries: Sequence[WaitingEntry]) -> tuple[Attachment, ...]:
    return tuple(item for entry in entries for item in entry.message.attachments)


def merged_body(entries: Sequence[WaitingEntry]) -> str:
    """The text of several messages, each with its time; by whom where that differs."""
    names = {entry.label for entry in entries}
    pieces = [f"({len(entries)} messages that came shortly one after the other)"]
    for entry in entries:
        message = entry.message
        by = f", {entry.label}" if len(names) > 1 else ""
        body = "(deleted by the customer meanwhile)" if entry.deleted else compose.message_body(message)
        link = [message.permalink] if message.permalink and not entry.deleted else []
        pieces.append("\n".join([f"[{message.sent_at:%Y-%m-%d %H:%M:%S} UTC{by}]", body, *link]))
    return "\n\n".join(pieces)
