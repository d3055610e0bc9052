"""``python -m tests.rights``: least privilege, proved.

1. The functional suite on AWS's adapters, each function with exactly its policy, judged by moto and by our evaluator.
2. One story that uses every grant, and again without each statement: something must break.
3. checkov over `infra/stack.yaml` and the policies.

Prints every grant with the times it was used. Exit code 1: a test failed, a call was refused, a grant was not used, nothing
broke without a statement, or checkov found something without a reason.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

import tests.conftest  # noqa: F401 - the environment of tests: no network, keys that are none
from tests.rights.checking import check
from tests.rights.family import COMMAND
from tests.rights.flows import Outcome, told_under
from tests.rights.policies import ROOT, by_lambda, of_operators, rendered
from tests.rights.proof import Calls, read_calls, superfluous, used
from tests.rights.removal import removable, without_each

SUITE = "tests/functional"
LEFT_OUT = {
    "test_bursts.py": "plays hours of hundreds of messages: minutes in moto, which slows with every item",
    "test_call_counts.py": "counts calls on an emulator of its own",
    "test_concurrency.py": "thousands of interleavings: minutes in moto",
    "test_kills.py": "kills processes of the local family",
    "test_outages.py": "plays days with hundreds of messages: minutes in moto",
    "test_rate_limits.py": "plays half days of retries: minutes in moto",
    "test_rehearsal.py": "the local family's own",
    "test_sandbox.py": "the local family's own",
    "test_auditing.py::test_the_audit_names_exactly_what_was_dropped": "plays days: a minute in moto",
    "test_deploying.py": "deploys to a moto of its own",
    "test_doctor.py": "looks at a stage in a moto of its own",
    "test_stacks.py": "deploys to a moto of its own",
    "test_inbound.py::test_a_fault_at_a_later_message_leads_to_one_entry_and_keeps_the_order[True]": (
        "moto hands out a group's next message while the first waits to come again"
    ),
    "test_instagram.py::test_an_echo_that_comes_before_the_answer_to_the_call_is_no_news": (
        "its webhook arrives inside the sender's call, where the sender's policy would judge the public function"
    ),
    "test_liveness.py::test_a_busy_account_that_falls_silent_is_noticed_and_heard_again": (
        "plays weeks of hundreds of messages: minutes in moto"
    ),
    "test_logs.py::test_libraries_log_nothing_of_it": "botocore's debug log, which Lambda does not switch on, has payloads",
    "test_reconciling.py::test_an_account_that_nobody_polls_each_minute_is_polled_once_in_its_minute": (
        "moto forgets a deduplication id when its message is deleted; AWS keeps it for five minutes"
    ),
    "test_replay.py::test_the_redrive_command": "expects a dead-letter queue of its own for each queue, as locally",
    "test_webhooks.py::test_no_json_of_a_stranger_who_can_sign_makes_a_500": "hundreds of bodies: a minute in moto",
    "test_workers.py::test_a_failure_takes_the_rest_of_its_group_along_and_nobody_elses": (
        "moto hands out a group's next message while the first waits to come again"
    ),
}
console = Console(highlight=False, width=150)


def main() -> int:
    """All of it."""
    problems: list[str] = []
    begun = time.monotonic()
    suite, failed = run_suite()
    problems += failed
    whole, judge = told_under(rendered())
    problems += [f"the story: refused: {identity}: {request.action}" for identity, request in judge.refused]
    print_uses(suite, judge.made)
    for grant in superfluous(rendered(), judge.made):
        if grant.action not in by_lambda():
            problems.append(f"nobody needs {grant}")
    problems += removals(whole)
    problems += check(console)
    console.print(f"\nTook {time.monotonic() - begun:.0f} s.")
    for problem in problems:
        console.print(f"[red]{problem}[/red]")
    console.print("Least privilege: " + ("[red]not proved[/red]" if problems else "proved") + ".")
    return 1 if problems else 0


def run_suite() -> tuple[Calls, list[str]]:
    """The functional suite under the policies: the calls that were made, and what is wrong."""
    console.print("The functional suite, each function with its policy. Left out:")
    for name, reason in LEFT_OUT.items():
        console.print(f"  {name.removeprefix('test_')}: {reason}", markup=False)
    chosen = [(f"--deselect={SUITE}/{name}" if "::" in name else f"--ignore={SUITE}/{name}") for name in LEFT_OUT]
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "calls"
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-n",
            "2",
            "-p",
            "no:cacheprovider",
            "-p",
            "tests.rights.plugin",
        ]
        environment = {**os.environ, "CARELOOP_RIGHTS_OUT": str(out)}
        done = subprocess.run([*command, SUITE, *chosen], cwd=ROOT, env=environment, check=False)
        made, refused = read_calls(sorted(out.parent.glob("calls.*")))
    problems = [f"refused: {identity}: {request.action} on {request.resource}" for identity, request in refused]
    if done.returncode:
        problems.append(f"the suite ended with {done.returncode}")
    console.print(f"{sum(made.values())} calls to AWS.")
    return made, problems


def print_uses(suite: Calls, story: Calls) -> None:
    """Function, statement, action, resource, times."""
    table = Table(title="Every grant, and how often it was used", title_justify="left")
    for header in ("function", "statement", "action", "resource"):
        table.add_column(header, overflow="fold")
    table.add_column("suite", justify="right")
    table.add_column("story", justify="right")
    policies = {**rendered(), COMMAND: of_operators()}
    in_story = used(policies, story)
    for grant, times in used(policies, suite).items():
        mine = "by Lambda" if grant.function != COMMAND and grant.action in by_lambda() else str(in_story[grant])
        resource = grant.resource.rpartition(":")[2]
        table.add_row(grant.function, grant.sid, grant.action, resource, str(times), mine)
    console.print(table)


def removals(whole: Outcome) -> list[str]:
    """The story without each statement; what did not break."""
    table = Table(title="The story without one statement", title_justify="left")
    for header in ("function", "without", "calls refused", "then"):
        table.add_column(header, overflow="fold")
    problems = []
    for item in without_each(removable(), whole):
        table.add_row(item.function, item.sid, str(item.refused), item.words[:120])
        if not item.broke or not item.refused:
            problems.append(f"nothing breaks without {item.sid} of {item.function}")
    console.print(table)
    return problems


if __name__ == "__main__":
    sys.exit(main())
