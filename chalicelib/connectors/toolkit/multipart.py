"""Bodies of multipart/form-data (RFC 7578): fields and files, byte-stable for equal input."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from chalicelib.core.media import MediaFile


def multipart(fields: Sequence[tuple[str, str]], files: Sequence[tuple[str, MediaFile]]) -> tuple[str, bytes]:
    """The content type and the body. A name may come several times. The boundary is a hash of the content: a
    repetition is the same bytes, and no file can be made to hold it."""
    parts = [_head(name) + b"\r\n" + value.encode("utf-8", "replace") for name, value in fields]
    for name, file in files:
        kind = f"Content-Type: {_line(file.media_type)}\r\n".encode("utf-8", "replace")
        parts.append(_head(name, file.name) + kind + b"\r\n" + file.content)
    boundary = "careloop-" + hashlib.sha256(b"\x00".join(parts)).hexdigest()[:32]
    edge = b"--" + boundary.encode()
    body = b"".join(edge + b"\r\n" + part + b"\r\n" for part in parts) + edge + b"--\r\n"
    return f"multipart/form-data; boundary={boundary}", body


def _head(name: str, file: str | None = None) -> bytes:
    named = f'; filename="{_quoted(file)}"' if file is not None else ""
    return f'Content-Disposition: form-data; name="{_quoted(name)}"{named}\r\n'.encode("utf-8", "replace")


def _quoted(text: str) -> str:
    """As browsers write names (HTML standard, multipart/form-data encoding algorithm)."""
    return text.replace("\r", "%0D").replace("\n", "%0A").replace('"', "%22")


def _line(text: str) -> str:
    return text.replace("\r", " ").replace("\n", " ")
