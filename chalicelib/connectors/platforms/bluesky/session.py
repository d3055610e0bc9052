"""The login: one session for all workers, kept in the session store, renewed by whoever notices that it is over.

Logging in costs (30 times in 5 minutes, 300 a day), so it is done once; then both tokens rotate by refreshSession. Two
workers that renew at the same time are both served by the PDS's short grace; the store keeps the first one's tokens.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from urllib.parse import urlsplit

from chalicelib.connectors.platforms.bluesky.refusals import TokenOverError, refuse
from chalicelib.connectors.platforms.bluesky.spec import SPEC
from chalicelib.connectors.toolkit.api import ApiAnswer, ApiClient
from chalicelib.connectors.toolkit.payload import Reader, parse_time
from chalicelib.core.errors import ConfigurationError, ConflictError, CredentialsError, PayloadError, UnavailableError
from chalicelib.core.ids import digest
from chalicelib.ports.platform import PlatformContext
from chalicelib.ports.services import Session

_ENTRYWAY = "https://bsky.social"
AHEAD = timedelta(hours=1)
_REST_AFTER_REFUSAL = timedelta(minutes=15)


def token_end(token: str) -> datetime | None:
    """When a JWT says that it ends (its ``exp``); None for what is none. Nothing is verified: it is our own."""
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
        return parse_time(claims.get("exp"))
    except (ValueError, AttributeError, RecursionError):
        return None


class Login:
    """Current tokens, and the API with them."""

    def __init__(self, context: PlatformContext) -> None:
        self._context = context
        self._name = f"bluesky|{context.account.key.account}"
        self._own_base = context.account.options.get("base_url")

    def current(self) -> Session:
        """The shared session; logs in when there is none. Raises CredentialsError."""
        found = self._context.sessions.find_session(self._name)
        if found is None:
            return self._log_in(None)
        if "access" not in found.values:
            self._rest(found)
            return self._log_in(found.version)
        return found

    def renew(self, stale: Session) -> Session:
        """A session after `stale`, whose access token is over."""
        found = self._context.sessions.find_session(self._name)
        if found is not None and found.version != stale.version and "access" in found.values:
            return found
        version = found.version if found is not None else None
        try:
            answer = self._api(stale.values["pds"], stale.values["refresh"]).post(
                "/xrpc/com.atproto.server.refreshSession", idempotent=True
            )
        except TokenOverError:
            return self._log_in(version)
        return self._save(self._values(answer, stale.values["pds"]), version)

    def renew_ahead(self) -> None:
        """Renew the session when its access token ends within `AHEAD` (and says so). An app password that is no longer
        good shows here, as a CredentialsError, up to an hour before work would be refused."""
        session = self.current()
        ends = token_end(session.values["access"])
        if ends is not None and ends - self._now() <= AHEAD:
            self.renew(session)

    def api(self, session: Session) -> ApiClient:
        """The account's PDS, with its access token."""
        return self._api(session.values["pds"], session.values["access"])

    def _api(self, base: str, token: str | None) -> ApiClient:
        headers = {"authorization": f"Bearer {token}"} if token else {}
        return ApiClient(self._context.http, self._context.clock, base, headers=headers, refusal=refuse(self._now))

    def _now(self) -> datetime:
        return self._context.clock.now()

    def _password(self) -> str:
        password = self._context.credentials.get("app_password")
        if not password:
            raise ConfigurationError("bluesky: the credential app_password is missing")
        return password

    def _log_in(self, version: int | None) -> Session:
        service = self._own_base or _ENTRYWAY
        data = {"identifier": self._context.account.key.account, "password": self._password()}
        try:
            answer = self._api(service, None).post("/xrpc/com.atproto.server.createSession", data, idempotent=True)
        except CredentialsError as error:
            refused = {"refused_at": self._now().isoformat(), "refused": digest(self._password())}
            with suppress(ConflictError):
                self._save(refused, version)
            if isinstance(error, TokenOverError):  # nobody has a token yet: it is the password that is meant
                advice = "Make a new app password for the Bluesky account."
                raise CredentialsError(
                    "the login was refused", advice=advice, remote_code=error.remote_code, dead=True
                ) from None
            raise
        return self._save(self._values(answer, service), version)

    def _rest(self, refused: Session) -> None:
        """After a refused login the same password is not tried again at once: the limit is 300 logins a day."""
        until = datetime.fromisoformat(refused.values["refused_at"]) + _REST_AFTER_REFUSAL
        if refused.values["refused"] == digest(self._password()) and self._now() < until:
            raise CredentialsError(
                "the login was refused a short while ago", advice="Make a new app password for the Bluesky account."
            )

    def _values(self, answer: ApiAnswer, base: str) -> dict[str, str]:
        try:
            body = answer.json
            did = body.need_text("did")
            values = {"access": body.need_text("accessJwt"), "refresh": body.need_text("refreshJwt")}
            values["pds"] = self._own_base or self._pds(body) or base
        except PayloadError as error:
            raise UnavailableError(f"unreadable login answer: {error.path}") from None
        if did != self._context.account.key.account:
            raise ConfigurationError("bluesky: the app password belongs to another account")
        return values

    def _pds(self, body: Reader) -> str | None:
        """The PDS that the DID document names. Only Bluesky's own are trusted without a setting."""
        document = body.find("didDoc")
        for service in document.items("service") if document is not None else ():
            if (service.find_text("id") or "").endswith("#atproto_pds"):
                address = service.need_text("serviceEndpoint")
                parts = urlsplit(address)
                if parts.scheme == "https" and any(fnmatchcase(parts.netloc, host) for host in SPEC.hosts):
                    return address
                raise ConfigurationError("bluesky: the account lives on a PDS of its own: set the option base_url")
        return None

    def _save(self, values: Mapping[str, str], version: int | None) -> Session:
        sessions = self._context.sessions
        try:
            return sessions.save_session(self._name, Session(values=values), expected_version=version)
        except ConflictError:
            found = sessions.find_session(self._name)
            if found is None or "access" not in found.values:
                raise
            return found
