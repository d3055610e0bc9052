"""Files that agents attached to a note: looked up by their id, fetched from a signed address."""

from __future__ import annotations

from chalicelib.connectors._hubspot.api import HubSpotApi
from chalicelib.connectors.helpdesks.hubspot.bodies import option
from chalicelib.connectors.toolkit.api import segment
from chalicelib.connectors.toolkit.asking import readable
from chalicelib.connectors.toolkit.media import fetch_from
from chalicelib.connectors.toolkit.payload import Reader
from chalicelib.core.errors import NotFoundError
from chalicelib.core.events import Attachment, AttachmentKind
from chalicelib.core.media import MediaFile
from chalicelib.ports.helpdesk import HelpdeskContext

HOSTS = (
    "*.hubapi.com",
    "*.hubspotusercontent.com",
    "*.hubspotusercontent-na1.net",
    "*.hubspotusercontent-eu1.net",
    "*.hubspot.com",
)
"""Where signed addresses lie [unconfirmed list]: another host is refused, never trusted."""
_KINDS = {"IMG": AttachmentKind.IMAGE, "MOVIE": AttachmentKind.VIDEO, "AUDIO": AttachmentKind.AUDIO}


class Files:
    """One account's files."""

    def __init__(self, api: HubSpotApi, context: HelpdeskContext) -> None:
        self._api = api
        self._http = context.http
        self._site = option(context.connection.options, "base_url") or None

    def shown(self, file: str) -> Attachment:
        """One call. A file that is gone is still named, so that its absence is noticed."""
        try:
            found = self._ask(file)
        except NotFoundError:
            return Attachment(kind=AttachmentKind.FILE, remote_id=file)
        with readable():
            name = ".".join(filter(None, (found.find_text("name"), found.find_text("extension"))))
            size = found.find_id("size") or ""
            return Attachment(
                kind=_KINDS.get(found.find_text("type") or "", AttachmentKind.FILE),
                title=name or None,
                size=int(size) if size.isascii() and size.isdigit() and len(size) < 16 else None,
                remote_id=file,
            )

    def fetch(self, attachment: Attachment, *, most_bytes: int) -> MediaFile:
        """Two calls: a signed address, and the file there, without our token."""
        if not attachment.remote_id:
            raise NotFoundError("a file without an id")
        found = self._ask(attachment.remote_id)
        with readable():
            url = found.need_text("url")
        return fetch_from(self._http, url, hosts=HOSTS, most_bytes=most_bytes, name=attachment.title, origin=self._site)

    def _ask(self, file: str) -> Reader:
        answer = self._api.get(f"/files/v3/files/{segment(file)}/signed-url")
        with readable():
            return answer.json
