"""What we send: tickets and follow-ups. Pure, and byte-stable for equal input.

An entry can carry nothing of ours but its text. So its mark is the text's last line, a link definition of Markdown: the
pages of django-helpdesk show nothing of it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC
from typing import Any

from chalicelib.connectors.helpdesks.django_helpdesk.access import number
from chalicelib.connectors.helpdesks.django_helpdesk.marks import CASE, MARK, PLAIN_MARK
from chalicelib.connectors.helpdesks.django_helpdesk.spec import FIELDS, FILE_TYPES, MOST_FILE_BYTES
from chalicelib.connectors.toolkit.multipart import multipart
from chalicelib.core.events import Visibility
from chalicelib.core.ids import AuthorKey, PersonRef, digest
from chalicelib.core.media import MediaFile
from chalicelib.core.people import Author, Contact
from chalicelib.core.ticket import Comment, TicketDraft

MOST_SUBJECT = 200
REDACTED = "(removed)"
_PRIORITIES = {"urgent": 1, "high": 2, "normal": 3, "low": 4}
_MOST_KEY = 200
_MOST_LOCAL = 60
_UNUSUAL = re.compile(r"[^a-z0-9_-]+")
_ENDINGS = {"image/jpeg": "jpg", "image/png": "png", "application/pdf": "pdf", "text/plain": "txt"}
"""Of types whose files go by several endings, the one that django-helpdesk takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """What is sent: as JSON, or with files as a form."""

    fields: Mapping[str, Any]
    files: tuple[tuple[str, MediaFile], ...] = ()

    @property
    def multipart(self) -> tuple[str, bytes]:
        """The content type and the body of the form."""
        return multipart([(name, _text(value)) for name, value in self.fields.items()], self.files)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


# -- people ------------------------------------------------------------------------------------------------------------


def person(author: Author, contact: Contact | None, options: Mapping[str, str]) -> str:
    """Who stands for an author: the submitter's address where the options want one, else ``<platform>:<id>``."""
    if contact and contact.emails and options.get("copy_email") == "true":
        return contact.emails[0]
    domain = options.get("email_domain", "").strip().lstrip("@")
    return f"{_local_part(author.key)}@{domain}" if domain else _key(author.key)


def _key(key: AuthorKey) -> str:
    exact = str(key)
    return exact if len(exact) <= _MOST_KEY else f"{key.platform}:{digest(exact)}"


def _local_part(key: AuthorKey) -> str:
    exact = f"{key.platform}-{key.author}"
    if len(exact) <= _MOST_LOCAL and not _UNUSUAL.search(exact):
        return exact
    readable = _UNUSUAL.sub("-", exact.lower()).strip("-")[: _MOST_LOCAL - 25]
    return f"{readable}-{digest(key.platform, key.author)}"


def address(person: PersonRef) -> str:
    """The e-mail address of a person, or "" for one without: keys have a colon, addresses have none."""
    return person.person if "@" in person.person and ":" not in person.person else ""


# -- entries -----------------------------------------------------------------------------------------------------------


def mark(external_id: str) -> str:
    """The mark of an entry."""
    return external_id if PLAIN_MARK.fullmatch(external_id) else digest(external_id, length=40)


def literal(text: str) -> str:
    """`text` so that Django's template engine, which renders each comment, gives back exactly `text`. Unescaped, a
    customer's braces would be filled in, swallowed, or break the server."""
    return re.sub(r"[{}]", lambda found: '{{ "' + found[0] + '" }}', text)


def is_public(visibility: Visibility) -> bool:
    """Only PUBLIC is public; whatever else there may be is a note."""
    return visibility is Visibility.PUBLIC


def words(comment: Comment, stored: Sequence[MediaFile]) -> str:
    """The text of an entry: whose words they are (all entries are by our user), the words, links to what is not
    ``stored`` with it, the source, and the mark."""
    label = " ".join((comment.author_label or "").split())
    parts = [f"From {label}:\n", comment.body] if label and is_public(comment.visibility) else [comment.body]
    kept = {file.source for file in stored}
    links = [
        item.url
        for item in comment.attachments
        if item.url and item.url not in comment.body and item.url not in kept and item.remote_id not in kept
    ]
    if links:
        parts += ["", *links]
    if comment.source_url and comment.source_url not in comment.body:
        parts += ["", comment.source_url]
    return "\n".join([*parts, "", MARK + mark(comment.external_id)])


