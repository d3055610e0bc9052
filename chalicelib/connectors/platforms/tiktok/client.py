"""Calls to TikTok's business API: the health check, and comments whose words a webhook lacks. It writes nothing."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from chalicelib.connectors.platforms.tiktok import comments
from chalicelib.connectors.platforms.tiktok.spec import BASE_URL
from chalicelib.connectors.toolkit.api import ApiClient
from chalicelib.connectors.toolkit.asking import readable
from chalicelib.connectors.toolkit.payload import Collector, Reader
from chalicelib.core.errors import (
    CareloopError,
    ConfigurationError,
    CredentialsError,
    NotFoundError,
    RateLimitedError,
    RejectedError,
    UnavailableError,
)
from chalicelib.core.events import Parsed, PlatformEvent
from chalicelib.core.ids import MessageId
from chalicelib.ports.platform import PlatformContext

_MINUTE = 60.0


def _credentials(code: str) -> CareloopError:
    return CredentialsError(
        code, advice="Renew the business account's token, and look at its scopes.", remote_code=code
    )


_LEAVES: dict[str, Callable[[str], CareloopError]] = {
    "40001": _credentials,
    "40105": _credentials,
    # 40 calls a minute per account and endpoint.
    "40100": lambda code: RateLimitedError(code, retry_after=_MINUTE),
}


class Client:
    """One business account. Needs the credential ``access_token``."""

    def __init__(self, context: PlatformContext) -> None:
        token = context.credentials.get("access_token")
        if not token:
            raise ConfigurationError("tiktok: the credential access_token is missing")
        self._account = context.account.key
        base = context.account.options.get("base_url") or BASE_URL
        self._api = ApiClient(context.http, context.clock, base, headers={"access-token": token})

    def fetch_message(self, message: MessageId) -> Parsed[PlatformEvent]:
        """One comment. Raises NotFoundError when it is gone, and for private messages, which can't be read again."""
        video, _, comment = message.partition("_")
        if not (video.isdigit() and comment.isdigit()):
            raise NotFoundError("not a comment")
        data = self._read("/business/comment/list/", {"video_id": video, "comment_ids": json.dumps([comment])})
        found = Collector()
        with readable():
            for entry in data.items("comments"):
                if entry.find_id("comment_id") == comment:
                    found.attempt(lambda item: comments.listed(item, self._account, found), entry)
        if not found.events and not found.malformed:
            raise NotFoundError("the comment is gone or hidden")
        return Parsed(events=tuple(found.events), malformed=tuple(found.malformed))

    def probe(self) -> str:
        """Tries the token."""
        data = self._read("/business/get/", {"fields": json.dumps(["username", "display_name"])})
        with readable():
            return f"signed in as {data.find_text('username') or self._account.account}"

    def _read(self, path: str, params: Mapping[str, Any]) -> Reader:
        """``data`` of an answer. The status is mostly 200; ``code`` decides."""
        answer = self._api.get(path, {"business_id": self._account.account, **params})
        with readable():
            body = answer.json
            code = body.need_id("code")
            if code == "0":
                return body.need("data")
        if code in _LEAVES:
            raise _LEAVES[code](code)
        if len(code) == 5 and code.startswith("5"):
            raise UnavailableError(f"code {code}")
        raise RejectedError(f"code {code[:10]}", remote_code=code[:10])
