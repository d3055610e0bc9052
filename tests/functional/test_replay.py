"""Payloads read again after a fix, events that were lost or parked, dead letters: nothing twice, nothing forgotten."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from click.testing import CliRunner, Result

from careloop.cli.main import main
from careloop.sandbox.setup import META_ENDPOINT, PAGE
from careloop.twins.meta_hooks import sign, wire
from chalicelib.adapters.payloads import arrival
from chalicelib.core.account import Account, ConnectionKind, Endpoint
from chalicelib.core.disposition import ParkReason
from chalicelib.core.errors import ConflictError, PayloadError, RejectedError, UnavailableError
from chalicelib.core.events import InboundMessage, Malformed, Parsed
from chalicelib.core.ids import AccountId, AccountKey
from chalicelib.core.webhook import VerifiedWebhook, WebhookRequest
from chalicelib.pipeline.parked import Wanted, find_items, in_order, release
from chalicelib.pipeline.receive import receive
from chalicelib.pipeline.redrive import Redriven, collect, redrive
from chalicelib.pipeline.replay import Choice, Tally, find_sources, replay
from tests.fakes.runtime import World
from tests.functional.twin_world import FACEBOOK, KEYS, TwinWorld

AGORA = AccountKey(platform="agora", account=AccountId("brand"))
MAIN = Endpoint(kind=ConnectionKind.PLATFORM, connector="agora", name="main", accounts=(AGORA.account,))


class Reader:
    """A receiver that can't read the words that are on its list: {"m1": "text", ...} is a payload."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.broken: set[str] = set()
        self.wholly = False

    def verify(self, request: WebhookRequest) -> None:
        """Anybody."""

    def parse(self, webhook: VerifiedWebhook) -> Parsed[InboundMessage]:
        if self.wholly:
            raise PayloadError("", "not as expected")
        messages = json.loads(webhook.request.body)
        bad = tuple(Malformed(path=number, reason="odd") for number in messages if number in self.broken)
        good = tuple(
            self.world.message(number, text, sent_at=webhook.request.received_at)
            for number, text in messages.items()
            if number not in self.broken
        )
        return Parsed(events=good, malformed=bad)


class Webbed(World):
    """A world with a webhook, an archive, and something to read it with."""

    def __init__(self) -> None:
        super().__init__()
        self.reader = Reader(self)
        self.connectors.receivers["agora"] = self.reader
        directory = self.system.stores.directory
        directory.put_endpoint(MAIN)
        directory.put_account(Account(key=AGORA, title="Acme", helpdesk="desk", crms=("crm",), endpoint="main"))

    def webhook(self, **messages: str) -> None:
        """One payload arrives, and is worked on."""
        self.clock.advance(seconds=1)
        request = WebhookRequest(
            method="POST",
            url="/",
            headers={},
            query={},
            body=json.dumps(messages).encode(),
            received_at=self.clock.now(),
        )
        receive(self.runtime, ConnectionKind.PLATFORM, "agora", "main", request)
        self.work()

    def replay(self, **options: Any) -> Tally:
        now = self.clock.now()
        choice = Choice(since=now - timedelta(days=20), until=now + timedelta(seconds=1), **options)
        [source] = find_sources(self.runtime, [MAIN], choice)
        steps: list[int] = []
        tally = replay(self.runtime, source, choice, arrival, lambda: steps.append(1))
        assert len(steps) == len(source.keys)
        return tally

    @property
    def said(self) -> list[str]:
        return sorted(text for ticket in self.desk.tickets.values() for text in ticket.customer)

    def parked(self) -> list[str]:
        return [item.reason.value for item in self.system.stores.parking.list_parked()]

    def drop(self) -> None:
        """What stands in the inbound queue is lost."""
        while taken := self.system.queues["inbound"].receive(10):
            self.system.queues["inbound"].delete([item.receipt for item in taken])


