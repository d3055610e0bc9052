"""Which fields of a CRM's contacts hold presences on networks, as its options name them. Pure.

``identity_fields = "x=twitterhandle:handle, facebook=facebook_id:id"``: platform, field, and whether the field holds
the handle or the platform's immutable id. ``identity_record`` names a text field beside them, for platforms without a
field and to remember what was written by us, a line for each presence:

    x 1234567 @acme (twitterhandle)

The platform, its id, the handle, the fields that we filled in. Lines of others stay as they are.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import zip_longest
from urllib.parse import quote, unquote

from chalicelib.core.errors import ConfigurationError
from chalicelib.core.matching import normalise_handle, normalise_platform
from chalicelib.core.people import Author, SocialHandle
from chalicelib.ports.spec import OptionField

FIELD = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
"""What may name a field: names go into queries."""
_ENTRY = re.compile(r"(?P<platform>[A-Za-z0-9_.]+)\s*=\s*(?P<field>\S+?)\s*:\s*(?P<part>id|handle)")
_LINE = re.compile(r"(?P<platform>[a-z0-9_]+) (?P<id>\S+)(?: @(?P<handle>\S+))?(?: \((?P<filled>[\w, ]*)\))?")
_SAFE = ":@/.,-_~+=!*$&;?#"
_PROFILES: Mapping[str, tuple[str, ...]] = {
    "x": ("x.com/", "twitter.com/"),
    "facebook": ("facebook.com/",),
    "instagram": ("instagram.com/",),
    "linkedin": ("linkedin.com/in/",),
    "tiktok": ("tiktok.com/@",),
    "youtube": ("youtube.com/@",),
    "telegram": ("t.me/",),
    "threads": ("threads.net/@",),
    "bluesky": ("bsky.app/profile/",),
    "reddit": ("reddit.com/user/",),
}

IDENTITY_OPTIONS = (
    OptionField(
        name="identity_fields",
        description="Fields of a contact that hold handles and ids: platform=field:handle or platform=field:id, "
        "separated by commas",
        example="x=twitter_handle:handle, facebook=facebook_id:id",
    ),
    OptionField(
        name="identity_record",
        description="A text field of several lines in which Careloop keeps the presences that it linked, for any "
        "platform",
        example="careloop_identities",
    ),
)


class Part(StrEnum):
    """What a field holds."""

    ID = "id"
    HANDLE = "handle"


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityField:
    """One field."""

    platform: str
    field: str
    part: Part


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordLine:
    """A line of the record. ``filled``: the fields that we wrote for it."""

    platform: str
    user_id: str
    handle: str = ""
    filled: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """As it is written."""
        parts = [self.platform, quote(self.user_id, safe=_SAFE)]
        parts += [f"@{quote(self.handle, safe=_SAFE)}"] if self.handle else []
        parts += [f"({', '.join(self.filled)})"] if self.filled else []
        return " ".join(parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityFields:
    """The fields of one connection. Values are those of a contact by field; missing is as good as empty."""

    fields: tuple[IdentityField, ...] = ()
    record: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """All fields to read."""
        found = [*(item.field for item in self.fields), *filter(None, [self.record])]
        return tuple(dict.fromkeys(found))

    def of(self, platform: str, part: Part) -> tuple[str, ...]:
        """The fields for a platform's ids or handles."""
        return tuple(item.field for item in self.fields if item.platform == platform and item.part is part)

    def social(self, values: Mapping[str, str]) -> tuple[SocialHandle, ...]:
        """The presences that a contact has."""
        found: list[SocialHandle] = []
        for platform in dict.fromkeys(item.platform for item in self.fields):
            ids = [_value(values, name) for name in self.of(platform, Part.ID)]
            handles = [_value(values, name).lstrip("@") for name in self.of(platform, Part.HANDLE)]
            for user_id, handle in zip_longest(ids, handles, fillvalue=""):
                if user_id or handle:
                    found.append(SocialHandle(platform=platform, handle=handle or None, user_id=user_id or None))
        for line in record_lines(_value(values, self.record)):
            found.append(SocialHandle(platform=line.platform, handle=line.handle or None, user_id=line.user_id))
        return tuple(dict.fromkeys(found))

    def linked(self, values: Mapping[str, str], author: Author) -> dict[str, str]:
        """The fields to write so that the contact has this presence. What others entered is never overwritten."""
        platform, user_id = author.key.platform, str(author.key.author)
        handle = (author.handle or "").strip().lstrip("@")
        mine = self._mine(values, author)
        ids, handles = self.of(platform, Part.ID), self.of(platform, Part.HANDLE)
        ours = mine.filled if mine else ()
        written = {mine.user_id, mine.handle} - {""} if mine else set()
        kept_by_us = [name for name in ours if _holds(values, name, written)]
        changes = _placed(ids, values, user_id, kept_by_us, str.__eq__)
        if handle:
            changes |= _placed(handles, values, handle, kept_by_us, _same)
        if self.record:
            kept = handle or (mine.handle if mine else "")
            filled = tuple(dict.fromkeys((*ours, *changes)))
            line = RecordLine(platform=platform, user_id=user_id, handle=kept, filled=filled)
            if line != mine:
                changes[self.record] = _with(_value(values, self.record), mine, line)
        return changes

    def unlinked(self, values: Mapping[str, str], author: Author) -> dict[str, str]:
        """The fields to write ("": to empty) so that what we wrote for this presence is gone. Without a record that
        says what we wrote, that is every field that holds the author's id or handle."""
        mine = self._mine(values, author)
        if mine is not None:
            gone = {mine.user_id, mine.handle} - {""}
            changes = {name: "" for name in mine.filled if name in self.names and _holds(values, name, gone)}
            return {**changes, self.record: _with(_value(values, self.record), mine, None)}
        if self.record:
            return {}
        platform, handle = author.key.platform, (author.handle or "").strip()
        ids = [name for name in self.of(platform, Part.ID) if _value(values, name) == str(author.key.author)]
        handles = [name for name in self.of(platform, Part.HANDLE) if handle and _same(_value(values, name), handle)]
        return dict.fromkeys((*ids, *handles), "")

    def _mine(self, values: Mapping[str, str], author: Author) -> RecordLine | None:
        wanted = (author.key.platform, str(author.key.author))
        lines = record_lines(_value(values, self.record))
        return next((item for item in lines if (item.platform, item.user_id) == wanted), None)


