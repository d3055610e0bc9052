"""`careloop erase`: forget a person."""

from __future__ import annotations

import json
from collections.abc import Sequence

import click

from careloop.cli.backend import console, errors, table, with_application
from chalicelib.bootstrap import Application
from chalicelib.core.errors import ConfigurationError
from chalicelib.core.ids import AuthorId, AuthorKey, ContactId, ContactRef
from chalicelib.pipeline.erase import Erased, authors_of, erase_author

KEPT = (
    "Kept: the ids of the events that were dealt with (no name, no text), so that no poll brings them in again; until "
    "the ledger forgets them too. Raw payloads that were deleted may have held other people's events as well: those "
    "can't be replayed any more."
)
LABELS = {
    "cases": "tickets that they wrote in",
    "records": "records deleted or emptied",
    "payloads": "raw payloads deleted",
    "parked": "parked items discarded",
    "waiting": "waiting jobs dropped",
    "redacted": "entries struck out in the helpdesk",
}


@click.command()
@click.option("--author", "author_name", metavar="PLATFORM:ID", help="A person as a platform knows them.")
@click.option("--contact", "contact_name", metavar="CRM:ID", help="A contact, and every author linked to it.")
@click.option("--dry-run", is_flag=True, help="Only say what there is.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@with_application
def erase(
    app: Application, author_name: str | None, contact_name: str | None, dry_run: bool, yes: bool, as_json: bool
) -> None:
    """Remove a person everywhere that Careloop keeps something, and say what helpdesk and CRM still hold.

    Safe to repeat; run it again when it says that something could not be reached.
    """
    if (author_name is None) == (contact_name is None):
        raise ConfigurationError("say one of --author PLATFORM:ID and --contact CRM:ID")
    contact = _contact(contact_name) if contact_name else None
    authors = authors_of(app.runtime, contact) if contact else [_author(author_name or "")]
    if not dry_run and not yes:
        who = ", ".join(str(item) for item in authors) or "nobody on a platform"
        click.confirm(f"This can't be undone. Erase {who}{f' and {contact}' if contact else ''}?", abort=True, err=True)
    results = []
    with errors.status("Looking") as status:
        for author in authors:
            results.append(
                erase_author(app.runtime, author, dry_run=dry_run, step=lambda what: status.update(f"Erasing: {what}"))
            )
    removed = False
    if contact is not None:
        removed = app.runtime.stores.contacts.find_contact(contact) is not None
        if removed and not dry_run:
            app.runtime.stores.contacts.remove_contact(contact)
    if as_json:
        _print_json(results, contact, removed, dry_run)
    else:
        _print(results, contact, removed, dry_run)


def _author(name: str) -> AuthorKey:
    platform, colon, author = name.partition(":")
    if not (platform and colon and author):
        raise ConfigurationError("--author reads PLATFORM:ID, such as facebook:24001234567890123")
    return AuthorKey(platform=platform, author=AuthorId(author))


def _contact(name: str) -> ContactRef:
    crm, colon, contact = name.partition(":")
    if not (crm and colon and contact):
        raise ConfigurationError("--contact reads CRM:ID, such as directory:C-1042")
    return ContactRef(crm=crm, contact=ContactId(contact))


def _print_json(results: Sequence[Erased], contact: ContactRef | None, removed: bool, dry_run: bool) -> None:
    authors = [
        {
            "author": str(item.author),
            **{name: getattr(item, name) for name in LABELS},
            "done": item.done,
            "left": item.left,
        }
        for item in results
    ]
    told = {"contact": str(contact), "removed_from_index": removed} if contact else {}
    click.echo(json.dumps({"dry_run": dry_run, "authors": authors, **told}))


def _print(results: Sequence[Erased], contact: ContactRef | None, removed: bool, dry_run: bool) -> None:
    for item in results:
        rows = table(
            "what", "how many", title=f"{item.author}" + (" (dry run: nothing was changed)" if dry_run else "")
        )
        for name, label in LABELS.items():
            if not dry_run or name in ("cases", "payloads", "parked", "waiting"):
                rows.add_row(label, str(getattr(item, name)))
        console.print(rows)
        for line in item.done:
            console.print(f"done: {line}", highlight=False)
        for line in item.left:
            console.print(f"still there: {line}", highlight=False)
    if contact is not None:
        if not results:
            console.print(f"No author on any platform is linked to {contact}.", highlight=False)
        verb = "is" if dry_run else "was removed from"
        state = f"{verb} {'in ' if dry_run else ''}the contact index" if removed else "is not in the contact index"
        console.print(f"{contact} {state}. The CRM's own record is the CRM's to delete.", highlight=False)
    if results and not dry_run:
        console.print(KEPT, highlight=False)
