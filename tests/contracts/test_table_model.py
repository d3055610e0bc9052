"""Tables against a dict: whatever is done in whatever order, both tell the same."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from chalicelib.ports.table import Change, Check, Condition, ConditionFailed, Delete, Item, Key, Put
from tests.contracts.families import opened

PARTITIONS = ("a", "b|é")
SORTS = ("1", "1|x", "1|y", "1|\ue000", "1|😀", "2")
keys = st.tuples(st.sampled_from(PARTITIONS), st.sampled_from(SORTS))
numbers = st.integers(-2, 2)
texts = st.sampled_from(("", "x", "y", "ß😀"))
# "n" is a number and "s" a text wherever they occur: what a comparison of unlike types gives is test_table's matter.
items = st.fixed_dictionaries(
    {}, optional={"n": st.none() | numbers, "s": st.none() | texts, "doc": texts, "flag": st.none() | st.booleans()}
)
conditions = st.builds(
    Condition,
    exists=st.sampled_from((None, None, True)),
    equals=st.none() | st.fixed_dictionaries({}, optional={"n": st.none() | numbers, "s": texts}),
    below=st.none() | st.fixed_dictionaries({"n": numbers}),
    one_of=st.none() | st.fixed_dictionaries({"s": st.lists(texts, min_size=1, max_size=2).map(tuple)}),
    or_absent=st.booleans(),
) | st.just(Condition(exists=False))
lifetimes = st.none() | st.integers(-1, 5)
changes: st.SearchStrategy[Any] = st.one_of(
    st.tuples(st.just("put"), keys, st.none() | conditions, items, lifetimes),
    st.tuples(st.just("delete"), keys, st.none() | conditions, st.just({}), st.none()),
    st.tuples(st.just("check"), keys, conditions, st.just({}), st.none()),
)


class TableMachine(RuleBasedStateMachine):
    """One table and its model: key -> (item, expires_at)."""

    family = "sqlite"

    @initialize()
    def begin(self) -> None:
        self.resources = ExitStack()
        self.state = self.resources.enter_context(opened(self.family, Path(":memory:")))
        self.model: dict[Key, tuple[Item, int | None]] = {}

    def teardown(self) -> None:
        if hasattr(self, "resources"):
            self.resources.close()

    @property
    def now(self) -> int:
        return int(self.state.clock.now().timestamp())

    def live(self, key: Key) -> Item | None:
        item, expires_at = self.model.get(key, ({}, 0))
        return item if expires_at is None or expires_at > self.now else None

    @rule(drawn=st.lists(changes, min_size=1, max_size=4, unique_by=lambda change: change[1]))
    def write(self, drawn: list[Any]) -> None:
        wanted = [self._change(*change) for change in drawn]
        failing = next((index for index, change in enumerate(drawn) if not self._passes(change)), None)
        if failing is not None:
            with pytest.raises(ConditionFailed) as failed:
                self.state.table.write(wanted)
            assert (failed.value.index, failed.value.item) == (failing, self.live(drawn[failing][1]))
            return
        self.state.table.write(wanted)
        for change in wanted:
            if isinstance(change, Put):
                kept: Item = {name: value for name, value in change.item.items() if value is not None}
                self.model[change.key] = (kept, change.expires_at)
            elif isinstance(change, Delete):
                self.model.pop(change.key, None)

    def _change(self, kind: str, key: Key, condition: Condition | None, item: Item, lifetime: int | None) -> Change:
        if kind == "put":
            expires_at = None if lifetime is None else self.now + lifetime
            return Put(key=key, item=item, condition=condition, expires_at=expires_at)
        if kind == "delete":
            return Delete(key=key, condition=condition)
        assert condition is not None
        return Check(key=key, condition=condition)

    def _passes(self, change: Any) -> bool:
        """The port's description, said a second time and differently than in adapters/records/rules.py."""
        condition, item = change[2], self.live(change[1])
        if condition is None or (item is None and condition.or_absent):
            return True
        demands = [condition.exists in (None, item is not None)]
        found = item or {}
        demands += [found.get(name) == value for name, value in (condition.equals or {}).items()]
        demands += [found.get(name, -(10**9)) < bound for name, bound in (condition.below or {}).items()]
        demands += [found.get(name) in values for name, values in (condition.one_of or {}).items()]
        return all(demands)

    @rule(wanted=st.lists(keys, max_size=5))
    def get(self, wanted: list[Key]) -> None:
        expected = {key: item for key in wanted if (item := self.live(key)) is not None}
        assert self.state.table.get(wanted) == expected

    @rule(
        pk=st.sampled_from(PARTITIONS),
        prefix=st.sampled_from(("", "1", "1|", "1|\ue000", "3")),
        limit=st.integers(1, 7),
        newest_first=st.booleans(),
        after=st.none() | st.sampled_from((*SORTS, "0", "1|", "9")),
    )
    def query(self, pk: str, prefix: str, limit: int, newest_first: bool, after: str | None) -> None:
        found = sorted(
            sk for key, sk in self.model if key == pk and sk.startswith(prefix) and self.live((key, sk)) is not None
        )
        if newest_first:
            found = [sk for sk in reversed(found) if after is None or sk < after]
        elif after is not None:
            found = [sk for sk in found if sk > after]
        expected = [((pk, sk), self.live((pk, sk))) for sk in found[:limit]]
        answer = self.state.table.query(pk, prefix=prefix, limit=limit, newest_first=newest_first, after=after)
        assert list(answer) == expected

    @rule(seconds=st.integers(0, 3))
    def wait(self, seconds: int) -> None:
        self.state.clock.advance(seconds=seconds)


class MotoMachine(TableMachine):
    family = "moto"


TestSqliteTable = TableMachine.TestCase
TestSqliteTable.settings = settings(max_examples=80, stateful_step_count=30)
TestMotoTable = MotoMachine.TestCase
TestMotoTable.settings = settings(max_examples=12, stateful_step_count=12)
