"""The model of costs: against sums done by hand, and never cheaper for more."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from careloop.costs.assumptions import usual
from careloop.costs.model import HOURS, Model, Scenario, by_service
from careloop.costs.prices import read_prices
from careloop.costs.stage import Channel, channels_from, usual_stage
from careloop.costs.usage import (
    ECHO,
    FIRST,
    FURTHER,
    POLL_ACCOUNT,
    REPLY,
    REREAD,
    SCHEDULES,
    Use,
    read_usage,
)
from tests.unit.costs.sheets import FACEBOOK, dollar_prices, flow, model, stage

ONE = Use(invocations=1)
DAYS = HOURS / 24


def scenario(messages: float = 0, replies: float = 0, **others: object) -> Scenario:
    given = {"channels": (FACEBOOK,), "helpdesks": 0, "crms": 0, "open_threads": 0, **others}
    return Scenario(messages=messages, replies=replies, **given)  # type: ignore[arg-type]


def amounts(made: Model, what: Scenario) -> dict[str, float]:
    return {line.price: line.units + line.fixed_units for line in made.bill(what)}


def test_every_message_is_a_first_or_a_further_one_and_every_reply_has_an_echo():
    flows = {
        FIRST: flow(inbound=Use(invocations=1, write_units=32)),
        FURTHER: flow(inbound=Use(invocations=1, write_units=14)),
        REPLY: flow(outbound=Use(invocations=1, write_units=7)),
        ECHO: flow(inbound=Use(invocations=1, write_units=5)),
    }
    made = model(flows, dollar_prices(write_units=0.01), first_share=0.25)

    # 100 messages: 25 x 32 + 75 x 14; 50 replies: 50 x 7 + 50 x 5
    assert amounts(made, scenario(100, 0.5))["write_units"] == 800 + 1050 + 350 + 250
    services = by_service(made.bill(scenario(100, 0.5)))
    assert next(iter(services)) == "write_units"
    assert services["write_units"] == pytest.approx((24.5, 0.0))


def test_a_webhook_is_one_api_call_and_a_queued_message_three_requests():
    flows = {FURTHER: flow(api_handler=Use(invocations=1, queue_requests=1, objects=1), inbound=ONE)}
    made = model(flows, dollar_prices(), first_share=0)
    found = amounts(made, scenario(1000))

    assert found["api_requests"] == 1000
    assert found["lambda_requests"] == 2000
    assert found["queue_requests"] == 3000  # sent, received, deleted
    assert found["objects"] == 1000


def test_batches_make_fewer_invocations_and_fewer_requests():
    flows = {FURTHER: flow(api_handler=Use(invocations=1, queue_requests=1), inbound=Use(invocations=1, write_units=2))}
    made = model(flows, dollar_prices(), first_share=0, batch=5, messages_per_webhook=2)
    found = amounts(made, scenario(1000))

    assert found["api_requests"] == 500
    assert found["lambda_requests"] == 500 + 200
    assert found["queue_requests"] == 500 + 2 * 200
    assert found["write_units"] == 2000  # a batch saves none of those


def test_lambda_is_billed_for_time_on_a_part_of_a_core_for_waits_and_for_starts():
    flows = {FURTHER: flow(inbound=Use(invocations=1, aws_calls=3, http_calls=2))}
    made = model(
        flows,
        dollar_prices(),
        first_share=0,
        worker_ms=10,
        aws_wait_ms=5,
        http_wait_ms=200,
        cold_share=0.1,
        cold_ms=400,
        core_mb=2048,
    )

    # 512 MB are a quarter of such a core: 10 ms take 40; 3 x 5 and 2 x 200 are waited; a tenth starts in 1,600
    assert amounts(made, scenario(1000))["lambda_gb_seconds"] == pytest.approx(1000 * (40 + 415 + 160) / 1000 * 0.5)


def test_more_memory_than_a_core_is_not_faster():
    flows = {FURTHER: flow(inbound=ONE)}
    wide = stage(memory_mb={"inbound": 4096})
    made = model(flows, dollar_prices(), wide, first_share=0, worker_ms=10, cold_share=0)

    assert amounts(made, scenario(1000))["lambda_gb_seconds"] == pytest.approx(1000 * 0.010 * 4)


def test_what_is_kept_adds_up_until_it_expires():
    gb = 1024**3
    flows = {FURTHER: flow({0: gb // 100, 73: gb // 50}, inbound=ONE)}
    year = amounts(model(flows, dollar_prices(), first_share=0, months=12), scenario(100))
    month = amounts(model(flows, dollar_prices(), first_share=0, months=1), scenario(100))

    # for good: 12 months of 1 GB each; 73 days: 2.4 months of 2 GB each
    assert year["table_gb_months"] == pytest.approx(12 * 1 + 73 / DAYS * 2, rel=1e-6)
    assert month["table_gb_months"] == pytest.approx(1 + 2, rel=1e-6)
    assert year["backup_gb_months"] == year["table_gb_months"]


def test_archive_logs_and_what_is_sent_are_gigabytes():
    gb = 1024**3
    use = Use(invocations=1, objects=1, object_bytes=gb, log_bytes=gb, sent_bytes=2 * gb)
    made = model({FURTHER: flow(api_handler=use)}, dollar_prices(), first_share=0, platform_log_bytes=gb)
    found = amounts(made, scenario(10))

    assert found["object_gb_months"] == pytest.approx(10 * 30 / DAYS)
    assert (found["log_gb"], found["sent_gb"]) == (20, 20)


def test_traces_are_those_of_each_second_and_a_share_of_the_others():
    seconds = HOURS * 3600
    flows = {FURTHER: flow(api_handler=ONE, inbound=ONE)}
    traced = stage(traced=True)
    few = model(flows, dollar_prices(), traced, first_share=0, trace_reservoir=1, trace_share=0.05)
    none = model(flows, dollar_prices(), first_share=0)

    assert amounts(few, scenario(1000))["traces"] == 2000
    assert amounts(few, scenario(3 * seconds))["traces"] == pytest.approx(2 * (seconds + 2 * seconds * 0.05))
    assert amounts(none, scenario(1000))["traces"] == 0


def test_what_happens_by_itself_happens_by_the_clock():
    flows = {
        SCHEDULES: flow(poll=ONE, watch=ONE),
        POLL_ACCOUNT: flow(jobs=Use(invocations=1, read_units=1)),
        REREAD: flow(jobs=Use(invocations=1, read_units=1000)),
    }
    made = model(flows, dollar_prices())
    polled = Channel(platform="bluesky", accounts=2, webhook=False, reconciled=False, secrets=1)
    reconciled = Channel(platform="facebook", accounts=3, webhook=True, reconciled=True, secrets=2)
    minutes, quarters = HOURS * 60, HOURS * 4

    assert amounts(made, scenario())["lambda_requests"] == 2 * minutes
    assert amounts(made, scenario())["schedule_events"] == 2 * minutes
    found = amounts(made, scenario(channels=(polled, reconciled), open_threads=60))
    polls = 2 * minutes + 3 * quarters
    assert found["read_units"] == polls + polls * 50 * 1000  # fifty threads at most
    assert found["secrets"] == 2 * 1 + 3 * 2


def test_one_more_account_costs_its_polls_and_its_secrets():
    flows = {POLL_ACCOUNT: flow(jobs=Use(invocations=1, read_units=1))}
    made = model(flows, dollar_prices(read_units=0.01, secrets=0.4))
    polled = Channel(platform="bluesky", accounts=2, webhook=False, reconciled=False, secrets=1)
    reconciled = Channel(platform="facebook", accounts=3, webhook=True, reconciled=True, secrets=2)
    found = made.per_account(scenario(channels=(polled, reconciled)))

    assert found["bluesky"] == pytest.approx(HOURS * 60 * 0.01 + 0.4)
    assert found["facebook"] == pytest.approx(HOURS * 4 * 0.01 + 2 * 0.4)


def test_a_polled_platform_has_no_webhook_to_pay_for():
    flows = {FURTHER: flow(api_handler=Use(invocations=1, queue_requests=1, objects=1), inbound=ONE)}
    made = model(flows, dollar_prices(), first_share=0)
    polled = Channel(platform="bluesky", accounts=1, webhook=False, reconciled=False, secrets=1)
    found = amounts(made, scenario(1000, channels=(polled,)))

    assert (found["api_requests"], found["objects"]) == (0, 0)
    assert found["queue_requests"] == 3000


def test_an_idle_stage_pays_for_what_stands_and_for_asking_its_queues():
    standing = stage(alarms=3, dashboards=1, keys=1, queues=2)
    made = model({}, dollar_prices(alarms=0.1, dashboards=3, keys=1, metrics=0.3), standing, metrics=10)
    what = scenario(helpdesks=1)
    lines = made.bill(what)
    found = amounts(made, what)

    assert sum(line.fixed_dollars for line in lines) == pytest.approx(0.3 + 3 + 1 + 3)
    assert sum(line.messages_dollars for line in lines) == 0
    assert found["queue_requests"] == 2 * 5 * HOURS * 3600 / 20  # five connections wait twenty seconds each
    assert found["secrets"] == 2  # the helpdesk's
    assert found["secret_calls"] == 2 * 2 * HOURS * 12  # by two containers, every five minutes
    # queues: (2 x 3 senders + 1 taker) each hour; the table: six functions, twelve times an hour; and each secret read
    assert found["key_requests"] == 2 * HOURS * 7 + 6 * HOURS * 12 + found["secret_calls"]


REAL = Model(usage=read_usage(), prices=read_prices(), assumptions=usual(), stage=usual_stage())


def dollars(what: Scenario) -> float:
    return sum(line.dollars for line in REAL.bill(what))


@settings(max_examples=40)
@given(
    messages=st.floats(0, 1e8),
    more=st.floats(0, 1e8),
    replies=st.floats(0, 3),
    accounts=st.integers(1, 50),
    threads=st.integers(0, 60),
)
def test_more_never_costs_less(messages: float, more: float, replies: float, accounts: int, threads: int):
    def at(number: float, answered: float, many: int, talks: int) -> float:
        channels = channels_from("facebook,bluesky", many)
        return dollars(scenario(number, answered, channels=channels, helpdesks=1, open_threads=talks))

    before = at(messages, replies, accounts, threads)
    slack = 1e-9 * before
    assert at(messages + more, replies, accounts, threads) >= before - slack
    assert at(messages, replies + 1, accounts, threads) >= before - slack
    assert at(messages, replies, accounts + 1, threads) >= before - slack
    assert at(messages, replies, accounts, threads + 1) >= before - slack


def test_messages_cost_in_proportion_but_for_traces():
    untraced = Model(usage=REAL.usage, prices=REAL.prices, assumptions=REAL.assumptions, stage=stage(queues=4))

    def caused(messages: float) -> float:
        return sum(line.messages_dollars for line in untraced.bill(scenario(messages, 0.5)))

    assert caused(2e6) == pytest.approx(2 * caused(1e6))
