"""The Data API with the channel's own access."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chalicelib.connectors.platforms.youtube.refusals import ADVICE, refusal, refusal_of_writing
from chalicelib.connectors.platforms.youtube.spec import BASE_URL, TOKEN_URL
from chalicelib.connectors.toolkit.api import ApiAnswer, ApiClient, Refusal
from chalicelib.connectors.toolkit.asking import readable
from chalicelib.connectors.toolkit.oauth import AccessTokens, Grant, Token
from chalicelib.connectors.toolkit.payload import Reader
from chalicelib.core.errors import ConfigurationError
from chalicelib.ports.platform import PlatformContext

PAGE_SIZE = 100
_NEEDED = ("client_id", "client_secret", "refresh_token")


class DataApi:
    """Raises ConfigurationError when a credential is missing."""

    def __init__(self, context: PlatformContext) -> None:
        missing = [name for name in _NEEDED if not context.credentials.get(name)]
        if missing:
            raise ConfigurationError(f"youtube: missing: {', '.join(missing)}")
        self._context = context
        self._base = context.account.options.get("base_url") or BASE_URL
        self._token_url = context.account.options.get("token_url") or TOKEN_URL
        self.tokens = AccessTokens(
            http=context.http,
            clock=context.clock,
            sessions=context.sessions,
            name=f"youtube|{context.account.key.account}",
            grant=self._grant,
            advice=ADVICE,
        )

    def _grant(self, refresh: str | None) -> Grant:
        credentials = self._context.credentials
        form = {name: credentials[name] for name in _NEEDED}
        return Grant(url=self._token_url, form={**form, "grant_type": "refresh_token"})

    def read(self, path: str, params: Mapping[str, Any], page: str | None = None, size: int = PAGE_SIZE) -> Reader:
        """One page of a list; costs one unit."""
        query = {**params, "pageToken": page}
        if path == "/channels" or "id" not in params:
            query["maxResults"] = size
        if path != "/channels":
            query["textFormat"] = "plainText"
        answer = self.tokens.call(lambda token: self._client(token).get(path, query))
        with readable():
            return answer.json

    def write(self, method: str, path: str, params: Mapping[str, Any], data: Any = None) -> ApiAnswer:
        """A change; costs fifty units. Only a first call that was refused is made again, with a new token."""
        idempotent = method == "DELETE" or data is None

        def make(token: Token) -> ApiAnswer:
            api = self._client(token, refusal_of_writing)
            return api.call(method, path, params=params, data=data, idempotent=idempotent)

        return self.tokens.call(make)

    def _client(self, token: Token, table: Refusal = refusal) -> ApiClient:
        headers = {"authorization": f"Bearer {token.access}"}
        return ApiClient(self._context.http, self._context.clock, self._base, headers=headers, refusal=table)
