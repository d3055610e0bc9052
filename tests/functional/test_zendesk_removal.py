"""What a customer takes back, and who asks to be forgotten, over a Zendesk: its words are black, its people gone."""

from __future__ import annotations

import json

import pytest

from chalicelib.core.events import MessageDeleted, MessageEdited
from chalicelib.core.ids import AuthorId, AuthorKey
from chalicelib.pipeline.erase import Erased, erase_author
from tests.functional.test_zendesk_loop import ZendeskWorld

KIM = AuthorKey(platform="agora", author=AuthorId("kim"))
WORDS = ("parcel", "Lindenweg")


def talked(world: ZendeskWorld) -> ZendeskWorld:
    """Two messages of Kim's, of which one was edited, and an agent's answer."""
    world.arrive(world.message("m1", "Where is <my> parcel?\nLindenweg 5"))
    world.hear()
    world.twin.agent_reply(world.shown()["id"], "It left today.")
    world.hear()
    world.clock.advance(minutes=1)
    world.arrive(world.message("m2", "the parcel is not there"))
    world.clock.advance(minutes=1)
    edit = MessageEdited(
        key=world.message("m2").key, text="the parcel is NOT at Lindenweg", edited_at=world.clock.now()
    )
    world.arrive(edit)
    world.hear()
    return world


def dump(world: ZendeskWorld) -> str:
    return json.dumps(world.twin.dump(), ensure_ascii=False)


def delete(world: ZendeskWorld, number: str) -> None:
    world.arrive(MessageDeleted(key=world.message(number).key, deleted_at=world.clock.now()))
    world.hear()


@pytest.mark.parametrize("workspace", [True, False], ids=["as a whole", "string by string"])
def test_what_a_customer_deletes_is_black_on_the_ticket(workspace: bool) -> None:
    world = talked(ZendeskWorld(subscribed=True))
    world.twin.removal.agent_workspace = workspace
    delete(world, "m1")
    first, *others = [text for _, public, text in world.comments() if public]
    assert set(first) <= {"▇", "\n", " "}
    assert "It left today." in others
    assert world.shown()["subject"] == "Kim (@kim) on Agora: (removed)"
    assert "deleted a message" in world.notes[-1]
    delete(world, "m2")
    assert not [word for word in WORDS if word in str(world.comments())], "what was edited goes too"
    assert "It left today." in str(world.comments())
    world.arrive(world.message("m3", "Hello?"))
    assert world.comments()[-1][2].startswith("Hello?"), "the ticket goes on"


def erased(world: ZendeskWorld) -> Erased:
    result = erase_author(world.runtime, KIM)
    world.hear()
    return result


def test_a_forgotten_person_leaves_no_words_in_zendesk_but_subjects_in_its_history() -> None:
    world = talked(ZendeskWorld())
    world.twin.solve(world.shown()["id"])
    result = erased(world)
    told = " ".join(result.done)
    assert "was made anonymous" in told
    assert "history of events" in told
    assert not [item for item in result.left if "entries" in item], result.left
    data = world.twin.dump()["world"]
    subjects = [
        event
        for audits in data["audits"].values()
        for audit in audits
        for event in audit["events"]
        if event["type"] == "Change" and event["field_name"] == "subject"
    ]
    assert any("parcel" in event["previous_value"] for event in subjects), "this is what the page says stays"
    for event in subjects:
        event.clear()
    kept = json.dumps(data, ensure_ascii=False)
    assert not [word for word in (*WORDS, "agora:kim", "@kim") if word in kept]
    assert "It left today." in kept


def test_somebody_whose_tickets_are_closed_is_deleted_for_good() -> None:
    world = talked(ZendeskWorld())
    world.twin.close(world.shown()["id"])
    result = erased(world)
    assert "was deleted for good" in " ".join(result.done)
    assert "1 closed tickets keep their subject" in " ".join(result.done)
    assert any("1 entries of theirs" in item for item in result.left), "the first, for its subject stays"
    assert world.shown()["requester"]["name"] == "Permanently Deleted User"
    assert not [word for word in WORDS if word in str(world.comments())]


def test_without_the_right_the_deletion_waits_for_a_person() -> None:
    world = talked(ZendeskWorld())
    world.twin.world.data["users"][str(world.twin.integration)]["role"] = "agent"
    delete(world, "m1")
    assert "parcel" in str(world.comments())
    world.twin.world.data["users"][str(world.twin.integration)]["role"] = "admin"
    world.clock.advance(hours=1)
    world.hear()
    world.work()
    assert "parcel" not in str(world.comments()[0])
