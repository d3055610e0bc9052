"""One story in which every function does every kind of thing that it ever does in AWS."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from bench.brand import contact
from careloop.local.runner import sqs_event, work_once
from careloop.sandbox.setup import META_ENDPOINT, PAGE
from careloop.twins.base import Fault
from careloop.twins.meta_hooks import sign, wire
from chalicelib import bootstrap
from chalicelib.core.events import Parsed, ThreadInvitation
from chalicelib.core.ids import AuthorId, AuthorKey, ThreadId, ThreadKey
from chalicelib.core.people import Author
from chalicelib.core.policy import CarePolicy
from chalicelib.entrypoints import dead_letters, poll
from chalicelib.pipeline.receive import envelope_messages
from chalicelib.ports.services import Clock, QueueMessage
from tests.fakes import state
from tests.functional.twin_world import FACEBOOK, KEYS, SITE, TwinWorld
from tests.rights.emulator import Cloud
from tests.rights.evaluator import Document
from tests.rights.family import Judge, open_state

HOOK = f"{SITE}/webhooks/platform/facebook/{META_ENDPOINT}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What can be seen of a story from outside. ``told``: the log, by stage and outcome."""

    customers: tuple[tuple[str, ...], ...]
    answers: tuple[str, ...]
    parked: tuple[str, ...]
    alarms: tuple[str, ...]
    left: int
    told: tuple[tuple[str, int], ...]


