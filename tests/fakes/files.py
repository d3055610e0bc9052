"""Files that a fake hands out, with the bounds that the ports name."""

from __future__ import annotations

from collections.abc import Mapping

from chalicelib.core.errors import NotFoundError, UnsupportedError
from chalicelib.core.events import Attachment
from chalicelib.core.media import MediaFile


def handed_out(files: Mapping[str, MediaFile | Exception], attachment: Attachment, most_bytes: int) -> MediaFile:
    """The file with the attachment's id. Raises what was planted for it."""
    found = files.get(attachment.remote_id or "", NotFoundError("no such file"))
    if isinstance(found, Exception):
        raise found
    if len(found.content) > most_bytes:
        raise UnsupportedError("too large")
    return found
