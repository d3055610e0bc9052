"""Zendesk's connector over its twin: what only shows when several calls come together."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from careloop.twins.base import Fault
from careloop.twins.zendesk import ZendeskTwin
from chalicelib.connectors.helpdesks.zendesk import reading, removal
from chalicelib.core.errors import (
    ConfigurationError,
    CredentialsError,
    NotFoundError,
    OutcomeUnknownError,
    RateLimitedError,
    TicketClosedError,
    TicketMovedError,
    UnavailableError,
)
from chalicelib.core.events import HelpdeskHint, Visibility
from chalicelib.core.ids import AuthorId, AuthorKey, ContactId, ContactRef, Cursor, TicketId, TicketRef
from chalicelib.core.people import Author, Contact
from chalicelib.core.ticket import TicketStatus
from chalicelib.ports.helpdesk import HelpdeskClient, ProbesHelpdesk, TicketLinks
from tests.unit.connectors.zendesk_desk import CREDENTIALS, KIM, SITE, Desk, case_id, note, says

LEE = Author(key=AuthorKey(platform="x", author=AuthorId("99")), handle="lee")


def test_the_client_has_every_ability_of_a_helpdesk() -> None:
    client: HelpdeskClient = Desk().client
    assert isinstance(client, TicketLinks)
    assert isinstance(client, ProbesHelpdesk)


# -- how many calls ----------------------------------------------------------------------------------------------------


def test_calls_for_a_first_message_a_further_one_and_a_reply() -> None:
    desk = Desk()
    draft = desk.draft()
    ticket = desk.client.create_ticket(draft)
    desk.client.add_comment(ticket, note("Careloop brief", "brief"))
    assert desk.calls() == ["POST /users/create_or_update", "POST /tickets", "PUT /tickets/1001"]
    desk.client.add_comment(ticket, says("Hello?", draft.requester, "e2", reopen=True))
    assert desk.calls() == ["PUT /tickets/1001"]
    first = desk.client.fetch_activity(ticket, None)
    assert desk.calls() == ["GET /tickets/1001", "GET /tickets/1001/comments"]
    desk.twin.agent_reply(ticket.ticket, "On its way.")
    seen = desk.client.fetch_activity(ticket, first.cursor)
    assert [reply.text for reply in seen.replies] == ["On its way."]
    assert desk.calls() == ["GET /tickets/1001", "GET /tickets/1001/comments", "GET /users/me"]
    desk.another_client().fetch_activity(ticket, first.cursor)
    assert desk.calls() == ["GET /tickets/1001", "GET /tickets/1001/comments"], "who we are is remembered"


def test_who_we_are_is_asked_again_for_other_credentials() -> None:
    desk = Desk()
    ticket = desk.open_ticket()
    desk.twin.agent_reply(ticket.ticket, "On its way.")
    desk.client.fetch_activity(ticket, None)
    assert next(iter(desk.sessions.sessions.values())).values == {"user_id": str(desk.twin.integration)}
    assert all("token" not in name for name in desk.sessions.sessions)
    desk.calls()
    desk.another_client(base_url="https://acme.zendesk.com/api/v2/").fetch_activity(ticket, None)
    assert "GET /users/me" not in desk.calls(), "the same account by another spelling"


# -- people ------------------------------------------------------------------------------------------------------------


def test_the_same_author_is_the_same_person_whatever_the_case_of_the_id() -> None:
    desk = Desk()
    upper = replace(KIM, key=AuthorKey(platform="facebook", author=AuthorId("AbC")))
    lower = replace(KIM, key=AuthorKey(platform="facebook", author=AuthorId("abc")))
    assert desk.person(upper) == desk.person(lower) == desk.person(upper)
    assert desk.person(LEE) != desk.person(upper)


def test_a_person_changed_too_often_is_found_all_the_same() -> None:
    desk = Desk()
    people = {desk.person() for _ in range(8)}
    assert len(people) == 1
    assert "GET /users/search" in desk.calls()


def test_an_email_is_copied_only_when_asked_for_and_never_taken_from_somebody() -> None:
    contact = Contact(ref=ContactRef(crm="crm", contact=ContactId("1")), name="Kim", emails=("kim@example.com",))
    quiet = Desk()
    quiet.client.ensure_person(KIM, contact)
    assert quiet.twin.world.find_user(email="kim@example.com") is None
    desk = Desk(options={"copy_email": "TRUE"})
    person = desk.client.ensure_person(KIM, contact)
    found = desk.twin.world.find_user(email="kim@example.com")
    assert found is not None
    assert str(found["id"]) == person.person
    other = desk.client.ensure_person(LEE, contact)
    assert other != person
    desk.calls()
    desk.client.ensure_person(KIM, contact)
    assert desk.calls() == ["POST /users/create_or_update"], "somebody with an address is left alone"


def test_an_agent_who_writes_on_a_platform_is_not_turned_into_an_end_user() -> None:
    desk = Desk()
    person = desk.person()
    desk.twin.world.data["users"][person.person]["role"] = "agent"
    ticket = desk.open_ticket()
    assert desk.twin.world.user(person.person)["role"] == "agent"
    desk.client.add_comment(ticket, says("It is me again", person, "e2"))
    assert desk.client.fetch_activity(ticket, None).replies == (), "what the requester wrote is no answer"


def test_names_that_are_no_names() -> None:
    desk = Desk()
    for name in ("  \n ", "x" * 400, "{{ticket.id}} {% raw %}"):
        person = desk.person(replace(KIM, key=AuthorKey(platform="x", author=AuthorId(name[:9])), display_name=name))
        stored = desk.twin.world.user(person.person)["name"]
        assert 0 < len(stored) <= 255
        assert "{{" not in stored
        assert "{%" not in stored


# -- tickets and comments ----------------------------------------------------------------------------------------------


def test_creating_twice_with_one_key_leads_to_one_ticket() -> None:
    desk = Desk()
    draft = desk.draft()
    first = desk.client.create_ticket(draft)
    assert desk.client.create_ticket(draft) == first
    assert desk.client.create_ticket(replace(draft, subject="Other words")) == first
    desk.clock.advance(hours=3)
    assert desk.client.find_ticket(draft.external_id) == first
    assert desk.client.create_ticket(draft) != first, "the key is forgotten after two hours: look before"
    assert desk.client.find_ticket(draft.external_id) == first, "of several the oldest"


def test_an_answer_that_got_lost_is_found_again() -> None:
    desk = Desk()
    draft = desk.draft()
    desk.twin.faults.append(Fault(pattern="POST /api/v2/tickets", status=0, before=False))
    with pytest.raises(UnavailableError):
        desk.client.create_ticket(draft)
    ticket = desk.client.find_ticket(draft.external_id)
    assert ticket is not None
    desk.twin.faults.append(Fault(pattern="PUT /api/v2/tickets", status=0, before=False))
    comment = says("Hello?", draft.requester, "e2")
    with pytest.raises(OutcomeUnknownError):
        desk.client.add_comment(ticket, comment)
    found = desk.client.find_comment(ticket, "e2")
    assert found is not None
    assert desk.texts(ticket)[-1] == ("Kim Lee", True, "Hello?")
    assert desk.client.find_comment(ticket, "e3") is None


@pytest.mark.parametrize("shows_metadata", [True, False], ids=["comments show marks", "only audits show marks"])
def test_a_comment_is_found_on_a_long_ticket(shows_metadata: bool) -> None:
    desk = Desk()
    ticket = desk.open_ticket()
    wanted = desk.client.add_comment(ticket, note("The one", "the-one"))
    for _ in range(230):
        desk.twin.agent_note(ticket.ticket, "filler")
    if not shows_metadata:
        for item in desk.twin.world.comments(ticket.ticket):
            item["metadata"] = {"system": {}}
    assert desk.client.find_comment(ticket, "the-one") == wanted
    assert desk.client.find_comment(ticket, "another") is None


def test_equal_words_are_not_taken_for_an_earlier_attempt() -> None:
    desk = Desk()
    ticket = desk.open_ticket(text="hello?")
    assert desk.client.find_comment(ticket, "entry-1-0") is not None
    assert desk.client.find_comment(ticket, "entry-1-1") is None


def test_the_first_comment_is_the_customers_and_notes_stay_notes() -> None:
    desk = Desk()
    ticket = desk.open_ticket()
    desk.client.add_comment(ticket, note("Careloop brief", "brief"))
    assert desk.texts(ticket) == [("Kim Lee", True, "Where is my parcel?"), ("Careloop", False, "Careloop brief")]
    shown = desk.twin.snapshot()["tickets"][0]
    assert shown["requester"]["external_id"] == "facebook:1234"
    assert shown["tags"] == ["careloop", "facebook"]
    assert shown["external_id"] == case_id()


def test_a_customers_words_arrive_as_they_were_written() -> None:
    desk = Desk()
    words = "1. **not bold** _nor this_\n\n<b>& \"quotes\" 'too' {{ticket.id}} {% raw %}\n\thttps://a.example/x?y=1&z=2. Ende 😀"
    ticket = desk.open_ticket(text=words)
    assert desk.texts(ticket)[0][2] == words
    markup = desk.twin.world.comments(ticket.ticket)[0]["html_body"]
    assert "{{" not in markup
    assert "{%" not in markup
    assert '<a href="https://a.example/x?y=1&amp;z=2">' in markup
    assert "<b>" not in markup


def test_solved_is_reopened_and_closed_is_final() -> None:
    desk = Desk()
    draft = desk.draft()
    ticket = desk.client.create_ticket(draft)
    desk.twin.solve(ticket.ticket)
    desk.client.add_comment(ticket, says("Not solved", draft.requester, "e2"))
    assert desk.status(ticket) == "solved", "Zendesk does not reopen by itself"
    desk.client.add_comment(ticket, says("Not solved", draft.requester, "e3", reopen=True))
    assert desk.status(ticket) == "open"
    desk.twin.close(ticket.ticket)
    with pytest.raises(TicketClosedError):
        desk.client.add_comment(ticket, says("Hello?", draft.requester, "e4", reopen=True))
    following = desk.client.create_ticket(replace(draft, external_id=case_id(2), follow_up_of=ticket))
    assert following != ticket
    assert desk.twin.snapshot()["tickets"][1]["followup_source_id"] == int(ticket.ticket)


def test_a_deleted_ticket_counts_as_closed() -> None:
    desk = Desk()
    ticket = desk.open_ticket()
    desk.twin.delete(ticket.ticket)
    with pytest.raises(TicketClosedError):
        desk.client.add_comment(ticket, note("Hello", "n"))
    with pytest.raises(NotFoundError):
        desk.client.fetch_activity(ticket, None)
    assert desk.client.find_ticket(case_id()) is None


def test_a_busy_ticket_makes_us_wait() -> None:
    desk = Desk()
    ticket = desk.open_ticket()
    for number in range(30):
        desk.client.add_comment(ticket, note("n", f"n{number}"))
    desk.clock.advance(seconds=100)
    with pytest.raises(RateLimitedError) as caught:
        desk.client.add_comment(ticket, note("n", "n30"))
    assert caught.value.retry_after == 500.0
    desk.clock.advance(seconds=500)
    desk.client.add_comment(ticket, note("n", "n30"))


def test_a_person_who_was_merged_away_writes_as_the_requester() -> None:
    desk = Desk()
    old = desk.person()
    ticket = desk.open_ticket()
    survivor = desk.twin.world.add_user("Kim L. Lee", email="kim@example.com")
    desk.twin.world.data["users"][old.person]["active"] = False
    desk.twin.world.ticket(ticket.ticket)["requester_id"] = survivor["id"]
    desk.client.add_comment(ticket, says("Still me", old, "e2"))
    assert desk.texts(ticket)[-1] == ("Kim L. Lee", True, "Still me")


# -- what agents did ---------------------------------------------------------------------------------------------------


def test_only_agents_entries_are_listed_and_each_once() -> None:
    desk = Desk()
    draft = desk.draft()
    ticket = desk.client.create_ticket(draft)
    desk.client.add_comment(ticket, note("Careloop brief", "brief"))
    desk.twin.customer_reply(ticket.ticket, "By mail: hello?")
    reply = desk.twin.agent_reply(ticket.ticket, html="<p>On <b>its</b> way</p>", status="pending")
    desk.twin.agent_note(ticket.ticket, "/private")
    seen = desk.client.fetch_activity(ticket, None)
    assert [(item.key, item.visibility, item.text) for item in seen.replies] == [
        (str(reply), Visibility.PUBLIC, "On its way"),
        (str(reply + 3), Visibility.INTERNAL, "/private"),
    ]
    assert "<b>its</b>" in seen.replies[0].html
    assert seen.replies[0].agent.name == "Ana Agent"
    assert seen.status is TicketStatus.PENDING
    assert seen.external_id == case_id()
    assert seen.url == f"{SITE}/agent/tickets/{ticket.ticket}"
    again = desk.client.fetch_activity(ticket, seen.cursor)
    assert again.replies == ()
    assert again.cursor == seen.cursor


def test_without_visible_marks_our_notes_are_known_by_their_author() -> None:
    desk = Desk()
    ticket = desk.open_ticket()
    desk.client.add_comment(ticket, note("/help would be a command", "n"))
    for item in desk.twin.world.comments(ticket.ticket):
        item["metadata"] = {"system": {}}
    assert desk.client.fetch_activity(ticket, None).replies == ()


def test_what_was_made_private_or_redacted_is_read_as_it_is_now() -> None:
    desk = Desk()
    ticket = desk.open_ticket()
    reply = desk.twin.agent_reply(ticket.ticket, "Your card is 4111")
    desk.twin.make_private(ticket.ticket, reply)
    desk.twin.redact(ticket.ticket, reply, "4111")
    (found,) = desk.client.fetch_activity(ticket, None).replies
    assert found.visibility is Visibility.INTERNAL
    assert found.text == "Your card is ▇▇▇▇"


def test_hundreds_of_entries_are_read_page_by_page() -> None:
    desk = Desk()
    ticket = desk.open_ticket()
    keys = [desk.twin.agent_reply(ticket.ticket, f"part {number}") for number in range(205)]
    desk.calls()
    seen = desk.client.fetch_activity(ticket, None)
    assert [reply.key for reply in seen.replies] == [str(key) for key in keys]
    assert desk.calls().count("GET /tickets/1001/comments") == 3
    late = desk.client.fetch_activity(ticket, Cursor(str(keys[-3])))
    assert [reply.text for reply in late.replies] == ["part 203", "part 204"]
    assert desk.calls().count("GET /tickets/1001/comments") == 1


def test_status_and_its_time() -> None:
    desk = Desk()
    ticket = desk.open_ticket()
    desk.clock.advance(hours=1)
    desk.twin.solve(ticket.ticket)
    solved_at = desk.clock.now()
    desk.clock.advance(days=2)
    seen = desk.client.fetch_activity(ticket, None)
    assert (seen.status, seen.status_changed_at) == (TicketStatus.SOLVED, solved_at)


def test_a_cursor_never_goes_back() -> None:
    desk = Desk()
    ticket = desk.open_ticket()
    ahead = Cursor("2299999999999")
    assert desk.client.fetch_activity(ticket, ahead).cursor == ahead


# -- merges ------------------------------------------------------------------------------------------------------------


def merged_desk() -> tuple[Desk, TicketRef, TicketRef]:
    """Our ticket merged into one that came by mail, with an answer before and one after."""
    desk = Desk()
    ours = desk.open_ticket()
    mailer = desk.twin.world.add_user("Kim by mail", email="kim@example.com")["id"]
    theirs, _ = desk.twin.desk.create(
        {"subject": "Parcel?", "requester_id": mailer, "comment": {"body": "By mail", "author_id": mailer}},
        desk.twin.agent,
        {"channel": "email", "source": {"from": {}, "to": {}, "rel": None}},
    )
    survivor = TicketRef(helpdesk="support", ticket=TicketId(str(theirs["id"])))
    desk.twin.agent_reply(survivor.ticket, "Only for the mail")
    desk.twin.agent_reply(ours.ticket, "Before the merge")
    desk.twin.merge(ours.ticket, survivor.ticket)
    desk.twin.agent_reply(survivor.ticket, "After the merge")
    return desk, ours, survivor


def test_a_merged_ticket_goes_on_at_the_survivor() -> None:
    desk, ours, survivor = merged_desk()
    seen = desk.client.fetch_activity(ours, None)
    public = [item.text for item in seen.replies if item.visibility is Visibility.PUBLIC]
    assert public == ["Before the merge", "After the merge"], "nothing that was meant for others, no words of the merge"
    assert seen.ticket == survivor
    assert seen.status is TicketStatus.OPEN
    assert seen.external_id == case_id()
    assert desk.client.fetch_activity(survivor, seen.cursor).replies == ()
    assert desk.client.fetch_activity(ours, seen.cursor).ticket == survivor


def test_a_survivor_is_taken_over_so_that_we_hear_of_it() -> None:
    desk, ours, survivor = merged_desk()
    desk.clock.advance(minutes=2)
    assert [hint.ticket for hint in desk.client.touched_since(None).hints] == [ours.ticket]
    desk.calls()
    desk.client.fetch_activity(ours, None)
    assert f"PUT /tickets/{survivor.ticket}/tags" in desk.calls()
    desk.client.fetch_activity(ours, None)
    assert f"PUT /tickets/{survivor.ticket}/tags" not in desk.calls(), "once"
    desk.clock.advance(minutes=2)
    assert {hint.ticket for hint in desk.client.touched_since(None).hints} == {ours.ticket, survivor.ticket}


def test_a_customers_next_message_is_sent_on_to_the_survivor() -> None:
    desk, ours, survivor = merged_desk()
    with pytest.raises(TicketMovedError) as moved:
        desk.client.add_comment(ours, says("And now?", desk.person(), "e9", reopen=True))
    assert moved.value.survivor == survivor
    desk.client.add_comment(survivor, says("And now?", desk.person(), "e9", reopen=True))
    assert desk.texts(survivor)[-1] == ("Kim Lee", True, "And now?")


def test_merges_are_followed_along_and_never_in_circles() -> None:
    desk = Desk()
    tickets = [desk.open_ticket(number) for number in (1, 2, 3)]
    desk.twin.merge(tickets[0].ticket, tickets[1].ticket)
    desk.twin.merge(tickets[1].ticket, tickets[2].ticket)
    assert desk.client.fetch_activity(tickets[0], None).ticket == tickets[2]
    for number, target in ((0, 1), (1, 0)):
        world = desk.twin.world
        world.ticket(tickets[number].ticket)["tags"] = ["closed_by_merge"]
        for item in world.comments(tickets[number].ticket):
            source = {"from": {"ticket_id": int(tickets[target].ticket)}, "to": {}, "rel": "merge"}
            item["via"] = {"channel": "web", "source": source}
    desk.calls()
    assert desk.client.fetch_activity(tickets[0], None).ticket == tickets[1]
    assert len([call for call in desk.calls() if call.endswith("/comments")]) == 2


def test_the_survivors_own_side_of_a_merge_names_no_survivor() -> None:
    def via(**source: Any) -> dict[str, Any]:
        return {"via": {"channel": "web", "source": {"from": source, "to": {}, "rel": "merge"}}}

    assert reading.merged_into(via(ticket_id=7)) == "7"
    assert reading.merged_into(via(ticket_id="7", subject="x")) == "7"
    assert reading.merged_into(via(ticket_ids=[7])) is None
    assert reading.merged_into(via(ticket_ids=[7], ticket_id=7)) is None
    assert reading.merged_into({"via": {"source": {"from": {}, "to": {"ticket_id": 8}, "rel": "merge"}}}) == "8"
    assert reading.merged_into({"via": {"source": {"from": {"ticket_id": 7}, "to": {}, "rel": "follow_up"}}}) is None


# -- polling -----------------------------------------------------------------------------------------------------------


def test_polling_finds_what_changed_and_goes_on_from_there() -> None:
    desk = Desk()
    ticket = desk.open_ticket()
    start = desk.client.touched_since(None)
    assert start.hints == (), "the last minute is left out"
    desk.clock.advance(seconds=90)
    found = desk.client.touched_since(start.cursor)
    assert found.hints == (HelpdeskHint(ticket=ticket.ticket, reason="poll", case=case_id()),)
    assert desk.client.touched_since(found.cursor).hints == ()
    desk.twin.solve(ticket.ticket)
    desk.clock.advance(seconds=90)
    assert [hint.ticket for hint in desk.client.touched_since(found.cursor).hints] == [ticket.ticket]


def test_polling_takes_repeats_and_a_forgotten_cursor() -> None:
    desk = Desk()
    ticket = desk.open_ticket()
    desk.clock.advance(seconds=90)
    desk.twin.export_repeats = True
    found = desk.client.touched_since(None)
    assert [hint.ticket for hint in desk.client.touched_since(found.cursor).hints] == [ticket.ticket]
    time = found.cursor.partition("|")[0]
    assert [hint.ticket for hint in desk.client.touched_since(Cursor(f"{time}|lost")).hints] == [ticket.ticket]


def test_polling_needs_an_admin_and_says_so() -> None:
    desk = Desk()
    desk.twin.world.data["users"][str(desk.twin.integration)]["role"] = "agent"
    with pytest.raises(CredentialsError) as caught:
        desk.client.touched_since(None)
    assert "admin" in caught.value.advice
    assert "not an admin" in desk.client.probe()


# -- access ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "subdomain",
    [
        "",
        "acme.zendesk.com",
        "acme/",
        "a/b",
        "evil.example/#",
        "acme@evil.example",
        "-acme",
        "acme-",
        "a" * 64,
        "a b",
        "é",
        "acme\nx",
    ],
)
def test_a_subdomain_is_one_label(subdomain: str) -> None:
    with pytest.raises(ConfigurationError):
        Desk(options={"subdomain": subdomain})


@pytest.mark.parametrize("subdomain", ["acme", " ACME ", "a", "a-b-c", "x" * 63, "9lives"])
def test_a_label_is_a_subdomain(subdomain: str) -> None:
    url = Desk(options={"subdomain": subdomain}).client.ticket_url(TicketId("7"))
    assert url == f"https://{subdomain.strip().lower()}.zendesk.com/agent/tickets/7"


def test_base_url_with_or_without_the_path() -> None:
    for base in ("http://127.0.0.1:9/zendesk", "http://127.0.0.1:9/zendesk/", "http://127.0.0.1:9/zendesk/api/v2"):
        client = Desk(options={"base_url": base}).client
        assert client.ticket_url(TicketId("7")) == "http://127.0.0.1:9/zendesk/agent/tickets/7"


def test_a_wrong_token_is_for_a_person_to_mend() -> None:
    desk = Desk()
    client = desk.another_client(credentials={"email": "careloop@acme.example", "api_token": "an-old-token"})
    with pytest.raises(CredentialsError):
        client.probe()
    with pytest.raises(CredentialsError):
        client.find_ticket(case_id())


@pytest.mark.parametrize(
    "credentials",
    [{}, {"email": "a@b.example"}, {"api_token": "t"}, {"email": " ", "api_token": "t"}, {"access_token": "  "}],
)
def test_incomplete_credentials_are_a_configuration_error(credentials: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError):
        Desk().another_client(credentials=credentials)


def test_an_access_token_is_used_when_there_is_one() -> None:
    desk = Desk()
    desk.twin = ZendeskTwin(desk.clock, access_token="an-access-token")
    client = desk.another_client(credentials={**CREDENTIALS, "api_token": "wrong", "access_token": "an-access-token"})
    assert client.probe() == f"signed in to {SITE} as admin {desk.twin.integration}"


def test_an_email_with_the_token_suffix_is_understood() -> None:
    desk = Desk()
    client = desk.another_client(credentials={**CREDENTIALS, "email": "careloop@acme.example/token"})
    assert client.find_ticket(case_id()) is None


def test_ids_can_not_leave_their_place_in_a_path() -> None:
    desk = Desk()
    bad = TicketRef(helpdesk="support", ticket=TicketId("../users/1?x=#"))
    with pytest.raises(NotFoundError):
        desk.client.fetch_activity(bad, None)
    assert desk.calls() == ["GET /tickets/..%2Fusers%2F1%3Fx%3D%23"]


def test_whoever_is_not_the_contact_after_all_is_another_person_without_the_address() -> None:
    contact = Contact(ref=ContactRef(crm="crm", contact=ContactId("7")), name="Kim", emails=("kim@example.com",))
    desk = Desk(options={"copy_email": "true"})
    plain, linked = desk.client.ensure_person(KIM, None), desk.client.ensure_person(KIM, contact)
    ticket = desk.open_ticket()
    for person in (linked, plain, plain):
        desk.client.set_requester(ticket, person)
        assert str(desk.twin.world.ticket(ticket.ticket)["requester_id"]) == person.person
    assert desk.twin.world.user(plain.person)["email"] is None
    desk.twin.close(ticket.ticket)
    with pytest.raises(TicketClosedError):
        desk.client.set_requester(ticket, linked)


@pytest.mark.parametrize(
    ("markup", "struck"),
    [
        ("<p>a &lt; b<br>c</p>", "<p><redact>a &lt; b</redact><br><redact>c</redact></p>"),
        ('<a href="x">y</a>', '<a href="x" redact><redact>y</redact></a>'),
        ('<img src="x"/> ', '<img src="x" redact/> '),
        ("<abbr>y</abbr>", "<abbr><redact>y</redact></abbr>"),
        ("words", "<redact>words</redact>"),
    ],
)
def test_every_word_is_marked_for_striking_out(markup: str, struck: str) -> None:
    assert removal.struck(markup) == struck


@pytest.mark.parametrize(
    ("subject", "words", "left"),
    [
        ("Kim on X: my parcel: where?", "my parcel:\nwhere?", "Kim on X: (removed)"),
        ("Kim on X: my par…", "my parcel", "Kim on X: (removed)"),
        ("Kim on X: direct message", "my parcel", None),
        ("Changed by an agent", "Changed by an agent", None),
    ],
)
def test_a_subject_loses_the_first_message_s_words(subject: str, words: str, left: str | None) -> None:
    assert removal.without_words(subject, words) == left
