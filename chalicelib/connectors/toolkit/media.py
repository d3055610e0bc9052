"""Fetching what a stranger's message points to: only from the platform's own hosts, of a kind and size that is taken.

HTTPS alone; redirects only within the list, a few at most; no address of a private network, whatever a name stands for
at the moment (the adapter looks at what was connected to); nothing executable; the content outweighs what a header says
of it.
"""

from __future__ import annotations

import mimetypes
import re
from collections.abc import Mapping, Sequence
from urllib.parse import unquote, urljoin, urlsplit

from chalicelib.core.errors import NotFoundError, RateLimitedError, RejectedError, UnavailableError, UnsupportedError
from chalicelib.core.media import MediaFile
from chalicelib.ports.services import Http, HttpRequest, HttpResponse

TAKEN = (
    "image/*",
    "video/*",
    "audio/*",
    "application/pdf",
    "text/plain",
    "application/msword",
    "application/vnd.*",
    "application/zip",
)
"""What is taken where a connector names no types."""
REFUSED = ("image/svg+xml", "application/vnd.microsoft.portable-executable", "application/vnd.android.package-archive")
"""Can run, whatever they are called."""
MOST_REDIRECTS = 3
TIMEOUT = 20.0
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_GONE = frozenset({401, 403, 404, 410})
"""A link that ran out is refused as often as it is missing."""
_MAGIC: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"GIF8", "image/gif"),
    (8, b"WEBP", "image/webp"),
    (4, b"ftypheic", "image/heic"),
    (4, b"ftypM4A", "audio/mp4"),
    (4, b"ftypqt", "video/quicktime"),
    (4, b"ftypmif1", "image/heic"),
    (4, b"ftypavif", "image/avif"),
    (4, b"ftyp3gp", "video/3gpp"),
    (4, b"ftyp", "video/mp4"),
    (0, b"\x1aE\xdf\xa3", "video/webm"),
    (0, b"OggS", "audio/ogg"),
    (0, b"ID3", "audio/mpeg"),
    (8, b"WAVE", "audio/wav"),
    (0, b"#!AMR", "audio/amr"),
    (0, b"%PDF-", "application/pdf"),
)
_LIKE = {("video/mp4", "audio/mp4"), ("video/webm", "audio/webm"), ("audio/ogg", "video/ogg")}
"""Containers that look the same: sniffed, told."""
_RUNS = re.compile(rb"\s*(?:<!doctype html|<html|<script|<svg|<\?xml|<\?php|MZ|\x7fELF|#!/)", re.IGNORECASE)
_ENDINGS = {"image/jpeg": ".jpg", "audio/ogg": ".ogg", "audio/mp4": ".m4a", "audio/amr": ".amr", "image/webp": ".webp"}
_UNSAFE = re.compile(r"[^\w.\- ]+")
_MOST_NAME = 80


def fetch_from(
    http: Http,
    url: str,
    *,
    hosts: Sequence[str],
    most_bytes: int,
    types: Sequence[str] = TAKEN,
    headers: Mapping[str, str] | None = None,
    name: str | None = None,
    origin: str | None = None,
) -> MediaFile:
    """The file at `url`.

    ``hosts``: "cdn.example.com" or "*.example.com", which does not mean "example.com" itself; ``types``: media types,
    "image/*" for all of a kind; ``headers`` (a token) go to the first address alone, never along with a redirect;
    ``origin``: the account's own base_url (a server of one's own, a stand-in), which is trusted as it was configured.
    Raises UnsupportedError (another host, a private address, too large, of another type), NotFoundError (gone, run
    out), RateLimitedError, UnavailableError, RejectedError.
    """
    target, sent = url, dict(headers or {})
    for _ in range(MOST_REDIRECTS + 1):
        own = origin is not None and _site(target) == _site(origin)
        if not own:
            _check_address(target, hosts)
        answer = http.send(
            HttpRequest(
                method="GET",
                url=target,
                headers=sent,
                timeout=TIMEOUT,
                idempotent=True,
                most_bytes=most_bytes,
                public_only=not own,
            )
        )
        if answer.status not in _REDIRECTS:
            return _file(answer, target, url, most_bytes=most_bytes, types=types, name=name)
        target, sent = urljoin(target, answer.headers.get("location", "")), {}
    raise UnsupportedError("the file moves from address to address")


