"""What every helpdesk's client achieves, shown against its twin."""

from __future__ import annotations

import contextlib
from dataclasses import replace

import pytest

from chalicelib.core.errors import (
    NotFoundError,
    OutcomeUnknownError,
    RetryableError,
    TicketClosedError,
    TicketMovedError,
)
from chalicelib.core.events import Visibility
from chalicelib.core.ids import TicketId, TicketRef
from chalicelib.core.ticket import TicketStatus
from chalicelib.ports.helpdesk import ProbesHelpdesk, RedactsComments, TicketLinks
from tests.contracts.connections import connector
from tests.contracts.desks import KINDS, Desk, Meanwhile, case_id, noted, said, someone
from tests.contracts.test_helpdesks import KIND, PRESENT

UNCLEAR = (OutcomeUnknownError, RetryableError)


@pytest.fixture(params=PRESENT)
def desk(request: pytest.FixtureRequest) -> Desk:
    assert request.param in KINDS, f"tests/contracts/desks.py has no twin for {request.param}"
    return Desk(name=request.param)


# -- people ------------------------------------------------------------------------------------------------------------


def test_a_person_is_made_once(desk: Desk) -> None:
    assert desk.person() == desk.person() == desk.another_client().ensure_person(someone(), None)


def test_a_person_is_made_once_in_a_race(desk: Desk) -> None:
    made = []
    quicker = Meanwhile(desk.http, lambda: made.append(desk.person()))
    found = desk.another_client(quicker).ensure_person(someone(), None)
    if not desk.kind.people:
        made.append(desk.person())
    assert found == made[0]


def test_a_person_is_made_once_when_the_answer_is_lost(desk: Desk) -> None:
    if not desk.kind.people:
        desk.person()
        assert desk.twin.calls == [], "then nothing is asked either"
        return
    desk.lose_answer(desk.kind.people)
    with pytest.raises(RetryableError):
        desk.person()
    assert desk.person() == desk.person()


def test_people_with_other_ids_are_other_people(desk: Desk) -> None:
    ids = [
        "1234",
        "12345",
        "did:plc:abc",
        "did:plc:abd",
        "@kim:care.test",
        "@kim:care.tes",
        "a/b",
        "a b",
        "ä",
        "42" * 80,
    ]
    people = {desk.person(someone(item)) for item in ids}
    others = {desk.person(someone(item, platform="x")) for item in ids}
    assert len(people | others) == 2 * len(ids)


def test_a_person_of_any_id_can_have_a_ticket(desk: Desk) -> None:
    for number, author in enumerate(("did:plc:abc", "@kim:care.test", "1234", "a/b c"), start=1):
        ticket = desk.open_ticket(number, someone(author))
        desk.customer_reply(ticket, "It is me")
        assert desk.entries(ticket)[-1] == ("It is me", True)


# -- tickets -----------------------------------------------------------------------------------------------------------


def test_a_ticket_is_found_by_its_case(desk: Desk) -> None:
    assert desk.client.find_ticket(case_id()) is None
    ticket = desk.open_ticket()
    other = desk.open_ticket(2)
    assert desk.client.find_ticket(case_id()) == ticket
    assert desk.client.find_ticket(case_id(2)) == other
    assert desk.client.find_ticket(case_id(3)) is None
    assert desk.entries(ticket) == [("Where is my parcel?", True)]


def test_a_lost_answer_leads_to_one_ticket(desk: Desk) -> None:
    """As the pipeline does it: after an unclear outcome it looks before it repeats."""
    draft = desk.draft()
    desk.lose_answer(desk.kind.creates)
    with pytest.raises(UNCLEAR):
        desk.client.create_ticket(draft)
    ticket = desk.another_client().find_ticket(case_id())
    assert ticket is not None
    assert desk.tickets() == [ticket]


def test_a_promise_of_creating_once_is_kept(desk: Desk) -> None:
    first, second = desk.client.create_ticket(desk.draft()), desk.client.create_ticket(desk.draft())
    assert (first == second) == connector(KIND, desk.name).spec.capabilities.idempotent_create
    assert desk.client.find_ticket(case_id()) == first, "of several the oldest"


