"""Files both ways: customers' are uploaded and named by tokens, agents' are fetched from Zendesk's own hosts.

Sources: developer.zendesk.com, Attachments (uploads: POST with the content, a token that is good for 60 minutes; 50 MB
a file), 2026-08.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from chalicelib.connectors.helpdesks.zendesk.access import authorization, site
from chalicelib.connectors.toolkit.api import ApiClient
from chalicelib.connectors.toolkit.asking import readable
from chalicelib.connectors.toolkit.media import fetch_from
from chalicelib.core.errors import RejectedError, UnsupportedError
from chalicelib.core.events import Attachment
from chalicelib.core.media import MediaFile
from chalicelib.core.ticket import Comment
from chalicelib.ports.helpdesk import HelpdeskContext

HOSTS = ("*.zendesk.com", "*.zdusercontent.com")
"""Where comments' files are, and where these addresses lead."""


def upload(api: ApiClient, comment: Comment) -> tuple[str, ...]:
    """A token for each file of `comment`, one call each; a file that Zendesk refuses is left out. What is uploaded and
    not used is forgotten by Zendesk, so this may be repeated."""
    tokens = []
    for file in comment.files:
        headers = {"content-type": file.media_type}
        try:
            answer = api.call(
                "POST",
                "/uploads",
                params={"filename": file.name},
                body=file.content,
                headers=headers,
                idempotent=True,
            )
        except RejectedError:
            continue
        with readable():
            tokens.append(answer.json.need_id("upload", "token"))
    return tuple(tokens)


def fetch(context: HelpdeskContext, attachment: Attachment, most_bytes: int) -> MediaFile:
    """See `FetchesFiles`. The login goes to the account's own host alone (private attachments ask for it)."""
    if not attachment.url:
        raise UnsupportedError("a file without an address")
    own = site(context.connection.options)
    is_own = urlsplit(attachment.url).netloc == urlsplit(own).netloc
    headers = {"authorization": authorization(context.credentials)} if is_own else {}
    return fetch_from(
        context.http,
        attachment.url,
        hosts=HOSTS,
        most_bytes=most_bytes,
        headers=headers,
        name=attachment.title,
        origin=own,
    )
