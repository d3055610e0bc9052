"""Whole conversations on X: what no event tells is found by reading threads again, and who did not call us is answered
in the X app."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from chalicelib import bootstrap
from chalicelib.core.policy import CarePolicy
from chalicelib.entrypoints import poll
from tests.functional.twin_world import TwinWorld

DANA = "dana_w"


class OnX(TwinWorld):
    """Dana called us on X and was answered; ``answer`` is the answer's id."""

    def __init__(self) -> None:
        super().__init__()
        self.system.stores.directory.put_policy(CarePolicy(reconcile_every=timedelta(minutes=5)))
        self.x.add_user("lee", "Lee")
        self.x.post(DANA, "hey @AcmeCare, my lamp hums")
        self.play()
        self.ticket = self.tickets()[0]["id"]
        self.desk.agent_reply(self.ticket, "Is it new?")
        self.play()
        [answer] = [item for item in self.posts() if item["brand"]]
        self.answer = str(answer["id"])

    def posts(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.x.snapshot()["threads"][0]["posts"]
        return found

    def public(self) -> str:
        """What stands on the ticket in public, as one text."""
        [found] = [item for item in self.tickets() if item["id"] == self.ticket]
        return "\n".join(item["text"] for item in found["comments"] if item["public"])

    def polled(self, minutes: int = 6) -> None:
        """Let minutes pass, each with its polls."""
        for _ in range(minutes):
            self.clock.advance(minutes=1)
            bootstrap.install(self.app)
            try:
                poll.fan_out()
            finally:
                bootstrap.install(None)
            self.play()


def test_an_answer_to_an_own_answer_that_no_longer_addresses_us_is_found_by_the_conversation() -> None:
    """No event tells of it, and no list of mentions has it: only the search by conversation."""
    world = OnX()
    first = world.x.post(DANA, "two weeks old", reply_to=world.answer)
    world.x.post(DANA, "and it smells", reply_to=first, excluded=(world.x.brand,))
    world.play()
    assert "two weeks old" in world.public()
    assert "smells" not in world.public()
    world.polled()
    assert "and it smells" in world.public()
    assert len(world.tickets()) == 1
    world.polled()
    assert world.public().count("and it smells") == 1


def test_an_answer_to_somebody_else_s_counts_when_it_addresses_us() -> None:
    world = OnX()
    lees = world.x.post("lee", "mine too", reply_to=world.answer, excluded=())
    world.x.post(DANA, "did yours smell?", reply_to=lees)
    talk = world.x.post("lee", "between us two", reply_to=lees, excluded=(world.x.brand,))
    world.x.post(DANA, "only for Lee", reply_to=talk, excluded=(world.x.brand,))
    world.polled()
    assert "did yours smell?" in world.public()
    assert "only for Lee" not in str(world.tickets())
    assert len(world.tickets()) == 2, "Lee's own"


def test_who_did_not_call_us_is_answered_in_the_app_and_that_answer_is_picked_up() -> None:
    world = OnX()
    post = world.x.post(DANA, "two weeks old", reply_to=world.answer)
    world.play()
    world.desk.agent_reply(world.ticket, "Then we send a new one.")
    world.play()
    assert "Then we send" not in str(world.posts()), "X takes answers by API to a summons alone"
    told = world.notes(world.ticket)[-1]
    assert f"https://x.com/i/web/status/{post}" in told
    assert "Answer it on X itself" in told
    world.x.native_reply(post, "Then we send a new one!")
    world.play()
    assert "Then we send a new one!" in world.notes(world.ticket)[-1]
    world.polled()
    assert str(world.notes(world.ticket)).count("Then we send a new one!") == 1


def test_a_native_answer_whose_event_was_lost_is_found_by_the_conversation() -> None:
    world = OnX()
    post = world.x.post(DANA, "two weeks old", reply_to=world.answer)
    world.play()
    deliver, world.x.deliver = world.x.deliver, lambda *request: (503, b"")
    world.x.native_reply(post, "Then we send a new one!")
    world.x.flush()
    world.x.deliver = deliver
    world.play()
    assert "Then we send" not in str(world.notes(world.ticket))
    world.polled()
    assert "Then we send a new one!" in str(world.notes(world.ticket))
