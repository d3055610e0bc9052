"""Writes a CRM's contacts and labelled authors: contacts.jsonl, authors.jsonl, truth.jsonl.

The same seed and sizes give the same files, byte for byte."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from bench.matching import certain, likely, nobody
from bench.matching.cases import Case, Desk, crowd_keys
from bench.matching.people import World, hash_of
from bench.matching.table import SCENARIOS, Scenario

MOST_IN_A_CROWD = 3
"""Contacts of the same name (and city) among whom a careful person still finds the one, in three suggestions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """What is so about one author."""

    author: str
    scenario: str
    right: tuple[str, ...] = ()
    wrong: tuple[str, ...] = ()
    is_findable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """Where a generated world is."""

    folder: Path

    @property
    def contacts(self) -> Path:
        return self.folder / "contacts.jsonl"

    @property
    def authors(self) -> Path:
        return self.folder / "authors.jsonl"

    @property
    def truth(self) -> Path:
        return self.folder / "truth.jsonl"


def generate(folder: Path, *, contacts: int, authors: int, seed: str) -> Files:
    """A world of `contacts` contacts and `authors` authors (each with up to two of the contacts). ValueError: too few
    contacts for them."""
    if authors * 2 > contacts:
        raise ValueError("at least two contacts for each author are needed")
    folder.mkdir(parents=True, exist_ok=True)
    files = Files(folder=folder)
    drawn = _scenarios(authors, seed)
    crowds: Counter[int] = Counter()
    told: list[tuple[Scenario, Case]] = []
    with ExitStack() as stack:
        out = stack.enter_context(files.contacts.open("w", encoding="utf-8"))
        for row, case in _rows(contacts, drawn, seed):
            if row is not None:
                crowds.update(crowd_keys(row))
                _write(out, row)
            if case is not None:
                told.append(case)
    random.Random(f"{seed}|order").shuffle(told)
    with files.authors.open("w", encoding="utf-8") as people, files.truth.open("w", encoding="utf-8") as labels:
        for scenario, one in told:
            _write(people, one.author)
            _write(labels, _label(scenario, one, crowds))
    return files


def _scenarios(authors: int, seed: str) -> list[Scenario]:
    """By their shares, each at least once where there is room, shuffled."""
    rng = random.Random(f"{seed}|scenarios")
    drawn = list(SCENARIOS[:authors])
    drawn += rng.choices(SCENARIOS, [scenario.share for scenario in SCENARIOS], k=authors - len(drawn))
    rng.shuffle(drawn)
    return drawn


_Told = tuple[Scenario, Case]


def _rows(contacts: int, drawn: list[Scenario], seed: str) -> Iterator[tuple[dict[str, Any] | None, _Told | None]]:
    """Contacts in the file's order: those of cases strewn among those of nobody in particular."""
    world = World(f"{seed}|people")
    desk = Desk(world)
    written = 0
    for index, scenario in enumerate(drawn):
        case = function_of(scenario)(desk)
        yield None, (scenario, case)
        for row in case.rows:
            yield row, None
        written += len(case.rows)
        until = contacts * (index + 1) // len(drawn)
        while written < until:
            yield world.row(world.person(), desk.contact_id()), None
            written += 1


def function_of(scenario: Scenario) -> Callable[[Desk], Case]:
    """What makes a case of it."""
    name = scenario.name.replace("-", "_")
    module = next(module for module in (certain, likely, nobody) if hasattr(module, name))
    found: Callable[[Desk], Case] = getattr(module, name)
    return found


def _label(scenario: Scenario, case: Case, crowds: Counter[int]) -> dict[str, Any]:
    few = not case.crowd or crowds[hash_of(case.crowd)] <= MOST_IN_A_CROWD
    return {
        "author": case.author["author_id"],
        "scenario": scenario.name,
        "right": case.right,
        "wrong": case.wrong,
        "is_findable": case.findable and few,
    }


def read_truth(path: Path) -> dict[str, Truth]:
    """By author."""
    found = {}
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            data = json.loads(line)
            data |= {"right": tuple(data["right"]), "wrong": tuple(data["wrong"])}
            found[data["author"]] = Truth(**data)
    return found


def _write(out: IO[str], data: dict[str, Any]) -> None:
    out.write(json.dumps(data, ensure_ascii=False, separators=(",", ":")) + "\n")
