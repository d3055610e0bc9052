"""One table: every figure beside its floor and its peers, all measured in this very run, so that ratios can be compared
between machines. Details: ``python -m bench ack loop calls match size``; ``careloop cost --detail``."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench import ack, loop
from bench import match as matching
from bench.calls import AIMS
from bench.peers import race
from bench.usage import count
from careloop.costs.assumptions import Assumption, Assumptions, usual
from careloop.costs.model import Model, Scenario
from careloop.costs.prices import read_prices
from careloop.costs.stage import channels_from, usual_stage
from careloop.costs.usage import API, FIRST, FLOWS, FURTHER, REPLY, Flow, Usage, Use, usage_from
from careloop.deploying.package import assemble, zipped
from chalicelib.core.errors import ConfigurationError

ROUNDS = 7
PLAYS = 3
STAGE = "dev"
MILLION, REPLIES = 1_000_000, 0.5
NOTES = (
    "Ack: verify a Meta webhook's HMAC, parse it, send one SQS message per event, over TLS to a local stand-in; median "
    f"of {ROUNDS} fresh processes, in turns. Cold is import and first webhook. The floor is a bare handler with boto3; "
    "ours also reads its directory, archives the payload and logs.",
    "Workers and pipeline: in process on local state; the floor is the bare SQLite transactions and JSON of one event. "
    f"Best of {PLAYS} plays; checked that nothing is lost, doubled or out of order.",
    "Dollars: list prices, what each message causes; the floor and the peers only receive, queue and take it, traced "
    "as ours is. `careloop cost` tells services, fixed cost and assumptions.",
)
ROOT = Path(__file__).resolve().parent.parent
_WORK: Mapping[str, str] = {"first message": loop.FIRST, "further message": loop.FURTHER, "reply": loop.REPLIES}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One measure. ``peers``: title and value; ``more_is_better`` turns the ratio round."""

    what: str
    unit: str
    ours: float | None
    floor: float | None = None
    peers: tuple[tuple[str, float], ...] = ()
    digits: int = 2
    more_is_better: bool = False
    note: str = ""

    def shown(self) -> Sequence[str]:
        """As the table has it."""
        return (
            f"{self.what}, {self.unit}",
            self._number(self.ours),
            self._number(self.floor) if self.floor is not None else "",
            self._ratio(self.ours),
            "\n".join(f"{title} {self._number(value)} ({self._ratio(value)})" for title, value in self.peers)
            or self.note,
        )

    def _number(self, value: float | None) -> str:
        return "not measured" if value is None else f"{value:,.{self.digits}f}"

    def _ratio(self, value: float | None) -> str:
        if value is None or self.floor is None:
            return ""
        ratio = self.floor / value if self.more_is_better else value / self.floor
        return f"{ratio:.2f} x"


def ack_rows(results: Mapping[str, ack.Figures]) -> Iterator[Row]:
    """The webhook's answer."""
    floor, ours = results[ack.FLOOR], results[ack.OURS]
    peers = {name: item for name, item in results.items() if name not in (ack.FLOOR, ack.OURS)}
    warm = tuple((name, item.warm) for name, item in peers.items())
    cold = tuple((name, item.cold) for name, item in peers.items())
    yield Row(what="webhook ack, warm", unit="CPU ms", ours=ours.warm, floor=floor.warm, peers=warm)
    yield Row(what="webhook ack, cold", unit="CPU ms", ours=ours.cold, floor=floor.cold, peers=cold, digits=0)


def loop_rows(best: loop.Figures) -> Iterator[Row]:
    """The whole pipeline on local state, and what a worker takes of a processor for one message."""
    played, meter = best.loop, best.loop.meter
    floor_ms = best.floor.processor / best.floor.events * 1000
    to_processor = played.processor / meter.total
    for what, stage in _WORK.items():
        each = meter.seconds[stage] * to_processor / played.units[stage] * 1000
        yield Row(
            what=f"worker, {what}", unit="CPU ms", ours=each, floor=floor_ms, note="floor: bare transactions, JSON"
        )
    yield Row(
        what="local pipeline",
        unit="events/s",
        ours=best.rate,
        floor=best.floor_rate,
        digits=0,
        more_is_better=True,
        note=f"aim {loop.AIM:,}",
    )


def call_rows(counted: Mapping[str, Any]) -> Iterator[Row]:
    """Calls to AWS and to vendors, by flow."""
    for flow in (FIRST, FURTHER, REPLY):
        sums = counted["flows"][flow]["functions"].values()
        calls = sum(
            number
            for one in sums
            for name, number in one.items()
            if name == "http_calls" or name.startswith("aws_calls_")
        )
        yield Row(what=f"calls, {flow}", unit="counted", ours=calls, digits=0, note=f"aim {AIMS[flow]}")


