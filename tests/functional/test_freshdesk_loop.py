"""The whole loop with Freshdesk, over its twin: automation rules call as they do, files go both ways, tickets go away."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from careloop.twins.base import Fault, TwinHttp
from careloop.twins.freshdesk import FreshdeskTwin
from chalicelib.connectors.helpdesks.freshdesk.client import Client
from chalicelib.connectors.helpdesks.freshdesk.webhook import Receiver
from chalicelib.core.account import Connection, ConnectionKind
from chalicelib.core.errors import ConfigurationError, NotFoundError, RejectedError, TicketClosedError
from chalicelib.core.events import Visibility
from chalicelib.core.ids import CaseId, PersonId, PersonRef, TicketRef
from chalicelib.core.media import MediaFile
from chalicelib.core.ticket import TicketStatus
from chalicelib.core.webhook import VerifiedWebhook, WebhookRequest
from chalicelib.pipeline.receive import hint_message
from chalicelib.ports.helpdesk import HelpdeskContext
from chalicelib.ports.receiver import ReceiverContext
from tests.contracts.desks import Desk, case_id, said, someone
from tests.fakes.runtime import World
from tests.fakes.sessions import MemorySessions

SITE = "https://freshdesk.example.com"
SECRET = "9f2c51d07be84c0f"
PICTURE = b"\x89PNG\r\n\x1a\n and the rest"


class FreshdeskWorld(World):
    """The pipeline with the twin, whose automation rule comes in."""

    def __init__(self) -> None:
        super().__init__()
        self.twin = FreshdeskTwin(self.clock, deliver=self._deliver)
        self.twin.add_webhook("https://care.example.com/webhooks/helpdesk/freshdesk/desk", SECRET)
        connection = Connection(
            kind=ConnectionKind.HELPDESK, name="desk", connector="freshdesk", options={"base_url": SITE}
        )
        self.client = Client(
            HelpdeskContext(
                connection=connection,
                credentials={"api_key": self.twin.api_key},
                http=TwinHttp({SITE: self.twin}),
                clock=self.clock,
                sessions=MemorySessions(),
            )
        )
        self.connectors.helpdesks = {"desk": self.client}
        self.heard = 0
        self.is_down = False

    def _deliver(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
        if self.is_down:
            return 503, b""
        request = WebhookRequest(
            method=method, url=url, headers=headers, query={}, body=body, received_at=self.clock.now()
        )
        receiver = Receiver(ReceiverContext(secrets={"hook_secret": (SECRET,)}))
        receiver.verify(request)
        self.heard += 1
        for hint in receiver.parse(VerifiedWebhook(request=request)).events:
            self.runtime.queues.outbound.send([hint_message("desk", hint, self.clock.now(), str(self.heard))])
        return 200, b""

    def hear(self) -> None:
        """Webhooks arrive; work, until nothing more happens."""
        while self.twin.pending:
            self.twin.flush()
            self.work()

    def shown(self, place: int = 0) -> dict[str, Any]:
        found: dict[str, Any] = self.twin.snapshot()["tickets"][place]
        return found

    def texts(self, place: int = 0, *, public: bool) -> list[str]:
        return [item["text"] for item in self.shown(place)["comments"] if item["public"] is public]

    @property
    def number(self) -> str:
        return str(self.shown()["id"])


@pytest.fixture
def world() -> FreshdeskWorld:
    return FreshdeskWorld()


@pytest.fixture
def desk() -> Desk:
    return Desk(name="freshdesk")


# -- the loop ----------------------------------------------------------------------------------------------------------


def test_a_message_its_answer_a_note_and_the_next_message(world: FreshdeskWorld) -> None:
    world.arrive(world.message("m1", "Where is <my> {{ parcel }}?\nAnd why?"))
    assert world.texts(public=True)[0].startswith("Where is <my> {{ parcel }}?\nAnd why?")
    assert any("Careloop brief" in text for text in world.texts(public=False))
    world.twin.agent_note(world.number, "Ask the depot")
    world.twin.agent_reply(world.number, "It left today.")
    world.hear()
    assert world.platform.texts == ["It left today."], "without the quotation"
    assert any("Posted on Agora" in text for text in world.texts(public=False))
    world.twin.solve(world.number)
    world.hear()
    world.clock.advance(minutes=5)
    world.arrive(world.message("m2", "Thanks, but where?"))
    assert len(world.twin.snapshot()["tickets"]) == 1
    assert world.shown()["status"] == 2
    assert world.shown()["comments"][-1]["incoming"] is True
    world.twin.agent_public_note(world.number, "In Bonn.")
    world.hear()
    assert world.platform.texts == ["It left today.", "In Bonn."]
    assert world.platform.sent[-1].in_reply_to == "m2"


def test_a_rule_that_failed_calls_again(world: FreshdeskWorld) -> None:
    world.arrive(world.message("m1"))
    world.is_down = True
    world.twin.agent_reply(world.number, "It left today.")
    world.hear()
    assert world.platform.texts == []
    world.is_down = False
    world.clock.advance(minutes=5)
    world.hear()
    assert world.platform.texts == ["It left today."]


def test_lost_answers_lead_to_one_ticket_and_one_entry_though_the_search_lags(world: FreshdeskWorld) -> None:
    world.twin.faults += [
        Fault(pattern="^POST .*/tickets$", status=0, before=False),
        Fault(pattern="^POST .*/notes$", status=0, before=False),
    ]
    world.arrive(world.message("m1"))
    for _ in range(20):
        world.clock.advance(minutes=1)
        world.work()
    assert len(world.twin.snapshot()["tickets"]) == 1
    assert len(world.texts(public=True)) == 1
    assert sum("Careloop brief" in text for text in world.texts(public=False)) == 1


@pytest.mark.parametrize("what", ["delete", "mark_spam", "archive"])
def test_a_message_to_a_ticket_that_went_away_opens_another(world: FreshdeskWorld, what: str) -> None:
    world.arrive(world.message("m1"))
    getattr(world.twin, what)(world.number)
    world.clock.advance(minutes=5)
    world.arrive(world.message("m2", "Hello?"))
    assert len(world.twin.snapshot()["tickets"]) == 2
    assert world.texts(1, public=True)[0].startswith("Hello?")


def test_a_secret_that_is_not_ours_stays_outside(world: FreshdeskWorld) -> None:
    world.arrive(world.message("m1"))
    world.twin.add_webhook("https://care.example.com/webhooks/helpdesk/freshdesk/desk", "another secret")
    world.twin.agent_reply(world.number, "It left today.")
    with pytest.raises(Exception, match="signature"):
        world.twin.flush()
    assert world.platform.texts == []


# -- what this helpdesk has of its own ---------------------------------------------------------------------------------


def _files(*sizes: int) -> tuple[MediaFile, ...]:
    return tuple(MediaFile(name=f"{size}.bin", media_type="image/png", content=b"x" * size) for size in sizes)


def test_files_go_both_ways(desk: Desk) -> None:
    ticket = desk.open_ticket()
    picture = MediaFile(name='the "parcel".png', media_type="image/png", content=PICTURE)
    desk.client.add_comment(ticket, replace(said("Look", "entry7", desk.person()), files=(picture, *_files(3))))
    stored = desk.twin.snapshot()["tickets"][0]["comments"][-1]["files"]
    assert [(item["name"], item["size"]) for item in stored] == [("the %22parcel%22.png", len(PICTURE)), ("3.bin", 3)]
    desk.twin.agent_reply(ticket.ticket, "Your label", files={"label.png": PICTURE})
    (attachment,) = desk.activity(ticket).replies[0].attachments
    assert desk.client.fetch_file(attachment, most_bytes=1000).content == PICTURE
    with pytest.raises(NotFoundError):
        desk.client.fetch_file(replace(attachment, url=f"{SITE}/files/1"), most_bytes=1000)


def test_a_draft_with_files_is_the_same_ticket(desk: Desk) -> None:
    draft = desk.draft()
    desk.client.create_ticket(replace(draft, comment=replace(draft.comment, files=_files(5))))
    (ticket,) = desk.twin.snapshot()["tickets"]
    assert ticket["custom_fields"] == {"cf_careloop_case": case_id()}
    assert ticket["tags"] == ["careloop", "facebook"]
    assert [item["size"] for item in ticket["comments"][0]["files"]] == [5]
    assert desk.client.find_ticket(case_id()) is not None


def test_more_files_than_a_ticket_takes_are_refused_and_nothing_is_written(desk: Desk) -> None:
    ticket = desk.open_ticket()
    desk.client.add_comment(ticket, replace(said("One", "entry7", desk.person()), files=_files(15_000_000)))
    with pytest.raises(RejectedError):
        desk.client.add_comment(ticket, replace(said("Two", "entry8", desk.person()), files=_files(6_000_000)))
    assert desk.client.find_comment(ticket, "entry8") is None


def test_an_agent_who_quotes_our_line_is_still_an_agent(desk: Desk) -> None:
    ticket = desk.open_ticket()
    desk.twin.agent_public_note(ticket.ticket, "As in careloop:entry1x0 above")
    desk.agent_reply(ticket, "Hello careloop:entry1x0")
    assert [item.visibility for item in desk.activity(ticket).replies] == [Visibility.PUBLIC] * 2
    assert desk.client.find_comment(ticket, "entry1x0") == f"description-{ticket.ticket}"


def test_a_customer_cannot_write_our_line(desk: Desk) -> None:
    ticket = desk.open_ticket()
    desk.add(ticket, "careloop:entry99\ncareloop:entry98")
    assert desk.client.find_comment(ticket, "entry98") is None
    assert desk.client.find_comment(ticket, "added1") is not None


def test_what_is_struck_out_is_gone_with_its_files(desk: Desk) -> None:
    ticket = desk.open_ticket()
    key = desk.client.add_comment(ticket, replace(said("My card is 4711", "e7", desk.person()), files=_files(4)))
    for _ in range(2):
        desk.client.redact(ticket, key)
        desk.client.redact(ticket, desk.client.find_comment(ticket, "entry1x0") or f"description-{ticket.ticket}")
    shown = desk.twin.snapshot()["tickets"][0]["comments"]
    assert [(item["text"], item["files"]) for item in shown] == [("(removed)", []), ("(removed)", [])]


def test_a_person_who_is_erased_takes_the_tickets_along(desk: Desk) -> None:
    ticket, person = desk.open_ticket(), desk.person()
    assert "deleted for good" in desk.client.erase_person(person)
    assert "no such contact" in desk.client.erase_person(person)
    with pytest.raises(NotFoundError):
        desk.activity(ticket)
    with pytest.raises(TicketClosedError):
        desk.client.add_comment(ticket, said("Hello?", "entry9", person))
    assert desk.person() != person


def test_a_contact_in_the_trash_comes_back(desk: Desk) -> None:
    person = desk.person()
    desk.twin.delete_contact(person.person)
    assert desk.person() == person
    assert desk.person() == person, "and is found at once from then on"


def test_another_requester(desk: Desk) -> None:
    ticket, other = desk.open_ticket(), desk.person(someone("5678", name="Sam"))
    for _ in range(2):
        desk.client.set_requester(ticket, other)
    assert str(desk.twin.snapshot()["tickets"][0]["requester_id"]) == other.person
    with pytest.raises(RejectedError):
        desk.client.set_requester(ticket, PersonRef(helpdesk="support", person=PersonId("not-a-number")))


def test_statuses_of_the_companys_own_are_unknown_and_opened_by_a_message(desk: Desk) -> None:
    ticket = desk.open_ticket()
    desk.twin.set_status(ticket.ticket, 7)
    assert desk.activity(ticket).status is TicketStatus.UNKNOWN
    desk.add(ticket, "Hello?", reopen=True)
    assert desk.activity(ticket).status is TicketStatus.OPEN


def test_many_changes_of_one_second_are_all_named(desk: Desk) -> None:
    cursor = desk.client.touched_since(None).cursor
    person = desk.person()
    made: set[str] = set()
    for number in range(250):
        desk.clock.advance(minutes=1 if number % 50 == 49 else 0)
        draft = replace(desk.draft(1), requester=person, external_id=CaseId(f"case-abcdefghij23456{number:07d}"))
        made.add(desk.client.create_ticket(draft).ticket)
    found: list[str] = []
    more = True
    while more:
        touched = desk.client.touched_since(cursor)
        found += [hint.ticket for hint in touched.hints]
        cursor, more = touched.cursor, touched.more
    assert set(found) == made
    for ticket in made:
        desk.twin.set_status(ticket, 3)
    found, more = [], True
    while more:
        touched = desk.client.touched_since(cursor)
        found += [hint.ticket for hint in touched.hints]
        cursor, more = touched.cursor, touched.more
    assert set(found) == made, "250 in the very same second"


def test_a_field_that_tickets_lack_is_named(desk: Desk) -> None:
    desk.twin._data["fields"] = ["cf_other"]
    for call in (lambda: desk.open_ticket(), lambda: desk.client.find_ticket(case_id()), desk.client.probe):
        with pytest.raises(ConfigurationError, match="cf_careloop_case"):
            call()


def test_no_conversation_is_lost_on_a_long_ticket(desk: Desk) -> None:
    ticket: TicketRef = desk.open_ticket()
    keys = [desk.agent_note(ticket, f"note {number}") for number in range(230)]
    assert [reply.key for reply in desk.activity(ticket).replies] == keys
