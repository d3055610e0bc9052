"""The model: counted use of each flow, times how often it happens in a month, times list prices. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from careloop.costs.assumptions import Assumptions
from careloop.costs.prices import NAMES, Prices
from careloop.costs.stage import Channel, Stage
from careloop.costs.usage import (
    API,
    CHECK_ACCOUNT,
    CHECK_CONNECTION,
    ECHO,
    FIRST,
    FURTHER,
    POLL_ACCOUNT,
    POLL_HELPDESK,
    QUEUE_FUNCTIONS,
    REPLY,
    REREAD,
    SCHEDULES,
    Flow,
    Usage,
    Use,
)

HOURS = 730
"""Of a month, as AWS's calculator has it."""
MINUTES = HOURS * 60
SECONDS = HOURS * 3600
QUARTERS = HOURS * 4
GB = 1024**3
DAYS_OF_MONTH = HOURS / 24
MOST_THREADS = 50
"""Threads of open cases that one poll of an account has read again (`pipeline.poll`)."""
HELPDESK_SECRETS = 2
SECRET_SECONDS = 300
"""For so long a container knows a secret."""
TABLE_KEY_SECONDS = 300
"""For so long DynamoDB keeps the table's key for one caller (developer guide, encryption at rest, 2026-08)."""
PRODUCERS, CONSUMERS = 3, 1
"""Roles that send to a queue, at most, and that take from it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """``messages`` a month; ``replies`` for each of them; ``open_threads`` of each account."""

    messages: float
    replies: float
    channels: Sequence[Channel]
    helpdesks: int = 1
    crms: int = 1
    open_threads: int = 10

    @property
    def accounts(self) -> int:
        """Of all channels."""
        return sum(channel.accounts for channel in self.channels)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One kind of thing that is paid for, in a month: units and US dollars, caused by messages, and in any case."""

    price: str
    service: str
    units: float
    fixed_units: float
    messages_dollars: float
    fixed_dollars: float

    @property
    def dollars(self) -> float:
        """In all."""
        return self.messages_dollars + self.fixed_dollars


