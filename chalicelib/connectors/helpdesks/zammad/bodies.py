"""What we send: people, tickets, articles. Pure, and byte-stable for equal input."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from datetime import UTC
from typing import Any

from chalicelib.connectors.helpdesks.zammad.access import group
from chalicelib.connectors.helpdesks.zammad.marks import MARK, PLAIN_MARK
from chalicelib.connectors.helpdesks.zammad.spec import FIELDS, MOST_FILE_BYTES
from chalicelib.core.events import Visibility
from chalicelib.core.ids import AuthorKey, PersonRef, digest
from chalicelib.core.media import MediaFile
from chalicelib.core.people import Author
from chalicelib.core.ticket import Comment, TicketDraft

MOST_SUBJECT = 200
_MOST_NAME = 100
_MOST_LOGIN = 120
_PLAIN_LOGIN = re.compile(r"[a-z0-9:._-]+")
_UNUSUAL = re.compile(r"[^a-z0-9._-]+")
_PRIORITIES = {"urgent": "3 high", "high": "3 high", "normal": "2 normal", "low": "1 low"}


# -- people ------------------------------------------------------------------------------------------------------------


def login(key: AuthorKey) -> str:
    """The login of the Zammad user that stands for an author: ``facebook:1234``. Zammad folds case and takes what has
    an "@" for an address: ids with capitals or unusual characters get a digest of the exact id instead."""
    exact = f"{key.platform}:{key.author}"
    if _PLAIN_LOGIN.fullmatch(exact) and len(exact) <= _MOST_LOGIN:
        return exact
    readable = _UNUSUAL.sub("_", str(key.author).lower()).strip("_")[:60]
    return f"{key.platform}:{readable}-{digest(key.platform, key.author)}"


def person(author: Author, email: str | None) -> dict[str, Any]:
    """The body that creates an author's user, who has no e-mail address as a rule."""
    data: dict[str, Any] = {
        "login": login(author.key),
        "firstname": " ".join(author.label.split())[:_MOST_NAME] or "Unknown author",
        "roles": ["Customer"],
    }
    if author.profile_url:
        data["web"] = author.profile_url
    if email:
        data["email"] = email
    return data


def erased(person: PersonRef) -> dict[str, Any]:
    """What takes everything away that tells who it was."""
    empty = dict.fromkeys(("lastname", "email", "phone", "mobile", "web", "note"), "")
    return {"login": f"erased-{person.person}", "firstname": "Erased", **empty, "active": False}


# -- articles ----------------------------------------------------------------------------------------------------------


def mark(external_id: str) -> str:
    """The subject of an article of ours."""
    return MARK + (external_id if PLAIN_MARK.fullmatch(external_id) else digest(external_id, length=40))


def is_public(visibility: Visibility) -> bool:
    """Only PUBLIC is public; whatever else there may be is an internal note."""
    return visibility is Visibility.PUBLIC


def files(comment: Comment) -> tuple[MediaFile, ...]:
    """The files that go along."""
    return tuple(file for file in comment.files if 0 < len(file.content) <= MOST_FILE_BYTES)


def words(comment: Comment) -> str:
    """The words, links to what does not go along, and the source."""
    kept = {file.source for file in files(comment)}
    links = [
        item.url
        for item in comment.attachments
        if item.url and item.url not in comment.body and item.url not in kept and item.remote_id not in kept
    ]
    if comment.source_url and comment.source_url not in comment.body:
        links.append(comment.source_url)
    return "\n\n".join([comment.body, *links])


def article(comment: Comment, author: PersonRef | None, options: Mapping[str, str]) -> dict[str, Any]:
    """An article. Type ``web`` for the customer's (a communication, so that clocks run), ``note`` for ours: neither is
    sent by Zammad itself."""
    public = is_public(comment.visibility)
    by_customer = public and author is not None
    data: dict[str, Any] = {
        "subject": mark(comment.external_id),
        "body": words(comment),
        "content_type": "text/plain",
        "type": "web" if by_customer else "note",
        "sender": "Customer" if by_customer else "Agent",
        "internal": not public,
    }
    if by_customer and author is not None and not acting_header(options):
        data["origin_by_id"] = numeric(author.person)
    stored = [
        {"filename": file.name, "data": base64.b64encode(file.content).decode("ascii"), "mime-type": file.media_type}
        for file in files(comment)
    ]
    return {**data, "attachments": stored} if stored else data


def acting_header(options: Mapping[str, str]) -> str:
    """The header that makes a call the customer's; "" where origin_by_id does."""
    return options.get("act_as", "").strip().lower()


# -- tickets -----------------------------------------------------------------------------------------------------------


def ticket(draft: TicketDraft, options: Mapping[str, str]) -> dict[str, Any]:
    """The body that creates `draft`."""
    author = draft.comment.author or draft.requester
    data: dict[str, Any] = {
        "title": " ".join(draft.subject.split())[:MOST_SUBJECT] or "(no subject)",
        "group": (draft.group or "").strip() or group(options),
        "customer_id": numeric(draft.requester.person),
        "article": article(draft.comment, author, options),
        "tags": ",".join(tags(draft.tags, options)),
        case_field(options): str(draft.external_id),
        **custom_fields(draft, options),
    }
    if draft.priority:
        data["priority"] = _PRIORITIES.get(draft.priority, draft.priority)
    if draft.follow_up_of is not None:
        data["links"] = {"Ticket": {"normal": [numeric(draft.follow_up_of.ticket)]}}
    return data


def tags(wanted: tuple[str, ...], options: Mapping[str, str]) -> list[str]:
    """Tags without commas, each once, ours first."""
    cleaned = [" ".join(item.replace(",", " ").split()) for item in (own_tag(options), *wanted)]
    return list(dict.fromkeys(filter(None, cleaned)))


def own_tag(options: Mapping[str, str]) -> str:
    """The tag by which polling knows Careloop's tickets."""
    return options.get("tag", "").strip() or "careloop"


def case_field(options: Mapping[str, str]) -> str:
    """The ticket attribute of the case."""
    return options.get("case_field", "").strip() or "careloop_case"


def custom_fields(draft: TicketDraft, options: Mapping[str, str]) -> dict[str, str]:
    """Values of the attributes that options name."""
    values = {f"field.{name}": draft.fields.get(name, "") for name in FIELDS}
    if draft.due_at is not None:
        values["due_field"] = draft.due_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    named = {options.get(option, "").strip(): value for option, value in values.items()}
    return {name: value for name, value in named.items() if name and value}


def numeric(value: str) -> int | str:
    """An id as Zammad writes it in bodies; one that is no number is left for Zammad to refuse."""
    return int(value) if value.isascii() and value.isdigit() and len(value) <= 18 else value
