"""What may happen at once, and what must hold however it is interleaved."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from chalicelib.core import compose
from chalicelib.core.case import Case, CaseState
from chalicelib.core.codec import to_json
from chalicelib.core.events import (
    Envelope,
    HelpdeskHint,
    MessageDeleted,
    MessageEdited,
    PlatformEvent,
    event_key,
)
from chalicelib.core.ids import AccountId, AccountKey, ContactId, ContactRef, MessageId, MessageKey, TicketId, digest
from chalicelib.core.jobs import HintEnvelope
from chalicelib.core.people import Contact, SocialHandle
from chalicelib.core.reply import DeliveryStatus, OutboundReply
from chalicelib.core.ticket import TicketStatus
from chalicelib.ports.services import QueueMessage
from tests.concurrency.players import Stage
from tests.fakes.platform import spec

BRAND = AccountKey(platform="agora", account=AccountId("brand"))
DMS = AccountKey(platform="agora-dm", account=AccountId("brand"))
KIM = Contact(
    ref=ContactRef(crm="crm", contact=ContactId("4711")),
    name="Kim Weber",
    social=(SocialHandle(platform="agora", user_id="kim"), SocialHandle(platform="agora-dm", user_id="kim")),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """``begin`` sets a stage with its workers; ``check`` is asked once all is settled. ``zombie``: a worker outlives its
    lease, which the time limits of Lambda exclude; then remotes without idempotency keys may be told twice, and
    ``doubled`` says whether they were."""

    name: str
    begin: Callable[[], Stage]
    check: Callable[[Stage], None]
    doubled: Callable[[Stage], bool] | None = None
    hinted: bool = True
    """In the end each ticket is looked at once more, as polling does, which mends much."""


# ---- means -----------------------------------------------------------------------------------------------------------


def put(stage: Stage, event: PlatformEvent, group: str) -> None:
    """An event in the inbound queue, in a group of its own: what FIFO forbids must be harmless as well."""
    now = stage.world.clock.now()
    envelope = Envelope(key=event_key(event), event=event, received_at=now)
    message = QueueMessage(body=to_json(envelope), group=group, dedup=digest(envelope.key, group, length=40))
    stage.world.runtime.queues.inbound.send([message])


def hint(stage: Stage, ticket: str, group: str) -> None:
    """A hint in the outbound queue, in a group of its own."""
    envelope = HintEnvelope(
        helpdesk="desk", hint=HelpdeskHint(ticket=TicketId(ticket)), received_at=stage.world.clock.now()
    )
    message = QueueMessage(body=to_json(envelope), group=group, dedup=digest(ticket, group, length=40))
    stage.world.runtime.queues.outbound.send([message])


def case_of(stage: Stage, ticket: str = "1") -> Case:
    found = stage.world.system.stores.cases.find_by_ticket(stage.desk.tickets[ticket].ref)
    assert found is not None
    return found


def said(stage: Stage) -> Counter[str]:
    """Customers' words on all tickets that are not merged away, and how often each stands there."""
    return Counter(words for ticket in stage.desk.tickets.values() for words in ticket.customer)


def noted(stage: Stage, part: str) -> int:
    """How many notes hold `part`."""
    return sum(part in note for ticket in stage.desk.tickets.values() for note in ticket.notes)


def sound(stage: Stage) -> None:
    """What always holds: each event has a disposition, each conversation one case, each live case its own ticket."""
    world = stage.world
    dispositions = world.dispositions()
    assert "in hand" not in dispositions.values(), dispositions
    assert not world.system.stores.parking.list_parked()
    assert not world.telemetry.counts.get("bugs"), world.telemetry.lines[-5:]
    stores = world.system.stores
    for account in (BRAND, DMS):
        for key in stores.cases.open_conversations(account):
            owner = stores.cases.snapshot(key, MessageKey(account=account, message=MessageId("none"))).case
            assert owner is not None, f"{key} leads nowhere"
            assert owner.conversation(key) is not None
            assert owner.state is not CaseState.OPENING, f"{owner.id} was never opened"
            assert owner.ticket is not None
            named = stores.cases.find_by_ticket(owner.ticket)
            assert named is not None
            assert named.id == owner.id, f"ticket {owner.ticket} leads to {named.id}, its case is {owner.id}"
            for delivery in stores.deliveries.deliveries(owner.id):
                assert delivery.finished_at is not None, f"{delivery.key} was never finished"


def outcomes(stage: Stage) -> list[str]:
    return sorted(stage.world.dispositions().values())


# ---- the way in ------------------------------------------------------------------------------------------------------


def _same_event() -> Stage:
    stage = Stage()
    for way in ("webhook", "poll"):
        put(stage, stage.world.message(), way)
        stage.worker(way, "inbound")
    return stage


