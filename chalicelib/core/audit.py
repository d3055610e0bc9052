"""What became of an event, seen from the customer: was it met with silence? Pure.

Every event has exactly one standing. The platform's own list is one side, the ledger the other: what stands only in the
list is *missing*, what stands only in the ledger counts too (the platform may no longer list it).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from chalicelib.core.bursts import REASON, waits
from chalicelib.core.case import Case, CaseState
from chalicelib.core.disposition import Disposition, LedgerEntry, Outcome
from chalicelib.core.events import InboundMessage, PlatformEvent, Visibility, event_key
from chalicelib.core.ids import CaseId, CommentId, EventKey, MessageKey, TicketRef
from chalicelib.core.reply import Delivery, DeliveryStatus

UNDER_WAY = timedelta(minutes=15)
"""Younger than this, what is not finished (or not heard of) is in hand."""


class Standing(StrEnum):
    """The classes of an audit."""

    ANSWERED = "answered"
    """The customer was answered after the message stood on the ticket."""
    SETTLED = "settled"
    """A person decided without an answer: solved the ticket after the message stood there, or discarded it."""
    WAITING = "waiting"
    """On a ticket; waits for an agent."""
    OWN = "own"
    """The brand's own message."""
    NOISE = "noise"
    """Nothing to answer; its reason says why."""
    REMOVED = "removed"
    """Taken back by its author."""
    PARKED = "parked"
    """Kept for a person, with advice."""
    IN_HAND = "in_hand"
    """On its way, and young."""
    STUCK = "stuck"
    """Taken up and not finished for too long."""
    MISSING = "missing"
    """The platform has it, the ledger does not."""


class ReplyStanding(StrEnum):
    """The classes of agents' public replies."""

    POSTED = "posted"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    IN_HAND = "in_hand"
    STUCK = "stuck"
    NEVER_SEEN = "never_seen"
    """It stands on the ticket, and no delivery was ever begun."""


UNACCOUNTED = frozenset({Standing.MISSING, Standing.STUCK})
"""What must not be: an event without a disposition."""
EXCEPTIONS = UNACCOUNTED | {Standing.PARKED}
UNACCOUNTED_REPLIES = frozenset({ReplyStanding.NEVER_SEEN, ReplyStanding.STUCK})
REPLY_EXCEPTIONS = UNACCOUNTED_REPLIES | {ReplyStanding.UNKNOWN}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """An event in the platform's own list. ``asks``: somebody may wait for something: it is a customer's, or the
    brand's answer that its ticket should know of."""

    key: EventKey
    at: datetime
    message: MessageKey | None = None
    permalink: str | None = None
    is_echo: bool = False
    asks: bool = True


def sighting_of(event: PlatformEvent) -> Sighting:
    """What the audit keeps of a listed event: no words, no names."""
    if not isinstance(event, InboundMessage):
        message = getattr(event, "key", None)
        return Sighting(key=event_key(event), at=moment_of(event), message=message)
    begins = event.in_reply_to is None and event.visibility is Visibility.PUBLIC
    return Sighting(
        key=event_key(event),
        at=event.sent_at,
        message=event.key,
        permalink=event.permalink,
        is_echo=event.is_echo,
        asks=not (event.is_echo and begins),
    )