def test_what_could_not_be_read_is_read_after_the_fix():
    world = Webbed()
    world.reader.broken = {"m1"}
    world.webhook(m1="Where is my parcel?", m2="And mine?")
    assert world.said == ["And mine?"]
    assert world.parked() == ["malformed"]
    still = world.replay()
    assert (still.payloads, still.events, still.done, still.sent, still.unreadable, still.discarded) == (
        1,
        1,
        1,
        0,
        1,
        0,
    )
    assert world.parked() == ["malformed"]

    world.reader.broken = set()
    preview = world.replay(dry_run=True)
    assert (preview.events, preview.done, preview.sent, preview.discarded) == (2, 1, 1, 1)
    assert world.parked() == ["malformed"]
    world.work()
    assert world.said == ["And mine?"]

    first = world.replay()
    assert (first.events, first.done, first.sent, first.unreadable, first.discarded) == (2, 1, 1, 0, 1)
    assert world.parked() == []
    world.work()
    assert world.said == ["And mine?", "Where is my parcel?"]
    again = world.replay()
    assert (again.done, again.sent, again.discarded) == (2, 0, 0)
    world.work()
    assert world.said == ["And mine?", "Where is my parcel?"]


def test_a_payload_that_could_not_be_read_at_all():
    world = Webbed()
    world.reader.wholly = True
    world.webhook(m1="Where is my parcel?")
    assert world.parked() == ["malformed"]
    [item] = world.system.stores.parking.list_parked()
    assert "careloop replay --endpoint platform/agora/main --since 2026-11-20" in item.advice
    assert world.replay().unreadable == 1
    world.reader.wholly = False
    world.replay()
    world.work()
    assert world.said == ["Where is my parcel?"]
    assert world.parked() == []


def test_one_of_two_unreadable_parts_stays_parked():
    world = Webbed()
    world.reader.broken = {"m1", "m2"}
    world.webhook(m1="one", m2="two")
    world.reader.broken = {"m2"}
    assert world.replay().discarded == 1
    assert [item.path for item in world.system.stores.parking.list_parked()] == ["m2"]


def test_twice_before_anything_was_worked_sends_once():
    world = Webbed()
    world.webhook()
    world.reader.broken = {"m1"}
    world.webhook(m1="Where is my parcel?")
    world.reader.broken = set()
    world.replay()
    world.replay()
    assert world.system.queues["inbound"].depth() == 1


def test_events_whose_messages_were_lost_are_sent_again():
    world = Webbed()
    world.desk.faults = [("ensure_person", True, UnavailableError("down"))]
    world.webhook(m1="begun and lost")
    world.clock.advance(seconds=5)
    world.drop()
    assert world.replay().in_hand == 1, "it may still come again by itself"
    world.clock.advance(hours=2)
    assert world.replay().sent == 1
    world.work()
    assert world.said == ["begun and lost"]


def test_parked_events_are_sent_only_when_that_is_said():
    world = Webbed()
    world.desk.faults = [("ensure_person", True, RejectedError("no", remote_code="422"))]
    world.webhook(m1="Where is my parcel?")
    assert world.parked() == ["permanent"]
    assert world.replay().still_parked == 1
    tally = world.replay(parked=True)
    assert (tally.sent, tally.reopened) == (1, 1)
    assert world.parked() == []
    world.work()
    assert world.said == ["Where is my parcel?"]
    assert world.replay(parked=True).done == 1


def test_a_replay_of_one_account_leaves_the_others_and_their_unreadable_parts():
    world = Webbed()
    world.reader.broken = {"m1"}
    world.webhook(m1="one")
    world.reader.broken = set()
    other = AccountKey(platform="agora", account=AccountId("another"))
    tally = world.replay(account=other)
    assert (tally.events, tally.sent, tally.discarded) == (0, 0, 0)
    assert world.parked() == ["malformed"]


