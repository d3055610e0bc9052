"""Interactions as tasks of a contact: a subject that ends in our mark, by which it is found again. Pure."""

from __future__ import annotations

import re
from typing import Any

from chalicelib.connectors._salesforce import soql
from chalicelib.connectors.toolkit.interactions import as_text, headline, mark
from chalicelib.ports.crm import Interaction

MOST_SUBJECT = 255
MOST_TASKS = 20
_CASE = re.compile(r"/lightning/r/Case/(500[A-Za-z0-9]{15})/view")


def statement(contact: str, key: str) -> str:
    """The SOQL for the tasks of a key, oldest first."""
    ends = soql.like(mark(key))
    who = soql.text(contact)
    return f"SELECT Id FROM Task WHERE WhoId = {who} AND Subject LIKE '%{ends}' ORDER BY Id LIMIT {MOST_TASKS}"


def task(interaction: Interaction, *, status: str, site: str) -> dict[str, Any]:
    """The fields of the task; where the ticket is a case of the same org, the task belongs to it too."""
    ends = mark(interaction.key)
    subject = f"{headline(interaction)[: MOST_SUBJECT - len(ends) - 1]} {ends}"
    data = {
        "WhoId": str(interaction.contact.contact),
        "Subject": subject,
        "Status": status,
        "ActivityDate": f"{interaction.at:%Y-%m-%d}",
        "Description": as_text(interaction),
    }
    found = _CASE.fullmatch((interaction.ticket_url or "").removeprefix(site))
    return {**data, "WhatId": found[1]} if found else data
