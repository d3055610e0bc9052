"""The silence alarm on simulated accounts: how often it is wrong, and how soon it notices that everything stopped.

An account is simulated as people behave: talks of several messages, opening hours or evenings, days that differ,
holidays with a quarter of the traffic, posts that go round, and a level that drifts. The dice are seeded.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from rich.console import Console
from rich.table import Table

from chalicelib.core.rhythm import judge, learn, new_rhythm

START = datetime(2026, 1, 5, tzinfo=UTC)
"""A Monday."""
LOOK = timedelta(minutes=15)
WEEKS = 26
TALK = 4
"""Messages of a talk, on average, four minutes apart."""
SECONDS = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """How an account's week looks: the weight of an hour by day (0 is Monday) and hour."""

    name: str
    busy_days: range
    busy_hours: range
    rest: float


KINDS = (
    Kind(name="office hours", busy_days=range(5), busy_hours=range(8, 18), rest=0.03),
    Kind(name="evenings", busy_days=range(7), busy_hours=range(16, 23), rest=0.1),
    Kind(name="round the clock", busy_days=range(7), busy_hours=range(24), rest=1.0),
)


def weights(kind: Kind) -> list[float]:
    """Shares of the week's hours."""
    raw = [1.0 if hour // 24 in kind.busy_days and hour % 24 in kind.busy_hours else kind.rest for hour in range(168)]
    return [item / sum(raw) for item in raw]


def simulate(kind: Kind, a_week: float, weeks: int, seed: int) -> list[datetime]:
    """Moments of all events, in order."""
    dice = random.Random(f"{kind.name} {a_week} {seed}")
    shares = weights(kind)
    holidays = set(dice.sample(range(weeks * 7), weeks * 7 // 40))
    day, drift = 1.0, 1.0
    found: list[float] = []
    for hour in range(weeks * 168):
        if hour % 24 == 0:
            drift *= math.exp(dice.gauss(0, 0.03))
            day = math.exp(dice.gauss(0, 0.3)) * (0.25 if hour // 24 in holidays else 1.0)
        for _ in range(_poisson(dice, a_week / TALK * shares[hour % 168] * day * drift)):
            found += _talk(dice, hour * SECONDS + dice.uniform(0, SECONDS))
    for _ in range(weeks // 6):
        posted = dice.uniform(0, weeks * 168 * SECONDS)
        found += [posted + dice.expovariate(1 / (12 * SECONDS)) for _ in range(int(a_week * dice.uniform(1, 5)))]
    end = weeks * 168 * SECONDS
    return [START + timedelta(seconds=item) for item in sorted(found) if item < end]


def _talk(dice: random.Random, at: float) -> list[float]:
    moments = [at]
    while dice.random() < 1 - 1 / TALK:
        moments.append(moments[-1] + dice.expovariate(1 / 240))
    return moments


def _poisson(dice: random.Random, mean: float) -> int:
    if mean > 50:
        return max(0, round(dice.gauss(mean, math.sqrt(mean))))
    limit, product, number = math.exp(-mean), dice.random(), 0
    while product > limit:
        product *= dice.random()
        number += 1
    return number


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """When the alarm went off."""

    alarms: tuple[datetime, ...]


def watched(moments: Sequence[datetime], until: datetime, look: timedelta = LOOK) -> Watched:
    """Checks from the start: every quarter of an hour, as the product makes them, if nothing else is said."""
    rhythm, now, begin, end = new_rhythm(START), START, 0, 0
    alarms: list[datetime] = []
    stands = False
    while now < until:
        now += look
        while end < len(moments) and moments[end] <= now:
            end += 1
        while begin < end and moments[begin] < rhythm.until:
            begin += 1
        rhythm = learn(rhythm, moments[begin:end], now)
        unusual = judge(rhythm, now).is_unusual
        if unusual and not stands:
            alarms.append(now)
        stands = unusual
    return Watched(alarms=tuple(alarms))


def noticed_after(moments: Sequence[datetime], outage: datetime, patience: timedelta) -> timedelta | None:
    """How long after `outage`, from which nothing comes any more, the alarm went off."""
    found = watched([item for item in moments if item < outage], outage + patience)
    return next((item - outage for item in found.alarms if item >= outage), None)


def run(console: Console) -> bool:
    """Print the table; False when an account had more than three false alarms a year."""
    table = Table("account", "messages a week", "false alarms a year", "an outage (Wednesday, 10:00) is noticed after")
    worst = 0.0
    for kind in KINDS:
        for a_week in (10000, 1000, 100):
            seeds = range(2)
            histories = [simulate(kind, a_week, WEEKS, seed) for seed in seeds]
            alarms = sum(len(watched(item, START + timedelta(weeks=WEEKS)).alarms) for item in histories)
            a_year = alarms / (len(histories) * WEEKS / 52)
            outage = START + timedelta(weeks=10, days=2, hours=10)
            spans = [noticed_after(item, outage, timedelta(weeks=4)) for item in histories]
            table.add_row(kind.name, str(a_week), f"{a_year:.1f}", ", ".join(sorted(_words(item) for item in spans)))
            worst = max(worst, a_year)
    console.print(table)
    return worst <= 3


def _words(span: timedelta | None) -> str:
    if span is None:
        return "not in 4 weeks"
    hours = span / timedelta(hours=1)
    return f"{hours:.1f} h" if hours < 72 else f"{hours / 24:.0f} days"
