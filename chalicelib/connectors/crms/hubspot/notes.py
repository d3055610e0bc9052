"""An interaction as a note on the contact. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from chalicelib.connectors.toolkit.interactions import as_html
from chalicelib.connectors.toolkit.payload import Reader
from chalicelib.ports.crm import Interaction

TO_CONTACT = 202
"""The kind of association from a note to a contact that HubSpot defines."""
BODY = "hs_note_body"


def properties(interaction: Interaction) -> dict[str, str]:
    """A note's properties: what, when, whether it is open, links; the key at the end."""
    return {"hs_timestamp": f"{interaction.at:%Y-%m-%dT%H:%M:%SZ}", BODY: as_html(interaction)}


def created(interaction: Interaction, contact: str) -> dict[str, Any]:
    """The body that makes a note."""
    kind = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": TO_CONTACT}
    return {"properties": properties(interaction), "associations": [{"to": {"id": contact}, "types": [kind]}]}


def listed(contact: Reader) -> Iterator[str]:
    """The ids of a contact's notes. Raises PayloadError."""
    for item in contact.items("associations", "notes", "results"):
        yield item.need_id("id")


def following(contact: Reader) -> str | None:
    """Where the list of a contact's notes goes on."""
    return contact.find_text("associations", "notes", "paging", "next", "after")


def asked(notes: list[str]) -> dict[str, Any]:
    """The body that reads notes."""
    return {"inputs": [{"id": item} for item in notes], "properties": [BODY], "propertiesWithHistory": []}