def test_tickets_have_an_address(desk: Desk) -> None:
    ticket = desk.open_ticket()
    assert isinstance(desk.client, TicketLinks)
    assert desk.client.ticket_url(ticket.ticket) == desk.activity(ticket).url
    assert isinstance(desk.client, ProbesHelpdesk)
    assert desk.client.probe()


# -- entries -----------------------------------------------------------------------------------------------------------


def test_entries_stand_in_order(desk: Desk) -> None:
    ticket = desk.open_ticket()
    written = ["first", "second <b>&amp;</b>\nline", "third ✓ 🎁"]
    for text in written:
        desk.later(0.1)
        desk.add(ticket, text)
    assert desk.entries(ticket) == [("Where is my parcel?", True), *((text, True) for text in written)]


def test_notes_are_internal(desk: Desk) -> None:
    ticket = desk.open_ticket()
    desk.note(ticket, "Careloop brief")
    for visibility in (Visibility.PRIVATE, Visibility.UNKNOWN):
        comment = said("for us", f"odd{visibility.value}", desk.person())
        desk.client.add_comment(ticket, replace(comment, visibility=visibility))
    assert [public for _, public in desk.entries(ticket)] == [True, False, False, False]


def test_an_entry_is_found_by_its_id(desk: Desk) -> None:
    ticket, other = desk.open_ticket(), desk.open_ticket(2)
    person = desk.person()
    key = desk.client.add_comment(ticket, said("Any news?", "entry7", person))
    brief = desk.client.add_comment(ticket, noted("Careloop brief", "brief7"))
    assert desk.client.find_comment(ticket, "entry7") == key
    assert desk.client.find_comment(ticket, "brief7") == brief
    assert desk.client.find_comment(ticket, "entry1x0") is not None, "the ticket's first entry too"
    assert desk.client.find_comment(ticket, "entry8") is None
    assert desk.client.find_comment(other, "entry7") is None


def test_what_is_struck_out_cannot_be_read_any_more(desk: Desk) -> None:
    """The entry that came with the ticket, and a later one; twice is fine."""
    redacts = connector(KIND, desk.name).spec.capabilities.redacts
    assert isinstance(desk.client, RedactsComments) == redacts
    if not redacts:
        return
    ticket = desk.open_ticket()
    first, later = desk.client.find_comment(ticket, "entry1x0"), desk.add(ticket, "secret words")
    before = str(desk.entries(ticket))
    for _ in range(2):
        for comment in (first, later):
            desk.client.redact(ticket, comment)
    left = desk.entries(ticket)
    assert "secret words" in before
    assert "secret words" not in str(left)
    assert left[0][0] not in before


def test_a_lost_answer_leads_to_one_entry(desk: Desk) -> None:
    ticket = desk.open_ticket()
    comment = said("Any news?", "entry7", desk.person())
    desk.lose_answer(desk.kind.writes)
    with pytest.raises(OutcomeUnknownError):
        desk.client.add_comment(ticket, comment)
    found = desk.another_client().find_comment(ticket, "entry7")
    assert found is not None
    assert desk.entries(ticket)[1:] == [("Any news?", True)]


def test_a_message_reopens_a_solved_ticket(desk: Desk) -> None:
    ticket = desk.open_ticket()
    desk.solve(ticket)
    solved = desk.activity(ticket)
    assert solved.status is TicketStatus.SOLVED
    desk.note(ticket, "a note changes nothing")
    assert desk.activity(ticket).status is TicketStatus.SOLVED
    desk.add(ticket, "It is broken again", reopen=True)
    assert desk.activity(ticket, solved.cursor).status is TicketStatus.OPEN


def test_a_ticket_closed_for_good_takes_no_entry(desk: Desk) -> None:
    ticket = desk.open_ticket()
    desk.close(ticket)
    before = desk.entries(ticket)
    for reopen in (False, True):
        with pytest.raises(TicketClosedError):
            desk.add(ticket, "Hello?", reopen=reopen)
    assert desk.entries(ticket) == before
    assert desk.activity(ticket).status is TicketStatus.CLOSED


