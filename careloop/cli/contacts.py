"""`careloop contacts import`: contacts from a file into the built-in directory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

import click
from rich.progress import Progress

from careloop.cli.backend import console, errors, with_application
from careloop.contacts import BadRow, read_contacts
from chalicelib.bootstrap import Application
from chalicelib.core.people import Contact

CHUNK = 500


@click.group()
def contacts() -> None:
    """Import contacts into the built-in directory."""


@contacts.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--crm", default="directory", show_default=True, help="The CRM connection that they belong to.")
@click.option("--region", default="", help="Country of phone numbers in national notation, such as DE.")
@with_application
def import_contacts(app: Application, file: Path, crm: str, region: str) -> None:
    """Import FILE (CSV with a header line, or JSON lines). Repeating it changes nothing."""
    changed = read = 0
    bad: list[BadRow] = []

    def good(rows: Iterable[Contact | BadRow]) -> Iterator[Contact]:
        for row in rows:
            if isinstance(row, BadRow):
                bad.append(row)
            else:
                yield row

    with Progress(console=errors, transient=True) as progress:
        task = progress.add_task("Importing", total=None)
        rows = good(read_contacts(file, crm=crm, region=region))
        while chunk := list(islice(rows, CHUNK)):
            changed += app.runtime.stores.contacts.put_contacts(chunk)
            read += len(chunk)
            progress.update(task, completed=read)
    console.print(f"{read} contacts read, {changed} new or changed, {len(bad)} rows left out.")
    for row in bad[:20]:
        errors.print(f"line {row.line}: {row.reason}", highlight=False)
    if len(bad) > 20:
        errors.print(f"... and {len(bad) - 20} more.")
    raise SystemExit(1 if bad and not read else 0)