def _one_ticket(*words: str) -> Callable[[Stage], None]:
    def check(stage: Stage) -> None:
        sound(stage)
        assert len(stage.desk.tickets) == 1, f"{len(stage.desk.tickets)} tickets"
        assert said(stage) == Counter(words)
        assert noted(stage, "Kim") >= 1

    return check


def _two_messages() -> Stage:
    stage = Stage()
    put(stage, stage.world.message("m1", "one"), "a")
    put(stage, stage.world.message("m2", "two"), "b")
    stage.worker("first", "inbound")
    stage.worker("second", "inbound")
    return stage


def _two_more_messages() -> Stage:
    stage = Stage()
    stage.world.arrive(stage.world.message("m0", "zero"))
    put(stage, stage.world.message("m1", "one"), "a")
    put(stage, stage.world.message("m2", "two"), "b")
    stage.worker("first", "inbound")
    stage.worker("second", "inbound")
    return stage


def _two_channels() -> Stage:
    stage = Stage()
    stage.world.crm.contacts = [KIM]
    put(stage, stage.world.message("m1", "in public"), "a")
    put(stage, stage.world.message("d1", "in private", platform="agora-dm", private=True, thread="dm-kim"), "b")
    stage.worker("public", "inbound")
    stage.worker("private", "inbound")
    return stage


def _follow_up_and_channel() -> Stage:
    stage = Stage()
    stage.world.crm.contacts = [KIM]
    stage.world.arrive(stage.world.message("m0", "long ago"))
    stage.desk.set_status("1", TicketStatus.CLOSED)
    stage.world.hint("1")
    stage.world.clock.advance(days=40)
    put(stage, stage.world.message("m1", "again"), "a")
    put(stage, stage.world.message("d1", "in private", platform="agora-dm", private=True, thread="dm-kim"), "b")
    stage.worker("public", "inbound")
    stage.worker("private", "inbound")
    return stage


def _check_follow_up(stage: Stage) -> None:
    """As if one had come after the other: the private message joins the follow-up, or has a ticket already."""
    sound(stage)
    assert said(stage) == Counter(["long ago", "again", "in private"])
    follow_up, private = (case_at(stage, "post-1", BRAND), case_at(stage, "dm-kim", DMS))
    if private.id != follow_up.id:
        assert private.opened_at <= follow_up.opened_at


def case_at(stage: Stage, thread: str, account: AccountKey) -> Case:
    stores = stage.world.system.stores
    key = next(key for key in stores.cases.open_conversations(account) if key.thread.thread == thread)
    found = stores.cases.snapshot(key, MessageKey(account=account, message=MessageId("none"))).case
    assert found is not None
    return found


def _message_and(change: Callable[[Stage], PlatformEvent]) -> Callable[[], Stage]:
    def begin() -> Stage:
        stage = Stage()
        put(stage, stage.world.message("m1", "call me Kay"), "author")
        put(stage, change(stage), "thread")
        stage.worker("message", "inbound")
        stage.worker("change", "inbound")
        return stage

    return begin


def _edit(stage: Stage) -> MessageEdited:
    key = MessageKey(account=BRAND, message=MessageId("m1"))
    return MessageEdited(key=key, text="call me Kim", edited_at=stage.world.clock.now())


def _delete(stage: Stage) -> MessageDeleted:
    key = MessageKey(account=BRAND, message=MessageId("m1"))
    return MessageDeleted(key=key, deleted_at=stage.world.clock.now())


def _check_edit(stage: Stage) -> None:
    sound(stage)
    assert len(stage.desk.tickets) == 1
    words = said(stage)
    told = sum(count for text, count in words.items() if "call me Kim" in text)
    assert told == 1, f"the edit was told {told} times: {words}"
    assert words["call me Kay"] <= 1


def _check_delete(stage: Stage) -> None:
    sound(stage)
    words, notes = said(stage)["call me Kay"], noted(stage, compose.deleted_note(False))
    assert (words, notes) in ((0, 0), (1, 1)), f"the words stand there {words} times, {notes} notes say they are gone"
    if words:
        assert case_of(stage).conversations[0].gone


def _edit_and_delete() -> Stage:
    stage = Stage()
    put(stage, _edit(stage), "edit")
    put(stage, _delete(stage), "delete")
    stage.worker("edit", "inbound")
    stage.worker("delete", "inbound")
    return stage


def _check_edit_and_delete(stage: Stage) -> None:
    """Both came before their message: it comes now, and is not taken in."""
    put(stage, stage.world.message("m1", "call me Kay"), "author")
    stage.settle()
    sound(stage)
    assert not stage.desk.tickets
    assert outcomes(stage) == ["noise", "removed_by_author", "removed_by_author"]


