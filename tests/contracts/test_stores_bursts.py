"""The contract of messages that wait to be written together: kept, replaced, read in order, forgotten."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.core.bursts import REASON, WaitingEntry
from chalicelib.core.disposition import Disposition, Outcome
from chalicelib.core.errors import ConflictError
from chalicelib.core.events import Envelope
from chalicelib.core.ids import PersonId, PersonRef, case_id
from chalicelib.ports.stores import CompleteEvent, DropEntries, KeepEntry, ReopenEvent, SaveCase, Stores
from tests.contracts.samples import PAGE, case, conversation_key, event_key
from tests.fakes.clock import NOON
from tests.fakes.runtime import World

CASE = case_id(conversation_key())
OTHER = case_id(conversation_key(), 2)


def entry(number: int, **changes: object) -> WaitingEntry:
    message = World().message(f"m{number}", f"word {number}")
    envelope = Envelope(key=event_key(f"m{number}"), event=message, received_at=NOON, correlation="c")
    values = {"person": PersonRef(helpdesk="zendesk", person=PersonId("7")), **changes}
    return WaitingEntry(case=CASE, number=number, envelope=envelope, label="Kim (@kim)", **values)  # type: ignore[arg-type]


def test_what_waits_is_read_in_order_by_number_and_only_its_cases(stores: Stores, other: Stores) -> None:
    for number in (10, 9, 2, 11, 100):
        stores.transactions.commit(KeepEntry(entry=entry(number)))
    stores.transactions.commit(KeepEntry(entry=replace(entry(1), case=OTHER)))

    assert [item.number for item in other.cases.waiting(CASE)] == [2, 9, 10, 11, 100]
    assert [item.number for item in other.cases.waiting(CASE, after=9, limit=2)] == [10, 11]
    assert other.cases.waiting(CASE, after=1, limit=1) == [entry(2)]
    assert other.cases.waiting(CASE, after=100) == []


def test_one_is_replaced_and_those_that_are_written_are_forgotten(stores: Stores, other: Stores) -> None:
    stores.transactions.commit(*(KeepEntry(entry=entry(number)) for number in (1, 2, 3)))
    stores.transactions.commit(KeepEntry(entry=entry(2, deleted=True)))
    stores.transactions.commit(DropEntries(case=CASE, numbers=(1, 7)))

    assert [(item.number, item.deleted) for item in other.cases.waiting(CASE)] == [(2, True), (3, False)]


def test_it_is_kept_with_its_case_or_not_at_all(stores: Stores) -> None:
    stores.transactions.commit(SaveCase(case=case()))
    stale = replace(case(), version=7)

    with pytest.raises(ConflictError):
        stores.transactions.commit(SaveCase(case=stale), KeepEntry(entry=entry(1)))

    assert stores.cases.waiting(CASE) == []


def test_only_the_disposition_that_is_meant_is_taken_back(stores: Stores) -> None:
    def completed(reason: str) -> None:
        stores.ledger.claim(
            event_key(), account=PAGE, owner="w", now=NOON, lease=timedelta(minutes=1), archived_at=None
        )
        done = Disposition(outcome=Outcome.APPENDED, reason=reason, case=CASE)
        stores.transactions.commit(CompleteEvent(key=event_key(), owner="w", disposition=done, at=NOON))

    again = ReopenEvent(key=event_key(), outcome=Outcome.APPENDED, reason=REASON)
    completed(REASON)
    with pytest.raises(ConflictError):
        stores.transactions.commit(ReopenEvent(key=event_key()))
    stores.transactions.commit(again)
    assert stores.ledger.history(CASE) == []

    completed("")
    with pytest.raises(ConflictError):
        stores.transactions.commit(again)
