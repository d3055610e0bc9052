"""The mirror of a CRM in the contact index: when it is read, how it follows, and what a crash leaves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.adapters.records.stores import RecordStores
from chalicelib.core.account import Connection, ConnectionKind
from chalicelib.core.errors import CredentialsError, UnavailableError
from chalicelib.core.ids import ContactId, ContactRef, Cursor
from chalicelib.core.mirror import MirrorState, as_cursor, cursor_name
from chalicelib.core.people import Contact
from chalicelib.core.policy import CarePolicy
from chalicelib.pipeline import mirror
from chalicelib.pipeline.mirror import begin_again, is_mirrored, plan_mirrors, state_of, steps
from chalicelib.ports.crm import ContactPage
from chalicelib.ports.table import Change, Item, Key, Table
from chalicelib.ports.writes import SaveCursor
from tests.fakes.runtime import FakeCrm, World


def lists(world: World, **capabilities: Any) -> None:
    sheet = world.connectors.crm_sheet
    world.connectors.crm_sheet = replace(sheet, capabilities=replace(sheet.capabilities, **capabilities))


def whole_since(world: World) -> None:
    state = as_cursor(MirrorState(complete_at=world.clock.now()))
    world.runtime.stores.transactions.commit(SaveCursor(name=cursor_name("crm"), cursor=state, expected=None))


def test_a_mirror_is_read_when_it_is_whole_and_fresh() -> None:
    world = World()
    lists(world, lists_contacts=True)
    assert not is_mirrored(world.runtime, "crm")
    whole_since(world)
    assert is_mirrored(world.runtime, "crm")
    world.clock.advance(hours=25)
    assert not is_mirrored(world.runtime, "crm")


def test_a_mirror_that_is_switched_off_is_not_read() -> None:
    world = World()
    lists(world, lists_contacts=True)
    whole_since(world)
    directory = world.runtime.stores.directory
    directory.put_policy(CarePolicy(mirror_every=timedelta()))
    assert not is_mirrored(world.runtime, "crm")
    directory.put_policy(CarePolicy())
    assert is_mirrored(world.runtime, "crm")
    options = {"mirror": "no"}
    directory.put_connection(Connection(kind=ConnectionKind.CRM, name="crm", connector="fake", options=options))
    assert not is_mirrored(world.runtime, "crm")


def test_the_built_in_directory_is_the_index_and_a_crm_without_a_feed_is_not() -> None:
    world = World()
    whole_since(world)
    assert not is_mirrored(world.runtime, "crm")
    lists(world, in_index=True)
    assert is_mirrored(world.runtime, "crm")


# -- following ---------------------------------------------------------------------------------------------------------


def person(number: int, name: str = "Kim") -> Contact:
    ref = ContactRef(crm="crm", contact=ContactId(str(number)))
    return Contact(ref=ref, name=f"{name} {number}", emails=(f"{number}@x.com", "team@x.com"))


class Feed(FakeCrm):
    """A CRM whose feed is the list of its changes, some at a time."""

    def __init__(self, contacts: Iterable[Contact | ContactRef] = (), page: int = 4) -> None:
        super().__init__()
        self.page = page
        self.changes: list[Contact | ContactRef] = list(contacts)
        self.calls = 0
        self.fails_at: dict[int, Exception | type[BaseException]] = {}

    def list_contacts(self, cursor: Cursor | None) -> ContactPage:
        self.calls += 1
        if self.calls in self.fails_at:
            raise self.fails_at.pop(self.calls)
        start = int(cursor or 0)
        found = self.changes[start : start + self.page]
        return ContactPage(
            contacts=tuple(item for item in found if isinstance(item, Contact)),
            removed=tuple(item for item in found if isinstance(item, ContactRef)),
            cursor=Cursor(str(start + len(found))),
            more=start + len(found) < len(self.changes),
        )


class Comparable(Feed):
    """One that tells no deletions, and knows whom it no longer has."""

    def __init__(self, contacts: Iterable[Contact] = ()) -> None:
        super().__init__(contacts, 1000)
        self.gone: set[ContactId] = set()
        self.questions = 0

    def find_gone(self, contacts: tuple[ContactId, ...]) -> Sequence[ContactId]:
        self.questions += 1
        return [item for item in contacts if item in self.gone]


def following(crm: Feed) -> World:
    world = World()
    lists(world, lists_contacts=True)
    world.connectors.crms["crm"] = crm
    return world


def mirrored(world: World) -> dict[str, str]:
    found = world.runtime.stores.contacts.list_contacts("crm", limit=5000).contacts
    return {item.ref.contact: item.name for item in found}


def minutes(world: World, number: int) -> None:
    """So many minutes of the watch, with all jobs done."""
    for _ in range(number):
        messages = plan_mirrors(world.runtime)
        if messages:
            world.runtime.queues.jobs.send(messages)
        world.later(minutes=1)


def test_a_feed_is_followed_every_quarter_of_an_hour() -> None:
    crm = Feed([person(number) for number in range(10)])
    world = following(crm)

    minutes(world, 15)
    assert len(mirrored(world)) == 10
    assert is_mirrored(world.runtime, "crm")
    assert crm.calls == 3
    assert world.runtime.stores.contacts.read_keys("crm", ["email:team@x.com"])["email:team@x.com"].count == 10

    crm.changes += [person(3, "Sam"), person(4).ref, person(11)]
    minutes(world, 15)
    assert crm.calls == 4
    names = mirrored(world)
    assert (names["3"], "4" in names, len(names)) == ("Sam 3", False, 10)
    state = state_of(world.runtime, "crm")
    assert (state.stored, state.removed, state.is_behind) == (12, 1, False)
    assert world.telemetry.counts["mirrored"] == 12
    assert world.telemetry.counts["unmirrored"] == 1


def test_what_a_job_leaves_comes_with_the_next_at_once() -> None:
    crm = Feed([person(number) for number in range(mirror.MOST_PAGES * 2 + 3)], page=1)
    world = following(crm)
    world.runtime.queues.jobs.send(every_plan(world))
    world.work()
    assert len(mirrored(world)) == mirror.MOST_PAGES * 2 + 3
    assert crm.calls == mirror.MOST_PAGES * 2 + 3


def every_plan(world: World) -> Sequence[Any]:
    """The plan of the minute in which it is the CRM's turn."""
    for _ in range(15):
        if messages := plan_mirrors(world.runtime):
            return messages
        world.clock.advance(minutes=1)
    raise AssertionError("nobody's turn in a quarter of an hour")