# ---- the way out -----------------------------------------------------------------------------------------------------


def _replied(stage: Stage, *texts: str) -> Stage:
    stage.world.arrive(stage.world.message())
    for text in texts:
        stage.desk.agent_writes("1", text)
    return stage


def _two_hints(*texts: str, asks: bool = True) -> Callable[[], Stage]:
    def begin() -> Stage:
        stage = _replied(Stage(asks=asks), *texts)
        for way in ("hint", "poll"):
            hint(stage, "1", way)
            stage.worker(way, "outbound")
        return stage

    return begin


def _posted_once(*texts: str) -> Callable[[Stage], None]:
    def check(stage: Stage) -> None:
        sound(stage)
        assert stage.platform.texts == list(texts)
        # an internal note has no fence: two workers on one ticket, which FIFO forbids, may both write it
        assert len(texts) <= noted(stage, "Posted") <= 2 * len(texts), stage.desk.tickets["1"].notes

    return check


def _agent_writes_meanwhile() -> Stage:
    stage = _replied(Stage(), "one")
    stage.somebody("agent", lambda: stage.desk.agent_writes("1", "two"), lambda: hint(stage, "1", "second"))
    hint(stage, "1", "first")
    stage.worker("a", "outbound")
    stage.worker("b", "outbound")
    return stage


def _echo_overtakes() -> Stage:
    stage = _replied(Stage(), "We are on it.")

    def echoes(reply: OutboundReply, message: str) -> Sequence[PlatformEvent]:
        return [
            stage.world.message(message, reply.text, person="acme", is_echo=True, recipient="kim", in_reply_to="m1")
        ]

    stage.platform.echoes = echoes
    stage.platform.tell = lambda events: stage.world.send(*events)
    hint(stage, "1", "hint")
    stage.worker("respond", "outbound")
    stage.worker("echo", "inbound")
    return stage


def _check_echo(stage: Stage) -> None:
    _posted_once("We are on it.")(stage)
    assert noted(stage, "natively") == 0
    assert outcomes(stage) == ["echo", "ticketed"]


def _solved_while_writing() -> Stage:
    stage = _replied(Stage())
    stage.desk.set_status("1", TicketStatus.SOLVED)
    hint(stage, "1", "solved")
    put(stage, stage.world.message("m2", "not yet!"), "kim")
    stage.worker("respond", "outbound")
    stage.worker("customer", "inbound")
    return stage


def _check_solved(stage: Stage) -> None:
    sound(stage)
    assert said(stage)["not yet!"] == 1
    assert stage.desk.tickets["1"].status is TicketStatus.OPEN
    assert case_of(stage).state is CaseState.OPEN


def _route() -> Stage:
    stage = Stage(sheet=spec(private_reply=True))
    _replied(stage)
    hint(stage, "1", "first")
    stage.somebody(
        "agent",
        lambda: stage.desk.note("1", "/private"),
        lambda: hint(stage, "1", "second"),
    )
    stage.worker("a", "outbound")
    stage.worker("b", "outbound")
    return stage


def _check_route(stage: Stage) -> None:
    sound(stage)
    assert case_of(stage).route.value == "private"


# ---- merges ----------------------------------------------------------------------------------------------------------


def _two_tickets(**options: Any) -> Stage:
    stage = Stage(**options)
    stage.world.arrive(stage.world.message("m1", "first matter"))
    stage.world.arrive(stage.world.message("n1", "second matter", thread="post-2"))
    return stage


def _merge_and_message() -> Stage:
    stage = _two_tickets()
    stage.world.clock.advance(seconds=1)
    put(stage, stage.world.message("m2", "more of the first"), "kim")
    stage.somebody("agent", lambda: stage.desk.merge("1", "2"), lambda: hint(stage, "1", "merged"))
    stage.worker("customer", "inbound")
    stage.worker("respond", "outbound")
    return stage


def _merge_and_replies() -> Stage:
    stage = _two_tickets()
    stage.desk.agent_writes("1", "to the first")
    stage.desk.agent_writes("2", "to the second")
    hint(stage, "1", "one")
    hint(stage, "2", "two")
    stage.somebody("agent", lambda: stage.desk.merge("1", "2"))
    stage.worker("a", "outbound")
    stage.worker("b", "outbound")
    return stage


def _check_merge(stage: Stage) -> None:
    sound(stage)
    assert said(stage) == Counter(["first matter", "second matter", "more of the first"])
    _check_joined(stage)
    assert case_of(stage, "2").latest.last_message == "m2"


