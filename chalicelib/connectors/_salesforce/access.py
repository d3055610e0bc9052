"""Where a Salesforce org is, the login, and calls of its REST API: helpdesk and CRM share them, and one token."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from chalicelib.connectors._salesforce.refusals import refuse
from chalicelib.connectors.toolkit.api import ApiAnswer, ApiClient
from chalicelib.connectors.toolkit.asking import readable
from chalicelib.connectors.toolkit.oauth import AccessTokens, Grant, Token
from chalicelib.connectors.toolkit.payload import Reader
from chalicelib.core.errors import ConfigurationError, UnavailableError
from chalicelib.core.ids import digest
from chalicelib.ports.crm import CrmContext
from chalicelib.ports.helpdesk import HelpdeskContext

API_VERSION = "62.0"
TIMEOUT = 20.0
LASTS = timedelta(hours=1)
"""A token's answer does not say for how long it is good: two hours in a new org, from 15 minutes to a day by setting. A
shorter one is refused with 401 and renewed."""
MOST_PAGES = 10
DEAD = frozenset({"invalid_client_id", "inactive_user", "inactive_org", "invalid_app_access", "app_not_found"})
"""Salesforce Help, OAuth 2.0 Error Codes."""
_VERSION = re.compile(r"[0-9]{2,3}\.0")
_ADVICE = "Salesforce refused the login: check client id, client secret (or refresh token) and the app's run-as user."


def site(options: Mapping[str, str]) -> str:
    """The address of the org, My Domain. Raises ConfigurationError when there is none."""
    base = options.get("base_url", "").strip().rstrip("/")
    if not base:
        raise ConfigurationError("salesforce: option base_url is missing")
    return base


class Org:
    """One org as one user."""

    def __init__(self, context: HelpdeskContext | CrmContext) -> None:
        options, credentials = context.connection.options, context.credentials
        self._context = context
        self._site = site(options)
        self._version = options.get("api_version", "").strip() or API_VERSION
        if not _VERSION.fullmatch(self._version):
            raise ConfigurationError("salesforce: option api_version is no version, such as 62.0")
        self._form = _form(credentials)
        self._tokens = AccessTokens(
            http=context.http,
            clock=context.clock,
            sessions=context.sessions,
            name="salesforce:" + digest(self._site, *self._form.values()),
            grant=self._grant,
            advice=_ADVICE,
            keep=("instance_url", "id"),
            dead=DEAD,
        )

    @property
    def root(self) -> str:
        """The path of the API's version."""
        return f"/services/data/v{self._version}"

    @property
    def site(self) -> str:
        """The org's address, for links."""
        return self._site

    def own_user(self) -> str:
        """The id of the user that we are; "" where the login did not tell."""
        return self._tokens.current().more.get("id", "").rpartition("/")[2]

    def get(self, path: str, params: Mapping[str, Any] | None = None, *, most_bytes: int | None = None) -> ApiAnswer:
        """A question, below the version's path."""
        return self.call("GET", path, params=params, idempotent=True, most_bytes=most_bytes)

    def call(self, method: str, path: str, **more: Any) -> ApiAnswer:
        """As `ApiClient.call`, below the version's path; once more with a new token where it was refused with 401."""
        return self._tokens.call(lambda token: self._api(token).call(method, path, **more))

    def query(self, statement: str, *, deleted: bool = False) -> list[Reader]:
        """All rows of a SOQL statement. ``deleted``: also those in the recycle bin. Raises leaves."""
        return [row for page in self.pages(statement, deleted=deleted) for row in page]

    def pages(self, statement: str, *, deleted: bool = False) -> Iterator[list[Reader]]:
        """Its pages, at most ten: a statement has its own limit."""
        answer = self.get("/queryAll" if deleted else "/query", {"q": statement})
        for _ in range(MOST_PAGES):
            with readable():
                body = answer.json
                rows = list(body.need("records").items())
                following = None if body.find_bool("done") is not False else body.need_text("nextRecordsUrl")
            yield rows
            if following is None:
                return
            if not following.startswith(f"{self.root}/query"):
                raise UnavailableError("the next page is somewhere else")
            answer = self.get(following.removeprefix(self.root))

    def _api(self, token: Token) -> ApiClient:
        return ApiClient(
            self._context.http,
            self._context.clock,
            instance(self._site, token.more.get("instance_url", "")) + self.root,
            headers={"authorization": f"Bearer {token.access}", "sforce-call-options": "client=Careloop"},
            refusal=refuse,
            timeout=TIMEOUT,
        )

    def _grant(self, refresh: str | None) -> Grant:
        form = {**self._form, "refresh_token": refresh} if refresh and "refresh_token" in self._form else self._form
        return Grant(url=f"{self._site}/services/oauth2/token", form=form, lasts=LASTS)


def _form(credentials: Mapping[str, str]) -> dict[str, str]:
    """What a token is asked for with. Raises ConfigurationError."""
    given = {name: credentials.get(name, "").strip() for name in ("client_id", "client_secret", "refresh_token")}
    if not given["client_id"]:
        raise ConfigurationError("salesforce: no client_id is stored")
    if given["refresh_token"]:
        return {"grant_type": "refresh_token", **{name: value for name, value in given.items() if value}}
    if not given["client_secret"]:
        raise ConfigurationError("salesforce: neither a client_secret nor a refresh_token is stored")
    return {"grant_type": "client_credentials", **{name: value for name, value in given.items() if value}}


def instance(base: str, told: str) -> str:
    """Where the API is: what the login told, if it is Salesforce's own or the org's own address."""
    parts = urlsplit(told)
    host = parts.hostname or ""
    if parts.scheme == "https" and parts.netloc == host and host.endswith((".salesforce.com", ".force.com")):
        return f"https://{host}"
    return base
