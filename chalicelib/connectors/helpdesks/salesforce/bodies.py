"""What we send: contacts, cases, comments, files. Pure, and byte-stable for equal input."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping
from typing import Any

import regex

from chalicelib.connectors._salesforce import soql
from chalicelib.connectors.helpdesks.salesforce.marks import file_mark, mark
from chalicelib.connectors.helpdesks.salesforce.spec import FIELDS, MOST_FILE_BYTES
from chalicelib.core.events import Visibility
from chalicelib.core.ids import AuthorKey, TicketRef, digest
from chalicelib.core.media import MediaFile
from chalicelib.core.people import Author
from chalicelib.core.ticket import Comment, TicketDraft

MOST_SUBJECT = 255
MOST_DESCRIPTION = 31_000
MOST_COMMENT_BYTES = 3_850
"""4000, less the mark at the end."""
MOST_PARTS, MOST_FILES = 12, 10
"""Of one entry: with the change of status they are fewer than the 25 parts of a composite."""
MOST_NAME = 80
REMOVED = "(removed)"
_PLAIN_AUTHOR = re.compile(r"[a-z0-9_][a-z0-9_-]{0,79}")
_PRIORITIES = {"urgent": "High", "high": "High", "normal": "Medium", "low": "Low"}
_GRAPHEME = regex.compile(r"\X")

Data = dict[str, Any]


def option(options: Mapping[str, str], name: str, default: str = "") -> str:
    """An option's value, without blanks around."""
    return options.get(name, "").strip() or default


def case_field(options: Mapping[str, str]) -> str:
    """The field of Case that holds the case id. Raises ConfigurationError."""
    return soql.field_name(option(options, "case_field", "Careloop_Case__c"), "case_field")


def author_field(options: Mapping[str, str]) -> str:
    """The field of Contact that holds the author. Raises ConfigurationError."""
    return soql.field_name(option(options, "author_field", "Careloop_Author__c"), "author_field")


# -- people ------------------------------------------------------------------------------------------------------------


def author_key(key: AuthorKey) -> str:
    """An author as the external id has it: ``facebook-1234``. Unique fields may fold case, and a dot in an address is
    taken for the ending of a file: ids with anything unusual are a digest."""
    author = str(key.author)
    return f"{key.platform}-{author if _PLAIN_AUTHOR.fullmatch(author) else '-' + digest(author, length=40)}"


def contact(author: Author, email: str | None) -> Data:
    """The fields of an author's contact: the platform's name for them as it is, no guess at its parts."""
    data: Data = {"LastName": " ".join(author.label.split())[:MOST_NAME] or "Unknown author"}
    if author.profile_url:
        data["Description"] = author.profile_url
    return {**data, "Email": email} if email else data


def erased(field: str) -> Data:
    """What takes everything away that tells who it was."""
    names = ("FirstName", "Email", "Phone", "MobilePhone", "Description", field)
    return {"LastName": "Erased", **dict.fromkeys(names)}


# -- entries -----------------------------------------------------------------------------------------------------------


def is_public(visibility: Visibility) -> bool:
    """Only PUBLIC is public; whatever else there may be is an internal comment."""
    return visibility is Visibility.PUBLIC


def files(comment: Comment) -> tuple[MediaFile, ...]:
    """The files that go along."""
    return tuple(file for file in comment.files if 0 < len(file.content) <= MOST_FILE_BYTES)[:MOST_FILES]


def words(comment: Comment) -> str:
    """Who said it, the words, links to what does not go along, and the source."""
    kept = {file.source for file in files(comment)}
    links = [
        item.url
        for item in comment.attachments
        if item.url and item.url not in comment.body and item.url not in kept and item.remote_id not in kept
    ]
    if comment.source_url and comment.source_url not in comment.body:
        links.append(comment.source_url)
    said = "\n\n".join([comment.body, *links])
    return f"{comment.author_label}:\n\n{said}" if comment.author is not None and comment.author_label else said


def description(comment: Comment) -> str:
    """A case's first entry."""
    return f"{words(comment)[:MOST_DESCRIPTION]}\n\n{mark(comment.external_id)}"


def comments(comment: Comment) -> list[Data]:
    """An entry as case comments without their case: one, or several where it is longer than one may be."""
    parts = list(pieces(words(comment), MOST_COMMENT_BYTES))[:MOST_PARTS] or [""]
    public = is_public(comment.visibility)
    return [
        {"CommentBody": f"{part}\n\n{mark(comment.external_id, at, len(parts))}".lstrip(), "IsPublished": public}
        for at, part in enumerate(parts, start=1)
    ]


def pieces(text: str, most_bytes: int) -> Iterator[str]:
    """`text` in parts of at most so many bytes, between words where that can be, never within a character."""
    here, size, blank = "", 0, 0
    for found in _GRAPHEME.findall(text):
        length = len(found.encode("utf-8", "replace"))
        if size + length > most_bytes and here:
            cut = blank if blank > len(here) // 2 else len(here)
            yield here[:cut].rstrip()
            here = here[cut:].lstrip()
            size, blank = len(here.encode("utf-8", "replace")), 0
        here += found
        size += length
        blank = len(here) if found.isspace() else blank
    if here.strip():
        yield here


def file(stored: MediaFile, case: str, external_id: str) -> Data:
    """A file on a case."""
    return {
        "Title": stored.name[:255],
        "PathOnClient": stored.name,
        "Description": file_mark(external_id),
        "VersionData": base64.b64encode(stored.content).decode("ascii"),
        "FirstPublishLocationId": case,
    }


# -- cases -------------------------------------------------------------------------------------------------------------


def case(draft: TicketDraft, options: Mapping[str, str]) -> Data:
    """The fields of a new case, without its external id, which the address holds."""
    data: Data = {
        "Subject": " ".join(draft.subject.split())[:MOST_SUBJECT] or "(no subject)",
        "Description": description(draft.comment),
        "ContactId": str(draft.requester.person),
        **_named(draft, options),
    }
    owner = (draft.group or "").strip() or option(options, "owner")
    if owner:
        data["OwnerId"] = owner
    for name, field in (("record_type", "RecordTypeId"), ("origin", "Origin")):
        if option(options, name):
            data[field] = option(options, name)
    if draft.priority:
        data["Priority"] = _PRIORITIES.get(draft.priority, draft.priority)
    if isinstance(draft.follow_up_of, TicketRef) and soql.is_record(draft.follow_up_of.ticket, "500"):
        data["ParentId"] = str(draft.follow_up_of.ticket)
    return data


def _named(draft: TicketDraft, options: Mapping[str, str]) -> dict[str, str]:
    values = {f"field.{name}": draft.fields.get(name, "") for name in FIELDS}
    values["tags_field"] = ";".join(dict.fromkeys(item.replace(";", " ") for item in draft.tags))
    if draft.due_at is not None:
        values["due_field"] = soql.moment(draft.due_at)
    named = {option(options, name): value for name, value in values.items()}
    return {name: value for name, value in named.items() if name and value}


# -- composites --------------------------------------------------------------------------------------------------------


def composite(parts: list[tuple[str, str, Data]]) -> Data:
    """Several changes that take effect together or not at all: (method, path, body) each; the first may be referred to
    as ``@{part1.id}``."""
    return {
        "allOrNone": True,
        "compositeRequest": [
            {"method": method, "url": path, "referenceId": f"part{at}", "body": body}
            for at, (method, path, body) in enumerate(parts, start=1)
        ],
    }
