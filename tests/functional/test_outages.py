"""After an outage of the webhook path the state is that of no outage, whatever was lost when.

The same story is played twice: once with every webhook delivered, once with webhooks lost for good over some stretches.
Equal must be, once reconciliation has had its turn:

- the tickets: as many, of the same people, each with the same words of its customer, none lost, none twice;
- what stands on the platforms in the brand's name.

Equal can't be: the order of a customer's words on the ticket (what was lost comes late, and says so), and the subject
when the first message was lost. So of the order is demanded: what arrived in time stands in the order it was written in,
and so does what came late. Edits and deletions that a platform does not list are no part of the story.
"""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from random import Random

import pytest
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st

from chalicelib.core.policy import CarePolicy
from tests.fakes.brand import Brand

EXAMPLES = int(os.environ.get("CARELOOP_EXAMPLES", "1"))
POLICY = CarePolicy(reconcile_every=timedelta(minutes=5), audit_at_hour=-1)
PEOPLE = ("amy", "bob")
NEWCOMER = "cal"
PLACES = ("facebook", "messenger", "x", "x in private", "matrix")


@dataclass(frozen=True, kw_only=True)
class Step:
    """``who`` writes at ``where``, or (``agent``) is answered there; then so many minutes pass."""

    who: str
    where: str
    agent: bool
    minutes: int
    lost: bool
    """Webhooks, of platforms and helpdesk alike, are lost from here until the next step."""


def _everything(path: str, body: bytes) -> bool:
    return True


def _nothing(path: str, body: bytes) -> bool:
    return False


class Play:
    """One playing of a story."""

    def __init__(self, brand: Brand) -> None:
        self.brand = brand
        self.users = {who: brand.meta.add_user(who.title()) for who in (*PEOPLE, NEWCOMER)}
        self.post = brand.meta.page_post("Our new lamp is here.")
        for who in (*PEOPLE, NEWCOMER):
            brand.x.add_user(who, who.title())
            brand.matrix.add_user(who)
        self.rooms = {who: brand.matrix.open_room(who) for who in self.users}
        brand.work()
        self.threads: dict[str, str] = {}
        self.said = 0
        self.tickets: dict[tuple[str, str], int] = {}

    def write(self, who: str, where: str) -> None:
        self.said += 1
        words = f"[{self.said:03}] {who} on {where}"
        if where == "facebook":
            self.brand.meta.comment(self.users[who], self.post, words)
        elif where == "messenger":
            self.brand.meta.message(self.users[who], words)
        elif where == "x":
            made = self.brand.x.post(who, f"@AcmeCare {words}", self.threads.get(who))
            self.threads.setdefault(who, made)
        elif where == "matrix":
            self.brand.matrix.send(who, self.rooms[who], words)
        else:
            self.brand.x.dm(who, words)
        self.brand.work()

    def warm_up(self) -> None:
        """Everybody but the newcomer has a ticket at every place."""
        for who in PEOPLE:
            for where in PLACES:
                before = {item["id"] for item in self.brand.tickets()}
                self.write(who, where)
                [new] = {item["id"] for item in self.brand.tickets()} - before
                self.tickets[who, where] = new

    def answer(self, who: str, where: str) -> None:
        self.said += 1
        self.brand.desk.agent_reply(self.tickets[who, where], f"[{self.said:03}] to {who} on {where}")
        self.brand.work()

    def play(self, steps: list[Step], *, with_outage: bool) -> None:
        self.warm_up()
        for step in steps:
            is_lost = with_outage and step.lost
            self.brand.arrives = _nothing if is_lost else _everything
            if step.agent:
                self.answer(step.who, step.where)
            else:
                self.write(step.who, step.where)
            self.brand.minutes(step.minutes)
        self.brand.arrives = _everything
        self.brand.minutes(6)

    def state(self) -> Counter[tuple[str, tuple[str, ...]]]:
        """People, and all that they said on a ticket."""
        return Counter(
            (item["requester"]["name"], tuple(sorted(self.brand.said(item)))) for item in self.brand.tickets()
        )


