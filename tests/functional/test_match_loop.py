"""The whole loop over twins: suggested by name, confirmed by an agent's note in Zendesk, certain from then on, undone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from chalicelib.core.account import ConnectionKind
from chalicelib.core.ids import ContactId, ContactRef
from tests.functional.twin_world import TwinWorld


def requester(world: TwinWorld, ticket: Any) -> str:
    [found] = [item for item in world.tickets() if item["id"] == ticket]
    return str(found["requester"]["external_id"])


def test_a_suggestion_becomes_a_certainty_and_can_be_taken_back():
    world = TwinWorld()
    directory = world.system.stores.directory
    desk = directory.get_connection(ConnectionKind.HELPDESK, "zendesk")
    directory.put_connection(replace(desk, options={**desk.options, "copy_email": "true"}))
    world.clock.advance(minutes=2)
    kim = world.meta.add_user("Kim Park")
    world.meta.comment(kim, world.post, "Where is my lamp?")
    world.play()
    ticket = world.tickets()[0]["id"]
    assert "1. Kim Park, directory:KD-1002: " in world.notes(ticket)[0]
    plain = requester(world, ticket)

    world.desk.agent_note(ticket, "/link 1")
    world.play()
    assert world.notes(ticket)[-1].startswith("Linked: Kim Park on Facebook is Kim Park, directory:KD-1002.")
    world.minutes(1)
    assert requester(world, ticket) == f"{plain}+directory:kd-1002", "the person with the contact's address"
    world.desk.solve(ticket)
    world.play()
    world.clock.advance(days=9)
    world.meta.comment(kim, world.post, "And the second one?")
    world.play()
    second = world.tickets()[-1]["id"]
    assert second != ticket
    assert "because: known link, set by Ana Agent on " in world.notes(second)[0]

    world.desk.agent_note(second, "/unlink")
    world.play()
    world.minutes(1)
    assert requester(world, second) == plain
    contact = ContactRef(crm="directory", contact=ContactId("KD-1002"))
    assert world.system.stores.cases.find_open_by_contact(contact).cases == ()
    world.meta.comment(kim, world.meta.page_post("A third post"), "Hello?")
    world.play()
    third = world.tickets()[-1]["id"]
    assert "KD-1002" not in world.notes(third)[0], "not offered again"
