"""The whole loop with HubSpot, over its twin: notes that begin with the agreed word go out, and no others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from careloop.twins.base import Fault, TwinHttp
from careloop.twins.hubspot_desk import HubspotDeskTwin
from chalicelib.connectors.helpdesks.hubspot.client import Client
from chalicelib.connectors.helpdesks.hubspot.webhook import Receiver
from chalicelib.core.account import Connection, ConnectionKind
from chalicelib.core.events import Visibility
from chalicelib.core.ids import ContactId, ContactRef
from chalicelib.core.people import Contact
from chalicelib.core.webhook import VerifiedWebhook, WebhookRequest
from chalicelib.pipeline.receive import hint_message
from chalicelib.ports.helpdesk import HelpdeskContext
from chalicelib.ports.receiver import ReceiverContext
from tests.contracts.desks import Desk, someone
from tests.fakes.runtime import World
from tests.fakes.sessions import MemorySessions

SITE = "https://api.hubapi.com"
SECRET = "9f2c51d07be84c0f"
HOOK = "https://care.example.com/webhooks/helpdesk/hubspot/desk"
PICTURE = b"\x89PNG\r\n\x1a\n and the rest"


class HubspotWorld(World):
    """The pipeline with the twin, whose webhooks come in."""

    def __init__(self, **options: str) -> None:
        super().__init__()
        self.twin = HubspotDeskTwin(self.clock, deliver=self._deliver)
        self.twin.add_webhook(HOOK, SECRET)
        self.client = self.client_with(portal_id="12345678", **options)
        self.connectors.helpdesks = {"desk": self.client}
        self.heard = 0
        self.is_down = False

    def client_with(self, **options: str) -> Client:
        connection = Connection(kind=ConnectionKind.HELPDESK, name="desk", connector="hubspot", options=options)
        return Client(
            HelpdeskContext(
                connection=connection,
                credentials={"access_token": self.twin.token},
                http=TwinHttp({SITE: self.twin}),
                clock=self.clock,
                sessions=MemorySessions(),
            )
        )

    def _deliver(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
        if self.is_down:
            return 503, b""
        request = WebhookRequest(
            method=method, url="/api/webhooks", headers=headers, query={}, body=body, received_at=self.clock.now()
        )
        receiver = Receiver(ReceiverContext(secrets={"app_secret": (SECRET,), "webhook_url": (HOOK,)}))
        receiver.verify(request)
        self.heard += 1
        for hint in receiver.parse(VerifiedWebhook(request=request)).events:
            self.runtime.queues.outbound.send([hint_message("desk", hint, self.clock.now(), str(self.heard))])
        return 200, b""

    def hear(self) -> None:
        """Webhooks arrive; work, until nothing more happens."""
        while self.twin.pending and not self.is_down:
            self.twin.flush()
            self.work()

    def shown(self, place: int = 0) -> dict[str, Any]:
        found: dict[str, Any] = self.twin.snapshot()["tickets"][place]
        return found

    def texts(self, *, public: bool) -> list[str]:
        return [item["text"] for item in self.shown()["comments"] if item["public"] is public]

    @property
    def number(self) -> str:
        return str(self.shown()["id"])


@pytest.fixture
def world() -> HubspotWorld:
    return HubspotWorld()


def test_a_message_its_answer_a_note_and_the_next_message(world: HubspotWorld) -> None:
    world.arrive(world.message("m1", "Where is <my> parcel?\nAnd why?"))
    assert "Where is <my> parcel?\nAnd why?" in world.texts(public=True)[0]
    assert any("Careloop brief" in text for text in world.texts(public=False))
    world.twin.agent_note(world.number, "Ask the depot")
    world.twin.workflow_note(world.number, "/reply Says a machine")
    world.twin.agent_reply(world.number, "It left <today>.")
    world.hear()
    assert world.platform.texts == ["It left <today>."], "without the word that makes it an answer"
    assert any("Posted on Agora" in text for text in world.texts(public=False))
    world.twin.solve(world.number)
    world.hear()
    world.clock.advance(minutes=5)
    world.arrive(world.message("m2", "Thanks, but where?"))
    assert len(world.twin.snapshot()["tickets"]) == 1
    assert world.shown()["status"] == "1"
    assert "Thanks, but where?" in world.texts(public=True)[-1]


def test_a_webhook_that_failed_is_told_again(world: HubspotWorld) -> None:
    world.arrive(world.message("m1"))
    world.is_down = True
    world.twin.agent_reply(world.number, "It left today.")
    world.twin.flush()
    world.is_down = False
    world.clock.advance(minutes=2)
    world.hear()
    assert world.platform.texts == ["It left today."]


def test_lost_answers_lead_to_one_ticket_and_one_entry(world: HubspotWorld) -> None:
    world.twin.faults += [
        Fault(pattern="^POST .*/objects/tickets$", status=0, before=False),
        Fault(pattern="^POST .*/objects/notes$", status=0, before=False),
    ]
    world.arrive(world.message("m1"))
    for _ in range(20):
        world.clock.advance(minutes=1)
        world.work()
    assert len(world.twin.snapshot()["tickets"]) == 1
    assert sum("Careloop brief" in text for text in world.texts(public=False)) == 1


def test_a_message_to_a_deleted_ticket_opens_another(world: HubspotWorld) -> None:
    world.arrive(world.message("m1"))
    world.twin.delete(world.number)
    world.hear()
    world.clock.advance(minutes=5)
    world.arrive(world.message("m2", "Hello?"))
    assert [item["gone"] for item in world.twin.snapshot()["tickets"]] == [True, False]


def test_a_contact_of_the_same_account_is_the_person() -> None:
    world = HubspotWorld(crm="hub")
    known = Contact(ref=ContactRef(crm="hub", contact=ContactId("77")), name="Kim Lee")
    assert world.client.ensure_person(someone(), known).person == "77"
    assert world.twin.calls == []
    other = Contact(ref=ContactRef(crm="other", contact=ContactId("77")), name="Kim Lee")
    assert world.client.ensure_person(someone(), other).person != "77"


def test_a_note_with_a_file_brings_it_along() -> None:
    desk = Desk(name="hubspot")
    ticket = desk.open_ticket()
    desk.twin.agent_reply(ticket.ticket, "Here it is", files=(("label.png", PICTURE),))
    reply = desk.activity(ticket).replies[0]
    assert reply.visibility is Visibility.PUBLIC
    assert desk.client.fetch_file(reply.attachments[0], most_bytes=1000).content == PICTURE
