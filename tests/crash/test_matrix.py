"""A sample of the matrix, and the judge judged: a harness that can't fail proves nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from chalicelib import bootstrap
from chalicelib.ports.stores import SaveDelivery
from tests.crash.__main__ import main
from tests.crash.boundary import Boundary, Killed, Recorder, Stop, distinct_stops, stops_at
from tests.crash.matrix import Rehearsal, paired_plans, rehearsal, single_plans
from tests.crash.world import World

SAMPLE = "facebook+zendesk"
MAIN = ("first message", "follow-up", "reply")


@pytest.fixture(autouse=True)
def _no_application_left() -> Iterator[None]:
    yield
    bootstrap.install(None)


@pytest.mark.parametrize("flow", MAIN)
def test_stopped_where_something_changes_nothing_is_lost_or_doubled(flow: str):
    here = rehearsal(SAMPLE)
    crossed = here.boundaries(flow, quiet=False)
    changing = [item for item in crossed if item.changes]
    assert len(changing) > 8
    plans = [((item.number, stop),) for item in changing for stop in (Stop.AFTER, Stop.LOST)]
    runs = [here.play(flow, plan) for plan in plans]
    assert [run.command for run in runs if run.verdict.problems] == []
    assert any(run.crossed != runs[0].crossed for run in runs)


def test_two_stops_in_one_flow():
    here = rehearsal(SAMPLE)
    plans = paired_plans(single_plans(here.boundaries("reply", quiet=False)), 8, "sample")
    assert plans == paired_plans(single_plans(here.boundaries("reply", quiet=False)), 8, "sample")
    assert [run.command for run in (here.play("reply", plan) for plan in plans) if run.verdict.problems] == []


def test_what_nobody_can_know_is_told_and_not_sent_again():
    here = rehearsal("unasked+zendesk")
    crossed = here.boundaries("reply", quiet=False)
    [sending] = [item.number for item in crossed if item.name.startswith("http POST unasked")]
    for stop, posted in ((Stop.AFTER, 1), (Stop.LOST, 1), (Stop.BEFORE, 0)):
        run = here.play("reply", ((sending, stop),))
        assert run.verdict.problems == ()
        assert run.verdict.unknown == 1
        assert len(here.world.place.posts()) == posted
    assert here.play("reply", ((sending, Stop.DOWN),)).verdict.unknown == 0


@pytest.mark.parametrize("combination", ["x+rt", "bluesky+zendesk", "matrix+rt", "messenger+zendesk"])
def test_every_combination_plays(combination: str):
    assert rehearsal(combination).boundaries("reply", quiet=True)


# -- boundaries --------------------------------------------------------------------------------------------------------


def boundary(number: int, *, changes: bool, invocation: int = 1) -> Boundary:
    return Boundary(number=number, name="x", changes=changes, repeatable=False, invocation=invocation)


def test_stops_that_are_the_same_are_played_once():
    crossed = [boundary(0, changes=False), boundary(1, changes=False), boundary(2, changes=True)]
    assert (1, Stop.BEFORE) not in distinct_stops(crossed)
    assert [stop for _, stop in distinct_stops(crossed)].count(Stop.BEFORE) == 1
    assert set(distinct_stops(crossed)) <= {(item.number, stop) for item in crossed for stop in stops_at(item)}
    other = boundary(3, changes=False, invocation=2)
    assert (3, Stop.BEFORE) in distinct_stops([*crossed, other])


@pytest.mark.parametrize(
    ("stop", "times", "error"),
    [
        (Stop.BEFORE, 0, Killed),
        (Stop.AFTER, 1, Killed),
        (Stop.LOST, 1, OSError),
        (Stop.DOWN, 0, Exception),
        (Stop.TWICE, 2, None),
    ],
)
def test_a_stop_is_what_it_says(stop: Stop, times: int, error: type[BaseException] | None):
    recorder, calls = Recorder(), []
    recorder.begin({1: stop})
    recorder.cross("first", lambda: None, changes=True)

    def cross() -> None:
        recorder.cross("second", lambda: calls.append(1), changes=True, repeatable=True, lost=OSError)

    if error is None:
        cross()
    else:
        with pytest.raises(error):
            cross()
    assert len(calls) == times
    assert [item.name for item in recorder.crossed] == ["first", "second"]


# -- the judge ---------------------------------------------------------------------------------------------------------


class Broken(Rehearsal):
    """A combination whose product has a fault of the kind that the matrix is there to find."""

    def __init__(self, combination: str, breaks: Callable[[World], None]) -> None:
        super().__init__(combination)
        live = self.world.live

        def live_broken() -> None:
            live()
            breaks(self.world)

        self.world.live = live_broken  # type: ignore[method-assign]


def problems(here: Rehearsal, flow: str, place: str) -> set[str]:
    """When the worker is killed behind the last call of that name."""
    crossed = here.play(flow).crossed
    last = [item.number for item in crossed if item.name.startswith(place)][-1]
    return set(here.play(flow, ((last, Stop.AFTER),)).verdict.problems)


def never_looks(world: World) -> None:
    """Nothing is looked for before it is written again."""
    client: Any = world.app.runtime.connectors.helpdesk("desk")
    client.find_comment = lambda ticket, external_id: None


def forgets_deliveries(world: World) -> None:
    """The beginning of a delivery is not written down, and nobody is asked what became of it."""
    commit = world.app.runtime.stores.transactions.commit

    def lossy(*writes: Any) -> None:
        commit(*(item for item in writes if not isinstance(item, SaveDelivery)))

    transactions: Any = world.app.runtime.stores.transactions
    transactions.commit = lossy


def drops_what_fails(world: World) -> None:
    """A claim is completed by the first attempt, whatever came of it: the redelivery finds nothing to do."""
    ledger: Any = world.app.runtime.stores.ledger
    claim = ledger.claim

    def once(key: Any, **more: Any) -> Any:
        found = claim(key, **more)
        if found.entry.attempts > 1:
            raise KeyError("seen before")
        return found

    ledger.claim = once


@pytest.mark.parametrize(
    ("breaks", "combination", "flow", "place", "found"),
    [
        (never_looks, SAMPLE, "follow-up", "http PUT zendesk", "doubled: message m2 stands 2 times"),
        (never_looks, "x+rt", "reply", "http POST rt /REST/2.0/ticket/*/comment", "doubled: report written 2 times"),
        (forgets_deliveries, "messenger+rt", "reply", "http POST messenger", "doubled: reply r1 posted more than"),
        (drops_what_fails, "matrix+rt", "first message", "table write event+recent", "lost: message m1 stands 0"),
    ],
)
def test_the_judge_finds_what_is_broken(
    breaks: Callable[[World], None], combination: str, flow: str, place: str, found: str
):
    assert problems(Rehearsal(combination), flow, place) == set()
    assert [item for item in problems(Broken(combination, breaks), flow, place) if item.startswith(found)]


def test_the_command_prints_a_run_and_its_end(capsys: pytest.CaptureFixture[str]):
    assert main(["--combination", SAMPLE, "--flow", "follow-up", "--stop", "4:killed-after"]) == 0
    shown = capsys.readouterr().out
    assert "<- killed-after" in shown
    assert "as if nothing had happened" in shown


def test_the_command_prints_the_matrix(capsys: pytest.CaptureFixture[str]):
    arguments = ["--combination", "matrix+rt", "--flow", "delete", "--pairs", "2", "--jobs", "1"]
    assert main(arguments) == 0
    assert "nothing lost, nothing doubled" in capsys.readouterr().out
