"""Access tokens: an hour long, made from the refresh token, which does not expire; shared by all workers."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from chalicelib.connectors.platforms.reddit.spec import BASE_URL, TOKEN_URL
from chalicelib.connectors.toolkit.api import ApiClient
from chalicelib.connectors.toolkit.asking import readable
from chalicelib.connectors.toolkit.payload import Reader
from chalicelib.core.errors import ConfigurationError, ConflictError, CredentialsError, PayloadError, RateLimitedError
from chalicelib.ports.platform import PlatformContext
from chalicelib.ports.services import HttpResponse, Session

_EARLY = timedelta(minutes=2)
_NEEDED = ("client_id", "client_secret", "refresh_token")
_ADVICE = "Let the care account consent to the app again, and look at the app's id and secret."


class Login:
    """The API with a token that is good now. Raises ConfigurationError when something is missing."""

    def __init__(self, context: PlatformContext) -> None:
        self._context, self._name = context, f"reddit|{context.account.key.account}"
        missing = [name for name in _NEEDED if not context.credentials.get(name)]
        self._agent = context.account.options.get("user_agent") or ""
        if missing or not self._agent:
            wanting = [*missing, *([] if self._agent else ["the option user_agent"])]
            raise ConfigurationError(f"reddit: missing: {', '.join(wanting)}")

    def get(self, path: str, params: Mapping[str, Any]) -> Reader:
        """Ask, with a new token once when the present one is refused."""
        query = {**params, "raw_json": 1}
        session = self._current()
        try:
            answer = self._api(session).get(path, query)
        except CredentialsError as error:
            if error.remote_code != "401":
                raise
            answer = self._api(self._renewed()).get(path, query)
        with readable():
            return answer.json

    def _current(self) -> Session:
        found = self._context.sessions.find_session(self._name)
        if found is None:
            return self._renewed()
        try:
            until = datetime.fromisoformat(found.values["until"])
            good = "access" in found.values and until - _EARLY > self._context.clock.now()
        except (KeyError, ValueError, TypeError, OverflowError):
            good = False
        return found if good else self._renewed()

    def _renewed(self) -> Session:
        sessions = self._context.sessions
        before = sessions.find_session(self._name)
        credentials, options = self._context.credentials, self._context.account.options
        pair = f"{credentials['client_id']}:{credentials['client_secret']}".encode()
        api = self._client(options.get("base_url") or TOKEN_URL, f"Basic {base64.b64encode(pair).decode('ascii')}")
        form = {"grant_type": "refresh_token", "refresh_token": credentials["refresh_token"]}
        answer = api.call(
            "POST",
            "/api/v1/access_token",
            body=urlencode(form).encode("ascii"),
            headers={"content-type": "application/x-www-form-urlencoded"},
            idempotent=True,  # the refresh token stays as it is
        )
        with readable():
            lasts = answer.json.need("expires_in").value
            seconds = min(lasts, 86400) if isinstance(lasts, int) and not isinstance(lasts, bool) else 0
            until = self._context.clock.now() + timedelta(seconds=max(seconds, 0))
            session = Session(values={"access": answer.json.need_text("access_token"), "until": until.isoformat()})
        with suppress(ConflictError):  # another worker's token is as good, and so is this one
            sessions.save_session(self._name, session, expected_version=before.version if before else None)
        return session

    def _api(self, session: Session) -> ApiClient:
        base = self._context.account.options.get("base_url") or BASE_URL
        return self._client(base, f"Bearer {session.values['access']}")

    def _client(self, base: str, authorization: str) -> ApiClient:
        headers = {"authorization": authorization, "user-agent": self._agent}
        return ApiClient(self._context.http, self._context.clock, base, headers=headers, refusal=refusal)


def refusal(response: HttpResponse, body: Reader | None) -> None:
    """Reddit's own: seconds until more is allowed, and OAuth's errors (also with status 200)."""
    if response.status == 429:
        try:
            wait = float(response.headers.get("x-ratelimit-reset", ""))
        except ValueError:
            return
        if 0 < wait <= 86400:
            raise RateLimitedError("HTTP 429", retry_after=wait)
    try:
        code = body.find_text("error") if body is not None else None
    except PayloadError:
        return
    if code in ("invalid_grant", "unsupported_grant_type", "invalid_client"):
        raise CredentialsError(code, advice=_ADVICE, remote_code=code, dead=True)