def moment_of(event: PlatformEvent) -> datetime:
    """When it happened, by the platform's clock."""
    for name in ("sent_at", "edited_at", "deleted_at", "at"):
        found = getattr(event, name, None)
        if isinstance(found, datetime):
            return found
    raise TypeError(f"an event without a time: {type(event).__name__}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known beside the list. ``case``: where the event's story goes on now; ``natively``: the brand's latest
    answer on the platform itself in that case; ``posted_by_us``: a message that one of our deliveries made;
    ``discarded``: a person took it out of the parking lot without sending it on."""

    entry: LedgerEntry | None = None
    case: Case | None = None
    natively: datetime | None = None
    posted_by_us: bool = False
    discarded: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One event and its standing. ``since``: from when on it has stood so."""

    key: EventKey
    at: datetime
    standing: Standing
    reason: str = ""
    since: datetime | None = None
    permalink: str | None = None
    case: CaseId | None = None
    ticket: TicketRef | None = None


def judge(key: EventKey, sighting: Sighting | None, facts: Facts, now: datetime) -> Finding:
    """The standing of one event. Either it was listed, or it is in the ledger, or both; else ValueError."""
    entry = facts.entry
    if entry is None:
        if sighting is None:
            raise ValueError("an event that is neither listed nor in the ledger")
        standing, reason, since = _unheard_of(sighting, facts, now)
    elif entry.disposition is None:
        is_young = now - entry.first_seen_at < UNDER_WAY
        standing = Standing.IN_HAND if is_young else Standing.STUCK
        reason, since = f"taken up {entry.attempts} times", entry.first_seen_at
    elif entry.disposition.reason == REASON and facts.case is not None and waits(facts.case):
        since = facts.case.write_at or entry.completed_at or entry.first_seen_at
        standing = Standing.IN_HAND if now - since < UNDER_WAY else Standing.STUCK
        reason = entry.disposition.reason
    else:
        standing, reason, since = _DISPOSED[entry.disposition.outcome](entry, entry.disposition, sighting, facts)
    case = facts.case
    return Finding(
        key=key,
        at=sighting.at if sighting else entry.first_seen_at if entry else now,
        standing=standing,
        reason=reason,
        since=since,
        permalink=sighting.permalink if sighting else None,
        case=case.id if case else None,
        ticket=case.ticket if case else None,
    )


_Judgement = tuple[Standing, str, datetime | None]
Judge = Callable[[LedgerEntry, Disposition, "Sighting | None", Facts], _Judgement]


def _unheard_of(sighting: Sighting, facts: Facts, now: datetime) -> _Judgement:
    if facts.posted_by_us:
        return Standing.OWN, "posted by Careloop", None
    if not sighting.asks:
        return Standing.OWN, "the brand's own message", None
    if now - sighting.at < UNDER_WAY:
        return Standing.IN_HAND, "just written", sighting.at
    reason = "the brand's answer on the platform itself" if sighting.is_echo else "not in the ledger"
    return Standing.MISSING, reason, sighting.at


def _on_ticket(entry: LedgerEntry, disposition: Disposition, sighting: Sighting | None, facts: Facts) -> _Judgement:
    """An agent can only have answered what stood on the ticket: an answer counts from then on, not from the time at
    which the customer wrote. Who answers on the platform itself sees what stands there."""
    case, reached = facts.case, entry.completed_at or entry.first_seen_at
    if case is None:
        return Standing.STUCK, "its case can't be found", reached
    if case.last_agent_reply_at is not None and case.last_agent_reply_at >= reached:
        return Standing.ANSWERED, "", case.last_agent_reply_at
    if sighting is not None and facts.natively is not None and facts.natively > sighting.at:
        return Standing.ANSWERED, "on the platform itself", facts.natively
    done = case.state in (CaseState.SOLVED, CaseState.CLOSED)
    if done and case.state_changed_at is not None and case.state_changed_at >= reached:
        return Standing.SETTLED, f"the ticket was {case.state.value} without an answer", case.state_changed_at
    return Standing.WAITING, "", reached


def _plain(standing: Standing) -> Judge:
    def judged(entry: LedgerEntry, disposition: Disposition, sighting: Sighting | None, facts: Facts) -> _Judgement:
        return standing, disposition.reason, entry.completed_at

    return judged


def _duplicate(entry: LedgerEntry, disposition: Disposition, sighting: Sighting | None, facts: Facts) -> _Judgement:
    if facts.case is None:
        return Standing.NOISE, disposition.reason, entry.completed_at
    return _on_ticket(entry, disposition, sighting, facts)


def _parked(entry: LedgerEntry, disposition: Disposition, sighting: Sighting | None, facts: Facts) -> _Judgement:
    if facts.discarded:
        return Standing.SETTLED, "a person discarded it", entry.completed_at
    return Standing.PARKED, disposition.reason, entry.completed_at


_DISPOSED: Mapping[Outcome, Judge] = {
    Outcome.TICKETED: _on_ticket,
    Outcome.APPENDED: _on_ticket,
    Outcome.DUPLICATE: _duplicate,
    Outcome.NOISE: _plain(Standing.NOISE),
    Outcome.ECHO: _plain(Standing.OWN),
    Outcome.REMOVED_BY_AUTHOR: _plain(Standing.REMOVED),
    Outcome.PARKED: _parked,
}


# ---- replies ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyFinding:
    """One public reply of an agent and its standing."""

    ticket: TicketRef
    reply: CommentId
    at: datetime
    standing: ReplyStanding
    reason: str = ""


def judge_reply(
    ticket: TicketRef, reply: CommentId, written_at: datetime, deliveries: Iterable[Delivery], now: datetime
) -> ReplyFinding:
    """By its deliveries: all parts of one attempt sent means posted; else the latest attempt decides."""
    attempts: dict[str, list[Delivery]] = {}
    for item in deliveries:
        if item.reply == reply:
            attempts.setdefault(_attempt(item), []).append(item)
    standing, reason = _reply_standing(list(attempts.values()), written_at, now)
    return ReplyFinding(ticket=ticket, reply=reply, at=written_at, standing=standing, reason=reason)


def _attempt(delivery: Delivery) -> str:
    """What sets a /retry apart from the first try: the end of its key."""
    return delivery.key.partition(f"|{delivery.reply}|{delivery.part}")[2]


def _reply_standing(
    attempts: Sequence[Sequence[Delivery]], written_at: datetime, now: datetime
) -> tuple[ReplyStanding, str]:
    if not attempts:
        is_young = now - written_at < UNDER_WAY
        return (ReplyStanding.IN_HAND, "just written") if is_young else (ReplyStanding.NEVER_SEEN, "")
    if any(_is_posted(parts) for parts in attempts):
        return ReplyStanding.POSTED, ""
    latest = max(attempts, key=lambda parts: max(item.began_at for item in parts))
    worst = next((item for item in latest if item.status is not DeliveryStatus.SENT), latest[-1])
    if worst.status is DeliveryStatus.REFUSED:
        return ReplyStanding.REFUSED, worst.reason or ""
    if worst.status is DeliveryStatus.UNKNOWN and worst.finished_at is not None:
        return ReplyStanding.UNKNOWN, worst.reason or ""
    is_young = now - worst.began_at < UNDER_WAY
    where = f"part {worst.part} of {worst.of}: {worst.reason or worst.status.value}, and no further"
    return ReplyStanding.IN_HAND if is_young else ReplyStanding.STUCK, where


def _is_posted(parts: Sequence[Delivery]) -> bool:
    return all(item.status is DeliveryStatus.SENT for item in parts) and len(parts) >= parts[0].of
