"""What we send: people, tickets, comments. Pure, and byte-stable for equal input."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from chalicelib.connectors.helpdesks.zendesk.spec import FIELDS
from chalicelib.core.errors import ConfigurationError
from chalicelib.core.events import Visibility
from chalicelib.core.ids import AuthorKey, PersonRef, digest
from chalicelib.core.people import Author, Contact
from chalicelib.core.ticket import Comment, TicketDraft

MARK = "careloop"
"""The member of an update's custom metadata that holds ``Comment.external_id``."""
MOST_SUBJECT = 150
_MOST_KEY = 255
_MOST_MARK = 200
_PRIORITIES = frozenset({"low", "normal", "high", "urgent"})
_URL = re.compile(r"(https?://[^\s<>\"']*[^\s<>\"'.,;:!?)\]}])")
_LIQUID = re.compile(r"\{(?=[{%])")


# -- people ------------------------------------------------------------------------------------------------------------


def person_key(key: AuthorKey, contact: Contact | None = None) -> str:
    """The external id of a person: ``facebook:1234``, with a contact's address ``facebook:1234+crm:42``. In lower case,
    because Zendesk matches without case and rewrites what it has to the case that it was asked with."""
    name = (f"{key}+{contact.ref}" if contact is not None else str(key)).lower()
    return name if len(name) <= _MOST_KEY else f"{key.platform}:{digest(name)}"


def person(author: Author, key: str) -> dict[str, Any]:
    """The body for "create or update". No role: it would take an agent's away, and a new user is an end user anyway. No
    e-mail: "create or update" would take over whoever has it."""
    name = plain(author.display_name or author.handle or str(author.key.author))
    return {
        "user": {
            "name": name[:_MOST_KEY] or "Unknown author",
            "external_id": key,
            "skip_verify_email": True,
        }
    }


def nobody() -> dict[str, Any]:
    """The body that makes a user anonymous: without our key, a message from them makes another user."""
    empty = dict.fromkeys(("external_id", "phone", "details", "notes", "alias"))
    return {"user": {"name": "Erased person", **empty}}


# -- comments ----------------------------------------------------------------------------------------------------------


def mark(external_id: str) -> str:
    """The mark of an entry in the update's metadata (1 kilobyte at most)."""
    return external_id if len(external_id) <= _MOST_MARK else digest(external_id, length=40)


def comment_html(text: str, source_url: str | None = None) -> str:
    """Plain text as HTML that shows exactly that text, with links.

    HTML, because Zendesk takes ``body`` for Markdown. Double braces are spelled so that nothing on the way takes a
    customer's words for a placeholder.
    """
    paragraph = "<br>".join(_linked(line) for line in text.split("\n"))
    source = f"<p>{_linked(source_url)}</p>" if source_url else ""
    return f"<p>{paragraph}</p>{source}"


def _linked(line: str) -> str:
    parts = _URL.split(line)
    done = [_escaped(part) if at % 2 == 0 else _anchor(part) for at, part in enumerate(parts)]
    return "".join(done)


def _anchor(url: str) -> str:
    shown = _escaped(url)
    return f'<a href="{shown}">{shown}</a>'


def _escaped(text: str) -> str:
    return _LIQUID.sub("&#123;", html.escape(text))


def plain(text: str) -> str:
    """One line without anything that looks like a placeholder."""
    return _LIQUID.sub("{ ", " ".join(text.split()))


def is_public(visibility: Visibility) -> bool:
    """Only PUBLIC is public; whatever else there may be is a note."""
    return visibility is Visibility.PUBLIC


def comment(item: Comment, author: PersonRef | None, uploads: tuple[str, ...] = ()) -> dict[str, Any]:
    """The ``comment`` member. ``public`` is always said: Zendesk's default depends on the ticket's first comment."""
    data: dict[str, Any] = {
        "html_body": comment_html(item.body, item.source_url),
        "public": is_public(item.visibility),
    }
    if author is not None:
        data["author_id"] = numeric(author.person)
    if uploads:
        data["uploads"] = list(uploads)
    return data


