"""Forms with files (multipart/form-data), as twins receive them."""

from __future__ import annotations

from dataclasses import dataclass, field

from careloop.twins.base import TwinRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class FormFile:
    """A file of a form."""

    name: str
    media_type: str
    content: bytes = field(repr=False)


def read_form(request: TwinRequest) -> tuple[dict[str, str], dict[str, FormFile]]:
    """Fields and files by name, of several the last. Both empty where the body is no such form."""
    fields, files = read_parts(request)
    return dict(fields), dict(files)


def read_parts(request: TwinRequest) -> tuple[list[tuple[str, str]], list[tuple[str, FormFile]]]:
    """Fields and files in order, where a name (``attachments[]``) may come several times."""
    kind, _, rest = request.headers.get("content-type", "").partition("boundary=")
    fields: list[tuple[str, str]] = []
    files: list[tuple[str, FormFile]] = []
    if not kind.lower().startswith("multipart/form-data") or not rest:
        return fields, files
    edge = b"--" + rest.strip('" ').encode()
    for part in request.body.split(edge)[1:-1]:
        head, _, content = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        headers = {
            name.lower(): value for name, _, value in (line.partition(": ") for line in head.decode().split("\r\n"))
        }
        named = dict(_named(headers.get("content-disposition", "")))
        content = content.removesuffix(b"\r\n")
        if "filename" in named:
            media_type = headers.get("content-type", "application/octet-stream")
            files.append((named["name"], FormFile(name=named["filename"], media_type=media_type, content=content)))
        else:
            fields.append((named["name"], content.decode("utf-8", "replace")))
    return fields, files


def _named(disposition: str) -> list[tuple[str, str]]:
    pairs = (item.partition("=") for item in disposition.split("; ")[1:])
    return [(name, value.strip('"')) for name, _, value in pairs]
