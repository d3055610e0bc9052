"""Access tokens that end and are renewed (RFC 6749): shared by all workers through the session store."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar
from urllib.parse import urlencode, urlsplit

from chalicelib.connectors.toolkit.api import ApiClient
from chalicelib.connectors.toolkit.asking import readable
from chalicelib.connectors.toolkit.payload import Reader
from chalicelib.core.errors import ConflictError, CredentialsError, PayloadError, PermanentError
from chalicelib.ports.services import Clock, Http, HttpResponse, Session, SessionStore

T = TypeVar("T")

EARLY = timedelta(minutes=2)
"""A token is not used so shortly before its end."""
LONGEST = timedelta(days=90)
_DEAD = frozenset({"invalid_grant", "invalid_client", "unauthorized_client", "unsupported_grant_type", "invalid_scope"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What a token is asked for with. ``form`` holds secrets. ``lasts``: where the answer does not say for how long."""

    url: str
    form: Mapping[str, str] = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    lasts: timedelta = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A token that is good now. ``more``: what else the answer said that is kept (an instance's address)."""

    access: str = field(repr=False)
    until: datetime
    more: Mapping[str, str] = field(default_factory=dict)


class AccessTokens:
    """The tokens of one access.

    ``name``: of the session. ``grant``: made of the refresh token that the session holds, or None: the one that was
    configured. A refresh token that comes with an answer replaces the one before. ``keep``: names of further answer
    fields to keep. ``advice``: for when only a person can renew the access. ``dead``: a vendor's own codes for that,
    beside those of RFC 6749.
    """

    def __init__(
        self,
        *,
        http: Http,
        clock: Clock,
        sessions: SessionStore,
        name: str,
        grant: Callable[[str | None], Grant],
        advice: str,
        keep: tuple[str, ...] = (),
        dead: frozenset[str] = frozenset(),
    ) -> None:
        self._http, self._clock, self._sessions = http, clock, sessions
        self._name, self._grant, self._advice, self._keep = name, grant, advice, keep
        self._dead = _DEAD | dead

    def call(self, make: Callable[[Token], T]) -> T:
        """``make`` with a token that is good, once more with a new one where it is refused with 401: then nothing was
        done. Raises CredentialsError."""
        token = self.current()
        try:
            return make(token)
        except CredentialsError as error:
            if error.remote_code != "401":
                raise
            try:
                newer = self.renew(refused=token)
            except PermanentError:
                raise error from None  # where tokens are made there is nothing: what was refused stays refused
            return make(newer)

    def current(self) -> Token:
        """The stored token, or a new one when there is none or its end is near."""
        found = self._stored()
        if found is not None and found.until - EARLY > self._clock.now():
            return found
        return self.renew(refused=found)

    def renew(self, *, refused: Token | None) -> Token:
        """A token other than `refused`: another worker's, or a new one. Raises CredentialsError when only a person can
        renew the access."""
        stored = self._stored()
        if stored is not None and refused is not None and stored.access != refused.access:
            return stored
        before = self._sessions.find_session(self._name)
        session = self._asked(before)
        try:
            self._sessions.save_session(self._name, session, expected_version=before.version if before else None)
        except ConflictError:
            # another worker was quicker; where refresh tokens rotate, only its token goes on to be good
            with suppress(KeyError, ValueError):
                return _token(self._sessions.find_session(self._name) or session, self._keep)
        return _token(session, self._keep)

    def _stored(self) -> Token | None:
        found = self._sessions.find_session(self._name)
        try:
            return _token(found, self._keep) if found is not None else None
        except (KeyError, ValueError, TypeError, OverflowError):
            return None

    def _asked(self, before: Session | None) -> Session:
        refresh = before.values.get("refresh") if before else None
        grant = self._grant(refresh)
        parts = urlsplit(grant.url)
        api = ApiClient(self._http, self._clock, f"{parts.scheme}://{parts.netloc}", refusal=self._refusal)
        answer = api.call(
            "POST",
            parts.path,
            body=urlencode(grant.form).encode("ascii"),
            headers={"content-type": "application/x-www-form-urlencoded", **grant.headers},
            idempotent=True,
        )
        with readable():
            body = answer.json
            seconds = body.find_id("expires_in") or ""
            lasts = timedelta(seconds=int(seconds[:9])) if seconds.isdecimal() else grant.lasts
            values = {
                "access": body.need_text("access_token"),
                "until": (self._clock.now() + min(lasts, LONGEST)).isoformat(),
            }
            values |= {name: value for name in self._keep if (value := body.find_text(name))}
            refreshed = body.find_text("refresh_token") or refresh
        return Session(values={**values, **({"refresh": refreshed} if refreshed else {})})

    def _refusal(self, response: HttpResponse, body: Reader | None) -> None:
        """OAuth's own errors: the access has ended."""
        try:
            code = body.find_text("error") if body is not None else None
        except PayloadError:
            return
        if code in self._dead:
            raise CredentialsError(code, advice=self._advice, remote_code=code, dead=True)


def _token(session: Session, keep: tuple[str, ...]) -> Token:
    values = session.values
    until = datetime.fromisoformat(values["until"])
    if until.tzinfo is None:
        raise ValueError("a time without a zone")
    return Token(access=values["access"], until=until, more={name: values[name] for name in keep if name in values})
