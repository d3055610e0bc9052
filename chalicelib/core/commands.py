"""Commands that an agent writes as the first line of an internal note. The note itself never leaves."""

from __future__ import annotations

from dataclasses import dataclass

HELP = {
    "/private": "your next replies go to the customer in private, until /public",
    "/public": "your next replies go to the public thread, until /private",
    "/link": "the customer is this record: /link 1 (a suggestion), /link C-1042 (an id or customer number)",
    "/unlink": "the customer is not the linked record after all; also takes back /not-a-customer",
    "/not-a-customer": "the author is no customer of ours: nobody is looked for any more",
    "/ask": "ask the customer in private who they are (/ask link, /ask question; /ask de), checked against the CRM",
    "/retry": "try once more to post the last reply that was refused or whose outcome is unknown",
    "/why": "what Careloop did with this ticket's messages, and why",
    "/help": "this list",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """``name`` with its slash, in lower case; ``known`` False: answer with help."""

    name: str
    argument: str
    known: bool


def parse_command(note: str) -> Command | None:
    """The command of an internal note, or None when the note is just a note.

    A command is a first line that begins with a slash and a letter ("/etc/hosts is wrong" is none: a command's word has
    no second slash).
    """
    lines = note.strip().splitlines()
    if not lines:
        return None
    word, _, rest = lines[0].strip().partition(" ")
    name = word.lower()
    if not name.startswith("/") or "/" in name[1:] or not name[1:].replace("-", "").isalpha():
        return None
    return Command(name=name, argument=rest.strip(), known=name in HELP)


def help_text(unknown: str | None = None) -> str:
    """The note that answers /help, and an unknown command."""
    first = [f"{unknown} is not a command that Careloop knows."] if unknown else []
    lines = [f"  {name}: {meaning}" for name, meaning in HELP.items()]
    return "\n".join([*first, "Commands, as the first line of an internal note:", *lines])
