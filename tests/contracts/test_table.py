"""The contract of ports/table.py, for every table there is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from chalicelib.ports.table import Change, Check, Condition, ConditionFailed, Delete, Item, Key, Put, Table, Value
from tests.contracts.families import TABLE_FAMILIES, State, opened

KEY: Key = ("case|1", "case")
NEW = Condition(exists=False)


@pytest.fixture(params=(*TABLE_FAMILIES, "light"))
def state(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[State]:
    """All families: a table speaks to AWS itself, the stores speak to a table."""
    with opened(request.param, tmp_path / "state.db") as state:
        yield state


@pytest.fixture
def table(state: State) -> Table:
    return state.table


def put(table: Table, key: Key, item: Item, **more: int | Condition | None) -> None:
    table.write([Put(key=key, item=item, **more)])  # type: ignore[arg-type]


def stored(table: Table, key: Key = KEY) -> Item | None:
    return table.get([key]).get(key)


@pytest.mark.parametrize(
    "item",
    [
        {"doc": '{"text":"x"}', "version": 3, "done": False, "late": True, "owner": "a"},
        {"doc": "", "empty": "", "zero": 0, "negative": -5, "large": 2**62},
        {"doc": "Grüße 👩‍👩‍👧 \u0000 \ufffe \u2028 Ωmega", "Ünïcode": "ß"},
        {"doc": 7},
        {},
    ],
    ids=["scalars", "empty", "unicode", "doc-is-no-text", "nothing"],
)
def test_an_item_comes_back_as_it_was(table: Table, item: dict[str, Value]) -> None:
    put(table, KEY, item)

    assert stored(table) == item
    assert {name: type(value) for name, value in (stored(table) or {}).items()} == {
        name: type(value) for name, value in item.items()
    }


def test_none_is_as_if_it_were_not_there(table: Table) -> None:
    put(table, KEY, {"doc": None, "owner": None, "n": 1})

    assert stored(table) == {"n": 1}


def test_a_put_replaces_the_whole_item(table: Table) -> None:
    put(table, KEY, {"doc": "a", "owner": "x"}, expires_at=10**10)
    put(table, KEY, {"doc": "b"})

    assert stored(table) == {"doc": "b"}


def test_an_item_near_the_limit_is_kept_and_one_over_it_refused(table: Table) -> None:
    put(table, KEY, {"doc": "x" * 400_000})
    assert len(str((stored(table) or {})["doc"])) == 400_000

    with pytest.raises(ValueError, match="too large: case/case"):
        put(table, KEY, {"doc": "ü" * 204_000})
    assert len(str((stored(table) or {})["doc"])) == 400_000


def test_reads_leave_out_what_is_not_there(table: Table) -> None:
    put(table, ("a", "1"), {"doc": "1"})
    put(table, ("a", "2"), {"doc": "2"})

    assert table.get([("a", "2"), ("a", "3"), ("b", "1"), ("a", "2")]) == {("a", "2"): {"doc": "2"}}
    assert table.get([]) == {}


def test_a_hundred_items_in_one_read_and_one_write(table: Table) -> None:
    keys = [("many", f"{number:03}") for number in range(100)]

    table.write([Put(key=key, item={"doc": key[1]}) for key in keys])

    assert table.get(keys) == {key: {"doc": key[1]} for key in keys}


@pytest.mark.parametrize("number", [101, 200])
def test_more_than_a_hundred_are_refused(table: Table, number: int) -> None:
    keys = [("many", f"{index:03}") for index in range(number)]

    with pytest.raises(ValueError, match="at most 100"):
        table.write([Put(key=key, item={}) for key in keys])
    with pytest.raises(ValueError, match="at most 100"):
        table.get(keys)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ([Put(key=KEY, item={}), Delete(key=KEY)], "two changes of one key in one write: case/case"),
        ([Put(key=("", "a"), item={})], "neither of them empty"),
        ([Delete(key=("a", ""))], "neither of them empty"),
        ([Put(key=("p|" + "x" * 2048, "a"), item={})], "too long: p/a"),
        ([Put(key=("a", "s|" + "ü" * 512), item={})], "too long: a/s"),
        ([Put(key=KEY, item={"expires_at": 1})], "the table's own"),
        ([Put(key=KEY, item={"pk": "x"})], "the table's own"),
        ([Put(key=KEY, item={"price": 1.5})], "price"),  # type: ignore[dict-item]
    ],
)
def test_what_no_table_takes_is_refused(table: Table, changes: list[Change], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        table.write(changes)


def test_writing_nothing_is_fine(table: Table) -> None:
    table.write([])
    table.write([Delete(key=KEY)])
    table.write([Check(key=KEY, condition=Condition(below={"n": 1}))])

    assert stored(table) is None


HOLDS: list[tuple[Mapping[str, Value] | None, Condition]] = [
    (None, Condition()),
    (None, Condition(exists=False)),
    (None, Condition(equals={"owner": None})),
    (None, Condition(below={"lease": 5})),
    (None, Condition(equals={"owner": "a"}, or_absent=True)),
    (None, Condition(exists=True, one_of={"status": ("a",)}, or_absent=True)),
    ({}, Condition(exists=True)),
    ({"owner": "a"}, Condition(equals={"owner": "a"})),
    ({"owner": ""}, Condition(equals={"owner": ""})),
    ({"owner": "a"}, Condition(equals={"owner": "a", "done": None})),
    ({"done": False, "n": 0}, Condition(equals={"done": False, "n": 0})),
    ({"lease": 4}, Condition(below={"lease": 5})),
    ({"lease": -4}, Condition(below={"lease": 0})),
    ({"owner": "a"}, Condition(below={"lease": 5})),
    ({"status": "unknown"}, Condition(one_of={"status": ("begun", "unknown")})),
    (
        {"status": "begun", "n": 3},
        Condition(exists=True, one_of={"status": ("begun",)}, below={"n": 4}, equals={"n": 3}),
    ),
]
FAILS: list[tuple[Mapping[str, Value] | None, Condition]] = [
    (None, Condition(exists=True)),
    (None, Condition(equals={"owner": "a"})),
    (None, Condition(one_of={"status": ("a",)})),
    (None, Condition(exists=True, below={"lease": 5})),
    ({}, Condition(exists=False)),
    ({}, Condition(exists=False, or_absent=True)),
    ({"owner": "a"}, Condition(equals={"owner": "b"})),
    ({"owner": "a"}, Condition(equals={"owner": "b"}, or_absent=True)),
    ({"owner": ""}, Condition(equals={"owner": None})),
    ({"n": 1}, Condition(equals={"n": "1"})),
    ({"lease": 5}, Condition(below={"lease": 5})),
    ({"lease": 10}, Condition(below={"lease": 9})),
    ({"status": "sent"}, Condition(one_of={"status": ("begun", "unknown")})),
    ({"status": "begun", "n": 3}, Condition(one_of={"status": ("begun",)}, equals={"n": 4})),
]


MIXED_UP_BY_MOTO: list[tuple[Mapping[str, Value] | None, Condition]] = [
    ({"n": 1}, Condition(equals={"n": True})),
    ({"done": True}, Condition(equals={"done": 1})),
    ({"lease": "4"}, Condition(below={"lease": 5})),
]
"""moto compares as Python does: 1 is True, and text with a number is an error. DynamoDB's own emulator is right."""


