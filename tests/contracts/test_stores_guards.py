"""The contract of what two workers do at once: one case per conversation, per ticket, and per contact's new talk."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.core.case import Case, CaseState
from chalicelib.core.errors import ConflictError, NotFoundError
from chalicelib.core.ids import ConversationKey
from chalicelib.ports.stores import OpenCases, SaveCase, Stores
from tests.contracts.families import CountingTable, State
from tests.contracts.samples import (
    BLUESKY,
    case,
    contact_ref,
    conversation,
    conversation_key,
    linked,
    message_key,
    ticket,
)
from tests.fakes.clock import FrozenClock

KIM, DM = conversation_key(), conversation_key("kim.example", "dm-1", BLUESKY)


def save(stores: Stores, changed: Case, *, takes_over: bool = False, among: OpenCases | None = None) -> Case:
    stores.transactions.commit(SaveCase(case=changed, takes_over=takes_over, among=among))
    return replace(changed, version=changed.version + 1)


def owner(stores: Stores, key: ConversationKey) -> Case | None:
    return stores.cases.snapshot(key, message_key("none")).case


def grown(before: Case, key: ConversationKey) -> Case:
    return replace(before, conversations=(*before.conversations, conversation(key)))


# ---- two conversations of one contact ------------------------------------------------------------------------------


def test_of_two_openings_for_one_contact_one_fails(stores: Stores, other: Stores) -> None:
    first, second = (item.cases.find_open_by_contact(contact_ref()) for item in (stores, other))
    opened = save(stores, case(KIM, match=linked()), among=first)

    with pytest.raises(ConflictError):
        save(other, case(DM, match=linked()), among=second)

    assert owner(other, DM) is None
    again = other.cases.find_open_by_contact(contact_ref())
    assert again == OpenCases(contact=contact_ref(), cases=(opened,), latest=opened.id)


def test_whoever_has_read_the_first_may_open_a_second(stores: Stores, other: Stores) -> None:
    """A follow-up beside an open case: what was read is what is there."""
    first = save(stores, case(KIM, match=linked()), among=stores.cases.find_open_by_contact(contact_ref()))
    among = other.cases.find_open_by_contact(contact_ref())

    second = save(other, case(DM, match=linked(), at=first.opened_at + timedelta(hours=1)), among=among)

    assert stores.cases.find_open_by_contact(contact_ref()).cases == (second, first)
    with pytest.raises(ConflictError):
        save(stores, case(conversation_key("lee"), match=linked()), among=among)


def test_a_case_that_was_closed_at_once_is_noticed_too(stores: Stores, other: Stores) -> None:
    """Opened and closed between another worker's read and its commit: it would have found its contact's case."""
    read = other.cases.find_open_by_contact(contact_ref())
    opened = save(stores, case(KIM, match=linked()), among=stores.cases.find_open_by_contact(contact_ref()))
    save(stores, replace(opened, state=CaseState.CLOSED))

    with pytest.raises(ConflictError):
        save(other, case(DM, match=linked()), among=read)
    again = other.cases.find_open_by_contact(contact_ref())
    assert (again.cases, again.latest) == ((), opened.id)
    save(other, case(DM, match=linked()), among=again)


def test_contacts_do_not_disturb_each_other(stores: Stores, other: Stores) -> None:
    kims, lees = (other.cases.find_open_by_contact(contact_ref(name)) for name in ("c-1", "c-2"))
    save(stores, case(KIM, match=linked("c-1")), among=kims)

    save(other, case(DM, match=linked("c-2")), among=lees)


def test_the_guard_costs_no_call(stores: Stores, calls: CountingTable) -> None:
    calls.taken()
    among = stores.cases.find_open_by_contact(contact_ref())
    assert calls.taken() == ["query", "get 0"]
    opened = save(stores, case(KIM, match=linked()), among=among)
    assert calls.taken() == ["write 6"]
    save(stores, replace(opened, state=CaseState.OPEN))
    assert calls.taken() == ["write 1"]
    assert stores.cases.find_open_by_contact(contact_ref()).latest == opened.id
    assert calls.taken() == ["query", "get 1"]


def test_the_guard_lives_no_longer_than_workers_do(stores: Stores, other: Stores, clock: FrozenClock) -> None:
    opened = save(stores, case(KIM, match=linked()), among=stores.cases.find_open_by_contact(contact_ref()))
    save(stores, replace(opened, state=CaseState.CLOSED))
    clock.advance(minutes=11)

    assert other.cases.find_open_by_contact(contact_ref()) == OpenCases(contact=contact_ref())
    save(other, case(DM, match=linked()), among=other.cases.find_open_by_contact(contact_ref()))


def test_a_case_that_can_t_be_seen_yet_is_waited_for(state: State) -> None:
    """DynamoDB shows a transaction's items one after the other to a query."""
    stores = state.worker()
    opened = save(stores, case(KIM, match=linked()), among=stores.cases.find_open_by_contact(contact_ref()))
    table, hidden = state.table, f"case|{opened.id}"
    shown = table.get
    table.get = lambda keys: {key: item for key, item in shown(keys).items() if key[0] != hidden}  # type: ignore[method-assign]

    with pytest.raises(ConflictError):
        state.worker().cases.find_open_by_contact(contact_ref())


# ---- one case per conversation and per ticket ----------------------------------------------------------------------


def test_a_case_can_t_grow_by_a_conversation_of_another(stores: Stores, other: Stores) -> None:
    home = save(stores, case(KIM, state=CaseState.OPEN))
    theirs = save(other, case(DM))

    with pytest.raises(ConflictError):
        save(stores, grown(home, DM))

    assert owner(stores, DM) == theirs
    assert owner(stores, KIM) == home
    assert stores.cases.get_case(home.id) == home


def test_a_new_case_can_t_have_a_conversation_that_another_grew_by(stores: Stores, other: Stores) -> None:
    home = save(stores, grown(save(stores, case(KIM, state=CaseState.OPEN)), DM))

    with pytest.raises(ConflictError):
        save(other, case(DM))
    assert owner(other, DM) == home
    with pytest.raises(NotFoundError):
        other.cases.get_case(case(DM).id)


def test_a_case_keeps_its_own_conversations_whoever_saves_it(stores: Stores, other: Stores) -> None:
    home = save(stores, grown(save(stores, case(KIM, state=CaseState.OPEN)), DM))

    again = save(other, replace(home, last_agent_reply_at=home.opened_at))

    assert owner(stores, DM) == owner(stores, KIM) == again


def test_a_ticket_belongs_to_one_case(stores: Stores, other: Stores) -> None:
    first = save(stores, case(KIM, ticket=ticket(1), state=CaseState.OPEN))
    second = save(other, case(DM, ticket=ticket(2), state=CaseState.OPEN))

    with pytest.raises(ConflictError):
        save(other, replace(second, ticket=ticket(1)))

    assert stores.cases.find_by_ticket(ticket(1)) == first
    moved = save(other, replace(second, ticket=ticket(3)))
    back = save(other, replace(moved, ticket=ticket(2)))
    assert stores.cases.find_by_ticket(ticket(3)) == stores.cases.find_by_ticket(ticket(2)) == back