def test_one_chain_of_jobs_survives_when_two_begin() -> None:
    crm = Feed([person(number) for number in range(mirror.MOST_PAGES * 4)], page=1)
    world = following(crm)
    first = every_plan(world)
    world.runtime.queues.jobs.send(first)
    world.clock.advance(minutes=15)
    world.runtime.queues.jobs.send(every_plan(world))
    world.work()
    assert len(mirrored(world)) == mirror.MOST_PAGES * 4
    assert crm.calls <= mirror.MOST_PAGES * 4 + 1, "nothing is read twice"


def test_nothing_is_followed_that_is_switched_off() -> None:
    crm = Feed([person(1)])
    world = following(crm)
    directory = world.runtime.stores.directory
    directory.put_policy(CarePolicy(mirror_every=timedelta()))
    minutes(world, 16)
    directory.put_policy(CarePolicy())
    for options, sheet in (({"mirror": "no"}, True), ({}, False)):
        directory.put_connection(Connection(kind=ConnectionKind.CRM, name="crm", connector="fake", options=options))
        lists(world, lists_contacts=sheet)
        minutes(world, 16)
    assert crm.calls == 0


class Killed(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("error", [Killed, UnavailableError("down")])
@pytest.mark.parametrize("at", [1, 2, 3])
def test_a_first_run_that_ends_anywhere_goes_on_where_it_was(error: Any, at: int) -> None:
    crm = Feed([person(number) for number in range(10)])
    crm.fails_at[at] = error
    world = following(crm)
    with pytest.raises((Killed, UnavailableError)):
        list(steps(world.runtime, "crm"))
    assert len(mirrored(world)) == 4 * (at - 1)
    assert not is_mirrored(world.runtime, "crm")

    list(steps(world.runtime, "crm"))

    assert len(mirrored(world)) == 10
    assert crm.calls == 4
    assert is_mirrored(world.runtime, "crm")


class DyingTable:
    """A table before whose write number ``at``, or right after it, the process ends."""

    def __init__(self, table: Table, at: int, *, after: bool) -> None:
        self._table, self._left, self._after = table, at, after

    def get(self, keys: Sequence[Key]) -> Mapping[Key, Item]:
        return self._table.get(keys)

    def query(self, pk: str, **options: Any) -> Any:
        return self._table.query(pk, **options)

    def write(self, changes: Sequence[Change]) -> None:
        self._left -= 1
        if self._left or self._after:
            self._table.write(changes)
        if not self._left:
            raise Killed


@pytest.mark.parametrize("after", [False, True])
def test_killed_at_any_write_and_started_again_the_index_is_right(after: bool) -> None:
    changes: list[Contact | ContactRef] = [
        *(person(number) for number in range(5)),
        person(1).ref,
        person(2, "Sam"),
        person(1),
        person(4).ref,
    ]
    deaths = 0
    while True:
        world = following(Feed(changes, page=3))
        table = DyingTable(world.system.table, deaths + 1, after=after)
        dying = replace(world.runtime, stores=RecordStores(table, world.clock))
        try:
            list(steps(dying, "crm"))
        except Killed:
            deaths += 1
        else:
            break
        list(steps(world.runtime, "crm"))
        assert mirrored(world) == {"0": "Kim 0", "1": "Kim 1", "2": "Sam 2", "3": "Kim 3"}, f"killed at write {deaths}"
        row = world.runtime.stores.contacts.read_keys("crm", ["email:team@x.com"])["email:team@x.com"]
        assert (row.count, sorted(row.contacts)) == (4, ["0", "1", "2", "3"]), f"killed at write {deaths}"
        assert is_mirrored(world.runtime, "crm")
    assert deaths >= 8, "each page's contacts, its deletions, and its place"


def test_a_place_that_somebody_else_moved_is_left_to_them() -> None:
    crm = Feed([person(number) for number in range(10)])
    world = following(crm)
    one, two = steps(world.runtime, "crm"), steps(world.runtime, "crm")
    next(one)
    list(two)
    list(one)
    assert len(mirrored(world)) == 10


def test_refused_access_raises_the_alarm_of_the_crm_and_loses_nothing() -> None:
    crm = Feed([person(1)])
    crm.fails_at[1] = CredentialsError("401", advice="Renew the key.", dead=True)
    world = following(crm)
    minutes(world, 15)
    [alarm] = world.runtime.stores.alarms.list_alarms()
    assert alarm.id == "crm|crm|credentials"
    minutes(world, 15)
    assert len(mirrored(world)) == 1


def test_beginning_again_reads_all_and_stays_readable() -> None:
    crm = Feed([person(number) for number in range(5)])
    world = following(crm)
    list(steps(world.runtime, "crm"))
    world.runtime.stores.contacts.remove_contact(person(3).ref)
    begin_again(world.runtime, "crm")
    assert is_mirrored(world.runtime, "crm")
    list(steps(world.runtime, "crm"))
    assert len(mirrored(world)) == 5


# -- comparing ---------------------------------------------------------------------------------------------------------


def test_whom_the_crm_no_longer_has_leaves_the_index_within_a_day() -> None:
    crm = Comparable([person(number) for number in range(450)])
    world = following(crm)
    list(steps(world.runtime, "crm"))
    crm.gone = {ContactId("7"), ContactId("300")}
    list(steps(world.runtime, "crm"))
    assert (crm.questions, len(mirrored(world))) == (0, 450)

    world.clock.advance(hours=24)
    list(steps(world.runtime, "crm"))
    assert (crm.questions, len(mirrored(world))) == (3, 448)
    list(steps(world.runtime, "crm"))
    assert crm.questions == 3, "once a day"
    assert state_of(world.runtime, "crm").removed == 2


def test_a_comparison_that_was_stopped_goes_on() -> None:
    crm = Comparable([person(number) for number in range(450)])
    world = following(crm)
    list(steps(world.runtime, "crm"))
    world.clock.advance(hours=24)
    some = steps(world.runtime, "crm")
    next(some), next(some)
    assert crm.questions == 1
    list(steps(world.runtime, "crm"))
    assert crm.questions == 3


def test_a_crm_that_suddenly_shows_less_deletes_nobody_and_is_told() -> None:
    crm = Comparable([person(number) for number in range(50)])
    world = following(crm)
    list(steps(world.runtime, "crm"))
    world.clock.advance(hours=24)
    crm.gone = {ContactId(str(number)) for number in range(40)}
    list(steps(world.runtime, "crm"))
    assert len(mirrored(world)) == 50
    [alarm] = world.runtime.stores.alarms.list_alarms()
    assert "no longer shows 40 of 50 contacts" in alarm.what
    begin_again(world.runtime, "crm")
    list(steps(world.runtime, "crm", sure=True))
    assert len(mirrored(world)) == 10


# -- what the mirror does not know yet ---------------------------------------------------------------------------------


def behind() -> World:
    """A mirror that is whole and empty, and a CRM that has had Kim for a minute."""
    world = World()
    lists(world, lists_contacts=True)
    whole_since(world)
    ref = ContactRef(crm="crm", contact=ContactId("new"))
    world.crm.contacts = [Contact(ref=ref, name="Kim", emails=("kim@example.com",))]
    return world


def test_what_somebody_tells_and_the_mirror_does_not_know_the_crm_is_asked_for() -> None:
    world = behind()
    world.arrive(world.message("m1", "My e-mail is kim@example.com", private=True))
    assert "e-mail kim@example.com (private message)" in world.ticket.notes[0]
    assert "Customer record: Kim, crm:new" in world.ticket.notes[0]


def test_a_stranger_who_tells_nothing_costs_no_call() -> None:
    world = behind()
    world.arrive(world.message("m1", "Where is my parcel?"))
    assert world.crm.asked == []


def test_what_the_mirror_knows_is_not_asked_for_again() -> None:
    world = behind()
    world.runtime.stores.contacts.put_contacts(world.crm.contacts)
    world.arrive(world.message("m1", "My e-mail is kim@example.com", private=True))
    assert "Customer record: Kim, crm:new" in world.ticket.notes[0]
    assert world.crm.asked == []