def host_is_listed(host: str, hosts: Sequence[str]) -> bool:
    """Whether `host` is one of `hosts`, or below one that begins with "*."."""
    host = host.lower().rstrip(".")
    return any(host.endswith(item[1:]) if item.startswith("*.") else host == item for item in hosts)


def type_is_taken(media_type: str, types: Sequence[str]) -> bool:
    """Whether `media_type` is among `types`."""
    if media_type in REFUSED:
        return False
    return any(media_type.startswith(item[:-1]) if item.endswith("*") else media_type == item for item in types)


def safe_name(wanted: str | None, url: str, media_type: str) -> str:
    """A file name without a path, with an ending that fits the type."""
    last = unquote(urlsplit(url).path.rpartition("/")[2])
    text = _UNSAFE.sub("_", (wanted or last or "file").replace("\\", "/").rpartition("/")[2]).strip(" .")
    stem, dot, ending = text.rpartition(".")
    guessed = mimetypes.guess_type(text)[0] if dot else None
    if guessed == media_type and stem:
        return f"{stem[-_MOST_NAME:]}.{ending}"
    suffix = _ENDINGS.get(media_type) or mimetypes.guess_extension(media_type) or ".bin"
    return (text[:_MOST_NAME].strip(" .") or "file") + suffix


def _check_address(url: str, hosts: Sequence[str]) -> None:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise UnsupportedError("an address that can't be read") from None
    if parts.scheme != "https" or port not in (None, 443) or parts.username is not None or not parts.hostname:
        raise UnsupportedError("only plain https addresses are fetched")
    if not host_is_listed(parts.hostname, hosts):
        raise UnsupportedError("the file is on a host that is not the platform's")


def _site(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc


def _file(
    answer: HttpResponse, target: str, source: str, *, most_bytes: int, types: Sequence[str], name: str | None
) -> MediaFile:
    if answer.status in _GONE:
        raise NotFoundError("the file is gone, or its link has run out", remote_code=str(answer.status))
    if answer.status == 429:
        raise RateLimitedError("too many files were asked for")
    if answer.status >= 500:
        raise UnavailableError(f"the file's host answers {answer.status}")
    if not 200 <= answer.status < 300:
        raise RejectedError(f"the file's host answers {answer.status}", remote_code=str(answer.status))
    if len(answer.body) > most_bytes:
        raise UnsupportedError(f"larger than {most_bytes} bytes")
    media_type = media_type_of(answer.body, answer.headers.get("content-type", ""), name or target)
    if not type_is_taken(media_type, types):
        raise UnsupportedError(f"files of type {media_type} are not taken")
    return MediaFile(
        name=safe_name(name, target, media_type), media_type=media_type, content=answer.body, source=source
    )


def media_type_of(content: bytes, told: str, name: str = "") -> str:
    """What `content` is: by its first bytes, else as the header tells, else by the name's ending."""
    told = told.partition(";")[0].strip().lower()
    if _RUNS.match(content[:200]):
        return "application/x-executable"
    seen = next((kind for at, mark, kind in _MAGIC if content[at : at + len(mark)] == mark), None)
    if seen is not None:
        return told if (seen, told) in _LIKE else seen
    if told.partition("/")[0] in ("image", "video") and told not in ("image/bmp", "image/tiff", "video/3gpp"):
        return "application/octet-stream"  # a picture that does not begin as one
    if told and told not in ("application/octet-stream", "binary/octet-stream"):
        return told
    return mimetypes.guess_type(urlsplit(name).path)[0] or "application/octet-stream"
