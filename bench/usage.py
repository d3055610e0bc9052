"""What each flow uses of AWS, counted: ``python -m bench.usage`` prints it, ``--write`` keeps it for ``careloop cost``.

The flows are those of `bench.calls`, and what happens by itself: the schedules' minute, polls, checks. AWS is moto in
process, the vendors are twins; containers are warm, but a minute or more passes between what happens by itself, so that
what is read again each minute is counted there.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from bench.calls import ECHO, FIRST, FURTHER, REPLY, Counted, in_moto
from careloop.costs.usage import (
    CHECK_ACCOUNT,
    CHECK_CONNECTION,
    FILE,
    POLL_ACCOUNT,
    POLL_HELPDESK,
    REREAD,
    SCHEDULES,
)
from careloop.local.runner import HANDLERS, sqs_event
from careloop.sandbox.setup import DESK, PAGE
from chalicelib.core.account import ConnectionKind
from chalicelib.core.ids import AccountKey
from chalicelib.core.jobs import CheckAccount, CheckConnection, Job, PollAccount, PollHelpdesk
from chalicelib.entrypoints import poll, watch
from chalicelib.pipeline.jobs import job_message

FUNCTIONS = {
    "webhook": "api_handler",
    "inbound worker": "inbound",
    "outbound worker": "outbound",
    "jobs worker": "jobs",
    "poll": "poll",
    "watch": "watch",
}
"""Stage of a flow -> Lambda function."""
MESSAGES = (FIRST, FURTHER, REPLY, ECHO)
_FACEBOOK = AccountKey(platform="facebook", account=PAGE)
_BY_ITSELF: Mapping[str, Job] = {
    POLL_HELPDESK: PollHelpdesk(helpdesk=DESK),
    POLL_ACCOUNT: PollAccount(account=_FACEBOOK),
    CHECK_ACCOUNT: CheckAccount(account=_FACEBOOK),
    CHECK_CONNECTION: CheckConnection(connection=DESK, kind=ConnectionKind.HELPDESK),
}
_TIMES = 3
"""A job is done so often, and the last time is counted: the first ones begin cursors and learn."""
_PAUSES: Mapping[str, int] = {POLL_HELPDESK: 60}
"""Seconds before each time, as the schedules have them; others: a quarter of an hour."""


def count() -> dict[str, Any]:
    """All flows as the file has them."""
    with in_moto():
        world = Counted()
        first, second = world.customer("Dana Weber"), world.customer("Kim Park")
        world.begin_anew()
        world.play(first, {})
        world.play(second, {name: name for name in MESSAGES})
        for flow, job in _BY_ITSELF.items():
            for number in range(_TIMES):
                world.clock.step(_PAUSES.get(flow, 900) + 1)
                _do(world, job, flow if number == _TIMES - 1 else "")
        world.clock.step(60)
        _schedules(world)
        return told(world)


def _do(world: Counted, job: Job, flow: str) -> None:
    """One job and what it causes; threads that are read again are a flow of their own, one of them counted."""
    queue = world.system.queues["jobs"]
    queue.send([job_message(job, world.clock.now())])
    _work_one(world, flow)
    if isinstance(job, PollAccount):
        _work_one(world, REREAD if flow else "")
    world.counts.flow = flow
    world.work()
    world.counts.flow = ""


def _work_one(world: Counted, flow: str) -> None:
    queue = world.system.queues["jobs"]
    messages = queue.receive(1)
    world.counts.flow = flow
    with world.counts.during("jobs worker"):
        world.units.add("invocations", 1)
        HANDLERS["jobs"](sqs_event("jobs", messages))
    world.counts.flow = ""
    queue.delete([messages[0].receipt])


def _schedules(world: Counted) -> None:
    """A minute of both schedules; the jobs that they send are flows of their own."""
    for stage, schedule in (("poll", poll.fan_out), ("watch", watch.fan_out)):
        world.counts.flow = SCHEDULES
        with world.counts.during(stage):
            world.units.add("invocations", 1)
            schedule()
            world.app.runtime.telemetry.flush()
        world.counts.flow = ""
        world.work()


def told(world: Counted) -> dict[str, Any]:
    """What a world counted so far."""
    flows: dict[str, Any] = {}
    for (flow, stage), sums in world.units.sums.items():
        one = flows.setdefault(flow, {"functions": {}, "kept_bytes_by_days": {}})
        one["functions"][FUNCTIONS[stage]] = dict(sorted(sums.items()))
        one["kept_bytes_by_days"] = {str(days): size for days, size in world.units.kept(flow).items()}
    return {"made_by": "python -m bench.usage --write", "metrics": len(world.units.series), "flows": flows}


def main(arguments: Sequence[str]) -> None:
    """Count; print or write."""
    text = json.dumps(count(), indent=2) + "\n"
    if "--write" in arguments:
        FILE.write_text(text, encoding="utf-8")
    else:
        print(text, end="")


if __name__ == "__main__":
    main(sys.argv[1:])
