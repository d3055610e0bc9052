"""Dataverse's Web API as an application user, and what its errors mean."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chalicelib.connectors.crms.dynamics.spec import LOGIN_URL
from chalicelib.connectors.toolkit.api import ApiAnswer, ApiClient, segment
from chalicelib.connectors.toolkit.oauth import AccessTokens, Grant, Token
from chalicelib.connectors.toolkit.payload import Reader
from chalicelib.core.errors import ConfigurationError, CredentialsError, NotFoundError, PayloadError
from chalicelib.ports.crm import CrmContext
from chalicelib.ports.services import HttpResponse

PATH = "/api/data/v9.2"
ADVICE = "Make a new client secret for the app registration in Microsoft Entra and store it."
RIGHTS = "Give the application user in Dynamics a security role that may read and write contacts and notes."
MEMBER = "Make the app registration an application user of the environment (Power Platform admin center)."
FORMATTED = "OData.Community.Display.V1.FormattedValue"
_HEADERS = {"odata-version": "4.0", "odata-maxversion": "4.0"}
_NO_MEMBER = "0x80072560"
_NO_RECORD = "0x80040217"
_NO_COLUMN = b"Could not find a property named"
_CREDENTIALS = ("client_id", "client_secret")


class DataverseApi:
    """Calls for one environment. Raises ConfigurationError when settings are missing."""

    def __init__(self, context: CrmContext) -> None:
        options, credentials = context.connection.options, context.credentials
        missing = [name for name in _CREDENTIALS if not credentials.get(name, "").strip()]
        missing += [name for name in ("base_url", "tenant") if not options.get(name, "").strip()]
        if missing:
            raise ConfigurationError(f"dynamics: missing: {', '.join(missing)}")
        self.environment = options["base_url"].strip().rstrip("/")
        self._context = context
        login = (options.get("login_url", "").strip() or LOGIN_URL).rstrip("/")
        self._form = {
            **{name: credentials[name].strip() for name in _CREDENTIALS},
            "grant_type": "client_credentials",
            "scope": f"{self.environment}/.default",
        }
        self._token_url = f"{login}/{segment(options['tenant'].strip())}/oauth2/v2.0/token"
        self._tokens = AccessTokens(
            http=context.http,
            clock=context.clock,
            sessions=context.sessions,
            name=f"dynamics|{context.connection.name}",
            grant=lambda _: Grant(url=self._token_url, form=self._form),
            advice=ADVICE,
        )

    @property
    def base(self) -> str:
        """What all addresses begin with."""
        return f"{self.environment}{PATH}"

    def get(self, path: str, params: Mapping[str, Any] | None = None, *, prefer: str = "") -> ApiAnswer:
        """GET."""
        return self.call("GET", path, params=params, headers={"prefer": prefer} if prefer else None)

    def call(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        data: Any = None,
        headers: Mapping[str, str] | None = None,
        expect: tuple[int, ...] = (),
    ) -> ApiAnswer:
        """One call, which may be repeated, and one more where the token had ended. Raises leaves."""

        def make(token: Token) -> ApiAnswer:
            api = ApiClient(
                self._context.http,
                self._context.clock,
                self.base,
                headers={**_HEADERS, "authorization": f"Bearer {token.access}"},
                refusal=refusal,
            )
            return api.call(method, path, params=params, data=data, headers=headers, idempotent=True, expect=expect)

        return self._tokens.call(make)


def refusal(response: HttpResponse, body: Reader | None) -> None:
    """By Dataverse's code (`{"error": {"code": "0x...", "message": ...}}`); its words stay here."""
    status, code = response.status, _code(body)
    if status < 300:
        return
    if status == 401:
        raise CredentialsError("HTTP 401", advice=ADVICE, remote_code="401", dead=True)
    if code == _NO_MEMBER:
        raise CredentialsError(code, advice=MEMBER, remote_code=code, dead=True)
    if status == 403:
        raise CredentialsError(code or "HTTP 403", advice=RIGHTS, remote_code=code or "403")
    if code == _NO_RECORD:
        raise NotFoundError(code, remote_code=code)
    if status == 400 and _NO_COLUMN in response.body:
        raise ConfigurationError("dynamics: a column that the options name does not exist")


def _code(body: Reader | None) -> str:
    try:
        found = (body.find_text("error", "code") if body is not None else None) or ""
    except PayloadError:
        return ""
    return found.lower() if found.isascii() and found.isalnum() and len(found) <= 12 else ""
