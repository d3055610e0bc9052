"""Agents' files: served by the web server beside django-helpdesk, as a rule without a login (Django's MEDIA_URL)."""

from __future__ import annotations

from urllib.parse import urlsplit

from chalicelib.connectors.helpdesks.django_helpdesk.access import site
from chalicelib.connectors.toolkit.api import ApiClient
from chalicelib.connectors.toolkit.media import safe_name
from chalicelib.core.errors import UnsupportedError
from chalicelib.core.events import Attachment
from chalicelib.core.media import MediaFile
from chalicelib.ports.helpdesk import HelpdeskContext


def fetch_attachment(context: HelpdeskContext, attachment: Attachment, most_bytes: int) -> MediaFile:
    """The file, from base_url's own host or one of the option ``media_hosts``; never with our credentials."""
    origin, path = _place(context, attachment.url or "")
    answer = ApiClient(context.http, context.clock, origin, timeout=20.0).get(path, most_bytes=most_bytes)
    if len(answer.body) > most_bytes:
        raise UnsupportedError(f"larger than {most_bytes} bytes")
    told = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    media_type = attachment.media_type or told or "application/octet-stream"
    return MediaFile(
        name=safe_name(attachment.title, path.partition("?")[0], media_type),
        media_type=media_type,
        content=answer.body,
        source=attachment.remote_id or attachment.url or "",
    )


def _place(context: HelpdeskContext, url: str) -> tuple[str, str]:
    """Origin and path. A proxy may hide from Django by what scheme it is reached: base_url's counts for its host."""
    own = urlsplit(site(context.connection.options))
    try:
        parts = urlsplit(url)
    except ValueError:
        raise UnsupportedError("an address that can't be read") from None
    path = f"{parts.path}?{parts.query}" if parts.query else parts.path
    if not path.startswith("/"):
        raise UnsupportedError("a file without an address")
    if not parts.netloc or parts.netloc.lower() == own.netloc.lower():
        return f"{own.scheme}://{own.netloc}", path
    listed = {item.strip().lower() for item in context.connection.options.get("media_hosts", "").split(",")}
    if parts.scheme != "https" or parts.netloc.lower() not in listed:
        raise UnsupportedError("the file is on a host that no option names")
    return f"https://{parts.netloc}", path