def test_dying_at_each_step_of_a_replay_loses_nothing_and_doubles_nothing():
    """Every call that changes something is the last one, in turn."""
    for last in range(6):
        world = Webbed()
        world.reader.broken = {"m1"}
        world.desk.faults = [("ensure_person", True, RejectedError("no"))]
        world.webhook(m1="one", m2="two")
        world.reader.broken = set()
        _until(world, last, partial(world.replay, parked=True))
        world.replay(parked=True)
        world.later(minutes=10)
        assert world.said == ["one", "two"], last
        assert world.parked() == [], last


# -- release and redrive -----------------------------------------------------------------------------------------------


class Died(BaseException):
    """The process ended here."""


def _until(world: World, last: int, work: Callable[[], Any]) -> None:
    """`work`, ended before change number `last`."""
    count = 0
    table = world.system.table
    write, send = table.write, world.system.queues["inbound"].send

    def counted(call: Callable[..., None]) -> Callable[..., None]:
        def change(*arguments: Any) -> None:
            nonlocal count
            if count == last:
                raise Died
            count += 1
            call(*arguments)

        return change

    table.write = counted(write)
    world.system.queues["inbound"].send = counted(send)
    try:
        work()
    except Died:
        pass
    finally:
        table.write = write
        world.system.queues["inbound"].send = send


def refused() -> World:
    """A world in which one message is parked."""
    world = World()
    world.desk.faults = [("ensure_person", True, RejectedError("no", remote_code="422"))]
    world.arrive(world.message("m1", "Where is my parcel?"))
    assert list(world.dispositions().values()) == ["parked"]
    return world


@pytest.mark.parametrize("last", range(4))
def test_a_release_that_dies_can_be_repeated(last: int):
    world = refused()
    [item] = world.system.stores.parking.list_parked()
    _until(world, last, lambda: release(world.runtime, item.id))
    world.work()
    if world.system.stores.parking.find_parked(item.id):
        world.clock.advance(seconds=1)
        release(world.runtime, item.id)
    world.work()
    assert world.ticket.customer == ["Where is my parcel?"]
    assert list(world.dispositions().values()) == ["ticketed"]
    assert list(world.system.stores.parking.list_parked()) == []


def test_what_is_parked_again_while_it_is_released_stays_parked():
    world = refused()
    [item] = world.system.stores.parking.list_parked()
    inbound = world.system.queues["inbound"]
    send = inbound.send

    def quick(messages: Any) -> None:
        send(messages)
        world.clock.advance(seconds=1)
        world.desk.faults = [("ensure_person", True, RejectedError("still no"))]
        world.work()

    inbound.send = quick
    release(world.runtime, item.id)
    inbound.send = send
    [again] = world.system.stores.parking.list_parked()
    assert again.parked_at > item.parked_at
    assert list(world.dispositions().values()) == ["parked"]
    world.clock.advance(seconds=1)
    release(world.runtime, again.id)
    world.work()
    assert world.ticket.customer == ["Where is my parcel?"]


def test_two_operators_release_the_same():
    world = refused()
    [item] = world.system.stores.parking.list_parked()
    inbound = world.system.queues["inbound"]
    send = inbound.send

    def meanwhile(messages: Any) -> None:
        inbound.send = send
        release(world.runtime, item.id)
        world.clock.advance(seconds=1)
        send([replace(message, dedup="another") for message in messages])

    inbound.send = meanwhile
    release(world.runtime, item.id)
    assert inbound.depth() == 2
    world.work()
    assert world.ticket.customer == ["Where is my parcel?"]
    assert list(world.dispositions().values()) == ["ticketed"]


def test_what_can_t_be_reopened_is_not_sent():
    """A message for an event that is still parked would be taken for a repetition, and the event lost."""
    world = refused()
    [item] = world.system.stores.parking.list_parked()
    commit = world.system.stores.transactions.commit

    def contended(*writes: Any) -> None:
        raise ConflictError("somebody else was quicker")

    world.system.stores.transactions.commit = contended
    with pytest.raises(ConflictError):
        release(world.runtime, item.id)
    world.system.stores.transactions.commit = commit
    assert world.system.queues["inbound"].depth() == 0
    assert world.system.stores.parking.find_parked(item.id) == item


