"""Bursts for one ticket are written together where the helpdesk limits updates: in order, each once, whatever goes wrong."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from careloop.local.runner import work_once
from chalicelib import bootstrap
from chalicelib.core.bursts import REASON
from chalicelib.core.capabilities import UpdateLimit
from chalicelib.core.case import Case
from chalicelib.core.errors import (
    NotFoundError,
    OutcomeUnknownError,
    RejectedError,
    TicketBusyError,
    UnavailableError,
)
from chalicelib.core.events import MessageDeleted, MessageEdited
from chalicelib.core.ids import CommentId, TicketRef
from chalicelib.core.placing import conversation_from
from chalicelib.core.ticket import Comment, TicketStatus
from chalicelib.entrypoints import watch
from chalicelib.ports.stores import SaveCase
from tests.fakes.helpdesk import FakeHelpdesk, sheet
from tests.fakes.runtime import World

LIMIT = UpdateLimit(updates=25, per=timedelta(minutes=10))
TOOK = 30


class LimitedHelpdesk(FakeHelpdesk):
    """Takes so many entries for one ticket in ten minutes, and keeps when each came."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        super().__init__(now=now)
        self.clock = now
        self.written: list[datetime] = []
        self.most = TOOK
        self.poison = ""

    def add_comment(self, ticket: TicketRef, comment: Comment) -> CommentId:
        now = self.clock()
        lately = [item for item in self.written if item > now - timedelta(minutes=10)]
        if len(lately) >= self.most:
            first = lately[0] if lately else now
            raise TicketBusyError("busy", retry_after=(first + timedelta(minutes=10) - now).total_seconds())
        if self.poison and self.poison in comment.body:
            raise RejectedError("no", remote_code="422")
        entry = super().add_comment(ticket, comment)
        self.written.append(now)
        return entry