def update(item: Comment, author: PersonRef | None, uploads: tuple[str, ...] = ()) -> dict[str, Any]:
    """The body that adds `item` to a ticket, with the files behind the tokens ``uploads``."""
    ticket: dict[str, Any] = {"comment": comment(item, author, uploads), "metadata": {MARK: mark(item.external_id)}}
    if item.reopen:
        ticket["status"] = "open"
    return {"ticket": ticket}


# -- tickets -----------------------------------------------------------------------------------------------------------


def ticket(draft: TicketDraft, options: Mapping[str, str], uploads: tuple[str, ...] = ()) -> dict[str, Any]:
    """The body that creates `draft`. The submitter is the first comment's author: so it shows as the customer's."""
    author = draft.comment.author or (draft.requester if is_public(draft.comment.visibility) else None)
    data: dict[str, Any] = {
        "external_id": draft.external_id,
        "subject": plain(draft.subject)[:MOST_SUBJECT],
        "requester_id": numeric(draft.requester.person),
        "comment": comment(draft.comment, author, uploads),
        "tags": tags(draft.tags, options),
        "metadata": {MARK: mark(draft.comment.external_id)},
    }
    if author is not None:
        data["submitter_id"] = numeric(author.person)
    if draft.priority in _PRIORITIES:
        data["priority"] = draft.priority
    if draft.due_at is not None:
        data.update(type="task", due_at=_time(draft.due_at))
    if draft.group and draft.group.isascii() and draft.group.isdigit():
        data["group_id"] = int(draft.group)
    if draft.follow_up_of is not None:
        data["via_followup_source_id"] = numeric(draft.follow_up_of.ticket)
    for name in ("brand_id", "ticket_form_id"):
        if options.get(name):
            data[name] = _option_id(options, name)
    fields = custom_fields(draft.fields, options)
    if fields:
        data["custom_fields"] = fields
    return {"ticket": data}


def requester(person: PersonRef) -> dict[str, Any]:
    """The body that gives a ticket another requester."""
    return {"ticket": {"requester_id": numeric(person.person)}}


def creation_key(draft: TicketDraft) -> str:
    """The Idempotency-Key. A refused follow-up is created again as a plain ticket: another body, another key."""
    source = f".follows.{draft.follow_up_of.ticket}" if draft.follow_up_of else ""
    return f"{draft.external_id}{source}"


def tags(wanted: tuple[str, ...], options: Mapping[str, str]) -> list[str]:
    """Tags without blanks (Zendesk splits at them), each once, ours first."""
    everything = (own_tag(options), *wanted)
    cleaned = [re.sub(r"[\s,]+", "_", item.strip().lower()) for item in everything]
    return list(dict.fromkeys(filter(None, cleaned)))


def own_tag(options: Mapping[str, str]) -> str:
    """The tag by which triggers and polling know Careloop's tickets."""
    return options.get("tag", "").strip().lower() or "careloop"


def custom_fields(values: Mapping[str, str], options: Mapping[str, str]) -> list[dict[str, Any]]:
    """Values for the custom fields that an option names. Raises ConfigurationError for an id that is no number."""
    wanted = [name for name in FIELDS if options.get(f"field.{name}") and values.get(name)]
    return [{"id": _option_id(options, f"field.{name}"), "value": values[name]} for name in wanted]


def _option_id(options: Mapping[str, str], name: str) -> int:
    value = options[name].strip()
    if not (value.isascii() and value.isdigit()):
        raise ConfigurationError(f"zendesk: option {name} must be a number")
    return int(value)


def numeric(value: str) -> int | str:
    """An id as Zendesk writes it in bodies; one that is no number is left for Zendesk to refuse."""
    return int(value) if value.isascii() and value.isdigit() and len(value) <= 20 else value


def _time(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
