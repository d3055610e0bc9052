"""What we send to Freshdesk. Pure.

Freshdesk keeps no id of ours with a conversation, so each of our entries ends in a small line that agents can see:
``careloop:<external id>``. Bodies are HTML; what people wrote is escaped.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, unquote

from chalicelib.connectors.toolkit.multipart import multipart
from chalicelib.core.events import Visibility
from chalicelib.core.ids import PersonRef
from chalicelib.core.media import MediaFile
from chalicelib.core.ticket import Comment, TicketDraft

OPEN = 2
MOST_LINE = 255
"""Characters of a subject or a single-line field [unconfirmed]: longer ones are cut, so no refusal can come of it."""
MOST_TAG = 32
"""Characters of a tag (developer.freshdesk.com/api, "tags", 2026-11)."""
PRIORITIES = {"low": 1, "normal": 2, "medium": 2, "high": 3, "urgent": 4}
REMOVED = "<div>(removed)</div>"
_MARK = re.compile(r"careloop:([A-Za-z0-9._~%-]{1,200})(?:\s|&nbsp;|<[^>]*>)*\Z")


def mark_of(text: str) -> str | None:
    """The external id that an entry of ours ends in; `text` is HTML or plain. A mark further up is a quotation."""
    found = _MARK.search(text)
    return unquote(found[1]) if found else None


def html_of(comment: Comment) -> str:
    """An entry's body: the words, a link to where they were written, our mark."""
    words = html.escape(comment.body, quote=False).replace("\r\n", "\n").replace("\n", "<br>")
    link = f'<a href="{html.escape(comment.source_url)}">original</a> ' if comment.source_url else ""
    return f"<div>{words}</div><div><small>{link}careloop:{quote(comment.external_id, safe='')}</small></div>"


def contact(key: str, name: str) -> dict[str, Any]:
    """A contact known by the platform's id alone."""
    return {"name": name[:MOST_LINE], "unique_external_id": key}


def note(comment: Comment) -> dict[str, Any]:
    """A customer's message comes from outside (``incoming``), in the customer's name; whatever is not PUBLIC is
    private."""
    public = comment.visibility is Visibility.PUBLIC
    fields: dict[str, Any] = {"body": html_of(comment), "private": not public}
    if comment.author is not None and public:
        fields |= {"incoming": True, "user_id": number(comment.author)}
    return fields


def ticket(draft: TicketDraft, options: Mapping[str, str]) -> dict[str, Any]:
    """A ticket whose description is the customer's first message."""
    fields: dict[str, Any] = {
        "requester_id": number(draft.requester),
        "subject": draft.subject[:MOST_LINE],
        "description": html_of(draft.comment),
        "status": OPEN,
        "priority": PRIORITIES.get(draft.priority or "", 1),
        "source": int(options["source"]),
        "tags": [tag[:MOST_TAG] for tag in draft.tags],
        "custom_fields": _custom(draft, options),
    }
    group = draft.group or options.get("group_id", "")
    if group.isascii() and group.isdigit():
        fields["group_id"] = int(group)
    if options.get("type"):
        fields["type"] = options["type"]
    if draft.due_at is not None:
        # Both or none, and the resolution after the first response.
        fields |= {"due_by": _time(draft.due_at), "fr_due_by": _time(draft.due_at - timedelta(minutes=1))}
    return fields


def given(options: Mapping[str, str]) -> dict[str, str]:
    """What the option ``defaults`` puts into every ticket: ``cf_region=EMEA;cf_kind=Social``."""
    pairs = (item.partition("=") for item in options.get("defaults", "").split(";"))
    return {name.strip(): value.strip() for name, found, value in pairs if found}


def _custom(draft: TicketDraft, options: Mapping[str, str]) -> dict[str, str]:
    custom = given(options)
    for name, value in draft.fields.items():
        if options.get(f"field.{name}"):
            custom[options[f"field.{name}"]] = value[:MOST_LINE]
    return {**custom, options["case_field"]: draft.external_id}


def encoded(fields: Mapping[str, Any], files: Sequence[MediaFile]) -> tuple[str, bytes]:
    """Content type and body: JSON, or a form where files go along, its nested fields as ``custom_fields[name]``."""
    if not files:
        return "application/json", json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()
    pairs: list[tuple[str, str]] = []
    for name, value in fields.items():
        if isinstance(value, dict):
            pairs += [(f"{name}[{key}]", _text(item)) for key, item in value.items()]
        elif isinstance(value, list):
            pairs += [(f"{name}[]", _text(item)) for item in value]
        else:
            pairs.append((name, _text(value)))
    return multipart(pairs, [("attachments[]", file) for file in files])


def number(person: PersonRef) -> int:
    """Freshdesk's ids are numbers, and it refuses them as text (``datatype_mismatch``)."""
    return int(person.person) if person.person.isascii() and person.person.isdigit() else 0


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