def steps() -> st.SearchStrategy[list[Step]]:
    customers = st.builds(
        Step,
        who=st.sampled_from((*PEOPLE, NEWCOMER)),
        where=st.sampled_from(PLACES),
        agent=st.just(False),
        minutes=st.sampled_from((0, 0, 1, 4)),
        lost=st.booleans(),
    )
    agents = st.builds(
        Step,
        who=st.sampled_from(PEOPLE),
        where=st.sampled_from(PLACES),
        agent=st.just(True),
        minutes=st.sampled_from((0, 1)),
        lost=st.booleans(),
    )
    return st.lists(st.one_of(customers, customers, agents), min_size=4, max_size=14)


def drawn(seed: int) -> list[Step]:
    """A story with outages of several steps each, drawn once: customers everywhere, and agents, before, in and after."""
    chance = Random(seed)
    return [
        Step(
            who=chance.choice(PEOPLE if is_agent else (*PEOPLE, NEWCOMER)),
            where=chance.choice(PLACES),
            agent=is_agent,
            minutes=chance.choice((0, 0, 1, 4)),
            lost=(number + seed) % 6 >= 3,
        )
        for number, is_agent in enumerate(chance.choice((False, False, True)) for _ in range(11))
    ]


@settings(max_examples=EXAMPLES, phases=[Phase.explicit, Phase.generate])
@example(story=drawn(1))
@example(story=drawn(2))
@given(story=steps())
def test_an_outage_leaves_the_state_of_no_outage(story: list[Step]) -> None:
    with Brand(POLICY) as calm:
        untouched = Play(calm)
        untouched.play(story, with_outage=False)
        expected, posted = untouched.state(), calm.posted()
        assert not calm.lost
    with Brand(POLICY) as stricken:
        struck = Play(stricken)
        struck.play(story, with_outage=True)
        assert struck.state() == expected
        assert stricken.posted() == posted
        lost = b"".join(stricken.lost).decode()
        assert bool(lost) or not any(step.lost and not step.agent for step in story)
        for ticket in stricken.tickets():
            said = [text[text.index("[") :] for text in stricken.said(ticket)]
            for came_late in (False, True):
                part = [text for text in said if (text in lost) is came_late]
                assert part == sorted(part)


@pytest.mark.parametrize("days", [0.2, 3])
def test_a_long_outage_of_everything_is_made_up(days: float) -> None:
    """Careloop itself is away: no webhook, no schedule. What the platforms still list comes in afterwards."""
    with Brand(POLICY) as brand:
        play = Play(brand)
        play.warm_up()
        brand.minutes(6)
        brand.arrives = _nothing
        for number in range(24):
            who = (*PEOPLE, NEWCOMER)[number % 3]
            play.write(who, PLACES[number % len(PLACES)])
            brand.clock.advance(days=days / 24)
        brand.arrives = _everything
        assert sum(len(brand.said(item)) for item in brand.tickets()) == len(PEOPLE) * len(PLACES)
        brand.minutes(12)
        words = [text for item in brand.tickets() for text in brand.said(item)]
        assert len(words) == len(set(words)) == play.said
        late = [
            item["text"]
            for ticket in brand.tickets()
            for item in ticket["comments"]
            if "reached us late" in item["text"]
        ]
        assert len(late) >= 20


def test_what_was_lost_reopens_a_ticket_that_was_solved_without_it() -> None:
    with Brand(POLICY) as brand:
        play = Play(brand)
        play.warm_up()
        ticket = play.tickets["amy", "facebook"]
        brand.arrives = _nothing
        play.write("amy", "facebook")
        brand.desk.solve(ticket)
        brand.arrives = _everything
        brand.minutes(6)
        [shown] = [item for item in brand.tickets() if item["id"] == ticket]
        assert shown["status"] == "open"
        assert len(brand.said(shown)) == 2