class Burst(World):
    """A customer who writes much to a helpdesk that takes little."""

    def __init__(self, limit: UpdateLimit | None = LIMIT) -> None:
        super().__init__()
        self.limited = LimitedHelpdesk(self.clock.now)
        self.desk = self.limited
        self.connectors.helpdesks = {"desk": self.desk}
        self.connectors.desk_sheet = sheet(limit)
        self.number = 0

    def write(self, times: int, *, every: float = 3.0, **changes: Any) -> None:
        """So many messages, one every so many seconds; the watch goes by the minute."""
        for _ in range(times):
            self.number += 1
            self.arrive(self.message(f"m{self.number}", f"word-{self.number}.", **changes))
            self.passes(every)

    def passes(self, seconds: float) -> None:
        """Time passes; each full minute the watch looks what is due."""
        before = self.clock.now()
        self.clock.advance(seconds=seconds)
        for _ in range(int(self.clock.now().timestamp() // 60 - before.timestamp() // 60)):
            self.tick()
        self.work()

    def tick(self) -> None:
        bootstrap.install(self.app)
        try:
            watch.fan_out()
        finally:
            bootstrap.install(None)
        self.work()

    def minutes(self, number: int) -> None:
        for _ in range(number):
            self.passes(60)

    def words(self, ticket: str = "1") -> list[int]:
        """The numbers of the messages as an agent reads them, in order."""
        return [int(item) for body in self.desk.tickets[ticket].customer for item in re.findall(r"word-(\d+)\.", body)]

    def case(self, ticket: str = "1") -> Case:
        found = self.system.stores.cases.find_by_ticket(self.desk.tickets[ticket].ref)
        assert found is not None
        return found

    def reasons(self, ticket: str = "1") -> list[str]:
        """Why what came to a ticket became what it is."""
        entries = self.system.stores.ledger.history(self.case(ticket).id)
        return [entry.disposition.reason for entry in entries if entry.disposition]

    def parked(self) -> list[Any]:
        return list(self.system.stores.parking.list_parked())

    def settled(self) -> bool:
        """Nothing waits anywhere."""
        stores = self.system.stores
        far = self.clock.now() + timedelta(days=9)
        rows = [item for item in stores.due.list_due(far) if item.id.startswith("merge|")]
        waiting = [item for ref in self.desk.tickets.values() for item in self._waiting(ref.ref)]
        return not rows and not waiting and not any(queue.depth() for queue in self.system.queues.values())

    def _waiting(self, ref: TicketRef) -> list[Any]:
        case = self.system.stores.cases.find_by_ticket(ref)
        return list(self.system.stores.cases.waiting(case.id)) if case else []


def most_in_ten_minutes(moments: list[datetime]) -> int:
    window = timedelta(minutes=10)
    return max(sum(start <= item < start + window for item in moments) for start in moments)


def test_a_hundred_messages_in_five_minutes_stand_in_order_each_once_within_the_limit():
    world = Burst()
    world.write(100)
    world.minutes(3)
    assert world.words() == list(range(1, 101))
    assert most_in_ten_minutes(world.limited.written) <= LIMIT.updates
    assert set(world.dispositions().values()) == {"ticketed", "appended"}
    assert len(world.dispositions()) == 100
    assert world.settled()


def test_agents_see_what_waits_within_two_minutes():
    world = Burst()
    world.write(60)
    assert world.words()[-1] >= 60 - 2 * 20
    world.minutes(2)
    assert world.words() == list(range(1, 61))


def test_an_hour_of_it_stays_within_the_limit_and_loses_nothing():
    world = Burst()
    world.write(300, every=12)
    world.minutes(12)
    assert world.words() == list(range(1, 301))
    assert most_in_ten_minutes(world.limited.written) <= LIMIT.updates
    assert world.settled()


def test_afterwards_each_message_is_an_entry_of_its_own_again():
    world = Burst()
    world.write(60)
    world.minutes(12)
    before = len(world.ticket.customer)
    world.write(3)
    assert [body.splitlines()[0] for body in world.ticket.customer[before:]] == ["word-61.", "word-62.", "word-63."]
    assert world.settled()


def test_without_a_limit_nothing_waits():
    world = Burst(limit=None)
    world.limited.most = 1000
    world.write(60)
    assert len(world.ticket.customer) == 60
    assert world.case().entered == ()


def test_an_entry_of_many_shows_time_link_and_attachments_of_each():
    from chalicelib.core.events import Attachment, AttachmentKind

    world = Burst()
    world.write(17)
    picture = Attachment(kind=AttachmentKind.IMAGE, url="https://agora.example/picture.jpg")
    world.arrive(world.message("p1", "see word-99.", attachments=(picture,)))
    world.minutes(2)
    body = world.ticket.customer[-1]
    assert body.startswith("(2 messages that came shortly one after the other)\n\n[2026-11-20 12:00:48 UTC]\nword-17.")
    assert "https://agora.example/m17\n\n[2026-11-20 12:00:51 UTC]\nsee word-99." in body
    assert "https://agora.example/picture.jpg" in body
    entry = world.ticket.comments[-1]
    assert entry.attachments == (picture,)
    assert entry.author == world.case().requester
    assert entry.reopen


def test_the_helpdesks_own_refusal_leads_the_same_way():
    world = Burst()
    world.limited.most = 5  # somebody else writes with the same user
    world.write(12)
    assert world.words() == [1, 2, 3, 4, 5]
    assert REASON in world.reasons()
    world.minutes(12)
    assert world.words() == list(range(1, 13))
    assert world.system.queues["inbound"].depth() == 0
    assert world.settled()


def held(number: int = 20) -> Burst:
    """The first opens the ticket, fifteen are entries of their own, and the last four of twenty wait."""
    world = Burst()
    world.write(number, every=1)
    assert (world.case().kept, world.case().written) == (number - 16, 0)
    assert world.words() == list(range(1, 17))
    return world


def test_an_edit_of_a_waiting_message_shows_in_the_entry():
    world = held()
    key = world.message("m18").key
    edit = MessageEdited(key=key, text="better word-1800.", edited_at=world.clock.now(), thread=world.message().thread)
    world.arrive(edit)
    world.minutes(2)
    assert world.words()[-4:] == [17, 1800, 19, 20]
    assert world.settled()


def test_a_deleted_one_is_left_out_and_told():
    world = held()
    world.arrive(MessageDeleted(key=world.message("m18").key, deleted_at=world.clock.now()))
    world.minutes(2)
    assert world.words()[-4:] == [16, 17, 19, 20]
    assert "(deleted by the customer meanwhile)" in world.ticket.customer[-1]
    assert world.dispositions()["delete|agora:brand:m18"] == "removed_by_author"


def test_where_all_were_deleted_only_a_note_says_so():
    world = held(17)
    world.arrive(MessageDeleted(key=world.message("m17").key, deleted_at=world.clock.now()))
    world.minutes(2)
    assert world.words() == list(range(1, 17))
    assert "deleted what they wrote" in world.ticket.notes[-1]
    assert world.settled()
    assert world.case().latest.gone


def test_a_change_while_it_is_being_written_waits_for_the_entry():
    world = held()
    world.desk.faults = [("add_comment", True, UnavailableError("down"))]
    world.minutes(1)
    assert world.case().writing == 4
    edit = MessageEdited(
        key=world.message("m18").key, text="word-1800.", edited_at=world.clock.now(), thread=world.message().thread
    )
    world.arrive(edit)
    assert world.words()[-1] == 16
    world.minutes(2)
    assert world.words()[-5:] == [17, 18, 19, 20, 1800]


@pytest.mark.parametrize("error", [UnavailableError("down"), OutcomeUnknownError("no answer")])
@pytest.mark.parametrize("before", [True, False], ids=["not written", "written"])
def test_an_entry_whose_outcome_was_lost_is_looked_for(error: Exception, before: bool):
    world = held()
    world.desk.faults = [("add_comment", before, error)]
    world.minutes(3)
    assert world.words() == list(range(1, 21))
    assert world.settled()


def test_a_helpdesk_down_for_hours_delays_the_entry_and_nothing_else():
    world = held()
    world.desk.faults = [("add_comment", True, UnavailableError("down")) for _ in range(240)]
    world.minutes(200)
    world.desk.faults.clear()
    world.write(2)
    world.minutes(3)
    assert world.words() == list(range(1, 23))
    assert world.system.stores.parking.list_parked() == []
    assert world.settled()


@pytest.mark.parametrize("gone", [False, True], ids=["closed", "deleted"])
def test_a_ticket_that_was_closed_meanwhile_is_followed_up_by_what_waited(gone: bool):
    world = held()
    if gone:
        world.desk.faults = [("add_comment", True, NotFoundError("deleted"))]
    else:
        world.desk.set_status("1", TicketStatus.CLOSED)
    world.minutes(3)
    assert world.words("1") == list(range(1, 17))
    assert world.words("2") == [17, 18, 19, 20]
    assert world.desk.tickets["2"].draft.follow_up_of == world.desk.tickets["1"].ref
    assert world.settled()
    outcomes = world.dispositions()
    assert outcomes["message|agora:brand:m17"] == "ticketed"
    assert world.reasons("1").count(REASON) == 0


def test_an_edit_or_deletion_while_it_is_sent_again_is_not_lost():
    world = held()
    world.desk.set_status("1", TicketStatus.CLOSED)
    bootstrap.install(world.app)
    watch.fan_out()
    world.clock.advance(seconds=60)
    watch.fan_out()
    work_once("jobs", world.system.queues["jobs"])  # the events are in the queue again, and not yet taken in
    bootstrap.install(None)
    key = world.message("m18").key
    world.arrive(
        MessageEdited(key=key, text="word-1800.", edited_at=world.clock.now(), thread=world.message().thread),
        MessageDeleted(key=world.message("m19").key, deleted_at=world.clock.now()),
    )
    world.minutes(3)
    assert sorted(set(world.words("2"))) in ([17, 20, 1800], [17, 18, 19, 20, 1800])
    assert world.words("2")[-1] in (20, 1800)
    assert world.settled()


def test_a_merged_ticket_is_followed_to_its_survivor():
    world = held()
    world.arrive(world.message("x1", "Something else", person="lee", thread="post-9"))
    world.desk.merge("1", "2")
    world.minutes(3)
    assert world.words("2") == [17, 18, 19, 20]
    world.write(1)
    assert world.words("2")[-1] == 21
    assert world.settled()


def test_a_solved_ticket_is_open_again_after_the_entry():
    world = held()
    world.desk.set_status("1", TicketStatus.SOLVED)
    world.hint()
    world.minutes(2)
    assert world.ticket.status is TicketStatus.OPEN
    assert world.case().state.value == "open"


def test_what_can_not_be_written_together_goes_alone_and_only_the_culprit_is_parked():
    world = held()
    world.limited.poison = "word-18."
    world.minutes(30)
    assert [item.code for item in world.parked()] == ["rejected"]
    assert sorted(world.words()) == [number for number in range(1, 21) if number != 18]
    assert world.dispositions()["message|agora:brand:m18"] == "parked"
    assert world.settled()


def test_what_stands_already_is_not_kept_when_room_ran_out_meanwhile():
    """An attempt wrote the entry and died; when it comes again the limit is reached."""
    world = Burst()
    world.write(15, every=1)
    world.desk.faults = [("add_comment", False, UnavailableError("the answer was lost"))]
    world.write(1, every=0)
    world.arrive(*[world.message(f"k{number}", "other.", person="lee") for number in range(3)])
    world.minutes(5)
    assert world.words() == list(range(1, 17))


def test_a_ticket_that_was_closed_before_its_brief_keeps_its_message():
    world = Burst()
    world.limited.most = 0
    world.write(1)
    world.limited.most = TOOK
    world.desk.set_status("1", TicketStatus.CLOSED)
    world.minutes(12)
    assert world.words() == [1]
    assert world.parked() == []
    assert set(world.dispositions().values()) == {"ticketed"}


def test_a_message_whose_edit_can_not_be_told_any_more_is_not_parked_for_it():
    """Its first attempt wrote it and died; then it was edited, and then the ticket was closed."""
    world = Burst()
    world.write(1)
    world.desk.faults = [("add_comment", False, OutcomeUnknownError("no answer"))]
    world.write(1)
    message = world.message("m2")
    world.arrive(MessageEdited(key=message.key, text="word-2000.", edited_at=world.clock.now(), thread=message.thread))
    world.desk.set_status("1", TicketStatus.CLOSED)
    world.minutes(2)
    assert world.words() == [1, 2]
    assert world.parked() == []


def test_two_people_on_one_ticket_are_told_apart():
    world = held()
    case = world.case()
    lee = world.message("l1", "I am Lee. word-500.", person="lee", thread="post-1")
    assert lee.author is not None
    conversation = conversation_from(lee, lee.author, None)
    world.system.stores.transactions.commit(
        SaveCase(case=replace(case, conversations=(*case.conversations, conversation)))
    )
    world.arrive(lee)
    world.minutes(2)
    entry = world.ticket.comments[-1]
    assert ", Kim (@kim)]" in entry.body
    assert ", Lee (@lee)]\nI am Lee." in entry.body
    assert entry.author == case.requester


# ---- it may stop anywhere --------------------------------------------------------------------------------------------


class Stopped(BaseException):
    """The process died."""


class Stopping:
    """A helpdesk or a commit that stops the process at the n-th step, before or after it took effect."""

    def __init__(self, world: Burst, at: int, *, after: bool) -> None:
        self.left, self.after = at, after
        stores = world.system.stores
        desk_add, commit = world.desk.add_comment, stores.transactions.commit
        desk: Any = world.desk
        transactions: Any = stores.transactions
        desk.add_comment = lambda *given: self.step(desk_add, *given)
        transactions.commit = lambda *given: self.step(commit, *given)

    def step(self, do: Callable[..., Any], *given: Any) -> Any:
        self.left -= 1
        if self.left == 0 and not self.after:
            raise Stopped
        done = do(*given)
        if self.left == 0:
            raise Stopped
        return done


@pytest.mark.parametrize("closed", [False, True], ids=["written", "closed meanwhile"])
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("step", range(1, 9))
def test_the_writing_may_stop_at_every_step(step: int, after: bool, closed: bool):
    world = held()
    if closed:
        world.desk.set_status("1", TicketStatus.CLOSED)
    stopping = Stopping(world, step, after=after)
    for _ in range(8):
        with suppress(Stopped):
            world.passes(60)
        bootstrap.install(None)
    assert stopping.left <= 0 or step > 3
    stands = [number for ticket in world.desk.tickets for number in world.words(ticket)]
    assert stands == list(range(1, 21))
    assert world.settled()


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_keeping_a_message_may_stop(after: bool):
    world = held(18)
    stopping = Stopping(world, 1, after=after)
    with suppress(Stopped):
        world.write(1)
    bootstrap.install(None)
    assert stopping.left == 0
    world.write(2, every=100)
    world.minutes(4)
    assert sorted(world.words()) == list(range(1, 22))
    assert world.settled()


# ---- whatever happens ------------------------------------------------------------------------------------------------

ACTIONS = st.one_of(
    st.tuples(st.just("write"), st.integers(1, 12)),
    st.tuples(st.just("write"), st.integers(1, 30)),
    st.tuples(st.just("edit"), st.integers(0, 40)),
    st.tuples(st.just("delete"), st.integers(0, 40)),
    st.tuples(st.just("pass"), st.integers(1, 400)),
    st.tuples(st.just("lost"), st.integers(1, 3)),
    st.tuples(st.just("refused"), st.integers(1, 3)),
    st.tuples(st.just("busy"), st.integers(0, 30)),
    st.tuples(st.just("close"), st.just(0)),
    st.tuples(st.just("stop"), st.integers(1, 12)),
)


class Story:
    """What was done to a burst, and what must come of it."""

    def __init__(self) -> None:
        self.world = Burst()
        self.world.write(1)
        self.edited: dict[int, int] = {}
        self.deleted: set[int] = set()
        self.closed = False

    def do(self, action: str, amount: int) -> None:
        world = self.world
        if action == "write":
            world.write(amount, every=1)
        elif action in ("edit", "delete"):
            self.change(max(1, world.number - amount), delete=action == "delete")
        elif action == "pass":
            world.passes(amount)
        elif action == "lost":
            world.desk.faults += [("add_comment", False, OutcomeUnknownError("no answer"))] * amount
        elif action == "refused":
            world.desk.faults += [("add_comment", True, UnavailableError("down"))] * amount
        elif action == "busy":
            world.limited.most = amount
        elif action == "close":
            self.closed = True
            for number in world.desk.tickets:
                world.desk.set_status(number, TicketStatus.CLOSED)
        elif action == "stop":
            Stopping(world, amount, after=bool(amount % 2))

    def change(self, number: int, *, delete: bool) -> None:
        message = self.world.message(f"m{number}")
        now = self.world.clock.now()
        if delete:
            self.deleted.add(number)
            self.world.arrive(MessageDeleted(key=message.key, deleted_at=now))
        elif number not in self.deleted and number not in self.edited:
            self.edited[number] = number * 1000
            words = f"word-{number * 1000}."
            self.world.arrive(MessageEdited(key=message.key, text=words, edited_at=now, thread=message.thread))

    def end(self) -> None:
        """All is well again, and time passes."""
        self.world.desk.faults.clear()
        self.world.limited.most = 1000
        for _ in range(16):
            with suppress(Stopped):
                self.world.passes(150)
            bootstrap.install(None)


@settings(max_examples=25)
@given(st.lists(ACTIONS, min_size=2, max_size=10))
def test_whatever_happens_each_message_stands_once(actions: list[tuple[str, int]]) -> None:
    story = Story()
    for action, amount in actions:
        with suppress(Stopped):
            story.do(action, amount)
        bootstrap.install(None)
    story.end()
    world = story.world
    stands = Counter(number for ticket in world.desk.tickets for number in world.words(ticket))
    # an attempt that died may have written the new words, which its successor can't tell from the old ones
    twice = {number for number, times in stands.items() if times > 1}
    assert twice <= set(story.edited.values())
    sent = {int(key.rpartition(":m")[2]) for key in world.dispositions() if key.startswith("message|")}
    for number in sent:
        latest = story.edited.get(number, number)
        # a closed ticket is told of no edit
        stands_now = stands[latest] or (story.closed and stands[number])
        assert number in story.deleted or stands_now, f"{number} is lost"
    assert set(world.dispositions().values()) <= {"ticketed", "appended", "noise", "removed_by_author"}
    assert world.parked() == []
    assert world.settled()
