"""Importing contacts: stopped anywhere and started again, repeated, with deletions; the same as one contact at a time."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from careloop.contacts import read_contacts
from careloop.costs.contacts import cost_of
from careloop.costs.prices import read_prices
from careloop.importing import Import, Seen, Tally
from careloop.local.system import LocalSystem, open_local
from chalicelib.core.errors import UnavailableError
from chalicelib.core.ids import ContactId, ContactRef
from chalicelib.core.people import Contact
from chalicelib.ports.identities import Pace
from tests.contracts.families import State, opened
from tests.fakes.clock import FrozenClock

CRM = "directory"


@pytest.fixture
def system() -> Iterator[LocalSystem]:
    system = open_local(":memory:", FrozenClock())
    yield system
    system.close()


class Killed(BaseException):
    """The process ends here."""


@dataclass
class Index:
    """A contact index of small portions that dies, or is busy, at some of its calls."""

    inner: Any
    contacts: int = 3
    at_once: int = 1
    dies_at: int | None = None
    busy: list[float | None] = field(default_factory=list)
    calls: int = 0

    @property
    def pace(self) -> Pace:
        return Pace(contacts=self.contacts, at_once=self.at_once)

    def put_contacts(self, contacts: Sequence[Contact]) -> int:
        self.calls += 1
        if self.calls == self.dies_at:
            raise Killed
        if self.busy:
            raise UnavailableError("throttled", retry_after=self.busy.pop())
        found: int = self.inner.put_contacts(contacts)
        return found

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


class Around:
    """Stores with another contact index."""

    def __init__(self, stores: Any, index: Index) -> None:
        self._stores, self.contacts = stores, index

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stores, name)


def work(system: LocalSystem | State, path: Path, **index: Any) -> tuple[Import, Index]:
    stores: Any = system.stores if isinstance(system, LocalSystem) else system.worker()
    around = Index(stores.contacts, **index)
    stores_around: Any = Around(stores, around)
    return Import(stores=stores_around, path=path, crm=CRM, sleep=lambda seconds: None), around


def lines(path: Path, numbers: Sequence[int], **more: Callable[[int], object]) -> Path:
    rows = (
        {"id": f"c-{number}", "name": f"Name {number}", "emails": [f"{number}@x.com", "team@x.com"]}
        | {name: make(number) for name, make in more.items()}
        for number in numbers
    )
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def listed(system: LocalSystem) -> dict[str, Contact]:
    found = system.stores.contacts.list_contacts(CRM, limit=1000).contacts
    return {item.ref.contact: item for item in found}


def everything(system: LocalSystem) -> list[Any]:
    return system.database.read("SELECT pk, sk, doc, attributes FROM items WHERE pk NOT LIKE 'cursor%' ORDER BY pk, sk")


def test_a_file_is_imported_and_repeating_it_changes_nothing(system: LocalSystem, tmp_path: Path) -> None:
    path = lines(tmp_path / "a.jsonl", range(10))
    first, _ = work(system, path)
    assert first.run() == Tally(rows=10, contacts=10, changed=10)
    before = everything(system)
    second, _ = work(system, path)
    assert second.run() == Tally(rows=10, contacts=10)
    assert everything(system) == before


@pytest.mark.parametrize("dies_at", [1, 2, 3, 4])
def test_an_import_that_was_killed_goes_on_where_it_was(system: LocalSystem, tmp_path: Path, dies_at: int) -> None:
    path = lines(tmp_path / "a.jsonl", range(10))
    killed, _ = work(system, path, dies_at=dies_at)
    with pytest.raises(Killed):
        killed.run()
    assert len(listed(system)) == 3 * (dies_at - 1)

    again, index = work(system, path)
    tally = again.run()

    assert tally.went_on_from == 3 * (dies_at - 1)
    assert (tally.rows, tally.contacts, tally.changed) == (10, 10, 10)
    assert index.calls == 5 - dies_at
    other = open_local(":memory:", FrozenClock())
    other.stores.contacts.put_contacts([item for item in read_contacts(path, crm=CRM) if isinstance(item, Contact)])
    assert everything(system) == everything(other)
    other.close()


def test_killed_between_storing_and_remembering_the_place(system: LocalSystem, tmp_path: Path) -> None:
    path = lines(tmp_path / "a.jsonl", range(6))
    killed, _ = work(system, path)

    def die(position: int, tally: Tally) -> None:
        raise Killed

    stored = Import(stores=killed.stores, path=path, crm=CRM, told=die)
    with pytest.raises(Killed):
        stored.run()
    assert len(listed(system)) == 3
    again, _ = work(system, path)
    assert again.run().changed == 6
    assert system.stores.contacts.read_keys(CRM, ["email:team@x.com"])["email:team@x.com"].count == 6


def test_another_file_begins_at_its_first_row(system: LocalSystem, tmp_path: Path) -> None:
    killed, _ = work(system, lines(tmp_path / "a.jsonl", range(10)), dies_at=2)
    with pytest.raises(Killed):
        killed.run()
    other, _ = work(system, lines(tmp_path / "a.jsonl", range(4)))
    assert other.run().went_on_from == 0
    killed, _ = work(system, tmp_path / "a.jsonl", dies_at=2)
    with pytest.raises(Killed):
        killed.run()
    again, _ = work(system, tmp_path / "a.jsonl")
    assert again.run(again=True).went_on_from == 0


def test_rows_that_say_deleted_delete_in_the_order_of_the_file(system: LocalSystem, tmp_path: Path) -> None:
    work(system, lines(tmp_path / "a.jsonl", range(4)))[0].run()
    path = lines(tmp_path / "b.jsonl", [0, 1, 2, 2, 1, 9], deleted=lambda number: number != 1)
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps({"id": "c-2", "name": "Back"}) + "\n")
    tally = work(system, path)[0].run()
    assert (tally.gone, tally.contacts) == (4, 3)
    assert sorted(listed(system)) == ["c-1", "c-2", "c-3"]
    assert listed(system)["c-2"].name == "Back"


def test_whom_a_full_file_lacks(system: LocalSystem, tmp_path: Path) -> None:
    work(system, lines(tmp_path / "a.jsonl", range(10)))[0].run()
    system.stores.contacts.put_contacts([Contact(ref=ContactRef(crm="erp", contact=ContactId("z")), name="Z")])
    path = lines(tmp_path / "b.jsonl", range(3, 10))
    killed, _ = work(system, path, dies_at=2)
    with pytest.raises(Killed):
        killed.run()

    again, _ = work(system, path)
    assert again.run().went_on_from == 3
    gone, there = again.missing()

    assert sorted(ref.contact for ref in gone) == ["c-0", "c-1", "c-2"]
    assert there == 10


def test_bad_rows_are_told_and_those_that_name_nobody_counted(system: LocalSystem, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"id,name\n1,Kim\n2,J\xf6rg\n,Nobody\n" + b"x" * 201 + b",Long\n3,Sam\n")
    made, _ = work(system, path)
    tally = made.run()
    assert (tally.contacts, tally.left_out, tally.nameless) == (2, 3, 3)
    assert [line for line, _ in tally.bad] == [3, 4, 5]


def test_a_busy_store_is_waited_for(system: LocalSystem, tmp_path: Path) -> None:
    waits: list[float] = []
    made, _ = work(system, lines(tmp_path / "a.jsonl", range(5)), busy=[None, None, 7.0])
    made = replace(made, sleep=waits.append)
    assert made.run().changed == 5
    assert waits == [7.0, 0.5, 1.0]


def test_a_store_that_stays_busy_ends_the_import_and_keeps_its_place(system: LocalSystem, tmp_path: Path) -> None:
    path = lines(tmp_path / "a.jsonl", range(9))
    made, index = work(system, path)
    made.told = lambda position, tally: index.busy.extend([None] * 100)
    with pytest.raises(UnavailableError):
        made.run()
    assert work(system, path)[0].run().went_on_from == 3


def test_an_import_into_dynamodb_side_by_side(tmp_path: Path) -> None:
    with opened("moto", tmp_path / "unused") as state:
        path = lines(tmp_path / "a.jsonl", range(24), deleted=lambda number: number == 5)
        made, _ = work(state, path, at_once=3)
        assert made.run().changed == 23
        row = state.worker().contacts.read_keys(CRM, ["email:team@x.com"])["email:team@x.com"]
        assert (row.count, len(set(row.contacts))) == (23, 23)


def test_seen_tells_whom_it_saw() -> None:
    seen = Seen()
    for number in range(0, 1000, 2):
        seen.add(ContactId(str(number)))
    assert ContactId("10") in seen
    assert ContactId("11") not in seen
    seen.add(ContactId("11"))
    assert ContactId("11") in seen


def test_the_cost_of_contacts_is_counted_from_their_items(tmp_path: Path) -> None:
    one, two = cost_of([person(1)]), cost_of([person(1), person(2)])
    assert (two.contacts, two.keys) == (2, 2 * one.keys)
    assert one.writes == 2 * (1 + one.keys)
    assert one.reads == 1 + one.keys
    large = cost_of([replace(person(1), company="x" * 3000)])
    assert large.writes >= one.writes + 6
    words = one.times(1_000_000).words(read_prices())
    assert words.startswith("1,000,000 contacts with ")
    assert "$" in words


def person(number: int) -> Contact:
    ref = ContactRef(crm=CRM, contact=ContactId(f"c-{number}"))
    return Contact(ref=ref, name=f"Kim {number}", emails=(f"{number}@x.com",))
