"""Job: what waits with a case is written as one entry. May stop anywhere: what was begun is gone on with.

The set is fixed in the case before it is written, so that every attempt writes the same entry under the same external
id, and later ones look first. Until the last commit the due item stands, and the watch sends the job again each minute.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from chalicelib.core.bursts import REASON, WaitingEntry, due_of, entered, merged_entry, next_at, together, waits
from chalicelib.core.case import Case, CaseState, MessageRecord
from chalicelib.core.codec import to_json
from chalicelib.core.disposition import Outcome
from chalicelib.core.errors import (
    ConflictError,
    NotFoundError,
    PermanentError,
    TicketBusyError,
    TicketClosedError,
)
from chalicelib.core.events import order_group
from chalicelib.core.jobs import DueItem, JobEnvelope, MergeEntries
from chalicelib.pipeline.bursts import BUSY, limit_of
from chalicelib.pipeline.media import filed
from chalicelib.pipeline.merging import follow_merge
from chalicelib.pipeline.work import save_case, write_entry
from chalicelib.ports.runtime import Runtime
from chalicelib.ports.services import QueueMessage
from chalicelib.ports.stores import DropEntries, RememberMessage, RemoveDue, ReopenEvent, SaveDue, Write

SENT_TOGETHER = 6
"""Events that one commit reopens: two writes each, of twenty."""
MOST_ROUNDS = 20


def merge_entries(runtime: Runtime, envelope: JobEnvelope) -> None:
    """Write the next set of one case. Raises leaves; the next minute tries again."""
    assert isinstance(envelope.job, MergeEntries)
    try:
        case = runtime.stores.cases.get_case(envelope.job.case)
    except NotFoundError:
        _forget(runtime, envelope)
        return
    _send_left(runtime, case)
    if not waits(case):
        _forget(runtime, envelope)
        return
    if case.write_at is not None and runtime.clock.now() < case.write_at:
        if envelope.due is not None and envelope.due.at != case.write_at:
            _forget(runtime, envelope)  # an older one: the case is due again later
        return
    _write(runtime, envelope, case)


def _forget(runtime: Runtime, envelope: JobEnvelope) -> None:
    if envelope.due is not None:
        runtime.stores.transactions.commit(RemoveDue(due=envelope.due))


def _write(runtime: Runtime, envelope: JobEnvelope, case: Case) -> None:
    begun = case.writing is not None
    if not begun:
        case = _fixed(runtime, case)
    first, last = case.written, case.writing or 0
    entries = [item for item in runtime.stores.cases.waiting(case.id, after=first) if item.number <= last]
    if case.ticket is None or not entries:
        raise ConflictError("nothing can be written yet")
    client = runtime.connectors.helpdesk(case.helpdesk)
    try:
        left = [item.message for item in entries if not item.deleted]
        prepare = filed(runtime, case.helpdesk, case.id, left)
        ticket, _ = write_entry(client, case.ticket, merged_entry(case, entries), look_first=begun, prepare=prepare)
    except TicketBusyError as busy:
        _later(runtime, envelope, case, BUSY if busy.retry_after is None else busy.retry_after)
    except (TicketClosedError, NotFoundError):
        _send_again(runtime, envelope, case, closed=True)
    except PermanentError as error:
        # what can't be written together goes its way alone, and is parked where it can't either
        runtime.telemetry.log("merge", "refused", case=case.id, error_code=error.code)
        _send_again(runtime, envelope, case, closed=False)
    else:
        if ticket != case.ticket:
            follow_merge(runtime, case, ticket)
            case = runtime.stores.cases.get_case(case.id)
        _written(runtime, envelope, case, entries)


def _fixed(runtime: Runtime, case: Case) -> Case:
    """`case` with the set that is written now. What is in it is read again afterwards: until then it may change."""
    before = case.written
    chosen = together(runtime.stores.cases.waiting(case.id, after=before))
    if not chosen:
        raise ConflictError("nothing waits")

    def change(fresh: Case) -> Case:
        if fresh.written != before or fresh.writing is not None:
            raise ConflictError("another worker writes this")
        return replace(fresh, writing=chosen[-1].number)

    return save_case(runtime, case, change, lambda saved: ())


def _written(runtime: Runtime, envelope: JobEnvelope, case: Case, entries: Sequence[WaitingEntry]) -> None:
    """The set stands: it waits no longer, and what came meanwhile is due in its turn."""
    limit, now = limit_of(runtime, case.helpdesk), runtime.clock.now()
    last, old = entries[-1].number, due_of(case)

    def change(fresh: Case) -> Case:
        if fresh.writing != last:
            raise ConflictError("another worker has written this")
        done = entered(replace(fresh, written=last, writing=None), limit, now)
        if done.state is CaseState.SOLVED:
            done = replace(done, state=CaseState.OPEN, state_changed_at=now)
        return replace(done, write_at=next_at(done, limit, now) if waits(done) else None)

    def more(saved: Case) -> tuple[Write, ...]:
        numbers = tuple(item.number for item in entries)
        return (DropEntries(case=saved.id, numbers=numbers), *_due(envelope, saved, old))

    save_case(runtime, case, change, more)
    runtime.telemetry.log("merge", "written", case=case.id, entries=len(entries))
    runtime.telemetry.count("merged_entries", len(entries))


def _due(envelope: JobEnvelope, saved: Case, old: DueItem) -> tuple[Write, ...]:
    """The due item that stands from now on, instead of those that stood."""
    new = due_of(saved) if waits(saved) else None
    gone = {item.at: item for item in (old, envelope.due) if item is not None and (new is None or item.at != new.at)}
    return (*(RemoveDue(due=item) for item in gone.values()), *([SaveDue(due=new)] if new else []))


def _later(runtime: Runtime, envelope: JobEnvelope, case: Case, seconds: float) -> None:
    """The helpdesk takes no more for now."""
    at, old = runtime.clock.now() + timedelta(seconds=seconds), due_of(case)
    save_case(runtime, case, lambda fresh: replace(fresh, write_at=at), lambda saved: _due(envelope, saved, old))


# ---- another way -----------------------------------------------------------------------------------------------------


def _send_again(runtime: Runtime, envelope: JobEnvelope, case: Case, *, closed: bool) -> None:
    """Take the dispositions of what waits back and send the events again: a closed ticket is followed up by them."""
    for _ in range(MOST_ROUNDS):
        entries = runtime.stores.cases.waiting(case.id, after=case.written, limit=SENT_TOGETHER)
        if not entries:
            break
        case = _given_back(runtime, case, entries, closed=closed)
        _send_left(runtime, case)
    if not waits(case):
        _forget(runtime, envelope)


def _given_back(runtime: Runtime, case: Case, entries: Sequence[WaitingEntry], *, closed: bool) -> Case:
    before, now = case.written, runtime.clock.now()
    standing = runtime.stores.ledger.find_entries([item.envelope.key for item in entries])
    writes: list[Write] = []
    for item in entries:
        seen = standing.get(item.envelope.key)
        if seen is not None and seen.disposition is not None and seen.disposition.reason == REASON:
            writes.append(ReopenEvent(key=item.envelope.key, outcome=Outcome.APPENDED, reason=REASON))
            writes.append(RememberMessage(key=item.message.key, record=_not_yet(runtime, item), unchanged=True))

    def change(fresh: Case) -> Case:
        if fresh.written != before:
            raise ConflictError("another worker deals with this")
        given = replace(fresh, written=entries[-1].number, writing=None)
        return replace(given, state=CaseState.CLOSED, state_changed_at=now) if closed else given

    return save_case(runtime, case, change, lambda saved: tuple(writes))


def _not_yet(runtime: Runtime, entry: WaitingEntry) -> MessageRecord:
    """The message's record as if it had not been taken in, so that an edit or a deletion waits for it once more."""
    known = runtime.stores.cases.find_message(entry.message.key) or MessageRecord(message=entry.message.key.message)
    return replace(known, case=None, conversation=None, waiting=None)


def _send_left(runtime: Runtime, case: Case) -> None:
    """What is kept though it waits no longer was given back, and must be in the queue before it is forgotten."""
    left = [item for item in runtime.stores.cases.waiting(case.id) if item.number <= case.written]
    if not left:
        return
    runtime.queues.inbound.send([_again(item) for item in left])
    numbers = tuple(item.number for item in left)
    runtime.stores.transactions.commit(DropEntries(case=case.id, numbers=numbers))


def _again(entry: WaitingEntry) -> QueueMessage:
    return QueueMessage(
        body=to_json(entry.envelope),
        group=order_group(entry.envelope.event),
        dedup=f"{entry.envelope.key}|again|{entry.case}|{entry.number}",
    )
