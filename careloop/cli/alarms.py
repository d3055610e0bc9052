"""`careloop alarms` and `careloop check`: what is broken, and looking again."""

from __future__ import annotations

from collections.abc import Sequence

import click

from careloop.cli.backend import console, errors, table, with_application
from chalicelib.bootstrap import Application
from chalicelib.core.alarms import Alarm
from chalicelib.core.codec import to_data
from chalicelib.core.jobs import CheckAccount, CheckConnection
from chalicelib.pipeline.checks import all_checks
from chalicelib.pipeline.liveness import Findings, check_account, check_connection


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
@with_application
def alarms(app: Application, as_json: bool) -> None:
    """What is broken now, with the command that mends it. Exit code 1 when there is anything."""
    standing = app.runtime.stores.alarms.list_alarms()
    if as_json:
        for item in standing:
            console.print_json(data={**to_data(item), "command": item.command}, indent=None)
    elif standing:
        print_alarms(standing)
    else:
        console.print("No alarm.")
    if standing:
        raise SystemExit(1)


def print_alarms(standing: Sequence[Alarm]) -> None:
    """As a table."""
    rows = table("since", "about", "what", "what mends it")
    for item in standing:
        rows.add_row(f"{item.since:%Y-%m-%d %H:%M}", str(item.subject), item.what, item.command)
    console.print(rows)


@click.command()
@click.argument("name", required=False)
@with_application
def check(app: Application, name: str | None) -> None:
    """Look now whether accounts, helpdesks and CRMs are alive: all of them, or one ("facebook:1234", "zendesk").

    Raises and clears alarms as the scheduled checks do. Exit code 1 when something is broken.
    """
    jobs = [item for item in all_checks(app.runtime) if name is None or _is_named(item, name)]
    if not jobs:
        errors.print(
            f"There is no account, helpdesk or CRM {name!r}: careloop accounts list" if name else "No account."
        )
        raise SystemExit(1)
    broken = 0
    for job in jobs:
        found = _run(app, job)
        broken += bool(found.problems)
        _print(found)
    if broken:
        console.print(f"{broken} of {len(jobs)} are not well: careloop alarms", highlight=False)
        raise SystemExit(1)


def _is_named(job: object, name: str) -> bool:
    if isinstance(job, CheckAccount):
        return name in (str(job.account), job.account.account)
    return isinstance(job, CheckConnection) and name == job.connection


def _run(app: Application, job: object) -> Findings:
    if isinstance(job, CheckConnection):
        return check_connection(app.runtime, job.kind, job.connection, asked=True)
    assert isinstance(job, CheckAccount)
    return check_account(app.runtime, job.account, asked=True)


def _print(found: Findings) -> None:
    state = "[red]not well[/red]" if found.problems else "[green]well[/green]"
    console.print(f"[bold]{found.subject}[/bold]: {state}", highlight=False)
    for line in found.lines:
        console.print(f"  {line}", highlight=False, markup=False)
    for code, what in found.problems.items():
        alarm = Alarm(code=code, subject=found.subject, what=what, since=found.now, last_seen=found.now)
        console.print(f"  {code}: {what}", style="red", highlight=False, markup=False)
        console.print(f"    {alarm.command}", highlight=False, markup=False)
