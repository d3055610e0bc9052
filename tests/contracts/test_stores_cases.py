"""The contract of cases: found by every way in, never lost to a race, few calls."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.core.case import Case, CaseSnapshot, CaseState
from chalicelib.core.errors import ConflictError, NotFoundError
from chalicelib.core.ids import CaseId, ContactRef
from chalicelib.core.people import ContactMatch, Verdict
from chalicelib.ports.stores import OpenCases, RememberMessage, SaveCase, Stores
from tests.contracts.families import CountingTable, State
from tests.contracts.samples import (
    BLUESKY,
    PAGE,
    case,
    completion,
    contact_ref,
    conversation,
    conversation_key,
    event_key,
    linked,
    message_key,
    record,
    ticket,
)
from tests.fakes.clock import NOON, FrozenClock

KIM, DM = conversation_key(), conversation_key(thread="dm-1")


def save(stores: Stores, changed: Case, *, takes_over: bool = False) -> Case:
    stores.transactions.commit(SaveCase(case=changed, takes_over=takes_over))
    return replace(changed, version=changed.version + 1)


def open_cases(stores: Stores, contact: ContactRef | None = None) -> list[Case]:
    return list(stores.cases.find_open_by_contact(contact or contact_ref()).cases)


def present(stores: Stores, key: object = KIM) -> Case | None:
    return stores.cases.snapshot(key, message_key("none")).case  # type: ignore[arg-type]


def test_nothing_is_known_at_first(stores: Stores, calls: CountingTable) -> None:
    assert stores.cases.snapshot(KIM, message_key()) == CaseSnapshot(case=None, message=None)
    assert stores.cases.snapshot(None, message_key()) == CaseSnapshot(case=None, message=None)
    assert calls.taken() == ["get 3", "get 1"]
    assert stores.cases.find_by_ticket(ticket()) is None
    assert stores.cases.find_open_by_contact(contact_ref()) == OpenCases(contact=contact_ref())
    assert stores.cases.open_conversations(PAGE) == []
    assert stores.cases.find_message(message_key()) is None
    with pytest.raises(NotFoundError):
        stores.cases.get_case(CaseId("case-none"))


@pytest.mark.parametrize("by", ["same worker", "another worker"])
def test_a_first_case_is_found_in_one_read(stores: Stores, other: Stores, calls: CountingTable, by: str) -> None:
    reader = stores if by == "same worker" else other
    first = case(KIM, DM, match=linked(), lease_until=NOON + timedelta(minutes=5))
    saved = save(stores, first)
    stores.transactions.commit(RememberMessage(key=message_key(), record=record(case=saved.id, conversation=KIM)))
    calls.taken()

    found = reader.cases.snapshot(KIM, message_key())

    assert calls.taken() == ["get 3"]
    assert found == CaseSnapshot(case=saved, message=record(case=saved.id, conversation=KIM))
    assert saved.version == 1
    assert reader.cases.get_case(saved.id) == saved
    assert present(reader, DM) == saved
    assert reader.cases.find_message(message_key()) == found.message


def test_a_follow_up_message_writes_four_items(stores: Stores, clock: FrozenClock, calls: CountingTable) -> None:
    first = save(stores, case(match=linked(), ticket=ticket(), state=CaseState.OPEN))
    stores.ledger.claim(
        event_key("m-2"), account=PAGE, owner="w1", now=NOON, lease=timedelta(minutes=5), archived_at=None
    )
    clock.advance(hours=3)
    later = replace(first.conversations[0], last_message_at=clock.now())
    calls.taken()

    stores.transactions.commit(
        SaveCase(case=replace(first, conversations=(later,))),
        completion("m-2", case=first.id),
        RememberMessage(key=message_key("m-2"), record=record("m-2", case=first.id)),
    )

    assert calls.taken() == ["write 4"]


def test_a_worker_that_has_not_seen_the_case_reads_it_before_it_saves(
    stores: Stores, other: Stores, calls: CountingTable
) -> None:
    first = save(stores, case(match=linked(), ticket=ticket(), state=CaseState.OPEN))
    calls.taken()

    save(other, replace(first, state=CaseState.SOLVED))

    assert calls.taken() == ["get 1", "write 3"]
    assert open_cases(stores) == []
    assert stores.cases.open_conversations(PAGE) == []


# ---- versions ------------------------------------------------------------------------------------------------------


def test_an_update_is_never_lost(stores: Stores, other: Stores) -> None:
    first = save(stores, case())
    theirs = save(other, replace(first, ticket=ticket(7)))

    with pytest.raises(ConflictError):
        save(stores, replace(first, state=CaseState.OPEN))
    with pytest.raises(ConflictError):
        save(stores, first)
    assert stores.cases.get_case(first.id) == theirs
    assert save(stores, replace(theirs, state=CaseState.OPEN)).version == 3


@pytest.mark.parametrize("version", [1, 2, 7])
def test_a_version_that_was_never_stored_can_t_be_followed(stores: Stores, version: int) -> None:
    with pytest.raises(ConflictError):
        save(stores, replace(case(), version=version))
    assert present(stores) is None
    if version > 1:
        save(stores, case())
        with pytest.raises(ConflictError):
            save(stores, replace(case(), version=version))


def test_a_case_begins_once(stores: Stores, other: Stores) -> None:
    save(stores, case())

    for worker in (stores, other):
        with pytest.raises(ConflictError):
            save(worker, case(state=CaseState.OPEN))
    assert stores.cases.get_case(case().id).state is CaseState.OPENING


def test_of_many_who_change_a_case_one_wins_each_version(state: State) -> None:
    workers: Sequence[Stores] = [state.worker() for _ in range(4)]
    first = save(workers[0], case())

    def change(worker: Stores) -> int:
        wins = 0
        for _ in range(4):
            found = worker.cases.get_case(first.id)
            try:
                save(worker, replace(found, last_agent_reply_at=NOON))
                wins += 1
            except ConflictError:
                continue
        return wins

    with ThreadPoolExecutor(len(workers)) as pool:
        wins = sum(pool.map(change, workers))

    assert wins >= 4
    assert workers[0].cases.get_case(first.id).version == 1 + wins


# ---- conversations -------------------------------------------------------------------------------------------------


def test_a_conversation_belongs_to_one_case(stores: Stores, other: Stores) -> None:
    first = save(stores, case(KIM))
    rival = case(DM, KIM)

    with pytest.raises(ConflictError):
        save(other, rival)

    assert present(stores) == first
    assert present(stores, DM) is None
    with pytest.raises(NotFoundError):
        stores.cases.get_case(rival.id)


def test_a_follow_up_takes_the_conversation_over(stores: Stores, other: Stores, calls: CountingTable) -> None:
    first = save(stores, case(ticket=ticket(1), state=CaseState.CLOSED))
    second = save(stores, case(generation=2, follow_up_of=ticket(1)), takes_over=True)
    calls.taken()

    assert present(other) == second
    assert calls.taken() == ["get 3", "get 1"]
    assert other.cases.find_by_ticket(ticket(1)) == first
    reopened = save(stores, replace(first, state=CaseState.OPEN))
    assert present(other) == second
    assert other.cases.get_case(first.id) == reopened


def test_a_case_may_grow_by_a_conversation(stores: Stores, other: Stores, calls: CountingTable) -> None:
    first = save(stores, case(KIM, state=CaseState.OPEN))
    calls.taken()

    grown = save(stores, replace(first, conversations=(*first.conversations, conversation(DM))))

    assert calls.taken() == ["write 3"]
    assert present(other, DM) == present(other, KIM) == grown
    assert set(other.cases.open_conversations(PAGE)) == {KIM, DM}


def test_an_author_s_cases_are_found_whatever_became_of_them(stores: Stores, other: Stores) -> None:
    first = save(stores, case(KIM, state=CaseState.OPEN))
    closed = save(stores, replace(first, state=CaseState.CLOSED))
    second = save(stores, case(conversation_key(thread="post-2")))
    save(stores, case(conversation_key(author="ada")))

    author = first.conversations[0].author.key
    found = other.cases.find_by_author(author)
    assert {item.id: item for item in found} == {closed.id: closed, second.id: second}
    assert other.cases.find_by_author(replace(author, platform="elsewhere")) == []
    assert len(other.cases.find_by_author(author, limit=1)) == 1


def test_merged_cases_are_saved_together(stores: Stores, other: Stores) -> None:
    one = save(stores, case(KIM, ticket=ticket(1), state=CaseState.OPEN, match=linked()))
    two = save(stores, case(DM, ticket=ticket(2), state=CaseState.OPEN, match=linked()))
    emptied = replace(one, state=CaseState.CLOSED)
    grown = replace(two, conversations=(*two.conversations, *one.conversations))

    other.transactions.commit(SaveCase(case=emptied), SaveCase(case=grown, takes_over=True))

    survivor = stores.cases.get_case(two.id)
    assert present(stores, KIM) == present(stores, DM) == survivor
    assert survivor.version == 2
    closed = stores.cases.find_by_ticket(ticket(1))
    assert closed is not None
    assert (closed.id, closed.state) == (one.id, CaseState.CLOSED)
    assert open_cases(stores) == [survivor]
    assert set(stores.cases.open_conversations(PAGE)) == {KIM, DM}


# ---- tickets -------------------------------------------------------------------------------------------------------


def test_a_right_guess_saves_a_read(stores: Stores, other: Stores, calls: CountingTable) -> None:
    saved = save(stores, case(ticket=ticket()))
    calls.taken()

    assert other.cases.find_by_ticket(ticket(), guess=saved.id) == saved
    assert calls.taken() == ["get 2"]
    assert other.cases.find_by_ticket(ticket()) == saved
    assert calls.taken() == ["get 1", "get 1"]


def test_a_wrong_guess_is_found_out(stores: Stores, other: Stores) -> None:
    saved = save(stores, case(KIM, ticket=ticket(1)))
    wrong = save(stores, case(DM, ticket=ticket(2)))

    assert other.cases.find_by_ticket(ticket(1), guess=wrong.id) == saved
    assert other.cases.find_by_ticket(ticket(1), guess=CaseId("case-none")) == saved
    assert other.cases.find_by_ticket(ticket(3), guess=wrong.id) is None


def test_an_old_ticket_still_leads_to_its_case(stores: Stores, other: Stores) -> None:
    first = save(stores, case(ticket=ticket(1)))
    moved = save(stores, replace(first, ticket=ticket(2)))

    for number in (1, 2):
        assert other.cases.find_by_ticket(ticket(number)) == moved
        assert other.cases.find_by_ticket(ticket(number), guess=first.id) == moved


# ---- a contact's open cases ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("open_state", [CaseState.OPENING, CaseState.OPEN])
def test_a_contact_s_open_cases_newest_first(stores: Stores, other: Stores, open_state: CaseState) -> None:
    older = save(stores, case(KIM, match=linked(), state=open_state))
    newer = save(stores, case(DM, match=linked(), state=CaseState.OPEN, at=NOON + timedelta(hours=1)))
    save(stores, case(conversation_key("lee"), match=linked("c-2")))

    assert open_cases(other) == [newer, older]
    solved = save(other, replace(newer, state=CaseState.SOLVED))
    assert open_cases(stores) == [older]
    reopened = save(stores, replace(solved, state=CaseState.OPEN))
    assert open_cases(other) == [reopened, older]
    assert open_cases(other, contact_ref("c-1", crm="other")) == []


def test_only_a_link_counts_as_a_contact_s_case(stores: Stores) -> None:
    suggestion = ContactMatch(verdict=Verdict.SUGGESTED, contact=linked().contact)
    first = save(stores, case(match=suggestion))
    assert open_cases(stores) == []

    second = save(stores, replace(first, match=linked("c-1")))
    assert open_cases(stores, contact_ref("c-1")) == [second]
    third = save(stores, replace(second, match=linked("c-2")))
    assert open_cases(stores, contact_ref("c-1")) == []
    assert open_cases(stores, contact_ref("c-2")) == [third]


# ---- open conversations --------------------------------------------------------------------------------------------


def test_open_conversations_latest_day_first(stores: Stores, other: Stores, clock: FrozenClock) -> None:
    keys = [conversation_key(f"author-{number}") for number in range(4)]
    saved = [
        save(stores, case(key, state=CaseState.OPEN, at=NOON + timedelta(days=number)))
        for number, key in enumerate(keys)
    ]
    save(stores, case(conversation_key(account=BLUESKY), state=CaseState.OPEN))
    assert other.cases.open_conversations(PAGE) == [keys[3], keys[2], keys[1], keys[0]]
    assert other.cases.open_conversations(PAGE, limit=2) == [keys[3], keys[2]]

    written = replace(saved[1].conversations[0], last_message_at=NOON + timedelta(days=9))
    save(stores, replace(saved[1], conversations=(written,)))
    save(stores, replace(saved[3], state=CaseState.SOLVED))

    assert other.cases.open_conversations(PAGE) == [keys[1], keys[2], keys[0]]
    assert other.cases.open_conversations(BLUESKY) == [conversation_key(account=BLUESKY)]


def test_a_conversation_of_two_open_cases_is_listed_once(stores: Stores) -> None:
    save(stores, case(state=CaseState.OPEN))
    save(stores, case(state=CaseState.OPEN, generation=2), takes_over=True)

    assert stores.cases.open_conversations(PAGE) == [KIM]


# ---- messages ------------------------------------------------------------------------------------------------------


def test_a_tombstone_comes_before_its_message(stores: Stores, other: Stores) -> None:
    tombstone = record(deleted_at=NOON)
    stores.transactions.commit(RememberMessage(key=message_key(), record=tombstone, only_new=True))

    assert other.cases.snapshot(KIM, message_key()) == CaseSnapshot(case=None, message=tombstone)
    assert other.cases.snapshot(None, message_key()).message == tombstone
    with pytest.raises(ConflictError, match="RememberMessage"):
        other.transactions.commit(RememberMessage(key=message_key(), record=record(), only_new=True))
    other.transactions.commit(RememberMessage(key=message_key(), record=replace(tombstone, edited_text="ß😀")))
    assert stores.cases.find_message(message_key()) == replace(tombstone, edited_text="ß😀")


def test_messages_of_accounts_are_apart(stores: Stores) -> None:
    stores.transactions.commit(RememberMessage(key=message_key("m-1", PAGE), record=record()))

    assert stores.cases.find_message(message_key("m-1", BLUESKY)) is None


def test_messages_are_forgotten_in_the_end(stores: Stores, clock: FrozenClock) -> None:
    stores.transactions.commit(RememberMessage(key=message_key(), record=record(), only_new=True))
    clock.advance(days=399)
    assert stores.cases.find_message(message_key()) is not None
    clock.advance(days=1)

    assert stores.cases.find_message(message_key()) is None
    stores.transactions.commit(RememberMessage(key=message_key(), record=record(deleted_at=NOON), only_new=True))


# ---- form ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["😀" * 20_000, "half \ud83d of one", '"\\\n\x00\u2028', "x" * 300_000])
def test_a_case_keeps_any_text(stores: Stores, other: Stores, text: str) -> None:
    saved = save(stores, replace(case(), conversations=(conversation(KIM, text=text),)))

    assert other.cases.get_case(saved.id) == saved


@pytest.mark.parametrize("odd", ["a:b", "a|b", "a%3Ab", "~", "", "x" * 3000, "é\n", "half \ud83d"])
def test_ids_may_be_any_text(stores: Stores, other: Stores, odd: str) -> None:
    key = conversation_key(author=odd, thread=odd)
    plain = save(stores, case(KIM, ticket=ticket()))
    saved = save(stores, case(key, ticket=ticket(odd), match=linked(odd), state=CaseState.OPEN))

    assert present(other, key) == saved
    assert present(other, KIM) == plain
    assert other.cases.find_by_ticket(ticket(odd)) == saved
    assert open_cases(other, contact_ref(odd)) == [saved]
    assert set(other.cases.open_conversations(PAGE)) == {key, KIM}


def test_a_case_that_was_opened_for_a_contact_and_is_somebody_elses_by_now_is_not_theirs(
    stores: Stores, other: Stores
) -> None:
    before = stores.cases.find_open_by_contact(contact_ref())
    stores.transactions.commit(SaveCase(case=case(match=linked()), among=before))
    opened = stores.cases.get_case(case().id)
    stores.transactions.commit(SaveCase(case=replace(opened, match=linked("c-2"))))
    found = other.cases.find_open_by_contact(contact_ref())
    assert (found.cases, found.latest) == ((), opened.id)
    assert [item.id for item in other.cases.find_open_by_contact(contact_ref("c-2")).cases] == [opened.id]
