"""``python -m bench.matching.examples``: what agents' decisions on a generated world would teach, as JSON lines for
`careloop match learn --examples`."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from bench.matching.evaluate import TUNING
from bench.matching.generate import Files, Truth, generate, read_truth
from careloop.matching.examples import example_line
from careloop.matching.people import CRM, subject_in
from careloop.matching.running import load_contacts
from chalicelib.core.ids import ContactId
from chalicelib.core.matching import features, match
from chalicelib.core.matching.types import Example, KeyRow, MatchSettings, Reads
from chalicelib.core.people import Contact, Verdict

START = datetime(2026, 1, 1, tzinfo=UTC)


class _Watched:
    """Reads, remembering what was read for one author."""

    def __init__(self, reads: Reads) -> None:
        self._reads = reads
        self.rows: dict[str, KeyRow] = {}
        self.contacts: list[Contact] = []

    def read_keys(self, keys: Sequence[str]) -> Mapping[str, KeyRow]:
        found = self._reads.read_keys(keys)
        self.rows.update(found)
        return found

    def read_contacts(self, contacts: Sequence[ContactId]) -> Sequence[Contact]:
        found = self._reads.read_contacts(contacts)
        self.contacts += found
        return found


def examples_of(files: Files, truths: Mapping[str, Truth]) -> Iterator[Example]:
    """For each author who is not linked every contact that was looked at: one decision."""
    loaded = load_contacts(files.contacts, brand_region="DE", workers=2)
    own = ("@thebrand.example", "+498001234567")
    settings = MatchSettings(region="DE", number_patterns=loaded.patterns, own_addresses=own)
    with files.authors.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines):
            row = json.loads(line)
            watched, subject = _Watched(loaded.index), subject_in(row)
            if match(subject, watched, settings, crm=CRM).verdict is Verdict.LINKED:
                continue
            for contact in watched.contacts:
                yield Example(
                    features=features(subject, contact, watched.rows, settings),
                    is_same=contact.ref.contact in truths[row["author_id"]].right,
                    at=START + timedelta(seconds=number),
                )
    loaded.index.close()


@click.command(context_settings={"show_default": True})
@click.option("--size", default=100_000, help="Contacts.")
@click.option("--authors", default=30_000, help="Authors.")
@click.option("--seed", default=TUNING, help="Never one that is reported on.")
@click.option("--out", type=click.Path(path_type=Path), required=True)
def main(size: int, authors: int, seed: str, out: Path) -> None:
    """Write examples for the learner."""
    with tempfile.TemporaryDirectory() as folder, out.open("w", encoding="utf-8") as lines:
        files = generate(Path(folder), contacts=size, authors=authors, seed=seed)
        lines.writelines(f"{example_line(example)}\n" for example in examples_of(files, read_truth(files.truth)))


if __name__ == "__main__":
    main()
