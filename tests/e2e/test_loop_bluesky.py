"""A customer on Bluesky, the CRM in Tryton, the ticket and the agent in Request Tracker: the whole loop, and outages."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e.product import HOOK_SECRET, Product
from tests.e2e.servers.bluesky import Bluesky
from tests.e2e.servers.bluesky_people import BlueskyAccount
from tests.e2e.servers.browser import AgentBrowser
from tests.e2e.servers.browser import install as install_browser
from tests.e2e.servers.installing import NotInstallable
from tests.e2e.servers.rt import RequestTracker
from tests.e2e.servers.testing import skip_or_fail
from tests.e2e.servers.tryton import Tryton
from tests.e2e.servers.web import wait_until

pytestmark = pytest.mark.e2e

PATIENCE = 120.0
"""Seconds; what is waited for takes two or three on a quiet machine."""


@dataclass
class Scene:
    """The people and systems of one test."""

    product: Product
    rt: RequestTracker
    brand: BlueskyAccount
    customer: BlueskyAccount
    name: str

    @property
    def tickets(self) -> list[int]:
        """Tickets of this test's customer."""
        return self.rt.agent().find(f"Queue='Social' AND Subject LIKE '{self.name}'")

    def ticket(self, timeout: float = PATIENCE) -> int:
        """The one ticket, as soon as it is there with its brief."""

        def look() -> int | None:
            found = self.tickets
            if not found:
                return None
            notes = self.rt.agent().history(found[0], "Comment")
            return found[0] if any("Careloop brief" in item.text for item in notes) else None

        return wait_until(look, "a ticket with a brief", timeout=timeout)

    def customers_words(self, ticket: int) -> str:
        """What the ticket holds of the customer, in order."""
        entries = self.rt.agent().history(ticket, "Create", "Correspond")
        return "\n".join(item.text for item in entries)

    def wait_words(self, ticket: int, words: str) -> None:
        """Until the ticket holds `words`."""
        wait_until(lambda: words in self.customers_words(ticket), f"{words!r} on the ticket", timeout=PATIENCE)

    def notes(self, ticket: int) -> str:
        """All internal notes."""
        return "\n".join(item.text for item in self.rt.agent().history(ticket, "Comment"))

    def wait_note(self, ticket: int, words: str) -> None:
        """Until an internal note holds `words`."""
        wait_until(lambda: words in self.notes(ticket), f"a note with {words!r}", timeout=PATIENCE)

    def replies(self) -> list[str]:
        """What the brand posted, as its own server keeps it."""
        return [item["value"]["text"] for item in self.brand.records()]


@pytest.fixture
def scene(product: Product, rt: RequestTracker, bluesky: Bluesky, tryton: Tryton) -> Scene:
    """A brand and a customer who is known to the CRM by handle."""
    mark = secrets.token_hex(3)
    name = f"Dana {mark}"
    brand = bluesky.create_account("brand", display_name="Acme")
    customer = bluesky.create_account("dana", display_name=name)
    tryton.create_party(name, email=f"dana.{mark}@example.com", handles={"bluesky": customer.handle})
    product.add_helpdesk(
        "rt",
        "rt",
        options={"base_url": rt.url, "queue": "Social"},
        call={"token": rt.bridge_token},
        verify={"hook_secret": HOOK_SECRET},
    )
    product.add_crm("tryton", "tryton", options={"base_url": tryton.base_url}, call={"key": tryton.rest_key})
    product.add_account(
        "bluesky",
        brand.did,
        helpdesk="rt",
        crms=("tryton",),
        options={"base_url": bluesky.url},
        call={"app_password": brand.app_password()},
    )
    return Scene(product=product, rt=rt, brand=brand, customer=customer, name=name)


def test_the_loop(scene: Scene, shots: Path) -> None:
    try:
        install_browser()
    except NotInstallable as error:
        skip_or_fail("the browser", error)
    post = scene.customer.post(f"Hallo @{scene.brand.handle} wo ist mein Päckchen? 📦", mention=[scene.brand])
    ticket = scene.ticket()
    assert "wo ist mein Päckchen? 📦" in scene.customers_words(ticket)
    brief = scene.notes(ticket)
    assert f"Customer record: {scene.name}" in brief
    assert f"handle @{scene.customer.handle} on bluesky" in brief
    assert "https://bsky.app/profile/" in brief

    with AgentBrowser(scene.rt, shots=shots) as agent:
        agent.log_in()
        agent.open(ticket)
        agent.screenshot("ticket")
        agent.reply_quoting(ticket, "It left today, sorry for the wait!")
        answer = scene.customer.wait_reply(post, by=scene.brand, timeout=PATIENCE)
        assert scene.replies() == ["It left today, sorry for the wait!"]
        scene.wait_note(ticket, "Posted on Bluesky.")
        agent.open(ticket)
        agent.screenshot("answered")

        agent.comment(ticket, "internal: the depot had lost it")
        scene.customer.reply(answer, "Thank you! 🎉")
        scene.wait_words(ticket, "Thank you! 🎉")
        agent.resolve(ticket)
        wait_until(lambda: scene.rt.agent().status(ticket) == "resolved", "the ticket to be resolved", timeout=PATIENCE)
        agent.open(ticket)
        agent.screenshot("resolved")
    assert scene.tickets == [ticket]
    assert scene.replies() == ["It left today, sorry for the wait!"]