@pytest.mark.parametrize("together", [False, True], ids=["alone", "in a transaction"])
def test_conditions_that_hold(table: Table, together: bool) -> None:
    for number, (item, condition) in enumerate(HOLDS):
        key = ("holds", f"{number:02}")
        if item is not None:
            put(table, key, item)
        rest = [Put(key=("rest", key[1]), item={})] if together else []
        table.write([Check(key=key, condition=condition), *rest])
        table.write([Put(key=key, item={"doc": "new"}, condition=condition), *rest])
        assert stored(table, key) == {"doc": "new"}, condition
        table.write([Delete(key=key), *rest])
        if item is not None:
            put(table, key, item)
        table.write([Delete(key=key, condition=condition), *rest])
        assert stored(table, key) is None, condition


@pytest.mark.parametrize("together", [False, True], ids=["alone", "in a transaction"])
def test_conditions_that_fail_change_nothing_and_show_the_item(state: State, together: bool) -> None:
    table = state.table
    for number, (item, condition) in enumerate(
        FAILS if state.family in ("moto", "light") else FAILS + MIXED_UP_BY_MOTO
    ):
        key = ("fails", f"{number:02}")
        if item is not None:
            put(table, key, item)
        changes: list[Change] = [
            Put(key=key, item={"doc": "new"}, condition=condition),
            Delete(key=key, condition=condition),
            Check(key=key, condition=condition),
        ]
        for change in changes:
            before: list[Change] = [Put(key=("rest", key[1]), item={}, condition=NEW)] if together else []
            with pytest.raises(ConditionFailed) as failed:
                table.write([*before, change])
            assert failed.value.index == len(before), condition
            assert failed.value.item == item, condition
            assert table.get([key, ("rest", key[1])]) == ({} if item is None else {key: item}), condition


