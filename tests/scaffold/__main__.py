"""``python -m tests.scaffold platform|helpdesk|crm NAME``: a new connector that passes every suite, to be replaced piece
by piece."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.scaffold.plan import KINDS, RefusedError, plan

ROOT = Path(__file__).resolve().parents[2]

STEPS = {
    "platform": (
        "Capture what the vendor really sends, byte for byte: tests/cases/platforms/{name}/inbound/<case>/body.json.",
        "Name each case for what it shows: reply-to-comment, edit, ids-as-numbers, author-absent, batch-of-mixed-kinds.",
        "Write expected.json from the vendor's document, by thinking, before the parser is there.",
        "spec.py: capabilities, credentials, limits; each fact with its source and date.",
        "verify in webhook.py, and signer.py from the vendor's document.",
        "parse in webhook.py: one line in the table and one pure function for each kind of event.",
        "send in client.py: exactly one post; a line of the table and a case in outbound/ for each documented error.",
        "README.md beside them: the page for whoever sets it up. Then python -m careloop.readme for the table of all.",
        "connecting.md: the steps of careloop connect; the line in careloop/connecting/signing.py made right.",
    ),
    "helpdesk": (
        "Capture what the vendor really sends, byte for byte: tests/cases/helpdesks/{name}/inbound/<case>/body.json.",
        "Name each case for what it shows: new-reply, own-entry, merged, template-without-id.",
        "Write expected.json, and the exchanges in calls/, from the vendor's document, by thinking.",
        "spec.py: capabilities, credentials, options; each fact with its source and date.",
        "verify in webhook.py, and signer.py from the vendor's document.",
        "parse in webhook.py: ids alone; the ticket is read, the webhook is never believed.",
        "client.py and careloop/twins/{name}.py, the vendor's own stand-in, strict where the vendor is strict.",
        "README.md beside them: the page for whoever sets it up. Then python -m careloop.readme for the table of all.",
        "connecting.md, the line in careloop/connecting/signing.py made right, and a place in tests/crash/desks.py.",
    ),
    "crm": (
        "Capture what the vendor really answers: tests/cases/crms/{name}/calls/<case>.json.",
        "Name each case for what it shows: two-contacts-with-one-address, nothing-found, contact-gone.",
        "Write the results from the vendor's document, by thinking, before the client is there.",
        "spec.py: what it finds by, credentials, options; each fact with its source and date.",
        "client.py: few calls for all clues together; compare again here, equality decides.",
        "README.md beside them: the page for whoever sets it up. Then python -m careloop.readme for the table of all.",
        "connecting.md: the steps of careloop connect.",
    ),
}


def main(arguments: Sequence[str], root: Path = ROOT) -> int:
    """The exit status: 0 made, 2 refused (nothing is written then)."""
    parser = argparse.ArgumentParser(prog="python -m tests.scaffold", description="Begin a new connector.")
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("name", help="lower-case letters, digits, underscores: a package's name")
    given = parser.parse_args(arguments)
    kind, name = str(given.kind), str(given.name)
    try:
        made = plan(root, kind, name)
        made.write(root)
    except RefusedError as error:
        print(error, file=sys.stderr)
        return 2
    print(f"Made the {kind} {name}. It speaks an example API and passes every suite: replace it piece by piece.\n")
    for path in made.new:
        print(f"  {path}")
    for path in made.changed:
        print(f"  {path} (changed)")
    print("\nNext:\n")
    for number, step in enumerate(STEPS[kind], start=1):
        print(f"  {number}. {step.format(name=name)}")
    print(
        "\nUntil it is whole, keep it out of commits: it stands in the registry from now on, so also in the README's table."
    )
    print(f"After each step: .venv/bin/python -m pytest -q tests/contracts -k {name}. The rules: CONTRIBUTING.md.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
