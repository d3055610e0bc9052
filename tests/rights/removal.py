"""The story once without each statement: something must break."""

from __future__ import annotations

import multiprocessing
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

from tests.rights.family import Judge
from tests.rights.flows import Outcome, Story, standing_on
from tests.rights.policies import by_lambda, rendered
from tests.rights.proof import without

AT_ONCE = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """What became of the story without one statement. ``refused``: calls of that function; ``ended``: None when it broke
    off. ``words``: the first thing that differs."""

    function: str
    sid: str
    refused: int
    broke: bool
    words: str


def removable() -> list[tuple[str, str]]:
    """Statements whose calls are ours: (function, sid)."""
    return [
        (function, statement["Sid"])
        for function, document in rendered().items()
        for statement in document["Statement"]
        if not set(statement["Action"]) <= by_lambda()
    ]


def without_each(places: Sequence[tuple[str, str]], whole: Outcome) -> list[Removal]:
    """Play it without each of these, in processes of their own; ``whole``: how it ends with all of them."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(AT_ONCE, mp_context=context) as pool:
        return list(pool.map(_removed, places, [whole] * len(places)))


def _removed(place: tuple[str, str], whole: Outcome) -> Removal:
    import tests.conftest  # noqa: F401 - the environment of tests: no network, keys that are none

    function, sid = place
    policies = rendered()
    judge, words = Judge(), ""
    with standing_on(judge, {**policies, function: without(policies[function], sid)}):
        try:
            words = different(whole, Story().tell())
        except Exception as error:
            words = f"{type(error).__name__}: {error}"
    refused = sum(times for (identity, _), times in judge.refused.items() if identity == function)
    return Removal(function=function, sid=sid, refused=refused, broke=bool(words), words=words)


def different(whole: Outcome, other: Outcome) -> str:
    """The first difference, in words; empty when there is none."""
    for name in Outcome.__slots__:
        before, after = getattr(whole, name), getattr(other, name)
        if before != after:
            return f"{name}: {after} instead of {before}"
    return ""
