"""A customer on Matrix, the ticket in django-helpdesk, the agent in its pages: the whole loop on a second real helpdesk."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import INSTANCE
from tests.e2e.product import HOOK_SECRET, Product, running
from tests.e2e.servers.django_helpdesk import CASE_FIELD, DjangoHelpdesk
from tests.e2e.servers.django_helpdesk_people import DeskAgent
from tests.e2e.servers.matrix_people import MatrixUser
from tests.e2e.servers.synapse import Synapse
from tests.e2e.servers.testing import fresh
from tests.e2e.servers.web import UnexpectedAnswer, wait_until

pytestmark = pytest.mark.e2e

PATIENCE = 60.0
HOOK = "http://careloop:{secret}@127.0.0.1:{port}/webhooks/helpdesk/django_helpdesk/desk"


@pytest.fixture(scope="module")
def desk(port: int) -> Iterator[DjangoHelpdesk]:
    """django-helpdesk, which calls the product in the middle of each agent's request."""
    with fresh(DjangoHelpdesk(instance=INSTANCE), hook_url=HOOK.format(secret=HOOK_SECRET, port=port)) as server:
        yield server


class Talk:
    """One customer's private room with the brand, and the ticket that comes of it."""

    def __init__(self, product: Product, desk: DjangoHelpdesk, synapse: Synapse) -> None:
        self.product, self.synapse = product, synapse
        product.add_helpdesk(
            "desk",
            "django_helpdesk",
            options={"base_url": desk.url, "queue": str(desk.queue), "case_field": CASE_FIELD},
            call={"token": desk.bridge_token},
            verify={"hook_secret": HOOK_SECRET},
        )
        product.add_account(
            "matrix",
            synapse.brand_id,
            helpdesk="desk",
            options={"base_url": synapse.url},
            call={"as_token": synapse.as_token},
            endpoint="chat",
            verify={"hs_token": synapse.hs_token},
        )
        self.agent: DeskAgent = desk.agent()
        self.customer: MatrixUser = synapse.create_user("lou")
        self.room = self.customer.create_direct_room(synapse.brand_id)

    def ticket(self) -> int:
        """The one ticket, as soon as it has its brief."""
        local = self.customer.user_id.split(":")[0].lstrip("@")

        def look() -> int | None:
            found = [item for item in self.agent.tickets() if local in item["title"] or local in item["description"]]
            assert len(found) < 2
            ready = found and any("Careloop brief" in (entry["comment"] or "") for entry in found[0]["followup_set"])
            return int(found[0]["id"]) if ready else None

        return wait_until(look, "a ticket with a brief", timeout=PATIENCE)

    def wait_entry(self, ticket: int, words: str, *, public: bool) -> None:
        """Until a follow-up of that kind holds `words`."""
        wait_until(
            lambda: any(words in text for text in self.agent.entries(ticket, public=public)),
            f"{words!r} on the ticket",
            timeout=PATIENCE,
        )

    def wait_posted(self, text: str) -> None:
        """Until the customer sees it."""
        self.customer.wait_message(self.room, by=self.synapse.brand_id, text=text)

    def posted(self) -> list[str]:
        """What the brand wrote to the customer, in order."""
        events = self.customer.messages(self.room)
        return [event["content"].get("body", "") for event in events if event["sender"] == self.synapse.brand_id]


@pytest.fixture
def talk(tmp_path: Path, port: int, desk: DjangoHelpdesk, synapse: Synapse) -> Iterator[Talk]:
    with running("local", tmp_path, {}, port) as product:
        yield Talk(product, desk, synapse)


def test_the_loop(talk: Talk) -> None:
    first = talk.customer.send(talk.room, "wo ist mein {{ Päckchen }}? 📦")
    ticket = talk.ticket()
    talk.wait_entry(ticket, "wo ist mein {{ Päckchen }}? 📦", public=True)
    talk.agent.note(ticket, "internal: the depot had lost it")
    talk.agent.reply(ticket, "It left today, sorry for the wait!")
    talk.wait_posted("It left today, sorry for the wait!")
    talk.wait_entry(ticket, "Posted in private on Matrix.", public=False)

    gone = talk.customer.send(talk.room, "my number is 0160 1234567 {% oops")
    talk.wait_entry(ticket, "0160 1234567 {% oops", public=True)
    talk.customer.edit(talk.room, first, "wo ist mein Paket?")
    talk.wait_entry(ticket, "wo ist mein Paket?", public=True)
    talk.customer.redact(talk.room, gone)
    talk.wait_entry(ticket, "deleted a message", public=False)

    talk.agent.resolve(ticket)
    talk.customer.send(talk.room, "it is broken!")
    talk.wait_entry(ticket, "it is broken!", public=True)
    assert talk.agent.ticket(ticket)["status"] == 2
    talk.agent.reply(ticket, "A new one is on its way.")
    talk.wait_posted("A new one is on its way.")
    assert talk.posted() == ["It left today, sorry for the wait!", "A new one is on its way."]


def test_the_receiver_is_away_while_the_agent_answers(talk: Talk) -> None:
    """django-helpdesk shows the agent an error page then, after it stored the reply; polling finds it, once."""
    talk.customer.send(talk.room, "my lamp is broken")
    ticket = talk.ticket()
    talk.product.stop_receiver()
    with pytest.raises(UnexpectedAnswer, match="500"):
        talk.agent.reply(ticket, "A new one is on its way.")
    talk.wait_posted("A new one is on its way.")
    talk.product.start_receiver()
    talk.wait_entry(ticket, "Posted in private on Matrix.", public=False)
    assert talk.posted() == ["A new one is on its way."]
