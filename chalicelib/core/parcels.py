"""What goes out in one call: texts and files put together as the platform takes them. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chalicelib.core.capabilities import PlatformCapabilities
from chalicelib.core.events import Attachment, AttachmentKind
from chalicelib.core.media import MediaFile, MediaLimit
from chalicelib.core.text.length import fits

_NAMES = {
    AttachmentKind.IMAGE: "pictures",
    AttachmentKind.VIDEO: "videos",
    AttachmentKind.AUDIO: "sound files",
    AttachmentKind.STICKER: "stickers",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """One part of a reply: a text, files, or both."""

    text: str
    attachments: tuple[Attachment, ...] = ()


def parcels(
    texts: Sequence[str],
    attachments: Sequence[Attachment],
    capabilities: PlatformCapabilities,
    *,
    private: bool = False,
) -> tuple[Parcel, ...]:
    """`texts` and `attachments`, both in order: files go with the first text where the platform allows it and the text
    is short enough, else after the last one."""
    words = [text for text in texts if text.strip()] or ([] if attachments else list(texts))
    in_private = capabilities.most_private_attachments if private else None
    most = max(1, capabilities.most_attachments if in_private is None else in_private)
    groups = [tuple(attachments[start : start + most]) for start in range(0, len(attachments), most)]
    if groups and words and _goes_along(words[0], capabilities):
        first = Parcel(text=words[0], attachments=groups[0])
        return (first, *(Parcel(text=text) for text in words[1:]), *_files(groups[1:]))
    return (*(Parcel(text=text) for text in words), *_files(groups))


def _files(groups: Sequence[tuple[Attachment, ...]]) -> list[Parcel]:
    return [Parcel(text="", attachments=group) for group in groups]


def _goes_along(text: str, capabilities: PlatformCapabilities) -> bool:
    limits = capabilities.caption_limits
    return capabilities.text_with_media and (limits is None or fits(text, limits))


def attachment_refusal(attachment: Attachment, capabilities: PlatformCapabilities) -> str | None:
    """Why the platform would not take it, by what the helpdesk tells of it; None: it would, as far as that is known."""
    if attachment.kind not in capabilities.attachments:
        return f"{_name(attachment.kind)} can't be sent from here"
    return _refusal(attachment.kind, attachment.media_type, attachment.size, capabilities.media)


def file_refusal(file: MediaFile, attachment: Attachment, capabilities: PlatformCapabilities) -> str | None:
    """Why the platform would not take it, by its content."""
    return _refusal(attachment.kind, file.media_type, len(file.content), capabilities.media)


def most_bytes(attachment: Attachment, capabilities: PlatformCapabilities, otherwise: int) -> int:
    """Of a file of that kind, at most."""
    limits = [limit.most_bytes for limit in capabilities.media if limit.kind is attachment.kind]
    return max(limits, default=otherwise)


def _refusal(
    kind: AttachmentKind, media_type: str | None, size: int | None, media: tuple[MediaLimit, ...]
) -> str | None:
    limits = [limit for limit in media if limit.kind is kind]
    if not limits:
        return None
    if media_type:
        fitting = [limit for limit in limits if any(is_of_type(media_type, item) for item in limit.media_types)]
        if not fitting:
            taken = ", ".join(dict.fromkeys(item for limit in limits for item in limit.media_types))
            return f"{_name(kind)} of type {media_type} can't be sent (these can: {taken})"
        limits = fitting
    most = max(limit.most_bytes for limit in limits)
    if size is not None and size > most:
        return f"{_name(kind)} may have {_megabytes(most)} at most, this one has {_megabytes(size)}"
    return None


def is_of_type(media_type: str, pattern: str) -> bool:
    """Whether "image/png" is "image/png", "image/*" or "*/*"."""
    return pattern == "*/*" or media_type == pattern or (pattern.endswith("/*") and media_type.startswith(pattern[:-1]))


def _name(kind: AttachmentKind) -> str:
    return _NAMES.get(kind, "files")


def _megabytes(size: int) -> str:
    return f"{size / 1_000_000:.1f} MB"
