"""What we send: people, tickets, entries. Pure, and byte-stable for equal input."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from datetime import UTC
from typing import Any

from chalicelib.connectors.helpdesks.rt.access import queue
from chalicelib.connectors.helpdesks.rt.spec import FIELDS
from chalicelib.core.events import Visibility
from chalicelib.core.ids import AuthorKey, PersonRef, digest
from chalicelib.core.media import MediaFile
from chalicelib.core.people import Author, Contact
from chalicelib.core.ticket import Comment, TicketDraft

MOST_SUBJECT = 200
_MOST_NAME = 120
_PLAIN_NAME = re.compile(r"[a-z0-9._-]+")
_UNUSUAL = re.compile(r"[^a-z0-9._-]+")
_PLAIN_MARK = re.compile(r"[A-Za-z0-9._-]{1,100}")
_WIRE_TIME = "%Y-%m-%dT%H:%M:%SZ"


# -- people ------------------------------------------------------------------------------------------------------------


def user_name(key: AuthorKey, contact: Contact | None = None) -> str:
    """The name of the RT user that stands for an author: ``facebook-1234``; with a contact's address
    ``facebook-1234-`` and a digest of the contact.

    Never a bare number, which RT takes for a principal's id. RT tells names apart without regard to case and reads "@"
    as a mail address: ids with capitals or unusual characters get a digest of the exact id instead.
    """
    if contact is not None:
        return f"{user_name(key)}-{digest(str(contact.ref), length=10)}"
    exact = f"{key.platform}-{key.author}"
    if _PLAIN_NAME.fullmatch(exact) and len(exact) <= _MOST_NAME:
        return exact
    readable = _UNUSUAL.sub("_", exact.lower()).strip("_")[:60]
    return f"{readable}-{digest(key.platform, key.author)}"


def person(author: Author, name: str, email: str | None) -> dict[str, Any]:
    """The body that creates an author's user."""
    data: dict[str, Any] = {
        "Name": name,
        "RealName": _one_line(author.label)[:_MOST_NAME],
        "Privileged": 0,
    }
    if author.profile_url:
        data["Comments"] = author.profile_url
    if email:
        data["EmailAddress"] = email
    return data


def nobody(number: str) -> dict[str, Any]:
    """The body that makes a user anonymous. Another name: whoever writes again is another user."""
    empty = dict.fromkeys(("RealName", "NickName", "EmailAddress", "Comments"), "")
    return {"Name": f"erased-{number}", **empty, "Disabled": 1}


# -- entries -----------------------------------------------------------------------------------------------------------


def mark(external_id: str) -> str:
    """The mark of an entry, fit for a header and a custom field."""
    return external_id if _PLAIN_MARK.fullmatch(external_id) else digest(external_id, length=40)


def content_type(external_id: str) -> str:
    """The media type with the mark as a parameter. RT stores the entry and its headers at once, but fills custom fields
    in afterwards: if the server stops in between, this is the mark that is left."""
    return f"text/plain; careloop={mark(external_id)}"


def words(comment: Comment) -> str:
    """The text of an entry: whose words they are (RT shows our account as their author), the words, links to what came
    along, and the source."""
    label = _one_line(comment.author_label or "")
    parts = [f"From {label}:\n", comment.body] if label and is_public(comment.visibility) else [comment.body]
    kept = {file.source for file in comment.files}
    links = [
        item.url
        for item in comment.attachments
        if item.url and item.url not in comment.body and item.url not in kept and item.remote_id not in kept
    ]
    if links:
        parts += ["", *links]
    if comment.source_url and comment.source_url not in comment.body:
        parts += ["", comment.source_url]
    return "\n".join(parts)


def is_public(visibility: Visibility) -> bool:
    """Only PUBLIC is correspondence; whatever else there may be is a comment, which requestors never see."""
    return visibility is Visibility.PUBLIC


def entry(comment: Comment, options: Mapping[str, str], *, reopening: bool) -> dict[str, Any]:
    """The body of ``/correspond`` and ``/comment``."""
    data: dict[str, Any] = {"Content": words(comment), "ContentType": content_type(comment.external_id)}
    field = message_field(options)
    if field:
        data["TxnCustomFields"] = {field: mark(comment.external_id)}
    if reopening:
        data["Status"] = options.get("open_status", "").strip() or "open"
    if comment.files:
        data["Attachments"] = [_file(item) for item in comment.files]
    return data


def _file(item: MediaFile) -> dict[str, str]:
    content = base64.b64encode(item.content).decode("ascii")
    return {"FileName": item.name, "FileType": item.media_type, "FileContent": content}


# -- tickets -----------------------------------------------------------------------------------------------------------


def case_field(options: Mapping[str, str]) -> str:
    """The ticket custom field of the case."""
    return options.get("case_field", "").strip() or "CareloopCase"


def message_field(options: Mapping[str, str]) -> str:
    """The transaction custom field of an entry's id; empty for none."""
    return options.get("message_field", "CareloopMessage").strip()


def ticket(draft: TicketDraft, options: Mapping[str, str]) -> dict[str, Any]:
    """The body that creates `draft`."""
    data: dict[str, Any] = {
        "Queue": (draft.group or "").strip() or queue(options),
        "Requestor": [draft.requester.person],
        "Subject": _one_line(draft.subject)[:MOST_SUBJECT],
        **entry(draft.comment, options, reopening=False),
        "CustomFields": custom_fields(draft, options),
    }
    if draft.priority and draft.priority.isascii() and draft.priority.isdigit():
        data["Priority"] = int(draft.priority)
    if draft.due_at is not None:
        data["Due"] = draft.due_at.astimezone(UTC).strftime(_WIRE_TIME)
    if draft.follow_up_of is not None:
        data["RefersTo"] = str(draft.follow_up_of.ticket)
    return data


def requestor(person: PersonRef) -> dict[str, Any]:
    """The body that gives a ticket this one requestor."""
    return {"Requestor": [person.person]}


def custom_fields(draft: TicketDraft, options: Mapping[str, str]) -> dict[str, Any]:
    """The case, and what the options map."""
    found: dict[str, Any] = {case_field(options): str(draft.external_id)}
    for name in FIELDS:
        target = options.get(f"field.{name}", "").strip()
        if target and draft.fields.get(name):
            found[target] = draft.fields[name]
    tags_field = options.get("tags_field", "").strip()
    if tags_field and draft.tags:
        found[tags_field] = list(draft.tags)
    return found


def _one_line(text: str) -> str:
    return " ".join(text.split())
