"""What we send to HubSpot. Pure, and byte-stable for equal input."""

from __future__ import annotations

import html
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from chalicelib.connectors.helpdesks.hubspot.marks import mark
from chalicelib.connectors.helpdesks.hubspot.spec import SPEC
from chalicelib.core.events import Visibility
from chalicelib.core.people import Author
from chalicelib.core.ticket import Comment, TicketDraft

TICKET_TO_CONTACT, NOTE_TO_TICKET = 16, 228
"""Kinds of association that HubSpot defines (developers.hubspot.com, associations v4, 2026-11)."""
BODY = "hs_note_body"
REMOVED = "(removed)"
MOST_LINE = 255
"""Characters of a subject or a single-line property [unconfirmed]: longer ones are cut, so none is refused."""
MOST_WORDS = 60_000
"""Characters; a note takes 65,536 (developers.hubspot.com, notes, 2026-11)."""
_PRIORITIES = {"low": "LOW", "normal": "MEDIUM", "medium": "MEDIUM", "high": "HIGH", "urgent": "URGENT"}
_DEFAULTS = {item.name: item.default or "" for item in SPEC.options}


def option(options: Mapping[str, str], name: str) -> str:
    """An option's value, or its default."""
    return options.get(name, "").strip() or _DEFAULTS[name]


def listed(options: Mapping[str, str], name: str) -> tuple[str, ...]:
    """The values of an option that are separated by commas."""
    return tuple(filter(None, (item.strip() for item in option(options, name).split(","))))


def person(key: str, author: Author, name: str) -> dict[str, Any]:
    """A contact known by the platform's id alone."""
    return {"properties": {name: key, "firstname": author.label[:MOST_LINE]}, "associations": []}


def words(comment: Comment) -> str:
    """An entry as text: whose words, the words, links, the mark."""
    public = comment.visibility is Visibility.PUBLIC
    body = comment.body if len(comment.body) <= MOST_WORDS else comment.body[: MOST_WORDS - 1] + "…"
    links = [item.url for item in comment.attachments if item.url and item.url not in body]
    if comment.source_url and comment.source_url not in body:
        links.append(comment.source_url)
    head = f"{comment.author_label}:\n\n" if public and comment.author_label else ""
    return head + "\n\n".join([body, *links, mark(comment.external_id, public=public)])


def note(comment: Comment, ticket: str, now: datetime) -> dict[str, Any]:
    """The body that makes a note on a ticket."""
    text = html.escape(words(comment), quote=False).replace("\r\n", "\n").replace("\n", "<br>")
    return {
        "properties": {"hs_timestamp": f"{now:%Y-%m-%dT%H:%M:%SZ}", BODY: text},
        "associations": [_association(ticket, NOTE_TO_TICKET)],
    }


def ticket(draft: TicketDraft, options: Mapping[str, str]) -> dict[str, Any]:
    """A ticket whose description is the customer's first message."""
    given = {f"field.{name}": value[:MOST_LINE] for name, value in draft.fields.items()}
    if draft.due_at is not None:
        given["due_property"] = f"{draft.due_at:%Y-%m-%dT%H:%M:%SZ}"
    named = {options.get(name, "").strip(): value for name, value in given.items()}
    properties = {name: value for name, value in named.items() if name and value}
    properties |= {
        "subject": " ".join(draft.subject.split())[:MOST_LINE] or "(no subject)",
        "content": words(draft.comment),
        "hs_pipeline": option(options, "pipeline"),
        "hs_pipeline_stage": option(options, "open_stage"),
        option(options, "case_property"): str(draft.external_id),
    }
    owner = (draft.group or "").strip() or option(options, "owner")
    if owner:
        properties["hubspot_owner_id"] = owner
    if draft.priority:
        properties["hs_ticket_priority"] = _PRIORITIES.get(draft.priority, draft.priority)
    return {
        "properties": properties,
        "associations": [_association(draft.requester.person, TICKET_TO_CONTACT)],
    }


def _association(to: str, kind: int) -> dict[str, Any]:
    types = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": kind}]
    return {"to": {"id": to}, "types": types}
