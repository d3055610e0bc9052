"""The flows: what customers and agents do, step by step. A flow says nothing of how it is done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.crash.places import ANY_ORDER, DELETES, EDITS, PRIVATE_REPLY
from tests.crash.story import DELETED, Answer
from tests.crash.world import World


def _nothing(world: World) -> None:
    """The flow begins at the very beginning."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """``given`` happens before, without a fault; ``then`` is what is stopped everywhere. ``needs``: an ability of the
    platform, "" for none."""

    name: str
    given: Callable[[World], None]
    then: Callable[[World], None]
    needs: str = ""


# -- what people do ----------------------------------------------------------------------------------------------------


def says(world: World, who: str, mark: str, *, private: bool = False) -> None:
    """A customer writes."""
    text = f"Where is my parcel [{mark}]?"
    message = world.place.say_in_private(who, text) if private else world.place.say(who, text)
    world.story.said.setdefault(who, []).append(mark)
    world.story.messages[mark] = message
    world.clock.advance(seconds=2)


def answers(
    world: World, mark: str, *, ticket: int = -1, solve: bool = False, private: bool = False, words: int = 0
) -> None:
    """An agent writes a public reply on a ticket (the latest): ``words`` beside the mark make it long."""
    marks = (mark, *(f"{mark}w{number:04}" for number in range(words)))
    world.desk.answer(world.desk.tickets()[ticket], " ".join(f"[{item}]" for item in marks), solve=solve)
    world.story.answers.append(Answer(marks=marks, private=private))
    world.clock.advance(seconds=2)


def first(world: World) -> None:
    """A customer's first message, and its ticket."""
    says(world, "kim", "m1")
    world.story.tickets = 1
    world.settle()


def follow_up(world: World) -> None:
    """A further message on the same matter."""
    says(world, "kim", "m2")
    world.settle()


def burst(world: World) -> None:
    """One author in a hurry, and another at the same time."""
    says(world, "kim", "m1")
    says(world, "kim", "m2")
    says(world, "lee", "l1")
    says(world, "kim", "m3")
    world.story.tickets = 2
    world.settle()


def edit(world: World) -> None:
    """The customer changes what they wrote."""
    world.place.edit("kim", world.story.messages["m1"], "Where is my red parcel [m1e]?")
    world.story.said["kim"].append("m1e")
    world.settle()


def delete(world: World) -> None:
    """The customer takes it back."""
    world.place.delete("kim", world.story.messages["m1"])
    world.story.notes[DELETED] = 1
    if world.desk.strikes:
        world.story.said["kim"].remove("m1")
    world.settle()


def delete_before(world: World) -> None:
    """A message is deleted, and its deletion arrives before it; another one of the same customer stands."""
    says(world, "kim", "m1")
    world.place.delete("kim", world.story.messages["m1"])
    world.place.hold_back()
    says(world, "kim", "m2")
    world.story.said["kim"] = ["m2"]
    world.story.unheard.add("m1")
    world.story.tickets = 1
    world.settle()


def reply(world: World) -> None:
    """An agent answers."""
    answers(world, "r1")
    world.settle()


def long_reply(world: World) -> None:
    """An answer of several parts."""
    answers(world, "r1", words=world.place.long_reply)
    world.settle()


def private(world: World) -> None:
    """A public talk goes on in private, and the customer answers there."""
    world.desk.note(world.desk.tickets()[-1], "/private")
    world.story.notes["From now on your public replies"] = 1
    world.clock.advance(seconds=2)
    answers(world, "r1", private=True)
    world.catch_up()
    says(world, "kim", "m2", private=True)
    world.catch_up()
    answers(world, "r2", private=True)
    world.settle()


def reopened(world: World) -> None:
    """Answered and solved in one go; the customer is not content."""
    answers(world, "r1", solve=True)
    world.catch_up()
    says(world, "kim", "m2")
    world.story.reopened = world.desk.tickets()[-1]
    world.settle()


def closed(world: World) -> None:
    """The ticket is closed for good; the customer writes again; the follow-up is answered."""
    world.desk.close(world.desk.tickets()[-1])
    world.catch_up()
    says(world, "kim", "m2")
    world.story.tickets = 2
    world.catch_up()
    answers(world, "r1")
    world.settle()


def linked(world: World) -> None:
    """A customer whom an agent linked to their record."""
    first(world)
    world.desk.note(world.desk.tickets()[-1], "/link KD-1")
    world.story.notes["Linked: "] = 1
    world.settle()


def decided(world: World) -> None:
    """The agent takes the link back, and makes it after all."""
    world.desk.note(world.desk.tickets()[-1], "/unlink")
    world.story.notes["Unlinked: "] = 1
    world.settle()
    world.desk.note(world.desk.tickets()[-1], "/link KD-1")
    world.story.notes["Linked: "] = 2
    world.story.linked = "KD-1"
    world.settle()


def two(world: World) -> None:
    """Two customers with a ticket each."""
    first(world)
    says(world, "lee", "l1")
    world.story.tickets = 2
    world.settle()


def merged(world: World) -> None:
    """Their tickets become one; both sides go on there."""
    tickets = world.desk.tickets()
    world.desk.merge(tickets[0], tickets[1])
    world.catch_up()
    says(world, "kim", "m2")
    world.catch_up()
    answers(world, "r1", ticket=1)
    world.settle()


FLOWS = {
    flow.name: flow
    for flow in (
        Flow(name="first message", given=_nothing, then=first),
        Flow(name="follow-up", given=first, then=follow_up),
        Flow(name="burst of one author", given=_nothing, then=burst),
        Flow(name="edit", given=first, then=edit, needs=EDITS),
        Flow(name="delete", given=first, then=delete, needs=DELETES),
        Flow(name="delete before create", given=_nothing, then=delete_before, needs=ANY_ORDER),
        Flow(name="reply", given=first, then=reply),
        Flow(name="long reply in parts", given=first, then=long_reply),
        Flow(name="public to private", given=first, then=private, needs=PRIVATE_REPLY),
        Flow(name="solved and reopened", given=first, then=reopened),
        Flow(name="closed, then follow-up", given=first, then=closed),
        Flow(name="merged", given=two, then=merged),
        Flow(name="unlinked and linked", given=linked, then=decided),
    )
}
