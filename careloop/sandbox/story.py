"""The scripted tour: one customer's story, played on the running product, told in the terminal."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console

from careloop.sandbox.view import build
from careloop.sandbox.world import World

PATIENCE = 60.0
"""Seconds for one step; each takes about one."""


class Stalled(Exception):
    """A step of the story did not come."""


class Teller:
    """Plays the steps and prints them."""

    def __init__(self, world: World, console: Console) -> None:
        self.world = world
        self._console = console

    def state(self) -> dict[str, Any]:
        """What the page would show."""
        return build(self.world)

    def wait(self, what: str, look: Callable[[dict[str, Any]], Any]) -> Any:
        """The first true result of `look`. Raises Stalled."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            found = look(self.state())
            if found:
                return found
            time.sleep(0.05)
        raise Stalled(what)

    def title(self, text: str) -> None:
        """A new scene."""
        self._console.print(f"\n[bold]{text}[/bold]", highlight=False)

    def say(self, who: str, text: str, style: str = "") -> None:
        """One voice."""
        lines = text.splitlines() or [""]
        self._console.print(f"  {who:>12}  {lines[0]}", style=style, highlight=False, markup=False, soft_wrap=True)
        for line in lines[1:]:
            self._console.print(" " * 16 + line, style=style, highlight=False, markup=False, soft_wrap=True)


def ticket_of(state: dict[str, Any], number: str | None = None) -> dict[str, Any] | None:
    """The newest ticket, or one by its number."""
    found = [item for item in state["tickets"] if number is None or item["id"] == number]
    return found[0] if found else None


def notes(ticket: dict[str, Any] | None) -> list[str]:
    """Internal notes of a ticket."""
    return [item["text"] for item in ticket["comments"] if item["note"]] if ticket else []


def customers_words(ticket: dict[str, Any] | None) -> list[str]:
    """Public entries that no agent wrote."""
    return [item["text"] for item in ticket["comments"] if not item["note"] and not item["ours"]] if ticket else []


def play(console: Console) -> int:
    """Play the story on a fresh world in a temporary folder; the exit code."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="careloop-demo-") as folder:
        world = World(Path(folder), poll_seconds=5.0)
        world.start()
        try:
            tell(Teller(world, console))
        except Stalled as stalled:
            console.print(f"\n[red]The story stalled:[/red] {stalled}", highlight=False)
            return 1
        finally:
            world.stop()
    console.print(f"\nThe end, after {time.monotonic() - started:.0f} s. `make sandbox` lets you play yourself.")
    return 0


def tell(teller: Teller) -> None:
    """All scenes. Raises Stalled."""
    number = ask_in_public(teller)
    go_private(teller, number)
    answer_in_public(teller, number)
    second_channel(teller)
    settle_who(teller)


def ask_in_public(teller: Teller) -> str:
    """A public comment becomes a ticket with a brief; the ticket's number."""
    world = teller.world
    teller.title("1. Dana comments on Acme's post on Facebook; a signed webhook arrives")
    words = "My order never arrived. Is anybody there?"
    world.act({"action": "write", "place": "facebook", "who": "dana", "text": words})
    teller.say("Dana", words, "cyan")
    ticket = teller.wait("a ticket with its brief", lambda state: (t := ticket_of(state)) and notes(t) and t)
    teller.say("helpdesk", f"ticket #{ticket['id']}: {ticket['subject']}")
    teller.say("brief", notes(ticket)[0], "yellow")
    return str(ticket["id"])


def go_private(teller: Teller, number: str) -> None:
    """/private: the answer goes into Messenger, the customer's answer finds the ticket and her record."""
    world = teller.world
    teller.title("2. The agent goes on in private")
    world.act({"action": "note", "ticket": number, "text": "/private"})
    teller.say("agent, note", "/private", "yellow")
    teller.wait("the confirmation", lambda s: any("in private" in n for n in notes(ticket_of(s, number))[1:]))
    question = "Sorry, Dana! Which customer number is it?"
    world.act({"action": "reply", "ticket": number, "text": question})
    teller.say("agent", question, "green")
    chat = teller.wait(
        "the private message",
        lambda s: next((t for t in s["threads"] if t["place"] == "messenger" and t["messages"]), None),
    )
    teller.say("Messenger", chat["messages"][-1]["text"])
    world.act({"action": "write", "place": "messenger", "who": "dana", "text": "It is KD-1001"})
    teller.say("Dana", "It is KD-1001", "cyan")
    teller.wait("her words on the same ticket", lambda s: "It is KD-1001" in customers_words(ticket_of(s, number)))
    found = teller.wait(
        "the match", lambda s: next((n for n in notes(ticket_of(s, number)) if "customer number" in n), None)
    )
    teller.say("Careloop", found, "yellow")