def test_what_never_was_a_ticket(desk: Desk) -> None:
    real = desk.open_ticket()
    nothing = TicketRef(helpdesk=real.helpdesk, ticket=TicketId("987654"))
    with pytest.raises(NotFoundError):
        desk.activity(nothing)
    with pytest.raises((TicketClosedError, NotFoundError)):
        desk.add(nothing, "Hello?")
    with contextlib.suppress(NotFoundError):
        assert desk.client.find_comment(nothing, "entry1") is None


# -- what agents did ---------------------------------------------------------------------------------------------------


def test_agents_entries_come_once_and_in_order(desk: Desk) -> None:
    ticket = desk.open_ticket()
    keys = [desk.agent_reply(ticket, "Hello Kim"), desk.agent_note(ticket, "/why"), desk.agent_reply(ticket, "Bye Kim")]
    first = desk.activity(ticket)
    assert [reply.key for reply in first.replies] == keys
    assert [reply.visibility for reply in first.replies] == [Visibility.PUBLIC, Visibility.INTERNAL, Visibility.PUBLIC]
    for reply, words in zip(first.replies, ("Hello Kim", "/why", "Bye Kim"), strict=True):
        assert words in (reply.text or reply.html)
    assert first.external_id == case_id()
    assert desk.activity(ticket, first.cursor).replies == ()
    desk.later()
    last = desk.agent_reply(ticket, "One more thing")
    assert [reply.key for reply in desk.activity(ticket, first.cursor).replies] == [last]
    assert [reply.key for reply in desk.another_client().fetch_activity(ticket, None).replies] == [*keys, last]


def test_our_own_entries_and_the_customers_never_come_back(desk: Desk) -> None:
    ticket = desk.open_ticket()
    desk.add(ticket, "Any news?")
    desk.note(ticket, "Posted on Facebook.")
    desk.customer_reply(ticket, "I also write by e-mail")
    activity = desk.activity(ticket)
    assert activity.replies == ()
    key = desk.agent_reply(ticket, "Here I am")
    desk.add(ticket, "Thanks")
    assert [reply.key for reply in desk.activity(ticket, activity.cursor).replies] == [key]


def test_each_reply_says_who_and_when(desk: Desk) -> None:
    ticket = desk.open_ticket()
    desk.agent_reply(ticket, "Hello Kim")
    reply = desk.activity(ticket).replies[0]
    assert reply.agent.name == "Ana Agent"
    assert reply.written_at == desk.clock.now()
    assert reply.ticket == ticket


def test_a_cursor_that_nobody_made_starts_over(desk: Desk) -> None:
    ticket = desk.open_ticket()
    key = desk.agent_reply(ticket, "Hello Kim")
    for cursor in ("", "x", "-1", "12|34|56", "\ud800", "9" * 60):
        found = [reply.key for reply in desk.activity(ticket, cursor).replies]  # type: ignore[arg-type]
        assert found in ([key], []), cursor


# -- merges ------------------------------------------------------------------------------------------------------------


def test_a_merged_ticket_leads_to_its_survivor(desk: Desk) -> None:
    ticket, survivor = desk.open_ticket(1), desk.open_ticket(2, someone("5678", name="Sam"))
    before = desk.activity(ticket)
    desk.agent_reply(survivor, "To Sam alone")
    own = desk.agent_reply(ticket, "To Kim alone")
    desk.later()
    desk.merge(ticket, survivor)
    desk.later()
    both = desk.agent_reply(survivor, "To both")
    activity = desk.activity(ticket, before.cursor)
    assert activity.ticket == survivor
    public = [reply.key for reply in activity.replies if reply.visibility is Visibility.PUBLIC]
    wanted = [own] * desk.kind.tells_origins + [both] * desk.kind.tells_merges
    assert public == wanted, "what was said to somebody else before the merge is not for Kim"
    assert desk.activity(survivor, activity.cursor).replies == ()
    later = desk.agent_reply(survivor, "To both again")
    assert [reply.key for reply in desk.activity(survivor, activity.cursor).replies] == [later]
    with pytest.raises(TicketMovedError) as moved:
        desk.add(ticket, "Any news?", reopen=True)
    assert moved.value.survivor == survivor
    desk.add(survivor, "Any news?", reopen=True)
    assert desk.entries(survivor)[-1] == ("Any news?", True)


