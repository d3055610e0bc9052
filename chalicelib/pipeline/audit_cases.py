"""The audit's look at cases and tickets: where a message's story goes on, and whether agents' replies went out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Protocol

from chalicelib.core.audit import ReplyFinding, judge_reply
from chalicelib.core.case import Case, CaseState
from chalicelib.core.errors import CareloopError, NotFoundError
from chalicelib.core.events import Visibility
from chalicelib.core.ids import AccountKey, CaseId, CommentId, MessageId, MessageKey, TicketRef
from chalicelib.core.reply import Delivery
from chalicelib.core.ticket import TicketActivity
from chalicelib.ports.runtime import Runtime

_PAGE = 100
_ANY = MessageId("-")
"""For reading a conversation's case alone: the reading asks for a message beside it."""


class Asked(Protocol):
    """What the replies' side needs of an audit under way."""

    since: datetime
    until: datetime

    def gap(self, text: str) -> None: ...
    def progress(self, what: str, count: int) -> None: ...
    @property
    def is_late(self) -> bool: ...


class CaseBook:
    """Cases, each read once."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._cases: dict[CaseId, Case | None] = {}

    def find(self, case: CaseId) -> Case | None:
        """By id, or None when it is gone."""
        if case not in self._cases:
            try:
                self._cases[case] = self._runtime.stores.cases.get_case(case)
            except NotFoundError:
                self._cases[case] = None
        return self._cases[case]

    def present(self, case_id: CaseId | None, message: MessageKey | None, account: AccountKey) -> Case | None:
        """Where a case's story goes on: when its ticket was merged, with the survivor's case. A follow-up is another
        matter: it began after this one was closed."""
        case = self.find(case_id) if case_id else None
        if case is None or case.state is not CaseState.CLOSED:
            return case
        talks = [item.key for item in case.conversations if item.key.thread.account == account] or [
            item.key for item in case.conversations
        ]
        record = self._runtime.stores.cases.find_message(message) if message else None
        where = record.conversation if record and record.conversation else talks[0]
        now = self._runtime.stores.cases.snapshot(where, MessageKey(account=account, message=_ANY)).case
        return case if now is None or now.follow_up_of == case.ticket else now

    def of_message(self, message: MessageKey) -> Case | None:
        """The case that a message stands in."""
        record = self._runtime.stores.cases.find_message(message)
        return self.present(record.case, message, message.account) if record else None


def open_cases(runtime: Runtime, account: AccountKey, most: int = 1_000_000) -> Iterator[Case]:
    """The open cases of an account, those written in last first."""
    place, seen = None, 0
    while seen < most:
        page = runtime.stores.cases.open_page(account, after=place, limit=_PAGE)
        for conversation in page.conversations:
            case = runtime.stores.cases.snapshot(conversation, MessageKey(account=account, message=_ANY)).case
            if case is not None:
                seen += 1
                yield case
        if page.following is None:
            return
        place = page.following


def audit_replies(
    runtime: Runtime, cases: CaseBook, ids: Sequence[CaseId], asked: Asked, most: int, now: datetime
) -> list[ReplyFinding]:
    """Every public reply that an agent wrote in the period on the tickets of these cases, each once."""
    findings: dict[tuple[TicketRef, CommentId], ReplyFinding] = {}
    silent: set[str] = set()
    found = [case for case in map(cases.find, ids) if case is not None and case.ticket is not None]
    for number, case in enumerate(found):
        if number >= most or asked.is_late:
            asked.gap(f"{len(found) - number} of {len(found)} tickets were not read")
            break
        if case.helpdesk in silent or case.ticket is None:
            continue
        try:
            activity = runtime.connectors.helpdesk(case.helpdesk, patient=True).fetch_activity(case.ticket, None)
        except NotFoundError:
            continue
        except CareloopError as error:
            silent.add(case.helpdesk)
            asked.gap(f"replies in {case.helpdesk} could not be read: {error.code}")
            continue
        for reply in activity.replies:
            is_meant = reply.visibility is Visibility.PUBLIC and asked.since <= reply.written_at < asked.until
            if is_meant and reply.written_at >= case.opened_at:
                deliveries = _deliveries(runtime, case, activity)
                judged = judge_reply(reply.ticket, reply.key, reply.written_at, deliveries, now)
                findings[(reply.ticket, reply.key)] = judged
        asked.progress("tickets", number + 1)
    return list(findings.values())


def _deliveries(runtime: Runtime, case: Case, activity: TicketActivity) -> list[Delivery]:
    """Of the case, and of the survivor's where the ticket was merged."""
    found = list(runtime.stores.deliveries.deliveries(case.id))
    if activity.ticket != case.ticket:
        survivor = runtime.stores.cases.find_by_ticket(activity.ticket)
        if survivor is not None and survivor.id != case.id:
            found += runtime.stores.deliveries.deliveries(survivor.id)
    return found
