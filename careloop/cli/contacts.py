"""`careloop contacts`: contacts from files into the contact index, and what is in it."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from pathlib import Path

import click
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from careloop.cli.backend import console, errors, table, with_application
from careloop.contacts import read_contacts
from careloop.costs.contacts import cost_of
from careloop.costs.prices import read_prices
from careloop.importing import Import, Tally
from chalicelib.adapters.records.contact_rows import prepared
from chalicelib.bootstrap import Application
from chalicelib.core.account import ConnectionKind
from chalicelib.core.codec import to_data
from chalicelib.core.errors import RetryableError
from chalicelib.core.ids import ContactId, ContactRef, Cursor
from chalicelib.core.people import Contact
from chalicelib.pipeline.mirror import begin_again, follows, state_of, steps

MANY = 0.2
"""A file that lacks more than this share of the index is more likely a part of the contacts than all of them."""
SAMPLE = 20
"""One of so many contacts is counted for the cost."""

crm_option = click.option("--crm", default="directory", show_default=True, help="The CRM connection they belong to.")


@click.group()
def contacts() -> None:
    """Import contacts into Careloop's own index, and look at it."""


@contacts.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@crm_option
@click.option(
    "--region",
    default="",
    help="Country of phone numbers in national notation, such as DE; else the policy's default_region.",
)
@click.option("--delete-missing", is_flag=True, help="FILE has all contacts: those it lacks are deleted.")
@click.option("--yes", is_flag=True, help="Delete also very many without asking.")
@click.option("--again", is_flag=True, help="Begin at the first row, also where an earlier import was stopped.")
@click.option("--dry-run", is_flag=True, help="Store nothing; tell what FILE has and what it costs in DynamoDB.")
@with_application
def import_contacts(
    app: Application, file: Path, crm: str, region: str, delete_missing: bool, yes: bool, again: bool, dry_run: bool
) -> None:
    """Import FILE (CSV with a header line, or JSON lines). Repeating it changes nothing; one that was stopped goes on
    where it was. A row whose column `deleted` is set deletes its contact."""
    region = region or app.runtime.policy.default_region
    if dry_run:
        rows = (item for item in read_contacts(file, crm=crm, region=region) if isinstance(item, Contact))
        console.print(f"DynamoDB: {cost_of(rows).words(read_prices())}", highlight=False)
        return
    with _progress() as progress:
        task = progress.add_task("Importing", total=file.stat().st_size, rows="")

        def told(position: int, tally: Tally) -> None:
            progress.update(task, completed=position, rows=f"{tally.rows:,} rows")

        work = Import(stores=app.runtime.stores, path=file, crm=crm, region=region, told=told)
        try:
            tally = work.run(again=again)
        except (KeyboardInterrupt, RetryableError) as error:
            reason = f" ({error.code}: {error})" if isinstance(error, RetryableError) else ""
            errors.print(f"Stopped{reason}. The same command goes on where this was.", highlight=False)
            raise SystemExit(1) from error
    _tell(tally)
    if app.runtime.stores.contacts.pace.at_once > 1 and tally.changed:
        _tell_cost(file, crm, region, tally.changed)
    if delete_missing:
        _delete_missing(work, tally, yes)
    raise SystemExit(1 if tally.left_out and not (tally.contacts or tally.gone) else 0)


@contacts.command("show")
@click.argument("contact")
@crm_option
@with_application
def show(app: Application, contact: str, crm: str) -> None:
    """Show CONTACT, and how many contacts hold each of its keys."""
    index = app.runtime.stores.contacts
    found = index.find_contact(ContactRef(crm=crm, contact=ContactId(contact)))
    if found is None:
        errors.print(f"{crm} has no contact {contact} in the index.", highlight=False)
        raise SystemExit(1)
    console.print_json(data=to_data(found))
    names = prepared(found).clues
    rows = index.read_keys(crm, names)
    made = table("Key", "Held by")
    for name in names:
        row = rows.get(name)
        made.add_row(name, "nobody" if row is None else f"{row.count:,}" + (" (not all listed)" if row.is_full else ""))
    console.print(made)


@contacts.command("list")
@crm_option
@click.option("--limit", default=50, show_default=True, help="At most so many.")
@with_application
def list_some(app: Application, crm: str, limit: int) -> None:
    """List contacts, in no order that means anything."""
    made = table("Contact", "Name", "City")
    for item in itertools.islice(_all(app, crm), limit):
        made.add_row(item.ref.contact, item.name, item.city or "")
    console.print(made)


