"""What is special to Request Tracker: places in its list of transactions, names, texts, searches, rights."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from careloop.twins.base import Fault
from chalicelib.connectors.helpdesks.rt import bodies, queries, reading
from chalicelib.connectors.helpdesks.rt.client import Client
from chalicelib.connectors.helpdesks.rt.reading import Row
from chalicelib.connectors.helpdesks.rt.spec import SPEC
from chalicelib.connectors.helpdesks.rt.tickets import PAGE
from chalicelib.connectors.helpdesks.rt.touched import PAGES
from chalicelib.connectors.toolkit.payload import Reader
from chalicelib.connectors.toolkit.window import MOST_SEEN, OVERLAP, Window, read_window
from chalicelib.core.account import Connection, ConnectionKind
from chalicelib.core.errors import ConfigurationError, CredentialsError, TicketClosedError
from chalicelib.core.events import Visibility
from chalicelib.core.ids import AuthorId, AuthorKey, ContactId, ContactRef, Cursor
from chalicelib.core.people import Contact
from chalicelib.core.ticket import TicketStatus
from chalicelib.ports.helpdesk import HelpdeskContext
from tests.contracts.desks import Desk, case_id, noted, said, someone
from tests.fakes.clock import NOON, FrozenClock
from tests.fakes.http import ScriptedHttp
from tests.fakes.sessions import MemorySessions


@pytest.fixture
def desk() -> Desk:
    return Desk(name="rt")


def client_with(desk: Desk, **options: str) -> Client:
    connection = Connection(
        kind=ConnectionKind.HELPDESK,
        name="desk",
        connector="rt",
        options={"base_url": "https://rt.example.com", "queue": "Social", **options},
    )
    return Client(
        HelpdeskContext(
            connection=connection,
            credentials={"token": desk.twin.token},
            http=desk.http,
            clock=desk.clock,
            sessions=MemorySessions(),
        )
    )


# -- places in the list of transactions --------------------------------------------------------------------------------


@given(st.lists(st.tuples(st.integers(0, 600), st.integers(0, 1200)), min_size=1, max_size=120), st.integers(0, 2**32))
def test_nothing_is_missed_or_told_twice_however_late_it_becomes_visible(
    made: list[tuple[int, int]], seed: int
) -> None:
    """Transactions get ids in order of their beginning and are visible from their commit on, at most as much later as
    the overlap allows; somebody looks again and again."""
    chance = random.Random(seed)
    begun = sorted(begin for begin, _ in made)
    rows = [
        (number, NOON + timedelta(seconds=begin), begin + min(late, int(OVERLAP.total_seconds())))
        for number, (begin, (_, late)) in enumerate(zip(begun, made, strict=True), start=1)
    ]
    window, told, now = Window(), list[int](), 0
    while now < 3000:
        now += chance.randint(1, 400)
        while True:
            seen = [(number, at) for number, at, visible in rows if visible <= now and number > window.after]
            page = seen[: PAGES * PAGE]
            told += [number for number, _ in page if not window.has(number)]
            window = read_window(window.moved(page).cursor)
            if len(page) < PAGES * PAGE:
                break
    assert sorted(told) == [number for number, _, _ in rows]


@given(st.lists(st.tuples(st.integers(1, 10**6), st.integers(0, 10**5)), max_size=400, unique_by=lambda item: item[0]))
def test_a_window_stays_small_and_only_moves_forward(rows: list[tuple[int, int]]) -> None:
    window = Window(after=500)
    moved = window.moved((number, NOON + timedelta(seconds=at)) for number, at in rows)
    assert moved.after >= window.after
    assert len(moved.seen) <= MOST_SEEN
    assert all(number > moved.after for number in moved.seen)
    assert all(moved.has(number) for number, _ in rows), "what was listed is dealt with"
    assert read_window(moved.cursor) == moved
    assert len(moved.cursor) < 2000


def test_quiet_times_need_no_memory() -> None:
    rows = [(number, NOON + timedelta(hours=number)) for number in range(1, 20)]
    assert Window().moved(rows).cursor == "18|19"
    assert Window(after=7).moved([]).cursor == "7"


@given(st.text(max_size=60))
def test_any_text_can_stand_where_a_cursor_should(text: str) -> None:
    assert read_window(Cursor(text)).after >= 0


# -- names -------------------------------------------------------------------------------------------------------------

ids = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), min_size=1, max_size=200)


@given(ids, ids)
def test_names_are_plain_and_tell_people_apart(one: str, other: str) -> None:
    first, second = (bodies.user_name(AuthorKey(platform="x", author=AuthorId(item))) for item in (one, other))
    for name in (first, second):
        assert name == name.lower()
        assert len(name) <= 120
        assert not name.isdigit()
        assert name.isascii()
        assert not set(name) - set("abcdefghijklmnopqrstuvwxyz0123456789._-")
    assert (first == second) == (one == other)


def test_capitals_make_other_people(desk: Desk) -> None:
    assert desk.person(someone("AbC")) != desk.person(someone("abc"))


def test_a_numeric_id_is_never_a_bare_name() -> None:
    assert bodies.user_name(AuthorKey(platform="facebook", author=AuthorId("1234"))) == "facebook-1234"


def test_an_address_that_somebody_has_stays_theirs(desk: Desk) -> None:
    desk.twin.world.add_user("kim", "Kim herself", email="kim@example.com")
    contact = Contact(ref=ContactRef(crm="crm", contact=ContactId("7")), name="Kim", emails=("kim@example.com",))
    client = client_with(desk, copy_email="true")
    assert client.ensure_person(someone(), contact).person == "facebook-1234"
    assert desk.twin.world.find_user("facebook-1234")["email"] == ""
    linked = client.ensure_person(someone("9"), replace(contact, emails=("new@example.com",))).person
    assert linked == bodies.user_name(someone("9").key, contact)
    assert desk.twin.world.find_user(linked)["email"] == "new@example.com"


def test_whoever_is_not_the_contact_after_all_is_another_person_without_the_address(desk: Desk) -> None:
    contact = Contact(ref=ContactRef(crm="crm", contact=ContactId("7")), name="Kim", emails=("kim@example.com",))
    client = client_with(desk, copy_email="true")
    plain, linked = client.ensure_person(someone(), None), client.ensure_person(someone(), contact)
    ticket = client.create_ticket(replace(desk.draft(), requester=plain))
    client.set_requester(ticket, linked)
    assert desk.twin.world.ticket(ticket.ticket)["requestors"] == [linked.person]
    client.set_requester(ticket, client.ensure_person(someone(), None))
    assert desk.twin.world.ticket(ticket.ticket)["requestors"] == [plain.person]
    assert desk.twin.world.find_user(plain.person)["email"] == ""


# -- what is written ---------------------------------------------------------------------------------------------------


@given(st.text(max_size=300))
def test_a_mark_is_fit_for_a_header_and_survives_it(external_id: str) -> None:
    mark = bodies.mark(external_id)
    header = f"Content-Type: text/plain; careloop={mark}; charset=utf-8"
    found = reading.part(Reader({"id": 1, "Headers": f"MIME-Version: 1.0\n{header}\nContent-Length: 3"}, ""))
    assert found.mark == mark
    assert (bodies.mark(mark), len(mark) <= 100) == (mark, True)


def test_only_a_parameter_of_the_media_type_is_a_mark() -> None:
    for headers in (
        "Subject: Content-Type: text/plain; careloop=abc",
        "Content-Type: text/plain\nX-Other: ; careloop=abc",
        "Content-Type: text/plain; xcareloop=abc",
    ):
        assert reading.part(Reader({"id": 1, "Headers": headers}, "")).mark is None


def test_the_words_name_whose_they_are() -> None:
    comment = said("Where is\nmy parcel?", "e1", Desk(name="rt").person())
    assert bodies.words(comment) == "From Kim Lee (@kim.lee):\n\nWhere is\nmy parcel?"
    assert bodies.words(replace(comment, author_label="Kim\nLee")) == "From Kim Lee:\n\nWhere is\nmy parcel?"
    assert bodies.words(replace(comment, visibility=Visibility.INTERNAL)) == "Where is\nmy parcel?"
    assert bodies.words(replace(comment, author_label=None, source_url="https://x.example/1")).endswith(
        "?\n\nhttps://x.example/1"
    )


def test_bodies_are_equal_for_equal_input(desk: Desk) -> None:
    options = {"queue": "Social", "field.platform": "Network"}
    assert bodies.ticket(desk.draft(), options) == bodies.ticket(desk.draft(), options)


def test_an_entry_whose_custom_field_was_not_filled_in_is_found(desk: Desk) -> None:
    """The server stopped between message and custom field."""
    ticket = desk.open_ticket()
    desk.add(ticket, "Any news?")
    (row,) = [item for item in desk.twin.world.data["transactions"] if item["fields"]]
    row["fields"].clear()
    assert desk.client.find_comment(ticket, "added1") == str(row["id"])


def test_without_the_custom_field_everything_works(desk: Desk) -> None:
    desk.twin.world.data["transaction_fields"] = []
    client = client_with(desk, message_field="")
    person = desk.person()
    ticket = desk.open_ticket()
    key = client.add_comment(ticket, said("Any news?", "e7", person))
    assert client.find_comment(ticket, "e7") == key
    assert client.fetch_activity(ticket, None).replies == ()
    assert "Social" in client.probe()


# -- what agents did ---------------------------------------------------------------------------------------------------


def _data(**more: Any) -> Reader:
    plain = {"id": "7", "ObjectId": "42", "Created": "2026-11-20T12:00:00Z", "Creator": {"id": "Ana"}}
    return Reader({**plain, **more}, "")


@given(st.one_of(st.none(), st.text(max_size=30), st.integers(), st.lists(st.text(max_size=3), max_size=2)))
def test_only_correspondence_is_public(kind: Any) -> None:
    assert reading.row(_data(Type=kind), "M").visibility is Visibility.INTERNAL or kind == "Correspond"
    assert reading.row(_data(Type="Correspond"), "M").visibility is Visibility.PUBLIC
    assert reading.row(_data(), "M").visibility is Visibility.INTERNAL


def test_an_agent_who_asked_is_no_agent_on_their_own_ticket(desk: Desk) -> None:
    ticket = desk.open_ticket()
    desk.twin.world.ticket(ticket.ticket)["requestors"].append("ana")
    desk.agent_reply(ticket, "I wonder too")
    assert desk.activity(ticket).replies == ()


def test_somebody_who_became_an_agent_is_one(desk: Desk) -> None:
    ticket = desk.open_ticket()
    desk.twin.world.add_user("newcomer", "New Comer")
    desk.twin.agent_note(ticket.ticket, "/why", agent="newcomer")
    assert desk.activity(ticket).replies == ()
    desk.twin.world.find_user("newcomer")["privileged"] = True
    assert [reply.agent.name for reply in desk.activity(ticket).replies] == ["New Comer"]


def test_a_reply_typed_as_html_with_a_file(desk: Desk) -> None:
    ticket = desk.open_ticket()
    desk.twin.agent_reply(ticket.ticket, html="<p>Größe &amp; mehr</p>", files={"label ü.png": b"\x89PNG"})
    (reply,) = desk.activity(ticket).replies
    assert (reply.text, reply.html) == ("", "<p>Größe &amp; mehr</p>")
    assert [(item.title, item.size, item.kind) for item in reply.attachments] == [("label ü.png", 4, "image")]


def test_a_long_history_is_read_page_by_page(desk: Desk) -> None:
    ticket = desk.open_ticket()
    keys = [desk.agent_note(ticket, f"note {number}") for number in range(230)]
    assert [reply.key for reply in desk.activity(ticket).replies] == keys


def test_a_mark_far_back_is_found(desk: Desk) -> None:
    ticket = desk.open_ticket()
    for number in range(120):
        desk.agent_note(ticket, f"note {number}")
    assert desk.client.find_comment(ticket, "entry1x0") is not None


def test_who_we_are_is_asked_once_for_all_workers(desk: Desk) -> None:
    ticket = desk.open_ticket()
    desk.agent_note(ticket, "/why")
    for _ in range(3):
        desk.another_client().fetch_activity(ticket, None)
    assert sum(line.endswith("/user/30") for line in desk.twin.calls) == 1
    assert [session.values for session in desk.sessions.sessions.values()] == [{"user": "careloop"}]


def test_a_token_that_tells_nothing_needs_the_option(desk: Desk) -> None:
    ticket = desk.open_ticket()
    desk.twin.world.write(desk.twin.world.ticket(ticket.ticket), "Comment", {"Content": "unmarked"}, "careloop")
    desk.twin.token = "2-abcdef"
    with pytest.raises(ConfigurationError, match="option user"):
        client_with(desk).fetch_activity(ticket, None)
    assert client_with(desk, user="careloop").fetch_activity(ticket, None).replies == ()


# -- merges ------------------------------------------------------------------------------------------------------------


@given(st.permutations(list(range(1, 7))), st.integers(0, 4))
def test_a_story_follows_its_own_merges_only(order: list[int], start: int) -> None:
    """Tickets are merged in a chain; beside it others come in."""
    at = datetime(2026, 11, 20, tzinfo=UTC)
    merges = [
        Row(id=100 + number, ticket=str(one), type="AddLink", creator="ana", at=at, merged_into=str(two))
        for number, (one, two) in enumerate(pairwise(order))
    ]
    strangers = [replace(item, id=item.id + 50, ticket=f"9{item.ticket}") for item in merges]
    found = reading.story(str(order[start]), str(order[-1]), [*strangers, *merges])
    assert list(found) == [str(item) for item in order[start:]]
    assert list(found.values()) == [0, *(100 + number for number in range(start, 5))]


def test_entries_of_a_ticket_merged_into_ours_were_for_somebody_else(desk: Desk) -> None:
    ticket, other = desk.open_ticket(1), desk.open_ticket(2)
    desk.agent_reply(other, "To Sam alone")
    desk.merge(other, ticket)
    key = desk.agent_reply(ticket, "To both")
    assert [reply.key for reply in desk.activity(ticket).replies] == [key]


# -- searches ----------------------------------------------------------------------------------------------------------


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), min_size=1, max_size=40))
def test_any_case_id_is_found_and_no_other(value: str) -> None:
    desk = Desk(name="rt")
    draft = replace(desk.draft(), external_id=value)  # type: ignore[arg-type]
    ticket = desk.client.create_ticket(draft)
    assert desk.client.find_ticket(value) == ticket
    assert desk.client.find_ticket(value + "x") is None
    assert desk.client.find_ticket("' OR id > 0 OR Subject = '") is None


def test_a_quote_in_a_queue_stays_in_its_quotes() -> None:
    assert queries.changes(["it's \\"], None).count("TicketQueue = 'it\\'s \\\\'") == 1


def test_moved_tickets_are_polled_where_they_went(desk: Desk) -> None:
    client = client_with(desk, queues="Social, Billing")
    ticket = desk.open_ticket()
    desk.twin.world.ticket(ticket.ticket)["queue"] = "Billing"
    cursor = client.touched_since(None).cursor
    desk.agent_note(ticket, "/why")
    assert [hint.ticket for hint in client.touched_since(cursor).hints] == [ticket.ticket]
    assert client_with(desk).touched_since(cursor).hints == ()


# -- statuses and rights -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "meaning"),
    [
        ("new", TicketStatus.OPEN),
        ("stalled", TicketStatus.PENDING),
        ("resolved", TicketStatus.SOLVED),
        ("rejected", TicketStatus.SOLVED),
        ("deleted", TicketStatus.CLOSED),
    ],
)
def test_statuses_of_the_default_lifecycle(desk: Desk, status: str, meaning: TicketStatus) -> None:
    ticket = desk.open_ticket()
    desk.twin.set_status(ticket.ticket, status)
    assert desk.activity(ticket).status is meaning


def test_a_rejected_ticket_comes_back_unless_the_options_say_no(desk: Desk) -> None:
    ticket = desk.open_ticket()
    desk.twin.set_status(ticket.ticket, "rejected")
    comment = said("Hello?", "e9", desk.person(), reopen=True)
    with pytest.raises(TicketClosedError):
        client_with(desk, closed_statuses="rejected").add_comment(ticket, comment)
    desk.client.add_comment(ticket, comment)
    assert desk.activity(ticket).status is TicketStatus.OPEN


@pytest.mark.parametrize(
    ("right", "advice"),
    [
        ("AdminUsers", "AdminUsers"),
        ("CreateTicket", "CreateTicket"),
        ("ReplyToTicket", "ReplyToTicket"),
        ("CommentOnTicket", "CommentOnTicket"),
        ("ModifyTicket", "ModifyTicket"),
        ("ShowTicket", "credentials"),
    ],
)
def test_a_missing_right_is_named(desk: Desk, right: str, advice: str) -> None:
    ticket, person = desk.open_ticket(), desk.person()
    desk.twin.world.data["rights"].remove(right)
    calls = {
        "AdminUsers": lambda: desk.person(someone("77")),
        "CreateTicket": lambda: desk.client.create_ticket(replace(desk.draft(), external_id=case_id(5))),
        "ReplyToTicket": lambda: desk.client.add_comment(ticket, said("Hello?", "e9", person)),
        "CommentOnTicket": lambda: desk.client.add_comment(ticket, noted("Brief", "e9")),
        "ModifyTicket": lambda: desk.client.set_requester(ticket, desk.person(someone("77"))),
        "ShowTicket": lambda: desk.activity(ticket),
    }
    with pytest.raises(CredentialsError) as refused:
        calls[right]()
    assert advice in refused.value.advice


def test_a_server_that_is_down_is_asked_again_later(desk: Desk) -> None:
    ticket = desk.open_ticket()
    desk.twin.faults.append(Fault(pattern="history", status=502, body=b"<html>Bad gateway</html>"))
    with pytest.raises(Exception, match="502"):
        desk.activity(ticket)
    assert desk.activity(ticket).status is TicketStatus.OPEN


@pytest.mark.parametrize("options", [{}, {"base_url": " "}, {"base_url": "rt.example.com"}, {"base_url": "ftp://x"}])
def test_an_address_is_needed(options: dict[str, str]) -> None:
    connection = Connection(kind=ConnectionKind.HELPDESK, name="desk", connector="rt", options=options)
    context = HelpdeskContext(
        connection=connection,
        credentials={"token": "1-35-0123456789abcdef0123456789abcdef"},
        http=ScriptedHttp([]),
        clock=FrozenClock(),
        sessions=MemorySessions(),
    )
    with pytest.raises(ConfigurationError):
        Client(context)
    with pytest.raises(ConfigurationError, match="token"):
        Client(replace(context, connection=replace(connection, options={"base_url": "https://x"}), credentials={}))


def test_the_address_may_be_that_of_the_api(desk: Desk) -> None:
    client = client_with(desk, base_url="https://rt.example.com/REST/2.0/")
    assert "Social" in client.probe()
    assert client.ticket_url("42") == "https://rt.example.com/Ticket/Display.html?id=42"  # type: ignore[arg-type]


def test_the_data_sheet_says_what_rt_is() -> None:
    assert not SPEC.capabilities.acts_as_customer
    assert not SPEC.capabilities.closed_is_final
