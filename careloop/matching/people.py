"""Rows as contacts and as authors with what they wrote."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from careloop.contacts import BadRow, found_in
from careloop.matching.source import UnreadableRowError
from careloop.matching.values import moment, objects, region, several, whole, words, yes
from chalicelib.core.events import Visibility
from chalicelib.core.ids import AuthorId, AuthorKey
from chalicelib.core.matching.types import Said, Subject
from chalicelib.core.people import Author, Contact, Profile

CRM = "file"
_MOST_MESSAGES = 50


def contact_in(row: Mapping[str, Any], *, brand_region: str) -> Contact:
    """A row as a contact; national phone numbers are those of its country, else of the brand's. UnreadableRowError."""
    plain: dict[str, Any] = {str(name): value for name, value in row.items() if value is not None}
    for name in ("orders", "order", "customer_numbers", "emails", "email", "phones", "phone"):
        if name in plain:
            plain[name] = several(plain[name])
    for name in ("contact_id", "id"):
        plain[name] = words(plain.get(name))
    plain["social"] = _social(plain.get("social"))
    if "created" in plain:
        since = moment(plain["created"])
        plain["created"] = since.isoformat() if since else None
    found = found_in(0, plain, crm=CRM, region=region(plain.get("country")) or brand_region)
    if isinstance(found, Contact):
        return found
    raise UnreadableRowError(found.reason if isinstance(found, BadRow) else "a deleted contact")


def _social(value: Any) -> list[dict[str, str]]:
    """Objects with a platform; or one object of handles by platform."""
    found = []
    for item in objects(value):
        if "platform" in item:
            found.append({str(name): text for name, part in item.items() if (text := words(part))})
        else:
            found += [
                {
                    "platform": str(name),
                    **(_presence(part) if isinstance(part, Mapping) else {"handle": words(part) or ""}),
                }
                for name, part in item.items()
            ]
    return found


def _presence(part: Mapping[str, Any]) -> dict[str, str]:
    return {str(name): text for name, value in part.items() if (text := words(value))}


def author_id_in(row: Mapping[str, Any]) -> str:
    """How the row names itself. UnreadableRowError: it does not."""
    found = words(row.get("author_id")) or words(row.get("id"))
    if found is None:
        raise UnreadableRowError("no author_id")
    return found


def subject_in(row: Mapping[str, Any]) -> Subject:
    """A row as an author and what they wrote. Without a user id the author's key has an empty one: it is unknown."""
    profile = Profile(
        bio=words(row.get("bio")),
        website=words(row.get("website")),
        location=words(row.get("location")),
        verified=yes(row.get("verified")),
        followers=whole(row.get("followers")),
        account_created=moment(row.get("account_created")),
        avatar_hash=words(row.get("avatar_hash")),
    )
    author = Author(
        key=AuthorKey(
            platform=(words(row.get("platform")) or "").lower(), author=AuthorId(words(row.get("user_id")) or "")
        ),
        handle=(words(row.get("handle")) or "").lstrip("@") or None,
        display_name=words(row.get("display_name")),
        profile_url=words(row.get("profile_url")),
        email=words(row.get("email")),
        phone=words(row.get("phone")),
        locale=words(row.get("language")) or words(row.get("locale")),
        profile=profile,
    )
    return Subject(author=author, messages=tuple(_messages(row.get("messages")))[:_MOST_MESSAGES])


def _messages(value: Any) -> Iterator[Said]:
    """What is not said to be private is public: the careful reading."""
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, str) and item.strip():
            yield Said(text=item, visibility=Visibility.PUBLIC)
        elif isinstance(item, Mapping) and isinstance(item.get("text"), str):
            yield Said(text=item["text"], visibility=Visibility.PRIVATE if _is_private(item) else Visibility.PUBLIC)


def _is_private(item: Mapping[str, Any]) -> bool:
    return (
        yes(item.get("public")) is False
        or yes(item.get("private")) is True
        or (words(item.get("visibility")) or "").lower() in ("private", "direct", "dm")
    )
