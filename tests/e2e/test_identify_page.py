"""The form behind a customer's link in a real browser: found, filled in and sent by keyboard alone; nothing is loaded."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from careloop.sandbox.story import notes, ticket_of
from careloop.sandbox.view import build
from careloop.sandbox.world import World
from tests.e2e.servers import browser
from tests.e2e.servers.installing import NotInstallable
from tests.e2e.servers.testing import skip_or_fail

pytestmark = pytest.mark.e2e
PATIENCE = 60.0


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path / "state", poll_seconds=1.0)
    made.start()
    yield made
    made.stop()


def wait(world: World, look: Callable[[dict[str, Any]], Any]) -> Any:
    """The first true result of `look` at the sandbox."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if found := look(build(world)):
            return found
        time.sleep(0.05)
    raise AssertionError("did not come")


def link_for_dana(world: World) -> tuple[str, str]:
    """Dana comments in public; the agent asks; the link stands in her private chat."""
    world.act({"action": "write", "place": "facebook", "who": "dana", "text": "My order never arrived!"})
    ticket = wait(world, lambda state: (found := ticket_of(state)) and notes(found) and found)
    world.act({"action": "note", "ticket": ticket["id"], "text": "/ask de"})
    chat = wait(
        world, lambda state: next((t for t in state["threads"] if t["place"] == "messenger" and t["messages"]), None)
    )
    [link] = re.findall(r"http\S+/identify/\S+", chat["messages"][-1]["text"])
    return str(ticket["id"]), link


def test_the_form_by_keyboard(world: World, shots: Path) -> None:
    try:
        browser.install()
    except NotInstallable as error:
        skip_or_fail("the browser", error)
    from playwright.sync_api import sync_playwright

    number, link = link_for_dana(world)
    asked: list[str] = []
    blocked: list[str] = []
    with sync_playwright() as playwright:
        arguments = ["--disable-gpu", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
        chromium = playwright.chromium.launch(executable_path=browser.CHROMIUM, args=arguments)
        page = chromium.new_page(viewport={"width": 390, "height": 844})
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: blocked.append(message.text))
        page.goto(link)
        page.screenshot(path=shots / "identify-form.png", full_page=True)
        assert page.evaluate("document.documentElement.lang") == "de"
        assert page.evaluate("getComputedStyle(document.querySelector('button')).color") == "rgb(255, 255, 255)"
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        page.keyboard.press("Tab")
        page.keyboard.type("Dana Weber")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.labels[0].textContent") == "Bestell- oder Kundennummer"
        page.keyboard.type("kd 1001")
        page.keyboard.press("Enter")
        page.get_by_role("heading", name="Vielen Dank.").wait_for()
        page.screenshot(path=shots / "identify-thanks.png", full_page=True)
        chromium.close()
    assert set(asked) <= {link, link.partition("/identify/")[0] + "/favicon.ico"}
    assert blocked == []
    told = wait(world, lambda state: next((n for n in notes(ticket_of(state, number)) if "it matches" in n), None))
    assert "Customer record: Dana Weber" in told
