"""The contract of the event ledger: one record per event, claimed by one, completed once."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.core.disposition import Claim, ClaimState, Disposition, LedgerEntry, Outcome
from chalicelib.core.errors import ConflictError
from chalicelib.core.ids import AccountKey, CaseId, EventKey, case_id
from chalicelib.ports.stores import ReopenEvent, Stores
from tests.contracts.families import CountingTable, State
from tests.contracts.samples import BLUESKY, PAGE, completion, conversation_key, event_key
from tests.fakes.clock import NOON, FrozenClock

LEASE = timedelta(minutes=5)
CASE = case_id(conversation_key())


def claim(
    stores: Stores, clock: FrozenClock, message: str = "m-1", *, owner: str = "w1", account: AccountKey = PAGE
) -> Claim:
    return stores.ledger.claim(
        event_key(message), account=account, owner=owner, now=clock.now(), lease=LEASE, archived_at="raw/1"
    )


def test_the_first_claim_is_fresh_and_one_write(stores: Stores, clock: FrozenClock, calls: CountingTable) -> None:
    taken = claim(stores, clock)

    assert calls.taken() == ["write 2"]
    assert taken.state is ClaimState.FRESH
    assert taken.owner == "w1"
    entry = LedgerEntry(key=event_key(), account=PAGE, first_seen_at=NOON, attempts=1, archived_at="raw/1")
    assert taken.entry == entry
    assert stores.ledger.find_entry(event_key()) == entry


def test_another_owner_is_turned_away_while_the_lease_is_good(
    stores: Stores, other: Stores, clock: FrozenClock
) -> None:
    claim(stores, clock)
    clock.advance(minutes=4, seconds=59)

    refused = claim(other, clock, owner="w2")

    assert refused.state is ClaimState.BUSY
    assert refused.entry.attempts == 1


def test_a_claim_that_ran_out_is_resumed(
    stores: Stores, other: Stores, clock: FrozenClock, calls: CountingTable
) -> None:
    claim(stores, clock)
    clock.advance(minutes=5)
    calls.taken()

    resumed = claim(other, clock, owner="w2")

    assert calls.taken() == ["write 2", "write 1"]
    assert resumed.state is ClaimState.RESUMED
    assert resumed.entry == LedgerEntry(
        key=event_key(), account=PAGE, first_seen_at=NOON, attempts=2, archived_at="raw/1"
    )
    with pytest.raises(ConflictError, match="CompleteEvent"):
        stores.transactions.commit(completion(owner="w1"))
    other.transactions.commit(completion(owner="w2", at=clock.now()))


def test_an_owner_s_own_claim_is_resumed_at_once(stores: Stores, other: Stores, clock: FrozenClock) -> None:
    claim(stores, clock)

    assert [claim(worker, clock).state for worker in (stores, other)] == [ClaimState.RESUMED] * 2
    assert claim(stores, clock, owner="w2").state is ClaimState.BUSY
    stores.transactions.commit(completion())


def test_a_released_claim_is_resumed_by_anybody(stores: Stores, other: Stores, clock: FrozenClock) -> None:
    claim(stores, clock)
    stores.ledger.release(event_key(), owner="w1")

    resumed = claim(other, clock, owner="w2")

    assert (resumed.state, resumed.entry.attempts) == (ClaimState.RESUMED, 2)
    assert claim(stores, clock, owner="w1").state is ClaimState.BUSY


def test_only_the_owner_can_release(stores: Stores, other: Stores, clock: FrozenClock) -> None:
    stores.ledger.release(event_key(), owner="w1")
    claim(stores, clock)
    other.ledger.release(event_key(), owner="w2")

    assert claim(other, clock, owner="w2").state is ClaimState.BUSY


def test_a_release_after_the_end_changes_nothing(stores: Stores, clock: FrozenClock) -> None:
    claim(stores, clock)
    stores.transactions.commit(completion())
    stores.ledger.release(event_key(), owner="w1")

    assert claim(stores, clock, owner="w2").state is ClaimState.DONE


@pytest.mark.parametrize("by", ["same worker", "another worker"])
def test_a_completed_event_is_done_for_ever(
    stores: Stores, other: Stores, clock: FrozenClock, calls: CountingTable, by: str
) -> None:
    claim(stores, clock)
    clock.advance(seconds=2)
    done = completion(case=CASE, at=clock.now())
    calls.taken()
    (stores if by == "same worker" else other).transactions.commit(done)

    assert calls.taken() == (["write 2"] if by == "same worker" else ["get 1", "write 2"])
    clock.advance(days=300)
    for owner in ("w1", "w2"):
        again = claim(other, clock, owner=owner)
        assert again.state is ClaimState.DONE
        assert again.entry == LedgerEntry(
            key=event_key(),
            account=PAGE,
            first_seen_at=NOON,
            attempts=1,
            archived_at="raw/1",
            disposition=done.disposition,
            completed_at=done.at,
        )
    with pytest.raises(ConflictError):
        stores.transactions.commit(replace(done, disposition=Disposition(outcome=Outcome.NOISE)))
    assert stores.ledger.history(CASE) == [again.entry]


def test_an_event_that_was_never_claimed_can_t_be_completed(stores: Stores) -> None:
    with pytest.raises(ConflictError):
        stores.transactions.commit(completion())


def test_an_owner_must_be_the_one_who_claimed(stores: Stores, clock: FrozenClock) -> None:
    claim(stores, clock)
    with pytest.raises(ConflictError):
        stores.transactions.commit(completion(owner="w2"))
    stores.ledger.release(event_key(), owner="w1")
    with pytest.raises(ConflictError):
        stores.transactions.commit(completion(owner="w1"))


def test_of_many_claims_at_once_one_is_fresh(state: State) -> None:
    workers = [state.worker() for _ in range(6)]
    first = claim(workers[0], state.clock, "warm-up")

    with ThreadPoolExecutor(len(workers)) as pool:
        claims = list(pool.map(lambda at: claim(workers[at], state.clock, "m-1", owner=f"w{at}"), range(len(workers))))

    assert first.state is ClaimState.FRESH
    assert Counter(item.state for item in claims) == {ClaimState.FRESH: 1, ClaimState.BUSY: len(workers) - 1}
    winner = next(item.owner for item in claims if item.state is ClaimState.FRESH)
    workers[0].transactions.commit(completion(owner=winner))


def test_of_many_who_resume_at_once_one_gets_it(state: State) -> None:
    workers = [state.worker() for _ in range(6)]
    claim(workers[0], state.clock, owner="dead")
    state.clock.advance(minutes=6)

    with ThreadPoolExecutor(len(workers)) as pool:
        claims = list(pool.map(lambda at: claim(workers[at], state.clock, owner=f"w{at}"), range(len(workers))))

    assert Counter(item.state for item in claims) == {ClaimState.RESUMED: 1, ClaimState.BUSY: len(workers) - 1}


def test_a_claim_between_reading_and_resuming_is_noticed(
    stores: Stores, other: Stores, clock: FrozenClock, calls: CountingTable
) -> None:
    """The entry looks the same to the slow worker: released, by nobody held. But it is an attempt further."""
    claim(stores, clock, owner="w0")
    stores.ledger.release(event_key(), owner="w0")

    def meanwhile() -> None:
        assert claim(other, clock, owner="w1").entry.attempts == 2
        other.ledger.release(event_key(), owner="w1")

    calls.before_writes += [lambda: None, meanwhile]
    resumed = claim(stores, clock, owner="w2")

    assert (resumed.state, resumed.entry.attempts) == (ClaimState.RESUMED, 3)
    assert stores.ledger.find_entry(event_key()) == resumed.entry


def test_a_completion_between_reading_and_resuming_is_noticed(
    stores: Stores, other: Stores, clock: FrozenClock, calls: CountingTable
) -> None:
    claim(stores, clock, owner="w0")
    clock.advance(minutes=6)

    calls.before_writes += [lambda: None, lambda: other.transactions.commit(completion(owner="w0"))]

    assert claim(stores, clock, owner="w2").state is ClaimState.DONE


def test_entries_are_forgotten_in_the_end(stores: Stores, other: Stores, clock: FrozenClock) -> None:
    claim(stores, clock)
    stores.transactions.commit(completion(case=CASE))
    clock.advance(days=399, hours=23)
    assert stores.ledger.find_entry(event_key()) is not None

    clock.advance(hours=1)

    assert stores.ledger.find_entry(event_key()) is None
    assert stores.ledger.history(CASE) == []
    assert other.ledger.unseen([event_key()]) == [event_key()]
    assert stores.ledger.recent(PAGE, since=NOON) == []
    assert claim(other, clock).state is ClaimState.FRESH


# ---- parked events come back ---------------------------------------------------------------------------------------


def test_a_parked_disposition_can_be_taken_back(stores: Stores, other: Stores, clock: FrozenClock) -> None:
    claim(stores, clock)
    stores.transactions.commit(completion(outcome=Outcome.PARKED, case=CASE))
    other.transactions.commit(ReopenEvent(key=event_key()))

    assert stores.ledger.history(CASE) == []
    resumed = claim(stores, clock, owner="w2")
    assert (resumed.state, resumed.entry.attempts) == (ClaimState.RESUMED, 2)
    stores.transactions.commit(completion(owner="w2", case=CASE))
    assert [entry.disposition for entry in stores.ledger.history(CASE)] == [completion(case=CASE).disposition]


def test_another_disposition_stays(stores: Stores, clock: FrozenClock) -> None:
    claim(stores, clock)
    stores.transactions.commit(completion())

    with pytest.raises(ConflictError, match="ReopenEvent"):
        stores.transactions.commit(ReopenEvent(key=event_key()))
    assert claim(stores, clock).state is ClaimState.DONE


def test_reopening_what_is_open_or_unknown_changes_nothing(stores: Stores, clock: FrozenClock) -> None:
    stores.transactions.commit(ReopenEvent(key=event_key("unknown")))
    claim(stores, clock)
    stores.transactions.commit(ReopenEvent(key=event_key()))

    assert claim(stores, clock, owner="w2").state is ClaimState.BUSY
    assert stores.ledger.find_entry(event_key("unknown")) is None


# ---- lists ---------------------------------------------------------------------------------------------------------


def test_history_is_oldest_first_and_of_one_case(stores: Stores, clock: FrozenClock) -> None:
    other_case = CaseId("case-other")
    for number, case in enumerate((CASE, other_case, CASE, None, CASE)):
        claim(stores, clock, f"m-{number}")
        clock.advance(seconds=1)
        stores.transactions.commit(completion(f"m-{number}", case=case, at=clock.now()))

    assert [entry.key for entry in stores.ledger.history(CASE)] == [event_key(f"m-{number}") for number in (0, 2, 4)]
    assert [entry.key for entry in stores.ledger.history(other_case)] == [event_key("m-1")]


def test_recent_events_of_an_account(stores: Stores, clock: FrozenClock) -> None:
    for number in range(6):
        claim(stores, clock, f"m-{number}", account=BLUESKY if number == 3 else PAGE)
        clock.advance(days=12)
    stores.transactions.commit(completion("m-2"))

    def recent(days: int, limit: int = 100) -> list[EventKey]:
        return [e.key for e in stores.ledger.recent(PAGE, since=NOON + timedelta(days=days), limit=limit)]

    assert recent(0) == [event_key(f"m-{number}") for number in (5, 4, 2, 1, 0)]
    assert recent(12) == [event_key(f"m-{number}") for number in (5, 4, 2, 1)]
    assert recent(13) == [event_key(f"m-{number}") for number in (5, 4, 2)]
    assert recent(-4000, limit=3) == [event_key(f"m-{number}") for number in (5, 4, 2)]
    assert recent(61) == []
    assert [e.key for e in stores.ledger.recent(BLUESKY, since=NOON)] == [event_key("m-3")]
    found = {entry.key: entry for entry in stores.ledger.recent(PAGE, since=NOON)}
    assert found[event_key("m-2")].disposition == completion("m-2").disposition
    assert found[event_key("m-1")].disposition is None


def test_unseen_events_in_order(stores: Stores, clock: FrozenClock, calls: CountingTable) -> None:
    for number in (1, 3):
        claim(stores, clock, f"m-{number}")
    asked = [event_key(f"m-{number}") for number in range(150)]
    calls.taken()

    assert stores.ledger.unseen([*asked, asked[0]]) == [key for key in asked if key not in (asked[1], asked[3])]
    assert calls.taken() == ["get 100", "get 50"]
    assert stores.ledger.unseen([]) == []


@pytest.mark.parametrize(
    "text", ["", "~", "~x", "a|b:c%3A", "x" * 5000, "é" * 201, "half \ud83d", "nul \x00", "spaces and \n", "😀" * 200]
)
def test_event_keys_may_be_any_text(stores: Stores, clock: FrozenClock, text: str) -> None:
    key, other_key = EventKey(text), EventKey(text + "~")
    for each in (key, other_key):
        taken = stores.ledger.claim(each, account=PAGE, owner="w1", now=NOON, lease=LEASE, archived_at=None)
        assert taken.state is ClaimState.FRESH
    found = stores.ledger.find_entry(key)
    assert found is not None
    assert found.key == key
    assert {entry.key for entry in stores.ledger.recent(PAGE, since=NOON)} >= {key, other_key}
