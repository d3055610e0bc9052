"""The logs of a whole story, as the functions write them: a message can be followed through them, and nobody's words, names
or secrets stand in them. (That no other functional test logs words, `tests.fakes.runtime.SilentTelemetry` sees to.)"""

from __future__ import annotations

import io
import json
import logging
from dataclasses import fields
from typing import Any

import pytest

from careloop.twins.base import Fault
from tests.fakes.clock import FrozenClock
from tests.fakes.logs import logged_telemetry
from tests.functional.twin_world import KEYS, TwinWorld

WORDS = (
    "Zanzibar parcel",
    "hush@private.example",
    "+49 30 901820",
    "Quagmire answer",
    "Whisper in private",
    "Depot gossip",
)
NAMES = ("Dana", "Weber", "dana_w", "Sandbox Agent")


class Story(TwinWorld):
    """Everything that is logged goes to a stream, by the telemetry of the deployed functions."""

    def __init__(self) -> None:
        self.stream = io.StringIO()
        super().__init__(logged_telemetry(self.stream, FrozenClock()))

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.stream.getvalue().splitlines()]


@pytest.fixture(scope="module")
def story() -> Story:
    """A customer's complaint and its answer, and whatever can go wrong: a refusal, a broken call, a dead token, an unreadable
    webhook, a forged one, an edit, a deletion."""
    world = Story()
    first = world.meta.comment(world.dana, world.post, f"{WORDS[0]}! Write to {WORDS[1]} or {WORDS[2]}")
    world.play()
    ticket = world.tickets()[0]["id"]
    world.desk.agent_reply(ticket, f"<p>{WORDS[3]}, Dana Weber</p>")
    world.play()
    world.meta.edit_comment(first, f"{WORDS[0]} again")
    world.meta.message(world.dana, WORDS[4])
    world.desk.agent_note(ticket, WORDS[5])
    world.desk.agent_note(ticket, "/why")
    world.play()
    world.desk.faults.append(Fault(pattern="POST /api/v2/tickets", status=500, body=WORDS[0].encode()))
    world.meta.comment(world.meta.add_user("Weber Dana"), world.post, f"Second {WORDS[0]}")
    world.play()
    world.meta.faults.append(
        Fault(pattern="POST .*/comments", status=400, body=b'{"error":{"message":"Quagmire answer"}}')
    )
    world.desk.agent_reply(ticket, WORDS[3] + " twice")
    world.play()
    world.meta.limit_token(expired=True)
    world.desk.agent_reply(ticket, WORDS[3] + " thrice")
    world.minutes(3)
    world.meta.remove_comment(first)
    world.clock.advance(minutes=30)
    world.play()
    return world


def test_the_story_took_every_way(story: Story) -> None:
    """Else the next test would prove little."""
    said = {(line.get("message"), line.get("outcome")) for line in story.lines}
    assert {("receive", "accepted"), ("ingest", "done"), ("respond", "done"), ("worker", "retry")} <= said
    counted = {
        name
        for line in story.lines
        for name in line
        if name in ("events", "deliveries", "seconds_to_ticket", "seconds_to_reply")
    }
    assert counted == {"events", "deliveries", "seconds_to_ticket", "seconds_to_reply"}


def test_nobody_s_words_names_or_secrets_are_logged(story: Story) -> None:
    planted = [*WORDS, *NAMES, *(getattr(KEYS, item.name) for item in fields(KEYS))]
    logged = story.stream.getvalue()
    assert len(logged) > 5000
    assert [item for item in planted if item.casefold() in logged.casefold()] == []


def test_a_message_is_followed_from_webhook_to_posted_reply(story: Story) -> None:
    lines = [line for line in story.lines if line.get("message") in ("receive", "ingest", "respond")]
    ticketed = next(line["correlation_id"] for line in lines if line.get("disposition") == "ticketed")
    about = [line["message"] for line in lines if line.get("correlation_id") == ticketed]
    assert about[:3] == ["receive", "ingest", "respond"]


def test_libraries_log_nothing_of_it(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        world = TwinWorld()
        world.meta.comment(world.dana, world.post, WORDS[0])
        world.play()
    assert [record for record in caplog.records if WORDS[0] in record.getMessage()] == []
