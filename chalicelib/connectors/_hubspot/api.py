"""HubSpot's API with a private app's token or an OAuth app's, and its refusals: helpdesk and CRM share them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chalicelib.connectors.toolkit.api import ApiAnswer, ApiClient
from chalicelib.connectors.toolkit.oauth import AccessTokens, Grant, Token
from chalicelib.connectors.toolkit.payload import Reader
from chalicelib.core.errors import (
    ConfigurationError,
    ConflictError,
    CredentialsError,
    PayloadError,
    RateLimitedError,
    UnavailableError,
)
from chalicelib.ports.crm import CrmContext
from chalicelib.ports.helpdesk import HelpdeskContext
from chalicelib.ports.services import HttpResponse

BASE_URL = "https://api.hubapi.com"
ADVICE = "Make a new access token in HubSpot (Settings > Integrations > Private apps) and store it."
_OAUTH = ("client_id", "client_secret", "refresh_token")
_WAITS = {"DAILY": 3600.0, "TEN_SECONDLY_ROLLING": 10.0, "SECONDLY": 1.0}
"""Seconds after which a limit of this policy may have room, where no Retry-After says."""


class HubSpotApi:
    """Calls for one account. ``rights``: the advice where a right is missing. Raises ConfigurationError without
    credentials."""

    def __init__(self, context: CrmContext | HelpdeskContext, *, rights: str) -> None:
        self._context = context
        self._rights = rights
        self._base = context.connection.options.get("base_url", "").strip() or BASE_URL
        self._token = context.credentials.get("access_token", "").strip()
        missing = [name for name in _OAUTH if not context.credentials.get(name, "").strip()]
        if not self._token and missing:
            raise ConfigurationError("hubspot: store access_token, or client_id, client_secret and refresh_token")
        self._tokens = AccessTokens(
            http=context.http,
            clock=context.clock,
            sessions=context.sessions,
            name=f"hubspot|{context.connection.name}",
            grant=self._grant,
            advice="Install the app in HubSpot again and store its new refresh token.",
        )

    def _grant(self, refresh: str | None) -> Grant:
        form = {name: self._context.credentials[name].strip() for name in _OAUTH}
        form |= {"refresh_token": refresh} if refresh else {}
        return Grant(url=f"{self._base.rstrip('/')}/oauth/v1/token", form={**form, "grant_type": "refresh_token"})

    def get(self, path: str, params: Mapping[str, Any] | None = None) -> ApiAnswer:
        """GET."""
        return self.call("GET", path, params=params)

    def post(self, path: str, data: Any) -> ApiAnswer:
        """POST of what may be repeated: questions, and what its caller looks for before."""
        return self.call("POST", path, data=data)

    def call(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        data: Any = None,
        expect: tuple[int, ...] = (),
        idempotent: bool = True,
    ) -> ApiAnswer:
        """One call, and one more where an OAuth token had ended: that one was refused. Raises leaves."""

        def make(token: str) -> ApiAnswer:
            api = ApiClient(
                self._context.http,
                self._context.clock,
                self._base,
                headers={"authorization": f"Bearer {token}"},
                refusal=self._refuse,
            )
            return api.call(method, path, params=params, data=data, idempotent=idempotent, expect=expect)

        def with_new(token: Token) -> ApiAnswer:
            return make(token.access)

        return make(self._token) if self._token else self._tokens.call(with_new)

    def _refuse(self, response: HttpResponse, body: Reader | None) -> None:
        if response.status == 403:
            category = _text(body, "category")
            raise CredentialsError(category or "HTTP 403", advice=self._rights, remote_code=category or "403")
        refusal(response, body)


def refusal(response: HttpResponse, body: Reader | None) -> None:
    """HubSpot's own words: `{"status": "error", "category": ..., "message": ...}`; all fields may be missing."""
    status = response.status
    category = _text(body, "category")
    if status == 401:
        raise CredentialsError(category or "HTTP 401", advice=ADVICE, remote_code="401", dead=True)
    if status == 409:
        raise ConflictError("HTTP 409")
    if status == 429:
        policy = _text(body, "policyName")
        raise RateLimitedError(policy or "HTTP 429", retry_after=_wait(response, _WAITS.get(policy, 10.0)))
    if status in (423, 477):
        # locked for a moment; being moved to another data centre, for up to a day
        raise UnavailableError(f"HTTP {status}", retry_after=_wait(response, 5.0 if status == 423 else 600.0))
    if status == 400 and b"PROPERTY_DOESNT_EXIST" in response.body:
        raise ConfigurationError("hubspot: a property that the options name does not exist; the check tells which")


def _text(body: Reader | None, name: str) -> str:
    """A code of theirs; never their words, which repeat ours."""
    try:
        found = (body.find_text(name) if body is not None else None) or ""
    except PayloadError:
        return ""
    return found if found.replace("_", "").isalnum() and found.isascii() and len(found) <= 60 else ""


def _wait(response: HttpResponse, otherwise: float) -> float:
    value = response.headers.get("retry-after", "").strip()
    return min(float(value[:9]), 86400.0) if value.isascii() and value.isdigit() else otherwise