def files(comment: Comment, options: Mapping[str, str]) -> tuple[MediaFile, ...]:
    """The files that django-helpdesk takes, under endings that it takes."""
    taken = {item.strip().lower().lstrip(".") for item in (options.get("file_types") or FILE_TYPES).split(",")}
    named = (_named(file, taken) for file in comment.files if len(file.content) <= MOST_FILE_BYTES)
    return tuple(file for file in named if file.content and file.name.rpartition(".")[2].lower() in taken)


def _named(file: MediaFile, taken: set[str]) -> MediaFile:
    stem, dot, ending = file.name.rpartition(".")
    wanted = _ENDINGS.get(file.media_type)
    if not dot or ending.lower() in taken or wanted is None:
        return file
    return replace(file, name=f"{stem}.{wanted}")


def entry(ticket: str, comment: Comment, options: Mapping[str, str], *, reopening: bool) -> Form:
    """What adds a follow-up. Never with a title: that would rename the ticket."""
    stored = files(comment, options)
    fields: dict[str, Any] = {
        "ticket": int(ticket) if ticket.isascii() and ticket.isdigit() else ticket,
        "comment": literal(words(comment, stored)),
        "public": is_public(comment.visibility),
    }
    if reopening:
        fields["new_status"] = number(options, "reopened_status", "2")
    return Form(fields=fields, files=tuple(("attachments", file) for file in stored))


# -- tickets -----------------------------------------------------------------------------------------------------------


def ticket(draft: TicketDraft, options: Mapping[str, str]) -> Form:
    """What creates a ticket. Only one file can come with it. Its text is not rendered."""
    stored = files(draft.comment, options)[:1]
    text = words(draft.comment, stored)
    if draft.follow_up_of is not None:
        text = f"Follows ticket {draft.follow_up_of.ticket}.\n\n{text}"
    group = draft.group or ""
    fields: dict[str, Any] = {
        "queue": int(group) if group.isascii() and group.isdigit() else number(options, "queue"),
        "title": " ".join(draft.subject.split())[:MOST_SUBJECT] or "(no subject)",
        "description": f"{text}\n{CASE}{draft.external_id}",
        "priority": priority(draft.priority),
    }
    if address(draft.requester):
        fields["submitter_email"] = address(draft.requester)
    if draft.due_at is not None:
        fields["due_date"] = draft.due_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    fields |= {f"custom_{name}": value for name, value in custom_fields(draft, options).items()}
    return Form(fields=fields, files=tuple(("attachment", file) for file in stored))


def priority(name: str | None) -> int:
    """Of django-helpdesk's 1 (critical) to 5 (very low)."""
    if name in ("1", "2", "3", "4", "5"):
        return int(name)
    return _PRIORITIES.get(name or "", 3)


def custom_fields(draft: TicketDraft, options: Mapping[str, str]) -> dict[str, str]:
    """Values of the custom fields that options name."""
    values: dict[str, str] = {"case_field": str(draft.external_id), "tags_field": ", ".join(draft.tags)}
    values |= {f"field.{name}": draft.fields.get(name, "") for name in FIELDS}
    named = {options.get(option, "").strip(): value for option, value in values.items()}
    return {name: value for name, value in named.items() if name and value}


def wanted_fields(options: Mapping[str, str]) -> list[str]:
    """The custom fields that options name."""
    found = (
        options.get(option, "").strip() for option in ("case_field", "tags_field", *(f"field.{n}" for n in FIELDS))
    )
    return sorted(set(filter(None, found)))


def redacted(text: str) -> str:
    """`text` without its words, with its marks: it stays ours."""
    marks = [line for line in text.rstrip().splitlines()[-2:] if line.startswith((MARK, CASE))]
    return "\n".join([REDACTED, "", *marks])
