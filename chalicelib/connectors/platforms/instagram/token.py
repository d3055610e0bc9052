"""The token of Instagram Login: good for 60 days, renewed ahead of that, shared by all through the session store.

``GET /refresh_access_token`` wants the token in the address, one that is at least 24 hours old and not over yet; the
answer is good for 60 days again (Instagram Platform > Business Login, read 2026-11-22). A token that is over only the
account's owner can give again.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from chalicelib.connectors.platforms._meta.graph_errors import refusal
from chalicelib.connectors.toolkit.api import ApiClient
from chalicelib.connectors.toolkit.asking import readable
from chalicelib.connectors.toolkit.payload import parse_time
from chalicelib.core.errors import ConfigurationError, ConflictError, CredentialsError, RejectedError
from chalicelib.core.ids import digest
from chalicelib.ports.platform import PlatformContext
from chalicelib.ports.services import Session

RENEW_AHEAD = timedelta(days=20)
"""Early enough that days of outages, and a person who has to be asked, still fit before the end."""
YOUNG = timedelta(days=2)
"""For so long after a token was stored a refusal to renew it may only mean that it is not a day old yet."""


class LongToken:
    """``current`` is what calls carry: the stored credential, or what came of it by renewing."""

    def __init__(self, context: PlatformContext, base_url: str) -> None:
        stored = context.credentials.get("access_token")
        if not stored:
            raise ConfigurationError("no access_token is stored for this account")
        self._stored: str = stored
        self._origin = digest(stored)
        self._name = f"instagram|{context.account.key.account}"
        self._context = context
        self._api = ApiClient(context.http, context.clock, base_url, refusal=refusal(context.clock, sending=False))

    def current(self) -> str:
        """The token that is good now, as far as we know."""
        return self._token(self._find())

    def _find(self) -> Session | None:
        return self._context.sessions.find_session(self._name)

    def _is_ours(self, session: Session | None) -> bool:
        """It came of the credential that is stored now; after a new one was stored, that counts."""
        return session is not None and session.values.get("of") == self._origin

    def _token(self, session: Session | None) -> str:
        token = session.values.get("token") if session is not None and self._is_ours(session) else None
        return token or self._stored

    def ends(self) -> datetime | None:
        """When the token ends; None until it was renewed for the first time: nobody tells it before."""
        session = self._find()
        return parse_time(session.values.get("ends")) if session is not None and self._is_ours(session) else None

    def renew(self) -> datetime | None:
        """Renew what ends within `RENEW_AHEAD` or at a time nobody knows; when the token now ends. CredentialsError: it
        is over, or can't be renewed."""
        session, now = self._find(), self._context.clock.now()
        known = session.values if session is not None and self._is_ours(session) else {}
        ends = parse_time(known.get("ends"))
        if ends is not None and ends - now > RENEW_AHEAD:
            return ends
        since = parse_time(known.get("since")) or now
        try:
            token, lasts = self._renewed(self._token(session))
        except (RejectedError, CredentialsError) as error:
            self._require_working(error)
            if ends is None and now - since >= YOUNG:
                raise CredentialsError(
                    "the token can't be renewed",
                    advice="Instagram does not renew the access token: connect the account again before it ends.",
                    remote_code=error.remote_code,
                ) from None
            if ends is None and not known:
                self._save({"of": self._origin, "since": now.isoformat()}, session)
            return ends
        ends = now + lasts
        self._save({"of": self._origin, "token": token, "ends": ends.isoformat(), "since": now.isoformat()}, session)
        return ends

    def _renewed(self, token: str) -> tuple[str, timedelta]:
        params = {"grant_type": "ig_refresh_token", "access_token": token}
        answer = self._api.get("/refresh_access_token", params)
        with readable():
            found = answer.json
            seconds = found.need_id("expires_in")
            if not seconds.isdecimal() or len(seconds) > 9:
                raise found.need("expires_in").wrong("seconds expected")
            return found.need_text("access_token") or token, timedelta(seconds=int(seconds))

    def _require_working(self, error: RejectedError | CredentialsError) -> None:
        """A token that is over is refused everywhere; one that is not a day old yet only here."""
        if isinstance(error, CredentialsError):
            bearer = {"authorization": f"Bearer {self.current()}"}
            self._api.call("GET", "/me", params={"fields": "user_id"}, headers=bearer, idempotent=True)

    def _save(self, values: dict[str, str], before: Session | None) -> None:
        try:
            self._context.sessions.save_session(
                self._name, Session(values=values), expected_version=before.version if before is not None else None
            )
        except ConflictError:
            return  # another worker renewed at the same time: its token is as good
