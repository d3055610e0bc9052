"""Odoo's external API in both its forms, and what its errors mean.

JSON-2 (19 and later) tells errors by HTTP status; JSON-RPC answers 200 with an ``error`` inside. Both name the
exception, which decides.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chalicelib.connectors.toolkit.api import ApiClient, segment
from chalicelib.connectors.toolkit.asking import readable
from chalicelib.connectors.toolkit.payload import Reader
from chalicelib.core.errors import (
    ConfigurationError,
    CredentialsError,
    NotFoundError,
    PayloadError,
    RejectedError,
    UnavailableError,
)
from chalicelib.ports.crm import CrmContext
from chalicelib.ports.services import HttpResponse

ADVICE = "Make a new API key in Odoo (the user's preferences, Account Security) and store it."
RIGHTS = "Give the user in Odoo the right to read and write contacts and their messages."
FORMS = ("json-2", "json-rpc")
_DENIED = frozenset({"AccessDenied", "Unauthorized", "SessionExpiredException"})
_REFUSED = frozenset({"UserError", "ValidationError", "RedirectWarning", "IntegrityError", "UniqueViolation"})
_LATER = frozenset({"SerializationFailure", "LockNotAvailable", "DeadlockDetected", "OperationalError", "PoolError"})


class OdooApi:
    """Calls for one database. Raises ConfigurationError when settings are missing."""

    def __init__(self, context: CrmContext) -> None:
        options = context.connection.options
        self._key = context.credentials.get("key", "").strip()
        self._database = options.get("database", "").strip()
        self._login = options.get("login", "").strip()
        self.base = options.get("base_url", "").strip().rstrip("/")
        self.form = options.get("api", "").strip().lower() or FORMS[0]
        if not self._key:
            raise ConfigurationError("odoo: no key is stored")
        if self.form not in FORMS:
            raise ConfigurationError("odoo: option api is json-2 or json-rpc")
        if self.form == "json-rpc" and not (self._database and self._login):
            raise ConfigurationError("odoo: json-rpc needs the options database and login")
        headers = {"authorization": f"bearer {self._key}"} if self.form == "json-2" else {}
        if self.form == "json-2" and self._database:
            headers["x-odoo-database"] = self._database
        self._api = ApiClient(context.http, context.clock, self.base, headers=headers, refusal=refusal)
        self._user: int | None = None

    def ask(self, model: str, method: str, **params: Any) -> Reader:
        """What a method that only reads returns. Raises leaves."""
        with readable():
            answer = self._call(model, method, None, params)
            return answer if self.form == "json-2" else answer.need("result")

    def change(self, model: str, method: str, ids: list[int], **params: Any) -> None:
        """A method on records, which may be repeated. Its answer says nothing that is needed. Raises leaves."""
        with readable():
            self._call(model, method, ids, params)

    def _call(self, model: str, method: str, ids: list[int] | None, params: Mapping[str, Any]) -> Reader:
        if self.form == "json-2":
            body = {**({"ids": ids} if ids is not None else {}), **params}
            return self._api.post(f"/json/2/{segment(model)}/{segment(method)}", body, idempotent=True).json
        if self._user is None:
            self._user = self._log_in()
        args = [self._database, self._user, self._key, model, method, [ids] if ids is not None else [], dict(params)]
        return self._remote("object", "execute_kw", args)

    def _log_in(self) -> int:
        answer = self._remote("common", "authenticate", [self._database, self._login, self._key, {}])
        user = answer.need("result")
        if user.value is False:
            raise CredentialsError("login refused", advice=ADVICE, remote_code="AccessDenied", dead=True)
        number = answer.need_id("result")
        if not (number.isascii() and number.isdigit() and len(number) <= 18):
            raise user.wrong("a user's id expected")
        return int(number)

    def _remote(self, service: str, method: str, args: list[Any]) -> Reader:
        params = {"service": service, "method": method, "args": args}
        body = {"jsonrpc": "2.0", "method": "call", "id": 1, "params": params}
        return self._api.post("/jsonrpc", body, idempotent=True).json


def refusal(response: HttpResponse, body: Reader | None) -> None:
    """By the exception that Odoo names; its words, which may repeat ours, stay here."""
    name, words = _exception(body)
    if name in _DENIED or response.status == 401:
        raise CredentialsError(name or "HTTP 401", advice=ADVICE, remote_code=name or "401", dead=True)
    if name == "AccessError" or response.status == 403:
        raise CredentialsError(name or "HTTP 403", advice=RIGHTS, remote_code=name or "403")
    if name == "MissingError":
        raise NotFoundError(name, remote_code=name)
    if "Invalid field" in words or "does not exist on model" in words:
        raise ConfigurationError("odoo: a field that the options name does not exist; the check tells which")
    if name in _LATER:
        raise UnavailableError(name)
    if name in _REFUSED or (name and response.status == 200):
        raise RejectedError(name, remote_code=name)


def _exception(body: Reader | None) -> tuple[str, str]:
    """The name of the exception without its module, and its words."""
    try:
        if body is None or not isinstance(body.value, dict):
            return "", ""
        error = body.find("error")
        here = body if error is None else error.find("data") or error
        name = (here.find_text("name") or "").rpartition(".")[2]
        words = here.find_text("message") or ""
        if error is not None and not name:
            name = "Error"
    except PayloadError:
        return "", ""
    return (name[:60] if name.isascii() and name.isidentifier() else ""), words
