"""The whole product in one process, over real HTTP on this machine: twins, app, workers, state that survives."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from careloop.sandbox.page import Board, serve_page
from careloop.sandbox.story import customers_words, notes, play, ticket_of
from careloop.sandbox.view import build
from careloop.sandbox.world import World


def wait(world: World, look: Callable[[dict[str, Any]], Any]) -> Any:
    """The first true result of `look` at the page's state."""
    for _ in range(1200):
        found = look(build(world))
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"did not come; last seen: {json.dumps(build(world))[:2000]}")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path / "state", poll_seconds=1.0)
    made.start()
    yield made
    made.stop()


def write(world: World, place: str, who: str, text: str, **answers: str) -> None:
    world.act({"action": "write", "place": place, "who": who, "text": text, **answers})


def test_the_tour_ends_well():
    console = Console(record=True, width=120, quiet=True)
    assert play(console) == 0


@pytest.mark.parametrize(("place", "title"), [("facebook", "Facebook"), ("messenger", "Messenger"), ("x", "X")])
def test_on_every_network_the_answer_comes_back(world: World, place: str, title: str):
    write(world, place, "dana", "Where is my parcel?")
    ticket = wait(world, lambda state: (t := ticket_of(state)) and notes(t) and t)
    assert f"on {title}" in ticket["subject"]
    world.act({"action": "reply", "ticket": ticket["id"], "text": "It left today."})
    posted = wait(world, lambda state: [n for n in notes(ticket_of(state)) if "osted" in n.splitlines()[0]])
    assert posted[0].startswith("Posted")
    threads = build(world)["threads"]
    assert [m["text"] for t in threads if t["place"] == place for m in t["messages"] if m["ours"]][-1].endswith(
        "It left today."
    )


def test_edits_and_deletions_reach_the_ticket(world: World):
    write(world, "facebook", "kim", "my numbr is wrong")
    wait(world, lambda state: notes(ticket_of(state)))
    message = build(world)["threads"][0]["messages"][-1]["id"]
    world.act({"action": "edit", "place": "facebook", "message": message, "text": "my number is wrong"})
    wait(world, lambda state: any("now reads" in item for item in customers_words(ticket_of(state))))
    world.act({"action": "delete", "place": "facebook", "message": message})
    wait(world, lambda state: any("deleted a message" in item for item in notes(ticket_of(state))))


def test_a_note_stays_inside(world: World):
    write(world, "facebook", "dana", "hello")
    ticket = wait(world, lambda state: (t := ticket_of(state)) and notes(t) and t)
    world.act({"action": "note", "ticket": ticket["id"], "text": "a difficult one"})
    world.act({"action": "reply", "ticket": ticket["id"], "text": "Hello Dana"})
    wait(world, lambda state: any(n.startswith("Posted") for n in notes(ticket_of(state))))
    assert "a difficult one" not in json.dumps(build(world)["threads"])


def test_everything_survives_a_restart(tmp_path: Path):
    folder = tmp_path / "state"
    first = World(folder)
    first.start()
    write(first, "messenger", "dana", "before")
    wait(first, lambda state: notes(ticket_of(state)))
    first.stop()
    second = World(folder)
    second.start()
    try:
        assert customers_words(ticket_of(build(second))) == ["before"]
        write(second, "messenger", "dana", "after")
        wait(second, lambda state: customers_words(ticket_of(state)) == ["before", "after"])
        assert len(build(second)["tickets"]) == 1
    finally:
        second.stop()


def test_state_is_for_its_owner_only(tmp_path: Path, world: World):
    world.save()
    folder = tmp_path / "state"
    assert folder.stat().st_mode & 0o077 == 0
    assert all(item.stat().st_mode & 0o077 == 0 for item in folder.iterdir())


@pytest.mark.parametrize(
    "what",
    [
        {},
        {"action": "dance"},
        {"action": "write", "place": "nowhere", "who": "dana", "text": "x"},
        {"action": "write", "place": "x", "who": "nobody", "text": "x"},
        {"action": "write", "place": "x", "who": "dana", "text": "  "},
        {"action": "reply", "ticket": "999", "text": "x"},
        {"action": "delete", "place": "x", "message": "999"},
        {"action": "edit", "place": "facebook", "message": "999", "text": "x"},
    ],
)
def test_what_makes_no_sense_is_refused_in_words(world: World, what: dict[str, str]):
    with pytest.raises(ValueError, match=r"\w"):
        world.act(what)


def test_the_page_is_served_with_its_state(world: World):
    board = Board(lambda: build(world))
    page = serve_page(board, world.act)
    base = f"http://127.0.0.1:{page.server_port}"
    try:
        with urllib.request.urlopen(f"{base}/") as answer:
            assert b"Careloop" in answer.read()
            assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        board.look()
        with urllib.request.urlopen(f"{base}/state?since=0") as answer:
            state = json.load(answer)
        assert {item["id"] for item in state["places"]} == {"facebook", "messenger", "x"}
        body = json.dumps({"action": "write", "place": "x", "who": "lee", "text": "hi"}).encode()
        request = urllib.request.Request(f"{base}/act", body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request) as answer:
            assert answer.status == 200
        bad = urllib.request.Request(f"{base}/act", b"{}", {"Content-Type": "application/json"})
        with pytest.raises(urllib.error.HTTPError, match="400"):
            urllib.request.urlopen(bad)
    finally:
        page.shutdown()
        page.server_close()
