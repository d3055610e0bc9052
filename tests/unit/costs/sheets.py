"""A sheet small enough to be computed by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from careloop.costs.assumptions import Assumption, Assumptions, usual
from careloop.costs.model import Model
from careloop.costs.prices import NAMES, Price, Prices
from careloop.costs.stage import Channel, Stage
from careloop.costs.usage import FLOWS, Flow, Usage, Use

NOTHING = Flow(functions={}, kept={})
STAGE = Stage(
    alarms=0,
    dashboards=0,
    keys=0,
    queues=0,
    archive_days=30,
    key_reuse_seconds=3600,
    traced=False,
    memory_mb={"api_handler": 512, "inbound": 512, "outbound": 512, "jobs": 512, "poll": 256, "watch": 256},
)
FACEBOOK = Channel(platform="facebook", accounts=1, webhook=True, reconciled=False, secrets=0)


def dollar_prices(**dollars: float) -> Prices:
    """Each unit costs what is given, else nothing."""
    items = {
        name: Price(service=name, dollars=dollars.get(name, 0.0), per=1, unit="", verified=True, source="")
        for name in NAMES
    }
    return Prices(region="nowhere-1", read_on=date(2026, 11, 22), items=items)


def assuming(**values: float) -> Assumptions:
    """The usual ones with some replaced."""
    changed = {name: Assumption(value=value, what="", source="") for name, value in values.items()}
    return {**usual(), **changed}


def model(flows: dict[str, Flow], prices: Prices, stage: Stage = STAGE, metrics: int = 0, **values: float) -> Model:
    """A model of these flows; all others use nothing."""
    usage = Usage(metrics=metrics, flows={name: flows.get(name, NOTHING) for name in FLOWS})
    return Model(usage=usage, prices=prices, assumptions=assuming(**values), stage=stage)


def flow(kept: dict[int, int] | None = None, **functions: Use) -> Flow:
    """A flow of these functions."""
    return Flow(functions=functions, kept=kept or {})


def stage(**changes: object) -> Stage:
    """The small stage with something else."""
    return replace(STAGE, **changes)  # type: ignore[arg-type]
