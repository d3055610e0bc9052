"""`careloop replay`: raw payloads from the archive, read again."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, fields

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from careloop.cli.backend import console, errors, table, with_application
from careloop.cli.times import moment
from chalicelib.adapters.payloads import arrival
from chalicelib.bootstrap import Application
from chalicelib.core.account import Account, ConnectionKind, Endpoint
from chalicelib.core.errors import ConfigurationError
from chalicelib.pipeline.replay import Choice, Source, Tally, find_sources, name_of
from chalicelib.pipeline.replay import replay as run

LABELS = {
    "payloads": "payloads read",
    "gone": "payloads expired meanwhile",
    "events": "events in them",
    "done": "dealt with already",
    "in_hand": "in hand",
    "still_parked": "parked (--parked sends them too)",
    "sent": "sent again",
    "reopened": "of these, were parked",
    "unreadable": "parts still unreadable",
    "discarded": "parked unreadable parts that are readable now",
}


@click.command()
@click.option("--account", "account_name", metavar="PLATFORM:ID", help="Only this account's events.")
@click.option(
    "--endpoint", "endpoint_name", metavar="CONNECTOR/NAME", help="Everything that came to one webhook address."
)
@click.option("--since", required=True, help="2026-11-20, 2026-11-20T09:30 (UTC), or 24h, 7d.")
@click.option("--until", help="The same; without it until now.")
@click.option("--parked", is_flag=True, help="Send parked events too.")
@click.option("--dry-run", is_flag=True, help="Only count what would be sent.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
@with_application
def replay(
    app: Application,
    account_name: str | None,
    endpoint_name: str | None,
    since: str,
    until: str | None,
    parked: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Read archived payloads again with the reader as it is now, and send what nobody has dealt with.

    Safe to repeat: what has its disposition is left alone.
    """
    now = app.runtime.clock.now()
    account = _account(app, account_name) if account_name else None
    choice = Choice(
        since=moment(since, now),
        until=moment(until, now) if until else now,
        account=account.key if account else None,
        parked=parked,
        dry_run=dry_run,
    )
    endpoints = _endpoints(app, account, endpoint_name)
    sources = find_sources(app.runtime, endpoints, choice)
    total = _run(app, sources, choice)
    if as_json:
        click.echo(json.dumps({**asdict(total), "dry_run": dry_run}))
    else:
        _print(sources, total, dry_run=dry_run)


def _account(app: Application, name: str) -> Account:
    found = [item for item in app.runtime.stores.directory.accounts() if name == str(item.key)]
    if not found:
        raise ConfigurationError(f"there is no account {name!r}: careloop accounts list")
    return found[0]


def _endpoints(app: Application, account: Account | None, name: str | None) -> list[Endpoint]:
    """Those that are named, or that may have brought the account's events."""
    directory = app.runtime.stores.directory
    if name is not None:
        *kind, connector, own = name.split("/") if name.count("/") in (1, 2) else ("", "", "")
        found = directory.find_endpoint(kind[0] if kind else ConnectionKind.PLATFORM, connector, own)
        if found is None:
            known = ", ".join(sorted(name_of(item) for item in directory.endpoints())) or "none"
            raise ConfigurationError(f"there is no endpoint {name!r}; there are: {known}")
        return [found]
    if account is None:
        raise ConfigurationError("--account or --endpoint is needed: what is to be replayed?")
    endpoints = [
        item
        for item in directory.endpoints()
        if item.kind is ConnectionKind.PLATFORM
        and (item.name == account.endpoint or account.key.account in item.accounts)
    ]
    if not endpoints:
        raise ConfigurationError(f"{account.key} has no webhook, so nothing is archived; careloop audit asks it again")
    return endpoints


def _run(app: Application, sources: Sequence[Source], choice: Choice) -> Tally:
    total = Tally()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=errors, transient=True, disable=not errors.is_terminal) as progress:
        for source in sources:
            task = progress.add_task(name_of(source.endpoint), total=len(source.keys))
            one = run(app.runtime, source, choice, arrival, lambda task=task: progress.advance(task))  # type: ignore[misc]
            for item in fields(Tally):
                setattr(total, item.name, getattr(total, item.name) + getattr(one, item.name))
    return total


def _print(sources: Sequence[Source], total: Tally, *, dry_run: bool) -> None:
    names = ", ".join(name_of(item.endpoint) for item in sources)
    rows = table("what", "how many", title=f"Replay of {names}" + (" (dry run: nothing was sent)" if dry_run else ""))
    for name, label in LABELS.items():
        number = getattr(total, name)
        if number or name in ("payloads", "events", "sent"):
            rows.add_row(label, str(number))
    console.print(rows)