def _check_joined(stage: Stage) -> None:
    survivor = case_of(stage, "2")
    assert survivor.state is CaseState.OPEN
    assert {item.key.thread.thread for item in survivor.conversations} == {"post-1", "post-2"}
    for thread in ("post-1", "post-2"):
        assert case_at(stage, thread, BRAND).id == survivor.id
    merged = case_of(stage, "1")
    assert merged.id == survivor.id or merged.state is CaseState.CLOSED


def _check_merged_replies(stage: Stage) -> None:
    sound(stage)
    _check_joined(stage)
    assert Counter(stage.platform.texts) <= Counter(["to the first", "to the second"])
    assert "to the second" in stage.platform.texts


# ---- who outlives a lease --------------------------------------------------------------------------------------------


def _lease_runs_out() -> Stage:
    stage = _same_event()
    stage.somebody("time", lambda: stage.world.clock.advance(seconds=95))
    return stage


def _redelivered_alive() -> Stage:
    stage = Stage()
    stage.world.send(stage.world.message())
    stage.worker("first", "inbound", turns=1, visibility=0.0)
    stage.worker("second", "inbound", turns=1, visibility=0.0)
    return stage


def _check_zombie(stage: Stage) -> None:
    """The state has one case with one ticket and one disposition, whatever a helpdesk was told."""
    sound(stage)
    assert outcomes(stage) == ["ticketed"]
    [entry] = stage.world.system.stores.ledger.history(case_at(stage, "post-1", BRAND).id)
    assert entry.disposition is not None
    assert entry.disposition.ticket == case_at(stage, "post-1", BRAND).ticket
    assert len(stage.desk.tickets) <= 2


def _sending_takes_minutes() -> Stage:
    stage = _two_hints("We are on it.")()
    stage.somebody("time", lambda: stage.world.clock.advance(minutes=3))
    return stage


def _check_slow_sending(stage: Stage) -> None:
    sound(stage)
    assert set(stage.platform.texts) == {"We are on it."}
    assert len(stage.platform.texts) <= 2
    deliveries = stage.world.system.stores.deliveries.deliveries(case_of(stage).id)
    assert [item.status for item in deliveries] == [DeliveryStatus.SENT]


def _twice_on_the_desk(stage: Stage) -> bool:
    return any(count > 1 for count in said(stage).values())


SCENARIOS = (
    Scenario(name="one event from webhook and poll", begin=_same_event, check=_one_ticket("Where is my parcel?")),
    Scenario(name="an author's first two messages", begin=_two_messages, check=_one_ticket("one", "two")),
    Scenario(name="two further messages", begin=_two_more_messages, check=_one_ticket("zero", "one", "two")),
    Scenario(name="one contact on two channels", begin=_two_channels, check=_one_ticket("in public", "in private")),
    Scenario(name="a follow-up and another channel", begin=_follow_up_and_channel, check=_check_follow_up),
    Scenario(name="a message and its edit", begin=_message_and(_edit), check=_check_edit),
    Scenario(name="a message and its deletion", begin=_message_and(_delete), check=_check_delete),
    Scenario(name="an edit and a deletion", begin=_edit_and_delete, check=_check_edit_and_delete),
    Scenario(name="one reply, two hints", begin=_two_hints("We are on it."), check=_posted_once("We are on it.")),
    Scenario(name="two replies, two hints", begin=_two_hints("one", "two"), check=_posted_once("one", "two")),
    Scenario(
        name="a platform that can't be asked",
        begin=_two_hints("one", "two", asks=False),
        check=_posted_once("one", "two"),
    ),
    Scenario(name="a reply while one is posted", begin=_agent_writes_meanwhile, check=_posted_once("one", "two")),
    Scenario(name="an echo before the answer", begin=_echo_overtakes, check=_check_echo),
    Scenario(name="solved while the customer writes", begin=_solved_while_writing, check=_check_solved, hinted=False),
    Scenario(name="a command while a hint is dealt with", begin=_route, check=_check_route, hinted=False),
    Scenario(name="a merge and a message", begin=_merge_and_message, check=_check_merge),
    Scenario(name="a merge and replies", begin=_merge_and_replies, check=_check_merged_replies),
    Scenario(name="a lease that runs out", begin=_lease_runs_out, check=_check_zombie, doubled=_twice_on_the_desk),
    Scenario(
        name="a redelivery to a second living worker",
        begin=_redelivered_alive,
        check=_check_zombie,
        doubled=_twice_on_the_desk,
    ),
    Scenario(
        name="sending that takes minutes",
        begin=_sending_takes_minutes,
        check=_check_slow_sending,
        doubled=lambda stage: len(stage.platform.texts) > 1,
    ),
)
