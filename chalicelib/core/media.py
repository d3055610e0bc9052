"""Files on their way between a platform and a helpdesk, and what each side takes."""

from __future__ import annotations

from dataclasses import dataclass, field

from chalicelib.core.events import AttachmentKind


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaFile:
    """A file with its content, held in memory only. ``name``: with an ending, safe as a file's name. ``source``: what
    of the message or reply it came from (an attachment's url or remote id)."""

    name: str
    media_type: str
    content: bytes = field(repr=False)
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaLimit:
    """What a side takes of one kind. ``media_types``: "image/jpeg", or "image/*"; ``most_bytes`` of one file."""

    kind: AttachmentKind
    media_types: tuple[str, ...]
    most_bytes: int