def identity_fields(options: Mapping[str, str]) -> IdentityFields:
    """What the options say. Raises ConfigurationError."""
    found = []
    for entry in filter(None, (part.strip() for part in options.get("identity_fields", "").split(","))):
        match = _ENTRY.fullmatch(entry)
        if match is None:
            raise ConfigurationError("option identity_fields must read platform=field:handle, platform=field:id")
        field = field_name("identity_fields", match["field"])
        found.append(IdentityField(platform=normalise_platform(match["platform"]), field=field, part=Part(match[3])))
    return IdentityFields(fields=tuple(found), record=field_option(options, "identity_record"))


def field_option(options: Mapping[str, str], option: str) -> str:
    """An option that names one field; "" without. Raises ConfigurationError."""
    value = options.get(option, "").strip()
    return field_name(option, value) if value else ""


def field_name(option: str, value: str) -> str:
    """A field's name. Raises ConfigurationError."""
    if FIELD.fullmatch(value) is None:
        raise ConfigurationError(f"option {option} must name a field by letters, digits and underscores")
    return value


def record_lines(text: str) -> list[RecordLine]:
    """The lines of a record that are ours."""
    return [line for item in text.splitlines() if (line := _line(item)) is not None]


def record_text(platform: str, user_id: str) -> str:
    """How a line for this presence begins."""
    return RecordLine(platform=platform, user_id=user_id).text


def handle_forms(platform: str, handle: str) -> tuple[str, ...]:
    """How a handle (normalised) may stand in a field, in lower case: plain, with @, as the profile's address."""
    forms = [handle, f"@{handle}"]
    for place in _PROFILES.get(platform, ()):
        forms += [f"{start}{place}{handle}" for start in ("https://", "https://www.", "http://www.", "www.", "")]
    return tuple(forms)


def number_forms(number: str) -> tuple[str, ...]:
    """How a customer number (normalised) may stand in a field: as it is, and with a sign behind its letters."""
    digits = number.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    front = number[: len(number) - len(digits)]
    return (number, *(f"{front}{sign}{digits}" for sign in "- _/." if front and digits))


def _line(text: str) -> RecordLine | None:
    match = _LINE.fullmatch(text.strip())
    if match is None:
        return None
    filled = tuple(name.strip() for name in (match["filled"] or "").split(",") if name.strip())
    return RecordLine(
        platform=match["platform"],
        user_id=unquote(match["id"]),
        handle=unquote(match["handle"] or ""),
        filled=filled,
    )


def _with(text: str, before: RecordLine | None, after: RecordLine | None) -> str:
    """A record in which `after` stands for `before`."""
    kept: Iterator[str] = (item.strip() for item in text.splitlines())
    lines = [item for item in kept if item and (before is None or _line(item) != before)]
    return "\n".join([*lines, *([after.text] if after is not None else [])])


def _placed(
    names: Iterable[str],
    values: Mapping[str, str],
    value: str,
    ours: Iterable[str],
    same: Callable[[str, str], bool],
) -> dict[str, str]:
    """Where to write a value that no field has yet: over an older one of ours, else into an empty field."""
    names = tuple(names)
    if any(same(_value(values, name), value) for name in names):
        return {}
    free = [name for name in names if not _value(values, name)]
    place = next((name for name in (*(item for item in names if item in set(ours)), *free)), None)
    return {place: value} if place else {}


def _same(found: str, value: str) -> bool:
    return found == value or (bool(found) and normalise_handle(found) == normalise_handle(value))


def _value(values: Mapping[str, str], name: str) -> str:
    return (values.get(name) or "").strip() if name else ""


def _holds(values: Mapping[str, str], name: str, wanted: set[str]) -> bool:
    return any(_same(_value(values, name), item) for item in wanted)