@contacts.command("count")
@crm_option
@with_application
def count(app: Application, crm: str) -> None:
    """Count the contacts of a CRM in the index, by reading them all."""
    console.print(f"{sum(1 for _ in _all(app, crm)):,} contacts of {crm} are in the index.", highlight=False)


@contacts.command("mirror")
@click.argument("name")
@click.option("--again", is_flag=True, help="Read all contacts of the CRM anew.")
@click.option("--deleted", is_flag=True, help="Those that the CRM no longer has were deleted, however many they are.")
@with_application
def mirror_now(app: Application, name: str, again: bool, deleted: bool) -> None:
    """Bring the index up to date with the CRM connection NAME, now and to the end. Workers do so by themselves every
    `mirror_every`; one that was stopped goes on where it was."""
    connection = app.runtime.stores.directory.get_connection(ConnectionKind.CRM, name)
    if not follows(app.runtime, connection):
        errors.print(
            f"{name} is not mirrored: its connector has no feed of contacts, or its option mirror is no.",
            highlight=False,
        )
        raise SystemExit(1)
    before = state_of(app.runtime, name)
    if again or deleted:
        begin_again(app.runtime, name)
    elif before.is_behind and before.cursor is not None:
        console.print("The first reading was stopped before: going on from there.")
    with _progress() as progress:
        task = progress.add_task(f"Mirroring {name}", total=None, rows="")
        for state in steps(app.runtime, name, sure=deleted):
            told = f"{state.stored - before.stored:,} new or changed, {state.removed - before.removed:,} removed"
            progress.update(task, rows=told)
    after = state_of(app.runtime, name)
    console.print(
        f"{name}: {after.stored - before.stored} new or changed, {after.removed - before.removed} removed. "
        "The index is whole.",
        highlight=False,
    )


def _all(app: Application, crm: str) -> Iterator[Contact]:
    after: Cursor | None = None
    while True:
        page = app.runtime.stores.contacts.list_contacts(crm, after=after)
        yield from page.contacts
        after = page.following
        if after is None:
            return


def _progress() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[rows]}"), TimeRemainingColumn())
    return Progress(*columns, console=errors, transient=True)


def _tell(tally: Tally) -> None:
    if tally.went_on_from:
        console.print(
            f"An earlier import of this file was stopped after row {tally.went_on_from:,}: went on from there."
        )
    gone = f", {tally.gone} deleted" if tally.gone else ""
    console.print(
        f"{tally.contacts} contacts read, {tally.changed} new or changed{gone}, {tally.left_out} rows left out.",
        highlight=False,
    )
    for line, reason in tally.bad:
        errors.print(f"line {line}: {reason}", highlight=False)
    if tally.left_out > len(tally.bad):
        errors.print(f"... and {tally.left_out - len(tally.bad)} more.")


def _tell_cost(file: Path, crm: str, region: str, changed: int) -> None:
    """By a sample: what was just paid for."""
    rows: Iterable[Contact] = (
        item for item in read_contacts(file, crm=crm, region=region) if isinstance(item, Contact)
    )
    sample = cost_of(itertools.islice(rows, 0, None, SAMPLE))
    words = sample.times(changed / max(sample.contacts, 1)).words(read_prices())
    console.print(f"DynamoDB, about: {words}", highlight=False)


def _delete_missing(work: Import, tally: Tally, yes: bool) -> None:
    """Nothing is deleted on a doubt: neither for rows that nobody can tell the contact of, nor very many unasked."""
    if tally.nameless:
        errors.print(f"Nothing was deleted: {tally.nameless} rows do not tell which contact they are.", highlight=False)
        raise SystemExit(1)
    gone, there = work.missing()
    share = len(gone) / max(there, 1)
    if share > MANY and not yes:
        errors.print(
            f"Nothing was deleted: the file lacks {len(gone)} contacts of the index, {share:.0%}. "
            "If it really has all contacts, say --yes too.",
            highlight=False,
        )
        raise SystemExit(1)
    with _progress() as progress:
        task = progress.add_task("Deleting", total=len(gone), rows="")
        for ref in gone:
            work.remove(ref)
            progress.advance(task)
    console.print(f"{len(gone)} contacts that the file lacks were deleted.", highlight=False)