def answer_in_public(teller: Teller, number: str) -> None:
    """Internal notes stay; the answer is posted once and reported with its link."""
    world = teller.world
    teller.title("3. The agent answers where everybody can read it; an internal note stays inside")
    world.act({"action": "note", "ticket": number, "text": "/public"})
    teller.say("agent, note", "/public", "yellow")
    world.act({"action": "note", "ticket": number, "text": "The depot had lost it. Express replacement sent."})
    teller.say("agent, note", "The depot had lost it. Express replacement sent.", "yellow")
    answer = "A new parcel leaves today by express, Dana. Thank you for your patience!"
    world.act({"action": "reply", "ticket": number, "text": answer})
    teller.say("agent", answer, "green")
    posted = teller.wait("the report", lambda s: [n for n in notes(ticket_of(s, number)) if n.startswith("Posted")][1:])
    teller.say("Careloop", posted[-1], "yellow")
    world.act({"action": "solve", "ticket": number})
    teller.wait("the ticket to be solved", lambda s: (ticket_of(s, number) or {}).get("status") == "solved")
    teller.say("helpdesk", f"ticket #{number} is solved")


def second_channel(teller: Teller) -> None:
    """Another network: X, where a stranger mentions the brand."""
    world = teller.world
    teller.title("4. Lee, whom nobody knows, mentions Acme on X")
    words = "@AcmeCare my lamp forgot the evening I liked best"
    world.act({"action": "write", "place": "x", "who": "lee", "text": words})
    teller.say("Lee", words, "cyan")
    ticket = teller.wait(
        "a second ticket",
        lambda s: next((t for t in s["tickets"] if "Lee" in t["subject"] and notes(t)), None),
    )
    teller.say("helpdesk", f"ticket #{ticket['id']}: {ticket['subject']}")
    answer = "Hello Lee, hold the button for five seconds: it will remember again."
    world.act({"action": "reply", "ticket": ticket["id"], "text": answer})
    teller.say("agent", answer, "green")
    note = teller.wait(
        "the report", lambda s: next((n for n in notes(ticket_of(s, ticket["id"])) if "osted on X" in n), None)
    )
    teller.say("Careloop", note, "yellow")
    if note.startswith("NOT"):
        raise Stalled(note)


def settle_who(teller: Teller) -> None:
    """Somebody whom only the name suggests; the agent decides, and the next message is certain."""
    world = teller.world
    teller.title("5. Kim comments on Facebook; only the name fits a record, so the agent decides")
    words = "Can I have the lamp in green?"
    world.act({"action": "write", "place": "facebook", "who": "kim", "text": words})
    teller.say("Kim", words, "cyan")
    ticket = teller.wait(
        "a third ticket",
        lambda s: next((t for t in s["tickets"] if "Kim" in t["subject"] and notes(t)), None),
    )
    teller.say("brief", notes(ticket)[0], "yellow")
    world.act({"action": "note", "ticket": ticket["id"], "text": "/link 1"})
    teller.say("agent, note", "/link 1", "yellow")
    linked = teller.wait(
        "the confirmation",
        lambda s: next((n for n in notes(ticket_of(s, ticket["id"])) if n.startswith("Linked")), None),
    )
    teller.say("Careloop", linked, "yellow")
    world.act({"action": "write", "place": "facebook", "who": "kim", "text": "Or in blue?"})
    teller.say("Kim", "Or in blue?", "cyan")
    teller.wait(
        "her words", lambda s: any(w.startswith("Or in blue?") for w in customers_words(ticket_of(s, ticket["id"])))
    )
    world.act({"action": "note", "ticket": ticket["id"], "text": "/why"})
    teller.say("agent, note", "/why", "yellow")
    why = teller.wait(
        "the answer", lambda s: next((n for n in notes(ticket_of(s, ticket["id"])) if n.startswith("Case ")), None)
    )
    teller.say("Careloop", why, "yellow")
    if "Kim Park is directory:KD-1002, by Ana Agent" not in why:
        raise Stalled(why)
