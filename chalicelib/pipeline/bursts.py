"""A customer's message goes into the ticket at once, or waits with its case to be written together with others.

What waits is committed in one piece: the event's disposition, the case, the message's record, the message itself, and
the due item that wakes the writing (`pipeline/merge_entries.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from chalicelib.core.bursts import REASON, WaitingEntry, due_of, entered, kept, may_enter
from chalicelib.core.capabilities import UpdateLimit
from chalicelib.core.case import Case, MessageRecord
from chalicelib.core.disposition import Disposition
from chalicelib.core.errors import ConflictError, TicketBusyError, TicketMovedError
from chalicelib.core.events import InboundMessage
from chalicelib.core.ids import PersonRef, TicketRef
from chalicelib.core.people import Author
from chalicelib.core.placing import with_message_gone
from chalicelib.core.ticket import Comment
from chalicelib.pipeline.media import filed
from chalicelib.pipeline.striking import shown_together
from chalicelib.pipeline.work import Work, save_case, write_entry
from chalicelib.ports.helpdesk import HelpdeskClient
from chalicelib.ports.runtime import Runtime
from chalicelib.ports.stores import KeepEntry, RememberMessage, SaveDue, Write

BUSY = 60.0
"""Seconds, where a busy ticket's helpdesk does not say for how long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entered:
    """Where a message went. ``held``: it waits with its case."""

    ticket: TicketRef
    at: datetime
    limit: UpdateLimit | None
    held: bool = False
    not_before: datetime | None = None

    def counted(self, case: Case) -> Case:
        """`case` with this entry, written or waiting."""
        if self.held:
            return kept(case, self.limit, self.at, self.not_before)
        return entered(case, self.limit, self.at)

    def reason(self, otherwise: str) -> str:
        """The disposition's reason."""
        return REASON if self.held else otherwise

    def writes(
        self, work: Work, event: InboundMessage, author: Author, person: PersonRef | None, saved: Case
    ) -> tuple[Write, ...]:
        """What keeps it, where it waits. ``saved``: the case as it is committed."""
        if not self.held:
            return ()
        entry = WaitingEntry(
            case=saved.id,
            number=saved.kept,
            envelope=replace(work.envelope, event=shown_together(work, event, saved.helpdesk)),
            label=author.label,
            person=person,
        )
        first = saved.kept - 1 == saved.written
        return (KeepEntry(entry=entry), *([SaveDue(due=due_of(saved))] if first else []))

    def remembered(self, write: RememberMessage, saved: Case) -> RememberMessage:
        """The message's record, which tells that it waits."""
        number = saved.kept if self.held else None
        return replace(write, record=replace(write.record, waiting=number))


def limit_of(runtime: Runtime, helpdesk: str) -> UpdateLimit | None:
    """How often one ticket of that helpdesk may be written to."""
    return runtime.connectors.helpdesk_spec(helpdesk).capabilities.update_limit


def enter(work: Work, client: HelpdeskClient, case: Case, ticket: TicketRef, comment: Comment) -> Entered:
    """Write `comment`, or find that it must wait: behind others, or because the ticket was written to too often. Raises
    TicketClosedError and NotFoundError as `write_entry` does."""
    limit, now = limit_of(work.runtime, case.helpdesk), work.runtime.clock.now()
    not_before = None
    if may_enter(case, limit, now):
        try:
            ticket, _ = write_entry(client, ticket, comment, look_first=work.resumed, prepare=_files(work, case))
            return Entered(ticket=ticket, at=now, limit=limit)
        except TicketBusyError as busy:
            wait = BUSY if busy.retry_after is None else busy.retry_after
            not_before = now + timedelta(seconds=wait)
    elif work.resumed:
        # an earlier attempt may have written it when there was still room
        standing = _standing(client, ticket, comment.external_id)
        if standing is not None:
            return Entered(ticket=standing, at=now, limit=limit)
    return Entered(ticket=ticket, at=now, limit=limit, held=True, not_before=not_before)


def _files(work: Work, case: Case) -> Callable[[Comment], Comment] | None:
    event = work.envelope.event
    return filed(work.runtime, case.helpdesk, case.id, [event]) if isinstance(event, InboundMessage) else None


def _standing(client: HelpdeskClient, ticket: TicketRef, external_id: str) -> TicketRef | None:
    """The ticket on which the entry stands, also where it was merged."""
    for _ in range(3):
        try:
            return ticket if client.find_comment(ticket, external_id) is not None else None
        except TicketMovedError as moved:
            ticket = moved.survivor
    raise ConflictError("ticket merged again and again")


def find_waiting(runtime: Runtime, record: MessageRecord) -> tuple[Case, WaitingEntry] | None:
    """The message where it waits, with its case. None: it does not wait. Raises ConflictError while it is being
    written: come again when it stands."""
    if record.waiting is None or record.case is None:
        return None
    case = runtime.stores.cases.get_case(record.case)
    if record.waiting <= case.written:
        return None
    _still_free(case, record.waiting)
    [entry] = runtime.stores.cases.waiting(case.id, after=record.waiting - 1, limit=1)
    return case, entry


def _still_free(case: Case, number: int) -> None:
    if number <= max(case.written, case.writing or 0):
        raise ConflictError("the message is being written", retry_after=5.0)


def change_waiting(
    work: Work, case: Case, entry: WaitingEntry, disposition: Disposition, remember: RememberMessage
) -> Disposition:
    """Replace a message that waits; the entry will show it as it is then. The case's version guards it."""

    def change(fresh: Case) -> Case:
        _still_free(fresh, entry.number)
        return with_message_gone(fresh, entry.message.key) if entry.deleted else fresh

    save_case(work.runtime, case, change, lambda saved: (work.complete(disposition), KeepEntry(entry=entry), remember))
    return disposition
