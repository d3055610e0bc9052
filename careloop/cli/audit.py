"""`careloop audit`: was anybody met with silence? The platform's own list against the ledger, as a report to sign."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import click
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from careloop.cli.backend import console, errors, open_application, table, with_application
from careloop.cli.times import moment
from careloop.local.telemetry import LocalTelemetry
from chalicelib.bootstrap import Application
from chalicelib.core.account import Account
from chalicelib.core.audit import ReplyStanding, Standing
from chalicelib.core.codec import to_data
from chalicelib.core.errors import CareloopError, NotFoundError
from chalicelib.core.report import AuditReport, SignOff, is_intact
from chalicelib.pipeline import audit as auditing
from chalicelib.pipeline.audit_daily import conclude, sign

WORDS = {
    Standing.ANSWERED: "answered",
    Standing.SETTLED: "settled by a person without an answer",
    Standing.WAITING: "on a ticket, waits for an agent",
    Standing.OWN: "the brand's own",
    Standing.NOISE: "nothing to answer",
    Standing.REMOVED: "removed by its author",
    Standing.PARKED: "parked for a person",
    Standing.IN_HAND: "in hand",
    Standing.STUCK: "STUCK",
    Standing.MISSING: "MISSING",
}
REPLY_WORDS = {
    ReplyStanding.POSTED: "posted",
    ReplyStanding.REFUSED: "refused, the agent was told",
    ReplyStanding.UNKNOWN: "unknown, the agent was told",
    ReplyStanding.IN_HAND: "in hand",
    ReplyStanding.STUCK: "STUCK",
    ReplyStanding.NEVER_SEEN: "NEVER SEEN",
}


@click.group(name="audit", invoke_without_command=True)
@click.option("--since", default="24h", show_default=True, help="2026-11-20, 2026-11-20T09:30 (UTC), or 24h, 7d.")
@click.option("--until", help="The same; without it until now.")
@click.option("--account", "names", multiple=True, metavar="PLATFORM:ID", help="Only this account (repeatable).")
@click.option("--json", "as_json", is_flag=True, help="Print the reports as JSON, one a line.")
@click.option("--local", type=click.Path(path_type=Path), help="Work on a sandbox's state file.")
@click.option("--stage", default="dev", show_default=True, help="Work on a deployed stage (needs AWS credentials).")
@click.pass_context
def audit(context: click.Context, /, since: str, until: str | None, local: Path | None, **choices: Any) -> None:
    """Compare each platform's own list with the ledger, print and keep the reports.

    Exit code 1: something is missing or stuck, or the audit is not whole.
    """
    if context.invoked_subcommand is not None:
        return
    try:
        app = open_application(local, choices["stage"])
        now = app.runtime.clock.now()
        begin, end = moment(since, now), moment(until, now) if until else now
        if begin >= end:
            raise click.BadParameter("--since must lie before --until")
        reports = _audited(app, _accounts(app, choices["names"]), begin, end)
    except CareloopError as error:
        errors.print(f"[red]{error.code}[/red]: {error}", highlight=False)
        raise SystemExit(1) from error
    for report in reports:
        _print(report, as_json=choices["as_json"])
    if any(item.unaccounted or item.gaps for item in reports):
        raise SystemExit(1)


def _accounts(app: Application, names: Sequence[str]) -> list[Account]:
    known = {str(item.key): item for item in app.runtime.stores.directory.accounts()}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise NotFoundError(f"no account {', '.join(unknown)}; there are: {', '.join(sorted(known)) or 'none'}")
    return [known[name] for name in names] if names else [known[name] for name in sorted(known)]


def _audited(app: Application, accounts: Sequence[Account], since: datetime, until: datetime) -> list[AuditReport]:
    # counts and lines would be printed among the reports, and reach nobody from here
    runtime = replace(app.runtime, telemetry=LocalTelemetry())
    reports = []
    with _shown() as show:
        for account in accounts:
            progress = show(str(account.key))
            made = auditing.audit(runtime, account.key, since, until, bounds=auditing.FOR_A_COMMAND, progress=progress)
            reports.append(conclude(runtime, made))
    return reports


@contextmanager
def _shown() -> Iterator[Callable[[str], Callable[[str, int], None]]]:
    """A line per account while it is listed, on a terminal only: how long a list is, nobody knows before its end."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TextColumn("{task.fields[doing]}"))
    with Progress(*columns, TimeElapsedColumn(), console=errors, transient=True) as bar:

        def line(name: str) -> Callable[[str, int], None]:
            task = bar.add_task(name, total=None, doing="")
            return lambda what, count: bar.update(task, doing=f"{what}: {count}")

        yield line


