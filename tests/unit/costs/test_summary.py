"""The bench's one table: its ratios, and the floor of what a message costs. Nothing is timed here."""

from __future__ import annotations

import json

import pytest

from bench import ack
from bench.peers import race
from bench.summary import Row, call_rows, cost_row
from careloop.costs.usage import FILE


def figures(cold: float, warm: float) -> ack.Figures:
    return ack.Figures(imports=0, first=0, cold=cold, warm=warm, first_calls={}, warm_calls={})


def test_a_ratio_is_how_many_floors_it_takes():
    assert Row(what="time", unit="ms", ours=3.0, floor=2.0).shown()[3] == "1.50 x"
    assert Row(what="rate", unit="events/s", ours=500, floor=2000, more_is_better=True).shown()[3] == "4.00 x"
    assert Row(what="calls", unit="all", ours=6, note="aim 6").shown()[2:] == ("", "", "aim 6")
    assert Row(what="size", unit="MB", ours=None, floor=2.0).shown()[1] == "not measured"


def test_peers_stand_beside_the_same_floor():
    row = Row(what="time", unit="ms", ours=1.0, floor=2.0, peers=(("A", 4.0), ("B", 3.0)))

    assert row.shown()[4] == "A 4.00 (2.00 x)\nB 3.00 (1.50 x)"


def test_a_million_messages_are_computed_from_the_webhook_that_was_measured():
    counted = json.loads(FILE.read_text(encoding="utf-8"))
    results = {ack.OURS: figures(200, 1), ack.FLOOR: figures(250, 1), "peer": figures(250, 101)}
    row = cost_row(counted, results)
    assert row.ours is not None
    assert row.floor is not None

    # the API's 3.50 and three requests of SQS are the least
    assert row.ours > row.floor > 3.50 + 1.50
    # 100 ms more of a core take 100 x 1769 / 512 ms of half a GB, a million times
    ((_, dollars),) = row.peers
    assert dollars - row.floor == pytest.approx(1e6 * 0.1 * 1769 / 512 * 0.5 * 0.0000133334)


def test_calls_are_those_to_aws_and_to_vendors():
    counted = json.loads(FILE.read_text(encoding="utf-8"))

    assert [row.ours for row in call_rows(counted)] == [
        sum(
            number
            for sums in counted["flows"][flow]["functions"].values()
            for name, number in sums.items()
            if "calls" in name
        )
        for flow in ("first message", "further message", "reply")
    ]


def test_a_package_holds_what_its_distributions_need():
    alone = race.zipped(("six",))

    assert 5_000 < alone < 40_000
    assert race.zipped(("python-dateutil",)) > race.zipped(("six",))
    assert race.zipped(("python-dateutil", "six")) == race.zipped(("python-dateutil",))
