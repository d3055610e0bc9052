"""Calls to the Bot API. The token is part of each address: addresses never appear in errors or logs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from chalicelib.connectors.platforms.telegram.outbound import Outgoing
from chalicelib.connectors.platforms.telegram.refusals import refuse
from chalicelib.connectors.toolkit.api import ApiAnswer, ApiClient
from chalicelib.connectors.toolkit.asking import readable
from chalicelib.connectors.toolkit.payload import Reader
from chalicelib.core.errors import ConfigurationError
from chalicelib.ports.platform import PlatformContext

HOST = "https://api.telegram.org"
_UPLOAD_TIMEOUT = 30.0


class BotApi:
    """One bot's. No I/O in the constructor; a missing token is a ConfigurationError."""

    def __init__(self, context: PlatformContext) -> None:
        token = context.credentials.get("bot_token", "")
        number, _, rest = token.partition(":")
        sane = rest.isascii() and rest.replace("-", "").replace("_", "").isalnum()
        if not number.isdigit() or not sane:
            raise ConfigurationError("telegram: the credential bot_token is missing or no token")
        self._token = token
        self._base = (context.account.options.get("base_url") or HOST).rstrip("/")

        def client(timeout: float) -> ApiClient:
            return ApiClient(context.http, context.clock, self._base, refusal=refuse, timeout=timeout)

        self._api, self._uploading = client(10.0), client(_UPLOAD_TIMEOUT)

    def ask(self, method: str, **params: Any) -> Reader:
        """GET; the ``result``. Raises leaves; unreadable: UnavailableError."""
        answer = self._api.get(self._path(method), params)
        with readable():
            return answer.json.need("result")

    def put(self, method: str, data: Mapping[str, Any]) -> None:
        """POST that may be repeated. Raises leaves."""
        self._api.post(self._path(method), data, idempotent=True)

    def send(self, out: Outgoing) -> ApiAnswer:
        """Post, once. Raises leaves; OutcomeUnknownError when it may have been posted."""
        if out.file is None:
            return self._api.post(self._path(out.method), out.fields)
        kind, body = out.form()
        return self._uploading.call("POST", self._path(out.method), body=body, headers={"content-type": kind})

    def file_address(self, path: str) -> str:
        """Where a file can be had for an hour. Holds the token: for the call alone."""
        return f"{self._base}/file/bot{self._token}/{quote(path, safe='/')}"

    def _path(self, method: str) -> str:
        return f"/bot{self._token}/{method}"
