"""What Tryton answers, read into contacts. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from chalicelib.connectors.crms.tryton.domains import ID_SUFFIXES, NAMES
from chalicelib.connectors.toolkit.payload import Reader
from chalicelib.core.ids import ContactId, ContactRef
from chalicelib.core.matching import normalise_phone
from chalicelib.core.people import Contact, SocialHandle
from chalicelib.core.text.normalise import clean_text

FIELDS = (
    "name",
    "code",
    "lang.code",
    "contact_mechanisms.type",
    "contact_mechanisms.name",
    "contact_mechanisms.value",
    "addresses.city",
    "addresses.country.code",
)
_IMMUTABLE = re.compile(r"did:[a-z0-9]+:.+|[0-9]{5,}|@[^@\s:]+:[^@\s]+")
"""Values that are ids and no handles: Bluesky's, Meta's and X's numbers, Matrix's."""


def party_ids(found: Reader, name: str) -> list[str]:
    """The parties that an answer names, each once: records' own ids (``id``), or those that they belong to."""
    ids = [_party_id(item, name) for item in found.items()]
    return list(dict.fromkeys(ids))


def _party_id(item: Reader, name: str) -> str:
    here = item.need(name)
    found = here.need_id("id") if isinstance(here.value, dict) else item.need_id(name)
    if not (found.isascii() and found.isdigit() and len(found) <= 18):
        raise here.wrong("a record's id expected")
    return found


def contact(party: Reader, crm: str, url: str, platforms: Mapping[str, str]) -> Contact:
    """One party. ``platforms``: what a contact mechanism may be called -> platform. Raises PayloadError."""
    number = party.need_id("id")
    mechanisms = _mechanisms(party.value)
    plain = [item for item in mechanisms if not _is_social(item, platforms)]
    code = party.find_text("code")
    city, country = _address(party.value)
    phones = (normalise_phone(value, country or "") for kind, _, value in plain if kind in ("phone", "mobile"))
    return Contact(
        ref=ContactRef(crm=crm, contact=ContactId(number)),
        name=party.find_text("name") or (f"Party {code}" if code else f"Party {number}"),
        emails=_each(value for kind, _, value in plain if kind == "email"),
        phones=_each(filter(None, phones)),
        social=tuple(dict.fromkeys(_social(item, platforms) for item in mechanisms if _is_social(item, platforms))),
        customer_numbers=(code,) if code else (),
        city=city,
        country=country,
        language=_text(party.value, "lang", "code"),
        url=f"{url}/{number}",
    )


def _mechanisms(party: Any) -> list[tuple[str, str, str]]:
    """(type, name, value) of each that has a value."""
    items = party.get("contact_mechanisms")
    found = []
    for item in items if isinstance(items, list) else ():
        kind, name, value = (_text(item, field) or "" for field in ("type", "name", "value"))
        if value:
            found.append((kind, name.strip().lower(), value.strip()))
    return found


def _is_social(mechanism: tuple[str, str, str], platforms: Mapping[str, str]) -> bool:
    """Named mechanisms of type "other", and those named after a platform that was asked for (Tryton's clients take some
    handles for mail addresses)."""
    kind, name, _ = mechanism
    return bool(name) and (kind == "other" or _bare(name) in platforms)


def _bare(name: str) -> str:
    return next((name.removesuffix(suffix) for suffix in ID_SUFFIXES if name.endswith(suffix)), name)


def _social(mechanism: tuple[str, str, str], platforms: Mapping[str, str]) -> SocialHandle:
    _, name, value = mechanism
    bare = _bare(name)
    platform = platforms.get(bare, bare)
    if bare != name or _IMMUTABLE.fullmatch(value):
        return SocialHandle(platform=platform, user_id=value)
    return SocialHandle(platform=platform, handle=value.lstrip("@"))


def platform_names(platforms: Iterable[str], aliases: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    """What a contact mechanism may be called -> platform."""
    known = {alias: platform for platform, names in {**NAMES, **aliases}.items() for alias in names}
    return {**{platform: platform for platform in platforms}, **known}


def _address(party: Any) -> tuple[str | None, str | None]:
    """City and country code of the first address."""
    items = party.get("addresses")
    first = items[0] if isinstance(items, list) and items else None
    return _text(first, "city"), _text(first, "country", "code")


def _text(value: Any, *names: str) -> str | None:
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return clean_text(value) or None if isinstance(value, str) else None


def _each(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))
