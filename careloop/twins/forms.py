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
    """Fields and files by name. Both empty where the body is no such form."""
    kind, _, rest = request.headers.get("content-type", "").partition("boundary=")
    fields: dict[str, str] = {}
    files: dict[str, FormFile] = {}
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
            files[named["name"]] = FormFile(name=named["filename"], media_type=media_type, content=content)
        else:
            fields[named["name"]] = content.decode("utf-8", "replace")
    return fields, files


def _named(disposition: str) -> list[tuple[str, str]]:
    pairs = (item.partition("=") for item in disposition.split("; ")[1:])
    return [(name, value.strip('"')) for name, _, value in pairs]
