"""How often an account usually hears something, by the hour of the week; and whether its silence is unusual. Pure.

Counted are *slots*: stretches of five minutes in which anything came. A burst of a hundred comments is then a dozen
slots and not a hundred signs of life. What is left of clumping (talks go to and fro, posts go round, some days are
holidays) is measured as spread, the variance of the slots beside their mean, and makes the judgement slower.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

SLOT_SECONDS = 300
HOURS = 168
"""Of a week, from Monday midnight UTC."""
HOUR = timedelta(hours=1)
FORGETTING = 0.5 ** (1 / 4)
"""Per week: what was a month ago counts half."""
LATELY_FORGETTING = 0.5 ** (1 / 72)
"""Per hour: lately means the last three days."""
TODAY_FORGETTING = 0.5 ** (1 / 4)
"""Per hour: today means the last few hours."""
LEAST_FORESEEN = 5.0
"""Slots, before what came is held against them."""
LONGEST_GAP = timedelta(weeks=6)
"""After a silence of that length everything is learned anew."""
IMPROBABLE = 1e-6
"""A busy account has ten thousands of gaps a year, and each is judged."""
DAYS_DIFFER = 20.0
"""Shape of the gamma by which whole days are busier or quieter: a standard deviation of 22 %."""
LEAST_EXPECTED = 10.0
"""Slots that should have come, before a silence is judged at all."""
SHORTEST = timedelta(seconds=LEAST_EXPECTED * SLOT_SECONDS)
"""More slots than there are can't be missing."""
LEAST_WATCHED = timedelta(days=21)
LEAST_SLOTS = 20.0
"""What is known of a rarer or newer account is not enough to judge by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rhythm:
    """What was learned. ``slots`` and ``hours``: active slots and hours watched, by the hour of the week, older ones
    counting less."""

    since: datetime
    """Watched from this full hour on."""
    until: datetime
    """Learned up to this full hour: that of the last event, or the one after."""
    slots: tuple[float, ...] = (0.0,) * HOURS
    hours: tuple[float, ...] = (0.0,) * HOURS
    squares: tuple[float, ...] = (0.0,) * HOURS
    """Squared deviations of the slots from what was foreseen, by the hour of the week."""
    came: tuple[float, float] = (0.0, 0.0)
    due: tuple[float, float] = (0.0, 0.0)
    """Slots that came lately and today, and those that were foreseen."""
    last_event_at: datetime | None = None

    @property
    def level(self) -> float:
        """The present level beside the usual one, at most 1: who has become quieter, or has a quiet day, is judged as a
        quieter one."""
        shares = [came / due for came, due in zip(self.came, self.due, strict=True) if due >= LEAST_FORESEEN]
        return min([1.0, *shares])

    def rate(self, hour: int) -> float:
        """Slots in an hour of the week: its own, or less where its neighbours have less. Clocks are set by an hour
        twice a year, and nobody closes on the dot."""
        watched = self.hours[hour]
        return min(self.slots[hour] / watched, self._mean(self.slots, hour)) if watched else 0.0

    def variance(self, hour: int) -> float:
        """Of the slots in an hour of the week, smoothed over its neighbours."""
        return self._mean(self.squares, hour)

    def _mean(self, sums: tuple[float, ...], hour: int) -> float:
        before, after = (hour - 1) % HOURS, (hour + 1) % HOURS
        watched = self.hours[before] + 2 * self.hours[hour] + self.hours[after]
        return (sums[before] + 2 * sums[hour] + sums[after]) / watched if watched else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """A judgement. ``expected``: slots that should have come since the last event; ``probability``: of such a silence
    by chance."""

    since: datetime | None
    expected: float
    probability: float
    is_unusual: bool


def new_rhythm(now: datetime) -> Rhythm:
    """Nothing is known yet, watching begins with the hour of `now`."""
    return Rhythm(since=full_hour(now), until=full_hour(now))


def full_hour(moment: datetime) -> datetime:
    """The full hour that `moment` is in, UTC."""
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def learn(rhythm: Rhythm, moments: Iterable[datetime], now: datetime) -> Rhythm:
    """`rhythm` after the full hours up to the last event; ``moments``: of all events since ``rhythm.until``, so that
    those of an hour that is not over come again the next time.

    A silence is learned when it is over, and an unusual one never: an outage must not become the rhythm."""
    seen = sorted(moments)
    fresh = [item for item in seen if rhythm.last_event_at is None or item > rhythm.last_event_at]
    if fresh and judge(rhythm, fresh[0]).is_unusual:
        rhythm = replace(rhythm, until=full_hour(fresh[0]))
    if now - rhythm.until > LONGEST_GAP:
        rhythm = replace(new_rhythm(now - LONGEST_GAP), last_event_at=rhythm.last_event_at)
    active: dict[datetime, set[int]] = {}
    for moment in seen:
        active.setdefault(full_hour(moment), set()).add(int(moment.timestamp()) // SLOT_SECONDS)
    if fresh:
        rhythm = replace(rhythm, last_event_at=fresh[-1])
    last = full_hour(rhythm.last_event_at) if rhythm.last_event_at else rhythm.until
    while rhythm.until <= last and rhythm.until + HOUR <= now:
        rhythm = _hour_over(rhythm, len(active.get(rhythm.until, ())))
    return rhythm


def _hour_over(rhythm: Rhythm, number: int) -> Rhythm:
    """One full hour with `number` active slots."""
    hour = hour_of_week(rhythm.until)
    came, due, square = rhythm.came, rhythm.due, 0.0
    if rhythm.hours[hour] > 0:
        mean = rhythm.rate(hour)
        square = (number - mean) ** 2
        came, due = _faded(came, number), _faded(due, mean)

    def grown(sums: tuple[float, ...], by: float) -> tuple[float, ...]:
        return (*sums[:hour], sums[hour] * FORGETTING + by, *sums[hour + 1 :])

    return replace(
        rhythm,
        until=rhythm.until + HOUR,
        slots=grown(rhythm.slots, number),
        hours=grown(rhythm.hours, 1.0),
        squares=grown(rhythm.squares, square),
        came=came,
        due=due,
    )


def _faded(before: tuple[float, float], by: float) -> tuple[float, float]:
    return before[0] * LATELY_FORGETTING + by, before[1] * TODAY_FORGETTING + by


def hour_of_week(moment: datetime) -> int:
    """0 for Monday 00:00 UTC to 167."""
    utc = moment.astimezone(UTC)
    return utc.weekday() * 24 + utc.hour


def judge(rhythm: Rhythm, now: datetime) -> Silence:
    """Whether having heard nothing since the last event is unusual at `now`. Where too little is known, or too little
    time has passed, nothing is expected."""
    since = rhythm.last_event_at
    known = now - rhythm.since >= LEAST_WATCHED and sum(rhythm.slots) >= LEAST_SLOTS
    if since is None or not known or now - since < SHORTEST:
        return Silence(since=since, expected=0.0, probability=1.0, is_unusual=False)
    expected, variance = _foreseen(rhythm, max(since, now - LONGEST_GAP), now)
    expected *= rhythm.level
    spread = max(1.0, variance / expected) if expected else 1.0
    probability = float((1 + expected / spread / DAYS_DIFFER) ** -DAYS_DIFFER)
    unusual = expected >= LEAST_EXPECTED and probability < IMPROBABLE
    return Silence(since=since, expected=expected, probability=probability, is_unusual=unusual)


def _foreseen(rhythm: Rhythm, start: datetime, end: datetime) -> tuple[float, float]:
    """Slots from `start` to `end`, and their variance."""
    weeks, rest = divmod(end - start, HOURS * HOUR)
    slots = weeks * sum(rhythm.rate(hour) for hour in range(HOURS)) if weeks else 0.0
    variance = weeks * sum(rhythm.variance(hour) for hour in range(HOURS)) if weeks else 0.0
    at = end - rest
    while at < end:
        stop = min(full_hour(at) + HOUR, end)
        hour, part = hour_of_week(at), (stop - at) / HOUR
        slots += rhythm.rate(hour) * part
        variance += rhythm.variance(hour) * part
        at = stop
    return slots, variance