def test_an_entry_written_before_a_merge_is_not_written_again(desk: Desk) -> None:
    """`write_entry` looks at the survivor when the ticket moved."""
    ticket, survivor = desk.open_ticket(1), desk.open_ticket(2)
    comment = said("Any news?", "entry7", desk.person())
    desk.lose_answer(desk.kind.writes)
    with pytest.raises(OutcomeUnknownError):
        desk.client.add_comment(ticket, comment)
    desk.merge(ticket, survivor)
    assert desk.client.find_comment(ticket, "entry7") is not None


# -- polling -----------------------------------------------------------------------------------------------------------


def _touched(desk: Desk, cursor: object) -> tuple[set[str], object]:
    """Tickets named, page by page, and where we stand then."""
    found: set[str] = set()
    for _ in range(20):
        touched = desk.client.touched_since(cursor)
        found |= {str(hint.ticket) for hint in touched.hints}
        cursor = touched.cursor
        if not touched.more:
            return found, cursor
    raise AssertionError("polling never ends")


def test_polling_names_what_changed(desk: Desk) -> None:
    _, cursor = _touched(desk, None)
    one, two, three = desk.open_ticket(1), desk.open_ticket(2), desk.open_ticket(3)
    desk.agent_reply(one, "Hello")
    desk.later(10)
    found, second = _touched(desk, cursor)
    assert one.ticket in found
    desk.agent_note(two, "/why")
    desk.solve(three)
    desk.later(10)
    found, third = _touched(desk, second)
    assert {two.ticket, three.ticket} <= found
    assert _touched(desk, cursor)[0] >= {one.ticket, two.ticket, three.ticket}, "an old cursor misses nothing"
    desk.later(10)
    assert _touched(desk, third)[0] == set(), "a quiet helpdesk costs nothing"


def test_polling_never_stands_still(desk: Desk) -> None:
    _, cursor = _touched(desk, None)
    tickets = [desk.open_ticket(number) for number in range(1, 9)]
    for turn in range(20):
        for ticket in tickets:
            desk.agent_note(ticket, f"note {turn}")
    desk.later(10)
    found, _ = _touched(desk, cursor)
    assert found == {ticket.ticket for ticket in tickets}


def test_polling_after_four_weeks_names_all_that_changed(desk: Desk) -> None:
    _, cursor = _touched(desk, None)
    tickets = []
    for number in range(1, 85):
        desk.later(8 * 60)
        tickets.append(desk.open_ticket(number))
        desk.agent_reply(tickets[-1], "Hello")
        desk.agent_note(tickets[number // 2], "still open")
    desk.later(10)
    found, there = _touched(desk, cursor)
    assert found == {ticket.ticket for ticket in tickets}
    desk.agent_note(tickets[0], "after all")
    desk.later(10)
    assert tickets[0].ticket in _touched(desk, there)[0]


def test_polling_sees_merges(desk: Desk) -> None:
    ticket, survivor = desk.open_ticket(1), desk.open_ticket(2)
    desk.later(10)
    _, cursor = _touched(desk, None)
    _, cursor = _touched(desk, cursor)
    desk.later(10)
    desk.merge(ticket, survivor)
    desk.later(10)
    assert ticket.ticket in _touched(desk, cursor)[0]


# -- the scripted world's own soundness --------------------------------------------------------------------------------


def test_a_dumped_desk_goes_on(desk: Desk) -> None:
    ticket = desk.open_ticket()
    key = desk.agent_reply(ticket, "Hello Kim")
    other = Desk(name=desk.name, clock=desk.clock)
    other.twin.load(desk.twin.dump())
    assert [reply.key for reply in other.activity(ticket).replies] == [key]
    assert other.entries(ticket) == desk.entries(ticket)
    other.add(ticket, "Thanks")
    assert len(desk.entries(ticket)) == 2
