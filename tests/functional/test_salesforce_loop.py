"""The whole loop with one Salesforce org as helpdesk and CRM, over its twin."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from careloop.twins.base import Fault, TwinHttp
from careloop.twins.salesforce import SalesforceTwin
from chalicelib.connectors import registry
from chalicelib.core.account import Connection, ConnectionKind
from chalicelib.core.webhook import VerifiedWebhook, WebhookRequest
from chalicelib.pipeline.receive import hint_message
from chalicelib.ports.crm import CrmContext
from chalicelib.ports.helpdesk import HelpdeskContext
from chalicelib.ports.receiver import ReceiverContext
from tests.fakes.contacts import MemoryContacts
from tests.fakes.runtime import World
from tests.fakes.sessions import MemorySessions

SITE = "https://acme.my.salesforce.com"
SECRET = "9f2c51d07be84c0f"
IDENTITIES = "agora=Facebook_Id__c:id, agora=Facebook__c:handle"


class OrgWorld(World):
    """The pipeline with one org, whose flow calls out; helpdesk and CRM share its login."""

    def __init__(self) -> None:
        super().__init__()
        self.twin = SalesforceTwin(self.clock, deliver=self._deliver)
        self.twin.add_webhook("https://care.example.com/webhooks/helpdesk/salesforce/desk", SECRET)
        common: dict[str, Any] = {
            "credentials": {"client_id": self.twin.client_id, "client_secret": self.twin.client_secret},
            "http": TwinHttp({SITE: self.twin}),
            "clock": self.clock,
            "sessions": MemorySessions(),
        }
        desk = _connection(ConnectionKind.HELPDESK, "desk", {"crm": "crm"})
        crm = _connection(ConnectionKind.CRM, "crm", {"identity_fields": IDENTITIES})
        self.client: Any = registry.client(desk.kind, "salesforce", HelpdeskContext(connection=desk, **common))
        contacts = MemoryContacts()
        self.org: Any = registry.client(crm.kind, "salesforce", CrmContext(connection=crm, contacts=contacts, **common))
        self.connectors.helpdesks = {"desk": self.client}
        self.connectors.crms = {"crm": self.org}
        self.heard = 0

    def _deliver(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
        now = self.clock.now()
        request = WebhookRequest(method=method, url=url, headers=headers, query={}, body=body, received_at=now)
        context = ReceiverContext(secrets={"hook_secret": (SECRET,)})
        receiver = registry.receiver(ConnectionKind.HELPDESK, "salesforce", context)
        receiver.verify(request)
        self.heard += 1
        for hint in receiver.parse(VerifiedWebhook(request=request)).events:
            self.runtime.queues.outbound.send([hint_message("desk", hint, now, str(self.heard))])
        return 200, b""

    def hear(self) -> None:
        """The flow's callouts arrive; work, until nothing more happens."""
        while self.twin.pending:
            self.twin.flush()
            self.work()

    def poll(self, cursor: Any = None) -> Any:
        """No callout came: find out by asking."""
        self.clock.advance(minutes=1)
        touched = self.client.touched_since(cursor)
        for hint in touched.hints:
            self.runtime.queues.outbound.send([hint_message("desk", hint, self.clock.now(), "poll")])
        self.work()
        return touched.cursor

    def shown(self) -> dict[str, Any]:
        """The only case."""
        (found,) = self.twin.snapshot()["tickets"]
        return dict(found)

    def texts(self, *, public: bool) -> list[str]:
        return [item["text"] for item in self.shown()["comments"] if item["public"] is public]


def _connection(kind: ConnectionKind, name: str, options: dict[str, str]) -> Connection:
    return Connection(kind=kind, name=name, connector="salesforce", options={"base_url": SITE, **options})


@pytest.fixture
def world() -> OrgWorld:
    return OrgWorld()