def test_conditions_speak_of_the_items_before_the_write(table: Table) -> None:
    put(table, ("a", "1"), {"n": 1})

    table.write(
        [
            Put(key=("a", "2"), item={"n": 1}, condition=NEW),
            Delete(key=("a", "1"), condition=Condition(equals={"n": 1})),
            Check(key=("a", "3"), condition=NEW),
        ]
    )

    assert table.get([("a", "1"), ("a", "2")]) == {("a", "2"): {"n": 1}}


def test_the_first_failing_change_is_named(table: Table) -> None:
    put(table, ("a", "2"), {"n": 2})
    put(table, ("a", "3"), {"n": 3})

    with pytest.raises(ConditionFailed) as failed:
        table.write([Put(key=("a", number), item={}, condition=NEW) for number in "0123"])

    assert (failed.value.index, failed.value.item) == (2, {"n": 2})
    assert set(table.get([("a", number) for number in "0123"])) == {("a", "2"), ("a", "3")}


def test_an_expired_item_is_absent(state: State) -> None:
    table, now = state.table, int(state.clock.now().timestamp())
    put(table, KEY, {"doc": "old"}, expires_at=now + 60)
    put(table, ("case|1", "other"), {"doc": "stays"}, expires_at=now + 61)
    assert stored(table) == {"doc": "old"}

    state.clock.advance(seconds=60)

    assert table.get([KEY, ("case|1", "other")]) == {("case|1", "other"): {"doc": "stays"}}
    assert table.query("case|1") == [(("case|1", "other"), {"doc": "stays"})]
    with pytest.raises(ConditionFailed) as failed:
        put(table, KEY, {"doc": "new"}, condition=Condition(exists=True))
    assert failed.value.item is None
    put(table, KEY, {"doc": "new"}, condition=NEW)
    assert stored(table) == {"doc": "new"}


SORTED = ["a", "a|1", "a|2", "a|é", "a|\ud7ff", "a|\ue000", "a|😀", "a|\U0010ffff", "b", "b|\U0010ffff\U0010ffff", "é"]


def test_queries_are_ordered_by_bytes(table: Table) -> None:
    table.write([Put(key=("q", sk), item={"doc": sk}) for sk in reversed(SORTED)])
    put(table, ("q2", "a"), {"doc": "another partition"})
    newest = list(reversed(SORTED))

    def keys(**options: object) -> list[str]:
        found = table.query("q", **options)  # type: ignore[arg-type]
        assert all(key == ("q", item["doc"]) for key, item in found)
        return [key[1] for key, _ in found]

    assert keys() == SORTED
    assert keys(newest_first=True) == newest
    for prefix in ("", "a", "a|", "a|\ud7ff", "a|\U0010ffff", "b|\U0010ffff", "c"):
        within = [sk for sk in SORTED if sk.startswith(prefix)]
        assert keys(prefix=prefix) == within
        assert keys(prefix=prefix, newest_first=True, limit=3) == within[::-1][:3]
        for after in ("a", "a|2", "a|\ud7ff", "b", "aa", "zz", "A"):
            assert keys(prefix=prefix, after=after) == [sk for sk in within if sk > after]
            assert keys(prefix=prefix, after=after, newest_first=True) == [sk for sk in within[::-1] if sk < after]
            assert keys(prefix=prefix, after=after, limit=1) == [sk for sk in within if sk > after][:1]


def test_expired_items_do_not_use_up_a_query_s_limit(state: State) -> None:
    now = int(state.clock.now().timestamp())
    state.table.write(
        [Put(key=("q", f"{n:02}"), item={"n": n}, expires_at=now + (60 if n % 3 else 1)) for n in range(30)]
    )
    state.clock.advance(seconds=2)

    assert [item["n"] for _, item in state.table.query("q", limit=15)] == [n for n in range(30) if n % 3][:15]


def test_a_query_goes_on_after_the_largest_page(table: Table) -> None:
    text = "x" * 390_000
    for number in range(4):
        put(table, ("large", str(number)), {"doc": text, "n": number})

    assert [item["n"] for _, item in table.query("large", newest_first=True)] == [3, 2, 1, 0]
