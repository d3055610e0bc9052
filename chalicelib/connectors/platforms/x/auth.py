"""Who calls: OAuth 2.0 user tokens that are renewed and shared by all workers, or OAuth 1.0a signatures.

Renewing (docs.x.com/fundamentals/authentication/oauth-2-0, 2026-08): an access token lives two hours; a refresh token
is good for one use, and using an old one again can end the whole authorisation. So one worker at a time renews: it
first takes a lease on the stored session by compare-and-set, and stores what it gets under the same guard.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Protocol
from urllib.parse import quote, urlencode, urlsplit

from chalicelib.connectors.toolkit.api import ApiClient
from chalicelib.connectors.toolkit.payload import Reader
from chalicelib.core.errors import (
    CareloopError,
    ConfigurationError,
    ConflictError,
    CredentialsError,
    OutcomeUnknownError,
    PayloadError,
    PermanentError,
    RetryableError,
    UnavailableError,
)
from chalicelib.core.ids import digest
from chalicelib.ports.platform import PlatformContext
from chalicelib.ports.services import Session

OAUTH1_FIELDS = ("oauth1_consumer_key", "oauth1_consumer_secret", "oauth1_token", "oauth1_token_secret")
TOKEN_PATH = "/2/oauth2/token"

EARLY = timedelta(minutes=5)
"""A token is renewed this long before it expires, so that a renewal that fails can be tried again in time."""
AHEAD = timedelta(hours=1)
"""A check, which looks seldom, renews this long before, so that no reply has to wait for it."""
LEASE = timedelta(seconds=60)
"""Longer than any call may take; a worker that died while renewing holds the others up for no longer."""
LIFETIME = 7200
"""Seconds, where the answer does not say (docs.x.com, 2026-08: two hours)."""

AUTHORISE_AGAIN = "X no longer accepts the stored access: authorise the account again and store the new tokens."


class Authorisation(Protocol):
    """Gives each call its Authorization header."""

    def header(self, method: str, url: str, params: Mapping[str, str]) -> str:
        """The header for one call. Raises CredentialsError, and RetryableError while another worker renews."""
        ...

    def renew_after_refusal(self) -> bool:
        """After a 401, which had no effect: whether there is another token now, and the call is worth repeating."""
        ...

    def renew_ahead(self) -> datetime | None:
        """Renew what ends within `AHEAD`. When the access ends that only a person can renew; None: not by itself."""
        ...


def authorisation(context: PlatformContext, base_url: str) -> Authorisation:
    """By the credentials that are there: OAuth 2.0 first. Raises ConfigurationError when neither set is complete."""
    found = context.credentials
    if found.get("access_token") or (found.get("refresh_token") and found.get("client_id")):
        return OAuth2(context, base_url)
    if all(found.get(name) for name in OAUTH1_FIELDS):
        return OAuth1(context)
    raise ConfigurationError(
        "credentials: access_token (and refresh_token with client_id) for OAuth 2.0, or all of "
        + ", ".join(OAUTH1_FIELDS)
    )


class OAuth1:
    """Signs each call with the app's and the account's secrets; nothing expires."""

    def __init__(self, context: PlatformContext) -> None:
        self._keys = {name: context.credentials[name] for name in OAUTH1_FIELDS}
        self._clock = context.clock
        self._count = 0

    def header(self, method: str, url: str, params: Mapping[str, str]) -> str:
        """See `Authorisation`."""
        now = self._clock.now().timestamp()
        self._count += 1
        # Unique is all that a nonce must be: the same second, call and counter in two workers is the same call.
        nonce = digest(self._keys["oauth1_token_secret"], method, url, repr(now), str(self._count), length=32)
        return oauth1_header(self._keys, method, url, params, nonce=nonce, timestamp=int(now))

    def renew_after_refusal(self) -> bool:
        """Never: there is nothing to renew."""
        return False

    def renew_ahead(self) -> datetime | None:
        """Nothing expires."""
        return None


def oauth1_header(
    keys: Mapping[str, str], method: str, url: str, params: Mapping[str, str], *, nonce: str, timestamp: int
) -> str:
    """The Authorization header with an HMAC-SHA1 signature (RFC 5849). ``params``: the query's, and a form's."""
    oauth = {
        "oauth_consumer_key": keys["oauth1_consumer_key"],
        "oauth_nonce": nonce,
        "oauth_signature_method": "HMAC-SHA1",
        "oauth_timestamp": str(timestamp),
        "oauth_token": keys["oauth1_token"],
        "oauth_version": "1.0",
    }
    base = signature_base(method, url, {**params, **oauth})
    key = f"{_quoted(keys['oauth1_consumer_secret'])}&{_quoted(keys['oauth1_token_secret'])}"
    oauth["oauth_signature"] = base64.b64encode(hmac.new(key.encode(), base.encode(), hashlib.sha1).digest()).decode()
    return "OAuth " + ", ".join(f'{_quoted(name)}="{_quoted(value)}"' for name, value in sorted(oauth.items()))


def signature_base(method: str, url: str, params: Mapping[str, str]) -> str:
    """What is signed (RFC 5849, 3.4.1): method, address without query, and all parameters, sorted and quoted twice."""
    parts = urlsplit(url)
    default = {"https": 443, "http": 80}.get(parts.scheme)
    host = (parts.hostname or "") + ("" if parts.port in (None, default) else f":{parts.port}")
    pairs = sorted((_quoted(name), _quoted(value)) for name, value in params.items())
    together = "&".join(f"{name}={value}" for name, value in pairs)
    return f"{method.upper()}&{_quoted(f'{parts.scheme}://{host}{parts.path}')}&{_quoted(together)}"


def _quoted(value: str) -> str:
    return quote(value, safe="-._~")


class OAuth2:
    """A bearer token from the session store, renewed in time by whichever worker gets the lease."""

    def __init__(self, context: PlatformContext, base_url: str) -> None:
        self._credentials = context.credentials
        self._clock = context.clock
        self._sessions = context.sessions
        self._name = str(context.account.key)
        self._api = ApiClient(context.http, context.clock, base_url)
        self._known: Mapping[str, str] = {}

    def header(self, method: str, url: str, params: Mapping[str, str]) -> str:
        """See `Authorisation`."""
        if not self._is_good(self._known, EARLY):
            self._known = self._current()
        return f"Bearer {self._known['access_token']}"

    def renew_after_refusal(self) -> bool:
        """Always, or an error: another worker's new token, or one of our own making."""
        used = self._known.get("access_token")
        session, values = self._stored()
        if values.get("access_token") in (None, used):
            values = self._renewed(session, values)
        self._known = values
        return True

    def renew_ahead(self) -> datetime | None:
        """See `Authorisation`. With a refresh token the access renews itself; without one it ends with the token."""
        session, values = self._stored()
        if not values.get("refresh_token") or not self._credentials.get("client_id"):
            return _time(values["expires_at"]) if values.get("expires_at") else None
        if not self._is_good(values, AHEAD) or not values.get("expires_at"):
            try:
                self._known = self._renewed(session, values)
            except RetryableError:
                if not self._is_good(values):
                    raise
        return None

    # -- the session ---------------------------------------------------------------------------------------------------

    def _stored(self) -> tuple[Session | None, Mapping[str, str]]:
        """The stored session, and its values; the credentials' own when they are newer than what is stored."""
        names = ("access_token", "refresh_token")
        given = {name: value for name in names if (value := self._credentials.get(name))}
        given["origin"] = digest(*(self._credentials.get(name) or "" for name in names), length=32)
        session = self._sessions.find_session(self._name)
        if session is not None and session.values.get("origin", given["origin"]) == given["origin"]:
            return session, {**given, **session.values}
        return session, given

    def _is_good(self, values: Mapping[str, str], margin: timedelta = timedelta(0)) -> bool:
        if not values.get("access_token"):
            return False
        expires = values.get("expires_at")
        return expires is None or self._clock.now() + margin < _time(expires)

    def _current(self) -> Mapping[str, str]:
        session, values = self._stored()
        if self._is_good(values, EARLY):
            return values
        try:
            return self._renewed(session, values)
        except RetryableError:
            if self._is_good(values):
                return values
            raise

    # -- renewing ------------------------------------------------------------------------------------------------------

    def _renewed(self, session: Session | None, values: Mapping[str, str]) -> Mapping[str, str]:
        if not values.get("refresh_token") or not self._credentials.get("client_id"):
            raise CredentialsError("the access token is no longer accepted", advice=AUTHORISE_AGAIN, dead=True)
        lease = self._lease(session, values)
        try:
            answer = self._ask(values["refresh_token"])
        except CareloopError:
            # An operator, or a worker whose lease ran out, may have stored other tokens meanwhile.
            _, now_stored = self._stored()
            if now_stored.get("refresh_token") != values["refresh_token"] and self._is_good(now_stored):
                return now_stored
            self._release(lease)
            raise
        return self._keep(lease, {**values, **answer})

    def _lease(self, session: Session | None, values: Mapping[str, str]) -> Session:
        now = self._clock.now()
        held = values.get("renewing_until")
        if held is not None and now < _time(held):
            raise UnavailableError("another worker renews the token", retry_after=5.0)
        wanted = Session(values={**values, "renewing_until": _text(now + LEASE)})
        try:
            return self._sessions.save_session(
                self._name, wanted, expected_version=session.version if session is not None else None
            )
        except ConflictError:
            raise UnavailableError("another worker renews the token", retry_after=5.0) from None

    def _release(self, lease: Session) -> None:
        with suppress(ConflictError):  # then it is somebody else's by now
            self._sessions.save_session(self._name, _without_lease(lease.values), expected_version=lease.version)

    def _keep(self, lease: Session, values: Mapping[str, str]) -> Mapping[str, str]:
        """Store the new tokens. Somebody may have taken a lease after ours ran out: what X just gave still counts,
        unless they have stored tokens of their own."""
        fresh = _without_lease(values)
        expected: int | None = lease.version
        for _ in range(3):
            try:
                return self._sessions.save_session(self._name, fresh, expected_version=expected).values
            except ConflictError:
                current = self._sessions.find_session(self._name)
                expected = current.version if current is not None else None
                if current is not None and current.values.get("refresh_token") != lease.values.get("refresh_token"):
                    return current.values
        raise UnavailableError("the new token could not be stored")

    def _ask(self, refresh_token: str) -> dict[str, str]:
        form = {
            "grant_type": "refresh_token",
            "refresh_token": refresh_token,
            "client_id": self._credentials["client_id"],
        }
        headers = {"content-type": "application/x-www-form-urlencoded"}
        secret = self._credentials.get("client_secret")
        if secret:
            pair = f"{self._credentials['client_id']}:{secret}"
            headers["authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
        try:
            answer = self._api.call("POST", TOKEN_PATH, body=urlencode(form).encode(), headers=headers).json
            return _tokens(answer, self._clock.now())
        except (PermanentError, CredentialsError):
            raise CredentialsError("X refused to renew the token", advice=AUTHORISE_AGAIN, dead=True) from None
        except (OutcomeUnknownError, PayloadError):
            # The reply that waits for the token has not been posted, whatever became of this call.
            raise UnavailableError("no readable answer to the renewal", retry_after=LEASE.total_seconds()) from None


def _without_lease(values: Mapping[str, str]) -> Session:
    return Session(values={name: value for name, value in values.items() if name != "renewing_until"})


def _tokens(answer: Reader, now: datetime) -> dict[str, str]:
    found = answer.find("expires_in")
    lifetime = found.value if found is not None else LIFETIME
    if isinstance(lifetime, bool) or not isinstance(lifetime, int) or not 0 < lifetime < 10**9:
        lifetime = LIFETIME
    tokens = {
        "access_token": answer.need_text("access_token"),
        "expires_at": _text(now + timedelta(seconds=lifetime)),
    }
    renewed = answer.find_text("refresh_token")
    return {**tokens, "refresh_token": renewed} if renewed else tokens


def _text(at: datetime) -> str:
    return at.isoformat()


def _time(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise ConfigurationError("the stored session has no readable time") from None
    if found.tzinfo is None:
        raise ConfigurationError("the stored session has a time without a zone")
    return found
