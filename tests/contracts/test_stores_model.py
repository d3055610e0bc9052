"""The state against plain dicts: several workers claim, complete, open, join, merge and deliver in whatever order, with
stale versions and lost races; what the stores accept, refuse and tell is what the model does."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from chalicelib.core.case import Case, CaseState, MessageRecord
from chalicelib.core.disposition import ClaimState, Outcome
from chalicelib.core.errors import ConflictError
from chalicelib.core.ids import CaseId, ConversationKey, Cursor, EventKey, TicketRef, case_id
from chalicelib.core.jobs import DueItem, PollHelpdesk
from chalicelib.core.people import ContactMatch, Verdict
from chalicelib.core.reply import Delivery, DeliveryStatus
from chalicelib.ports.stores import (
    OpenCases,
    RememberMessage,
    RemoveDue,
    ReopenEvent,
    SaveCase,
    SaveCursor,
    SaveDelivery,
    SaveDue,
    Stores,
)
from tests.contracts.families import DYNAMODB_ENDPOINT, opened
from tests.contracts.samples import (
    PAGE,
    case,
    completion,
    contact_ref,
    conversation,
    conversation_key,
    delivery,
    event_key,
    linked,
    message_key,
    record,
    ticket,
)

WORKERS = 3
LIVE = (CaseState.OPENING, CaseState.OPEN)
UNFINISHED = (DeliveryStatus.BEGUN, DeliveryStatus.WAITING, DeliveryStatus.UNKNOWN)
MESSAGES = ("m-1", "m-2")
TALKS = [conversation_key(), conversation_key("lee"), conversation_key(thread="dm-1")]
MATCHES = (ContactMatch(verdict=Verdict.UNKNOWN), linked("c-1"), linked("c-2"))
CONTACTS = [contact_ref("c-1"), contact_ref("c-2")]
KEPT = timedelta(days=400)
MOMENT = timedelta(minutes=10)

few = st.integers(0, 2)
owners = st.sampled_from(("w1", "w2", "w3"))
messages = st.sampled_from(MESSAGES)
stale = st.sampled_from((False, False, False, True))
conversations = st.lists(few, min_size=1, max_size=2, unique=True)
completions = st.tuples(st.just("complete"), messages, owners, st.sampled_from((Outcome.TICKETED, Outcome.PARKED)), few)
saved_cases = st.tuples(
    st.just("case"),
    few,
    st.integers(1, 2),
    conversations,
    st.none() | few,
    few,
    st.sampled_from((*CaseState, CaseState.OPEN, CaseState.OPEN)),
    stale,
    st.sampled_from((False, False, True)),
    st.none() | st.integers(0, 5),
)
records = st.tuples(st.just("message"), messages, st.sampled_from(("blind", "new", "unchanged", "unchanged")), stale)
deliveries = st.tuples(st.just("delivery"), st.integers(1, 2), st.booleans(), st.sampled_from(DeliveryStatus))
writes = st.one_of(
    completions,
    st.tuples(st.just("reopen"), messages),
    saved_cases,
    records,
    deliveries,
    st.tuples(st.just("cursor"), few, stale),
    st.tuples(st.just("due"), few, few, st.booleans()),
)


def _thing(write: tuple[Any, ...]) -> str:
    """What a write changes: two writes of one commit may not contradict each other."""
    return "complete" if write[0] == "reopen" else str(write[0])


alone = st.one_of(completions, saved_cases, saved_cases, records, deliveries)


@dataclass
class Event:
    owner: str | None
    until: datetime | None
    expires: datetime
    outcome: Outcome | None = None
    case: CaseId | None = None


@dataclass
class Model:
    """All of the state that the machine touches."""

    events: dict[str, Event] = field(default_factory=dict)
    cases: dict[CaseId, Case] = field(default_factory=dict)
    talks: dict[ConversationKey, CaseId] = field(default_factory=dict)
    tickets: dict[TicketRef, CaseId] = field(default_factory=dict)
    opened: dict[Any, tuple[CaseId, datetime]] = field(default_factory=dict)
    messages: dict[str, tuple[MessageRecord, int, datetime]] = field(default_factory=dict)
    deliveries: dict[str, tuple[Delivery, datetime]] = field(default_factory=dict)
    cursor: Cursor | None = None
    due: dict[tuple[datetime, str], DueItem] = field(default_factory=dict)

    def forget(self, now: datetime) -> None:
        """What has been kept long enough."""
        self.events = {key: item for key, item in self.events.items() if item.expires > now}
        self.opened = {key: item for key, item in self.opened.items() if item[1] > now}
        self.messages = {key: item for key, item in self.messages.items() if item[2] > now}
        self.deliveries = {key: item for key, item in self.deliveries.items() if item[1] > now}


Step = tuple[Any, bool, Callable[[], None]]
"""The write, whether its conditions hold, and what it does to the model."""


class StoresMachine(RuleBasedStateMachine):
    """One state, three workers with memories of their own, and the model."""

    family = "sqlite"

    @initialize()
    def begin(self) -> None:
        self.resources = ExitStack()
        self.state = self.resources.enter_context(opened(self.family, Path(":memory:")))
        self.workers: list[Stores] = [self.state.worker() for _ in range(WORKERS)]
        self.model = Model()
        self.read: list[OpenCases] = []
        self.settled: dict[str, str] = {}

    def teardown(self) -> None:
        if hasattr(self, "resources"):
            self.resources.close()

    @property
    def now(self) -> datetime:
        return self.state.clock.now()

    # ---- the ledger ------------------------------------------------------------------------------------------------

    @rule(who=few, message=messages, owner=owners, seconds=st.sampled_from((30, 90)))
    def claim(self, who: int, message: str, owner: str, seconds: int) -> None:
        lease = timedelta(seconds=seconds)
        claim = self.workers[who].ledger.claim(
            event_key(message), account=PAGE, owner=owner, now=self.now, lease=lease, archived_at=None
        )
        known = self.model.events.get(message)
        expected = ClaimState.FRESH
        if known is not None and known.outcome is not None:
            expected = ClaimState.DONE
        elif known is not None:
            free = known.owner in (None, owner) or known.until is None or known.until <= self.now
            expected = ClaimState.RESUMED if free else ClaimState.BUSY
        assert claim.state is expected
        if expected in (ClaimState.FRESH, ClaimState.RESUMED):
            self.model.events[message] = Event(owner, self.now + lease, self.now + KEPT)

    @rule(who=few, message=messages, owner=owners)
    def release(self, who: int, message: str, owner: str) -> None:
        self.workers[who].ledger.release(event_key(message), owner=owner)
        known = self.model.events.get(message)
        if known is not None and known.owner == owner and known.outcome is None:
            self.model.events[message] = Event(None, None, self.now + KEPT)

    # ---- commits ---------------------------------------------------------------------------------------------------

    @rule(who=few, drawn=alone)
    def commit_one(self, who: int, drawn: Any) -> None:
        """Alone, because of many writes one mostly fails."""
        self._commit(who, [getattr(self, f"_{drawn[0]}")(*drawn[1:])])

    @rule(who=few, drawn=st.lists(writes, min_size=2, max_size=4, unique_by=_thing))
    def commit(self, who: int, drawn: list[Any]) -> None:
        self._commit(who, [getattr(self, f"_{item[0]}")(*item[1:]) for item in drawn])

    def _commit(self, who: int, steps: list[Step]) -> None:
        wanted = [write for write, _, _ in steps]
        if not all(holds for _, holds, _ in steps):
            with pytest.raises(ConflictError):
                self.workers[who].transactions.commit(*wanted)
            return
        self.workers[who].transactions.commit(*wanted)
        for _, _, apply in steps:
            apply()

    def _complete(self, message: str, owner: str, outcome: Outcome, place: int) -> Step:
        known = self.model.events.get(message)
        home = case_id(TALKS[place])
        holds = known is not None and known.owner == owner and known.outcome is None

        def apply() -> None:
            self.model.events[message] = Event(owner, None, self.now + KEPT, outcome, home)

        return completion(message, owner=owner, outcome=outcome, case=home, at=self.now), holds, apply

    def _reopen(self, message: str) -> Step:
        known = self.model.events.get(message)
        holds = known is None or known.outcome in (None, Outcome.PARKED)

        def apply() -> None:
            if known is not None and known.outcome is not None:
                self.model.events[message] = Event(None, None, self.now + KEPT)

        return ReopenEvent(key=event_key(message)), holds, apply

    def _case(
        self,
        first: int,
        generation: int,
        places: list[int],
        ticketed: int | None,
        match: int,
        state: CaseState,
        outdated: bool,
        takes_over: bool,
        among: int | None,
    ) -> Step:
        known = self.model.cases.get(case_id(TALKS[first], generation))
        talks = tuple(conversation(TALKS[place], self.now) for place in places)
        ref = ticket(ticketed) if ticketed is not None else None
        version = (known.version if known else 0) - int(outdated and known is not None)
        before = known or case(TALKS[first], generation=generation, at=self.now)
        wanted = replace(before, conversations=talks, ticket=ref, match=MATCHES[match], state=state, version=version)
        read = self.read[among % len(self.read)] if among is not None and self.read and version == 0 else None
        holds = version == (known.version if known else 0) and self._may_lead_to(known, wanted, takes_over)
        if read is not None:
            latest = self.model.opened.get(read.contact)
            holds = holds and read.latest == (latest[0] if latest else None)
        return (
            SaveCase(case=wanted, takes_over=takes_over, among=read),
            holds,
            lambda: self._saved(wanted, takes_over, read),
        )

    def _may_lead_to(self, known: Case | None, wanted: Case, takes_over: bool) -> bool:
        if takes_over:
            return True
        had = {item.key for item in known.conversations} if known else set()
        new = [self.model.talks.get(item.key) for item in wanted.conversations if item.key not in had]
        if wanted.ticket is not None and (known is None or known.ticket != wanted.ticket):
            new.append(self.model.tickets.get(wanted.ticket))
        return all(home in (None, wanted.id) for home in new)

    def _saved(self, wanted: Case, takes_over: bool, read: OpenCases | None = None) -> None:
        known = self.model.cases.get(wanted.id)
        had = {item.key for item in known.conversations} if known and not takes_over else set()
        for item in wanted.conversations:
            if item.key not in had:
                self.model.talks[item.key] = wanted.id
        if wanted.ticket is not None and (known is None or known.ticket != wanted.ticket):
            self.model.tickets[wanted.ticket] = wanted.id
        if read is not None:
            self.model.opened[read.contact] = wanted.id, self.now + MOMENT
        self.model.cases[wanted.id] = replace(wanted, version=wanted.version + 1)

    @rule(who=few, first=few, second=few, outdated=stale)
    def merge(self, who: int, first: int, second: int, outdated: bool) -> None:
        """As a merge of tickets has it: one case takes over what another had, in one commit."""
        emptied, grown = (self.model.cases.get(case_id(TALKS[place])) for place in (first, second))
        if emptied is None or grown is None or first == second:
            return
        keys = {item.key for item in grown.conversations}
        moved = tuple(item for item in emptied.conversations if item.key not in keys)
        closed = replace(emptied, state=CaseState.CLOSED, merged_into=grown.id)
        joined = replace(grown, conversations=(*grown.conversations, *moved), version=grown.version - int(outdated))
        self._commit(
            who,
            [
                (SaveCase(case=closed), True, lambda: self._saved(closed, False)),
                (SaveCase(case=joined, takes_over=True), not outdated, lambda: self._saved(joined, True)),
            ],
        )

    @rule(who=few, first=few, generation=st.integers(1, 2), among=st.integers(0, 5))
    def open_among(self, who: int, first: int, generation: int, among: int) -> None:
        """A new case of a contact, by somebody who has read its open cases some time ago."""
        if self.read and case_id(TALKS[first], generation) not in self.model.cases:
            match = 1 + CONTACTS.index(self.read[among % len(self.read)].contact)
            takes_over = generation > 1
            step = self._case(first, generation, [first], None, match, CaseState.OPENING, False, takes_over, among)
            self._commit(who, [step])

    @rule(who=few, contact=st.integers(0, 1))
    def look_for_open_cases(self, who: int, contact: int) -> None:
        """What is read now may be outdated when a case is opened with it."""
        self.read.append(self.workers[who].cases.find_open_by_contact(CONTACTS[contact]))

    def _message(self, message: str, how: str, outdated: bool) -> Step:
        found = self.model.messages.get(message)
        version = found[1] if found else 0
        read = version - int(outdated and version > 0)
        wanted = record(message, edited_text=f"{how} {self.now.isoformat()}", version=read)
        holds = {"blind": True, "new": found is None, "unchanged": read == version}[how]

        def apply() -> None:
            self.model.messages[message] = wanted, read + 1, self.now + KEPT

        write = RememberMessage(
            key=message_key(message), record=wanted, only_new=how == "new", unchanged=how == "unchanged"
        )
        return write, holds, apply

    def _delivery(self, part: int, begin: bool, status: DeliveryStatus) -> Step:
        wanted = delivery(part, status=DeliveryStatus.BEGUN if begin else status, reason=self.now.isoformat())
        found = self.model.deliveries.get(wanted.key)
        holds = found is None if begin else found is not None and found[0].status in UNFINISHED

        def apply() -> None:
            self.model.deliveries[wanted.key] = wanted, self.now + KEPT

        return SaveDelivery(delivery=wanted, begin=begin), holds, apply

    def _cursor(self, number: int, outdated: bool) -> Step:
        wanted = Cursor(str(number))
        expected = Cursor("never") if outdated else self.model.cursor

        def apply() -> None:
            self.model.cursor = wanted

        return SaveCursor(name="poll", cursor=wanted, expected=expected), not outdated, apply

    def _due(self, number: int, minutes: int, remove: bool) -> Step:
        item = DueItem(
            id=f"d-{number}", at=self.now + timedelta(minutes=minutes), job=PollHelpdesk(helpdesk=f"desk-{minutes}")
        )
        if remove and self.model.due:
            item = sorted(self.model.due.items())[number % len(self.model.due)][1]

        def apply() -> None:
            if remove:
                self.model.due.pop((item.at, item.id), None)
            else:
                self.model.due[item.at, item.id] = item

        return (RemoveDue(due=item) if remove else SaveDue(due=item)), True, apply

    # ---- time ------------------------------------------------------------------------------------------------------

    @rule(duration=st.sampled_from((1, 31, 91, 91, 601, 401 * 86400)))
    def wait(self, duration: int) -> None:
        self.state.clock.advance(seconds=duration)
        self.model.forget(self.now)

    # ---- what must hold --------------------------------------------------------------------------------------------

    @rule(who=few)
    def all_is_as_the_model_has_it(self, who: int) -> None:
        stores = self.workers[who]
        for place, key in enumerate(TALKS):
            home = self.model.talks.get(key)
            message = MESSAGES[place % 2]
            found = self.model.messages.get(message)
            snapshot = stores.cases.snapshot(key, message_key(message))
            assert snapshot.case == (self.model.cases[home] if home else None)
            assert snapshot.message == (found[0] if found else None)
            assert snapshot.message is None or (found and snapshot.message.version == found[1])
            lines = {
                (line.key, line.disposition.outcome) for line in stores.ledger.history(case_id(key)) if line.disposition
            }
            wanted = {
                (event_key(name), item.outcome)
                for name, item in self.model.events.items()
                if item.outcome and item.case == case_id(key)
            }
            assert lines == wanted
        for number in range(3):
            home = self.model.tickets.get(ticket(number))
            assert stores.cases.find_by_ticket(ticket(number)) == (self.model.cases[home] if home else None)
        for contact in CONTACTS:
            self._contacts_cases(stores, contact)
        live = {item.key for each in self.model.cases.values() if each.state in LIVE for item in each.conversations}
        assert set(stores.cases.open_conversations(PAGE)) == live
        kept = stores.deliveries.deliveries(case_id(TALKS[0]))
        assert {item.key: item for item in kept} == {key: item for key, (item, _) in self.model.deliveries.items()}
        assert stores.cursors.find_cursor("poll") == self.model.cursor
        due = [item for (at, _), item in sorted(self.model.due.items()) if at <= self.now]
        assert list(stores.due.list_due(self.now)) == due

    def _contacts_cases(self, stores: Stores, contact: Any) -> None:
        found = stores.cases.find_open_by_contact(contact)
        wanted = [
            item
            for item in self.model.cases.values()
            if item.state in LIVE and item.match.contact is not None and item.match.contact.ref == contact
        ]
        latest = self.model.opened.get(contact)
        assert found.latest == (latest[0] if latest else None)
        assert {item.id: item for item in found.cases if item in wanted} == {item.id: item for item in wanted}
        assert [item.opened_at for item in found.cases if item in wanted] == sorted(
            (item.opened_at for item in wanted), reverse=True
        )

    @invariant()
    def an_event_keeps_its_disposition(self) -> None:
        """For as long as it is remembered: only PARKED may be taken back."""
        if not hasattr(self, "model"):
            return
        for name, item in self.model.events.items():
            entry = self.workers[0].ledger.find_entry(EventKey(event_key(name)))
            assert entry is not None
            outcome = entry.disposition.outcome if entry.disposition else None
            assert outcome is item.outcome
            before = self.settled.get(name)
            assert before in (None, "parked") or outcome is None or outcome.value == before
            self.settled[name] = outcome.value if outcome else ""
        self.settled = {name: value for name, value in self.settled.items() if name in self.model.events and value}


class MotoStores(StoresMachine):
    family = "moto"


class DynamodbStores(StoresMachine):
    family = "dynamodb-local"


TestSqliteStores = StoresMachine.TestCase
TestSqliteStores.settings = settings(max_examples=30, stateful_step_count=25)
TestMotoStores = MotoStores.TestCase
TestMotoStores.settings = settings(max_examples=3, stateful_step_count=12)

if DYNAMODB_ENDPOINT:
    TestDynamodbStores = DynamodbStores.TestCase
    TestDynamodbStores.settings = settings(max_examples=40, stateful_step_count=25)