def exhausted(*numbers: str) -> World:
    """A world in which the queue gave up on messages, of which some still stand among the dead letters."""
    world = World()
    world.desk.faults = [("ensure_person", True, UnavailableError("down")) for _ in range(1000)]
    for number in numbers:
        world.clock.advance(seconds=1)
        world.send(world.message(number, number))
    for _ in range(60):
        world.later(minutes=20)
    for _ in range(60 * (len(numbers) - 1)):
        world.later(minutes=20)
    assert world.system.dead_letters["inbound"].depth() == len(numbers)
    world.desk.faults = []
    return world


def test_dead_letters_come_back_in_order_and_once():
    world = exhausted("m1", "m2", "m3")
    seen: list[int] = []
    assert collect(world.runtime, world.system.dead_letters, seen.append) == 3
    assert sum(seen) == 3
    assert collect(world.runtime, world.system.dead_letters, seen.append) == 0
    wanted = Wanted(reasons=frozenset({ParkReason.EXHAUSTED}))
    items = in_order(find_items(world.runtime, wanted))
    tally = Redriven()
    for item in items:
        redrive(world.runtime, item, tally)
    assert (tally.released, tally.settled, tally.held) == (3, 0, 0)
    world.work()
    assert world.ticket.customer == ["m1", "m2", "m3"]
    for item in items:
        redrive(world.runtime, item, tally)
    assert (tally.released, tally.settled) == (3, 3)
    world.work()
    assert world.ticket.customer == ["m1", "m2", "m3"]


def test_a_leftover_is_discarded_and_nothing_sent():
    """Parked, then the worker died before it said so: the event came again, and went well."""
    world = refused()
    [item] = world.system.stores.parking.list_parked()
    release(world.runtime, item.id)
    world.work()
    world.system.stores.parking.park(item)
    tally = Redriven()
    redrive(world.runtime, item, tally)
    assert (tally.released, tally.settled) == (0, 1)
    assert world.system.queues["inbound"].depth() == 0
    assert list(world.system.stores.parking.list_parked()) == []


@pytest.mark.parametrize("code", ["rejected", "not_found", "unsupported"])
def test_advice_names_what_to_do_and_the_command(code: str):
    from chalicelib.core import errors

    made = {item.code: item for item in (errors.RejectedError, errors.NotFoundError, errors.UnsupportedError)}
    world = World()
    world.desk.faults = [("ensure_person", True, made[code]("no"))]
    world.arrive(world.message())
    [item] = world.system.stores.parking.list_parked()
    assert f"careloop parked release (or discard) {item.id}" in item.advice
    assert len(item.advice) > 60


# -- the commands ------------------------------------------------------------------------------------------------------


def operator(world: Any, *arguments: str, answer: str | None = None) -> Result:
    """A command, on a world's application, which lives in memory."""
    return CliRunner().invoke(main, list(arguments), input=answer, obj=world.app)


def test_the_replay_command_over_a_twin():
    world = TwinWorld()
    world.meta.comment(world.dana, world.post, "Where is my parcel?")
    world.play()
    odd = {"id": PAGE, "time": 1, "changes": [{"field": "feed", "value": {"item": "comment", "verb": "add"}}]}
    body = wire({"object": "page", "entry": [odd]})
    headers = {"content-type": "application/json", **sign(KEYS.app_secret, body)}
    world._webhook("POST", f"https://x/webhooks/platform/facebook/{META_ENDPOINT}", headers, body)
    world.play()
    since = ("--since", "1h")
    dry = operator(world, "replay", "--account", str(FACEBOOK), *since, "--dry-run")
    assert dry.exit_code == 0, dry.output
    assert "nothing was sent" in dry.output
    done = operator(world, "replay", "--endpoint", f"facebook/{META_ENDPOINT}", *since, "--json")
    tally = json.loads(done.output)
    assert (tally["done"] > 0, tally["sent"], tally["unreadable"]) == (True, 0, 1)
    assert "careloop replay --endpoint platform/facebook/meta" in operator(world, "parked", "list", "--json").output
    for wrong in (("--account", "facebook:9"), ("--endpoint", "facebook/none"), ("--endpoint", "none"), ()):
        refused = operator(world, "replay", *wrong, *since)
        assert refused.exit_code == 1, wrong
        assert "configuration" in refused.output


