"""The whole loop over twins: somebody unknown, /ask, a link in the private chat, the form, the ticket says who it is."""

from __future__ import annotations

import re
from urllib.parse import urlencode, urlsplit

import pytest

import app as chalice_app
from careloop.connecting.links import set_up
from careloop.local.gateway import Gateway
from chalicelib import bootstrap
from chalicelib.core.policy import CarePolicy
from tests.functional.twin_world import SITE, TwinWorld

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class Loop(TwinWorld):
    """The twins' world, and the page as a customer's browser reaches it."""

    def __init__(self) -> None:
        super().__init__()
        set_up(self.app, SITE)
        self._gateway = Gateway(chalice_app.app)

    def visit(self, link: str, **values: str) -> tuple[int, str]:
        bootstrap.install(self.app)
        try:
            path = urlsplit(link).path
            body = urlencode(values).encode()
            status, _, page = self._gateway.call("POST" if values else "GET", path, FORM if values else {}, body)
        finally:
            bootstrap.install(None)
        return status, page.decode()

    def ask(self, ticket: str, words: str = "/ask") -> None:
        self.desk.agent_note(ticket, words)
        self.play()

    def written(self, platform: str) -> list[str]:
        """All that stands on a platform."""
        threads = self.meta.snapshot()["threads"]
        return [item["text"] for thread in threads if thread["platform"] == platform for item in thread["messages"]]


@pytest.fixture
def loop() -> Loop:
    return Loop()


def link_in(text: str) -> str:
    [found] = re.findall(r"https://\S+/identify/\S+", text)
    return found


def test_a_strangers_comment_ends_in_a_certain_match(loop: Loop):
    loop.meta.comment(loop.dana, loop.post, "My order never arrived!")
    loop.play()
    [ticket] = loop.tickets()
    assert "Customer record: not certain." in loop.notes(ticket["id"])[0]

    loop.ask(ticket["id"])
    link = link_in(loop.written("messenger")[-1])
    assert "identify" not in str(loop.written("facebook"))
    assert any("Asked the customer in private" in item for item in loop.notes(ticket["id"]))

    status, page = loop.visit(link)
    assert status == 200
    assert "<form" in page
    assert loop.visit(link, name="Dana Weber", number="KD-1001") == loop.visit(link, name="x", number="y")
    loop.play()

    told = loop.notes(ticket["id"])[-1]
    assert "it matches" in told
    assert "Customer record: Dana Weber, directory:KD-1001" in told
    loop.desk.solve(ticket["id"])
    loop.play()
    loop.clock.advance(days=40)
    loop.meta.comment(loop.dana, loop.meta.page_post("Another lamp."), "A new matter.")
    loop.play()
    newest = max(loop.tickets(), key=lambda item: int(item["id"]))
    assert newest["id"] != ticket["id"]
    assert "Customer record: Dana Weber" in loop.notes(newest["id"])[0]
    assert "customer's own answer" in loop.notes(newest["id"])[0]


def test_by_itself_in_messenger_and_answered_by_number(loop: Loop):
    loop.system.stores.directory.put_policy(CarePolicy(ask_in_private="when_unknown", ask_by="question"))
    loop.clock.advance(minutes=2)
    loop.meta.message(loop.dana, "Where is my parcel?")
    loop.play()
    loop.minutes(1)
    [ticket] = loop.tickets()
    assert any("they are, by itself" in item for item in loop.notes(ticket["id"]))
    loop.meta.message(loop.dana, "KD 1001")
    loop.play()
    assert any("Customer record: Dana Weber" in item for item in loop.notes(ticket["id"]))
