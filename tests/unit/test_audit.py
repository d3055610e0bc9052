"""Every event has exactly one standing, and the classes of a report always sum up."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.core import codec
from chalicelib.core.audit import (
    EXCEPTIONS,
    UNDER_WAY,
    Facts,
    Finding,
    ReplyStanding,
    Sighting,
    Standing,
    judge,
    judge_reply,
)
from chalicelib.core.bursts import REASON
from chalicelib.core.case import CaseState
from chalicelib.core.disposition import Disposition, LedgerEntry, Outcome
from chalicelib.core.ids import CommentId, EventKey, TicketId, TicketRef
from chalicelib.core.reply import DeliveryStatus
from chalicelib.core.report import AuditReport, filled, is_intact, sealed
from tests.contracts.samples import PAGE, case, conversation_key, delivery
from tests.fakes.clock import NOON

KEY = EventKey("message|facebook:page-1:m-1")
NOW = NOON + timedelta(hours=5)
TICKET = TicketRef(helpdesk="zendesk", ticket=TicketId("7"))


def entry(outcome: Outcome | None, completed: timedelta = timedelta(0), **changes) -> LedgerEntry:
    """First seen at noon."""
    return LedgerEntry(
        key=KEY,
        account=PAGE,
        first_seen_at=NOON,
        attempts=1,
        disposition=Disposition(outcome=outcome, reason="because") if outcome else None,
        completed_at=NOON + completed if outcome else None,
        **changes,
    )


def listed(minutes_ago: float = 300, **changes) -> Sighting:
    return Sighting(key=KEY, at=NOW - timedelta(minutes=minutes_ago), **changes)


def ticket(state: CaseState = CaseState.OPEN, **changes):
    return replace(case(conversation_key()), state=state, ticket=TICKET, **changes)


@pytest.mark.parametrize(
    ("sighting", "facts", "standing"),
    [
        (listed(), Facts(), Standing.MISSING),
        (listed(minutes_ago=14), Facts(), Standing.IN_HAND),
        (listed(is_echo=True), Facts(), Standing.MISSING),
        (listed(is_echo=True, asks=False), Facts(), Standing.OWN),
        (listed(is_echo=True), Facts(posted_by_us=True), Standing.OWN),
        (listed(), Facts(entry=entry(None)), Standing.STUCK),
        (listed(), Facts(entry=replace(entry(None), first_seen_at=NOW - UNDER_WAY / 2)), Standing.IN_HAND),
        (listed(), Facts(entry=entry(Outcome.NOISE)), Standing.NOISE),
        (listed(), Facts(entry=entry(Outcome.ECHO)), Standing.OWN),
        (listed(), Facts(entry=entry(Outcome.REMOVED_BY_AUTHOR)), Standing.REMOVED),
        (None, Facts(entry=entry(Outcome.PARKED)), Standing.PARKED),
        (None, Facts(entry=entry(Outcome.PARKED), discarded=True), Standing.SETTLED),
        (None, Facts(entry=entry(Outcome.DUPLICATE)), Standing.NOISE),
        (None, Facts(entry=entry(Outcome.TICKETED)), Standing.STUCK),
        (None, Facts(entry=entry(Outcome.TICKETED), case=ticket()), Standing.WAITING),
        (
            None,
            Facts(entry=entry(Outcome.APPENDED), case=ticket(last_agent_reply_at=NOON + timedelta(minutes=1))),
            Standing.ANSWERED,
        ),
        (
            None,
            Facts(entry=entry(Outcome.DUPLICATE), case=ticket(last_agent_reply_at=NOON + timedelta(minutes=1))),
            Standing.ANSWERED,
        ),
        (
            listed(),
            Facts(entry=entry(Outcome.APPENDED), case=ticket(), natively=NOON + timedelta(minutes=1)),
            Standing.ANSWERED,
        ),
        (
            listed(minutes_ago=100),
            Facts(entry=entry(Outcome.APPENDED), case=ticket(), natively=NOON),
            Standing.WAITING,
        ),
        (
            None,
            Facts(
                entry=entry(Outcome.APPENDED),
                case=ticket(CaseState.SOLVED, state_changed_at=NOON + timedelta(minutes=1)),
            ),
            Standing.SETTLED,
        ),
        (
            None,
            Facts(
                entry=entry(Outcome.APPENDED),
                case=ticket(CaseState.SOLVED, state_changed_at=NOON - timedelta(minutes=1)),
            ),
            Standing.WAITING,
        ),
    ],
)
def test_standings(sighting: Sighting | None, facts: Facts, standing: Standing):
    assert judge(KEY, sighting, facts, NOW).standing is standing


def test_an_answer_that_was_given_before_the_message_stood_on_the_ticket_is_none():
    """The customer wrote at noon, the agent answered something else at one, the message came in at two."""
    late = entry(Outcome.APPENDED, completed=timedelta(hours=2))
    answered = ticket(last_agent_reply_at=NOON + timedelta(hours=1))
    assert judge(KEY, listed(), Facts(entry=late, case=answered), NOW).standing is Standing.WAITING


@pytest.mark.parametrize(("minutes", "standing"), [(5, Standing.IN_HAND), (40, Standing.STUCK)])
def test_what_waits_to_be_written_with_others_is_in_hand_until_it_is_overdue(minutes: int, standing: Standing):
    held = entry(Outcome.APPENDED)
    assert held.disposition
    held = replace(held, disposition=replace(held.disposition, reason=REASON))
    due = NOW - timedelta(minutes=minutes)
    assert judge(KEY, None, Facts(entry=held, case=ticket(kept=2, written=1, write_at=due)), NOW).standing is standing
    assert judge(KEY, None, Facts(entry=held, case=ticket(kept=2, written=2)), NOW).standing is Standing.WAITING


def test_what_is_nowhere_is_no_event():
    with pytest.raises(ValueError, match="neither"):
        judge(KEY, None, Facts(), NOW)


moments = st.one_of(st.none(), st.integers(-300, 300).map(lambda minutes: NOON + timedelta(minutes=minutes)))
cases = st.builds(
    lambda state, replied, changed: ticket(state, last_agent_reply_at=replied, state_changed_at=changed),
    st.sampled_from(CaseState),
    moments,
    moments,
)
entries = st.builds(entry, st.one_of(st.none(), st.sampled_from(Outcome)), st.integers(0, 300).map(timedelta))
facts = st.builds(
    Facts,
    entry=st.one_of(st.none(), entries),
    case=st.one_of(st.none(), cases),
    natively=moments,
    posted_by_us=st.booleans(),
    discarded=st.booleans(),
)
sightings = st.builds(listed, st.integers(-10, 300), is_echo=st.booleans(), asks=st.booleans())
events = st.tuples(st.one_of(st.none(), sightings), facts).filter(lambda item: item[0] or item[1].entry)


@settings(max_examples=40)
@given(found=st.lists(events, max_size=12))
def test_the_classes_sum_up_to_every_event_once(found: list[tuple[Sighting | None, Facts]]):
    findings = [judge(EventKey(f"{KEY}{number}"), *item, NOW) for number, item in enumerate(found)]
    count = sum(item[0] is not None for item in found)
    report = filled(blank(), findings, [], listed=count, most=5)
    assert report.total == len(found) == report.listed + report.unlisted
    assert set(report.counts) <= {item.value for item in Standing}
    named = len(report.findings) + len(report.waiting) + report.left_out
    assert named == sum(report.counts.get(item, 0) for item in (*EXCEPTIONS, Standing.WAITING))
    assert sum(report.noise.values()) == report.counts.get(Standing.NOISE, 0)


def blank() -> AuditReport:
    return AuditReport(id="r", account=PAGE, since=NOON, until=NOW, made_at=NOW)


@given(
    count=st.integers(0, 5), standing=st.sampled_from(Standing), field=st.sampled_from(("counts", "gaps", "findings"))
)
def test_a_changed_report_shows(count: int, standing: Standing, field: str):
    findings = [Finding(key=EventKey(f"{KEY}{number}"), at=NOON, standing=standing) for number in range(count)]
    report = sealed(filled(blank(), findings, [], listed=count), "before")
    kept = codec.from_json(AuditReport, codec.to_json(report))
    assert kept == report
    assert is_intact(kept)
    changed = {
        "counts": {**report.counts, "missing": 7},
        "gaps": ("one",),
        "findings": (*report.findings, Finding(key=KEY, at=NOON, standing=Standing.MISSING)),
    }
    assert not is_intact(replace(kept, **{field: changed[field]}))
    assert not is_intact(replace(kept, previous="another"))


def part(number: int, of: int, status: DeliveryStatus, attempt: str = "", minutes: int = 0):
    key = f"{TICKET}|c-1|{number}" + (f"|{attempt}" if attempt else "")
    finished = None if status in (DeliveryStatus.BEGUN, DeliveryStatus.WAITING) else NOON
    return replace(
        delivery(),
        key=key,
        reply=CommentId("c-1"),
        part=number,
        of=of,
        status=status,
        began_at=NOON + timedelta(minutes=minutes),
        finished_at=finished,
    )


SENT, REFUSED, UNKNOWN, BEGUN = (
    DeliveryStatus.SENT,
    DeliveryStatus.REFUSED,
    DeliveryStatus.UNKNOWN,
    DeliveryStatus.BEGUN,
)


@pytest.mark.parametrize(
    ("deliveries", "minutes_ago", "standing"),
    [
        ([], 300, ReplyStanding.NEVER_SEEN),
        ([], 5, ReplyStanding.IN_HAND),
        ([part(1, 1, SENT)], 300, ReplyStanding.POSTED),
        ([part(1, 2, SENT)], 300, ReplyStanding.STUCK),
        ([part(1, 2, SENT), part(2, 2, SENT)], 300, ReplyStanding.POSTED),
        ([part(1, 2, SENT), part(2, 2, REFUSED)], 300, ReplyStanding.REFUSED),
        ([part(1, 1, REFUSED), part(1, 1, SENT, "retry", 5)], 300, ReplyStanding.POSTED),
        ([part(1, 1, UNKNOWN)], 300, ReplyStanding.UNKNOWN),
        ([part(1, 1, UNKNOWN), part(1, 1, REFUSED, "retry", 5)], 300, ReplyStanding.REFUSED),
        ([part(1, 1, BEGUN)], 300, ReplyStanding.STUCK),
        ([part(1, 1, BEGUN, minutes=290)], 300, ReplyStanding.IN_HAND),
        ([replace(part(1, 1, SENT), reply=CommentId("c-2"))], 300, ReplyStanding.NEVER_SEEN),
    ],
)
def test_standings_of_replies(deliveries, minutes_ago: int, standing: ReplyStanding):
    found = judge_reply(TICKET, CommentId("c-1"), NOW - timedelta(minutes=minutes_ago), deliveries, NOW)
    assert found.standing is standing
