"""A customer's message becomes a ticket, later ones are appended, whatever order and faults the world has."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.core.errors import OutcomeUnknownError, RejectedError, UnavailableError
from chalicelib.core.events import MessageDeleted, MessageEdited, Parsed, ThreadInvitation, Visibility
from chalicelib.core.ids import AccountId, AuthorId, AuthorKey, ContactId, ContactRef
from chalicelib.core.people import Author, Contact, SocialHandle
from chalicelib.core.ticket import TicketStatus
from tests.fakes.platform import FakePlatform, spec
from tests.fakes.runtime import World

KIM = Contact(
    ref=ContactRef(crm="crm", contact=ContactId("4711")),
    name="Kim Weber",
    emails=("kim@example.com",),
    social=(SocialHandle(platform="agora", handle="kim"),),
)


def named(platform: str = "agora") -> Author:
    """Kim, whose profile shows the whole name."""
    return Author(key=AuthorKey(platform=platform, author=AuthorId("kim")), handle="kim", display_name="Kim Weber")


def test_a_first_message_becomes_a_ticket_with_a_brief():
    world = World()
    world.arrive(world.message())
    assert world.ticket.customer == ["Where is my parcel?"]
    assert world.ticket.draft.subject == "Kim (@kim) on Agora: Where is my parcel?"
    [brief] = world.ticket.notes
    assert "Who: Kim (@kim) on Agora" in brief
    assert "Customer record: none found." in brief
    assert "Public comment on Agora: https://agora.example/m1" in brief
    assert "Also open: nothing" in brief
    assert world.dispositions() == {"message|agora:brand:m1": "ticketed"}


def test_the_person_is_made_before_the_ticket_and_the_brief_after_it():
    world = World()
    world.arrive(world.message())
    assert world.desk.calls == ["ensure_person", "create_ticket", "add_comment"]


def test_later_messages_are_appended_in_order():
    world = World()
    world.arrive(world.message("m1", "one"), world.message("m2", "two"))
    world.arrive(world.message("m3", "three"))
    assert world.ticket.customer == ["one", "two", "three"]
    assert list(world.dispositions().values()).count("appended") == 2


def test_the_same_event_twice_is_one_entry():
    world = World()
    world.arrive(world.message())
    world.clock.advance(minutes=10)  # past the queue's own window for doubles
    world.arrive(world.message(sent_at=world.message().sent_at - timedelta(minutes=10)))
    assert world.ticket.customer == ["Where is my parcel?"]


def test_two_people_under_one_post_are_two_tickets():
    world = World()
    world.arrive(world.message("m1"), world.message("m2", person="lee"))
    assert len(world.desk.tickets) == 2


def test_strangers_without_a_name_are_not_taken_for_one_person():
    world = World()
    world.arrive(world.message("m1", author=None), world.message("m2", author=None))
    assert len(world.desk.tickets) == 2


def test_an_exact_handle_links_the_contact_and_says_why():
    world = World()
    world.crm.contacts = [KIM]
    world.arrive(world.message(author=named()))
    [brief] = world.ticket.notes
    assert "Customer record: Kim Weber, crm:4711" in brief
    assert "because: handle @kim on agora (profile)" in brief
    world.arrive(world.message("m9", thread="post-2", author=named()))
    assert len(world.crm.asked) == 1, "the second time the link is remembered"


def test_two_contacts_that_fit_are_suggested_never_linked():
    world = World()
    other = replace(KIM, ref=ContactRef(crm="crm", contact=ContactId("4712")), name="Kim Other")
    world.crm.contacts = [KIM, other]
    world.arrive(world.message())
    [brief] = world.ticket.notes
    assert "not certain" in brief
    assert "Kim Weber" in brief
    assert "Kim Other" in brief


def test_a_recycled_handle_does_not_link():
    world = World()
    social = SocialHandle(platform="agora", handle="kim", user_id="somebody-else")
    world.crm.contacts = [replace(KIM, social=(social,))]
    world.arrive(world.message())
    assert "Customer record: none found." in world.ticket.notes[0]
    assert "another account id" in world.ticket.notes[0]


def test_terms_that_forbid_matching_are_kept_and_said():
    world = World(sheet=spec(may_match_crm=False))
    world.crm.contacts = [KIM]
    world.arrive(world.message())
    assert world.crm.asked == []
    assert "The terms forbid matching." in world.ticket.notes[0]


@pytest.mark.parametrize("may_match_told", [True, False])
def test_terms_say_whether_what_is_told_directly_may_be_looked_up(may_match_told: bool) -> None:
    sheet = spec(may_match_crm=False)
    terms = replace(sheet.capabilities.terms, may_match_told=may_match_told)
    world = World(sheet=replace(sheet, capabilities=replace(sheet.capabilities, terms=terms)))
    world.crm.contacts = [KIM]
    world.arrive(world.message("m1", "I am kim@example.com", private=True, platform="agora"))
    assert bool(world.crm.asked) is may_match_told
    assert ("e-mail kim@example.com (private message)" in world.ticket.notes[0]) is may_match_told


def test_an_email_address_told_in_private_finds_the_customer_on_a_later_message():
    world = World()
    world.arrive(world.message("m1", "hello", private=True))
    world.crm.contacts = [KIM]
    world.arrive(world.message("m2", "I am kim@example.com", private=True))
    assert any(
        "found the customer's record" in item and "e-mail kim@example.com" in item for item in world.ticket.notes
    )


def test_an_email_address_told_in_public_is_a_suggestion_at_most():
    world = World()
    world.crm.contacts = [replace(KIM, social=())]
    world.arrive(world.message("m1", "I am kim@example.com", author=named()))
    assert "not certain" in world.ticket.notes[0]
    assert "e-mail kim@example.com (public message)" in world.ticket.notes[0]


def test_a_crm_that_is_down_delays_nothing_and_is_asked_again():
    world = World()
    world.crm.down = UnavailableError("down")
    world.arrive(world.message("m1", author=named()))
    assert "could not be asked" in world.ticket.notes[0]
    world.crm.down = None
    world.crm.contacts = [KIM]
    world.arrive(world.message("m2", author=named()))
    assert "Customer record: Kim Weber" in world.ticket.notes[-1]


def test_the_same_contact_on_another_channel_continues_the_open_ticket():
    world = World()
    social = (SocialHandle(platform="agora", handle="kim"), SocialHandle(platform="agora-dm", handle="kim"))
    world.crm.contacts = [replace(KIM, social=social)]
    world.arrive(world.message("m1", author=named()))
    world.arrive(
        world.message(
            "d1", "and in private", platform="agora-dm", private=True, thread="dm-kim", author=named("agora-dm")
        )
    )
    assert world.ticket.customer == ["Where is my parcel?", "and in private"]
    assert any("also writes here" in item for item in world.ticket.notes)


def test_a_ticket_that_could_never_be_opened_holds_up_no_other_channel():
    world = World()
    social = (SocialHandle(platform="agora", handle="kim"), SocialHandle(platform="agora-dm", handle="kim"))
    world.crm.contacts = [replace(KIM, social=social)]
    world.desk.faults = [("create_ticket", True, RejectedError("no"))]
    world.arrive(world.message("m1", author=named()))
    world.arrive(
        world.message(
            "d1", "and in private", platform="agora-dm", private=True, thread="dm-kim", author=named("agora-dm")
        )
    )
    world.later(minutes=5)
    assert world.ticket.customer == ["and in private"]
    world.arrive(world.message("m2", "still there?", author=named()))
    world.later(minutes=5)
    everything = [text for ticket in world.desk.tickets.values() for text in ticket.customer]
    assert "still there?" in everything


def test_a_message_soon_after_solving_reopens_and_a_late_one_follows_up():
    world = World()
    world.arrive(world.message("m1"))
    world.desk.set_status("1", TicketStatus.SOLVED)
    world.hint()
    world.clock.advance(days=6)
    world.arrive(world.message("m2"))
    assert world.ticket.status is TicketStatus.OPEN
    world.desk.set_status("1", TicketStatus.SOLVED)
    world.hint()
    world.clock.advance(days=8)
    world.arrive(world.message("m3"))
    assert len(world.desk.tickets) == 2
    assert world.desk.tickets["2"].draft.follow_up_of == world.desk.tickets["1"].ref
    world.arrive(world.message("m4"))
    assert world.desk.tickets["2"].customer == ["Where is my parcel?"] * 2


def test_a_closed_ticket_is_followed_up_though_nobody_told_us():
    world = World()
    world.arrive(world.message("m1"))
    world.desk.set_status("1", TicketStatus.CLOSED)
    world.arrive(world.message("m2", "still broken"))
    assert world.desk.tickets["2"].customer == ["still broken"]
    assert "follows up ticket 1" in world.desk.tickets["2"].notes[0]


def test_a_merged_ticket_is_followed_to_the_survivor():
    world = World()
    world.arrive(world.message("m1"), world.message("m2", person="lee"))
    world.desk.merge("1", "2")
    world.arrive(world.message("m3", "more from Kim"))
    assert "more from Kim" in world.desk.tickets["2"].customer
    assert len(world.desk.tickets) == 2


def test_an_edit_is_told_as_the_customers_words():
    world = World()
    world.arrive(world.message("m1"))
    key = world.message("m1").key
    world.arrive(MessageEdited(key=key, text="Where are my TWO parcels?", edited_at=world.clock.now()))
    assert "Where are my TWO parcels?" in world.ticket.customer[-1]


def test_an_edit_of_what_stands_on_a_closed_ticket_does_not_claim_to_be_told():
    world = World()
    first = world.message("m1")
    world.arrive(first)
    world.desk.set_status("1", TicketStatus.CLOSED)
    edit = MessageEdited(key=first.key, text="In Bonn!", edited_at=world.clock.now(), author=first.author)
    world.arrive(edit)
    assert len(world.ticket.customer) == 1
    assert [value for key, value in world.dispositions().items() if key.startswith("edit")] == ["noise"]


def test_an_edit_by_somebody_else_changes_nothing():
    world = World()
    world.arrive(world.message("m1"))
    stranger = world.message(person="lee").author
    edit = MessageEdited(key=world.message("m1").key, text="I am happy!", edited_at=world.clock.now(), author=stranger)
    world.arrive(edit)
    assert world.ticket.customer == ["Where is my parcel?"]


def test_an_edit_before_its_message_is_carried_by_it():
    world = World()
    key = world.message("m1").key
    world.arrive(MessageEdited(key=key, text="the new words", edited_at=world.clock.now()))
    world.arrive(world.message("m1", "the old words"))
    assert world.ticket.customer == ["the new words"]


def test_an_edit_by_somebody_else_before_the_message_is_not_carried():
    world = World()
    stranger = world.message(person="lee").author
    key = world.message("m1").key
    world.arrive(MessageEdited(key=key, text="I am happy!", edited_at=world.clock.now(), author=stranger))
    world.arrive(world.message("m1"))
    assert world.ticket.customer == ["Where is my parcel?"]


def test_a_deletion_is_told_in_a_note():
    world = World()
    world.arrive(world.message("m1"))
    world.arrive(MessageDeleted(key=world.message("m1").key, deleted_at=world.clock.now()))
    assert "deleted a message" in world.ticket.notes[-1]
    assert "removed_by_author" in world.dispositions().values()


def test_a_deletion_before_its_message_keeps_it_out():
    world = World()
    world.arrive(MessageDeleted(key=world.message("m1").key, deleted_at=world.clock.now()))
    world.arrive(world.message("m1"))
    assert world.desk.tickets == {}
    assert set(world.dispositions().values()) == {"removed_by_author"}


def test_an_invitation_is_accepted():
    world = World()
    message = world.message(private=True)
    assert message.author is not None
    world.arrive(ThreadInvitation(thread=message.thread, inviter=message.author, at=world.clock.now()))
    assert world.platform.joined == ["post-1"]
    assert list(world.dispositions().values()) == ["noise"]


def test_what_was_written_before_we_joined_is_read():
    world = World()
    early = world.message("m1", "written before you came in", private=True)
    world.platform.threads["post-1"] = Parsed(events=(early,))
    assert early.author is not None
    world.arrive(ThreadInvitation(thread=early.thread, inviter=early.author, at=world.clock.now()))
    assert world.ticket.customer == ["written before you came in"]


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("method", ["ensure_person", "create_ticket", "add_comment"])
@pytest.mark.parametrize("error", [UnavailableError("down"), OutcomeUnknownError("lost"), RuntimeError("bug")])
def test_a_fault_at_any_step_of_the_first_message_leads_to_one_ticket(method: str, before: bool, error: Exception):
    world = World()
    world.desk.faults = [(method, before, error)]
    world.arrive(world.message())
    world.later(minutes=10)
    assert world.ticket.customer == ["Where is my parcel?"]
    assert len(world.ticket.notes) == 1
    assert list(world.dispositions().values()) == ["ticketed"]


@pytest.mark.parametrize("before", [True, False])
def test_a_fault_at_a_later_message_leads_to_one_entry_and_keeps_the_order(before: bool):
    world = World()
    world.arrive(world.message("m1", "one"))
    world.desk.faults = [("add_comment", before, OutcomeUnknownError("lost"))]
    world.arrive(world.message("m2", "two"), world.message("m3", "three"))
    world.later(minutes=10)
    assert world.ticket.customer == ["one", "two", "three"]


def test_what_the_helpdesk_refuses_for_good_is_parked_with_its_disposition():
    world = World()
    world.desk.faults = [("create_ticket", True, RejectedError("no", remote_code="422"))]
    world.arrive(world.message())
    [item] = world.system.stores.parking.list_parked()
    assert item.code == "rejected"
    assert list(world.dispositions().values()) == ["parked"]


def test_a_parked_event_that_is_released_gets_its_ticket():
    from chalicelib.pipeline.parked import release

    world = World()
    world.desk.faults = [("create_ticket", True, RejectedError("no"))]
    world.arrive(world.message())
    [item] = world.system.stores.parking.list_parked()
    release(world.runtime, item.id)
    world.work()
    assert world.ticket.customer == ["Where is my parcel?"]
    assert list(world.dispositions().values()) == ["ticketed"]
    assert world.system.stores.parking.list_parked() == []


def test_an_event_of_an_account_that_nobody_set_up_waits():
    world = World()
    stranger = world.message(platform="agora")
    account = replace(stranger.key.account, account=AccountId("other"))
    event = replace(
        stranger, key=replace(stranger.key, account=account), thread=replace(stranger.thread, account=account)
    )
    world.arrive(event)
    assert world.desk.tickets == {}
    assert world.system.queues["inbound"].depth() == 1


def test_profiles_are_asked_for_when_an_event_has_only_an_id():
    class Knowing(FakePlatform):
        def fetch_author(self, author):
            return replace(author, display_name="Kim from the profile")

    world = World()
    world.connectors.platforms["agora"] = Knowing(world.clock.now)
    message = world.message()
    assert message.author is not None
    world.arrive(replace(message, author=replace(message.author, handle=None, display_name=None)))
    assert "Kim from the profile" in world.ticket.notes[0]


def test_a_profile_is_asked_for_once_a_conversation():
    class Counting(FakePlatform):
        asked = 0

        def fetch_author(self, author):
            self.asked += 1
            return replace(author, display_name="Kim from the profile")

    world = World()
    platform = world.connectors.platforms["agora"] = Counting(world.clock.now)
    for number in ("m1", "m2", "m3"):
        message = world.message(number)
        assert message.author is not None
        world.arrive(replace(message, author=replace(message.author, handle=None, display_name=None)))
    assert platform.asked == 1
    assert len(world.ticket.customer) == 3


def test_a_dead_token_stops_no_message_from_coming_in():
    world = World()
    del world.connectors.platforms["agora"]
    message = world.message()
    assert message.author is not None
    world.arrive(replace(message, author=replace(message.author, handle=None, display_name=None)))
    assert world.ticket.customer == ["Where is my parcel?"]


def test_private_messages_are_entries_of_the_customer_too():
    world = World()
    world.arrive(world.message("m1", private=True))
    assert world.ticket.comments[0].visibility is Visibility.PUBLIC
    assert "Private message on Agora" in world.ticket.notes[0]