class Story(TwinWorld):
    """Acme with its twins; `tell` plays all of it."""

    def __init__(self) -> None:
        super().__init__()
        policy = CarePolicy(check_every=timedelta(minutes=5), reconcile_every=timedelta(minutes=1))
        self.system.stores.directory.put_policy(policy)
        seen = self.meta.world.named(self.meta.world.person(self.dana), PAGE)
        self.system.stores.contacts.put_contacts([contact(seen["id"])])

    def tell(self) -> Outcome:
        """A customer writes, again the next day, and is answered; a ticket is opened at the second try; there are
        things that can't be read and things that were given up; an access dies and lives, and jobs stand still."""
        self.clock.advance(minutes=2)  # what a container remembers of the directory is over
        self.meta.comment(self.dana, self.post, "Where is my parcel?")
        self.play()
        self.clock.advance(days=1)
        self.meta.comment(self.dana, self.post, "It is not here.")
        self.play()
        self.decided()
        self.answered("Look under the mat.")
        self.twice_tried()
        self.unreadable()
        self.given_up()
        self.watched()
        return self.outcome()

    def decided(self) -> None:
        """An agent takes the link to the customer's record back, and makes it after all; jobs carry both on."""
        if not self.tickets():
            return
        ticket, seen = self.tickets()[0]["id"], self.meta.world.named(self.meta.world.person(self.dana), PAGE)
        for note in ("/unlink", f"/link KD-{seen['id']}"):
            self.desk.agent_note(ticket, note)
            self.play()
            self.minutes(1)

    def answered(self, text: str) -> None:
        """An agent answers and solves the ticket; the helpdesk is busy at first."""
        if self.tickets():
            self.desk.agent_reply(self.tickets()[0]["id"], text, status="solved")
            self.desk.faults.append(Fault(pattern="GET /api/v2/tickets", status=503))
        self.play()
        self.clock.advance(minutes=3)
        self.play()

    def twice_tried(self) -> None:
        """A ticket is opened, the answer is lost, and the next try finds the ticket. Then its message is taken back."""
        kim = self.meta.add_user("Kim Park")
        self.desk.faults.append(Fault(pattern="POST /api/v2/tickets", status=0, before=False))
        taken_back = self.meta.comment(kim, self.post, "Mine too.")
        self.play()
        self.clock.advance(minutes=3)
        self.play()
        self.meta.remove_comment(taken_back)
        self.play()

    def unreadable(self) -> None:
        """A payload of which a part can't be read, and a job that can't."""
        odd = {"id": PAGE, "time": 1, "changes": [{"field": "feed", "value": {"item": "comment", "verb": "add"}}]}
        body = wire({"object": "page", "entry": [odd]})
        self._webhook("POST", HOOK, {"content-type": "application/json", **sign(KEYS.app_secret, body)}, body)
        self.runtime.queues.jobs.send([QueueMessage(body="{}", group="odd", dedup="odd")])
        self.play()

    def invited(self, number: str) -> QueueMessage:
        """Somebody invites the brand into a thread."""
        author = Author(key=AuthorKey(platform="facebook", author=AuthorId(number)), display_name="Kim")
        thread = ThreadKey(account=FACEBOOK, thread=ThreadId(f"{PAGE}_{number}"))
        event = ThreadInvitation(thread=thread, inviter=author, at=self.clock.now())
        [message] = envelope_messages(Parsed(events=(event,)), self.clock.now(), None)
        return message

    def given_up(self) -> None:
        """An event and something else that the queues gave up on, parked by a function that dies and comes again; and an
        event that asks for a thread to be read."""
        dead = self.system.dead_letters["inbound"]
        dead.send([self.invited("71"), QueueMessage(body="{}", group="other", dedup="other")])
        with self._working():
            self._dying(dead)
            self.clock.advance(minutes=2)
            while work_once("dead_letters", dead):
                pass
        self.runtime.queues.inbound.send([self.invited("72")])
        self.play()

    def _dying(self, dead: Any) -> None:
        """All is done but the deletion. What goes wrong is Lambda's to see."""
        for item in dead.receive(10):
            with suppress(Exception):
                dead_letters.handle_batch(sqs_event("dead_letters", [item]))

    def watched(self) -> None:
        """Polls; an access that dies and comes back; the watch notices that jobs stand still, and that they do not."""
        with self._working():
            poll.fan_out()
        self.play()
        page = self.meta.world.page(PAGE)
        good, page["token"] = page["token"], "another"
        self.minutes(5)
        page["token"] = good
        self.minutes(5)
        self.clock.advance(minutes=30)
        self.minutes(1, work=False)
        self.play()
        self.minutes(1)

    @contextmanager
    def _working(self) -> Iterator[None]:
        bootstrap.install(self.app)
        try:
            yield
        finally:
            bootstrap.install(None)

    def outcome(self) -> Outcome:
        """As it stands. What is still in a queue is counted."""
        said = [[item["text"] for item in ticket["comments"] if item["public"]] for ticket in self.tickets()]
        messages = [item for thread in self.meta.snapshot()["threads"] for item in thread["messages"]]
        told = Counter(f"{stage} {outcome}" for stage, outcome, _ in self.telemetry.lines)
        queues = (*self.system.queues.values(), self.system.dead_letters["inbound"])
        return Outcome(
            customers=tuple(sorted(tuple(text.splitlines()[0] for text in texts) for texts in said)),
            answers=tuple(item["text"] for item in messages if item["is_brand"]),
            parked=tuple(sorted(item.reason.value for item in self.system.stores.parking.list_parked())),
            alarms=tuple(sorted(self.alarms())),
            left=sum(queue.depth() for queue in queues),
            told=tuple(sorted(told.items())),
        )


@contextmanager
def standing_on(judge: Judge, policies: Mapping[str, Document]) -> Iterator[None]:
    """Worlds made inside stand on AWS, each function with its policy; `judge` sees every call."""
    judge.policies = policies
    with Cloud(policies) as cloud, ExitStack() as world:

        def open_one(clock: Clock) -> Any:
            world.close()
            world.enter_context(cloud.stage(clock))
            return open_state(clock, judge)

        state.choose(open_one)
        try:
            yield
        finally:
            state.choose(state.in_memory)


def told_under(policies: Mapping[str, Document]) -> tuple[Outcome, Judge]:
    """The story under these policies, and what the judge saw."""
    judge = Judge()
    with standing_on(judge, policies):
        return Story().tell(), judge
