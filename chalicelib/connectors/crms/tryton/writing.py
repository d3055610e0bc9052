"""What we write into Tryton: presences on networks as contact mechanisms, interactions as notes on the party. Pure.

Both are marked as ours, so that no more than that is ever taken back. Mechanisms go through the party: its date changes
with them, and feeds see it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from chalicelib.connectors.crms.tryton.domains import ID_SUFFIXES, Domain, escaped, names_of
from chalicelib.connectors.toolkit.payload import Reader
from chalicelib.core.people import Author
from chalicelib.core.text.normalise import clean_text
from chalicelib.ports.crm import Interaction

MECHANISM_FIELDS = ("name", "value", "comment")
NOTE_FIELDS = ("message",)


# -- identities --------------------------------------------------------------------------------------------------------


def mark(author: Author) -> str:
    """The comment of mechanisms that are ours."""
    return f"Careloop {author.key}"


def of_party(party: int) -> Domain:
    """All mechanisms of a party."""
    return [["party", "=", party]]


def marked(party: int, author: Author) -> Domain:
    """Those of them that are ours."""
    return [["party", "=", party], ["comment", "=", mark(author)]]


def missing(found: Iterable[Reader], author: Author, aliases: Mapping[str, tuple[str, ...]]) -> list[dict[str, str]]:
    """The mechanisms to create, given those that are there."""
    names = names_of(author.key.platform, aliases)
    identified = {*names, *(f"{name}{suffix}" for name in names for suffix in ID_SUFFIXES)}
    there = [(_text(item, "name").lower(), _text(item, "value")) for item in found]
    wanted: list[dict[str, str]] = []
    if not any(name in identified and value == author.key.author for name, value in there):
        wanted.append(_mechanism(author, f"{author.key.platform}_id", author.key.author))
    handle = (author.handle or "").lstrip("@")
    if handle and not any(name in names and _bare(value) == handle.lower() for name, value in there):
        wanted.append(_mechanism(author, author.key.platform, handle))
    return wanted


def _mechanism(author: Author, name: str, value: str) -> dict[str, str]:
    return {"type": "other", "name": name, "value": value, "comment": mark(author)}


def _bare(value: str) -> str:
    return value.strip().lstrip("@").lower()


def _text(item: Reader, name: str) -> str:
    value: Any = item.value.get(name) if isinstance(item.value, dict) else None
    return clean_text(value).strip() if isinstance(value, str) else ""


def created(mechanisms: list[dict[str, str]]) -> dict[str, Any]:
    """The body that adds mechanisms to a party."""
    return {"contact_mechanisms": [["create", mechanisms]]}


def deleted(mechanisms: list[int]) -> dict[str, Any]:
    """The body that takes mechanisms off a party."""
    return {"contact_mechanisms": [["delete", mechanisms]]}


# -- interactions ------------------------------------------------------------------------------------------------------


def notes(party: int, key: str) -> Domain:
    """The notes on a party that bear a key."""
    return [["resource", "=", resource(party)], ["message", "like", f"%[Careloop {escaped(key)}]"]]


def resource(party: int) -> str:
    """A party as notes refer to it."""
    return f"party.party,{party}"


def message(interaction: Interaction) -> str:
    """The words of a note: what, when, whether it is open, links; the key at the end."""
    state = "open" if interaction.is_open else "solved"
    lines = [
        f"{interaction.summary}, {interaction.at:%Y-%m-%d}: {state}",
        interaction.ticket_url,
        interaction.permalink,
    ]
    return "\n".join([*filter(None, lines), f"[Careloop {interaction.key}]"])