def test_a_message_its_answer_a_note_and_the_next_message(world: OrgWorld) -> None:
    world.arrive(world.message("m1", "Where is my parcel?"))
    world.hear()
    assert "Where is my parcel?" in world.texts(public=True)[0]
    assert any("Careloop brief" in text for text in world.texts(public=False))
    ticket = world.shown()["id"]
    world.twin.agent_note(ticket, "Ask the depot")
    world.twin.agent_reply(ticket, "It left today.")
    world.hear()
    assert world.platform.texts == ["It left today."]
    assert any("Posted on Agora" in text for text in world.texts(public=False))
    world.twin.solve(ticket)
    world.clock.advance(minutes=5)
    world.arrive(world.message("m2", "Thanks, but where?"))
    assert world.shown()["Status"] == "New"
    assert "Thanks, but where?" in world.texts(public=True)[-1]
    world.twin.agent_reply(ticket, "In Bonn.")
    world.hear()
    assert world.platform.texts == ["It left today.", "In Bonn."]
    assert world.platform.sent[-1].in_reply_to == "m2"


def test_a_matched_contact_is_the_cases_contact(world: OrgWorld) -> None:
    known = world.twin.add_contact(FirstName="Kim", LastName="Lee", Facebook_Id__c="kim", Email="kim@example.com")
    world.arrive(world.message("m1"))
    assert world.shown()["ContactId"] == known
    assert len(world.twin.world.table("Contact")) == 1
    assert any("Kim Lee" in text for text in world.texts(public=False))


def test_somebody_unknown_gets_a_contact_of_their_own(world: OrgWorld) -> None:
    world.arrive(world.message("m1"))
    (made,) = world.twin.world.table("Contact").values()
    assert (made["Careloop_Author__c"], made["LastName"]) == ("agora-kim", "Kim (@kim)")
    assert world.shown()["ContactId"] == made["Id"]


def test_without_any_callout_polling_finds_the_answer_once(world: OrgWorld) -> None:
    cursor = world.poll()
    world.arrive(world.message("m1"))
    world.twin.agent_reply(world.shown()["id"], "It left today.")
    cursor = world.poll(cursor)
    world.poll(cursor)
    world.hear()
    assert world.platform.texts == ["It left today."]


@pytest.mark.parametrize("status", [0, 503])
def test_lost_answers_lead_to_one_case_and_one_entry(world: OrgWorld, status: int) -> None:
    world.twin.faults += [
        Fault(pattern="^PATCH .*/sobjects/Case/", status=status, before=False),
        Fault(pattern="^POST .*/sobjects/CaseComment$", status=0, before=False),
    ]
    world.arrive(world.message("m1"))
    for _ in range(20):
        world.clock.advance(minutes=3)
        world.work()
    world.arrive(world.message("m2", "Any news?"))
    for _ in range(20):
        world.clock.advance(minutes=3)
        world.work()
    assert sum("Any news?" in text for text in world.texts(public=True)) == 1
    assert sum("Careloop brief" in text for text in world.texts(public=False)) == 1


def test_a_locked_row_and_a_spent_quota_lose_nothing(world: OrgWorld) -> None:
    locked = b'[{"message":"unable to obtain exclusive access","errorCode":"UNABLE_TO_LOCK_ROW","fields":[]}]'
    spent = b'[{"message":"TotalRequests Limit exceeded.","errorCode":"REQUEST_LIMIT_EXCEEDED"}]'
    world.twin.faults += [
        Fault(pattern="^PATCH .*/sobjects/Case/", status=400, body=locked, times=2),
        Fault(pattern="^GET .*/queryAll", status=403, body=spent),
    ]
    world.arrive(world.message("m1"))
    for _ in range(20):
        world.clock.advance(minutes=10)
        world.work()
    assert "Where is my parcel?" in world.texts(public=True)[0]
    assert any("Careloop brief" in text for text in world.texts(public=False))


def test_a_callout_with_another_secret_stays_outside(world: OrgWorld) -> None:
    world.arrive(world.message("m1"))
    world.hear()
    world.twin.add_webhook("https://care.example.com/webhooks/helpdesk/salesforce/desk", "another secret")
    world.twin.agent_reply(world.shown()["id"], "It left today.")
    with pytest.raises(Exception, match="signature"):
        world.twin.flush()
    assert world.platform.texts == []
