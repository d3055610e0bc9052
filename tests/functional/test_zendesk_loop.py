"""The whole loop with Zendesk: a message becomes a ticket, an agent answers there, the answer is posted, whatever goes wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from careloop.twins.base import Fault, TwinHttp
from careloop.twins.zendesk import ZendeskTwin
from chalicelib.connectors.helpdesks.zendesk.client import Client
from chalicelib.connectors.helpdesks.zendesk.webhook import REASONS, Receiver
from chalicelib.core.account import Connection, ConnectionKind
from chalicelib.core.webhook import VerifiedWebhook, WebhookRequest
from chalicelib.pipeline.receive import hint_message
from chalicelib.ports.helpdesk import HelpdeskContext
from chalicelib.ports.receiver import ReceiverContext
from tests.fakes.runtime import World
from tests.fakes.sessions import MemorySessions

SITE = "https://acme.zendesk.com"
HOOK = "https://care.example.com/webhooks/helpdesk/zendesk/desk"
SECRET = "dGhlLXNlY3JldA=="


class ZendeskWorld(World):
    """The pipeline with a Zendesk twin for its helpdesk, and the twin's webhooks coming in."""

    def __init__(self, *, subscribed: bool = False) -> None:
        super().__init__()
        self.twin = ZendeskTwin(self.clock, deliver=self._deliver)
        kinds = [f"zen:event-type:{name}" for name in REASONS] if subscribed else []
        self.twin.add_webhook(HOOK, SECRET, subscriptions=kinds)
        self.zendesk = Client(
            HelpdeskContext(
                connection=Connection(
                    kind=ConnectionKind.HELPDESK, name="desk", connector="zendesk", options={"subdomain": "acme"}
                ),
                credentials={"email": "careloop@acme.example", "api_token": "twin-api-token-1"},
                http=TwinHttp({SITE: self.twin}),
                clock=self.clock,
                sessions=MemorySessions(),
            )
        )
        self.connectors.helpdesks = {"desk": self.zendesk}
        self._delivered = 0

    def _deliver(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
        request = WebhookRequest(
            method=method, url=url, headers=headers, query={}, body=body, received_at=self.clock.now()
        )
        receiver = Receiver(ReceiverContext(secrets={"signing_secret": (SECRET,)}))
        receiver.verify(request)
        self._delivered += 1
        for hint in receiver.parse(VerifiedWebhook(request=request)).events:
            message = hint_message("desk", hint, self.clock.now(), str(self._delivered))
            self.runtime.queues.outbound.send([message])
        return 200, b""

    def hear(self) -> None:
        """Webhooks arrive; work, until nothing more happens."""
        while self.twin.pending:
            self.twin.flush()
            self.work()

    def poll(self) -> None:
        """No webhook came: find out by asking."""
        self.clock.advance(minutes=2)
        for hint in self.zendesk.touched_since(None).hints:
            self.runtime.queues.outbound.send([hint_message("desk", hint, self.clock.now(), "poll")])
        self.work()

    def shown(self, place: int = 0) -> dict[str, Any]:
        """A ticket as an agent sees it."""
        found: dict[str, Any] = self.twin.snapshot()["tickets"][place]
        return found

    def comments(self, place: int = 0) -> list[tuple[str, bool, str]]:
        return [(item["author"], item["public"], item["text"]) for item in self.shown(place)["comments"]]

    @property
    def notes(self) -> list[str]:
        return [text for author, public, text in self.comments() if author == "Careloop" and not public]


@pytest.mark.parametrize("subscribed", [False, True], ids=["trigger", "event subscription"])
def test_a_message_its_answer_and_the_next_message(subscribed: bool) -> None:
    world = ZendeskWorld(subscribed=subscribed)
    world.arrive(world.message("m1", "Where is <my> parcel?"))
    world.hear()
    assert world.comments()[0] == ("Kim", True, "Where is <my> parcel?\n\nhttps://agora.example/m1")
    assert world.notes[0].startswith("Careloop brief")
    ticket = world.shown()["id"]
    world.twin.agent_reply(ticket, html="<p>It left <b>today</b>.</p>", status="solved")
    world.hear()
    assert world.platform.texts == ["It left today."]
    assert world.notes[-1].startswith("Posted on Agora")
    world.clock.advance(minutes=5)
    world.arrive(world.message("m2", "Thanks, but where?"))
    world.hear()
    assert len(world.twin.snapshot()["tickets"]) == 1
    assert world.shown()["status"] == "open"
    world.twin.agent_note(ticket, "Ask the depot")
    world.twin.agent_reply(ticket, "In Bonn.")
    world.hear()
    assert world.platform.texts == ["It left today.", "In Bonn."]
    assert world.platform.sent[-1].in_reply_to == "m2"


def test_without_any_webhook_polling_finds_the_answer() -> None:
    world = ZendeskWorld()
    world.arrive(world.message("m1"))
    world.twin.agent_reply(world.shown()["id"], "It left today.")
    world.poll()
    world.poll()
    assert world.platform.texts == ["It left today."]


def test_a_reply_that_was_made_private_before_we_looked_stays_inside() -> None:
    world = ZendeskWorld(subscribed=True)
    world.arrive(world.message("m1"))
    ticket = world.shown()["id"]
    reply = world.twin.agent_reply(ticket, "This customer is difficult")
    world.twin.make_private(ticket, reply)
    world.hear()
    assert world.platform.sent == []


@pytest.mark.parametrize("reached", [True, False], ids=["the answer was lost", "nothing arrived"])
@pytest.mark.parametrize(
    "pattern", ["POST /api/v2/users", "POST /api/v2/tickets", "PUT /api/v2/tickets"], ids=["person", "ticket", "brief"]
)
def test_a_broken_connection_doubles_nothing_and_loses_nothing(pattern: str, reached: bool) -> None:
    world = ZendeskWorld()
    world.twin.faults.append(Fault(pattern=pattern, status=0, before=not reached))
    world.arrive(world.message("m1"))
    for _ in range(6):
        world.later(minutes=10)
    assert len(world.twin.snapshot()["tickets"]) == 1
    assert [public for _, public, _ in world.comments()] == [True, False]
    assert set(world.dispositions().values()) == {"ticketed"}


def test_a_broken_connection_does_not_double_a_further_message() -> None:
    world = ZendeskWorld()
    world.arrive(world.message("m1"))
    world.twin.faults.append(Fault(pattern="PUT /api/v2/tickets", status=500, before=False))
    world.arrive(world.message("m2", "Hello?"))
    for _ in range(6):
        world.later(minutes=10)
    said = [text for author, public, text in world.comments() if author == "Kim"]
    assert [text.splitlines()[0] for text in said] == ["Where is my parcel?", "Hello?"]


def test_a_closed_ticket_is_followed_up_and_a_merged_one_followed() -> None:
    world = ZendeskWorld()
    world.arrive(world.message("m1"))
    world.twin.close(world.shown()["id"])
    world.arrive(world.message("m2", "Hello?"))
    assert world.shown(1)["followup_source_id"] == world.shown(0)["id"]
    world.arrive(world.message("x1", "Something else", person="lee", thread="post-9"))
    source, survivor = world.shown(1)["id"], world.shown(2)["id"]
    world.twin.merge(source, survivor)
    world.hear()
    world.arrive(world.message("m3", "Still there?"))
    assert world.comments(2)[-1][2].startswith("Still there?")
    world.twin.agent_reply(survivor, "Yes.")
    world.hear()
    assert world.platform.texts == ["Yes."]


def test_a_busy_helpdesk_makes_us_wait_and_loses_nothing() -> None:
    world = ZendeskWorld()
    world.twin.faults.append(Fault(pattern="POST /api/v2/tickets", status=429, headers={"retry-after": "30"}, times=3))
    world.arrive(world.message("m1"))
    for _ in range(8):
        world.later(minutes=1)
    assert [public for _, public, _ in world.comments()] == [True, False]