def match_row() -> Row:
    """An author matched among many contacts; the floor is the same among a tenth of them: one means flat."""
    few, many = (matching.measure(size) for size in matching.SUMMARY_SIZES)
    note = f"floor: among {few.contacts:,}; p99 {many.p99:.1f}, {many.memory:.0f} bytes a contact"
    what = f"match an author, {many.contacts:,} contacts"
    return Row(what=what, unit="CPU ms", ours=many.median, floor=few.median, note=note)


def package_row() -> Row:
    """What is deployed, beside what the others would have to pack for the webhook alone."""
    floor = race.zipped(race.FLOOR_NEEDS) / 1e6
    peers = tuple((peer.title, race.zipped(peer.distributions) / 1e6) for peer in race.PEERS if race.is_installed(peer))
    ours, note = None, ""
    try:
        with tempfile.TemporaryDirectory(prefix="careloop-bench-") as name:
            folder = Path(name)
            made = zipped(assemble(ROOT, folder / "project"), STAGE, folder / "out")
            ours = made.stat().st_size / 1e6
    except ConfigurationError as error:
        note = str(error)
    return Row(what="package", unit="MB zipped", ours=ours, floor=floor, peers=peers, digits=1, note=note)


# -- dollars -----------------------------------------------------------------------------------------------------------

_SENT = Use(invocations=1, aws_calls=1, queue_requests=1)
_RECEIVED = Flow(functions={API: _SENT, "inbound": Use(invocations=1)}, kept={})
"""What a message costs that is received, queued and taken, and nothing else."""


def cost_row(counted: Mapping[str, Any], results: Mapping[str, ack.Figures]) -> Row:
    """A million messages, with the calls counted and the webhook measured in this run; the floor and the peers receive
    them and do nothing else."""
    told = results[ack.OURS]
    ours = _dollars(usage_from(counted), REPLIES, _measured(told))
    nothing = Flow(functions={}, kept={})
    alone = Usage(metrics=0, flows={name: _RECEIVED if name in (FIRST, FURTHER) else nothing for name in FLOWS})
    bare = {name: _dollars(alone, 0.0, _measured(item, worker_ms=1.0)) for name, item in results.items()}
    peers = tuple((name, value) for name, value in bare.items() if name not in (ack.OURS, ack.FLOOR))
    return Row(
        what=f"a million messages, {REPLIES:g} replies each",
        unit="US dollars",
        ours=ours,
        floor=bare[ack.FLOOR],
        peers=peers,
    )


def _measured(item: ack.Figures, **others: float) -> Assumptions:
    values = {"api_ms": item.warm, "cold_ms": item.cold, **others}
    return {**usual(), **{name: Assumption(value=value, what="", source="this run") for name, value in values.items()}}


def _dollars(usage: Usage, replies: float, assumptions: Assumptions) -> float:
    model = Model(usage=usage, prices=read_prices(), assumptions=assumptions, stage=usual_stage())
    scenario = Scenario(messages=MILLION, replies=replies, channels=channels_from("facebook", 1))
    return sum(line.messages_dollars for line in model.bill(scenario))


# -- all of it ---------------------------------------------------------------------------------------------------------


def run(console: Console) -> bool:
    """Measure everything and print; False when the loop lost, doubled or disordered anything."""
    results = race.race(ROUNDS)
    shape = loop.warm_up()
    plays = [loop.measure(shape) for _ in range(PLAYS)]
    counted = count()
    best = max(plays, key=lambda play: play.rate)
    table = Table()
    table.add_column("measure", overflow="fold")
    for name in ("ours", "floor", "ratio"):
        table.add_column(name, justify="right")
    table.add_column("peers (ratio to the floor), or aim", overflow="fold")
    for row in (
        *ack_rows(results),
        *loop_rows(best),
        *call_rows(counted),
        match_row(),
        package_row(),
        cost_row(counted, results),
    ):
        table.add_row(*row.shown())
    console.print(table)
    for line in NOTES:
        console.print(line, highlight=False)
    console.print(f"Load of this machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores.", highlight=False)
    for title in race.missing():
        console.print(f"{title}: not installed; make bench installs it.", highlight=False)
    problems = [problem for play in plays for problem in play.problems]
    for problem in problems:
        console.print(f"WRONG: {problem}", style="red", highlight=False)
    return not problems


if __name__ == "__main__":
    raise SystemExit(0 if run(Console()) else 1)