def test_the_redrive_command():
    world = exhausted("m1")
    world.app = replace(world.app, dead_letters=world.system.dead_letters)
    preview = operator(world, "redrive", "--dry-run", "--json")
    assert json.loads(preview.output) == {"would_send": [], "in_dead_letter_queues": 1}
    assert world.system.dead_letters["inbound"].depth() == 1
    assert "1 sent again" in operator(world, "redrive").output
    assert "0 sent again" in operator(world, "redrive").output
    world.work()
    assert world.ticket.customer == ["m1"]


def test_parked_items_are_filtered_and_released_together():
    world = World()
    world.desk.faults = [("ensure_person", True, RejectedError("no")), ("ensure_person", True, RejectedError("no"))]
    world.arrive(world.message("m1", "one"))
    world.arrive(world.message("m2", "two", platform="agora-dm", person="lee", private=True))
    listed = operator(world, "parked", "list", "--account", "agora:brand", "--json").output.splitlines()
    assert [json.loads(line)["account"] for line in listed] == ["agora:brand"]
    assert "body" not in json.loads(listed[0])
    assert "Nothing of that kind" in operator(world, "parked", "list", "--reason", "bug").output
    assert "Nothing of that kind" in operator(world, "parked", "release", "--all", "--code", "none").output
    assert operator(world, "parked", "release").exit_code == 2
    assert operator(world, "parked", "release", "p-1", "--all").exit_code == 2
    stopped = operator(world, "parked", "release", "--all", answer="n\n")
    assert stopped.exit_code == 1
    assert len(world.system.stores.parking.list_parked()) == 2
    assert operator(world, "parked", "release", "--all", "--account", "agora:brand", answer="y\n").exit_code == 0
    assert operator(world, "parked", "release", "--all", "--reason", "permanent", "--yes").exit_code == 0
    world.work()
    assert sorted(text for ticket in world.desk.tickets.values() for text in ticket.customer) == ["one", "two"]


def test_alarms_and_checks_by_command():
    world = TwinWorld()
    well = operator(world, "check", str(FACEBOOK))
    assert well.exit_code == 0, well.output
    assert "token good" in well.output
    assert operator(world, "alarms").exit_code == 0
    world.meta.world.page(PAGE)["token"] = "another-token"
    ill = operator(world, "check", str(FACEBOOK))
    assert ill.exit_code == 1
    assert f"careloop accounts secrets {FACEBOOK}" in ill.output
    listed = operator(world, "alarms", "--json")
    assert listed.exit_code == 1
    assert json.loads(listed.output)["command"] == f"careloop accounts secrets {FACEBOOK}"
    stored = operator(
        world, "accounts", "secrets", str(FACEBOOK), "--secrets", "-", answer='{"page_token": "another-token"}'
    )
    assert stored.exit_code == 0, stored.output
    assert "another-token" not in stored.output
    assert operator(world, "check", str(FACEBOOK)).exit_code == 0
    assert operator(world, "alarms").exit_code == 0
    everything = operator(world, "check")
    assert "x:100" in everything.output
    assert operator(world, "check", "nobody").exit_code == 1
    assert operator(world, "accounts", "secrets", PAGE, "--secrets", "-", answer="{}").exit_code == 1, (
        "two have that id"
    )
    assert operator(world, "accounts", "secrets", str(FACEBOOK), "--secrets", "-", answer="{}").exit_code == 1
