"""Files both ways. The own server shows others' files as its own, from a host of its own or one beside it."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from chalicelib.connectors.toolkit.api import ApiClient
from chalicelib.connectors.toolkit.asking import readable
from chalicelib.connectors.toolkit.multipart import multipart
from chalicelib.core.errors import UnavailableError
from chalicelib.core.media import MediaFile


def upload(api: ApiClient, files: Sequence[MediaFile]) -> list[str]:
    """The ids to post them with. What was uploaded and never posted the server forgets. Raises leaves."""
    return [_upload(api, file) for file in files]


def _upload(api: ApiClient, file: MediaFile) -> str:
    kind, body = multipart((), (("file", file),))
    answer = api.call("POST", "/api/v2/media", body=body, headers={"content-type": kind}, idempotent=True)
    if answer.status == 202:
        raise UnavailableError("the server still works on the file", retry_after=20.0)
    with readable():
        return answer.json.need_id("id")


def media_hosts(base_url: str, named: str) -> tuple[str, ...]:
    """Where files may come from: the server's own host, those below it, and what the option names."""
    host = (urlsplit(base_url).hostname or "").lower()
    return (host, f"*.{host}", *(item.strip().lower() for item in named.split(",") if item.strip()))