def _print(report: AuditReport, *, as_json: bool) -> None:
    if as_json:
        click.echo(_line(report))
        return
    console.print(
        f"[bold]{report.account}[/bold], {report.since:%Y-%m-%d %H:%M} to {report.until:%Y-%m-%d %H:%M} UTC, "
        f"report {report.id}",
        highlight=False,
        soft_wrap=True,
    )
    rows = table("what became of it", "events", "share")
    for standing in Standing:
        if count := report.counts.get(standing, 0):
            rows.add_row(WORDS[standing], str(count), f"{100 * count / report.total:.1f} %")
            for reason, times in report.noise.items() if standing is Standing.NOISE else ():
                rows.add_row(f"  {reason or 'no reason given'}", str(times), "")
    rows.add_section()
    rows.add_row("all", str(report.total), "100.0 %" if report.total else "")
    console.print(rows)
    listed = f"{report.listed} in the platform's list, {report.unlisted} only in the ledger."
    console.print(f"Can't be audited: {report.no_list}." if report.no_list else listed, highlight=False)
    if report.replies:
        told = ", ".join(
            f"{report.replies[item]} {REPLY_WORDS[item]}" for item in ReplyStanding if item in report.replies
        )
        console.print(f"Agents' public replies: {told}.", highlight=False)
    _print_findings(report)


def _print_findings(report: AuditReport) -> None:
    if report.findings or report.reply_findings:
        rows = table("exception", "when (UTC)", "event", "why", title="To be looked at")
        for item in report.findings:
            rows.add_row(WORDS[item.standing], f"{item.at:%Y-%m-%d %H:%M}", item.permalink or item.key, item.reason)
        for reply in report.reply_findings:
            where = f"ticket {reply.ticket.ticket}, reply {reply.reply}"
            rows.add_row(REPLY_WORDS[reply.standing], f"{reply.at:%Y-%m-%d %H:%M}", where, reply.reason)
        console.print(rows)
    if report.unreadable:
        console.print(f"{report.unreadable} entries of the list can't be read: careloop parked list", highlight=False)
    if report.waiting:
        first = report.waiting[0]
        ticket = f" (ticket {first.ticket.ticket})" if first.ticket else ""
        console.print(
            f"Waits longest for an agent: since {first.since or first.at:%Y-%m-%d %H:%M} UTC{ticket}.", highlight=False
        )
    if report.left_out:
        console.print(f"{report.left_out} more are not named here: audit a shorter period.", highlight=False)
    for gap in report.gaps:
        console.print(f"[yellow]Not whole:[/yellow] {gap}.", highlight=False)
    console.print("")


def _line(report: AuditReport, signed: Sequence[SignOff] = ()) -> str:
    data = {
        **to_data(report),
        "total": report.total,
        "exceptions": report.exceptions,
        "unaccounted": report.unaccounted,
        "intact": is_intact(report),
    }
    return json.dumps(data | ({"signed": to_data(tuple(signed))} if signed else {}), ensure_ascii=False)


@audit.command("list")
@click.option("--limit", default=30, show_default=True)
@with_application
def list_reports(app: Application, limit: int) -> None:
    """The latest reports, newest first, one a line."""
    reports = app.runtime.stores.reports.list_reports(limit=limit)
    for item in reports:
        signed = [sign.by for sign in app.runtime.stores.reports.sign_offs(item.id)]
        hours = (item.until - item.since).total_seconds() / 3600
        state = (
            "CHANGED" if not is_intact(item) else "not whole" if item.gaps else "no list" if item.no_list else "whole"
        )
        told = f"signed off by {', '.join(signed)}" if signed else "not signed off"
        console.print(
            f"[bold]{item.id}[/bold]  {item.account}  {hours:.0f} h to {item.until:%Y-%m-%d %H:%M}: "
            f"{item.total} events, "
            f"{item.exceptions} exceptions, {item.unaccounted} unaccounted; {state}; {told}",
            highlight=False,
            soft_wrap=True,
        )
    if not reports:
        console.print("There are no reports yet: careloop audit --since 24h")


@audit.command()
@click.argument("report_id", metavar="REPORT")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
@with_application
def show(app: Application, report_id: str, as_json: bool) -> None:
    """One report, and who has signed it off. Exit code 1 when it is not as it was sealed."""
    report = app.runtime.stores.reports.find_report(report_id)
    if report is None:
        raise NotFoundError(f"there is no report {report_id}")
    signed = app.runtime.stores.reports.sign_offs(report_id)
    if as_json:
        click.echo(_line(report, signed))
    else:
        _print(report, as_json=False)
        for item in signed:
            note = f": {item.note}" if item.note else ""
            stale = "" if item.seal == report.seal else " (of another version of it)"
            console.print(f"Signed off by {item.by}, {item.at:%Y-%m-%d %H:%M} UTC{stale}{note}", highlight=False)
    if not is_intact(report):
        errors.print("[red]This report was changed after it was made.[/red]")
        raise SystemExit(1)


@audit.command("sign-off")
@click.argument("report_ids", metavar="REPORT...", nargs=-1, required=True)
@click.option("--by", required=True, metavar="NAME", help="Who has looked at it.")
@click.option("--note", default="", help="What was found, or done about the exceptions.")
@with_application
def sign_off(app: Application, report_ids: tuple[str, ...], by: str, note: str) -> None:
    """Say that a person has looked at reports; the exceptions stay listed. A changed report can't be signed off."""
    for report_id in report_ids:
        report = app.runtime.stores.reports.find_report(report_id)
        seal = report.seal if report else ""
        signed = SignOff(report=report_id, seal=seal, by=by, at=app.runtime.clock.now(), note=note)
        exceptions = sign(app.runtime, signed).exceptions
        left = f" with {exceptions} exceptions" if exceptions else ""
        console.print(f"{report_id} is signed off by {by}{left}.", highlight=False)