@dataclass(slots=True)
class Tally:
    """Amounts by the names of prices, and invocations by function."""

    amounts: Counter[str] = field(default_factory=Counter)
    invocations: Counter[str] = field(default_factory=Counter)

    def add(self, name: str, amount: float) -> None:
        """More of something."""
        self.amounts[name] += amount  # type: ignore[assignment]


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """What everything is computed from."""

    usage: Usage
    prices: Prices
    assumptions: Assumptions
    stage: Stage

    def bill(self, scenario: Scenario) -> Sequence[Line]:
        """A month's lines, in the order of the prices; what costs nothing included."""
        fixed, messages = self._fixed(scenario), self._messages(scenario)
        traced_fixed = self._traces(fixed.invocations)
        fixed.add("traces", traced_fixed)
        messages.add("traces", self._traces(fixed.invocations + messages.invocations) - traced_fixed)
        return [self._line(name, messages.amounts[name], fixed.amounts[name]) for name in NAMES]

    def per_account(self, scenario: Scenario) -> Mapping[str, float]:
        """Platform -> US dollars a month that one more account costs in any case: polls, checks, secrets, re-reads."""
        now = sum(line.fixed_dollars for line in self.bill(scenario))
        found = {}
        for place, channel in enumerate(scenario.channels):
            channels = list(scenario.channels)
            channels[place] = replace(channel, accounts=channel.accounts + 1)
            more = sum(line.fixed_dollars for line in self.bill(replace(scenario, channels=channels)))
            found[channel.platform] = more - now
        return found

    def _line(self, name: str, units: float, fixed: float) -> Line:
        price = self.prices.items[name]
        return Line(
            price=name,
            service=price.service,
            units=units,
            fixed_units=fixed,
            messages_dollars=price.of(units),
            fixed_dollars=price.of(fixed),
        )

    def _value(self, name: str) -> float:
        return self.assumptions[name].value

    # -- what happens --------------------------------------------------------------------------------------------------

    def _messages(self, scenario: Scenario) -> Tally:
        tally = Tally()
        first = self._value("first_share")
        for channel in scenario.channels:
            messages = scenario.messages * channel.accounts / scenario.accounts if scenario.accounts else 0.0
            replies = messages * scenario.replies
            for flow, times in ((FIRST, messages * first), (FURTHER, messages * (1 - first)), (ECHO, replies)):
                self._add_flow(tally, flow, times, channel)
            self._add_flow(tally, REPLY, replies)
        return tally

    def _fixed(self, scenario: Scenario) -> Tally:
        tally = Tally()
        self._add_flow(tally, SCHEDULES, MINUTES)
        self._add_flow(tally, POLL_HELPDESK, MINUTES * scenario.helpdesks)
        self._add_flow(tally, CHECK_CONNECTION, QUARTERS * (scenario.helpdesks + scenario.crms))
        self._add_flow(tally, CHECK_ACCOUNT, QUARTERS * scenario.accounts)
        for channel in scenario.channels:
            each = QUARTERS if channel.reconciled else 0 if channel.webhook else MINUTES
            polls = each * channel.accounts
            self._add_flow(tally, POLL_ACCOUNT, polls)
            self._add_flow(tally, REREAD, polls * min(scenario.open_threads, MOST_THREADS))
        self._add_standing(tally, scenario)
        return tally

    def _add_standing(self, tally: Tally, scenario: Scenario) -> None:
        """What is paid for though nothing happens."""
        stage = self.stage
        secrets = sum(channel.accounts * channel.secrets for channel in scenario.channels)
        secrets += scenario.helpdesks * HELPDESK_SECRETS
        reads = secrets * self._value("containers") * SECONDS / SECRET_SECONDS
        for_queues = stage.queues * SECONDS / stage.key_reuse_seconds * (2 * PRODUCERS + CONSUMERS)
        for_table = len(stage.memory_mb) * SECONDS / TABLE_KEY_SECONDS
        idle = stage.queues * self._value("pollers") * SECONDS / self._value("poll_seconds")
        for name, amount in (
            ("alarms", stage.alarms),
            ("dashboards", stage.dashboards),
            ("metrics", self.usage.metrics),
            ("keys", stage.keys),
            ("key_requests", for_queues + for_table + reads),
            ("secrets", secrets),
            ("secret_calls", reads),
            ("queue_requests", idle),
            ("schedule_events", 2 * MINUTES),
        ):
            tally.add(name, amount)

    # -- what a flow uses ----------------------------------------------------------------------------------------------

    def _add_flow(self, tally: Tally, name: str, times: float, channel: Channel | None = None) -> None:
        """``channel``: the flow begins with that platform's webhook, or with a poll, which sends its messages to the
        queue one by one."""
        flow = self.usage.flows[name]
        for function, use in flow.functions.items():
            if function != API or channel is None:
                self._add_function(tally, function, use, times)
            elif channel.webhook:
                self._add_function(tally, function, use, times / self._value("messages_per_webhook"))
            else:
                tally.add("queue_requests", times)
        self._add_kept(tally, flow, times)

    def _add_function(self, tally: Tally, function: str, use: Use, times: float) -> None:
        invocations = times * use.invocations
        if function in QUEUE_FUNCTIONS:
            invocations /= self._value("batch")
            tally.add("queue_requests", 2 * invocations)  # received and deleted by Lambda's poller
        if function == API:
            tally.add("api_requests", invocations)
        tally.invocations[function] += invocations  # type: ignore[assignment]
        tally.add("lambda_requests", invocations)
        tally.add("lambda_gb_seconds", self._gb_seconds(function, use, times, invocations))
        tally.add("queue_requests", times * use.queue_requests)
        tally.add("write_units", times * use.write_units)
        tally.add("read_units", times * use.read_units)
        tally.add("objects", times * use.objects)
        tally.add("object_gb_months", times * use.object_bytes / GB * self.stage.archive_days / DAYS_OF_MONTH)
        tally.add("log_gb", (times * use.log_bytes + invocations * self._value("platform_log_bytes")) / GB)
        tally.add("sent_gb", times * use.sent_bytes / GB)

    def _gb_seconds(self, function: str, use: Use, times: float, invocations: float) -> float:
        """Processor time on the share of a core that the memory brings, and waits."""
        memory = self.stage.memory_mb[function]
        slower = max(1.0, self._value("core_mb") / memory)
        name = "api_ms" if function == API else "worker_ms" if function in QUEUE_FUNCTIONS else "schedule_ms"
        waits = use.aws_calls * self._value("aws_wait_ms") + use.http_calls * self._value("http_wait_ms")
        each = use.invocations * self._value(name) * slower + waits
        starts = invocations * self._value("cold_share") * self._value("cold_ms") * slower
        return (times * each + starts) / 1000 * memory / 1024

    def _add_kept(self, tally: Tally, flow: Flow, times: float) -> None:
        """What adds up in the table, after so many months."""
        months = self._value("months")
        held = sum(size * (min(days / DAYS_OF_MONTH, months) if days else months) for days, size in flow.kept.items())
        tally.add("table_gb_months", times * held / GB)
        tally.add("backup_gb_months", times * held / GB)

    def _traces(self, invocations: Mapping[str, float]) -> float:
        """Each function's first ones of each second, and a share of the others; traffic is taken as even."""
        if not self.stage.traced:
            return 0.0
        reserved = self._value("trace_reservoir") * SECONDS
        share = self._value("trace_share")
        return sum(min(number, reserved) + max(0.0, number - reserved) * share for number in invocations.values())


def by_service(lines: Sequence[Line]) -> Mapping[str, tuple[float, float]]:
    """Service -> dollars by messages, and fixed; the dearest first."""
    found: dict[str, tuple[float, float]] = {}
    for line in lines:
        messages, fixed = found.get(line.service, (0.0, 0.0))
        found[line.service] = messages + line.messages_dollars, fixed + line.fixed_dollars
    return dict(sorted(found.items(), key=lambda item: -sum(item[1])))
