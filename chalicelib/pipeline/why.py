"""What became of a ticket's messages and replies, and why: for /why, `careloop why`, and the sandbox."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from chalicelib.core.case import Case
from chalicelib.core.disposition import LedgerEntry
from chalicelib.core.ids import CaseId, TicketRef
from chalicelib.core.reply import Delivery
from chalicelib.ports.runtime import Runtime


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """All that is known of one ticket."""

    case: Case
    events: tuple[LedgerEntry, ...]
    deliveries: tuple[Delivery, ...]


def story(runtime: Runtime, ticket: TicketRef) -> Story | None:
    """The story of a ticket, or None when it is none of ours."""
    case = runtime.stores.cases.find_by_ticket(ticket)
    return story_of_case(runtime, case.id) if case else None


def story_of_case(runtime: Runtime, case_id: CaseId) -> Story:
    """The story of a case. Raises NotFoundError."""
    case = runtime.stores.cases.get_case(case_id)
    return Story(
        case=case,
        events=tuple(runtime.stores.ledger.history(case_id)),
        deliveries=tuple(runtime.stores.deliveries.deliveries(case_id)),
    )


def why_lines(runtime: Runtime, case: Case) -> list[str]:
    """One line per event: when, what, what became of it, why."""
    return [event_line(entry) for entry in runtime.stores.ledger.history(case.id)]


def decision_lines(runtime: Runtime, case: Case) -> list[str]:
    """Who settled who somebody is, when and why; what agents ruled out."""
    lines = []
    for author in {item.author.key: item.author for item in case.conversations}.values():
        known = runtime.stores.identities.know(author.key)
        if known.identity is not None:
            link = known.identity
            lines.append(f"{_day(link.decided_at)} {author.label} is {link.contact}, by {link.decided_by}: {link.why}")
        for item in known.rejections:
            what = f"is not {item.contact}" if item.contact else "is no customer"
            lines.append(f"{_day(item.decided_at)} {author.label} {what}, by {item.decided_by}: {item.why}")
    return lines


def _day(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M}"


def event_line(entry: LedgerEntry) -> str:
    """``2026-11-20 12:00 message … -> ticketed (linked)``."""
    disposition = entry.disposition
    kind, _, rest = entry.key.partition("|")
    outcome = disposition.outcome.value if disposition else "in hand"
    reason = f" ({disposition.reason})" if disposition and disposition.reason else ""
    return f"{entry.first_seen_at:%Y-%m-%d %H:%M} {kind} {rest} -> {outcome}{reason}"