def test_the_helpdesk_is_down_while_customers_write(scene: Scene) -> None:
    scene.rt.stop()
    first = scene.customer.post(f"@{scene.brand.handle} is anybody there?", mention=[scene.brand])
    scene.customer.wait_visible(first.uri)
    again = f"@{scene.brand.handle} hello? second message"
    scene.customer.post(again, mention=[scene.brand], reply_to=first)
    inbound = scene.product.app.queues["inbound"]
    wait_until(lambda: inbound.depth() >= 1, "an event that waits", timeout=PATIENCE)
    scene.rt.restart()
    # the waits between attempts have doubled meanwhile
    ticket = scene.ticket(timeout=180.0)
    scene.wait_words(ticket, "is anybody there?")
    scene.wait_words(ticket, "second message")
    words = scene.customers_words(ticket)
    assert [words.count(text) for text in ("is anybody there?", "second message")] == [1, 1]
    if scene.product.family == "local":
        # moto lets a message pass an earlier one of its group whose visibility was changed; SQS and our own queue do not
        assert words.index("is anybody there?") < words.index("second message")
    assert scene.tickets == [ticket]


def test_the_receiver_is_down_while_the_agent_answers(scene: Scene) -> None:
    post = scene.customer.post(f"@{scene.brand.handle} my lamp is broken", mention=[scene.brand])
    ticket = scene.ticket()
    scene.product.stop_receiver()
    scene.rt.agent().reply(ticket, "A new one is on its way.")
    scene.customer.wait_reply(post, by=scene.brand, timeout=PATIENCE)
    scene.product.start_receiver()
    scene.wait_note(ticket, "Posted on Bluesky.")
    assert scene.replies() == ["A new one is on its way."]
    assert scene.notes(ticket).count("Posted on Bluesky.") == 1


def test_poll_and_scrip_both_see_the_reply(scene: Scene) -> None:
    post = scene.customer.post(f"@{scene.brand.handle} where is my invoice?", mention=[scene.brand])
    ticket = scene.ticket()
    scene.rt.agent().reply(ticket, "It is in your mailbox.")
    scene.customer.wait_reply(post, by=scene.brand, timeout=PATIENCE)
    scene.wait_note(ticket, "Posted on Bluesky.")
    done = scene.product.telemetry.counts().get("deliveries", 0)
    for _ in range(2):  # a poll of everything again, and the Scrip's hint once more by hand
        from chalicelib.entrypoints import poll

        poll.fan_out()
    wait_until(lambda: scene.product.app.queues["jobs"].depth() == 0, "the polls to be done", timeout=PATIENCE)
    assert scene.product.telemetry.counts().get("deliveries", 0) == done
    assert scene.replies() == ["It is in your mailbox."]
    assert scene.notes(ticket).count("Posted on Bluesky.") == 1


def test_the_appview_is_away_and_comes_back(scene: Scene, bluesky: Bluesky) -> None:
    bluesky.cut_appview()
    try:
        scene.customer.post(f"@{scene.brand.handle} do you hear me?", mention=[scene.brand])
        assert scene.brand.notifications().status == 502
    finally:
        bluesky.restore_appview()
    ticket = scene.ticket()
    assert "do you hear me?" in scene.customers_words(ticket)
    assert scene.tickets == [ticket]


def test_a_deleted_post_is_told_and_not_answered(scene: Scene) -> None:
    post = scene.customer.post(f"@{scene.brand.handle} my name and address are ...", mention=[scene.brand])
    ticket = scene.ticket()
    scene.customer.delete(post)
    scene.customer.wait_gone(post.uri)
    scene.rt.agent().reply(ticket, "Please write to us in private.")
    scene.wait_note(ticket, "NOT posted on Bluesky")
    assert scene.replies() == []


def test_an_internal_comment_never_leaves(scene: Scene) -> None:
    post = scene.customer.post(f"@{scene.brand.handle} still waiting", mention=[scene.brand])
    ticket = scene.ticket()
    scene.rt.agent().comment(ticket, "this one is difficult")
    scene.rt.agent().reply(ticket, "We are on it.")
    scene.customer.wait_reply(post, by=scene.brand, timeout=PATIENCE)
    assert scene.replies() == ["We are on it."]
